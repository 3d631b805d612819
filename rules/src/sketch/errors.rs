//! How far numbers that were predicted are from those that were true.

use super::exact::Exact;
use crate::value::Value;

/// Pairs of a true and a predicted number: the exact sums from which mean errors and their standard errors follow.
///
/// A pair's error is `prediction - truth`, rounded once; the sums of errors and of their powers are exact.
#[derive(Clone, Debug, PartialEq)]
pub struct Errors {
    /// Pairs of numbers.
    pub n: u64,
    /// Pairs of which one is missing, null or NaN.
    pub null: u64,
    /// Pairs of which one is no number.
    pub refused: u64,
    /// Pairs of which one is infinite or further than [`FURTHEST`] from 0.
    pub beyond: u64,
    /// Of which [`Of`] tells the order.
    pub(super) sums: [Exact; N],
}

/// Fourth powers of numbers this far from 0 are floats still.
pub const FURTHEST: f64 = 1e75;

const N: usize = 14;

/// What is summed: `e` is the error, `y` the truth.
#[derive(Clone, Copy)]
enum Of {
    E,
    Absolute,
    /// `e^2`, rounded.
    Squared,
    /// `|e| / |y|`.
    Relative,
    Y,
    Y3,
    Y4,
    /// `e^2 y`.
    SquaredY,
    /// `e^2 y^2`.
    SquaredY2,
    /// `e |e|`, rounded.
    Signed,
    /// From here on the squares of the first five but for the absolute, which are those of the plain.
    E2,
    Squared2,
    Relative2,
    Y2,
}

/// Gives the first two cells to a summary of pairs.
pub(super) fn pair<'v, 'r: 'v>(mut cells: impl Iterator<Item = &'v Value<'r>>, mut update: impl FnMut(&Value, &Value)) {
    if let (Some(a), Some(b)) = (cells.next(), cells.next()) {
        update(a, b);
    }
}

/// A mean and its standard error, NaN of a single pair.
pub type Mean = (f64, f64);

impl Default for Errors {
    fn default() -> Self {
        let sums = std::array::from_fn(|i| if i < Of::E2 as usize { Exact::of_values() } else { Exact::of_squares() });
        Errors { n: 0, null: 0, refused: 0, beyond: 0, sums }
    }
}

impl Errors {
    #[inline]
    pub(super) fn update(&mut self, truth: &Value, prediction: &Value) {
        let is_none = |it: &Value| it.is_null() || it.is_nan();
        if is_none(truth) || is_none(prediction) {
            self.null += 1;
            return;
        }
        let number = |it: &Value| if matches!(it, Value::Bool(_)) { None } else { it.as_f64() };
        let (Some(y), Some(p)) = (number(truth), number(prediction)) else {
            self.refused += 1;
            return;
        };
        if y.abs() > FURTHEST || p.abs() > FURTHEST {
            self.beyond += 1;
            return;
        }
        self.n += 1;
        let e = p - y;
        let relative = e.abs() / y.abs().max(f64::EPSILON);
        let squared = e * e;
        self.add(Of::E, e);
        self.add(Of::Absolute, e.abs());
        self.add(Of::Squared, squared);
        self.add(Of::Relative, relative);
        self.add(Of::Y, y);
        self.add(Of::Y3, y * y * y);
        self.add(Of::Y4, y * y * (y * y));
        self.add(Of::SquaredY, squared * y);
        self.add(Of::SquaredY2, squared * (y * y));
        self.add(Of::Signed, e * e.abs());
        for (of, it) in [(Of::E2, e), (Of::Squared2, squared), (Of::Relative2, relative), (Of::Y2, y)] {
            self.sums[of as usize].add_float_squared(it);
        }
    }

