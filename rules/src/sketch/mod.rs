//! Mergeable summaries of a column: a closed set, known by name to everything that stores them.
//!
//! The law of all of them: split the input anyhow, merge the parts in any order, and the state and
//! every answer equal those of one pass, to the bit. Each row number is given to a sketch at most
//! once; a part that counted its rows from 0 is moved to its place with [`Sketch::shift`].

mod bins;
mod categories;
mod bottom_k;
mod counts;
mod errors;
pub(crate) mod exact;
mod extremes;
mod folded;
mod hash;
mod keys;
mod moments;
mod numbers;
mod pack;
mod piles;
mod presence;
mod quantiles;
mod ranked;
mod runs;
mod scored;
mod stored;
mod types;
mod values;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod paired_laws;

pub use bins::Bins;
pub use bottom_k::{BottomK, SampledRow};
pub use categories::Categories;
pub use counts::{Count, Counts, Distinct};
pub use errors::{Errors, Mean};
pub use extremes::Extremes;
pub use folded::Folded;
pub use keys::{Duplicates, Keys};
pub use moments::Moments;
pub use numbers::{NumberKind, Numbers};
pub use presence::Presence;
pub use quantiles::Quantiles;
pub use ranked::{OneAgainstOthers, Ranked, name_of};
pub use runs::Runs;
pub use scored::{Bucket, Scored, Truth};
pub use types::{Type, Types};
pub use values::{Interpolation, Values};

use std::sync::Arc;

use errors::pair;

use crate::plugin::rule::Summary;
use crate::value::Value;

/// Which sketch is wanted; two equal specs on the same values can share one sketch.
#[derive(Clone, Debug, PartialEq)]
pub enum Spec {
    /// How many values are there at all.
    Presence,
    /// Sum, mean and variance.
    Moments,
    /// Smallest and largest value.
    Extremes,
    /// The numbers themselves, for quantiles and outliers.
    Values {
        /// Whether the row of each number is kept, so that rows can be named.
        rows: bool,
        /// Numbers kept exactly; one more turns them into a quantile sketch.
        budget: usize,
    },
    /// How often each distinct value occurs.
    Counts {
        /// Distinct values kept; beyond them a sample of the distinct values is.
        budget: usize,
    },
    /// How often each value occurs, of a field whose values may be categories; numbers only while few differ.
    Categories {
        /// Distinct values kept that are no numbers; beyond them a sample of the distinct values is.
        budget: usize,
    },
    /// Which rows hold a value that another row holds too.
    Keys {
        /// Rows kept; beyond them a sample of the distinct values is, with counts.
        budget: usize,
    },
    /// A histogram.
    Bins {
        /// The edges of the bins, increasing.
        edges: Vec<f64>,
    },
    /// Whether the values rise, or fall, from row to row.
    Runs {
        /// Rise, else fall.
        increasing: bool,
    },
    /// How many values are of which type.
    Types,
    /// A sample of the distinct rows.
    BottomK {
        /// Rows kept at most.
        k: usize,
    },
    /// How far predicted numbers are from true ones; of two cells, the truth first.
    Errors,
    /// The scores of records by what was true of them; of two cells, the truth first, or of three: the true class, the
    /// predicted one, and the score, by whether both classes are one.
    Scored {
        /// The class that is told from all others; `None`: there are to be two.
        positive: Option<Value<'static>>,
        /// Different scores kept; beyond them buckets are.
        budget: usize,
    },
    /// The scores that records got for each of several classes; of two cells, the truth first.
    Ranked {
        /// The classes of a list of scores, in its order; `None`: they are the numbers from 0 on.
        names: Option<Arc<[String]>>,
        /// Whether the scores of each class are kept by themselves.
        by_class: bool,
        /// Different scores kept; beyond them buckets are.
        budget: usize,
    },
    /// Whatever a plugin keeps.
    Folded(Arc<Summary>),
}

