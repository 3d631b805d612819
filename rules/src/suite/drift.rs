//! `drift:`, what the windows of a suite are compared with.

use super::node::{Member, Node};
use super::problem::{At, Problem, did_you_mean};
use super::windows::{Length, Windows};
use crate::drift::multiplicity::Correction;
use crate::drift::spending;
use crate::time::{Time, Timestamp, seconds};
use crate::value::Value;

/// What the windows of a suite are compared with, and how several tests are judged together.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// What they are compared with.
    pub reference: Reference,
    /// How alarms of several tests are held against chance, those of all fields and segments of a window together;
    /// `None`: each by itself.
    pub correction: Option<Correction>,
    /// From when on the windows are watched together: the chance that any of them alarms when nothing has changed is
    /// at most the level. `None`: each is judged by itself.
    pub sequential: Option<Timestamp>,
    /// Where it stands.
    pub at: At,
}

/// What windows are compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The active version of the baseline of this name; `None`: that of the suite's name.
    Named(Option<String>),
    /// The window before.
    Previous,
    /// All windows that ended within so many microseconds before the window began.
    Last(Timestamp),
    /// The window so many microseconds earlier: the same hour of last week.
    Ago(Timestamp),
    /// The window of the segment of this name over the same time, or of the same records: a challenger against the
    /// champion.
    Segment(String),
    /// The first windows of the same version of the model, kept as the baseline `MODEL@VERSION`.
    Version(First),
}

/// The first windows of a version of a model, of which its baseline is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// Those that begin within so many microseconds after the first one began.
    Time(Timestamp),
    /// As many, from the first one on, as have so many records together.
    Records(u64),
}

impl Default for Drift {
    fn default() -> Self {
        Drift {
            reference: Reference::Named(None),
            correction: Some(Correction::BenjaminiHochberg),
            sequential: None,
            at: At::START,
        }
    }
}

const MEMBERS: [&str; 3] = ["baseline", "correction", "sequential"];

impl Drift {
    /// Reads `drift: { baseline: training, correction: holm }`.
    pub(super) fn read(node: &Node, problems: &mut Vec<Problem>) -> Self {
        let mut drift = Drift { at: node.at, ..Drift::default() };
        if !node.is_mapping() && !node.is_null() {
            let message = format!("expected `{{baseline: NAME}}`, found {}", node.what());
            problems.push(Problem::new(node.at, message).within("drift"));
        }
        for Member { name, at, value } in node.members() {
            match name.as_str() {
                "baseline" => match reference(value) {
                    Ok(it) => drift.reference = it,
                    Err(why) => problems.push(
                        Problem::new(value.at, why)
                            .within("drift.baseline")
                            .hint("`training`, `{window: previous}`, `{last: 6h}`, `{ago: 7d}`, `{segment: \"model_version=3\"}` or `{model_version: {first: 24h}}`"),
                    ),
                },
                "correction" => match value.text() {
                    Some("none") => drift.correction = None,
                    Some(it) if Correction::find(it).is_some() => drift.correction = Correction::find(it),
                    _ => problems.push(
                        Problem::new(value.at, format!("expected a correction, found {}", value.what()))
                            .within("drift.correction")
                            .hint("one of benjamini_hochberg, benjamini_yekutieli, holm, bonferroni, none"),
                    ),
                },
                "sequential" if value.is_null() => {}
                "sequential" => match since(value) {
                    Ok(it) => drift.sequential = Some(it),
                    Err(why) => problems.push(
                        Problem::new(value.at, why)
                            .within("drift.sequential")
                            .hint("`{since: 2024-05-01}`: windows from then on are watched together"),
                    ),
                },
                _ => {
                    let hint =
                        did_you_mean(name, MEMBERS).unwrap_or_else(|| format!("`drift` holds {}", MEMBERS.join(", ")));
                    problems.push(Problem::new(*at, format!("unknown member `{name}`")).within("drift").hint(hint));
                }
            }
        }
        drift
    }

    /// The share of the level that the tests of a window may spend, by its start and its end, where windows are watched
    /// together; windows that began before are judged by themselves.
    ///
    /// Windows of one length are numbered by the time of their start, so that every host has the same number without
    /// asking anybody, and several lengths have equal parts of the level.
    pub fn spends(&self, windows: &Windows, (start, end): (Timestamp, Timestamp)) -> Option<f64> {
        const DAY: Timestamp = 86_400_000_000;
        let after = start.checked_sub(self.sequential?).filter(|it| *it >= 0)?;
        let length = end.checked_sub(start)?;
        let every = match windows.slide {
            Some(slide) if slide.length == length => slide.every,
            // The months of the calendar begin 28 days apart at least.
            _ if windows.lengths.contains(&Length::Time(length)) => length,
            _ if windows.lengths.contains(&Length::Month) => length.min(28 * DAY),
            _ => length,
        };
        let number = u64::try_from(after.checked_div(every)?).ok()?.saturating_add(1);
        let kinds = windows.lengths.len() + usize::from(windows.slide.is_some());
        Some(spending::share(number) / kinds.max(1) as f64)
    }
}

/// Reads `{ since: 2024-05-01 }`.
fn since(node: &Node) -> Result<Timestamp, String> {
    let wrong = || format!("expected `{{since: TIME}}`, found {}", node.what());
    let [Member { name, value, .. }] = node.members() else { return Err(wrong()) };
    if name != "since" {
        return Err(wrong());
    }
    let time = value.text().and_then(Time::parse).map(|it| it.micros);
    time.ok_or_else(|| format!("expected a date or datetime, found {}", value.what()))
}

