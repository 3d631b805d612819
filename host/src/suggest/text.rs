//! A draft as the text of a suite.

use std::fmt::Write;

use driftline_rules::value::Value;

use super::draft::Draft;
use crate::yaml;

/// Where editors find what a suite may hold.
const SCHEMA: &str = "https://raw.githubusercontent.com/driftline/driftline/main/rules/suite.schema.json";

/// Writes the suite; `severity` is that of guesses about windows, `about` what it was made from.
pub fn write(draft: &Draft, name: &str, about: &[String], severity: &str) -> String {
    let mut out = format!("# yaml-language-server: $schema={SCHEMA}\n#\n");
    let remarks = draft.remarks.iter().map(String::as_str);
    for line in about.iter().map(String::as_str).chain(remarks) {
        let _ = writeln!(out, "# {line}");
    }
    let text = |it: &str| yaml::scalar(&Value::text(it));
    let _ = writeln!(out, "\nname: {}", text(name));
    if !draft.roles.is_empty() {
        out.push_str("\n# What the fields are to a model, guessed by their names.\nrecord:\n");
        for it in &draft.roles {
            let _ = writeln!(out, "  {}: {}", it.role, text(&it.field));
        }
    }
    if !draft.types.is_empty() {
        out.push_str("\ntypes:\n");
        for it in &draft.types {
            let why = it.why.as_ref().map_or_else(String::new, |it| format!("  # {it}"));
            let _ = writeln!(out, "  {}: {}{why}", text(&it.field), it.ty.name());
        }
    }
    out.push_str("\nexpectations:\n");
    let (of_records, of_windows): (Vec<_>, Vec<_>) = draft.rules.iter().partition(|it| !it.guess);
    for (title, rules) in [("Of each record", of_records), ("Of all records together, guessed", of_windows)] {
        if rules.is_empty() {
            continue;
        }
        let _ = writeln!(out, "  # ---- {title} ----");
        for it in rules {
            let _ = write!(out, "\n  # {}\n  - ", it.why);
            if let Some(field) = &it.field {
                let _ = write!(out, "field: {}\n    ", text(field));
            }
            let _ = writeln!(out, "{}: {}", it.kind, it.params);
            if let Some(mostly) = it.mostly {
                let _ = writeln!(out, "    mostly: {mostly}");
            }
            if it.guess && severity != "critical" {
                let _ = writeln!(out, "    severity: {severity}");
            }
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}
