//! Rules run natively, through the same adapters as in a component, and the laws that hold for all.
//!
//! A law that is broken panics with what was found: these functions are for tests.

mod columns;
mod laws;

pub use columns::Columns;
pub use laws::{drift_test_laws, metric_laws, record_check_laws};

use serde_json::Value;

use crate::bindings::about::exports::driftline::plugin::about;
pub use crate::bindings::drift_test::exports::driftline::plugin::drift_test::Outcome as Compared;
use crate::check::{self, Finding, OpenCheck};
use crate::export::{Component, Plugin};
use crate::summary::{self, OpenSummary};
use crate::{Context, DriftTest, Measurement, Metric, RecordCheck, Result};

/// The verdict on a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// There was nothing to judge.
    Skip,
}

/// What a record check answered.
#[derive(Clone, Debug)]
pub struct Judged {
    /// One for each record.
    pub verdicts: Vec<Verdict>,
    /// Why records failed, in order of rows.
    pub findings: Vec<Finding>,
}

/// A context with nothing known and the seed 1.
pub fn context() -> Context {
    Context { model: None, model_version: None, segment: None, window: None, seed: 1 }
}

/// What a record check answers.
pub fn check<C: RecordCheck>(params: &Value, columns: &Columns) -> Result<Judged> {
    judge(open_check::<C>(params, columns)?.as_ref(), columns, u32::MAX)
}

/// What a metric measures of one window.
pub fn measure<M: Metric>(params: &Value, columns: &Columns) -> Result<Vec<Measurement>> {
    let mut summary = open_metric::<M>(params, columns)?;
    summary.observe(&columns.batch())?;
    summary.finish(&context())
}

/// What a drift test measures of two windows.
pub fn compare<D: DriftTest>(params: &Value, reference: &Columns, current: &Columns) -> Result<Compared> {
    let observed = |columns: &Columns| -> Result<Box<dyn OpenSummary>> {
        let mut summary = open_drift_test::<D>(params, columns)?;
        summary.observe(&columns.batch())?;
        Ok(summary)
    };
    observed(reference)?.compare(&context(), observed(current)?.as_ref())
}

/// The value of a measurement without labels.
pub fn value(measurements: &[Measurement], name: &str) -> Option<f64> {
    measurements.iter().find(|it| it.name == name && it.labels.is_empty()).map(|it| it.value)
}

/// The value of a measurement with exactly these labels.
pub fn value_of(measurements: &[Measurement], name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let same = |it: &&Measurement| {
        let own = it.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        it.name == name && own.eq(labels.iter().copied())
    };
    measurements.iter().find(same).map(|it| it.value)
}

/// Panics unless what the plugin says of itself is complete: identifiers, sentences, schemas, and a page with cases.
pub fn describes_itself<P: Plugin>() {
    let about = <Component<P> as about::Guest>::describe();
    let word =
        |it: &str| !it.is_empty() && it.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-');
    assert!(word(&about.name), "`{}` is no name of a plugin", about.name);
    assert!(!about.description.is_empty(), "Cargo.toml has no description");
    assert!(about.page.contains("```yaml suite"), "the page has no case: a block `yaml suite`");
    assert!(!about.capabilities.is_empty(), "there is no capability");
    for capability in &about.capabilities {
        let id = &capability.id;
        assert!(word(id), "`{id}` is no identifier of a capability");
        assert!(about.capabilities.iter().filter(|it| it.id == *id).count() == 1, "two capabilities are called `{id}`");
        assert!(about.page.contains(&format!("{}.{id}", about.name)), "the page has no case of {}.{id}", about.name);
        assert!(!capability.summary.is_empty(), "{id} has no summary");
        let schema: Value = serde_json::from_str(&capability.params_schema).unwrap_or_default();
        assert!(schema["type"] == "object", "the parameters of {id} are not described as an object");
        assert!(!capability.inputs.is_empty(), "{id} reads nothing");
        for input in &capability.inputs {
            assert!(!input.accepts.is_empty(), "the input `{}` of {id} accepts nothing", input.name);
        }
    }
}

fn open_check<C: RecordCheck>(params: &Value, columns: &Columns) -> Result<Box<dyn OpenCheck>> {
    (check::entry::<C>().open)(&params.to_string(), columns.bindings())
}

fn open_metric<M: Metric>(params: &Value, columns: &Columns) -> Result<Box<dyn OpenSummary>> {
    (summary::metric::<M>().open)(&params.to_string(), columns.bindings())
}

fn open_drift_test<D: DriftTest>(params: &Value, columns: &Columns) -> Result<Box<dyn OpenSummary>> {
    (summary::drift_test::<D>().open)(&params.to_string(), columns.bindings())
}

fn judge(rule: &dyn OpenCheck, columns: &Columns, max_findings: u32) -> Result<Judged> {
    let answer = rule.check(&context(), &columns.batch(), max_findings)?;
    let bit = |bits: &[u8], row: usize| bits[row / 8] >> (row % 8) & 1 == 1;
    let verdicts = (0..columns.len()).map(|row| match &answer.skipped {
        Some(skipped) if bit(skipped, row) => Verdict::Skip,
        _ if bit(&answer.passed, row) => Verdict::Pass,
        _ => Verdict::Fail,
    });
    Ok(Judged { verdicts: verdicts.collect(), findings: answer.findings })
}
