//! The names of metrics, which stand for `quality` with that metric.

use serde_json::{Map, Value as Json, json};

use super::params;
use crate::args::Form;
use crate::expectation::quality;

/// What stands after the name of a metric: what stands after the kind's, but for the metric.
pub(super) fn metric() -> Json {
    let mut it = params(&quality::KIND, Form::Short, Map::new());
    if let Some(it) = it.as_object_mut() {
        it.remove("allOf");
    }
    if let Some(members) = it["properties"].as_object_mut() {
        members.remove("metric");
    }
    it["description"] = json!("Expects the metric to lie within bounds. `driftline kinds quality` shows its page.");
    it
}
