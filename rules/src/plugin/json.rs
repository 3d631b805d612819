//! Nested values, which plugins get as JSON text.

use std::fmt::Write as _;

use crate::value::Value;

/// Writes a value as JSON: times and decimals as text, NaN and the infinities as null.
pub(super) fn write_json(value: &Value, out: &mut String) {
    // Writing to a string does not fail.
    match value {
        Value::Bool(it) => out.push_str(if *it { "true" } else { "false" }),
        Value::Int(it) => drop(write!(out, "{it}")),
        Value::Big(it) => drop(write!(out, "{it}")),
        Value::Missing | Value::Null => out.push_str("null"),
        it => drop(write!(out, "{}", it.to_json())),
    }
}

/// The value that JSON text holds.
pub(super) fn of_json(json: serde_json::Value) -> Value<'static> {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Null,
        Json::Bool(it) => Value::Bool(it),
        Json::Number(it) => match (it.as_i64(), it.as_u64()) {
            (Some(it), _) => Value::Int(it),
            (None, Some(it)) => Value::Big(it),
            _ => Value::Num(it.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(it) => Value::Str(it.into()),
        Json::Array(it) => Value::List(it.into_iter().map(of_json).collect()),
        Json::Object(it) => Value::Map(it.into_iter().map(|(name, it)| (name.into(), of_json(it))).collect()),
    }
}
