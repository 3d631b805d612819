//! No value's text is like one of several SQL patterns.

use super::texts::{self, ESCAPE, Wanted};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject};
use crate::python::like::Like;

/// The kind.
pub static KIND: Kind = Kind {
    name: "not_match_like_pattern_list",
    gx: "expect_column_values_to_not_match_like_pattern_list",
    in_gx: true,
    since: "0.1.0",
    summary: "no value's text to be like any of several SQL patterns",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[
        Param::new("patterns", ParamType::SomeTexts, "The patterns: `%` is any text, `_` any one character.")
            .gx("like_pattern_list")
            .required(),
        ESCAPE,
    ],
    main: Some("patterns"),
    page: include_str!("not_match_like_pattern_list.md"),
    compile,
};

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    let patterns = args.texts("patterns").unwrap_or_default();
    texts::check::<Like>(args, &KIND, "patterns", &patterns, Wanted::None)
}
