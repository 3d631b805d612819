//! Each value is text that Python's dateutil reads as a date.

use crate::kind::{Args, Binder, Check, Kind, Scope, Subject, ValueCheck};
use crate::python::dateutil;
use crate::report::Outcome;
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "dateutil_parseable",
    gx: "expect_column_values_to_be_dateutil_parseable",
    in_gx: true,
    since: "0.1.0",
    summary: "each value to be text that Python's `dateutil` reads as a date",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[],
    main: None,
    page: include_str!("dateutil_parseable.md"),
    compile,
};

struct Parseable;

fn compile(_: &Args, _: &mut Binder) -> Result<Check, String> {
    Ok(Check::Value(Box::new(Parseable)))
}

impl ValueCheck for Parseable {
    fn check(&self, value: &Value) -> Outcome {
        value.as_str().map_or(Outcome::Mismatch, |it| Outcome::of(dateutil::parses(it)))
    }

    fn bound(&self) -> String {
        "text that dateutil reads as a date".to_owned()
    }
}
