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
    /// The same of the scores that predictions had, against the share of predictions that are right.
    ConfidenceEce,
    /// The share of records whose true class is among the `k` best scores.
    TopKAccuracy,
    /// The area under the ROC curve of each class against all others.
    RocAucOvr(Average),
    /// The average precision of each class against all others.
    AveragePrecisionOvr(Average),
    /// The mean negative logarithm of the probability that the true class had, of several.
    LogLossMulticlass,
    /// The mean squared distance of the probabilities of all classes from what was true.
    BrierMulticlass,
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
    /// The mean quantile loss, also called pinball loss.
    QuantileLoss,
    /// The mean of a number that is sent with the label.
    OutcomeMean,
    /// Its sum.
    OutcomeSum,
    /// The share of records of which the outcome is of the class.
    OutcomeRate,
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
    /// True and predicted classes, and the score of the predicted one.
    Confidences,
    /// True classes, and a list or an object of scores.
    Rankings {
        /// Whether the scores of each class are looked at by themselves.
        by_class: bool,
    },
    /// True and predicted numbers.
    Numbers,
    /// Outcomes that are numbers.
    Outcomes,
    /// Outcomes that are classes.
    OutcomeClasses,
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
    ("confidence_ece", Metric::ConfidenceEce),
    ("top_k_accuracy", Metric::TopKAccuracy),
    ("roc_auc_ovr_macro", Metric::RocAucOvr(Average::Macro)),
    ("roc_auc_ovr_micro", Metric::RocAucOvr(Average::Micro)),
    ("roc_auc_ovr_weighted", Metric::RocAucOvr(Average::Weighted)),
    ("average_precision_macro", Metric::AveragePrecisionOvr(Average::Macro)),
    ("average_precision_micro", Metric::AveragePrecisionOvr(Average::Micro)),
    ("average_precision_weighted", Metric::AveragePrecisionOvr(Average::Weighted)),
    ("log_loss_multiclass", Metric::LogLossMulticlass),
    ("brier_multiclass", Metric::BrierMulticlass),
    ("mae", Metric::Mae),
    ("mse", Metric::Mse),
    ("rmse", Metric::Rmse),
    ("mape", Metric::Mape),
    ("bias", Metric::Bias),
    ("r2", Metric::R2),
    ("quantile_loss", Metric::QuantileLoss),
    ("outcome_mean", Metric::OutcomeMean),
    ("outcome_sum", Metric::OutcomeSum),
    ("outcome_rate", Metric::OutcomeRate),
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
            Metric::ConfidenceEce => Needs::Confidences,
            Metric::TopKAccuracy | Metric::LogLossMulticlass | Metric::BrierMulticlass => {
                Needs::Rankings { by_class: false }
            }
            Metric::RocAucOvr(_) | Metric::AveragePrecisionOvr(_) => Needs::Rankings { by_class: true },
            Metric::Mae
            | Metric::Mse
            | Metric::Rmse
            | Metric::Mape
            | Metric::Bias
            | Metric::R2
            | Metric::QuantileLoss => Needs::Numbers,
            Metric::OutcomeMean | Metric::OutcomeSum => Needs::Outcomes,
            Metric::OutcomeRate => Needs::OutcomeClasses,
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
            Needs::Scores | Needs::OutcomeClasses => true,
            Needs::Confidences | Needs::Rankings { .. } | Needs::Numbers | Needs::Outcomes => false,
            Needs::Groups { .. } => !matches!(self, Metric::AccuracyDifference),
        }
    }

    /// The least and the greatest value that it can have.
    pub const fn range(self) -> (f64, f64) {
        match self {
            Metric::Mcc | Metric::CohenKappa => (-1.0, 1.0),
            Metric::Bias | Metric::OutcomeMean | Metric::OutcomeSum => (f64::NEG_INFINITY, f64::INFINITY),
            Metric::R2 => (f64::NEG_INFINITY, 1.0),
            Metric::LogLoss
            | Metric::LogLossMulticlass
            | Metric::Mae
            | Metric::Mse
            | Metric::Rmse
            | Metric::Mape
            | Metric::QuantileLoss => (0.0, f64::INFINITY),
            Metric::BrierMulticlass => (0.0, 2.0),
            _ => (0.0, 1.0),
        }
    }

    /// Whether a low value is the better one; `None` where neither is: a bias is best at 0, and a sum grows with the
    /// records.
    pub const fn is_loss(self) -> Option<bool> {
        match self {
            Metric::Bias | Metric::OutcomeSum => None,
            Metric::LogLoss
            | Metric::LogLossMulticlass
            | Metric::Brier
            | Metric::BrierMulticlass
            | Metric::Ece
            | Metric::ConfidenceEce
            | Metric::Mae
            | Metric::Mse
            | Metric::Rmse
            | Metric::Mape
            | Metric::QuantileLoss
            | Metric::DemographicParityDifference
            | Metric::EqualOpportunityDifference
            | Metric::EqualizedOddsDifference
            | Metric::AccuracyDifference => Some(true),
            _ => Some(false),
        }
    }
}
