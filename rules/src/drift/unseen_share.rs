//! How many values are of categories that the reference does not have.

use super::homogeneity::sizes;
use super::law::Tail;
use super::{Alarm, Bin, DriftTest, Found, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "unseen_share",
    aliases: &["unseen_values", "new_category_share"],
    summary: "the share of values whose category the reference does not have",
    takes: Takes::Categories,
    alarm: Alarm::Distance { threshold: 0.0, closed: false },
    params: &[],
    page: include_str!("unseen_share.md"),
    run,
};

fn run(sides: &Sides, _: &Params) -> Result<Found, String> {
    let categories = sides.categories()?;
    let counts = categories.pairs();
    let (n, m) = sizes(&counts)?;
    let unseen = || categories.counts.iter().filter(|it| it.1 == 0 && it.2 > 0);
    let values = unseen().map(|it| it.2).fold(0, u64::saturating_add);
    let tail = bound(&counts, (n, m), values);
    let expected = expected(&chances(&counts, (n, m)));
    Ok(Found {
        statistic: values as f64 / m as f64,
        p_value: Some(tail.p),
        ln_p_value: Some(tail.ln_p),
        n,
        m,
        exact: false,
        more: [
            ("unseen_categories", unseen().count() as f64),
            ("unseen_values", values as f64),
            ("expected_statistic", expected / m as f64),
        ]
        .into(),
        bins: Bin::of_categories(&categories),
    })
}

/// Categories that occur equally often.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Alike {
    /// How often each occurs on both sides.
    count: f64,
    /// How many they are.
    categories: f64,
    /// The chance that all of one is on the current side, when any order of all values is as likely as another.
    chance: f64,
}

/// The categories that may be unseen by chance.
fn chances(counts: &[(u64, u64)], (n, m): (u64, u64)) -> Vec<Alike> {
    let all = n as f64 + m as f64;
    let totals = counts.iter().map(|it| it.0.saturating_add(it.1)).filter(|it| (1..=m).contains(it));
    let mut totals: Vec<u64> = totals.collect();
    totals.sort_unstable();
    let mut known: Vec<Alike> = Vec::new();
    let (mut chance, mut at) = (1.0, 0);
    for group in totals.chunk_by(|a, b| a == b) {
        let total = group.first().copied().unwrap_or(0);
        // The product over the values of a category; larger ones go on from the last.
        while at < total && chance > 1e-300 {
            chance *= (m as f64 - at as f64) / (all - at as f64);
            at += 1;
        }
        if chance <= 1e-300 {
            break;
        }
        known.push(Alike { count: total as f64, categories: group.len() as f64, chance });
    }
    known
}

/// How many values are unseen by chance, on average.
fn expected(chances: &[Alike]) -> f64 {
    chances.iter().map(|it| it.count * it.chance * it.categories).sum()
}

/// A bound of the probability that at least `values` values are unseen when nothing has changed.
///
/// Whether categories are unseen hangs together negatively (K. Joag-Dev and F. Proschan, "Negative association of
/// random variables, with applications", 1983), so that H. Chernoff's bound (1952) for independent ones holds: the
/// least of `E exp(t U) / exp(t u)` over `t`, which is convex in it.
fn bound(counts: &[(u64, u64)], (n, m): (u64, u64), values: u64) -> Tail {
    let values = values as f64;
    let chances = chances(counts, (n, m));
    if values <= expected(&chances) {
        return Tail::ONE;
    }
    let ln_bound = |t: f64| {
        let terms = chances.iter().map(|it| {
            let grown = t * it.count;
            // Where the exponential overflows, one is nothing beside it.
            let each = if grown > 700.0 { it.chance.ln() + grown } else { (it.chance * grown.exp_m1()).ln_1p() };
            each * it.categories
        });
        terms.sum::<f64>() - t * values
    };
    // Golden section; what is beyond the last `t` can only make the bound better.
    let (mut low, mut high) = (0.0, 50.0);
    let golden = (5_f64.sqrt() - 1.0) / 2.0;
    for _ in 0..80 {
        let (left, right) = (high - golden * (high - low), low + golden * (high - low));
        if ln_bound(left) < ln_bound(right) { high = right } else { low = left }
    }
    Tail::of_ln(ln_bound(f64::midpoint(low, high)).min(0.0))
}

#[cfg(test)]
mod tests {
    use super::{Alike, bound, chances};
    use crate::drift::chance::Chance;

    #[test]
    fn rare_categories_are_unseen_by_chance() {
        // Ten categories that occur once, five values a side: each is on the current side with probability 1/2.
        let counts: Vec<(u64, u64)> = (0..10).map(|it| if it < 5 { (1, 0) } else { (0, 1) }).collect();
        let chances = chances(&counts, (5, 5));
        assert_eq!(chances, [Alike { count: 1.0, categories: 10.0, chance: 0.5 }]);
        assert_eq!(bound(&counts, (5, 5), 5).p, 1.0);
    }

    #[test]
    fn one_new_category_of_many_values_leaves_no_doubt() {
        let p = bound(&[(900, 900), (0, 100)], (900, 1000), 100).p;
        assert!(p < 1e-20, "{p}");
        let p = bound(&[(1000, 998), (0, 2)], (1000, 1000), 2).p;
        assert!(p > 0.2 && p < 0.3, "both of two values on the same side: {p}");
    }

    #[test]
    fn the_bound_holds() {
        // A long tail of categories, both sides alike.
        let mut chance = Chance::new(3);
        let mut alarms = 0;
        for _ in 0..400 {
            let mut counts = vec![(0, 0); 500];
            for at in 0..400 {
                let drawn = chance.below(500) * chance.below(500) / 500;
                if at < 300 { counts[drawn].0 += 1 } else { counts[drawn].1 += 1 }
            }
            let unseen = counts.iter().filter(|it| it.0 == 0).map(|it| it.1).sum();
            alarms += u32::from(bound(&counts, (300, 100), unseen).p < 0.05);
        }
        assert!(alarms <= 20, "{alarms} alarms of 400");
    }
}
