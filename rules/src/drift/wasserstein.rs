//! The Wasserstein distance of order 1.

use std::f64::consts::FRAC_2_PI;

use super::ecdf::{bounds, walk};
use super::law::area::{Stretch, of_gaps};
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
    let mut found = Found { exact: true, ..by_chance(reference, current, [statistic, low])? };
    if reference.error > 0.0 || current.error > 0.0 {
        found = found.with("statistic_low", low).with("statistic_high", high);
    }
    Ok(found.between(reference, current))
}

/// The distance with the probability of one at least as large when nothing has changed, and with the mean of that;
/// `low` is the least that the error of the numbers leaves open.
pub(super) fn by_chance(reference: &Numbers, current: &Numbers, [statistic, low]: [f64; 2]) -> Result<Found, String> {
    let (mean, stretches) = stretches(reference, current, |variance| (variance * FRAC_2_PI).sqrt());
    if !mean.is_finite() {
        return Err(infinite());
    }
    let tail = |it: f64| of_gaps(if mean > 0.0 { it / mean } else { 0.0 }, &stretches);
    let mut found = Found::of_p(statistic, tail(statistic)).with("expected_statistic", mean);
    if low < statistic {
        found = found.with("p_value_high", tail(low).p);
    }
    Ok(found)
}

/// How many stretches stand for the whole axis.
const STRETCHES: f64 = 64.0;

/// The mean area under `size` of the variance of the gap between the distribution functions when nothing has changed,
/// and stretches of the axis with about equal shares of it.
pub(super) fn stretches(reference: &Numbers, current: &Numbers, size: impl Fn(f64) -> f64) -> (f64, Vec<Stretch>) {
    let all = reference.n as f64 + current.n as f64;
    // Of any order of all values, each as likely as another.
    let scale = all / (all - 1.0).max(1.0) * (1.0 / reference.n as f64 + 1.0 / current.n as f64);
    let each = |mut visit: Box<dyn FnMut(f64, f64) + '_>| {
        let (mut before, mut below) = (f64::NAN, 0_u64);
        walk(reference, current, |it| {
            if below > 0 {
                let at = below as f64 / all;
                visit((it.value - before) * size(scale * at * (1.0 - at)), at);
            }
            before = it.value;
            below = it.upto[0] + it.upto[1];
        });
    };
    let mut mean = 0.0;
    each(Box::new(|part, _| mean += part));
    let (most, mut found) = (mean / STRETCHES, Vec::new());
    let (mut sum, mut middle) = (0.0, 0.0);
    each(Box::new(|part, at| {
        (sum, middle) = (sum + part, middle + part * at);
        if sum >= most {
            found.push(Stretch { share: sum / mean, at: middle / sum });
            (sum, middle) = (0.0, 0.0);
        }
    }));
    if sum > 0.0 {
        found.push(Stretch { share: sum / mean, at: middle / sum });
    }
    (mean, found)
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
