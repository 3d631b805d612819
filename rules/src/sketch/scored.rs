//! The scores that records got, by what was true of them.

use std::collections::BTreeMap;

use super::OtherSketch;
use crate::value::Value;

/// How often each score was given, for each of at most two true classes: exactly up to the budget of different scores,
/// beyond it in buckets. A third class leaves only the number of records.
///
/// A bucket is as wide as the score's distance from 0 or 1, whichever is nearer, divided by at most 512: at most 1/1024
/// within 0 and 1, and narrower near both ends, where losses are steep.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// Records with a class and a score.
    pub n: u64,
    /// Records of which one is missing, null or NaN.
    pub null: u64,
    /// Records whose score is no number.
    pub refused: u64,
    /// The class that is told from all others; else the records themselves say which two there are.
    pub(super) positive: Option<Value<'static>>,
    pub(super) budget: usize,
    pub(super) is_bucketed: bool,
    pub(super) classes: Option<BTreeMap<Truth, BTreeMap<Score, u64>>>,
}

/// A true class: numbers, `true` and `false` among them, by value, then texts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// A number.
    Number(Score),
    /// A text, or anything else as JSON.
    Text(String),
}

/// A number that is not NaN, in order; 0 and -0 are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score(i64);

impl Score {
    pub(super) fn of(number: f64) -> Option<Self> {
        let bits = (number + 0.0).to_bits() as i64;
        (!number.is_nan()).then_some(Score(if bits < 0 { bits ^ i64::MAX } else { bits }))
    }

    /// The number.
    pub const fn number(self) -> f64 {
        f64::from_bits((if self.0 < 0 { self.0 ^ i64::MAX } else { self.0 }) as u64)
    }

    /// The bucket's edge that is nearer to 0 or 1.
    pub(super) fn bucket(self) -> Self {
        let it = self.number();
        let edge = if it > 0.5 && it <= 1.0 {
            1.0 - cut(1.0 - it)
        } else if it > 1.0 && cut(it) == 1.0 {
            // 1 is a bucket by itself, since what lies above it is no probability.
            next(1.0)
        } else {
            cut(it)
        };
        Score::of(edge).unwrap_or(self)
    }

    /// The lower and the upper end of the bucket whose edge this is.
    fn ends(self) -> (f64, f64) {
        let it = self.number();
        // What lies just above a half is told by its distance from 1.
        if !it.is_finite() || it == 0.5 || it == 1.0 {
            return (it, it);
        }
        if it > 0.5 && it < 1.0 {
            return ((1.0 - next(1.0 - it)).max(0.5), it);
        }
        if it == next(1.0) {
            return (1.0, next(it));
        }
        let other = if it >= 0.0 { next(it) } else { -next(-it) };
        (it.min(other), it.max(other))
    }
}

/// The lower and the upper end of the bucket whose edge a score is, or the score itself.
pub(super) fn ends_of(score: Score, is_bucketed: bool) -> (f64, f64) {
    if is_bucketed { score.ends() } else { (score.number(), score.number()) }
}

/// Nine digits of the fraction are kept.
const CUT: u64 = 52 - 9;

fn cut(it: f64) -> f64 {
    if it.is_finite() { f64::from_bits(it.to_bits() >> CUT << CUT) } else { it }
}

/// Where the bucket ends that begins at this number of at least 0.
fn next(it: f64) -> f64 {
    f64::from_bits(it.to_bits() + (1 << CUT)).min(f64::MAX)
}

/// Of a bucket: its lower end, its upper end and its records.
pub type Bucket = (f64, f64, u64);

impl Truth {
    /// The class that a value names; `None` where there is none: a null, or NaN.
    pub(super) fn of(value: &Value) -> Option<Self> {
        if value.is_null() || value.is_nan() {
            return None;
        }
        Some(match (value.as_str(), value.as_f64().and_then(Score::of)) {
            (Some(text), _) => Truth::Text(text.to_owned()),
            (None, Some(number)) => Truth::Number(number),
            (None, None) => Truth::Text(value.to_json().to_string()),
        })
    }

    /// As a value.
    pub fn value(&self) -> Value<'static> {
        match self {
            Truth::Number(it) => Value::Num(it.number()),
            Truth::Text(it) => Value::Str(it.clone().into()),
        }
    }
}

impl Scored {
    pub(super) fn new(positive: Option<Value<'static>>, budget: usize) -> Self {
        let classes = Some(BTreeMap::new());
        Scored { n: 0, null: 0, refused: 0, positive, budget: budget.max(1), is_bucketed: false, classes }
    }

    pub(super) fn emptied(&self) -> Self {
        Scored::new(self.positive.clone(), self.budget)
    }

