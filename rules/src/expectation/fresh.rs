//! Each timestamp is not too long ago.

use super::instant::{self, UNIT};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, RowCheck, Scope, Subject};
use crate::report::Outcome;
use crate::row::{Row, Slot};

/// The kind.
pub static KIND: Kind = Kind {
    name: "fresh",
    gx: "expect_column_values_to_be_fresh",
    in_gx: false,
    since: "0.1.0",
    summary: "each timestamp to be recent when the record is received",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[
        Param::new("max_age", ParamType::Duration, "How long ago the timestamp may be.").required(),
        Param::new("future", ParamType::Duration, "How far ahead of the clock it may be.").default("0s"),
        UNIT,
    ],
    main: Some("max_age"),
    page: include_str!("fresh.md"),
    compile,
};

struct Fresh {
    slot: Slot,
    unit: f64,
    /// Both in microseconds.
    max_age: i128,
    future: i128,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let micros = |name| instant::micros(args.number(name).unwrap_or_default());
    Ok(Check::Row(Box::new(Fresh {
        slot: binder.slot(),
        unit: instant::unit(args),
        max_age: micros("max_age"),
        future: micros("future"),
    })))
}

impl Fresh {
    /// Microseconds since the timestamp.
    fn age(&self, row: &Row) -> Option<i128> {
        instant::instant(row.at(self.slot), self.unit).map(|it| instant::span(it, row.now))
    }
}

impl RowCheck for Fresh {
    fn check(&self, row: &Row) -> Outcome {
        if row.at(self.slot).is_null() {
            return Outcome::Skip;
        }
        self.age(row).map_or(Outcome::Mismatch, |it| Outcome::of(it <= self.max_age && -it <= self.future))
    }

    fn bound(&self) -> String {
        let max_age = instant::words(self.max_age);
        match self.future {
            0 => format!("at most {max_age} old"),
            it => format!("at most {max_age} old and {} ahead", instant::words(it)),
        }
    }

    fn why(&self, row: &Row) -> Option<String> {
        Some(match self.age(row) {
            None => "it is no timestamp".to_owned(),
            Some(it) if it < 0 => format!("it lies {} ahead", instant::words(-it)),
            Some(it) => format!("it is {} old", instant::words(it)),
        })
    }
}
