//! What all kinds share that compare one number of a window with two bounds.

use super::bounds::{Bounds, MAX, MIN, STRICT_MAX, STRICT_MIN};
use crate::args::{Args, Form, Param, ParamType};
use crate::kind::{Check, View, WindowCheck};
use crate::python;
use crate::report::{Judgement, Outcome, Status};
use crate::sketch::{NumberKind, Numbers, Presence};
use crate::time::Time;
use crate::value::Value;

/// `min`, `max` and their strictness.
pub const BOUNDS: &[Param] = &[MIN, MAX, STRICT_MIN, STRICT_MAX];

/// The same for kinds whose bounds are numbers.
pub const NUMBERS: &[Param] = &[MIN.taking(ParamType::Number), MAX.taking(ParamType::Number), STRICT_MIN, STRICT_MAX];
/// The smallest number of something.
pub const MIN_COUNT: Param = MIN.taking(ParamType::Int);
/// The largest number of something.
pub const MAX_COUNT: Param = MAX.taking(ParamType::Int);
/// The same for kinds that count.
pub const COUNTS: &[Param] = &[MIN_COUNT, MAX_COUNT, STRICT_MIN, STRICT_MAX];

/// What was observed.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// The value; `None` when there is none, as the mean of nothing.
    pub value: Option<Value<'static>>,
    /// The relative error of the sketch that answered; `None`: exact. A value this near to the
    /// observed one counts as observed too, so that a sketch can never cause an alarm by itself.
    pub error: Option<f64>,
}

impl Aggregate {
    /// An exact value.
    pub const fn exact(value: Option<Value<'static>>) -> Self {
        Aggregate { value, error: None }
    }

    /// A number of records or values.
    pub fn count(it: u64) -> Self {
        Aggregate::exact(Some(count(it)))
    }

    /// The same with the error of the sketch that answered.
    #[must_use]
    pub const fn within(mut self, error: Option<f64>) -> Self {
        self.error = error;
        self
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

/// A number of records or values.
pub fn count(it: u64) -> Value<'static> {
    i64::try_from(it).map_or(Value::Big(it), Value::Int)
}

/// Records that have a value; NaN is none in GX's form.
pub fn there(presence: &Presence, view: &View) -> u64 {
    presence.present() + if view.form == Form::Short { presence.nan } else { 0 }
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
    let bounds = Bounds::from_args(args);
    // GX takes bounds that say nothing, and bounds that nothing can meet.
    if !args.is_gx() && bounds.is_open() {
        return Err("at least one of `min` and `max` is needed".to_owned());
    }
    if !args.is_gx() && bounds.are_reversed() {
        return Err("`min` is above `max`".to_owned());
    }
    Ok(within(bounds, observe))
}

/// The same with bounds that a kind has made itself.
pub fn within(bounds: Bounds, observe: impl Fn(&View) -> Result<Aggregate, String> + Send + Sync + 'static) -> Check {
    Check::Window(Box::new(Within { bounds, observe }))
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
            Ok(Aggregate { value: Some(value), error }) => self.compare(value, error, view).within(error),
        };
        judgement.bound(self.bounds.describe())
    }
}

impl<F> Within<F> {
    fn compare(&self, value: Value<'static>, error: Option<f64>, view: &View) -> Judgement {
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
            Outcome::Fail if !error.is_some_and(|it| self.bounds.hold_near(&value, it)) => {
                let why = format!("{} is not {}", python::text(&value), self.bounds.describe());
                Judgement::new(Status::Fail).why(why).observed(value)
            }
            _ => Judgement::new(Status::Pass).observed(value),
        }
    }
}
