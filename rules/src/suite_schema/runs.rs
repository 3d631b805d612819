//! The schema of a suite's `runs_of:`.

use serde_json::{Value as Json, json};

use crate::suite::RunsOf;

/// What `runs_of:` may be.
pub(super) fn runs_of() -> Json {
    let model = json!({"type": "string", "minLength": 1, "description": "The model; `*`: all."});
    json!({
        "description": "The model whose retraining runs are the records of the suite; `*`: all.",
        "anyOf": [
            {"type": "null"},
            model,
            {"type": "object", "required": ["model"], "additionalProperties": false, "properties": {
                "model": model,
                "settle": {"type": "string", "description": "How long nothing must have been told of a run that has ended before it is checked, such as 10m."},
                "trend": {
                    "type": "integer", "minimum": RunsOf::TRENDS.start(), "maximum": RunsOf::TRENDS.end(),
                    "description": format!("Successful runs that a trend looks at, {} unless said.", RunsOf::TREND),
                },
                "lower_is_better": {
                    "type": "array", "items": {"type": "string"},
                    "description": "Metrics of which less is better; without it those whose name says so, such as `log_loss`.",
                },
            }},
        ],
    })
}
