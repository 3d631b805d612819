//! Sums of probabilities, by bins of probability and by what was predicted.

use std::collections::BTreeMap;

use driftline_plugin::prelude::*;

/// Probabilities are summed as multiples of 2^-62, so that sums are exact and merge in any order.
const UNIT: f64 = (1_u64 << 62) as f64;

/// Exact sums of probabilities by bin and prediction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cells(BTreeMap<(i16, bool), Cell>);

/// What is kept of the rows of one bin that were predicted alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Cell {
    count: u64,
    /// Of the probabilities.
    sum: u128,
    /// Of the variances, `p (1 - p)`.
    variance: u128,
}

/// A value with the limits between which it lies with a probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The expected value.
    pub value: f64,
    /// The standard deviation of what the labels would have shown.
    pub deviation: f64,
}

/// What is estimated of a class against the others. What cannot be is none: precision where nothing was predicted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimates {
    /// The share of right answers.
    pub accuracy: Option<Estimate>,
    /// Of those predicted, the share that are of the class.
    pub precision: Option<Estimate>,
    /// Of those of the class, the share that were predicted.
    pub recall: Option<Estimate>,
    /// The harmonic mean of both.
    pub f1: Option<Estimate>,
    /// The probability that a row of the class has the higher score of two, ties counted half.
    pub auc: Option<Estimate>,
}

impl Cells {
    /// Adds a row. The probability is from 0 to 1.
    pub fn add(&mut self, probability: f64, predicted: bool) {
        let cell = self.0.entry((bin(probability), predicted)).or_default();
        cell.count += 1;
        cell.sum += fixed(probability);
        cell.variance += fixed(probability * (1.0 - probability));
    }

    /// Adds others.
    pub fn merge(&mut self, other: Cells) {
        for (key, it) in other.0 {
            let cell = self.0.entry(key).or_default();
            cell.count = cell.count.saturating_add(it.count);
            cell.sum = cell.sum.saturating_add(it.sum);
            cell.variance = cell.variance.saturating_add(it.variance);
        }
    }

    /// How many rows.
    pub fn rows(&self) -> u64 {
        self.0.values().fold(0, |sum, it| sum.saturating_add(it.count))
    }

    /// Count, expected number of the class, and its variance, of the rows that were predicted so.
    fn total(&self, predicted: bool) -> (f64, f64, f64) {
        let cells = self.0.iter().filter(|((_, it), _)| *it == predicted).map(|(_, it)| it);
        let (count, sum, variance) = cells.fold((0, 0, 0), |(count, sum, variance): (u64, u128, u128), it| {
            (count.saturating_add(it.count), sum.saturating_add(it.sum), variance.saturating_add(it.variance))
        });
        (count as f64, sum as f64 / UNIT, variance as f64 / UNIT)
    }

    /// What is expected. Deviations are those of the labels, which are independent with these probabilities: exact for
    /// accuracy and precision, to first order for the others.
    pub fn estimates(&self) -> Estimates {
        let ((n1, tp, v1), (n0, missed, v0)) = (self.total(true), self.total(false));
        let (rows, positives) = (n1 + n0, tp + missed);
        let of = |possible: bool, value: f64, variance: f64| {
            possible.then(|| Estimate { value, deviation: variance.max(0.0).sqrt() })
        };
        let both = n1 + positives;
        Estimates {
            accuracy: of(rows > 0.0, (tp + n0 - missed) / rows, (v1 + v0) / rows.powi(2)),
            precision: of(n1 > 0.0, tp / n1, v1 / n1.powi(2)),
            recall: of(positives > 0.0, tp / positives, (v1 * missed.powi(2) + v0 * tp.powi(2)) / positives.powi(4)),
            f1: of(both > 0.0, 2.0 * tp / both, 4.0 * (v1 * (both - tp).powi(2) + v0 * tp.powi(2)) / both.powi(4)),
            auc: self.auc(positives, rows - positives),
        }
    }

    fn auc(&self, positives: f64, negatives: f64) -> Option<Estimate> {
        if positives <= 0.0 || negatives <= 0.0 {
            return None;
        }
        let mut bins: BTreeMap<i16, (f64, f64, f64)> = BTreeMap::new();
        for ((bin, _), cell) in &self.0 {
            let it = bins.entry(*bin).or_default();
            let sum = cell.sum as f64 / UNIT;
            it.0 += sum;
            it.1 += cell.count as f64 - sum;
            it.2 += cell.variance as f64 / UNIT;
        }
        let (mut below, mut ordered) = (0.0, 0.0);
        for (p, n, _) in bins.values() {
            ordered += p * (below + n / 2.0);
            below += n;
        }
        let auc = ordered / positives / negatives;
        // How the area changes with one label: by the negatives below it less the positives above it.
        let (mut below, mut above, mut variance) = (0.0, positives, 0.0);
        for (p, n, v) in bins.values() {
            above -= p;
            let change = (below + n / 2.0 - above - p / 2.0) - auc * (negatives - positives);
            variance += v * (change / positives / negatives).powi(2);
            below += n;
        }
        Some(Estimate { value: auc, deviation: variance.sqrt() })
    }
}

/// The multiple of 2^-62 next to a number from 0 to 1.
fn fixed(it: f64) -> u128 {
    (it * UNIT).round() as u128
}

/// Bins get finer towards both ends, where classifiers are sure: 64 for each halving of the distance from 0 or 1, down to
/// 2^-30. Within a bin probabilities differ by less than one part in 64 of that distance.
fn bin(probability: f64) -> i16 {
    let place = |distance: f64| {
        let bits = distance.max(2_f64.powi(-30)).to_bits() >> 46;
        // 2^-30 is the first of them.
        (bits - (2_f64.powi(-30).to_bits() >> 46)) as i16
    };
    if probability < 0.5 { place(probability) - i16::MAX } else { i16::MAX - place(1.0 - probability) }
}

/// A number as a probability, if it is from 0 to 1, but for rounding.
pub fn probability(it: f64) -> Option<f64> {
    (-1e-6..=1.0 + 1e-6).contains(&it).then(|| it.clamp(0.0, 1.0))
}

/// The share of rows that hold what cannot be. The error: too few of the rows are left, or most of them hold such.
pub fn invalid_share(rows: u64, invalid: u64, least: u64) -> Result<f64> {
    if rows < least.max(1) || invalid > rows {
        let besides = match invalid {
            0 => String::new(),
            _ => format!("; {invalid} hold values that are none, such as numbers outside 0 to 1"),
        };
        return Err(Error::too_little(format!("{rows} rows have probabilities, {} are needed{besides}", least.max(1))));
    }
    Ok(invalid as f64 / (rows + invalid) as f64)
}

#[cfg(test)]
mod tests {
    use super::bin;

    #[test]
    fn bins_are_in_order_and_fine_at_both_ends() {
        let mut last = bin(0.0);
        for it in 1..=100_000 {
            let next = bin(f64::from(it) / 100_000.0);
            assert!(next >= last, "{it}");
            last = next;
        }
        for (low, high) in [(0.0, 1e-8), (1e-6, 1.02e-6), (0.49, 0.5), (0.5, 0.51), (1.0 - 1.02e-6, 1.0 - 1e-6)] {
            assert!(bin(low) < bin(high), "{low} {high}");
        }
        assert!(bin(1.0) > bin(1.0 - 1e-8));
    }
}
