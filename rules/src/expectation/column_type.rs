//! All values of a column are of one type.

use super::dtype;
use crate::kind::{Args, Binder, Check, Form, Kind, Param, ParamType, Scope, SketchId, Subject, View, WindowCheck};
use crate::report::{Judgement, Status};
use crate::sketch::{Sketch, Spec, Type};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "column_type",
    gx: "expect_column_type_to_be",
    in_gx: true,
    since: "0.1.0",
    summary: "all values of a column to be of one type",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: false,
    params: &[Param::new("type", ParamType::Text, "The name of the type.").gx("type_").required()],
    main: Some("type"),
    page: include_str!("column_type.md"),
    compile,
};

/// The names of types in the short form.
const NAMES: [(&str, &[Type]); 9] = [
    ("boolean", &[Type::Boolean]),
    ("integer", &[Type::Integer]),
    ("number", &[Type::Integer, Type::Number, Type::Decimal]),
    ("decimal", &[Type::Decimal]),
    ("string", &[Type::String]),
    ("date", &[Type::Date]),
    ("datetime", &[Type::Datetime]),
    ("array", &[Type::Array]),
    ("object", &[Type::Object]),
];

struct ColumnType {
    id: SketchId,
    name: String,
    /// What the short form admits.
    types: &'static [Type],
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let id = binder.sketch(Spec::Types);
    let name = args.text("type").unwrap_or_default().to_owned();
    let known = NAMES.iter().find(|it| it.0 == name).map(|it| it.1);
    if args.is_gx() && !dtype::is_known(&name) {
        return Err(format!("`{name}` is no type of pandas"));
    }
    if !args.is_gx() && known.is_none() {
        return Err(format!("`{name}` is no type; the types are {}", NAMES.map(|it| it.0).join(", ")));
    }
    Ok(Check::Window(Box::new(ColumnType { id, name, types: known.unwrap_or_default() })))
}

impl WindowCheck for ColumnType {
    fn judge(&self, view: &View) -> Judgement {
        let bound = format!("of type {}", self.name);
        let Sketch::Types(types) = view.sketch(self.id) else { return Judgement::skip("there is no value to judge") };
        if view.form == Form::Gx {
            let found = dtype::of(types);
            let holds = dtype::is(found, &self.name);
            let judgement = Judgement::new(Status::of(holds)).bound(bound).observed(Value::text(found));
            return if holds { judgement } else { judgement.why(format!("pandas would read the column as {found}")) };
        }
        let found: Vec<_> = types.iter().filter(|it| !matches!(it.0, Type::Missing | Type::Null)).collect();
        if found.is_empty() {
            return Judgement::skip("there is no value to judge").bound(bound);
        }
        let others: Vec<_> = found.iter().filter(|it| !self.types.contains(&it.0)).collect();
        let observed = Value::List(found.iter().map(|it| Value::text(it.0.name())).collect());
        let judgement = Judgement::new(Status::of(others.is_empty())).bound(bound).observed(observed);
        if others.is_empty() {
            return judgement;
        }
        let row = |of: Type| types.first(of).unwrap_or(0);
        let others = others.iter().map(|(of, n)| format!("{n} of type {}, the first in row {}", of.name(), row(*of)));
        judgement.why(others.collect::<Vec<_>>().join("; "))
    }
}
