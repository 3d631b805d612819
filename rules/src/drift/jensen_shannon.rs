//! The distance of Jensen and Shannon.

use super::bins::{PARAMS, Style};
use super::divergence::{Measure, compare, jensen_shannon};
use super::{Alarm, DriftTest, Found, Params, Sides, Takes};

/// The distance.
pub static TEST: DriftTest = DriftTest {
    name: "jensen_shannon",
    aliases: &["jensenshannon", "nannyml_jensen_shannon", "js"],
    summary: "the Jensen-Shannon distance of the shares of bins",
    takes: Takes::Either,
    alarm: Alarm::Distance { threshold: 0.1, closed: true },
    params: &[PARAMS[0], PARAMS[1], PARAMS[2], PARAMS[3], PARAMS[4], ("base", "e"), ("form", "distance")],
    page: include_str!("jensen_shannon.md"),
    run,
};

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let near = |it: f64, params: &Params| formed(it / 8.0, params);
    let measure = Measure {
        distance: |p, q, params| formed(jensen_shannon(p, q), params),
        near: Some(near),
        style: Style::Values,
    };
    compare(sides, params, &measure)
}

/// A divergence in nats as the parameters want it.
fn formed(nats: f64, params: &Params) -> Result<f64, String> {
    let divergence = nats / base(params)?;
    Ok(if is_distance(params)? { divergence.sqrt() } else { divergence })
}

fn is_distance(params: &Params) -> Result<bool, String> {
    Ok(params.word("form", &["distance", "distance (square root)", "divergence"])? != "divergence")
}

/// The natural logarithm of the base.
fn base(params: &Params) -> Result<f64, String> {
    if params.0.get("base").is_some_and(|it| it == "e") {
        return Ok(1.0);
    }
    match params.number("base", std::f64::consts::E)? {
        it if it > 1.0 => Ok(it.ln()),
        it => Err(format!("`base` must be \"e\" or a number above 1, not {it}")),
    }
}
