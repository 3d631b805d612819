//! `hddm_a`: two running means differ by more than Hoeffding's bound.

use super::parts::{Mean, Tape};
use super::{Change, DetectorKind, Param, Range, Settings, Step, Takes};

/// What both of the method's detectors take.
pub(super) const DRIFT: Param = Param::number("drift_confidence", &["alpha_d"], 0.001, Range::Above(0.0, 1.0))
    .doc("the chance of a drift that is none");
pub(super) const WARNING: Param = Param::number("warning_confidence", &["alpha_w"], 0.005, Range::Above(0.0, 1.0))
    .doc("the chance of a warning that is none");
pub(super) const TWO_SIDED: Param =
    Param::flag("two_sided_test", &["two_sided"]).doc("whether a mean that falls is a change too");
pub(super) const LEAST: Param =
    Param::count("min_num_instances", &[], 1, 0, 1 << 32).doc("before this many values nothing is said");

pub(super) static KIND: DetectorKind = DetectorKind {
    name: "hddm_a",
    aliases: &["HDDMA", "HDDM_A"],
    summary: "a mean that rises (or falls) by more than Hoeffding's bound",
    takes: Takes::Shares,
    params: &[DRIFT, WARNING, TWO_SIDED, LEAST],
    page: include_str!("hddm_a.md"),
    make: |settings| Ok(Box::new(HddmA::new(settings))),
};

#[derive(Clone, Debug)]
struct HddmA {
    drift: f64,
    warning: f64,
    two_sided: bool,
    least: u64,
    all: Mean,
    /// The means at the cut points: where the mean with its bound was least, and greatest.
    low: Mean,
    high: Mean,
}

impl HddmA {
    fn new(settings: &Settings) -> Self {
        HddmA {
            drift: settings.number("drift_confidence"),
            warning: settings.number("warning_confidence"),
            two_sided: settings.flag("two_sided_test"),
            least: settings.count("min_num_instances"),
            all: Mean::default(),
            low: Mean::default(),
            high: Mean::default(),
        }
    }

    fn bound(&self, it: Mean) -> f64 {
        ((1.0 / self.drift).ln() / (2.0 * it.n as f64)).sqrt()
    }

    /// How far the mean of all must lie from that at a cut point: corollary 8 of the paper. Infinitely far where
    /// the cut point is now.
    fn needed(&self, cut: Mean, confidence: f64) -> f64 {
        let (all, cut) = (self.all.n as f64, cut.n as f64);
        if all == cut {
            return f64::INFINITY;
        }
        let m = (all - cut) / (all * cut);
        (m / 2.0 * (2.0 / confidence).ln()).sqrt()
    }
}

impl Change for HddmA {
    fn update(&mut self, value: f64) -> Step {
        self.all.add(value);
        let (mean, bound) = (self.all.mean, self.bound(self.all));
        if self.low.n == 0 || self.low.mean + self.bound(self.low) >= mean + bound {
            self.low = self.all;
        }
        if self.high.n == 0 || self.high.mean - self.bound(self.high) <= mean - bound {
            self.high = self.all;
        }
        if self.all.n < self.least {
            return Step::default();
        }
        let rise = |confidence| mean - self.low.mean >= self.needed(self.low, confidence);
        let fall = |confidence| self.two_sided && self.high.mean - mean >= self.needed(self.high, confidence);
        let drift = rise(self.drift) || fall(self.drift);
        Step { drift, warning: !drift && (rise(self.warning) || fall(self.warning)) }
    }

    fn reset(&mut self) {
        (self.all, self.low, self.high) = Default::default();
    }

    fn state(&mut self, tape: &mut Tape) -> Option<()> {
        [&mut self.all, &mut self.low, &mut self.high].into_iter().try_for_each(|it| it.state(tape))?;
        (self.low.n.max(self.high.n) <= self.all.n).then_some(())
    }

    fn figures(&self) -> Vec<(&'static str, f64)> {
        vec![("mean", self.all.mean), ("low_mean", self.low.mean), ("high_mean", self.high.mean)]
    }

    fn copy(&self) -> Box<dyn Change> {
        Box::new(self.clone())
    }
}
