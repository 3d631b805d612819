//! Whether values that follow one another rise or fall: the Mann-Kendall test, and the slope of Theil and Sen.

use crate::drift::law::Tail;
use crate::drift::law::chi_square::two_sided_normal;

/// Values up to which the exact law is taken, as in scipy's `kendalltau`.
const EXACT: usize = 33;

/// A trend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// Values.
    pub n: usize,
    /// Kendall's S: pairs that rise less pairs that fall.
    pub s: i64,
    /// Kendall's tau-b with the order of the values, from -1 to 1; 0 when all values are equal.
    pub tau: f64,
    /// The median of the slopes of all pairs, in units of the values for each step from one to the next.
    pub slope: f64,
    /// The two-sided p-value against "the values come in any order".
    pub p_value: f64,
}

/// Values that a trend needs: of fewer no order is rarer than 8 %, either way.
pub const LEAST: usize = 4;

/// The trend of values in their order; `None` of fewer than [`LEAST`], or where one is not finite.
///
/// Mann (1945), Kendall (1975), Sen (1968). The p-value is that of `scipy.stats.kendalltau(range(n), values)`: the exact
/// law of inversions without ties and up to 33 values, else the normal law with the variance corrected for ties and
/// without a correction for continuity. The slope is that of `scipy.stats.theilslopes`.
pub fn mann_kendall(values: &[f64]) -> Option<Trend> {
    let n = values.len();
    if n < LEAST || !values.iter().all(|it| it.is_finite()) {
        return None;
    }
    let (mut rising, mut falling, mut slopes) = (0_u64, 0_u64, Vec::with_capacity(n * (n - 1) / 2));
    for (j, later) in values.iter().enumerate() {
        for (i, earlier) in values.iter().enumerate().take(j) {
            rising += u64::from(later > earlier);
            falling += u64::from(later < earlier);
            slopes.push((later - earlier) / (j - i) as f64);
        }
    }
    let pairs = slopes.len() as u64;
    let s = rising as i64 - falling as i64;
    let untied = (rising + falling) as f64;
    let tau = if untied > 0.0 { s as f64 / (untied * pairs as f64).sqrt() } else { 0.0 };
    let p_value =
        if rising + falling == pairs && n <= EXACT { exact(n, rising.min(falling)) } else { normal(values, s).p };
    Some(Trend { n, s, tau, slope: median(slopes), p_value })
}

/// Twice the chance that an order of `n` different values has at most so many inversions.
fn exact(n: usize, inversions: u64) -> f64 {
    // The chance of each number of inversions, one value more at a time: the i-th makes 0 to i of them, all alike.
    let mut chances = vec![1.0];
    for i in 1..n {
        let mut next = vec![0.0; chances.len() + i];
        for (at, chance) in chances.iter().enumerate() {
            for it in next.iter_mut().skip(at).take(i + 1) {
                *it += chance / (i + 1) as f64;
            }
        }
        chances = next;
    }
    let at_most: f64 = chances.iter().take(usize::try_from(inversions).map_or(usize::MAX, |it| it + 1)).sum();
    (2.0 * at_most).min(1.0)
}

fn normal(values: &[f64], s: i64) -> Tail {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let spread = |n: usize| (n * (n - 1) * (2 * n + 5)) as f64;
    let ties: f64 = sorted.chunk_by(|a, b| a == b).map(|it| spread(it.len())).sum();
    let variance = (spread(values.len()) - ties) / 18.0;
    if variance > 0.0 { two_sided_normal(s as f64 / variance.sqrt()) } else { Tail::ONE }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = |i: usize| values.get(i).copied().unwrap_or_default();
    let half = values.len() / 2;
    if values.len() % 2 == 1 { at(half) } else { f64::midpoint(at(half - 1), at(half)) }
}

#[cfg(test)]
mod tests;
