//! The schema of a suite's `drift:`.

use serde_json::{Value as Json, json};

/// What `drift:` may be.
pub(super) fn drift() -> Json {
    json!({
        "type": ["object", "null"],
        "description": "What windows are compared with, and how alarms of several tests are held against chance.",
        "additionalProperties": false,
        "properties": {
            "baseline": {
                "description": "The name of a baseline (that of the suite unless said), or other windows.",
                "anyOf": [
                    {"type": "string"},
                    {"type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1, "properties": {
                        "window": {"const": "previous", "description": "The window before."},
                        "last": {"type": ["string", "number"], "description": "All windows of so long before."},
                        "ago": {"type": ["string", "number"], "description": "The window so long before, such as 7d."},
                        "segment": {"type": "string", "minLength": 1, "description": "The segment of the same time, such as model_version=3."},
                        "model_version": {
                            "type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
                            "description": "The first windows of the same version of the model, kept as the baseline MODEL@VERSION.",
                            "properties": {
                                "first": {"type": "string", "description": "Those of so long a time, such as 24h."},
                                "records": {"type": "integer", "minimum": 1, "description": "Those of so many records."},
                            },
                        },
                    }},
                ],
            },
            "sequential": {
                "type": ["object", "null"],
                "description": "Watches the windows together: any false alarm among all of them has at most the chance `alpha`.",
                "additionalProperties": false,
                "required": ["since"],
                "properties": {"since": {"type": "string", "description": "The time from which on windows count, such as 2024-05-01."}},
            },
            "correction": {"enum": ["benjamini_hochberg", "benjamini_yekutieli", "holm", "bonferroni", "none"]},
        },
    })
}
