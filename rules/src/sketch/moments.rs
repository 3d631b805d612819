//! Sum, mean and variance, from sums that are exact.

use super::exact::Exact;
use super::numbers::{Number, NumberKind, Numbers};
use crate::value::Value;

/// The sums of the numbers and of their squares, without rounding until they are read.
///
/// Infinities are counted in [`Numbers`] and make the results infinite or NaN, as in numpy.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// What was met.
    pub numbers: Numbers,
    pub(super) sum: Exact,
    pub(super) squares: Exact,
}

impl Default for Moments {
    fn default() -> Self {
        Moments { numbers: Numbers::default(), sum: Exact::of_values(), squares: Exact::of_squares() }
    }
}

impl Moments {
    #[inline]
    pub(super) fn update(&mut self, value: &Value, row: u64) {
        match self.numbers.read(value, row) {
            Some(Number::Float(it)) => {
                self.sum.add_float(it);
                self.squares.add_float_squared(it);
            }
            Some(Number::Int(it)) => {
                self.sum.add_integer(i128::from(it));
                self.squares.add_integer_squared(it.unsigned_abs());
            }
            Some(Number::Big(it)) => {
                self.sum.add_integer(i128::from(it));
                self.squares.add_integer_squared(it);
            }
            None => {}
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.numbers.merge(&other.numbers);
        self.sum.merge(&other.sum);
        self.squares.merge(&other.squares);
    }

    pub(super) fn shift(&mut self, rows: u64) {
        self.numbers.shift(rows);
    }

    pub(super) fn size(&self) -> usize {
        self.sum.size() + self.squares.size()
    }

    /// The sum, rounded once; 0 of no numbers.
    pub fn sum(&self) -> f64 {
        self.infinite().unwrap_or_else(|| self.sum.total().over(1.0))
    }

    /// The sum as an integer, when all numbers are integers.
    pub fn integer_sum(&self) -> Option<i128> {
        (self.numbers.kind() == NumberKind::Integers).then(|| self.sum.total().integer()).flatten()
    }

    /// The mean; `None` of no numbers. Of times it is in microseconds since 1970.
    pub fn mean(&self) -> Option<f64> {
        if self.numbers.n == 0 {
            return None;
        }
        Some(self.infinite().unwrap_or_else(|| self.sum.total().over(self.numbers.n as f64)))
    }

    /// The mean squared distance from the mean, with `n - ddof` in the denominator: `ddof` is 1 in
    /// pandas and 0 in numpy. `None` when there are not more numbers than `ddof`.
    pub fn variance(&self, ddof: u64) -> Option<f64> {
        let n = self.numbers.n;
        let freedom = n.checked_sub(ddof).filter(|it| *it > 0)?;
        if self.infinite().is_some() {
            return Some(f64::NAN);
        }
        let spread = self.sum.total().spread(n, &self.squares.total());
        Some(spread.over(n as f64 * freedom as f64))
    }

    /// The square root of [`Moments::variance`].
    pub fn standard_deviation(&self, ddof: u64) -> Option<f64> {
        self.variance(ddof).map(f64::sqrt)
    }

    /// What infinities make of a sum.
    fn infinite(&self) -> Option<f64> {
        match (self.numbers.infinite > 0, self.numbers.negative_infinite > 0) {
            (false, false) => None,
            (true, false) => Some(f64::INFINITY),
            (false, true) => Some(f64::NEG_INFINITY),
            (true, true) => Some(f64::NAN),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moments(values: impl IntoIterator<Item = Value<'static>>) -> Moments {
        let mut it = Moments::default();
        for (row, value) in values.into_iter().enumerate() {
            it.update(&value, row as u64);
        }
        it
    }

    fn close(a: Option<f64>, b: f64) -> bool {
        a.is_some_and(|a| ((a - b) / b).abs() < 1e-12)
    }

    #[test]
    fn a_small_spread_on_a_large_mean_is_not_lost() {
        let it = moments((1..=1000).map(|k| Value::Num(1e9 + f64::from(k))));
        assert_eq!(it.mean(), Some(1_000_000_500.5));
        assert!(close(it.variance(1), 1000.0 * 1001.0 / 12.0));
        assert!(close(it.variance(0), 999_999.0 / 12.0));
        let it = moments([1e16, 1e16 + 2.0, 1e16 + 4.0].map(Value::Num));
        assert_eq!(it.variance(1), Some(4.0));
    }

    #[test]
    fn numbers_of_all_sizes_answer_as_fractions_do() {
        let it = moments([0.1, 0.2, 0.3, 1e-5, 12345.678, -7.25, 3e10, 2.5e-300].map(Value::Num));
        // Python's fractions.Fraction, rounded once.
        assert_eq!(it.sum(), 30_000_012_339.028_01);
        assert!(close(it.mean(), 3_750_001_542.378_501_4));
        assert!(close(it.variance(1), 1.124_999_867_796_319e20));
        // pandas.Series.std
        assert!(close(it.standard_deviation(1), 10_606_601_094.584_064));
    }

    proptest! {
        #[test]
        fn the_variance_of_integers_is_that_of_wide_integers(
            values in prop::collection::vec(-1_000_000_000_000_i64..1_000_000_000_000, 2..30), offset in -4_000_i64..4_000
        ) {
            let values: Vec<i64> = values.iter().map(|it| it % 1000 + offset * 1_000_000_000_000).collect();
            let n = values.len() as i128;
            let sum: i128 = values.iter().map(|it| i128::from(*it)).sum();
            let squares: i128 = values.iter().map(|it| i128::from(*it).pow(2)).sum();
            let expected = (n * squares - sum * sum) as f64 / (n * (n - 1)) as f64;
            let integers = moments(values.iter().map(|it| Value::Int(*it)));
            prop_assert!(integers.variance(1) == Some(expected) || close(integers.variance(1), expected));
            prop_assert_eq!(integers.integer_sum(), Some(sum));
            let floats = moments(values.iter().map(|it| Value::Num(*it as f64)));
            prop_assert_eq!(floats.variance(1), integers.variance(1));
        }
    }

    #[test]
    fn large_integers_are_exact() {
        let it = moments([i64::MAX, i64::MAX, i64::MAX - 3].map(Value::Int));
        assert_eq!(it.integer_sum(), Some(3 * i128::from(i64::MAX) - 3));
        assert_eq!(it.variance(1), Some(3.0));
        let it = moments([Value::Big(u64::MAX), Value::Int(i64::MIN), Value::Bool(true)]);
        assert_eq!(it.integer_sum(), Some(i128::from(u64::MAX) + i128::from(i64::MIN) + 1));
        assert_eq!(moments([Value::Int(1), Value::Num(2.0)]).integer_sum(), None);
    }

    #[test]
    fn squares_may_leave_the_range_of_floats_on_the_way() {
        let it = moments([1e200, 1e200 * (1.0 + f64::EPSILON)].map(Value::Num));
        assert!(it.variance(0).is_some_and(f64::is_finite) || it.variance(0) == Some(f64::INFINITY));
        assert_eq!(moments([1e200, -1e200].map(Value::Num)).variance(0), Some(f64::INFINITY));
        let it = moments([f64::MAX, f64::MAX].map(Value::Num));
        assert_eq!(it.variance(0), Some(0.0));
        assert_eq!(it.mean(), Some(f64::MAX));
    }

    #[test]
    fn infinities_and_nothing_answer_as_numpy_does() {
        assert_eq!(moments([1.0, f64::INFINITY].map(Value::Num)).mean(), Some(f64::INFINITY));
        let both = moments([f64::NEG_INFINITY, f64::INFINITY].map(Value::Num));
        assert!(both.mean().is_some_and(f64::is_nan));
        assert!(both.variance(1).is_some_and(f64::is_nan));
        let it = moments([Value::Null, Value::Num(f64::NAN), Value::text("x")]);
        assert_eq!((it.mean(), it.sum(), it.variance(0)), (None, 0.0, None));
        assert_eq!((it.numbers.null, it.numbers.nan, it.numbers.refused), (1, 1, 1));
        assert_eq!(moments([Value::Num(2.5)]).variance(1), None);
        assert_eq!(moments([Value::Num(2.5)]).variance(0), Some(0.0));
    }
}
