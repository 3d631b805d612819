//! Which test to take when the author names none.

use super::{DriftTest, Takes, find, jensen_shannon, psi, text_classifier};
use super::{domain_classifier, missing_share};

/// What Evidently 0.7 takes for a column, and when it alarms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chosen {
    /// The test, by its name here.
    pub test: &'static str,
    /// How Evidently calls what it shows.
    pub title: &'static str,
    /// The threshold of the score.
    pub threshold: f64,
    /// The comparison with the threshold; the score is a p-value or a distance.
    pub drift_if: &'static str,
}

/// Evidently's automatic choice for numbers or categories: `n` values of the reference without missing and infinite
/// ones, `distinct` different values of both sides.
pub fn evidently(numerical: bool, n: u64, distinct: u64) -> Chosen {
    let large = n > 1000;
    let many = numerical && distinct > 5;
    match (many, large) {
        (true, false) => {
            Chosen { test: "ks", title: "K-S p_value", threshold: 0.05, drift_if: "p_value <= alpha" }
        }
        (true, true) => Chosen {
            test: "wasserstein_normed",
            title: "Wasserstein distance (normed)",
            threshold: 0.1,
            drift_if: "statistic >= threshold",
        },
        (false, true) => Chosen {
            test: "jensen_shannon",
            title: "Jensen-Shannon distance",
            threshold: 0.1,
            drift_if: "statistic >= threshold",
        },
        (false, false) if distinct > 2 => {
            Chosen { test: "chi_square_gof", title: "chi-square p_value", threshold: 0.05, drift_if: "p_value < alpha" }
        }
        (false, false) => {
            Chosen { test: "two_proportion_z", title: "Z-test p_value", threshold: 0.05, drift_if: "p_value < alpha" }
        }
    }
}

/// Up to so many values of the smaller side, a gap that Kolmogorov and Smirnov's test can see is one that matters.
const FEW: u64 = 1000;

/// Our own choice for sides of a kind, with `n` and `m` values of which `distinct` are different. An alarm of the test
/// always needs significance, and in large samples an effect as well: few numbers by their whole distribution functions,
/// many by bins; categories by the shares that differ.
pub fn choose(takes: Takes, n: u64, m: u64, distinct: u64) -> &'static DriftTest {
    match takes {
        Takes::Numbers | Takes::Either if distinct > 10 && n.min(m) <= FEW => find("ks").unwrap_or(&psi::TEST),
        Takes::Numbers | Takes::Either => &psi::TEST,
        Takes::Categories => &jensen_shannon::TEST,
        Takes::Vectors => &domain_classifier::TEST,
        Takes::Texts => &text_classifier::TEST,
        Takes::Missing => &missing_share::TEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_follows_size_and_kind() {
        assert_eq!(evidently(true, 1000, 6).test, "ks");
        assert_eq!(evidently(true, 1001, 6).test, "wasserstein_normed");
        assert_eq!(evidently(true, 1000, 5).test, "chi_square_gof");
        assert_eq!(evidently(false, 1000, 2).test, "two_proportion_z");
        assert_eq!(evidently(false, 1001, 900).test, "jensen_shannon");
        assert_eq!(choose(Takes::Numbers, 100_000, 50_000, 40_000).name, "psi");
        assert_eq!(choose(Takes::Categories, 30, 30, 150).name, "jensen_shannon");
    }
}
