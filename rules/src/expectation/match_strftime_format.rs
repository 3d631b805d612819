//! Each value is text that a date format reads.

use super::naming;
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject, ValueCheck};
use crate::python::strftime::Format;
use crate::report::Outcome;
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "match_strftime_format",
    gx: "expect_column_values_to_match_strftime_format",
    in_gx: true,
    since: "0.1.0",
    summary: "each value to be text that a date format reads",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[Param::new("format", ParamType::Text, "The format, in the directives of Python's `strptime`.")
        .gx("strftime_format")
        .required()],
    main: Some("format"),
    page: include_str!("match_strftime_format.md"),
    compile,
};

struct Dates {
    format: Format,
    written: String,
}

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    let written = args.text("format").unwrap_or_default();
    let format = Format::new(written).map_err(|it| naming::about(args, &KIND, "format", &it))?;
    Ok(Check::Value(Box::new(Dates { format, written: written.to_owned() })))
}

impl ValueCheck for Dates {
    fn check(&self, value: &Value) -> Outcome {
        value.as_str().map_or(Outcome::Mismatch, |it| Outcome::of(self.format.parses(it)))
    }

    fn bound(&self) -> String {
        format!("text of the date format `{}`", self.written)
    }
}
