//! What is kept of a window, and what metrics and drift tests make of it.

use std::any::Any;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::about::{Open, Params, read_params};
use crate::bindings::about::exports::driftline::plugin::about;
use crate::bindings::drift_test::exports::driftline::plugin::drift_test as drift;
use crate::columns::{Inputs, Rows};
use crate::state;
use crate::{Batch, Binding, Capability, Context, Error, Measurement, Result};

/// How a window is summarised: the part that metrics and drift tests have in common.
///
/// The rule itself does not change; all that is learnt from rows is in the state, which is saved by serde.
pub trait Summary: Sized + 'static {
    /// What the capability says of itself.
    const ABOUT: Capability;

    /// Its parameters.
    type Params: Params;

    /// What is kept of rows. The default is that of none: it must be neutral in `merge`.
    type State: Default + Serialize + DeserializeOwned + 'static;

    /// The rule with its parameters. Errors: parameters or inputs that do not fit together.
    fn open(params: Self::Params, inputs: &Inputs) -> Result<Self>;

    /// Adds some records.
    fn observe(&self, state: &mut Self::State, rows: &Rows) -> Result<()>;

    /// Adds what was kept of others. The order must not matter, up to rounding.
    fn merge(&self, state: &mut Self::State, other: Self::State) -> Result<()>;
}

/// Numbers about one window.
pub trait Metric: Summary {
    /// What was measured. Fewer rows than it takes are [`Error::TooLittle`].
    fn finish(&self, context: &Context, window: &Window<Self::State>) -> Result<Measurements>;
}

/// A reference window against a current one.
pub trait DriftTest: Summary {
    /// Measures; bounds and alarms are the suite's. Fewer rows than it takes are [`Error::TooLittle`].
    fn compare(
        &self,
        context: &Context,
        reference: &Window<Self::State>,
        current: &Window<Self::State>,
    ) -> Result<Outcome>;
}

/// What was kept of a window.
#[derive(Clone, Debug, Default)]
pub struct Window<S> {
    /// How many rows were observed.
    pub rows: u64,
    /// The state after them.
    pub state: S,
}

/// What a metric measured.
#[derive(Clone, Debug, Default)]
pub struct Measurements(Vec<Measurement>);

impl Measurements {
    /// Nothing yet.
    pub fn new() -> Measurements {
        Measurements::default()
    }

    /// One of the capability's outputs.
    pub fn add(&mut self, name: &str, value: f64) {
        self.add_of(name, value, &[]);
    }

    /// One of the capability's outputs, of one of several things: `("intent", "refund")`.
    pub fn add_of(&mut self, name: &str, value: f64, labels: &[(&str, &str)]) {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        self.0.push(Measurement { name: name.to_owned(), value, labels });
    }
}

/// What a drift test measured.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The statistic or distance.
    pub statistic: f64,
    /// Its p-value, from 0 to 1.
    pub p_value: Option<f64>,
    /// Further outputs: effect size, degrees of freedom, what moved most.
    pub details: Measurements,
    /// What happened, in a sentence.
    pub explanation: Option<String>,
}

impl Outcome {
    /// A statistic alone.
    pub fn new(statistic: f64) -> Outcome {
        Outcome { statistic, ..Outcome::default() }
    }
}

/// A summary that was opened, whichever it is.
pub trait OpenSummary {
    /// Adds a batch.
    fn observe(&mut self, batch: &Batch) -> Result<()>;
    /// Adds a saved state.
    fn merge(&mut self, state: &[u8]) -> Result<()>;
    /// The state as bytes.
    fn save(&self) -> Result<Vec<u8>>;
    /// Rows observed, merged ones included.
    fn rows(&self) -> u64;
    /// What a metric measured.
    fn finish(&self, context: &Context) -> Result<Vec<Measurement>>;
    /// What a drift test measured; this is the reference.
    fn compare(&self, context: &Context, current: &dyn OpenSummary) -> Result<drift::Outcome>;
    /// Itself, for `compare`.
    fn as_any(&self) -> &dyn Any;
}

