//! The law of how many numbers of one sample lie below a given one of another, in order.

use super::{Tail, ln_choose};

/// The natural logarithm of the probability that exactly `v` of `m` numbers lie below the one of rank `r` among `n`,
/// when all come from one continuous distribution: of the orders of all numbers those where the first `r - 1 + v`
/// have `r - 1` of the other sample. A negative hypergeometric law (H. A. David and H. N. Nagaraja, "Order
/// Statistics", section 2.4).
fn ln_probability(r: u64, n: u64, m: u64, v: u64) -> f64 {
    let [r, n, m, v] = [r, n, m, v].map(|it| it as f64);
    ln_choose(r - 1.0 + v, v) + ln_choose(n - r + m - v, m - v) - ln_choose(n + m, m)
}

/// The probability of at most `v`. `r` is from 1 to `n`.
pub fn at_most(r: u64, n: u64, m: u64, v: u64) -> Tail {
    // By symmetry: as many as lie above, seen from the other end.
    at_least((n + 1).saturating_sub(r), n, m, m.saturating_sub(v))
}

/// The probability of at least `v`. `r` is from 1 to `n`.
pub fn at_least(r: u64, n: u64, m: u64, v: u64) -> Tail {
    if v == 0 {
        return Tail::ONE;
    }
    if v > m || r == 0 || r > n {
        return Tail { p: 0.0, ln_p: f64::NEG_INFINITY };
    }
    // The tail that does not hold the bulk is summed up, from its largest term outwards.
    let (size, place) = (n as f64 + 1.0, r as f64);
    if (v as f64) < m as f64 * place / size {
        let rest = at_least(n + 1 - r, n, m, m - v + 1);
        return Tail { p: 1.0 - rest.p, ln_p: (-rest.p).ln_1p() };
    }
    let first = ln_probability(r, n, m, v);
    let (mut term, mut sum) = (1.0, 1.0);
    for at in v..m {
        let (at, m) = (at as f64, m as f64);
        term *= (place + at) / (at + 1.0) * (m - at) / (size - 1.0 - place + m - at);
        sum += term;
        if term < 1e-17 * sum {
            break;
        }
    }
    Tail::of_ln(first + f64::ln(sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_share_of_all_orders() {
        for (n, m) in [(1_u64, 1_u64), (1, 5), (4, 6), (7, 3), (5, 5)] {
            for r in 1..=n {
                let mut counts = vec![0_u64; m as usize + 1];
                for bits in 0_u64..1 << (n + m) {
                    if u64::from(bits.count_ones()) != n {
                        continue;
                    }
                    let place = (0..n + m).filter(|at| bits >> at & 1 == 1).nth(r as usize - 1).expect("n of them");
                    let below = place + 1 - r;
                    *counts.get_mut(below as usize).expect("at most m") += 1;
                }
                let all: u64 = counts.iter().sum();
                for v in 0..=m {
                    let more = counts.iter().skip(v as usize).sum::<u64>() as f64 / all as f64;
                    let fewer = counts.iter().take(v as usize + 1).sum::<u64>() as f64 / all as f64;
                    assert!((at_least(r, n, m, v).p - more).abs() < 1e-12, "{n} {m} {r} {v}");
                    assert!((at_most(r, n, m, v).p - fewer).abs() < 1e-12, "{n} {m} {r} {v}");
                }
            }
        }
    }
}
