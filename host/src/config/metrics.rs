//! What is told at `/metrics`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::Span;

/// What is told at `/metrics`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Whether anyone may read metrics, though there are tokens; else a token of scope `metrics` or `read` is needed.
    pub public: bool,
    /// Time between two looks into the store for what metrics tell of windows, triggers, models and deliveries.
    pub refresh: Span,
    /// Series of metrics that come from the store; where there is more to tell, the metric
    /// `driftline_store_metrics_left_out` says how much, and what is of all records comes first.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub max_series: u32,
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics { public: false, refresh: Span::seconds(10), max_series: 20_000 }
    }
}
