//! The maximum mean discrepancy of vectors.

use super::chance::Chance;
use super::law::Tail;
use super::rows::{Rows, both_rows};
use super::{Alarm, DriftTest, Found, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "mmd",
    aliases: &["mmd_rbf", "empirical_mmd"],
    summary: "the squared maximum mean discrepancy with a Gaussian kernel",
    takes: Takes::Vectors,
    alarm: Alarm::PValue { alpha: 0.05, closed: false },
    params: &[
        ("sigma", MEDIAN),
        ("variant", "unbiased"),
        ("permutations", "300"),
        ("sample", "1000"),
        ("seed", "0"),
        ("kernel", KERNEL),
        ("sigma_value", "none"),
    ],
    page: include_str!("mmd.md"),
    run,
};

const MEDIAN: &str = "median of the pooled pairwise distances, i<j";
const KERNEL: &str = "exp(-||x-y||^2 / (2 sigma^2))";

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let (reference, current) = both_rows(sides)?;
    let (all_n, all_m) = (reference.len(), current.len());
    params.word("kernel", &[KERNEL, "rbf"])?;
    let biased = params.word("variant", &["unbiased", "biased"])? == "biased";
    let most = params.count("sample", 1000, 2..=2000)? as usize;
    let rounds = params.count("permutations", 300, 0..=10_000)?;
    let mut chance = Chance::new(params.count("seed", 0, 0..=u64::MAX)?);
    let rows = Rows::sampled(reference, current, most, &mut chance);
    let (n, all) = (rows.n, rows.rows.len());
    let mut matrix = distances(&rows);
    let sigma = match params.0.get("sigma") {
        Some(it) if it.is_number() => params.number("sigma", 0.0)?,
        _ => {
            params.word("sigma", &[MEDIAN, "median"])?;
            median(&matrix, all)
        }
    };
    // All rows alike: any width says that nothing differs.
    let sigma = if sigma == 0.0 { 1.0 } else { sigma };
    if !(sigma > 0.0 && sigma.is_finite()) {
        return Err(format!("`sigma` must be a positive number, not {sigma}"));
    }
    for it in &mut matrix {
        *it = (-(*it / sigma) * (*it / sigma) / 2.0).exp();
    }
    let kernel = Kernel::new(&matrix, all);
    let order: Vec<usize> = (0..all).collect();
    let first = order.get(..n).unwrap_or_default();
    let (unbiased, with_diagonal) = (kernel.discrepancy(first, false), kernel.discrepancy(first, true));
    let statistic = if biased { with_diagonal } else { unbiased };
    if !statistic.is_finite() {
        return Err("the unbiased discrepancy needs two rows on each side".to_owned());
    }
    let tail = (rounds > 0).then(|| kernel.permuted(n, statistic, biased, rounds, &mut chance));
    let mut more: std::collections::BTreeMap<_, _> =
        [("sigma", sigma), ("mmd2_biased", with_diagonal), ("sampled_rows", all as f64)].into();
    if unbiased.is_finite() {
        more.insert("mmd2_unbiased", unbiased);
    }
    Ok(Found {
        statistic,
        p_value: tail.map(|it| it.p),
        ln_p_value: tail.map(|it| it.ln_p),
        n: all_n as u64,
        m: all_m as u64,
        exact: all == all_n + all_m,
        more,
        bins: Vec::new(),
    })
}

/// Euclidean distances of all pairs, row after row.
fn distances(rows: &Rows) -> Vec<f64> {
    let all = rows.rows.len();
    let mut matrix = vec![0.0; all * all];
    for (i, a) in rows.rows.iter().enumerate() {
        for (j, b) in rows.rows.iter().enumerate().take(i) {
            let square: f64 = a.iter().zip(*b).map(|(a, b)| (a - b) * (a - b)).sum();
            let distance = square.sqrt();
            for at in [i * all + j, j * all + i] {
                if let Some(it) = matrix.get_mut(at) {
                    *it = distance;
                }
            }
        }
    }
    matrix
}

/// The median of the distances of different rows.
fn median(matrix: &[f64], all: usize) -> f64 {
    let pairs = matrix.chunks(all.max(1)).enumerate().flat_map(|(i, row)| row.get(i + 1..).unwrap_or_default());
    let mut pairs: Vec<f64> = pairs.copied().collect();
    let half = pairs.len() / 2;
    if pairs.is_empty() {
        return 0.0;
    }
    let even = pairs.len().is_multiple_of(2);
    let (below, middle, _) = pairs.select_nth_unstable_by(half, f64::total_cmp);
    if even { f64::midpoint(below.iter().copied().fold(f64::NEG_INFINITY, f64::max), *middle) } else { *middle }
}

