//! A suite of Great Expectations into the short form.

use std::fmt::Write;

use driftline_rules::args::{Form, ParamType};
use driftline_rules::condition::{Condition, Dialect, Parameter};
use driftline_rules::expectation::find;
use driftline_rules::kind::{Kind, Subject};
use driftline_rules::path::Path;
use driftline_rules::plan::{Expectation, Options, compile};
use driftline_rules::report::Severity;
use driftline_rules::suite::node::{self, Node};
use driftline_rules::suite::problem::Problem;
use driftline_rules::suite::{Entry, read};
use driftline_rules::value::Value;

use crate::yaml::{scalar, text};

/// What became of a suite.
pub struct Imported {
    /// The suite in the short form.
    pub yaml: String,
    /// What could not be carried over as it was, each with its place in the original.
    pub lost: Vec<Problem>,
    /// How many expectations are in the result.
    pub carried: usize,
    /// How many are left out.
    pub left_out: usize,
}

/// Imports a suite of Great Expectations, 0.x or 1.x. An error: it is no such suite.
pub fn import(source: &str, file: &str) -> Result<Imported, Vec<Problem>> {
    let root = node::parse(source).map_err(|it| vec![it])?;
    let (suite, mut problems) = read(source);
    let items = root.items().or_else(|| root.get("expectations").and_then(Node::items));
    let Some(items) = items else {
        if problems.is_empty() {
            problems.push(Problem::new(root.at, "this is no suite: it has no list `expectations`"));
        }
        return Err(problems);
    };
    let (plan, more) = compile(&suite, &Options::default());
    problems.extend(more);
    let (mut lost, mut left_out) = (Vec::new(), 0);
    let mut yaml = head(&suite, file);
    leftovers(&root, &mut lost);
    let compiled = &plan.expectations[plan.n_implicit..];
    for (i, item) in items.iter().enumerate() {
        let path = if root.items().is_some() { format!("[{i}]") } else { format!("expectations[{i}]") };
        let own: Vec<&Problem> = problems.iter().filter(|it| it.path.starts_with(&path)).collect();
        let entry = suite.entries.iter().zip(compiled).find(|(it, _)| it.path == path);
        let written = match entry {
            Some((entry, expectation)) if own.is_empty() => {
                dropped(item, &path, &mut lost);
                write(entry, expectation, item).map_err(|why| vec![Problem::new(item.at, why)])
            }
            _ => Err(own.into_iter().cloned().collect()),
        };
        match written {
            Ok((block, kept)) => {
                yaml += &block;
                lost.extend(kept.map(|why| Problem::new(item.at, why).within(&path)));
            }
            Err(reasons) => {
                left_out += 1;
                yaml += "  # Left out, see below; as it was:\n";
                let _ = writeln!(yaml, "  #   {}", scalar(&item.to_value()));
                for reason in reasons {
                    let _ = writeln!(yaml, "  #   {}", reason.message.replace('\n', " "));
                    let message = format!("left out: {}", reason.message);
                    lost.push(Problem { message, ..reason }.within(&path));
                }
            }
        }
    }
    if items.len() == left_out {
        yaml += "  []\n";
    }
    let elsewhere = problems.into_iter().filter(|it| !it.path.contains('['));
    lost.extend(elsewhere.map(|it| Problem { message: format!("left out: {}", it.message), ..it }));
    lost.sort_by_key(|it| it.at);
    Ok(Imported { yaml, lost, carried: items.len() - left_out, left_out })
}

fn head(suite: &driftline_rules::suite::Suite, file: &str) -> String {
    let mut yaml = format!(
        "# Imported from {}, a suite of Great Expectations.\n\
         # In this form a value of a wrong type fails its record, NaN is a value, and where there is nothing\n\
         # to judge the check is skipped; `driftline kinds NAME` says more of each kind.\n",
        file.replace(['\n', '\r'], " ")
    );
    let name = suite.name.clone().map(|it| Value::Str(it.into()));
    let id = suite.id.clone().map(|it| Value::Str(it.into()));
    let members = [("name", name), ("id", id), ("notes", suite.notes.clone()), ("meta", suite.meta.clone())];
    for (member, value) in members {
        if let Some(value) = value.filter(|it| !is_nothing(it)) {
            let _ = writeln!(yaml, "{member}: {}", scalar(&value));
        }
    }
    yaml + "\nexpectations:\n"
}

fn is_nothing(value: &Value) -> bool {
    value.is_null()
        || matches!(value, Value::Map(it) if it.is_empty())
        || matches!(value, Value::List(it) if it.is_empty())
}

/// Members of the suite that say nothing about data.
fn leftovers(root: &Node, lost: &mut Vec<Problem>) {
    for name in ["data_asset_type", "evaluation_parameters", "suite_parameters", "$schema", "success"] {
        if let Some(value) = root.get(name).filter(|it| !is_nothing(&it.to_value())) {
            lost.push(Problem::new(value.at, "left out: it has no place in the short form").within(name));
        }
    }
}

/// Members of an entry that belong to a run, or are made from the others.
fn dropped(item: &Node, path: &str, lost: &mut Vec<Problem>) {
    let kwargs = item.get("kwargs").map_or(&[][..], Node::members);
    for it in kwargs {
        if ["result_format", "catch_exceptions", "include_config", "batch_id"].contains(&it.name.as_str()) {
            let why = "left out: it belongs to a run, not to the suite";
            lost.push(Problem::new(it.at, why).within(&format!("{path}.kwargs.{}", it.name)));
        }
    }
    for it in item.members() {
        if it.name == "rendered_content" || it.name.starts_with("success_on_last_run") {
            let why = "left out: it is a result, not an expectation";
            lost.push(Problem::new(it.at, why).within(&format!("{path}.{}", it.name)));
        }
    }
}

