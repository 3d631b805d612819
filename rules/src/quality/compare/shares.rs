//! Differences of shares, as of the shares of records whose class was predicted.

use super::{Interval, halved};
use crate::drift::law::binomial::ln_binomial;
use crate::drift::law::normal;
use crate::quality::interval::wilson;

/// Beyond so many standard errors no probability is left to tell.
const FAR: f64 = 37.0;

/// Two models on the same records: what matters is where only one of them is right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Matched {
    /// Records on which the candidate alone is right.
    pub candidate_only: f64,
    /// Records on which the baseline alone is right.
    pub baseline_only: f64,
    /// All records.
    pub n: f64,
}

/// Two models on records of their own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unmatched {
    /// The candidate's share and its records.
    pub candidate: (f64, f64),
    /// The baseline's; infinitely many records where the share is known exactly.
    pub baseline: (f64, f64),
}

impl Matched {
    /// The candidate's share less the baseline's.
    pub fn gain(&self) -> f64 {
        (self.candidate_only - self.baseline_only) / self.n
    }

    /// The p-value against "the difference is at most `at`". About no difference it is `McNemar`'s exact test (1947):
    /// of the records on which the models differ, each is right on half. About others it is Tango's score test (1998).
    pub fn p_above(&self, at: f64) -> f64 {
        if at == 0.0 {
            return half_at_least(self.candidate_only, self.candidate_only + self.baseline_only);
        }
        normal::sf(self.score(at)).p
    }

    /// Tango's interval (1998) for `z` standard errors: the differences that his score test does not reject.
    pub fn interval(&self, z: f64) -> Interval {
        // The score falls as the difference grows.
        let middle = self.gain();
        let low = halved((-1.0, middle), |at| self.score(at) <= z);
        let high = halved((middle, 1.0), |at| self.score(at) <= -z);
        (low, high)
    }

    /// The standard error of the difference.
    pub fn error(&self) -> f64 {
        let gain = self.gain();
        (((self.candidate_only + self.baseline_only) / self.n - gain * gain).max(0.0) / self.n).sqrt()
    }

    pub(super) fn mirrored(self) -> Self {
        Matched { candidate_only: self.baseline_only, baseline_only: self.candidate_only, n: self.n }
    }

    /// How many standard errors the difference lies above `at`, if `at` were true.
    fn score(&self, at: f64) -> f64 {
        let Matched { candidate_only: b, baseline_only: c, n } = *self;
        let away = b - c - n * at;
        // The most likely share of records on which the baseline alone is right.
        let linear = -b - c + (2.0 * n - b + c) * at;
        let root = (linear * linear + 8.0 * n * c * at * (1.0 - at)).max(0.0).sqrt();
        let share = ((root - linear) / (4.0 * n)).max(0.0);
        let variance = n * (2.0 * share + at * (1.0 - at));
        if variance > 0.0 {
            away / variance.sqrt()
        } else if away == 0.0 {
            0.0
        } else {
            away.signum() * f64::INFINITY
        }
    }
}

impl Unmatched {
    /// The candidate's share less the baseline's.
    pub fn gain(&self) -> f64 {
        self.candidate.0 - self.baseline.0
    }

    /// Newcombe's hybrid score interval (1998, his method 10) for `z` standard errors.
    pub fn interval(&self, z: f64) -> Interval {
        let around = |(share, n): (f64, f64)| wilson(share, n, z).unwrap_or((0.0, 1.0));
        let ((p, _), (q, _)) = (self.candidate, self.baseline);
        let ((p_low, p_high), (q_low, q_high)) = (around(self.candidate), around(self.baseline));
        (p - q - (p - p_low).hypot(q_high - q), p - q + (p_high - p).hypot(q - q_low))
    }

    /// The p-value against "the difference is at most `at`": the level at which the bound of the interval is `at`, so
    /// that test and interval always agree.
    pub fn p_above(&self, at: f64) -> f64 {
        if at < self.gain() {
            normal::sf(halved((0.0, FAR), |z| self.interval(z).0 <= at)).p
        } else {
            1.0 - normal::sf(halved((0.0, FAR), |z| self.interval(z).1 >= at)).p
        }
    }

    /// The standard error of the difference.
    pub fn error(&self) -> f64 {
        let variance = |(share, n): (f64, f64)| share * (1.0 - share) / n;
        (variance(self.candidate) + variance(self.baseline)).sqrt()
    }

    pub(super) fn mirrored(self) -> Self {
        Unmatched { candidate: self.baseline, baseline: self.candidate }
    }
}

/// The chance of `k` heads or more in `n` throws of a coin.
fn half_at_least(k: f64, n: f64) -> f64 {
    if k <= 0.0 {
        return 1.0;
    }
    if k <= n / 2.0 {
        return 1.0 - half_at_least(n - k + 1.0, n);
    }
    let (mut sum, mut x) = (0.0, k);
    while x <= n {
        let term = ln_binomial(x, n, 0.5).exp();
        sum += term;
        if term <= sum * f64::EPSILON {
            break;
        }
        x += 1.0;
    }
    sum.min(1.0)
}
