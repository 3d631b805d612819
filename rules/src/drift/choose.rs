//! Which test to take when the author names none.

use super::{DriftTest, Sides, Takes, find, jensen_shannon, psi, text_classifier};
use super::{domain_classifier, missing_share, mmd};

/// What Evidently 0.7 takes for a column, and when it alarms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chosen {
    /// The test, by its name here.
    pub test: &'static str,
    /// How Evidently calls what it shows.
    pub title: &'static str,
    /// The threshold of the score.
    pub threshold: f64,
    /// What the test must be told beside.
    pub params: &'static [(&'static str, &'static str)],
    /// The comparison with the threshold; the score is a p-value or a distance.
    pub drift_if: &'static str,
}

/// Evidently's automatic choice for numbers or categories: `n` values of the reference without missing and infinite
/// ones, `distinct` different values of both sides.
pub fn evidently(numerical: bool, n: u64, distinct: u64) -> Chosen {
    let chosen = |test, title, threshold, drift_if| Chosen { test, title, threshold, params: &[], drift_if };
    match (numerical && distinct > 5, n > 1000) {
        (true, false) => chosen("ks", "K-S p_value", 0.05, "p_value <= alpha"),
        (true, true) => chosen("wasserstein_normed", "Wasserstein distance (normed)", 0.1, "statistic >= threshold"),
        (false, true) => Chosen {
            params: &[("binning", "evidently")],
            ..chosen("jensen_shannon", "Jensen-Shannon distance", 0.1, "statistic >= threshold")
        },
        (false, false) if distinct > 2 => chosen("chi_square_gof", "chi-square p_value", 0.05, "p_value < alpha"),
        (false, false) => chosen("two_proportion_z", "Z-test p_value", 0.05, "p_value < alpha"),
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
        // A classifier needs rows to learn from.
        Takes::Vectors if n.min(m) < 100 => &mmd::TEST,
        Takes::Vectors => &domain_classifier::TEST,
        Takes::Texts => &text_classifier::TEST,
        Takes::Missing => &missing_share::TEST,
    }
}

/// Our own choice for sides as they are.
pub fn of_sides(sides: &Sides) -> &'static DriftTest {
    match sides {
        Sides::Numbers(a, b) => choose(Takes::Numbers, a.n, b.n, a.sorted.len().max(b.sorted.len()) as u64),
        Sides::Categories(it) => choose(Takes::Categories, it.n(), it.m(), it.counts.len() as u64),
        Sides::Missing(a, b) => choose(Takes::Missing, a.of, b.of, 2),
        Sides::Vectors(a, b) => choose(Takes::Vectors, a.len() as u64, b.len() as u64, 0),
        Sides::Texts(a, b) => choose(Takes::Texts, a.len() as u64, b.len() as u64, 0),
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