/// An entry of the result, and what there is to say about it.
fn write(entry: &Entry, expectation: &Expectation, item: &Node) -> Result<(String, Option<String>), String> {
    let short = short(entry, expectation).and_then(accept);
    match short {
        Ok(block) => Ok((block, None)),
        Err(why) => {
            // The other form is at home in our suites too, so nothing need be lost.
            let mut block = format!("  # Kept in the form of Great Expectations: {}\n", why.replace('\n', " "));
            let members = item.members().iter();
            let members: Vec<_> = members.map(|it| (text(&it.name), scalar(&it.value.to_value()))).collect();
            block += &lines(&members);
            Ok((accept(block)?, Some(format!("kept in the form of Great Expectations: {why}"))))
        }
    }
}

/// The block, if it compiles by itself.
fn accept(block: String) -> Result<String, String> {
    let (suite, mut problems) = read(&format!("expectations:\n{block}"));
    problems.extend(compile(&suite, &Options::default()).1);
    match problems.first() {
        None => Ok(block),
        Some(problem) => Err(problem.message.clone()),
    }
}

fn short(entry: &Entry, expectation: &Expectation) -> Result<String, String> {
    let kind = find(&entry.kind).ok_or_else(|| format!("unknown kind `{}`", entry.kind))?;
    let mut members: Vec<(&str, String)> = Vec::new();
    let fields: Vec<String> = expectation.fields.iter().map(|it| text(&Path::literal(it).to_string())).collect();
    match (kind.subject, fields.as_slice()) {
        (_, []) => {}
        (Subject::Field, [field]) => members.push(("field", field.clone())),
        (_, fields) => members.push(("fields", format!("[{}]", fields.join(", ")))),
    }
    members.push((kind.name, params(entry, kind)?));
    if expectation.mostly != 1.0 {
        members.push(("mostly", scalar(&Value::Num(expectation.mostly))));
    }
    if let Some(when) = &entry.when {
        members.push(("when", text(&condition(when, entry.condition_parser.as_deref())?)));
    }
    if entry.severity != Severity::Critical {
        members.push(("severity", entry.severity.name().to_owned()));
    }
    let given = |it: &Option<Value<'static>>| it.clone().filter(|it| !is_nothing(it));
    let (mut notes, mut meta) = (given(&entry.notes), given(&entry.meta));
    if let Some(description) = given(&entry.description) {
        match (&notes, &mut meta) {
            (None, _) => notes = Some(description),
            (_, Some(Value::Map(members))) => members.push(("description".into(), description)),
            (_, None) => meta = Some(Value::Map(vec![("description".into(), description)])),
            _ => return Err("`description` has no place beside `notes` and `meta`".to_owned()),
        }
    }
    let id = entry.id.clone().map(|it| Value::Str(it.into()));
    for (name, value) in [("notes", notes), ("id", id), ("meta", meta)] {
        members.extend(value.map(|it| (name, scalar(&it))));
    }
    Ok(lines(&members))
}

/// The members of an entry, a line each.
fn lines(members: &[(impl AsRef<str>, String)]) -> String {
    let mut block = String::new();
    for (i, (name, value)) in members.iter().enumerate() {
        let _ = writeln!(block, "  {} {}: {value}", if i == 0 { '-' } else { ' ' }, name.as_ref());
    }
    block
}

/// The parameters under their short names, as Great Expectations converts them.
fn params(entry: &Entry, kind: &Kind) -> Result<String, String> {
    let mut members = Vec::new();
    for it in &entry.params {
        let Some(param) = kind.param(&it.name) else { continue };
        if it.value.is_null() {
            continue;
        }
        let numeric = matches!(
            param.ty,
            ParamType::Number | ParamType::Positive | ParamType::Ratio | ParamType::Bound | ParamType::Duration
        );
        let value = match param.ty.convert(&it.value, Form::Gx)? {
            Value::Num(x) if numeric && x.fract() == 0.0 && x.abs() < 1e15 => Value::Int(x as i64),
            it => it,
        };
        members.push((param.name.into(), value));
    }
    Ok(scalar(&Value::Map(members)))
}

/// A row condition as text, its columns in the notation of paths.
fn condition(node: &Node, parser: Option<&str>) -> Result<String, String> {
    let condition = match (node.text(), parser) {
        (Some(it), Some("pandas")) => Condition::from_text(it, Dialect::Pandas)?,
        (Some(it), _) => Condition::from_text(it, Dialect::GreatExpectations)?,
        (None, _) => Condition::from_json(&node.to_value().to_json()).map_err(|it| it.join("; "))?,
    };
    let condition = with_paths(condition);
    let text = condition.to_string();
    let back = Condition::from_text(&text, Dialect::Short)?;
    if back == condition { Ok(text) } else { Err(format!("the condition `{text}` would be read as `{back}`")) }
}

fn with_paths(condition: Condition) -> Condition {
    let path = |it: String| Path::literal(&it).to_string();
    let all = |them: Vec<Condition>| them.into_iter().map(with_paths).collect();
    match condition {
        Condition::Compare { column, operator, parameter } => {
            let parameter = match parameter {
                Parameter::Column(it) => Parameter::Column(path(it)),
                it => it,
            };
            Condition::Compare { column: path(column), operator, parameter }
        }
        Condition::Null { column, is_null } => Condition::Null { column: path(column), is_null },
        Condition::All(them) => Condition::All(all(them)),
        Condition::Any(them) => Condition::Any(all(them)),
        Condition::Not(it) => Condition::Not(Box::new(with_paths(*it))),
    }
}
