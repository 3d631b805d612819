//! What is told beside a figure: groups, classes, and tables of reliability.

use crate::expectation::aggregate::count;
use crate::quality::fairness::Group;
use crate::quality::figure::Spread;
use crate::quality::{Confusion, Label, Measure, Metric, Scores};
use crate::value::Value;

/// Of at most so many classes the matrix is told, and of so many groups the rates.
pub(super) const SHOWN_CLASSES: usize = 20;

fn number(it: Option<f64>) -> Value<'static> {
    it.map_or(Value::Null, Value::Num)
}

/// Each class with its precision, recall, F1 and records; of many the worst, by what the metric measures, first.
pub(super) fn per_class(confusion: &Confusion, metric: Metric) -> Value<'static> {
    let by = if let Metric::OfAll(what, _) = metric { what } else { Measure::Recall };
    let mut all: Vec<_> = confusion.labels().iter().zip(confusion.classes()).collect();
    if all.len() > SHOWN_CLASSES {
        let rank = |of: Option<f64>| of.unwrap_or(f64::INFINITY);
        all.sort_by(|a, b| rank(a.1.measure(by)).total_cmp(&rank(b.1.measure(by))));
        all.truncate(SHOWN_CLASSES);
    }
    let one = |(label, class): (&Label, crate::quality::Class)| {
        Value::Map(vec![
            ("class".into(), label.to_value()),
            ("precision".into(), number(class.measure(Measure::Precision))),
            ("recall".into(), number(class.measure(Measure::Recall))),
            ("f1".into(), number(class.measure(Measure::F1))),
            ("support".into(), count((class.tp + class.r#fn) as u64)),
        ])
    };
    Value::List(all.into_iter().map(one).collect())
}

/// A group with its records and the rates that the metric compares.
pub(super) fn shown(it: &Group, metric: Metric) -> Value<'static> {
    let class = &it.class;
    let (tpr, fpr) = (("tpr", class.measure(Measure::Recall)), ("fpr", class.false_positive_rate()));
    let rates = match metric {
        Metric::DemographicParityDifference | Metric::DemographicParityRatio => {
            vec![("selection_rate", class.selection_rate())]
        }
        Metric::EqualOpportunityDifference => vec![tpr],
        Metric::EqualizedOddsDifference | Metric::EqualizedOddsRatio => vec![tpr, fpr],
        _ => vec![("accuracy", class.accuracy())],
    };
    let rates = rates.into_iter().map(|(name, rate)| (name.into(), rate.map_or(Value::Null, Value::Num)));
    let mut all = vec![("group".into(), it.name.to_value()), ("n".into(), count(it.n() as u64))];
    all.extend(rates);
    Value::Map(all)
}

/// The reliability table.
pub(super) fn bins(scores: &Scores, bins: usize) -> Value<'static> {
    let table = scores.calibration(bins).unwrap_or_default();
    let bin = |it: &crate::quality::scores::Bin| {
        Value::Map(vec![
            ("n".into(), count(it.n as u64)),
            ("mean_predicted".into(), number(it.mean_predicted)),
            ("fraction_positive".into(), number(it.fraction_positive)),
        ])
    };
    Value::List(table.bins.iter().map(bin).collect())
}

/// How many predictions are right, by how sure the model was of them; buckets without records are left out.
pub(super) fn by_confidence(scores: &Scores, bins: usize, z: f64) -> Value<'static> {
    let table = scores.calibration(bins).unwrap_or_default();
    let bucket = |(i, it): (usize, &crate::quality::scores::Bin)| {
        let edge = |i: usize| Value::Num(i as f64 / bins as f64);
        let interval = it.fraction_positive.and_then(|share| Spread::Share(it.n).interval(share, z));
        let interval = interval.map_or(Value::Null, |(low, high)| Value::List(vec![Value::Num(low), Value::Num(high)]));
        Value::Map(vec![
            ("above".into(), edge(i)),
            ("up_to".into(), edge(i + 1)),
            ("n".into(), count(it.n as u64)),
            ("mean_confidence".into(), number(it.mean_predicted)),
            ("accuracy".into(), number(it.fraction_positive)),
            ("interval".into(), interval),
        ])
    };
    Value::List(table.bins.iter().enumerate().filter(|it| it.1.n > 0.0).map(bucket).collect())
}
