//! A metric as it was measured: its value, its interval, or why it is undefined.

use super::confusion::{Average, Class, Confusion, Measure, ratio};
use super::fairness::Group;
use super::interval::{Interval, jackknife, normal, wilson};
use super::label::Label;
use super::metric::Metric;
use super::scores::Scores;
use crate::sketch::{Errors, Mean, Moments, Ranked};

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// The estimate.
    pub value: f64,
    /// Its confidence interval; `None` of too few records.
    pub interval: Option<Interval>,
    /// How chance moves it; `None` where that is not known.
    pub spread: Option<Spread>,
}

/// How chance moves a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spread {
    /// It is a share of so many records; of infinitely many, it is known.
    Share(f64),
    /// It has a standard error.
    Error {
        /// The standard error.
        error: f64,
        /// Degrees of freedom; infinite where the normal law is the approximation.
        df: f64,
    },
}

impl Spread {
    /// Of a standard error, if it is a number.
    pub fn error(error: f64) -> Option<Self> {
        Self::of_mean(error, f64::INFINITY)
    }

    /// Of the mean of `n` numbers.
    pub(super) fn of_mean(error: f64, n: f64) -> Option<Self> {
        error.is_finite().then_some(Spread::Error { error, df: n - 1.0 })
    }

    fn share(n: f64) -> Option<Self> {
        (n > 0.0).then_some(Spread::Share(n))
    }

    /// The standard error of a figure of this value.
    pub fn of(self, value: f64) -> f64 {
        match self {
            Spread::Share(n) => (value * (1.0 - value) / n).max(0.0).sqrt(),
            Spread::Error { error, .. } => error,
        }
    }

    /// The confidence interval of a figure of this value, for `z` standard errors: Wilson's of shares, else the normal one.
    pub fn interval(self, value: f64, z: f64) -> Option<Interval> {
        match self {
            Spread::Share(n) => wilson(value, n, z),
            Spread::Error { error, .. } => normal(value, error, z),
        }
    }
}

/// A figure, or why there is none.
pub type Measured = Result<Figure, String>;

const ONE_CLASS: &str = "all records are of one class";
const NOTHING: &str = "there is no record";

fn figure(metric: Metric, value: Option<f64>, spread: Option<Spread>, z: f64, why: impl Into<String>) -> Measured {
    let value = value.filter(|it| it.is_finite()).ok_or_else(|| why.into())?;
    Ok(Figure { value, interval: None, spread }.with(metric, spread.and_then(|it| it.interval(value, z))))
}

impl Figure {
    /// With another interval, within what the metric can be.
    fn with(self, metric: Metric, interval: Option<Interval>) -> Self {
        let (least, most) = metric.range();
        Figure { interval: interval.map(|(low, high)| (low.max(least), high.min(most))), ..self }
    }
}

