//! The columns are those of a set, in any order.

use std::collections::BTreeSet;

use super::columns;
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject, View, WindowCheck};
use crate::report::{Judgement, Status};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "columns_match_set",
    gx: "expect_table_columns_to_match_set",
    in_gx: true,
    since: "0.1.0",
    summary: "the columns to be those of a set, in any order",
    subject: Subject::Table,
    scope: Scope::Window,
    mostly: false,
    params: &[
        Param::new("columns", ParamType::Texts, "The names.").gx("column_set"),
        Param::new("exact_match", ParamType::Bool, "Whether other columns are refused.").default("true"),
    ],
    main: Some("columns"),
    page: include_str!("columns_match_set.md"),
    compile,
};

struct Matches {
    expected: BTreeSet<String>,
    exact: bool,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    binder.bindings.reads_columns = true;
    let expected = args.texts("columns");
    if expected.is_none() && !args.is_gx() {
        return Err("`columns` is needed: a list of names".to_owned());
    }
    let expected = expected.unwrap_or_default().into_iter().map(str::to_owned).collect();
    let exact = args.get("exact_match").is_none() || args.flag("exact_match");
    Ok(Check::Window(Box::new(Matches { expected, exact })))
}

impl WindowCheck for Matches {
    fn judge(&self, view: &View) -> Judgement {
        let listed = self.expected.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let others = if self.exact { "no others" } else { "maybe others" };
        let bound = format!("the columns {listed} and {others}");
        if columns::are_unknown(view) {
            return Judgement::skip("there is no record").bound(bound);
        }
        let found: BTreeSet<&str> = view.window.columns.names().collect();
        let unexpected: Vec<_> = found.iter().copied().filter(|it| !self.expected.contains(*it)).collect();
        let missing: Vec<_> = self.expected.iter().map(String::as_str).filter(|it| !found.contains(it)).collect();
        let holds = missing.is_empty() && (unexpected.is_empty() || !self.exact);
        let mut judgement = Judgement::new(Status::of(holds)).bound(bound);
        let sides = [("unexpected", unexpected), ("missing", missing)].into_iter().filter(|it| !it.1.is_empty());
        let sides: Vec<_> = sides.collect();
        if !holds {
            let why = sides.iter().map(|(side, names)| format!("{side}: {}", names.join(", ")));
            judgement = judgement.why(why.collect::<Vec<_>>().join("; "));
        }
        if !sides.is_empty() {
            let sides = sides.into_iter().map(|(side, names)| (side.into(), columns::names(names.into_iter())));
            let details = vec![("mismatched".into(), Value::Map(sides.collect()))];
            judgement = judgement.details(Value::Map(details));
        }
        judgement.observed(columns::names(found.into_iter()))
    }
}
