//! What the journal says of a request: enough to count it again, and nothing the suite's privacy forbids.

use driftline_rules::baseline::number_of;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::store::rows::{FindingRow, Labels, Micros, Verdict};

/// A journal entry. Its form is postcard's; a change of it needs a new [`super::journal::MAGIC`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    /// The expectations that later entries number. The n-th of a segment is what they call `plan: n`.
    Plan(PlanNote),
    /// A request of one record that is summed up with others.
    Single(Single),
    /// Any other request, or a part of one that streams.
    Request(Box<Request>),
}

/// A version of a suite, as far as results name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanNote {
    /// The suite.
    pub suite: String,
    /// Its content hash.
    pub hash: String,
    /// Its expectations, in the order of the plan.
    pub checks: Vec<CheckNote>,
    /// Its windows; `None` when it has none.
    pub windows: Option<WindowsNote>,
}

/// The windows that records of a suite are added to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowsNote {
    /// What the length of each is called.
    pub length: String,
    /// How late records may come, as the suite says.
    pub lateness: Option<Micros>,
    /// The same, or what the service says.
    pub patience: Micros,
    /// Time without a record that has a time, after which the clock closes windows.
    pub idle: Micros,
    /// The segment that counts the records of those that are not kept apart, of each way to divide them; none: records
    /// are not divided.
    pub others: Vec<String>,
    /// How many segments are kept apart.
    pub most: u32,
}

/// An expectation, as far as results name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckNote {
    /// Its own name, or fields and kind.
    pub title: String,
    /// Its kind.
    pub kind: String,
    /// `critical`, `warning` or `info`.
    pub severity: String,
    /// Its fields, joined by `, `.
    pub field: String,
    /// Whether it judges records; one that judges windows has no counts of its own.
    pub by_record: bool,
}

/// Who asked, about what.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// Where it came from.
    pub source: String,
    /// The name of the token.
    pub token: Option<String>,
    /// Model, version, segment.
    pub labels: Labels,
}

/// A request of one record that is summed up with others: one that passed, or any where none is recorded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Single {
    /// The plan, as numbered in the segment.
    pub plan: u32,
    /// When it came.
    pub at: Micros,
    /// Who asked.
    pub origin: Origin,
    /// Time spent on it.
    pub duration_us: u32,
    /// How it fared.
    pub verdict: Verdict,
    /// Whether it could not be read.
    pub unreadable: bool,
    /// How each expectation fared.
    pub marks: Marks,
    /// What the record adds to a window.
    pub window: Option<WindowNote>,
    /// What is kept of it so that a label can be joined.
    pub prediction: Option<Box<PredictionNote>>,
}

/// How each expectation of a plan fared with one record: two bits each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks(#[serde(serialize_with = "as_bytes")] Vec<u8>);

/// Bytes at once, which are the same on disk as one after the other.
#[allow(clippy::ptr_arg, reason = "serde gives the field as it is")]
fn as_bytes<S: Serializer>(bytes: &Vec<u8>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_bytes(bytes)
}

/// How one expectation fared with one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Its `when:` left the record out, or it judges windows.
    Unseen,
    /// It holds.
    Passed,
    /// There was nothing to judge.
    Skipped,
    /// It does not hold.
    Failed,
}

impl Marks {
    /// One mark an expectation.
    pub fn new(marks: impl ExactSizeIterator<Item = Mark>) -> Self {
        let mut bytes = vec![0; marks.len().div_ceil(4)];
        for (i, mark) in marks.enumerate() {
            if let Some(byte) = bytes.get_mut(i / 4) {
                *byte |= (mark as u8) << (i % 4 * 2);
            }
        }
        Marks(bytes)
    }

    /// The marks; up to three more than there are expectations, which are `Unseen`.
    pub fn iter(&self) -> impl Iterator<Item = Mark> {
        self.0.iter().flat_map(|byte| {
            [0, 2, 4, 6].map(|shift| match byte >> shift & 3 {
                0 => Mark::Unseen,
                1 => Mark::Passed,
                2 => Mark::Skipped,
                _ => Mark::Failed,
            })
        })
    }
}

/// A request, or a part of one: parts of one `id` and `at` add up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The plan, as numbered in the segment.
    pub plan: u32,
    /// UUID v7.
    pub id: Uuid,
    /// When the request came.
    pub at: Micros,
    /// Who asked.
    pub origin: Origin,
    /// 1 in the first part, 0 in the others.
    pub requests: u32,
    /// The trace that it is part of, 32 hexadecimal digits.
    pub trace_id: Option<String>,
    /// Records.
    pub records: u64,
    /// Records that failed a critical expectation, or could not be read.
    pub failed: u64,
    /// Records that failed warnings only.
    pub warned: u64,
    /// Records that could not be read.
    pub unreadable: u64,
    /// The worst of all.
    pub verdict: Verdict,
    /// Time spent on this part.
    pub duration_us: u64,
    /// By model, version and segment of the records, then by expectation: seen, failed, skipped.
    pub tallies: Vec<(Labels, Vec<Count>)>,
    /// The records that failed.
    pub failures: Vec<FailureNote>,
    /// Failures that are not in the list because the request had more than are kept.
    pub failures_left_out: u64,
    /// What the expectations say of the batch; in its last part.
    pub findings: Vec<FindingNote>,
    /// Counts by expectation as JSON; in the last part of a batch.
    pub statistics: Option<String>,
    /// Its `Idempotency-Key`; in its last part.
    pub key: Option<KeyNote>,
    /// What its records add to windows.
    pub windows: Vec<WindowNote>,
    /// What is kept of its records so that labels can be joined.
    pub predictions: Vec<PredictionNote>,
}

