//! `rddm`: `ddm` that forgets: of a long concept only the newest values count, and warnings that last are a drift.

use super::params::MOST;
use super::parts::{Bits, Mean, Tape};
use super::{Change, DetectorKind, Param, Range, Settings, Step, Takes};

pub(super) static KIND: DetectorKind = DetectorKind {
    name: "rddm",
    aliases: &["RDDM"],
    summary: "an error rate that rises above its minimum, in concepts of any length",
    takes: Takes::Bits,
    params: &[
        Param::number("warning_level", &["warning_threshold"], 1.773, Range::Above(0.0, f64::MAX))
            .doc("standard errors above the minimum that make a warning"),
        Param::number("drift_level", &["drift_threshold"], 2.258, Range::Above(0.0, f64::MAX))
            .doc("standard errors above the minimum that make a drift"),
        Param::count("max_concept_size", &[], 40_000, 1, 1 << 32)
            .doc("from this many values on, all but the newest are forgotten"),
        Param::count("min_concept_size", &[], 7000, 1, MOST).doc("how many values are the newest"),
        Param::count("max_num_instances_warning", &[], 1400, 1, 1 << 32)
            .doc("one warning more than this without a pause is a drift"),
        Param::count("min_num_instances", &["warm_start"], 129, 0, 1 << 32)
            .doc("before this many values nothing is said"),
    ],
    page: include_str!("rddm.md"),
    make: |settings| {
        let it = Rddm::new(settings);
        let (least, most) = (settings.count("min_concept_size"), it.most);
        if it.warning >= it.drift {
            return Err(format!("`drift_level` ({}) must be above `warning_level` ({})", it.drift, it.warning));
        }
        if least >= most {
            return Err(format!("`max_concept_size` ({most}) must be above `min_concept_size` ({least})"));
        }
        Ok(Box::new(it))
    },
};

#[derive(Clone, Debug)]
struct Rddm {
    warning: f64,
    drift: f64,
    most: u64,
    patience: u64,
    least: u64,
    newest: Bits,
    rate: Mean,
    /// The rate and its standard error where their sum was least.
    best: (f64, f64),
    /// Warnings without a pause.
    warnings: u64,
    /// Whether the concept is too long, so that it is built anew from its newest values.
    too_long: bool,
}

const NONE_YET: (f64, f64) = (f64::INFINITY, f64::INFINITY);

impl Rddm {
    fn new(settings: &Settings) -> Self {
        Rddm {
            warning: settings.number("warning_level"),
            drift: settings.number("drift_level"),
            most: settings.count("max_concept_size"),
            patience: settings.count("max_num_instances_warning"),
            least: settings.count("min_num_instances"),
            newest: Bits::new(settings.count("min_concept_size")),
            rate: Mean::default(),
            best: NONE_YET,
            warnings: 0,
            too_long: false,
        }
    }

    fn begin(&mut self) {
        (self.rate, self.best) = (Mean::default(), NONE_YET);
        (self.warnings, self.too_long) = (0, false);
    }
}

impl Change for Rddm {
    fn update(&mut self, value: f64) -> Step {
        if self.too_long {
            self.begin();
            self.newest.iter().for_each(|it| self.rate.add(f64::from(u8::from(it))));
        }
        self.newest.push(value == 1.0);
        self.rate.add(value);
        if self.rate.n < self.least {
            return Step::default();
        }
        let (rate, error) = (self.rate.mean, self.rate.share_error());
        if rate + error < self.best.0 + self.best.1 {
            self.best = (rate, error);
        }
        let warning = rate + error > self.best.0 + self.warning * self.best.1;
        if rate + error > self.best.0 + self.drift * self.best.1 || warning && self.warnings >= self.patience {
            return Step { drift: true, warning: false };
        }
        self.warnings = if warning { self.warnings + 1 } else { 0 };
        self.too_long = self.rate.n >= self.most && !warning;
        Step { drift: false, warning }
    }

    fn reset(&mut self) {
        self.newest.clear();
        self.begin();
    }

    fn state(&mut self, tape: &mut Tape) -> Option<()> {
        self.newest.state(tape)?;
        self.rate.state(tape)?;
        tape.numbers([&mut self.best.0, &mut self.best.1])?;
        tape.count(&mut self.warnings)?;
        tape.flag(&mut self.too_long)
    }

    fn figures(&self) -> Vec<(&'static str, f64)> {
        let n = self.rate.n as f64;
        vec![("width", n), ("error_rate", self.rate.mean), ("min_error_rate", self.best.0), ("min_std", self.best.1)]
    }

    fn copy(&self) -> Box<dyn Change> {
        Box::new(self.clone())
    }
}