/// Of counts of classes, for `z` standard errors. `class` is the one that the metric is about, where it is about one.
pub fn of_classes(metric: Metric, it: &Confusion, class: Option<&Label>, z: f64) -> Measured {
    let near = |of: &dyn Fn(&Confusion) -> Option<f64>| jackknife(it, of).and_then(Spread::error);
    let agreeing = "all records are of one class, or predicted to be";
    match metric {
        Metric::BalancedAccuracy => {
            figure(metric, it.balanced_accuracy(), near(&Confusion::balanced_accuracy), z, NOTHING)
        }
        Metric::Mcc => figure(metric, it.mcc(), near(&Confusion::mcc), z, agreeing),
        Metric::CohenKappa => figure(metric, it.cohen_kappa(), near(&Confusion::cohen_kappa), z, agreeing),
        Metric::OfAll(what, average) if average != Average::Micro => {
            let of = move |it: &Confusion| it.measure(what, average);
            figure(metric, of(it), near(&of), z, "no record is of any class")
        }
        Metric::OfClass(what) => {
            let name = class.map(ToString::to_string).unwrap_or_default();
            let of = |it: &Confusion| one(it, class).measure(what);
            let own = one(it, class);
            let (spread, why) = match what {
                Measure::Precision => {
                    (Spread::share(own.tp + own.fp), format!("no record was predicted to be `{name}`"))
                }
                Measure::Recall => (Spread::share(own.tp + own.r#fn), format!("no record is `{name}`")),
                Measure::F1 => (near(&of), format!("no record is `{name}`, or was predicted to be")),
            };
            figure(metric, of(it), spread, z, why)
        }
        _ => figure(metric, it.accuracy(), Spread::share(it.n()), z, NOTHING),
    }
}

/// A class against all others.
pub fn one(it: &Confusion, class: Option<&Label>) -> Class {
    let at = it.labels().iter().position(|it| Some(it) == class);
    at.and_then(|at| it.classes().get(at).copied()).unwrap_or_default()
}

/// Of scores with whether records are of the class; `bins` are those of the calibration error.
pub fn of_scores(metric: Metric, it: &Scores, bins: usize, z: f64) -> Measured {
    let of_mean = |error: Option<f64>| error.and_then(|error| Spread::of_mean(error, it.n()));
    let losses = it.loss_errors();
    match metric {
        Metric::RocAuc => {
            let error = it.roc_auc_variance().map(f64::sqrt);
            figure(metric, it.roc_auc(), error.and_then(Spread::error), z, ONE_CLASS)
        }
        Metric::AveragePrecision => {
            let (value, n) = (it.average_precision(), it.sizes().0);
            let found =
                figure(metric, value, value.and_then(|it| of_precision(it, n)), z, "no record is of the class")?;
            Ok(found.with(metric, logit(found.value, n, z)))
        }
        Metric::LogLoss => figure(metric, it.log_loss(), of_mean(losses.map(|it| it.0)), z, NOTHING),
        Metric::Brier => figure(metric, it.brier(), of_mean(losses.map(|it| it.1)), z, NOTHING),
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
            figure(metric, value, error.and_then(Spread::error), z, NOTHING)
        }
    }
}

/// The spread of an average precision over `n` positive records, as if it were a share of them (Boyd et al. 2013).
fn of_precision(share: f64, n: f64) -> Option<Spread> {
    if n > 0.0 { Spread::error((share * (1.0 - share) / n).max(0.0).sqrt()) } else { None }
}

/// Of the scores of several classes, each against all others, with the names of the classes and their records.
///
/// The averages over classes have the interval that they would have if the figures of all classes went up and down
/// together, which is no narrower than the true one (the standard error of a sum is at most the sum of the standard
/// errors). That of `micro` is not known: a record's scores are not independent of each other.
pub fn of_one_against_others(metric: Metric, classes: &[(String, Scores)], z: f64) -> Measured {
    let (Metric::RocAucOvr(average) | Metric::AveragePrecisionOvr(average)) = metric else {
        return Err(NOTHING.to_owned());
    };
    let one = match metric {
        Metric::RocAucOvr(_) => Metric::RocAuc,
        _ => Metric::AveragePrecision,
    };
    if average == Average::Micro {
        let all = Scores::weighted(classes.iter().flat_map(|it| it.1.steps().iter().copied()));
        let found = of_scores(one, &all, 1, z)?;
        return Ok(Figure { interval: None, spread: None, ..found });
    }
    let all: f64 = classes.iter().map(|it| it.1.sizes().0).sum();
    let (mut value, mut error) = (0.0, Some(0.0));
    for (name, scores) in classes {
        let n = scores.sizes().0;
        let found = of_scores(one, scores, 1, z).map_err(|why| format!("of the class `{name}`: {why}"))?;
        let weight = if average == Average::Weighted { n / all } else { 1.0 / classes.len() as f64 };
        value += weight * found.value;
        error = error.zip(found.spread).map(|(sum, it)| sum + weight * it.of(found.value));
    }
    let is_any = !classes.is_empty() && all > 0.0;
    figure(metric, Some(value).filter(|_| is_any), error.and_then(Spread::error), z, NOTHING)
}

/// Of the places of the true class, and the losses, of records with a score for each of several classes.
pub fn of_rankings(metric: Metric, it: &Ranked, k: u64, z: f64) -> Measured {
    let n = it.n as f64;
    let mean = |of: Option<Mean>| {
        let spread = of.and_then(|(_, error)| Spread::of_mean(error, n));
        figure(metric, of.map(|it| it.0), spread, z, NOTHING)
    };
    match metric {
        Metric::LogLossMulticlass => mean(it.log_loss()),
        Metric::BrierMulticlass => mean(it.brier()),
        _ => figure(metric, ratio(it.within(k) as f64, n), Spread::share(n), z, NOTHING),
    }
}

/// Of outcomes that are numbers. The sum is that of as many records.
pub fn of_outcomes(metric: Metric, it: &Moments, z: f64) -> Measured {
    let n = it.numbers.n as f64;
    let error = it.variance(1).map(|it| (it / n).sqrt());
    let mean = error.and_then(|it| Spread::of_mean(it, n));
    match metric {
        Metric::OutcomeSum => {
            let of_sum = error.and_then(|it| Spread::of_mean(it * n, n));
            figure(metric, Some(it.sum()).filter(|_| n > 0.0), of_sum, z, NOTHING)
        }
        _ => figure(metric, it.mean(), mean, z, NOTHING),
    }
}

/// Of so many records of which so many have the outcome.
pub fn of_share(metric: Metric, hits: f64, n: f64, z: f64) -> Measured {
    figure(metric, ratio(hits, n), Spread::share(n), z, NOTHING)
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

/// Of pairs of numbers; `quantile` is that of the quantile loss.
pub fn of_numbers(metric: Metric, it: &Errors, quantile: f64, z: f64) -> Measured {
    let mean = |of: Option<Mean>| {
        let spread = of.and_then(|(_, error)| Spread::of_mean(error, it.n as f64));
        figure(metric, of.map(|it| it.0), spread, z, NOTHING)
    };
    match metric {
        Metric::Mae => mean(it.mae()),
        Metric::Mse => mean(it.mse()),
        Metric::Rmse => {
            let squared = of_numbers(Metric::Mse, it, quantile, z)?;
            let value = squared.value.sqrt();
            // The delta method; of no error at all there is none.
            let error = squared.spread.map(|it| if value > 0.0 { it.of(squared.value) / (2.0 * value) } else { 0.0 });
            let interval = squared.interval.map(|(low, high)| (low.sqrt(), high.sqrt()));
            Ok(figure(metric, Some(value), error.and_then(Spread::error), z, "")?.with(metric, interval))
        }
        Metric::Mape => mean(it.mape()),
        Metric::QuantileLoss => mean(it.quantile_loss(quantile)),
        Metric::R2 => {
            let spread = it.r2().and_then(|it| Spread::error(it.1));
            figure(metric, it.r2().map(|it| it.0), spread, z, "the truth does not vary")
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
    let error = Spread::Share(high.1).of(p).hypot(Spread::Share(low.1).of(q));
    let interval = wilson(p, high.1, z).zip(wilson(q, low.1, z)).map(|((l, u), (ll, uu))| {
        let (down, up) = ((p - l).hypot(uu - q), (u - p).hypot(q - ll));
        (p - q - down, p - q + up)
    });
    Ok(figure(metric, Some(p - q), Spread::error(error), z, "")?.with(metric, interval))
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
    // The delta method.
    let error = (Spread::Share(low.1).of(p) / q).hypot(p * Spread::Share(high.1).of(q) / q / q);
    let found = figure(metric, ratio(p, q), Spread::error(error), z, none)?;
    Ok(found.with(metric, interval.filter(|(low, high)| low <= high)))
}
