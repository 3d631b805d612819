//! A window: what is kept of a set of records. Windows of one plan add up, exactly and in any order.

use std::collections::{BTreeMap, BTreeSet};

use crate::binder::Bindings;
use crate::report::Tally;
use crate::sketch::{Sketch, Spread};
use crate::time::Timestamp;
use crate::value::Value;

/// The records of one span, folded.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Records, unreadable ones included.
    pub rows: u64,
    /// Records that could not be read.
    pub unreadable: u64,
    /// Records whose prediction is kept, so that a label can be joined to it.
    pub logged: u64,
    /// Records that a label was joined to; they are not among `rows` a second time.
    pub joined: u64,
    /// For how many microseconds since its end labels have had time to come.
    pub waited: Timestamp,
    /// How the records fared, one tally an expectation.
    pub tallies: Vec<Tally>,
    /// The summaries the plan asked for.
    pub sketches: Vec<Sketch>,
    /// What each slot held in any record.
    pub held: Vec<Held>,
    /// The columns of the records, in order of first appearance.
    pub columns: Columns,
}

/// What kinds of values a slot held, as a set of bits: it is noted for every cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held(u8);

impl Held {
    const NULL: u8 = 1;
    const NUMBER: u8 = 2;
    const OTHER: u8 = 4;

    /// Notes a cell; a member that is not there is nothing.
    #[inline]
    pub fn note(&mut self, cell: &Value) {
        self.0 |= match cell {
            Value::Missing => 0,
            Value::Null => Held::NULL,
            Value::Int(_) | Value::Big(_) | Value::Num(_) => Held::NUMBER,
            _ => Held::OTHER,
        };
    }

    /// All bits, for whoever stores them.
    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// What [`Held::bits`] gave; `None` when there are others among them.
    pub(crate) fn from_bits(bits: u8) -> Option<Self> {
        (bits <= Held::NULL | Held::NUMBER | Held::OTHER).then_some(Held(bits))
    }

    /// Whether any record had the field at all.
    pub const fn anything(self) -> bool {
        self.0 != 0
    }

    /// Whether it held numbers, and nothing else but nulls: pandas has NaN for null there.
    pub const fn numbers_only(self) -> bool {
        self.0 & (Held::NUMBER | Held::OTHER) == Held::NUMBER
    }
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
            logged: 0,
            joined: 0,
            waited: 0,
            tallies: vec![Tally::default(); n_expectations],
            sketches: bindings.sketches.iter().map(|it| Sketch::new(&it.spec)).collect(),
            held: vec![Held::default(); bindings.paths.len()],
            columns: Columns::default(),
        }
    }

    /// Makes it as [`Window::new`] does, of a plan with these bindings, and keeps its room.
    pub fn renew(&mut self, bindings: &Bindings) {
        self.rows = 0;
        self.unreadable = 0;
        self.logged = 0;
        self.joined = 0;
        self.waited = 0;
        self.tallies.iter_mut().for_each(|it| *it = Tally::default());
        self.sketches.clear();
        self.sketches.extend(bindings.sketches.iter().map(|it| Sketch::new(&it.spec)));
        self.held.fill(Held::default());
        self.columns = Columns::default();
    }

    /// Adds another part of the same window.
    pub fn merge(&mut self, other: Window) -> Result<(), OtherPlan> {
        if self.tallies.len() != other.tallies.len()
            || self.sketches.len() != other.sketches.len()
            || self.held.len() != other.held.len()
        {
            return Err(OtherPlan);
        }
        self.rows += other.rows;
        self.unreadable += other.unreadable;
        self.logged += other.logged;
        self.joined += other.joined;
        self.waited = self.waited.max(other.waited);
        for (mine, theirs) in self.tallies.iter_mut().zip(&other.tallies) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.sketches.iter_mut().zip(other.sketches) {
            mine.merge(theirs).map_err(|_| OtherPlan)?;
        }
        for (mine, theirs) in self.held.iter_mut().zip(&other.held) {
            mine.0 |= theirs.0;
        }
        self.columns.merge(&other.columns);
        Ok(())
    }

    /// Lets every summary keep no more than `budget` exactly, as if that had been its budget from the start.
    pub fn narrow(&mut self, budget: usize) {
        self.sketches.iter_mut().for_each(|it| it.narrow(budget));
    }

    /// The least that a summary keeps exactly; `None` when none has such a bound.
    pub fn budget(&self) -> Option<usize> {
        self.sketches.iter().filter_map(Sketch::budget).min()
    }

    /// Adds `rows` to every row number kept: the window is moved behind so many records.
    pub fn shift(&mut self, rows: u64) {
        for tally in &mut self.tallies {
            if let Some((row, _)) = &mut tally.mismatch {
                *row = row.saturating_add(rows);
            }
            if let Some(trouble) = &mut tally.trouble {
                trouble.row = trouble.row.saturating_add(rows);
            }
        }
        self.sketches.iter_mut().for_each(|it| it.shift(rows));
        self.columns.shift(rows);
    }

    /// Does now, on the caller's threads, what judging would do on one.
    pub fn settle(&self, spread: &Spread) {
        self.sketches.iter().for_each(|it| it.settle(spread));
    }

    /// Bytes held by the summaries.
    pub fn size(&self) -> usize {
        self.sketches.iter().map(Sketch::size).sum()
    }
}

