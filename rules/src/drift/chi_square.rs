//! Pearson's chi-square test of homogeneity, calibrated for sparse tables.

use super::homogeneity::pearson;
use super::{Alarm, Bin, DriftTest, Found, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "chi_square",
    aliases: &[],
    summary: "how far two tables of counts are from having the same shares, by Pearson's statistic",
    takes: Takes::Categories,
    alarm: Alarm::PValue { alpha: 0.05, closed: false },
    params: &[("law", "gamma")],
    page: include_str!("chi_square.md"),
    run,
};

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let categories = sides.categories()?;
    let counts = categories.pairs();
    let found = pearson(&counts, false)?;
    let law = params.word("law", &["gamma", "chi_square"])?;
    let tail = if law == "gamma" { found.calibrated() } else { found.limit() };
    let (n, m) = (categories.n(), categories.m());
    // Cramér's V: 0 for equal shares, 1 where no category is on both sides.
    let effect = (found.statistic / (n as f64 + m as f64)).sqrt();
    Ok(Found {
        statistic: found.statistic,
        p_value: Some(tail.p),
        ln_p_value: Some(tail.ln_p),
        n,
        m,
        exact: false,
        more: [("dof", found.dof as f64), ("least_expected", found.least_expected), ("cramers_v", effect)].into(),
        bins: Bin::of_categories(&categories),
    })
}
