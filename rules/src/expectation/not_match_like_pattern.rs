//! No value's text is like a SQL pattern.

use super::texts::{self, ESCAPE, Wanted};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject};
use crate::python::like::Like;

/// The kind.
pub static KIND: Kind = Kind {
    name: "not_match_like_pattern",
    gx: "expect_column_values_to_not_match_like_pattern",
    in_gx: true,
    since: "0.1.0",
    summary: "no value's text to be like a SQL pattern",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[
        Param::new("pattern", ParamType::Text, "The pattern: `%` is any text, `_` any one character.")
            .gx("like_pattern")
            .required(),
        ESCAPE,
    ],
    main: Some("pattern"),
    page: include_str!("not_match_like_pattern.md"),
    compile,
};

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    let pattern = args.text("pattern").unwrap_or_default();
    texts::check::<Like>(args, &KIND, "pattern", &[pattern], Wanted::None)
}
