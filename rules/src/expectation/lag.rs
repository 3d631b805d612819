//! The time between two timestamps of a record, or between one and its receipt, is bounded.

use super::instant::{self, UNIT};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, RowCheck, Scope, Subject};
use crate::report::Outcome;
use crate::row::{Row, Slot};

/// The kind.
pub static KIND: Kind = Kind {
    name: "lag",
    gx: "expect_column_values_to_lag",
    in_gx: false,
    since: "0.1.0",
    summary: "the time from one timestamp to another, or to the receipt of the record, to lie between two bounds",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[
        Param::new(
            "from",
            ParamType::Field,
            "The field with the earlier timestamp; without it the field itself is the earlier and the receipt of the record the later.",
        ),
        Param::new("max", ParamType::Duration, "The longest time that is expected."),
        Param::new("min", ParamType::Duration, "The shortest time that is expected; `0s` refuses a wrong order."),
        UNIT,
    ],
    main: Some("max"),
    page: include_str!("lag.md"),
    compile,
};

struct Lag {
    slot: Slot,
    from: Option<Slot>,
    unit: f64,
    /// Both in microseconds.
    min: Option<i128>,
    max: Option<i128>,
    words: String,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let from = args.text("from");
    let bound = |name| args.number(name).map(instant::micros);
    let (min, max) = (bound("min"), bound("max"));
    if min.is_none() && max.is_none() {
        return Err("at least one of `min` and `max` is needed".to_owned());
    }
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        return Err("`min` is above `max`".to_owned());
    }
    let least = min.map(|it| format!("at least {}", instant::words(it)));
    let most = max.map(|it| format!("at most {}", instant::words(it)));
    let bounds = least.into_iter().chain(most).collect::<Vec<_>>().join(" and ");
    let words = match from {
        Some(from) => format!("{bounds} after `{from}`"),
        None => format!("{bounds} before the receipt"),
    };
    let from = from.map(|it| binder.field(it)).transpose().map_err(|it| format!("`from`: {it}"))?;
    Ok(Check::Row(Box::new(Lag { slot: binder.slot(), from, unit: instant::unit(args), min, max, words })))
}

impl Lag {
    /// Microseconds from the earlier to the later.
    fn lag(&self, row: &Row) -> Option<i128> {
        let own = instant::instant(row.at(self.slot), self.unit)?;
        Some(match self.from {
            Some(from) => instant::span(instant::instant(row.at(from), self.unit)?, own),
            None => instant::span(own, row.now),
        })
    }
}

impl RowCheck for Lag {
    fn check(&self, row: &Row) -> Outcome {
        if row.at(self.slot).is_null() || self.from.is_some_and(|it| row.at(it).is_null()) {
            return Outcome::Skip;
        }
        self.lag(row).map_or(Outcome::Mismatch, |lag| {
            Outcome::of(self.min.is_none_or(|it| it <= lag) && self.max.is_none_or(|it| lag <= it))
        })
    }

    fn bound(&self) -> String {
        self.words.clone()
    }

    fn why(&self, row: &Row) -> Option<String> {
        Some(match self.lag(row) {
            Some(it) => format!("the lag is {}", instant::words(it)),
            None => "one of the two is no timestamp".to_owned(),
        })
    }
}
