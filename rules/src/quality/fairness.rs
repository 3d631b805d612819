//! How a decision treats groups of people. Definitions are fairlearn's 0.15: a difference is the largest value of any
//! group less the smallest, a ratio the smallest over the largest.

use super::confusion::{Class, Measure, ratio};
use super::label::Label;

/// The records of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its name.
    pub name: Label,
    /// How its records fared, of the class that is the good outcome.
    pub class: Class,
}

/// How unlike groups are treated; `None` where it is undefined, since some group has no such record.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fairness {
    /// The gap between selection rates.
    pub demographic_parity_difference: Option<f64>,
    /// The ratio of selection rates: disparate impact.
    pub demographic_parity_ratio: Option<f64>,
    /// The worse of the gaps between true and between false positive rates.
    pub equalized_odds_difference: Option<f64>,
    /// The worse of their ratios.
    pub equalized_odds_ratio: Option<f64>,
    /// The gap between true positive rates.
    pub equal_opportunity_difference: Option<f64>,
    /// The gap between accuracies.
    pub accuracy_difference: Option<f64>,
}

impl Group {
    /// Its records.
    pub fn n(&self) -> f64 {
        let Class { tp, fp, r#fn, tn } = self.class;
        tp + fp + r#fn + tn
    }
}

impl Fairness {
    /// Of groups; `None` of fewer than one. `undefined` stands for the rate of a group that has no record which it is of:
    /// 0 is what fairlearn takes, and makes a group without positives look as if all of its positives were missed.
    pub fn of(groups: &[Group], undefined: Option<f64>) -> Option<Self> {
        groups.first()?;
        let all = |of: &dyn Fn(&Class) -> Option<f64>| -> Option<(f64, f64)> {
            let rates: Option<Vec<f64>> = groups.iter().map(|it| of(&it.class).or(undefined)).collect();
            let rates = rates?;
            let low = rates.iter().copied().fold(f64::INFINITY, f64::min);
            let high = rates.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            Some((low, high))
        };
        let difference = |it: Option<(f64, f64)>| it.map(|(low, high)| high - low);
        // Where no group has any, none is treated otherwise.
        let quotient = |it: Option<(f64, f64)>| it.map(|(low, high)| ratio(low, high).unwrap_or(1.0));
        let selection = all(&Class::selection_rate);
        let tpr = all(&|it| it.measure(Measure::Recall));
        let fpr = all(&Class::false_positive_rate);
        let both = |a: Option<f64>, b: Option<f64>, f: fn(f64, f64) -> f64| Some(f(a?, b?));
        Some(Fairness {
            demographic_parity_difference: difference(selection),
            demographic_parity_ratio: quotient(selection),
            equalized_odds_difference: both(difference(tpr), difference(fpr), f64::max),
            equalized_odds_ratio: both(quotient(tpr), quotient(fpr), f64::min),
            equal_opportunity_difference: difference(tpr),
            accuracy_difference: difference(all(&Class::accuracy)),
        })
    }

    /// Whether disparate impact is below four fifths, the rule of the US EEOC (1978).
    pub fn violates_four_fifths(&self) -> Option<bool> {
        self.demographic_parity_ratio.map(|it| it < 0.8)
    }
}