fn reference(node: &Node) -> Result<Reference, String> {
    if let Some(name) = node.text().filter(|it| !it.is_empty()) {
        return Ok(Reference::Named(Some(name.to_owned())));
    }
    let wrong = || {
        let words = "`window`, `last`, `ago`, `segment`, `model_version`";
        format!("expected the name of a baseline or one of {words}, found {}", node.what())
    };
    let [Member { name, value, .. }] = node.members() else { return Err(wrong()) };
    let length = || length(value);
    match name.as_str() {
        "window" if value.text() == Some("previous") => Ok(Reference::Previous),
        "window" => Err(format!("`window` is `previous`, not {}", value.what())),
        "last" => length().map(Reference::Last),
        "ago" => length().map(Reference::Ago),
        "segment" => match value.text() {
            Some(it) if !it.is_empty() => Ok(Reference::Segment(it.to_owned())),
            _ => Err(format!("expected the name of a segment, found {}", value.what())),
        },
        "model_version" => first(value).map(Reference::Version),
        _ => Err(wrong()),
    }
}

fn length(node: &Node) -> Result<Timestamp, String> {
    let found = node.text().and_then(seconds).filter(|it| (1.0..=366.0 * 86_400.0).contains(it));
    let message = || format!("expected a length of time from 1s to 366d, found {}", node.what());
    found.map(|it| (it * 1e6) as Timestamp).ok_or_else(message)
}

/// Reads `{ first: 24h }` or `{ records: 10000 }`.
fn first(node: &Node) -> Result<First, String> {
    let wrong = || format!("`model_version` is `{{first: 24h}}` or `{{records: 10000}}`, not {}", node.what());
    let [Member { name, value, .. }] = node.members() else { return Err(wrong()) };
    match (name.as_str(), value.to_value()) {
        ("first", _) => length(value).map(First::Time),
        ("records", Value::Int(it)) if it > 0 => Ok(First::Records(it.unsigned_abs())),
        ("records", _) => Err(format!("expected a number of records, found {}", value.what())),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::read;

    #[test]
    fn a_suite_says_what_its_windows_are_compared_with() {
        const HOUR: Timestamp = 3_600_000_000;
        for (text, reference) in [
            ("name: s", Reference::Named(None)),
            ("drift: {baseline: training}", Reference::Named(Some("training".into()))),
            ("drift: {baseline: {window: previous}}", Reference::Previous),
            ("drift: {baseline: {last: 6h}}", Reference::Last(6 * HOUR)),
            ("drift: {baseline: {ago: 7d}}", Reference::Ago(7 * 24 * HOUR)),
            ("drift: {baseline: {segment: 'v=3'}}", Reference::Segment("v=3".into())),
            ("drift: {baseline: {model_version: {first: 24h}}}", Reference::Version(First::Time(24 * HOUR))),
            ("drift: {baseline: {model_version: {records: 10000}}}", Reference::Version(First::Records(10_000))),
        ] {
            let (suite, problems) = read(text);
            assert_eq!((suite.drift.reference, problems.len()), (reference, 0), "{text} {problems:?}");
        }
        assert_eq!(read("drift: {correction: none}").0.drift.correction, None);
        assert_eq!(read("drift: {correction: holm}").0.drift.correction, Some(Correction::Holm));
        let since = read("drift: {sequential: {since: '2024-05-01T12:00:00Z'}}").0.drift;
        assert_eq!(
            since.sequential,
            read("drift: {sequential: {since: 2024-05-01}}").0.drift.sequential.map(|it| it + 12 * HOUR)
        );
        for text in [
            "drift: {sequential: true}",
            "drift: {sequential: {since: soon}}",
            "drift: {sequential: {from: 2024-05-01}}",
            "drift: 5",
            "drift: {baseline: {last: soon}}",
            "drift: {baseline: {window: next}}",
            "drift: {baseline: {segment: 3}}",
            "drift: {baseline: {model_version: 3}}",
            "drift: {baseline: {model_version: {first: soon}}}",
            "drift: {baseline: {model_version: {records: 0}}}",
            "drift: {baseline: {model_version: {last: 1h}}}",
            "drift: {corection: holm}",
            "drift: {correction: much}",
        ] {
            let (_, problems) = read(text);
            assert_eq!(problems.len(), 1, "{text} {problems:?}");
        }
    }

    #[test]
    fn windows_are_numbered_by_their_start() {
        const DAY: Timestamp = 86_400_000_000;
        let (suite, problems) = read(
            "drift: {sequential: {since: 2024-05-01}}\nwindows: {lengths: [1h, 1d, month], slide: {length: 2h, every: 1h}}",
        );
        assert!(problems.is_empty(), "{problems:?}");
        let since = suite.drift.sequential.unwrap();
        let spends = |start, end| suite.drift.spends(&suite.windows, (since + start, since + end));
        let share = |number| Some(spending::share(number) / 4.0);
        assert_eq!(spends(0, DAY), share(1));
        assert_eq!(spends(4 * DAY, 5 * DAY), share(5));
        assert_eq!(spends(4 * DAY, 4 * DAY + DAY / 12), share(97), "overlapping ones by where they begin");
        assert_eq!(spends(-DAY, 0), None);
        // May, June, and May of the year after, the first of which have numbers of their own.
        assert_eq!((spends(0, 31 * DAY), spends(31 * DAY, 61 * DAY)), (share(1), share(2)));
        assert_eq!(spends(365 * DAY, 396 * DAY), share(14));
        assert_eq!(Drift::default().spends(&suite.windows, (0, DAY)), None);
        assert_eq!(spends(Timestamp::MAX - since, Timestamp::MIN + 5), None);
    }
}
