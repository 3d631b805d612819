//! What follows from the definitions; values are compared with libraries in `rules/tests/quality.rs`.

use proptest::prelude::*;

use super::interval::{jackknife, reach, wilson};
use super::isotonic::Isotonic;
use super::*;

fn text(it: &str) -> Label {
    Label::Text(it.to_owned())
}

#[test]
fn what_is_undefined_is_not_zero() {
    let of = |pairs: &[(&str, &str, u64)]| Confusion::of(pairs.iter().map(|(a, b, n)| (text(a), text(b), *n)));
    let never = of(&[("a", "a", 3), ("b", "a", 1)]);
    assert_eq!(never.classes()[1].measure(Measure::Precision), None);
    assert_eq!(never.classes()[1].measure(Measure::Recall), Some(0.0));
    assert_eq!(never.mcc(), None);
    assert_eq!(never.measure(Measure::Precision, Average::Macro), Some(0.375));
    let nothing = of(&[]);
    assert_eq!((nothing.accuracy(), nothing.balanced_accuracy(), nothing.cohen_kappa()), (None, None, None));
    assert_eq!(nothing.measure(Measure::F1, Average::Weighted), None);
    let one = Scores::of([(0.3, true), (0.8, true)]);
    assert_eq!((one.roc_auc(), one.roc_auc_variance(), one.ks_statistic()), (None, None, None));
    assert_eq!(Scores::of([(0.3, false)]).average_precision(), None);
    assert_eq!(Scores::of([]).log_loss(), None);
    assert!(Scores::of([]).calibration(10).is_none() && Scores::of([]).calibration_by_count(10).is_none());
    assert_eq!(Regression::of(&[]), None);
    assert_eq!(Regression::of(&[(1.0, 2.0), (1.0, 0.0)]).and_then(|it| it.r2), None);
    assert!(Isotonic::fit([]).is_none());
}

#[test]
fn numbers_and_flags_of_one_value_are_one_class() {
    let mut labels = [text("b"), Label::Number(10.0), Label::Flag(true), Label::Number(2.0), text("10")];
    labels.sort();
    let told: Vec<_> = labels.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["true", "2", "10", "10", "b"]);
    assert_eq!(Label::Flag(true), Label::Number(1.0));
    assert_ne!(text("1"), Label::Number(1.0));
    assert_eq!(Label::Number(0.0), Label::Number(-0.0));
}

#[test]
fn a_bin_holds_its_upper_edge_however_it_is_rounded() {
    for k in 1..=40_usize {
        for at in 0..=k {
            let edge = at as f64 / k as f64;
            let table = Scores::of([(edge, true), (f64::from_bits(edge.to_bits() + 1).min(1.0), false)]).calibration(k);
            let n: Vec<f64> =
                table.map(|it| it.bins.iter().map(|it| it.n).filter(|it| *it > 0.0).collect()).unwrap_or_default();
            let is_apart = at > 0 && at < k;
            assert_eq!(n.len(), 1 + usize::from(is_apart), "edge {at} of {k}");
        }
    }
}

#[test]
fn intervals_are_those_of_the_books() {
    let z = reach(0.95).unwrap_or_default();
    assert!((z - 1.959_963_984_540_054).abs() < 1e-12);
    // Brown, Cai and DasGupta (2001): Wilson's interval of 0 of 10.
    let (low, high) = wilson(0.0, 10.0, z).unwrap_or_default();
    assert!(low == 0.0 && (high - 0.277_532_8).abs() < 1e-6, "{low} {high}");
    assert_eq!((reach(1.0), reach(f64::NAN), wilson(0.5, 0.0, z)), (None, None, None));
    // Of a share the jackknife is the binomial deviation.
    let confusion = Confusion::of([(text("a"), text("a"), 80), (text("a"), text("b"), 20)]);
    let error = jackknife(&confusion, Confusion::accuracy).unwrap_or_default();
    assert!((error - 0.04).abs() < 1e-7, "{error}");
}

/// The variance shrinks as records are repeated.
#[test]
fn the_area_has_a_variance() {
    let records = |times: usize| {
        let one = [(0.1, false), (0.4, false), (0.35, true), (0.8, true), (0.7, false), (0.9, true)];
        Scores::of(std::iter::repeat_n(one, times).flatten())
    };
    let of = |times| records(times).roc_auc_variance().unwrap_or_default();
    assert!(of(1) > 0.0 && (of(100) / of(10) - 0.1).abs() < 0.02);
    assert_eq!(records(1).roc_auc(), records(7).roc_auc());
}

proptest! {
    #[test]
    fn isotonic_values_increase_and_keep_the_mean(points in prop::collection::vec((0.0..1.0_f64, 0..2_i32), 1..60)) {
        let points: Vec<(f64, f64)> = points.into_iter().map(|(x, y)| ((x * 20.0).round() / 20.0, f64::from(y))).collect();
        let function = Isotonic::fit(points.iter().copied());
        prop_assert!(function.is_some());
        let function = function.unwrap_or_default();
        let at: Vec<f64> = (-5..=25).map(|i| function.at(f64::from(i) / 20.0)).collect();
        prop_assert!(at.windows(2).all(|it| it[0] <= it[1] + 1e-12), "{at:?}");
        let (seen, said): (f64, f64) = points.iter().fold((0.0, 0.0), |sum, it| (sum.0 + it.1, sum.1 + function.at(it.0)));
        prop_assert!((seen - said).abs() < 1e-9);
    }

    /// The area is the share of pairs that stand in the right order.
    #[test]
    fn the_area_counts_pairs(scores in prop::collection::vec((0..8_i32, any::<bool>()), 2..40)) {
        let area = Scores::of(scores.iter().map(|(it, is)| (f64::from(*it), *is))).roc_auc();
        let (mut right, mut pairs) = (0.0, 0.0);
        for (a, _) in scores.iter().filter(|it| it.1) {
            for (b, _) in scores.iter().filter(|it| !it.1) {
                pairs += 1.0;
                right += match a.cmp(b) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
        match area {
            None => prop_assert_eq!(pairs, 0.0),
            Some(it) => prop_assert!((it - right / pairs).abs() < 1e-12),
        }
    }
}
