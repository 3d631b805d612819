//! A case of the corpus: an expectation, the rows it is asked of, and what Great Expectations answered.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::compare;

/// One line of a corpus file.
pub struct Case {
    /// `edge/expect_column_values_to_be_between/min_only`.
    pub id: String,
    /// The name of the expectation.
    pub expectation: String,
    kwargs: Value,
    types: Map<String, Value>,
    columns: Map<String, Value>,
    /// The file of records that it is about, instead of columns.
    pub data_file: Option<PathBuf>,
    /// Whether the answer does not depend on how columns are typed.
    pub portable: bool,
    /// The answers that are right.
    pub answers: Vec<Answer>,
}

/// What an engine may answer.
pub struct Answer {
    /// Whether the expectation cannot be evaluated.
    pub raises: bool,
    /// Members of the result, and `success`.
    pub expected: Map<String, Value>,
}

impl Case {
    /// Reads one line; `folder` is where the paths of data files begin.
    pub fn parse(line: &str, folder: &Path) -> Self {
        let case = compare::read(line);
        let text = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
        let map = |name: &str| case[name].as_object().cloned().unwrap_or_default();
        let portable = case["portable"] == true;
        let mut answers = vec![Answer::new(&case)];
        if !portable {
            answers.push(Answer::new(&case["alt"]));
        }
        Case {
            id: text("id"),
            expectation: text("expectation"),
            kwargs: case["kwargs"].clone(),
            types: map("types"),
            columns: map("columns"),
            data_file: case["data_file"].as_str().map(|it| folder.join(it)),
            portable,
            answers,
        }
    }

    /// The suite with this one expectation, as Great Expectations saves it, and the types of the columns.
    /// Infinity stands in it as Python writes it.
    pub fn suite(&self) -> String {
        let types: Map<String, Value> = self.types.iter().map(|(name, ty)| (field(name), type_name(ty))).collect();
        let entry = json!({"type": self.expectation, "kwargs": self.kwargs});
        let mut suite = json!({"name": "case", "expectations": [entry]});
        if !types.is_empty() {
            suite["types"] = Value::Object(types);
        }
        let mut text = String::new();
        write_json(&suite, &mut text);
        text
    }

    /// How many rows there are.
    pub fn n_rows(&self) -> usize {
        self.columns.values().filter_map(Value::as_array).map(Vec::len).max().unwrap_or(0)
    }

    /// The names of the columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.keys().map(String::as_str)
    }

    /// The rows as NDJSON, NaN and the infinities as Python writes them.
    pub fn ndjson(&self) -> String {
        let mut text = String::new();
        for row in 0..self.n_rows() {
            text.push('{');
            for (i, (name, values)) in self.columns.iter().enumerate() {
                let comma = if i == 0 { "" } else { ", " };
                let _ = write!(text, "{comma}{}: ", Value::from(name.as_str()));
                write_json(&values[row], &mut text);
            }
            text.push_str("}\n");
        }
        text
    }
}

impl Answer {
    fn new(it: &Value) -> Self {
        Answer { raises: it["raises"] == true, expected: it["expected"].as_object().cloned().unwrap_or_default() }
    }
}

/// A column's name in the notation of a suite, in which a dot leads into an object.
fn field(name: &str) -> String {
    driftline_rules::path::Path::literal(name).to_string()
}

fn type_name(ty: &Value) -> Value {
    match ty.as_str() {
        Some("datetime_tz") => "datetime".into(),
        _ => ty.clone(),
    }
}

/// Writes JSON in which `{"$float": "Infinity"}` is the literal.
fn write_json(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => match members.get("$float").and_then(Value::as_str) {
            Some(literal) => out.push_str(literal),
            None => {
                out.push('{');
                for (i, (name, it)) in members.iter().enumerate() {
                    let comma = if i == 0 { "" } else { ", " };
                    let _ = write!(out, "{comma}{}: ", Value::from(name.as_str()));
                    write_json(it, out);
                }
                out.push('}');
            }
        },
        Value::Array(items) => {
            out.push('[');
            for (i, it) in items.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { ", " });
                write_json(it, out);
            }
            out.push(']');
        }
        _ => {
            let _ = write!(out, "{value}");
        }
    }
}
