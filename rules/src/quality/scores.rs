//! The score that a record got to be of a class, beside whether it is: ranking, calibration and losses.
//!
//! Definitions are scikit-learn's 1.9: tied scores count a half in the area under the ROC curve, average precision is
//! the sum over steps, probabilities are clipped to `[eps, 1 - eps]` in the log loss.

use super::confusion::ratio;

/// Scores in order, each with how many records of the class got it and how many others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores {
    /// Score, records of the class, records of others; scores increase and differ.
    steps: Vec<(f64, f64, f64)>,
}

/// A bin of a reliability table.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// Records.
    pub n: f64,
    /// Their mean score; `None` without records.
    pub mean_predicted: Option<f64>,
    /// The share of them that is of the class.
    pub fraction_positive: Option<f64>,
}

/// How far scores are from shares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    /// The expected calibration error (Guo et al. 2017): the mean distance of score and share, weighted by records.
    pub ece: f64,
    /// The largest distance.
    pub mce: f64,
    /// The bins, the lowest first.
    pub bins: Vec<Bin>,
}

impl Scores {
    /// Of scores with whether the record is of the class. NaN is left out.
    pub fn of(scores: impl IntoIterator<Item = (f64, bool)>) -> Self {
        Self::weighted(scores.into_iter().map(|(score, is)| if is { (score, 1.0, 0.0) } else { (score, 0.0, 1.0) }))
    }

    /// Of scores with records of the class and of others.
    pub fn weighted(scores: impl IntoIterator<Item = (f64, f64, f64)>) -> Self {
        let mut all: Vec<_> = scores.into_iter().filter(|it| !it.0.is_nan()).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut steps: Vec<(f64, f64, f64)> = Vec::with_capacity(all.len());
        for (score, positive, negative) in all {
            match steps.last_mut() {
                // 0 and -0 are one score.
                Some(last) if last.0 == score => {
                    last.1 += positive;
                    last.2 += negative;
                }
                _ => steps.push((score, positive, negative)),
            }
        }
        Scores { steps }
    }

    /// Records of the class, and others.
    pub fn sizes(&self) -> (f64, f64) {
        self.steps.iter().fold((0.0, 0.0), |sum, it| (sum.0 + it.1, sum.1 + it.2))
    }

    /// All records.
    pub fn n(&self) -> f64 {
        let (positive, negative) = self.sizes();
        positive + negative
    }

    /// The mean score; `None` of no records.
    pub fn mean(&self) -> Option<f64> {
        ratio(self.steps.iter().map(|(score, p, n)| score * (p + n)).sum(), self.n())
    }

    /// Whether all scores can be probabilities.
    pub fn are_probabilities(&self) -> bool {
        self.steps.iter().all(|it| (0.0..=1.0).contains(&it.0))
    }

    /// The area under the ROC curve: how likely a record of the class has the greater score. Undefined of one class.
    pub fn roc_auc(&self) -> Option<f64> {
        let (positive, negative) = self.sizes();
        let (mut below, mut area) = (0.0, 0.0);
        for (_, p, n) in &self.steps {
            area += p * (below + n / 2.0);
            below += n;
        }
        ratio(area, positive * negative)
    }

    /// The variance of the area, by `DeLong` et al. (1988). Undefined of fewer than two records of a class.
    pub fn roc_auc_variance(&self) -> Option<f64> {
        let (positive, negative) = self.sizes();
        let auc = self.roc_auc()?;
        if positive < 2.0 || negative < 2.0 {
            return None;
        }
        let (mut p_below, mut n_below, mut of_p, mut of_n) = (0.0, 0.0, 0.0, 0.0);
        for (_, p, n) in &self.steps {
            let v10 = (n_below + n / 2.0) / negative - auc;
            let v01 = (positive - p_below - p / 2.0) / positive - auc;
            of_p += p * v10 * v10;
            of_n += n * v01 * v01;
            p_below += p;
            n_below += n;
        }
        Some(of_p / (positive - 1.0) / positive + of_n / (negative - 1.0) / negative)
    }

    /// The mean precision over recall, step by step. Undefined without a record of the class.
    pub fn average_precision(&self) -> Option<f64> {
        let (positive, _) = self.sizes();
        let (mut tp, mut fp, mut sum) = (0.0, 0.0, 0.0);
        for (_, p, n) in self.steps.iter().rev() {
            tp += p;
            fp += n;
            if *p > 0.0 {
                sum += p / positive * tp / (tp + fp);
            }
        }
        Some(sum).filter(|_| positive > 0.0)
    }

    /// The mean negative logarithm of the probability that the true class had.
    pub fn log_loss(&self) -> Option<f64> {
        let clip = |it: f64| it.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        let loss = |(score, p, n): &(f64, f64, f64)| -p * clip(*score).ln() - n * (1.0 - clip(*score)).ln();
        ratio(self.steps.iter().map(loss).sum(), self.n())
    }

