//! From summaries to figures.

use std::collections::{BTreeMap, BTreeSet};

use super::{Nothing, Quality, Told};
use crate::binder::{Binder, Ignore};
use crate::expectation::aggregate::count;
use crate::kind::{Args, SketchId};
use crate::quality::confusion::Class;
use crate::quality::fairness::Group;
use crate::quality::figure::{self, Measured, one};
use crate::quality::metric::{Metric, Needs};
use crate::quality::{Confusion, Figure, Label, Scores};
use crate::sketch::{Counts, Errors, Scored, Spec, Truth};
use crate::value::Value;

/// The fields of a metric, in the order in which its summary takes them.
pub(super) struct Fields {
    truth: Option<String>,
    others: Vec<String>,
}

impl Fields {
    /// From the entry, or from the roles of the suite's `record:`; all that are missing are named at once.
    pub(super) fn find(args: &Args, binder: &Binder, metric: Metric, name: &str) -> Result<Self, String> {
        let needs = metric.needs();
        let groups = matches!(needs, Needs::Groups { .. });
        let wanted = [
            ("truth", Some("label"), needs != Needs::Groups { truth: false }),
            ("prediction", Some("prediction"), needs != Needs::Scores),
            ("score", Some("score"), needs == Needs::Scores),
            ("group", None, groups),
        ];
        let (mut found, mut problems) = (Vec::new(), Vec::new());
        for (param, role, is_wanted) in wanted {
            let given = args.text(param);
            match given.or_else(|| role.and_then(|it| binder.record.role(it))) {
                _ if !is_wanted && given.is_none() => {}
                _ if !is_wanted => problems.push(format!("`{name}` takes no `{param}`")),
                Some(field) => found.push((param, field.to_owned())),
                None => problems.push(match role {
                    Some(role) => format!("`{name}` needs `{param}: FIELD`, here or as `record: {{ {role}: FIELD }}`"),
                    None => format!("`{name}` needs `{param}: FIELD`"),
                }),
            }
        }
        if !problems.is_empty() {
            return Err(problems.join("; "));
        }
        let truth = found.iter().find(|it| it.0 == "truth").map(|it| it.1.clone());
        Ok(Fields { truth, others: found.into_iter().filter(|it| it.0 != "truth").map(|it| it.1).collect() })
    }

    /// Makes them the entry's own; gives how many records have a label.
    pub(super) fn own(&self, binder: &mut Binder) -> Result<Option<SketchId>, String> {
        let truth = self.truth.as_ref().map(|it| binder.own(it)).transpose()?;
        for field in &self.others {
            binder.own(field)?;
        }
        Ok(truth.map(|it| binder.sketch_of(vec![it], Spec::Presence)))
    }

    /// The summary of the entry's fields together. Classes are counted where all fields are there; the others say themselves what is not.
    pub(super) fn summary(binder: &mut Binder, spec: Spec) -> SketchId {
        let ignore = if matches!(spec, Spec::Counts { .. }) { Ignore::Any } else { Ignore::Never };
        binder.sketch_without(ignore, true, spec)
    }
}

/// A matrix of at most so many classes is told.
const SHOWN_CLASSES: usize = 20;

fn undefined(it: Measured) -> Result<Figure, Nothing> {
    it.map_err(Nothing::ToJudge)
}

/// Rows of classes with how often they occur.
fn rows<const N: usize>(counts: &Counts) -> Result<Vec<([Label; N], u64)>, Nothing> {
    if !counts.is_exact() {
        let why = "there are more combinations of classes than the window counts; is it a number, or an id?";
        return Err(Nothing::Sound(why.to_owned()));
    }
    let row = |cells: &[Value]| -> Option<[Label; N]> {
        let labels: Vec<Label> = cells.iter().map(Label::of).collect::<Option<_>>()?;
        labels.try_into().ok()
    };
    let rows = counts.kept().filter_map(|it| match &it.value {
        Value::List(cells) => Some((row(cells)?, it.count)),
        _ => None,
    });
    Ok(rows.collect())
}

impl Quality {
    /// The class that a metric is about, of those that occur.
    fn positive(&self, classes: &BTreeSet<Label>, told: &mut Told) -> Result<Label, Nothing> {
        let found = self.class.clone().or_else(|| Label::positive(classes));
        let found = found.ok_or_else(|| match classes.len() {
            0 | 1 => {
                Nothing::ToJudge("all records are of one class, and `class` does not say which is meant".to_owned())
            }
            n => Nothing::Sound(format!("there are {n} classes or more: say with `class` which one is meant")),
        })?;
        told.add("class", found.to_value());
        Ok(found)
    }

