//! The exact law of the two-sample Kolmogorov-Smirnov statistic, for samples without ties.
//!
//! Under no drift every order of the pooled numbers is as likely, and an order is a path on the grid from `(0, 0)` to
//! `(n, m)`: a step to the right for a number of the reference, one up for a number of the current side. The statistic
//! reaches `d` when the path meets a point with `|i / n - j / m| >= d`. After J. L. Hodges (1958); with ties the
//! answer is on the safe side.

use super::{Tail, ln_choose};

/// Which deviations count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Those of one sign.
    One,
    /// Those of both.
    Both,
}

/// Points of the grid up to which the exact law is computed.
pub const MOST_POINTS: u64 = 500_000_000;

/// Size of samples of equal size up to which their closed form, a product of as many factors, is computed.
const MOST_EQUAL: u64 = 10_000_000;

/// Points up to which it is computed with logarithms, when it underflows.
const MOST_LOGARITHMS: u64 = 4_000_000;

/// The probability that the largest `i m - j n` along the path, or the largest absolute one, is at least `reach`.
/// `None` when the grid is too large, or the probability too small to be had exactly.
pub fn exceeds(n: u64, m: u64, reach: u64, side: Side) -> Option<Tail> {
    let points = n.checked_mul(m).filter(|it| *it > 0)?;
    let double = |it: Tail| if side == Side::Both { it.twice() } else { it };
    if reach == 0 {
        return Some(Tail::ONE);
    }
    if n == m && n <= MOST_EQUAL {
        return Some(equal_sizes(n, reach.div_ceil(n), side));
    }
    if points > MOST_POINTS {
        return None;
    }
    if reach >= points {
        // One path on either side: all of one sample lies before all of the other.
        return Some(double(Tail::of_ln(-ln_choose((n + m) as f64, n as f64))));
    }
    let p = walk(n, m, reach, side, 1.0, |own, other, at, rest, inverse| (at * other + rest * own) * inverse);
    if p > 1e-290 {
        return Some(Tail::of(p));
    }
    (points <= MOST_LOGARITHMS).then(|| {
        let ln = walk(n, m, reach, side, 0.0, |own, other, at, rest, inverse| {
            let (a, b) = (at.ln() + other, rest.ln() + own);
            let most = a.max(b);
            if most == f64::NEG_INFINITY {
                most
            } else {
                most + ((a - most).exp() + (b - most).exp()).ln() + inverse.ln()
            }
        });
        Tail::of_ln(ln)
    })
}

/// Both samples have `n` numbers, and one is ahead by `h` at least: by reflection, in closed form.
fn equal_sizes(n: u64, h: u64, side: Side) -> Tail {
    if h > n {
        return Tail { p: 0.0, ln_p: f64::NEG_INFINITY };
    }
    // Of C(2 n, n - k h) / C(2 n, n), what comes when k becomes one larger.
    let ratio = |k: u64| -> f64 { ((k - 1) * h..k * h).map(|j| (n - j) as f64 / (n + j + 1) as f64).product() };
    let first = (0..h).fold(Tail::ONE, |it, j| {
        let factor = (n - j) as f64 / (n + j + 1) as f64;
        Tail { p: it.p * factor, ln_p: it.ln_p + factor.ln() }
    });
    if side == Side::One {
        return first;
    }
    let rest = (2..=n / h).rev().fold(1.0, |inner, k| 1.0 - ratio(k) * inner);
    let (p, ln_p) = (2.0 * first.p * rest, first.ln_p + (2.0 * rest).ln());
    Tail { p: p.clamp(0.0, 1.0), ln_p: ln_p.min(0.0) }
}

