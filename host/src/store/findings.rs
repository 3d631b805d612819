//! The questions for findings: what expectations said of batches and windows.

use sqlx::QueryBuilder;

use super::queries::{Dialect, texts, times};
use super::rows::{Cursor, Micros};

/// What a finding can say.
pub const STATUSES: [&str; 4] = ["pass", "skip", "fail", "error"];

/// Which findings are asked for. Members that are `None` do not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The suite.
    pub suite: Option<String>,
    /// An expectation's title.
    pub check: Option<String>,
    /// A kind of expectation, such as `stable`.
    pub kind: Option<String>,
    /// The fields of the expectation, joined by `, `.
    pub field: Option<String>,
    /// `critical`, `warning` or `info`.
    pub severity: Option<String>,
    /// One of [`STATUSES`].
    pub status: Option<String>,
    /// Of which segment; empty: of all records together, and of batches.
    pub segment: Option<String>,
    /// What the length of the window is called.
    pub length: Option<String>,
    /// Whether only those of windows, or only those of batches.
    pub of: Option<Of>,
    /// Those of windows that start, or of batches that came, from this time on.
    pub since: Option<Micros>,
    /// Before this time.
    pub until: Option<Micros>,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// A span of time.
    Window,
    /// A request of several records.
    Batch,
}

impl Of {
    /// All of them.
    pub const ALL: [Of; 2] = [Of::Window, Of::Batch];

    /// The word in answers and questions.
    pub const fn name(self) -> &'static str {
        match self {
            Of::Window => "window",
            Of::Batch => "batch",
        }
    }
}

pub(super) const FINDING: &str = "SELECT f.result_id, f.n, f.at, f.suite, f.suite_hash, f.check_name, f.kind, \
    f.severity, f.field, f.segment, f.status, f.observed, f.bound, f.message, f.elements, f.unexpected, f.error, f.length, f.test, \
    f.statistic, f.p_value, f.details FROM finding f WHERE TRUE";

/// A page of findings, the newest first.
pub(super) fn page<DB: Dialect>(wanted: &Wanted, after: Option<Cursor>, limit: u32) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(FINDING);
    texts(
        &mut query,
        &[
            (" AND f.suite = ", &wanted.suite),
            (" AND f.check_name = ", &wanted.check),
            (" AND f.kind = ", &wanted.kind),
            (" AND f.field = ", &wanted.field),
            (" AND f.severity = ", &wanted.severity),
            (" AND f.segment = ", &wanted.segment),
            (" AND f.length = ", &wanted.length),
        ],
    );
    // Written out, since an index of few statuses is of use only where the status is known while planning.
    if let Some(status) = STATUSES.into_iter().find(|it| wanted.status.as_deref() == Some(it)) {
        query.push(" AND f.status = '").push(status).push("'");
        if matches!(status, "fail" | "error") {
            query.push(" AND f.status IN ('fail', 'error')");
        }
    }
    match wanted.of {
        Some(Of::Window) => drop(query.push(" AND f.length <> ''")),
        Some(Of::Batch) => drop(query.push(" AND f.length = ''")),
        None => {}
    }
    times(&mut query, &[(" AND f.at >= ", wanted.since), (" AND f.at < ", wanted.until)]);
    if let Some(after) = after {
        DB::time(query.push(" AND f.at <= "), after.at);
        DB::time(query.push(" AND (f.at, f.result_id, f.n) < ("), after.at);
        DB::id(query.push(", "), after.id);
        DB::number(query.push(", "), after.n);
        query.push(")");
    }
    DB::number(query.push(" ORDER BY f.at DESC, f.result_id DESC, f.n DESC LIMIT "), limit.into());
    query
}
