//! Exact sums of floats and of their squares, so that adding is associative.
//!
//! A superaccumulator after R. M. Neal, "Fast exact summation using small and large
//! superaccumulators" (2015): a fixed-point number that spans the range of the floats. The limbs
//! here are 64 bits apart and 128 wide, so that no carry is needed before 2^62 additions. (The crate
//! `xsum`, which implements the paper, has no way to merge two accumulators.)

use std::cmp::Ordering;

/// A sum of numbers `magnitude * 2^exponent`, held without rounding. Limbs are added one by one, so
/// the same numbers leave the same limbs in whatever order they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exact {
    /// Limb `k` has the weight `2^(64 * (k - unit))`.
    pub(super) limbs: Vec<i128>,
    unit: usize,
}

impl Exact {
    /// Holds sums of any floats and 64-bit integers.
    pub fn of_values() -> Self {
        // 2^-1074 .. 2^1024, and two limbs for carries.
        Exact { limbs: vec![0; 17 + 16 + 3], unit: 17 }
    }

    /// Holds sums of the squares of any floats and 64-bit integers.
    pub fn of_squares() -> Self {
        // 2^-2148 .. 2^2048, and two limbs for carries.
        Exact { limbs: vec![0; 34 + 32 + 3], unit: 34 }
    }

    /// Adds an integer.
    #[inline]
    pub fn add_integer(&mut self, it: i128) {
        if let Some(limb) = self.limbs.get_mut(self.unit) {
            *limb = limb.wrapping_add(it);
        }
    }

    /// Adds the square of an integer of 64 bits.
    #[inline]
    pub fn add_integer_squared(&mut self, magnitude: u64) {
        self.add(u128::from(magnitude) * u128::from(magnitude), 0, false);
    }

    /// Adds a float; nothing when it is not finite.
    #[inline]
    pub fn add_float(&mut self, it: f64) {
        let (magnitude, exponent) = split(it);
        self.add(u128::from(magnitude), exponent, it.is_sign_negative());
    }

    /// Adds the square of a float; nothing when it is not finite.
    #[inline]
    pub fn add_float_squared(&mut self, it: f64) {
        let (magnitude, exponent) = split(it);
        self.add(u128::from(magnitude) * u128::from(magnitude), 2 * exponent, false);
    }

    #[inline]
    fn add(&mut self, magnitude: u128, exponent: i32, negative: bool) {
        let position = exponent + 64 * self.unit as i32;
        let shift = position & 63;
        let at = (position >> 6) as usize;
        let low = u128::from(magnitude as u64) << shift;
        let high = (magnitude >> 64) << shift;
        let parts =
            [i128::from(low as u64), ((low >> 64) + u128::from(high as u64)) as i128, i128::from((high >> 64) as u64)];
        for (limb, part) in self.limbs.iter_mut().skip(at).zip(parts) {
            *limb = limb.wrapping_add(if negative { -part } else { part });
        }
    }

    /// Adds another sum of the same range.
    pub fn merge(&mut self, other: &Self) {
        for (limb, it) in self.limbs.iter_mut().zip(&other.limbs) {
            *limb = limb.wrapping_add(*it);
        }
    }

    pub fn size(&self) -> usize {
        self.limbs.len() * size_of::<i128>()
    }

    /// The sum in the one form that equal sums share.
    pub fn total(&self) -> Total {
        let mut carry = 0_i128;
        let mut digits = Vec::with_capacity(self.limbs.len());
        for limb in &self.limbs {
            let it = limb.wrapping_add(carry);
            digits.push(it as u64);
            carry = it >> 64;
        }
        let negative = carry < 0;
        if negative {
            let mut borrow = true;
            for digit in &mut digits {
                (*digit, borrow) = (!*digit).overflowing_add(u64::from(borrow));
            }
        }
        Total { negative, digits, unit: self.unit }
    }
}

/// `it = magnitude * 2^exponent`, without the sign; 0 for what is not finite.
#[inline]
fn split(it: f64) -> (u64, i32) {
    let bits = it.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    match exponent {
        0 => (fraction, -1074),
        0x7ff => (0, 0),
        _ => (fraction | (1 << 52), exponent - 1075),
    }
}

/// An exact number: a sign and 64-bit digits, the least first, digit `k` of weight `2^(64 * (k - unit))`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Total {
    negative: bool,
    digits: Vec<u64>,
    unit: usize,
}

impl Total {
    /// The value as an integer; `None` when it has a fraction or needs more than 128 bits.
    pub fn integer(&self) -> Option<i128> {
        let (fraction, whole) = self.digits.split_at_checked(self.unit)?;
        if fraction.iter().any(|it| *it != 0) || whole.iter().skip(2).any(|it| *it != 0) {
            return None;
        }
        let digit = |k: usize| u128::from(whole.get(k).copied().unwrap_or(0));
        let magnitude = i128::try_from(digit(0) | digit(1) << 64).ok()?;
        Some(if self.negative { -magnitude } else { magnitude })
    }

    /// The nearest float of the value divided by `divisor`, which is rounded at most once more.
    pub fn over(&self, divisor: f64) -> f64 {
        let (top, exponent) = leading(&self.digits);
        let it = scale(top / divisor, exponent - 64 * self.unit as i32);
        if self.negative { -it } else { it }
    }

    /// `n * squares - self^2`: `n^2` times the variance of the `n` values that `self` and `squares`
    /// are the sums of. 0 where the difference would be negative, which sums of the same values never give.
    pub fn spread(&self, n: u64, squares: &Total) -> Total {
        let many = multiply(&squares.digits, &[n]);
        let square = multiply(&self.digits, &self.digits);
        Total { negative: false, digits: subtract(many, &square), unit: squares.unit }
    }
}

