//! The upper tail of the chi-square law, and of the gamma law of which it is one.

use super::Tail;
use super::binomial::ln_poisson;

/// The probability that a chi-square number of `dof` degrees of freedom, which may be broken, exceeds `x`. `NaN` unless
/// `dof` is positive and `x` is a number.
///
/// Relative error below 1e-12 for up to a million degrees of freedom, in the tail as well.
pub fn upper_tail(x: f64, dof: f64) -> Tail {
    gamma_upper_tail(dof / 2.0, x / 2.0)
}

/// The probability that a normal number is at least `|z|` from its mean, in standard deviations: the two-sided p-value.
pub fn two_sided_normal(z: f64) -> Tail {
    upper_tail(z * z, 1.0)
}

/// The probability that a normal number exceeds its mean by more than `z` standard deviations.
pub fn normal_upper_tail(z: f64) -> Tail {
    let two = two_sided_normal(z);
    if z > 0.0 { Tail { p: two.p / 2.0, ln_p: two.ln_p - std::f64::consts::LN_2 } } else { Tail::of(1.0 - two.p / 2.0) }
}

/// The number that a chi-square one exceeds with probability `p`, between 0 and 1, by halving intervals.
pub fn upper_quantile(p: f64, dof: f64) -> f64 {
    let (mut low, mut high) = (0.0, dof.max(1.0));
    while upper_tail(high, dof).p > p && high < f64::MAX / 4.0 {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if upper_tail(middle, dof).p > p { low = middle } else { high = middle }
    }
    high
}

/// The regularised upper incomplete gamma function `Q(a, x)`.
///
/// The series of the other tail below `a + 1`, a continued fraction above (W. Gautschi, "A computational procedure for
/// incomplete gamma functions", 1979; evaluated after W. J. Lentz), both scaled by a Poisson probability that is
/// computed without cancellation, so that neither large `a` nor far tails lose digits.
pub fn gamma_upper_tail(a: f64, x: f64) -> Tail {
    if a.is_nan() || x.is_nan() || a <= 0.0 || a.is_infinite() {
        return Tail { p: f64::NAN, ln_p: f64::NAN };
    }
    if x <= 0.0 {
        return Tail::ONE;
    }
    if x.is_infinite() {
        return Tail { p: 0.0, ln_p: f64::NEG_INFINITY };
    }
    let scale = ln_poisson(a, x);
    if x < a + 1.0 {
        let (mut sum, mut term) = (1.0, 1.0);
        for k in 1..MOST_TERMS {
            term *= x / (a + f64::from(k));
            sum += term;
            if term < 1e-17 * sum {
                break;
            }
        }
        let lower = (scale + f64::ln(sum)).exp().min(1.0);
        return Tail { p: 1.0 - lower, ln_p: (-lower).ln_1p() };
    }
    let mut b = x + 1.0 - a;
    let mut d = 1.0 / b;
    let (mut c, mut fraction) = (f64::MAX.sqrt(), d);
    for k in 1..MOST_TERMS {
        let k = f64::from(k);
        let factor = k * (a - k);
        b += 2.0;
        d = 1.0 / away_from_zero(factor.mul_add(d, b));
        c = away_from_zero(b + factor / c);
        let by = c * d;
        fraction *= by;
        if (by - 1.0).abs() < 1e-16 {
            break;
        }
    }
    // `x^a e^-x / Γ(a)` is `a` times the Poisson probability.
    Tail::of_ln(scale + a.ln() + fraction.ln())
}

/// Near `x = a` both sums need some multiple of the root of `a` terms.
const MOST_TERMS: u32 = 100_000;

fn away_from_zero(it: f64) -> f64 {
    if it.abs() < f64::MIN_POSITIVE { f64::MIN_POSITIVE } else { it }
}

#[cfg(test)]
mod tests {
    use super::{normal_upper_tail, upper_quantile, upper_tail};

    /// Degrees of freedom, statistic, probability, and its logarithm: mpmath, 40 digits.
    const TAILS: [(f64, f64, f64, f64); 4] = [
        (2.0, 1e-6, 0.999_999_500_000_125, -5e-7),
        (4.0, 5.0, 0.287_297_495_183_645_8, -1.247_237_031_504_632),
        (5.0, 20_000.0, 0.0, -9_986.469_022_316_26),
        (1.0, 3.841_458_820_694_124, 0.05, -2.995_732_273_553_991),
    ];

    #[test]
    fn tails_are_accurate_where_they_underflow_too() {
        for (dof, x, p, ln_p) in TAILS {
            let is = upper_tail(x, dof);
            assert!((is.p - p).abs() <= 1e-12 * p, "chi-square {dof}, {x}: {is:?}");
            assert!((is.ln_p - ln_p).abs() <= 1e-12 * ln_p.abs().max(1.0), "chi-square {dof}, {x}: {is:?}");
        }
        // Two degrees of freedom are an exponential law.
        for x in [0.1, 1.0, 3.0, 50.0, 3000.0] {
            assert!((upper_tail(x, 2.0).ln_p + x / 2.0).abs() < 1e-12 * x.max(1.0));
        }
        // Around the middle of a large law the two ways of computing meet.
        let (below, above) = (upper_tail(2e6 + 1.9, 2e6).p, upper_tail(2e6 + 2.1, 2e6).p);
        assert!(below > above && below - above < 1e-4, "{below} {above}");
        assert!(upper_tail(f64::NAN, 3.0).p.is_nan() && upper_tail(1.0, 0.0).p.is_nan());
        assert_eq!(upper_tail(f64::INFINITY, 3.0).p, 0.0);
    }

    #[test]
    fn the_quantile_undoes_the_tail() {
        for dof in [1.0, 9.0, 149.0] {
            for p in [0.5, 0.05, 1e-9] {
                let back = upper_tail(upper_quantile(p, dof), dof).p;
                assert!((back - p).abs() < 1e-9 * p, "{dof} {p}: {back}");
            }
        }
        assert!((normal_upper_tail(1.959_963_984_540_054).p - 0.025).abs() < 1e-14);
        assert!((normal_upper_tail(-1.959_963_984_540_054).p - 0.975).abs() < 1e-14);
    }
}
