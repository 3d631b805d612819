//! A figure beside its bounds.

use crate::args::Args;
use crate::quality::Figure;
use crate::quality::metric::Metric;
use crate::report::{Judgement, Status};
use crate::value::Value;

/// What is expected of a figure.
pub(super) struct Limits {
    /// The metric's name.
    pub name: &'static str,
    min: Option<f64>,
    max: Option<f64>,
    /// Whether only an interval that is wholly beyond a bound fails.
    significant: bool,
    /// Of the interval.
    pub confidence: f64,
    /// The fewest records that are judged.
    pub min_records: u64,
    /// The bounds in words; empty: there are none.
    pub words: String,
}

impl Limits {
    pub(super) fn new(args: &Args, name: &'static str, metric: Metric) -> Result<Self, String> {
        let (min, max) = (args.number("min"), args.number("max"));
        let (least, most) = metric.range();
        for (bound, it) in [("min", min), ("max", max)] {
            let Some(it) = it.filter(|it| !(least..=most).contains(it)) else { continue };
            let share = if most == 1.0 && it > 1.0 && it <= 100.0 {
                format!("; {it} % is written {}", it / 100.0)
            } else {
                String::new()
            };
            let range = match (least.is_finite(), most.is_finite()) {
                (true, true) => format!("lies between {least} and {most}"),
                (true, false) => format!("is at least {least}"),
                _ => format!("is at most {most}"),
            };
            return Err(format!("`{bound}` is {it}, and `{name}` {range}{share}"));
        }
        if min.is_none() && max.is_none() && args.get("not_worse_than").is_none() {
            return Err("at least one of `min`, `max` and `not_worse_than` is needed".to_owned());
        }
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            return Err("`min` is above `max`".to_owned());
        }
        let confidence = args.number("confidence").unwrap_or(0.95);
        if confidence <= 0.0 || confidence >= 1.0 {
            return Err("`confidence` must lie between 0 and 1".to_owned());
        }
        let min_records = args.int("min_records").unwrap_or(30);
        let min_records = u64::try_from(min_records).ok().filter(|it| *it > 0);
        let min_records = min_records.ok_or("`min_records` must be at least 1")?;
        let significant = args.flag("significant");
        let least = min.map(|it| format!("at least {it}"));
        let most = max.map(|it| format!("at most {it}"));
        let bounds = least.into_iter().chain(most).collect::<Vec<_>>().join(" and ");
        let whole =
            if significant { format!(", by the whole {} % interval", percent(confidence)) } else { String::new() };
        let words = if bounds.is_empty() { String::new() } else { format!("{name} of {bounds}{whole}") };
        Ok(Limits { name, min, max, significant, confidence, min_records, words })
    }

    /// `error` is how far the figure may be off for its summary, which alone is no failure.
    pub(super) fn compare(&self, it: &Figure, n: u64, error: Option<f64>) -> Judgement {
        let observed = Value::Num(it.value);
        let error = error.unwrap_or(0.0);
        if self.min.is_none() && self.max.is_none() {
            return Judgement::new(Status::Pass).observed(observed);
        }
        let (low, high) = match it.interval {
            Some(interval) if self.significant => interval,
            None if self.significant => {
                let why = "its interval is not known, and `significant` asks for it";
                return Judgement::skip(why).observed(observed);
            }
            _ => (it.value, it.value),
        };
        let below = self.min.filter(|min| high + error < *min).map(|min| format!("below {min}"));
        let above = self.max.filter(|max| low - error > *max).map(|max| format!("above {max}"));
        let Some(beyond) = below.or(above) else { return Judgement::new(Status::Pass).observed(observed) };
        let interval = it.interval.map_or_else(String::new, |(low, high)| {
            format!(" ({} % interval {low:.4} to {high:.4})", percent(self.confidence))
        });
        let why = format!("{} of {n} records is {:.4}{interval}, {beyond}", self.name, it.value);
        Judgement::new(Status::Fail).observed(observed).why(why)
    }
}

/// `95`, `99.9`.
fn percent(share: f64) -> f64 {
    (share * 1e8).round() / 1e6
}
