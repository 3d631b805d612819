//! One quantile of the values lies between two bounds.

use super::aggregate::{self, Aggregate};
use super::bounds::{MAX, MIN, STRICT_MAX, STRICT_MIN};
use super::quantiles;
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject};
use crate::sketch::{Interpolation, Sketch, Spec};

/// The kind.
pub static KIND: Kind = Kind {
    name: "quantile_between",
    gx: "expect_column_quantile_to_be_between",
    in_gx: false,
    since: "0.1.0",
    summary: "one quantile of the values to lie between two bounds",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: false,
    params: &[
        Param::new("quantile", ParamType::Ratio, "Which quantile, from 0 to 1.").required(),
        MIN,
        MAX,
        STRICT_MIN,
        STRICT_MAX,
        Param::new("interpolation", ParamType::Choice(quantiles::WORDS), "What a quantile between two values is.")
            .default("linear"),
    ],
    main: None,
    page: include_str!("quantile_between.md"),
    compile,
};

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let budget = binder.budget;
    let id = binder.sketch(Spec::Values { rows: false, budget });
    let quantile = args.number("quantile").unwrap_or(0.5);
    let by = quantiles::interpolation(args.text("interpolation")).unwrap_or(Interpolation::Linear);
    aggregate::check(args, move |view| {
        let Sketch::Values(it) = view.sketch(id) else { return Ok(Aggregate::exact(None)) };
        let found = quantiles::observe(view, it, &[quantile], by)?.pop();
        Ok(found.unwrap_or(Aggregate::exact(None)))
    })
}
