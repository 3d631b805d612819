//! Hellinger's distance.

use super::bins::{PARAMS, Style};
use super::divergence::{Measure, compare, hellinger};
use super::{Alarm, DriftTest, Found, Params, Sides, Takes};

/// The distance.
pub static TEST: DriftTest = DriftTest {
    name: "hellinger",
    aliases: &["nannyml_hellinger"],
    summary: "the Hellinger distance of the shares of bins",
    takes: Takes::Either,
    alarm: Alarm::Distance { threshold: 0.1, closed: true },
    params: &PARAMS,
    page: include_str!("hellinger.md"),
    run,
};

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let measure = Measure {
        distance: |p, q, _| Ok(hellinger(p, q)),
        near: Some(|it, _| Ok((it / 8.0).sqrt())),
        style: Style::Distinct,
    };
    compare(sides, params, &measure)
}
