//! Going through two samples at once: the empirical distribution functions, and how far they can lie apart when the
//! numbers are known within an error.

use super::Numbers;

/// A value of either sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// The value.
    pub value: f64,
    /// How often it is in the reference and in the current sample.
    pub here: [u64; 2],
    /// How many numbers of each are at most it.
    pub upto: [u64; 2],
}

/// Visits all values of both samples in increasing order.
#[inline]
pub(super) fn walk(reference: &Numbers, current: &Numbers, mut visit: impl FnMut(Step)) {
    let (mut left, mut right) = (reference.sorted.as_slice(), current.sorted.as_slice());
    let mut upto = [0, 0];
    let end = (f64::INFINITY, 0);
    while !(left.is_empty() && right.is_empty()) {
        let (a, b) = (left.first().unwrap_or(&end), right.first().unwrap_or(&end));
        let value = if b.0 < a.0 { b.0 } else { a.0 };
        // Whose turn it is depends on chance, so that a jump would be guessed wrong half the time.
        let (takes_a, takes_b) = (a.0 == value, b.0 == value);
        let here = [a.1 * u64::from(takes_a), b.1 * u64::from(takes_b)];
        left = left.get(usize::from(takes_a)..).unwrap_or_default();
        right = right.get(usize::from(takes_b)..).unwrap_or_default();
        upto = [upto[0] + here[0], upto[1] + here[1]];
        visit(Step { value, here, upto });
    }
}

/// All numbers moved as far as their error allows, down or up.
pub(super) fn moved(it: &Numbers, up: bool) -> Numbers {
    let by = if up { it.error } else { -it.error };
    let shift = |value: f64| if value.is_finite() { value + by * value.abs() } else { value };
    let sorted = it.sorted.iter().map(|it| (shift(it.0), it.1)).collect();
    Numbers { sorted, n: it.n, error: 0.0, integers: false }
}

/// The largest difference between the distribution functions, `F_reference - F_current` or the other way round; at
/// least 0.
pub(super) fn largest(reference: &Numbers, current: &Numbers, turned: bool) -> f64 {
    let (n, m) = (i128::from(reference.n), i128::from(current.n));
    let mut most = 0;
    walk(reference, current, |it| {
        let gap = i128::from(it.upto[0]) * m - i128::from(it.upto[1]) * n;
        most = most.max(if turned { -gap } else { gap });
    });
    most as f64 / (n * m) as f64
}

/// The least and the largest value of `sum width * f(|F - G|)` over the stretches between values, for an increasing
/// `f`, that the error of the numbers leaves open: each function lies between those of all numbers moved up and of all
/// moved down.
pub(super) fn bounds(reference: &Numbers, current: &Numbers, f: impl Fn(f64) -> f64) -> [f64; 2] {
    let parts = [(reference, false, 0), (reference, true, 1), (current, false, 2), (current, true, 3)];
    let mut steps: Vec<(f64, f64, usize)> = Vec::new();
    for (numbers, up, part) in parts {
        let share = |it: (f64, u64)| (it.0, it.1 as f64 / numbers.n as f64, part);
        steps.extend(moved(numbers, up).sorted.into_iter().map(share));
    }
    steps.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut at = [0.0; 4];
    let (mut low, mut high) = (0.0, 0.0);
    for pair in steps.windows(2) {
        let [(value, share, part), (next, ..)] = pair else { continue };
        if let Some(it) = at.get_mut(*part) {
            *it += share;
        }
        // Moved down, a sample's function is above that of the sample moved up.
        let [reference_most, reference_least, current_most, current_least] = at;
        let least = (reference_least - current_most).max(current_least - reference_most).max(0.0);
        let most = (reference_most - current_least).max(current_most - reference_least).max(0.0);
        low += (next - value) * f(least);
        high += (next - value) * f(most);
    }
    [low, high]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_visited_once() {
        let mut seen = Vec::new();
        let (a, b) = (Numbers::of(&[1.0, 1.0, 3.0, f64::INFINITY]), Numbers::of(&[f64::NEG_INFINITY, 1.0]));
        walk(&a, &b, |it| seen.push((it.value, it.upto)));
        assert_eq!(seen, [(f64::NEG_INFINITY, [0, 1]), (1.0, [2, 2]), (3.0, [3, 2]), (f64::INFINITY, [4, 2])]);
        let mut n = 0;
        walk(&a, &Numbers::default(), |it| n += it.here[0]);
        assert_eq!(n, 4);
    }

    #[test]
    fn bounds_of_exact_numbers_meet() {
        let (a, b) = (Numbers::of(&[1.0, 2.0, 5.0]), Numbers::of(&[2.0, 4.0]));
        let [low, high] = bounds(&a, &b, |it| it);
        assert!((low - high).abs() < 1e-15 && (low - (1.0 / 3.0 + 2.0 * 2.0 / 3.0 - 1.0 / 6.0 + 0.5)).abs() < 1.0);
        let rough = |it: &Numbers| Numbers { error: 0.1, ..it.clone() };
        let [less, more] = bounds(&rough(&a), &rough(&b), |it| it);
        assert!(less < low && more > high);
    }
}
