//! There is a number of columns.

use super::{aggregate, bounds::Bounds, columns};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject};

/// The kind.
pub static KIND: Kind = Kind {
    name: "column_count_equal",
    gx: "expect_table_column_count_to_equal",
    in_gx: true,
    since: "0.1.0",
    summary: "a number of columns",
    subject: Subject::Table,
    scope: Scope::Window,
    mostly: false,
    params: &[Param::new("value", ParamType::Int, "The number that is expected.").required()],
    main: Some("value"),
    page: include_str!("column_count_equal.md"),
    compile,
};

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    binder.bindings.reads_columns = true;
    Ok(aggregate::within(Bounds::exactly(args.get("value")), |view| Ok(columns::count(view))))
}
