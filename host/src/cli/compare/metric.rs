//! The metrics that have a test, and what each makes of records.

use driftline_rules::quality::compare::influence::Measured;
use driftline_rules::quality::compare::shares::{Matched, Unmatched};
use driftline_rules::quality::compare::{Difference, Law};
use driftline_rules::quality::known::Told;
use driftline_rules::quality::{Average, Confusion, Label, Measure};

use crate::cli::quality::table::{Pair, Score};

/// A metric.
#[derive(Debug)]
pub struct Metric {
    /// Its name, as `driftline quality` has it.
    pub name: &'static str,
    how: How,
}

#[derive(Clone, Copy, Debug)]
enum How {
    /// The share of records that are right.
    Accuracy,
    /// What follows from the confusion matrix.
    Matrix(fn(&Confusion) -> Option<f64>),
    /// The same of the positive class.
    Class(Measure),
    /// The area under the ROC curve.
    Area,
    /// A mean over the score and whether the record is of the class, with its greatest value.
    Scored(fn(f64, bool) -> f64, Option<f64>),
    /// A mean over truth and prediction.
    Numbers(fn(f64, f64) -> f64),
    /// The root of the mean squared error.
    Root,
    /// The coefficient of determination.
    Determination,
}

/// All of them.
pub static METRICS: [Metric; 21] = [
    Metric { name: "accuracy", how: How::Accuracy },
    Metric { name: "balanced_accuracy", how: How::Matrix(Confusion::balanced_accuracy) },
    Metric { name: "mcc", how: How::Matrix(Confusion::mcc) },
    Metric { name: "cohen_kappa", how: How::Matrix(Confusion::cohen_kappa) },
    Metric { name: "precision", how: How::Class(Measure::Precision) },
    Metric { name: "recall", how: How::Class(Measure::Recall) },
    Metric { name: "f1", how: How::Class(Measure::F1) },
    Metric { name: "precision_macro", how: How::Matrix(|it| it.measure(Measure::Precision, Average::Macro)) },
    Metric { name: "recall_macro", how: How::Matrix(|it| it.measure(Measure::Recall, Average::Macro)) },
    Metric { name: "f1_macro", how: How::Matrix(|it| it.measure(Measure::F1, Average::Macro)) },
    Metric { name: "precision_weighted", how: How::Matrix(|it| it.measure(Measure::Precision, Average::Weighted)) },
    Metric { name: "recall_weighted", how: How::Matrix(|it| it.measure(Measure::Recall, Average::Weighted)) },
    Metric { name: "f1_weighted", how: How::Matrix(|it| it.measure(Measure::F1, Average::Weighted)) },
    Metric { name: "roc_auc", how: How::Area },
    Metric { name: "log_loss", how: How::Scored(log_loss, None) },
    Metric { name: "brier", how: How::Scored(|p, is| (f64::from(u8::from(is)) - p).powi(2), Some(1.0)) },
    Metric { name: "mae", how: How::Numbers(|y, p| (p - y).abs()) },
    Metric { name: "mse", how: How::Numbers(|y, p| (p - y).powi(2)) },
    Metric { name: "rmse", how: How::Root },
    Metric { name: "mape", how: How::Numbers(|y, p| (p - y).abs() / y.abs().max(f64::EPSILON)) },
    Metric { name: "r2", how: How::Determination },
];

fn log_loss(score: f64, is: bool) -> f64 {
    let p = score.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
    -(if is { p } else { 1.0 - p }).ln()
}

/// What the baseline is known by.
#[derive(Clone, Copy)]
pub enum Beside<'a> {
    /// The same records, in the same order.
    Same(&'a [&'a Pair]),
    /// Other records.
    Other(&'a [&'a Pair]),
    /// A number.
    Number(Told),
}

