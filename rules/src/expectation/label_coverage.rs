//! Labels come for the predictions that wait for them.

use super::bounds::{Bounds, MAX, MIN};
use super::{aggregate, instant};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject, View, WindowCheck};
use crate::report::{Judgement, Outcome, Status};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "label_coverage",
    gx: "expect_table_label_coverage_to_be_between",
    in_gx: false,
    since: "0.1.0",
    summary: "the share of predictions that have a label to lie between two bounds",
    subject: Subject::Table,
    scope: Scope::Window,
    mostly: false,
    params: &[
        MIN.taking(ParamType::Ratio),
        MAX.taking(ParamType::Ratio),
        Param::new("after", ParamType::Duration, "How long labels have after the end of the window.").default("1d"),
    ],
    main: Some("min"),
    page: include_str!("label_coverage.md"),
    compile,
};

struct LabelCoverage {
    bounds: Bounds,
    /// In microseconds.
    after: i64,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let bounds = Bounds::from_args(args);
    if bounds.is_open() {
        return Err("at least one of `min` and `max` is needed".to_owned());
    }
    if bounds.are_reversed() {
        return Err("`min` is above `max`".to_owned());
    }
    if !binder.joins {
        return Err(
            "labels are joined to a log of predictions, and the suite has none: say `predictions: {}`".to_owned()
        );
    }
    if binder.guard.is_some() {
        return Err("`when` would say which labels are looked at, not which are awaited; use `segments`".to_owned());
    }
    let after = args.number("after").map_or(DAY, instant::micros);
    let after = i64::try_from(after).map_err(|_| "`after` is too long".to_owned())?;
    binder.bindings.label_waits.insert(after);
    Ok(Check::Window(Box::new(LabelCoverage { bounds, after })))
}

const DAY: i128 = 86_400_000_000;

impl WindowCheck for LabelCoverage {
    fn judge(&self, view: &View) -> Judgement {
        let (logged, joined) = (view.window.logged, view.window.joined);
        let bound = self.bounds.describe();
        if logged == 0 {
            return Judgement::skip("no prediction is kept that a label could come for").bound(bound);
        }
        // A label may come for a record that was sent twice.
        let share = (joined as f64 / logged as f64).min(1.0);
        let details = Value::Map(vec![
            ("labelled".into(), aggregate::count(joined)),
            ("predictions".into(), aggregate::count(logged)),
        ]);
        let told =
            |it: Judgement| Judgement { observed: Value::Num(share), ..it }.bound(bound.clone()).details(details);
        if view.window.waited < self.after {
            let words = instant::words(i128::from(self.after));
            return told(Judgement::skip(format!("labels have {words} after the end of the window")));
        }
        match self.bounds.judge(&Value::Num(share)) {
            Outcome::Fail => {
                told(Judgement::new(Status::Fail).why(format!("{joined} of {logged} predictions have a label")))
            }
            _ => told(Judgement::new(Status::Pass)),
        }
    }
}
