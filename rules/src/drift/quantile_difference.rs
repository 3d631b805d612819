//! Quantiles, one by one.

use serde_json::Value;

use super::law::precedence;
use super::{Alarm, DriftTest, Found, Numbers, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "quantile_difference",
    aliases: &["quantiles"],
    summary: "the largest difference of a quantile, over the interquartile range of the reference",
    takes: Takes::Numbers,
    alarm: Alarm::PValue { alpha: 0.05, closed: false },
    params: &[("quantiles", "[0.05, 0.25, 0.5, 0.75, 0.95]"), ("scale", "iqr")],
    page: include_str!("quantile_difference.md"),
    run,
};

/// Quantiles, at most.
const MOST: usize = 100;

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let (reference, current) = sides.numbers()?;
    let shares = shares(params)?;
    let scale = params.word("scale", &["iqr", "none"])?;
    let infinite = || "the quantiles are not finite".to_owned();
    let of = |it: &Numbers, shares: &[f64]| {
        it.quantiles(shares).filter(|it| it.iter().all(|it| it.is_finite())).ok_or_else(infinite)
    };
    let (before, now) = (of(reference, &shares)?, of(current, &shares)?);
    let quartiles = of(reference, &[0.25, 0.75])?;
    let iqr = quartiles.last().zip(quartiles.first()).map_or(f64::NAN, |(high, low)| high - low);
    let differences: Vec<f64> = before.iter().zip(&now).map(|(a, b)| b - a).collect();
    let place = (0..shares.len()).max_by(|a, b| {
        let size = |it: &usize| differences.get(*it).copied().unwrap_or(0.0).abs();
        size(a).total_cmp(&size(b)).then(b.cmp(a))
    });
    let place = place.unwrap_or(0);
    let largest = differences.get(place).copied().unwrap_or(0.0);
    let unit = if scale == "iqr" { iqr } else { 1.0 };
    if unit <= 0.0 && largest != 0.0 {
        return Err("the interquartile range of the reference is 0; `scale: none` compares without it".to_owned());
    }
    let statistic = if largest == 0.0 { 0.0 } else { largest.abs() / unit };
    // The smallest p-value of all quantiles, times their number: each by itself says no more than its level, whatever
    // the others say.
    let tails = shares.iter().filter_map(|it| at_one(reference, current, *it));
    let least = tails.min_by(|a, b| a.ln_p.total_cmp(&b.ln_p)).ok_or_else(infinite)?;
    let ln_p = (least.ln_p + (shares.len() as f64).ln()).min(0.0);
    let mut found = Found { exact: true, ..Found::of_p(statistic, super::law::Tail::of_ln(ln_p)) };
    found = found.with("quantile", shares.get(place).copied().unwrap_or(f64::NAN)).with("difference", largest);
    found = found.with("iqr", iqr);
    if reference.error > 0.0 || current.error > 0.0 {
        let give = |a: f64, b: f64| reference.error * a.abs() + current.error * b.abs();
        let parts = || before.iter().zip(&now).map(|(a, b)| ((a - b).abs(), give(*a, *b)));
        let low = parts().map(|it| it.0 - it.1).fold(0.0, f64::max);
        let high = parts().map(|it| it.0 + it.1).fold(0.0, f64::max);
        let moved =
            if scale == "iqr" { reference.error * quartiles.iter().map(|it| it.abs()).sum::<f64>() } else { 0.0 };
        found = found.with("statistic_low", if low > 0.0 { low / (unit + moved) } else { 0.0 });
        found = found.with("statistic_high", if unit > moved { high / (unit - moved) } else { f64::INFINITY });
    }
    Ok(found.between(reference, current))
}

fn shares(params: &Params) -> Result<Vec<f64>, String> {
    let Some(given) = params.0.get("quantiles") else { return Ok(vec![0.05, 0.25, 0.5, 0.75, 0.95]) };
    let numbers: Option<Vec<f64>> = given.as_array().and_then(|it| it.iter().map(Value::as_f64).collect());
    let fits = |it: &Vec<f64>| (1..=MOST).contains(&it.len()) && it.iter().all(|it| *it >= 0.0 && *it <= 1.0);
    numbers.filter(fits).ok_or_else(|| format!("`quantiles` must be a list of numbers from 0 to 1, not {given}"))
}

/// Whether as many current numbers as expected lie at or below a quantile of the reference.
fn at_one(reference: &Numbers, current: &Numbers, share: f64) -> Option<super::law::Tail> {
    let rank = ((reference.n as f64 * share).ceil() as u64).clamp(1, reference.n);
    let value = reference.at_ranks(&[rank - 1])?.first().copied()?;
    let count = |numbers: &Numbers, fits: &dyn Fn(f64) -> bool| -> u64 {
        numbers.sorted.iter().take_while(|it| fits(it.0)).map(|it| it.1).sum()
    };
    // Equal values could stand on either side; that which speaks for no drift is meant.
    let (below, upto) = (count(current, &|it| it < value), count(current, &|it| it <= value));
    let few = precedence::at_most(rank, reference.n, current.n, upto);
    let many = precedence::at_least(rank, reference.n, current.n, below);
    Some(if few.ln_p < many.ln_p { few } else { many }.twice())
}
