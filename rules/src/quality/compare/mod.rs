//! Whether one model is worse than another: the difference of a measure, and the laws that say how far chance moves it.
//!
//! A difference is told as a *gain*: positive where the candidate is the better one, whether the measure is a share that
//! should be high or a loss that should be low. Two one-sided questions are asked of it: is the gain below minus the
//! margin (the candidate is worse), and is it above (that it is not worse is proven, a non-inferiority test)? Neither may
//! be answered.

pub mod apart;
pub mod influence;
pub mod sequential;
pub mod shares;

use statrs::distribution::{ContinuousCDF as _, Normal};

use super::interval::Interval;
use crate::drift::law::{normal, student};
use shares::{Matched, Unmatched};

/// How chance moves a gain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// Shares of the same records.
    Matched(Matched),
    /// Shares of different records.
    Unmatched(Unmatched),
    /// A number with a standard error: Student's law, the normal one with infinite degrees of freedom.
    Error {
        /// The standard error of the gain.
        error: f64,
        /// Degrees of freedom.
        df: f64,
    },
    /// No record tells the models apart, so that there is no spread to measure. If a share `s` of all records did, none
    /// of `n` would show it with the chance `(1 - s)^n`, and `s` of them can make a difference of `s` times `scale`.
    Still {
        /// Records.
        n: f64,
        /// The difference that all records together can make: 1 of a measure between 0 and 1, the loss itself of others.
        scale: f64,
    },
}

/// The measure of two models.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// That of the candidate.
    pub candidate: f64,
    /// That of the baseline.
    pub baseline: f64,
    /// How much better the candidate is, in the measure's units.
    pub gain: f64,
    /// How chance moves it.
    pub law: Law,
}

/// What is known of a gain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// The p-value against "the gain is at least minus the margin": small where the candidate is worse.
    pub p_worse: f64,
    /// The p-value against "the gain is at most minus the margin": small where it is proven not to be worse.
    pub p_not_worse: f64,
    /// The p-value against "the gain is at most 0": small where the candidate is better.
    pub p_better: f64,
    /// Bounds of the gain, each right with confidence `1 - alpha`, both with `1 - 2 alpha`.
    pub bounds: Interval,
}

impl Difference {
    /// What is known of the gain, for a margin that is not negative, at the level `alpha`.
    pub fn evidence(&self, margin: f64, alpha: f64) -> Evidence {
        Evidence {
            p_worse: self.p_below(-margin),
            p_not_worse: self.p_above(-margin),
            p_better: self.p_above(0.0),
            bounds: self.bounds(alpha),
        }
    }

    /// The p-value against "the gain is at least `at`".
    pub fn p_below(&self, at: f64) -> f64 {
        self.mirrored().p_above(-at)
    }

    /// The p-value against "the gain is at most `at`".
    pub fn p_above(&self, at: f64) -> f64 {
        match self.law {
            Law::Matched(it) => it.p_above(at),
            Law::Unmatched(it) => it.p_above(at),
            Law::Error { error, df } if error > 0.0 => tail((self.gain - at) / error, df),
            Law::Error { .. } => f64::from(u8::from(self.gain <= at)),
            Law::Still { n, scale } if at < 0.0 => (1.0 + at / scale).max(0.0).powf(n),
            Law::Still { .. } => 1.0,
        }
    }

    /// Bounds of the gain, each by itself at the level `alpha`.
    pub fn bounds(&self, alpha: f64) -> Interval {
        let z = quantile(alpha);
        match self.law {
            Law::Matched(it) => it.interval(z),
            Law::Unmatched(it) => it.interval(z),
            Law::Error { error, df } => {
                let half = t_quantile(alpha, df) * error;
                (self.gain - half, self.gain + half)
            }
            Law::Still { n, scale } => {
                let most = scale * (1.0 - alpha.powf(1.0 / n));
                (-most, most)
            }
        }
    }

    /// The least loss that would be found with the chance `power`, as far as the spread of these records tells it: the
    /// normal law's approximation. `None` without a spread.
    pub fn detectable(&self, margin: f64, alpha: f64, power: f64) -> Option<f64> {
        let error = match self.law {
            Law::Matched(it) => it.error(),
            Law::Unmatched(it) => it.error(),
            Law::Error { error, .. } => error,
            Law::Still { .. } => 0.0,
        };
        (error > 0.0).then(|| margin + (quantile(alpha) + quantile(1.0 - power)) * error)
    }

    /// With the models changed for each other.
    fn mirrored(&self) -> Self {
        let law = match self.law {
            Law::Matched(it) => Law::Matched(it.mirrored()),
            Law::Unmatched(it) => Law::Unmatched(it.mirrored()),
            it => it,
        };
        Difference { candidate: self.baseline, baseline: self.candidate, gain: -self.gain, law }
    }
}

fn tail(t: f64, df: f64) -> f64 {
    if df.is_finite() { student::sf(t, df).p } else { normal::sf(t).p }
}

/// What a standard normal number exceeds with this chance.
fn quantile(chance: f64) -> f64 {
    Normal::standard().inverse_cdf(1.0 - chance)
}

/// The same of Student's law, by halving.
fn t_quantile(chance: f64, df: f64) -> f64 {
    if !df.is_finite() {
        return quantile(chance);
    }
    // The heaviest tail, that of one degree of freedom, bounds it.
    let most = (std::f64::consts::PI * (0.5 - chance)).tan().abs().max(1.0) * 2.0;
    let sign = if chance > 0.5 { -1.0 } else { 1.0 };
    sign * halved((0.0, most / df.min(1.0)), |t| student::sf(t, df).p <= chance.min(1.0 - chance))
}

/// Where a condition that holds at the upper end, and not at the lower, begins to hold.
fn halved((mut low, mut high): Interval, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if holds(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests;
