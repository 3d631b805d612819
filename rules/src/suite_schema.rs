//! The JSON Schema of a suite, for editors: made of the kinds and their parameters, so it cannot fall behind.
//!
//! Draft 7, which the language server of YAML speaks best. It refuses what it can see is wrong (unknown
//! kinds and parameters, values of a wrong type); what remains, `driftline lint` says.

mod drift;
mod plugins;
mod predictions;
mod quality;
mod runs;
mod segments;
mod signals;
mod triggers;
mod values;
mod watch;
mod when;
mod windows;

use serde_json::{Map, Value as Json, json};

use crate::expectation::{KINDS, quality as measured};
use crate::kind::{Kind, Scope, Subject};
use crate::report::Severity;
use crate::suite::{Form, OnFail, RecordFields, Telling};
use crate::types::Type;
use plugins::{plugin, rule};
use quality::metric;
use values::{takes, value};
use when::when;
use windows::{time, windows};

/// The schema.
pub fn suite_schema() -> Json {
    let mut definitions = Map::new();
    definitions.insert("suite".into(), suite());
    definitions.insert(
        "expectation".into(),
        json!({"anyOf": [{"$ref": "#/definitions/short"}, {"$ref": "#/definitions/gx"}]}),
    );
    definitions.insert("short".into(), short());
    definitions.insert("gx".into(), gx());
    definitions.insert("plugin".into(), plugin());
    definitions.insert("rule".into(), rule());
    definitions.insert("when".into(), when());
    definitions.insert("trigger".into(), triggers::trigger());
    definitions.insert("trigger.when".into(), triggers::condition());
    definitions.insert("signal.number".into(), signals::number());
    definitions.insert("signal.label".into(), signals::label());
    definitions.insert(
        "names".into(),
        json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": ["string", "number", "boolean"]}}]}),
    );
    for kind in KINDS {
        definitions.insert(format!("short.{}", kind.name), short_value(kind));
        definitions.insert(format!("gx.{}", kind.name), kwargs(kind));
    }
    definitions.insert("short.metric".into(), metric());
    definitions.insert("beside.metric".into(), needs(&measured::KIND));
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Driftline suite",
        "description": "Expectations of records, windows and columns; also a Great Expectations 1.x suite.",
        "anyOf": [
            {"$ref": "#/definitions/suite"},
            {"type": "array", "items": {"$ref": "#/definitions/expectation"}, "description": "A bare list of expectations."},
        ],
        "definitions": definitions,
    })
}

fn suite() -> Json {
    let types: Vec<_> = Type::ALL.iter().map(|it| it.name()).collect();
    let mut roles: Map<String, Json> = RecordFields::ROLES
        .iter()
        .map(|it| {
            (
                (*it).to_owned(),
                json!({"type": ["string", "null"], "description": format!("The field that is the record's {it}.")}),
            )
        })
        .collect();
    roles.insert("time".into(), time());
    roles.insert(
        "segments".into(),
        json!({"$ref": "#/definitions/names", "description": "Fields whose values label results and failures."}),
    );
    let text = |doc: &str| json!({"type": ["string", "number", "boolean", "null"], "description": doc});
    json!({
        "type": "object",
        "properties": {
            "name": text("The suite's name, shown in reports."),
            "id": text("An id of the suite, carried through to reports."),
            "notes": {"description": "Notes, carried through to reports."},
            "meta": {"description": "Free data, carried through to reports."},
            "types": {
                "type": ["object", "null"],
                "description": "What text in a field means; a value that is not of its type fails the record.",
                "additionalProperties": {"enum": types},
            },
            "record": {
                "type": ["object", "null"],
                "description": "Where the well-known fields of a record lie.",
                "properties": roles,
                "additionalProperties": false,
            },
            "runs_of": runs::runs_of(),
            "on_fail": {
                "enum": OnFail::ALL.map(OnFail::name),
                "description": "What a service does with a record that fails: observe it, tag it, reject it.",
            },
            "predictions": predictions::predictions(),
            "windows": windows(),
            "segments": segments::segments(),
            "drift": drift::drift(),
            "privacy": {
                "type": ["object", "null"],
                "description": "What may be told and stored of a field's values; `*` stands for all other fields.",
                "additionalProperties": {"enum": Telling::ALL.map(Telling::name)},
            },
            "schema": {
                "type": ["object", "string", "boolean", "null"],
                "description": "The JSON Schema of a record, or the name of its file beside the suite.",
            },
            "expectations": {
                "type": ["array", "null"],
                "description": "What is expected; `driftline kinds` lists the kinds.",
            },
            "triggers": triggers::triggers(),
            "signals": signals::signals(),
            "plugins": {
                "description": "The plugins whose rules are used: a list, or a mapping of names to files.",
                "anyOf": [
                    {"type": "null"},
                    {"type": "array", "items": {"allOf": [{"$ref": "#/definitions/plugin"}, {"required": ["name"]}]}},
                    {"type": "object", "additionalProperties": {"anyOf": [
                        {"type": ["string", "null"]},
                        {"allOf": [{"$ref": "#/definitions/plugin"}, {"not": {"required": ["name"]}}]},
                    ]}},
                ],
            },
            "examples": {"type": ["array", "null"], "description": "Records with the verdict that they must get; `driftline test` runs them.", "items": example()},
            "expectation_suite_name": text("The name, in a suite of Great Expectations 0.x."),
            "ge_cloud_id": {}, "data_asset_type": {}, "evaluation_parameters": {}, "suite_parameters": {},
            "$schema": {}, "success": {},
        },
        "patternProperties": {"^x-": {"description": "Whatever you like; it is not read."}},
        "additionalProperties": false,
        // Which rules plugins have is known when they are loaded.
        "if": {"required": ["plugins"]},
        "then": {"properties": {"expectations": {"items": {"anyOf": [
            {"$ref": "#/definitions/expectation"}, {"$ref": "#/definitions/rule"},
        ]}}}},
        "else": {"properties": {"expectations": {"items": {"$ref": "#/definitions/expectation"}}}},
    })
}

