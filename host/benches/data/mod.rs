//! What the benches check: records of an intent router, ten checks on them, and a JSON Schema.

use serde_json::{Value, json};

/// Ten checks.
pub const CHECKS: &str = r#"
- { field: id, not_null: {} }
- { field: id, match_regex: "^req-[0-9]{8}$" }
- { field: prediction.label, in_set: [transfer, balance, blocked, other] }
- { field: prediction.confidence, between: { min: 0, max: 1 } }
- { field: model.version, in_set: ["2.4.0", "2.4.1"] }
- { field: features.age, between: { min: 18, max: 120 } }
- { field: features.income, between: { min: 0 } }
- { field: features.country, not_null: {} }
- { field: text, value_lengths_between: { min: 1, max: 500 } }
- { fields: [latency_ms, queue_ms], pair_a_greater_than_b: {} }
"#;

/// A JSON Schema of the records.
pub fn schema() -> Value {
    json!({
        "type": "object",
        "required": ["id", "ts", "model", "prediction", "features"],
        "properties": {
            "id": { "type": "string", "minLength": 5 },
            "ts": { "type": "string" },
            "model": {
                "type": "object",
                "required": ["name", "version"],
                "properties": { "name": { "type": "string" }, "version": { "type": "string" } },
            },
            "prediction": {
                "type": "object",
                "required": ["label", "confidence"],
                "properties": {
                    "label": { "enum": ["transfer", "balance", "blocked", "other"] },
                    "confidence": { "type": "number", "minimum": 0, "maximum": 1 },
                    "top": { "type": "array", "items": { "type": "number" }, "maxItems": 10 },
                },
            },
            "features": {
                "type": "object",
                "properties": { "age": { "type": "integer" }, "income": { "type": "number" } },
            },
            "text": { "type": "string" },
            "latency_ms": { "type": "number", "minimum": 0 },
        },
    })
}

/// The i-th record, about 400 bytes.
pub fn line(i: usize) -> String {
    let label = ["transfer", "balance", "blocked", "other"][i % 4];
    let confidence = 0.5 + (i % 499) as f64 / 1_000.0;
    json!({
        "id": format!("req-{i:08}"),
        "ts": format!("2025-03-01T{:02}:{:02}:{:02}.123Z", i / 3_600 % 24, i / 60 % 60, i % 60),
        "model": { "name": "intent-router", "version": if i.is_multiple_of(3) { "2.4.0" } else { "2.4.1" }, "stage": "prod" },
        "prediction": { "label": label, "confidence": confidence, "top": [confidence, 0.12, 0.05, 0.01] },
        "features": { "age": 20 + i % 60, "income": 1_000.5 + i as f64, "country": "DE", "device": "android", "new": i.is_multiple_of(7) },
        "text": format!("please move {i} euros to my savings account before the end of the month"),
        "latency_ms": 20.25 + (i % 97) as f64,
        "queue_ms": 1.5,
    })
    .to_string()
}

/// Entries as they stand under `expectations:`.
pub fn indented(entries: &str) -> String {
    entries.trim_end().replace('\n', "\n  ")
}
