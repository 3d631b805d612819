//! `eddm`: errors follow each other faster than they did at best.

use super::parts::Tape;
use super::{Change, DetectorKind, Param, Range, Settings, Step, Takes};

pub(super) static KIND: DetectorKind = DetectorKind {
    name: "eddm",
    aliases: &["EDDM"],
    summary: "errors that come closer together",
    takes: Takes::Bits,
    params: &[
        Param::count("warm_start", &["min_num_misclassified_instances"], 30, 0, 1 << 32)
            .doc("errors before anything is said"),
        Param::number("alpha", &[], 0.95, Range::Above(0.0, 1.0)).doc("below this share of the best is a warning"),
        Param::number("beta", &[], 0.9, Range::Above(0.0, 1.0)).doc("below this share of the best is a drift"),
    ],
    page: include_str!("eddm.md"),
    make: |settings| {
        let it = Eddm::new(settings);
        if it.alpha < it.beta {
            return Err(format!("`alpha` ({}) must not be below `beta` ({})", it.alpha, it.beta));
        }
        Ok(Box::new(it))
    },
};

#[derive(Clone, Debug)]
struct Eddm {
    warm_start: u64,
    alpha: f64,
    beta: f64,
    now: Seen,
}

#[derive(Clone, Debug, Default)]
struct Seen {
    n: u64,
    last_error: u64,
    /// Of the gaps between errors: how many, their mean, and the sum of squares of their distances from it.
    errors: u64,
    mean: f64,
    squares: f64,
    /// The greatest mean + 2 standard deviations; 0 before there was one, since gaps are at least 1.
    best: f64,
    /// A warning stands until the next error.
    warning: bool,
}

impl Eddm {
    fn new(settings: &Settings) -> Self {
        Eddm {
            warm_start: settings.count("warm_start"),
            alpha: settings.number("alpha"),
            beta: settings.number("beta"),
            now: Seen::default(),
        }
    }
}

impl Seen {
    /// The gap to the last error joins the others (Welford 1962).
    fn add_error(&mut self) {
        let gap = (self.n - self.last_error.min(self.n)) as f64;
        self.last_error = self.n;
        self.errors += 1;
        let before = self.mean;
        self.mean += (gap - before) / self.errors as f64;
        self.squares += (gap - before) * (gap - self.mean);
    }

    /// Mean + 2 standard deviations of the gaps.
    fn level(&self) -> f64 {
        let variance = if self.errors > 1 { self.squares / (self.errors - 1) as f64 } else { 0.0 };
        self.mean + 2.0 * variance.max(0.0).sqrt()
    }
}

impl Change for Eddm {
    fn update(&mut self, value: f64) -> Step {
        let it = &mut self.now;
        it.n += 1;
        let mut drift = false;
        if value == 1.0 {
            it.add_error();
            if it.n > self.warm_start {
                let level = it.level();
                if level > it.best {
                    it.best = level;
                } else if it.errors > self.warm_start {
                    let share = level / it.best;
                    drift = share < self.beta;
                    if !drift {
                        it.warning = share < self.alpha;
                    }
                }
            }
        }
        Step { drift, warning: it.warning && !drift }
    }

    fn reset(&mut self) {
        self.now = Seen::default();
    }

    fn state(&mut self, tape: &mut Tape) -> Option<()> {
        let it = &mut self.now;
        tape.count(&mut it.n)?;
        tape.count(&mut it.last_error)?;
        tape.count(&mut it.errors)?;
        tape.numbers([&mut it.mean, &mut it.squares, &mut it.best])?;
        tape.flag(&mut it.warning)?;
        (it.last_error <= it.n && it.errors <= it.n).then_some(())
    }

    fn figures(&self) -> Vec<(&'static str, f64)> {
        vec![("errors", self.now.errors as f64), ("mean_distance", self.now.mean), ("max_level", self.now.best)]
    }

    fn copy(&self) -> Box<dyn Change> {
        Box::new(self.clone())
    }
}
