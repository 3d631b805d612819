//! The schema of `triggers:`.

use serde_json::{Map, Value as Json, json};

use super::severity;
use crate::report::Status;
use crate::suite::triggers::Mode;

/// `triggers:`, a list or a mapping of names.
pub(super) fn triggers() -> Json {
    json!({
        "description": "When something is to be done about what windows show.",
        "anyOf": [
            {"type": "null"},
            {"type": "array", "items": {"allOf": [{"$ref": "#/definitions/trigger"}, {"required": ["name"]}]}},
            {"type": "object", "additionalProperties": {"$ref": "#/definitions/trigger"}},
        ],
    })
}

fn time(doc: &str) -> Json {
    json!({"type": ["string", "number", "null"], "description": doc})
}

fn names(doc: &str) -> Json {
    json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}], "description": doc})
}

/// One trigger.
pub(super) fn trigger() -> Json {
    let conditions = json!({"anyOf": [{"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/trigger.when"}}, {"$ref": "#/definitions/trigger.when"}]});
    let schedule =
        json!({"type": "string", "description": "Times as cron writes them, in UTC: `0 3 * * 1` is Mondays at 03:00."});
    let silence = json!({"anyOf": [
        {"type": "object", "required": ["from", "to"], "additionalProperties": false, "properties": {
            "from": {"type": "string", "description": "From this time on."}, "to": {"type": "string", "description": "Before this time."},
        }},
        {"type": "object", "required": ["schedule", "lasts"], "additionalProperties": false, "properties": {
            "schedule": schedule, "lasts": time("How long from each of these times on."),
        }},
    ]});
    let mut verify = reading();
    verify.insert("within".into(), time("How long it may take after the actions were run."));
    json!({
        "type": "object",
        "description": "When something is to be done.",
        "additionalProperties": false,
        "properties": {
            "name": {"type": "string", "description": "Its name; its state is kept by it."},
            "when": conditions,
            "all": conditions, "any": conditions, "at_least": at_least(),
            "schedule": schedule,
            "for": time("How long the condition must hold before it fires."),
            "cooldown": time("How long it does not fire again."),
            "repeat": time("After how long it fires again while the condition holds still."),
            "severity": severity(),
            "per": names("What has an incident of its own: suite (the default), segment, or fields of the suite's segments, such as version."),
            "mode": {"enum": Mode::ALL.map(Mode::name), "description": "Who decides: suggest runs nothing, approve waits for a person, auto (the default) acts."},
            "silence": {"description": "When it is not to fire.", "anyOf": [{"type": "null"}, silence, {"type": "array", "items": silence}]},
            "verify": {"type": "object", "description": "What must be so after it fired; else it is escalated.", "required": ["within"], "additionalProperties": false, "properties": verify},
            "give_up": {
                "type": "object", "description": "When it is no use to fire again.", "required": ["after"], "additionalProperties": false,
                "properties": {
                    "after": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "After so many runs in a row without gain."},
                    "gain": {"type": "number", "minimum": 0, "description": "By how much the number must have become better."},
                },
            },
            "actions": names("Actions of the host that are run when it fires."),
            "notify": names("Actions of the host that are told of all that happens."),
            "notes": {"type": ["string", "null"], "description": "Notes, carried through to incidents."},
        },
    })
}

fn at_least() -> Json {
    json!({"type": "object", "required": ["n", "of"], "additionalProperties": false, "properties": {
        "n": {"type": "integer", "minimum": 1, "description": "So many of these must hold."},
        "of": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/trigger.when"}},
    }})
}

/// What may stand in a condition that reads windows.
fn reading() -> Map<String, Json> {
    let wanted = |doc: &str| {
        json!({"description": doc, "anyOf": [
            {"type": "string"},
            {"type": "object", "minProperties": 1, "additionalProperties": false, "properties": {
                "name": {"type": "string"}, "kind": {"type": "string"}, "field": {"type": "string"},
            }},
        ]})
    };
    let number = |doc: &str| json!({"type": ["number", "null"], "description": doc});
    let statuses = [Status::Fail, Status::Error, Status::Skip, Status::Pass].map(Status::name);
    let members = json!({
        "finding": wanted("What an expectation found: its name, fields and kind, or kind."),
        "pass_rate": wanted("The share of records that an expectation holds for."),
        "watch": wanted("What the detector beside an expectation says."),
        "drifted": {"type": "object", "description": "At least so many fields, or that share of them, have drifted.", "additionalProperties": false, "properties": {
            "fields": {"type": "integer", "minimum": 1},
            "share": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            "of": names("Of these fields; of all that are compared unless said."),
        }},
        "status": {"enum": statuses, "description": "How the finding must have ended; fail unless said."},
        "below": number("Bad below this."),
        "above": number("Bad above this."),
        "clear_above": number("Good again from this on."),
        "clear_below": number("Good again up to this."),
        "length": {"type": ["string", "number", "null"], "description": "Of windows of this length; of the shortest unless said."},
        "segment": {"type": ["string", "null"], "description": "Of windows of this segment, or `all`."},
        "quorum": {"type": "object", "required": ["failing", "of"], "additionalProperties": false, "description": "So many of the last windows must be bad.", "properties": {
            "failing": {"type": "integer", "minimum": 1}, "of": {"type": "integer", "minimum": 1, "maximum": 1000},
        }},
        "min_records": {"type": "integer", "minimum": 0, "description": "Windows with fewer records say nothing."},
    });
    if let Json::Object(it) = members { it } else { Map::new() }
}

/// A condition on what windows show.
pub(super) fn condition() -> Json {
    let several = json!({"anyOf": [{"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/trigger.when"}}, {"$ref": "#/definitions/trigger.when"}]});
    let only = |name: &str, value: &Json| json!({"type": "object", "required": [name], "properties": {name: value}, "additionalProperties": false});
    let sources: Vec<_> =
        ["finding", "pass_rate", "watch", "drifted"].iter().map(|it| json!({"required": [it]})).collect();
    json!({
        "description": "What windows show: a finding, a pass rate, a detector, fields that drifted, another trigger, or several of these.",
        "anyOf": [
            {"type": "object", "oneOf": sources, "properties": reading(), "additionalProperties": false},
            only("trigger", &json!({"type": "string", "description": "This trigger is firing."})),
            only("all", &several),
            only("any", &several),
            only("at_least", &at_least()),
            only("not", &json!({"$ref": "#/definitions/trigger.when"})),
        ],
    })
}
