//! Kullback and Leibler's divergence.

use super::bins::{PARAMS, Style};
use super::divergence::{Measure, compare, kl};
use super::psi::filled;
use super::{Alarm, DriftTest, Found, Params, Sides, Takes};

/// The divergence.
pub static TEST: DriftTest = DriftTest {
    name: "kl",
    aliases: &["kl_divergence", "kl_div", "kullback_leibler"],
    summary: "the Kullback-Leibler divergence of the reference's shares of bins from the current ones, in nats",
    takes: Takes::Either,
    alarm: Alarm::Distance { threshold: 0.1, closed: true },
    params: &[
        PARAMS[0],
        PARAMS[1],
        PARAMS[2],
        PARAMS[3],
        PARAMS[4],
        ("zero_replacement", "0.0001"),
        ("direction", "KL(reference || current)"),
    ],
    page: include_str!("kl.md"),
    run,
};

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    compare(sides, params, &Measure { distance, near: Some(|it, _| Ok(it / 2.0)), style: Style::Values })
}

fn distance(p: &[f64], q: &[f64], params: &Params) -> Result<f64, String> {
    let (p, q) = filled(p, q, params)?;
    let direction = params.word("direction", &["KL(reference || current)", "KL(current || reference)"])?;
    Ok(if direction == "KL(reference || current)" { kl(&p, &q) } else { kl(&q, &p) })
}
