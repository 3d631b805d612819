//! Each value's text has the same given length.

use super::value_lengths_between::length;
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject, ValueCheck};
use crate::report::Outcome;
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "value_lengths_equal",
    gx: "expect_column_value_lengths_to_equal",
    in_gx: true,
    since: "0.1.0",
    summary: "each value's text to have a given length",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[Param::new("value", ParamType::Number, "The length that is expected, in characters.").required()],
    main: Some("value"),
    page: include_str!("value_lengths_equal.md"),
    compile,
};

struct Length {
    value: f64,
    gx: bool,
}

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    let value = args.number("value").unwrap_or_default();
    // In GX it is a float, and no length equals 2.5.
    if !args.is_gx() && (value.fract() != 0.0 || value < 0.0) {
        return Err(format!("`value`: a length is a whole number of at least 0, found {value}"));
    }
    Ok(Check::Value(Box::new(Length { value, gx: args.is_gx() })))
}

impl ValueCheck for Length {
    fn check(&self, value: &Value) -> Outcome {
        length(value, self.gx).map_or(Outcome::Mismatch, |it| Outcome::of(it as f64 == self.value))
    }

    fn bound(&self) -> String {
        format!("of length {}", self.value)
    }

    fn why(&self, value: &Value) -> Option<String> {
        length(value, self.gx).map(|it| format!("its length is {it}"))
    }
}
