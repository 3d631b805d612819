//! The z-test of two proportions.

use super::homogeneity::sizes;
use super::law::Tail;
use super::law::chi_square::{normal_upper_tail, two_sided_normal};
use super::law::hypergeometric::Hypergeometric;
use super::significance::CALIBRATED;
use super::{Alarm, Bin, DriftTest, Found, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "two_proportion_z",
    aliases: &["z", "z_test_proportions", "z_test_categories"],
    summary: "how many standard errors lie between the shares of successes of the two sides",
    takes: Takes::Categories,
    alarm: Alarm::PValue { alpha: 0.05, closed: false },
    params: &[("success", SMALLEST_FAILS), ("alternative", "two-sided"), ("pooled", "true")],
    page: include_str!("two_proportion_z.md"),
    run,
};

/// What is a success when no category is named.
const SMALLEST_FAILS: &str = "value != smallest of the sorted union of categories";

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let categories = sides.categories()?;
    let alternative = params.word("alternative", &["two-sided", "less", "greater"])?;
    let pooled = params.flag("pooled", true)?;
    let (n, m) = sizes(&categories.pairs())?;
    let (a, b) = match params.0.get("success").map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned)) {
        Some(named) if named != SMALLEST_FAILS => {
            let it = categories.counts.iter().find(|it| it.0 == named);
            it.map(|it| (it.1, it.2)).ok_or_else(|| format!("`success` names {named:?}, which does not occur"))?
        }
        _ => {
            let smallest = categories.counts.iter().find(|it| it.1 > 0 || it.2 > 0);
            smallest.map_or((0, 0), |it| (n - it.1, m - it.2))
        }
    };
    let (n_all, m_all) = (n as f64, m as f64);
    let (p, q) = (a as f64 / n_all, b as f64 / m_all);
    let variance = if pooled {
        let share = (a as f64 + b as f64) / (n_all + m_all);
        share * (1.0 - share) * (1.0 / n_all + 1.0 / m_all)
    } else {
        p * (1.0 - p) / n_all + q * (1.0 - q) / m_all
    };
    // Two equal constants have no spread and no difference.
    let z = if p == q { 0.0 } else { (p - q) / variance.sqrt() };
    let tail = match alternative {
        "less" => normal_upper_tail(-z),
        "greater" => normal_upper_tail(z),
        _ if z == 0.0 => Tail::ONE,
        _ => two_sided_normal(z),
    };
    // The normal law is poor where successes, or failures, are rare.
    let law =
        Hypergeometric::new(a.saturating_add(b), (n - a).saturating_add(m - b), n).ok_or("the counts are too large")?;
    let exact = match alternative {
        "less" => law.at_most(a),
        "greater" => law.at_least(a),
        _ => law.not_likelier(a),
    };
    Ok(Found {
        statistic: z,
        p_value: Some(tail.p),
        ln_p_value: Some(tail.ln_p),
        n,
        m,
        exact: false,
        more: [("reference_share", p), ("current_share", q), (CALIBRATED, exact.p)].into(),
        bins: Bin::of_categories(&categories),
    })
}
