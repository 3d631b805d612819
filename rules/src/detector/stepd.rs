//! `stepd`: the newest values' share of ones against that of all before them, by a test of equal proportions.

use statrs::function::erf::erfc;

use super::params::MOST;
use super::parts::{Bits, Tape};
use super::{Change, DetectorKind, Param, Range, Settings, Step, Takes};

pub(super) static KIND: DetectorKind = DetectorKind {
    name: "stepd",
    aliases: &["STEPD"],
    summary: "a share of errors among the newest values that is not that of all before them",
    takes: Takes::Bits,
    params: &[
        Param::number("alpha_d", &["alpha_drift"], 0.003, Range::Above(0.0, 1.0))
            .doc("a p-value below this is a drift"),
        Param::number("alpha_w", &["alpha_warning"], 0.05, Range::Above(0.0, 1.0))
            .doc("a p-value below this is a warning"),
        Param::count("min_num_instances", &["window_size"], 30, 1, MOST).doc("how many values are the newest"),
        Param::flag("warnings", &[]).doc("whether warnings are reported; frouros keeps them to itself"),
    ],
    page: include_str!("stepd.md"),
    make: |settings| {
        let it = Stepd::new(settings);
        if it.alpha_warning <= it.alpha_drift {
            return Err(format!("`alpha_w` ({}) must be above `alpha_d` ({})", it.alpha_warning, it.alpha_drift));
        }
        Ok(Box::new(it))
    },
};

#[derive(Clone, Debug)]
struct Stepd {
    alpha_drift: f64,
    alpha_warning: f64,
    size: u64,
    warnings: bool,
    n: u64,
    ones: u64,
    newest: Bits,
    /// The p-value that was found last; 1 before there was one.
    p_value: f64,
}

impl Stepd {
    fn new(settings: &Settings) -> Self {
        let size = settings.count("min_num_instances");
        Stepd {
            alpha_drift: settings.number("alpha_d"),
            alpha_warning: settings.number("alpha_w"),
            size,
            warnings: settings.flag("warnings"),
            n: 0,
            ones: 0,
            newest: Bits::new(size),
            p_value: 1.0,
        }
    }

    /// The one-sided p-value of the test of equal proportions with a correction for continuity. Where all values are
    /// alike the proportions are equal, and there is nothing to test.
    fn test(&self) -> f64 {
        let (newer, older) = (self.newest.len() as f64, self.n as f64 - self.newest.len() as f64);
        let ones = self.newest.ones() as f64;
        let all = self.ones as f64 / self.n as f64;
        let inverse = 1.0 / older + 1.0 / newer;
        let spread = (all * (1.0 - all) * inverse).sqrt();
        if spread == 0.0 {
            return 1.0;
        }
        let distance = ((self.ones as f64 - ones) / older - ones / newer).abs();
        let statistic = (distance - 0.5 * inverse) / spread;
        0.5 * erfc(statistic.abs() / std::f64::consts::SQRT_2)
    }
}

impl Change for Stepd {
    fn update(&mut self, value: f64) -> Step {
        self.n += 1;
        self.ones += u64::from(value == 1.0);
        self.newest.push(value == 1.0);
        if self.n < 2 * self.size {
            return Step::default();
        }
        self.p_value = self.test();
        let drift = self.p_value < self.alpha_drift;
        Step { drift, warning: !drift && self.warnings && self.p_value < self.alpha_warning }
    }

    fn reset(&mut self) {
        (self.n, self.ones, self.p_value) = (0, 0, 1.0);
        self.newest.clear();
    }

    fn state(&mut self, tape: &mut Tape) -> Option<()> {
        tape.count(&mut self.n)?;
        tape.count(&mut self.ones)?;
        self.newest.state(tape)?;
        tape.number(&mut self.p_value)?;
        let fits = self.ones <= self.n && self.newest.len() as u64 == self.n.min(self.size);
        (fits && self.newest.ones() as u64 <= self.ones).then_some(())
    }

    fn figures(&self) -> Vec<(&'static str, f64)> {
        vec![("share", self.ones as f64 / self.n as f64), ("p_value", self.p_value)]
    }

    fn copy(&self) -> Box<dyn Change> {
        Box::new(self.clone())
    }
}
