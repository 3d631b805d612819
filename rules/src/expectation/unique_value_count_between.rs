//! The number of distinct values lies between two bounds.

use super::{
    aggregate::{self, Aggregate},
    distinct,
};
use crate::kind::{Args, Binder, Check, Kind, Scope, Subject};
use crate::sketch::{Sketch, Spec};

/// The kind.
pub static KIND: Kind = Kind {
    name: "unique_value_count_between",
    gx: "expect_column_unique_value_count_to_be_between",
    in_gx: true,
    since: "0.1.0",
    summary: "the number of distinct values to lie between two bounds",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: false,
    params: aggregate::COUNTS,
    main: None,
    page: include_str!("unique_value_count_between.md"),
    compile,
};

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let budget = binder.budget;
    let id = binder.sketch(Spec::Counts { budget });
    aggregate::check(args, move |view| {
        let Sketch::Counts(it) = view.sketch(id) else { return Ok(Aggregate::exact(None)) };
        distinct::count(it, view).map(|it| it.value)
    })
}
