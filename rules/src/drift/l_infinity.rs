//! The largest difference between shares.

use super::bins::{PARAMS, Style};
use super::divergence::{Measure, compare, l_infinity};
use super::law::Tail;
use super::law::hypergeometric::Hypergeometric;
use super::{Alarm, Bin, DriftTest, Found, Params, Sides, Takes};

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
    let bound = bound(&found.bins, (found.n, found.m), found.statistic);
    found.p_value = Some(bound.p);
    found.ln_p_value = Some(bound.ln_p);
    Ok(found)
}

/// A bound of the probability of a difference at least this large in any bin: the sum over all bins, each by its exact
/// law (Boole, Bonferroni).
fn bound(bins: &[Bin], (n, m): (u64, u64), largest: f64) -> Tail {
    if largest == 0.0 {
        return Tail::ONE;
    }
    let (size, other) = (n as f64, m as f64);
    let all = size + other;
    let mut logarithms = Vec::with_capacity(2 * bins.len());
    for it in bins {
        let both = it.reference.saturating_add(it.current);
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
