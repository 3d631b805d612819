//! `hddm_w`: two exponentially weighted means differ by more than the bound of `McDiarmid`.

use super::hddm_a::{DRIFT, LEAST, TWO_SIDED, WARNING};
use super::parts::Tape;
use super::{Change, DetectorKind, Param, Range, Settings, Step, Takes};

pub(super) static KIND: DetectorKind = DetectorKind {
    name: "hddm_w",
    aliases: &["HDDMW", "HDDM_W"],
    summary: "a weighted mean that rises (or falls) by more than McDiarmid's bound",
    takes: Takes::Shares,
    params: &[
        DRIFT,
        WARNING,
        Param::number("lambda_val", &["lambda_", "lambda"], 0.05, Range::Above(0.0, 1.0))
            .doc("the weight of the newest"),
        TWO_SIDED,
        LEAST,
    ],
    page: include_str!("hddm_w.md"),
    make: |settings| Ok(Box::new(HddmW::new(settings))),
};

/// An exponentially weighted mean, and the sum of the squares of its weights.
#[derive(Clone, Copy, Debug)]
struct Weighted {
    n: u64,
    mean: f64,
    weights: f64,
}

const EMPTY: Weighted = Weighted { n: 0, mean: 0.0, weights: 1.0 };

/// One direction of change: the mean at the cut point and that of what came after it.
#[derive(Clone, Copy, Debug)]
struct Side {
    /// The bound at the cut point; infinite before there is one.
    cut: f64,
    before: Weighted,
    after: Weighted,
}

const UNCUT: Side = Side { cut: f64::INFINITY, before: EMPTY, after: EMPTY };

#[derive(Clone, Debug)]
struct HddmW {
    drift: f64,
    warning: f64,
    lambda: f64,
    two_sided: bool,
    least: u64,
    all: Weighted,
    rise: Side,
    /// As `rise`, of the values with their signs changed.
    fall: Side,
}

fn bound(weights: f64, confidence: f64) -> f64 {
    (weights * (1.0 / confidence).ln() / 2.0).sqrt()
}

impl Weighted {
    fn add(&mut self, value: f64, lambda: f64) {
        self.mean = if self.n == 0 { value } else { lambda * value + (1.0 - lambda) * self.mean };
        self.n += 1;
        self.weights = lambda * lambda + (1.0 - lambda) * (1.0 - lambda) * self.weights;
    }

    fn negated(self) -> Self {
        Weighted { mean: -self.mean, ..self }
    }

    fn state(&mut self, tape: &mut Tape) -> Option<()> {
        tape.count(&mut self.n)?;
        tape.numbers([&mut self.mean, &mut self.weights])
    }
}

impl Side {
    fn update(&mut self, value: f64, all: Weighted, confidence: f64, lambda: f64) {
        let cut = all.mean + bound(all.weights, confidence);
        if cut < self.cut {
            *self = Side { cut, before: all, after: EMPTY };
        } else {
            self.after.add(value, lambda);
        }
    }

    fn has_changed(&self, confidence: f64) -> bool {
        let both = self.before.n > 0 && self.after.n > 0;
        both && self.after.mean - self.before.mean > bound(self.before.weights + self.after.weights, confidence)
    }

    fn state(&mut self, tape: &mut Tape) -> Option<()> {
        tape.number(&mut self.cut)?;
        self.before.state(tape)?;
        self.after.state(tape)
    }
}

impl HddmW {
    fn new(settings: &Settings) -> Self {
        HddmW {
            drift: settings.number("drift_confidence"),
            warning: settings.number("warning_confidence"),
            lambda: settings.number("lambda_val"),
            two_sided: settings.flag("two_sided_test"),
            least: settings.count("min_num_instances"),
            all: EMPTY,
            rise: UNCUT,
            fall: UNCUT,
        }
    }
}

impl Change for HddmW {
    fn update(&mut self, value: f64) -> Step {
        self.all.add(value, self.lambda);
        self.rise.update(value, self.all, self.drift, self.lambda);
        self.fall.update(-value, self.all.negated(), self.drift, self.lambda);
        if self.all.n < self.least {
            return Step::default();
        }
        let fall = |confidence| self.two_sided && self.fall.has_changed(confidence);
        let rise = |confidence| self.rise.has_changed(confidence);
        let drift = rise(self.drift) || fall(self.drift);
        Step { drift, warning: !drift && (rise(self.warning) || fall(self.warning)) }
    }

    fn reset(&mut self) {
        (self.all, self.rise, self.fall) = (EMPTY, UNCUT, UNCUT);
    }

    fn state(&mut self, tape: &mut Tape) -> Option<()> {
        self.all.state(tape)?;
        self.rise.state(tape)?;
        self.fall.state(tape)
    }

    fn figures(&self) -> Vec<(&'static str, f64)> {
        vec![("mean", self.all.mean), ("mean_before", self.rise.before.mean), ("mean_after", self.rise.after.mean)]
    }

    fn copy(&self) -> Box<dyn Change> {
        Box::new(self.clone())
    }
}