/// Goes over the grid by antidiagonals. What is kept of a point is the chance that a random path to it has met the
/// border; on the border itself that is `met`, and inside `step` forms it from the point below (`own`), the point to
/// the left (`other`), their weights and the inverse of the sum of the weights. All terms are positive, so that small
/// chances keep their digits.
fn walk(n: u64, m: u64, reach: u64, side: Side, met: f64, step: impl Fn(f64, f64, f64, f64, f64) -> f64) -> f64 {
    // `old[i + 1]` belongs to the point with `i` steps to the right.
    let width = n as usize + 2;
    let places: Vec<f64> = (0..width).map(|it| it as f64).collect();
    let unmet = if met == 0.0 { f64::NEG_INFINITY } else { 0.0 };
    let mut old = vec![met; width];
    let mut new = vec![met; width];
    if let Some(it) = old.get_mut(1) {
        *it = unmet;
    }
    for s in 1..=n + m {
        // Inside: |i (n + m) - s n| < reach.
        let mut low = s.saturating_sub(m);
        if side == Side::Both && s * n >= reach {
            low = low.max((s * n - reach) / (n + m) + 1);
        }
        let high = s.min(n).min((s * n + reach - 1) / (n + m));
        if low > high {
            return met;
        }
        let (low, high) = (low as usize, high as usize);
        let inverse = 1.0 / s as f64;
        let total = s as f64;
        let (Some(owns), Some(others), Some(at), Some(out)) =
            (old.get(low + 1..=high + 1), old.get(low..=high), places.get(low..=high), new.get_mut(low + 1..=high + 1))
        else {
            return met;
        };
        for (((out, own), other), at) in out.iter_mut().zip(owns).zip(others).zip(at) {
            *out = step(*own, *other, *at, total - *at, inverse);
        }
        // The neighbours of what is inside are on the border, or weigh nothing.
        for edge in [low, high + 2] {
            if let Some(it) = new.get_mut(edge) {
                *it = met;
            }
        }
        std::mem::swap(&mut old, &mut new);
    }
    old.get(n as usize + 1).copied().unwrap_or(met)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All orders of the pooled numbers.
    fn by_counting(n: u64, m: u64, reach: u64, side: Side) -> f64 {
        let (mut hits, mut all) = (0, 0);
        for bits in 0_u64..1 << (n + m) {
            if u64::from(bits.count_ones()) != n {
                continue;
            }
            all += 1;
            let (mut i, mut j) = (0_i64, 0_i64);
            hits += i64::from((0..n + m).any(|at| {
                if bits >> at & 1 == 1 {
                    i += 1;
                } else {
                    j += 1;
                }
                let gap = i * m as i64 - j * n as i64;
                gap >= reach as i64 || (side == Side::Both && -gap >= reach as i64)
            }));
        }
        hits as f64 / f64::from(all)
    }

    #[test]
    fn it_is_the_share_of_all_orders() {
        for (n, m) in [(1, 1), (1, 4), (3, 3), (4, 6), (5, 7), (7, 5), (6, 6), (8, 2)] {
            for reach in 1..=n * m {
                for side in [Side::One, Side::Both] {
                    let (found, counted) = (exceeds(n, m, reach, side), by_counting(n, m, reach, side));
                    let found = found.expect("a small grid");
                    assert!((found.p - counted).abs() < 1e-12, "{n} {m} {reach} {side:?}: {found:?} {counted}");
                    assert!((found.ln_p - counted.ln()).abs() < 1e-10, "{n} {m} {reach} {side:?}: {found:?} {counted}");
                }
            }
        }
    }

    #[test]
    fn logarithms_take_over_where_it_underflows() {
        let chance = |met, reach| {
            let ln = |own: f64, other: f64, at: f64, rest: f64, inverse: f64| {
                ((at.ln() + other).exp() + (rest.ln() + own).exp()).ln() + inverse.ln()
            };
            let plain = |own, other, at, rest, inverse| (at * other + rest * own) * inverse;
            if met == 1.0 {
                walk(60, 50, reach, Side::Both, met, plain)
            } else {
                walk(60, 50, reach, Side::Both, met, ln)
            }
        };
        for reach in [500, 1500, 2500] {
            assert!((chance(1.0, reach).ln() - chance(0.0, reach)).abs() < 1e-9);
        }
        let small = exceeds(700, 600, 410_000, Side::Both).expect("with logarithms");
        assert!(small.p < 1e-290 && small.ln_p < -700.0 && small.ln_p > -900.0, "{small:?}");
        assert_eq!(exceeds(9000, 8000, 71_000_000, Side::Both), None);
    }
}
