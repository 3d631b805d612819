//! What was measured of the baseline elsewhere: a file of metrics.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, bail};
use driftline_rules::quality::Label;
use driftline_rules::quality::interval::reach;
use serde_json::Value as Json;

use super::metric::Metric;

/// A metric of the baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// Its value.
    pub value: f64,
    /// Its standard error, if an interval was told.
    pub error: Option<f64>,
    /// The records that it was measured on, if that was told.
    pub n: Option<f64>,
}

/// A file of metrics.
pub struct Offline {
    name: String,
    json: Json,
}

impl Offline {
    /// Reads it: an object of metrics by name, or one that has such an object under `metrics`.
    pub fn read(path: &str) -> anyhow::Result<Self> {
        let text = fs::read(path).with_context(|| path.to_owned())?;
        let json: Json = serde_json::from_slice(&text).with_context(|| format!("{path}: not JSON"))?;
        if !json.is_object() {
            bail!("{path}: metrics are an object, such as {{\"accuracy\": 0.95, \"n\": 10000}}");
        }
        Ok(Offline { name: path.to_owned(), json })
    }

    /// What it says of the metrics; all that are missing at once.
    pub fn known(
        &self,
        metrics: impl Iterator<Item = &'static Metric>,
        positive: Option<&Label>,
    ) -> anyhow::Result<BTreeMap<&'static str, Known>> {
        let mut out = BTreeMap::new();
        let mut missing = Vec::new();
        for metric in metrics {
            match self.one(metric.name, positive) {
                Some(it) => {
                    out.insert(metric.name, it);
                }
                None => missing.push(format!("`{}`", metric.name)),
            }
        }
        if !missing.is_empty() {
            bail!("{}: no number of {}", self.name, missing.join(", "));
        }
        Ok(out)
    }

    fn one(&self, name: &str, positive: Option<&Label>) -> Option<Known> {
        let inner = &self.json["metrics"];
        let of_class = positive.map(|it| format!("per_class.{it}.{name}"));
        let value = self.json[name]
            .as_f64()
            .or_else(|| inner[name].as_f64())
            .or_else(|| self.json["per_class"][positive?.to_string()][name].as_f64())?;
        let intervals = &self.json["intervals"];
        let mut intervals_of = [name, of_class.as_deref().unwrap_or(name)].into_iter().map(|it| &intervals[it]);
        let width = intervals_of.find_map(|it| Some(it[1].as_f64()? - it[0].as_f64()?));
        let error = width.and_then(|width| {
            let confidence = self.json["confidence"].as_f64().unwrap_or(0.95);
            Some(width / 2.0 / reach(confidence)?).filter(|it| it.is_finite() && *it > 0.0)
        });
        let n = self.json["n"].as_f64().or_else(|| inner["n"].as_f64()).filter(|it| *it > 0.0);
        Some(Known { value, error, n })
    }
}
