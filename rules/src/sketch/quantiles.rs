//! Quantiles within a relative error, from counts in geometric buckets.
//!
//! `DDSketch` after C. Masson, J. E. Rim and H. K. Lee, "`DDSketch`: a fast and fully-mergeable quantile
//! sketch with relative-error guarantees" (VLDB 2019), with an unbounded store, so that merging is
//! exact. The logarithm is interpolated by a cubic, as in the authors' implementations: it needs
//! additions and multiplications alone, so the bucket of a value is the same on every machine.

use std::sync::LazyLock;

use super::hash::Table;

/// Counts of numbers by bucket; the infinities have their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quantiles {
    pub(super) positive: Table<u64, i32>,
    /// By the absolute value.
    pub(super) negative: Table<u64, i32>,
    pub(super) zero: u64,
    pub(super) infinite: u64,
    pub(super) negative_infinite: u64,
}

/// Relative accuracy: every quantile is within this share of the true one.
const ALPHA: f64 = 0.001;

/// Buckets to a unit of the interpolated logarithm. The cubic rises by at least 10/7 for each unit
/// of the natural logarithm, so no bucket is wider than a factor of `(1 + ALPHA) / (1 - ALPHA)`,
/// whose logarithm is `2 * ALPHA` and a little more.
const BUCKETS: f64 = 0.7 / (2.0 * ALPHA);

impl Quantiles {
    /// The relative error that no quantile exceeds.
    pub const ERROR: f64 = ALPHA;

    pub(super) fn update(&mut self, it: f64) {
        if it == 0.0 {
            self.zero += 1;
        } else if it == f64::INFINITY {
            self.infinite += 1;
        } else if it == f64::NEG_INFINITY {
            self.negative_infinite += 1;
        } else if it > 0.0 {
            *self.positive.entry(bucket(it)).or_default() += 1;
        } else {
            *self.negative.entry(bucket(-it)).or_default() += 1;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.positive {
            *self.positive.entry(*bucket).or_default() += count;
        }
        for (bucket, count) in &other.negative {
            *self.negative.entry(*bucket).or_default() += count;
        }
        self.zero += other.zero;
        self.infinite += other.infinite;
        self.negative_infinite += other.negative_infinite;
    }

    pub(super) fn size(&self) -> usize {
        (self.positive.capacity() + self.negative.capacity()) * 40
    }

    /// The value that stands for the bucket of `it`.
    pub fn rounded(it: f64) -> f64 {
        if it == 0.0 || !it.is_finite() { it } else { middle(bucket(it.abs())).copysign(it) }
    }

    /// Numbers in increasing order, with their counts, as a sketch would have kept them.
    pub fn in_buckets(numbers: &[(f64, u64)]) -> Vec<(f64, u64)> {
        let mut out: Vec<(f64, u64)> = Vec::new();
        let mut last = None;
        for (value, count) in numbers {
            let place = (value.is_finite() && *value != 0.0).then(|| (*value > 0.0, bucket(value.abs())));
            match out.last_mut() {
                Some(it) if place.is_some() && place == last => it.1 += count,
                _ => out.push((Quantiles::rounded(*value), *count)),
            }
            last = place;
        }
        out
    }

    /// A value for each bucket in use, with its count, in increasing order.
    pub fn iter(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let negative = sorted(&self.negative).into_iter().rev().map(|(bucket, count)| (-middle(bucket), count));
        let positive = sorted(&self.positive).into_iter().map(|(bucket, count)| (middle(bucket), count));
        std::iter::once((f64::NEG_INFINITY, self.negative_infinite))
            .chain(negative)
            .chain(std::iter::once((0.0, self.zero)))
            .chain(positive)
            .chain(std::iter::once((f64::INFINITY, self.infinite)))
            .filter(|it| it.1 > 0)
    }

    /// The value of the number at `rank`, counted from 0 in increasing order.
    pub fn at(&self, rank: u64) -> Option<f64> {
        let mut before = 0;
        self.iter().find_map(|(value, count)| {
            before += count;
            (rank < before).then_some(value)
        })
    }
}

pub(super) fn sorted(buckets: &Table<u64, i32>) -> Vec<(i32, u64)> {
    let ends = buckets.keys().fold(None, |ends: Option<(i32, i32)>, it| {
        Some(ends.map_or((*it, *it), |(low, high)| (low.min(*it), high.max(*it))))
    });
    let Some((low, high)) = ends else { return Vec::new() };
    let width = i64::from(high) - i64::from(low) + 1;
    // Most sketches use most of the buckets between their ends, which are then in order without sorting.
    if width <= 8 * buckets.len() as i64 {
        let mut dense = vec![0; width as usize];
        for (bucket, count) in buckets {
            if let Some(it) = dense.get_mut((bucket - low) as usize) {
                *it = *count;
            }
        }
        return (low..=high).zip(dense).filter(|it| it.1 > 0).collect();
    }
    let mut out: Vec<_> = buckets.iter().map(|(bucket, count)| (*bucket, *count)).collect();
    out.sort_unstable();
    out
}

/// The bucket of a positive finite number.
fn bucket(it: f64) -> i32 {
    (logarithm(it) * BUCKETS).floor() as i32
}

/// A stand-in for the binary logarithm: exact at powers of two, a cubic between them.
fn logarithm(it: f64) -> f64 {
    // Subnormal numbers are moved into the normal range.
    let (it, moved) = if it < f64::MIN_POSITIVE { (it * TWO_TO_64, 64) } else { (it, 0) };
    let bits = it.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1023 - moved;
    let fraction = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52)) - 1.0;
    f64::from(exponent) + cubic(fraction)
}

