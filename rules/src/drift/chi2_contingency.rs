//! Pearson's chi-square test of homogeneity as libraries have it.

use super::homogeneity::pearson;
use super::significance::CALIBRATED;
use super::{Alarm, Bin, DriftTest, Found, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "chi2_contingency",
    aliases: &["chi2"],
    summary: "how far two tables of counts are from having the same shares, by Pearson's statistic and its limit law",
    takes: Takes::Categories,
    alarm: Alarm::PValue { alpha: 0.05, closed: false },
    params: &[("yates_correction", "true")],
    page: include_str!("chi2_contingency.md"),
    run,
};

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let categories = sides.categories()?;
    let counts = categories.pairs();
    let found = pearson(&counts, params.flag("yates_correction", true)?)?;
    let tail = found.limit();
    Ok(Found {
        statistic: found.statistic,
        p_value: Some(tail.p),
        ln_p_value: Some(tail.ln_p),
        n: categories.n(),
        m: categories.m(),
        exact: false,
        more: [
            ("dof", found.dof as f64),
            ("least_expected", found.least_expected),
            (CALIBRATED, pearson(&counts, false)?.calibrated().p),
        ]
        .into(),
        bins: Bin::of_categories(&categories),
    })
}
