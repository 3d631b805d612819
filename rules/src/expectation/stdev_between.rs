//! The standard deviation of the values lies between two bounds.

use super::aggregate::{self, Aggregate, all_numbers};
use crate::kind::{Args, Binder, Check, Form, Kind, Scope, Subject};
use crate::sketch::{NumberKind, Sketch, Spec};

/// The kind.
pub static KIND: Kind = Kind {
    name: "stdev_between",
    gx: "expect_column_stdev_to_be_between",
    in_gx: true,
    since: "0.1.0",
    summary: "the standard deviation of the values to lie between two bounds",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: false,
    params: aggregate::NUMBERS,
    main: None,
    page: include_str!("stdev_between.md"),
    compile,
};

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let id = binder.sketch(Spec::Moments);
    let ends = [args.number("min"), args.number("max")];
    aggregate::check(args, move |view| {
        let Sketch::Moments(it) = view.sketch(id) else { return Ok(Aggregate::exact(None)) };
        all_numbers(&it.numbers)?;
        if let NumberKind::Times(_) = it.numbers.kind() {
            return Err("the standard deviation of dates is no number".to_owned());
        }
        let deviation = it.standard_deviation(1);
        let deviation = if view.form == Form::Gx { deviation.map(|it| on_bound(it, ends)) } else { deviation };
        Ok(Aggregate::of_numbers(view, deviation, &it.numbers))
    })
}

/// pandas rounds on the way to its result, so a bound copied from there is some last digits off.
fn on_bound(it: f64, ends: [Option<f64>; 2]) -> f64 {
    let near = |end: &f64| (it - end).abs() <= 4.0 * f64::EPSILON * end.abs();
    ends.into_iter().flatten().find(near).unwrap_or(it)
}
