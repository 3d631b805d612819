//! The test itself.

use std::f64::consts::PI;

/// The greatest distance of two empirical distribution functions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    /// The greatest absolute difference of the two shares of values that are not above one value.
    pub statistic: f64,
    /// The smallest value where it is reached.
    pub location: f64,
    /// Whether the share of the second is the greater one there: its values are lower.
    pub second_is_lower: bool,
}

/// The distance of two samples, each in ascending order and without NaN; `None` if one is empty. Equal values, within
/// a sample or between the two, are one step.
pub fn distance(first: &[f64], second: &[f64]) -> Option<Distance> {
    if first.is_empty() || second.is_empty() {
        return None;
    }
    let (n, m) = (first.len() as i64, second.len() as i64);
    let (mut i, mut j) = (0, 0);
    // In whole numbers, nm times the difference is exact.
    let mut most = (0, first[0].min(second[0]));
    // Where one is at its end the difference only gets smaller.
    while let (Some(&a), Some(&b)) = (first.get(i), second.get(j)) {
        let at = if a < b { a } else { b };
        while first.get(i).is_some_and(|it| *it <= at) {
            i += 1;
        }
        while second.get(j).is_some_and(|it| *it <= at) {
            j += 1;
        }
        let difference = j as i64 * n - i as i64 * m;
        if difference.abs() > i64::abs(most.0) {
            most = (difference, at);
        }
    }
    let (difference, location) = most;
    let statistic = difference.abs() as f64 / (n * m) as f64;
    Some(Distance { statistic, location, second_is_lower: difference > 0 })
}

/// The two-sided p-value of a distance of samples of `n` and `m` values: the limit distribution of Kolmogorov (1933) and
/// Smirnov (1939) at the root of nm / (n + m) times the distance. Discrete values make it too large, never too small.
pub fn p_value(distance: f64, n: usize, m: usize) -> f64 {
    let (n, m) = (n as f64, m as f64);
    limit((n * m / (n + m)).sqrt() * distance)
}

/// The probability that the limit of the scaled distance is above `x`.
fn limit(x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    // Two series for one function: each has its digits after a few terms on one side of 1.
    let above = if x < 1.0 {
        let term = |k: i32| (-(f64::from(2 * k - 1) * PI / x).powi(2) / 8.0).exp();
        1.0 - (2.0 * PI).sqrt() / x * (1..=4).map(term).sum::<f64>()
    } else {
        let term = |k: i32| (-2.0 * (f64::from(k) * x).powi(2)).exp();
        2.0 * (1..=6).map(|k| if k % 2 == 1 { term(k) } else { -term(k) }).sum::<f64>()
    };
    above.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::{Distance, distance, limit};

    #[test]
    fn distances_are_those_by_hand() {
        let of = |statistic, location, second_is_lower| Some(Distance { statistic, location, second_is_lower });
        assert_eq!(distance(&[1.0, 2.0, 3.0, 4.0], &[3.0, 4.0, 5.0, 6.0]), of(0.5, 2.0, false));
        assert_eq!(distance(&[3.0, 4.0, 5.0, 6.0], &[1.0, 2.0, 3.0, 4.0]), of(0.5, 2.0, true));
        // Values that both have are one step: 2/3 against 1/3 after them.
        assert_eq!(distance(&[1.0, 1.0, 2.0], &[1.0, 2.0, 2.0]).map(|it| it.location), Some(1.0));
        assert_eq!(distance(&[1.0, 1.0], &[1.0]), of(0.0, 1.0, false));
        assert_eq!(distance(&[1.0], &[2.0, 3.0]), of(1.0, 1.0, false));
        assert_eq!(distance(&[f64::NEG_INFINITY, 0.0], &[0.0, f64::INFINITY]), of(0.5, f64::NEG_INFINITY, false));
        assert_eq!(distance(&[], &[1.0]), None);
    }

    #[test]
    fn the_limit_is_that_of_the_tables() {
        // The alternating series alone, 400 terms with 60 digits (Python's `decimal`): the probability of less.
        for (x, below) in [
            (0.28, 1.311_850_009_794_579e-6),
            (0.5, 3.605_475_633_512_49e-2),
            (0.83, 0.503_809_004_649_494_3),
            (0.99, 0.719_126_160_774_451_1),
            (1.0, 0.730_000_328_322_645_5),
            (1.36, 0.950_514_123_244_622_1),
            (1.63, 0.990_153_635_111_513_4),
            (2.0, 0.999_329_074_744_220_3),
        ] {
            assert!((1.0 - limit(x) - below).abs() < 1e-14, "{x}: {} is not {below}", 1.0 - limit(x));
        }
        // Both series meet.
        assert!((limit(1.0 - 1e-12) - limit(1.0)).abs() < 1e-11);
        assert_eq!((limit(0.0), limit(1e-300), limit(1e300)), (1.0, 1.0, 0.0));
        assert!((limit(6.0) / (2.0 * (-72.0_f64).exp()) - 1.0).abs() < 1e-12);
    }
}
