//! The schema of `signals:`.

use serde_json::{Map, Value as Json, json};

use crate::family::FamilyType;
use crate::suite::signals::{Keep, OfFinding, OfModel, OfVerdict, On, Signal};

const NAME: &str = "^[a-zA-Z_][a-zA-Z0-9_]*$";

/// `signals:`, a list.
pub(super) fn signals() -> Json {
    let kinds: Vec<_> = FamilyType::ALL.into_iter().map(signal).collect();
    json!({
        "description": "Metrics that are made of records, labels, findings and the registry of models.",
        "anyOf": [{"type": "null"}, {"type": "array", "maxItems": 200, "items": {"anyOf": kinds}}],
    })
}

fn signal(kind: FamilyType) -> Json {
    let ends = if kind == FamilyType::Counter { "^[a-zA-Z_][a-zA-Z0-9_]*_total$" } else { NAME };
    let number =
        |doc: &str| json!({"anyOf": [{"$ref": "#/definitions/signal.number"}, {"type": "null"}], "description": doc});
    let models = json!({
        "type": "object", "required": ["model"], "additionalProperties": false,
        "description": "What the registry of models knows: of the model of this name, or of those whose records the suite checks.",
        "properties": {
            "model": {"enum": if kind == FamilyType::Info { vec!["deployed"] } else { vec!["deployed_at", "deployed"] }},
            "name": {"type": "string"},
        },
    });
    let mut members = Map::new();
    let mut put = |name: &str, value: Json| {
        members.insert(name.to_owned(), value);
    };
    put(kind.name(), json!({"type": "string", "pattern": ends, "description": about(kind)}));
    put("help", json!({"type": ["string", "null"], "description": "What it says, in a sentence."}));
    put(
        "labels",
        json!({
            "type": ["object", "null"], "maxProperties": 30, "description": "The labels of its series, and what their values are.",
            "propertyNames": {"pattern": NAME, "not": {"anyOf": [{"enum": ["le", "quantile"]}, {"pattern": "^__"}]}},
            "additionalProperties": {"$ref": "#/definitions/signal.label"},
        }),
    );
    put("when", json!({"$ref": "#/definitions/when"}));
    put(
        "on",
        json!({"enum": On::ALL.map(On::name), "description": "What it is about: records as they come (the default), each label that is joined for the first time, findings."}),
    );
    put(
        "max_series",
        json!({
            "type": ["integer", "null"], "minimum": 1, "maximum": Signal::MOST_OF_ALL,
            "description": format!("Series that are kept apart, {} unless said; all others are counted in `(other)`.", Signal::MOST),
        }),
    );
    let finding = json!({"description": "An expectation: its name, fields and kind, or kind.", "anyOf": [
        {"type": ["string", "null"]},
        {"type": "object", "minProperties": 1, "additionalProperties": false, "properties": {
            "name": {"type": "string"}, "kind": {"type": "string"}, "field": {"type": "string"},
        }},
    ]});
    let length = json!({"type": ["string", "null"], "description": "Of windows of this length."});
    let span = json!({"type": ["string", "null"], "description": "After how long a value counts no more."});
    let each = json!({"description": "Several numbers, each in a series of its own.", "anyOf": [
        {"type": "null"},
        {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"type": "string"}},
        {"type": "object", "minProperties": 1, "maxProperties": 1000, "additionalProperties": {"$ref": "#/definitions/signal.number"}},
    ]});
    if kind != FamilyType::Info {
        put("each", each);
        put(
            "as",
            json!({"type": "string", "pattern": NAME, "description": "The label of `each`; `feature` unless said."}),
        );
    }
    match kind {
        FamilyType::Counter => {
            put("add", number("What is added; 1 unless said."));
            put("finding", finding);
            put("length", length);
        }
        FamilyType::Gauge => {
            put("of", json!({"anyOf": [models, {"$ref": "#/definitions/signal.number"}, {"type": "null"}]}));
            put("finding", finding);
            put("length", length);
            put("span", span);
            put("keep", json!({"enum": Keep::ALL.map(Keep::name), "description": "Which of several values it shows."}));
        }
        FamilyType::Histogram => {
            put("of", number("What is counted by size."));
            put(
                "buckets",
                json!({
                    "anyOf": [{"type": "null"}, {"type": "array", "minItems": 1, "maxItems": 200, "items": {"type": "number"}, "uniqueItems": true}],
                    "description": "Upper bounds, rising; those of Prometheus' client libraries unless said.",
                }),
            );
        }
        FamilyType::Info => {
            put("of", json!({"anyOf": [models, {"type": "null"}]}));
            put("span", span);
        }
    }
    json!({"type": "object", "required": [kind.name()], "properties": members, "additionalProperties": false})
}

const fn about(kind: FamilyType) -> &'static str {
    match kind {
        FamilyType::Counter => "A sum that only grows; its name ends in `_total`.",
        FamilyType::Gauge => "A number as it is now.",
        FamilyType::Histogram => "Counts of numbers by upper bounds, and their sum.",
        FamilyType::Info => "Always 1: what is to be known is in the labels.",
    }
}

/// A number of the record.
pub(super) fn number() -> Json {
    let this = json!({"$ref": "#/definitions/signal.number"});
    let only = |name: &str, value: Json| json!({"type": "object", "required": [name], "properties": {name: value}, "additionalProperties": false});
    let several = json!({"type": "array", "minItems": 1, "maxItems": 100, "items": this});
    let two = json!({"type": "array", "minItems": 2, "maxItems": 2, "items": this});
    json!({
        "description": "A field, a number, or what is made of them.",
        "anyOf": [
            {"type": ["string", "number"]},
            only("length", json!({"type": "string", "description": "Characters of a text, items of a list."})),
            only("multiply", several.clone()),
            only("sum", several),
            only("subtract", two.clone()),
            only("divide", two),
        ],
    })
}

/// What a label's value is.
pub(super) fn label() -> Json {
    let only = |name: &str, value: Json| json!({"type": "object", "required": [name], "properties": {name: value}, "additionalProperties": false});
    json!({
        "description": "A field, or what else the label's value is.",
        "anyOf": [
            {"type": "string"},
            only("field", json!({"type": "string"})),
            only("value", json!({"type": ["string", "number", "boolean"], "description": "Always this."})),
            {
                "type": "object", "required": ["bucketize", "at"], "additionalProperties": false,
                "properties": {
                    "bucketize": {"$ref": "#/definitions/signal.number"},
                    "at": {"type": "array", "minItems": 1, "maxItems": 200, "items": {"type": "number"}, "description": "Where the numbers are divided, rising."},
                    "names": {"type": ["array", "null"], "items": {"type": "string"}, "description": "What the parts are called; one more than there are places."},
                },
            },
            only("verdict", json!({"enum": OfVerdict::ALL.map(OfVerdict::name), "description": "Of the verdict on the record."})),
            only("finding", json!({"enum": OfFinding::ALL.map(OfFinding::name), "description": "Of the finding."})),
            only("segment", json!({"type": "string", "description": "A field of the finding's segment."})),
            only("model", json!({"enum": OfModel::ALL.map(OfModel::name), "description": "Of the version that is deployed."})),
        ],
    })
}