fn example() -> Json {
    json!({
        "type": "object",
        "required": ["record"],
        "properties": {
            "name": {"type": ["string", "number", "boolean", "null"], "description": "What the example shows."},
            "record": {"description": "The record."},
            "fails": {"$ref": "#/definitions/names", "description": "The expectations that it must fail, by name, kind or title; none: it passes."},
            "passes": {"type": "boolean", "description": "Says that the record passes, which is so without it."},
        },
        "additionalProperties": false,
    })
}

/// What may stand beside the kind's name.
fn beside() -> Map<String, Json> {
    let text = ["string", "number", "boolean", "null"];
    let members = json!({
        "field": {"$ref": "#/definitions/names", "description": "The field: `score`, `features.income`, `items[0].price`."},
        "fields": {"$ref": "#/definitions/names", "description": "The fields, of a kind that is about several."},
        "mostly": {"type": "number", "minimum": 0, "maximum": 1, "description": "The share of judged records that must hold; 1 without it."},
        "when": {"$ref": "#/definitions/when"},
        "severity": severity(),
        "segments": segments::over(),
        "watch": watch::watch(),
        "name": {"type": text, "description": "A name of its own, shown in reports."},
        "notes": {"description": "Notes, carried through to reports."},
        "id": {"type": text, "description": "An id, carried through to reports."},
        "meta": {"description": "Free data, carried through to reports."},
    });
    if let Json::Object(it) = members { it } else { Map::new() }
}

fn severity() -> Json {
    let names: Vec<_> = Severity::ALL.iter().map(|it| it.name()).collect();
    json!({"enum": names, "description": "How much a failure matters: `critical` (the default) and `warning` change the exit code, `info` never."})
}

/// An expectation of the short form: the kind's name is the name of a member.
fn short() -> Json {
    let mut members = beside();
    let (mut dependencies, mut one_of) = (Map::new(), Vec::new());
    for kind in KINDS {
        for name in names(kind.name, kind.gx) {
            members.insert(name.to_owned(), json!({"$ref": format!("#/definitions/short.{}", kind.name)}));
            dependencies.insert(name.to_owned(), needs(kind));
            one_of.push(json!({"required": [name]}));
        }
    }
    for name in measured::SHORT {
        members.insert((*name).to_owned(), json!({"$ref": "#/definitions/short.metric"}));
        dependencies.insert((*name).to_owned(), json!({"$ref": "#/definitions/beside.metric"}));
        one_of.push(json!({"required": [name]}));
    }
    json!({
        "type": "object",
        "properties": members,
        "additionalProperties": false,
        "dependencies": dependencies,
        "oneOf": one_of,
    })
}

/// Both names, once where they are the same.
fn names<'n>(short: &'n str, gx: &'n str) -> impl Iterator<Item = &'n str> {
    [Some(short), (gx != short).then_some(gx)].into_iter().flatten()
}

/// What a kind asks of the members beside it.
fn needs(kind: &Kind) -> Json {
    let fields = json!({"anyOf": [{"required": ["field"]}, {"required": ["fields"]}]});
    let fields = if kind.subject == Subject::Table { json!({"not": fields}) } else { fields };
    if kind.mostly { fields } else { json!({"allOf": [fields, {"not": {"required": ["mostly"]}}]}) }
}

