//! The total variation distance.

use super::bins::{PARAMS, Style};
use super::divergence::{Measure, compare, total_variation};
use super::{Alarm, DriftTest, Found, Params, Sides, Takes};

/// The distance.
pub static TEST: DriftTest = DriftTest {
    name: "total_variation",
    aliases: &["tvd", "TVD"],
    summary: "the total variation distance of the shares of bins: the share of values that would have to change",
    takes: Takes::Either,
    alarm: Alarm::Distance { threshold: 0.1, closed: true },
    params: &PARAMS,
    page: include_str!("total_variation.md"),
    run,
};

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let measure = Measure { distance: |p, q, _| Ok(total_variation(p, q)), near: None, style: Style::Values };
    let mut found = compare(sides, params, &measure)?;
    // When nothing has changed, each difference has a hypergeometric law, and its mean size is at most its standard
    // deviation, by Jensen's inequality.
    let (n, m) = (found.n as f64, found.m as f64);
    let all = n + m;
    let deviations = found.bins.iter().map(|it| {
        let both = it.reference as f64 + it.current as f64;
        (both * (all - both) / (n * m * (all - 1.0).max(1.0))).sqrt()
    });
    let most = deviations.sum::<f64>() / 2.0;
    found.more.insert("expected_statistic_at_most", most);
    Ok(found)
}
