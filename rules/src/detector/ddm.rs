//! `ddm`: the error rate has risen above its best by several standard errors.

use super::parts::{Mean, Tape};
use super::{Change, DetectorKind, Param, Range, Settings, Step, Takes};

pub(super) static KIND: DetectorKind = DetectorKind {
    name: "ddm",
    aliases: &["DDM"],
    summary: "an error rate that rises above its minimum",
    takes: Takes::Bits,
    params: &[
        Param::count("warm_start", &["min_num_instances"], 30, 0, 1 << 32).doc("values before anything is said"),
        Param::number("warning_threshold", &["warning_level"], 2.0, Range::Above(0.0, f64::MAX))
            .doc("standard errors above the minimum that make a warning"),
        Param::number("drift_threshold", &["drift_level"], 3.0, Range::Above(0.0, f64::MAX))
            .doc("standard errors above the minimum that make a drift"),
    ],
    page: include_str!("ddm.md"),
    make: |settings| Ok(Box::new(Ddm::new(settings))),
};

#[derive(Clone, Debug)]
struct Ddm {
    warm_start: u64,
    warning: f64,
    drift: f64,
    rate: Mean,
    /// The rate and its standard error where their sum was least.
    best: (f64, f64),
}

const NONE_YET: (f64, f64) = (f64::INFINITY, f64::INFINITY);

impl Ddm {
    fn new(settings: &Settings) -> Self {
        Ddm {
            warm_start: settings.count("warm_start"),
            warning: settings.number("warning_threshold"),
            drift: settings.number("drift_threshold"),
            rate: Mean::default(),
            best: NONE_YET,
        }
    }
}

impl Change for Ddm {
    fn update(&mut self, value: f64) -> Step {
        self.rate.add(value);
        if self.rate.n <= self.warm_start {
            return Step::default();
        }
        let (rate, error) = (self.rate.mean, self.rate.share_error());
        if rate + error <= self.best.0 + self.best.1 {
            self.best = (rate, error);
        }
        let drift = rate + error > self.best.0 + self.drift * self.best.1;
        let warning = rate + error > self.best.0 + self.warning * self.best.1;
        Step { drift, warning: warning && !drift }
    }

    fn reset(&mut self) {
        self.rate = Mean::default();
        self.best = NONE_YET;
    }

    fn state(&mut self, tape: &mut Tape) -> Option<()> {
        self.rate.state(tape)?;
        tape.numbers([&mut self.best.0, &mut self.best.1])
    }

    fn figures(&self) -> Vec<(&'static str, f64)> {
        vec![("error_rate", self.rate.mean), ("min_error_rate", self.best.0), ("min_std", self.best.1)]
    }

    fn copy(&self) -> Box<dyn Change> {
        Box::new(self.clone())
    }
}
