//! The smallest value lies between two bounds.

use super::aggregate::{self, Aggregate};
use crate::kind::{Args, Binder, Check, Form, Kind, Scope, Subject};
use crate::sketch::{Sketch, Spec};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "min_between",
    gx: "expect_column_min_to_be_between",
    in_gx: true,
    since: "0.1.0",
    summary: "the smallest value to lie between two bounds",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: false,
    params: aggregate::BOUNDS,
    main: None,
    page: include_str!("min_between.md"),
    compile,
};

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let id = binder.sketch(Spec::Extremes);
    aggregate::check(args, move |view| {
        let Sketch::Extremes(it) = view.sketch(id) else { return Ok(Aggregate::exact(None)) };
        if let Some((a, b)) = it.mixed() {
            return Err(format!("values of the types {a} and {b} have no order"));
        }
        if view.form == Form::Short && it.nan > 0 {
            return Ok(Aggregate::exact(Some(Value::Num(f64::NAN))));
        }
        Ok(Aggregate::exact(it.min().cloned()))
    })
}
