//! When two answers are the same: the rules of the corpus's own scorer.
//!
//! Numbers agree within 1e-9 of each other or 1e-12 of zero; `true` is not 1; lists agree in order, but for
//! those that Great Expectations makes of sets.

use driftline_rules::record;
use driftline_rules::value::Value as Own;
use serde_json::{Map, Value, json};

use crate::case::{Answer, Case};

/// One expectation's result in Great Expectations' form.
pub struct Got {
    /// Whether it could not be evaluated.
    pub raises: bool,
    /// Whether it holds.
    pub success: bool,
    /// `result`.
    pub result: Map<String, Value>,
    /// What it said, for messages.
    pub message: String,
}

/// Reads JSON, also Python's, whose infinity becomes `{"$float": "Infinity"}`.
pub fn read(text: &str) -> Value {
    plain(&record::parse(text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

/// The results of a suite's result.
pub fn results(suite: &Value) -> Vec<Got> {
    suite["results"].as_array().into_iter().flatten().map(Got::new).collect()
}

impl Got {
    fn new(it: &Value) -> Self {
        let info = &it["exception_info"];
        Got {
            raises: info["raised_exception"] == true,
            success: it["success"] == true,
            result: it["result"].as_object().cloned().unwrap_or_default(),
            message: info["exception_message"].as_str().unwrap_or_default().to_owned(),
        }
    }
}

fn plain(value: &Own) -> Value {
    match value {
        Own::Num(it) if it.is_infinite() => json!({"$float": if *it > 0.0 { "Infinity" } else { "-Infinity" }}),
        Own::List(items) => items.iter().map(plain).collect(),
        Own::Map(members) => {
            Value::Object(members.iter().map(|(name, it)| (name.clone().into_owned(), plain(it))).collect())
        }
        it => it.to_json(),
    }
}

/// Why an answer is none of those that are right; `None`: it is one.
pub fn disagreement(case: &Case, got: &Got) -> Option<String> {
    let mut reasons = case.answers.iter().map(|it| unlike(case, it, got));
    let first = reasons.next()?;
    if reasons.any(|it| it.is_none()) { None } else { first }
}

fn unlike(case: &Case, answer: &Answer, got: &Got) -> Option<String> {
    match (answer.raises, got.raises) {
        (true, true) => return None,
        (true, false) => return Some("should be an error".to_owned()),
        (false, true) => return Some(format!("is an error: {}", got.message)),
        (false, false) => {}
    }
    answer.expected.iter().find_map(|(name, want)| {
        let got = member(got, name);
        // The names that pandas gives to its columns' types are observed by nobody else.
        if got.is_null() && name == "observed_value" && !case.portable {
            return None;
        }
        let same = if is_set(case, name) { same(&sorted(want), &sorted(&got)) } else { same(want, &got) };
        (!same).then(|| format!("{name}: wanted {}, got {}", short(want), short(&got)))
    })
}

/// A member of the result; the corpus shortens long lists to their length and beginning.
fn member(got: &Got, name: &str) -> Value {
    let list = |name: &str| got.result.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    if name == "success" {
        return got.success.into();
    }
    if let Some(name) = name.strip_suffix("_len") {
        return list(name).len().into();
    }
    if let Some(name) = name.strip_suffix("_first") {
        let mut list = list(name);
        list.truncate(SHOWN);
        return list.into();
    }
    // What Great Expectations drops because it is null, and what it shows as null, say the same.
    got.result.get(name).cloned().unwrap_or_default()
}

/// How many values the corpus shows of a long list.
const SHOWN: usize = 50;

fn is_set(case: &Case, name: &str) -> bool {
    match name {
        "partial_missing_list" => true,
        "partial_unexpected_list" => case.expectation.contains("distinct"),
        "observed_value" => matches!(
            case.expectation.as_str(),
            "expect_column_most_common_value_to_be_in_set" | "expect_table_columns_to_match_set"
        ),
        _ => false,
    }
}

fn sorted(value: &Value) -> Value {
    let mut value = value.clone();
    if let Value::Array(items) = &mut value {
        items.sort_by_cached_key(Value::to_string);
    }
    value
}

/// Whether two JSON values are the same answer.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => {
            let (x, y) = (x.as_f64().unwrap_or_default(), y.as_f64().unwrap_or_default());
            a == b || x == y || (x - y).abs() <= (1e-9 * x.abs().max(y.abs())).max(1e-12)
        }
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y)),
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(name, x)| y.get(name).is_some_and(|y| same(x, y)))
        }
        _ => a == b,
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(120).collect()
}
