//! What is kept of one series.

use crate::family::{Exemplar, FamilyType, Histogram, Sample};
use crate::plan::signals::Spec;
use crate::sketch::exact::Exact;
use crate::suite::signals::Keep;
use crate::time::Timestamp;

use super::Moment;

/// Parts of a span, which go one by one when they are over.
const SLICES: i64 = 10;

/// What is kept of one series.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    /// Of events.
    Count(u64, Option<Exemplar>),
    /// Of numbers that are added.
    Sum(Box<Exact>, Option<Exemplar>),
    /// Of numbers by size.
    Histogram(Box<Counted>),
    /// The last number.
    Last(Option<(Moment, f64)>),
    /// The numbers of the last while, the oldest first.
    Slices(Vec<Slice>),
    /// That it was there.
    Seen(Timestamp),
}

/// Counts of numbers by size.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Counted {
    counts: Vec<u64>,
    sum: Exact,
    exemplars: Vec<Option<Exemplar>>,
}

/// The numbers of a part of a span.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slice {
    /// Which part since 1970.
    at: i64,
    n: u64,
    sum: Box<Exact>,
    least: f64,
    greatest: f64,
}

impl Cell {
    pub fn new(spec: &Spec) -> Self {
        match spec.kind {
            FamilyType::Counter if spec.is_sum => Cell::Sum(Box::new(Exact::of_values()), None),
            FamilyType::Counter => Cell::Count(0, None),
            FamilyType::Histogram => Cell::Histogram(Box::new(Counted {
                counts: vec![0; spec.bounds.len() + 1],
                sum: Exact::of_values(),
                exemplars: Vec::new(),
            })),
            FamilyType::Gauge if spec.keep == Keep::Last => Cell::Last(None),
            FamilyType::Gauge => Cell::Slices(Vec::new()),
            FamilyType::Info => Cell::Seen(Timestamp::MIN),
        }
    }

    /// How many values are in it, as far as it knows.
    pub fn values(&self) -> u64 {
        match self {
            Cell::Count(it, _) => *it,
            Cell::Histogram(it) => it.counts.iter().sum(),
            Cell::Slices(all) => all.iter().map(|it| it.n).sum(),
            Cell::Sum(..) | Cell::Last(_) | Cell::Seen(_) => 1,
        }
    }

    pub fn add(&mut self, spec: &Spec, value: f64, moment: Moment, exemplar: Option<Exemplar>) {
        match self {
            Cell::Count(n, kept) => {
                *n += 1;
                later(kept, exemplar);
            }
            Cell::Sum(sum, kept) => {
                sum.add_float(value);
                later(kept, exemplar);
            }
            Cell::Histogram(it) => {
                let at = spec.bounds.partition_point(|bound| *bound < value);
                if let Some(count) = it.counts.get_mut(at) {
                    *count += 1;
                }
                it.sum.add_float(value);
                if exemplar.is_some() {
                    it.exemplars.resize(it.counts.len(), None);
                    if let Some(kept) = it.exemplars.get_mut(at) {
                        later(kept, exemplar);
                    }
                }
            }
            Cell::Last(last) => newest(last, Some((moment, value))),
            Cell::Slices(all) => {
                let at = slice(spec, moment.at);
                let found = all.binary_search_by_key(&at, |it| it.at);
                let place = found.unwrap_or_else(|place| {
                    all.insert(place, Slice::new(at));
                    place
                });
                if let Some(it) = all.get_mut(place) {
                    it.n += 1;
                    it.sum.add_float(value);
                    it.least = it.least.min(value);
                    it.greatest = it.greatest.max(value);
                }
                forget(all);
            }
            Cell::Seen(at) => *at = moment.at.max(*at),
        }
    }

