//! What was measured of the baseline elsewhere: a file of metrics.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, bail};
use driftline_rules::quality::Label;
use driftline_rules::quality::known::{Offline as Known, Told};
use serde_json::Value as Json;

use super::metric::Metric;

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
    ) -> anyhow::Result<BTreeMap<&'static str, Told>> {
        let mut out = BTreeMap::new();
        let mut missing = Vec::new();
        for metric in metrics {
            match Known(&self.json).find(metric.name, positive) {
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
}
