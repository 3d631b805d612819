//! The two-sample Kolmogorov-Smirnov test.

use super::ecdf::{largest, moved, walk};
use super::law::Tail;
use super::law::kolmogorov::{limit, one_sample};
use super::law::smirnov::{self, Side};
use super::{Alarm, DriftTest, Found, Numbers, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "ks",
    aliases: &["ks_2samp", "kolmogorov_smirnov"],
    summary: "the largest gap between the two empirical distribution functions",
    takes: Takes::Numbers,
    alarm: Alarm::PValue { alpha: 0.05, closed: true },
    params: &[("method", "auto"), ("alternative", "two-sided"), ("infinite", "keep")],
    page: include_str!("ks.md"),
    run,
};

/// Numbers of the larger side up to which the exact law is taken, as in scipy.
const EXACT: u64 = 10_000;

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let (reference, current) = sides.numbers()?;
    let (n, m) = (reference.n, current.n);
    let method = params.word("method", &["auto", "exact", "asymp", "asymptotic"])?;
    let alternative = params.word("alternative", &["two-sided", "less", "greater"])?;
    let all = n.checked_mul(m).filter(|it| *it <= 1 << 62).ok_or("there are too many values to compare")?;
    let gap = Gap::of(reference, current, alternative);
    let wants_exact = method == "exact" || (method == "auto" && n.max(m) <= EXACT);
    let side = if alternative == "two-sided" { Side::Both } else { Side::One };
    let exact = if wants_exact { smirnov::exceeds(n, m, gap.reach, side) } else { None };
    if method == "exact" && exact.is_none() {
        return Err(format!("the exact law is out of reach for {n} and {m} values; use `method: asymptotic`"));
    }
    let tail_of = |reach: u64| match wants_exact.then(|| smirnov::exceeds(n, m, reach, side)).flatten() {
        Some(it) => it,
        None => asymptotic(n, m, reach as f64 / all as f64, side),
    };
    let statistic = gap.reach as f64 / all as f64;
    let tail = exact.unwrap_or_else(|| asymptotic(n, m, statistic, side));
    let mut found = Found { exact: exact.is_some(), ..Found::of_p(statistic, tail) };
    found = found.with("statistic_location", gap.location).with("statistic_sign", gap.sign);
    if exact.is_none() && side == Side::Both {
        let size = n as f64 * m as f64 / (n as f64 + m as f64);
        found = found.with("p_value_kolmogorov_limit", limit(size.sqrt() * statistic).p);
    }
    if reference.error > 0.0 || current.error > 0.0 {
        let [low, high] = bounds(reference, current, alternative);
        let reach = |it: f64| (it * all as f64).round() as u64;
        found = found.with("statistic_low", low).with("statistic_high", high);
        found = found.with("p_value_low", tail_of(reach(high)).p).with("p_value_high", tail_of(reach(low)).p);
    }
    Ok(found.between(reference, current))
}

/// The largest gap.
#[derive(Clone, Copy, Debug)]
struct Gap {
    /// The statistic times the sizes of both samples.
    reach: u64,
    /// The value at which it is found first.
    location: f64,
    /// 1 where the reference's function is above the other, -1 where it is below.
    sign: f64,
}

impl Gap {
    fn of(reference: &Numbers, current: &Numbers, alternative: &str) -> Self {
        let (n, m) = (reference.n as f64, current.n as f64);
        let (mut above, mut below) = ((f64::NEG_INFINITY, f64::NAN, [0, 0]), (f64::INFINITY, f64::NAN, [0, 0]));
        walk(reference, current, |it| {
            let gap = it.upto[0] as f64 / n - it.upto[1] as f64 / m;
            if gap > above.0 {
                above = (gap, it.value, it.upto);
            }
            if gap < below.0 {
                below = (gap, it.value, it.upto);
            }
        });
        // The place by floats, which is scipy's; the size by integers, which is nobody's rounding.
        let whole = |upto: [u64; 2]| {
            i128::from(upto[0]) * i128::from(current.n) - i128::from(upto[1]) * i128::from(reference.n)
        };
        let reach = |it: i128| u64::try_from(it).unwrap_or(0);
        let (up, down) = (reach(whole(above.2)), reach(-whole(below.2)));
        if alternative == "less" || (alternative == "two-sided" && down > up) {
            Gap { reach: down, location: below.1, sign: -1.0 }
        } else {
            Gap { reach: up, location: above.1, sign: 1.0 }
        }
    }
}

/// The least and the largest gap that the error of the numbers leaves open.
fn bounds(reference: &Numbers, current: &Numbers, alternative: &str) -> [f64; 2] {
    let side = |turned: bool| {
        let low = largest(&moved(reference, !turned), &moved(current, turned), turned);
        [low, largest(&moved(reference, turned), &moved(current, !turned), turned)]
    };
    match alternative {
        "greater" => side(false),
        "less" => side(true),
        _ => {
            let ([a, b], [c, d]) = (side(false), side(true));
            [a.max(c), b.max(d)]
        }
    }
}

