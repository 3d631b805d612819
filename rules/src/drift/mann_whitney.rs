//! The Mann-Whitney U test.

use super::ecdf::{moved, walk};
use super::law::{Tail, normal, rank_sum};
use super::{Alarm, DriftTest, Found, Numbers, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "mann_whitney",
    aliases: &["mann_whitney_u", "mannwhitneyu", "mannw"],
    summary: "how often a value of the reference is above one of the current side, among all pairs",
    takes: Takes::Numbers,
    alarm: Alarm::PValue { alpha: 0.05, closed: false },
    params: &[("method", "auto"), ("alternative", "two-sided"), ("use_continuity", "true"), ("infinite", "keep")],
    page: include_str!("mann_whitney.md"),
    run,
};

/// Numbers of the smaller side up to which the exact law is taken, as in scipy.
const EXACT: u64 = 8;

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let (reference, current) = sides.numbers()?;
    let (n, m) = (reference.n, current.n);
    let method = params.word("method", &["auto", "exact", "asymptotic", "asymp"])?;
    let alternative = params.word("alternative", &["two-sided", "less", "greater"])?;
    let continuity = params.flag("use_continuity", true)?;
    let all = n.checked_mul(m).filter(|it| *it <= 1 << 61).ok_or("there are too many values to compare")?;
    let ranked = Ranked::of(reference, current);
    let wants_exact = method == "exact" || (method == "auto" && n.min(m) <= EXACT && ranked.ties == 0.0);
    // Of twice U: the probability of one at least as far out.
    let tail_of = |twice: u64| -> (Tail, bool) {
        let twice = match alternative {
            "less" => 2 * all - twice,
            "greater" => twice,
            _ => twice.max(2 * all - twice),
        };
        // A half rank, which ties make, counts down: the probability is not too small then.
        let exact = if wants_exact { rank_sum::exceeds(n, m, twice / 2) } else { None };
        let tail = exact.unwrap_or_else(|| ranked.limit(twice, [n, m], continuity));
        (if alternative == "two-sided" { tail.twice() } else { tail }, exact.is_some())
    };
    let (tail, exact) = tail_of(ranked.twice);
    if method == "exact" && !exact {
        return Err(format!("the exact law is out of reach for {n} and {m} values; use `method: asymptotic`"));
    }
    let share = ranked.twice as f64 / 2.0 / all as f64;
    let mut found = Found { exact, ..Found::of_p(ranked.twice as f64 / 2.0, tail) }.with("auc", share);
    if reference.error > 0.0 || current.error > 0.0 {
        let least = Ranked::of(&moved(reference, false), &moved(current, true)).twice;
        let most = Ranked::of(&moved(reference, true), &moved(current, false)).twice;
        found = found.with("statistic_low", least as f64 / 2.0).with("statistic_high", most as f64 / 2.0);
        let ends = [tail_of(least).0.p, tail_of(most).0.p];
        let middle = if alternative == "two-sided" && (least..=most).contains(&all) { 1.0 } else { 0.0 };
        found = found.with("p_value_high", ends[0].max(ends[1]).max(middle));
    }
    Ok(found.between(reference, current))
}

#[derive(Clone, Copy, Debug)]
struct Ranked {
    /// Twice the statistic, which is a whole number.
    twice: u64,
    /// The sum of `t^3 - t` over groups of `t` equal values.
    ties: f64,
}

impl Ranked {
    fn of(reference: &Numbers, current: &Numbers) -> Self {
        let mut ranked = Ranked { twice: 0, ties: 0.0 };
        walk(reference, current, |it| {
            // A pair counts 1 where the reference is larger, a half where both are equal.
            ranked.twice += it.here[0] * (2 * it.upto[1] - it.here[1]);
            let t = (it.here[0] + it.here[1]) as f64;
            ranked.ties += t * t * t - t;
        });
        ranked
    }

    /// The normal limit, with the variance that ties leave.
    fn limit(self, twice: u64, [n, m]: [u64; 2], continuity: bool) -> Tail {
        let (n, m) = (n as f64, m as f64);
        let all = n + m;
        let deviation = (n * m / 12.0 * ((all + 1.0) - self.ties / (all * (all - 1.0)))).max(0.0).sqrt();
        let above = (twice as f64 - n * m) / 2.0 - if continuity { 0.5 } else { 0.0 };
        if deviation == 0.0 {
            return Tail::ONE;
        }
        normal::sf(above / deviation)
    }
}
