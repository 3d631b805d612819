//! Change detectors: they watch one number after another and say when the stream has changed.
//!
//! A detector depends on the order of its values and cannot be merged: one owner feeds it. It keeps a bounded
//! state, which goes to bytes and back, so that a stream may be cut anywhere and gone on with.
//! Answers are those of river 0.26.1, and of frouros 0.9.0 for the detectors that river has not: a detector that
//! found a change begins anew with the value that follows.

use std::fmt::Debug;

pub mod params;
pub mod state;
mod watch;
mod parts;
mod adwin;
mod cusum;
mod ddm;
mod ecdd;
mod eddm;
mod fhddm;
mod gma;
mod hddm_a;
mod hddm_w;
mod kswin;
mod mersenne;
mod page_hinkley;
mod rddm;
mod stepd;

pub use params::{Param, Range, Settings};
pub use state::StateError;
pub use watch::{Memory, Watch};

use parts::Tape;

/// A detector that can be had by its name; a static value, listed in [`DETECTORS`].
#[derive(Debug)]
pub struct DetectorKind {
    /// Its name here: `page_hinkley`.
    pub name: &'static str,
    /// What libraries call it, accepted wherever the name is: `PageHinkley`.
    pub aliases: &'static [&'static str],
    /// What it finds, in one sentence that follows "Finds".
    pub summary: &'static str,
    /// Which values it takes.
    pub takes: Takes,
    /// Its parameters; `cooldown` is for all of them ([`params::COOLDOWN`]) and not among these.
    pub params: &'static [Param],
    /// The page: documentation, specification and test.
    pub page: &'static str,
    /// A detector at its beginning. The error names parameters that do not go together.
    make: fn(&Settings) -> Result<Box<dyn Change>, String>,
}

/// Which values a detector takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// 0 and 1, as a model's errors are: 1 for a wrong answer.
    Bits,
    /// Numbers from 0 to 1: errors, or losses that are bounded.
    Shares,
    /// Any finite number.
    Numbers,
}

impl Takes {
    /// Whether a value is one of these.
    pub fn admits(self, value: f64) -> bool {
        match self {
            Takes::Bits => value == 0.0 || value == 1.0,
            Takes::Shares => (0.0..=1.0).contains(&value),
            Takes::Numbers => value.is_finite(),
        }
    }

    /// In words, for messages.
    pub const fn describe(self) -> &'static str {
        match self {
            Takes::Bits => "0 and 1",
            Takes::Shares => "numbers from 0 to 1",
            Takes::Numbers => "finite numbers",
        }
    }
}

/// What a detector says after a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The stream has changed.
    pub drift: bool,
    /// It may be changing.
    pub warning: bool,
}

/// The rule of one detector, which is never asked on after it said drift without being begun anew.
trait Change: Debug + Send {
    /// Takes in a value that the kind admits.
    fn update(&mut self, value: f64) -> Step;
    /// Begins anew.
    fn reset(&mut self);
    /// Goes over all that it keeps, to write it or to read it; `None` when what was read makes no sense.
    fn state(&mut self, tape: &mut Tape) -> Option<()>;
    /// What it knows at this moment, by the names of the field.
    fn figures(&self) -> Vec<(&'static str, f64)>;
    /// Another one in the same state.
    fn copy(&self) -> Box<dyn Change>;
}

/// All detectors, by name.
pub static DETECTORS: &[&DetectorKind] = &[
    &adwin::KIND,
    &cusum::KIND,
    &ddm::KIND,
    &ecdd::KIND,
    &eddm::KIND,
    &fhddm::KIND,
    &gma::KIND,
    &hddm_a::KIND,
    &hddm_w::KIND,
    &kswin::KIND,
    &page_hinkley::KIND,
    &rddm::KIND,
    &stepd::KIND,
];

/// The detector of a name or an alias, in any case.
pub fn find(name: &str) -> Option<&'static DetectorKind> {
    let is = |it: &&str| it.eq_ignore_ascii_case(name);
    DETECTORS.iter().copied().find(|it| is(&it.name) || it.aliases.iter().any(is))
}

/// A detector with its parameters and what it has seen.
///
/// ```
/// use driftline_rules::detector::{Detector, find};
///
/// let mut detector = Detector::new(find("page_hinkley").unwrap(), &serde_json::Map::new()).unwrap();
/// let changes: Vec<usize> = (0..400).filter(|i| detector.update(if *i < 300 { 0.0 } else { 1.0 }).drift).collect();
/// assert_eq!(changes, [354]);
/// ```
#[derive(Debug)]
pub struct Detector {
    settings: Settings,
    change: Box<dyn Change>,
    /// Values that were taken in, and those that were not.
    n: u64,
    skipped: u64,
    /// Whether the last value that was taken in made a change known, so that the next begins anew.
    over: bool,
    /// For how many more values no drift is reported.
    quiet: u64,
}

impl Detector {
    /// A detector at its beginning. The error says which parameter is wrong, what stands there and what may.
    pub fn new(
        kind: &'static DetectorKind,
        params: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<Self, String> {
        Self::of(Settings::read(kind, params)?)
    }

    fn of(settings: Settings) -> Result<Self, String> {
        let change = (settings.kind.make)(&settings).map_err(|why| format!("`{}`: {why}", settings.kind.name))?;
        Ok(Detector { settings, change, n: 0, skipped: 0, over: false, quiet: 0 })
    }

    /// Takes in the next value of the stream. A value that the kind does not admit, such as NaN, is counted as
    /// skipped and changes nothing else.
    pub fn update(&mut self, value: f64) -> Step {
        if !self.settings.kind.takes.admits(value) {
            self.skipped += 1;
            return Step::default();
        }
        if self.over {
            self.change.reset();
        }
        self.n += 1;
        let mut step = self.change.update(value);
        self.over = step.drift;
        if self.quiet > 0 {
            self.quiet -= 1;
            step.drift = false;
        } else if step.drift {
            self.quiet = self.settings.cooldown();
        }
        step
    }

    /// Its kind.
    pub fn kind(&self) -> &'static DetectorKind {
        self.settings.kind
    }

    /// Its parameters, those by default too.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How many values were taken in.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// How many values were skipped.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// What it knows at this moment, by the names of the field: `width`, `estimation`, `variance_sum` of `adwin`.
    /// A figure that is not finite is not known yet and left out.
    pub fn figures(&self) -> Vec<(&'static str, f64)> {
        self.change.figures().into_iter().filter(|it| it.1.is_finite()).collect()
    }
}

impl Clone for Detector {
    fn clone(&self) -> Self {
        Detector { settings: self.settings.clone(), change: self.change.copy(), ..*self }
    }
}

#[cfg(test)]
mod tests;
