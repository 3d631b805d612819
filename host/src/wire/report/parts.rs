//! What a report says of single expectations, fields, metrics and models.

use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::output::plots::bars::Bars;
use crate::output::plots::reliability::ReliabilityBin;

/// Windows of one length, or batches, that an expectation was judged of.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FailureWindows {
    /// What their length is called; empty: batches.
    pub length: String,
    /// Those that it failed in.
    pub failed: u64,
    /// Those in which it could not be evaluated.
    pub errors: u64,
    /// All that it was judged of.
    pub judged: u64,
}

/// A segment in which an expectation did not hold.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FailureSegment {
    /// Its name, such as `region=eu`.
    pub segment: String,
    /// In how many windows, of all lengths.
    pub windows: u64,
    /// When it last did not hold (RFC 3339).
    pub last: String,
}

/// What an expectation said of one window or batch.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FailureExample {
    /// The start of the window, or when the batch came (RFC 3339).
    pub at: String,
    /// What the length of the window is called; empty: a batch.
    pub length: String,
    /// Of which segment; empty: all records.
    pub segment: String,
    /// `fail` or `error`.
    pub status: String,
    /// What was judged, where it may be told.
    #[schema(value_type = serde_json::Value)]
    pub observed: Option<Json>,
    /// The bound in words.
    pub bound: String,
    /// Why, in words.
    pub message: String,
    /// Records concerned.
    pub elements: Option<i64>,
    /// Of them, those that it does not hold for.
    pub unexpected: Option<i64>,
    /// The window or the request: `/v1/windows/{id}`, `/v1/results/{id}`.
    pub id: uuid::Uuid,
}

/// A record that failed an expectation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FailedRecord {
    /// When it came (RFC 3339).
    pub at: String,
    /// Its id, where the suite says where it lies.
    pub record_id: Option<String>,
    /// The value, where it may be told.
    #[schema(value_type = serde_json::Value)]
    pub observed: Option<Json>,
    /// Why, in words.
    pub message: String,
}

/// How a field drifted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FeatureDrift {
    /// The field, or `length(field)`.
    pub field: String,
    /// `drift`: some window of all records drifted; `stable`: none of those that were tested did; `untested`.
    pub status: String,
    /// The expectation that tests it.
    pub check: Option<String>,
    /// What the length of the windows is called.
    pub length: Option<String>,
    /// Windows of all records that were tested.
    pub windows: u64,
    /// Of them, those that drifted.
    pub drifted: u64,
    /// The last one that drifted: its start (RFC 3339).
    pub last_drift: Option<String>,
    /// The test that found it; of a field that did not drift, the one that last found nothing.
    pub test: Option<String>,
    /// Its statistic, or distance.
    pub statistic: Option<f64>,
    /// What it is held against.
    pub threshold: Option<f64>,
    /// Its p-value.
    pub p_value: Option<f64>,
    /// What has changed, in words.
    pub effect: Option<String>,
    /// The share of missing values before.
    pub missing_before: Option<f64>,
    /// The share of missing values in the span.
    pub missing_now: Option<f64>,
    /// How the values of the span are distributed beside those of before.
    pub plot: Option<Bars>,
}

/// A metric of predictions over time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct QualityReport {
    /// The expectation.
    pub check: String,
    /// The metric, such as `accuracy`.
    pub metric: String,
    /// `critical`, `warning` or `info`.
    pub severity: String,
    /// The bound in words.
    pub bound: String,
    /// The smallest value that is expected.
    pub min: Option<f64>,
    /// The largest value that is expected.
    pub max: Option<f64>,
    /// What the length of the windows is called.
    pub length: String,
    /// The windows in the order of time.
    pub points: Vec<QualityPoint>,
    /// Whether there are earlier ones that are not told.
    pub has_more: bool,
    /// All windows of the span together.
    pub together: Option<QualitySpan>,
}

/// A metric of one window.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct QualityPoint {
    /// The start of the window (RFC 3339).
    pub start: String,
    /// The metric.
    pub value: f64,
    /// The lower end of its interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// Records that it was measured on.
    pub n: Option<u64>,
    /// `pass` or `fail`.
    pub status: String,
}

/// A metric of all windows of the span together.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct QualitySpan {
    /// The metric.
    pub value: f64,
    /// The lower end of its interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// Records that it was measured on.
    pub n: Option<u64>,
}

/// A confusion matrix.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MatrixReport {
    /// The expectation that it belongs to.
    pub check: String,
    /// The classes, in order.
    pub labels: Vec<Json>,
    /// A row a true class, a column a predicted one.
    pub rows: Vec<Vec<u64>>,
}

/// A reliability table.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReliabilityReport {
    /// The expectation that it belongs to.
    pub check: String,
    /// The calibration error.
    pub error: Option<f64>,
    /// The bins that hold records, the lowest score first.
    pub bins: Vec<ReliabilityBin>,
}

/// How many predictions have a label.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LabelCoverage {
    /// Predictions that labels can be joined to.
    pub predictions: u64,
    /// Of them, those that have one.
    pub labelled: u64,
}

/// A version of a suite.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SuiteVersionReport {
    /// Its content hash.
    pub hash: String,
    /// Records that were checked against it in the span.
    pub records: u64,
    /// Whether it is the active one.
    pub active: bool,
}

/// Requests of one source and version of a model.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceReport {
    /// Where they came from.
    pub source: String,
    /// The model, as the records say.
    pub model: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Requests.
    pub requests: u64,
    /// Records.
    pub records: u64,
    /// Of them, those that failed a critical expectation or could not be read.
    pub failed: u64,
    /// Those that failed warnings only.
    pub warned: u64,
}

/// Windows of one length.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WindowsReport {
    /// What their length is called.
    pub length: String,
    /// How many were judged.
    pub windows: u64,
    /// Those that passed.
    pub pass: u64,
    /// Those in which only warnings failed.
    pub warn: u64,
    /// Those in which a critical expectation failed.
    pub fail: u64,
    /// Those that could not be judged.
    pub error: u64,
    /// Records in them.
    pub records: u64,
    /// Of them, those that came late.
    pub late: u64,
    /// Labels that were joined.
    pub labels: u64,
    /// The start of the first (RFC 3339).
    pub first: String,
    /// The end of the last.
    pub last: String,
}

/// A model.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelReport {
    /// Its name.
    pub model: String,
    /// The version that is deployed.
    pub deployed: Option<String>,
    /// Since when (RFC 3339).
    pub deployed_at: Option<String>,
    /// What was deployed in the span, the newest first: version and time.
    pub deployments: Vec<String>,
}
