//! Signals at work: what records, labels, findings and models add to the metrics of a suite.
//!
//! [`note`] finds what one record adds, without touching anything; a [`Board`] holds the series. Boards add up as windows
//! do: split the records anyhow and merge the boards, and the numbers are those of one pass, as long as no family had
//! more series than are kept apart; beyond that, what they add up to is.

mod cell;
mod findings;
#[cfg(test)]
mod laws;
mod noting;
#[cfg(test)]
mod tests;

pub use findings::{Found, Model, note_found};
pub use noting::{Noted, Seen, note};

use foldhash::fast::FixedState;
use indexmap::IndexMap;

use crate::family::{Exemplar, Family, FamilyType, Series};
use crate::plan::signals::{Signals, Spec, What};
use crate::time::Timestamp;
use cell::Cell;

/// What stands for the values of a label that no series was left for.
pub const OTHER: &str = "(other)";

/// Ends each value in the key of a series.
const END: char = '\0';

/// The series of families of metrics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Board {
    families: Vec<Held>,
}

/// A family with its series.
#[derive(Clone, Debug, PartialEq)]
struct Held {
    spec: Spec,
    cells: IndexMap<Box<str>, Cell, FixedState>,
    /// Values that no series was left for.
    overflow: u64,
    /// Values that were missing, or that the family cannot take.
    skipped: u64,
}

/// What could not be shown of a family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Its name.
    pub name: String,
    /// Values that no series was left for, which are counted in `(other)`.
    pub overflow: u64,
    /// Values that were missing, no numbers, not finite or, for a counter, negative; they count nowhere.
    pub skipped: u64,
}

/// When something was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The time, in microseconds since 1970 UTC.
    pub at: Timestamp,
    /// Which of those of the same time it is; the last of them holds.
    pub number: u64,
}

impl Held {
    fn new(spec: &Spec) -> Self {
        Held { spec: spec.clone(), cells: IndexMap::default(), overflow: 0, skipped: 0 }
    }

    /// The cell of a series, or that of all others. `n` values are told it.
    fn cell(&mut self, key: &str, n: u64) -> &mut Cell {
        let is_left = self.cells.len() < self.spec.most || self.cells.contains_key(key);
        let key = if is_left { key.into() } else { self.other(key) };
        self.overflow += if is_left { 0 } else { n };
        let spec = &self.spec;
        self.cells.entry(key).or_insert_with(|| Cell::new(spec))
    }

    /// The key of the series that takes in what no series is left for: what the suite alone can say stays.
    fn other(&self, key: &str) -> Box<str> {
        let mut other = String::new();
        for (value, is_open) in key.split_terminator(END).zip(&self.spec.open) {
            other.push_str(if *is_open { OTHER } else { value });
            other.push(END);
        }
        other.into()
    }

    fn add(&mut self, key: &str, value: f64, moment: Moment, exemplar: Option<Exemplar>) {
        // The usual case needs no key of its own.
        match self.cells.get_mut(key) {
            Some(cell) => cell.add(&self.spec, value, moment, exemplar),
            None => {
                let spec = self.spec.clone();
                self.cell(key, 1).add(&spec, value, moment, exemplar);
            }
        }
    }

    fn merge(&mut self, other: &Held) {
        self.overflow += other.overflow;
        self.skipped += other.skipped;
        for (key, cell) in &other.cells {
            match self.cells.get_mut(key) {
                Some(mine) => mine.merge(cell),
                None => {
                    // What the other had no series for is counted by it.
                    let n = if *self.other(key) == **key { 0 } else { cell.values() };
                    self.cell(key, n).merge(cell);
                }
            }
        }
    }

    fn family(&self, now: Timestamp) -> Family {
        let Spec { name, kind, labels, .. } = &self.spec;
        let mut shown: Vec<(&str, Series)> = Vec::with_capacity(self.cells.len());
        for (key, cell) in &self.cells {
            let Some(sample) = cell.sample(&self.spec, now) else { continue };
            let values = key.split_terminator(END).map(str::to_owned);
            shown.push((key, Series { labels: labels.iter().cloned().zip(values).collect(), sample }));
        }
        shown.sort_unstable_by(|a, b| a.0.cmp(b.0));
        if shown.is_empty() && labels.is_empty() && matches!(kind, FamilyType::Counter | FamilyType::Histogram) {
            // So that a rate is known from the first event on.
            let sample = Cell::new(&self.spec).sample(&self.spec, now);
            shown.extend(sample.map(|sample| ("", Series { labels: Vec::new(), sample })));
        }
        let help = self.spec.help.clone().unwrap_or_else(|| format!("A signal of the suite: {}.", kind.name()));
        Family { name: name.clone(), help, kind: *kind, series: shown.into_iter().map(|it| it.1).collect() }
    }
}

