//! The columns are those of a list, in its order.

use super::{aggregate, columns};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject, View, WindowCheck};
use crate::report::{Judgement, Status};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "columns_match_ordered_list",
    gx: "expect_table_columns_to_match_ordered_list",
    in_gx: true,
    since: "0.1.0",
    summary: "the columns to be those of a list, in its order",
    subject: Subject::Table,
    scope: Scope::Window,
    mostly: false,
    params: &[Param::new("columns", ParamType::Texts, "The names, in order.").gx("column_list")],
    main: Some("columns"),
    page: include_str!("columns_match_ordered_list.md"),
    compile,
};

struct Ordered {
    /// GX's null: any columns at all.
    expected: Option<Vec<String>>,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    binder.bindings.reads_columns = true;
    let expected = args.texts("columns").map(|it| it.into_iter().map(str::to_owned).collect());
    if expected.is_none() && !args.is_gx() {
        return Err("`columns` is needed: a list of names".to_owned());
    }
    Ok(Check::Window(Box::new(Ordered { expected })))
}

impl WindowCheck for Ordered {
    fn judge(&self, view: &View) -> Judgement {
        let expected = self.expected.as_deref();
        let bound = expected.map_or_else(|| "any columns".to_owned(), |it| format!("the columns {}", it.join(", ")));
        if columns::are_unknown(view) {
            return Judgement::skip("there is no record").bound(bound);
        }
        let found: Vec<&str> = view.window.columns.names().collect();
        let observed = columns::names(found.iter().copied());
        let n = expected.map_or(0, |it| it.len().max(found.len()));
        let expected = expected.unwrap_or_default();
        let text = |it: Option<&str>| it.map_or(Value::Null, |it| Value::Str(it.to_owned().into()));
        let pairs = (0..n).map(|i| (i, expected.get(i).map(String::as_str), found.get(i).copied()));
        let wrong: Vec<_> = pairs.filter(|(_, expected, found)| expected != found).collect();
        let Some((place, wanted, met)) = wrong.first() else {
            return Judgement::new(Status::Pass).bound(bound).observed(observed);
        };
        let word = |it: Option<&str>| it.map_or_else(|| "nothing".to_owned(), |it| format!("`{it}`"));
        let why = format!("at place {place} stands {} where {} is expected", word(*met), word(*wanted));
        let mismatched = wrong.iter().map(|(i, expected, found)| {
            Value::Map(vec![
                ("Expected Column Position".into(), aggregate::count(*i as u64)),
                ("Expected".into(), text(*expected)),
                ("Found".into(), text(*found)),
            ])
        });
        let details = Value::Map(vec![("mismatched".into(), Value::List(mismatched.collect()))]);
        Judgement::new(Status::Fail).bound(bound).observed(observed).details(details).why(why)
    }
}
