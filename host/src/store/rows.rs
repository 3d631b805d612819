//! What is stored, as plain rows: the same for both databases.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::predictions::PredictionRow;
use super::streams::StreamPart;
use super::windows::WindowPart;

/// Microseconds since 1970 UTC.
pub type Micros = i64;

/// All that one journal segment holds: committed in one transaction, or not at all, and only once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// The journal segment; a batch whose segment the store knows was committed before.
    pub segment: Uuid,
    /// Requests, or sums of requests.
    pub results: Vec<ResultRow>,
    /// Records that failed.
    pub failures: Vec<FailureRow>,
    /// What the expectations say of batches as a whole.
    pub findings: Vec<FindingRow>,
    /// Counts by expectation and minute.
    pub tallies: Vec<TallyRow>,
    /// `Idempotency-Key`s of the requests.
    pub keys: Vec<KeyRow>,
    /// What the records add to the windows of their suites.
    pub windows: Vec<WindowPart>,
    /// How far the records of their suites have come.
    pub streams: Vec<StreamPart>,
    /// Predictions that labels can be joined to.
    pub predictions: Vec<PredictionRow>,
}

/// How a request, or a record, fared: the worst counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing failed, or only expectations that are for information.
    #[default]
    Pass,
    /// Expectations of severity `warning` failed, none that is critical.
    Warn,
    /// A critical expectation failed, or a record could not be read.
    Fail,
}

impl Verdict {
    /// All, the best first: `SQLite` keeps the place, Postgres the name in a type with this order.
    pub const ALL: [Verdict; 3] = [Verdict::Pass, Verdict::Warn, Verdict::Fail];

    /// The word in answers and queries.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        }
    }
}

/// Which model answered, and of which segment the record is, as the record says.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Labels {
    /// The model.
    pub model: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The values of the segment fields, joined by ` / `.
    pub segment: Option<String>,
}

/// A request; or, when `requests` is not 1, the sum of requests of one record each that all passed.
///
/// A request that streams is stored in parts of one id and time: counts add up, `verdict` is the
/// worst, `statistics` come with the last part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ResultRow {
    /// UUID v7.
    pub id: Uuid,
    /// When the request came.
    pub at: Micros,
    /// The suite.
    pub suite: String,
    /// The suite's content hash: SHA-256, 64 hexadecimal digits.
    pub suite_hash: String,
    /// Where it came from: `http`, or what the client named itself with `?source=`.
    pub source: String,
    /// The name of the token; `None` without tokens.
    pub token: Option<String>,
    /// Model, version and segment of the record; of a batch only what all its records share.
    pub labels: Labels,
    /// The trace that the request was part of, 32 hexadecimal digits; `None` for a sum.
    pub trace_id: Option<String>,
    /// How many requests.
    pub requests: i64,
    /// Records, those that could not be read too.
    pub records: i64,
    /// Records that failed a critical expectation, or could not be read.
    pub failed: i64,
    /// Records that failed expectations of severity `warning` only.
    pub warned: i64,
    /// Records that could not be read.
    pub unreadable: i64,
    /// The worst of all records and findings.
    pub verdict: Verdict,
    /// Time spent on it, in microseconds.
    pub duration_us: i64,
    /// Failures left out because the request had more than are kept.
    pub failures_left_out: i64,
    /// Of a batch: counts by expectation (`{"title": {"seen", "failed", "skipped"}}`).
    pub statistics: Option<serde_json::Value>,
}

/// One expectation that one record failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FailureRow {
    /// The request.
    pub result_id: Uuid,
    /// Ordinal among the request's failures, from 0.
    pub n: i64,
    /// When the request came.
    pub at: Micros,
    /// The suite.
    pub suite: String,
    /// The suite's content hash.
    pub suite_hash: String,
    /// The expectation's title: its own name, or fields and kind.
    pub check: String,
    /// Its kind, such as `between`.
    pub kind: String,
    /// `critical`, `warning` or `info`.
    pub severity: String,
    /// Its fields as the suite writes them, joined by `, `; empty for a rule on whole records.
    pub field: String,
    /// The record's ordinal within the request, from 0.
    pub record: i64,
    /// The record's id, where the suite says where it lies; under its privacy setting.
    pub record_id: Option<String>,
    /// The trace that the record was part of, or its request, 32 hexadecimal digits.
    pub trace_id: Option<String>,
    /// Model, version and segment of the record.
    pub labels: Labels,
    /// The value as JSON text, under the field's privacy setting; `None` when it is dropped.
    pub observed: Option<String>,
    /// The bound in words.
    pub bound: String,
    /// Why, for a person.
    pub message: String,
}

/// What one expectation says of a batch as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FindingRow {
    /// The request.
    pub result_id: Uuid,
    /// Ordinal among the request's findings, from 0.
    pub n: i64,
    /// When the request came.
    pub at: Micros,
    /// The suite.
    pub suite: String,
    /// The suite's content hash.
    pub suite_hash: String,
    /// The expectation's title.
    pub check: String,
    /// Its kind.
    pub kind: String,
    /// `critical`, `warning` or `info`.
    pub severity: String,
    /// Its fields, joined by `, `.
    pub field: String,
    /// Of which segment of a window; empty: of all records.
    pub segment: String,
    /// `pass`, `skip`, `fail` or `error`.
    pub status: String,
    /// The number, text or list that was judged, as JSON text.
    pub observed: Option<String>,
    /// The bound in words.
    pub bound: String,
    /// Why, for a person.
    pub message: String,
    /// Records concerned, where the rule is about records.
    pub elements: Option<i64>,
    /// Of them, those that it does not hold for.
    pub unexpected: Option<i64>,
    /// The error bound of the sketch that answered; `None`: exact.
    pub error: Option<f64>,
    /// What the length of the window is called; empty: it is of a batch.
    pub length: String,
    /// The drift test.
    pub test: Option<String>,
    /// Its statistic, or distance.
    pub statistic: Option<f64>,
    /// Its p-value.
    pub p_value: Option<f64>,
    /// What else was found: members as the kind of expectation gives them.
    pub details: Option<serde_json::Value>,
}

