//! The two-sample Cramer-von Mises test.

use super::ecdf::walk;
use super::law::ties::{self, Place};
use super::law::{Tail, quadratic, squared_gaps};
use super::{Alarm, DriftTest, Found, Numbers, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "cramer_von_mises",
    aliases: &["cvm"],
    summary: "the squared gap between the two empirical distribution functions, summed over all values",
    takes: Takes::Numbers,
    alarm: Alarm::PValue { alpha: 0.05, closed: true },
    params: &[("method", "auto"), ("infinite", "keep")],
    page: include_str!("cramer_von_mises.md"),
    run,
};

/// Numbers of the larger side up to which the exact law is taken, as in scipy.
pub(super) const EXACT: u64 = 20;

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let (reference, current) = sides.numbers()?;
    let (n, m) = (reference.n, current.n);
    let method = params.word("method", &["auto", "exact", "asymptotic", "asymp"])?;
    if n < 2 || m < 2 {
        return Err("it needs two values of either side at least".to_owned());
    }
    let borders = borders(reference, current);
    let statistic = statistic([n, m], &borders);
    let wants_exact = method == "exact" || (method == "auto" && n.max(m) <= EXACT);
    let exact = if wants_exact { exact(n, m, &borders) } else { None };
    if method == "exact" && exact.is_none() {
        return Err(format!("the exact law is out of reach for {n} and {m} values; use `method: asymptotic`"));
    }
    let tail = exact.unwrap_or_else(|| limit([n, m], statistic, &borders));
    Ok(Found { exact: exact.is_some(), ..Found::of_p(statistic, tail) }.between(reference, current))
}

/// The p-value of the test with its defaults.
pub(super) fn p_value(reference: &Numbers, current: &Numbers) -> Tail {
    let sizes @ [n, m] = [reference.n, current.n];
    let borders = borders(reference, current);
    let exact = (n.max(m) <= EXACT).then(|| exact(n, m, &borders)).flatten();
    exact.unwrap_or_else(|| limit(sizes, statistic(sizes, &borders), &borders))
}

fn statistic([n, m]: [u64; 2], borders: &[Border]) -> f64 {
    let (k, all) = (n as f64 * m as f64, n as f64 + m as f64);
    borders.iter().map(|it| it.weight * it.gap * it.gap).sum::<f64>() / (2.0 * k * all * all)
}

/// Between two groups of equal values.
#[derive(Clone, Copy, Debug)]
struct Border {
    /// Values of both samples below.
    below: u64,
    /// How many values have the border on either side: it counts half for each of them.
    weight: f64,
    /// The gap between the functions times the sizes of both samples.
    gap: f64,
}

fn borders(reference: &Numbers, current: &Numbers) -> Vec<Border> {
    let (n, m) = (i128::from(reference.n), i128::from(current.n));
    let mut borders: Vec<Border> = Vec::with_capacity(reference.sorted.len() + current.sorted.len());
    walk(reference, current, |it| {
        let here = (it.here[0] + it.here[1]) as f64;
        if let Some(last) = borders.last_mut() {
            last.weight += here;
        }
        let gap = i128::from(it.upto[0]) * m - i128::from(it.upto[1]) * n;
        borders.push(Border { below: it.upto[0] + it.upto[1], weight: here, gap: gap as f64 });
    });
    // Above all values there is no gap.
    borders.pop();
    borders
}

/// The share of all orders with a statistic at least as large, given the ties.
fn exact(n: u64, m: u64, borders: &[Border]) -> Option<Tail> {
    let all = usize::try_from(n + m).ok().filter(|it| *it <= 1000)?;
    let by = gcd(n, m);
    let mut weights = vec![0; all];
    let mut reach = 0_u64;
    for it in borders {
        *weights.get_mut(it.below as usize)? = it.weight as u64;
        reach = reach.checked_add(it.weight as u64 * (it.gap.abs() as u64 / by).pow(2))?;
    }
    Some(Tail::of(squared_gaps::at_least([n, m], [m / by, n / by], &weights, reach)?))
}