    fn add(&mut self, of: Of, it: f64) {
        self.sums[of as usize].add_float(it);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.null += other.null;
        self.refused += other.refused;
        self.beyond += other.beyond;
        for (mine, theirs) in self.sums.iter_mut().zip(&other.sums) {
            mine.merge(theirs);
        }
    }

    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + self.sums.iter().map(Exact::size).sum::<usize>()
    }

    /// The mean of what is summed, with the standard error that its squares tell; `None` of no pairs.
    fn mean(&self, of: Of, squares: Of) -> Option<Mean> {
        let n = self.n as f64;
        let sum = self.sums[of as usize].total();
        let spread = sum.spread(self.n, &self.sums[squares as usize].total());
        // The spread is `n^2` times the variance.
        let error = if self.n > 1 { (spread.over(n * (n - 1.0)) / n).sqrt() } else { f64::NAN };
        (self.n > 0).then(|| (sum.over(n), error))
    }

    fn over(&self, of: Of) -> f64 {
        self.sums[of as usize].total().over(self.n as f64)
    }

    /// The mean error, prediction less truth: the bias.
    pub fn bias(&self) -> Option<Mean> {
        self.mean(Of::E, Of::E2)
    }

    /// The mean absolute error.
    pub fn mae(&self) -> Option<Mean> {
        self.mean(Of::Absolute, Of::E2)
    }

    /// The mean squared error, in squared units.
    pub fn mse(&self) -> Option<Mean> {
        self.mean(Of::Squared, Of::Squared2)
    }

    /// The mean quantile loss of predictions of the quantile `q`: `q` of the error where too little was predicted,
    /// `1 - q` of it where too much was.
    pub fn quantile_loss(&self, q: f64) -> Option<Mean> {
        let n = self.n as f64;
        let half = |a: f64, b: f64| f64::midpoint(a, b).max(0.0);
        let (absolute, plain) = (self.over(Of::Absolute), self.over(Of::E));
        let mean = q * half(absolute, -plain) + (1.0 - q) * half(absolute, plain);
        let squares = self.sums[Of::E2 as usize].total().over(n);
        let signed = self.over(Of::Signed);
        let square = q * q * half(squares, -signed) + (1.0 - q) * (1.0 - q) * half(squares, signed);
        let error = if self.n > 1 { ((square - mean * mean).max(0.0) / (n - 1.0)).sqrt() } else { f64::NAN };
        (self.n > 0).then_some((mean, error))
    }

    /// The mean absolute error relative to the truth, of which the least is 2.2e-16; a ratio.
    pub fn mape(&self) -> Option<Mean> {
        self.mean(Of::Relative, Of::Relative2)
    }

    /// The coefficient of determination, with the standard error of its linear part (the delta method); `None` when the
    /// truth does not vary. The error is NaN where the truth varies too little beside its mean to tell it.
    pub fn r2(&self) -> Option<Mean> {
        let n = self.n as f64;
        let y = self.sums[Of::Y as usize].total();
        let spread = y.spread(self.n, &self.sums[Of::Y2 as usize].total()).over(n * n);
        if self.n == 0 || spread == 0.0 {
            return None;
        }
        let unexplained = self.sums[Of::E2 as usize].total().over(n) / spread;
        let (m, m2, m3, m4) = (y.over(n), self.over(Of::Y2), self.over(Of::Y3), self.over(Of::Y4));
        let fourth = m4 - 4.0 * m * m3 + 6.0 * m * m * m2 - 3.0 * m.powi(4);
        let both = self.over(Of::SquaredY2) - 2.0 * m * self.over(Of::SquaredY) + m * m * self.over(Of::Squared);
        let variance = self.over(Of::Squared2) - 2.0 * unexplained * both + unexplained * unexplained * fourth;
        // What is left of fourth powers after the mean was taken off must be more than what rounding took.
        let is_told = m * m <= 1e5 * spread && self.n > 1;
        let error = if is_told { (variance.max(0.0) / n).sqrt() / spread } else { f64::NAN };
        Some((1.0 - unexplained, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::regression::{MeanOf, Regression, quantile_loss};

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-9)
    }

    #[test]
    fn the_sums_tell_what_the_pairs_do() {
        let pairs: Vec<(f64, f64)> = (0..200).map(|k| (f64::from(k % 17) + 3.0, f64::from(k % 13) * 1.3)).collect();
        let mut it = Errors::default();
        for (y, p) in &pairs {
            it.update(&Value::Num(*y), &Value::Num(*p));
        }
        let all = Regression::of(&pairs).unwrap();
        for (of, told) in [
            (MeanOf::Plain, it.bias()),
            (MeanOf::Absolute, it.mae()),
            (MeanOf::Squared, it.mse()),
            (MeanOf::Relative, it.mape()),
        ] {
            let (told, told_error) = told.unwrap();
            let (value, error) = all.mean(of);
            assert!(close(told, value) && close(told_error, error), "{of:?} {told} {value} {told_error} {error}");
        }
        for q in [0.1, 0.5, 0.9] {
            let (told, error) = it.quantile_loss(q).unwrap();
            let loss = |(y, p): &(f64, f64)| if y >= p { q * (y - p) } else { (1.0 - q) * (p - y) };
            let (value, n) = (quantile_loss(&pairs, q).unwrap(), pairs.len() as f64);
            let spread = pairs.iter().map(|it| (loss(it) - value).powi(2)).sum::<f64>();
            assert!(close(told, value) && close(error, (spread / (n - 1.0) / n).sqrt()), "{q} {told} {value} {error}");
        }
        let (r2, error) = it.r2().unwrap();
        assert!(close(r2, all.r2.unwrap()));
        // The jackknife, which leaves out each pair in turn, must say nearly the same.
        let without = |k: usize| {
            let rest: Vec<_> = pairs.iter().enumerate().filter(|it| it.0 != k).map(|it| *it.1).collect();
            Regression::of(&rest).unwrap().r2.unwrap()
        };
        let each: Vec<f64> = (0..pairs.len()).map(without).collect();
        let mean = each.iter().sum::<f64>() / 200.0;
        let jackknife = (each.iter().map(|it| (it - mean).powi(2)).sum::<f64>() * 199.0 / 200.0).sqrt();
        assert!((error / jackknife - 1.0).abs() < 0.03, "{error} {jackknife}");
    }

    #[test]
    fn what_is_no_pair_of_numbers_is_counted_apart() {
        let mut it = Errors::default();
        it.update(&Value::Null, &Value::Int(1));
        it.update(&Value::Int(1), &Value::Num(f64::NAN));
        it.update(&Value::text("1"), &Value::Int(1));
        it.update(&Value::Int(1), &Value::Num(f64::INFINITY));
        assert_eq!((it.n, it.null, it.refused, it.beyond), (0, 2, 1, 1));
        assert_eq!((it.mae(), it.r2()), (None, None));
        it.update(&Value::Int(1), &Value::Int(2));
        assert_eq!((it.mae().map(|it| it.0), it.r2()), (Some(1.0), None));
    }

    #[test]
    fn a_truth_that_hardly_varies_beside_its_mean_has_no_error_of_r2() {
        let mut it = Errors::default();
        for k in 0..50 {
            it.update(&Value::Num(1e9 + f64::from(k % 5)), &Value::Num(1e9));
        }
        let (r2, error) = it.r2().unwrap();
        assert!(close(r2, -2.0) && error.is_nan(), "{r2} {error}");
    }
}
