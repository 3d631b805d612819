//! Mean and covariance, without rounding until they are asked for.

use driftline_plugin::prelude::*;
use driftline_plugin_statistics::{Exact, Matrix};

/// Count, sums and sums of products of points of one length.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    count: u64,
    sums: Vec<Exact>,
    /// Of columns `i >= j`, row after row of the lower triangle.
    products: Vec<Exact>,
}

impl Moments {
    /// Adds a point. The first one says how long they are.
    pub fn add(&mut self, point: &[f64]) {
        self.grow(point.len());
        self.count += 1;
        self.sums.iter_mut().zip(point).for_each(|(sum, it)| sum.add(*it));
        let pairs = point.iter().enumerate().flat_map(|(i, a)| point[..=i].iter().map(move |b| (*a, *b)));
        self.products.iter_mut().zip(pairs).for_each(|(sum, (a, b))| sum.add_product(a, b));
    }

    /// Adds the moments of others. The error: their points have another length.
    pub fn merge(&mut self, other: &Moments) -> Result<()> {
        if other.count == 0 {
            return Ok(());
        }
        self.grow(other.sums.len());
        if self.sums.len() != other.sums.len() || self.products.len() != other.products.len() {
            let (a, b) = (self.sums.len(), other.sums.len());
            return Err(Error::State(format!("one state is of {a} numbers, the other of {b}")));
        }
        self.count = self.count.saturating_add(other.count);
        self.sums.iter_mut().zip(&other.sums).for_each(|(sum, it)| sum.merge(it));
        self.products.iter_mut().zip(&other.products).for_each(|(sum, it)| sum.merge(it));
        Ok(())
    }

    fn grow(&mut self, size: usize) {
        if self.sums.is_empty() {
            self.sums = vec![Exact::default(); size];
            self.products = vec![Exact::default(); size * (size + 1) / 2];
        }
    }

    /// How many points.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The mean of each number; no points have none.
    pub fn mean(&self) -> Vec<f64> {
        let n = self.count.max(1) as f64;
        self.sums.iter().map(|it| it.value().0 / n).collect()
    }

    /// The mean of the products of the deviations from `center`, about which numbers far from 0 keep their digits.
    pub fn spread_about(&self, center: &[f64]) -> Matrix {
        let n = self.count.max(1) as f64;
        Matrix::from_fn(self.sums.len(), |row, column| {
            let (i, j) = (row.max(column), row.min(column));
            // Σxy - a Σy - b Σx + n a b, held without rounding.
            let (a, b) = (center[i], center[j]);
            let mut sum = self.products[i * (i + 1) / 2 + j].clone();
            for (factor, (high, low)) in [(a, self.sums[j].value()), (b, self.sums[i].value())] {
                sum.add_product(-factor, high);
                sum.add_product(-factor, low);
            }
            let product = a * b;
            sum.add_product(n, product);
            sum.add_product(n, a.mul_add(b, -product));
            sum.value().0 / n
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Moments;

    #[test]
    fn digits_survive_a_great_mean() {
        let mut moments = Moments::default();
        for it in 0..100 {
            let small = f64::from(it) / 128.0;
            moments.add(&[1e9 + small, -1e9 - 2.0 * small]);
        }
        let variance = (100.0 * 100.0 - 1.0) / 12.0 / 128.0 / 128.0;
        let mean = moments.mean();
        let spread = moments.spread_about(&mean);
        assert!((spread.at(0, 0) / variance - 1.0).abs() < 1e-9, "{} is not {variance}", spread.at(0, 0));
        assert!((spread.at(0, 1) / variance + 2.0).abs() < 1e-9);
        assert_eq!(spread.at(0, 1), spread.at(1, 0));
    }
}