/// The kernel of all pairs of rows, with the sums that do not depend on which rows are of which side.
struct Kernel<'m> {
    matrix: &'m [f64],
    all: usize,
    row_sums: Vec<f64>,
    sum: f64,
}

impl<'m> Kernel<'m> {
    fn new(matrix: &'m [f64], all: usize) -> Self {
        let row_sums: Vec<f64> = matrix.chunks(all.max(1)).map(|it| it.iter().sum()).collect();
        let sum = row_sums.iter().sum();
        Kernel { matrix, all, row_sums, sum }
    }

    /// The squared discrepancy between these rows and all others (A. Gretton et al., "A kernel two-sample test", 2012).
    fn discrepancy(&self, group: &[usize], biased: bool) -> f64 {
        // The kernel of a row with itself is 1, and pairs stand for both of their orders.
        let mut within = 0.0;
        for (at, i) in group.iter().enumerate() {
            let row = self.matrix.get(i * self.all..(i + 1) * self.all).unwrap_or_default();
            within += group.iter().take(at).filter_map(|j| row.get(*j)).sum::<f64>();
        }
        let n = group.len() as f64;
        let m = self.all as f64 - n;
        let within = 2.0 * within + n;
        let rows: f64 = group.iter().filter_map(|it| self.row_sums.get(*it)).sum();
        let across = rows - within;
        let outside = self.sum - within - 2.0 * across;
        if biased {
            within / (n * n) + outside / (m * m) - 2.0 * across / (n * m)
        } else {
            (within - n) / (n * (n - 1.0)) + (outside - m) / (m * (m - 1.0)) - 2.0 * across / (n * m)
        }
    }

    /// The p-value over random divisions of the rows, the one that was found among them (B. Phipson and G. K. Smyth,
    /// "Permutation p-values should never be zero", 2010).
    fn permuted(&self, n: usize, found: f64, biased: bool, rounds: u64, chance: &mut Chance) -> Tail {
        let mut order: Vec<usize> = (0..self.all).collect();
        // Both sides say the same; the smaller one costs less.
        let size = n.min(self.all - n);
        let give = 1e-12 * found.abs();
        let mut reached = 1;
        for _ in 0..rounds {
            chance.shuffle(&mut order, size);
            let drawn = self.discrepancy(order.get(..size).unwrap_or_default(), biased);
            reached += u64::from(drawn >= found - give);
        }
        Tail::of(reached as f64 / (rounds + 1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(chance: &mut Chance, n: usize, shift: f64) -> Vec<Vec<f64>> {
        let uniform = |chance: &mut Chance| (chance.bits() >> 11) as f64 / (1_u64 << 53) as f64;
        (0..n).map(|_| (0..3).map(|_| uniform(chance) + shift).collect()).collect()
    }

    #[test]
    fn it_alarms_as_often_as_it_says() {
        let mut chance = Chance::new(1);
        let params = Params(serde_json::from_str(r#"{"permutations": 99}"#).unwrap());
        let mut alarms = 0;
        for _ in 0..200 {
            let sides = Sides::Vectors(rows(&mut chance, 15, 0.0), rows(&mut chance, 8, 0.0));
            alarms += u32::from(run(&sides, &params).unwrap().p_value.unwrap() <= 0.05);
        }
        assert!((2..=19).contains(&alarms), "{alarms} of 200");
        let sides = Sides::Vectors(rows(&mut chance, 30, 0.0), rows(&mut chance, 30, 0.5));
        let found = run(&sides, &params).unwrap();
        assert_eq!(found.p_value, Some(0.01));
        assert_eq!(run(&sides, &params).unwrap(), found);
    }

    #[test]
    fn a_sample_is_taken_of_many_rows() {
        let mut chance = Chance::new(2);
        let sides = Sides::Vectors(rows(&mut chance, 120, 0.0), rows(&mut chance, 70, 0.5));
        let params = Params(serde_json::from_str(r#"{"permutations": 50, "sample": 40}"#).unwrap());
        let found = run(&sides, &params).unwrap();
        assert_eq!((found.n, found.m, found.more["sampled_rows"], found.exact), (120, 70, 80.0, false));
        assert!(found.p_value.unwrap() < 0.05);
    }
}
