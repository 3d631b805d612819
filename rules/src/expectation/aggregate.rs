//! What all kinds share that compare one number of a window with two bounds.

use super::bounds::{Bounds, MAX, MIN, STRICT_MAX, STRICT_MIN};
use crate::args::{Args, Form, Param};
use crate::kind::{Check, View, WindowCheck};
use crate::report::{Judgement, Outcome, Status};
use crate::sketch::{NumberKind, Numbers};
use crate::time::Time;
use crate::value::Value;

/// `min`, `max` and their strictness.
pub const BOUNDS: &[Param] = &[MIN, MAX, STRICT_MIN, STRICT_MAX];

/// What was observed.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// The value; `None` when there is none, as the mean of nothing.
    pub value: Option<Value<'static>>,
    /// The relative error of the sketch that answered; `None`: exact.
    pub error: Option<f64>,
}

impl Aggregate {
    /// An exact value.
    pub const fn exact(value: Option<Value<'static>>) -> Self {
        Aggregate { value, error: None }
    }

    /// A statistic of numbers: a time when they are times, NaN when NaN is among them and counts as a value.
    pub fn of_numbers(view: &View, value: Option<f64>, numbers: &Numbers) -> Self {
        let value = match (value, numbers.kind()) {
            _ if view.form == Form::Short && numbers.nan > 0 => Some(Value::Num(f64::NAN)),
            (Some(it), NumberKind::Times(zone)) => {
                Some(Value::Time(Time { micros: it.round_ties_even() as i64, zone }))
            }
            (it, _) => it.map(Value::Num),
        };
        Aggregate::exact(value)
    }
}

/// Refuses values that are no numbers: an error in a suite of GX's form, else a failure.
pub fn all_numbers(numbers: &Numbers) -> Result<(), String> {
    if let Some(first) = numbers.refused_type() {
        return Err(format!("{} of the values are no numbers, the first is of type {}", numbers.refused, first.name()));
    }
    if numbers.kind() == NumberKind::Mixed {
        return Err("the values are numbers and times, which have nothing in common".to_owned());
    }
    Ok(())
}

/// Compares what `observe` gives with the bounds.
pub fn check(
    args: &Args,
    observe: impl Fn(&View) -> Result<Aggregate, String> + Send + Sync + 'static,
) -> Result<Check, String> {
    Ok(Check::Window(Box::new(Within { bounds: Bounds::from_args(args), observe })))
}

struct Within<F> {
    bounds: Bounds,
    observe: F,
}

impl<F: Fn(&View) -> Result<Aggregate, String> + Send + Sync> WindowCheck for Within<F> {
    fn judge(&self, view: &View) -> Judgement {
        let judgement = match (self.observe)(view) {
            Err(why) if view.form == Form::Gx => Judgement::error(why),
            Err(why) => Judgement::new(Status::Fail).why(why),
            Ok(Aggregate { value: None, .. }) if view.form == Form::Gx => {
                Judgement::new(Status::Fail).observed(Value::Null).why("there is no value to judge")
            }
            Ok(Aggregate { value: None, .. }) => Judgement::skip("there is no value to judge"),
            Ok(Aggregate { value: Some(value), error }) => self.compare(value, view).within(error),
        };
        judgement.bound(self.bounds.describe())
    }
}

impl<F> Within<F> {
    fn compare(&self, value: Value<'static>, view: &View) -> Judgement {
        if value.is_nan() {
            let observed = if view.form == Form::Gx { Value::Null } else { value };
            return Judgement::new(Status::Fail).observed(observed).why("the result is not a number (NaN)");
        }
        match self.bounds.judge(&value) {
            Outcome::Mismatch => {
                let why = format!("the observed {} cannot be compared with the bound", value.type_name());
                let status = if view.form == Form::Gx { Status::Error } else { Status::Fail };
                Judgement::new(status).why(why)
            }
            outcome => Judgement::new(Status::of(outcome == Outcome::Pass)).observed(value),
        }
    }
}
