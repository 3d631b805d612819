//! The scores that records got for each of several classes, by which of them was true.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::exact::Exact;
use super::scored::{Bucket, Score, Truth, ends_of};
use super::{Mean, OtherSketch};
use crate::value::Value;

/// At which place the true class stands among the scores of a record, what the scores cost as probabilities and, where
/// it is asked for, how often each class got which score: exactly up to the budget of different scores, beyond it in
/// the buckets of [`Scored`](super::Scored).
///
/// Scores are a list in the order of the classes, or an object by class. A class that an object does not name has the
/// score 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// Records with a class and scores.
    pub n: u64,
    /// Records of which one is missing, null or NaN.
    pub null: u64,
    /// Records whose scores are no list of numbers, one a class, and no object of numbers.
    pub refused: u64,
    /// Records whose class is none of those that a list has scores of.
    pub unknown: u64,
    /// Records, among the `n`, of which some score is below 0 or above 1.
    pub beyond: u64,
    /// The classes of a list, in its order; `None`: they are the numbers from 0 on.
    pub(super) names: Option<Arc<[String]>>,
    pub(super) budget: usize,
    pub(super) is_bucketed: bool,
    /// How often the true class stood at which place, from 1 on. Places further off than [`LAST`] are counted there.
    pub(super) places: BTreeMap<u64, u64>,
    /// Of the log loss, its square, the Brier score and its square; of records without scores beyond 0 and 1.
    pub(super) sums: [Exact; 4],
    pub(super) by_class: ByClass,
}

/// The scores of each class by themselves.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ByClass {
    /// Nobody asked for them.
    Unasked,
    /// There are more classes than [`MOST_CLASSES`].
    TooMany,
    /// By the name of the class.
    Kept(BTreeMap<String, Class>),
}

/// The scores that a class got.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Class {
    /// Records of which it is true.
    pub records: u64,
    /// The scores that those got.
    pub own: BTreeMap<Score, u64>,
    /// The scores that others got.
    pub others: BTreeMap<Score, u64>,
}

/// The last place that is told from others.
pub(super) const LAST: u64 = 1000;

/// Classes whose scores are kept by themselves.
pub(super) const MOST_CLASSES: usize = 200;

/// A class against all others: its name, its records, the scores that its records got, and those that others got.
pub type OneAgainstOthers<'r> = (&'r str, u64, Vec<Bucket>, Vec<Bucket>);

impl Ranked {
    pub(super) fn new(names: Option<Arc<[String]>>, by_class: bool, budget: usize) -> Self {
        Ranked {
            n: 0,
            null: 0,
            refused: 0,
            unknown: 0,
            beyond: 0,
            names,
            budget: budget.max(1),
            is_bucketed: false,
            places: BTreeMap::new(),
            sums: std::array::from_fn(|_| Exact::of_values()),
            by_class: if by_class { ByClass::Kept(BTreeMap::new()) } else { ByClass::Unasked },
        }
    }

    pub(super) fn emptied(&self) -> Self {
        Ranked::new(self.names.clone(), self.by_class != ByClass::Unasked, self.budget)
    }

    pub(super) fn update(&mut self, truth: &Value, scores: &Value) {
        let Some(truth) = name_of(truth).filter(|_| !scores.is_null() && !scores.is_nan()) else {
            self.null += 1;
            return;
        };
        let Some(scores) = self.by_name(scores) else {
            self.refused += 1;
            return;
        };
        let own = scores.classes.iter().find(|it| it.0 == truth).map(|it| it.1);
        if own.is_none() && scores.is_list {
            self.unknown += 1;
            return;
        }
        self.n += 1;
        let at = scores.classes.iter().position(|it| it.0 == truth);
        // Of equal scores the last class is the better, as in scikit-learn.
        let place = at.zip(own).map_or(LAST, |(at, own)| {
            let better = scores.classes.iter().enumerate().filter(|(i, it)| it.1 > own || it.1 == own && *i > at);
            (better.count() as u64 + 1).min(LAST)
        });
        *self.places.entry(place).or_default() += 1;
        if scores.classes.iter().all(|it| (0.0..=1.0).contains(&it.1)) {
            self.add_losses(&truth, own.unwrap_or(0.0), &scores.classes);
        } else {
            self.beyond += 1;
        }
        if let ByClass::Kept(all) = &mut self.by_class {
            all.entry(truth.clone()).or_default().records += 1;
            for (name, score) in &scores.classes {
                let Some(score) = Score::of(*score) else { continue };
                let score = if self.is_bucketed { score.bucket() } else { score };
                let is_own = *name == truth;
                let class = match all.get_mut(name.as_ref()) {
                    Some(it) => it,
                    None => all.entry(name.to_string()).or_default(),
                };
                *if is_own { &mut class.own } else { &mut class.others }.entry(score).or_default() += 1;
            }
            self.fit();
        }
    }

