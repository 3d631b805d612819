//! The median of the values lies between two bounds.

use super::aggregate::{self, Aggregate, all_numbers};
use crate::kind::{Args, Binder, Check, Kind, Scope, Subject};
use crate::sketch::{Interpolation, Sketch, Spec, Values};

/// The kind.
pub static KIND: Kind = Kind {
    name: "median_between",
    gx: "expect_column_median_to_be_between",
    in_gx: true,
    since: "0.1.0",
    summary: "the median of the values to lie between two bounds",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: false,
    params: aggregate::BOUNDS,
    main: None,
    page: include_str!("median_between.md"),
    compile,
};

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let budget = binder.budget;
    let id = binder.sketch(Spec::Values { rows: false, budget });
    aggregate::check(args, move |view| {
        let Sketch::Values(it) = view.sketch(id) else { return Ok(Aggregate::exact(None)) };
        all_numbers(&it.numbers)?;
        Ok(Aggregate::of_numbers(view, median(it), &it.numbers).within(it.error_bound()))
    })
}

/// The middle value, or the mean of the two middle values.
fn median(values: &Values) -> Option<f64> {
    let it = values.quantile(0.5, Interpolation::Midpoint)?;
    if it.is_finite() {
        return Some(it);
    }
    // On the line from a number to an infinity nothing is halfway, but their sum has a half.
    Some(values.quantile(0.5, Interpolation::Lower)? / 2.0 + values.quantile(0.5, Interpolation::Higher)? / 2.0)
}