/// A summary of the values seen so far. Each takes the room of the largest, so the large ones lie apart.
#[derive(Clone, Debug, PartialEq)]
pub enum Sketch {
    /// See [`Presence`].
    Presence(Presence),
    /// See [`Moments`].
    Moments(Moments),
    /// See [`Extremes`].
    Extremes(Box<Extremes>),
    /// See [`Values`].
    Values(Values),
    /// See [`Counts`].
    Counts(Counts),
    /// See [`Categories`].
    Categories(Box<Categories>),
    /// See [`Keys`].
    Keys(Box<Keys>),
    /// See [`Bins`].
    Bins(Bins),
    /// See [`Runs`].
    Runs(Runs),
    /// See [`Types`].
    Types(Box<Types>),
    /// See [`BottomK`].
    BottomK(BottomK),
    /// See [`Errors`].
    Errors(Box<Errors>),
    /// See [`Scored`].
    Scored(Box<Scored>),
    /// See [`Ranked`].
    Ranked(Box<Ranked>),
    /// See [`Folded`].
    Folded(Box<Folded>),
}

/// The error of merging sketches of different specs; neither is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherSketch;

impl std::fmt::Display for OtherSketch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the sketches are of different kinds or settings")
    }
}

impl std::error::Error for OtherSketch {}

/// Does a piece of work for each number below the first argument, in any order, on as many threads as
/// whoever made it has: this crate starts none.
pub type Spread<'s> = dyn Fn(usize, &(dyn Fn(usize) + Sync)) + 's;

/// All on the thread that asks.
pub fn one_by_one(n: usize, work: &(dyn Fn(usize) + Sync)) {
    (0..n).for_each(work);
}

impl Sketch {
    /// The sketch of no values.
    pub fn new(spec: &Spec) -> Self {
        match spec {
            Spec::Presence => Sketch::Presence(Presence::default()),
            Spec::Moments => Sketch::Moments(Moments::default()),
            Spec::Extremes => Sketch::Extremes(Box::default()),
            Spec::Values { rows, budget } => Sketch::Values(Values::new(*rows, *budget)),
            Spec::Counts { budget } => Sketch::Counts(Counts::new(*budget)),
            Spec::Categories { budget } => Sketch::Categories(Box::new(Categories::new(*budget))),
            Spec::Keys { budget } => Sketch::Keys(Box::new(Keys::new(*budget))),
            Spec::Bins { edges } => Sketch::Bins(Bins::new(edges.clone())),
            Spec::Runs { increasing } => Sketch::Runs(Runs::new(*increasing)),
            Spec::Types => Sketch::Types(Box::default()),
            Spec::BottomK { k } => Sketch::BottomK(BottomK::new(*k)),
            Spec::Errors => Sketch::Errors(Box::default()),
            Spec::Scored { positive, budget } => Sketch::Scored(Box::new(Scored::new(positive.clone(), *budget))),
            Spec::Ranked { names, by_class, budget } => {
                Sketch::Ranked(Box::new(Ranked::new(names.clone(), *by_class, *budget)))
            }
            Spec::Folded(it) => Sketch::Folded(Box::new(Folded::new(it))),
        }
    }

    /// The sketch of no values with the settings of this one.
    #[must_use]
    pub fn emptied(&self) -> Self {
        match self {
            Sketch::Presence(_) => Sketch::Presence(Presence::default()),
            Sketch::Moments(_) => Sketch::Moments(Moments::default()),
            Sketch::Extremes(_) => Sketch::Extremes(Box::default()),
            Sketch::Values(it) => Sketch::Values(Values::new(it.with_rows, it.budget)),
            Sketch::Counts(it) => Sketch::Counts(Counts::new(it.budget)),
            Sketch::Categories(it) => Sketch::Categories(Box::new(Categories::new(it.others.budget))),
            Sketch::Keys(it) => Sketch::Keys(Box::new(Keys::new(it.budget))),
            Sketch::Bins(it) => Sketch::Bins(Bins::new(it.edges.clone())),
            Sketch::Runs(it) => Sketch::Runs(Runs::new(it.increasing)),
            Sketch::Types(_) => Sketch::Types(Box::default()),
            Sketch::BottomK(it) => Sketch::BottomK(BottomK::new(it.k())),
            Sketch::Errors(_) => Sketch::Errors(Box::default()),
            Sketch::Scored(it) => Sketch::Scored(Box::new(it.emptied())),
            Sketch::Ranked(it) => Sketch::Ranked(Box::new(it.emptied())),
            Sketch::Folded(it) => Sketch::Folded(Box::new(Folded::new(it.summary()))),
        }
    }

