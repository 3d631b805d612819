//! Classes that were predicted beside those that were true: counts, and everything that follows from them.
//!
//! Definitions and the order of classes are scikit-learn's 1.9.

use std::collections::BTreeMap;

use super::label::Label;

/// How often each class was predicted where each was true.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Confusion {
    /// The classes that were true or predicted, in order.
    labels: Vec<Label>,
    /// By place of the true class, then of the predicted one.
    counts: BTreeMap<(usize, usize), f64>,
}

/// How numbers of classes become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Average {
    /// The mean over classes.
    Macro,
    /// Of all records together.
    Micro,
    /// The mean over classes, each weighted by its true records.
    Weighted,
}

/// What of a class is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Of those predicted to be of the class, the share that is.
    Precision,
    /// Of those of the class, the share that was predicted to be.
    Recall,
    /// The harmonic mean of both.
    F1,
}

/// The records of one class against all others.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Class {
    /// Predicted, and true.
    pub tp: f64,
    /// Predicted, and not true.
    pub fp: f64,
    /// True, and not predicted.
    pub r#fn: f64,
    /// Neither.
    pub tn: f64,
}

impl Confusion {
    /// Of pairs of the true and the predicted class with their counts.
    pub fn of(pairs: impl IntoIterator<Item = (Label, Label, u64)>) -> Self {
        let mut by_name: BTreeMap<(Label, Label), f64> = BTreeMap::new();
        for (truth, predicted, count) in pairs {
            *by_name.entry((truth, predicted)).or_default() += count as f64;
        }
        let mut labels: Vec<Label> = by_name.keys().flat_map(|(a, b)| [a.clone(), b.clone()]).collect();
        labels.sort_unstable();
        labels.dedup();
        let place = |it: &Label| labels.binary_search(it).unwrap_or_default();
        let counts = by_name.iter().map(|((truth, predicted), n)| ((place(truth), place(predicted)), *n)).collect();
        Confusion { labels, counts }
    }

    /// The classes, in order: numbers by value, then texts.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// How many records.
    pub fn n(&self) -> f64 {
        self.counts.values().sum()
    }

    /// The counts as a matrix: a row a true class, a column a predicted one.
    pub fn matrix(&self) -> Vec<Vec<u64>> {
        let k = self.labels.len();
        let mut rows = vec![vec![0; k]; k];
        for ((truth, predicted), n) in &self.counts {
            if let Some(cell) = rows.get_mut(*truth).and_then(|it| it.get_mut(*predicted)) {
                *cell = *n as u64;
            }
        }
        rows
    }

    /// The cells that hold records, with their counts.
    pub fn cells(&self) -> impl Iterator<Item = ((usize, usize), f64)> {
        self.counts.iter().map(|(at, n)| (*at, *n))
    }

    /// Puts another count into a cell, a fraction too: what follows from the counts is differentiated so.
    pub(super) fn put(&mut self, at: (usize, usize), count: f64) {
        self.counts.insert(at, count);
    }

    /// Each class against all others, in the order of the labels.
    pub fn classes(&self) -> Vec<Class> {
        let n = self.n();
        let mut all = vec![Class::default(); self.labels.len()];
        for ((truth, predicted), count) in &self.counts {
            if truth == predicted {
                all.iter_mut().skip(*truth).take(1).for_each(|it| it.tp += count);
            } else {
                all.iter_mut().skip(*truth).take(1).for_each(|it| it.r#fn += count);
                all.iter_mut().skip(*predicted).take(1).for_each(|it| it.fp += count);
            }
        }
        for it in &mut all {
            it.tn = n - it.tp - it.fp - it.r#fn;
        }
        all
    }

    /// The share of records whose class was predicted.
    pub fn accuracy(&self) -> Option<f64> {
        let right: f64 = self.counts.iter().filter(|((a, b), _)| a == b).map(|it| it.1).sum();
        ratio(right, self.n())
    }

    /// The mean recall over the classes that are true of some record.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        let recalls: Vec<f64> = self.classes().iter().filter_map(|it| it.measure(Measure::Recall)).collect();
        ratio(recalls.iter().sum(), recalls.len() as f64)
    }