    fn add_losses(&mut self, truth: &str, own: f64, classes: &[(Cow<'_, str>, f64)]) {
        let log = -own.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln();
        let others: f64 = classes.iter().filter(|it| it.0 != truth).map(|it| it.1 * it.1).sum();
        let brier = others + (1.0 - own) * (1.0 - own);
        for (sum, it) in self.sums.iter_mut().zip([log, log * log, brier, brier * brier]) {
            sum.add_float(it);
        }
    }

    /// The scores by the names of their classes; `None`: they are not what they must be.
    fn by_name<'v>(&self, scores: &'v Value) -> Option<Scores<'v>> {
        let number = |it: &Value| {
            let number = if matches!(it, Value::Bool(_) | Value::Str(_)) { None } else { it.as_f64() };
            number.filter(|it| !it.is_nan())
        };
        match scores {
            Value::List(items) => {
                let fits = self.names.as_ref().is_none_or(|it| it.len() == items.len()) && !items.is_empty();
                let name = |i: usize| match &self.names {
                    Some(names) => names.get(i).cloned(),
                    None => Some(i.to_string()),
                };
                let one = |(i, it): (usize, &Value)| Some((Cow::Owned(name(i)?), number(it)?));
                let classes = items.iter().enumerate().map(one).collect::<Option<_>>().filter(|_| fits)?;
                Some(Scores { classes, is_list: true })
            }
            Value::Map(members) => {
                let there = members.iter().filter(|it| !it.1.is_null());
                let one = |(name, it): &'v (Cow<'_, str>, Value)| Some((Cow::Borrowed(name.as_ref()), number(it)?));
                let mut classes: Vec<(Cow<'v, str>, f64)> = there.map(one).collect::<Option<_>>()?;
                // A verdict does not depend on the order of members; of two of one name the last holds.
                classes.reverse();
                classes.sort_by(|a, b| a.0.cmp(&b.0));
                classes.dedup_by(|next, kept| next.0 == kept.0);
                (!classes.is_empty()).then_some(Scores { classes, is_list: false })
            }
            _ => None,
        }
    }

