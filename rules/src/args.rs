//! Parameters of an expectation: declared by its kind, checked and converted here.

use std::borrow::Cow;

pub use crate::suite::Form;
use crate::suite::node::{Data, Node};
use crate::time::Time;
use crate::value::Value;

/// A parameter of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// The name in the short form: `min`.
    pub name: &'static str,
    /// The name in GX: `min_value`.
    pub gx: &'static str,
    /// What it takes.
    pub ty: ParamType,
    /// Whether it must be given.
    pub required: bool,
    /// The default in words; empty when there is none.
    pub default: &'static str,
    /// What it means, in one sentence.
    pub doc: &'static str,
}

impl Param {
    /// An optional parameter; GX's name is the same.
    pub const fn new(name: &'static str, ty: ParamType, doc: &'static str) -> Self {
        Param { name, gx: name, ty, required: false, default: "", doc }
    }

    /// Must be given.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Has another name in GX.
    #[must_use]
    pub const fn gx(mut self, gx: &'static str) -> Self {
        self.gx = gx;
        self
    }

    /// Takes something else.
    #[must_use]
    pub const fn taking(mut self, ty: ParamType) -> Self {
        self.ty = ty;
        self
    }

    /// Has a default.
    #[must_use]
    pub const fn default(mut self, default: &'static str) -> Self {
        self.default = default;
        self
    }
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ParamType {
    /// A number.
    Number,
    /// A number of at least 0.
    Positive,
    /// A whole number.
    Int,
    /// `true` or `false`.
    Bool,
    /// Text.
    Text,
    /// A number from 0 to 1.
    Ratio,
    /// A number, a date or a datetime; in the short form text too.
    Bound,
    /// A list of any values.
    Values,
    /// A list of any values, not empty.
    SomeValues,
    /// A list of texts.
    Texts,
    /// A list of texts, not empty.
    SomeTexts,
    /// A list of pairs of values.
    Pairs,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `false` or one of these words.
    FalseOr(&'static [&'static str]),
    /// A field of the record.
    Field,
    /// A class: text, a number, `true` or `false`.
    Class,
    /// A length of time: `90s`, `15m`, `6h`, `7d`, or a number of seconds. Becomes seconds.
    Duration,
    /// A mapping, checked by the kind.
    Mapping,
    /// A list or a mapping, checked by the kind.
    ListOrMapping,
}

impl ParamType {
    /// In words, for messages and pages.
    pub fn describe(self) -> String {
        match self {
            ParamType::Number => "a number".into(),
            ParamType::Positive => "a number of at least 0".into(),
            ParamType::Int => "a whole number".into(),
            ParamType::Bool => "true or false".into(),
            ParamType::Text => "text".into(),
            ParamType::Ratio => "a number from 0 to 1".into(),
            ParamType::Bound => "a number, a date or a datetime".into(),
            ParamType::Values => "a list of values".into(),
            ParamType::SomeValues => "a list of at least one value".into(),
            ParamType::Texts => "a list of texts".into(),
            ParamType::SomeTexts => "a list of at least one text".into(),
            ParamType::Pairs => "a list of pairs `[a, b]`".into(),
            ParamType::Choice(words) => {
                format!("one of {}", words.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", "))
            }
            ParamType::FalseOr(words) => format!("`false` or {}", ParamType::Choice(words).describe()),
            ParamType::Field => "the name of a field".into(),
            ParamType::Class => "text, a number, true or false".into(),
            ParamType::Duration => "a length of time such as `90s`, `15m`, `6h`, `7d`".into(),
            ParamType::Mapping => "a mapping".into(),
            ParamType::ListOrMapping => "a list or a mapping".into(),
        }
    }

    /// Checks and converts a node; an error says what was expected.
    pub fn convert(self, node: &Node, form: Form) -> Result<Value<'static>, String> {
        let value = node.to_value();
        let wrong = || Err(format!("expected {}, found {}", self.describe(), shown(node)));
        let converted = match (self, value) {
            (ParamType::Number, it) => number(&it, form).map(Value::Num),
            (ParamType::Positive, it) => number(&it, form).filter(|it| *it >= 0.0).map(Value::Num),
            (ParamType::Ratio, it) => number(&it, form).filter(|it| (0.0..=1.0).contains(it)).map(Value::Num),
            (ParamType::Int, it) => integer(&it, form).map(Value::Int),
            (ParamType::Bool, it) => boolean(&it, form).map(Value::Bool),
            (ParamType::Text, it @ Value::Str(_)) => Some(it),
            // pydantic turns numbers into text where text is asked for.
            (ParamType::Text, it @ (Value::Int(_) | Value::Num(_))) if form == Form::Gx => {
                Some(Value::Str(Cow::Owned(crate::python::text(&it).into_owned())))
            }
            (ParamType::Field, it @ Value::Str(_)) if it.as_str() != Some("") => Some(it),
            (ParamType::Class, it) if it.as_str().is_some() || it.as_f64().is_some_and(|it| !it.is_nan()) => Some(it),
            (ParamType::Bound, it) => bound(it, form),
            (ParamType::Values, it @ Value::List(_)) => Some(it),
            (ParamType::SomeValues, Value::List(it)) if !it.is_empty() => Some(Value::List(it)),
            (ParamType::Texts, it) if texts(&it, form).is_some() => texts(&it, form),
            (ParamType::SomeTexts, it) if it != Value::List(Vec::new()) => texts(&it, form),
            (ParamType::Pairs, Value::List(it)) => {
                it.iter().all(|it| matches!(it, Value::List(pair) if pair.len() == 2)).then_some(Value::List(it))
            }
            (ParamType::FalseOr(_), it @ Value::Bool(false)) => Some(it),
            (ParamType::Choice(words) | ParamType::FalseOr(words), it) => {
                it.as_str().and_then(|it| words.iter().find(|word| **word == it)).map(|it| Value::text(it))
            }
            (ParamType::Duration, it) => seconds(&it).map(Value::Num),
            (ParamType::Mapping | ParamType::ListOrMapping, it @ Value::Map(_)) => Some(it),
            (ParamType::ListOrMapping, it @ Value::List(_)) => Some(it),
            _ => None,
        };
        converted.map_or_else(wrong, Ok)
    }
}

