//! A metric as it was measured: its value, its interval, or why it is undefined.

use super::confusion::{Average, Class, Confusion, Measure, ratio};
use super::fairness::Group;
use super::interval::{Interval, jackknife, normal, wilson};
use super::label::Label;
use super::metric::Metric;
use super::scores::Scores;
use crate::sketch::{Errors, Mean};

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// The estimate.
    pub value: f64,
    /// Its confidence interval; `None` of too few records.
    pub interval: Option<Interval>,
}

/// A figure, or why there is none.
pub type Measured = Result<Figure, String>;

const ONE_CLASS: &str = "all records are of one class";

fn figure(metric: Metric, value: Option<f64>, interval: Option<Interval>, why: impl Into<String>) -> Measured {
    let (least, most) = metric.range();
    let interval = interval.map(|(low, high)| (low.max(least), high.min(most)));
    value.filter(|it| it.is_finite()).map(|value| Figure { value, interval }).ok_or_else(|| why.into())
}

/// Of counts of classes, for `z` standard errors. `class` is the one that the metric is about, where it is about one.
pub fn of_classes(metric: Metric, it: &Confusion, class: Option<&Label>, z: f64) -> Measured {
    let near = |of: &dyn Fn(&Confusion) -> Option<f64>| normal(of(it)?, jackknife(it, of)?, z);
    let share = |share: Option<f64>, n: f64| share.and_then(|it| wilson(it, n, z));
    let agreeing = "all records are of one class, or predicted to be";
    match metric {
        Metric::BalancedAccuracy => {
            figure(metric, it.balanced_accuracy(), near(&Confusion::balanced_accuracy), "there is no record")
        }
        Metric::Mcc => figure(metric, it.mcc(), near(&Confusion::mcc), agreeing),
        Metric::CohenKappa => figure(metric, it.cohen_kappa(), near(&Confusion::cohen_kappa), agreeing),
        Metric::OfAll(what, average) if average != Average::Micro => {
            let of = move |it: &Confusion| it.measure(what, average);
            figure(metric, of(it), near(&of), "no record is of any class")
        }
        Metric::OfClass(what) => {
            let name = class.map(ToString::to_string).unwrap_or_default();
            let of = |it: &Confusion| one(it, class).measure(what);
            let own = one(it, class);
            let (interval, why) = match what {
                Measure::Precision => {
                    (share(of(it), own.tp + own.fp), format!("no record was predicted to be `{name}`"))
                }
                Measure::Recall => (share(of(it), own.tp + own.r#fn), format!("no record is `{name}`")),
                Measure::F1 => (near(&of), format!("no record is `{name}`, or was predicted to be")),
            };
            figure(metric, of(it), interval, why)
        }
        _ => figure(metric, it.accuracy(), share(it.accuracy(), it.n()), "there is no record"),
    }
}

/// A class against all others.
pub fn one(it: &Confusion, class: Option<&Label>) -> Class {
    let at = it.labels().iter().position(|it| Some(it) == class);
    at.and_then(|at| it.classes().get(at).copied()).unwrap_or_default()
}

/// Of scores with whether records are of the class; `bins` are those of the calibration error.
pub fn of_scores(metric: Metric, it: &Scores, bins: usize, z: f64) -> Measured {
    let about =
        |value: Option<f64>, error: Option<f64>| value.zip(error).and_then(|(value, error)| normal(value, error, z));
    let losses = it.loss_errors();
    match metric {
        Metric::RocAuc => {
            let error = it.roc_auc_variance().map(f64::sqrt);
            figure(metric, it.roc_auc(), about(it.roc_auc(), error), ONE_CLASS)
        }
        Metric::AveragePrecision => {
            let value = it.average_precision();
            let interval = value.and_then(|share| logit(share, it.sizes().0, z));
            figure(metric, value, interval, "no record is of the class")
        }
        Metric::LogLoss => {
            figure(metric, it.log_loss(), about(it.log_loss(), losses.map(|it| it.0)), "there is no record")
        }
        Metric::Brier => figure(metric, it.brier(), about(it.brier(), losses.map(|it| it.1)), "there is no record"),
        _ => {
            let table = it.calibration(bins);
            // The scores are taken as they are: what chance could change is which records were of the class.
            let variance = |it: &super::scores::Calibration, n: f64| -> f64 {
                let of =
                    |it: &super::scores::Bin| it.fraction_positive.map_or(0.0, |share| it.n * share * (1.0 - share));
                it.bins.iter().map(of).sum::<f64>() / n / n
            };
            let value = table.as_ref().map(|it| it.ece);
            let error = table.as_ref().map(|table| variance(table, it.n()).sqrt()).filter(|_| it.n() > 1.0);
            figure(metric, value, about(value, error), "there is no record")
        }
    }
}

/// The interval of an area under the curve of precision and recall over `n` positive records (Boyd et al. 2013), on the
/// logistic scale.
fn logit(share: f64, n: f64, z: f64) -> Option<Interval> {
    if n < 1.0 || share <= 0.0 {
        return None;
    }
    if share >= 1.0 {
        return wilson(1.0, n, z);
    }
    let (middle, error) = ((share / (1.0 - share)).ln(), (n * share * (1.0 - share)).sqrt().recip());
    let back = |it: f64| 1.0 / (1.0 + (-it).exp());
    Some((back(middle - z * error), back(middle + z * error)))
}

/// Of pairs of numbers.
pub fn of_numbers(metric: Metric, it: &Errors, z: f64) -> Measured {
    let mean = |of: Option<Mean>| {
        let interval = of.and_then(|(value, error)| normal(value, error, z));
        figure(metric, of.map(|it| it.0), interval, "there is no record")
    };
    match metric {
        Metric::Mae => mean(it.mae()),
        Metric::Mse => mean(it.mse()),
        Metric::Rmse => {
            let squared = of_numbers(Metric::Mse, it, z)?;
            let interval = squared.interval.map(|(low, high)| (low.sqrt(), high.sqrt()));
            figure(metric, Some(squared.value.sqrt()), interval, "")
        }
        Metric::Mape => mean(it.mape()),
        Metric::R2 => {
            let interval = it.r2().and_then(|(value, error)| normal(value, error, z));
            figure(metric, it.r2().map(|it| it.0), interval, "the truth does not vary")
        }
        _ => mean(it.bias()),
    }
}

/// Of groups, of which there are two at least. The interval is that of the two groups that are furthest apart, as if they
/// had been chosen before: of many groups the furthest are further apart by chance too.
pub fn of_groups(metric: Metric, groups: &[Group], z: f64) -> Measured {
    let rates = |what: &str, of: &dyn Fn(&Class) -> (f64, f64)| -> Result<Vec<(f64, f64)>, String> {
        let rate = |it: &Group| {
            let (hits, n) = of(&it.class);
            if n > 0.0 { Ok((hits, n)) } else { Err(format!("no record of the group `{}` {what}", it.name)) }
        };
        groups.iter().map(rate).collect()
    };
    let selected = || rates("is there", &|it| (it.tp + it.fp, it.tp + it.fp + it.r#fn + it.tn));
    let found = || rates("is of the class", &|it| (it.tp, it.tp + it.r#fn));
    let false_alarms = || rates("is of another class", &|it| (it.fp, it.fp + it.tn));
    let right = || rates("is there", &|it| (it.tp + it.tn, it.tp + it.fp + it.r#fn + it.tn));
    let gap = |it: Vec<(f64, f64)>| difference(metric, &it, z);
    let part = |it: Vec<(f64, f64)>| quotient(metric, &it, z);
    match metric {
        Metric::DemographicParityDifference => gap(selected()?),
        Metric::DemographicParityRatio => part(selected()?),
        Metric::EqualOpportunityDifference => gap(found()?),
        Metric::EqualizedOddsDifference => {
            let (a, b) = (gap(found()?)?, gap(false_alarms()?)?);
            Ok(if b.value > a.value { b } else { a })
        }
        Metric::EqualizedOddsRatio => {
            let (a, b) = (part(found()?)?, part(false_alarms()?)?);
            Ok(if b.value < a.value { b } else { a })
        }
        _ => gap(right()?),
    }
}

/// The lowest and the highest rate, each as hits and records.
fn ends(rates: &[(f64, f64)]) -> Option<[(f64, f64); 2]> {
    let by_rate = |a: &&(f64, f64), b: &&(f64, f64)| (a.0 / a.1).total_cmp(&(b.0 / b.1));
    Some([*rates.iter().min_by(by_rate)?, *rates.iter().max_by(by_rate)?])
}

/// With Newcombe's interval (1998, his tenth method).
fn difference(metric: Metric, rates: &[(f64, f64)], z: f64) -> Measured {
    let Some([low, high]) = ends(rates) else { return Err("there is no group".to_owned()) };
    let (p, q) = (high.0 / high.1, low.0 / low.1);
    let interval = wilson(p, high.1, z).zip(wilson(q, low.1, z)).map(|((l, u), (ll, uu))| {
        let (down, up) = ((p - l).hypot(uu - q), (u - p).hypot(q - ll));
        (p - q - down, p - q + up)
    });
    figure(metric, Some(p - q), interval, "")
}

/// With the interval of Donner and Zou (2012), from those of both rates.
fn quotient(metric: Metric, rates: &[(f64, f64)], z: f64) -> Measured {
    let Some([low, high]) = ends(rates) else { return Err("there is no group".to_owned()) };
    let (p, q) = (low.0 / low.1, high.0 / high.1);
    let interval = wilson(p, low.1, z).zip(wilson(q, high.1, z)).and_then(|((l, u), (ll, uu))| {
        let bound = |own: f64, other: f64, sign: f64| {
            let (own, other) = (own * (2.0 * p - own), other * (2.0 * q - other));
            ratio(p * q + sign * ((p * q).powi(2) - own * other).max(0.0).sqrt(), other)
        };
        Some((bound(l, uu, -1.0)?, bound(u, ll, 1.0)?))
    });
    let none = "no record of any group is among those whose rates are compared";
    figure(metric, ratio(p, q), interval.filter(|(low, high)| low <= high), none)
}
