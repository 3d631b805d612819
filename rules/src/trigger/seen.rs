//! What a trigger has read of windows, in the order of their time.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::{Evidence, Found, Judged};
use crate::report::Status;
use crate::suite::triggers::{Bounds, Condition, Leaf, Source, Test};
use crate::time::Timestamp;

/// Windows that are kept beyond those that are looked at together, so that one that is judged again changes what it
/// should.
const SPARE: usize = 16;

/// Windows that a transition names.
const SHOWN: usize = 20;

/// What one leaf has read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// The last windows that said something, by their ends.
    readings: Vec<Reading>,
    /// Whether it was bad before the first of them.
    before: bool,
    /// Whether there were any before.
    is_cut: bool,
}

/// What one window said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Reading {
    window: String,
    start: Timestamp,
    end: Timestamp,
    records: u64,
    says: Says,
    status: String,
    number: Option<f64>,
}

/// What a number or a status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Says {
    Bad,
    Good,
    /// Between two bounds: it stays as it was.
    Same,
}

impl Seen {
    /// Takes note of a window in place of what it said before.
    pub(super) fn add(&mut self, leaf: &Leaf, window: &Judged) {
        self.readings.retain(|it| it.window != window.id);
        let Some((says, status, number)) = read(leaf, window) else { return };
        let place = (window.end, window.start, window.id.as_str());
        let at = self.readings.partition_point(|it| (it.end, it.start, it.window.as_str()) < place);
        if at == 0 && self.is_cut {
            // It lies before all that is kept, and is too old to change anything.
            return;
        }
        let (id, status) = (window.id.clone(), status.name().to_owned());
        let (start, end, records) = (window.start, window.end, window.records);
        self.readings.insert(at, Reading { window: id, start, end, records, says, status, number });
        while self.readings.len() > leaf.quorum.of + SPARE {
            let first = self.readings.remove(0);
            self.before = then(self.before, first.says);
            self.is_cut = true;
        }
    }

    /// Whether it is bad, by the windows that ended up to a time.
    fn is_bad(&self, leaf: &Leaf, until: Timestamp) -> bool {
        let mut is_bad = self.before;
        let each: Vec<bool> = self
            .readings
            .iter()
            .take_while(|it| it.end <= until)
            .map(|it| {
                is_bad = then(is_bad, it.says);
                is_bad
            })
            .collect();
        if each.is_empty() {
            return self.before && leaf.quorum.failing == 1;
        }
        each.iter().rev().take(leaf.quorum.of).filter(|it| **it).count() >= leaf.quorum.failing
    }

    /// The end of the last window.
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.readings.last().map(|it| it.end)
    }

    /// Whether the last of the windows that began from a time on says so; `None`: there is none.
    pub(super) fn says_since(&self, from: Timestamp) -> Option<bool> {
        let mut said = None;
        for it in self.readings.iter().filter(|it| it.start >= from) {
            said = Some(then(said.unwrap_or(false), it.says));
        }
        said
    }

    /// The number of the last window.
    pub(super) fn number(&self) -> Option<f64> {
        self.readings.last().and_then(|it| it.number)
    }

    /// The numbers of windows that began from a time on.
    pub(super) fn numbers_since(&self, from: Timestamp) -> impl Iterator<Item = f64> {
        self.readings.iter().filter(move |it| it.start >= from).filter_map(|it| it.number)
    }

    /// The windows that are looked at together, the last of them first.
    fn evidence(&self, leaf: &Leaf) -> impl Iterator<Item = Evidence> {
        self.readings.iter().rev().take(leaf.quorum.of).map(|it| Evidence {
            check: title(leaf),
            window: it.window.clone(),
            start: it.start,
            end: it.end,
            records: it.records,
            status: it.status.clone(),
            observed: it.number,
            bound: bound(leaf),
        })
    }
}

const fn then(before: bool, says: Says) -> bool {
    match says {
        Says::Bad => true,
        Says::Good => false,
        Says::Same => before,
    }
}

/// What a window says; `None`: nothing.
fn read(leaf: &Leaf, window: &Judged) -> Option<(Says, Status, Option<f64>)> {
    if !window.is_judged || window.records < leaf.min_records && window.length != "silence" {
        return None;
    }
    let found = |check: &str| window.findings.iter().find(|it| it.check == check);
    let status_of = |check: &str| found(check).map_or(Status::Pass, |it| it.status);
    if let Source::Drifted(of) | Source::DriftedShare(of) = &leaf.source {
        return drifted(leaf, of, &status_of, matches!(leaf.source, Source::DriftedShare(_)));
    }
    // Of several that are meant, the worst.
    let mut worst: Option<(Says, Status, Option<f64>)> = None;
    for (check, _) in &leaf.checks {
        let Some(it) = one(leaf, found(check), status_of(check)) else { continue };
        let rank = |it: Says| match it {
            Says::Good => 0,
            Says::Same => 1,
            Says::Bad => 2,
        };
        if worst.is_none_or(|worst| rank(it.0) > rank(worst.0)) {
            worst = Some(it);
        }
    }
    worst
}

