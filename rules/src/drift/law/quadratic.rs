//! The limit laws of the Cramer-von Mises and the Anderson-Darling statistics: weighted sums of chi-square numbers.
//!
//! Both are `sum w_j X_j` over `j = 1, 2, ..`, where `X_j` has a chi-square law with `dof` degrees of freedom, 1 for
//! two samples and `k - 1` for `k`, and where the generating function is `D(s)^(-dof / 2)` with a closed form of
//! `D(s) = product (1 - 2 s w_j)`. The probability to exceed `x` is then the integral of `D(s)^(-dof / 2) exp(-s x) / s`
//! along a path from below to above that crosses the real axis between 0 and the first zero of `D`, by `2 pi i`.
//! It is taken along a parabola that opens to the right and crosses near the saddle point, by the trapezoidal rule,
//! whose error falls exponentially with the number of steps; so far tails keep their digits, and their logarithm.
//! The method is J. Abate's and W. Whitt's for Laplace transforms; the laws are N. V. Smirnov's (1936) and T. W.
//! Anderson's and D. A. Darling's (1952), for more samples F. W. Scholz's and M. A. Stephens' (1987).

use std::f64::consts::{FRAC_PI_2, LN_2, PI};

use super::Tail;

/// Complex numbers, as far as they are needed.
type Complex = (f64, f64);

fn times(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

fn ln(it: Complex) -> Complex {
    (it.0.hypot(it.1).ln(), it.1.atan2(it.0))
}

/// The root in the upper half-plane of a number there.
fn root(it: Complex) -> Complex {
    let size = it.0.hypot(it.1);
    (f64::midpoint(size, it.0).max(0.0).sqrt(), f64::midpoint(size, -it.0).max(0.0).sqrt())
}

/// `exp(2 i z)` for `z` in the upper half-plane, which is never large.
fn turned(z: Complex) -> Complex {
    let size = (-2.0 * z.1).exp();
    (size * (2.0 * z.0).cos(), size * (2.0 * z.0).sin())
}

/// Weights by the logarithm of `D` in the upper half-plane, continued from the stretch of the real axis before the
/// first zero, where `D` is positive.
#[derive(Clone, Copy, Debug)]
enum Weights<'a> {
    /// `1 / (j pi)^2`: `D(s) = sin(z) / z` with `z = root(2 s)`.
    CramerVonMises,
    /// `1 / (j (j + 1))`: `D(s) = -cos(w) / (2 pi s)` with `w = pi / 2 root(1 + 8 s)`.
    AndersonDarling,
    /// These, the largest first.
    Listed(&'a [f64]),
}

impl Weights<'_> {
    /// The first zero of `D`.
    fn edge(self) -> f64 {
        match self {
            Weights::CramerVonMises => PI * PI / 2.0,
            Weights::AndersonDarling => 1.0,
            Weights::Listed(all) => all.first().map_or(f64::INFINITY, |it| 0.5 / it),
        }
    }

    fn ln_d(self, s: Complex) -> Complex {
        match self {
            // sin z = i / 2 exp(-i z) (1 - exp(2 i z)), whose factors have logarithms that do not jump.
            Weights::CramerVonMises => {
                let z = root((2.0 * s.0, 2.0 * s.1));
                let e = turned(z);
                let (rest, below) = (ln((1.0 - e.0, -e.1)), ln(z));
                (z.1 - LN_2 + rest.0 - below.0, FRAC_PI_2 - z.0 + rest.1 - below.1)
            }
            // -cos w = 1 / 2 exp(i pi - i w) (1 + exp(2 i w)), the same way.
            Weights::AndersonDarling => {
                let r = root((1.0 + 8.0 * s.0, 8.0 * s.1));
                let w = (FRAC_PI_2 * r.0, FRAC_PI_2 * r.1);
                let e = turned(w);
                let (rest, below) = (ln((1.0 + e.0, e.1)), ln((2.0 * PI * s.0, 2.0 * PI * s.1)));
                (w.1 - LN_2 + rest.0 - below.0, PI - w.0 + rest.1 - below.1)
            }
            Weights::Listed(all) => all.iter().fold((0.0, 0.0), |sum, it| {
                let factor = ln((1.0 - 2.0 * it * s.0, -2.0 * it * s.1));
                (sum.0 + factor.0, sum.1 + factor.1)
            }),
        }
    }

    /// The logarithm of what is integrated, less `i` times the turn of the path.
    fn ln_inside(self, s: Complex, x: f64, half: f64) -> Complex {
        let (d, below) = (self.ln_d(s), ln(s));
        (-half * d.0 - x * s.0 - below.0, -half * d.1 - x * s.1 - below.1)
    }
}

/// The probability that the limit of the two-sample Cramer-von Mises statistic, of mean 1/6, is at least `x`.
pub fn cramer_von_mises(x: f64) -> Tail {
    // Below it the probability is 1 to the last digit.
    if x < 0.003 { Tail::ONE } else { exceeds(Weights::CramerVonMises, x, 1.0) }
}