impl Metric {
    /// That of a name.
    pub fn find(name: &str) -> Option<&'static Self> {
        METRICS.iter().find(|it| it.name == name)
    }

    /// Whether it is of a score, not of a prediction.
    pub fn is_of_score(&self) -> bool {
        matches!(self.how, How::Area | How::Scored(..))
    }

    /// Whether it is a mean over records.
    pub fn is_mean(&self) -> bool {
        matches!(self.how, How::Accuracy | How::Scored(..) | How::Numbers(_))
    }

    /// The greatest loss of a record, of those that have one.
    pub fn bound(&self) -> Option<f64> {
        match self.how {
            How::Accuracy => Some(1.0),
            How::Scored(_, bound) => bound,
            _ => None,
        }
    }

    /// Whether a low value is good.
    pub fn is_loss(&self) -> bool {
        matches!(self.how, How::Scored(..) | How::Numbers(_) | How::Root)
    }

    /// Whether it is of one class of two.
    pub fn needs_positive(&self) -> bool {
        self.is_of_score() || matches!(self.how, How::Class(_))
    }

    /// Whether it can be measured of a record.
    pub fn takes(&self, pair: &Pair) -> bool {
        if self.is_of_score() { pair.score.is_some() } else { pair.prediction.is_some() }
    }

    /// What chance is judged by.
    pub fn test(&self, beside: Beside, margin: f64) -> &'static str {
        match (self.how, beside) {
            (How::Accuracy, Beside::Same(_)) if margin == 0.0 => "McNemar's exact test, Tango's interval",
            (How::Accuracy, Beside::Same(_)) => "Tango's score test",
            (How::Accuracy, _) => "Newcombe's interval",
            (How::Area, Beside::Same(_)) => "DeLong's paired test",
            (How::Area, _) => "DeLong's variances",
            (How::Scored(..) | How::Numbers(_), Beside::Same(_)) => "paired t-test",
            (How::Scored(..) | How::Numbers(_), _) => "Welch's t-test",
            (How::Root | How::Determination, _) => "delta method",
            (How::Matrix(_) | How::Class(_), _) => "infinitesimal jackknife",
        }
    }

    /// The difference between both models; why there is none.
    pub fn compare(&self, own: &[&Pair], beside: Beside, positive: Option<&Label>) -> Result<Difference, String> {
        if matches!(self.how, How::Accuracy) {
            return share(own, beside);
        }
        let candidate = self.measured(own, positive, "candidate")?;
        Ok(match beside {
            Beside::Same(other) => candidate.paired(&self.measured(other, positive, "baseline")?),
            Beside::Other(other) => candidate.unpaired(&self.measured(other, positive, "baseline")?),
            Beside::Number(known) => candidate.known(known.value, known.error.unwrap_or(0.0)),
        })
    }

    /// The loss of each record, of a mean.
    pub fn losses(&self, pairs: &[&Pair], positive: Option<&Label>) -> Result<Vec<f64>, String> {
        match self.how {
            How::Accuracy => Ok(pairs.iter().map(|it| f64::from(u8::from(!is_right(it)))).collect()),
            How::Scored(of, _) => {
                let scores = self.scores(pairs, positive)?;
                match scores.iter().find(|it| !(0.0..=1.0).contains(&it.0)) {
                    Some((bad, _)) => Err(format!("a score of {bad} is no probability")),
                    None => Ok(scores.into_iter().map(|(score, is)| of(score, is)).collect()),
                }
            }
            How::Numbers(of) => Ok(self.numbers(pairs)?.into_iter().map(|(y, p)| of(y, p)).collect()),
            _ => Err(format!("`{}` is no mean over records", self.name)),
        }
    }

    fn measured(&self, pairs: &[&Pair], positive: Option<&Label>, who: &str) -> Result<Measured, String> {
        let (found, why) = match self.how {
            How::Accuracy | How::Numbers(_) | How::Scored(..) => {
                let losses = self.losses(pairs, positive)?;
                let found = match self.bound() {
                    Some(bound) => Measured::bounded_loss(&losses, bound),
                    None => Measured::loss(&losses),
                };
                (found, "there are fewer than two records")
            }
            How::Matrix(of) => (Measured::matrix(&classes(pairs), of), "it is undefined"),
            How::Class(what) => {
                let positive = positive.ok_or_else(more_classes)?;
                let of = |it: &Confusion| {
                    let at = it.labels().iter().position(|it| it == positive)?;
                    it.classes().get(at)?.measure(what)
                };
                (Measured::matrix(&classes(pairs), of), "no record is of the class, or none was predicted to be")
            }
            How::Area => {
                (Measured::area(&self.scores(pairs, positive)?), "there are fewer than two records of a class")
            }
            How::Root => {
                let squares: Vec<f64> = self.numbers(pairs)?.into_iter().map(|(y, p)| (p - y).powi(2)).collect();
                (Measured::root_mean(&squares), "there are fewer than two records, or all are right")
            }
            How::Determination => (Measured::r2(&self.numbers(pairs)?), "the truth does not vary"),
        };
        let found = found.filter(|it| it.value.is_finite() && it.error().is_finite());
        found.ok_or_else(|| format!("`{}` of the {who} has no value or no error: {why}", self.name))
    }

    fn scores(&self, pairs: &[&Pair], positive: Option<&Label>) -> Result<Vec<(f64, bool)>, String> {
        let positive = positive.ok_or_else(more_classes)?;
        let one = |it: &&Pair| match it.score {
            Some(Score::One(score)) => Ok((score, it.truth == *positive)),
            _ => Err(format!("`{}` wants one score a record, the probability of `{positive}`", self.name)),
        };
        pairs.iter().map(one).collect()
    }

    fn numbers(&self, pairs: &[&Pair]) -> Result<Vec<(f64, f64)>, String> {
        let number = |it: &Label| match it {
            Label::Number(it) if it.is_finite() => Ok(*it),
            it => Err(format!("`{}` compares numbers, and there is `{it}`", self.name)),
        };
        let one = |it: &&Pair| Ok((number(&it.truth)?, number(it.prediction.as_ref().unwrap_or(&it.truth))?));
        pairs.iter().map(one).collect()
    }
}

