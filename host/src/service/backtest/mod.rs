//! Stored windows are judged again by a changed suite: what would have been found, and when its triggers would have
//! fired. Nothing is written.
//!
//! Windows that were kept for the versions of the suite that were there are carried over to the new one
//! (`rules/plan/carry`), in the order of their time, and are judged as the service judges them. What no window keeps is
//! folded anew of the log of predictions, where that kept the fields (`records`).

mod firing;
mod present;
mod records;
mod references;
mod replay;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use driftline_rules::plan::carry::Carry;
use driftline_rules::suite::Length;
use driftline_rules::suite::Of;

use super::baselines::Baselines;
use super::closing::Settings;
use super::comparing::named;
use super::shelf::Shelf;
use super::version::Version;
use crate::store::rows::{Cursor, Filter, Micros};
use crate::store::windows::{Restricted, WindowRow};
use crate::store::{self, Store};
pub use told::{Backtest, Change, Check, Counts, Episode, Incident, Needs, Seen};

/// What a backtest is made of.
pub struct Asked<'a> {
    /// The store, which is only read.
    pub store: &'a Store,
    /// Where versions of suites are compiled.
    pub shelf: &'a Shelf,
    /// Baselines.
    pub baselines: &'a Arc<Baselines>,
    /// What the service decides of windows.
    pub settings: Settings,
    /// The changed suite, under the name of the one whose windows are stored.
    pub new: Arc<Version>,
    /// Windows that begin from this time on are judged.
    pub from: Micros,
    /// Those that end by this time.
    pub to: Micros,
}

/// Why there is no backtest.
#[derive(Debug)]
pub enum Refused {
    /// Nothing can be said.
    Because(String),
    /// The store did not answer.
    Store(store::Error),
}

impl From<store::Error> for Refused {
    fn from(error: store::Error) -> Self {
        Refused::Store(error)
    }
}

/// A version whose windows are stored, and how they become those of the new suite.
struct Known {
    version: Arc<Version>,
    carry: Carry,
}

/// Rows of a page.
const PAGE: u32 = 1000;

/// What the clock may add to times that are as far away as can be.
const FAR: Micros = 400 * 86_400_000_000;

/// Runs stored windows through a changed suite.
pub async fn run(asked: &Asked<'_>) -> Result<Backtest, Refused> {
    let plan = &asked.new.loaded.plan;
    let Some(pane) = plan.windows.pane() else {
        return Err(Refused::Because("the suite has no windows: it says `windows: off`".to_owned()));
    };
    if let Some(name) = named(&asked.new) {
        let names = BTreeSet::from([name.to_owned()]);
        asked.baselines.look(asked.store, names).await?;
    }
    let since = begin(asked);
    let rows = stored(asked, since).await?;
    let mut told = Backtest::new(&asked.new, asked.from, asked.to);
    let mut known: BTreeMap<String, Option<Known>> = BTreeMap::new();
    for row in rows.iter().filter(|it| it.length != "silence") {
        if known.contains_key(&row.suite_hash) {
            continue;
        }
        let found = match asked.shelf.version(asked.store, &row.suite, &row.suite_hash).await? {
            Ok(version) => {
                let (old, new) = (&version, &asked.new);
                let carry = Carry::new(&old.loaded.plan, plan, &|from, to| match to {
                    Some(to) => old.keeping.keeps_as(from, &new.keeping, to),
                    None => old.keeping.keeps(from),
                });
                Some(Known { version, carry })
            }
            Err(why) => {
                told.note(format!("windows of the version {} are left out: {why}", short(&row.suite_hash)));
                None
            }
        };
        known.insert(row.suite_hash.clone(), found);
    }
    let mut panes: BTreeMap<(Micros, Micros), Vec<WindowRow>> = BTreeMap::new();
    let mut lost: BTreeMap<String, usize> = BTreeMap::new();
    for row in &rows {
        let Some(Some(it)) = known.get(&row.suite_hash) else { continue };
        let Some(old) = it.version.loaded.plan.windows.pane().filter(|it| it.to_string() == row.length) else {
            continue;
        };
        // What spans the end of a pane cannot be cut.
        let span = pane.around(row.start).filter(|it| (it.0..=it.1).contains(&row.end));
        match span.filter(|_| old == pane || old.fills(pane)) {
            Some(span) => panes.entry(span).or_default().push(row.clone()),
            None => *lost.entry(row.length.clone()).or_default() += 1,
        }
    }
    for (length, n) in lost {
        told.note(format!("{n} windows of {length} are left out: they do not make up windows of {pane}"));
    }
    if panes.is_empty() {
        let why = told.notes.join("; ");
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        return Err(Refused::Because(format!("no window of `{}` of this time is stored{why}", asked.new.name)));
    }
    told.versions = known.iter().filter(|it| it.1.is_some()).map(|it| it.0.clone()).collect();
    differences(asked, &known, &mut told);
    let replayed = replay::Replay::new(asked, &known).run(panes).await?;
    present::compare(asked, rows, replayed, &mut told).await?;
    Ok(told)
}

