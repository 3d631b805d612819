//! The energy distance.

use super::ecdf::bounds;
use super::wasserstein::{area, infinite};
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
    let mut found = Found { statistic, exact: true, ..Found::default() };
    if reference.error > 0.0 || current.error > 0.0 {
        let [low, high] = bounds(reference, current, |gap| gap * gap).map(root);
        found = found.with("statistic_low", low.min(statistic)).with("statistic_high", high.max(statistic));
    }
    let known = found.more.get("statistic_high").copied().unwrap_or(statistic);
    if known.is_finite() { Ok(found.between(reference, current)) } else { Err(infinite()) }
}
