//! Evidence that may be looked at after every record: confidence sequences for the mean of bounded numbers by betting.
//!
//! Whoever believes that the mean is at most `m` loses nothing on average against a fair bet on each number being above
//! it. If a player who may not borrow makes 20 of 1 all the same, the belief is rejected at the level of 1 in 20, and by
//! Ville's inequality (1939) that holds at any time, however often one looks and for whatever reason one stops. Bets are
//! those of Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting" (2024), of which this is
//! the diversified one: the capital is spread over players who each stake a constant share, and the best of them, who is
//! not known before, wins almost as much as if he had had all of it.

use super::halved;
use crate::quality::interval::Interval;

/// The share of the capital that the boldest player may lose in one bet; each other stakes half of the one before.
const MOST: f64 = 0.75;
/// How many players there are: the most careful one suits differences of a ten-thousandth of the range.
const PLAYERS: usize = 12;
/// Capital that is never exceeded, so that no product overflows.
const ENOUGH: f64 = 1e300;

/// Numbers in their order, between two bounds.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// The numbers, brought to 0 to 1.
    numbers: Vec<f64>,
    range: Interval,
}

/// What the bets against a belief came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bets {
    /// The p-value at any time: one over the greatest capital.
    pub p: f64,
    /// The number, from 1, after which the capital reached one over the level.
    pub after: Option<usize>,
}

impl Sequence {
    /// Of numbers between the bounds of `range`. `None` where a number lies outside of them, or there is no number.
    pub fn of(numbers: &[f64], range: Interval) -> Option<Self> {
        let width = range.1 - range.0;
        let inside = |it: &f64| (range.0..=range.1).contains(it);
        if numbers.is_empty() || width <= 0.0 || !numbers.iter().all(inside) {
            return None;
        }
        Some(Sequence { numbers: numbers.iter().map(|it| (it - range.0) / width).collect(), range })
    }

    /// The bets against "the mean is at most `at`".
    pub fn above(&self, at: f64, level: f64) -> Bets {
        let m = self.scaled(at);
        self.play(level, |x| (x - m) / m)
    }

    /// The bets against "the mean is at least `at`".
    pub fn below(&self, at: f64, level: f64) -> Bets {
        let m = self.scaled(at);
        self.play(level, |x| (m - x) / (1.0 - m))
    }

    /// Bounds of the mean, each by itself at the level `alpha` over all times: beliefs within them were never rejected.
    pub fn bounds(&self, alpha: f64) -> Interval {
        let is_open = |it: Bets| it.after.is_none();
        let low = halved(self.range, |at| is_open(self.above(at, alpha)));
        let high = halved(self.range, |at| !is_open(self.below(at, alpha)));
        (low, high)
    }

    fn scaled(&self, at: f64) -> f64 {
        // Not an end of the range, at which nothing could be staked.
        ((at - self.range.0) / (self.range.1 - self.range.0)).clamp(1e-12, 1.0 - 1e-12)
    }

    /// `gain` is what a stake of 1 wins, and at least -1.
    fn play(&self, level: f64, gain: impl Fn(f64) -> f64) -> Bets {
        let (mut most, mut after) = (1.0_f64, None);
        let mut stake = MOST * 2.0;
        let mut players = [(); PLAYERS].map(|()| {
            stake /= 2.0;
            (stake, 1.0_f64)
        });
        for (seen, x) in self.numbers.iter().enumerate() {
            let gain = gain(*x);
            let mut sum = 0.0;
            for (stake, capital) in &mut players {
                *capital = (*capital * (1.0 + *stake * gain)).min(ENOUGH);
                sum += *capital;
            }
            most = most.max(sum / PLAYERS as f64);
            if after.is_none() && most * level >= 1.0 {
                after = Some(seen + 1);
            }
        }
        Bets { p: 1.0 / most, after }
    }
}
