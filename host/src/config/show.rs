//! The configuration in effect, for people.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::merge::{Merged, child};
use super::units::{Size, Span};
use super::{Config, Origin};
use crate::yaml;

/// Where the sources begin.
const COLUMN: usize = 44;

/// The configuration as YAML; the comment behind each value is its source.
pub(super) fn yaml(config: &Config, merged: &Merged) -> String {
    // Secrets hide themselves when they are written.
    let json = serde_json::to_value(config).unwrap_or_default();
    let mut out = String::new();
    members(&json, 0, "", merged, &mut out);
    out
}

fn members(json: &Json, indent: usize, pointer: &str, merged: &Merged, out: &mut String) {
    for (name, value) in json.as_object().into_iter().flatten() {
        member(&format!("{:indent$}{name}:", ""), value, indent, &child(pointer, name), merged, out);
    }
}

fn member(begin: &str, value: &Json, indent: usize, pointer: &str, merged: &Merged, out: &mut String) {
    match value {
        Json::Object(_) => {
            let _ = writeln!(out, "{begin}");
            members(value, indent + 2, pointer, merged, out);
        }
        Json::Array(items) if items.iter().any(Json::is_object) => {
            let _ = writeln!(out, "{begin}");
            for (i, item) in items.iter().enumerate() {
                let pointer = child(pointer, &i.to_string());
                let mut dash = "- ";
                for (name, value) in item.as_object().into_iter().flatten() {
                    let begin = format!("{:indent$}  {dash}{name}:", "");
                    member(&begin, value, indent + 4, &child(&pointer, name), merged, out);
                    dash = "  ";
                }
            }
        }
        _ => line(&format!("{begin} {}", flow(value)), &merged.set_by(pointer), out),
    }
}

fn line(text: &str, origin: &Origin, out: &mut String) {
    let _ = writeln!(out, "{text:COLUMN$}  # {origin}");
}

fn flow(value: &Json) -> String {
    match value {
        Json::String(it) if it.parse::<Span>().is_ok() || it.parse::<Size>().is_ok() && !is_number(it) => it.clone(),
        Json::String(it) => yaml::text(it),
        Json::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|it| it.is_ascii_digit())
}
