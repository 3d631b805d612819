//! Vectors: arrays of numbers, such as embeddings.

use crate::value::Value;

/// The components of a vector as floats, without a copy; `None` for what is no array. A component that is
/// no number comes as `None`.
pub fn components<'v>(value: &'v Value<'_>) -> Option<impl ExactSizeIterator<Item = Option<f64>> + 'v> {
    let Value::List(items) = value else { return None };
    Some(items.iter().map(|it| match it {
        Value::Int(_) | Value::Big(_) | Value::Num(_) | Value::Dec(_) => it.as_f64(),
        _ => None,
    }))
}

/// Folds the components; `None` when the value is no array of numbers.
pub fn fold<T>(value: &Value, start: T, mut step: impl FnMut(T, f64) -> T) -> Option<T> {
    components(value)?.try_fold(start, |sum, it| Some(step(sum, it?)))
}

/// What is wrong with a value that is no vector.
pub fn why_not(value: &Value) -> String {
    match (value, components(value).and_then(|mut it| it.position(|it| it.is_none()))) {
        (Value::List(items), Some(at)) => {
            let type_name = items.get(at).map_or("missing", Value::type_name);
            format!("its component {at} is of type {type_name}")
        }
        _ => format!("it is of type {}, no array of numbers", value.type_name()),
    }
}
