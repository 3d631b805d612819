//! Student's law.

use std::f64::consts::PI;

use super::Tail;
use super::normal;

/// Degrees of freedom beyond which the law is the normal one with its first correction: the next is of the order of
/// the square of their inverse.
const NORMAL: f64 = 1e10;

/// The probability that a number of Student's law with `df` degrees of freedom, which may be a fraction, is above
/// `t`.
///
/// It is half of the regularised incomplete beta function `I_x(df / 2, 1 / 2)` at `x = df / (df + t^2)`, by its
/// continued fraction (modified Lentz); what stands before the fraction is formed as a logarithm, so that the far
/// tail keeps its digits.
pub fn sf(t: f64, df: f64) -> Tail {
    if t.is_nan() || df.is_nan() || df <= 0.0 {
        return Tail { p: f64::NAN, ln_p: f64::NAN };
    }
    if t < 0.0 {
        let below = sf(-t, df);
        return Tail { p: 1.0 - below.p, ln_p: (-below.p).ln_1p() };
    }
    if t.is_infinite() {
        return Tail { p: 0.0, ln_p: f64::NEG_INFINITY };
    }
    if df > NORMAL {
        return normal::sf(t * (1.0 - 0.25 / df) / (1.0 + t * t / (2.0 * df)).sqrt());
    }
    let (a, b) = (0.5 * df, 0.5);
    let ratio = t * t / df;
    let (ln_x, ln_rest) = (-ratio.ln_1p(), -(1.0 / ratio).ln_1p());
    let ln_front = a * ln_x + b * ln_rest + ln_gamma_ratio(a) - 0.5 * PI.ln();
    let x = 1.0 / (1.0 + ratio);
    if x < (a + 1.0) / (a + b + 2.0) {
        return Tail::of_ln(ln_front - a.ln() + fraction(a, b, x).ln() - std::f64::consts::LN_2);
    }
    let inside = (ln_front - b.ln() + fraction(b, a, ratio / (1.0 + ratio)).ln()).exp();
    Tail::of(0.5 * (1.0 - inside))
}

/// `ln(gamma(a + 1/2) / gamma(a))`, without the difference of two large logarithms.
fn ln_gamma_ratio(a: f64) -> f64 {
    // gamma(a + 1/2) / gamma(a) = a / (a + 1/2) * gamma(a + 3/2) / gamma(a + 1), until the series holds.
    if a < 30.0 {
        return (a / (a + 0.5)).ln() + ln_gamma_ratio(a + 1.0);
    }
    let square = a * a;
    0.5 * a.ln() - (1.0 / 8.0 - (1.0 / 192.0 - (1.0 / 640.0 - 17.0 / (14_336.0 * square)) / square) / square) / a
}

/// The continued fraction of the incomplete beta function.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let away = |it: f64| if it.abs() < 1e-300 { 1e-300 } else { it };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut found = d;
    // It takes about the root of the larger parameter; the bound is for parameters that no test has.
    for m in 1..1_000_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        found *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        found *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_that_of_mpmath_with_forty_digits() {
        let cases = [
            (0.0, 5.0, 0.5, -std::f64::consts::LN_2),
            (1.0, 1.0, 0.25, -1.386_294_361_119_890_6),
            (2.5, 3.0, 0.043_853_323_504_032_77, -3.126_904_770_469_744_6),
            (50.0, 30.0, 9.357_708_829_611_357e-31, -69.143_937_405_451_38),
            (3.0, 1e6, 0.001_349_931_270_710_898_5, -6.607_701_598_412_306),
            (40.0, 2000.0, 7.139_309_266_780_986e-258, -592.101_337_962_139_3),
        ];
        for (t, df, p, ln) in cases {
            let found = sf(t, df);
            assert!((found.p - p).abs() <= 1e-10 * p, "{t} {df}: {found:?}");
            assert!((found.ln_p - ln).abs() <= 1e-11 * ln.abs(), "{t} {df}: {found:?}");
        }
    }

    #[test]
    fn both_sides_of_each_turn_agree() {
        for t in [0.01, 1.0, 3.0, 30.0] {
            let (fraction, normal) = (sf(t, NORMAL * 0.999), sf(t, NORMAL * 1.001));
            assert!((fraction.ln_p / normal.ln_p - 1.0).abs() < 1e-6, "{t}: {fraction:?} {normal:?}");
            for df in [0.7, 4.0, 1e3] {
                assert!((sf(t, df).p + sf(-t, df).p - 1.0).abs() < 1e-14);
            }
        }
    }
}
