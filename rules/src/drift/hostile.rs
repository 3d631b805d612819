//! Sides and parameters that nobody would choose: there is an answer or a reason, never a panic or a NaN.

use serde_json::json;

use super::{DriftTest, Numbers, Params, Sides, TESTS, Takes, alarm};

fn odd_sides() -> Vec<Numbers> {
    let values: Vec<Vec<f64>> = vec![
        vec![],
        vec![1.0],
        vec![0.0; 7],
        vec![f64::INFINITY, f64::NEG_INFINITY],
        vec![f64::INFINITY; 6],
        vec![f64::MAX, -f64::MAX, f64::MAX, 1.0, 2.0],
        vec![5e-324, 1e-323, 0.0, -5e-324, 1.0, 1e-310],
        (0..9).map(f64::from).collect(),
        (0..300).map(|it| f64::from(it % 11) * 1e150).collect(),
        (0..40).map(|it| 1e16 + f64::from(it)).collect(),
        [vec![0.0; 500], (0..100).map(|it| f64::from(it).sqrt()).collect()].concat(),
    ];
    let mut sides: Vec<Numbers> = values.iter().map(|it| Numbers::of(it)).collect();
    let rough: Vec<Numbers> = sides.iter().map(|it| Numbers { error: 0.001, ..it.clone() }).collect();
    sides.extend(rough);
    let counted =
        |sorted: Vec<(f64, u64)>| Numbers { n: sorted.iter().map(|it| it.1).sum(), sorted, ..Numbers::default() };
    sides.push(counted(vec![(1.0, 1 << 40), (2.0, 3)]));
    sides.push(counted(vec![(-1.0, 1 << 20), (0.5, 1 << 33), (2.0, 1 << 21)]));
    sides
}

fn check(test: &DriftTest, sides: &Sides, params: &Params) {
    let Ok(found) = alarm::run(test, sides, params) else { return };
    let told = || format!("{}: {found:?} of {sides:?} with {params:?}", test.name);
    assert!(!found.statistic.is_nan(), "{}", told());
    assert!(found.p_value.is_none_or(|it| (0.0..=1.0).contains(&it)), "{}", told());
    assert!(found.ln_p_value.is_none_or(|it| it <= 0.0), "{}", told());
    assert!(found.more.values().all(|it| !it.is_nan()), "{}", told());
    let of = |name: &str| found.more.get(name).copied();
    let bounds = of("statistic_low").zip(of("statistic_high")).filter(|_| found.statistic.is_finite());
    if let Some((low, high)) = bounds {
        let close = 1e-9 * (1.0 + found.statistic.abs());
        assert!(low <= found.statistic + close && found.statistic <= high + close, "{}", told());
    }
    assert!(alarm::drifted(test, &found, params).is_ok(), "{}", told());
}

#[test]
fn odd_sides_have_an_answer_or_a_reason() {
    let sides = odd_sides();
    for test in TESTS.iter().filter(|it| it.takes == Takes::Numbers) {
        for params in [json!({}), json!({"infinite": "drop"})] {
            let params = Params(params.as_object().cloned().unwrap_or_default());
            for reference in &sides {
                for current in &sides {
                    check(test, &Sides::Numbers(reference.clone(), current.clone()), &params);
                }
            }
        }
    }
}

#[test]
fn odd_parameters_are_refused_or_harmless() {
    let odd = [
        json!(null),
        json!(-1),
        json!(1e308),
        json!("x"),
        json!([]),
        json!([[1, 2], [null]]),
        json!([0.5, 1]),
        json!(true),
    ];
    let words = [json!("exact"), json!("less"), json!("none"), json!("pooled"), json!("asymptotic")];
    let sides = Sides::Numbers(Numbers::of(&[1.0, 2.0, 3.5, 3.5, 9.0]), Numbers::of(&[2.0, 2.5, 7.0, 8.0, 8.0, 11.0]));
    for test in TESTS.iter().filter(|it| it.takes == Takes::Numbers) {
        let names = test.params.iter().map(|it| it.0).chain(alarm::COMMON.iter().copied());
        for name in names {
            for value in odd.iter().chain(&words) {
                check(test, &sides, &Params([(name.to_owned(), value.clone())].into_iter().collect()));
            }
        }
    }
}
