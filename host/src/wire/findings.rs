//! What expectations said of batches and windows.

use serde::Serialize;
use utoipa::ToSchema;

use super::time;
use crate::store::findings::Of;
use crate::store::rows::FindingRow;

/// A stored finding.
#[derive(Serialize, ToSchema)]
pub struct StoredFinding {
    /// The expectation.
    pub check: String,
    /// Its kind.
    pub kind: String,
    /// `critical`, `warning` or `info`.
    pub severity: String,
    /// Its fields, joined by `, `.
    pub path: String,
    /// `pass`, `skip`, `fail` or `error`.
    pub status: String,
    /// What was judged.
    pub observed: Option<serde_json::Value>,
    /// The bound in words.
    pub bound: String,
    /// Why it did not pass.
    pub message: String,
    /// Records concerned.
    pub elements: Option<i64>,
    /// Of them, those that it does not hold for.
    pub unexpected: Option<i64>,
    /// The error bound of the sketch that answered, relative; none: exact.
    pub error_bound: Option<f64>,
    /// The drift test that was run.
    pub test: Option<String>,
    /// Its statistic, or distance.
    pub statistic: Option<f64>,
    /// Its p-value; none where the test has none.
    pub p_value: Option<f64>,
    /// What else was found. Of a drift test: `threshold`, `n` and `m` (values of the baseline and of the window), `exact`,
    /// `ln_p_value`, `effect` in words and, when it drifted, `bins`: the categories or intervals that moved most, each
    /// with its share `before` and `now`.
    pub details: Option<serde_json::Value>,
}

impl From<FindingRow> for StoredFinding {
    fn from(it: FindingRow) -> Self {
        StoredFinding {
            check: it.check,
            kind: it.kind,
            severity: it.severity,
            path: it.field,
            status: it.status,
            observed: it.observed.and_then(|it| serde_json::from_str(&it).ok()),
            bound: it.bound,
            message: it.message,
            elements: it.elements,
            unexpected: it.unexpected,
            error_bound: it.error,
            test: it.test,
            statistic: it.statistic,
            p_value: it.p_value,
            details: it.details,
        }
    }
}

/// A stored finding, with what it is of.
#[derive(Serialize, ToSchema)]
pub struct FindingOut {
    /// The start of the window, or when the batch came (RFC 3339).
    pub at: String,
    /// The suite.
    pub suite: String,
    /// The content hash of its version.
    pub suite_hash: String,
    /// `window` or `batch`.
    pub of: &'static str,
    /// The window, for `/v1/windows/{id}`; of a batch none.
    pub window_id: Option<uuid::Uuid>,
    /// The batch, for `/v1/results/{id}`; of a window none.
    pub result_id: Option<uuid::Uuid>,
    /// What the length of the window is called; of a batch none.
    pub length: Option<String>,
    /// Of which of the suite's `segments`; empty: of all records.
    pub segment: String,
    /// What was found.
    #[serde(flatten)]
    pub finding: StoredFinding,
}

impl From<FindingRow> for FindingOut {
    fn from(mut it: FindingRow) -> Self {
        let length = Some(std::mem::take(&mut it.length)).filter(|it| !it.is_empty());
        let of = if length.is_some() { Of::Window } else { Of::Batch };
        FindingOut {
            at: time(it.at),
            suite: it.suite.clone(),
            suite_hash: it.suite_hash.clone(),
            of: of.name(),
            window_id: (of == Of::Window).then_some(it.result_id),
            result_id: (of == Of::Batch).then_some(it.result_id),
            length,
            segment: std::mem::take(&mut it.segment),
            finding: it.into(),
        }
    }
}