/// Names of columns in order of first appearance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Where each name was first met: row and place. Found by name, since a file may have many thousands.
    seen: BTreeMap<String, (u64, u32)>,
    /// The same, in order.
    order: BTreeSet<((u64, u32), String)>,
}

impl Columns {
    /// Notes that `name` was met in `row` at `place`.
    pub fn see(&mut self, name: &str, row: u64, place: u32) {
        let here = (row, place);
        match self.seen.get_mut(name) {
            Some(at) if *at <= here => return,
            Some(at) => {
                self.order.remove(&(*at, name.to_owned()));
                *at = here;
            }
            None => {
                self.seen.insert(name.to_owned(), here);
            }
        }
        self.order.insert((here, name.to_owned()));
    }

    /// Adds what another part has met.
    pub fn merge(&mut self, other: &Columns) {
        for ((row, place), name) in &other.order {
            self.see(name, *row, *place);
        }
    }

    /// Row, place and name of each, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &((u64, u32), String)> {
        self.order.iter()
    }

    fn shift(&mut self, rows: u64) {
        for at in self.seen.values_mut() {
            at.0 = at.0.saturating_add(rows);
        }
        let moved = std::mem::take(&mut self.order).into_iter();
        self.order = moved.map(|((row, place), name)| ((row.saturating_add(rows), place), name)).collect();
    }

    /// The names, in order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.order.iter().map(|(_, name)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_the_order_of_their_first_appearance() {
        let mut columns = Columns::default();
        for (name, row, place) in [("c", 5, 0), ("b", 2, 1), ("a", 2, 0), ("c", 1, 9), ("a", 7, 7)] {
            columns.see(name, row, place);
        }
        assert_eq!(columns.names().collect::<Vec<_>>(), ["c", "a", "b"]);
        let mut other = Columns::default();
        other.see("b", 0, 3);
        other.see("d", 0, 4);
        columns.merge(&other);
        assert_eq!(columns.names().collect::<Vec<_>>(), ["b", "d", "c", "a"]);
    }

    /// Quadratic work would take minutes.
    #[test]
    fn a_hundred_thousand_columns_are_soon_known() {
        let mut columns = Columns::default();
        for place in (0..100_000).rev() {
            columns.see(&format!("column {place}"), 0, place);
        }
        assert_eq!(columns.names().len(), 100_000);
        assert_eq!(columns.names().next(), Some("column 0"));
    }
}
