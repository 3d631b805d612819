//! What the two kinds share that judge by JSON Schema.

use serde_json::Value as Json;

use crate::schema::Schema;
use crate::value::Value;

/// Compiles the value of the parameter `schema`; it can only refer to itself.
pub fn compile(schema: &Json) -> Result<Schema, String> {
    Schema::compile(schema, &[]).map_err(|errors| {
        let said = errors.iter().map(|it| match it.path.as_str() {
            "" => it.message.clone(),
            path => format!("{path}: {}", it.message),
        });
        said.collect::<Vec<_>>().join("; ")
    })
}

/// Why a value does not conform: the first few reasons with their places.
pub fn why(schema: &Schema, value: &Value) -> String {
    let failures = schema.failures(value, 5);
    let said = failures.iter().map(|it| match it.path.as_str() {
        "" | "$" => it.message.clone(),
        path => format!("{path}: {}", it.message),
    });
    said.collect::<Vec<_>>().join("; ")
}

/// The same schema without the keyword `format`, which Python's `jsonschema` does not assert unless told to.
pub fn without_formats(schema: Json) -> Json {
    match schema {
        Json::Array(items) => Json::Array(items.into_iter().map(without_formats).collect()),
        Json::Object(members) => {
            let kept = members.into_iter().filter(|(name, it)| name != "format" || !it.is_string());
            let within = |(name, value): (String, Json)| {
                let value = match (name.as_str(), value) {
                    // Data, not schemas.
                    ("const" | "enum" | "default" | "examples", it) => it,
                    // Here the names are the author's own, and `format` may be one of them.
                    (
                        "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas"
                        | "dependencies",
                        Json::Object(named),
                    ) => Json::Object(named.into_iter().map(|(name, it)| (name, without_formats(it))).collect()),
                    (_, it) => without_formats(it),
                };
                (name, value)
            };
            Json::Object(kept.map(within).collect())
        }
        it => it,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_keyword_format_goes() {
        let schema = json!({
            "format": "email",
            "properties": {"format": {"type": "string", "format": "date"}},
            "items": [{"format": "uri"}],
            "const": {"format": "email"},
        });
        let expected = json!({
            "properties": {"format": {"type": "string"}},
            "items": [{}],
            "const": {"format": "email"},
        });
        assert_eq!(without_formats(schema), expected);
    }
}
