//! The G-test: the likelihood ratio of two tables of counts.

use super::homogeneity::{pearson, sizes};
use super::law::Tail;
use super::law::binomial::deviance;
use super::law::chi_square::upper_tail;
use super::significance::CALIBRATED;
use super::{Alarm, Bin, DriftTest, Found, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "g_test",
    aliases: &["log_likelihood_ratio"],
    summary: "how much likelier two tables of counts are with shares of their own than with common ones",
    takes: Takes::Categories,
    alarm: Alarm::PValue { alpha: 0.05, closed: false },
    params: &[],
    page: include_str!("g_test.md"),
    run,
};

fn run(sides: &Sides, _: &Params) -> Result<Found, String> {
    let categories = sides.categories()?;
    let counts = categories.pairs();
    let (n, m) = sizes(&counts)?;
    let all = n as f64 + m as f64;
    let (of_n, of_m) = (n as f64 / all, m as f64 / all);
    // What the terms `observed - expected` add sums up to nothing, and keeps the digits of small differences.
    let terms = counts.iter().filter(|it| it.0 > 0 || it.1 > 0).map(|(a, b)| {
        let (a, b) = (*a as f64, *b as f64);
        let both = a + b;
        term(a, both * of_n) + term(b, both * of_m)
    });
    let statistic = 2.0 * terms.sum::<f64>();
    let table = pearson(&counts, false)?;
    let tail = if table.dof == 0 { Tail::ONE } else { upper_tail(statistic, table.dof as f64) };
    Ok(Found {
        statistic,
        p_value: Some(tail.p),
        ln_p_value: Some(tail.ln_p),
        n,
        m,
        exact: false,
        more: [("dof", table.dof as f64), ("least_expected", table.least_expected), (CALIBRATED, table.calibrated().p)]
            .into(),
        bins: Bin::of_categories(&categories),
    })
}

/// `observed ln(observed / expected) + expected - observed`.
fn term(observed: f64, expected: f64) -> f64 {
    if observed == 0.0 { expected } else { deviance(observed, expected) }
}
