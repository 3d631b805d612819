//! The normal law, and that of sums of squares of normal numbers.

use std::f64::consts::TAU;

use super::Tail;

/// The probability that a standard normal number is above `x`.
///
/// Up to 2.5 it is a half less the density times the series `x + x^3 / 3 + x^5 / (3 * 5) + ..`; above, the density
/// times Laplace's continued fraction of the Mills ratio, which keeps all digits of the probability and of its
/// logarithm however far out `x` lies.
pub fn sf(x: f64) -> Tail {
    if x.is_nan() {
        return Tail { p: f64::NAN, ln_p: f64::NAN };
    }
    if x < 0.0 {
        let below = sf(-x).p;
        return Tail { p: 1.0 - below, ln_p: (-below).ln_1p() };
    }
    if x.is_infinite() {
        return Tail { p: 0.0, ln_p: f64::NEG_INFINITY };
    }
    let ln_density = -0.5 * x * x - 0.5 * TAU.ln();
    if x < 2.5 {
        let (mut term, mut sum) = (x, x);
        for k in 1..100 {
            term *= x * x / f64::from(2 * k + 1);
            sum += term;
        }
        return Tail::of(0.5 - ln_density.exp() * sum);
    }
    let fraction = (1..=100).rev().fold(x, |below, k| x + f64::from(k) / below);
    Tail::of_ln(ln_density - fraction.ln())
}

/// The probability that the sum of the squares of `dof` standard normal numbers is above `x`: the chi-square law with
/// whole degrees of freedom, by the recurrence from one or two of them, all of whose terms are positive.
pub fn sum_of_squares(x: f64, dof: u32) -> Tail {
    if x.is_nan() || dof == 0 {
        return Tail { p: f64::NAN, ln_p: f64::NAN };
    }
    if x <= 0.0 {
        return Tail::ONE;
    }
    if x.is_infinite() {
        return Tail { p: 0.0, ln_p: f64::NEG_INFINITY };
    }
    let half = x / 2.0;
    let odd = dof % 2 == 1;
    // The terms over exp(-x / 2): the first is what one or two squares leave, the next x^(k / 2) / gamma(k / 2 + 1).
    let first = if odd { (sf(x.sqrt()).twice().ln_p + half).exp() } else { 1.0 };
    let mut term = if odd { (half / std::f64::consts::PI).sqrt() * 2.0 } else { half };
    let mut sum = first;
    let mut k = if odd { 1 } else { 2 };
    while k < dof {
        sum += term;
        k += 2;
        term *= half / (f64::from(k) / 2.0);
    }
    Tail::of_ln(sum.ln() - half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_that_of_mpmath_with_forty_digits() {
        let cases = [
            (-5.0, 0.999_999_713_348_428_1, -2.866_516_129_637_636e-7),
            (0.0, 0.5, -std::f64::consts::LN_2),
            (1.0, 0.158_655_253_931_457_05, -1.841_021_645_009_263_6),
            (6.0, 9.865_876_450_376_98e-10, -20.736_768_949_974_707),
            (37.0, 5.725_571_222_524_577e-300, -689.030_585_576_890_6),
            (60.0, 0.0, -1_805.013_560_680_567_3),
        ];
        for (x, p, ln) in cases {
            let found = sf(x);
            assert!((found.p - p).abs() <= 1e-12 * p + 1e-305, "{x}: {found:?}");
            assert!((found.ln_p - ln).abs() <= 1e-12 * ln.abs(), "{x}: {found:?}");
        }
    }

    #[test]
    fn the_two_halves_meet() {
        let (below, above) = (sf(2.5 - 1e-14), sf(2.5));
        assert!((below.p / above.p - 1.0).abs() < 1e-12, "{below:?} {above:?}");
    }

    #[test]
    fn sums_of_squares_are_those_of_mpmath_with_forty_digits() {
        let cases = [
            (5.0, 4, 0.287_297_495_183_645_8, -1.247_237_031_504_632),
            (3.841_458_820_694_124, 1, 0.05, -2.995_732_273_553_991),
            (20_000.0, 5, 0.0, -9_986.469_022_316_26),
            (11.070_497_693_516_351, 5, 0.05, -2.995_732_273_553_991),
        ];
        for (x, dof, p, ln) in cases {
            let found = sum_of_squares(x, dof);
            assert!((found.p - p).abs() <= 1e-12 * p && (found.ln_p - ln).abs() <= 1e-12 * ln.abs(), "{x}: {found:?}");
        }
    }
}
