//! Each value is of one of several types.

use super::naming;
use super::of_type::OfType;
use super::type_names::TypeName;
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject};

/// The kind.
pub static KIND: Kind = Kind {
    name: "in_type_list",
    gx: "expect_column_values_to_be_in_type_list",
    in_gx: true,
    since: "0.1.0",
    summary: "each value to be of one of several types",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[Param::new("types", ParamType::Texts, "The names of the types.").gx("type_list")],
    main: Some("types"),
    page: include_str!("in_type_list.md"),
    compile,
};

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    let names = args.texts("types");
    let types = match &names {
        // GX: without a list everything passes.
        None if args.is_gx() => vec![TypeName::Any],
        None => return Err("`in_type_list` needs `types`: a list of texts".to_owned()),
        Some(names) if args.is_gx() => {
            // GX overlooks names that it does not know as long as it knows one.
            names.iter().filter_map(|it| TypeName::parse(it, args.form).ok()).collect()
        }
        Some(names) => {
            let types: Result<Vec<_>, _> = names.iter().map(|it| TypeName::parse(it, args.form)).collect();
            types.map_err(|it| naming::about(args, &KIND, "types", &it))?
        }
    };
    if types.is_empty() {
        return Err(naming::about(args, &KIND, "types", "it names no known type"));
    }
    let bound = names.map_or_else(|| "of any type".to_owned(), |it| format!("of one of the types {}", it.join(", ")));
    Ok(Check::Value(Box::new(OfType { types, form: args.form, bound })))
}
