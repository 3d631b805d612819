//! Each value is JSON text that conforms to a JSON Schema.

use super::naming;
use super::schemas;
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject, ValueCheck};
use crate::record;
use crate::report::Outcome;
use crate::schema::Schema;
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "match_json_schema",
    gx: "expect_column_values_to_match_json_schema",
    in_gx: true,
    since: "0.1.0",
    summary: "each value to be JSON text that conforms to a JSON Schema",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[Param::new("schema", ParamType::Mapping, "The JSON Schema, drafts 4 to 2020-12.")
        .gx("json_schema")
        .required()],
    main: None,
    page: include_str!("match_json_schema.md"),
    compile,
};

struct Conforming(Schema);

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    let schema = args.get("schema").map(Value::to_json).unwrap_or_default();
    let schema = if args.is_gx() { schemas::without_formats(schema) } else { schema };
    let schema = schemas::compile(&schema).map_err(|it| naming::about(args, &KIND, "schema", &it))?;
    Ok(Check::Value(Box::new(Conforming(schema))))
}

impl ValueCheck for Conforming {
    fn check(&self, value: &Value) -> Outcome {
        match value.as_str().map(record::parse) {
            Some(Ok(document)) => Outcome::of(self.0.is_valid(&document)),
            // Text that is not JSON is an error of the whole expectation in GX.
            _ => Outcome::Mismatch,
        }
    }

    fn bound(&self) -> String {
        "JSON text conforming to the schema".to_owned()
    }

    fn why(&self, value: &Value) -> Option<String> {
        Some(match value.as_str().map(record::parse) {
            Some(Ok(document)) => schemas::why(&self.0, &document),
            Some(Err(error)) => format!("it is not JSON: {error}"),
            None => format!("it is not text, but of type {}", value.type_name()),
        })
    }
}
