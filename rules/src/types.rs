//! The types that a suite may declare for its fields, and how text and JSON values become them.

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use crate::time::{Time, Zone};
use crate::value::Value;

/// A declared type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// An integer within `i64` or `u64`.
    Int,
    /// A 64-bit float; NaN and the infinities belong to it.
    Float,
    /// `true` or `false`.
    Bool,
    /// Text.
    String,
    /// A calendar date.
    Date,
    /// A date with a time of day.
    Datetime,
    /// An exact decimal of up to 28 digits.
    Decimal,
}

impl Type {
    /// Every type, in the order of the documentation.
    pub const ALL: [Type; 7] =
        [Type::Int, Type::Float, Type::Bool, Type::String, Type::Date, Type::Datetime, Type::Decimal];

    /// The name that a suite writes.
    pub const fn name(self) -> &'static str {
        match self {
            Type::Int => "int",
            Type::Float => "float",
            Type::Bool => "bool",
            Type::String => "string",
            Type::Date => "date",
            Type::Datetime => "datetime",
            Type::Decimal => "decimal",
        }
    }

    /// The type of that name; `None` when there is none.
    pub fn parse_name(name: &str) -> Option<Self> {
        Type::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Reads text, such as a CSV cell, as this type; `None` when it is anything else.
    ///
    /// Blanks around everything but a string are dropped. `int`: an optional sign and digits, within
    /// `i64` or `u64`; `3.0` is refused. `float`: also `nan`, `inf`, `infinity` in any case. `bool`:
    /// `true` and `false` in any case, `1` and `0`. `date` and `datetime`: ISO 8601; a date in a
    /// `datetime` field is its midnight. `decimal`: digits, a point, an exponent; what does not fit
    /// exactly is refused.
    pub fn convert(self, text: &str) -> Option<Value<'_>> {
        if self == Type::String {
            return Some(Value::text(text));
        }
        let text = text.trim_ascii();
        match self {
            Type::Int => parse_int(text),
            Type::Float => text.parse().ok().map(Value::Num),
            Type::Bool => parse_bool(text).map(Value::Bool),
            Type::String => Some(Value::text(text)),
            Type::Date => Time::parse(text).filter(|it| it.zone == Zone::Date).map(Value::Time),
            Type::Datetime => Time::parse(text).map(at_midnight).map(Value::Time),
            Type::Decimal => parse_decimal(text).map(Value::Dec),
        }
    }

    /// Makes a cell this type where [`Type::convert_value`] can; whether it could.
    pub fn convert_in_place(self, cell: &mut Value) -> bool {
        match self.convert_value(std::mem::take(cell)) {
            Ok(it) => {
                *cell = it;
                true
            }
            Err(it) => {
                *cell = it;
                false
            }
        }
    }

    /// Reads a value that already has a type, from JSON or Parquet, as this type; gives it back as
    /// it was when it is unlike. `Missing` and `Null` are of every type.
    ///
    /// Text is read by [`Type::convert`]. `int` takes `3.0` as 3, `float` takes integers, `decimal`
    /// takes numbers (a float as it is printed), `date` and `datetime` each other where nothing is lost.
    pub fn convert_value(self, value: Value) -> Result<Value, Value> {
        let converted = match (self, &value) {
            (_, Value::Missing | Value::Null)
            | (Type::Int, Value::Int(_) | Value::Big(_))
            | (Type::Float, Value::Num(_))
            | (Type::Bool, Value::Bool(_))
            | (Type::String, Value::Str(_))
            | (Type::Decimal, Value::Dec(_)) => return Ok(value),
            (Type::Int, Value::Num(it)) => int_of_float(*it),
            (Type::Int, Value::Dec(it)) if it.is_integer() => it.to_i64().map(Value::Int),
            (Type::Float, Value::Int(_) | Value::Big(_) | Value::Dec(_)) => value.as_f64().map(Value::Num),
            (Type::Date, Value::Time(it)) if it.zone == Zone::Date => return Ok(value),
            (Type::Datetime, Value::Time(it)) => Some(Value::Time(at_midnight(*it))),
            (Type::Decimal, Value::Int(it)) => Some(Value::Dec(Decimal::from(*it))),
            (Type::Decimal, Value::Big(it)) => Some(Value::Dec(Decimal::from(*it))),
            (Type::Decimal, Value::Num(it)) => Decimal::from_f64(*it).map(Value::Dec),
            // Text means what the suite says it means, wherever it comes from.
            (_, Value::Str(it)) => self.convert(it).map(Value::into_owned),
            _ => None,
        };
        converted.ok_or(value)
    }
}

/// An optional sign and digits; `None` outside `i64` and `u64`.
pub fn parse_int<'v>(text: &str) -> Option<Value<'v>> {
    match text.parse() {
        Ok(it) => Some(Value::Int(it)),
        Err(_) => text.parse().ok().map(Value::Big),
    }
}

fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" => Some(false),
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn parse_decimal(text: &str) -> Option<Decimal> {
    // `from_str_exact` also takes underscores, which no file format writes.
    if text.bytes().any(|it| it == b'_') {
        return None;
    }
    if !text.bytes().any(|it| it.eq_ignore_ascii_case(&b'e')) {
        return Decimal::from_str_exact(text).ok();
    }
    Decimal::from_scientific(text).ok()
}

fn int_of_float<'v>(it: f64) -> Option<Value<'v>> {
    if it.trunc() != it || !it.is_finite() {
        return None;
    }
    // Both bounds are powers of two, so the comparisons and the conversions are exact.
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&it) {
        return Some(Value::Int(it as i64));
    }
    (0.0..18_446_744_073_709_551_616.0).contains(&it).then_some(Value::Big(it as u64))
}

fn at_midnight(it: Time) -> Time {
    if it.zone == Zone::Date { Time { zone: Zone::Local, ..it } } else { it }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        for it in Type::ALL {
            assert_eq!(Type::parse_name(it.name()), Some(it));
        }
        assert_eq!(Type::parse_name("integer"), None);
    }

    #[test]
    fn text_becomes_the_declared_type_or_is_refused() {
        let dec = |units, scale| Some(Value::Dec(Decimal::new(units, scale)));
        for (kind, text, expected) in [
            (Type::Int, "+12", Some(Value::Int(12))),
            (Type::Int, " -3 ", Some(Value::Int(-3))),
            (Type::Int, "007", Some(Value::Int(7))),
            (Type::Int, "3.0", None),
            (Type::Int, "", None),
            (Type::Int, "18446744073709551615", Some(Value::Big(u64::MAX))),
            (Type::Int, "18446744073709551616", None),
            (Type::Int, "-9223372036854775809", None),
            (Type::Float, "+.5", Some(Value::Num(0.5))),
            (Type::Float, "-Infinity", Some(Value::Num(f64::NEG_INFINITY))),
            (Type::Float, "1_0", None),
            (Type::Bool, "TRUE", Some(Value::Bool(true))),
            (Type::Bool, "0", Some(Value::Bool(false))),
            (Type::Bool, "yes", None),
            (Type::String, " a ", Some(Value::text(" a "))),
            (Type::Date, "2024-05-01", Time::parse("2024-05-01").map(Value::Time)),
            (Type::Date, "2024-05-01T00:00", None),
            (Type::Datetime, "2024-05-01", Time::parse("2024-05-01T00:00").map(Value::Time)),
            (Type::Decimal, "1.10", dec(110, 2)),
            (Type::Decimal, "1.1e1", dec(11, 0)),
            (Type::Decimal, "1_1", None),
            (Type::Decimal, "0.12345678901234567890123456789", None),
        ] {
            assert_eq!(kind.convert(text), expected, "{kind:?} {text}");
        }
        assert!(Type::Float.convert("NaN").is_some_and(|it| it.is_nan()));
    }

    #[test]
    fn a_value_becomes_the_declared_type_or_comes_back() {
        let day = Time::parse("2024-05-01").map(Value::Time);
        let midnight = Time::parse("2024-05-01T00:00").map(Value::Time);
        for (kind, value, expected) in [
            (Type::Int, Value::Num(3.0), Some(Value::Int(3))),
            (Type::Int, Value::Num(3.5), None),
            (Type::Int, Value::Num(9_223_372_036_854_775_808.0), Some(Value::Big(1 << 63))),
            (Type::Int, Value::Num(f64::INFINITY), None),
            (Type::Int, Value::Bool(true), None),
            (Type::Int, Value::text("3"), Some(Value::Int(3))),
            (Type::Int, Value::text("three"), None),
            (Type::Int, Value::Null, Some(Value::Null)),
            (Type::Float, Value::Int(3), Some(Value::Num(3.0))),
            (Type::Float, Value::text("3"), Some(Value::Num(3.0))),
            (Type::Date, Value::text("2024-05-01"), day.clone()),
            (Type::Datetime, Value::text("2024-05-01"), midnight.clone()),
            (Type::Datetime, day.unwrap_or_default(), midnight.clone()),
            (Type::Date, midnight.unwrap_or_default(), None),
            (Type::Decimal, Value::Num(0.1), Some(Value::Dec(Decimal::new(1, 1)))),
            (Type::Decimal, Value::text("0.10"), Some(Value::Dec(Decimal::new(10, 2)))),
            (Type::String, Value::Int(3), None),
        ] {
            let expected = expected.ok_or_else(|| value.clone());
            assert_eq!(kind.convert_value(value), expected, "{kind:?}");
        }
    }
}
