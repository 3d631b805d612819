//! What rules share that call numbers unexpected for their distance from the others.

use super::records::{self, Found, as_they_came};
use crate::kind::{Form, View};
use crate::report::{Judgement, Status};
use crate::sketch::{NumberKind, Numbers, Values};

/// Judges each number by `outside(number, error)`: whether it lies outside even when it, and the quantiles that
/// it is measured by, are off by that relative error.
pub fn judge(view: &View, bound: String, values: &Values, outside: impl Fn(f64, f64) -> bool) -> Judgement {
    let numbers = &values.numbers;
    if let Err(why) = judgeable(view, numbers) {
        let status = if view.form == Form::Gx { Status::Error } else { Status::Fail };
        return Judgement::new(status).why(why).bound(bound);
    }
    // In the short form what has no place among the numbers is unexpected itself, and cannot be named.
    let others = if view.form == Form::Short { numbers.nan + numbers.refused } else { 0 };
    let members = values.rows_where(&|it| outside(it, 0.0));
    let unexpected = values.count_where(&|it| outside(it, 0.0));
    let surely = match values.error_bound() {
        Some(error) => values.count_where(&|it| outside(it, error)),
        None => unexpected,
    };
    let why = if others > 0 {
        format!("{unexpected} of {} numbers are outside, and {others} values are no numbers", numbers.n)
    } else {
        format!("{unexpected} of {} numbers are outside", numbers.n)
    };
    let found = Found {
        judged: numbers.n + others,
        unexpected: unexpected + others,
        surely: surely + others,
        members: as_they_came(numbers, members.unwrap_or_default()),
        error: values.error_bound(),
        why: Some(why),
    };
    records::judge(view, bound, found)
}

fn judgeable(view: &View, numbers: &Numbers) -> Result<(), String> {
    if numbers.kind() == NumberKind::Mixed {
        return Err("the values are numbers and times, which have nothing in common".to_owned());
    }
    match numbers.refused_type() {
        Some(first) if view.form == Form::Gx => {
            Err(format!("{} of the values are no numbers, the first is of type {}", numbers.refused, first.name()))
        }
        _ => Ok(()),
    }
}