    /// Of a true class and a score or, where a predicted class stands between both, of whether that is right.
    pub(super) fn update_many<'v, 'r: 'v>(&mut self, mut cells: impl Iterator<Item = &'v Value<'r>>) {
        match (cells.next(), cells.next(), cells.next()) {
            (Some(truth), Some(score), None) => self.update(truth, score),
            (Some(truth), Some(prediction), Some(score)) => {
                let right = Truth::of(truth).zip(Truth::of(prediction)).map(|(a, b)| a == b);
                self.update(&right.map_or(Value::Null, Value::Bool), score);
            }
            _ => {}
        }
    }

    #[inline]
    pub(super) fn update(&mut self, truth: &Value, score: &Value) {
        let Some(class) = Truth::of(truth).filter(|_| !score.is_null() && !score.is_nan()) else {
            self.null += 1;
            return;
        };
        let number = if matches!(score, Value::Bool(_) | Value::Str(_)) { None } else { score.as_f64() };
        let Some(score) = number.and_then(Score::of) else {
            self.refused += 1;
            return;
        };
        self.n += 1;
        let class = match &self.positive {
            Some(it) => Truth::Number(Score(if Truth::of(it).as_ref() == Some(&class) { ONE } else { 0 })),
            None => class,
        };
        self.add(class, score, 1);
        self.fit();
    }

    fn add(&mut self, class: Truth, score: Score, count: u64) {
        let score = if self.is_bucketed { score.bucket() } else { score };
        if let Some(classes) = &mut self.classes {
            *classes.entry(class).or_default().entry(score).or_default() += count;
        }
    }

    /// Holds to two classes and to the budget.
    fn fit(&mut self) {
        let Some(classes) = &mut self.classes else { return };
        if classes.len() > 2 {
            self.classes = None;
            self.is_bucketed = false;
        } else if !self.is_bucketed && classes.values().map(BTreeMap::len).sum::<usize>() > self.budget {
            self.is_bucketed = true;
            for scores in classes.values_mut() {
                let mut buckets = BTreeMap::new();
                for (score, count) in scores.iter() {
                    *buckets.entry(score.bucket()).or_default() += count;
                }
                *scores = buckets;
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) -> Result<(), OtherSketch> {
        if self.budget != other.budget || self.positive != other.positive {
            return Err(OtherSketch);
        }
        self.n += other.n;
        self.null += other.null;
        self.refused += other.refused;
        let Some(theirs) = &other.classes else {
            self.classes = None;
            self.is_bucketed = false;
            return Ok(());
        };
        if other.is_bucketed && !self.is_bucketed && self.classes.is_some() {
            let mine = self.classes.replace(BTreeMap::new());
            self.is_bucketed = true;
            for (class, scores) in mine.into_iter().flatten() {
                for (score, count) in scores {
                    self.add(class.clone(), score, count);
                }
            }
        }
        for (class, scores) in theirs {
            for (score, count) in scores {
                self.add(class.clone(), *score, *count);
            }
        }
        self.fit();
        Ok(())
    }

    pub(super) fn narrow(&mut self, budget: usize) {
        self.budget = self.budget.min(budget.max(1));
        self.fit();
    }

    pub(super) fn size(&self) -> usize {
        let entries: usize = self.classes.iter().flat_map(BTreeMap::values).map(BTreeMap::len).sum();
        size_of::<Self>() + 24 * entries
    }

    /// The true classes in order, at most two; `None`: there are more. Where one was asked for, 1 stands for it and 0 for
    /// the others.
    pub fn classes(&self) -> Option<Vec<&Truth>> {
        Some(self.classes.as_ref()?.keys().collect())
    }

    /// Whether scores lie in buckets.
    pub fn is_exact(&self) -> bool {
        !self.is_bucketed
    }

    /// The scores that records of a class got, the lowest first; both ends of what is exact are the score itself.
    pub fn of(&self, class: &Truth) -> impl Iterator<Item = Bucket> {
        let scores = self.classes.as_ref().and_then(|it| it.get(class));
        scores.into_iter().flatten().map(|(score, count)| {
            let (low, high) = ends_of(*score, self.is_bucketed);
            (low, high, *count)
        })
    }
}

/// The number 1, as a [`Score`].
const ONE: i64 = 0x3ff0_0000_0000_0000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_bucket_holds_its_scores_and_is_its_own(it in prop_oneof![any::<f64>(), 0.0..=1.0_f64, -3.0..3.0_f64]) {
            let Some(score) = Score::of(it) else { return Ok(()) };
            prop_assert_eq!(score.number(), it);
            let bucket = score.bucket();
            prop_assert_eq!(bucket.bucket(), bucket);
            let (low, high) = bucket.ends();
            prop_assert!(low <= it && it <= high, "{} {} {}", low, it, high);
            let width = if (0.0..=1.0).contains(&it) { 1.0 / 1024.0 } else { it.abs() / 256.0 };
            prop_assert!(!it.is_finite() || high - low <= width || low.abs() < 1e-300, "{} {} {}", low, it, high);
        }

        #[test]
        fn buckets_keep_the_order(a in any::<f64>(), b in any::<f64>()) {
            let (Some(a), Some(b)) = (Score::of(a), Score::of(b)) else { return Ok(()) };
            prop_assert_eq!(a.min(b).bucket() <= a.max(b).bucket(), true);
        }
    }

    #[test]
    fn a_third_class_leaves_the_number_alone() {
        let mut it = Scored::new(None, 100);
        for (truth, score) in [("a", 0.1), ("b", 0.2), ("c", 0.3)] {
            it.update(&Value::text(truth), &Value::Num(score));
        }
        assert_eq!((it.n, it.classes()), (3, None));
        let mut it = Scored::new(Some(Value::text("b")), 100);
        for (truth, score) in [("a", 0.1), ("b", 0.2), ("c", 0.3)] {
            it.update(&Value::text(truth), &Value::Num(score));
        }
        let one = Truth::Number(Score::of(1.0).unwrap());
        assert_eq!(it.of(&one).collect::<Vec<_>>(), [(0.2, 0.2, 1)]);
    }
}
