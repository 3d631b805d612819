//! What is measured on made-up data, how often it alarms without drift, and the laws of all.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "tests")]

use driftline_plugin::prelude::*;
use driftline_plugin::testing::{
    check, compare, describes_itself, drift_test_laws, measure, metric_laws, record_check_laws, value, value_of,
};
use driftline_plugin_statistics::Chance;
use mahalanobis::{NoOutlier, OutlierShare, Plugin, Reference};

/// Points whose numbers go together: each is the first one and a part of its own.
fn points(chance: &mut Chance, rows: usize, size: usize, twist: f64) -> Vec<Vec<f64>> {
    let point = |chance: &mut Chance| {
        let first = chance.normal();
        let other = |_| twist * first + 0.3 * chance.normal();
        std::iter::once(first).chain((1..size).map(other)).collect()
    };
    (0..rows).map(|_| point(chance)).collect()
}

fn columns(points: &[Vec<f64>]) -> Columns {
    let size = points.first().map_or(0, Vec::len);
    (0..size).fold(Columns::new(), |columns, at| columns.numbers("numbers", points.iter().map(|it| it[at])))
}

#[test]
fn it_describes_itself() {
    describes_itself::<Plugin>();
}

#[test]
fn a_twist_is_seen_that_no_number_shows_alone() {
    let mut chance = Chance::new(1);
    let (reference, same) = (points(&mut chance, 800, 2, 1.0), points(&mut chance, 800, 2, 1.0));
    // The same distribution of each number, but they go against each other.
    let twisted = points(&mut chance, 800, 2, -1.0);
    let params = json!({});
    let quiet = compare::<OutlierShare>(&params, &columns(&reference), &columns(&same)).unwrap();
    assert!(quiet.statistic < 0.03 && quiet.p_value.unwrap() > 0.01, "{quiet:?}");
    let loud = compare::<OutlierShare>(&params, &columns(&reference), &columns(&twisted)).unwrap();
    assert!(loud.statistic > 0.5 && loud.p_value.unwrap() < 1e-12, "{loud:?}");
    assert!(value(&loud.details, "mean_distance").unwrap() > 5.0, "{loud:?}");
    assert!(value(&loud.details, "mean_shift").unwrap() < 0.3, "{loud:?}");
    let explained = loud.explanation.unwrap();
    assert!(explained.contains("% of 800 rows are outliers"), "{explained}");
}

#[test]
fn a_shifted_field_is_named_first() {
    let mut chance = Chance::new(2);
    let reference = points(&mut chance, 500, 3, 1.0);
    let shifted: Vec<Vec<f64>> =
        points(&mut chance, 500, 3, 1.0).into_iter().map(|it| vec![it[0], it[1] + 2.0, it[2]]).collect();
    let outcome = compare::<OutlierShare>(&json!({ "top": 1 }), &columns(&reference), &columns(&shifted)).unwrap();
    let shift = value_of(&outcome.details, "shift", &[("field", "numbers")]).unwrap();
    // Two over a standard deviation of the root of 1.09.
    assert!((shift - 2.0 / 1.09_f64.sqrt()).abs() < 0.2, "{shift}");
}

#[test]
fn numbers_that_follow_from_others_do_no_harm() {
    let mut chance = Chance::new(3);
    let mut summed = |rows| -> Vec<Vec<f64>> {
        let points = points(&mut chance, rows, 2, 0.5);
        points.into_iter().map(|it| vec![it[0], it[1], it[0] + it[1], 7.0]).collect()
    };
    let (reference, same, mut broken) = (summed(400), summed(400), summed(400));
    let quiet = compare::<OutlierShare>(&json!({}), &columns(&reference), &columns(&same)).unwrap();
    assert!(quiet.p_value.unwrap() > 0.01, "{quiet:?}");
    for row in broken.iter_mut().take(20) {
        row[2] += 0.1;
    }
    for row in broken.iter_mut().skip(20).take(20) {
        row[3] = 8.0;
    }
    let loud = compare::<OutlierShare>(&json!({}), &columns(&reference), &columns(&broken)).unwrap();
    assert!((0.1..0.13).contains(&loud.statistic), "{loud:?}");
}

#[test]
fn it_alarms_about_as_often_as_it_says() {
    let mut worst: f64 = 0.0;
    for (n, m) in [(100, 100), (500, 100), (500, 500), (2000, 500), (500, 2000)] {
        let mut chance = Chance::new(40 + n as u64 + m as u64);
        let rounds = if n.max(m) > 500 { 100 } else { 200 };
        let mut alarms = 0;
        for _ in 0..rounds {
            let (reference, same) = (points(&mut chance, n, 3, 1.0), points(&mut chance, m, 3, 1.0));
            let params = json!({ "confidence": 0.95 });
            let outcome = compare::<OutlierShare>(&params, &columns(&reference), &columns(&same)).unwrap();
            alarms += usize::from(outcome.p_value.unwrap() < 0.05);
        }
        let rate = alarms as f64 / f64::from(rounds);
        println!("outlier-share {n}/{m}: {rate}");
        worst = worst.max(rate);
    }
    assert!(worst < 0.12, "{worst} of the windows alarm without drift at level 0.05");
}

