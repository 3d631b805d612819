//! Logarithms of the probabilities that binomial and Poisson laws give to a number, without the cancellation of
//! differences of large logarithms of factorials.
//!
//! C. Loader, "Fast and accurate computation of binomial probabilities" (2000): what Stirling's formula leaves, and the
//! deviance, are computed by themselves.

use std::f64::consts::TAU;

use statrs::function::gamma::ln_gamma;

/// The natural logarithm of the probability of `x` successes in `n` trials, each with probability `p`. Broken numbers
/// are allowed where `0 <= x <= n`; impossible ones have minus infinity.
pub fn ln_binomial(x: f64, n: f64, p: f64) -> f64 {
    if !(0.0..=n).contains(&x) {
        return f64::NEG_INFINITY;
    }
    let q = 1.0 - p;
    if x == 0.0 {
        return if n == 0.0 { 0.0 } else { n * (-p).ln_1p() };
    }
    if x == n {
        return n * p.ln();
    }
    let rest = stirling_rest(n) - stirling_rest(x) - stirling_rest(n - x);
    rest - deviance(x, n * p) - deviance(n - x, n * q) + 0.5 * (n / (TAU * x * (n - x))).ln()
}

/// The natural logarithm of `mean^x e^-mean / Γ(x + 1)`, for `x >= 0` and a positive mean.
pub fn ln_poisson(x: f64, mean: f64) -> f64 {
    if x == 0.0 {
        return -mean;
    }
    -stirling_rest(x) - deviance(x, mean) - 0.5 * (TAU * x).ln()
}

/// `ln Γ(n + 1) - (n + 1/2) ln n + n - ln(2 π) / 2`.
fn stirling_rest(n: f64) -> f64 {
    if n <= 15.0 {
        return ln_gamma(n + 1.0) - (n + 0.5) * n.ln() + n - 0.5 * TAU.ln();
    }
    let square = n * n;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square) / square)
        / n
}

/// `x ln(x / mean) + mean - x`.
pub(crate) fn deviance(x: f64, mean: f64) -> f64 {
    let away = x - mean;
    if away.abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() - away;
    }
    // The series of `ln((1 + v) / (1 - v))`: near the mean the difference above would keep few digits.
    let v = away / (x + mean);
    let (mut sum, mut term) = (away * v, 2.0 * x * v);
    for odd in (3..).step_by(2) {
        term *= v * v;
        let next = sum + term / f64::from(odd);
        if next == sum || odd > 1000 {
            break;
        }
        sum = next;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::{ln_binomial, ln_poisson};

    #[test]
    fn they_are_the_probabilities() {
        // By hand: 3 of 10 at 1/2 is 120 / 1024, 2 of 3 at 1/4 is 9 / 64; e^-2 2^3 / 6.
        let close = |is: f64, wanted: f64| assert!((is - wanted.ln()).abs() < 1e-13, "{is}, not {}", wanted.ln());
        close(ln_binomial(3.0, 10.0, 0.5), 120.0 / 1024.0);
        close(ln_binomial(2.0, 3.0, 0.25), 9.0 / 64.0);
        close(ln_binomial(3.0, 3.0, 0.25), 1.0 / 64.0);
        close(ln_poisson(3.0, 2.0), (-2_f64).exp() * 8.0 / 6.0);
        assert_eq!(ln_binomial(4.0, 3.0, 0.25), f64::NEG_INFINITY);
        // All numbers of a large law add up to one.
        let sum: f64 = (0..=100_000).map(|x| ln_binomial(f64::from(x), 100_000.0, 0.3).exp()).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    }
}