    /// Adds what was kept of other events of the same series.
    pub fn merge(&mut self, other: &Cell) {
        match (self, other) {
            (Cell::Count(mine, kept), Cell::Count(theirs, exemplar)) => {
                *mine += theirs;
                later(kept, exemplar.clone());
            }
            (Cell::Sum(mine, kept), Cell::Sum(theirs, exemplar)) => {
                mine.merge(theirs);
                later(kept, exemplar.clone());
            }
            (Cell::Histogram(mine), Cell::Histogram(theirs)) => {
                mine.counts.iter_mut().zip(&theirs.counts).for_each(|(mine, theirs)| *mine += theirs);
                mine.sum.merge(&theirs.sum);
                if mine.exemplars.is_empty() {
                    mine.exemplars.clone_from(&theirs.exemplars);
                } else {
                    mine.exemplars
                        .iter_mut()
                        .zip(&theirs.exemplars)
                        .for_each(|(mine, theirs)| later(mine, theirs.clone()));
                }
            }
            (Cell::Last(mine), Cell::Last(theirs)) => newest(mine, *theirs),
            (Cell::Slices(mine), Cell::Slices(theirs)) => {
                for it in theirs {
                    match mine.binary_search_by_key(&it.at, |it| it.at) {
                        Ok(place) => {
                            if let Some(mine) = mine.get_mut(place) {
                                mine.n += it.n;
                                mine.sum.merge(&it.sum);
                                mine.least = mine.least.min(it.least);
                                mine.greatest = mine.greatest.max(it.greatest);
                            }
                        }
                        Err(place) => mine.insert(place, it.clone()),
                    }
                }
                forget(mine);
            }
            (Cell::Seen(mine), Cell::Seen(theirs)) => *mine = (*mine).max(*theirs),
            // Families are alike before their cells are merged.
            _ => {}
        }
    }

    /// What is shown at a time; `None`: nothing any more.
    pub fn sample(&self, spec: &Spec, now: Timestamp) -> Option<Sample> {
        let is_old = |at: Timestamp| spec.span.is_some_and(|span| at < now.saturating_sub(span));
        let number = |it| Some(Sample::Number(it, None));
        match self {
            Cell::Count(n, exemplar) => Some(Sample::Number(*n as f64, exemplar.clone())),
            Cell::Sum(sum, exemplar) => Some(Sample::Number(sum.total().over(1.0), exemplar.clone())),
            Cell::Histogram(it) => Some(Sample::Histogram(Histogram {
                bounds: spec.bounds.clone(),
                counts: it.counts.clone(),
                sum: it.sum.total().over(1.0),
                exemplars: it.exemplars.clone(),
            })),
            Cell::Last(it) => it.filter(|it| !is_old(it.0.at)).and_then(|it| number(it.1)),
            Cell::Slices(all) => {
                let first = slice(spec, now).saturating_sub(SLICES);
                let left: Vec<_> = all.iter().filter(|it| it.at > first).collect();
                if left.is_empty() {
                    return None;
                }
                match spec.keep {
                    Keep::Max => number(left.iter().map(|it| it.greatest).fold(f64::NEG_INFINITY, f64::max)),
                    Keep::Min => number(left.iter().map(|it| it.least).fold(f64::INFINITY, f64::min)),
                    Keep::Mean | Keep::Last => {
                        let mut sum = Exact::of_values();
                        for it in &left {
                            sum.merge(&it.sum);
                        }
                        number(sum.total().over(left.iter().map(|it| it.n).sum::<u64>() as f64))
                    }
                }
            }
            Cell::Seen(at) => {
                if is_old(*at) {
                    None
                } else {
                    number(1.0)
                }
            }
        }
    }
}

impl Slice {
    fn new(at: i64) -> Self {
        let sum = Box::new(Exact::of_values());
        Slice { at, n: 0, sum, least: f64::INFINITY, greatest: f64::NEG_INFINITY }
    }
}

/// Which part of a span a time lies in, counted from 1970.
fn slice(spec: &Spec, at: Timestamp) -> i64 {
    at.div_euclid((spec.span.unwrap_or(SLICES) / SLICES).max(1))
}

/// No more parts than a span has, and the one that goes.
fn forget(all: &mut Vec<Slice>) {
    let Some(newest) = all.last().map(|it| it.at) else { return };
    all.retain(|it| it.at >= newest.saturating_sub(SLICES));
}

/// The exemplar of the later time.
fn later(kept: &mut Option<Exemplar>, new: Option<Exemplar>) {
    let key = |it: &Exemplar| (it.at, it.trace_id.clone(), it.value.to_bits());
    if let Some(new) = new
        && kept.as_ref().is_none_or(|it| it.at < new.at || key(it) < key(&new))
    {
        *kept = Some(new);
    }
}

/// The number of the later moment; of one moment, the greater, so that the order does not matter.
fn newest(kept: &mut Option<(Moment, f64)>, new: Option<(Moment, f64)>) {
    if let Some((moment, value)) = new
        && kept.is_none_or(|it| (it.0, it.1) < (moment, value))
    {
        *kept = Some((moment, value));
    }
}
