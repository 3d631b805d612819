//! Each value is of a type.

use super::naming;
use super::type_names::TypeName;
use crate::args::Form;
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject, ValueCheck};
use crate::report::Outcome;
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "of_type",
    gx: "expect_column_values_to_be_of_type",
    in_gx: true,
    since: "0.1.0",
    summary: "each value to be of a type",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[Param::new("type", ParamType::Text, "The name of the type.").gx("type_").required()],
    main: Some("type"),
    page: include_str!("of_type.md"),
    compile,
};

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    let name = args.text("type").unwrap_or_default();
    let ty = TypeName::parse(name, args.form).map_err(|it| naming::about(args, &KIND, "type", &it))?;
    Ok(Check::Value(Box::new(OfType { types: vec![ty], form: args.form, bound: format!("of type {name}") })))
}

/// "It is of one of these types"; also what `in_type_list` becomes.
pub struct OfType {
    /// The types.
    pub types: Vec<TypeName>,
    /// Which rules hold.
    pub form: Form,
    /// In words.
    pub bound: String,
}

impl ValueCheck for OfType {
    fn check(&self, value: &Value) -> Outcome {
        Outcome::of(self.types.iter().any(|it| it.holds(value, self.form)))
    }

    fn bound(&self) -> String {
        self.bound.clone()
    }

    fn why(&self, value: &Value) -> Option<String> {
        Some(format!("it is of type {}", value.type_name()))
    }
}