fn more_classes() -> String {
    "there are more than two classes: say with `--positive` which one it is about".to_owned()
}

fn is_right(pair: &Pair) -> bool {
    pair.prediction.as_ref() == Some(&pair.truth)
}

fn classes(pairs: &[&Pair]) -> Vec<(Label, Label)> {
    pairs.iter().filter_map(|it| Some((it.truth.clone(), it.prediction.clone()?))).collect()
}

fn share(own: &[&Pair], beside: Beside) -> Result<Difference, String> {
    let right = |pairs: &[&Pair]| pairs.iter().filter(|it| is_right(it)).count() as f64;
    let n = own.len() as f64;
    let candidate = right(own) / n;
    let (baseline, law) = match beside {
        Beside::Same(other) => {
            let only =
                |a: &[&Pair], b: &[&Pair]| a.iter().zip(b).filter(|(a, b)| is_right(a) && !is_right(b)).count() as f64;
            let law = Matched { candidate_only: only(own, other), baseline_only: only(other, own), n };
            (right(other) / n, Law::Matched(law))
        }
        Beside::Other(other) => {
            let m = other.len() as f64;
            let baseline = right(other) / m;
            (baseline, Law::Unmatched(Unmatched { candidate: (candidate, n), baseline: (baseline, m) }))
        }
        Beside::Number(known) => {
            if !(0.0..=1.0).contains(&known.value) {
                return Err(format!("the baseline's accuracy is {}, and must be between 0 and 1", known.value));
            }
            // Without a number of records, as many as have the error that was told.
            let told = || known.error.map(|it| known.value * (1.0 - known.value) / it / it).filter(|it| *it > 0.0);
            let m = known.n.or_else(told).unwrap_or(f64::INFINITY);
            let law = Unmatched { candidate: (candidate, n), baseline: (known.value, m) };
            (known.value, Law::Unmatched(law))
        }
    };
    if own.is_empty() || !baseline.is_finite() {
        return Err("there are no records".to_owned());
    }
    let gain = match law {
        Law::Matched(it) => it.gain(),
        _ => candidate - baseline,
    };
    Ok(Difference { candidate, baseline, gain, law })
}
