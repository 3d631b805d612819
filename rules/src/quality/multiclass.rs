//! Scores for each of several classes beside the class that is true. Definitions are scikit-learn's 1.9.

use super::confusion::ratio;
use super::scores::Scores;

/// Records with a score for each class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Multiclass {
    /// Classes.
    k: usize,
    /// The place of the true class, and the scores of all in their order.
    records: Vec<(usize, Vec<f64>)>,
}

impl Multiclass {
    /// Of records with the place of the true class and a score for each of `k` classes; others are left out.
    pub fn of(k: usize, records: impl IntoIterator<Item = (usize, Vec<f64>)>) -> Self {
        let fits = |(truth, scores): &(usize, Vec<f64>)| {
            *truth < k && scores.len() == k && scores.iter().all(|it| !it.is_nan())
        };
        Multiclass { k, records: records.into_iter().filter(fits).collect() }
    }

    /// Records.
    pub fn n(&self) -> usize {
        self.records.len()
    }

    /// One class against all others.
    pub fn class(&self, class: usize) -> Scores {
        Scores::of(self.records.iter().filter_map(|(truth, it)| Some((*it.get(class)?, *truth == class))))
    }

    /// The mean negative logarithm of the probability that the true class had.
    pub fn log_loss(&self) -> Option<f64> {
        let loss = |(truth, scores): &(usize, Vec<f64>)| {
            let it = scores.get(*truth).copied().unwrap_or(0.0);
            -it.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
        };
        ratio(self.records.iter().map(loss).sum(), self.n() as f64)
    }

    /// The mean squared distance between scores and what is true, summed over the classes of a record.
    pub fn brier(&self) -> Option<f64> {
        let loss = |(truth, scores): &(usize, Vec<f64>)| -> f64 {
            scores.iter().enumerate().map(|(i, it)| (it - f64::from(u8::from(i == *truth))).powi(2)).sum()
        };
        ratio(self.records.iter().map(loss).sum(), self.n() as f64)
    }

    /// The share of records whose class is among the `top` best scores; of equal scores the last class is the better, as
    /// in scikit-learn.
    pub fn top(&self, top: usize) -> Option<f64> {
        let is_in = |(truth, scores): &&(usize, Vec<f64>)| {
            let own = scores.get(*truth).copied().unwrap_or(f64::NEG_INFINITY);
            let better = |(i, it): &(usize, &f64)| **it > own || (**it == own && *i > *truth);
            scores.iter().enumerate().filter(better).count() < top
        };
        ratio(self.records.iter().filter(is_in).count() as f64, self.n() as f64)
    }

    /// The share of records of which the true class has the best score; of equal ones the first.
    pub fn accuracy(&self) -> Option<f64> {
        let is_best = |(truth, scores): &&(usize, Vec<f64>)| {
            let own = scores.get(*truth).copied().unwrap_or(f64::NEG_INFINITY);
            !scores.iter().enumerate().any(|(i, it)| *it > own || (*it == own && i < *truth))
        };
        ratio(self.records.iter().filter(is_best).count() as f64, self.n() as f64)
    }

    /// The mean area under the ROC curve of each class against all others: plain, and weighted by its records.
    pub fn roc_auc_ovr(&self) -> Option<(f64, f64)> {
        let mut sums = (0.0, 0.0);
        for class in 0..self.k {
            let of = self.class(class);
            let auc = of.roc_auc()?;
            sums.0 += auc / self.k as f64;
            sums.1 += auc * of.sizes().0 / self.n() as f64;
        }
        Some(sums).filter(|_| self.k > 0)
    }

    /// The mean area over all pairs of classes, each the mean of both directions (Hand and Till 2001): plain, and
    /// weighted by the records of the pair.
    pub fn roc_auc_ovo(&self) -> Option<(f64, f64)> {
        let (mut plain, mut weighted, mut weights, mut pairs) = (0.0, 0.0, 0.0, 0.0);
        for a in 0..self.k {
            for b in a + 1..self.k {
                let both: Vec<_> = self.records.iter().filter(|it| it.0 == a || it.0 == b).collect();
                let one = |class: usize| {
                    Scores::of(both.iter().filter_map(|(truth, it)| Some((*it.get(class)?, *truth == class)))).roc_auc()
                };
                let auc = f64::midpoint(one(a)?, one(b)?);
                plain += auc;
                pairs += 1.0;
                weighted += auc * both.len() as f64;
                weights += both.len() as f64;
            }
        }
        Some((ratio(plain, pairs)?, ratio(weighted, weights)?))
    }
}
