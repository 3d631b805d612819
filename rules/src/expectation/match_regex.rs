//! Each value's text matches a regular expression.

use super::texts::{self, Wanted};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject};
use crate::python::regex::Pattern;

/// The kind.
pub static KIND: Kind = Kind {
    name: "match_regex",
    gx: "expect_column_values_to_match_regex",
    in_gx: true,
    since: "0.1.0",
    summary: "each value's text to match a regular expression",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[Param::new(
        "pattern",
        ParamType::Text,
        "The regular expression, in Python's syntax; it may match anywhere in the text.",
    )
    .gx("regex")],
    main: Some("pattern"),
    page: include_str!("match_regex.md"),
    compile,
};

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    let pattern = match args.text("pattern") {
        Some(it) => it,
        // GX's default, which everything matches.
        None if args.is_gx() => "(?s).*",
        None => return Err("`match_regex` needs `pattern`: text".to_owned()),
    };
    texts::check::<Pattern>(args, &KIND, "pattern", &[pattern], Wanted::All)
}
