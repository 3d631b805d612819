//! The Epps-Singleton test.

use serde_json::Value;

use super::law::normal::sum_of_squares;
use super::significance::CALIBRATED;
use super::{Alarm, DriftTest, Found, Numbers, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "epps_singleton",
    aliases: &["es", "epps_singleton_2samp"],
    summary: "the distance between the empirical characteristic functions at a few points",
    takes: Takes::Numbers,
    alarm: Alarm::PValue { alpha: 0.05, closed: false },
    params: &[("t", "[0.4, 0.8]"), ("covariance", "auto")],
    page: include_str!("epps_singleton.md"),
    run,
};

/// Points of the characteristic function, at most.
const MOST: usize = 8;

/// How many times larger one sample is when the covariance of both together is taken.
const APART: f64 = 3.0;

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let (reference, current) = sides.numbers()?;
    let points = points(params)?;
    if reference.n < 5 || current.n < 5 {
        return Err("it needs five values of either side at least".to_owned());
    }
    let quartiles = reference.plus(current).quantiles(&[0.25, 0.75]).unwrap_or_default();
    let &[low, high] = quartiles.as_slice() else { return Err("there is no value to compare".to_owned()) };
    let half = (high - low) / 2.0;
    if !(half > 0.0 && half.is_finite()) {
        return Err(format!(
            "the interquartile range of all values is {}, by which they are to be divided",
            high - low
        ));
    }
    let scaled: Vec<f64> = points.iter().map(|it| it / half).collect();
    let sample = |it: &Numbers| Sample::of(it, &scaled).ok_or("there are infinite values, or too large ones");
    let (a, b) = (sample(reference)?, sample(current)?);
    let (n, m) = (reference.n as f64, current.n as f64);
    let all = n + m;
    let width = 2 * points.len();
    // Of samples of one distribution the covariance is the same, and the larger one knows it better.
    let pooled = match params.word("covariance", &["auto", "separate", "pooled"])? {
        "auto" => n.max(m) > APART * n.min(m),
        it => it == "pooled",
    };
    let (of_a, of_b) = if pooled { (all / m, all / n) } else { (all / n, all / m) };
    let cells = a.covariance.iter().zip(&b.covariance).map(|(a, b)| of_a * a + of_b * b).collect();
    let gap: Vec<f64> = a.mean.iter().zip(&b.mean).map(|(a, b)| a - b).collect();
    let (square, rank) = quadratic_form(cells, &gap, width);
    if rank == 0 {
        return Err("the values do not vary where the test looks".to_owned());
    }
    let mut statistic = all * square;
    if n.max(m) < 25.0 {
        // T. W. Epps and K. J. Singleton (1986), for small samples.
        statistic /= 1.0 + all.powf(-0.45) + 10.1 * (n.powf(-1.7) + m.powf(-1.7));
    }
    let found = Found::of_p(statistic, sum_of_squares(statistic, rank)).with("dof", f64::from(rank));
    let found = found.with(CALIBRATED, of_any_order(&a, &b, [n, m], &gap));
    Ok(found.between(reference, current))
}

/// The p-value with the covariance of all values around their common mean. The statistic has then, over all orders of
/// the values, exactly the mean of its limit, while covariances of small samples make it too large.
fn of_any_order(a: &Sample, b: &Sample, [n, m]: [f64; 2], gap: &[f64]) -> f64 {
    let (all, width) = (n + m, gap.len());
    let within = a.covariance.iter().zip(&b.covariance).map(|(a, b)| (n * a + m * b) / all);
    let between = gap.iter().flat_map(|left| gap.iter().map(move |right| left * right * n * m / (all * all)));
    let (square, rank) = quadratic_form(within.zip(between).map(|(a, b)| a + b).collect(), gap, width);
    if rank == 0 { 1.0 } else { sum_of_squares(square * n * m / all * (all - 1.0) / all, rank).p }
}

fn points(params: &Params) -> Result<Vec<f64>, String> {
    let Some(given) = params.0.get("t") else { return Ok(vec![0.4, 0.8]) };
    let numbers: Option<Vec<f64>> = given.as_array().and_then(|it| it.iter().map(Value::as_f64).collect());
    let numbers =
        numbers.filter(|it| (1..=MOST).contains(&it.len()) && it.iter().all(|it| *it > 0.0 && it.is_finite()));
    numbers.ok_or_else(|| format!("`t` must be a list of one to {MOST} numbers above 0, not {given}"))
}

/// Mean and covariance of cosine and sine at the points: first all cosines, then all sines.
struct Sample {
    mean: Vec<f64>,
    /// With `n` in the denominator, row by row.
    covariance: Vec<f64>,
}

impl Sample {
    fn of(numbers: &Numbers, points: &[f64]) -> Option<Self> {
        let width = 2 * points.len();
        let n = numbers.n as f64;
        let waves = |value: f64, out: &mut [f64]| {
            let (cosines, sines) = out.split_at_mut(points.len());
            for ((t, cosine), sine) in points.iter().zip(cosines).zip(sines) {
                (*sine, *cosine) = (t * value).sin_cos();
            }
        };
        let mut row = vec![0.0; width];
        let mut mean = vec![0.0; width];
        for (value, count) in &numbers.sorted {
            waves(*value, &mut row);
            mean.iter_mut().zip(&row).for_each(|(sum, it)| *sum += it * *count as f64 / n);
        }
        let mut covariance = vec![0.0; width * width];
        for (value, count) in &numbers.sorted {
            waves(*value, &mut row);
            row.iter_mut().zip(&mean).for_each(|(it, mean)| *it -= mean);
            for (cells, left) in covariance.chunks_exact_mut(width).zip(&row) {
                let by = left * *count as f64 / n;
                cells.iter_mut().zip(&row).for_each(|(sum, right)| *sum += by * right);
            }
        }
        mean.iter().all(|it| it.is_finite()).then_some(Sample { mean, covariance })
    }
}

/// `gap' C^+ gap` with the generalised inverse of a symmetric matrix, and the rank of that; eigenvalues that are
/// nothing but rounding are left out.
fn quadratic_form(cells: Vec<f64>, gap: &[f64], width: usize) -> (f64, u32) {
    let (values, vectors) = super::law::eigen::symmetric(cells, width);
    let most = values.iter().copied().fold(0.0, f64::max);
    let (mut sum, mut rank) = (0.0, 0);
    for (value, vector) in values.iter().zip(vectors.chunks_exact(width)) {
        if *value > most * width as f64 * f64::EPSILON {
            sum += vector.iter().zip(gap).map(|(a, b)| a * b).sum::<f64>().powi(2) / value;
            rank += 1;
        }
    }
    (sum, rank)
}
