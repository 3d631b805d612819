//! A column is there.

use super::{aggregate, columns};
use crate::kind::{Args, Binder, Check, Form, Kind, Param, ParamType, Scope, Subject, View, WindowCheck};
use crate::report::{Judgement, Status};

/// The kind.
pub static KIND: Kind = Kind {
    name: "column_exists",
    gx: "expect_column_to_exist",
    in_gx: true,
    since: "0.1.0",
    summary: "a column to be there",
    subject: Subject::Table,
    scope: Scope::Window,
    mostly: false,
    params: &[
        Param::new("column", ParamType::Field, "The name of the column.").required(),
        Param::new("index", ParamType::Int, "Its place, counted from 0; a negative number counts from the end.")
            .gx("column_index"),
    ],
    main: Some("column"),
    page: include_str!("column_exists.md"),
    compile,
};

struct Exists {
    column: String,
    index: Option<i64>,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    binder.bindings.reads_columns = true;
    let column = args.text("column").unwrap_or_default().to_owned();
    // GX takes 0 for no index at all.
    let index = args.int("index").filter(|it| !args.is_gx() || *it != 0);
    Ok(Check::Window(Box::new(Exists { column, index })))
}

impl WindowCheck for Exists {
    fn judge(&self, view: &View) -> Judgement {
        let place = self.index.map_or_else(String::new, |it| format!(" at place {it}"));
        let bound = format!("a column `{}`{place}", self.column);
        if columns::are_unknown(view) {
            return Judgement::skip("there is no record").bound(bound);
        }
        let columns = &view.window.columns;
        let n = columns.names().len();
        let found = columns.names().position(|it| it == self.column);
        let wanted = self.index.map(|it| if it < 0 { it.saturating_add(n as i64) } else { it });
        let holds = found.is_some_and(|found| wanted.is_none_or(|it| it == found as i64));
        let mut judgement = Judgement::new(Status::of(holds)).bound(bound);
        if let (Form::Short, Some(found)) = (view.form, found) {
            judgement = judgement.observed(aggregate::count(found as u64));
        }
        match found {
            _ if holds => judgement,
            Some(found) => judgement.why(format!("`{}` stands at place {found} of {n}", self.column)),
            None => judgement.why(format!("there is no column `{}`; there are {}", self.column, columns::list(view))),
        }
    }
}
