//! The number of columns lies between two bounds.

use super::{aggregate, columns};
use crate::kind::{Args, Binder, Check, Kind, Scope, Subject};

/// The kind.
pub static KIND: Kind = Kind {
    name: "column_count_between",
    gx: "expect_table_column_count_to_be_between",
    in_gx: true,
    since: "0.1.0",
    summary: "the number of columns to lie between two bounds",
    subject: Subject::Table,
    scope: Scope::Window,
    mostly: false,
    params: &[aggregate::MIN_COUNT, aggregate::MAX_COUNT],
    main: None,
    page: include_str!("column_count_between.md"),
    compile,
};

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    binder.bindings.reads_columns = true;
    aggregate::check(args, |view| Ok(columns::count(view)))
}
