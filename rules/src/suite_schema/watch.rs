//! The schema of `watch:`.

use serde_json::{Value as Json, json};

use super::severity;
use crate::detector::{DETECTORS, Takes};

/// A change detector over what the expectation finds from window to window.
pub(super) fn watch() -> Json {
    let fitting = DETECTORS.iter().filter(|it| it.takes != Takes::Bits);
    let names: Vec<_> = fitting.flat_map(|it| [it.name].into_iter().chain(it.aliases.iter().copied())).collect();
    json!({
        "description": "A change detector over what the expectation finds, from window to window.",
        "anyOf": [
            {"enum": names},
            {
                "type": "object",
                "required": ["detector"],
                "properties": {"detector": {"enum": names}, "severity": severity()},
                "additionalProperties": {"type": ["number", "boolean", "string", "null"]},
            },
        ],
    })
}
