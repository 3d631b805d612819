//! JSON Schema, drafts 4 to 2020-12, over [`Value`]: the record that the rules read is the one that the
//! schema judges, so a text is read once.
//!
//! Keywords, formats and messages are those of the `jsonschema` crate. Its view of our values is in
//! `schema/node.rs`: a time is a string, a decimal is a number, and NaN and the infinities, which JSON
//! does not have, are of no type at all.

mod node;

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{Draft, Retrieve, Uri, ValidationError, Validator};
use serde_json::Value as Json;

use crate::path::Path;
use crate::value::Value;
use node::RecordJson;

/// A compiled schema.
#[derive(Debug)]
pub struct Schema(Validator<RecordJson>);

/// Why a schema cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError {
    /// Where in the schema, as a JSON pointer (`/properties/age/type`); empty for the schema itself.
    pub path: String,
    /// What, without a full stop.
    pub message: String,
}

/// Why a record does not conform.
#[derive(Clone, Debug, PartialEq)]
pub struct SchemaFailure {
    /// Where in the record, in the notation of [`Path`]; `$` is the record itself.
    pub path: String,
    /// The keyword that failed: `type`, `required`, `maximum` ...
    pub keyword: String,
    /// What, without a full stop.
    pub message: String,
    /// The value that failed; NaN and the infinities as the text `NaN`, `Infinity`, `-Infinity`.
    pub value: Json,
}

impl Schema {
    /// Compiles a schema; `$schema` names its draft, 2020-12 unless it is there. Formats are asserted, and
    /// unknown ones pass. A `$ref` to another document is looked up in `resources` by its URI, taken
    /// relative to the schema's `$id`; nothing is ever fetched.
    pub fn compile(schema: &Json, resources: &[(String, Json)]) -> Result<Schema, Vec<SchemaError>> {
        let base = base_of(schema);
        let mut given = BTreeMap::new();
        for (uri, resource) in resources {
            let absolute =
                absolute(&base, uri).map_err(|message| vec![SchemaError { path: String::new(), message }])?;
            given.insert(absolute, resource.clone());
        }
        jsonschema::options_for::<RecordJson>()
            .with_retriever(Given(given))
            .should_validate_formats(true)
            .build(schema)
            .map(Schema)
            .map_err(|first| all_errors(schema, &first))
    }

    /// Whether a record conforms.
    pub fn is_valid(&self, record: &Value) -> bool {
        self.0.is_valid(record)
    }

    /// Why a record does not conform: the first `limit` reasons, none when it does.
    pub fn failures(&self, record: &Value, limit: usize) -> Vec<SchemaFailure> {
        self.0.iter_errors(record).take(limit).map(|it| explain(&it, record)).collect()
    }
}

/// The other documents that a schema refers to, as written and without their fragments, each once, in
/// order; those built in (the meta-schemas) and those that the schema itself holds under an `$id` are left out.
pub fn references(schema: &Json) -> Vec<String> {
    let mut found = References::default();
    found.walk(schema);
    let References { mut targets, ids, .. } = found;
    targets.retain(|it| !ids.contains(it) && !is_built_in(it));
    targets
}

#[derive(Default)]
struct References {
    targets: Vec<String>,
    known: BTreeSet<String>,
    ids: BTreeSet<String>,
}

impl References {
    fn walk(&mut self, schema: &Json) {
        match schema {
            Json::Array(items) => items.iter().for_each(|it| self.walk(it)),
            Json::Object(members) => {
                for (name, value) in members {
                    match (name.as_str(), value) {
                        ("$ref" | "$dynamicRef" | "$schema", Json::String(target)) => {
                            let target = document(target);
                            if !target.is_empty() && self.known.insert(target.to_owned()) {
                                self.targets.push(target.to_owned());
                            }
                        }
                        ("$id" | "id", Json::String(id)) => _ = self.ids.insert(document(id).to_owned()),
                        // Data, not schemas.
                        ("const" | "enum" | "default" | "examples", _) => {}
                        _ => self.walk(value),
                    }
                }
            }
            _ => {}
        }
    }
}

/// A reference without its fragment.
fn document(target: &str) -> &str {
    target.split_once('#').map_or(target, |(document, _)| document)
}

fn is_built_in(uri: &str) -> bool {
    let rest = uri.strip_prefix("https://").or_else(|| uri.strip_prefix("http://"));
    rest.is_some_and(|it| it.starts_with("json-schema.org/draft"))
}

/// The given documents by absolute URI; there is nothing else.
struct Given(BTreeMap<String, Json>);

impl Retrieve for Given {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Json, Box<dyn std::error::Error + Send + Sync>> {
        let found = self.0.get(uri.as_str().trim_end_matches('#'));
        found.cloned().ok_or_else(|| "it is not among the given files, and nothing is fetched".into())
    }
}

/// What references in a schema are relative to. Without an `$id` that is a URI of `jsonschema`'s own.
fn base_of(schema: &Json) -> String {
    let id = ["$id", "id"].into_iter().find_map(|it| schema.get(it)?.as_str());
    let id = id.and_then(|it| jsonschema::uri::from_str(it).ok());
    id.map_or_else(|| "json-schema:///".to_owned(), |it| document(it.as_str()).to_owned())
}

fn absolute(base: &str, uri: &str) -> Result<String, String> {
    let base = jsonschema::uri::from_str(base).map_err(|it| it.to_string())?;
    let uri = jsonschema::uri::resolve_against(&base.borrow(), uri).map_err(|it| it.to_string())?;
    Ok(uri.as_str().trim_end_matches('#').to_owned())
}

/// Everything that the meta-schema has against a schema, or else the one error of the compiler.
fn all_errors(schema: &Json, first: &ValidationError) -> Vec<SchemaError> {
    let meta = match Draft::default().detect(schema) {
        Draft::Draft4 => jsonschema::draft4::meta::validator(),
        Draft::Draft6 => jsonschema::draft6::meta::validator(),
        Draft::Draft7 => jsonschema::draft7::meta::validator(),
        Draft::Draft201909 => jsonschema::draft201909::meta::validator(),
        _ => jsonschema::draft202012::meta::validator(),
    };
    let to_error = |it: &ValidationError| SchemaError { path: it.instance_path().to_string(), message: it.to_string() };
    let all: Vec<SchemaError> = meta.iter_errors(schema).map(|it| to_error(&it)).collect();
    if all.is_empty() { vec![to_error(first)] } else { all }
}

fn explain(error: &ValidationError, record: &Value) -> SchemaFailure {
    let path = to_path(error.instance_path());
    let keyword = error.kind().keyword().to_owned();
    let message = match path.find(record) {
        Some(Value::Num(x)) if !x.is_finite() && keyword == "type" => {
            format!("{} is not a JSON number", node::non_finite(*x))
        }
        _ => error.to_string(),
    };
    SchemaFailure { path: path.to_string(), keyword, message, value: error.instance().clone().into_owned() }
}

fn to_path(location: &Location) -> Path {
    let segments = location.into_iter().map(|it| match it {
        LocationSegment::Property(name) => name.into_owned(),
        LocationSegment::Index(i) => i.to_string(),
    });
    Path::from_segments(segments.collect())
}

#[cfg(test)]
mod tests;
