//! From summaries to figures.

use std::collections::{BTreeMap, BTreeSet};

use super::tables::{SHOWN_CLASSES, per_class, shown};
use super::{Nothing, Quality, Told};
use crate::expectation::aggregate::count;
use crate::quality::confusion::Class;
use crate::quality::fairness::Group;
use crate::quality::figure::{self, Measured, one};
use crate::quality::{Confusion, Figure, Label, Metric};
use crate::sketch::{Counts, Errors, Moments};
use crate::value::Value;

pub(super) fn undefined(it: Measured) -> Result<Figure, Nothing> {
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
    pub(super) fn positive(&self, classes: &BTreeSet<Label>, told: &mut Told) -> Result<Label, Nothing> {
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
        if let Metric::BalancedAccuracy | Metric::OfAll(..) = self.metric {
            told.add("per_class", per_class(&confusion, self.metric));
        }
        undefined(figure::of_classes(self.metric, &confusion, class.as_ref(), z))
    }

    /// Outcomes that are classes.
    pub(super) fn outcomes(&self, counts: &Counts, z: f64, told: &mut Told) -> Result<Figure, Nothing> {
        self.enough(counts.n, told)?;
        if !counts.is_exact() {
            let why =
                "there are more different outcomes than the window counts; is it a number? `outcome_mean` is of those";
            return Err(Nothing::Sound(why.to_owned()));
        }
        let all: Vec<(Label, u64)> = counts.kept().filter_map(|it| Some((Label::of(&it.value)?, it.count))).collect();
        let positive = self.positive(&all.iter().map(|it| it.0.clone()).collect(), told)?;
        let hits: u64 = all.iter().filter(|it| it.0 == positive).map(|it| it.1).sum();
        told.add("hits", count(hits));
        undefined(figure::of_share(self.metric, hits as f64, counts.n as f64, z))
    }

    /// Outcomes that are numbers.
    pub(super) fn amounts(&self, it: &Moments, z: f64, told: &mut Told) -> Result<Figure, Nothing> {
        let of = &it.numbers;
        told.n = of.n;
        let wrong = of.refused + of.infinite + of.negative_infinite;
        if wrong > 0 {
            return Err(Nothing::Readable(format!("{wrong} records have an outcome that is no finite number")));
        }
        self.enough(of.n, told)?;
        told.add("sum", Value::Num(it.sum()));
        told.add("mean", it.mean().map_or(Value::Null, Value::Num));
        undefined(figure::of_outcomes(self.metric, it, z))
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
        let quantile = self.amount.unwrap_or(0.5);
        undefined(figure::of_numbers(self.metric, it, quantile, z))
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
