//! The schema of a parameter's value.

use serde_json::{Value as Json, json};

use crate::kind::{Param, ParamType};
use crate::suite::Form;

/// What a parameter takes; null is as if it were not given.
pub(super) fn value(param: &Param, form: Form) -> Json {
    let mut it = takes(param.ty, form);
    let default = if param.default.is_empty() { String::new() } else { format!(" Default: {}.", param.default) };
    it["description"] = format!("{}{default}", param.doc).into();
    it
}

pub(super) fn takes(ty: ParamType, form: Form) -> Json {
    let gx = form == Form::Gx;
    // Great Expectations turns text that holds a number into it, and true into 1.
    let number = || {
        if gx { json!({"type": ["number", "string", "boolean", "null"]}) } else { json!({"type": ["number", "null"]}) }
    };
    let at_least_0 = |mut it: Json| {
        it["minimum"] = 0.into();
        it
    };
    let text = if gx { json!(["string", "number"]) } else { json!("string") };
    let some = |mut it: Json| {
        it["minItems"] = 1.into();
        it
    };
    let list = json!({"type": ["array", "null"]});
    let texts = json!({"type": ["array", "null"], "items": {"type": text}});
    match ty {
        ParamType::Number => number(),
        ParamType::Positive => at_least_0(number()),
        ParamType::Ratio => {
            let mut it = at_least_0(number());
            it["maximum"] = 1.into();
            it
        }
        ParamType::Int if gx => number(),
        ParamType::Int => json!({"type": ["integer", "null"]}),
        ParamType::Bool if gx => json!({"type": ["boolean", "string", "integer", "null"]}),
        ParamType::Bool => json!({"type": ["boolean", "null"]}),
        ParamType::Text if gx => json!({"type": ["string", "number", "null"]}),
        ParamType::Text => json!({"type": ["string", "null"]}),
        ParamType::Bound if gx => number(),
        ParamType::Bound => json!({"type": ["number", "string", "null"]}),
        ParamType::Values => list,
        ParamType::SomeValues => some(list),
        ParamType::Texts => texts,
        ParamType::SomeTexts => some(texts),
        ParamType::Pairs => {
            json!({"type": ["array", "null"], "items": {"type": "array", "minItems": 2, "maxItems": 2}})
        }
        ParamType::Choice(words) => words_or(words, &json!(null)),
        ParamType::FalseOr(words) => words_or(words, &json!(false)),
        ParamType::Class => json!({"type": ["string", "number", "boolean", "null"]}),
        ParamType::Field => json!({"type": ["string", "null"], "minLength": 1}),
        ParamType::Duration => {
            json!({"type": ["string", "number", "null"], "pattern": "^[ ]*[0-9.eE+-]+[ ]*(ms|s|m|min|h|d|w)?[ ]*$"})
        }
        ParamType::Mapping => json!({"type": ["object", "null"]}),
        ParamType::ListOrMapping => json!({"type": ["array", "object", "null"]}),
    }
}

fn words_or(words: &[&str], other: &Json) -> Json {
    let mut all: Vec<Json> = words.iter().map(|it| json!(it)).collect();
    all.push(other.clone());
    if !other.is_null() {
        all.push(Json::Null);
    }
    json!({"enum": all})
}
