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
