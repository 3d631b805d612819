//! What each metric measures, by hand, and the laws of all.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use driftline_plugin::prelude::*;
use driftline_plugin::testing::{describes_itself, measure, metric_laws, value, value_of};
use intent_metrics::{ConfidenceMargin, Confusion, Entropy, OutOfScope, Plugin, Share};

const INTENTS: [Option<&str>; 9] = [
    Some("refund"),
    Some("greeting"),
    None,
    Some("refund"),
    Some("OOS"),
    Some("cancel"),
    Some("refund"),
    Some("greeting"),
    Some("refund"),
];

fn close(value: Option<f64>, wanted: f64) {
    let value = value.unwrap();
    assert!((value - wanted).abs() < 1e-12, "{value}, not {wanted}");
}

#[test]
fn it_describes_itself() {
    describes_itself::<Plugin>();
}

#[test]
fn entropy_is_that_of_the_shares() {
    let wanted: f64 = [4.0, 2.0, 1.0, 1.0].iter().map(|n: &f64| -n / 8.0 * (n / 8.0).ln()).sum();
    for columns in [Columns::new().texts("prediction", INTENTS), Columns::new().categories("prediction", INTENTS)] {
        let measured = measure::<Entropy>(&json!({}), &columns).unwrap();
        close(value(&measured, "entropy"), wanted);
        close(value(&measured, "evenness"), wanted / 4_f64.ln());
        close(value(&measured, "intents"), 4.0);
        metric_laws::<Entropy>(&json!({}), &columns, 0.0);
    }
    let one = measure::<Entropy>(&json!({}), &Columns::new().texts("prediction", ["a", "a"])).unwrap();
    assert!(value(&one, "entropy").unwrap().is_sign_positive(), "a minus sign before 0");
    close(value(&one, "evenness"), 1.0);
}

#[test]
fn a_field_that_is_no_intent_is_refused() {
    let texts: Vec<String> = (0..10_001).map(|it| it.to_string()).collect();
    let columns = Columns::new().texts("prediction", texts.iter().map(String::as_str));
    let error = measure::<Entropy>(&json!({}), &columns).unwrap_err();
    assert!(matches!(&error, Error::Input(it) if it.contains("more than 10000 different intents")), "{error:?}");
}

#[test]
fn shares_are_listed_from_the_most_frequent() {
    let columns = Columns::new().texts("prediction", INTENTS);
    let measured = measure::<Share>(&json!({ "top": 2 }), &columns).unwrap();
    let said: Vec<_> = measured.iter().map(|it| (it.labels.first().map(|it| it.1.as_str()), it.value)).collect();
    assert_eq!(said, [(Some("refund"), 0.5), (Some("greeting"), 0.25), (None, 0.25)]);
    let named = measure::<Share>(&json!({ "intents": ["cancel", "never", "cancel"] }), &columns).unwrap();
    assert_eq!(value_of(&named, "share", &[("intent", "cancel")]), Some(0.125));
    assert_eq!(value_of(&named, "share", &[("intent", "never")]), Some(0.0));
    assert_eq!(value(&named, "others"), Some(0.875));
    metric_laws::<Share>(&json!({ "top": 2 }), &columns, 0.0);
}

#[test]
fn margins_come_from_a_vector_or_two_fields() {
    let params = json!({ "undecided_below": 0.2 });
    let vectors = [Some(vec![0.125, 0.875, 0.0]), None, Some(vec![f32::NAN, 1.0, 0.0]), Some(vec![0.5, 0.375, 0.125])];
    let vectors = Columns::new().vectors("scores", vectors);
    let fields = Columns::new()
        .numbers("first", [Some(0.875), Some(1.0), None, Some(0.5)])
        .numbers("second", [Some(0.125), None, Some(0.5), Some(0.375)]);
    for columns in [vectors, fields] {
        let measured = measure::<ConfidenceMargin>(&params, &columns).unwrap();
        close(value(&measured, "mean_margin"), 0.4375);
        close(value(&measured, "undecided_share"), 0.5);
        metric_laws::<ConfidenceMargin>(&params, &columns, 1e-12);
    }
    let half = measure::<ConfidenceMargin>(&params, &Columns::new().numbers("first", [1.0])).unwrap_err();
    assert_eq!(half, Error::params("bind either `scores`, or both `first` and `second`"));
    let short = measure::<ConfidenceMargin>(&params, &Columns::new().vectors("scores", [vec![1.0]])).unwrap_err();
    assert_eq!(short, Error::input("the vectors of `scores` have 1 scores, two are needed"));
}

#[test]
fn out_of_scope_is_by_name_or_by_score() {
    let columns =
        Columns::new().texts("prediction", INTENTS).numbers("score", [0.9, 0.2, 0.1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]);
    let by_name = measure::<OutOfScope>(&json!({}), &columns).unwrap();
    assert_eq!(value(&by_name, "out_of_scope_share"), Some(0.125));
    let by_both = measure::<OutOfScope>(&json!({ "min_score": 0.5 }), &columns).unwrap();
    assert_eq!(value(&by_both, "out_of_scope_share"), Some(0.25));
    metric_laws::<OutOfScope>(&json!({ "min_score": 0.5 }), &columns, 0.0);
    let unbound = Columns::new().texts("prediction", INTENTS);
    let error = measure::<OutOfScope>(&json!({ "min_score": 0.5 }), &unbound).unwrap_err();
    assert_eq!(error, Error::params("`min_score` needs a field bound to `score`"));
}

#[test]
fn mistakes_are_listed_from_the_most_frequent() {
    let columns = Columns::new()
        .texts("prediction", ["a", "b", "b", "c", "a", "a"].map(Some))
        .texts("label", [Some("a"), Some("a"), Some("a"), Some("a"), Some("b"), None]);
    let measured = measure::<Confusion>(&json!({ "top": 2 }), &columns).unwrap();
    assert_eq!(value(&measured, "accuracy"), Some(0.2));
    assert_eq!(value_of(&measured, "confusion", &[("label", "a"), ("prediction", "b")]), Some(0.4));
    assert_eq!(value_of(&measured, "confusion", &[("label", "a"), ("prediction", "c")]), Some(0.2));
    assert_eq!(measured.len(), 3);
    metric_laws::<Confusion>(&json!({}), &columns, 0.0);
}

#[test]
fn nothing_to_measure_is_no_fault() {
    let none = || Columns::new().texts("prediction", [None]);
    for error in [
        measure::<Entropy>(&json!({}), &none()).unwrap_err(),
        measure::<Share>(&json!({}), &none()).unwrap_err(),
        measure::<OutOfScope>(&json!({}), &none()).unwrap_err(),
        measure::<Confusion>(&json!({}), &none().texts("label", ["a"])).unwrap_err(),
        measure::<ConfidenceMargin>(&json!({}), &Columns::new().vectors("scores", [None])).unwrap_err(),
    ] {
        assert!(matches!(error, Error::TooLittle(_)), "{error:?}");
    }
}
