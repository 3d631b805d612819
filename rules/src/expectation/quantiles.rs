//! What the two kinds about quantiles share.

use super::aggregate::{Aggregate, all_numbers};
use crate::args::Form;
use crate::kind::View;
use crate::sketch::{Interpolation, NumberKind, Sketch, Type, Values};
use crate::value::Value;

/// How a quantile between two values may be taken, in numpy's words.
pub const WORDS: &[&str] = &["linear", "lower", "higher", "midpoint", "nearest"];

/// The interpolation of a word.
pub fn interpolation(word: Option<&str>) -> Option<Interpolation> {
    Some(match word? {
        "linear" => Interpolation::Linear,
        "lower" => Interpolation::Lower,
        "higher" => Interpolation::Higher,
        "midpoint" => Interpolation::Midpoint,
        "nearest" => Interpolation::Nearest,
        _ => return None,
    })
}

/// Some quantiles, each with the error of the sketch that answered.
pub fn observe(view: &View, values: &Values, qs: &[f64], by: Interpolation) -> Result<Vec<Aggregate>, String> {
    all_numbers(&values.numbers)?;
    let found = values.quantiles(qs, by).into_iter();
    Ok(found.map(|it| one(view, values, it, by).within(values.error_bound())).collect())
}

fn one(view: &View, values: &Values, it: Option<f64>, by: Interpolation) -> Aggregate {
    let numbers = &values.numbers;
    let between = matches!(by, Interpolation::Linear | Interpolation::Midpoint);
    let whole = !between && numbers.kind() == NumberKind::Integers && values.error_bound().is_none();
    match it {
        Some(it) if whole && it.abs() < 9e15 && (view.form == Form::Gx || numbers.nan == 0) => {
            Aggregate::exact(Some(Value::Int(it as i64)))
        }
        it => Aggregate::of_numbers(view, it, numbers),
    }
}

/// Whether all values are booleans, as which GX gives quantiles back.
pub fn are_booleans(sketch: Option<&Sketch>) -> bool {
    let Some(Sketch::Types(types)) = sketch else { return false };
    let mut found = types.iter().filter(|it| !matches!(it.0, Type::Missing | Type::Null));
    matches!((found.next(), found.next()), (Some((Type::Boolean, _)), None))
}
