//! The signals of all suites: what their records, labels, findings and models add to metrics, held by the process.
//!
//! Series are kept by the name of their suite, so a new version goes on with those of the families that stay. What is
//! counted is what this host took in: several hosts' counters add up. What expectations observed and which versions are
//! deployed is read from the store, and the same on each.

mod read;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use driftline_rules::family::Family;
use driftline_rules::plan::Plan;
use driftline_rules::plan::segments::text;
use driftline_rules::plan::signals::{Label, Spec};
use driftline_rules::row::{Row, Slot};
use driftline_rules::signal::{self, Board, Found, Model, Moment, Noted, Seen, note_found};
use driftline_rules::suite::problem::{At, Problem};
use driftline_rules::suite::signals::{On, Signal};
use driftline_rules::value::Value;

pub use read::run;

use super::app::now;
use super::privacy::Privacy;
use super::version::Version;
use crate::metrics::list;
use crate::store::rows::{FindingRow, Micros};
use crate::store::windows::Closed;

/// Stands for values of which nothing may be told, where the service's own setting says so.
const UNTOLD: &str = "(not told)";

/// What of a version's records may be told in labels and numbers.
#[derive(Clone, Debug)]
pub struct Noting {
    /// The fields of labels whose values may be told as they are; sorted.
    open: Vec<String>,
    /// The cells of fields whose numbers must not be shown, and that of the trace if it must not.
    closed: Vec<Slot>,
    privacy: Privacy,
}

impl Noting {
    /// What the privacy of a suite lets its signals tell.
    pub fn new(plan: &Plan, privacy: &Privacy) -> Self {
        let fields = plan.signals.feeds.iter().flat_map(|it| &it.labels);
        let fields = fields.filter_map(|it| if let Label::Field(field, _) = it { Some(field) } else { None });
        let mut open: Vec<String> = fields.filter(|it| privacy.keeps(it)).cloned().collect();
        open.sort_unstable();
        open.dedup();
        let is_closed = |it: &Slot| {
            let path = plan.bindings.paths.get(usize::from(it.0));
            path.is_none_or(|it| !privacy.keeps(&it.to_string()))
        };
        let closed = plan.signals.numbers().into_iter().chain(plan.signals.trace).filter(is_closed).collect();
        Noting { open, closed, privacy: privacy.clone() }
    }

    /// Notes what a record adds to the signals, from its cells as checking left them; no cells where it could not be read.
    pub fn note(&self, plan: &Plan, on: On, cells: Option<&[Value]>, now: Micros, failed: &[u16], noted: &mut Noted) {
        if plan.signals.is_empty() {
            return;
        }
        let seen = Seen { on, failed, is_unreadable: cells.is_none(), closed: &self.closed, before: None };
        let row = Row { cells: cells.unwrap_or_default(), number: 0, now };
        signal::note(plan, &row, &seen, &|field, value| self.told(field, value), noted);
    }

    /// A label's value, as far as it may be told.
    fn told<'v>(&self, field: &str, value: &'v Value) -> Cow<'v, str> {
        let privacy = &self.privacy;
        if self.open.binary_search_by(|it| it.as_str().cmp(field)).is_ok() {
            return text(value);
        }
        if privacy.hashes(field) {
            // Equal values, `1` and `1.0` too, have equal hashes.
            return Cow::Owned(text(&privacy.stand_in(value)).into_owned());
        }
        privacy.text(field, value).map_or(Cow::Borrowed(UNTOLD), Cow::Owned)
    }
}

impl Version {
    /// Notes what a record adds to the signals as it comes.
    pub fn note_signals(&self, cells: Option<&[Value]>, now: Micros, failed: &[u16], noted: &mut Noted) {
        self.noting.note(&self.loaded.plan, On::Records, cells, now, failed, noted);
    }

    /// The same of a record of the log of predictions with its label, where what stands for a value stands already;
    /// `before`: with the label that was joined to it before.
    pub fn note_labelled(&self, cells: &[Value], before: Option<&[Value]>, now: Micros, noted: &mut Noted) {
        let row = Row { cells, number: 0, now };
        let seen = Seen { on: On::Labels, before, ..Seen::default() };
        signal::note(&self.loaded.plan, &row, &seen, &|_, value| text(value), noted);
    }

    /// The place of the expectation that a finding is of.
    fn place_of(&self, finding: &FindingRow) -> Option<usize> {
        let checks = &self.note.checks;
        checks.iter().position(|it| it.title == finding.check && it.kind == finding.kind && it.field == finding.field)
    }
}

/// The metrics that suites make of what they see.
#[derive(Debug, Default)]
pub struct Signals {
    boards: ArcSwap<BTreeMap<String, Arc<Mutex<Board>>>>,
    /// The versions that are deployed, as the registry said last.
    models: Mutex<Vec<Model>>,
}

fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Signals {
    /// Has the signals of these suites from now on; series of families that stay are kept. Called by one at a time.
    pub fn show(&self, active: &BTreeMap<String, Arc<Version>>) {
        let before = self.boards.load();
        let mut boards = BTreeMap::new();
        for (name, version) in active.iter().filter(|it| !it.1.loaded.plan.signals.is_empty()) {
            let board = before.get(name).map(Arc::clone).unwrap_or_default();
            {
                let signals = &version.loaded.plan.signals;
                let mut board = lock(&board);
                board.adopt(signals);
                board.deployed(signals, name, &lock(&self.models));
            }
            boards.insert(name.clone(), board);
        }
        self.boards.store(Arc::new(boards));
    }

    fn with(&self, version: &Version, change: impl FnOnce(&mut Board)) {
        if let Some(board) = self.boards.load().get(&version.name) {
            change(&mut lock(board));
        }
    }

    /// Adds what was noted of a record, or of a label, of a version at a time.
    pub fn add(&self, version: &Version, noted: &Noted, at: Micros) {
        if !noted.is_empty() {
            self.with(version, |it| it.apply(&version.loaded.plan.signals, noted, Moment { at, number: 0 }));
        }
    }

    /// Adds what a part of a batch adds.
    pub fn take_up(&self, version: &Version, board: &Board) {
        if !board.is_empty() {
            self.with(version, |it| it.take_up(board));
        }
    }

    /// Adds the findings of windows that were judged now.
    pub fn judged(&self, version: &Version, closed: &[Closed]) {
        if version.loaded.plan.signals.any_on(On::Findings) {
            for it in closed {
                self.found(version, &it.findings, true);
            }
        }
    }

    /// Adds findings of a window or a batch: new ones are counted, others show what was observed if it is the latest.
    pub fn found(&self, version: &Version, findings: &[FindingRow], is_new: bool) {
        let plan = &version.loaded.plan;
        if !plan.signals.any_on(On::Findings) {
            return;
        }
        let clock = u64::try_from(now()).unwrap_or_default();
        for it in findings {
            let Some(expectation) = version.place_of(it) else { continue };
            let observed = it.observed.as_deref().and_then(|it| serde_json::from_str(it).ok());
            let observed = observed.and_then(|it| Value::from_json(it).as_f64());
            let (status, segment, length) = (it.status.as_str(), it.segment.as_str(), Some(it.length.as_str()));
            let mut noted = Noted::default();
            note_found(plan, &Found { expectation, status, observed, segment, length, is_new }, &mut noted);
            // Of what was found of one window at several times, the last holds.
            let moment = Moment { at: it.at, number: clock };
            if !noted.is_empty() {
                self.with(version, |it| it.apply(&plan.signals, &noted, moment));
            }
        }
    }

    /// Shows these versions of models as the deployed ones.
    pub fn deployed(&self, active: &BTreeMap<String, Arc<Version>>, models: Vec<Model>) {
        let mut known = lock(&self.models);
        if *known == models {
            return;
        }
        *known = models;
        for version in active.values().filter(|it| it.loaded.plan.signals.reads_models()) {
            self.with(version, |it| it.deployed(&version.loaded.plan.signals, &version.name, &known));
        }
    }

    /// Forgets the series that are not shown any more.
    fn forget(&self) {
        for board in self.boards.load().values() {
            lock(board).forget(now());
        }
    }

    /// All families with their series, those of one name that several suites feed together; then what could not be shown.
    pub fn families(&self) -> Vec<Family> {
        let (mut all, mut lost) = (Board::default(), Vec::new());
        for (suite, board) in self.boards.load().iter() {
            let board = lock(board);
            lost.extend(board.lost().into_iter().map(|it| (suite.clone(), it)));
            all.merge(&board);
        }
        let mut families = all.families(now());
        if lost.is_empty() {
            return families;
        }
        for (metric, of) in [
            (&list::SIGNAL_OVERFLOW, (|it| it.overflow) as fn(&signal::Lost) -> u64),
            (&list::SIGNAL_SKIPPED, |it| it.skipped),
        ] {
            let series = lost.iter().map(|(suite, it)| metric.series(&[suite, &it.name], of(it) as f64));
            families.push(metric.of(series.collect()));
        }
        families
    }
}

/// Why the signals of a suite cannot be shown beside those of others.
pub fn clashes(version: &Version, active: &BTreeMap<String, Arc<Version>>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for mine in &version.loaded.plan.signals.families {
        for other in active.values().filter(|it| it.name != version.name) {
            let why = |theirs: &Spec| mine.against(theirs);
            if let Some(why) = other.loaded.plan.signals.families.iter().find_map(why) {
                let place = version.loaded.suite.signals.iter().find(|it| it.name == mine.name);
                let (at, path) = place.map_or((At::START, "signals"), |it| (it.at, it.path.as_str()));
                let message =
                    format!("the signal `{}` cannot be shown beside the suite `{}`: {why}", mine.name, other.name);
                problems.push(Problem::new(at, message).within(path).hint(Signal::ALIKE));
            }
        }
    }
    problems
}
