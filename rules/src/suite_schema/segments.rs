//! The schema of a suite's `segments:`, and of that beside an expectation.

use serde_json::{Value as Json, json};

use crate::suite::{Over, Segments};

/// `segments:` of the suite.
pub(super) fn segments() -> Json {
    let name = json!({"type": "string", "minLength": 1});
    let way = json!({"anyOf": [name, {"type": "array", "items": name, "minItems": 1, "uniqueItems": true}]});
    let ways =
        json!({"anyOf": [name, {"type": "array", "items": way, "minItems": 1, "maxItems": 16, "uniqueItems": true}]});
    json!({
        "description": "By which fields records are divided into segments, each judged by itself: `[region, [model_version, region]]`.",
        "anyOf": [
            {"type": "null"},
            ways,
            {"type": "object", "required": ["by"], "additionalProperties": false, "properties": {
                "by": ways,
                "most": {
                    "type": "integer", "minimum": 1, "maximum": Segments::MOST_OF_ALL,
                    "description": format!(
                        "Segments that are kept apart, {} unless said; the records of all others are counted together.",
                        Segments::MOST
                    ),
                },
            }},
        ],
    })
}

/// `segments:` of an expectation.
pub(super) fn over() -> Json {
    json!({
        "enum": Over::ALL.map(Over::name),
        "description": "Whether it is judged of all records (`total`), of each segment (`only`) or of both, which is so without it.",
    })
}
