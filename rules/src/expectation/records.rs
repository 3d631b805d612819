//! What window rules share that name the records they do not hold for.

use crate::args::Form;
use crate::kind::View;
use crate::report::{Counts, Judgement, Status, Unexpected};
use crate::sketch::{NumberKind, Numbers};
use crate::time::Time;
use crate::value::Value;

/// What was found in a window.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Records with something to judge.
    pub judged: u64,
    /// Those that the rule does not hold for; an estimate when there is an error.
    pub unexpected: u64,
    /// Those that it does not hold for whatever the error of the sketch: what decides.
    pub surely: u64,
    /// Row and value of the unexpected records, in row order, as far as they are known.
    pub members: Vec<(u64, Value<'static>)>,
    /// The relative error of the sketch that answered; `None`: exact.
    pub error: Option<f64>,
    /// More to say than the counts.
    pub why: Option<String>,
}

/// GX's counts and `mostly` over what was found.
pub fn judge(view: &View, bound: String, found: Found) -> Judgement {
    let Found { judged, unexpected, surely, members, error, why } = found;
    let elements = view.tally.seen;
    let status = match view.form {
        Form::Short if judged == 0 => Status::Skip,
        _ => Status::of(view.holds_mostly(judged, surely)),
    };
    let why = match status {
        Status::Skip => Some("there is no value to judge".to_owned()),
        Status::Fail => Some(why.unwrap_or_else(|| format!("{unexpected} of {judged} records are not as expected"))),
        _ => None,
    };
    Judgement {
        why,
        counts: Some(Counts { elements, missing: Some(elements.saturating_sub(judged)), unexpected }),
        unexpected: members.into_iter().map(|(row, value)| Unexpected { row, value }).collect(),
        ..Judgement::new(status).bound(bound).within(error)
    }
}

/// Numbers as they came, as far as a float tells: whole numbers of a column of integers, times of one of times.
pub fn as_they_came(numbers: &Numbers, rows: Vec<(u64, f64)>) -> Vec<(u64, Value<'static>)> {
    let kind = numbers.kind();
    let value = |it: f64| match kind {
        NumberKind::Integers if it.abs() <= 9_007_199_254_740_992.0 => Value::Int(it as i64),
        NumberKind::Times(zone) => Value::Time(Time { micros: it as i64, zone }),
        _ => Value::Num(it),
    };
    rows.into_iter().map(|(row, it)| (row, value(it))).collect()
}