    /// Matthews' correlation coefficient, of several classes as Gorodkin (2004) has it. Undefined when all records are of
    /// one class, or predicted to be.
    pub fn mcc(&self) -> Option<f64> {
        let Sums { n, right, truth, predicted } = self.sums();
        let both: f64 = truth.iter().zip(&predicted).map(|(a, b)| a * b).sum();
        let spread = |of: &[f64]| n * n - of.iter().map(|it| it * it).sum::<f64>();
        ratio(right * n - both, (spread(&truth) * spread(&predicted)).sqrt())
    }

    /// Cohen's kappa: agreement beyond chance.
    pub fn cohen_kappa(&self) -> Option<f64> {
        let Sums { n, right, truth, predicted } = self.sums();
        let chance = truth.iter().zip(&predicted).map(|(a, b)| a * b).sum::<f64>() / n / n;
        ratio(right / n - chance, 1.0 - chance)
    }

    /// A measure over all classes; a class of which it is undefined counts as 0, as in scikit-learn. Undefined when it is
    /// undefined of all.
    pub fn measure(&self, what: Measure, average: Average) -> Option<f64> {
        let classes = self.classes();
        match average {
            // Every record is predicted to be of one class and is of one.
            Average::Micro => self.accuracy(),
            Average::Macro => {
                let all: Vec<_> = classes.iter().map(|it| it.measure(what)).collect();
                all.iter().any(Option::is_some).then_some(())?;
                ratio(all.iter().map(|it| it.unwrap_or(0.0)).sum(), all.len() as f64)
            }
            Average::Weighted => {
                let support = |it: &Class| it.tp + it.r#fn;
                let sum: f64 = classes.iter().map(|it| it.measure(what).unwrap_or(0.0) * support(it)).sum();
                ratio(sum, self.n())
            }
        }
    }

    fn sums(&self) -> Sums {
        let k = self.labels.len();
        let mut sums = Sums { n: self.n(), right: 0.0, truth: vec![0.0; k], predicted: vec![0.0; k] };
        for ((truth, predicted), count) in &self.counts {
            sums.right += if truth == predicted { *count } else { 0.0 };
            sums.truth.iter_mut().skip(*truth).take(1).for_each(|it| *it += count);
            sums.predicted.iter_mut().skip(*predicted).take(1).for_each(|it| *it += count);
        }
        sums
    }
}

struct Sums {
    n: f64,
    right: f64,
    truth: Vec<f64>,
    predicted: Vec<f64>,
}

impl Class {
    /// A measure of the class; `None` where it is undefined: no record was predicted to be of the class, or none is.
    pub fn measure(&self, what: Measure) -> Option<f64> {
        match what {
            Measure::Precision => ratio(self.tp, self.tp + self.fp),
            Measure::Recall => ratio(self.tp, self.tp + self.r#fn),
            Measure::F1 => ratio(2.0 * self.tp, 2.0 * self.tp + self.fp + self.r#fn),
        }
    }

    /// Of those not of the class, the share that was predicted to be.
    pub fn false_positive_rate(&self) -> Option<f64> {
        ratio(self.fp, self.fp + self.tn)
    }

    /// The share of all records that was predicted to be of the class.
    pub fn selection_rate(&self) -> Option<f64> {
        ratio(self.tp + self.fp, self.tp + self.fp + self.r#fn + self.tn)
    }

    /// The share of all records that was judged right.
    pub fn accuracy(&self) -> Option<f64> {
        ratio(self.tp + self.tn, self.tp + self.fp + self.r#fn + self.tn)
    }
}

/// A share, unless it is of nothing.
pub(super) fn ratio(part: f64, whole: f64) -> Option<f64> {
    Some(part / whole).filter(|it| whole != 0.0 && it.is_finite())
}
