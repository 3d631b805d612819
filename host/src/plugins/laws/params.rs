//! Parameters that fit a schema, for trying a capability that nobody has given any.

use serde_json::{Map, Value, json};

/// The first of the schema's examples, or what it asks for with its smallest values. The error says what the author
/// can do.
pub(super) fn fitting(schema: &Value) -> Result<Value, String> {
    let help = "no parameters that fit its schema were found: put some into the schema's `examples`";
    let compiled = jsonschema::validator_for(schema).map_err(|_| help.to_owned())?;
    let examples = schema["examples"].as_array().cloned().unwrap_or_default();
    let made = [schema["default"].clone(), smallest(schema, 0)];
    let fits = |it: &Value| it.is_object() && compiled.is_valid(it);
    examples.into_iter().chain(made).find(fits).ok_or_else(|| help.to_owned())
}

fn smallest(schema: &Value, depth: u8) -> Value {
    for key in ["const", "default"] {
        if let Some(it) = schema.get(key) {
            return it.clone();
        }
    }
    for key in ["examples", "enum"] {
        if let Some(it) = schema[key].get(0) {
            return it.clone();
        }
    }
    // A schema that refers to itself has no smallest value worth looking for.
    if depth > 8 {
        return Value::Null;
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"].get(0)?.as_str());
    match kind {
        Some("object") => {
            let names = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let members = names.map(|it| (it.to_owned(), smallest(&schema["properties"][it], depth + 1)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Some("array") => {
            let n = schema["minItems"].as_u64().unwrap_or(0).min(100);
            Value::Array((0..n).map(|_| smallest(&schema["items"], depth + 1)).collect())
        }
        Some("string") => json!("x".repeat(schema["minLength"].as_u64().unwrap_or(1).min(100) as usize)),
        Some("boolean") => json!(false),
        Some("integer" | "number") => {
            let low = ["minimum", "exclusiveMinimum"].into_iter().find_map(|it| schema[it].as_f64());
            let step = if schema.get("exclusiveMinimum").is_some() { 0.5 } else { 0.0 };
            let value = low.unwrap_or(0.0) + step;
            if kind == Some("integer") { json!(value.ceil() as i64) } else { json!(value) }
        }
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_is_there() {
        let schema = json!({
            "type": "object", "required": ["top", "share", "names"],
            "properties": {
                "top": {"type": "integer", "minimum": 2}, "share": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
                "names": {"type": "array", "minItems": 1, "items": {"enum": ["a", "b"]}}, "more": {"type": "string"}
            }
        });
        assert_eq!(fitting(&schema), Ok(json!({"top": 2, "share": 0.5, "names": ["a"]})));
    }

    #[test]
    fn an_example_comes_first() {
        let schema = json!({"type": "object", "examples": [{"language": "de"}]});
        assert_eq!(fitting(&schema), Ok(json!({"language": "de"})));
        let odd = json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "pattern": "^[0-9]{3}$"}}});
        assert!(fitting(&odd).unwrap_err().contains("`examples`"));
    }
}
