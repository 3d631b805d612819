//! The number of records lies between two bounds.

use super::{
    aggregate::{self, Aggregate},
    bounds::Bounds,
};
use crate::kind::{Args, Binder, Check, Kind, Scope, Subject};

/// The kind.
pub static KIND: Kind = Kind {
    name: "row_count_between",
    gx: "expect_table_row_count_to_be_between",
    in_gx: true,
    since: "0.1.0",
    summary: "the number of records to lie between two bounds",
    subject: Subject::Table,
    scope: Scope::Window,
    mostly: false,
    params: aggregate::COUNTS,
    main: None,
    page: include_str!("row_count_between.md"),
    compile,
};

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    if Bounds::from_args(args).are_reversed() {
        return Err("`min` is above `max`".to_owned());
    }
    aggregate::check(args, |view| Ok(Aggregate::count(view.tally.seen)))
}
