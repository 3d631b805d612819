//! The share of records that have a value lies between two bounds.

use super::aggregate::{self, Aggregate};
use crate::kind::{Args, Binder, Check, Form, Kind, Scope, Subject};
use crate::sketch::{Sketch, Spec};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "proportion_of_non_null_values_between",
    gx: "expect_column_proportion_of_non_null_values_to_be_between",
    in_gx: true,
    since: "0.1.0",
    summary: "the share of records that have a value to lie between two bounds",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: false,
    params: aggregate::NUMBERS,
    main: None,
    page: include_str!("proportion_of_non_null_values_between.md"),
    compile,
};

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let id = binder.sketch(Spec::Presence);
    aggregate::check(args, move |view| {
        let Sketch::Presence(it) = view.sketch(id) else { return Ok(Aggregate::exact(None)) };
        if it.rows == 0 {
            return Ok(Aggregate::exact((view.form == Form::Gx).then_some(Value::Num(0.0))));
        }
        Ok(Aggregate::exact(Some(Value::Num(aggregate::there(it, view) as f64 / it.rows as f64))))
    })
}
