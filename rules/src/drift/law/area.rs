//! What chance makes of the area between two empirical distribution functions when nothing has changed.
//!
//! The gap between the functions is then, for many values, a Brownian bridge along the distribution function of all of
//! them, whatever that is. Of the area its mean and variance are known, so that a law with the same mean and variance
//! gives its tail. The area is taken in stretches, each of which has a share of the mean, and a place: how much of all
//! values lies below.

use std::f64::consts::FRAC_PI_2;

use super::Tail;
use super::chi_square::gamma_upper_tail;
use super::normal;

/// A part of the area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Its share of the mean area.
    pub share: f64,
    /// The share of all values that lie below it; between 0 and 1.
    pub at: f64,
}

/// The variance of the whole area over the square of its mean: the sum of `part` of the square of the correlation over
/// all pairs, which `stretches` have in order of their places.
fn variation(stretches: &[Stretch], part: impl Fn(f64) -> f64) -> f64 {
    let mut sum = 0.0;
    for (k, right) in stretches.iter().enumerate() {
        sum += right.share * right.share * part(1.0);
        for left in stretches.iter().take(k) {
            // Two places of a bridge.
            let square = left.at * (1.0 - right.at) / (right.at * (1.0 - left.at));
            sum += 2.0 * left.share * right.share * part(square.clamp(0.0, 1.0));
        }
    }
    sum
}

/// The probability that the area between the functions, which is `ratio` times its mean, is at least that; of
/// stretches by their share of the mean of `|gap|`.
///
/// A normal pair of correlation `r` has `E|XY| = 2 / pi (root(1 - r^2) + r asin r)` in units of their deviations; a
/// lognormal law has the long tail of such a sum.
pub fn of_gaps(ratio: f64, stretches: &[Stretch]) -> Tail {
    let square = variation(stretches, |square| {
        let r = square.sqrt();
        (1.0 - square).sqrt() + r * r.asin() - 1.0
    });
    if ratio <= 0.0 || square.is_nan() || square <= 0.0 {
        return Tail::ONE;
    }
    // A single gap, such as between two shares, is the size of a normal number.
    if square > 0.999 * (FRAC_PI_2 - 1.0) {
        return normal::sf(ratio / FRAC_PI_2.sqrt()).twice();
    }
    let spread = square.ln_1p();
    normal::sf((ratio.ln() + spread / 2.0) / spread.sqrt())
}

/// The probability that the area under the squared gap, which is `ratio` times its mean, is at least that; of stretches
/// by their share of the mean of the square. The law is a sum of weighted chi-square numbers, for which a gamma law of
/// the same mean and variance stands (F. E. Satterthwaite, 1946).
pub fn of_squares(ratio: f64, stretches: &[Stretch]) -> Tail {
    let square = variation(stretches, |square| 2.0 * square);
    if ratio <= 0.0 || square.is_nan() || square <= 0.0 {
        return Tail::ONE;
    }
    gamma_upper_tail(1.0 / square, ratio / square)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stretches of equal width of a uniform law.
    fn uniform(of: impl Fn(f64) -> f64) -> Vec<Stretch> {
        let at = |k: u32| (f64::from(k) + 0.5) / 200.0;
        let all: f64 = (0..200).map(|k| of(at(k))).sum();
        (0..200).map(|k| Stretch { share: of(at(k)) / all, at: at(k) }).collect()
    }

    #[test]
    fn moments_and_levels_are_those_of_a_brownian_bridge() {
        // L. A. Shepp (1982): E of the area is root(pi / 2) / 4, of its square 7 / 60.
        let stretches = uniform(|at| (at * (1.0 - at)).sqrt());
        let mean = FRAC_PI_2.sqrt() / 4.0;
        let square = variation(&stretches, |it| (1.0 - it).sqrt() + it.sqrt() * it.sqrt().asin() - 1.0);
        assert!((square - (7.0 / 60.0 / (mean * mean) - 1.0)).abs() < 2e-3, "{square}");
        // B. McK. Johnson and T. Killeen (1983): 0.5821 and 0.7518 are exceeded with probability 0.05 and 0.01.
        let [five, one] = [0.5821, 0.7518].map(|it| of_gaps(it / mean, &stretches).p);
        assert!((five - 0.05).abs() < 0.006 && (one - 0.01).abs() < 0.003, "{five} {one}");
        // Of the squared gap: Cramer and von Mises' law, with mean 1 / 6.
        let stretches = uniform(|at| at * (1.0 - at));
        let five = of_squares(0.461_36 * 6.0, &stretches).p;
        assert!((five - 0.05).abs() < 0.006, "{five}");
    }

    #[test]
    fn a_single_gap_is_the_size_of_a_normal_number() {
        let one = [Stretch { share: 1.0, at: 0.1 }];
        let ratio = 1.959_964 * FRAC_PI_2.sqrt();
        assert!((of_gaps(ratio, &one).p - 0.05).abs() < 1e-6);
        assert!((of_squares(1.959_964 * 1.959_964, &one).p - 0.05).abs() < 1e-6);
        assert_eq!((of_gaps(0.0, &one).p, of_squares(3.0, &[]).p), (1.0, 1.0));
        assert!(of_gaps(1e200, &one).ln_p < -700.0);
    }
}
