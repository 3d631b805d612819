//! The energy distance.

use super::ecdf::bounds;
use super::law::area::of_squares;
use super::wasserstein::{area, infinite, stretches};
use super::{Alarm, DriftTest, Found, Params, Sides, Takes};

/// The distance.
pub static TEST: DriftTest = DriftTest {
    name: "energy_distance",
    aliases: &["energy", "ed"],
    summary: "the root of twice the squared gap between the distribution functions, summed over the values' axis",
    takes: Takes::Numbers,
    alarm: Alarm::Distance { threshold: 0.1, closed: false },
    params: &[],
    page: include_str!("energy_distance.md"),
    run,
};

fn run(sides: &Sides, _: &Params) -> Result<Found, String> {
    let (reference, current) = sides.numbers()?;
    let root = |it: f64| (2.0 * it).sqrt();
    let statistic = root(area(reference, current, |gap| gap * gap));
    let (mean, stretches) = stretches(reference, current, |variance| variance);
    let tail = |it: f64| of_squares(if mean > 0.0 { it * it / 2.0 / mean } else { 0.0 }, &stretches);
    let mut found = Found { exact: true, ..Found::of_p(statistic, tail(statistic)) };
    // The root of the mean, which is a little more than the mean of the root.
    found = found.with("expected_statistic", root(mean));
    if reference.error > 0.0 || current.error > 0.0 {
        let [low, high] = bounds(reference, current, |gap| gap * gap).map(root);
        found = found.with("statistic_low", low.min(statistic)).with("statistic_high", high.max(statistic));
        found = found.with("p_value_high", tail(low.min(statistic)).p);
    }
    let known = found.more.get("statistic_high").copied().unwrap_or(statistic);
    if known.is_finite() { Ok(found.between(reference, current)) } else { Err(infinite()) }
}