/// A node as it is shown in a message: its text when short, else what it is.
fn shown(node: &Node) -> String {
    match &node.data {
        Data::Scalar(Value::Null) => "nothing".to_owned(),
        Data::Scalar(Value::Str(it)) if it.chars().count() <= 40 => format!("text `{it}`"),
        Data::Scalar(it @ (Value::Bool(_) | Value::Int(_) | Value::Big(_) | Value::Num(_))) => {
            format!("`{}`", crate::python::text(it))
        }
        _ => node.what().to_owned(),
    }
}

fn number(value: &Value, form: Form) -> Option<f64> {
    match value {
        Value::Int(_) | Value::Big(_) | Value::Num(_) => value.as_f64(),
        Value::Bool(_) if form == Form::Gx => value.as_f64(),
        Value::Str(it) if form == Form::Gx => it.trim().parse().ok(),
        _ => None,
    }
}

fn integer(value: &Value, form: Form) -> Option<i64> {
    match value {
        Value::Int(it) => Some(*it),
        Value::Num(it) if it.fract() == 0.0 && it.abs() < 9e15 => Some(*it as i64),
        // pydantic cuts the fraction off.
        Value::Num(it) if form == Form::Gx && it.abs() < 9e15 => Some(*it as i64),
        Value::Bool(it) if form == Form::Gx => Some(i64::from(*it)),
        Value::Str(it) if form == Form::Gx => it.trim().parse().ok(),
        _ => None,
    }
}

fn boolean(value: &Value, form: Form) -> Option<bool> {
    match value {
        Value::Bool(it) => Some(*it),
        Value::Int(it @ (0 | 1)) if form == Form::Gx => Some(*it == 1),
        Value::Str(it) if form == Form::Gx => match it.to_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
            "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// GX: float, then date, then datetime (pydantic's union), so integers become floats there.
fn bound(value: Value<'static>, form: Form) -> Option<Value<'static>> {
    match (form, value) {
        (Form::Gx, it @ (Value::Int(_) | Value::Big(_) | Value::Num(_) | Value::Bool(_))) => {
            it.as_f64().map(Value::Num)
        }
        (Form::Gx, Value::Str(it)) => match it.trim().parse() {
            Ok(number) => Some(Value::Num(number)),
            Err(_) => Time::parse(&it).map(Value::Time),
        },
        (Form::Short, it @ (Value::Int(_) | Value::Big(_) | Value::Num(_))) => Some(it),
        (Form::Short, Value::Str(it)) => Some(Time::parse(&it).map_or(Value::Str(it), Value::Time)),
        _ => None,
    }
}

fn texts(value: &Value<'static>, form: Form) -> Option<Value<'static>> {
    let Value::List(items) = value else { return None };
    let text = |it: &Value<'static>| match it {
        Value::Str(_) => Some(it.clone()),
        Value::Int(_) | Value::Num(_) if form == Form::Gx => {
            Some(Value::Str(Cow::Owned(crate::python::text(it).into_owned())))
        }
        _ => None,
    };
    items.iter().map(text).collect::<Option<Vec<_>>>().map(Value::List)
}

fn seconds(value: &Value) -> Option<f64> {
    let text = match value {
        Value::Str(it) => it.trim(),
        _ => return value.as_f64().filter(|it| *it >= 0.0 && !matches!(value, Value::Bool(_))),
    };
    crate::time::seconds(text)
}

/// The converted parameters of one entry.
#[derive(Debug)]
pub struct Args {
    /// How the entry is written.
    pub form: Form,
    given: Vec<(&'static str, Value<'static>)>,
}

impl Args {
    /// From converted values by the parameters' short names.
    pub const fn new(form: Form, given: Vec<(&'static str, Value<'static>)>) -> Self {
        Args { form, given }
    }

    /// Whether GX's rules hold.
    pub fn is_gx(&self) -> bool {
        self.form == Form::Gx
    }

    /// A parameter by its short name; `None` when it is not given or null.
    pub fn get(&self, name: &str) -> Option<&Value<'static>> {
        self.given.iter().find(|(it, _)| *it == name).map(|(_, value)| value)
    }

    /// A number.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.get(name).and_then(Value::as_f64)
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Value::Int(it)) => Some(*it),
            _ => None,
        }
    }

    /// Whether a flag is given and true.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name) == Some(&Value::Bool(true))
    }

    /// Text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// A list of values.
    pub fn values(&self, name: &str) -> Option<&[Value<'static>]> {
        match self.get(name) {
            Some(Value::List(items)) => Some(items),
            _ => None,
        }
    }

    /// A list of texts.
    pub fn texts(&self, name: &str) -> Option<Vec<&str>> {
        self.values(name).map(|items| items.iter().filter_map(Value::as_str).collect())
    }
}
