//! `cusum`: the sum of distances above the running mean, which never falls below 0.

use super::parts::{Mean, Tape};
use super::{Change, DetectorKind, Param, Range, Settings, Step, Takes};

pub(super) const LEAST: Param = Param::count("min_num_instances", &["min_instances"], 30, 0, 1 << 32)
    .doc("before this many values nothing is said");

pub(super) static KIND: DetectorKind = DetectorKind {
    name: "cusum",
    aliases: &["CUSUM"],
    summary: "a mean that rises, by the cumulated sum of the distances from it",
    takes: Takes::Numbers,
    params: &[
        Param::number("delta", &[], 0.005, Range::Number(0.0, f64::MAX))
            .doc("the change that does not count, in the values' unit"),
        Param::number("lambda_", &["lambda", "threshold"], 50.0, Range::Number(0.0, f64::MAX))
            .doc("the sum above which is a drift"),
        LEAST,
    ],
    page: include_str!("cusum.md"),
    make: |settings| Ok(Box::new(Cusum::new(settings))),
};

#[derive(Clone, Debug)]
struct Cusum {
    delta: f64,
    lambda: f64,
    least: u64,
    mean: Mean,
    sum: f64,
}

impl Cusum {
    fn new(settings: &Settings) -> Self {
        Cusum {
            delta: settings.number("delta"),
            lambda: settings.number("lambda_"),
            least: settings.count("min_num_instances"),
            mean: Mean::default(),
            sum: 0.0,
        }
    }
}

impl Change for Cusum {
    fn update(&mut self, value: f64) -> Step {
        self.mean.add(value);
        self.sum = (self.sum + value - self.mean.mean - self.delta).max(0.0);
        Step { drift: self.mean.n >= self.least && self.sum > self.lambda, warning: false }
    }

    fn reset(&mut self) {
        (self.mean, self.sum) = (Mean::default(), 0.0);
    }

    fn state(&mut self, tape: &mut Tape) -> Option<()> {
        self.mean.state(tape)?;
        tape.number(&mut self.sum)
    }

    fn figures(&self) -> Vec<(&'static str, f64)> {
        vec![("mean", self.mean.mean), ("sum", self.sum)]
    }

    fn copy(&self) -> Box<dyn Change> {
        Box::new(self.clone())
    }
}
