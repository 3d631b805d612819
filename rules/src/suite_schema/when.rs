//! Conditions on records.

use serde_json::{Value as Json, json};

/// A condition on a record.
pub(super) fn when() -> Json {
    let several =
        json!({"anyOf": [{"type": "array", "items": {"$ref": "#/definitions/when"}}, {"$ref": "#/definitions/when"}]});
    let only = |name: &str, value: &Json| json!({"type": "object", "required": [name], "properties": {name: value}, "additionalProperties": false});
    json!({
        "description": "Which records are judged: `country == \"DE\" and score > 0.5`, or an expectation of one record, or `all:`, `any:`, `not:` of those.",
        "anyOf": [
            {"type": ["string", "null"]},
            only("all", &several),
            only("any", &several),
            only("not", &json!({"$ref": "#/definitions/when"})),
            {"$ref": "#/definitions/short"},
        ],
    })
}
