//! Welch's t-test: means, whatever the variances.

use super::law::chi_square::gamma_upper_tail;
use super::law::{Tail, student};
use super::moments::Moments;
use super::significance::CALIBRATED;
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
    if let Some(tail) = of_any_order(&a, &b) {
        found = found.with(CALIBRATED, tail.p);
    }
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

/// The skewness of the difference of the means from which on Student's law is not relied on alone.
const SKEWED: f64 = 0.1;

/// The probability of means that lie at least as far apart, of any order of all values, each as likely as another: by
/// the law of K. Pearson's third type, which has the mean, the variance and the skewness of all orders. Where one side
/// is small and values are skewed, the smaller side's variance goes with its mean, and Student's law does not hold.
/// `None` where it does.
fn of_any_order(a: &Moments, b: &Moments) -> Option<Tail> {
    let (n, m) = (a.n as f64, b.n as f64);
    let all = n + m;
    let mean = (a.mean * n + b.mean * m) / all;
    let powers = |it: &Moments| {
        let away = it.mean - mean;
        [it.central[0] + away * away, it.central[1] + 3.0 * away * it.central[0] + away.powi(3)]
    };
    let ([square, cube], [square_b, cube_b]) = (powers(a), powers(b));
    let [square, cube] = [(square * n + square_b * m) / all, (cube * n + cube_b * m) / all];
    let deviation = (square * all * all / (n * m * (all - 1.0))).sqrt();
    let away = (a.mean - b.mean).abs() / deviation;
    // Of a sample without putting back (L. Isserlis, 1931).
    let skewness = (cube / square.powf(1.5) * (m - n) / (n * m).sqrt() * (all - 1.0).sqrt() / (all - 2.0)).abs();
    if !(away.is_finite() && skewness >= SKEWED && skewness.is_finite()) {
        return None;
    }
    // A gamma number with this skewness, moved to mean 0 and deviation 1; both its tails.
    let shape = 4.0 / (skewness * skewness);
    let at = |it: f64| gamma_upper_tail(shape, shape + it * shape.sqrt());
    let below = -at(-away).ln_p.exp_m1();
    Some(Tail::of(at(away).p + below))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::alarm;
    use crate::drift::chance::Chance;

    #[test]
    fn skewed_values_with_unequal_sizes_raise_no_false_alarms() {
        let mut chance = Chance::new(4);
        let mut uniform = || (chance.bits() >> 11) as f64 / (1_u64 << 53) as f64;
        let mut side = |n: usize| {
            let one = |u: f64, v: f64| ((-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos() * 1.3).exp();
            Numbers::of(&(0..n).map(|_| one(uniform(), uniform())).collect::<Vec<_>>())
        };
        let (mut alarms, mut bare) = (0, 0);
        for _ in 0..400 {
            let sides = Sides::Numbers(side(1500), side(40));
            let found = run(&sides, &Params::default()).unwrap();
            bare += u32::from(found.p_value.unwrap() < 0.05);
            alarms += u32::from(alarm::drifted(&TEST, &found, &Params::default()).unwrap());
        }
        // 5 % are 20, with a standard deviation of 4.4.
        assert!(alarms <= 30 && bare > 36, "{alarms} alarms, {bare} by Student's law alone");
    }
}
