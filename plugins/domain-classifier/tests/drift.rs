//! What it sees, what it does not, how often it alarms without drift, and the laws.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "tests")]

use domain_classifier::{Drift, Plugin};
use driftline_plugin::prelude::*;
use driftline_plugin::testing::{Compared, compare, describes_itself, drift_test_laws, value, value_of};
use driftline_plugin_statistics::Chance;

/// Records of one kind: two numbers that go together, one by itself, a category, some words.
struct Kind {
    together: f64,
    shift: f64,
    spread: f64,
    /// Probabilities of three categories.
    categories: [f64; 2],
    word: &'static str,
}

const SAME: Kind = Kind { together: 0.8, shift: 0.0, spread: 1.0, categories: [0.5, 0.8], word: "parcel" };

fn records(chance: &mut Chance, rows: usize, kind: &Kind) -> Columns {
    let mut numbers = [const { Vec::new() }; 3];
    let (mut categories, mut texts) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        let first = chance.normal();
        let other = kind.together * first + (1.0 - kind.together.powi(2)).sqrt() * chance.normal();
        numbers[0].push((chance.uniform() > 0.05).then_some(first));
        numbers[1].push(Some(other));
        numbers[2].push(Some(kind.shift + kind.spread * chance.normal()));
        let it = chance.uniform();
        categories.push(if it < kind.categories[0] {
            "a"
        } else if it < kind.categories[1] {
            "b"
        } else {
            "c"
        });
        let words = ["where", "is", "my", "the", "please", "now"];
        let mut text: Vec<&str> = (0..4).map(|_| words[chance.bits() as usize % 6]).collect();
        text.push(if chance.uniform() < 0.5 { kind.word } else { "order" });
        texts.push(text.join(" "));
    }
    let columns = numbers.into_iter().fold(Columns::new(), |columns, it| columns.numbers("numbers", it));
    columns.categories("categories", categories).texts("texts", texts.iter().map(String::as_str))
}

fn drift(kind: &Kind, rows: usize) -> Compared {
    let mut chance = Chance::new(11);
    let (reference, current) = (records(&mut chance, rows, &SAME), records(&mut chance, rows, kind));
    compare::<Drift>(&json!({}), &reference, &current).unwrap()
}

/// The input that moved most.
fn first(outcome: &Compared) -> &str {
    let most = outcome.details.iter().find(|it| it.name == "moved").unwrap();
    &most.labels[0].1
}

#[test]
fn it_describes_itself() {
    describes_itself::<Plugin>();
}

#[test]
fn drift_of_any_kind_is_seen() {
    let quiet = drift(&SAME, 800);
    assert!((quiet.statistic - 0.5).abs() < 0.05 && quiet.p_value.unwrap() > 0.01, "{quiet:?}");
    for (what, field, kind) in [
        ("level", "numbers", Kind { shift: 0.5, ..SAME }),
        ("spread", "numbers", Kind { spread: 2.0, ..SAME }),
        ("numbers that no longer go together", "numbers", Kind { together: -0.8, ..SAME }),
        ("categories", "categories", Kind { categories: [0.2, 0.5], ..SAME }),
        ("words", "texts", Kind { word: "refund", ..SAME }),
    ] {
        let loud = drift(&kind, 800);
        assert!(loud.statistic > 0.57 && loud.p_value.unwrap() < 1e-5, "{what}: {loud:?}");
        assert_eq!(first(&loud), field, "{what}: {loud:?}");
        assert!(loud.explanation.clone().unwrap().contains(field), "{what}: {loud:?}");
    }
    let apart = drift(&Kind { shift: 20.0, ..SAME }, 200);
    assert!(apart.statistic > 0.99, "{apart:?}");
}

#[test]
fn categories_alone_are_weighed_by_how_often_they_occur() {
    let column = |counts: [usize; 3]| {
        let texts = counts.iter().zip(["a", "b", "c"]).flat_map(|(n, it)| std::iter::repeat_n(it, *n));
        Columns::new().categories("categories", texts)
    };
    let (reference, current) = (column([5000, 3000, 2000]), column([2500, 1500, 1000]));
    let quiet = compare::<Drift>(&json!({}), &reference, &current).unwrap();
    assert!(quiet.p_value.unwrap() > 0.001 && (quiet.statistic - 0.5).abs() < 0.03, "{quiet:?}");
    assert_eq!(value(&quiet.details, "reference_rows"), Some(10_000.0));
    let loud = compare::<Drift>(&json!({}), &reference, &column([1000, 1500, 2500])).unwrap();
    // By hand: ranked by a, b, c the area is P(c > a or b) + P(b > a) + half the ties.
    let (p, q) = ([0.5, 0.3, 0.2], [0.2, 0.3, 0.5]);
    let area = q[2] * (p[0] + p[1]) + q[1] * p[0] + (p[0] * q[0] + p[1] * q[1] + p[2] * q[2]) / 2.0;
    assert!((loud.statistic - area).abs() < 0.02, "{} is not {area}", loud.statistic);
}

