//! Suites from files: the suite itself, and the JSON Schemas it refers to.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use driftline_rules::plan::{Options, Plan, compile};
use driftline_rules::schema;
use driftline_rules::suite::problem::Problem;
use driftline_rules::suite::{SchemaSource, Suite, read};
use driftline_rules::value::Value;

/// A suite that was loaded.
pub struct Loaded {
    /// Its file, as the user named it.
    pub file: String,
    /// What it says.
    pub suite: Suite,
    /// Its plan; entries that have a problem cannot be evaluated.
    pub plan: Plan,
    /// All that is wrong with it.
    pub problems: Vec<Problem>,
}

/// Loads and compiles a suite. An error means that there is no text to read.
pub fn load(file: &Path, options: &Options) -> Result<Loaded, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let (suite, mut problems) = read(&text);
    let mut options = options.clone();
    if let Some(source) = &suite.schema {
        let folder = file.parent().unwrap_or_else(|| Path::new("."));
        options.schemas = schemas(source, folder, &mut problems);
    }
    let (plan, more) = compile(&suite, &options);
    problems.extend(more);
    problems.sort_by_key(|it| it.at);
    Ok(Loaded { file: file.display().to_string(), suite, plan, problems })
}

/// The schema's file and all that it refers to, from the folder of the suite.
fn schemas(source: &SchemaSource, folder: &Path, problems: &mut Vec<Problem>) -> Vec<(String, serde_json::Value)> {
    let mut found: Vec<(String, serde_json::Value)> = Vec::new();
    let (mut waiting, at) = match source {
        SchemaSource::File(name, at) => (vec![name.clone()], *at),
        SchemaSource::Inline(value, at) => (references(&value.to_json(), ""), *at),
    };
    let mut seen = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let path: PathBuf = folder.join(&name);
        let document = fs::read_to_string(&path).map_err(|error| error.to_string()).and_then(|text| parse(&text));
        match document {
            Ok(document) => {
                waiting.extend(references(&document, &name));
                found.push((name, document));
            }
            Err(error) => {
                let message = format!("the schema `{}` cannot be read: {error}", path.display());
                problems.push(Problem::new(at, message).within("schema"));
            }
        }
    }
    found
}

/// A schema may be written in JSON or YAML.
fn parse(text: &str) -> Result<serde_json::Value, String> {
    match serde_json::from_str(text) {
        Ok(document) => Ok(document),
        Err(error) if text.trim_start().starts_with('{') => Err(error.to_string()),
        Err(_) => {
            driftline_rules::suite::node::parse(text).map(|it| it.to_value().to_json()).map_err(|it| it.to_string())
        }
    }
}

/// Names of files that a schema refers to, relative to the folder of the suite.
fn references(document: &serde_json::Value, name: &str) -> Vec<String> {
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    let files = schema::references(document).into_iter().filter(|it| !it.contains("://"));
    files.map(|it| if folder.is_empty() { it } else { format!("{folder}/{it}") }).collect()
}

/// An example's record as the bytes that a reader takes.
pub fn example_text(record: &Value) -> String {
    record.to_json().to_string()
}
