//! What the store holds, and what is said of suites.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::{StoredFinding, time};
use crate::store::rows::{FailureRow, Labels, ResultRow, StatRow, VersionRow};

/// A page of rows, the newest first.
#[derive(Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// What `?cursor=` takes for the next page; none at the end.
    pub next: Option<String>,
}

/// Model, version and segment.
#[derive(Serialize, ToSchema)]
pub struct LabelsOut {
    /// The model, as the record says.
    pub model: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The values of the segment fields, joined by ` / `.
    pub segment: Option<String>,
}

impl From<Labels> for LabelsOut {
    fn from(Labels { model, version, segment }: Labels) -> Self {
        LabelsOut { model, version, segment }
    }
}

/// A stored request, or the sum of requests of one record each that all passed.
#[derive(Serialize, ToSchema)]
pub struct StoredResult {
    /// Its id.
    pub id: uuid::Uuid,
    /// When it came (RFC 3339).
    pub at: String,
    /// The suite.
    pub suite: String,
    /// The content hash of its version.
    pub suite_hash: String,
    /// Where it came from.
    pub source: String,
    /// The name of the token.
    pub token: Option<String>,
    /// Model, version, segment.
    #[serde(flatten)]
    pub labels: LabelsOut,
    /// The trace that it was part of, 32 hexadecimal digits; none for a sum.
    pub trace_id: Option<String>,
    /// `pass`, `warn` or `fail`.
    pub verdict: &'static str,
    /// How many requests these are.
    pub requests: i64,
    /// Records.
    pub records: i64,
    /// Records that failed.
    pub failed: i64,
    /// Records that failed warnings only.
    pub warned: i64,
    /// Records that could not be read.
    pub unreadable: i64,
    /// Time spent, in milliseconds.
    pub duration_ms: f64,
    /// Failures that are not stored because the request had more than are kept.
    pub failures_left_out: i64,
    /// Of a batch: counts by expectation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statistics: Option<serde_json::Value>,
}

impl From<ResultRow> for StoredResult {
    fn from(it: ResultRow) -> Self {
        StoredResult {
            id: it.id,
            at: time(it.at),
            suite: it.suite,
            suite_hash: it.suite_hash,
            source: it.source,
            token: it.token,
            labels: it.labels.into(),
            trace_id: it.trace_id,
            verdict: it.verdict.name(),
            requests: it.requests,
            records: it.records,
            failed: it.failed,
            warned: it.warned,
            unreadable: it.unreadable,
            duration_ms: it.duration_us as f64 / 1000.0,
            failures_left_out: it.failures_left_out,
            statistics: it.statistics,
        }
    }
}

/// A stored failure.
#[derive(Serialize, ToSchema)]
pub struct StoredFailure {
    /// The request.
    pub result_id: uuid::Uuid,
    /// When it came (RFC 3339).
    pub at: String,
    /// The suite.
    pub suite: String,
    /// The content hash of its version.
    pub suite_hash: String,
    /// The expectation.
    pub check: String,
    /// Its kind.
    pub kind: String,
    /// `critical`, `warning` or `info`.
    pub severity: String,
    /// Its fields, joined by `, `.
    pub path: String,
    /// The record's ordinal within the request.
    pub record: i64,
    /// The record's id.
    pub record_id: Option<String>,
    /// The trace that the record was part of, or its request, 32 hexadecimal digits.
    pub trace_id: Option<String>,
    /// Model, version, segment.
    #[serde(flatten)]
    pub labels: LabelsOut,
    /// The value, under the suite's privacy setting.
    pub observed: Option<serde_json::Value>,
    /// The bound in words.
    pub bound: String,
    /// Why.
    pub message: String,
}

impl From<FailureRow> for StoredFailure {
    fn from(it: FailureRow) -> Self {
        StoredFailure {
            result_id: it.result_id,
            at: time(it.at),
            suite: it.suite,
            suite_hash: it.suite_hash,
            check: it.check,
            kind: it.kind,
            severity: it.severity,
            path: it.field,
            record: it.record,
            record_id: it.record_id,
            trace_id: it.trace_id,
            labels: it.labels.into(),
            observed: it.observed.and_then(|it| serde_json::from_str(&it).ok()),
            bound: it.bound,
            message: it.message,
        }
    }
}

/// A stored request with all that is stored of it.
#[derive(Serialize, ToSchema)]
pub struct ResultDetail {
    /// The request.
    #[serde(flatten)]
    pub result: StoredResult,
    /// Its failures.
    pub failures: Vec<StoredFailure>,
    /// Its findings.
    pub findings: Vec<StoredFinding>,
    /// The plugins that it was checked with: the suite's name for each, then the digest of its component.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub plugins: BTreeMap<String, String>,
}

/// How one expectation fared in one span of time.
#[derive(Serialize, ToSchema)]
pub struct Stat {
    /// The start of the span (RFC 3339).
    pub at: String,
    /// The suite.
    pub suite: String,
    /// The expectation.
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
    /// The share of judged records that it holds for; none when none was judged.
    pub pass_rate: Option<f64>,
}

impl From<StatRow> for Stat {
    fn from(it: StatRow) -> Self {
        let judged = it.seen - it.skipped;
        Stat {
            at: time(it.at),
            suite: it.suite,
            check: it.check,
            kind: it.kind,
            severity: it.severity,
            seen: it.seen,
            failed: it.failed,
            skipped: it.skipped,
            pass_rate: (judged > 0).then(|| (judged - it.failed) as f64 / judged as f64),
        }
    }
}

/// A suite that is active, or cannot be loaded.
#[derive(Serialize, ToSchema)]
pub struct SuiteOut {
    /// Its name.
    pub name: String,
    /// The content hash of the active version; none when no version could ever be loaded.
    pub hash: Option<String>,
    /// Whether the folder of suites holds it; then it is not changed over HTTP.
    pub of_folder: bool,
    /// How many expectations it has, without those that every suite has.
    pub expectations: usize,
    /// What a failing record is answered with.
    pub on_fail: &'static str,
    /// Why its newest version cannot be loaded; empty when it could.
    pub problems: Vec<String>,
}

/// A version of a suite.
#[derive(Serialize, ToSchema)]
pub struct VersionOut {
    /// The suite.
    pub suite: String,
    /// Its content hash.
    pub hash: String,
    /// When it was first seen (RFC 3339).
    pub at: String,
    /// Who put it: a token's name, `file:` and the path, or `anyone`.
    pub by: String,
    /// Whether it is the active one.
    pub active: bool,
    /// The digests of the plugins that it ran with, by the names that it has for them.
    pub plugins: std::collections::BTreeMap<String, String>,
}

impl VersionOut {
    /// A stored version; `active` is the hash of the active one.
    pub fn new(it: VersionRow, active: Option<&str>) -> Self {
        VersionOut {
            active: active == Some(&it.hash),
            plugins: it.plugins,
            suite: it.suite,
            hash: it.hash,
            at: time(it.at),
            by: it.by,
        }
    }
}

/// One problem of a suite.
#[derive(Serialize, ToSchema)]
pub struct ProblemOut {
    /// Line, from 1; 0: the problem has no place in a text.
    pub line: u32,
    /// Column, from 1; 0 as with the line.
    pub column: u32,
    /// The path within the suite.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl From<&driftline_rules::suite::problem::Problem> for ProblemOut {
    fn from(it: &driftline_rules::suite::problem::Problem) -> Self {
        ProblemOut {
            line: it.at.line,
            column: it.at.column,
            path: it.path.clone(),
            message: it.message.clone(),
            hint: it.hint.clone(),
        }
    }
}
