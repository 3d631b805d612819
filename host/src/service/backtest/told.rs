//! What a backtest tells, as it is shown and as JSON.

use serde::Serialize;

use crate::service::version::Version;
use crate::store::rows::Micros;
use crate::wire::time;

/// What a changed suite would have done, beside what the present one did.
#[derive(Clone, Debug, Serialize)]
pub struct Backtest {
    /// The suite whose windows are stored.
    pub suite: String,
    /// The content hash of the changed suite.
    pub suite_hash: String,
    /// The hashes of the versions whose windows were read.
    pub versions: Vec<String>,
    /// Windows that begin from this time on, RFC 3339.
    pub from: String,
    /// Windows that end by this time.
    pub to: String,
    /// Windows of all records that were judged, of all lengths.
    pub windows: u64,
    /// Windows of segments.
    pub segment_windows: u64,
    /// Records in the shortest windows.
    pub records: i64,
    /// What the present suite found in the same windows.
    pub before: Counts,
    /// What the changed one finds.
    pub after: Counts,
    /// Incidents of both.
    pub incidents: Vec<Incident>,
    /// Alarms by expectation.
    pub checks: Vec<Check>,
    /// Findings that end otherwise than before, by window.
    pub changes: Vec<Change>,
    /// Expectations that stored windows cannot answer.
    pub needs_records: Vec<Needs>,
    /// What else is to be known.
    pub notes: Vec<String>,
}

/// How findings ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// They hold.
    pub pass: u64,
    /// There was nothing to judge.
    pub skip: u64,
    /// Alarms.
    pub fail: u64,
    /// They could not be evaluated.
    pub error: u64,
}

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, status: &str) {
        match status {
            "pass" => self.pass += 1,
            "fail" => self.fail += 1,
            "error" => self.error += 1,
            _ => self.skip += 1,
        }
    }
}

/// In which suite something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// In both.
    Both,
    /// Only the changed one has it.
    NewOnly,
    /// Only the present one has it.
    PresentOnly,
}

/// An expectation's alarms.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// Its title.
    pub check: String,
    /// Which suite has it.
    pub seen: Seen,
    /// How its findings ended in the present suite.
    pub before: Counts,
    /// How they end in the changed one.
    pub after: Counts,
}

/// A finding that ends otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The start of the window.
    pub start: String,
    /// Its end.
    pub end: String,
    /// What its length is called.
    pub length: String,
    /// Of which segment; empty: of all records.
    pub segment: String,
    /// The expectation's title.
    pub check: String,
    /// How it ended; `None`: the present suite does not ask this.
    pub before: Option<String>,
    /// How it ends; `None`: the changed suite does not ask this.
    pub after: Option<String>,
    /// What is observed, as JSON text.
    pub observed: Option<String>,
    /// The bound in words.
    pub bound: String,
}

/// An incident as one of the suites has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Episode {
    /// The end of the window that opened it, or the time of the clock.
    pub opened: String,
    /// When it was over; `None`: it is open.
    pub closed: Option<String>,
    /// What was done: `fired`, `needs_approval`, `suggested` or `silenced`.
    pub kind: String,
    /// Why.
    pub reason: String,
}

/// An incident of the present suite, of the changed one, or of both.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Incident {
    /// The trigger.
    pub trigger: String,
    /// A segment, or empty.
    pub key: String,
    /// Which suite has it.
    pub seen: Seen,
    /// As it was.
    pub present: Option<Episode>,
    /// As it would have been.
    pub new: Option<Episode>,
}

/// An expectation that stored windows cannot answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Needs {
    /// Its title.
    pub check: String,
    /// Why.
    pub why: String,
    /// In how many windows it could not be answered, those of segments too.
    pub windows: u64,
    /// In how many it was, by records that the log of predictions kept.
    pub windows_by_log: u64,
    /// The share of records that the log kept.
    pub sample: Option<f64>,
}

impl Backtest {
    /// Nothing yet.
    pub(super) fn new(version: &Version, from: Micros, to: Micros) -> Self {
        Backtest {
            suite: version.name.clone(),
            suite_hash: version.hash.clone(),
            versions: Vec::new(),
            from: time(from),
            to: time(to),
            windows: 0,
            segment_windows: 0,
            records: 0,
            before: Counts::default(),
            after: Counts::default(),
            incidents: Vec::new(),
            checks: Vec::new(),
            changes: Vec::new(),
            needs_records: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub(super) fn note(&mut self, it: String) {
        if !self.notes.contains(&it) {
            self.notes.push(it);
        }
    }
}