/// The number's top 64 bits as a float, rounded half to even with all lower bits in view, and
/// the exponent of two they must be scaled by.
fn leading(digits: &[u64]) -> (f64, i32) {
    let Some(top) = digits.iter().rposition(|it| *it != 0) else { return (0.0, 0) };
    let digit = |k: usize| digits.get(k).copied().unwrap_or(0);
    let below = if top == 0 { 0 } else { digit(top - 1) };
    let zeros = digit(top).leading_zeros();
    let wide = (u128::from(digit(top)) << 64 | u128::from(below)) << zeros;
    let sticky = wide as u64 != 0 || digits.iter().take(top.saturating_sub(1)).any(|it| *it != 0);
    let bits = (wide >> 64) as u64 | u64::from(sticky);
    (bits as f64, 64 * top as i32 - zeros as i32)
}

/// `it * 2^exponent`.
fn scale(mut it: f64, mut exponent: i32) -> f64 {
    let power = |k: i32| f64::from_bits(((1023 + k) as u64) << 52);
    while exponent > 1000 && it.is_finite() {
        it *= power(1000);
        exponent -= 1000;
    }
    while exponent < -1000 && it != 0.0 {
        it *= power(-1000);
        exponent += 1000;
    }
    it * power(exponent.clamp(-1000, 1000))
}

/// Schoolbook multiplication.
fn multiply(a: &[u64], b: &[u64]) -> Vec<u64> {
    let mut out = vec![0_u64; a.len() + b.len()];
    for (i, x) in a.iter().enumerate().filter(|(_, x)| **x != 0) {
        let mut carry = 0_u128;
        for (digit, y) in out.iter_mut().skip(i).zip(b.iter().chain(std::iter::repeat(&0))) {
            let it = u128::from(*digit) + u128::from(*x) * u128::from(*y) + carry;
            *digit = it as u64;
            carry = it >> 64;
        }
    }
    out
}

/// `a - b`, or 0 when `b` is larger.
fn subtract(mut a: Vec<u64>, b: &[u64]) -> Vec<u64> {
    a.resize(a.len().max(b.len()), 0);
    let padded = b.iter().copied().chain(std::iter::repeat_n(0, a.len() - b.len()));
    let order = a.iter().copied().rev().cmp(padded.clone().collect::<Vec<_>>().into_iter().rev());
    if order != Ordering::Greater {
        return vec![];
    }
    let mut borrow = false;
    for (x, y) in a.iter_mut().zip(padded) {
        let (it, first) = x.overflowing_sub(y);
        let (it, second) = it.overflowing_sub(u64::from(borrow));
        *x = it;
        borrow = first || second;
    }
    a
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(values: &[f64]) -> f64 {
        let mut exact = Exact::of_values();
        for it in values {
            exact.add_float(*it);
        }
        exact.total().over(1.0)
    }

    #[test]
    fn nothing_is_lost_next_to_something_huge() {
        assert_eq!(sum(&[1e308, 1.0, 5e-324, -1e308]), 1.0);
        assert_eq!(sum(&[1e308, 5e-324, -1e308]), 5e-324);
        assert_eq!(sum(&[f64::MAX, f64::MAX, -f64::MAX]), f64::MAX);
        assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY);
        // 2^53 + 1 + tiny rounds up, 2^53 + 1 alone to even.
        assert_eq!(sum(&[9_007_199_254_740_992.0, 1.0, 1e-300]), 9_007_199_254_740_994.0);
        assert_eq!(sum(&[9_007_199_254_740_992.0, 1.0]), 9_007_199_254_740_992.0);
        assert_eq!(sum(&[]), 0.0);
    }

    #[test]
    fn squares_of_the_largest_and_smallest_floats_are_held() {
        let mut exact = Exact::of_squares();
        exact.add_float_squared(f64::MAX);
        exact.add_float_squared(5e-324);
        let mut same = Exact::of_squares();
        same.add_float_squared(5e-324);
        assert!(exact != same);
        same.add_float_squared(-f64::MAX);
        assert!(exact == same);
    }

    proptest! {
        #[test]
        fn one_float_comes_back(it in any::<f64>()) {
            prop_assume!(it.is_finite());
            prop_assert_eq!(sum(&[it]), it);
            prop_assert_eq!(sum(&[it, it, -it]), it);
        }

        #[test]
        fn sums_of_integers_are_those_of_wide_integers(values in prop::collection::vec(any::<i64>(), 0..20)) {
            let mut exact = Exact::of_values();
            for it in &values {
                exact.add_integer(i128::from(*it));
            }
            let total: i128 = values.iter().map(|it| i128::from(*it)).sum();
            prop_assert_eq!(exact.total().integer(), Some(total));
            prop_assert_eq!(exact.total().over(1.0), total as f64);
        }

        #[test]
        fn products_are_those_of_wide_integers(a in any::<u64>(), b in any::<u64>(), c in any::<u64>()) {
            let wide = u128::from(a) * u128::from(b);
            prop_assert_eq!(multiply(&[a], &[b]), vec![wide as u64, (wide >> 64) as u64]);
            let left = multiply(&multiply(&[a], &[b]), &[c]);
            let right = multiply(&[a], &multiply(&[b], &[c]));
            prop_assert_eq!(&left, &right);
            prop_assert!(subtract(left, &right).is_empty());
        }
    }
}
