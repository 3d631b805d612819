//! What one record adds to the metrics of its suite.

use std::borrow::Cow;
use std::fmt::Write as _;

use xxhash_rust::xxh3::xxh3_64;

use super::END;
use crate::family::FamilyType;
use crate::plan::Plan;
use crate::plan::signals::{Feed, Label, Term, What};
use crate::report::Severity;
use crate::row::{Row, Slot};
use crate::suite::signals::{OfVerdict, On};
use crate::trace::trace_id;
use crate::value::Value;

/// What one record, finding or version of a model adds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Noted {
    /// The keys of series, one behind the other.
    text: String,
    pub(super) ones: Vec<One>,
    /// The feeds that a value was missing for.
    pub(super) skipped: Vec<u16>,
    /// The trace it was part of, 32 hexadecimal digits.
    pub trace: Option<String>,
}

/// A value of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct One {
    pub feed: u16,
    from: u32,
    to: u32,
    pub value: f64,
}

/// How a record fared.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'s> {
    /// Whether it is noted as it came, or with the label that was joined to it.
    pub on: On,
    /// The expectations that it failed, of those on the same.
    pub failed: &'s [u16],
    /// Whether it could not be read, so that it has no cells.
    pub is_unreadable: bool,
    /// The cells of fields whose numbers must not be shown.
    pub closed: &'s [Slot],
    /// The same record with the label that was joined to it before, if one was.
    pub before: Option<&'s [Value<'s>]>,
}

impl Default for Seen<'_> {
    fn default() -> Self {
        Seen { on: On::Records, failed: &[], is_unreadable: false, closed: &[], before: None }
    }
}

/// Characters of a label's value; a longer one is cut, and ends in a part of its hash.
const SHOWN: usize = 128;
const CUT: usize = 111;

/// What is greater is no measurement, and two of it could be more than a number can be: their sum would be lost for good.
const GREATEST: f64 = 1e290;

impl Noted {
    /// Whether it adds nothing.
    pub const fn is_empty(&self) -> bool {
        self.ones.is_empty() && self.skipped.is_empty()
    }

    /// Forgets what was noted.
    pub fn clear(&mut self) {
        self.text.clear();
        self.ones.clear();
        self.skipped.clear();
        self.trace = None;
    }

    /// Adds what was noted of something else at the same moment.
    pub fn append(&mut self, other: &Noted) {
        let by = self.text.len() as u32;
        self.text.push_str(&other.text);
        self.ones.extend(other.ones.iter().map(|it| One { from: it.from + by, to: it.to + by, ..*it }));
        self.skipped.extend(&other.skipped);
        if self.trace.is_none() {
            self.trace.clone_from(&other.trace);
        }
    }

    pub(super) fn key(&self, one: &One) -> &str {
        self.text.get(one.from as usize..one.to as usize).unwrap_or_default()
    }

    /// Begins the key of a series.
    pub(super) const fn begin(&self) -> usize {
        self.text.len()
    }

    /// Appends the value of the next label.
    pub(super) fn label(&mut self, value: &str) {
        let is_long = value.len() > SHOWN && value.chars().nth(SHOWN).is_some();
        let end = if is_long { value.char_indices().nth(CUT).map_or(value.len(), |it| it.0) } else { value.len() };
        let shown = value.get(..end).unwrap_or(value);
        if shown.contains(END) {
            self.text.extend(shown.chars().map(|it| if it == END { char::REPLACEMENT_CHARACTER } else { it }));
        } else {
            self.text.push_str(shown);
        }
        if is_long {
            let _ = write!(self.text, "…{:016x}", xxh3_64(value.as_bytes()));
        }
        self.text.push(END);
    }

    /// Adds a value to the series whose key was begun there.
    pub(super) fn add(&mut self, feed: usize, from: usize, value: f64) {
        self.ones.push(One { feed: feed as u16, from: from as u32, to: self.text.len() as u32, value });
    }

    fn put(&mut self, plan: &Plan, at: usize, feed: &Feed, from: usize, value: Option<f64>) {
        let is_counter = plan.signals.families.get(feed.family).is_some_and(|it| it.kind == FamilyType::Counter);
        match value {
            Some(it) if it.abs() <= GREATEST && (it >= 0.0 || !is_counter) => self.add(at, from, it),
            _ => self.skipped.push(at as u16),
        }
    }
}

