//! What the kinds on several fields share.

use crate::args::{Param, ParamType};
use crate::binder::Binder;
use crate::row::Slot;
use crate::value::Value;

/// `ignore_row_if` of the kinds on two fields.
pub const IGNORE_PAIR: Param = Param::new(
    "ignore_row_if",
    ParamType::Choice(&["both_values_are_missing", "either_value_is_missing", "neither"]),
    "Which records are left out because values are missing.",
)
.default("both_values_are_missing");

/// `ignore_row_if` of the kinds on two or more fields.
pub const IGNORE_SEVERAL: Param = Param::new(
    "ignore_row_if",
    ParamType::Choice(&["all_values_are_missing", "any_value_is_missing", "never"]),
    "Which records are left out because values are missing.",
)
.default("all_values_are_missing");

/// The two fields of a pair.
pub fn pair(binder: &Binder) -> Result<(Slot, Slot), String> {
    match binder.slots.as_slice() {
        [a, b] => Ok((*a, *b)),
        slots => Err(format!("it is about two fields, there are {}", slots.len())),
    }
}

/// Whether a value counts as null: in GX NaN does.
pub fn is_null(value: &Value, gx: bool) -> bool {
    value.is_null() || (gx && value.is_nan())
}

/// Whether Python has no hash for a value, so that GX cannot look it up.
pub const fn is_unhashable(value: &Value) -> bool {
    matches!(value, Value::List(_) | Value::Map(_))
}
