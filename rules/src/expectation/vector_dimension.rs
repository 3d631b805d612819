//! Each vector has a number of components.

use super::bounds::Bounds;
use super::vector;
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject, ValueCheck};
use crate::report::Outcome;
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "vector_dimension",
    gx: "expect_column_vector_dimensions_to_be_between",
    in_gx: false,
    since: "0.1.0",
    summary: "each vector to have a given number of components",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[
        Param::new("value", ParamType::Int, "The number of components that is expected."),
        Param::new("min", ParamType::Int, "The smallest number that is expected, in place of `value`.").gx("min_value"),
        Param::new("max", ParamType::Int, "The greatest number that is expected, in place of `value`.").gx("max_value"),
    ],
    main: Some("value"),
    page: include_str!("vector_dimension.md"),
    compile,
};

struct Dimension(Bounds);

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    let bounds = match args.get("value") {
        Some(_) if args.get("min").is_some() || args.get("max").is_some() => {
            return Err("`value` stands in place of `min` and `max`, not beside them".to_owned());
        }
        Some(it) => Bounds { min: Some(it.clone()), max: Some(it.clone()), ..Bounds::default() },
        None => Bounds::from_args(args),
    };
    if bounds.is_open() {
        return Err("`value`, or at least one of `min` and `max`, is needed".to_owned());
    }
    if bounds.are_reversed() {
        return Err("`min` is above `max`".to_owned());
    }
    Ok(Check::Value(Box::new(Dimension(bounds))))
}

impl ValueCheck for Dimension {
    fn check(&self, value: &Value) -> Outcome {
        match vector::fold(value, 0_i64, |n, _| n.saturating_add(1)) {
            Some(it) => self.0.judge(&Value::Int(it)),
            None => Outcome::Mismatch,
        }
    }

    fn bound(&self) -> String {
        match (&self.0.min, &self.0.max) {
            (Some(Value::Int(min)), Some(Value::Int(max))) if min == max => format!("a vector of {min} components"),
            _ => format!("a vector whose number of components is {}", self.0.describe()),
        }
    }

    fn why(&self, value: &Value) -> Option<String> {
        Some(match vector::fold(value, 0_i64, |n, _| n.saturating_add(1)) {
            Some(it) => format!("it has {it}"),
            None => vector::why_not(value),
        })
    }
}