    pub(super) fn classes(&self, counts: &Counts, z: f64, told: &mut Told) -> Result<Figure, Nothing> {
        self.enough(counts.n, told)?;
        let pairs = rows(counts)?.into_iter().map(|([truth, predicted], n)| (truth, predicted, n));
        let confusion = Confusion::of(pairs);
        let mut class = None;
        if self.metric.is_of_class() {
            let positive = self.positive(&confusion.labels().iter().cloned().collect(), told)?;
            let Class { tp, fp, r#fn, tn } = one(&confusion, Some(&positive));
            for (name, n) in [("tp", tp), ("fp", fp), ("fn", r#fn), ("tn", tn)] {
                told.add(name, count(n as u64));
            }
            class = Some(positive);
        } else if confusion.labels().len() <= SHOWN_CLASSES {
            let labels = confusion.labels().iter().map(Label::to_value).collect();
            let row = |it: Vec<u64>| Value::List(it.into_iter().map(count).collect());
            let matrix = confusion.matrix().into_iter().map(row).collect();
            told.add("labels", Value::List(labels));
            told.add("confusion_matrix_rows_true", Value::List(matrix));
        }
        undefined(figure::of_classes(self.metric, &confusion, class.as_ref(), z))
    }

    pub(super) fn numbers(&self, it: &Errors, z: f64, told: &mut Told) -> Result<Figure, Nothing> {
        told.n = it.n;
        if it.refused > 0 {
            return Err(Nothing::Readable(format!(
                "{} records have a label or prediction that is no number",
                it.refused
            )));
        }
        if it.beyond > 0 {
            let why = format!("{} records have a label or prediction that is infinite or beyond 1e75", it.beyond);
            return Err(Nothing::Readable(why));
        }
        self.enough(it.n, told)?;
        undefined(figure::of_numbers(self.metric, it, z))
    }

    pub(super) fn scores(&self, it: &Scored, z: f64, told: &mut Told) -> Result<Figure, Nothing> {
        told.n = it.n;
        if it.refused > 0 {
            return Err(Nothing::Readable(format!("{} records have a score that is no number", it.refused)));
        }
        self.enough(it.n, told)?;
        let Some(classes) = it.classes() else {
            let why = "there are 3 classes or more: say with `class` of which one the score is";
            return Err(Nothing::Sound(why.to_owned()));
        };
        let label = |it: &Truth| Label::of(&it.value());
        let labels: BTreeSet<Label> = classes.iter().filter_map(|it| label(it)).collect();
        let positive = match &self.class {
            // The summary tells the class from all others, and calls it 1.
            Some(class) => {
                told.add("class", class.to_value());
                Label::Number(1.0)
            }
            None => self.positive(&labels, told)?,
        };
        // Where in its bucket each score is put: 0 is the lower end, 1 the upper.
        let scores = |of_class: f64, of_others: f64| {
            let at = |(low, high, n): (f64, f64, u64), share: f64, is: bool| {
                let score = if low == high { low } else { (high - low).mul_add(share, low) };
                let n = n as f64;
                if is { (score, n, 0.0) } else { (score, 0.0, n) }
            };
            Scores::weighted(classes.iter().flat_map(|class| {
                let is = label(class).as_ref() == Some(&positive);
                it.of(class).map(move |bucket| at(bucket, if is { of_class } else { of_others }, is))
            }))
        };
        let middle = scores(0.5, 0.5);
        let is_ranked = matches!(self.metric, Metric::RocAuc | Metric::AveragePrecision);
        if !is_ranked && !middle.are_probabilities() {
            let why = format!("some score is below 0 or above 1, and `{}` is of probabilities", self.limits.name);
            return Err(Nothing::Sound(why));
        }
        if self.metric == Metric::Ece {
            told.add("bins", bins(&middle, self.bins));
        }
        let measure = |it: &Scores| figure::of_scores(self.metric, it, self.bins, z);
        let found = undefined(measure(&middle))?;
        if !it.is_exact() {
            // Not wholly at the ends, where neighbours meet.
            let ends = [(0.999, 0.001), (0.001, 0.999), (0.999, 0.999), (0.001, 0.001)];
            let off = ends.map(|(a, b)| measure(&scores(a, b)).map_or(0.0, |it| (it.value - found.value).abs()));
            told.error = Some(off.into_iter().fold(0.0, f64::max));
        }
        Ok(found)
    }

    pub(super) fn groups(&self, counts: &Counts, truth: bool, z: f64, told: &mut Told) -> Result<Figure, Nothing> {
        self.enough(counts.n, told)?;
        // Without true classes each record counts as if its prediction were right: selection is all that is looked at.
        let all: Vec<([Label; 3], u64)> = if truth {
            rows(counts)?
        } else {
            rows(counts)?.into_iter().map(|([it, group], n)| ([it.clone(), it, group], n)).collect()
        };
        let classes: BTreeSet<Label> = all.iter().flat_map(|it| [&it.0[0], &it.0[1]]).cloned().collect();
        let positive = if self.metric.is_of_class() { Some(self.positive(&classes, told)?) } else { None };
        let mut by_name: BTreeMap<Label, Class> = BTreeMap::new();
        for ([truth, predicted, group], n) in all {
            let class = by_name.entry(group).or_default();
            let n = n as f64;
            match &positive {
                // Of any class: right, or wrong.
                None if truth == predicted => class.tp += n,
                None => class.fp += n,
                Some(it) => match (truth == *it, predicted == *it) {
                    (true, true) => class.tp += n,
                    (false, true) => class.fp += n,
                    (true, false) => class.r#fn += n,
                    (false, false) => class.tn += n,
                },
            }
        }
        let all = by_name.into_iter().map(|(name, class)| Group { name, class });
        let (groups, small): (Vec<Group>, Vec<Group>) = all.partition(|it| it.n() >= self.limits.min_records as f64);
        told.add("groups", Value::List(groups.iter().take(SHOWN_CLASSES).map(|it| shown(it, self.metric)).collect()));
        if !small.is_empty() {
            told.add("small_groups", count(small.len() as u64));
        }
        if groups.len() < 2 {
            return Err(Nothing::ToJudge(format!(
                "{} of {} groups have the {} records that `min_records` asks for, and two are compared",
                groups.len(),
                groups.len() + small.len(),
                self.limits.min_records
            )));
        }
        undefined(figure::of_groups(self.metric, &groups, z))
    }
}

/// A group with its records and the rates that the metric compares.
fn shown(it: &Group, metric: Metric) -> Value<'static> {
    use crate::quality::Measure;
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
fn bins(scores: &Scores, bins: usize) -> Value<'static> {
    let number = |it: Option<f64>| it.map_or(Value::Null, Value::Num);
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
