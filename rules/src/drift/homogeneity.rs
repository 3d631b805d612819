//! Whether two lists of counts are of one distribution: Pearson's statistic and its law, which the tests on
//! categories and the distances by bins share.

use super::law::Tail;
use super::law::chi_square::{gamma_upper_tail, upper_tail};
use super::law::hypergeometric::Hypergeometric;

/// Pearson's statistic of a table of two rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pearson {
    /// The statistic.
    pub statistic: f64,
    /// Degrees of freedom: categories that occur, but one.
    pub dof: u64,
    /// The least count that is expected in a cell when nothing has changed.
    pub least_expected: f64,
    /// The mean of the statistic over all tables with these margins.
    mean: f64,
    /// Its variance over them.
    variance: f64,
    /// The exact law, of two categories of which one is rare.
    rare: Option<Tail>,
}

/// The count that must be expected in each cell of two categories, for the law of many: W. G. Cochran (1954).
const ENOUGH: f64 = 5.0;

/// Pearson's statistic of counts in the reference and on the current side; categories that occur nowhere do not count.
/// With `yates`, and two categories, each count is moved towards what is expected by a half, as far as it differs.
/// The error says which side is empty.
pub fn pearson(counts: &[(u64, u64)], yates: bool) -> Result<Pearson, String> {
    let (whole_n, whole_m) = sizes(counts)?;
    let (n, m) = (whole_n as f64, whole_m as f64);
    let all = n + m;
    let cells = || counts.iter().filter(|it| it.0 > 0 || it.1 > 0).map(|it| (it.0 as f64, it.1 as f64));
    let k = cells().count() as f64;
    let correct = yates && k == 2.0;
    let (mut statistic, mut inverses, mut least) = (0.0, 0.0, f64::INFINITY);
    for (a, b) in cells() {
        let total = a + b;
        // The difference from what is expected is the same in both rows.
        let away = ((a * m - b * n) / all).abs();
        let away = if correct { away - away.min(0.5) } else { away };
        statistic += away * away * (all / n) * (all / m) / total;
        inverses += 1.0 / total;
        least = least.min(total * n.min(m) / all);
    }
    let (mean, variance) = moments((n, m), k, inverses);
    // One value more or less of a rare category is a jump that no smooth law follows.
    let rare = (k == 2.0 && least < ENOUGH).then(|| counts.iter().find(|it| it.0 > 0 || it.1 > 0)).flatten();
    let rare = rare.and_then(|(a, b)| {
        let law = Hypergeometric::new(a.checked_add(*b)?, (whole_n - a).checked_add(whole_m - b)?, whole_n)?;
        Some(law.not_likelier(*a))
    });
    Ok(Pearson { statistic, dof: k as u64 - 1, least_expected: least, mean, variance, rare })
}

/// The sums of both sides, none of which may be empty.
pub fn sizes(counts: &[(u64, u64)]) -> Result<(u64, u64), String> {
    let sum = |side: fn(&(u64, u64)) -> u64| counts.iter().map(side).fold(0, u64::saturating_add);
    match (sum(|it| it.0), sum(|it| it.1)) {
        (0, 0) => Err("neither side has a value".to_owned()),
        (0, _) => Err("the reference has no value".to_owned()),
        (_, 0) => Err("the current side has no value".to_owned()),
        both => Ok(both),
    }
}

/// Mean and variance of Pearson's statistic over all tables with the margins of this one, which are equally likely to
/// arise from any order of the values when nothing has changed: R. B. Dawson, "A simplified expression for the
/// variance of the χ²-function on a contingency table" (Biometrika 41, 1954).
fn moments((n, m): (f64, f64), k: f64, inverses: f64) -> (f64, f64) {
    let all = n + m;
    if all <= 3.0 {
        return (0.0, 0.0);
    }
    let spread = |groups: f64| (all - groups) * (groups - 1.0) / (all - 1.0);
    let unevenness = |groups: f64, inverses: f64| (all * inverses - groups * groups) / (all - 2.0);
    let (rows, row_unevenness) = (spread(2.0), unevenness(2.0, 1.0 / n + 1.0 / m));
    let (columns, column_unevenness) = (spread(k), unevenness(k, inverses));
    let variance = 2.0 * all / (all - 3.0) * (rows - row_unevenness) * (columns - column_unevenness)
        + all * all / (all - 1.0) * row_unevenness * column_unevenness;
    (all * (k - 1.0) / (all - 1.0), variance)
}

impl Pearson {
    /// The p-value by the limit law, chi-square; 1 for one category.
    pub fn limit(&self) -> Tail {
        if self.dof == 0 { Tail::ONE } else { upper_tail(self.statistic, self.dof as f64) }
    }

