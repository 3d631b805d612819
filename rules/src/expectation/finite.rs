//! Each value is a finite number.

use crate::kind::{Args, Binder, Check, Kind, Scope, Subject, ValueCheck};
use crate::report::Outcome;
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "finite",
    gx: "expect_column_values_to_be_finite",
    in_gx: false,
    since: "0.1.0",
    summary: "each value to be a number that is neither NaN nor infinite",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[],
    main: None,
    page: include_str!("finite.md"),
    compile,
};

struct Finite;

fn compile(_: &Args, _: &mut Binder) -> Result<Check, String> {
    Ok(Check::Value(Box::new(Finite)))
}

impl ValueCheck for Finite {
    fn check(&self, value: &Value) -> Outcome {
        match value {
            Value::Num(it) => Outcome::of(it.is_finite()),
            Value::Int(_) | Value::Big(_) | Value::Dec(_) => Outcome::Pass,
            _ => Outcome::Mismatch,
        }
    }

    fn bound(&self) -> String {
        "a finite number".to_owned()
    }
}
