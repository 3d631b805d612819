//! There is a number of records.

use super::{
    aggregate::{self, Aggregate},
    bounds::Bounds,
};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject};

/// The kind.
pub static KIND: Kind = Kind {
    name: "row_count_equal",
    gx: "expect_table_row_count_to_equal",
    in_gx: true,
    since: "0.1.0",
    summary: "a number of records",
    subject: Subject::Table,
    scope: Scope::Window,
    mostly: false,
    params: &[Param::new("value", ParamType::Int, "The number that is expected.").required()],
    main: Some("value"),
    page: include_str!("row_count_equal.md"),
    compile,
};

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    Ok(aggregate::within(Bounds::exactly(args.get("value")), |view| Ok(Aggregate::count(view.tally.seen))))
}