/// The probability that the limit of the Anderson-Darling statistic of `dof + 1` samples, of mean `dof`, is at least
/// `x`.
pub fn anderson_darling(x: f64, dof: f64) -> Tail {
    if x < 0.02 * dof { Tail::ONE } else { exceeds(Weights::AndersonDarling, x, dof) }
}

/// The probability that a sum of chi-square numbers with `dof` degrees of freedom and these weights, the largest first
/// and all above 0, is at least `x`.
pub fn listed(x: f64, dof: f64, weights: &[f64]) -> Tail {
    let mean = dof * weights.iter().sum::<f64>();
    // One chi-square number has much probability near 0, several have hardly any.
    if x <= 1e-9 * mean || weights.is_empty() { Tail::ONE } else { exceeds(Weights::Listed(weights), x, dof) }
}

fn exceeds(weights: Weights, x: f64, dof: f64) -> Tail {
    if x.is_nan() {
        return Tail { p: f64::NAN, ln_p: f64::NAN };
    }
    if x.is_infinite() {
        return Tail { p: 0.0, ln_p: f64::NEG_INFINITY };
    }
    let half = dof / 2.0;
    let edge = weights.edge();
    let height = |c: f64| weights.ln_inside((c, 0.0), x, half).0;
    // The saddle: on the real axis the integrand is convex in its logarithm, so thirds close in on its least.
    let (mut low, mut high) = (0.0, edge);
    for _ in 0..100 {
        let (a, b) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if height(a) <= height(b) {
            high = b;
        } else {
            low = a;
        }
    }
    let cross = 0.5 * (low + high);
    let top = height(cross);
    let clear = cross.min(edge - cross);
    // A parabola whose focus keeps the distance, and steps that leave an error of exp(-40).
    let bend = 0.25 / clear;
    let step = 2.0 * PI * clear / 40.0;
    let mut sum = 0.5;
    for k in 1..100_000 {
        let y = f64::from(k) * step;
        let inside = weights.ln_inside((cross + bend * y * y, y), x, half);
        let size = (inside.0 - top).exp();
        let value = (size * inside.1.cos(), size * inside.1.sin());
        let turned = times(value, (2.0 * bend * y, 1.0));
        sum += turned.1;
        if size * (1.0 + 2.0 * bend * y) < 1e-18 {
            break;
        }
    }
    Tail::of_ln(top + (sum * step / PI).ln())
}

#[cfg(test)]
#[allow(clippy::excessive_precision, reason = "as mpmath prints them")]
mod tests {
    use super::*;

    #[test]
    fn they_are_the_series_of_smirnov_with_thirty_digits() {
        // mpmath: the integrals between the zeros of `D` in turn, and for two degrees of freedom the residues.
        let cases = [
            (cramer_von_mises(0.2), 0.267_470_430_540_774_96, -1.318_746_258_790_561_8),
            (cramer_von_mises(0.46136), 0.050_000_383_132_651_303, -2.995_724_610_930_322_9),
            (cramer_von_mises(1.0), 0.002_460_452_180_133_965_6, -6.007_410_132_866_829_1),
            (cramer_von_mises(3.0), 7.567_743_459_316_025_9e-8, -16.396_785_810_859_262),
            (cramer_von_mises(500.0), 0.0, -2_471.532_478_539_528),
            (anderson_darling(0.8, 1.0), 0.481_027_953_006_291_69, -0.731_829_896_206_754_99),
            (anderson_darling(2.4924, 1.0), 0.049_998_016_092_357_634, -2.995_771_952_494_037),
            (anderson_darling(10.0, 1.0), 1.381_503_541_065_046_6e-5, -11.189_753_036_389_105),
            (anderson_darling(1000.0, 1.0), 0.0, -1_003.477_130_411_766_2),
            (anderson_darling(1.0, 2.0), 0.871_649_002_622_374_02, -0.137_368_456_034_519_63),
            (anderson_darling(5.0, 2.0), 0.020_212_311_486_308_926, -3.901_463_380_711_944_6),
            (anderson_darling(30.0, 2.0), 2.807_286_890_652_052_4e-13, -28.901_387_711_331_89),
        ];
        for (found, p, ln) in cases {
            assert!((found.p - p).abs() <= 1e-10 * p, "{found:?} {p}");
            assert!((found.ln_p - ln).abs() <= 1e-11 * ln.abs(), "{found:?} {ln}");
        }
    }

    #[test]
    fn certainty_is_reached_without_a_step() {
        for (x, least) in [(0.0031, 1.0 - 1e-12), (0.01, 0.999_99), (0.03, 0.97)] {
            assert!((least..=1.0 + 1e-15).contains(&cramer_von_mises(x).p), "{x}: {:?}", cramer_von_mises(x));
        }
        for dof in [1.0, 2.0, 7.0] {
            assert!((anderson_darling(0.0201 * dof, dof).p - 1.0).abs() < 1e-9, "{dof}");
        }
    }
}
