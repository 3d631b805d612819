//! One value of a record: JSON's types, and those that a suite's `types:` block or a Parquet schema adds.

use std::borrow::Cow;
use std::cmp::Ordering;

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use crate::time::Time;

/// A value that borrows its text from the bytes it was read from.
///
/// A whole record is a `Value::Map`; a cell of a [`Row`](crate::row::Row) is a `Value` too, and
/// [`Value::Missing`] is what a cell holds when the record has no such member.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value<'a> {
    /// The record has no such member, or the file no such column.
    #[default]
    Missing,
    /// JSON `null`, an empty CSV cell, an absent Parquet value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer within `i64`.
    Int(i64),
    /// An integer above `i64::MAX`.
    Big(u64),
    /// Any other number; NaN and the infinities can be here.
    Num(f64),
    /// Text.
    Str(Cow<'a, str>),
    /// A date, or a date with a time of day.
    Time(Time),
    /// An exact decimal, from `types: decimal` or a Parquet decimal column.
    Dec(Decimal),
    /// An array.
    List(Vec<Value<'a>>),
    /// An object, its members in the order of the text, each name once.
    Map(Vec<(Cow<'a, str>, Value<'a>)>),
}

impl<'a> Value<'a> {
    /// Text borrowed from elsewhere.
    pub const fn text(text: &'a str) -> Self {
        Value::Str(Cow::Borrowed(text))
    }

    /// Neither a member nor anything in it: `Missing` or `Null`. NaN is a value.
    pub const fn is_null(&self) -> bool {
        matches!(self, Value::Missing | Value::Null)
    }

    /// NaN, which Great Expectations counts as null.
    pub fn is_nan(&self) -> bool {
        matches!(self, Value::Num(x) if x.is_nan())
    }

    /// The text of a string value.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// A number as the nearest float; booleans count as 0 and 1, as they do in Python.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Bool(it) => Some(f64::from(u8::from(*it))),
            Value::Int(it) => Some(*it as f64),
            Value::Big(it) => Some(*it as f64),
            Value::Num(it) => Some(*it),
            Value::Dec(it) => it.to_f64(),
            _ => None,
        }
    }

    /// A number of any representation, a boolean included.
    pub const fn is_number(&self) -> bool {
        matches!(self, Value::Bool(_) | Value::Int(_) | Value::Big(_) | Value::Num(_) | Value::Dec(_))
    }

    /// The member `name` of an object.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        match self {
            Value::Map(members) => members.iter().find(|(it, _)| it == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The type's name for messages: `null`, `boolean`, `integer`, `number`, `string`, `date` ...
    pub const fn type_name(&self) -> &'static str {
        match self {
            Value::Missing => "missing",
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Int(_) | Value::Big(_) => "integer",
            Value::Num(_) => "number",
            Value::Str(_) => "string",
            Value::Time(it) => it.type_name(),
            Value::Dec(_) => "decimal",
            Value::List(_) => "array",
            Value::Map(_) => "object",
        }
    }

    /// The same value with text of its own.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Missing => Value::Missing,
            Value::Null => Value::Null,
            Value::Bool(it) => Value::Bool(it),
            Value::Int(it) => Value::Int(it),
            Value::Big(it) => Value::Big(it),
            Value::Num(it) => Value::Num(it),
            Value::Str(it) => Value::Str(Cow::Owned(it.into_owned())),
            Value::Time(it) => Value::Time(it),
            Value::Dec(it) => Value::Dec(it),
            Value::List(it) => Value::List(it.into_iter().map(Value::into_owned).collect()),
            Value::Map(it) => Value::Map(
                it.into_iter().map(|(name, value)| (Cow::Owned(name.into_owned()), value.into_owned())).collect(),
            ),
        }
    }

    /// A copy with text of its own.
    pub fn to_owned(&self) -> Value<'static> {
        self.clone().into_owned()
    }

    /// As JSON: times and decimals as text, NaN and infinities as null.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Value::Missing | Value::Null => Json::Null,
            Value::Bool(it) => Json::Bool(*it),
            Value::Int(it) => Json::from(*it),
            Value::Big(it) => Json::from(*it),
            Value::Num(it) => Json::from(*it),
            Value::Str(it) => Json::from(it.as_ref()),
            Value::Time(it) => Json::from(it.to_string()),
            Value::Dec(it) => Json::from(it.to_string()),
            Value::List(it) => Json::Array(it.iter().map(Value::to_json).collect()),
            Value::Map(it) => Json::Object(it.iter().map(|(name, it)| (name.to_string(), it.to_json())).collect()),
        }
    }

    /// The value that JSON text holds.
    pub fn from_json(json: serde_json::Value) -> Value<'static> {
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
            Json::Array(it) => Value::List(it.into_iter().map(Value::from_json).collect()),
            Json::Object(it) => {
                Value::Map(it.into_iter().map(|(name, it)| (name.into(), Value::from_json(it))).collect())
            }
        }
    }

    /// Order of two values that have one: numbers with numbers (exactly, whatever their
    /// representation, a boolean being 0 or 1), text with text by code point, times with times.
    /// `None` for anything else, and for NaN.
    pub fn compare(&self, other: &Value) -> Option<Ordering> {
        use Value::{Big, Bool, Dec, Int, Num, Str, Time};
        match (self, other) {
            (Int(a), Int(b)) => Some(a.cmp(b)),
            (Num(a), Num(b)) => a.partial_cmp(b),
            (Str(a), Str(b)) => Some(a.cmp(b)),
            (Time(a), Time(b)) => a.compare(b),
            (Bool(a), _) => Int(i64::from(*a)).compare(other),
            (_, Bool(b)) => self.compare(&Int(i64::from(*b))),
            (Int(_), Big(_)) => Some(Ordering::Less),
            (Big(_), Int(_)) => Some(Ordering::Greater),
            (Big(a), Big(b)) => Some(a.cmp(b)),
            // Up to here each integer is a float, so that floats compare as the numbers themselves.
            (Int(a), Num(b)) if a.unsigned_abs() <= 1 << 53 => (*a as f64).partial_cmp(b),
            (Num(a), Int(b)) if b.unsigned_abs() <= 1 << 53 => a.partial_cmp(&(*b as f64)),
            (Int(a), Num(b)) => compare_int_f64(i128::from(*a), *b),
            (Big(a), Num(b)) => compare_int_f64(i128::from(*a), *b),
            (Num(_), Int(_) | Big(_)) => other.compare(self).map(Ordering::reverse),
            (Dec(a), Dec(b)) => Some(a.cmp(b)),
            (Dec(a), Int(b)) => Some(a.cmp(&Decimal::from(*b))),
            (Dec(a), Big(b)) => Some(a.cmp(&Decimal::from(*b))),
            (Dec(a), Num(b)) => compare_dec_f64(a, *b),
            (_, Dec(_)) => other.compare(self).map(Ordering::reverse),
            _ => None,
        }
    }

    /// Equality as a suite means it: `1 == 1.0 == true`, `"1" != 1`, null equals null, arrays and
    /// objects member by member (the order of members does not matter). NaN equals nothing.
    pub fn same(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Missing | Value::Null, Value::Missing | Value::Null) => true,
            (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b)),
            (Value::Map(a), Value::Map(b)) => {
                a.len() == b.len() && a.iter().all(|(name, value)| other.get(name).is_some_and(|it| value.same(it)))
            }
            _ => self.compare(other) == Some(Ordering::Equal),
        }
    }

    /// Appends bytes that are equal for two values exactly when [`Value::same`] holds for them.
    /// The format is stable: hashes of it are stored.
    pub fn key_into(&self, out: &mut Vec<u8>) {
        match self {
            Value::Missing | Value::Null => out.push(b'n'),
            Value::Bool(it) => key_int(i128::from(*it), out),
            Value::Int(it) => key_int(i128::from(*it), out),
            Value::Big(it) => key_int(i128::from(*it), out),
            Value::Num(it) => key_f64(*it, out),
            Value::Dec(it) => {
                let it = it.normalize();
                match it.is_integer().then(|| it.to_i128()).flatten() {
                    Some(it) => key_int(it, out),
                    // A decimal that is exactly a float must meet that float.
                    None => match it.to_f64().filter(|x| Decimal::from_f64(*x) == Some(it)) {
                        Some(x) => key_f64(x, out),
                        None => {
                            out.push(b'd');
                            out.extend_from_slice(&it.serialize());
                        }
                    },
                }
            }
            Value::Str(it) => {
                out.push(b's');
                out.extend_from_slice(&(it.len() as u64).to_le_bytes());
                out.extend_from_slice(it.as_bytes());
            }
            Value::Time(it) => {
                out.push(b't');
                it.key_into(out);
            }
            Value::List(it) => {
                out.push(b'l');
                out.extend_from_slice(&(it.len() as u64).to_le_bytes());
                for value in it {
                    value.key_into(out);
                }
            }
            Value::Map(it) => {
                let mut members: Vec<_> = it.iter().collect();
                members.sort_by(|a, b| a.0.cmp(&b.0));
                out.push(b'm');
                out.extend_from_slice(&(it.len() as u64).to_le_bytes());
                for (name, value) in members {
                    Value::text(name).key_into(out);
                    value.key_into(out);
                }
            }
        }
    }
}

