//! Each value lies between two bounds.

use super::bounds::{Bounds, EXACT, MAX, MIN, STRICT_MAX, STRICT_MIN};
use crate::kind::{Args, Binder, Check, Kind, Scope, Subject, ValueCheck};
use crate::report::Outcome;
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "between",
    gx: "expect_column_values_to_be_between",
    in_gx: true,
    since: "0.1.0",
    summary: "each value to lie between two bounds",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[MIN, MAX, STRICT_MIN, STRICT_MAX],
    main: None,
    page: include_str!("between.md"),
    compile,
};

struct Between {
    bounds: Bounds,
    floats: Option<(f64, f64)>,
    /// GX compares text with no bound; in the short form text that is a date meets a date.
    gx: bool,
}

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    let bounds = Bounds::from_args(args);
    if bounds.is_open() {
        return Err("at least one of `min` and `max` is needed".to_owned());
    }
    if bounds.are_reversed() {
        return Err("`min` is above `max`".to_owned());
    }
    Ok(Check::Value(Box::new(Between { floats: bounds.as_floats(), bounds, gx: args.is_gx() })))
}

impl ValueCheck for Between {
    fn check(&self, value: &Value) -> Outcome {
        match (self.floats, value) {
            (Some((min, max)), Value::Num(it)) => return Outcome::of(min <= *it && *it <= max),
            (Some((min, max)), Value::Int(it)) if it.unsigned_abs() <= EXACT => {
                return Outcome::of(min <= *it as f64 && *it as f64 <= max);
            }
            _ => {}
        }
        if self.gx && matches!(value, Value::Str(_)) {
            return Outcome::Mismatch;
        }
        self.bounds.judge(value)
    }

    fn bound(&self) -> String {
        self.bounds.describe()
    }
}
