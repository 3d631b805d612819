//! No value's text matches a regular expression.

use super::texts::{self, Wanted};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject};
use crate::python::regex::Pattern;

/// The kind.
pub static KIND: Kind = Kind {
    name: "not_match_regex",
    gx: "expect_column_values_to_not_match_regex",
    in_gx: true,
    since: "0.1.0",
    summary: "no value's text to match a regular expression",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[Param::new(
        "pattern",
        ParamType::Text,
        "The regular expression, in Python's syntax; it must match nowhere in the text.",
    )
    .gx("regex")
    .required()],
    main: Some("pattern"),
    page: include_str!("not_match_regex.md"),
    compile,
};

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    let pattern = args.text("pattern").unwrap_or_default();
    texts::check::<Pattern>(args, &KIND, "pattern", &[pattern], Wanted::None)
}
