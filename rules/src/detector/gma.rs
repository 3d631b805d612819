//! `gma`: a geometric moving average of the distances from the running mean.

use super::cusum::LEAST;
use super::parts::{Mean, Tape};
use super::{Change, DetectorKind, Param, Range, Settings, Step, Takes};

pub(super) static KIND: DetectorKind = DetectorKind {
    name: "gma",
    aliases: &["geometric_moving_average", "GeometricMovingAverage"],
    summary: "a mean that rises, by a geometric moving average of the distances from it",
    takes: Takes::Numbers,
    params: &[
        Param::number("alpha", &[], 0.99, Range::Number(0.0, 1.0))
            .doc("the share of the average that each value keeps"),
        Param::number("lambda_", &["lambda", "threshold"], 1.0, Range::Number(0.0, f64::MAX))
            .doc("the average above which is a drift"),
        LEAST,
    ],
    page: include_str!("gma.md"),
    make: |settings| Ok(Box::new(Gma::new(settings))),
};

#[derive(Clone, Debug)]
struct Gma {
    alpha: f64,
    lambda: f64,
    least: u64,
    mean: Mean,
    average: f64,
}

impl Gma {
    fn new(settings: &Settings) -> Self {
        Gma {
            alpha: settings.number("alpha"),
            lambda: settings.number("lambda_"),
            least: settings.count("min_num_instances"),
            mean: Mean::default(),
            average: 0.0,
        }
    }
}

impl Change for Gma {
    fn update(&mut self, value: f64) -> Step {
        self.mean.add(value);
        self.average = self.alpha * self.average + (1.0 - self.alpha) * (value - self.mean.mean);
        Step { drift: self.mean.n >= self.least && self.average > self.lambda, warning: false }
    }

    fn reset(&mut self) {
        (self.mean, self.average) = (Mean::default(), 0.0);
    }

    fn state(&mut self, tape: &mut Tape) -> Option<()> {
        self.mean.state(tape)?;
        tape.number(&mut self.average)
    }

    fn figures(&self) -> Vec<(&'static str, f64)> {
        vec![("mean", self.mean.mean), ("average", self.average)]
    }

    fn copy(&self) -> Box<dyn Change> {
        Box::new(self.clone())
    }
}
