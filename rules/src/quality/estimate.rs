//! Quality without labels, from probabilities that are calibrated: confidence-based performance estimation, CBPE, as
//! `NannyML` has it.
//!
//! It holds as long as the probabilities are right, for the records at hand too. It cannot see that the meaning of the
//! features changed (concept drift): then the probabilities are wrong, and so is what follows from them.

use super::confusion::{Class, Measure};
use super::scores::Scores;

/// What is expected of the records of a binary classifier.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// The expected counts.
    pub class: Class,
    /// The expected area under the ROC curve.
    pub roc_auc: Option<f64>,
    /// The expected average precision.
    pub average_precision: Option<f64>,
}

/// What a record is known by: the class that was predicted (1 or 0), its calibrated probability of being 1, and the
/// score that ranks it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Whether 1 was predicted.
    pub predicted: bool,
    /// The calibrated probability of 1.
    pub probability: f64,
    /// The score.
    pub score: f64,
}

impl Estimate {
    /// Of records; `None` of none.
    pub fn of(records: &[Judged]) -> Option<Self> {
        records.first()?;
        let mut class = Class::default();
        for Judged { predicted, probability: p, .. } in records {
            if *predicted {
                class.tp += p;
                class.fp += 1.0 - p;
            } else {
                class.r#fn += p;
                class.tn += 1.0 - p;
            }
        }
        let scores = Scores::weighted(records.iter().map(|it| (it.score, it.probability, 1.0 - it.probability)));
        Some(Estimate { class, roc_auc: scores.roc_auc(), average_precision: scores.average_precision() })
    }

    /// The expected accuracy.
    pub fn accuracy(&self) -> Option<f64> {
        self.class.accuracy()
    }

    /// The expected precision, recall or F1.
    pub fn measure(&self, what: Measure) -> Option<f64> {
        self.class.measure(what)
    }

    /// The expected share of those that are 0 and were predicted to be.
    pub fn specificity(&self) -> Option<f64> {
        self.class.false_positive_rate().map(|it| 1.0 - it)
    }

    /// The standard deviation of the accuracy that is to be expected of so many records whose probabilities are right:
    /// the sum of the variances of independent draws.
    pub fn accuracy_deviation(records: &[Judged]) -> Option<f64> {
        records.first()?;
        let variance: f64 = records.iter().map(|it| it.probability * (1.0 - it.probability)).sum();
        Some(variance.sqrt() / records.len() as f64)
    }
}