/// Compares without rounding the integer: `i64` and `u64` do not fit into a float's 53 bits.
fn compare_int_f64(a: i128, b: f64) -> Option<Ordering> {
    if b.is_nan() {
        return None;
    }
    if b >= 1e30 {
        return Some(Ordering::Less);
    }
    if b <= -1e30 {
        return Some(Ordering::Greater);
    }
    let whole = b.trunc();
    // |b| < 1e30 < i128::MAX, so the conversion is exact.
    Some(a.cmp(&(whole as i128)).then_with(|| 0.0_f64.partial_cmp(&(b - whole)).unwrap_or(Ordering::Equal)))
}

/// By the nearest float first, so that what rounds to another float is another number; then exactly.
fn compare_dec_f64(a: &Decimal, b: f64) -> Option<Ordering> {
    let nearest = a.to_f64()?.partial_cmp(&b)?;
    let exact = || Decimal::from_f64(b).map_or(Ordering::Equal, |b| a.cmp(&b));
    Some(nearest.then_with(exact))
}

fn key_int(it: i128, out: &mut Vec<u8>) {
    out.push(b'i');
    out.extend_from_slice(&it.to_le_bytes());
}

fn key_f64(it: f64, out: &mut Vec<u8>) {
    if it.trunc() == it && it.abs() < 1e30 {
        key_int(it as i128, out);
    } else {
        out.push(b'f');
        out.extend_from_slice(&it.to_bits().to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_floats_compare_without_rounding() {
        let big = Value::Int(9_007_199_254_740_993);
        assert_eq!(big.compare(&Value::Num(9_007_199_254_740_992.0)), Some(Ordering::Greater));
        assert_eq!(Value::Int(1).compare(&Value::Num(1.5)), Some(Ordering::Less));
        assert_eq!(Value::Int(-1).compare(&Value::Num(-1.5)), Some(Ordering::Greater));
        assert_eq!(Value::Int(1).compare(&Value::Num(f64::NAN)), None);
        assert_eq!(Value::Int(1).compare(&Value::Num(f64::INFINITY)), Some(Ordering::Less));
    }

    #[test]
    fn what_is_the_same_has_the_same_key() {
        let key = |value: &Value| {
            let mut out = Vec::new();
            value.key_into(&mut out);
            out
        };
        let half = Value::Dec(Decimal::new(50, 2));
        for (a, b, same) in [
            (Value::Int(1), Value::Num(1.0), true),
            (Value::Bool(true), Value::Int(1), true),
            (Value::text("1"), Value::Int(1), false),
            (Value::Num(0.0), Value::Num(-0.0), true),
            (half, Value::Num(0.5), true),
            (Value::Dec(Decimal::new(100, 2)), Value::Int(1), true),
            (Value::Null, Value::Missing, true),
            (Value::Big(u64::MAX), Value::Num(18_446_744_073_709_551_616.0), false),
        ] {
            assert_eq!(a.same(&b), same, "{a:?} {b:?}");
            assert_eq!(key(&a) == key(&b), same, "{a:?} {b:?}");
        }
    }
}