    /// Holds to the number of classes and to the budget.
    fn fit(&mut self) {
        let ByClass::Kept(all) = &mut self.by_class else { return };
        if all.len() > MOST_CLASSES {
            self.by_class = ByClass::TooMany;
            self.is_bucketed = false;
        } else if !self.is_bucketed && all.values().map(Class::len).sum::<usize>() > self.budget {
            self.is_bucketed = true;
            all.values_mut().for_each(Class::bucket);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) -> Result<(), OtherSketch> {
        let asked = |it: &Self| it.by_class != ByClass::Unasked;
        if self.budget != other.budget || self.names != other.names || asked(self) != asked(other) {
            return Err(OtherSketch);
        }
        self.n += other.n;
        self.null += other.null;
        self.refused += other.refused;
        self.unknown += other.unknown;
        self.beyond += other.beyond;
        for (place, count) in &other.places {
            *self.places.entry(*place).or_default() += count;
        }
        for (mine, theirs) in self.sums.iter_mut().zip(&other.sums) {
            mine.merge(theirs);
        }
        match (&mut self.by_class, &other.by_class) {
            (ByClass::Kept(mine), ByClass::Kept(theirs)) => {
                if other.is_bucketed && !self.is_bucketed {
                    self.is_bucketed = true;
                    mine.values_mut().for_each(Class::bucket);
                }
                for (name, it) in theirs {
                    mine.entry(name.clone()).or_default().add(it, self.is_bucketed);
                }
                self.fit();
            }
            (mine, ByClass::TooMany) => {
                *mine = ByClass::TooMany;
                self.is_bucketed = false;
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn narrow(&mut self, budget: usize) {
        self.budget = self.budget.min(budget.max(1));
        self.fit();
    }

    pub(super) fn size(&self) -> usize {
        let classes = match &self.by_class {
            ByClass::Kept(all) => all.iter().map(|(name, it)| 100 + name.len() + 24 * it.len()).sum(),
            _ => 0,
        };
        size_of::<Self>() + self.sums.iter().map(Exact::size).sum::<usize>() + 24 * self.places.len() + classes
    }

    /// Records whose true class is among the `k` best scores; of equal scores the last class is the better, as in
    /// scikit-learn. `k` is to be less than 1000.
    pub fn within(&self, k: u64) -> u64 {
        self.places.range(..=k.min(LAST - 1)).map(|it| it.1).sum()
    }

    /// The mean negative logarithm of the probability that the true class had, with its standard error.
    pub fn log_loss(&self) -> Option<Mean> {
        self.mean(0)
    }

    /// The mean squared distance between scores and what is true, summed over the classes of a record, with its standard
    /// error.
    pub fn brier(&self) -> Option<Mean> {
        self.mean(2)
    }

    fn mean(&self, of: usize) -> Option<Mean> {
        let n = (self.n - self.beyond) as f64;
        let over = |at: usize| self.sums.get(at).map(|it| it.total().over(n));
        let (mean, square) = (over(of)?, over(of + 1)?);
        let error = if n > 1.0 { ((square - mean * mean).max(0.0) / (n - 1.0)).sqrt() } else { f64::NAN };
        (n > 0.0).then_some((mean, error))
    }

    /// Whether scores lie in buckets.
    pub const fn is_exact(&self) -> bool {
        !self.is_bucketed
    }

    /// Each class against all others, by name; `None`: there are more than 200 classes, or nobody asked for them.
    pub fn classes(&self) -> Option<impl Iterator<Item = OneAgainstOthers<'_>>> {
        let ByClass::Kept(all) = &self.by_class else { return None };
        Some(all.iter().map(|(name, it)| {
            let buckets = |scores: &BTreeMap<Score, u64>, records: u64| {
                let there: u64 = scores.values().sum();
                let absent = Some((0.0, 0.0, records.saturating_sub(there))).filter(|it| it.2 > 0);
                let scores = scores.iter().map(|(score, count)| {
                    let (low, high) = ends_of(*score, self.is_bucketed);
                    (low, high, *count)
                });
                absent.into_iter().chain(scores).collect()
            };
            (name.as_str(), it.records, buckets(&it.own, it.records), buckets(&it.others, self.n - it.records))
        }))
    }
}

/// What the members of an object call a class.
pub fn name_of(class: &Value) -> Option<String> {
    if let Value::Bool(it) = class {
        return Some(it.to_string());
    }
    Some(match Truth::of(class)? {
        Truth::Text(it) => it,
        Truth::Number(it) => it.number().to_string(),
    })
}

/// The scores of a record, in their order.
struct Scores<'v> {
    classes: Vec<(Cow<'v, str>, f64)>,
    is_list: bool,
}

impl Class {
    fn len(&self) -> usize {
        self.own.len() + self.others.len() + 1
    }

    fn bucket(&mut self) {
        for scores in [&mut self.own, &mut self.others] {
            let mut buckets = BTreeMap::new();
            for (score, count) in scores.iter() {
                *buckets.entry(score.bucket()).or_default() += count;
            }
            *scores = buckets;
        }
    }

    fn add(&mut self, other: &Class, in_buckets: bool) {
        self.records += other.records;
        for (mine, theirs) in [(&mut self.own, &other.own), (&mut self.others, &other.others)] {
            for (score, count) in theirs {
                let score = if in_buckets { score.bucket() } else { *score };
                *mine.entry(score).or_default() += count;
            }
        }
    }
}
