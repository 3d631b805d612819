//! No sides and no parameters make a drift test panic, or answer with a probability that is none.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use driftline_rules::drift::{Categories, Numbers, Params, Share, Sides, TESTS};
use serde_json::{Value, json};

fn categories(counts: &[(u64, u64)]) -> Sides {
    let counts = counts.iter().enumerate().map(|(at, it)| (format!("{at:02}"), it.0, it.1)).collect();
    Sides::Categories(Categories { counts, exact: true })
}

fn sides() -> Vec<Sides> {
    let half = u64::MAX / 2;
    let mut all: Vec<Sides> = [
        &[][..],
        &[(0, 0)],
        &[(0, 3)],
        &[(3, 0)],
        &[(1, 0), (0, 1)],
        &[(0, 0), (2, 2)],
        &[(1, 1), (0, 0), (5, 0), (0, 7)],
        &[(half, half), (1, 0)],
        &[(half, 1), (1, half)],
        &[(1 << 40, 1 << 41), (1 << 41, 1 << 40), (1, 0)],
        &[(u64::MAX, u64::MAX), (u64::MAX, 1)],
    ]
    .map(categories)
    .into();
    let samples: [&[f64]; 9] = [
        &[],
        &[1.0],
        &[f64::INFINITY],
        &[f64::NEG_INFINITY, f64::INFINITY, 0.0],
        &[f64::MAX, -f64::MAX],
        &[5e-324, 0.0, -5e-324],
        &[1.0, 1.0, 1.0],
        &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0],
        &[1e300, 1e-300, 1.0],
    ];
    let many: Vec<f64> = (0..64).map(f64::from).collect();
    for a in samples.iter().copied().chain([&many[..]]) {
        for b in samples.iter().copied().chain([&many[..]]) {
            all.push(Sides::Numbers(Numbers::of(a), Numbers::of(b)));
            let sketch = Numbers { error: 0.01, integers: true, ..Numbers::of(b) };
            all.push(Sides::Numbers(Numbers::of(a), sketch));
        }
    }
    let heavy = Numbers { sorted: vec![(1.0, 1 << 31), (2.0, 1 << 31)], n: 1 << 32, error: 0.0, integers: true };
    all.push(Sides::Numbers(heavy.clone(), heavy));
    let rows: [Vec<Vec<f64>>; 6] = [
        vec![],
        vec![vec![]],
        vec![vec![1.0, 2.0]],
        vec![vec![f64::NAN, 2.0]],
        vec![vec![1e200, -1e200]; 25],
        (0..25).map(|it| vec![f64::from(it), 0.0]).collect(),
    ];
    for a in &rows {
        all.extend(rows.iter().map(|b| Sides::Vectors(a.clone(), b.clone())));
    }
    let texts = [vec![], vec![String::new(); 30], vec!["ab c".to_owned(); 30]];
    for a in &texts {
        all.extend(texts.iter().map(|b| Sides::Texts(a.clone(), b.clone())));
    }
    for (count, of) in [(0, 0), (0, 5), (5, 5), (6, 5), (u64::MAX, u64::MAX), (3, u64::MAX)] {
        all.push(Sides::Missing(Share { count, of }, Share { count: 1, of: 9 }));
        all.push(Sides::Missing(Share { count: 1, of: 9 }, Share { count, of }));
    }
    all
}

#[test]
fn nothing_panics_and_probabilities_are_such() {
    let mut n_answers = 0;
    let all = sides();
    for test in TESTS {
        for sides in &all {
            let Ok(found) = (test.run)(sides, &Params::default()) else { continue };
            n_answers += 1;
            if let Some(p) = found.p_value {
                assert!((0.0..=1.0).contains(&p), "{}: p = {p} of {sides:?}", test.name);
                let ln_p = found.ln_p_value.unwrap();
                assert!(ln_p <= 0.0 && (ln_p.exp() - p).abs() < 1e-9, "{}: {ln_p} of {p}", test.name);
            }
            let may_be_undefined = test.name == "fisher";
            assert!(may_be_undefined || !found.statistic.is_nan(), "{}: {found:?} of {sides:?}", test.name);
        }
    }
    assert!(n_answers > 500, "{n_answers}");
}

#[test]
fn wrong_parameters_are_errors() {
    let values =
        [json!(null), json!(-1), json!(1e300), json!("what"), json!([]), json!({"a": 1}), json!(true), json!([1, "b"])];
    for test in TESTS {
        for (name, _) in test.params {
            for value in &values {
                let params =
                    Params([((*name).to_owned(), value.clone())].into_iter().collect::<serde_json::Map<_, Value>>());
                for sides in sides().iter().step_by(7) {
                    let _ = (test.run)(sides, &params);
                }
            }
        }
    }
}
