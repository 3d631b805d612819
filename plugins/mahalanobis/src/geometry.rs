//! Distances from a mean in units of a covariance.

use driftline_plugin::{Error, Result};
use driftline_plugin_statistics::{Cholesky, Matrix, chi_square_quantile};

/// A mean and a covariance, ready to measure distances.
pub struct Geometry {
    mean: Vec<f64>,
    /// The standard deviation of each number; 0 of one that does not vary.
    deviations: Vec<f64>,
    /// Which numbers vary.
    varying: Vec<usize>,
    /// Of their correlations, with the ridge.
    factor: Cholesky,
    /// How many directions have spread; where some hardly have, this is no whole number.
    degrees: f64,
}

impl Geometry {
    /// The geometry of a mean and a covariance. `ridge` is added to the diagonal of the correlations, so that numbers that
    /// follow from others do no harm. The error: no number varies, or the matrix is no covariance.
    pub fn new(mean: Vec<f64>, covariance: &Matrix, ridge: f64) -> Result<Geometry> {
        let deviations: Vec<f64> = (0..mean.len())
            .map(|it| {
                let deviation = covariance.at(it, it).max(0.0).sqrt();
                // What is left of a constant by rounding is not spread.
                if deviation > 1e-14 * mean[it].abs() { deviation } else { 0.0 }
            })
            .collect();
        let varying: Vec<usize> = (0..mean.len()).filter(|it| deviations[*it] > 0.0).collect();
        if varying.is_empty() {
            return Err(Error::too_little("none of the numbers varies"));
        }
        let correlation = Matrix::from_fn(varying.len(), |row, column| {
            let (i, j) = (varying[row], varying[column]);
            if row == column { 1.0 + ridge } else { covariance.at(i, j) / deviations[i] / deviations[j] }
        });
        let factor = correlation.cholesky().ok_or_else(|| {
            Error::params("the covariance has a direction without spread: raise `ridge`, or leave out a number that follows from the others")
        })?;
        // Directions that only the ridge holds up do not count.
        let identity = Matrix::from_fn(varying.len(), |row, column| if row == column { 1.0 } else { 0.0 });
        let degrees = (varying.len() as f64 - ridge * factor.trace(&identity)).max(1.0);
        Ok(Geometry { mean, deviations, varying, factor, degrees })
    }

    /// The squared distance that a normal point exceeds with probability `1 - confidence`.
    pub fn threshold(&self, confidence: f64) -> f64 {
        chi_square_quantile(confidence, self.degrees).unwrap_or(f64::INFINITY)
    }

    /// The squared distance of a point; infinite where a number that does not vary has another value.
    pub fn distance(&self, point: &[f64]) -> f64 {
        let still = |it: &usize| self.deviations[*it] == 0.0;
        let moved = |it: usize| (point[it] - self.mean[it]).abs() > 1e-12 * self.mean[it].abs();
        if (0..self.mean.len()).filter(still).any(moved) {
            return f64::INFINITY;
        }
        self.factor.quadratic(&self.standardised(point))
    }

    /// The mean squared distance of points with this mean product of deviations from the mean, over the
    /// degrees of freedom: 1 of the points that the covariance was taken of.
    pub fn mean_distance(&self, spread: &Matrix) -> f64 {
        let scaled = Matrix::from_fn(self.varying.len(), |row, column| {
            let (i, j) = (self.varying[row], self.varying[column]);
            spread.at(i, j) / self.deviations[i] / self.deviations[j]
        });
        self.factor.trace(&scaled) / self.degrees
    }

    /// How far a number is from its mean in standard deviations; infinite where it never varied and moved.
    pub fn deviation(&self, number: usize, value: f64) -> f64 {
        let away = value - self.mean[number];
        if away == 0.0 { 0.0 } else { away / self.deviations[number] }
    }

    fn standardised(&self, point: &[f64]) -> Vec<f64> {
        self.varying.iter().map(|it| (point[*it] - self.mean[*it]) / self.deviations[*it]).collect()
    }
}

/// What the squared distance of one of `n` points would be if the mean and the covariance (over `n - 1`) were taken of the
/// others: by it the reference's own points compare with new ones.
pub fn left_out(distance: f64, n: u64) -> f64 {
    let n = n as f64;
    let c = n / (n - 1.0);
    let q = distance / (n - 1.0);
    let left = 1.0 - c * q;
    if left > 0.0 { c * c * (n - 2.0) * q / left } else { f64::INFINITY }
}

#[cfg(test)]
mod tests {
    use driftline_plugin_statistics::Matrix;

    use super::{Geometry, left_out};

    #[test]
    fn distances_are_in_units_of_the_covariance() {
        let covariance = Matrix::from_fn(2, |row, column| [[4.0, 3.0], [3.0, 9.0]][row][column]);
        let geometry = Geometry::new(vec![1.0, 2.0], &covariance, 0.0).unwrap();
        // The inverse is [[9, -3], [-3, 4]] / 27.
        let distance = geometry.distance(&[3.0, 1.0]);
        assert!((distance - (36.0 + 12.0 + 4.0) / 27.0).abs() < 1e-12, "{distance}");
        assert_eq!(geometry.degrees, 2.0);
        assert!((geometry.mean_distance(&covariance) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn singular_directions_do_not_count() {
        let covariance = Matrix::from_fn(3, |row, column| if row == 2 || column == 2 { 0.0 } else { 1.0 });
        let geometry = Geometry::new(vec![0.0, 0.0, 7.0], &covariance, 1e-6).unwrap();
        assert!((geometry.degrees - 1.0).abs() < 1e-5, "{}", geometry.degrees);
        assert!((geometry.distance(&[1.0, 1.0, 7.0]) - 1.0).abs() < 1e-5);
        assert!(geometry.distance(&[1.0, -1.0, 7.0]) > 1e5);
        assert_eq!(geometry.distance(&[0.0, 0.0, 8.0]), f64::INFINITY);
        assert!(Geometry::new(vec![0.0; 3], &covariance, 0.0).is_err());
    }

    #[test]
    fn leaving_a_point_out_is_as_if_it_had_never_been() {
        let points = [1.0, 2.0, 4.0, 8.0, 9.0_f64];
        let moments = |points: &[f64]| {
            let n = points.len() as f64;
            let mean = points.iter().sum::<f64>() / n;
            (mean, points.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / (n - 1.0))
        };
        let (mean, variance) = moments(&points);
        let (others, spread) = moments(&points[1..]);
        let got = left_out((points[0] - mean).powi(2) / variance, 5);
        assert!((got - (points[0] - others).powi(2) / spread).abs() < 1e-12, "{got}");
    }
}
