//! Each value is text that is JSON.

use crate::kind::{Args, Binder, Check, Kind, Scope, Subject, ValueCheck};
use crate::python::json;
use crate::report::Outcome;
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "json_parseable",
    gx: "expect_column_values_to_be_json_parseable",
    in_gx: true,
    since: "0.1.0",
    summary: "each value to be text that is JSON",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[],
    main: None,
    page: include_str!("json_parseable.md"),
    compile,
};

struct Parseable;

fn compile(_: &Args, _: &mut Binder) -> Result<Check, String> {
    Ok(Check::Value(Box::new(Parseable)))
}

impl ValueCheck for Parseable {
    fn check(&self, value: &Value) -> Outcome {
        // Unlike its relatives, GX counts a value that is not text as a failure here.
        Outcome::of(value.as_str().is_some_and(json::parses))
    }

    fn bound(&self) -> String {
        "text that is JSON".to_owned()
    }
}
