//! What is wrong with a configuration: always a list, each with the place that must be changed.

use std::fmt;
use std::sync::Arc;

use driftline_rules::suite::problem::{At, did_you_mean};
use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value as Json;

use super::merge::{Merged, child, dotted, segments};
use super::schema::{allows, expected, fields, find, holds_secret, is_secret, properties, words};
use super::secret::TOKEN_PREFIX;
use crate::redact::redacted;

/// Where a value was set. Later sources are greater.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nowhere: it is the default.
    Default,
    /// In the file.
    File(Arc<str>, At),
    /// By a variable of the environment.
    Variable(String),
    /// By a flag of the command line.
    Flag(String),
}

/// `driftline.yaml:3:5`, `DRIFTLINE_LISTEN`, `--listen`
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(name, at) => write!(f, "{name}:{}:{}", at.line, at.column),
            Origin::Variable(name) | Origin::Flag(name) => f.write_str(name),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What must be changed.
    pub origin: Origin,
    /// The setting, as a JSON pointer; empty for the whole.
    pub pointer: String,
    /// What is wrong; it never holds a secret.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
}

impl Problem {
    pub(super) fn new(origin: Origin, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Problem { origin, pointer: pointer.into(), message: message.into(), hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Problem { hint: Some(hint.into()), ..self }
    }
}

/// `driftline.yaml:3:5: limits.bdoy: unknown setting (did you mean `body`?)`
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if !self.pointer.is_empty() {
            write!(f, "{}: ", dotted(&self.pointer))?;
        }
        write!(f, "{}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// All that is wrong, one problem a line.
#[derive(Debug)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Problems {}

/// What the schema says against the configuration.
pub(super) fn against(schema: &Json, merged: &Merged) -> Vec<Problem> {
    let mut problems: Vec<Problem> = Vec::new();
    let validator = match jsonschema::draft7::new(schema) {
        Ok(it) => it,
        Err(error) => return vec![Problem::new(Origin::Default, "", format!("the schema itself is wrong: {error}"))],
    };
    for error in validator.iter_errors(&merged.json) {
        for problem in said(schema, merged, &error) {
            // A value may break several keywords, and what is expected says them all.
            if !problems.iter().any(|it| it.pointer == problem.pointer) {
                problems.push(problem);
            }
        }
    }
    problems
}

fn said(schema: &Json, merged: &Merged, error: &ValidationError) -> Vec<Problem> {
    let at = error.instance_path().as_str();
    let path = segments(at);
    let here = find(schema, &path).unwrap_or(&Json::Null);
    match error.kind() {
        Kind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .map(|name| {
                let pointer = child(at, name);
                let problem = Problem::new(merged.named(&pointer), pointer, "unknown setting");
                let hint = meant(schema, here, name);
                problem.hint(hint.unwrap_or_else(|| "`driftline schema config` lists all settings".to_owned()))
            })
            .collect(),
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let pointer = child(at, name);
            let hint = find(here, &[name]).map(expected).unwrap_or_default();
            vec![Problem::new(merged.origin(at), pointer, "is missing").hint(hint)]
        }
        _ => {
            let found = found(error.instance(), here);
            let problem = Problem::new(merged.origin(at), at, format!("expected {}, found {found}", expected(here)));
            vec![match mend(error.instance(), here) {
                Some(hint) => problem.hint(hint),
                None => problem,
            }]
        }
    }
}

/// The setting that was probably meant: one beside it, or one of that name elsewhere.
pub(super) fn meant(schema: &Json, here: &Json, name: &str) -> Option<String> {
    did_you_mean(name, properties(here).map(|it| it.0.as_str())).or_else(|| {
        let all = fields(schema);
        let elsewhere = all.iter().filter(|it| it.path.rsplit('.').next() == Some(name));
        // A setting that there is once is meant rather than one of a list.
        let elsewhere = elsewhere.min_by_key(|it| it.path.contains("[]"));
        elsewhere.map(|it| format!("did you mean `{}`?", it.path))
    })
}

fn found(value: &Json, schema: &Json) -> String {
    let what = match value {
        Json::Null => return "nothing".to_owned(),
        Json::Bool(it) => return format!("`{it}`"),
        Json::Number(it) => {
            return if holds_secret(schema) { "a number".to_owned() } else { format!("the number {it}") };
        }
        Json::Array(it) if it.is_empty() => return "an empty list".to_owned(),
        Json::Array(_) => return "a list".to_owned(),
        Json::Object(_) => return "a mapping".to_owned(),
        Json::String(it) if it.is_empty() => return "empty text".to_owned(),
        Json::String(it) if holds_secret(schema) || it.starts_with(TOKEN_PREFIX) => return "another text".to_owned(),
        Json::String(it) if it.contains("://") => redacted(it),
        Json::String(it) => it.clone(),
    };
    let short: String = what.chars().take(60).collect();
    let rest = if short.len() < what.len() { " ..." } else { "" };
    format!("the text `{short}`{rest}")
}

fn mend(value: &Json, schema: &Json) -> Option<String> {
    match value {
        Json::String(it) if is_secret(schema) && it.starts_with(TOKEN_PREFIX) => {
            Some("that is the token itself, which must be kept nowhere; replace it".to_owned())
        }
        Json::String(it) => {
            let words = words(schema);
            did_you_mean(it, words.iter().map(|it| it.0.as_str()))
        }
        Json::Number(_) if allows(schema, "string") && !allows(schema, "integer") => {
            let unit = schema.get("x-expected").and_then(Json::as_str).is_some_and(|it| it.starts_with("a span"));
            Some(if unit { "say the unit: `ms`, `s`, `m`, `h` or `d`" } else { "put it in quotes" }.to_owned())
        }
        _ => None,
    }
}
