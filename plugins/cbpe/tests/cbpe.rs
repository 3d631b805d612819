//! Against estimates that numpy made (`oracle/make.py`), against labels that were drawn, and the laws of all.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "tests")]

use cbpe::{Binary, Multiclass, Plugin};
use driftline_plugin::Measurement;
use driftline_plugin::prelude::*;
use driftline_plugin::testing::{describes_itself, measure, metric_laws, value, value_of};
use driftline_plugin_statistics::Chance;
use serde_json::Value;

const NAMES: [&str; 5] = ["accuracy", "precision", "recall", "f1", "auc"];

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn floats(it: &Value) -> Vec<f64> {
    it.as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect()
}

fn close(what: &str, got: f64, wanted: f64, tolerance: f64) {
    assert!((got - wanted).abs() <= tolerance, "{what}: {got}, not {wanted}");
}

/// Half the width of the limits in standard deviations of 95 %.
fn deviation(measured: &[Measurement], name: &str) -> f64 {
    let limit = |which: &str| value(measured, &format!("{name}_{which}")).unwrap();
    (limit("high") - limit("low")) / 2.0 / 1.959_963_984_540_054
}

#[test]
fn it_describes_itself() {
    describes_itself::<Plugin>();
}

#[test]
fn binary_is_what_numpy_estimates() {
    let oracle = read(include_str!("oracle/binary.json"));
    let probabilities = floats(&oracle["probabilities"]);
    let columns = Columns::new().numbers("probability", probabilities.iter().copied());
    let params = json!({ "threshold": oracle["threshold"] });
    let measured = measure::<Binary>(&params, &columns).unwrap();
    for name in NAMES {
        let wanted = &oracle["expected"][name];
        // Only the area is taken over bins.
        let tolerance = if name == "auc" { 1e-4 } else { 1e-12 };
        close(name, value(&measured, name).unwrap(), wanted["value"].as_f64().unwrap(), tolerance);
        let drawn = wanted["deviation"].as_f64().unwrap();
        close(&format!("deviation of {name}"), deviation(&measured, name) / drawn, 1.0, 0.05);
    }
    let given = columns.booleans("prediction", probabilities.iter().map(|it| *it >= 0.4));
    assert_eq!(measure::<Binary>(&json!({}), &given).unwrap().len(), 16);
    assert_eq!(value(&measure::<Binary>(&json!({}), &given).unwrap(), "f1"), value(&measured, "f1"));
    metric_laws::<Binary>(&params, &given, 0.0);
}

#[test]
fn multiclass_is_what_numpy_estimates() {
    let oracle = read(include_str!("oracle/multiclass.json"));
    let rows = oracle["vectors"].as_array().unwrap().iter().map(|it| floats(it).iter().map(|it| *it as f32).collect());
    let vectors: Vec<Vec<f32>> = rows.collect();
    let columns = Columns::new().vectors("probabilities", vectors.iter().cloned());
    let params = json!({ "classes": ["a", "b", "c"] });
    let measured = measure::<Multiclass>(&params, &columns).unwrap();
    for name in NAMES {
        let tolerance = if name == "auc" { 1e-3 } else { 1e-12 };
        close(name, value(&measured, name).unwrap(), oracle["expected"][name]["value"].as_f64().unwrap(), tolerance);
    }
    let accuracy = oracle["expected"]["accuracy"]["deviation"].as_f64().unwrap();
    close("deviation of accuracy", deviation(&measured, "accuracy"), accuracy, 1e-12);
    for (at, class) in ["a", "b", "c"].iter().enumerate() {
        for name in ["precision", "recall", "f1"] {
            let got = value_of(&measured, &format!("class_{name}"), &[("class", class)]).unwrap();
            close(name, got, oracle["classes"][at][name]["value"].as_f64().unwrap(), 1e-12);
        }
    }
    let best = |it: &Vec<f32>| (0..3).rev().max_by(|a, b| it[*a].total_cmp(&it[*b])).unwrap();
    let named = columns.categories("prediction", vectors.iter().map(|it| ["a", "b", "c"][best(it)]));
    let given = measure::<Multiclass>(&params, &named).unwrap();
    assert_eq!(value(&given, "accuracy"), value(&measured, "accuracy"));
    metric_laws::<Multiclass>(&params, &named, 0.0);
}

