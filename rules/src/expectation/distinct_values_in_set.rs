//! Each distinct value is one of a set.

use super::distinct::{self, Relation};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject};

/// The kind.
pub static KIND: Kind = Kind {
    name: "distinct_values_in_set",
    gx: "expect_column_distinct_values_to_be_in_set",
    in_gx: true,
    since: "0.1.0",
    summary: "each distinct value to be one of a set",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: false,
    params: &[Param::new("values", ParamType::SomeValues, "The set.").gx("value_set").required()],
    main: Some("values"),
    page: include_str!("distinct_values_in_set.md"),
    compile,
};

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    distinct::check(args, binder, Relation::Within)
}
