//! Our values as `jsonschema` sees them.

use std::borrow::Cow;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, JsonNumber, Node, NodeIdentity, Object, cmp};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Number, Value as Serde};

use crate::value::Value;

/// The representation; its nodes are references to our values.
pub(super) struct RecordJson;

impl Json for RecordJson {
    type Node<'a> = &'a Value<'a>;
    type PreparedKey = String;
    type StringBuffer = Value<'static>;

    // A lookup passes over the members, so one pass replaces them all.
    const KEYS_PER_LOOKUP: usize = 8;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>(buffer: &mut Value<'static>, string: &str, f: impl FnOnce(Self::Node<'_>) -> T) -> T {
        if let Value::Str(Cow::Owned(text)) = buffer {
            text.clear();
            text.push_str(string);
        } else {
            *buffer = Value::Str(Cow::Owned(string.to_owned()));
        }
        f(buffer)
    }
}

/// A finite number.
#[derive(Clone, Copy)]
pub(super) enum Finite {
    Int(i64),
    Big(u64),
    Float(f64),
    Dec(Decimal),
}

impl JsonNumber for Finite {
    fn as_u64(&self) -> Option<u64> {
        match self {
            Finite::Int(it) => u64::try_from(*it).ok(),
            Finite::Big(it) => Some(*it),
            Finite::Float(_) => None,
            Finite::Dec(it) => it.is_integer().then(|| it.to_u64()).flatten(),
        }
    }

    fn as_i64(&self) -> Option<i64> {
        match self {
            Finite::Int(it) => Some(*it),
            Finite::Big(_) | Finite::Float(_) => None,
            Finite::Dec(it) => it.is_integer().then(|| it.to_i64()).flatten(),
        }
    }

    fn as_f64(&self) -> Option<f64> {
        match self {
            Finite::Int(it) => Some(*it as f64),
            Finite::Big(it) => Some(*it as f64),
            Finite::Float(it) => Some(*it),
            Finite::Dec(it) => it.to_f64(),
        }
    }

    fn as_str(&self) -> Cow<'_, str> {
        Cow::Owned(match self {
            Finite::Dec(it) => it.to_string(),
            _ => self.to_number().to_string(),
        })
    }

    fn to_number(&self) -> Cow<'_, Number> {
        let exact = self.as_u64().map(Number::from).or_else(|| self.as_i64().map(Number::from));
        let number = exact.or_else(|| Number::from_f64(self.as_f64()?));
        // Neither a finite float nor a decimal is beyond a float's range.
        Cow::Owned(number.unwrap_or_else(|| Number::from(0)))
    }

    fn is_integer(&self) -> bool {
        match self {
            Finite::Int(_) | Finite::Big(_) => true,
            Finite::Float(it) => it.fract() == 0.0,
            Finite::Dec(it) => it.is_integer(),
        }
    }

    fn is_written_as_integer(&self) -> bool {
        match self {
            Finite::Int(_) | Finite::Big(_) => true,
            // A float this large (2^63) may have been written as an integer, as with `serde_json`'s numbers.
            Finite::Float(it) => it.abs() >= 9_223_372_036_854_775_808.0,
            Finite::Dec(it) => it.scale() == 0,
        }
    }
}

