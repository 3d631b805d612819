//! The Wasserstein distance of order 1.

use super::ecdf::{bounds, walk};
use super::{Alarm, DriftTest, Found, Numbers, Params, Sides, Takes};

/// The distance.
pub static TEST: DriftTest = DriftTest {
    name: "wasserstein",
    aliases: &["wasserstein_distance", "earth_mover", "emd"],
    summary: "how far values move on average when one sample is turned into the other, in the values' unit",
    takes: Takes::Numbers,
    alarm: Alarm::Distance { threshold: 0.1, closed: true },
    params: &[],
    page: include_str!("wasserstein.md"),
    run,
};

fn run(sides: &Sides, _: &Params) -> Result<Found, String> {
    let (reference, current) = sides.numbers()?;
    let [statistic, low, high] = distance(reference, current)?;
    let mut found = Found { statistic, exact: true, ..Found::default() };
    if reference.error > 0.0 || current.error > 0.0 {
        found = found.with("statistic_low", low).with("statistic_high", high);
    }
    Ok(found.between(reference, current))
}

/// The area between the distribution functions, and the least and the largest that the error of the numbers leaves
/// open.
pub(super) fn distance(reference: &Numbers, current: &Numbers) -> Result<[f64; 3], String> {
    let statistic = area(reference, current, |it| it);
    let open = if reference.error > 0.0 || current.error > 0.0 {
        bounds(reference, current, |it| it)
    } else {
        [statistic, statistic]
    };
    let finite = statistic.is_finite() && open[1].is_finite();
    finite.then_some([statistic, open[0].min(statistic), open[1].max(statistic)]).ok_or_else(infinite)
}

pub(super) fn infinite() -> String {
    "the distance is not finite: values are infinite, or too large to sum up".to_owned()
}

/// The sum of width times `f(|F - G|)` over the stretches between values.
pub(super) fn area(reference: &Numbers, current: &Numbers, f: impl Fn(f64) -> f64) -> f64 {
    let (n, m) = (reference.n as f64, current.n as f64);
    let all = n * m;
    let (mut before, mut gap) = (f64::NAN, 0.0);
    let (mut sum, mut rest) = (0.0_f64, 0.0_f64);
    walk(reference, current, |it| {
        if gap != 0.0 {
            // Kahan's sum: there may be millions of stretches.
            let term = (it.value - before) * f(gap) - rest;
            let next = sum + term;
            rest = (next - sum) - term;
            sum = next;
        }
        before = it.value;
        gap = (it.upto[0] as f64 * m - it.upto[1] as f64 * n).abs() / all;
    });
    sum
}
