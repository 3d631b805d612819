//! The population stability index.

use super::bins::{PARAMS, Style};
use super::divergence::{Measure, compare, fill_zeros, psi};
use super::{Alarm, DriftTest, Found, Params, Sides, Takes};

/// The distance.
pub static TEST: DriftTest = DriftTest {
    name: "psi",
    aliases: &["psi_deciles", "population_stability_index"],
    summary: "the population stability index: the divergence of the shares of bins, in both directions",
    takes: Takes::Either,
    alarm: Alarm::Distance { threshold: 0.1, closed: true },
    params: &[PARAMS[0], PARAMS[1], PARAMS[2], PARAMS[3], PARAMS[4], ("zero_replacement", "0.0001")],
    page: include_str!("psi.md"),
    run,
};

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    compare(sides, params, &Measure { distance, near: Some(|it, _| Ok(it)), style: Style::Values })
}

fn distance(p: &[f64], q: &[f64], params: &Params) -> Result<f64, String> {
    let (p, q) = filled(p, q, params)?;
    Ok(psi(&p, &q))
}

/// Shares without zeros, which have no logarithm.
pub(super) fn filled(p: &[f64], q: &[f64], params: &Params) -> Result<(Vec<f64>, Vec<f64>), String> {
    let by = params.number("zero_replacement", 0.0001)?;
    if !(by > 0.0 && by < 1.0) {
        return Err(format!("`zero_replacement` must lie between 0 and 1, and {by} does not"));
    }
    let (mut p, mut q) = (p.to_vec(), q.to_vec());
    fill_zeros(&mut p, by);
    fill_zeros(&mut q, by);
    Ok((p, q))
}
