//! The length of each value's text lies between two bounds.

use super::bounds::{Bounds, STRICT_MAX, STRICT_MIN};
use super::texts::text_of;
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject, ValueCheck};
use crate::python::text;
use crate::report::Outcome;
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "value_lengths_between",
    gx: "expect_column_value_lengths_to_be_between",
    in_gx: true,
    since: "0.1.0",
    summary: "the length of each value's text to lie between two bounds",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[
        Param::new("min", ParamType::Int, "The smallest length that is expected, in characters.").gx("min_value"),
        Param::new("max", ParamType::Int, "The greatest length that is expected, in characters.").gx("max_value"),
        STRICT_MIN,
        STRICT_MAX,
    ],
    main: None,
    page: include_str!("value_lengths_between.md"),
    compile,
};

struct Lengths {
    bounds: Bounds,
    gx: bool,
}

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    let bounds = Bounds::from_args(args);
    if bounds.is_open() {
        return Err("at least one of `min` and `max` is needed".to_owned());
    }
    // GX lets reversed bounds through, and nothing passes.
    if bounds.are_reversed() && !args.is_gx() {
        return Err("`min` is above `max`".to_owned());
    }
    Ok(Check::Value(Box::new(Lengths { bounds, gx: args.is_gx() })))
}

impl ValueCheck for Lengths {
    fn check(&self, value: &Value) -> Outcome {
        length(value, self.gx).map_or(Outcome::Mismatch, |it| self.bounds.judge(&Value::Int(it)))
    }

    fn bound(&self) -> String {
        format!("of a length {}", self.bounds.describe())
    }

    fn why(&self, value: &Value) -> Option<String> {
        length(value, self.gx).map(|it| format!("its length is {it}"))
    }
}

/// The length of the text that a value is judged by; `None` when it has none.
pub fn length(value: &Value, gx: bool) -> Option<i64> {
    let length = match value {
        // These need no text to be written.
        Value::Str(_) | Value::Int(_) => text::length(value),
        _ => text_of(value, gx)?.chars().count() as u64,
    };
    i64::try_from(length).ok()
}
