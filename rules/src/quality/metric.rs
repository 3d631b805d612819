//! The metrics that a suite can bound, by the names that scikit-learn and fairlearn have for them.

use super::confusion::{Average, Measure};

/// One number that says how right predictions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// The share of records whose class was predicted.
    Accuracy,
    /// The mean recall over classes.
    BalancedAccuracy,
    /// Matthews' correlation coefficient.
    Mcc,
    /// Cohen's kappa.
    CohenKappa,
    /// Of one class against all others.
    OfClass(Measure),
    /// Over all classes.
    OfAll(Measure, Average),
    /// The area under the ROC curve.
    RocAuc,
    /// The mean precision over recall.
    AveragePrecision,
    /// The mean negative logarithm of the probability of what was true.
    LogLoss,
    /// The mean squared distance of the probability from what was true.
    Brier,
    /// The expected calibration error.
    Ece,
    /// The mean absolute error.
    Mae,
    /// The mean squared error.
    Mse,
    /// Its root.
    Rmse,
    /// The mean absolute error relative to the truth.
    Mape,
    /// The mean error, prediction less truth.
    Bias,
    /// The coefficient of determination.
    R2,
    /// The gap between the selection rates of groups.
    DemographicParityDifference,
    /// Their ratio: disparate impact.
    DemographicParityRatio,
    /// The gap between true positive rates.
    EqualOpportunityDifference,
    /// The worse of the gaps between true and between false positive rates.
    EqualizedOddsDifference,
    /// The worse of their ratios.
    EqualizedOddsRatio,
    /// The gap between accuracies.
    AccuracyDifference,
}

/// What a metric is measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// True and predicted classes.
    Classes,
    /// True classes and scores.
    Scores,
    /// True and predicted numbers.
    Numbers,
    /// Predicted classes and groups; true classes too, unless only predictions are compared.
    Groups {
        /// Whether true classes are needed.
        truth: bool,
    },
}

/// All metrics by name, as a suite writes them.
pub const METRICS: &[(&str, Metric)] = &[
    ("accuracy", Metric::Accuracy),
    ("balanced_accuracy", Metric::BalancedAccuracy),
    ("mcc", Metric::Mcc),
    ("cohen_kappa", Metric::CohenKappa),
    ("precision", Metric::OfClass(Measure::Precision)),
    ("precision_macro", Metric::OfAll(Measure::Precision, Average::Macro)),
    ("precision_micro", Metric::OfAll(Measure::Precision, Average::Micro)),
    ("precision_weighted", Metric::OfAll(Measure::Precision, Average::Weighted)),
    ("recall", Metric::OfClass(Measure::Recall)),
    ("recall_macro", Metric::OfAll(Measure::Recall, Average::Macro)),
    ("recall_micro", Metric::OfAll(Measure::Recall, Average::Micro)),
    ("recall_weighted", Metric::OfAll(Measure::Recall, Average::Weighted)),
    ("f1", Metric::OfClass(Measure::F1)),
    ("f1_macro", Metric::OfAll(Measure::F1, Average::Macro)),
    ("f1_micro", Metric::OfAll(Measure::F1, Average::Micro)),
    ("f1_weighted", Metric::OfAll(Measure::F1, Average::Weighted)),
    ("roc_auc", Metric::RocAuc),
    ("average_precision", Metric::AveragePrecision),
    ("log_loss", Metric::LogLoss),
    ("brier", Metric::Brier),
    ("ece", Metric::Ece),
    ("mae", Metric::Mae),
    ("mse", Metric::Mse),
    ("rmse", Metric::Rmse),
    ("mape", Metric::Mape),
    ("bias", Metric::Bias),
    ("r2", Metric::R2),
    ("demographic_parity_difference", Metric::DemographicParityDifference),
    ("demographic_parity_ratio", Metric::DemographicParityRatio),
    ("equal_opportunity_difference", Metric::EqualOpportunityDifference),
    ("equalized_odds_difference", Metric::EqualizedOddsDifference),
    ("equalized_odds_ratio", Metric::EqualizedOddsRatio),
    ("accuracy_difference", Metric::AccuracyDifference),
];

/// Their names alone.
pub const NAMES: &[&str] = &{
    let mut names = [""; METRICS.len()];
    let mut i = 0;
    while i < METRICS.len() {
        names[i] = METRICS[i].0;
        i += 1;
    }
    names
};

impl Metric {
    /// The one of that name, with the name as it lives for ever.
    pub fn find(name: &str) -> Option<(&'static str, Self)> {
        METRICS.iter().find(|it| it.0 == name).copied()
    }

    /// What it is measured on.
    pub const fn needs(self) -> Needs {
        match self {
            Metric::Accuracy
            | Metric::BalancedAccuracy
            | Metric::Mcc
            | Metric::CohenKappa
            | Metric::OfClass(_)
            | Metric::OfAll(..) => Needs::Classes,
            Metric::RocAuc | Metric::AveragePrecision | Metric::LogLoss | Metric::Brier | Metric::Ece => Needs::Scores,
            Metric::Mae | Metric::Mse | Metric::Rmse | Metric::Mape | Metric::Bias | Metric::R2 => Needs::Numbers,
            Metric::DemographicParityDifference | Metric::DemographicParityRatio => Needs::Groups { truth: false },
            Metric::EqualOpportunityDifference
            | Metric::EqualizedOddsDifference
            | Metric::EqualizedOddsRatio
            | Metric::AccuracyDifference => Needs::Groups { truth: true },
        }
    }

    /// Whether it is about one class, which a suite may name.
    pub const fn is_of_class(self) -> bool {
        match self.needs() {
            Needs::Classes => matches!(self, Metric::OfClass(_)),
            Needs::Scores => true,
            Needs::Numbers => false,
            Needs::Groups { .. } => !matches!(self, Metric::AccuracyDifference),
        }
    }

    /// The least and the greatest value that it can have.
    pub const fn range(self) -> (f64, f64) {
        match self {
            Metric::Mcc | Metric::CohenKappa => (-1.0, 1.0),
            Metric::Bias => (f64::NEG_INFINITY, f64::INFINITY),
            Metric::R2 => (f64::NEG_INFINITY, 1.0),
            Metric::LogLoss | Metric::Mae | Metric::Mse | Metric::Rmse | Metric::Mape => (0.0, f64::INFINITY),
            _ => (0.0, 1.0),
        }
    }
}