    /// The mean squared distance of the probability from what is true.
    pub fn brier(&self) -> Option<f64> {
        let loss = |(score, p, n): &(f64, f64, f64)| p * (1.0 - score).powi(2) + n * score * score;
        ratio(self.steps.iter().map(loss).sum(), self.n())
    }

    /// The standard errors of the log loss and of the Brier score, which are means over records; `None` of fewer than two.
    pub fn loss_errors(&self) -> Option<(f64, f64)> {
        let n = self.n();
        let error = |mean: f64, of_class: &dyn Fn(f64) -> f64, of_other: &dyn Fn(f64) -> f64| {
            let spread = |(score, p, n): &(f64, f64, f64)| {
                p * (of_class(*score) - mean).powi(2) + n * (of_other(*score) - mean).powi(2)
            };
            (self.steps.iter().map(spread).sum::<f64>() / (n - 1.0) / n).sqrt()
        };
        let clip = |it: f64| it.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        let log_loss = error(self.log_loss()?, &|it| -clip(it).ln(), &|it| -(1.0 - clip(it)).ln());
        let brier = error(self.brier()?, &|it| (1.0 - it).powi(2), &|it| it * it);
        (n > 1.0).then_some((log_loss, brier))
    }

    /// The largest gap between the distribution functions of the scores of the class and of others.
    pub fn ks_statistic(&self) -> Option<f64> {
        let (positive, negative) = self.sizes();
        let (mut p_below, mut n_below, mut gap) = (0.0, 0.0, 0.0_f64);
        for (_, p, n) in &self.steps {
            p_below += p;
            n_below += n;
            gap = gap.max((p_below / positive - n_below / negative).abs());
        }
        Some(gap).filter(|_| positive > 0.0 && negative > 0.0)
    }

    /// The reliability table over bins of one width, `(low, high]`, of which the first holds 0 too. Scores are to be
    /// probabilities. `None` of no records.
    pub fn calibration(&self, bins: usize) -> Option<Calibration> {
        let k = bins.max(1);
        let place = |score: f64| {
            // What an edge says is compared, not a product that may be rounded across it.
            let near = ((score * k as f64).ceil() as usize).clamp(1, k);
            let above = |at: usize| score > at as f64 / k as f64;
            let at = if above(near) {
                near + 1
            } else if near > 1 && !above(near - 1) {
                near - 1
            } else {
                near
            };
            at.clamp(1, k) - 1
        };
        let mut sums = vec![(0.0, 0.0, 0.0); k];
        for (score, p, n) in &self.steps {
            if let Some(it) = sums.get_mut(place(*score)) {
                it.0 += p + n;
                it.1 += score * (p + n);
                it.2 += p;
            }
        }
        (self.n() > 0.0).then(|| table(sums, self.n()))
    }

    /// The same over bins of as many records each, in the order of the scores, of which the last takes what is left, as
    /// `NannyML` has them; of few records there are half as many bins, until each has two.
    pub fn calibration_by_count(&self, bins: usize) -> Option<Calibration> {
        let n = self.n();
        let mut k = bins.max(1);
        while k > 1 && n <= 2.0 * k as f64 {
            k /= 2;
        }
        let size = (n / k as f64).floor().max(1.0);
        let mut sums = vec![(0.0, 0.0, 0.0); k];
        let mut seen = 0.0;
        for (score, p, n) in &self.steps {
            // Records of one score may lie in several bins, and are spread over them alike.
            let mut left = p + n;
            let share = p / left;
            while left > 0.0 {
                let at = ((seen / size).floor() as usize).min(k - 1);
                let room = if at + 1 == k { f64::INFINITY } else { (at + 1) as f64 * size - seen };
                let taken = left.min(room);
                if let Some(it) = sums.get_mut(at) {
                    it.0 += taken;
                    it.1 += score * taken;
                    it.2 += share * taken;
                }
                seen += taken;
                left -= taken;
            }
        }
        (n > 0.0).then(|| table(sums, n))
    }

    /// Each distinct score with its records of the class and of others, the lowest first.
    pub fn steps(&self) -> &[(f64, f64, f64)] {
        &self.steps
    }
}

fn table(sums: Vec<(f64, f64, f64)>, n: f64) -> Calibration {
    let mut out = Calibration::default();
    for (records, scores, positive) in sums {
        let (mean_predicted, fraction_positive) = (ratio(scores, records), ratio(positive, records));
        out.bins.push(Bin { n: records, mean_predicted, fraction_positive });
        let (Some(score), Some(share)) = (mean_predicted, fraction_positive) else { continue };
        let gap = (score - share).abs();
        out.ece += gap * records / n;
        out.mce = out.mce.max(gap);
    }
    out
}
