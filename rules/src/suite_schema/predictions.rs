//! The schema of a suite's `predictions:`.

use serde_json::{Value as Json, json};

/// `predictions:`.
pub(super) fn predictions() -> Json {
    let name = json!({"type": "string", "minLength": 1});
    json!({
        "description": "The log of predictions that labels which come later are joined to by `record.id`; expectations read them as `label.truth` and so on.",
        "anyOf": [
            {"type": ["boolean", "null"]},
            {"const": "off"},
            {"type": "object", "additionalProperties": false, "properties": {
                "sample": {
                    "type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 1,
                    "description": "The share of ids that are kept, chosen by their hash; all unless said.",
                },
                "keep": {
                    "description": "Fields that are kept beside those that expectations on labels read; `$` keeps the whole record.",
                    "anyOf": [{"type": "null"}, name, {"type": "array", "items": name}],
                },
            }},
        ],
    })
}
