//! The largest difference between shares.

use super::bins::{PARAMS, Style, bin};
use super::divergence::{Measure, compare, l_infinity};
use super::law::Tail;
use super::law::hypergeometric::Hypergeometric;
use super::{Alarm, DriftTest, Found, Params, Sides, Takes};

/// The distance.
pub static TEST: DriftTest = DriftTest {
    name: "l_infinity",
    aliases: &["linf"],
    summary: "the largest difference between the shares of a bin",
    takes: Takes::Either,
    alarm: Alarm::Distance { threshold: 0.1, closed: true },
    params: &PARAMS,
    page: include_str!("l_infinity.md"),
    run,
};

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let measure = Measure { distance: |p, q, _| Ok(l_infinity(p, q)), near: None, style: Style::Values };
    let mut found = compare(sides, params, &measure)?;
    let binned = bin(sides, params, Style::Values)?;
    let counts = binned.tested.unwrap_or_else(|| found.bins.iter().map(|it| (it.reference, it.current)).collect());
    let bound = bound(&counts, (found.n, found.m));
    found.p_value = Some(bound.p);
    found.ln_p_value = Some(bound.ln_p);
    Ok(found)
}

/// A bound of the probability of a difference at least as large as the largest in any bin: the sum over all bins, each
/// by its exact law (Boole, Bonferroni).
fn bound(counts: &[(u64, u64)], (n, m): (u64, u64)) -> Tail {
    let away = |it: &(u64, u64)| (it.0 as f64 / n as f64 - it.1 as f64 / m as f64).abs();
    let largest = counts.iter().map(away).fold(0.0, f64::max);
    if largest == 0.0 {
        return Tail::ONE;
    }
    let (size, other) = (n as f64, m as f64);
    let all = size + other;
    let mut logarithms = Vec::with_capacity(2 * counts.len());
    for it in counts {
        let both = it.0.saturating_add(it.1);
        let Some(law) = Hypergeometric::new(both, n.saturating_add(m).saturating_sub(both), n) else { continue };
        // A count `x` in the reference makes a difference of `x / n - (both - x) / m`.
        let (middle, reach) = (both as f64 * size / all, largest * size * other / all);
        let (high, low) = ((middle + reach - 1e-7).ceil(), (middle - reach + 1e-7).floor());
        if high <= law.most() as f64 {
            logarithms.push(law.at_least(high.max(0.0) as u64).ln_p);
        }
        if low >= law.least() as f64 {
            logarithms.push(law.at_most(low as u64).ln_p);
        }
    }
    let most = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logarithms.iter().map(|it| (it - most).exp()).sum();
    Tail::of_ln((most + sum.ln()).min(0.0))
}
