//! The k-sample Anderson-Darling test.

use serde_json::Value;

use super::ecdf::walk;
use super::law::ties::{self, Place};
use super::law::{Tail, quadratic};
use super::{Alarm, DriftTest, Found, Numbers, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "anderson_darling",
    aliases: &["ad"],
    summary: "the squared gaps between the empirical distribution functions, with more weight in the tails",
    takes: Takes::Numbers,
    alarm: Alarm::PValue { alpha: 0.05, closed: false },
    params: &[("variant", "midrank"), ("extra_samples", "[]"), ("infinite", "keep")],
    page: include_str!("anderson_darling.md"),
    run,
};

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let it = Statistic::of(sides, params)?;
    let (reference, current) = sides.numbers()?;
    Ok(Found::of_p(it.standard, tail(&it)).with("a2", it.raw).with("dof", it.dof).between(reference, current))
}

/// The p-value by the limit law, ties included.
pub(super) fn tail(it: &Statistic) -> Tail {
    // The statistic with the variance of its limit instead of its own.
    let variance = 2.0 * (std::f64::consts::PI.powi(2) - 9.0) / 3.0 * it.dof;
    let x = it.dof + it.standard * variance.sqrt();
    match tied(&it.pooled) {
        Some(weights) => quadratic::listed(x, it.dof, &weights),
        None => quadratic::anderson_darling(x, it.dof),
    }
}

/// The weights of the limit, where values are equal so often that they are not those without ties.
fn tied(pooled: &Numbers) -> Option<Vec<f64>> {
    let all = pooled.n as f64;
    if pooled.sorted.iter().all(|it| it.1 as f64 <= (ties::VISIBLE * all).max(1.0)) {
        return None;
    }
    let mut below = 0.0;
    // Middle ranks: the mean of the gaps before and after a group, whose variance is smaller by a quarter of its share.
    let places = pooled.sorted.iter().map(|it| {
        let share = it.1 as f64 / all;
        let at = below + share / 2.0;
        below += share;
        Place { share, at, less: share / 4.0 }
    });
    Some(ties::weights(&places.collect::<Vec<_>>(), true))
}

/// The statistic of Scholz and Stephens.
#[derive(Clone, Debug)]
pub(super) struct Statistic {
    /// `A2akN`, whose mean is `dof`.
    pub raw: f64,
    /// The same with mean 0 and variance 1.
    pub standard: f64,
    /// The number of samples less 1.
    pub dof: f64,
    /// All samples in one.
    pub pooled: Numbers,
}

impl Statistic {
    pub fn of(sides: &Sides, params: &Params) -> Result<Self, String> {
        params.word("variant", &["midrank"])?;
        let (reference, current) = sides.numbers()?;
        let extra = extra_samples(params)?;
        let mut pooled = reference.plus(current);
        for it in &extra {
            pooled = pooled.plus(it);
        }
        if pooled.n <= 3 {
            return Err("it needs four values in all at least".to_owned());
        }
        if pooled.sorted.len() < 2 {
            return Err("all values are the same".to_owned());
        }
        let all = pooled.n as f64;
        let samples = || [reference, current].into_iter().chain(&extra);
        let raw = samples().map(|it| departure(&pooled, it)).sum::<f64>() * (all - 1.0) / all;
        let dof = 1.0 + extra.len() as f64;
        let inverses = samples().map(|it| 1.0 / it.n as f64).sum();
        let standard = (raw - dof) / variance(all, dof + 1.0, inverses).sqrt();
        if standard.is_nan() {
            Err("the statistic is not defined for so few values".to_owned())
        } else {
            Ok(Statistic { raw, standard, dof, pooled })
        }
    }
}