/// How records of one minute fared under one expectation. Rows of equal keys (all but the counts) add up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TallyRow {
    /// The start of the minute.
    pub minute: Micros,
    /// The suite.
    pub suite: String,
    /// The suite's content hash.
    pub suite_hash: String,
    /// The expectation's title; two with one title add up.
    pub check: String,
    /// Its kind.
    pub kind: String,
    /// `critical`, `warning` or `info`.
    pub severity: String,
    /// Its fields, joined by `, `.
    pub field: String,
    /// Model, version and segment of the records.
    pub labels: Labels,
    /// Records judged or skipped.
    pub seen: i64,
    /// Records that it does not hold for.
    pub failed: i64,
    /// Records that gave it nothing to judge.
    pub skipped: i64,
}

/// A request's `Idempotency-Key`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRow {
    /// The suite.
    pub suite: String,
    /// The key.
    pub key: String,
    /// SHA-256 of the body, hexadecimal.
    pub body_hash: String,
    /// The request that counted.
    pub result_id: Uuid,
    /// The time that it was of.
    pub at: Micros,
    /// The version of the suite that checked it.
    pub suite_hash: String,
    /// When it came: the key is remembered from then on.
    pub came: Micros,
}

/// A version of a suite.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRow {
    /// The suite.
    pub suite: String,
    /// Its content hash: SHA-256 of the text, of the schemas it refers to and of the plugins it uses.
    pub hash: String,
    /// The suite as it was written.
    pub text: String,
    /// The documents it refers to: name, then text.
    pub files: BTreeMap<String, String>,
    /// The plugins that it ran with: the suite's name for each, then its digest.
    pub plugins: BTreeMap<String, String>,
    /// When it was first seen.
    pub at: Micros,
    /// Who put it: a token's name, or `file:` and the path.
    pub by: String,
    /// Whether it is the active one.
    pub active: bool,
}

/// What of the history is asked for. Members that are `None` do not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The suite.
    pub suite: Option<String>,
    /// An expectation's title: of results, those with a failure of it.
    pub check: Option<String>,
    /// A severity: of results, those with a failure of it.
    pub severity: Option<String>,
    /// The verdict of results.
    pub verdict: Option<Verdict>,
    /// A field: of results, those with a failure on it.
    pub field: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The segment.
    pub segment: Option<String>,
    /// The trace of results and failures, 32 hexadecimal digits.
    pub trace_id: Option<String>,
    /// From this time on.
    pub since: Option<Micros>,
    /// Before this time.
    pub until: Option<Micros>,
}

/// Where the next page begins: behind this row. Pages go from the newest to the oldest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The row's time.
    pub at: Micros,
    /// Its id; of a failure its request's.
    pub id: Uuid,
    /// Of a failure its ordinal, else 0.
    pub n: i64,
}

/// How one expectation fared in one span of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatRow {
    /// The start of the span.
    pub at: Micros,
    /// The suite.
    pub suite: String,
    /// The expectation's title.
    pub check: String,
    /// Its kind.
    pub kind: String,
    /// `critical`, `warning` or `info`.
    pub severity: String,
    /// Records judged or skipped.
    pub seen: i64,
    /// Records that it does not hold for.
    pub failed: i64,
    /// Records that gave it nothing to judge.
    pub skipped: i64,
}

/// How long rows are kept, in days; `None`: for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Results, with their failures' requests.
    pub results: Option<u32>,
    /// Failures and findings.
    pub failures: Option<u32>,
    /// Counts by minute.
    pub tallies: Option<u32>,
    /// Windows.
    pub windows: Option<u32>,
    /// Predictions, and the labels that came for them.
    pub predictions: Option<u32>,
    /// Notices that were sent or given up.
    pub deliveries: Option<u32>,
    /// Idempotency keys, in hours.
    pub key_hours: u32,
}

/// A new id of a request of that time, a UUID v7: the store finds a row's week by its id.
///
/// Its random bits are drawn once a process and the rest counts up, since drawing for each request would be a
/// system call each.
pub fn id_at(at: Micros) -> Uuid {
    static DRAWN: LazyLock<[u8; 16]> = LazyLock::new(|| Uuid::now_v7().into_bytes());
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let millis = u64::try_from(at.div_euclid(1000)).unwrap_or(0);
    let mut bits = [0; 10];
    let (drawn, count) = bits.split_at_mut(6);
    // The last bytes of a UUID v7 are random.
    drawn.copy_from_slice(DRAWN.get(10..).unwrap_or_default());
    count.copy_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(millis, &bits).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_are_of_their_time() {
        let at = 1_764_000_000_123_456;
        let ids: std::collections::BTreeSet<Uuid> = (0..10_000).map(|_| id_at(at)).collect();
        assert_eq!(ids.len(), 10_000);
        for id in ids {
            let time = id.get_timestamp().map(|it| it.to_unix());
            assert_eq!((id.get_version_num(), time), (7, Some((1_764_000_000, 123_000_000))));
        }
    }
}
