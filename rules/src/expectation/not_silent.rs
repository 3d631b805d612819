//! Records keep coming.

use super::aggregate::count;
use super::instant;
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject, View, WindowCheck};
use crate::report::{Judgement, Status};

/// The kind.
pub static KIND: Kind = Kind {
    name: "not_silent",
    gx: "expect_table_not_to_be_silent",
    in_gx: false,
    since: "0.1.0",
    summary: "records to keep coming",
    subject: Subject::Table,
    scope: Scope::Window,
    mostly: false,
    params: &[
        Param::new("for", ParamType::Duration, "How long no record may come, as a service's clock says.").required()
    ],
    main: Some("for"),
    page: include_str!("not_silent.md"),
    compile,
};

struct NotSilent {
    /// In microseconds.
    longest: i128,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let longest = instant::micros(args.number("for").unwrap_or_default());
    if longest < 1_000_000 {
        return Err("`for` is shorter than a second".to_owned());
    }
    if binder.guard.is_some() {
        return Err("`when` says nothing of records that do not come".to_owned());
    }
    let silence = i64::try_from(longest).map_err(|_| "`for` is too long".to_owned())?;
    let before = binder.bindings.silence.replace(silence);
    binder.bindings.silence = before.map_or(Some(silence), |it| Some(it.min(silence)));
    Ok(Check::Window(Box::new(NotSilent { longest })))
}

impl WindowCheck for NotSilent {
    fn judge(&self, view: &View) -> Judgement {
        let records = view.window.rows;
        Judgement {
            observed: count(records),
            bound: format!("a record within {}", instant::words(self.longest)),
            why: (records == 0).then(|| "no record came".to_owned()),
            ..Judgement::new(Status::of(records > 0))
        }
    }
}