#[test]
fn it_alarms_about_as_often_as_it_says() {
    let sizes = [(100, 100, 200), (100, 500, 100), (500, 100, 100), (500, 500, 100), (2000, 500, 40), (2000, 2000, 25)];
    let (mut all, mut rounds_of_all) = (0, 0);
    for (n, m, rounds) in sizes {
        let mut chance = Chance::new(1000 + n as u64 * 7 + m as u64);
        let mut alarms = 0;
        for _ in 0..rounds * scale() {
            let (reference, same) = (records(&mut chance, n, &SAME), records(&mut chance, m, &SAME));
            let outcome = compare::<Drift>(&json!({}), &reference, &same).unwrap();
            alarms += usize::from(outcome.p_value.unwrap() < 0.05);
        }
        println!("{n}/{m}: {:.3}", alarms as f64 / (rounds * scale()) as f64);
        (all, rounds_of_all) = (all + alarms, rounds_of_all + rounds * scale());
    }
    let rate = all as f64 / rounds_of_all as f64;
    assert!((0.025..0.08).contains(&rate), "{rate} of the windows alarm without drift at level 0.05");
}

/// `ROUNDS=10` measures ten times as long.
fn scale() -> usize {
    std::env::var("ROUNDS").ok().and_then(|it| it.parse().ok()).unwrap_or(1)
}

/// Rows that repeat, in windows of unlike sizes, of which little can be kept.
#[test]
fn rows_that_repeat_are_no_drift() {
    let mut alarms = 0;
    for round in 0..100 {
        let mut chance = Chance::new(round);
        let mut window = |rows: usize| {
            let number = |chance: &mut Chance| {
                if chance.uniform() < 0.3 { 1.5 + (round % 7) as f64 } else { (chance.normal() * 200.0).round() / 10.0 }
            };
            Columns::new().numbers("numbers", (0..rows).map(|_| number(&mut chance)))
        };
        let (reference, same) = (window(5000), window(1000));
        let outcome = compare::<Drift>(&json!({ "sample": 200 }), &reference, &same);
        alarms += usize::from(outcome.is_ok_and(|it| it.p_value.unwrap() < 0.05));
    }
    assert!(alarms <= 12, "{alarms} of 100 windows alarm without drift at level 0.05");
}

#[test]
fn windows_merge_exactly() {
    let mut chance = Chance::new(5);
    let columns = records(&mut chance, 600, &SAME);
    drift_test_laws::<Drift>(&json!({ "sample": 150 }), &columns, 0.0);
    let repeating = Columns::new()
        .numbers("numbers", (0..900).map(|it| f64::from(it % 7)))
        .categories("categories", (0..900).map(|it| ["a", "b"][it % 2]));
    drift_test_laws::<Drift>(&json!({}), &repeating, 0.0);
}

#[test]
fn nothing_to_compare_is_no_fault() {
    let few = Columns::new().numbers("numbers", (0..60).map(|it| (it < 49).then_some(f64::from(it))));
    let error = compare::<Drift>(&json!({}), &few, &few).unwrap_err();
    assert!(matches!(&error, Error::TooLittle(it) if it.contains("49 rows of the reference")), "{error:?}");
    let unbound = Columns::new();
    let error = compare::<Drift>(&json!({}), &unbound, &unbound).unwrap_err();
    assert_eq!(error, Error::params("bind at least one field to `numbers`, `categories` or `texts`"));
    let still = Columns::new().numbers("numbers", (0..60).map(|_| 3.0));
    let same = compare::<Drift>(&json!({}), &still, &still).unwrap();
    assert_eq!((same.statistic, same.p_value), (0.5, Some(1.0)));
    assert_eq!(value_of(&same.details, "moved", &[("field", "numbers")]), Some(0.0));
}
