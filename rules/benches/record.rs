//! Reading a record, with and without a schema, beside `serde_json` and `jsonschema` on its values.
//! Compare the times of one run only: `cargo bench -p driftline-rules --bench record`.

#![allow(missing_docs, clippy::unwrap_used)]

use divan::{Bencher, black_box};
use driftline_rules::path::Path;
use driftline_rules::record::{Limits, Reader, parse};
use driftline_rules::schema::Schema;
use driftline_rules::shape::Shape;
use serde_json::json;

/// 11 members, 230 bytes.
const FLAT: &str = r#"{"id": 184467, "ts": "2024-05-01T12:30:00Z", "country": "DE", "age": 42, "income": 53211.75, "score": 0.8437219, "label": "approve", "model": "credit-v7", "latency_ms": 12.5, "retries": 0, "session": "9f8b2c77-41d0-4ad3-a1c7be0f"}"#;

/// 412 bytes.
const NESTED: &str = r#"{"id":"req-00018a7f","ts":"2024-05-01T12:30:00.250Z","model":{"name":"intent-router","version":"2024.04.2"},"features":{"text_length":87,"language":"de","country":"DE","channel":"web","hour":12,"history":[3,1,4,1,5],"income":53211.75},"prediction":{"intent":"refund","confidence":0.9134275,"scores":{"refund_request":0.9134275,"complaint":0.0512,"greeting":0.0091,"other":0.0263}},"latency_ms":12.5,"retry":null}"#;

fn paths(names: &[&str]) -> Vec<Path> {
    names.iter().map(|it| Path::parse(it).unwrap()).collect()
}

fn fill(bencher: Bencher, text: &'static str, names: &[&str]) {
    let mut reader = Reader::new(&Shape::new(&paths(names)), Limits::default());
    let mut cells = Vec::new();
    bencher.bench_local(|| {
        reader.fill(black_box(text), &mut cells).unwrap();
        black_box(cells.len())
    });
}

#[divan::bench]
fn fill_flat_14_slots(bencher: Bencher) {
    let names = ["id", "ts", "country", "age", "income", "score", "label", "model", "latency_ms", "retries", "session"];
    fill(bencher, FLAT, &[&names[..], &["age", "income", "score"]].concat());
}

#[divan::bench]
fn fill_flat_3_slots(bencher: Bencher) {
    fill(bencher, FLAT, &["age", "score", "label"]);
}

#[divan::bench]
fn fill_nested_10_slots(bencher: Bencher) {
    let names = ["prediction.intent", "prediction.confidence", "features.income", "features.language", "latency_ms"];
    fill(
        bencher,
        NESTED,
        &[&names[..], &["retry", "features.hour", "model.version", "features.history.0", "id"]].concat(),
    );
}

// The value is dropped inside the measured time, as a check drops it.

#[divan::bench]
fn flat_serde_value() {
    black_box(serde_json::from_str::<serde_json::Value>(black_box(FLAT)).unwrap());
}

#[divan::bench]
fn nested_ours() {
    black_box(parse(black_box(NESTED)).unwrap());
}

#[divan::bench]
fn nested_serde_value() {
    black_box(serde_json::from_str::<serde_json::Value>(black_box(NESTED)).unwrap());
}

fn schema() -> serde_json::Value {
    json!({
        "type": "object",
        "required": ["id", "ts", "model", "features", "prediction"],
        "properties": {
            "id": {"type": "string", "pattern": "^req-[0-9a-f]{8}$"},
            "ts": {"type": "string"},
            "model": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "minLength": 1}}},
            "features": {"type": "object", "properties": {
                "text_length": {"type": "integer", "minimum": 0},
                "language": {"enum": ["de", "en", "fr"]},
                "hour": {"type": "integer", "minimum": 0, "maximum": 23},
                "history": {"type": "array", "items": {"type": "integer"}, "maxItems": 16},
                "income": {"type": ["number", "null"], "minimum": 0}
            }},
            "prediction": {"type": "object", "required": ["intent", "confidence"], "properties": {
                "intent": {"type": "string"},
                "confidence": {"type": "number", "minimum": 0, "maximum": 1},
                "scores": {"type": "object", "additionalProperties": {"type": "number"}}
            }},
            "latency_ms": {"type": "number", "minimum": 0}
        }
    })
}

#[divan::bench]
fn nested_schema_ours(bencher: Bencher) {
    let schema = Schema::compile(&schema(), &[]).unwrap();
    bencher.bench(|| schema.is_valid(&parse(black_box(NESTED)).unwrap()));
}

#[divan::bench]
fn nested_schema_serde(bencher: Bencher) {
    let schema = jsonschema::validator_for(&schema()).unwrap();
    bencher.bench(|| schema.is_valid(&serde_json::from_str(black_box(NESTED)).unwrap()));
}

fn main() {
    for (text, n_bytes) in [(FLAT, 230), (NESTED, 412)] {
        assert_eq!(text.len(), n_bytes);
    }
    divan::Divan::from_args().sample_size(200).main();
}
