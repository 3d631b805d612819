//! What the service says of baselines.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::time;
use crate::store::baselines::BaselineRow;

/// A baseline, and which version of it is active.
#[derive(Serialize, ToSchema)]
pub struct BaselineOut {
    /// Its name.
    pub name: String,
    /// The active version; none when none was activated, or when it is a file.
    pub active: Option<i64>,
    /// Whether the folder of suites holds it; then it is not changed over HTTP.
    pub of_folder: bool,
    /// Why the file of the folder cannot be read; what it held before is in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// All versions in the store, the newest first.
    pub versions: Vec<BaselineVersionOut>,
}

/// A version of a baseline.
#[derive(Serialize, ToSchema)]
pub struct BaselineVersionOut {
    /// Its number, from 1.
    pub version: i64,
    /// SHA-256 of its text, in hexadecimal digits.
    pub hash: String,
    /// Bytes of its text.
    pub size: i64,
    /// Records that it was made of.
    pub records: i64,
    /// When it was put (RFC 3339).
    pub at: String,
    /// Who put it: a token's name, or `anyone`.
    pub by: String,
    /// The model whose training data it is of.
    pub model: Option<String>,
    /// The model's version.
    pub model_version: Option<String>,
    /// `file`: it was put; `windows`: it was made of stored windows.
    pub source: String,
    /// Whether it is the active one.
    pub active: bool,
}

/// A version of a baseline with the distributions of its fields.
#[derive(Serialize, ToSchema)]
pub struct BaselineDetail {
    /// The baseline.
    pub name: String,
    /// The version; none: it is a file of the folder.
    pub version: Option<i64>,
    /// SHA-256 of its text, in hexadecimal digits.
    pub hash: String,
    /// Records that it was made of.
    pub records: u64,
    /// By field: how many values there were, and a `summary` of them: mean, quantiles and a histogram, or the most
    /// frequent values.
    pub fields: Json,
    /// Samples of rows, for tests on texts, vectors and whole records: their `fields`, and how many different rows
    /// there are.
    pub samples: Json,
}

/// Which stored windows a baseline is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineFromWindows {
    /// The suite; the windows are those of its active version.
    pub suite: String,
    /// What their length is called: `5m`, `1h`, `month`; the shortest of the suite, without it.
    pub length: Option<String>,
    /// Of which segment, such as `region=eu`; of all records, without it.
    pub segment: Option<String>,
    /// Those that start from this time on (RFC 3339, or a span before now such as `24h`, `7d`).
    pub since: Option<String>,
    /// Those that start before this time; now, without it.
    pub until: Option<String>,
    /// Whether it is active at once; it is, without it.
    pub activate: Option<bool>,
}

impl From<&BaselineRow> for BaselineVersionOut {
    fn from(it: &BaselineRow) -> Self {
        BaselineVersionOut {
            version: it.version,
            hash: it.hash.clone(),
            size: it.size,
            records: it.records,
            at: time(it.at),
            by: it.by.clone(),
            model: it.model.clone(),
            model_version: it.model_version.clone(),
            source: it.source.clone(),
            active: it.active,
        }
    }
}
