//! A histogram with fixed edges.

use super::OtherSketch;
use super::numbers::Numbers;
use crate::value::Value;

/// Counts between edges, as `numpy.histogram` counts: a bin holds its lower edge, and the last one
/// its upper edge too. Numbers outside are counted below and above.
#[derive(Clone, Debug, PartialEq)]
pub struct Bins {
    /// What was met.
    pub numbers: Numbers,
    pub(super) edges: Vec<f64>,
    /// Below the first edge, then the bins, then from the last edge on.
    pub(super) counts: Vec<u64>,
    /// Of the last count, those on the edge.
    pub(super) on_last_edge: u64,
}

impl Bins {
    pub(super) fn new(mut edges: Vec<f64>) -> Self {
        edges.retain(|it| !it.is_nan());
        edges.sort_unstable_by(f64::total_cmp);
        let counts = vec![0; edges.len() + 1];
        Bins { numbers: Numbers::default(), edges, counts, on_last_edge: 0 }
    }

    #[inline]
    pub(super) fn update(&mut self, value: &Value, row: u64) {
        let Some(number) = self.numbers.read(value, row) else { return };
        let number = number.as_f64();
        let at = self.edges.partition_point(|edge| *edge <= number);
        self.counts[at] += 1;
        if at == self.edges.len() && self.edges.last() == Some(&number) {
            self.on_last_edge += 1;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) -> Result<(), OtherSketch> {
        if self.edges != other.edges {
            return Err(OtherSketch);
        }
        self.numbers.merge(&other.numbers);
        self.on_last_edge += other.on_last_edge;
        self.counts.iter_mut().zip(&other.counts).for_each(|(it, more)| *it += more);
        Ok(())
    }

    pub(super) fn shift(&mut self, rows: u64) {
        self.numbers.shift(rows);
    }

    pub(super) fn size(&self) -> usize {
        8 * (self.edges.len() + self.counts.len())
    }

    /// The edges, in increasing order.
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }

    /// A count for each pair of neighbouring edges.
    pub fn counts(&self) -> Vec<u64> {
        let bins = self.edges.len().saturating_sub(1);
        let mut out: Vec<u64> = self.counts.iter().skip(1).take(bins).copied().collect();
        if let Some(last) = out.last_mut() {
            *last += self.on_last_edge;
        }
        out
    }

    /// Numbers below the first edge.
    pub fn below(&self) -> u64 {
        self.counts.first().copied().unwrap_or(0)
    }

    /// Numbers above the last edge.
    pub fn above(&self) -> u64 {
        let last = self.counts.last().copied().unwrap_or(0);
        // With fewer than two edges there is no bin; nothing is below a missing edge either.
        if self.edges.is_empty() { 0 } else { last - self.on_last_edge }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bin_is_closed_and_the_others_half_open() {
        let mut it = Bins::new(vec![0.0, 1.0, 2.0]);
        for (row, x) in [-0.1, 0.0, 0.5, 1.0, 2.0, 2.1, f64::INFINITY, f64::NAN].into_iter().enumerate() {
            it.update(&Value::Num(x), row as u64);
        }
        assert_eq!((it.below(), it.counts(), it.above(), it.numbers.nan), (1, vec![2, 2], 2, 1));
    }

    #[test]
    fn odd_edges_make_no_panic() {
        for edges in [vec![], vec![1.0], vec![1.0, 1.0], vec![f64::NAN], vec![f64::NEG_INFINITY, f64::INFINITY]] {
            let bins = edges.len().saturating_sub(1);
            let mut it = Bins::new(edges);
            for x in [0.0, 1.0, 2.0, f64::INFINITY] {
                it.update(&Value::Num(x), 0);
            }
            assert_eq!((it.counts().len(), it.numbers.n), (bins, 4));
        }
    }
}