fn extra_samples(params: &Params) -> Result<Vec<Numbers>, String> {
    let Some(given) = params.0.get("extra_samples") else { return Ok(Vec::new()) };
    let wrong = || "`extra_samples` must be a list of lists of numbers, none of which is empty".to_owned();
    let sample = |it: &Value| -> Option<Numbers> {
        let values: Option<Vec<f64>> = it.as_array()?.iter().filter(|it| !it.is_null()).map(Value::as_f64).collect();
        Some(Numbers::of(&values?)).filter(|it| it.n > 0)
    };
    given.as_array().ok_or_else(wrong)?.iter().map(|it| sample(it).ok_or_else(wrong)).collect()
}

/// How far one sample is from all in one, with middle ranks: equation 7 of the paper.
fn departure(pooled: &Numbers, sample: &Numbers) -> f64 {
    let (all, n) = (pooled.n as f64, sample.n as f64);
    let mut sum = 0.0;
    walk(pooled, sample, |it| {
        let [ties, own] = it.here.map(|it| it as f64);
        let below = it.upto[0] as f64 - ties / 2.0;
        let own_below = it.upto[1] as f64 - own / 2.0;
        let gap = all * own_below - below * n;
        sum += ties / all * gap * gap / (below * (all - below) - all * ties / 4.0);
    });
    sum / n
}

/// The variance of `A2kN` under no drift: equation 4 of the paper, with the sum of the inverse sizes of the samples.
fn variance(all: f64, k: f64, inverses: f64) -> f64 {
    // h = sum 1 / i, and g = sum over i < j of 1 / ((N - i) j), both up to N - 1; their limits when nobody sees it.
    const MANY: f64 = 2e6;
    let (h, g) = if all > MANY {
        let gamma = 0.577_215_664_901_532_9;
        (all.ln() + gamma - 0.5 / all, std::f64::consts::PI.powi(2) / 6.0)
    } else {
        let (mut partial, mut g) = (0.0, 0.0);
        let mut i = 2.0;
        while i < all {
            partial += 1.0 / (all + 1.0 - i);
            g += partial / i;
            i += 1.0;
        }
        (partial + 1.0, g)
    };
    let a = (4.0 * g - 6.0) * (k - 1.0) + (10.0 - 6.0 * g) * inverses;
    let b = (2.0 * g - 4.0) * k * k + 8.0 * h * k + (2.0 * g - 14.0 * h - 4.0) * inverses - 8.0 * h + 4.0 * g - 6.0;
    let c = (6.0 * h + 2.0 * g - 2.0) * k * k + (4.0 * h - 4.0 * g + 6.0) * k + (2.0 * h - 6.0) * inverses + 4.0 * h;
    let d = (2.0 * h + 6.0) * k * k - 4.0 * h * k;
    (((a * all + b) * all + c) * all + d) / ((all - 1.0) * (all - 2.0) * (all - 3.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::law::normal::sum_of_squares;

    /// A flag in two samples of 400: there is one gap, and its square has a chi-square law.
    #[test]
    fn of_a_flag_it_is_the_chi_square_test() {
        let flags = |ones: usize| Numbers::of(&[vec![0.0; 400 - ones], vec![1.0; ones]].concat());
        for ones in [40, 55, 62, 80] {
            let found = run(&Sides::Numbers(flags(40), flags(ones)), &Params::default()).expect("an answer");
            let raw = found.more.get("a2").copied().unwrap_or(f64::NAN);
            let (p, wanted) = (found.p_value.unwrap_or(f64::NAN), sum_of_squares(raw, 1).p);
            assert!((p - wanted).abs() < 0.02 * wanted, "{ones}: {p} {wanted}");
        }
    }

    #[test]
    fn far_tails_have_a_p_value_of_their_own() {
        let values = |by: f64| Numbers::of(&(0..200).map(|it| f64::from(it) + by).collect::<Vec<_>>());
        let p = |by: f64| run(&Sides::Numbers(values(0.0), values(by)), &Params::default()).map(|it| it.ln_p_value);
        let (near, far) = (p(60.5), p(150.5));
        assert!(matches!((near, far), (Ok(Some(near)), Ok(Some(far))) if near < -12.0 && far < near - 40.0));
    }
}