fn one(leaf: &Leaf, found: Option<&Found>, status: Status) -> Option<(Says, Status, Option<f64>)> {
    let number = match leaf.source {
        Source::PassRate(_) => found.and_then(|it| it.pass_rate),
        _ => found.and_then(|it| it.observed),
    };
    let number = number.filter(|it| it.is_finite());
    let says = match leaf.test {
        Test::Status(wanted) if status == wanted => Says::Bad,
        // What could not be judged says nothing, unless that is asked for.
        Test::Status(_) if matches!(status, Status::Skip | Status::Error) => return None,
        Test::Status(_) => Says::Good,
        Test::Bounds(_) if matches!(status, Status::Skip | Status::Error) => return None,
        Test::Bounds(bounds) => within(bounds, number?),
    };
    Some((says, status, number))
}

fn within(it: Bounds, number: f64) -> Says {
    if it.below.is_some_and(|it| number < it) || it.above.is_some_and(|it| number > it) {
        Says::Bad
    } else if it.clear_above.or(it.below).is_none_or(|it| number >= it)
        && it.clear_below.or(it.above).is_none_or(|it| number <= it)
    {
        Says::Good
    } else {
        Says::Same
    }
}

/// How many fields have drifted of those that could be judged.
fn drifted(
    leaf: &Leaf,
    of: &[String],
    status_of: &dyn Fn(&str) -> Status,
    is_share: bool,
) -> Option<(Says, Status, Option<f64>)> {
    let (mut judged, mut drifted): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for (check, fields) in &leaf.checks {
        let status = status_of(check);
        for field in fields.iter().filter(|it| of.is_empty() || of.contains(it)) {
            let sets = match status {
                Status::Pass => [Some(&mut judged), None],
                Status::Fail => [Some(&mut judged), Some(&mut drifted)],
                Status::Skip | Status::Error => [None, None],
            };
            for set in sets.into_iter().flatten().filter(|it| !it.contains(&field.as_str())) {
                set.push(field);
            }
        }
    }
    if judged.is_empty() {
        return None;
    }
    let n = drifted.len() as f64;
    let number = if is_share { n / judged.len() as f64 } else { n };
    let Test::Bounds(bounds) = leaf.test else { return None };
    let status = if drifted.is_empty() { Status::Pass } else { Status::Fail };
    Some((within(bounds, number), status, Some(number)))
}

/// Whether a condition holds by what was seen up to a time; `others` says since when a trigger is firing.
fn holds(
    it: &Condition,
    leaves: &[Leaf],
    seen: &[Seen],
    until: Timestamp,
    others: &dyn Fn(&str) -> Option<Timestamp>,
) -> bool {
    let holds = |it: &Condition| holds(it, leaves, seen, until, others);
    match it {
        Condition::All(of) => of.iter().all(holds),
        Condition::Any(of) => of.iter().any(holds),
        Condition::AtLeast(n, of) => of.iter().filter(|it| holds(it)).count() >= *n,
        Condition::Not(it) => !holds(it),
        Condition::Leaf(i) => leaves.get(*i).zip(seen.get(*i)).is_some_and(|(leaf, seen)| seen.is_bad(leaf, until)),
        Condition::Trigger(name, _) => others(name).is_some_and(|it| it <= until),
    }
}

