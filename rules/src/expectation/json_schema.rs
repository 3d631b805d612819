//! A field, or the whole record, conforms to a JSON Schema.

use super::naming;
use super::schemas;
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject, ValueCheck};
use crate::report::Outcome;
use crate::schema::Schema;
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "json_schema",
    gx: "expect_column_values_to_conform_to_json_schema",
    in_gx: false,
    since: "0.1.0",
    summary: "each value, or the whole record, to conform to a JSON Schema",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[Param::new("schema", ParamType::Mapping, "The JSON Schema, drafts 4 to 2020-12.").required()],
    main: None,
    page: include_str!("json_schema.md"),
    compile,
};

struct Conforming(Schema);

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    let schema = args.get("schema").map(Value::to_json).unwrap_or_default();
    let schema = schemas::compile(&schema).map_err(|it| naming::about(args, &KIND, "schema", &it))?;
    Ok(Check::Value(Box::new(Conforming(schema))))
}

impl ValueCheck for Conforming {
    fn check(&self, value: &Value) -> Outcome {
        Outcome::of(self.0.is_valid(value))
    }

    fn bound(&self) -> String {
        "conforming to the schema".to_owned()
    }

    fn why(&self, value: &Value) -> Option<String> {
        Some(schemas::why(&self.0, value))
    }
}
