//! The Kolmogorov-Smirnov statistic of one sample.

use super::numbers::refuse;
use crate::args::Form;
use crate::drift::law::kolmogorov::one_sample;
use crate::kind::View;
use crate::report::{Judgement, Status};
use crate::sketch::Values;
use crate::value::Value;

/// The test of a window's values against a distribution function.
#[derive(Clone, Debug)]
pub struct Test {
    /// The numbers in increasing order, each with its count.
    pub sorted: Vec<(f64, u64)>,
    /// The largest distance from the distribution function.
    pub distance: f64,
    /// The probability of a distance that is at least as large.
    pub p: f64,
    /// The same for the smallest distance that the error of the sketch leaves open: what decides.
    pub most: f64,
}

/// Tests the values, or says why that cannot be.
pub fn test(view: &View, values: &Values, cdf: impl Fn(f64) -> f64) -> Result<Test, Judgement> {
    refuse(view, &values.numbers)?;
    let n = values.numbers.n;
    if n == 0 {
        let why = "there is no value to judge";
        return Err(match view.form {
            Form::Short => Judgement::skip(why),
            Form::Gx => Judgement::new(Status::Fail).observed(Value::Null).why(why),
        });
    }
    let sorted = sorted(values);
    let distance = distance_between(&sorted, 0.0, &cdf);
    let p = one_sample(n, distance).p;
    let most = values.error_bound().map_or(p, |it| one_sample(n, distance_between(&sorted, it, &cdf)).p);
    Ok(Test { sorted, distance, p, most })
}

/// The numbers in increasing order, each with its count.
pub fn sorted(values: &Values) -> Vec<(f64, u64)> {
    let exact = values.exact().map(|it| it.into_iter().map(|it| (it, 1)).collect());
    exact.unwrap_or_else(|| values.sketch().map_or_else(Vec::new, |it| it.iter().collect()))
}

/// The largest distance between the empirical distribution of `sorted` numbers, each with its count, and the
/// distribution function `cdf`. Numbers that are known up to a relative `error` may lie where they fit best,
/// so that the true distance is not smaller than the answer.
fn distance_between(sorted: &[(f64, u64)], error: f64, cdf: impl Fn(f64) -> f64) -> f64 {
    let n: u64 = sorted.iter().map(|it| it.1).sum();
    let mut before = 0;
    let mut largest = 0.0_f64;
    for (value, count) in sorted {
        let give = if value.is_finite() { error * value.abs() } else { 0.0 };
        let below = before as f64 / n as f64;
        before += count;
        let above = before as f64 / n as f64;
        largest = largest.max(cdf(value - give) - below).max(above - cdf(value + give));
    }
    largest.min(1.0)
}

#[cfg(test)]
#[allow(clippy::unreadable_literal, clippy::approx_constant, reason = "as scipy prints them")]
mod tests {
    use super::*;

    #[test]
    fn numbers_known_roughly_are_never_farther_than_they_are() {
        let values: Vec<_> = (1..50).map(|it| (f64::from(it) / 50.0, 1)).collect();
        let cdf = |it: f64| (it * 0.8).clamp(0.0, 1.0);
        let exact = distance_between(&values, 0.0, cdf);
        let moved: Vec<_> = values.iter().map(|it| (it.0 * 1.001, it.1)).collect();
        assert!(distance_between(&moved, 0.001, cdf) <= exact && exact > 0.15);
    }
}