/// The law for many values.
fn limit(sizes: [u64; 2], statistic: f64, borders: &[Border]) -> Tail {
    let all = (sizes[0] + sizes[1]) as f64;
    // A border's weight is twice the values that it stands for.
    let place = |it: &Border| Place { share: it.weight / 2.0 / all, at: it.below as f64 / all, less: 0.0 };
    if borders.iter().all(|it| it.weight / 2.0 <= (ties::VISIBLE * all).max(1.0)) {
        return quadratic::cramer_von_mises(reduced(sizes, statistic, (1.0 + 1.0 / all) / 6.0, 1.0 / 6.0));
    }
    let places: Vec<Place> = borders.iter().map(place).collect();
    let mean: f64 = places.iter().map(|it| it.share * it.at * (1.0 - it.at)).sum();
    let weights = ties::weights(&places, false);
    // What is lost where places are taken together varies hardly: it is a part of the mean.
    let lost = mean - weights.iter().sum::<f64>();
    quadratic::listed(reduced(sizes, statistic, mean * all / (all - 1.0), mean) - lost, 1.0, &weights)
}

/// The statistic, whose mean is `mean`, brought to the mean and the deviation of its limit (T. W. Anderson, 1962).
pub(super) fn reduced([n, m]: [u64; 2], statistic: f64, mean: f64, limit_mean: f64) -> f64 {
    let (n, m) = (n as f64, m as f64);
    let (k, all) = (n * m, n + m);
    let variance = (all + 1.0) * (4.0 * k * all - 3.0 * (n * n + m * m) - 2.0 * k) / (45.0 * all * all * 4.0 * k);
    limit_mean + (statistic - mean) / (45.0 * variance).sqrt()
}

pub(super) fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::cramer_von_mises_2samp;

    fn found(test: &DriftTest, reference: &[f64], current: &[f64]) -> Found {
        let sides = Sides::Numbers(Numbers::of(reference), Numbers::of(current));
        (test.run)(&sides, &Params::default()).expect("an answer")
    }

    #[test]
    fn without_ties_both_are_the_same() {
        let values =
            |n: u32, by: f64| -> Vec<f64> { (0..n).map(|it| (f64::from(it) * by + by.sqrt()).sin()).collect() };
        for (n, m) in [(7, 7), (11, 8), (40, 30)] {
            let (a, b) = (values(n, 1.0), values(m, 1.3));
            let (own, scipys) = (found(&TEST, &a, &b), found(&cramer_von_mises_2samp::TEST, &a, &b));
            assert!((own.statistic - scipys.statistic).abs() < 1e-12);
            assert!((own.p_value.unwrap_or(9.0) - scipys.p_value.unwrap_or(0.0)).abs() < 1e-12, "{own:?} {scipys:?}");
        }
    }

    #[test]
    fn one_value_of_all_is_no_drift_whatever_the_sizes() {
        let (many, few) = (vec![3.0; 200], vec![3.0; 100]);
        let own = found(&TEST, &many, &few);
        assert_eq!((own.statistic, own.p_value), (0.0, Some(1.0)));
        assert!(found(&cramer_von_mises_2samp::TEST, &many, &few).statistic > 10.0, "scipy's has this defect");
    }

    #[test]
    fn the_exact_law_knows_the_ties() {
        // Two values: three of four against none of four, in 2 * 4 of 70 choices of four from eight with three ones.
        let it = found(&TEST, &[0.0, 1.0, 1.0, 1.0], &[0.0, 0.0, 0.0, 0.0]);
        assert!((it.p_value.unwrap_or(0.0) - 10.0 / 70.0).abs() < 1e-12, "{it:?}");
    }

    #[test]
    fn of_a_flag_it_is_the_chi_square_test() {
        use crate::drift::law::normal::sum_of_squares;
        let flags = |ones: usize| [vec![0.0; 400 - ones], vec![1.0; ones]].concat();
        for ones in [40, 55, 62, 80] {
            let it = found(&TEST, &flags(40), &flags(ones));
            let share = (40.0 + ones as f64) / 800.0;
            // The square of the gap over its variance.
            let square = it.statistic * 2.0 * (799.0 / 800.0) / (share * (1.0 - share));
            let (p, wanted) = (it.p_value.unwrap_or(f64::NAN), sum_of_squares(square, 1).p);
            assert!((p - wanted).abs() < 0.02 * wanted, "{ones}: {p} {wanted}");
        }
    }
}