/// Notes what a record adds, from its cells as checking left them. `tell` gives the text of a field's value, as far as
/// it may be told; see [`text`](crate::plan::segments::text).
pub fn note<'c>(
    plan: &Plan,
    row: &Row<'c, '_>,
    seen: &Seen,
    tell: &dyn Fn(&str, &'c Value) -> Cow<'c, str>,
    noted: &mut Noted,
) {
    let signals = &plan.signals;
    // Equal conditions are asked once.
    let mut answers: [Option<bool>; 64] = [None; 64];
    for (at, feed) in signals.feeds.iter().enumerate() {
        if feed.on != seen.on || matches!(feed.what, What::Deployed(_) | What::DeployedAt(_)) {
            continue;
        }
        if seen.on == On::Labels && !feed.is_due(row.cells, seen.before) {
            continue;
        }
        if seen.is_unreadable && (!feed.reads_verdict() || feed.guard.is_some()) {
            continue;
        }
        if let Some(place) = feed.guard {
            let holds = || signals.guards.get(place).is_some_and(|it| it.holds(row));
            let lets = match answers.get_mut(place) {
                Some(known) => *known.get_or_insert_with(holds),
                None => holds(),
            };
            if !lets {
                continue;
            }
        }
        if feed.labels.iter().any(|it| matches!(it, Label::Verdict(it) if *it != OfVerdict::Outcome)) {
            for failed in seen.failed {
                note_one(plan, at, feed, row, seen, Some(*failed), tell, noted);
            }
        } else {
            note_one(plan, at, feed, row, seen, None, tell, noted);
        }
    }
    if let Some(trace) = signals.trace.filter(|it| !seen.closed.contains(it)) {
        noted.trace = row.at(trace).as_str().and_then(trace_id);
    }
}

#[allow(clippy::too_many_arguments)]
fn note_one<'c>(
    plan: &Plan,
    at: usize,
    feed: &Feed,
    row: &Row<'c, '_>,
    seen: &Seen,
    failed: Option<u16>,
    tell: &dyn Fn(&str, &'c Value) -> Cow<'c, str>,
    noted: &mut Noted,
) {
    let begun = noted.begin();
    let number = |it: &Term| it.of(row, seen.closed);
    for label in &feed.labels {
        match label {
            Label::Field(field, slot) => match row.at(*slot) {
                it if it.is_null() => noted.label(""),
                it => noted.label(&tell(field, it)),
            },
            Label::Bucket(term, buckets) => noted.label(number(term).map_or("", |it| buckets.name_of(it))),
            Label::Constant(it) => noted.label(it),
            Label::Verdict(of) => noted.label(&verdict(plan, *of, seen, failed)),
            // It stands last, and is appended for each.
            Label::Each => {}
            Label::Finding(_) | Label::Segment(_) | Label::Model(_) => noted.label(""),
        }
    }
    match &feed.what {
        What::Event => noted.add(at, begun, 1.0),
        What::Of(term) => noted.put(plan, at, feed, begun, number(term)),
        What::Each(all) => {
            let begin = noted.text.get(begun..).unwrap_or_default().to_owned();
            for (i, (name, term)) in all.iter().enumerate() {
                let from = if i == 0 { begun } else { noted.begin() };
                if i > 0 {
                    noted.text.push_str(&begin);
                }
                noted.label(name);
                noted.put(plan, at, feed, from, number(term));
            }
        }
        What::Observed(..) | What::Findings(..) | What::DeployedAt(_) | What::Deployed(_) => {}
    }
}

fn verdict<'p>(plan: &'p Plan, of: OfVerdict, seen: &Seen, failed: Option<u16>) -> Cow<'p, str> {
    let found = |it: u16| plan.expectations.get(usize::from(it));
    if of == OfVerdict::Outcome {
        if seen.is_unreadable {
            return "unreadable".into();
        }
        // The gravest stands first in the order of the suite's words.
        let worst = seen.failed.iter().filter_map(|it| found(*it)).map(|it| it.severity).max();
        return match worst {
            Some(Severity::Critical) => "fail".into(),
            Some(Severity::Warning) => "warn".into(),
            Some(Severity::Info) | None => "pass".into(),
        };
    }
    let Some(it) = failed.and_then(found) else { return "".into() };
    match of {
        OfVerdict::Expectation => it.title().into(),
        OfVerdict::Kind => it.kind_name().into(),
        OfVerdict::Field => it.fields.join(", ").into(),
        OfVerdict::Severity | OfVerdict::Outcome => it.severity.name().into(),
    }
}
