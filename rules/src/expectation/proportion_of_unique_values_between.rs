//! The number of distinct values, as a share of all values, lies between two bounds.

use super::{
    aggregate::{self, Aggregate},
    distinct,
};
use crate::kind::{Args, Binder, Check, Kind, Scope, Subject};
use crate::sketch::{Sketch, Spec};

/// The kind.
pub static KIND: Kind = Kind {
    name: "proportion_of_unique_values_between",
    gx: "expect_column_proportion_of_unique_values_to_be_between",
    in_gx: true,
    since: "0.1.0",
    summary: "the number of distinct values, as a share of all values, to lie between two bounds",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: false,
    params: aggregate::NUMBERS,
    main: None,
    page: include_str!("proportion_of_unique_values_between.md"),
    compile,
};

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let budget = binder.budget;
    let id = binder.sketch(Spec::Counts { budget });
    aggregate::check(args, move |view| {
        let Sketch::Counts(it) = view.sketch(id) else { return Ok(Aggregate::exact(None)) };
        distinct::count(it, view).map(|it| it.share)
    })
}
