//! `page_hinkley`: the sum of distances from the running mean has risen above its least.

use super::parts::{Mean, Tape};
use super::{Change, DetectorKind, Param, Range, Settings, Step, Takes};

pub(super) static KIND: DetectorKind = DetectorKind {
    name: "page_hinkley",
    aliases: &["PageHinkley", "page-hinkley", "ph"],
    summary: "a mean that rises or falls, by the sum of the distances from it",
    takes: Takes::Numbers,
    params: &[
        Param::count("min_instances", &["min_num_instances"], 30, 0, 1 << 32)
            .doc("before this many values nothing is said"),
        Param::number("delta", &[], 0.005, Range::Number(0.0, f64::MAX))
            .doc("the change that does not count, in the values' unit"),
        Param::number("threshold", &["lambda_", "lambda"], 50.0, Range::Number(0.0, f64::MAX))
            .doc("the sum above which is a drift"),
        Param::number("alpha", &[], 1.0 - 0.0001, Range::Number(0.0, 1.0))
            .doc("the share of the sum that each value keeps"),
        Param::number("mode", &[], 0.0, Range::Word(&["both", "up", "down"])).doc("the direction of a change"),
    ],
    page: include_str!("page_hinkley.md"),
    make: |settings| Ok(Box::new(PageHinkley::new(settings))),
};

#[derive(Clone, Debug)]
struct PageHinkley {
    least: u64,
    delta: f64,
    threshold: f64,
    alpha: f64,
    up: bool,
    down: bool,
    now: Sums,
}

#[derive(Clone, Debug)]
struct Sums {
    mean: Mean,
    rise: f64,
    least_rise: f64,
    fall: f64,
    greatest_fall: f64,
}

/// The greatest fall starts at -1, as river has it.
const START: Sums =
    Sums { mean: Mean { n: 0, mean: 0.0 }, rise: 0.0, least_rise: f64::INFINITY, fall: 0.0, greatest_fall: -1.0 };

impl PageHinkley {
    fn new(settings: &Settings) -> Self {
        let mode = settings.count("mode");
        PageHinkley {
            least: settings.count("min_instances"),
            delta: settings.number("delta"),
            threshold: settings.number("threshold"),
            alpha: settings.number("alpha"),
            up: mode != 2,
            down: mode != 1,
            now: START,
        }
    }
}

impl Change for PageHinkley {
    fn update(&mut self, value: f64) -> Step {
        let it = &mut self.now;
        it.mean.add(value);
        let distance = value - it.mean.mean;
        it.rise = self.alpha * it.rise + distance - self.delta;
        it.fall = self.alpha * it.fall + distance + self.delta;
        it.least_rise = it.least_rise.min(it.rise);
        it.greatest_fall = it.greatest_fall.max(it.fall);
        let risen = self.up && it.rise - it.least_rise > self.threshold;
        let fallen = self.down && it.greatest_fall - it.fall > self.threshold;
        Step { drift: it.mean.n >= self.least && (risen || fallen), warning: false }
    }

    fn reset(&mut self) {
        self.now = START;
    }

    fn state(&mut self, tape: &mut Tape) -> Option<()> {
        let it = &mut self.now;
        it.mean.state(tape)?;
        tape.numbers([&mut it.rise, &mut it.least_rise, &mut it.fall, &mut it.greatest_fall])
    }

    fn figures(&self) -> Vec<(&'static str, f64)> {
        let it = &self.now;
        vec![
            ("mean", it.mean.mean),
            ("test_increase", it.rise - it.least_rise),
            ("test_decrease", it.greatest_fall - it.fall),
        ]
    }

    fn copy(&self) -> Box<dyn Change> {
        Box::new(self.clone())
    }
}