impl Board {
    /// No series yet.
    pub fn new(signals: &Signals) -> Self {
        Board { families: signals.families.iter().map(Held::new).collect() }
    }

    /// Whether it has no families.
    pub const fn is_empty(&self) -> bool {
        self.families.is_empty()
    }

    /// Has the families of these signals from now on. Series of a family whose name, type, labels and buckets stay are
    /// kept; all others are gone.
    pub fn adopt(&mut self, signals: &Signals) {
        let mut before = std::mem::take(&mut self.families);
        for spec in &signals.families {
            let there = before.iter().position(|it| it.spec.is_like(spec));
            let held = there.map(|it| before.swap_remove(it));
            self.families.push(match held {
                Some(held) => Held { spec: spec.clone(), ..held },
                None => Held::new(spec),
            });
        }
    }

    fn held(&mut self, place: usize, spec: &Spec) -> Option<&mut Held> {
        let is_it = |it: &Held| it.spec.is_like(spec);
        // Of the suite's active version families stand in its own order.
        let place = match self.families.get(place) {
            Some(it) if is_it(it) => place,
            _ => self.families.iter().position(is_it)?,
        };
        self.families.get_mut(place)
    }

    /// Takes in what was noted at a moment; what is of families that the board does not have is left out.
    pub fn apply(&mut self, signals: &Signals, noted: &Noted, moment: Moment) {
        for one in &noted.ones {
            let Some(feed) = signals.feeds.get(usize::from(one.feed)) else { continue };
            let Some(spec) = signals.families.get(feed.family) else { continue };
            let Some(held) = self.held(feed.family, spec) else { continue };
            let exemplar =
                noted.trace.as_ref().map(|it| Exemplar { trace_id: it.clone(), value: one.value, at: moment.at });
            held.add(noted.key(one), one.value, moment, exemplar);
        }
        for feed in &noted.skipped {
            let Some(feed) = signals.feeds.get(usize::from(*feed)) else { continue };
            let Some(spec) = signals.families.get(feed.family) else { continue };
            if let Some(held) = self.held(feed.family, spec) {
                held.skipped += 1;
            }
        }
    }

    /// Adds the series of another board, all of them: each board has kept its own bounds. Families that this one does not
    /// have come as they are, unless they cannot be shown beside its own.
    pub fn merge(&mut self, other: &Board) {
        for theirs in &other.families {
            if let Some(mine) = self.families.iter_mut().find(|it| it.spec.is_like(&theirs.spec)) {
                mine.spec.most = usize::MAX;
                mine.spec.help = mine.spec.help.take().or_else(|| theirs.spec.help.clone());
                mine.merge(theirs);
            } else if !self.families.iter().any(|it| it.spec.against(&theirs.spec).is_some()) {
                // Two of one name would be no metrics at all; hosts see to it that there are none.
                self.families.push(theirs.clone());
            }
        }
    }

    /// Adds what another board of the same families has; what is of families that this one does not have is left out.
    pub fn take_up(&mut self, other: &Board) {
        for (place, theirs) in other.families.iter().enumerate() {
            if let Some(mine) = self.held(place, &theirs.spec) {
                mine.merge(theirs);
            }
        }
    }

    /// Forgets all values, not the families.
    pub fn clear(&mut self) {
        for it in &mut self.families {
            it.cells.clear();
            (it.overflow, it.skipped) = (0, 0);
        }
    }

    /// Forgets what is not shown any more by its span, so that there is room for other series.
    pub fn forget(&mut self, now: Timestamp) {
        for Held { spec, cells, .. } in self.families.iter_mut().filter(|it| it.spec.span.is_some()) {
            cells.retain(|_, it| it.sample(spec, now).is_some());
        }
    }

    /// Shows these versions of models as the deployed ones, and no others.
    pub fn deployed(&mut self, signals: &Signals, suite: &str, models: &[Model]) {
        for feed in &signals.feeds {
            if let (What::Deployed(_) | What::DeployedAt(_), Some(spec)) =
                (&feed.what, signals.families.get(feed.family))
                && let Some(held) = self.held(feed.family, spec)
            {
                held.cells.clear();
            }
        }
        for model in models {
            let mut noted = Noted::default();
            findings::note_model(signals, suite, model, &mut noted);
            self.apply(signals, &noted, Moment { at: model.at, number: 0 });
        }
    }

    /// What there is to show at a time, in the order of the suite; series in the order of their labels' values.
    pub fn families(&self, now: Timestamp) -> Vec<Family> {
        self.families.iter().map(|it| it.family(now)).collect()
    }

    /// What could not be shown, of each family.
    pub fn lost(&self) -> Vec<Lost> {
        let lost = |it: &Held| Lost { name: it.spec.name.clone(), overflow: it.overflow, skipped: it.skipped };
        self.families.iter().map(lost).collect()
    }
}
