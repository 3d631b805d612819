//! `fhddm`: the share of ones in a window has fallen below its best.

use super::params::MOST;
use super::parts::{Bits, Tape};
use super::{Change, DetectorKind, Param, Range, Settings, Step, Takes};

pub(super) static KIND: DetectorKind = DetectorKind {
    name: "fhddm",
    aliases: &["FHDDM"],
    summary: "a share of ones (correct answers) that falls, in a window of fixed length",
    takes: Takes::Bits,
    params: &[
        Param::count("sliding_window_size", &[], 100, 1, MOST).doc("values of the window"),
        Param::number("confidence_level", &["delta"], 1e-6, Range::Above(0.0, 1.0))
            .doc("the chance of a drift that is none"),
        Param::number("short_window_size", &[], f64::NAN, Range::Count(1, MOST))
            .doc("values of a second, shorter window (stacking FHDDM); none by default"),
    ],
    page: include_str!("fhddm.md"),
    make: |settings| {
        let it = Fhddm::new(settings);
        match &it.short {
            Some(short) if short.size > it.window.size => Err(format!(
                "`short_window_size` ({}) must not be above `sliding_window_size` ({})",
                short.size, it.window.size
            )),
            _ => Ok(Box::new(it)),
        }
    },
};

#[derive(Clone, Debug)]
struct Window {
    size: u64,
    /// How far the share must fall: Hoeffding's bound.
    bound: f64,
    bits: Bits,
    best: f64,
}

#[derive(Clone, Debug)]
struct Fhddm {
    window: Window,
    short: Option<Window>,
}

impl Window {
    fn new(size: u64, confidence: f64) -> Self {
        let bound = ((1.0 / confidence).ln() / (2.0 * size as f64)).sqrt();
        Window { size, bound, bits: Bits::new(size), best: 0.0 }
    }

    fn share(&self) -> f64 {
        self.bits.ones() as f64 / self.size as f64
    }

    /// Whether the share lies below its best.
    fn has_fallen(&mut self) -> bool {
        self.best = self.best.max(self.share());
        self.best - self.share() > self.bound
    }

    fn reset(&mut self) {
        self.bits.clear();
        self.best = 0.0;
    }

    fn state(&mut self, tape: &mut Tape) -> Option<()> {
        self.bits.state(tape)?;
        tape.number(&mut self.best)
    }
}

impl Fhddm {
    fn new(settings: &Settings) -> Self {
        let window = |it| Window::new(it, settings.number("confidence_level"));
        let short = Some(settings.count("short_window_size")).filter(|it| *it > 0);
        Fhddm { window: window(settings.count("sliding_window_size")), short: short.map(window) }
    }
}

impl Change for Fhddm {
    fn update(&mut self, value: f64) -> Step {
        self.window.bits.push(value == 1.0);
        if let Some(it) = &mut self.short {
            it.bits.push(value == 1.0);
        }
        // The short window waits for the long one.
        if !self.window.bits.is_full() {
            return Step::default();
        }
        let long = self.window.has_fallen();
        let short = self.short.as_mut().is_some_and(Window::has_fallen);
        Step { drift: long || short, warning: false }
    }

    fn reset(&mut self) {
        self.window.reset();
        self.short.iter_mut().for_each(Window::reset);
    }

    fn state(&mut self, tape: &mut Tape) -> Option<()> {
        self.window.state(tape)?;
        self.short.iter_mut().try_for_each(|it| it.state(tape))
    }

    fn figures(&self) -> Vec<(&'static str, f64)> {
        vec![("share", self.window.bits.ones() as f64 / self.window.bits.len() as f64), ("max_share", self.window.best)]
    }

    fn copy(&self) -> Box<dyn Change> {
        Box::new(self.clone())
    }
}
