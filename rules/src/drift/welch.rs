//! Welch's t-test: means, whatever the variances.

use super::law::student;
use super::moments::Moments;
use super::{Alarm, DriftTest, Found, Numbers, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "welch",
    aliases: &["t_test_welch", "welch_t"],
    summary: "the difference of the means over its standard error, with variances of their own",
    takes: Takes::Numbers,
    alarm: Alarm::PValue { alpha: 0.05, closed: false },
    params: &[("equal_var", "false")],
    page: include_str!("welch.md"),
    run,
};

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    if params.flag("equal_var", false)? {
        return Err("`equal_var: true` is the test `student`".to_owned());
    }
    let (reference, current) = sides.numbers()?;
    compare(reference, current, |n, m, [a, b]| {
        let (a, b) = (a / n, b / m);
        let df = (a + b).powi(2) / (a * a / (n - 1.0) + b * b / (m - 1.0));
        // No spread at all on both sides: 0 / 0, which scipy sets to 1.
        Some((a + b, if df.is_nan() && n > 1.0 && m > 1.0 { 1.0 } else { df }))
    })
}

/// A t-test. `error` gives, from the sizes and the variances (with `n - 1`) of both samples, the square of the standard
/// error and the degrees of freedom.
pub(super) fn compare(
    reference: &Numbers,
    current: &Numbers,
    error: impl Fn(f64, f64, [f64; 2]) -> Option<(f64, f64)>,
) -> Result<Found, String> {
    let large = "the values are infinite, or too large to sum up";
    let (a, b) = (Moments::of(reference).ok_or(large)?, Moments::of(current).ok_or(large)?);
    let (n, m) = (reference.n as f64, current.n as f64);
    // The sum of squares over the degrees of freedom; one number has none, which Welch's formula shows.
    let variance = |it: &Moments, size: f64, deviation: f64| deviation.powi(2) * it.n as f64 / (size - 1.0);
    let deviations = [a.central[0].sqrt(), b.central[0].sqrt()];
    let at = |deviations: [f64; 2]| error(n, m, [variance(&a, n, deviations[0]), variance(&b, m, deviations[1])]);
    let few = "there are too few values to estimate a variance";
    let (square, df) = at(deviations).filter(|it| it.1 > 0.0).ok_or(few)?;
    let difference = a.mean - b.mean;
    if square == 0.0 && difference == 0.0 {
        return Err("all values are the same, on both sides".to_owned());
    }
    let statistic = difference / square.sqrt();
    let mut found = Found::of_p(statistic, student::sf(statistic.abs(), df).twice()).with("df", df);
    found = found.with("mean_reference", a.mean).with("mean_current", b.mean);
    if reference.error > 0.0 || current.error > 0.0 {
        let give = a.mean_give(reference.error) + b.mean_give(current.error);
        let gives = [a.deviation_give(reference.error), b.deviation_give(current.error)];
        let [less, more] = [-1.0, 1.0].map(|sign| [0, 1].map(|side| (deviations[side] + sign * gives[side]).max(0.0)));
        // The smallest and the largest standard error.
        let root = |it: [f64; 2]| at(it).map_or(f64::NAN, |it| it.0.sqrt());
        let (small, wide) = (root(less), root(more));
        let over = |it: f64, far: bool| it / if (it >= 0.0) == far { small } else { wide };
        let (low, high) = (over(difference - give, false), over(difference + give, true));
        let nearest = (difference.abs() - give).max(0.0) / wide;
        // The fewest degrees of freedom that these variances may have: heavier tails, a larger p-value.
        let least = [less, more, [less[0], more[1]], [more[0], less[1]]];
        let df = least.iter().filter_map(|it| at(*it)).map(|it| it.1).filter(|it| *it > 0.0).fold(df, f64::min);
        found = found.with("statistic_low", low).with("statistic_high", high);
        found = found.with("p_value_high", student::sf(nearest, df).twice().p);
    }
    Ok(Found { exact: true, ..found }.between(reference, current))
}
