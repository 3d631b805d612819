//! The names of types that a suite may write, and which values are of them.

use crate::args::Form;
use crate::suite::problem::did_you_mean;
use crate::time::{Time, Zone};
use crate::value::Value;

/// What a name of a type stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeName {
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// `true` or `false`.
    Bool,
    /// Text.
    Str,
    /// A calendar date.
    Date,
    /// A date with a time of day.
    Datetime,
    /// A date with a time of day and without a zone.
    LocalDatetime,
    /// An exact decimal.
    Decimal,
    /// An array.
    List,
    /// An object.
    Map,
    /// Python's `int`, of which `bool` is a kind.
    PythonInt,
    /// Python's `date`, of which `datetime` is a kind.
    PythonDate,
    /// Any value.
    Any,
    /// A type that Python has and no record can hold, such as `bytes`.
    Absent,
}

/// JSON's names, those of `types:`, Python's, numpy's and pandas'; the first that fits is meant.
const NAMES: [(&str, TypeName); 51] = [
    ("integer", TypeName::Int),
    ("int", TypeName::Int),
    ("long", TypeName::Int),
    ("int8", TypeName::Int),
    ("int16", TypeName::Int),
    ("int32", TypeName::Int),
    ("int64", TypeName::Int),
    ("uint8", TypeName::Int),
    ("uint16", TypeName::Int),
    ("uint32", TypeName::Int),
    ("uint64", TypeName::Int),
    ("Int8Dtype", TypeName::Int),
    ("Int16Dtype", TypeName::Int),
    ("Int32Dtype", TypeName::Int),
    ("Int64Dtype", TypeName::Int),
    ("number", TypeName::Float),
    ("float", TypeName::Float),
    ("double", TypeName::Float),
    ("float16", TypeName::Float),
    ("float32", TypeName::Float),
    ("float64", TypeName::Float),
    ("Float32Dtype", TypeName::Float),
    ("Float64Dtype", TypeName::Float),
    ("boolean", TypeName::Bool),
    ("bool", TypeName::Bool),
    ("bool_", TypeName::Bool),
    ("BooleanDtype", TypeName::Bool),
    ("string", TypeName::Str),
    ("str", TypeName::Str),
    ("str_", TypeName::Str),
    ("unicode", TypeName::Str),
    ("string_types", TypeName::Str),
    ("StringDtype", TypeName::Str),
    ("date", TypeName::Date),
    ("datetime", TypeName::Datetime),
    ("datetime64", TypeName::LocalDatetime),
    ("datetime64[ns]", TypeName::LocalDatetime),
    ("Timestamp", TypeName::Datetime),
    ("DatetimeTZDtype", TypeName::Datetime),
    ("decimal", TypeName::Decimal),
    ("Decimal", TypeName::Decimal),
    ("array", TypeName::List),
    ("list", TypeName::List),
    ("object", TypeName::Map),
    ("dict", TypeName::Map),
    ("O", TypeName::Any),
    ("object_", TypeName::Any),
    ("bytes", TypeName::Absent),
    ("complex", TypeName::Absent),
    ("none", TypeName::Absent),
    ("None", TypeName::Absent),
];

impl TypeName {
    /// The type of a name, in either form; the error is a message with the name that was probably meant.
    pub fn parse(name: &str, form: Form) -> Result<Self, String> {
        let found = NAMES.iter().find(|(it, _)| *it == name).map(|(_, ty)| *ty);
        let found = match (form, name) {
            // Python's, where they differ from JSON's.
            (Form::Gx, "int" | "long") => Some(TypeName::PythonInt),
            (Form::Gx, "date") => Some(TypeName::PythonDate),
            (Form::Gx, "object") => Some(TypeName::Any),
            _ => found,
        };
        found.ok_or_else(|| {
            let hint = did_you_mean(name, NAMES.iter().map(|(it, _)| *it)).unwrap_or_else(|| {
                "integer, number, string, boolean, array, object, date, datetime and decimal are known".to_owned()
            });
            format!("unknown type `{name}` ({hint})")
        })
    }

    /// Whether a value is of the type. In the short form a number is whole or not however it is written,
    /// as in JSON Schema (`1.0` is an integer, 1 a number); in GX's form its representation counts.
    pub fn holds(self, value: &Value, form: Form) -> bool {
        let short = form == Form::Short;
        match (self, value) {
            (TypeName::Any, _)
            | (TypeName::Int | TypeName::PythonInt, Value::Int(_) | Value::Big(_))
            | (TypeName::Float, Value::Num(_))
            | (TypeName::Bool | TypeName::PythonInt, Value::Bool(_))
            | (TypeName::Str, Value::Str(_))
            | (TypeName::PythonDate, Value::Time(_))
            | (TypeName::Date, Value::Time(Time { zone: Zone::Date, .. }))
            | (TypeName::Datetime, Value::Time(Time { zone: Zone::Local | Zone::Offset(_), .. }))
            | (TypeName::LocalDatetime, Value::Time(Time { zone: Zone::Local, .. }))
            | (TypeName::Decimal, Value::Dec(_))
            | (TypeName::List, Value::List(_))
            | (TypeName::Map, Value::Map(_)) => true,
            (TypeName::Int, Value::Num(it)) => short && it.is_finite() && it.fract() == 0.0,
            (TypeName::Int, Value::Dec(it)) => short && it.is_integer(),
            (TypeName::Float, Value::Int(_) | Value::Big(_) | Value::Dec(_)) => short,
            _ => false,
        }
    }
}