/// What is kept of a record so that a label can be joined to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PredictionNote {
    /// Its key, a UUID v7.
    pub key: Uuid,
    /// The time of the record.
    pub at: Micros,
    /// Its id.
    pub id: String,
    /// Model, version and segment.
    pub labels: Labels,
    /// What was predicted, as JSON.
    pub prediction: Option<String>,
    /// The score.
    pub score: Option<f64>,
    /// What is kept of it, as a JSON object.
    pub record: String,
}

/// What records add to the window that they lie in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowNote {
    /// The start of the window.
    pub start: Micros,
    /// Its end.
    pub end: Micros,
    /// Records.
    pub records: u64,
    /// Records that could not be read.
    pub unreadable: u64,
    /// Records that should have a time of their own and have none that can be.
    pub untimed: u64,
    /// The latest time that a record has of its own, not later than the clock.
    pub newest: Option<Micros>,
    /// The segments that all these records lie in, one of each way to divide them. What they add to each is the same.
    pub segments: Vec<String>,
    /// Whether they are added to the window of all records too; otherwise another note does.
    pub in_total: bool,
    /// An encoded window of these records alone, under the hash of the suite.
    #[serde(serialize_with = "as_bytes")]
    pub state: Vec<u8>,
}

/// The `Idempotency-Key` of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyNote {
    /// The key.
    pub key: String,
    /// SHA-256 of the body, hexadecimal.
    pub body_hash: String,
    /// When the request came, whatever time it is of.
    pub came: Micros,
}

/// How records fared under one expectation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Judged or skipped.
    pub seen: u64,
    /// It does not hold.
    pub failed: u64,
    /// There was nothing to judge.
    pub skipped: u64,
}

/// One expectation that one record failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FailureNote {
    /// Ordinal within the request.
    pub n: u64,
    /// Which expectation of the plan.
    pub check: u32,
    /// The record's ordinal within the request.
    pub record: u64,
    /// The record's id.
    pub record_id: Option<String>,
    /// The trace that the record was part of, if it says so; else that of the request holds.
    pub trace_id: Option<String>,
    /// Model, version and segment of the record.
    pub labels: Labels,
    /// The value, as JSON.
    pub observed: Option<String>,
    /// The bound in words.
    pub bound: String,
    /// Why.
    pub message: String,
}

/// What one expectation says of a batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FindingNote {
    /// Which expectation of the plan.
    pub check: u32,
    /// `pass`, `skip`, `fail` or `error`.
    pub status: String,
    /// What was judged, as JSON.
    pub observed: Option<String>,
    /// The bound in words.
    pub bound: String,
    /// Why.
    pub message: String,
    /// Records concerned and, of them, those that it does not hold for.
    pub counts: Option<(u64, u64)>,
    /// The error bound of the sketch that answered.
    pub error: Option<f64>,
    /// What else was found, as JSON; of a drift test with `test`, `statistic` and `p_value`.
    pub details: Option<String>,
}

impl Marks {
    /// The marks as counts of one record, by expectation.
    pub fn counts(&self, n: usize) -> Vec<Count> {
        let count = |it: Mark| Count {
            seen: u64::from(it != Mark::Unseen),
            failed: u64::from(it == Mark::Failed),
            skipped: u64::from(it == Mark::Skipped),
        };
        self.iter().take(n).map(count).collect()
    }
}

impl PlanNote {
    /// What an expectation says of a batch or a window, as a row: the `n`-th of the request or window `id`. A window may
    /// be of a segment.
    pub fn finding(&self, id: Uuid, at: Micros, segment: &str, n: usize, finding: &FindingNote) -> FindingRow {
        let unknown = CheckNote::default();
        let check = self.checks.get(finding.check as usize).unwrap_or(&unknown);
        let details: Option<Json> = finding.details.as_deref().and_then(|it| serde_json::from_str(it).ok());
        let found = |name| details.as_ref().and_then(|it| it.get(name));
        FindingRow {
            result_id: id,
            n: n as i64,
            at,
            suite: self.suite.clone(),
            suite_hash: self.hash.clone(),
            check: check.title.clone(),
            kind: check.kind.clone(),
            severity: check.severity.clone(),
            field: check.field.clone(),
            segment: segment.to_owned(),
            status: finding.status.clone(),
            observed: finding.observed.clone(),
            bound: finding.bound.clone(),
            message: finding.message.clone(),
            elements: finding.counts.map(|it| it.0 as i64),
            unexpected: finding.counts.map(|it| it.1 as i64),
            error: finding.error,
            length: String::new(),
            test: found("test").and_then(Json::as_str).map(str::to_owned),
            statistic: found("statistic").and_then(number_of),
            p_value: found("p_value").and_then(number_of),
            details,
        }
    }
}
