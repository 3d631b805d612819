//! The first few records that each expectation did not hold for.

use crate::report::Unexpected;
use crate::value::Value;

/// How many to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Values of each expectation, the first in row order.
    pub values: usize,
    /// Whether the positions of all are kept, eight bytes each.
    pub all_rows: bool,
}

/// The failed records of one expectation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// The first values, in row order.
    pub unexpected: Vec<Unexpected>,
    /// The positions of all, in row order, if asked for.
    pub rows: Vec<u64>,
}

/// The failed records of a run, by expectation.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// How many are kept.
    pub keep: Keep,
    /// One an expectation of the plan; behind the last that failed there may be none.
    pub by_expectation: Vec<Sample>,
}

impl Samples {
    /// None yet.
    pub fn new(keep: Keep, n_expectations: usize) -> Self {
        Samples { keep, by_expectation: vec![Sample::default(); n_expectations] }
    }

    /// None yet, and no room for them: for windows of which there are many.
    pub const fn none_yet(keep: Keep) -> Self {
        Samples { keep, by_expectation: Vec::new() }
    }

    /// Notes a failed record; rows come in ascending order.
    pub fn add(&mut self, expectation: usize, row: u64, value: impl FnOnce() -> Value<'static>) {
        if self.keep.values == 0 && !self.keep.all_rows {
            return;
        }
        if self.by_expectation.len() <= expectation {
            self.by_expectation.resize_with(expectation + 1, Sample::default);
        }
        let Some(sample) = self.by_expectation.get_mut(expectation) else { return };
        if self.keep.all_rows {
            sample.rows.push(row);
        }
        if sample.unexpected.len() < self.keep.values {
            sample.unexpected.push(Unexpected { row, value: value() });
        }
    }

    /// What was noted of an expectation.
    pub fn of(&self, expectation: usize) -> Sample {
        self.by_expectation.get(expectation).cloned().unwrap_or_default()
    }

    /// Adds what another worker noted, in any order.
    pub fn merge(&mut self, other: Samples) {
        if self.by_expectation.len() < other.by_expectation.len() {
            self.by_expectation.resize_with(other.by_expectation.len(), Sample::default);
        }
        for (mine, theirs) in self.by_expectation.iter_mut().zip(other.by_expectation) {
            mine.unexpected.extend(theirs.unexpected);
            mine.unexpected.sort_by_key(|it| it.row);
            mine.unexpected.truncate(self.keep.values);
            mine.rows.extend(theirs.rows);
            mine.rows.sort_unstable();
        }
    }
}
