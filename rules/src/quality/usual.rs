//! What is usual: how far a number that was measured again and again lies from its mean.

/// The mean of numbers and their standard deviation, that of a population (`numpy.std`); NaN is left out. With it the
/// thresholds of `NannyML` 0.13, `StandardDeviationThreshold`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    /// How many numbers.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation.
    pub deviation: f64,
}

impl Usual {
    /// Of these numbers; `None` without any.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let numbers: Vec<f64> = numbers.into_iter().filter(|it| !it.is_nan()).collect();
        let n = numbers.len();
        if n == 0 {
            return None;
        }
        let mean = numbers.iter().sum::<f64>() / n as f64;
        let deviation = (numbers.iter().map(|it| (it - mean) * (it - mean)).sum::<f64>() / n as f64).sqrt();
        Some(Usual { n, mean, deviation })
    }

    /// The mean less so many deviations.
    pub fn below(&self, times: f64) -> f64 {
        self.mean - times * self.deviation
    }

    /// The mean and so many deviations.
    pub fn above(&self, times: f64) -> f64 {
        self.mean + times * self.deviation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_usual_is_a_mean_and_its_deviations() {
        let it = Usual::of([0.1, f64::NAN, 0.3, 0.2]).unwrap_or(Usual { n: 0, mean: 0.0, deviation: 0.0 });
        assert_eq!(it.n, 3);
        assert!((it.below(3.0) - -0.044_948_974_278_317_76).abs() < 1e-12, "{it:?}");
        assert!((it.above(3.0) - 0.444_948_974_278_317_8).abs() < 1e-12, "{it:?}");
        assert_eq!(Usual::of([f64::NAN]), None);
    }
}
