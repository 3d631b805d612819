//! The Wasserstein distance over the spread of the reference.

use super::moments::Moments;
use super::wasserstein::{by_chance, distance, infinite};
use super::{Alarm, DriftTest, Found, Params, Sides, Takes};

/// The distance.
pub static TEST: DriftTest = DriftTest {
    name: "wasserstein_normed",
    aliases: &["wasserstein_distance_normed", "normed_wasserstein"],
    summary: "how far values move on average when one sample is turned into the other, in standard deviations of the reference",
    takes: Takes::Numbers,
    alarm: Alarm::Distance { threshold: 0.1, closed: true },
    params: &[("norm", "std"), ("least_norm", "0.001")],
    page: include_str!("wasserstein_normed.md"),
    run,
};

/// How the norm is spelt out where it is told in full.
const IN_FULL: &str = "max(population std (ddof=0) of the reference, 0.001)";

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let (reference, current) = sides.numbers()?;
    params.word("norm", &["std", IN_FULL])?;
    let least = params.number("least_norm", 0.001)?;
    if !(least > 0.0 && least.is_finite()) {
        return Err(format!("`least_norm` must be above 0, not {least}"));
    }
    let moments = Moments::of(reference).ok_or_else(infinite)?;
    let deviation = moments.central[0].sqrt();
    let norm = deviation.max(least);
    let [statistic, low, high] = distance(reference, current)?;
    let chance = by_chance(reference, current, [statistic, low])?;
    let expected = chance.more.get("expected_statistic").copied().unwrap_or(f64::NAN) / norm;
    let mut found = Found { statistic: statistic / norm, exact: true, ..chance }.with("norm", norm);
    found = found.with("expected_statistic", expected);
    if reference.error > 0.0 || current.error > 0.0 {
        let give = moments.deviation_give(reference.error);
        found = found.with("statistic_low", low / (deviation + give).max(least));
        found = found.with("statistic_high", high / (deviation - give).max(least));
    }
    Ok(found.between(reference, current))
}