struct Opened<S: Summary> {
    rule: S,
    bindings: Vec<Binding>,
    window: Window<S::State>,
    finish: Option<Finish<S>>,
    compare: Option<Compare<S>>,
}

type Finish<S> = fn(&S, &Context, &Window<<S as Summary>::State>) -> Result<Measurements>;
type Compare<S> = fn(&S, &Context, &Window<<S as Summary>::State>, &Window<<S as Summary>::State>) -> Result<Outcome>;

impl<S: Summary> OpenSummary for Opened<S> {
    fn observe(&mut self, batch: &Batch) -> Result<()> {
        let rows = Rows::new(&self.bindings, batch)?;
        self.rule.observe(&mut self.window.state, &rows)?;
        self.window.rows += rows.len() as u64;
        Ok(())
    }

    fn merge(&mut self, state: &[u8]) -> Result<()> {
        let (rows, state) = state::load(S::ABOUT.state_version, state)?;
        self.rule.merge(&mut self.window.state, state)?;
        self.window.rows = self.window.rows.saturating_add(rows);
        Ok(())
    }

    fn save(&self) -> Result<Vec<u8>> {
        state::save(S::ABOUT.state_version, self.window.rows, &self.window.state)
    }

    fn rows(&self) -> u64 {
        self.window.rows
    }

    fn finish(&self, context: &Context) -> Result<Vec<Measurement>> {
        let finish = self.finish.ok_or_else(|| Error::internal(format!("{} is no metric", S::ABOUT.id)))?;
        declared::<S>(finish(&self.rule, context, &self.window)?)
    }

    fn compare(&self, context: &Context, current: &dyn OpenSummary) -> Result<drift::Outcome> {
        let compare = self.compare.ok_or_else(|| Error::internal(format!("{} is no drift test", S::ABOUT.id)))?;
        let current = current.as_any().downcast_ref::<Opened<S>>();
        let current = current.ok_or_else(|| Error::input("the two windows are of different capabilities"))?;
        let outcome = compare(&self.rule, context, &self.window, &current.window)?;
        Ok(drift::Outcome {
            statistic: outcome.statistic,
            p_value: outcome.p_value,
            details: declared::<S>(outcome.details)?,
            explanation: outcome.explanation,
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Complains of a measurement that is not among the outputs: suites could not bound it.
fn declared<S: Summary>(measured: Measurements) -> Result<Vec<Measurement>> {
    for measurement in &measured.0 {
        if !S::ABOUT.outputs.iter().any(|it| it.name == measurement.name) {
            let (id, name) = (S::ABOUT.id, &measurement.name);
            return Err(Error::internal(format!("{id} measured `{name}`, which is not among its outputs")));
        }
    }
    Ok(measured.0)
}

/// A metric or drift test of a plugin, not opened yet.
pub struct SummaryEntry {
    /// Its name in suites.
    pub id: &'static str,
    pub(crate) describe: fn() -> about::Capability,
    /// Opens it with parameters as JSON.
    pub open: Open<dyn OpenSummary>,
}

/// The entry of a metric.
pub fn metric<M: Metric>() -> SummaryEntry {
    SummaryEntry {
        id: M::ABOUT.id,
        describe: || M::ABOUT.describe::<M::Params>(about::Kind::Metric),
        open: |params, bindings| open::<M>(params, bindings, Some(M::finish), None),
    }
}

/// The entry of a drift test.
pub fn drift_test<D: DriftTest>() -> SummaryEntry {
    SummaryEntry {
        id: D::ABOUT.id,
        describe: || D::ABOUT.describe::<D::Params>(about::Kind::DriftTest),
        open: |params, bindings| open::<D>(params, bindings, None, Some(D::compare)),
    }
}

fn open<S: Summary>(
    params: &str,
    bindings: Vec<Binding>,
    finish: Option<Finish<S>>,
    compare: Option<Compare<S>>,
) -> Result<Box<dyn OpenSummary>> {
    S::ABOUT.check_bindings(&bindings)?;
    let rule = S::open(read_params(S::ABOUT.id, params)?, &Inputs(&bindings))?;
    let window = Window { rows: 0, state: S::State::default() };
    Ok(Box::new(Opened { rule, bindings, window, finish, compare }))
}