/// What stands after the kind's name.
fn short_value(kind: &Kind) -> Json {
    let mut forms = vec![params(kind, Form::Short, Map::new())];
    if !kind.params.iter().any(|it| it.required) {
        forms.push(json!({"enum": [null, true]}));
    }
    if let Some(main) = kind.main.and_then(|it| kind.param(it)) {
        forms.push(value(main, Form::Short));
    }
    json!({"description": describe(kind), "anyOf": forms})
}

fn describe(kind: &Kind) -> String {
    let scope = if kind.scope == Scope::Record { "each record" } else { "a window" };
    format!("Expects {} (of {scope}). `driftline kinds {}` shows its page.", kind.summary, kind.name)
}

/// A mapping of a kind's parameters, under either of their names, and of `more`.
fn params(kind: &Kind, form: Form, more: Map<String, Json>) -> Json {
    let mut members = more;
    let mut required = Vec::new();
    for param in kind.params {
        let (own, other) = if form == Form::Gx { (param.gx, param.name) } else { (param.name, param.gx) };
        // The other form's name is accepted, but need not be advertised.
        members.insert(other.to_owned(), takes(param.ty, form));
        members.insert(own.to_owned(), value(param, form));
        if param.required {
            let either: Vec<_> = names(param.name, param.gx).map(|it| json!({"required": [it]})).collect();
            required.push(json!({"anyOf": either}));
        }
    }
    let mut it = json!({"type": "object", "properties": members, "additionalProperties": false});
    if !required.is_empty() {
        it["allOf"] = Json::Array(required);
    }
    it
}

/// An expectation of Great Expectations' form.
fn gx() -> Json {
    let mut all_names: Vec<&str> = KINDS.iter().flat_map(|it| names(it.gx, it.name)).collect();
    all_names.sort_unstable();
    let of_kind = |kind: &&'static Kind| {
        let is = json!({"enum": names(kind.name, kind.gx).collect::<Vec<_>>()});
        let either = |member: &str| json!({"required": [member], "properties": {member: is}});
        json!({
            "if": {"anyOf": [either("type"), either("expectation_type")]},
            "then": {"properties": {"kwargs": {"$ref": format!("#/definitions/gx.{}", kind.name)}}},
        })
    };
    let name = json!({"enum": all_names, "description": "The name of the expectation."});
    json!({
        "type": "object",
        "description": "An expectation as Great Expectations writes it, judged as it judges.",
        "properties": {
            "type": name,
            "expectation_type": name,
            "kwargs": {"type": ["object", "null"], "description": "Its parameters."},
            "meta": {}, "id": {}, "ge_cloud_id": {}, "notes": {}, "description": {}, "rendered_content": {},
            "severity": {"anyOf": [severity(), {"type": "null"}]},
        },
        "patternProperties": {"^success_on_last_run": {}},
        "additionalProperties": false,
        "anyOf": [{"required": ["type"]}, {"required": ["expectation_type"]}],
        "allOf": KINDS.iter().map(of_kind).collect::<Vec<_>>(),
    })
}

/// The `kwargs` of a kind.
fn kwargs(kind: &Kind) -> Json {
    let mut more = Map::new();
    let column = json!({"type": "string", "minLength": 1, "description": "The name of the column."});
    match kind.subject {
        Subject::Field => {
            more.insert("column".into(), column);
        }
        Subject::Pair => {
            more.insert("column_A".into(), column.clone());
            more.insert("column_B".into(), column);
        }
        Subject::Fields(least) => {
            more.insert("column_list".into(), json!({"type": "array", "items": column, "minItems": least}));
        }
        Subject::Table => {}
    }
    let required: Vec<String> = more.keys().cloned().collect();
    if kind.mostly {
        more.insert(
            "mostly".into(),
            json!({"type": ["number", "string", "boolean"], "description": "The share of rows that must hold."}),
        );
    }
    more.insert("row_condition".into(), json!({"description": "Which rows are judged."}));
    more.insert(
        "condition_parser".into(),
        json!({"type": ["string", "null"], "description": "How `row_condition` is written."}),
    );
    more.insert("severity".into(), json!({"anyOf": [severity(), {"type": "null"}]}));
    for run in ["result_format", "catch_exceptions", "include_config", "batch_id"] {
        more.insert(run.into(), json!({"description": "Of a run, not of the suite; it is not read."}));
    }
    let mut it = params(kind, Form::Gx, more);
    it["required"] = required.into();
    // A suite without parameters may say so with null.
    if it["required"] == json!([]) && !kind.params.iter().any(|it| it.required) {
        it["type"] = json!(["object", "null"]);
    }
    it
}
