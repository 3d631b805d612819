//! Sums without rounding.

use serde::{Deserialize, Serialize};

/// A sum of floats and of products of floats, held without rounding, so that adding commutes and associates.
///
/// A superaccumulator after R. M. Neal (2015): limbs that weigh `2^(64 k)`, each 128 bits wide, so that no carry is
/// needed before 2^62 additions. Only limbs that were touched are kept: numbers of like size need three or four.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exact {
    /// The weight of the first limb is `2^(64 first)`.
    first: i32,
    limbs: Vec<i128>,
}

impl Exact {
    /// Adds a number. One that is not finite adds nothing.
    pub fn add(&mut self, it: f64) {
        let (magnitude, exponent) = split(it);
        self.add_scaled(u128::from(magnitude), exponent, it.is_sign_negative());
    }

    /// Adds a product, which is not rounded either. A factor that is not finite adds nothing.
    pub fn add_product(&mut self, a: f64, b: f64) {
        let ((p, i), (q, j)) = (split(a), split(b));
        self.add_scaled(u128::from(p) * u128::from(q), i + j, a.is_sign_negative() != b.is_sign_negative());
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &Exact) {
        for (limb, at) in other.limbs.iter().zip(other.first..) {
            self.add_limb(at, *limb);
        }
    }

    /// The sum as the nearest float and the nearest float to what is left: 106 bits.
    pub fn value(&self) -> (f64, f64) {
        // Carries first, so that each digit is below 2^64 and only the last carry has a sign.
        let carried = |negate: bool| {
            let mut digits = Vec::with_capacity(self.limbs.len() + 2);
            let mut carry = 0_i128;
            for limb in &self.limbs {
                let sum = if negate { limb.wrapping_neg() } else { *limb }.wrapping_add(carry);
                digits.push(sum as u64);
                carry = sum >> 64;
            }
            digits.push(carry as u64);
            (digits, carry < 0)
        };
        let (mut digits, negative) = carried(false);
        if negative {
            digits = carried(true).0;
        }
        let (mut high, mut low) = (0.0, 0.0);
        for (place, digit) in digits.iter().enumerate().rev() {
            let at = self.first + place as i32;
            // Two halves, so that each is a float without rounding.
            for (half, exponent) in [(digit >> 32, 64 * at + 32), (digit & 0xffff_ffff, 64 * at)] {
                let next = power(half as f64, exponent);
                let sum: f64 = high + next;
                low += next - (sum - high);
                high = sum;
            }
        }
        let (high, low) = if high.is_finite() { (high + low, low - ((high + low) - high)) } else { (high, 0.0) };
        if negative { (-high, -low) } else { (high, low) }
    }

    fn add_scaled(&mut self, magnitude: u128, exponent: i32, negative: bool) {
        if magnitude == 0 {
            return;
        }
        let (limb, shift) = (exponent.div_euclid(64), exponent.rem_euclid(64) as u32);
        // 106 bits, shifted by up to 63: three limbs.
        let low = magnitude << shift;
        let high = if shift == 0 { 0 } else { magnitude >> (128 - shift) };
        let parts = [low & u128::from(u64::MAX), low >> 64, high];
        for (part, at) in parts.into_iter().zip(limb..) {
            if part != 0 {
                self.add_limb(at, if negative { -(part as i128) } else { part as i128 });
            }
        }
    }

    fn add_limb(&mut self, at: i32, it: i128) {
        if self.limbs.is_empty() {
            self.first = at;
        }
        if at < self.first {
            let more = (self.first - at) as usize;
            self.limbs.splice(0..0, std::iter::repeat_n(0, more));
            self.first = at;
        }
        let place = (at - self.first) as usize;
        if place >= self.limbs.len() {
            self.limbs.resize(place + 1, 0);
        }
        if let Some(limb) = self.limbs.get_mut(place) {
            *limb = limb.wrapping_add(it);
        }
    }
}

/// `magnitude * 2^exponent` of a finite float without its sign; 0 of others.
fn split(it: f64) -> (u64, i32) {
    let bits = it.to_bits();
    let (exponent, fraction) = ((bits >> 52 & 0x7ff) as i32, bits & ((1 << 52) - 1));
    match exponent {
        0 => (fraction, -1074),
        0x7ff => (0, 0),
        _ => (fraction | 1 << 52, exponent - 1075),
    }
}

/// `it * 2^exponent`, in steps that neither overflow nor underflow before the result does.
fn power(it: f64, exponent: i32) -> f64 {
    let mut it = it;
    let mut left = exponent;
    while left != 0 && it != 0.0 && it.is_finite() {
        let step = left.clamp(-1000, 1000);
        it *= 2_f64.powi(step);
        left -= step;
    }
    it
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Exact;

    fn sum(numbers: &[f64]) -> Exact {
        let mut sum = Exact::default();
        for it in numbers {
            sum.add(*it);
        }
        sum
    }

    #[test]
    fn nothing_is_lost() {
        assert_eq!(sum(&[1e300, 1.0, -1e300]).value(), (1.0, 0.0));
        assert_eq!(sum(&[1e16, 1.0]).value(), (1e16, 1.0));
        assert_eq!(sum(&[-1e16, -1.0, 0.5]).value(), (-1e16, -0.5));
        assert_eq!(sum(&[f64::NAN, f64::INFINITY, 0.0, -0.0]).value(), (0.0, 0.0));
        assert_eq!(sum(&[5e-324, 5e-324]).value(), (1e-323, 0.0));
        assert_eq!(sum(&[f64::MAX, f64::MAX]).value().0, f64::INFINITY);
        let mut products = Exact::default();
        products.add_product(0.1, 0.1);
        products.add_product(-0.1, 0.1);
        assert_eq!(products.value(), (0.0, 0.0));
        products.add_product(1e200, -1e-200);
        products.add_product(3.0, 3.0);
        assert_eq!(products.value().0, 8.0);
        // 0.1 * 0.1 is rounded as a float; what was rounded away is the second part.
        let mut square = Exact::default();
        square.add_product(0.1, 0.1);
        assert_eq!(square.value(), (0.1 * 0.1, 0.1_f64.mul_add(0.1, -(0.1 * 0.1))));
    }

    proptest! {
        #[test]
        fn order_and_splitting_do_not_matter(numbers: Vec<f64>, at: prop::sample::Index, rotation: prop::sample::Index) {
            let whole = sum(&numbers);
            let at = if numbers.is_empty() { 0 } else { at.index(numbers.len()) };
            let mut turned = numbers.clone();
            turned.reverse();
            if !turned.is_empty() {
                let by = rotation.index(turned.len());
                turned.rotate_left(by);
            }
            prop_assert_eq!(&sum(&turned), &whole);
            let (mut left, right) = (sum(&numbers[..at]), sum(&numbers[at..]));
            left.merge(&right);
            prop_assert_eq!(&left, &whole);
        }

        #[test]
        fn it_is_the_sum_of_integers(numbers in prop::collection::vec(-1_000_000_000_000_i64..1_000_000_000_000, 0..50)) {
            let floats: Vec<f64> = numbers.iter().map(|it| *it as f64 / 1024.0).collect();
            let wanted = numbers.iter().sum::<i64>() as f64 / 1024.0;
            prop_assert_eq!(sum(&floats).value(), (wanted, 0.0));
        }
    }
}
