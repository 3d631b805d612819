//! What the values of a field were like.

use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

/// A field of which windows keep a distribution.
#[derive(Serialize, ToSchema)]
pub struct Feature {
    /// The suite.
    pub suite: String,
    /// The content hash of its active version.
    pub suite_hash: String,
    /// The field.
    pub field: String,
    /// The expectations on it, as findings name them.
    pub checks: Vec<String>,
    /// What the lengths of its windows are called, the shortest first.
    pub lengths: Vec<String>,
}

/// What the values of a field were like in stored windows.
#[derive(Serialize, ToSchema)]
pub struct FeatureDistribution {
    /// The suite.
    pub suite: String,
    /// The content hash of its active version, of which the windows are.
    pub suite_hash: String,
    /// The field.
    pub field: String,
    /// What the length of the windows is called.
    pub length: String,
    /// Of which segment; empty: of all records.
    pub segment: String,
    /// The start of the first window (RFC 3339).
    pub start: String,
    /// The end of the last window (RFC 3339).
    pub end: String,
    /// How many windows are summed up, or told each; of those that overlap only some are summed up, so that each record
    /// counts once.
    pub windows: usize,
    /// Records in them.
    pub records: u64,
    /// All windows together: `n` values, `null`, `nan`, the relative `error` of a sketch, and a `summary`: `null_share`
    /// and, of numbers, `mean`, `sd`, `min`, `p01` to `p99`, `max` and a `histogram`, else `distinct` and the `top`
    /// values with their counts. None with `each=true`.
    pub distribution: Option<Json>,
    /// With `each=true` one a window, the oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<WindowDistribution>>,
    /// The same of the baseline that the suite names; none where it names none, or there is none of this field.
    pub baseline: Option<FeatureBaseline>,
}

/// What the values of a field were like in one window.
#[derive(Serialize, ToSchema)]
pub struct WindowDistribution {
    /// The window.
    pub window_id: uuid::Uuid,
    /// Its start (RFC 3339).
    pub start: String,
    /// Its end (RFC 3339).
    pub end: String,
    /// Records.
    pub records: i64,
    /// What they were like, as of all windows together.
    pub distribution: Json,
}

/// What the values of a field were like in a baseline.
#[derive(Serialize, ToSchema)]
pub struct FeatureBaseline {
    /// The baseline with its version, in words.
    pub name: String,
    /// Records that it was made of.
    pub records: u64,
    /// What they were like.
    pub distribution: Json,
}
