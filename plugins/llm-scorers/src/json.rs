//! Answers that a program reads.

use driftline_plugin::prelude::*;
use serde_json::Value;

/// Expects texts that are one JSON document.
pub struct ValidJson(JsonParams);

/// What is expected of the document.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JsonParams {
    /// Whether a Markdown fence around the document is taken away first.
    fenced: bool,
    /// The document's type.
    of: Shape,
    /// Members that an object must have.
    required: Vec<String>,
}

/// The type of a document.
#[derive(Clone, Copy, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Any document.
    #[default]
    Any,
    /// An object.
    Object,
    /// An array.
    Array,
}

impl RecordCheck for ValidJson {
    const ABOUT: Capability = Capability::new("valid-json", "texts that are one JSON document").inputs(&[crate::TEXT]);
    type Params = JsonParams;

    fn open(params: JsonParams, _: &Inputs) -> Result<Self> {
        if params.of == Shape::Array && !params.required.is_empty() {
            return Err(Error::params("an array has no `required` members; say `of: object` or leave them out"));
        }
        Ok(ValidJson(params))
    }

    fn check(&self, _: &Context, rows: &Rows, verdicts: &mut Verdicts) -> Result<()> {
        verdicts.judge(&rows.texts("text")?, |text| self.judge(text));
        Ok(())
    }
}

impl ValidJson {
    fn judge(&self, text: &str) -> Option<Failure> {
        let text = if self.0.fenced { unfenced(text) } else { text };
        let document: Value = match serde_json::from_str(text) {
            Ok(document) => document,
            Err(error) => return Some(Failure::new("invalid-json", format!("no JSON: {error}"))),
        };
        let wanted = if self.0.required.is_empty() { self.0.of } else { Shape::Object };
        match (wanted, &document) {
            (Shape::Any, _) | (Shape::Object, Value::Object(_)) | (Shape::Array, Value::Array(_)) => {}
            (Shape::Object, it) => {
                return Some(Failure::new("wrong-type", format!("an object is expected, not {}", word(it))));
            }
            (Shape::Array, it) => {
                return Some(Failure::new("wrong-type", format!("an array is expected, not {}", word(it))));
            }
        }
        let missing = self.0.required.iter().find(|it| document.get(it.as_str()).is_none())?;
        Some(Failure::new("missing-member", format!("the member `{missing}` is missing")))
    }
}

/// The inside of a Markdown fence, if the whole text is one.
fn unfenced(text: &str) -> &str {
    let trimmed = text.trim();
    let inside = trimmed.strip_prefix("```").and_then(|it| it.strip_suffix("```"));
    // What stands behind the first marks is the name of the language.
    inside.and_then(|it| it.split_once('\n')).map_or(text, |(_, inside)| inside)
}

fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
