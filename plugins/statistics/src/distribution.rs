//! Distributions of test statistics.

use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};
use statrs::function::gamma::ln_gamma;

/// The probability that a standard normal number is above `z`; `NaN` of `NaN`.
pub fn normal_upper(z: f64) -> f64 {
    if z.is_nan() { f64::NAN } else { Normal::standard().sf(z) }
}

/// The number that a standard normal one is below with this probability, which is above 0 and below 1.
pub fn normal_quantile(probability: f64) -> f64 {
    Normal::standard().inverse_cdf(probability)
}

/// The number that a chi-square one is below with this probability, above 0 and below 1. Degrees of freedom may be
/// broken; there is no answer unless they are positive.
pub fn chi_square_quantile(probability: f64, degrees: f64) -> Option<f64> {
    Some(ChiSquared::new(degrees).ok()?.inverse_cdf(probability))
}

/// The one-sided p-value that the share `a` of `n` is above the share `b` of `m`: Fisher's exact test with mid-p, which
/// alarms about as often as it says where the plain test alarms too seldom.
pub fn upper_share_p_value((a, n): (u64, u64), (b, m): (u64, u64)) -> f64 {
    let (total, marked) = (n + m, a + b);
    if total == 0 || a > n || b > m {
        return f64::NAN;
    }
    let choose = |n: u64, k: u64| ln_gamma(n as f64 + 1.0) - ln_gamma(k as f64 + 1.0) - ln_gamma((n - k) as f64 + 1.0);
    let whole = choose(total, marked);
    let probability = |x: u64| (choose(n, x) + choose(m, marked - x) - whole).exp();
    let mut sum = probability(a) / 2.0;
    for x in a + 1..=marked.min(n) {
        let next = probability(x);
        sum += next;
        // Beyond the mode the terms fall faster than a geometric series.
        if next < 1e-18 * sum && x as f64 > marked as f64 * n as f64 / total as f64 {
            break;
        }
    }
    sum.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::{chi_square_quantile, normal_quantile, normal_upper, upper_share_p_value};

    #[test]
    fn they_are_those_of_the_tables() {
        // scipy 1.15: stats.norm.sf, norm.ppf, chi2.ppf.
        let close = |is: f64, wanted: f64| assert!((is / wanted - 1.0).abs() < 1e-9, "{is}, not {wanted}");
        close(normal_upper(1.959_963_984_540_054), 0.025);
        close(normal_upper(8.0), 6.220_960_574_271_786e-16);
        close(normal_quantile(0.975), 1.959_963_984_540_054);
        close(chi_square_quantile(0.99, 2.0).unwrap(), 9.210_340_371_976_18);
        close(chi_square_quantile(0.999, 10.0).unwrap(), 29.588_298_445_074_42);
        assert_eq!(chi_square_quantile(0.5, 0.0), None);
        assert!(normal_upper(f64::NAN).is_nan());
    }

    #[test]
    fn shares_are_compared_exactly() {
        // By hand: of 3 marked among 2 + 2, at least 2 of the first two with probability 1/2, which is counted half.
        let p = upper_share_p_value((2, 2), (1, 2));
        assert!((p - 0.25).abs() < 1e-12, "{p}");
        assert!((upper_share_p_value((0, 10), (0, 10)) - 0.5).abs() < 1e-12);
        assert!(upper_share_p_value((50, 1000), (10, 1000)) < 1e-6);
        assert!(upper_share_p_value((10, 1000), (50, 1000)) > 0.999);
        assert!(upper_share_p_value((0, 0), (0, 0)).is_nan());
    }
}
