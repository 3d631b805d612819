//! From summaries of scores to figures.

use std::collections::BTreeSet;

use super::measured::undefined;
use super::tables::{bins, by_confidence};
use super::{Nothing, Quality, Told};
use crate::expectation::aggregate::count;
use crate::quality::figure;
use crate::quality::{Figure, Label, Metric, Needs, Scores};
use crate::sketch::{Bucket, Ranked, Scored, Truth};
use crate::value::Value;

/// Where in its bucket each score is put, of the class and of others: 0 is the lower end, 1 the upper. Not wholly at the
/// ends, where neighbours meet.
const ENDS: [(f64, f64); 4] = [(0.999, 0.001), (0.001, 0.999), (0.999, 0.999), (0.001, 0.001)];

/// A score somewhere in its bucket, with its records.
fn within((low, high, n): Bucket, share: f64) -> (f64, f64) {
    (if low == high { low } else { (high - low).mul_add(share, low) }, n as f64)
}

impl Quality {
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
        let is_confidence = self.metric == Metric::ConfidenceEce;
        let positive = match &self.class {
            // Those that are right.
            None if is_confidence => Label::Number(1.0),
            // The summary tells the class from all others, and calls it 1.
            Some(class) => {
                told.add("class", class.to_value());
                Label::Number(1.0)
            }
            None => self.positive(&labels, told)?,
        };
        let scores = |of_class: f64, of_others: f64| {
            let at = |bucket: Bucket, share: f64, is: bool| {
                let (score, n) = within(bucket, share);
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
            return Err(Nothing::Sound(self.no_probabilities()));
        }
        let n_bins = self.amount.unwrap_or(10.0) as usize;
        match self.metric {
            Metric::Ece => told.add("bins", bins(&middle, n_bins)),
            Metric::ConfidenceEce => {
                let (right, wrong) = middle.sizes();
                told.add("accuracy", Value::Num(right / (right + wrong)));
                told.add("mean_confidence", middle.mean().map_or(Value::Null, Value::Num));
                told.add("by_confidence", by_confidence(&middle, n_bins, z));
            }
            _ => {}
        }
        let measure = |it: &Scores| figure::of_scores(self.metric, it, n_bins, z);
        let found = undefined(measure(&middle))?;
        if !it.is_exact() {
            let off = ENDS.map(|(a, b)| measure(&scores(a, b)).map_or(0.0, |it| (it.value - found.value).abs()));
            told.error = Some(off.into_iter().fold(0.0, f64::max));
        }
        Ok(found)
    }

    /// Of records with a score for each of several classes.
    pub(super) fn rankings(&self, it: &Ranked, z: f64, told: &mut Told) -> Result<Figure, Nothing> {
        told.n = it.n;
        if it.refused > 0 {
            return Err(Nothing::Readable(format!(
                "{} records have scores that are no list of one number a class, and no object of numbers by class",
                it.refused
            )));
        }
        if it.unknown > 0 {
            let why = format!(
                "{} records have a label that no score is of: say with `classes` which classes a list of scores is of",
                it.unknown
            );
            return Err(Nothing::Readable(why));
        }
        self.enough(it.n, told)?;
        if self.metric.needs() != (Needs::Rankings { by_class: true }) {
            let is_loss = matches!(self.metric, Metric::LogLossMulticlass | Metric::BrierMulticlass);
            if is_loss && it.beyond > 0 {
                return Err(Nothing::Sound(self.no_probabilities()));
            }
            let k = self.amount.unwrap_or(1.0) as u64;
            return undefined(figure::of_rankings(self.metric, it, k, z));
        }
        let classes = |of_class: f64, of_others: f64| -> Option<Vec<(String, Scores)>> {
            let one = |(name, _, own, others): (&str, u64, Vec<Bucket>, Vec<Bucket>)| {
                let own = own.into_iter().map(|it| within(it, of_class)).map(|(score, n)| (score, n, 0.0));
                let others = others.into_iter().map(|it| within(it, of_others)).map(|(score, n)| (score, 0.0, n));
                (name.to_owned(), Scores::weighted(own.chain(others)))
            };
            Some(it.classes()?.map(one).collect())
        };
        let too_many = || Nothing::Sound("there are more than 200 classes; is it a number, or an id?".to_owned());
        let middle = classes(0.5, 0.5).ok_or_else(too_many)?;
        told.add("classes", count(middle.len() as u64));
        let found = undefined(figure::of_one_against_others(self.metric, &middle, z))?;
        if !it.is_exact() {
            let value = |it: Vec<(String, Scores)>| figure::of_one_against_others(self.metric, &it, z).ok();
            let off = ENDS.map(|(a, b)| classes(a, b).and_then(value).map_or(0.0, |it| (it.value - found.value).abs()));
            told.error = Some(off.into_iter().fold(0.0, f64::max));
        }
        Ok(found)
    }

    fn no_probabilities(&self) -> String {
        format!("some score is below 0 or above 1, and `{}` is of probabilities", self.limits.name)
    }
}
