//! A measure with what each record adds to its error, so that the error of a difference follows: over the same records
//! what both models owe to a record is subtracted before it is squared, over different ones the errors are independent.

use super::{Difference, Law};
use crate::quality::confusion::ratio;
use crate::quality::interval::slopes;
use crate::quality::{Confusion, Label};

/// A measure of one model on a sample of records.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The measure.
    pub value: f64,
    /// What each record adds: the sum of the squares is the squared standard error.
    parts: Vec<f64>,
    /// Degrees of freedom of the error; infinite where the normal law is the approximation.
    df: f64,
    /// Whether a low value is good.
    is_loss: bool,
    /// The difference that all records together can make.
    scale: f64,
}

impl Measured {
    /// The mean of a loss of each record. `None` of fewer than two.
    pub fn loss(losses: &[f64]) -> Option<Self> {
        let n = losses.len() as f64;
        let value = ratio(losses.iter().sum(), n)?;
        let by = (n * (n - 1.0)).sqrt();
        let parts = losses.iter().map(|it| (it - value) / by).collect();
        (n > 1.0).then_some(Measured { value, parts, df: n - 1.0, is_loss: true, scale: value })
    }

    /// The same of a loss that is never above `scale`.
    pub fn bounded_loss(losses: &[f64], scale: f64) -> Option<Self> {
        Self::loss(losses).map(|it| Measured { scale, ..it })
    }

    /// The root of the mean of squared errors, by the delta method. `None` of fewer than two, or of none that is not 0.
    pub fn root_mean(squares: &[f64]) -> Option<Self> {
        let mean = Self::loss(squares)?;
        let value = mean.value.sqrt();
        let parts = mean.parts.iter().map(|it| it / (2.0 * value)).collect();
        (value > 0.0).then_some(Measured { value, parts, df: f64::INFINITY, is_loss: true, scale: value })
    }

    /// The coefficient of determination of pairs of truth and prediction, by the delta method. `None` when the truth does
    /// not vary.
    pub fn r2(pairs: &[(f64, f64)]) -> Option<Self> {
        let n = pairs.len() as f64;
        let middle = ratio(pairs.iter().map(|it| it.0).sum(), n)?;
        let mse = ratio(pairs.iter().map(|(y, p)| (y - p).powi(2)).sum(), n)?;
        let spread = ratio(pairs.iter().map(|it| (it.0 - middle).powi(2)).sum(), n)?;
        let unexplained = ratio(mse, spread)?;
        let part = |(y, p): &(f64, f64)| {
            (unexplained * ((y - middle).powi(2) - spread) - ((y - p).powi(2) - mse)) / spread / n
        };
        let parts = pairs.iter().map(part).collect();
        Some(Measured { value: 1.0 - unexplained, parts, df: f64::INFINITY, is_loss: false, scale: 1.0 })
    }

    /// The area under the ROC curve of scores with whether the record is of the class, with the placements of `DeLong`,
    /// `DeLong` and Clarke-Pearson (1988). `None` of fewer than two records of a class.
    pub fn area(scores: &[(f64, bool)]) -> Option<Self> {
        let sorted = |class: bool| {
            let mut all: Vec<f64> = scores.iter().filter(|it| it.1 == class).map(|it| it.0).collect();
            all.sort_by(f64::total_cmp);
            all
        };
        let (of_class, others) = (sorted(true), sorted(false));
        // The share of the other class that lies below, those of the same score half.
        let below = |all: &[f64], score: f64| {
            let (less, not_more) = (all.partition_point(|it| *it < score), all.partition_point(|it| *it <= score));
            (less + not_more) as f64 / 2.0 / all.len() as f64
        };
        let (m, n) = (of_class.len() as f64, others.len() as f64);
        if m < 2.0 || n < 2.0 {
            return None;
        }
        let value = of_class.iter().map(|it| below(&others, *it)).sum::<f64>() / m;
        let part = |(score, is): &(f64, bool)| match is {
            true => (below(&others, *score) - value) / (m * (m - 1.0)).sqrt(),
            false => (1.0 - below(&of_class, *score) - value) / (n * (n - 1.0)).sqrt(),
        };
        let parts = scores.iter().map(part).collect();
        Some(Measured { value, parts, df: f64::INFINITY, is_loss: false, scale: 1.0 })
    }

    /// A measure that follows from the confusion matrix of pairs of the true and the predicted class, by the
    /// infinitesimal jackknife (Efron 1982). `None` where it is undefined.
    pub fn matrix(pairs: &[(Label, Label)], of: impl Fn(&Confusion) -> Option<f64>) -> Option<Self> {
        let confusion = Confusion::of(pairs.iter().map(|(truth, predicted)| (truth.clone(), predicted.clone(), 1)));
        let value = of(&confusion)?;
        let slopes = slopes(&confusion, of)?;
        let labels = confusion.labels();
        let place = |it: &Label| labels.binary_search(it).unwrap_or_default();
        let part = |(truth, predicted): &(Label, Label)| {
            let at = (place(truth), place(predicted));
            slopes.binary_search_by_key(&at, |it| it.0).ok().and_then(|it| slopes.get(it)).map_or(0.0, |it| it.2)
        };
        let parts = pairs.iter().map(part).collect();
        Some(Measured { value, parts, df: f64::INFINITY, is_loss: false, scale: 1.0 })
    }

    /// The standard error.
    pub fn error(&self) -> f64 {
        self.parts.iter().map(|it| it * it).sum::<f64>().sqrt()
    }

    /// Against a baseline on the same records in the same order: of means the paired t-test, of areas `DeLong`'s test.
    pub fn paired(&self, baseline: &Measured) -> Difference {
        let apart = self.parts.iter().zip(&baseline.parts).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        // Rounding alone is no spread.
        let noise = 1e-13 * (self.error() + baseline.error());
        let apart = if apart <= noise { 0.0 } else { apart };
        self.against(baseline.value, apart, self.df.min(baseline.df), self.parts.len())
    }

    /// Against a baseline on other records: of means Welch's test (1947).
    pub fn unpaired(&self, baseline: &Measured) -> Difference {
        let (a, b) = (self.error().powi(2), baseline.error().powi(2));
        let df = (a + b).powi(2) / (a * a / self.df + b * b / baseline.df);
        let df = if df.is_nan() { f64::INFINITY } else { df };
        self.against(baseline.value, (a + b).sqrt(), df, self.parts.len().min(baseline.parts.len()))
    }

    /// Against a number with a standard error, 0 where it is known exactly.
    pub fn known(&self, baseline: f64, error: f64) -> Difference {
        // The error that was told has more records behind it than this knows of.
        let (a, b) = (self.error().powi(2), error.powi(2));
        let df = self.df * if a > 0.0 { ((a + b) / a).powi(2) } else { 1.0 };
        self.against(baseline, (a + b).sqrt(), df, self.parts.len())
    }

    fn against(&self, baseline: f64, error: f64, df: f64, n: usize) -> Difference {
        let higher = self.value - baseline;
        let gain = if self.is_loss { -higher } else { higher };
        let law = if error == 0.0 && gain == 0.0 {
            Law::Still { n: n as f64, scale: self.scale.max(f64::MIN_POSITIVE) }
        } else {
            Law::Error { error, df }
        };
        Difference { candidate: self.value, baseline, gain, law }
    }
}
