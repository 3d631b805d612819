//! The exact law of the Mann-Whitney statistic, for samples without ties.

use super::{Tail, ln_choose};

/// Steps of the recurrence up to which the exact law is computed.
const MOST_STEPS: u64 = 50_000_000;

/// The probability that `U` of samples of `n` and `m` numbers is at least `u`. `None` when there are too many orders
/// to count them exactly, or too many values of `U`.
///
/// The numbers of orders by `U` are the coefficients of the Gaussian binomial coefficient (H. B. Mann and D. R.
/// Whitney, 1947), the product of `(1 - q^(m + i)) / (1 - q^i)` over `i` up to `n`. They are formed modulo `2^128`, in
/// which nothing is rounded, and which none of them reaches.
pub fn exceeds(n: u64, m: u64, u: u64) -> Option<Tail> {
    let (n, m) = (n.min(m), n.max(m));
    let all = n.checked_mul(m)?;
    if n == 0 || u > all {
        return Some(Tail { p: if u == 0 { 1.0 } else { 0.0 }, ln_p: if u == 0 { 0.0 } else { f64::NEG_INFINITY } });
    }
    if u == 0 {
        return Some(Tail::ONE);
    }
    // By symmetry the upper tail is a lower one; of the two lower ones, the shorter is counted.
    let (top, whole) = if u > all / 2 { (all - u, true) } else { (u - 1, false) };
    if n.checked_mul(top + 1).is_none_or(|it| it > MOST_STEPS) || ln_choose((n + m) as f64, n as f64) > 88.0 {
        return None;
    }
    let top = top as usize;
    let mut orders = vec![0_u128; top + 1];
    *orders.first_mut()? = 1;
    for i in 1..=n {
        let times = (m + i) as usize;
        for at in (times..=top).rev() {
            let below = orders.get(at - times).copied().unwrap_or(0);
            orders.get_mut(at).into_iter().for_each(|it| *it = it.wrapping_sub(below));
        }
        let by = i as usize;
        for at in by..=top {
            let below = orders.get(at - by).copied().unwrap_or(0);
            orders.get_mut(at).into_iter().for_each(|it| *it = it.wrapping_add(below));
        }
    }
    let sum = orders.iter().fold(0_u128, |sum, it| sum.wrapping_add(*it));
    let tail = Tail::of_ln((sum as f64).ln() - ln_choose((n + m) as f64, n as f64));
    Some(if whole { tail } else { Tail::of(1.0 - tail.p) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_share_of_all_orders() {
        for (n, m) in [(1, 1), (1, 2), (3, 3), (5, 4), (4, 7), (8, 8)] {
            let mut counts = vec![0_u64; (n * m + 1) as usize];
            for bits in 0_u64..1 << (n + m) {
                if u64::from(bits.count_ones()) == n {
                    let u: u64 = (0..n + m)
                        .filter(|at| bits >> at & 1 == 1)
                        .map(|at| at - u64::from((bits & ((1 << at) - 1)).count_ones()))
                        .sum();
                    *counts.get_mut(u as usize).expect("a possible value") += 1;
                }
            }
            let all: u64 = counts.iter().sum();
            for u in 0..=n * m {
                let counted: u64 = counts.iter().skip(u as usize).sum();
                let (found, counted) = (exceeds(n, m, u).expect("few orders"), counted as f64 / all as f64);
                assert!((found.p - counted).abs() < 1e-13, "{n} {m} {u}: {found:?} {counted}");
            }
        }
    }

    #[test]
    fn many_numbers_of_one_side_are_counted_still() {
        // The normal limit, which is good there, says about the same.
        let (n, m, u) = (8_u64, 20_000_u64, 110_000_u64);
        let found = exceeds(n, m, u).expect("few orders");
        let spread = ((n * m * (n + m + 1)) as f64 / 12.0).sqrt();
        let limit = super::super::normal::sf((u as f64 - 0.5 - (n * m) as f64 / 2.0) / spread);
        assert!((found.p / limit.p - 1.0).abs() < 0.05, "{found:?} {limit:?}");
        assert_eq!(exceeds(500, 500, 200_000), None);
    }
}
