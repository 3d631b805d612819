//! Mean, variance, skewness and kurtosis of numbers with their counts.

use super::Numbers;

/// Means of powers of the distance from the mean.
///
/// They are formed from the counts of the numbers, in two passes, so that neither the order of the numbers nor how
/// they came together matters, and a small spread around a large mean keeps its digits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// How many numbers.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// The mean absolute value.
    pub absolute: f64,
    /// The mean square.
    pub square: f64,
    /// The means of the second, third and fourth power of the distance from the mean.
    pub central: [f64; 3],
}

impl Moments {
    /// `None` of no numbers, or when there are infinities or a sum leaves the range of floats.
    pub fn of(numbers: &Numbers) -> Option<Self> {
        let n = numbers.n as f64;
        let mean_of = |f: &dyn Fn(f64) -> f64| {
            let (mut sum, mut rest) = (0.0_f64, 0.0_f64);
            for (value, count) in &numbers.sorted {
                // Neumaier's sum: what is lost to rounding is kept beside.
                let it = f(*value) * *count as f64;
                let next = sum + it;
                rest += if sum.abs() >= it.abs() { (sum - next) + it } else { (it - next) + sum };
                sum = next;
            }
            (sum + rest) / n
        };
        let rough = mean_of(&|it| it);
        let mean = rough + mean_of(&|it| it - rough);
        let power = |k: i32| mean_of(&move |it: f64| (it - mean).powi(k));
        let central = [power(2), power(3), power(4)];
        let (absolute, square) = (mean_of(&f64::abs), mean_of(&|it| it * it));
        (mean.is_finite() && central[0].is_finite()).then_some(Moments {
            n: numbers.n,
            mean,
            absolute,
            square,
            central,
        })
    }

    /// The variance with `n - ddof` in the denominator; `None` of not more numbers than that.
    pub fn variance(&self, ddof: u64) -> Option<f64> {
        let freedom = self.n.checked_sub(ddof).filter(|it| *it > 0)?;
        Some(self.central[0] * self.n as f64 / freedom as f64)
    }

    /// The skewness, not corrected for the size of the sample; `None` where all numbers are the same.
    pub fn skewness(&self) -> Option<f64> {
        (self.central[0] > 0.0).then(|| self.central[1] / self.central[0].powf(1.5))
    }

    /// The kurtosis less that of the normal law, not corrected; `None` where all numbers are the same.
    pub fn excess_kurtosis(&self) -> Option<f64> {
        (self.central[0] > 0.0).then(|| self.central[2] / self.central[0].powi(2) - 3.0)
    }

    /// How far the mean can lie from that of the numbers that a sketch stands for.
    pub fn mean_give(&self, error: f64) -> f64 {
        // The error is relative to the true number, which is at most a little larger than the bucket's.
        error * self.absolute * (1.0 + error)
    }

    /// How far the root of the mean squared distance from the mean can lie from that of the true numbers: the triangle
    /// inequality of the norm.
    pub fn deviation_give(&self, error: f64) -> f64 {
        error * self.square.sqrt() * (1.0 + error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_spread_around_a_large_mean_is_not_lost() {
        let values: Vec<f64> = (1..=1000).map(|it| 1e9 + f64::from(it)).collect();
        let it = Moments::of(&Numbers::of(&values)).expect("numbers");
        assert_eq!(it.mean, 1_000_000_500.5);
        assert!((it.variance(1).expect("numbers") / (1000.0 * 1001.0 / 12.0) - 1.0).abs() < 1e-14);
        assert!(it.skewness().expect("a spread").abs() < 1e-12);
        assert!((it.excess_kurtosis().expect("a spread") + 1.2).abs() < 1e-4);
    }

    #[test]
    fn there_are_none_of_nothing_and_of_infinities() {
        assert_eq!(Moments::of(&Numbers::default()), None);
        assert_eq!(Moments::of(&Numbers::of(&[1.0, f64::INFINITY])), None);
        assert_eq!(Moments::of(&Numbers::of(&[f64::MAX, f64::MAX])), None);
        let one = Moments::of(&Numbers::of(&[2.5])).expect("a number");
        assert_eq!((one.variance(1), one.variance(0), one.skewness()), (None, Some(0.0), None));
    }
}
