//! Two bounds, as many kinds take them.

use std::cmp::Ordering;

use crate::args::{Args, Param, ParamType};
use crate::python;
use crate::report::Outcome;
use crate::time::Time;
use crate::value::Value;

/// `min`: a number, a date or a datetime.
pub const MIN: Param = Param::new("min", ParamType::Bound, "The smallest value that is expected.").gx("min_value");
/// `max`: a number, a date or a datetime.
pub const MAX: Param = Param::new("max", ParamType::Bound, "The largest value that is expected.").gx("max_value");
/// `strict_min`.
pub const STRICT_MIN: Param =
    Param::new("strict_min", ParamType::Bool, "Whether `min` itself is refused.").default("false");
/// `strict_max`.
pub const STRICT_MAX: Param =
    Param::new("strict_max", ParamType::Bool, "Whether `max` itself is refused.").default("false");

/// A range with optional ends.
#[derive(Clone, Debug, Default)]
pub struct Bounds {
    /// The lower end.
    pub min: Option<Value<'static>>,
    /// The upper end.
    pub max: Option<Value<'static>>,
    /// Whether the lower end is outside.
    pub strict_min: bool,
    /// Whether the upper end is outside.
    pub strict_max: bool,
}

impl Bounds {
    /// From the parameters `min`, `max`, `strict_min`, `strict_max`.
    pub fn from_args(args: &Args) -> Self {
        Bounds {
            min: args.get("min").cloned(),
            max: args.get("max").cloned(),
            strict_min: args.flag("strict_min"),
            strict_max: args.flag("strict_max"),
        }
    }

    /// One value alone.
    pub fn exactly(value: Option<&Value<'static>>) -> Self {
        Bounds { min: value.cloned(), max: value.cloned(), ..Bounds::default() }
    }

    /// Whether there is no bound at all.
    pub const fn is_open(&self) -> bool {
        self.min.is_none() && self.max.is_none()
    }

    /// Whether the lower end is above the upper.
    pub fn are_reversed(&self) -> bool {
        match (&self.min, &self.max) {
            (Some(min), Some(max)) => min.compare(max) == Some(Ordering::Greater),
            _ => false,
        }
    }

    /// `Mismatch` when the value cannot be compared with a bound; NaN is within no bound.
    pub fn judge(&self, value: &Value) -> Outcome {
        if value.is_nan() {
            return Outcome::of(self.is_open());
        }
        let mut within = true;
        for (bound, strict, outside) in
            [(&self.min, self.strict_min, Ordering::Less), (&self.max, self.strict_max, Ordering::Greater)]
        {
            let Some(bound) = bound else { continue };
            match compare(value, bound) {
                None => return Outcome::Mismatch,
                Some(order) => within &= order != outside && (order != Ordering::Equal || !strict),
            }
        }
        Outcome::of(within)
    }

    /// Whether some value within a relative error of this one lies within the bounds.
    pub fn hold_near(&self, value: &Value, error: f64) -> bool {
        let lower = Bounds { max: None, ..self.clone() };
        let upper = Bounds { min: None, ..self.clone() };
        lower.judge(&moved(value, error)) == Outcome::Pass && upper.judge(&moved(value, -error)) == Outcome::Pass
    }

    /// In words: `between 0 and 1`, `at least 0`, `above 0 and at most 1`.
    pub fn describe(&self) -> String {
        let text = |it: &Value| python::text(it).into_owned();
        match (&self.min, &self.max) {
            (Some(min), Some(max)) if !self.strict_min && !self.strict_max && min.same(max) => {
                format!("exactly {}", text(min))
            }
            (Some(min), Some(max)) if !self.strict_min && !self.strict_max => {
                format!("between {} and {}", text(min), text(max))
            }
            (min, max) => {
                let min = min
                    .as_ref()
                    .map(|it| format!("{} {}", if self.strict_min { "above" } else { "at least" }, text(it)));
                let max = max
                    .as_ref()
                    .map(|it| format!("{} {}", if self.strict_max { "below" } else { "at most" }, text(it)));
                let both: Vec<_> = min.into_iter().chain(max).collect();
                if both.is_empty() { "without a bound".to_owned() } else { both.join(" and ") }
            }
        }
    }
}

/// A value a share of itself larger, or smaller.
fn moved(value: &Value, by: f64) -> Value<'static> {
    match value {
        Value::Time(it) => Value::Time(Time {
            micros: it.micros.saturating_add((it.micros as f64 * by).abs().copysign(by) as i64),
            ..*it
        }),
        it => it.as_f64().map_or_else(|| it.to_owned(), |it| Value::Num(it + it.abs() * by)),
    }
}

/// Text that is a date meets a bound that is one.
fn compare(value: &Value, bound: &Value) -> Option<Ordering> {
    match (value, bound) {
        (Value::Str(text), Value::Time(bound)) => Time::parse(text)?.compare(bound),
        _ => value.compare(bound),
    }
}
