//! The two-sample Cramer-von Mises test as scipy has it, which does not know of ties.

use super::cramer_von_mises::{self, EXACT, gcd, reduced};
use super::ecdf::walk;
use super::law::{Tail, ln_choose, quadratic, squared_gaps};
use super::significance::CALIBRATED;
use super::{Alarm, DriftTest, Found, Numbers, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "cramer_von_mises_2samp",
    aliases: &["cramervonmises_2samp"],
    summary: "the same as `cramer_von_mises`, with ties taken as if they were none",
    takes: Takes::Numbers,
    alarm: Alarm::PValue { alpha: 0.05, closed: true },
    params: &[("method", "auto"), ("infinite", "keep")],
    page: include_str!("cramer_von_mises_2samp.md"),
    run,
};

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let (reference, current) = sides.numbers()?;
    let (n, m) = (reference.n, current.n);
    let method = params.word("method", &["auto", "exact", "asymptotic", "asymp"])?;
    if n < 2 || m < 2 {
        return Err("it needs two values of either side at least".to_owned());
    }
    if n.max(m) > MOST {
        return Err("there are too many values to compare".to_owned());
    }
    let whole = whole(reference, current);
    let (k, all) = (n as f64 * m as f64, n as f64 + m as f64);
    let statistic = whole as f64 / (12.0 * k * all);
    let wants_exact = method == "exact" || (method == "auto" && n.max(m) <= EXACT);
    let exact = if wants_exact { exact(n, m, whole) } else { None };
    if method == "exact" && exact.is_none() {
        return Err(format!("the exact law is out of reach for {n} and {m} values; use `method: asymptotic`"));
    }
    let tail = exact
        .unwrap_or_else(|| quadratic::cramer_von_mises(reduced([n, m], statistic, (1.0 + 1.0 / all) / 6.0, 1.0 / 6.0)));
    let found = Found { exact: exact.is_some(), ..Found::of_p(statistic, tail) };
    let calibrated = cramer_von_mises::p_value(reference, current).p;
    Ok(found.with(CALIBRATED, calibrated).between(reference, current))
}

/// So that the sums stay within 128 bits.
const MOST: u64 = 1 << 31;

/// The statistic times `12 n m (n + m)`, a whole number, with middle ranks for ties.
fn whole(reference: &Numbers, current: &Numbers) -> i128 {
    let (n, m) = (i128::from(reference.n), i128::from(current.n));
    let mut sum = -2 * n * m * (4 * n * m - 1);
    walk(reference, current, |it| {
        let [a, b] = it.here.map(i128::from);
        let [upto_a, upto_b] = it.upto.map(i128::from);
        // Of a sample with `a` numbers in a group of ties, the sum of squares of rank less place.
        let of = |size: i128, a: i128, twice: i128| size * (3 * a * twice * twice + a * (a * a - 1));
        sum += of(n, a, 2 * upto_b - b) + of(m, b, 2 * upto_a - a);
    });
    sum
}

/// The share of orders with a statistic at least as large. Ties are looked at as if the numbers were all different,
/// as scipy does; since they can make a statistic that no order has, the answer is not below what the most extreme
/// orders have, all of one sample before all of the other.
fn exact(n: u64, m: u64, whole: i128) -> Option<Tail> {
    let (a, b) = (n / gcd(n, m), m / gcd(n, m));
    let lcm = i128::from(a * m);
    let k = i128::from(n * m);
    let reach = (lcm * lcm * i128::from(n + m)).checked_mul(whole)?.div_euclid(12 * k * k);
    let weights = vec![1; (n + m) as usize];
    let share = squared_gaps::at_least([n, m], [b, a], &weights, u64::try_from(reach).unwrap_or(0))?;
    let least = Tail::of_ln(std::f64::consts::LN_2 - ln_choose((n + m) as f64, n as f64));
    Some(if share > least.p { Tail::of(share) } else { least })
}