/// The law for many numbers: of two sides that of one sample with `n m / (n + m)` numbers, which for finite samples is
/// nearer than Kolmogorov's limit; of one side the expansion of J. L. Hodges (1958), equation 5.3.
fn asymptotic(n: u64, m: u64, d: f64, side: Side) -> Tail {
    let (large, small) = (n.max(m) as f64, n.min(m) as f64);
    let size = large * small / (large + small);
    if side == Side::Both {
        // Half to even, as numpy rounds.
        return one_sample((size.round_ties_even() as u64).max(1), d);
    }
    let z = size.sqrt() * d;
    let correction = 2.0 * z * (large + 2.0 * small) / (large * small * (large + small)).sqrt() / 3.0;
    Tail::of_ln(-2.0 * z * z - correction)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(reference: &Numbers, current: &Numbers, params: &serde_json::Value) -> Result<Found, String> {
        let params = Params(params.as_object().cloned().unwrap_or_default());
        run(&Sides::Numbers(reference.clone(), current.clone()), &params)
    }

    #[test]
    fn one_sided_gaps_of_both_ways_are_the_two_sided_one() {
        let (a, b) = (Numbers::of(&[1.0, 2.0, 3.0, 9.0]), Numbers::of(&[2.5, 2.6, 2.7]));
        let by = |alternative: &str| found(&a, &b, &json!({"alternative": alternative})).expect("an answer");
        let (two, less, greater) = (by("two-sided"), by("less"), by("greater"));
        assert_eq!(two.statistic, less.statistic.max(greater.statistic));
        assert!(greater.statistic == 0.5 && (less.statistic - 0.5).abs() < 1e-15 && greater.exact);
        assert_eq!(found(&b, &a, &json!({})).expect("an answer").statistic, two.statistic);
    }

    #[test]
    fn counts_are_as_good_as_the_values_themselves() {
        let values: Vec<f64> = (0..300).map(|it| f64::from(it % 7)).collect();
        let other: Vec<f64> = (0..200).map(|it| f64::from(it % 6)).collect();
        let (a, b) = (Numbers::of(&values), Numbers::of(&other));
        assert_eq!((a.sorted.len(), a.n), (7, 300));
        let it = found(&a, &b, &json!({"method": "asymp"})).expect("an answer");
        assert!((it.statistic - 43.0 / 300.0).abs() < 0.01 && !it.exact);
    }

    #[test]
    fn the_gap_of_the_true_numbers_lies_within_the_bounds() {
        let values = |by: f64| -> Vec<f64> { (1..400).map(|it| (f64::from(it * 37 % 401) * by).sqrt()).collect() };
        let (a, b) = (Numbers::of(&values(1.0)), Numbers::of(&values(1.1)));
        let rough = |it: &Numbers, by: f64| {
            let moved: Vec<f64> =
                it.sorted.iter().zip(0..).map(|(it, k)| it.0 * (1.0 + by * f64::from(k % 3 - 1))).collect();
            Numbers { error: 0.01, ..Numbers::of(&moved) }
        };
        for alternative in ["two-sided", "less", "greater"] {
            let params = json!({"alternative": alternative});
            let exact = found(&a, &b, &params).expect("an answer");
            let it = found(&rough(&a, 0.009), &rough(&b, 0.009), &params).expect("an answer");
            let of = |name: &str| it.more.get(name).copied().unwrap_or(f64::NAN);
            assert!(of("statistic_low") <= exact.statistic && exact.statistic <= of("statistic_high"), "{it:?}");
            let p = exact.p_value.unwrap_or(f64::NAN);
            assert!(of("p_value_low") <= p && p <= of("p_value_high") && !it.exact, "{it:?} {p}");
        }
    }

    #[test]
    fn nothing_and_too_much_are_said_to_be_so() {
        assert!(found(&Numbers::default(), &Numbers::of(&[1.0]), &json!({})).is_err());
        let many = Numbers { sorted: vec![(1.0, 30_000), (2.0, 1)], n: 30_001, error: 0.0, integers: false };
        let why = found(&many, &many.clone(), &json!({"method": "exact"}));
        assert!(why.is_ok(), "samples of equal size have a closed form: {why:?}");
        let other = Numbers { n: 30_000, sorted: vec![(1.0, 30_000)], ..many.clone() };
        assert!(found(&many, &other, &json!({"method": "exact"})).is_err());
        assert!(found(&many, &other, &json!({"alternative": "both"})).is_err());
    }
}