/// When what is read begins: before what is told of, so that longer windows are whole, and what windows are compared with
/// and triggers remember is there.
fn begin(asked: &Asked<'_>) -> Micros {
    let plan = &asked.new.loaded.plan;
    let windows = &plan.windows;
    let longest = windows.lengths.iter().filter_map(|it| span_of(*it)).chain(windows.slide.map(|it| it.length)).max();
    let longest = longest.unwrap_or_default();
    let back = references::back(plan).map_or(0, |it| it.saturating_add(longest.saturating_mul(2)));
    let triggers = plan.triggers.iter().map(|it| {
        let leaves = it.leaves.iter().map(|leaf| {
            let of = leaf.length.as_deref().and_then(|it| windows.named(it));
            let length = match of {
                Some(Of::Length(it)) => span_of(it),
                Some(Of::Slide(it)) => Some(it.length),
                None => None,
            };
            let n = i64::try_from(leaf.quorum.of).unwrap_or(i64::MAX);
            length.unwrap_or_default().saturating_mul(n)
        });
        leaves.max().unwrap_or_default().saturating_add(it.hold).saturating_add(it.cooldown)
    });
    let back = triggers.chain([back]).max().unwrap_or_default().clamp(0, FAR);
    let from = asked.from.saturating_sub(back);
    let starts = windows.lengths.iter().filter_map(|it| it.around(from)).map(|it| it.0);
    let slide = windows.slide.map(|it| from.saturating_sub(it.length));
    starts.chain(slide).chain([from]).min().unwrap_or(from)
}

/// How long a span is at most.
fn span_of(it: Length) -> Option<Micros> {
    let (start, end) = it.around(0)?;
    Some(end - start)
}

/// All windows that were judged, the oldest first.
async fn stored(asked: &Asked<'_>, since: Micros) -> Result<Vec<WindowRow>, store::Error> {
    let filter =
        Filter { suite: Some(asked.new.name.clone()), since: Some(since), until: Some(asked.to), ..Filter::default() };
    let (mut rows, mut after): (Vec<WindowRow>, _) = (Vec::new(), None);
    loop {
        let page = asked.store.windows(&filter, Restricted::default(), after, PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        after = page.last().map(|it| Cursor { at: it.start, id: it.id, n: 0 });
        rows.extend(page);
        if is_last {
            break;
        }
    }
    rows.retain(|it| it.end <= asked.to);
    rows.reverse();
    Ok(rows)
}

/// What of the suites themselves makes answers differ or be missing.
fn differences(asked: &Asked<'_>, known: &BTreeMap<String, Option<Known>>, told: &mut Backtest) {
    let plan = &asked.new.loaded.plan;
    for split in &plan.segments.by {
        let has = |it: &Known| it.version.loaded.plan.segments.by.iter().any(|old| old.fields == split.fields);
        if known.values().flatten().any(|it| !has(it)) {
            told.note(format!(
                "windows were not all kept by {}: those segments are judged only where they were",
                split.fields.join(", ")
            ));
        }
    }
    if plan.watches() && !known.contains_key(&asked.new.hash) {
        told.note("change detectors begin with the first window that is read".to_owned());
    }
    if matches!(plan.drift.reference, driftline_rules::suite::Reference::Version(_)) {
        told.note("baselines of versions of models are those that the store has now".to_owned());
    }
    if plan.expectations.iter().any(|it| it.kind.name == "not_silent") {
        told.note("silence is not played again: windows without records are left out".to_owned());
    }
    told.note("late records and labels count as far as they are known now".to_owned());
}

/// The first digits of a hash.
fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