const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;

fn cubic(s: f64) -> f64 {
    ((6.0 / 35.0 * s - 3.0 / 5.0) * s + 10.0 / 7.0) * s
}

/// Buckets between two powers of two, but for rounding.
const PERIOD: i32 = BUCKETS.round() as i32;

/// The middles from 1 to 2: all others are these times a power of two.
static MIDDLES: LazyLock<Vec<f64>> = LazyLock::new(|| (0..PERIOD).map(middle_of).collect());

/// The value that stands for a bucket.
fn middle(bucket: i32) -> f64 {
    let (power, place) = (bucket.div_euclid(PERIOD), bucket.rem_euclid(PERIOD));
    match MIDDLES.get(place as usize) {
        Some(it) if (-1000..1000).contains(&power) => it * f64::from_bits(((1023 + power) as u64) << 52),
        _ => middle_of(bucket),
    }
}

/// The value that is within [`ALPHA`] of everything in the bucket: twice the product of the
/// bucket's ends over their sum.
fn middle_of(bucket: i32) -> f64 {
    let low = inverse(f64::from(bucket) / BUCKETS);
    let high = inverse(f64::from(bucket + 1) / BUCKETS);
    let it = low * (2.0 / (1.0 + low / high));
    // The ends of the range of floats: the bucket's lowest may be 0, its highest infinite.
    if it.is_nan() || it == 0.0 { high.min(f64::from_bits(1).max(low)) } else { it.min(f64::MAX) }
}

/// The number whose [`logarithm`] this is.
fn inverse(it: f64) -> f64 {
    let exponent = it.floor();
    if exponent > 1023.0 {
        return f64::INFINITY;
    }
    let wanted = it - exponent;
    let (mut low, mut high) = (0.0, 1.0);
    // The cubic is increasing; 53 halvings leave the nearest float.
    for _ in 0..53 {
        let half = f64::midpoint(low, high);
        if cubic(half) < wanted {
            low = half;
        } else {
            high = half;
        }
    }
    let power = |k: i32| f64::from_bits(((1023 + k) as u64) << 52);
    // In two steps: the smallest numbers lie below the normal range.
    let exponent = (exponent as i32).max(-1100);
    (1.0 + high) * power(exponent / 2) * power(exponent - exponent / 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_bucket_is_within_its_bound(it in any::<f64>()) {
            let it = it.abs();
            prop_assume!(it.is_normal());
            let error = (middle(bucket(it)) / it - 1.0).abs();
            prop_assert!(error <= ALPHA * (1.0 + 1e-9), "{it} {error}");
        }

        #[test]
        fn buckets_are_in_the_order_of_their_numbers(a in any::<f64>(), b in any::<f64>()) {
            let (a, b) = (a.abs(), b.abs());
            prop_assume!(a > 0.0 && a < b && b.is_finite());
            prop_assert!(bucket(a) <= bucket(b));
        }
    }

    #[test]
    fn the_ends_of_the_range_have_buckets() {
        for it in [f64::from_bits(1), f64::MIN_POSITIVE, f64::MAX, 1.0] {
            let error = (middle(bucket(it)) / it - 1.0).abs();
            assert!(error <= ALPHA, "{it} {error}");
        }
    }
}