    /// Takes in the value of one row; missing values, nulls and NaN are given too.
    #[inline]
    pub fn update(&mut self, value: &Value, row: u64) {
        match self {
            Sketch::Presence(it) => it.update(value),
            Sketch::Moments(it) => it.update(value, row),
            Sketch::Extremes(it) => it.update(value, row),
            Sketch::Values(it) => it.update(value, row),
            Sketch::Counts(it) => it.update(value, row),
            Sketch::Categories(it) => it.update(value, row),
            Sketch::Keys(it) => it.update(value, row),
            Sketch::Bins(it) => it.update(value, row),
            Sketch::Runs(it) => it.update(value, row),
            Sketch::Types(it) => it.update(value, row),
            Sketch::BottomK(it) => it.update(std::iter::once(value)),
            // One value is no pair.
            Sketch::Errors(_) | Sketch::Scored(_) | Sketch::Ranked(_) => {}
            Sketch::Folded(it) => it.update(std::iter::once(value), row),
        }
    }

    /// Takes in the cells of a compound key, for [`Keys`], for [`Counts`], whose values are then
    /// arrays, for [`BottomK`] and for [`Folded`], or the cells of [`Errors`], [`Scored`] and [`Ranked`]; the other sketches ignore it. A missing value, null or NaN in it is a value like any
    /// other, and in [`Keys`] they equal each other.
    pub fn update_many<'v, 'r: 'v>(&mut self, cells: impl Iterator<Item = &'v Value<'r>> + Clone, row: u64) {
        match self {
            Sketch::Keys(it) => it.update_many(cells, row),
            Sketch::Counts(it) => it.update(&Value::List(cells.cloned().collect()), row),
            Sketch::BottomK(it) => it.update(cells),
            Sketch::Folded(it) => it.update(cells, row),
            Sketch::Errors(it) => pair(cells, |truth, prediction| it.update(truth, prediction)),
            Sketch::Scored(it) => it.update_many(cells),
            Sketch::Ranked(it) => pair(cells, |truth, scores| it.update(truth, scores)),
            _ => {}
        }
    }

    /// Adds what `other` has seen. When the two are of different specs nothing is changed.
    pub fn merge(&mut self, other: Sketch) -> Result<(), OtherSketch> {
        match (self, other) {
            (Sketch::Presence(a), Sketch::Presence(b)) => a.merge(&b),
            (Sketch::Moments(a), Sketch::Moments(b)) => a.merge(&b),
            (Sketch::Extremes(a), Sketch::Extremes(b)) => a.merge(&b),
            (Sketch::Values(a), Sketch::Values(b)) => return a.merge(&b),
            (Sketch::Counts(a), Sketch::Counts(b)) => return a.merge(&b),
            (Sketch::Categories(a), Sketch::Categories(b)) => return a.merge(&b),
            (Sketch::Keys(a), Sketch::Keys(b)) => return a.merge(*b),
            (Sketch::Bins(a), Sketch::Bins(b)) => return a.merge(&b),
            (Sketch::Runs(a), Sketch::Runs(b)) => return a.merge(&b),
            (Sketch::Types(a), Sketch::Types(b)) => a.merge(&b),
            (Sketch::BottomK(a), Sketch::BottomK(b)) => return a.merge(b),
            (Sketch::Errors(a), Sketch::Errors(b)) => a.merge(&b),
            (Sketch::Scored(a), Sketch::Scored(b)) => return a.merge(&b),
            (Sketch::Ranked(a), Sketch::Ranked(b)) => return a.merge(&b),
            (Sketch::Folded(a), Sketch::Folded(b)) => return a.merge(*b),
            _ => return Err(OtherSketch),
        }
        Ok(())
    }

    /// Adds `rows` to every row number kept.
    pub fn shift(&mut self, rows: u64) {
        match self {
            Sketch::Presence(_) | Sketch::BottomK(_) | Sketch::Errors(_) => {}
            Sketch::Scored(_) | Sketch::Ranked(_) => {}
            Sketch::Moments(it) => it.shift(rows),
            Sketch::Extremes(it) => it.shift(rows),
            Sketch::Values(it) => it.shift(rows),
            Sketch::Counts(it) => it.shift(rows),
            Sketch::Categories(it) => it.shift(rows),
            Sketch::Keys(it) => it.shift(rows),
            Sketch::Bins(it) => it.shift(rows),
            Sketch::Runs(it) => it.shift(rows),
            Sketch::Types(it) => it.shift(rows),
            Sketch::Folded(it) => it.shift(rows),
        }
    }

    /// Keeps no more than `budget` exactly, as if that had been the budget from the start; a larger one
    /// changes nothing.
    pub fn narrow(&mut self, budget: usize) {
        match self {
            Sketch::Values(it) => it.narrow(budget),
            Sketch::Counts(it) => it.narrow(budget),
            Sketch::Categories(it) => it.narrow(budget),
            Sketch::Keys(it) => it.narrow(budget),
            Sketch::Scored(it) => it.narrow(budget),
            Sketch::Ranked(it) => it.narrow(budget),
            _ => {}
        }
    }

    /// How much is kept exactly; `None` where there is no such bound.
    pub const fn budget(&self) -> Option<usize> {
        match self {
            Sketch::Values(it) => Some(it.budget),
            Sketch::Counts(it) => Some(it.budget),
            Sketch::Categories(it) => Some(it.others.budget),
            Sketch::Keys(it) => Some(it.budget),
            Sketch::Scored(it) => Some(it.budget),
            Sketch::Ranked(it) => Some(it.budget),
            _ => None,
        }
    }

    /// Appends the state as bytes, equal ones for equal sketches. Settings that a [`Spec`] tells are not
    /// among them, but for budgets, which a host may change.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        stored::write(self, out);
    }

    /// Reads what [`Sketch::write`] wrote of a sketch of this spec, from bytes that may be anyone's.
    /// `compound`: its values are several cells each.
    pub(crate) fn read(spec: &Spec, compound: bool, from: &mut &[u8]) -> Option<Self> {
        stored::read(spec, compound, from)
    }

    /// Does now, on the caller's threads, what reading the sketch would do on one.
    pub fn settle(&self, spread: &Spread) {
        if let Sketch::Keys(it) = self {
            it.find(spread);
        }
    }

    /// Bytes held, near enough to bound memory with.
    pub fn size(&self) -> usize {
        size_of::<Self>()
            + match self {
                Sketch::Presence(_) => 0,
                Sketch::Types(it) => size_of_val::<Types>(it),
                Sketch::Moments(it) => it.size(),
                Sketch::Extremes(it) => size_of_val::<Extremes>(it) + it.size(),
                Sketch::Values(it) => it.size(),
                Sketch::Counts(it) => it.size(),
                Sketch::Categories(it) => it.size(),
                Sketch::Keys(it) => size_of_val::<Keys>(it) + it.size(),
                Sketch::Bins(it) => it.size(),
                Sketch::Runs(it) => it.size(),
                Sketch::BottomK(it) => it.size(),
                Sketch::Errors(it) => it.size(),
                Sketch::Scored(it) => it.size(),
                Sketch::Ranked(it) => it.size(),
                Sketch::Folded(it) => it.size(),
            }
    }
}

/// Of two rows that may be known, the smaller with what was found there; used for "the first".
fn earlier<T: Copy + Ord>(a: Option<(u64, T)>, b: Option<(u64, T)>) -> Option<(u64, T)> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Bytes a value holds beyond itself.
fn heap(value: &Value) -> usize {
    match value {
        Value::Str(it) => it.len(),
        Value::List(it) => it.iter().map(|it| size_of::<Value>() + heap(it)).sum(),
        Value::Map(it) => it.iter().map(|(name, it)| name.len() + 24 + size_of::<Value>() + heap(it)).sum(),
        _ => 0,
    }
}