impl<'a> Node<'a, RecordJson> for &'a Value<'a> {
    type Object = Members<'a>;
    type Array = &'a [Value<'a>];
    type Number = Finite;

    fn as_object(&self) -> Option<Members<'a>> {
        match self {
            Value::Map(members) => Some(Members(members)),
            _ => None,
        }
    }

    fn as_array(&self) -> Option<&'a [Value<'a>]> {
        match self {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        match self {
            Value::Str(text) => Some(Cow::Borrowed(text)),
            Value::Time(it) => Some(Cow::Owned(it.to_string())),
            _ => None,
        }
    }

    fn as_number(&self) -> Option<Finite> {
        match self {
            Value::Int(it) => Some(Finite::Int(*it)),
            Value::Big(it) => Some(Finite::Big(*it)),
            Value::Num(it) if it.is_finite() => Some(Finite::Float(*it)),
            Value::Dec(it) => Some(Finite::Dec(*it)),
            _ => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        match self {
            Value::Bool(it) => Some(*it),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        Value::is_null(self)
    }

    /// NaN and the infinities answer `Number` here, for there is no other answer, and `None` to
    /// [`Node::as_number`]: so no `type` holds for them.
    fn json_type(&self) -> JsonType {
        match self {
            Value::Missing | Value::Null => JsonType::Null,
            Value::Bool(_) => JsonType::Boolean,
            Value::Int(_) | Value::Big(_) | Value::Num(_) | Value::Dec(_) => JsonType::Number,
            Value::Str(_) | Value::Time(_) => JsonType::String,
            Value::List(_) => JsonType::Array,
            Value::Map(_) => JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &Serde) -> bool {
        match (self, expected) {
            (Value::Str(text), Serde::String(expected)) => text == expected,
            (Value::Num(it), _) if !it.is_finite() => false,
            (Value::List(items), Serde::Array(expected)) => {
                items.len() == expected.len()
                    && items.iter().zip(expected).all(|(it, expected)| it.equals_value(expected))
            }
            (Value::Map(members), Serde::Object(expected)) => {
                members.len() == expected.len()
                    && members
                        .iter()
                        .all(|(name, it)| expected.get(&**name).is_some_and(|other| it.equals_value(other)))
            }
            (Value::Str(_) | Value::List(_) | Value::Map(_), _) => false,
            _ => cmp::equal(&self.to_value(), expected),
        }
    }

    fn to_value(&self) -> Cow<'a, Serde> {
        Cow::Owned(to_serde(self))
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::new(std::ptr::from_ref::<Value>(self) as usize))
    }
}

/// The value as `serde_json` has it, for messages and reports.
fn to_serde(value: &Value) -> Serde {
    match value {
        Value::Missing | Value::Null => Serde::Null,
        Value::Bool(it) => Serde::Bool(*it),
        Value::Str(text) => Serde::String(text.clone().into_owned()),
        Value::Time(it) => Serde::String(it.to_string()),
        Value::List(items) => Serde::Array(items.iter().map(to_serde).collect()),
        Value::Map(members) => members.iter().map(|(name, it)| (name.clone().into_owned(), to_serde(it))).collect(),
        Value::Num(it) if !it.is_finite() => Serde::String(non_finite(*it).to_owned()),
        _ => value.as_number().map_or(Serde::Null, |it| Serde::Number(it.to_number().into_owned())),
    }
}

/// The name of a float that is no JSON number.
pub(super) const fn non_finite(it: f64) -> &'static str {
    if it.is_nan() {
        "NaN"
    } else if it > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// The members of an object.
#[derive(Clone, Copy)]
pub(super) struct Members<'a>(&'a [(Cow<'a, str>, Value<'a>)]);

impl<'a> Object<'a, RecordJson> for Members<'a> {
    type Node = &'a Value<'a>;
    type MemberName = &'a str;
    type MembersIter = MembersIter<'a>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, key: &String) -> Option<&'a Value<'a>> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    fn members(&self) -> MembersIter<'a> {
        MembersIter(self.0.iter())
    }
}

pub(super) struct MembersIter<'a>(std::slice::Iter<'a, (Cow<'a, str>, Value<'a>)>);

impl<'a> Iterator for MembersIter<'a> {
    type Item = (&'a str, &'a Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, value)| (name.as_ref(), value))
    }
}

impl<'a> Array<'a, RecordJson> for &'a [Value<'a>] {
    type Node = &'a Value<'a>;
    type ElementsIter = std::slice::Iter<'a, Value<'a>>;

    fn len(&self) -> usize {
        <[Value]>::len(self)
    }

    fn elements(&self) -> std::slice::Iter<'a, Value<'a>> {
        (*self).iter()
    }
}