    /// The p-value by the gamma law that has the statistic's own mean and variance (T. Lewis, I. W. Saunders and
    /// M. Westcott, "The moments of the Pearson chi-squared statistic and the minimum expected value in two-way
    /// tables", Biometrika 71, 1984). It is the chi-square law where all counts are large, and stays calibrated where
    /// most categories occur once, or where one side is much smaller than the other. Of two categories, one of which is
    /// expected fewer than five times on a side, the law is exact: R. A. Fisher's.
    pub fn calibrated(&self) -> Tail {
        // No other table has these margins, up to rounding: the data say nothing.
        if self.dof == 0 || self.variance <= 1e-9 * self.mean * self.mean {
            return Tail::ONE;
        }
        if let Some(exact) = self.rare {
            return exact;
        }
        gamma_upper_tail(self.mean * self.mean / self.variance, self.statistic * self.mean / self.variance)
    }
}

#[cfg(test)]
mod tests {
    use super::{pearson, sizes};
    use crate::drift::chance::Chance;

    #[test]
    fn the_moments_are_those_of_all_tables() {
        // All ways to put 4 of 9 values, of categories with 2, 3 and 4 of them, into the first row.
        let choose = |n: u64, k: u64| (0..k).map(|it| (n - it) as f64 / (it + 1) as f64).product::<f64>();
        let totals = [2, 3, 4];
        let (mut weight, mut first, mut second) = (0.0, 0.0, 0.0);
        for a in 0..=2 {
            for b in 0..=3 {
                let Some(c) = 4_u64.checked_sub(a + b) else { continue };
                let each = [a, b, c];
                let w: f64 = each.iter().zip(totals).map(|(it, of)| choose(of, *it)).product();
                let table: Vec<(u64, u64)> = each.iter().zip(totals).map(|(it, of)| (*it, of - it)).collect();
                let statistic = pearson(&table, false).unwrap().statistic;
                weight += w;
                first += w * statistic;
                second += w * statistic * statistic;
            }
        }
        let (mean, variance) = (first / weight, second / weight - (first / weight).powi(2));
        let ours = pearson(&[(2, 0), (2, 1), (0, 4)], false).unwrap();
        assert!((ours.mean - mean).abs() < 1e-12, "{} {mean}", ours.mean);
        assert!((ours.variance - variance).abs() < 1e-12, "{} {variance}", ours.variance);
    }

    #[test]
    fn sparse_tables_raise_no_false_alarms() {
        // Categories whose shares fall as 1 / rank, both sides from the same shares.
        let mut chance = Chance::new(11);
        for (k, n, m) in [(2, 100, 30), (150, 30, 30), (150, 2000, 30), (50, 300, 30), (50, 2000, 500)] {
            let edges: Vec<f64> = (1..=k)
                .scan(0.0, |sum, rank| {
                    *sum += 1.0 / f64::from(rank);
                    Some(*sum)
                })
                .collect();
            let whole = edges.last().copied().unwrap();
            let rounds = 400;
            let mut alarms = 0;
            for _ in 0..rounds {
                let mut table = vec![(0, 0); edges.len()];
                for at in 0..n + m {
                    let drawn = (chance.bits() >> 11) as f64 / (1_u64 << 53) as f64 * whole;
                    let cell = &mut table[edges.partition_point(|it| *it <= drawn).min(edges.len() - 1)];
                    if at < n { cell.0 += 1 } else { cell.1 += 1 }
                }
                alarms += u32::from(pearson(&table, false).unwrap().calibrated().p < 0.05);
            }
            // 5 % are 20, with a standard deviation of 4.4.
            assert!(alarms <= 34, "{k} categories, {n} and {m} values: {alarms} alarms of {rounds}");
        }
    }

    #[test]
    fn nothing_and_the_same_are_no_alarm() {
        assert!(sizes(&[(0, 3)]).unwrap_err().contains("reference"));
        assert_eq!(pearson(&[(5, 7)], false).unwrap().calibrated().p, 1.0);
        assert_eq!(pearson(&[(1, 0), (0, 1)], false).unwrap().calibrated().p, 1.0);
        assert_eq!(pearson(&[(30, 70), (30, 70)], false).unwrap().calibrated().p, 1.0);
        let apart = pearson(&[(100_000, 0), (0, 100_000)], false).unwrap().calibrated();
        assert!(apart.p == 0.0 && apart.ln_p < -90_000.0 && apart.ln_p.is_finite(), "{apart:?}");
    }
}