#[test]
fn limits_hold_as_often_as_they_say() {
    let mut chance = Chance::new(3);
    let rounds = 1000;
    let mut within = [0; 5];
    for _ in 0..rounds {
        let probabilities: Vec<f64> = (0..300).map(|_| 1.0 / (1.0 + (-1.5 * chance.normal() + 1.0).exp())).collect();
        let measured =
            measure::<Binary>(&json!({}), &Columns::new().numbers("probability", probabilities.clone())).unwrap();
        let labels: Vec<f64> = probabilities.iter().map(|it| f64::from(u8::from(chance.uniform() < *it))).collect();
        for (count, (name, real)) in within.iter_mut().zip(NAMES.iter().zip(achieved(&probabilities, &labels))) {
            let limit = |which: &str| value(&measured, &format!("{name}_{which}")).unwrap();
            *count += usize::from(limit("low") <= real && real <= limit("high"));
        }
    }
    for (name, count) in NAMES.iter().zip(within) {
        let share = count as f64 / f64::from(rounds);
        println!("{name}: {share} of the windows are within their limits");
        assert!((0.925..0.975).contains(&share), "{name}: {share} of the windows are within limits of 95 %");
    }
}

/// What the labels show.
fn achieved(probabilities: &[f64], labels: &[f64]) -> [f64; 5] {
    let rows = || probabilities.iter().zip(labels);
    let (n, positives) = (labels.len() as f64, labels.iter().sum::<f64>());
    let said: f64 = rows().filter(|it| *it.0 >= 0.5).count() as f64;
    let tp: f64 = rows().filter(|it| *it.0 >= 0.5).map(|it| it.1).sum();
    let right = tp + n - said - (positives - tp);
    let mut sorted: Vec<_> = rows().collect();
    sorted.sort_by(|a, b| a.0.total_cmp(b.0));
    let (mut below, mut ordered) = (0.0, 0.0);
    for (_, label) in sorted {
        ordered += label * below;
        below += 1.0 - label;
    }
    [right / n, tp / said, tp / positives, 2.0 * tp / (said + positives), ordered / positives / (n - positives)]
}

#[test]
fn what_cannot_be_is_left_out() {
    let measured = measure::<Binary>(&json!({}), &Columns::new().numbers("probability", [0.0, 0.0])).unwrap();
    assert_eq!((value(&measured, "accuracy"), value(&measured, "accuracy_low")), (Some(1.0), Some(1.0)));
    for name in ["precision", "recall", "f1", "auc"] {
        assert_eq!(value(&measured, name), None, "{name}");
    }
    let none =
        measure::<Binary>(&json!({}), &Columns::new().numbers("probability", [None, Some(f64::NAN)])).unwrap_err();
    assert_eq!(none, Error::too_little("0 rows have probabilities, 1 are needed"));
    let few =
        measure::<Binary>(&json!({ "min_rows": 3 }), &Columns::new().numbers("probability", [0.5, 0.5])).unwrap_err();
    assert_eq!(few, Error::too_little("2 rows have probabilities, 3 are needed"));
}

#[test]
fn what_is_no_probability_is_left_out_and_counted() {
    let scores = [Some(0.5), Some(1.5), Some(0.75), None, Some(1.000_000_5), Some(f64::INFINITY)];
    let measured = measure::<Binary>(&json!({}), &Columns::new().numbers("probability", scores)).unwrap();
    assert_eq!((value(&measured, "invalid_share"), value(&measured, "accuracy")), (Some(0.4), Some(0.75)));
    metric_laws::<Binary>(&json!({}), &Columns::new().numbers("probability", scores), 0.0);
    let percent = Columns::new().numbers("probability", [45.0, 0.5, 99.0]);
    let percent = measure::<Binary>(&json!({}), &percent).unwrap_err();
    assert!(matches!(&percent, Error::TooLittle(it) if it.contains("2 hold values that are none")), "{percent:?}");

    let multiclass = |vectors: Vec<Vec<f32>>, classes: Vec<&str>| {
        let columns = Columns::new().vectors("probabilities", vectors).texts("prediction", classes);
        measure::<Multiclass>(&json!({ "classes": ["a", "b"] }), &columns)
    };
    let vectors = vec![vec![0.5, 0.5], vec![0.75, 0.25], vec![0.5, 0.25], vec![0.5, 0.5]];
    let measured = multiclass(vectors, vec!["a", "a", "a", "c"]).unwrap();
    assert_eq!((value(&measured, "invalid_share"), value(&measured, "accuracy")), (Some(0.5), Some(0.625)));
    let longer = multiclass(vec![vec![0.5, 0.25, 0.25]], vec!["a"]).unwrap_err();
    assert!(matches!(longer, Error::TooLittle(_)), "{longer:?}");
    let twice = Columns::new().vectors("probabilities", [vec![0.5, 0.5]]);
    let twice = measure::<Multiclass>(&json!({ "classes": ["a", "a"] }), &twice).unwrap_err();
    assert_eq!(twice, Error::params("`classes` names `a` twice"));
}
