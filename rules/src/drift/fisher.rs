//! Fisher's exact test of two categories.

use super::law::hypergeometric::Hypergeometric;
use super::{Alarm, Bin, DriftTest, Found, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "fisher",
    aliases: &["fisher_exact"],
    summary: "the odds ratio of two categories on the two sides, with its exact law",
    takes: Takes::Categories,
    alarm: Alarm::PValue { alpha: 0.05, closed: false },
    params: &[("alternative", "two-sided")],
    page: include_str!("fisher.md"),
    run,
};

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let categories = sides.categories()?;
    let alternative = params.word("alternative", &["two-sided", "less", "greater"])?;
    let ((a, c), (b, d)) = match categories.pairs()[..] {
        [first, second] => (first, second),
        [only] => (only, (0, 0)),
        [] => return Err("neither side has a value".to_owned()),
        ref more => return Err(format!("the test is for two categories, and here are {}", more.len())),
    };
    let (n, m) = (categories.n(), categories.m());
    let law = Hypergeometric::new(a.saturating_add(c), b.saturating_add(d), n).ok_or("the counts are too large")?;
    // As everywhere, no value of a side, or of a category, leaves the ratio undefined and is no evidence.
    let ratio = (a as f64 * d as f64) / (b as f64 * c as f64);
    let tail = match alternative {
        "less" => law.at_most(a),
        "greater" => law.at_least(a),
        _ => law.not_likelier(a),
    };
    Ok(Found {
        statistic: ratio,
        p_value: Some(tail.p),
        ln_p_value: Some(tail.ln_p),
        n,
        m,
        exact: true,
        bins: Bin::of_categories(&categories),
        ..Found::default()
    })
}
