//! The name of a class, as records write it.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Value as Json;

use crate::value::Value;

/// A class: a number, a boolean or a text. `1` and `1.0` are one class, and so is `true` beside 0 and 1; `"1"` is not.
#[derive(Clone, Debug)]
pub enum Label {
    /// A number.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// A text, or anything else as JSON.
    Text(String),
}

impl Label {
    /// The class that a value names; `None` where there is none: a null, or NaN.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(it) => Some(Label::Flag(*it)),
            it if it.is_null() => None,
            Value::Str(it) => Some(Label::Text(it.to_string())),
            it => match it.as_f64() {
                Some(number) => Some(number).filter(|it| !it.is_nan()).map(Label::Number),
                None => Some(Label::Text(it.to_json().to_string())),
            },
        }
    }

    /// As JSON: a whole number without a fraction.
    pub fn to_json(&self) -> Json {
        match self {
            Label::Flag(it) => Json::from(*it),
            Label::Text(it) => Json::from(it.as_str()),
            Label::Number(it) if it.fract() == 0.0 && it.abs() < 9e15 => Json::from(*it as i64),
            Label::Number(it) => Json::from(*it),
        }
    }

    /// As a value: a whole number without a fraction.
    pub fn to_value(&self) -> Value<'static> {
        match self {
            Label::Flag(it) => Value::Bool(*it),
            Label::Text(it) => Value::Str(it.clone().into()),
            Label::Number(it) if it.fract() == 0.0 && it.abs() < 9e15 => Value::Int(*it as i64),
            Label::Number(it) => Value::Num(*it),
        }
    }

    /// The class that is meant where none is named, of all classes in order: 1, or `true`, where there are only 0 and 1,
    /// the greater of two else; `None` where there are more, or one alone.
    pub fn positive<'l>(classes: impl IntoIterator<Item = &'l Label>) -> Option<Label> {
        let classes: Vec<&Label> = classes.into_iter().collect();
        let is_flag = |it: &&&Label| it.number().is_some_and(|it| it == 0.0 || it == 1.0);
        if classes.iter().filter(is_flag).count() == classes.len() {
            let one = classes.iter().find(|it| it.number() == Some(1.0));
            return Some(one.map_or(Label::Number(1.0), |it| (*it).clone()));
        }
        classes.last().filter(|_| classes.len() == 2).map(|it| (*it).clone())
    }

    fn number(&self) -> Option<f64> {
        match self {
            Label::Number(it) => Some(*it + 0.0),
            Label::Flag(it) => Some(f64::from(u8::from(*it))),
            Label::Text(_) => None,
        }
    }
}

/// Numbers by value, then texts.
impl Ord for Label {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Label::Text(a), Label::Text(b)) => a.cmp(b),
            (Label::Text(_), _) => Ordering::Greater,
            (_, Label::Text(_)) => Ordering::Less,
            (a, b) => a.number().unwrap_or(f64::NAN).total_cmp(&b.number().unwrap_or(f64::NAN)),
        }
    }
}

impl PartialOrd for Label {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Label {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Label {}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Label::Text(it) => f.write_str(it),
            it => write!(f, "{}", it.to_json()),
        }
    }
}
