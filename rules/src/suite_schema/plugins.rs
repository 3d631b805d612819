//! The parts of the schema that are about plugins.

use serde_json::{Value as Json, json};

use super::beside;

/// A plugin as a suite names it.
pub(super) fn plugin() -> Json {
    let amount = |units: &str| format!("^[ ]*[0-9.eE+]+[ ]*({units})[ ]*$");
    json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "pattern": "^[A-Za-z0-9_-]+$", "description": "What expectations call it."},
            "file": {"type": ["string", "null"], "description": "A file beside the suite, or `oci://registry/repository:tag`."},
            "version": {"type": ["string", "number", "null"], "description": "The version of a registered plugin; the active one without it."},
            "digest": {"type": ["string", "null"], "pattern": "^sha256:[0-9a-f]{64}$", "description": "What the component's bytes must hash to."},
            "limits": {
                "type": ["object", "null"],
                "description": "Limits of each instance, never above the host's own.",
                "properties": {
                    "memory": {"type": "string", "pattern": amount("B|KB|KiB|kB|MB|MiB|GB|GiB"), "description": "Memory: `64MiB`."},
                    "time": {"type": "string", "pattern": amount("us|ms|s"), "description": "The time of a call: `100ms`."},
                },
                "additionalProperties": false,
            },
        },
        "additionalProperties": false,
        "not": {"required": ["file", "version"]},
    })
}

/// An expectation of a plugin's rule, whose name and parameters only the plugin knows.
pub(super) fn rule() -> Json {
    let mut members = beside();
    let bound = json!({
        "type": "object",
        "properties": {"min": {"type": ["number", "null"]}, "max": {"type": ["number", "null"]}},
        "additionalProperties": false,
        "minProperties": 1,
    });
    members.insert(
        "fields".into(),
        json!({"anyOf": [
            {"$ref": "#/definitions/names"},
            {"type": "object", "additionalProperties": {"$ref": "#/definitions/names"}},
        ], "description": "The fields, in the order of the rule's inputs, or by input."}),
    );
    members.insert(
        "expect".into(),
        json!({"anyOf": [bound, {"type": "object", "additionalProperties": bound, "minProperties": 1}],
            "description": "The bounds on what is measured, by output: `{ entropy: { min: 1, max: 3 } }`."}),
    );
    let beside: Vec<String> = members.keys().cloned().collect();
    json!({
        "type": "object",
        "description": "A rule of a plugin: `plugin.rule: { parameters }`. `driftline kinds` shows those of installed plugins.",
        "properties": members,
        "additionalProperties": {"type": ["object", "boolean", "null"]},
        // One member more than those above names the rule.
        "not": {"propertyNames": {"enum": beside}},
    })
}
