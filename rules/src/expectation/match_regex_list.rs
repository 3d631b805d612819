//! Each value's text matches any or all of several regular expressions.

use super::texts::{self, MATCH_ON, Wanted};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject};
use crate::python::regex::Pattern;

/// The kind.
pub static KIND: Kind = Kind {
    name: "match_regex_list",
    gx: "expect_column_values_to_match_regex_list",
    in_gx: true,
    since: "0.1.0",
    summary: "each value's text to match any or all of several regular expressions",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[
        Param::new("patterns", ParamType::SomeTexts, "The regular expressions, in Python's syntax.")
            .gx("regex_list")
            .required(),
        MATCH_ON,
    ],
    main: Some("patterns"),
    page: include_str!("match_regex_list.md"),
    compile,
};

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    let patterns = args.texts("patterns").unwrap_or_default();
    texts::check::<Pattern>(args, &KIND, "patterns", &patterns, Wanted::from_args(args))
}