/// Since when a condition has held without a pause, by the ends of windows; `None`: it does not hold. `since` is what
/// was said before, which holds on where the windows of that time are not kept any more.
pub(super) fn since(
    condition: &Condition,
    leaves: &[Leaf],
    seen: &[Seen],
    (before, now): (Option<Timestamp>, Timestamp),
    others: &dyn Fn(&str) -> Option<Timestamp>,
) -> Option<Timestamp> {
    let mut used = Vec::new();
    leaves_of(condition, &mut used);
    let mut times: Vec<_> =
        used.iter().filter_map(|i| seen.get(*i)).flat_map(|it| &it.readings).map(|it| it.end).collect();
    let mut named = Vec::new();
    condition.triggers_into(&mut named);
    times.extend(named.iter().filter_map(|(name, _)| others(name)));
    times.sort_unstable();
    times.dedup();
    let all = |until| holds(condition, leaves, seen, until, others);
    if !all(Timestamp::MAX) {
        return None;
    }
    // Before this, some windows are not kept.
    let cut = |it: &&Seen| it.is_cut;
    let floor = used
        .iter()
        .filter_map(|i| seen.get(*i))
        .filter(cut)
        .filter_map(|it| it.readings.first().map(|it| it.end))
        .max();
    // Without any window it has always held, as a denial does.
    let (mut found, is_timeless) = (now, times.is_empty());
    for until in times.into_iter().rev() {
        if floor.is_some_and(|it| until < it) {
            break;
        }
        if !all(until) {
            return Some(found);
        }
        found = until;
    }
    let is_known = floor.is_none() && !is_timeless;
    Some(before.filter(|_| !is_known).map_or(found, |it| it.min(found)))
}

fn leaves_of(it: &Condition, found: &mut Vec<usize>) {
    match it {
        Condition::All(of) | Condition::Any(of) | Condition::AtLeast(_, of) => {
            for it in of {
                leaves_of(it, found);
            }
        }
        Condition::Not(it) => leaves_of(it, found),
        Condition::Leaf(i) => found.push(*i),
        Condition::Trigger(..) => {}
    }
}

/// What the leaves of a condition show now: those that are bad, or all.
pub(super) fn evidence(condition: &Condition, leaves: &[Leaf], seen: &[Seen], bad_alone: bool) -> Vec<Evidence> {
    let mut used = Vec::new();
    leaves_of(condition, &mut used);
    let pairs = used.iter().filter_map(|i| leaves.get(*i).zip(seen.get(*i)));
    let shown = pairs.filter(|(leaf, seen)| !bad_alone || seen.is_bad(leaf, Timestamp::MAX));
    shown.flat_map(|(leaf, seen)| seen.evidence(leaf)).take(SHOWN).collect()
}

/// The leaf whose number tells whether things get better, and whether more is better.
pub(super) fn measured(condition: &Condition, leaves: &[Leaf]) -> Option<(usize, bool)> {
    let mut used = Vec::new();
    leaves_of(condition, &mut used);
    used.into_iter().find_map(|i| match leaves.get(i).map(|it| it.test) {
        Some(Test::Bounds(it)) => Some((i, it.below.is_some())),
        _ => None,
    })
}

fn title(leaf: &Leaf) -> String {
    match &leaf.source {
        Source::Drifted(_) => "fields that drifted".to_owned(),
        Source::DriftedShare(_) => "share of fields that drifted".to_owned(),
        Source::PassRate(_) => format!("pass rate of {}", titles(leaf)),
        Source::Finding(_) | Source::Watch(_) => titles(leaf),
    }
}

fn titles(leaf: &Leaf) -> String {
    leaf.checks.iter().map(|it| it.0.as_str()).collect::<Vec<_>>().join(", ")
}

fn bound(leaf: &Leaf) -> String {
    let mut text = match leaf.test {
        Test::Status(it) => it.name().to_owned(),
        Test::Bounds(it) => {
            let is_drift = matches!(leaf.source, Source::Drifted(_) | Source::DriftedShare(_));
            let above = it.above.map(|it| match leaf.source {
                Source::Drifted(_) => format!("at least {}", it + 0.5),
                _ if is_drift => format!("at least {}", (it * 1e6).round() / 1e6),
                _ => format!("above {it}"),
            });
            let below = it.below.map(|it| format!("below {it}"));
            [below, above].into_iter().flatten().collect::<Vec<_>>().join(" or ")
        }
    };
    if leaf.quorum.of > 1 {
        let _ = write!(text, ", in {} of {} windows", leaf.quorum.failing, leaf.quorum.of);
    }
    text
}

/// Evidence as a sentence has it: `accuracy is 0.93 (below 0.95)`.
pub(super) fn told(evidence: &[Evidence]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut named: Vec<&str> = Vec::new();
    for it in evidence {
        if named.contains(&it.check.as_str()) {
            continue;
        }
        named.push(&it.check);
        parts.push(match it.observed {
            Some(number) => format!("{} is {} ({})", it.check, short(number), it.bound),
            None => format!("{} is {}", it.check, it.status),
        });
    }
    parts.join("; ")
}

/// Four digits behind the point are enough to read.
fn short(number: f64) -> String {
    if number != 0.0 && (number.abs() < 1e-3 || number.abs() >= 1e7) {
        format!("{number:.3e}")
    } else {
        format!("{}", (number * 1e4).round() / 1e4)
    }
}
