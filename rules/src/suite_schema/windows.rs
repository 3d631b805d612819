//! What a suite says of time: `windows:` and the time of a record.

use serde_json::{Value as Json, json};

use crate::suite::TimeUnit;

/// `windows:`.
pub(super) fn windows() -> Json {
    let length = |doc: &str| json!({"type": ["string", "number"], "description": doc});
    let of_window = "The length of a window, such as 30s, 5m, 1h, 1d, 1w or month.";
    json!({
        "description": "Over which spans of time a service judges records together; 5 minutes unless said.",
        "anyOf": [
            {"enum": ["off", false]},
            {"type": ["object", "null"], "additionalProperties": false, "properties": {
                "length": length(of_window),
                "lengths": {
                    "description": "Several lengths; each longer one is a multiple of the shortest.",
                    "anyOf": [{"type": ["string", "number"]}, {"type": "array", "minItems": 1, "items": length(of_window)}],
                },
                "slide": {
                    "type": ["object", "null"],
                    "description": "Windows that overlap.",
                    "required": ["length", "every"],
                    "additionalProperties": false,
                    "properties": {
                        "length": length("How long each is, such as 1h."),
                        "every": length("The time from the start of one to the start of the next, such as 5m."),
                    },
                },
                "lateness": {
                    "type": ["string", "number", "null"],
                    "description": "The time that records may come late, such as 10m; the service's own unless said.",
                },
                "idle": {
                    "type": ["string", "number", "null"],
                    "description": "The time without a record after which the clock closes windows by event time; 5 minutes unless said.",
                },
            }},
        ],
    })
}

/// `record: { time: .. }`.
pub(super) fn time() -> Json {
    json!({
        "description": "The field that is the record's time, by which it lies in its windows.",
        "anyOf": [
            {"type": ["string", "null"]},
            {"type": "object", "required": ["field"], "additionalProperties": false, "properties": {
                "field": {"type": "string", "description": "The field."},
                "unit": {
                    "enum": TimeUnit::ALL.map(TimeUnit::name),
                    "description": "What a time that is a number counts since 1970; seconds unless said.",
                },
            }},
        ],
    })
}
