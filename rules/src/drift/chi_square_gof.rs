//! Pearson's test of goodness of fit, with the reference's shares taken for the true ones.

use super::homogeneity::{pearson, sizes};
use super::law::Tail;
use super::law::chi_square::upper_tail;
use super::significance::CALIBRATED;
use super::{Alarm, Bin, DriftTest, Found, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "chi_square_gof",
    aliases: &["chi2_gof", "chisquare"],
    summary: "how badly counts fit shares that are taken for the true ones, by Pearson's statistic",
    takes: Takes::Categories,
    alarm: Alarm::PValue { alpha: 0.05, closed: false },
    params: &[("expected", "reference counts * n_current / n_reference"), ("dof", "categories in the union - 1")],
    page: include_str!("chi_square_gof.md"),
    run,
};

fn run(sides: &Sides, _: &Params) -> Result<Found, String> {
    let categories = sides.categories()?;
    let counts = categories.pairs();
    let (n, m) = sizes(&counts)?;
    let scale = m as f64 / n as f64;
    let cells = || counts.iter().filter(|it| it.0 > 0 || it.1 > 0).map(|it| (it.0 as f64 * scale, it.1 as f64));
    // What is found where nothing is expected leaves no doubt: the term is infinite.
    let statistic: f64 = cells().map(|(expected, it)| (it - expected).powi(2) / expected).sum();
    let dof = cells().count() as f64 - 1.0;
    let tail = if dof == 0.0 { Tail::ONE } else { upper_tail(statistic, dof) };
    let least = cells().map(|it| it.0).fold(f64::INFINITY, f64::min);
    Ok(Found {
        statistic,
        p_value: Some(tail.p),
        ln_p_value: Some(tail.ln_p),
        n,
        m,
        exact: false,
        // The reference is a sample too, which this test does not know.
        more: [("dof", dof), ("least_expected", least), (CALIBRATED, pearson(&counts, false)?.calibrated().p)].into(),
        bins: Bin::of_categories(&categories),
    })
}
