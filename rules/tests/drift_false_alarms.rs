//! How often tests alarm when nothing has changed, by what they do when the author says nothing.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on fails, and shows its table")]

use driftline_rules::drift::alarm;
use driftline_rules::drift::chance::Chance;
use driftline_rules::drift::{Categories, DriftTest, Numbers, Params, Sides, find};

const SIZES: [(usize, usize); 7] =
    [(30, 30), (300, 30), (2000, 30), (100, 100), (500, 500), (2000, 500), (20_000, 20_000)];

fn alarms(test: &DriftTest, sides: &Sides) -> bool {
    let params = Params::default();
    let found = (test.run)(sides, &params).unwrap();
    alarm::drifted(test, &found, &params).unwrap()
}

fn uniform(chance: &mut Chance) -> f64 {
    (chance.bits() >> 11) as f64 / (1_u64 << 53) as f64
}

/// `k` categories with shares that fall as 1 / rank, or with equal ones.
fn categories(chance: &mut Chance, k: usize, even: bool, (n, m): (usize, usize)) -> Sides {
    let weights = (1..=k).map(|rank| if even { 1.0 } else { 1.0 / rank as f64 });
    let edges: Vec<f64> = weights
        .scan(0.0, |sum, it| {
            *sum += it;
            Some(*sum)
        })
        .collect();
    let mut counts: Vec<(String, u64, u64)> = (0..k).map(|it| (format!("{it:04}"), 0, 0)).collect();
    for at in 0..n + m {
        let drawn = uniform(chance) * edges[k - 1];
        let cell = &mut counts[edges.partition_point(|it| *it <= drawn).min(k - 1)];
        if at < n { cell.1 += 1 } else { cell.2 += 1 }
    }
    Sides::Categories(Categories { counts, exact: true })
}

/// Numbers with a long tail, or whole ones with many ties.
fn numbers(chance: &mut Chance, whole: bool, (n, m): (usize, usize)) -> Sides {
    let mut side = |n: usize| {
        let mut one = || -(1.0 - uniform(chance)).ln() * 4.0;
        Numbers::of(&(0..n).map(|_| if whole { one().floor() } else { one() }).collect::<Vec<_>>())
    };
    let reference = side(n);
    Sides::Numbers(reference, side(m))
}

#[test]
fn nothing_alarms_more_often_than_it_says() {
    let scale = if std::env::var_os("MANY").is_some() { 30 } else { 1 };
    let names = ["chi_square", "psi", "kl", "jensen_shannon", "hellinger", "total_variation", "l_infinity"];
    let mut chance = Chance::new(17);
    let mut wrong = Vec::new();
    for size in SIZES {
        let rounds = scale * if size.0 > 10_000 { 20 } else { 100 };
        for kind in ["3 even", "10", "50", "150 even", "150", "numbers", "ties"] {
            let mut hits = names.map(|_| 0);
            for _ in 0..rounds {
                let sides = match kind {
                    "numbers" | "ties" => numbers(&mut chance, kind == "ties", size),
                    _ => {
                        let k = kind.split(' ').next().unwrap().parse().unwrap();
                        categories(&mut chance, k, kind.ends_with("even"), size)
                    }
                };
                for (hits, name) in hits.iter_mut().zip(names) {
                    let by_value = name == "chi_square" && kind == "numbers";
                    *hits += u32::from(!by_value && alarms(find(name).unwrap(), &sides));
                }
            }
            let shares = hits.map(|it| 100.0 * f64::from(it) / f64::from(rounds));
            eprintln!(
                "{size:?} {kind:>10}: {}",
                names.iter().zip(shares).map(|(name, it)| format!("{name} {it:.1}")).collect::<Vec<_>>().join(", ")
            );
            // One and a half times the level, and four standard deviations of the count above that.
            let most = 0.075 * f64::from(rounds) + 4.0 * (0.075 * f64::from(rounds)).sqrt();
            wrong.extend(
                names.iter().zip(hits).filter(|it| f64::from(it.1) > most).map(|it| format!("{it:?} {size:?} {kind}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
