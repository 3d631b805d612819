//! The sum of the values lies between two bounds.

use super::aggregate::{self, Aggregate, all_numbers};
use crate::kind::{Args, Binder, Check, Form, Kind, Scope, Subject};
use crate::sketch::{NumberKind, Sketch, Spec};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "sum_between",
    gx: "expect_column_sum_to_be_between",
    in_gx: true,
    since: "0.1.0",
    summary: "the sum of the values to lie between two bounds",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: false,
    params: aggregate::BOUNDS,
    main: None,
    page: include_str!("sum_between.md"),
    compile,
};

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let id = binder.sketch(Spec::Moments);
    aggregate::check(args, move |view| {
        let Sketch::Moments(it) = view.sketch(id) else { return Ok(Aggregate::exact(None)) };
        all_numbers(&it.numbers)?;
        if let NumberKind::Times(_) = it.numbers.kind() {
            return Err("dates have no sum".to_owned());
        }
        if it.numbers.n == 0 {
            let sum = if view.form == Form::Gx { Some(0.0) } else { None };
            return Ok(Aggregate::of_numbers(view, sum, &it.numbers));
        }
        let whole = if it.numbers.nan > 0 && view.form == Form::Short { None } else { it.integer_sum() };
        Ok(match whole.and_then(integer) {
            Some(it) => Aggregate::exact(Some(it)),
            None => Aggregate::of_numbers(view, Some(it.sum()), &it.numbers),
        })
    })
}

/// `None` where no integer of 64 bits holds it.
fn integer(it: i128) -> Option<Value<'static>> {
    i64::try_from(it).map(Value::Int).or_else(|_| u64::try_from(it).map(Value::Big)).ok()
}
