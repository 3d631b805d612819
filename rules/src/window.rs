//! A window: what is kept of a set of records. Windows of one plan add up, exactly and in any order.

use crate::binder::Bindings;
use crate::report::Tally;
use crate::sketch::Sketch;

/// The records of one span, folded.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Records, unreadable ones included.
    pub rows: u64,
    /// Records that could not be read.
    pub unreadable: u64,
    /// How the records fared, one tally an expectation.
    pub tallies: Vec<Tally>,
    /// The summaries the plan asked for.
    pub sketches: Vec<Sketch>,
    /// Which slots were found in any record.
    pub present: Vec<bool>,
    /// Which slots held a number, and which anything else that is not null.
    pub held: Vec<Held>,
    /// The columns of the records, in order of first appearance.
    pub columns: Columns,
}

/// What a slot held besides nulls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// A number.
    pub number: bool,
    /// Anything that is no number.
    pub other: bool,
}

/// Two windows that were made by different plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherPlan;

impl Window {
    /// An empty window for a plan's expectations and summaries.
    pub fn new(n_expectations: usize, bindings: &Bindings) -> Self {
        Window {
            rows: 0,
            unreadable: 0,
            tallies: vec![Tally::default(); n_expectations],
            sketches: bindings.sketches.iter().map(|it| Sketch::new(&it.spec)).collect(),
            present: vec![false; bindings.paths.len()],
            held: vec![Held::default(); bindings.paths.len()],
            columns: Columns::default(),
        }
    }

    /// Adds another part of the same window.
    pub fn merge(&mut self, other: &Window) -> Result<(), OtherPlan> {
        if self.tallies.len() != other.tallies.len()
            || self.sketches.len() != other.sketches.len()
            || self.present.len() != other.present.len()
        {
            return Err(OtherPlan);
        }
        self.rows += other.rows;
        self.unreadable += other.unreadable;
        for (mine, theirs) in self.tallies.iter_mut().zip(&other.tallies) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.sketches.iter_mut().zip(&other.sketches) {
            mine.merge(theirs).map_err(|_| OtherPlan)?;
        }
        for (mine, theirs) in self.present.iter_mut().zip(&other.present) {
            *mine |= theirs;
        }
        for (mine, theirs) in self.held.iter_mut().zip(&other.held) {
            mine.number |= theirs.number;
            mine.other |= theirs.other;
        }
        self.columns.merge(&other.columns);
        Ok(())
    }

    /// Bytes held by the summaries.
    pub fn size(&self) -> usize {
        self.sketches.iter().map(Sketch::size).sum()
    }
}

/// Names of columns in order of first appearance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Name, and the row and place where it was first met; sorted by those.
    seen: Vec<(String, (u64, u32))>,
}

impl Columns {
    /// Notes that `name` was met in `row` at `place`.
    pub fn see(&mut self, name: &str, row: u64, place: u32) {
        match self.seen.iter_mut().find(|(it, _)| it == name) {
            Some((_, at)) => *at = (*at).min((row, place)),
            None => self.seen.push((name.to_owned(), (row, place))),
        }
        self.seen.sort_by(|a, b| a.1.cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
    }

    /// Adds what another part has met.
    pub fn merge(&mut self, other: &Columns) {
        for (name, (row, place)) in &other.seen {
            self.see(name, *row, *place);
        }
    }

    /// The names, in order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.seen.iter().map(|(name, _)| name.as_str())
    }
}
