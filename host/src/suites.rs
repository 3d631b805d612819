//! Suites from files: the suite itself, and the JSON Schemas it refers to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use driftline_rules::plan::{Options, Plan, compile};
use driftline_rules::schema;
use driftline_rules::suite::problem::Problem;
use driftline_rules::suite::{SchemaSource, Suite, read};
use driftline_rules::value::Value;
use sha2::{Digest as _, Sha256};

use crate::plugins;

/// A suite that was loaded.
#[derive(Debug)]
pub struct Loaded {
    /// Its file, as the user named it.
    pub file: String,
    /// Its text.
    pub text: String,
    /// The texts of the schemas it refers to, by name.
    pub files: BTreeMap<String, String>,
    /// What it says.
    pub suite: Suite,
    /// Its plan; entries that have a problem cannot be evaluated.
    pub plan: Plan,
    /// All that is wrong with it.
    pub problems: Vec<Problem>,
}

impl Loaded {
    /// The digests of the plugins whose rules it uses, by the names that it has for them.
    pub fn plugins(&self) -> BTreeMap<String, String> {
        let sources = self.plan.expectations.iter().filter_map(|it| it.source.as_ref());
        sources.map(|it| (it.plugin.clone(), it.digest.clone())).collect()
    }

    /// SHA-256 of the text, of the schemas it refers to with their names, and of the plugins it uses with theirs, in
    /// hexadecimal digits.
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        // Lengths between the parts, so that no two different suites are the same bytes.
        let mut part = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        part(&self.text);
        for (name, text) in &self.files {
            part(name);
            part(text);
        }
        for (name, digest) in &self.plugins() {
            part("plugin");
            part(name);
            part(digest);
        }
        hex(&hash.finalize())
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Loads and compiles a suite. An error means that there is no text to read. Where `options` name no plugins, they are
/// those of the command line: files beside the suite, and what registries have.
pub fn load(file: &Path, options: &Options) -> Result<Loaded, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let folder = file.parent().unwrap_or_else(|| Path::new("."));
    let read = |name: &str| fs::read_to_string(folder.join(name)).map_err(|error| error.to_string());
    let mut options = options.clone();
    options.plugins.get_or_insert_with(|| plugins::beside(folder));
    Ok(build(file.display().to_string(), text, &options, &read))
}

/// Compiles a suite; `read_file` gives the schemas and the metrics it refers to.
pub fn build(
    file: String,
    text: String,
    options: &Options,
    read_file: &dyn Fn(&str) -> Result<String, String>,
) -> Loaded {
    let (suite, mut problems) = read(&text);
    let mut options = options.clone();
    let mut files = BTreeMap::new();
    if let Some(source) = &suite.schema {
        options.schemas = schemas(source, read_file, &mut files, &mut problems);
    }
    for (name, at) in suite.metrics_files() {
        if options.metrics.iter().any(|it| it.0 == name) {
            continue;
        }
        let found = read_file(name).and_then(|text| Ok((parse(&text)?, text)));
        let document = match found {
            Ok((document, text)) => {
                files.insert(name.to_owned(), text);
                document
            }
            Err(error) => {
                let message = format!("the metrics `{name}` cannot be read: {error}");
                problems.push(Problem::new(at, message).within("not_worse_than"));
                serde_json::Value::Null
            }
        };
        options.metrics.push((name.to_owned(), document));
    }
    let (plan, more) = compile(&suite, &options);
    problems.extend(more);
    problems.sort_by_key(|it| it.at);
    Loaded { file, text, files, suite, plan, problems }
}

/// The schema's file and all that it refers to.
fn schemas(
    source: &SchemaSource,
    read_file: &dyn Fn(&str) -> Result<String, String>,
    files: &mut BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) -> Vec<(String, serde_json::Value)> {
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
        let text = read_file(&name);
        match text.and_then(|text| Ok((parse(&text)?, text))) {
            Ok((document, text)) => {
                waiting.extend(references(&document, &name));
                found.push((name.clone(), document));
                files.insert(name, text);
            }
            Err(error) => {
                let message = format!("the schema `{name}` cannot be read: {error}");
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