#[test]
fn the_reference_is_what_no_outlier_wants() {
    let points = [[1.0, 2.0], [2.0, 4.5], [3.0, 5.5], [4.0, 8.0]];
    let columns = Columns::new()
        .numbers("numbers", points.iter().map(|it| Some(it[0])).chain([None, Some(f64::INFINITY)]))
        .numbers("numbers", points.iter().map(|it| Some(it[1])).chain([Some(1.0), Some(1.0)]));
    let measured = measure::<Reference>(&json!({}), &columns).unwrap();
    let means: Vec<f64> = measured.iter().filter(|it| it.name == "mean").map(|it| it.value).collect();
    let covariance: Vec<f64> = measured.iter().filter(|it| it.name == "covariance").map(|it| it.value).collect();
    // By hand: 5/3, 9.5/3, and (9 + 0.25 + 0.25 + 9) / 3.
    assert_eq!(means, [2.5, 5.0]);
    let wanted = [5.0 / 3.0, 9.5 / 3.0, 18.5 / 3.0];
    assert!(covariance.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{covariance:?}");
    assert_eq!(value(&measured, "complete_share"), Some(4.0 / 6.0));
}

#[test]
fn records_far_from_the_mean_fail() {
    let params = json!({ "mean": [1, 2], "covariance": [[4, 3], [3, 9]], "max_distance": 1.388 });
    let columns = Columns::new()
        .numbers("numbers", [Some(3.0), Some(3.01), Some(1.0), None, Some(9.0)])
        .numbers("numbers", [Some(1.0), Some(0.98), Some(2.0), Some(1.0), Some(2.0)]);
    // The first is at the root of 52 / 27, just within.
    let judged = check::<NoOutlier>(&params, &columns).unwrap();
    let wanted = [Verdict::Pass, Verdict::Fail, Verdict::Pass, Verdict::Skip, Verdict::Fail];
    assert_eq!(judged.verdicts, wanted);
    assert_eq!((judged.findings[1].column, judged.findings[1].code.as_str()), (Some(0), "outlier"));
    record_check_laws::<NoOutlier>(&params, &columns);
    let refused = |params: serde_json::Value| match check::<NoOutlier>(&params, &columns) {
        Err(Error::Params(it)) => it,
        other => panic!("{other:?}"),
    };
    for (params, part) in [
        (json!({ "mean": [1], "covariance": [[4, 3], [3, 9]] }), "`mean` has 1 numbers for 2 fields"),
        (json!({ "mean": [1, 2], "covariance": [[4, 3]] }), "not 2 rows of 2 numbers"),
        (json!({ "mean": [1, 2], "covariance": [[4, 3], [2, 9]] }), "row 2, column 1 is not row 1, column 2"),
        (json!({ "mean": [1, 2], "covariance": [[4, 3], [3, 0]] }), "the variance in row 2 is not positive"),
        (json!({ "mean": [1, 2], "covariance": [[4, 6], [6, 9]] }), "raise `ridge`"),
    ] {
        assert!(refused(params).contains(part), "{part}");
    }
}

#[test]
fn windows_merge_exactly() {
    let mut chance = Chance::new(5);
    let mut data = points(&mut chance, 300, 3, 1.0);
    data.iter_mut().skip(200).for_each(|it| it[1] = 1e9 + it[1].round());
    data.extend(data[..60].to_vec());
    drift_test_laws::<OutlierShare>(&json!({ "sample": 100 }), &columns(&data), 0.0);
    metric_laws::<Reference>(&json!({}), &columns(&data), 0.0);
}

#[test]
fn nothing_to_measure_is_no_fault() {
    let none = Columns::new().numbers("numbers", [None, Some(1.0)]);
    let few = compare::<OutlierShare>(&json!({}), &none, &none).unwrap_err();
    assert!(matches!(&few, Error::TooLittle(it) if it.contains("1 rows of the reference")), "{few:?}");
    assert!(matches!(measure::<Reference>(&json!({}), &none).unwrap_err(), Error::TooLittle(_)));
    let still = Columns::new().numbers("numbers", (0..40).map(|_| 3.0));
    let still = compare::<OutlierShare>(&json!({}), &still, &still).unwrap_err();
    assert!(matches!(still, Error::TooLittle(_)), "{still:?}");
}
