//! What is said of columns that were compared.

use std::collections::BTreeMap;

use driftline_rules::baseline::number_json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

use crate::drift::Entry;

/// What a drift test says of a column.
#[derive(Debug, Serialize, ToSchema)]
pub struct ColumnDrift {
    /// The column.
    pub column: String,
    /// The test.
    pub test: Option<&'static str>,
    /// Its statistic, or distance; infinities are the texts `Infinity` and `-Infinity`.
    pub statistic: Option<Json>,
    /// Its p-value; none where the test has none.
    pub p_value: Option<f64>,
    /// The natural logarithm of the p-value, which is there where that underflows.
    pub ln_p_value: Option<f64>,
    /// The p-value, corrected for all columns; left out where none is corrected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_value_corrected: Option<f64>,
    /// The level of the p-value, or the threshold of a distance.
    pub threshold: Option<f64>,
    /// Whether it drifted; none: it could not be compared.
    pub drifted: Option<bool>,
    /// Values of the reference.
    pub n: u64,
    /// Values of the current side.
    pub m: u64,
    /// Whether the p-value is of the exact law of the statistic; of a distance, whether it is of the values themselves
    /// and not of a sketch.
    pub exact: Option<bool>,
    /// What has changed, in words.
    pub effect: Option<String>,
    /// Why it could not be compared.
    pub error: Option<String>,
    /// What else the test found, by its own names.
    #[schema(value_type = BTreeMap<String, Json>)]
    pub more: BTreeMap<&'static str, Json>,
}

impl From<&Entry> for ColumnDrift {
    fn from(it: &Entry) -> Self {
        let found = it.found.as_ref();
        ColumnDrift {
            column: it.column.clone(),
            test: it.test,
            statistic: found.map(|it| number_json(it.statistic)),
            p_value: found.and_then(|it| it.p_value),
            ln_p_value: found.and_then(|it| it.ln_p_value),
            p_value_corrected: it.corrected,
            threshold: it.threshold,
            drifted: it.drifted,
            n: it.n,
            m: it.m,
            exact: found.map(|it| it.exact),
            effect: it.effect.clone(),
            error: it.error.clone(),
            more: found.map_or_else(BTreeMap::new, |it| it.more.iter().map(|(k, v)| (*k, number_json(*v))).collect()),
        }
    }
}

/// Which stored windows are compared, and with what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DriftAsked {
    /// Windows that start from this time on (RFC 3339, or a span before now such as `24h`, `7d`); a day before `until`,
    /// without it.
    pub since: Option<String>,
    /// Windows that start before this time; now, without it.
    pub until: Option<String>,
    /// What their length is called: `5m`, `1h`, `month`; the shortest of the suite, without it.
    pub length: Option<String>,
    /// Those of one of the suite's `segments`, such as `region=eu`; those of all records, without it.
    pub segment: Option<String>,
    /// The fields; all that windows keep a distribution of, without it.
    pub fields: Option<Vec<String>>,
    /// The drift test; one is chosen by type and size of each field, without it.
    pub test: Option<String>,
    /// Its parameters.
    #[schema(value_type = Option<Object>)]
    pub params: Option<Map<String, Json>>,
    /// What they are compared with; the baseline that the suite names, without it.
    pub against: Option<AgainstAsked>,
}

/// What stored windows are compared with: a baseline by name, or other windows.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgainstAsked {
    /// The active version of this baseline; it takes no other member.
    pub baseline: Option<String>,
    /// Windows that start from this time on.
    pub since: Option<String>,
    /// Windows that start before this time; now, without it.
    pub until: Option<String>,
    /// What their length is called; as that of the windows that are compared, without it.
    pub length: Option<String>,
    /// Of which segment, empty of all records; as that of the windows that are compared, without it.
    pub segment: Option<String>,
}

/// What stored windows say beside a reference.
#[derive(Debug, Serialize, ToSchema)]
pub struct DriftOut {
    /// The suite.
    pub suite: String,
    /// The content hash of its version.
    pub suite_hash: String,
    /// What was compared with, in words.
    pub reference: String,
    /// What was compared, in words.
    pub current: String,
    /// How p-values were corrected for the number of columns; none: each stands by itself.
    pub correction: Option<&'static str>,
    /// By column.
    pub columns: Vec<ColumnDrift>,
}
