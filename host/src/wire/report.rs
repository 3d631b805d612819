//! A report of a span of time: what the formats of `driftline report` show, and its JSON.

mod parts;

use serde::Serialize;
use utoipa::ToSchema;

pub use parts::{
    FailedRecord, FailureExample, FailureSegment, FailureWindows, FeatureDrift, LabelCoverage, MatrixReport,
    ModelReport, QualityPoint, QualityReport, QualitySpan, ReliabilityReport, SourceReport, SuiteVersionReport,
    WindowsReport,
};

/// The version of the report's form: it grows by one when a member is removed or changes its meaning.
pub const REPORT_VERSION: u32 = 1;

/// What happened in a span of time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SpanReport {
    /// The version of this form, 1. Members may be added; none is removed or changes its meaning within a version.
    pub driftline_report: u32,
    /// The version of the program that made it.
    pub driftline_version: String,
    /// The start of the span (RFC 3339).
    pub from: String,
    /// Its end, which is not part of it.
    pub to: String,
    /// When the report was made.
    pub made_at: String,
    /// The suite that it is about; none: all.
    pub suite: Option<String>,
    /// `fail`: a critical expectation failed, or a critical incident is open; `warn`: nothing worse than a warning;
    /// `pass`: nothing of either; `empty`: nothing was checked.
    pub status: String,
    /// The sums.
    pub summary: ReportSummary,
    /// The expectations that did not hold, the worst first.
    pub failures: Vec<ReportFailure>,
    /// How many more there are.
    pub failures_left_out: u64,
    /// The incidents of the span, those that are open first.
    pub incidents: Vec<ReportIncident>,
    /// Whether there are more.
    pub has_more_incidents: bool,
    /// The suites, those in which something failed first.
    pub suites: Vec<SuiteReport>,
    /// The names of those that are left out.
    pub suites_left_out: Vec<String>,
    /// What is not in the report, and why.
    pub missing: Vec<String>,
}

/// The sums of a report.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct ReportSummary {
    /// Suites that records were checked against.
    pub suites: u64,
    /// Requests.
    pub requests: u64,
    /// Records.
    pub records: u64,
    /// Of them, those that failed a critical expectation or could not be read.
    pub failed: u64,
    /// Those that failed warnings only.
    pub warned: u64,
    /// Those that could not be read.
    pub unreadable: u64,
    /// Windows of all records, of all lengths.
    pub windows: u64,
    /// Of them, those that failed, `warn` and `error` too.
    pub windows_not_passed: u64,
    /// Expectations that did not hold at some time.
    pub expectations_failed: u64,
    /// Fields that a drift test found to have drifted, in windows of all records.
    pub fields_drifted: u64,
    /// Fields that were tested.
    pub fields_tested: u64,
    /// Incidents that are open.
    pub incidents_open: u64,
    /// Incidents of the span.
    pub incidents: u64,
}

/// An expectation that did not hold.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReportFailure {
    /// The suite.
    pub suite: String,
    /// The expectation.
    pub check: String,
    /// Its kind.
    pub kind: String,
    /// `critical`, `warning` or `info`.
    pub severity: String,
    /// Its fields, joined by `, `.
    pub path: String,
    /// `fail`, or `error` when it only could not be evaluated.
    pub status: String,
    /// Windows and batches of all records, by length.
    pub windows: Vec<FailureWindows>,
    /// When it first did not hold: the start of a window, or when a batch came (RFC 3339). None: only single records
    /// failed it.
    pub first: Option<String>,
    /// When it last did not.
    pub last: Option<String>,
    /// Records that were judged by it, by the minute that they came in; none: it judges no single records.
    pub records: Option<u64>,
    /// Of them, those that failed it.
    pub records_failed: Option<u64>,
    /// How often it did not hold in each of equal parts of the span, segments too.
    pub timeline: Vec<u64>,
    /// The segments in which it did not hold, those of the most windows first.
    pub segments: Vec<FailureSegment>,
    /// How many more segments.
    pub segments_left_out: u64,
    /// What it said, the newest first.
    pub examples: Vec<FailureExample>,
    /// Records that failed it, the newest first, as far as the suite's privacy lets them be told.
    pub failed_records: Vec<FailedRecord>,
}

/// An incident, with its diagnosis in words.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReportIncident {
    /// Its id.
    pub id: uuid::Uuid,
    /// The suite.
    pub suite: String,
    /// The trigger.
    pub trigger: String,
    /// The segment that it is of; empty: all records.
    pub key: String,
    /// Where it stands.
    pub state: String,
    /// `critical`, `warning` or `info`.
    pub severity: String,
    /// When it was opened, by the time of the records (RFC 3339).
    pub opened_at: String,
    /// When it was over, by the clock; none: it is open.
    pub closed_at: Option<String>,
    /// The start of the first window that shows it.
    pub data_from: Option<String>,
    /// The end of the last one.
    pub data_to: Option<String>,
    /// Why it stands where it does.
    pub reason: String,
    /// Whether somebody said that it was a true alarm.
    pub alarm: Option<bool>,
    /// What was lost, and what may have caused it, the most likely first; empty: it was not looked at.
    pub diagnosis: Vec<String>,
    /// Where the incident is shown, where the service knows its address.
    pub link: Option<String>,
    /// Where its diagnosis is.
    pub diagnosis_link: Option<String>,
}

/// What is known of a suite in the span.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SuiteReport {
    /// Its name.
    pub name: String,
    /// The content hash of its active version; none: it is not active.
    pub hash: Option<String>,
    /// The versions that records were checked against.
    pub versions: Vec<SuiteVersionReport>,
    /// Records.
    pub records: u64,
    /// Of them, those that failed a critical expectation or could not be read.
    pub failed: u64,
    /// Those that failed warnings only.
    pub warned: u64,
    /// Where they came from, and of which model they are; those of the most records first.
    pub sources: Vec<SourceReport>,
    /// How many more.
    pub sources_left_out: u64,
    /// The windows of all records, by length.
    pub windows: Vec<WindowsReport>,
    /// What its windows are compared with, in words.
    pub baseline: Option<String>,
    /// What distributions are shown of: windows in words; none: none was read.
    pub shown_of: Option<String>,
    /// What they are shown beside; none: there is nothing.
    pub shown_beside: Option<String>,
    /// Fields, those that drifted first.
    pub features: Vec<FeatureDrift>,
    /// How many more.
    pub features_left_out: u64,
    /// Metrics of predictions.
    pub quality: Vec<QualityReport>,
    /// How many more.
    pub quality_left_out: u64,
    /// Which classes were predicted where which were true.
    pub confusion: Option<MatrixReport>,
    /// How sure the model was beside how often it was right.
    pub reliability: Option<ReliabilityReport>,
    /// How many predictions have a label.
    pub labels: Option<LabelCoverage>,
    /// The models that answered, or are the suite's.
    pub models: Vec<ModelReport>,
    /// What is not there, and why.
    pub missing: Vec<String>,
}
