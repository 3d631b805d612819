//! The JSON Schema of the configuration, and the way through it.

use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

use super::Config;

/// The JSON Schema, for editors and for the check itself.
pub fn schema() -> Json {
    let settings = SchemaSettings::draft07().with(|it| it.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<Config>().to_value();
    tidy(&mut schema);
    let mut first = serde_json::Map::new();
    if let Json::Object(members) = &mut schema {
        for name in ["$schema", "description"] {
            first.extend(members.shift_remove_entry(name));
        }
        first.append(members);
    }
    Json::Object(first)
}

/// Sentences on one line, defaults only where there is nothing below, and nothing of Rust's types: their names mean
/// nothing to a reader, and the bounds say what their formats would.
fn tidy(schema: &mut Json) {
    let Json::Object(members) = schema else { return };
    members.retain(|name, it| !(name == "default" && it.is_object() || name == "format" || name == "title"));
    if let Some(Json::String(text)) = members.get_mut("description") {
        *text = text.replace('\n', " ");
    }
    if let Some(Json::Object(below)) = members.get_mut("properties") {
        below.values_mut().for_each(tidy);
    }
    if let Some(items) = members.get_mut("items") {
        tidy(items);
    }
    if let Some(Json::Array(choices)) = members.get_mut("oneOf") {
        choices.iter_mut().for_each(tidy);
    }
}

/// A setting.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its path: `limits.body`, `tokens[].name`.
    pub path: String,
    /// What it says of itself.
    pub description: String,
    /// Its default as JSON; `None`: it must be given.
    pub default: Option<Json>,
    /// What may be written.
    pub expected: String,
    /// The words it may be, each with its sentence.
    pub words: Vec<(String, String)>,
}

/// All settings that hold a value, in the order of the documentation.
pub fn fields(schema: &Json) -> Vec<Field> {
    let mut found = Vec::new();
    collect(schema, "", &mut found);
    found
}

fn collect(schema: &Json, path: &str, found: &mut Vec<Field>) {
    for (name, below) in properties(schema) {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let list = below.get("items").filter(|it| it.get("properties").is_some());
        if below.get("properties").is_none() {
            found.push(Field {
                description: text(below, "description").to_owned(),
                default: below.get("default").cloned(),
                expected: expected(below),
                words: words(below),
                path: path.clone(),
            });
        }
        match list {
            Some(item) => collect(item, &format!("{path}[]"), found),
            None => collect(below, &path, found),
        }
    }
}

/// The members that an object may have.
pub(super) fn properties(schema: &Json) -> impl Iterator<Item = (&String, &Json)> {
    schema.get("properties").and_then(Json::as_object).into_iter().flatten()
}

/// The schema of what lies at the path, if there may be something.
pub(super) fn find<'s>(schema: &'s Json, path: &[impl AsRef<str>]) -> Option<&'s Json> {
    path.iter().try_fold(schema, |at, segment| {
        let segment = segment.as_ref();
        match at.get("items") {
            Some(items) => segment.parse::<usize>().ok().map(|_| items),
            None => at.get("properties")?.get(segment),
        }
    })
}

/// Whether a value of that type may stand there.
pub(super) fn allows(schema: &Json, kind: &str) -> bool {
    match schema.get("type") {
        Some(Json::String(it)) => it == kind,
        Some(Json::Array(kinds)) => kinds.iter().any(|it| it == kind),
        _ => kind == "string" && schema.get("oneOf").is_some(),
    }
}

/// Whether it must not be printed.
pub(super) fn is_secret(schema: &Json) -> bool {
    schema.get("writeOnly") == Some(&Json::Bool(true))
}

/// Whether it is a secret, or secrets lie in it.
pub(super) fn holds_secret(schema: &Json) -> bool {
    is_secret(schema)
        || schema.get("items").is_some_and(holds_secret)
        || properties(schema).any(|(_, below)| holds_secret(below))
}

/// The words of a setting that is one of a few, each with its sentence.
pub(super) fn words(schema: &Json) -> Vec<(String, String)> {
    let of = schema.get("items").unwrap_or(schema).get("oneOf").and_then(Json::as_array);
    let pair = |it: &Json| (text(it, "const").to_owned(), text(it, "description").to_owned());
    of.into_iter().flatten().map(pair).collect()
}

fn text<'s>(schema: &'s Json, name: &str) -> &'s str {
    schema.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// What may be written there, in words.
pub(super) fn expected(schema: &Json) -> String {
    let words: Vec<_> = words(schema).into_iter().map(|it| format!("`{}`", it.0)).collect();
    let or_null = if allows(schema, "null") { ", or null" } else { "" };
    let what = match schema.get("x-expected").and_then(Json::as_str) {
        Some(it) => it.to_owned(),
        None if allows(schema, "array") && !words.is_empty() => format!("a list of {}", words.join(", ")),
        None if !words.is_empty() => format!("one of {}", words.join(", ")),
        None if allows(schema, "array") => "a list".to_owned(),
        None if allows(schema, "object") => "a mapping".to_owned(),
        None if allows(schema, "boolean") => "true or false".to_owned(),
        None if allows(schema, "string") => "text".to_owned(),
        None => {
            let number = if allows(schema, "integer") { "a whole number" } else { "a number" };
            match (schema.get("minimum"), schema.get("maximum")) {
                (Some(min), Some(max)) => format!("{number} from {min} to {max}"),
                (Some(min), None) => format!("{number} from {min}"),
                _ => number.to_owned(),
            }
        }
    };
    what + or_null
}
