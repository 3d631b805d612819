//! What it sees, how often it alarms without drift, what is too much, and the laws.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "tests")]

use driftline_plugin::prelude::*;
use driftline_plugin::testing::{compare, describes_itself, drift_test_laws, value};
use driftline_plugin_statistics::Chance;
use ks::{Drift, Plugin};

fn normal(chance: &mut Chance, rows: usize, mean: f64, spread: f64) -> Columns {
    Columns::new().numbers("value", (0..rows).map(|_| Some(mean + spread * chance.normal())))
}

#[test]
fn it_describes_itself() {
    describes_itself::<Plugin>();
}

#[test]
fn a_change_of_level_or_spread_is_seen() {
    let mut chance = Chance::new(1);
    let reference = normal(&mut chance, 2_000, 0.0, 1.0);
    let same = normal(&mut chance, 2_000, 0.0, 1.0);
    let quiet = compare::<Drift>(&json!({}), &reference, &same).unwrap();
    assert!(quiet.statistic < 0.05 && quiet.p_value.unwrap() > 0.01, "{quiet:?}");
    assert_eq!(value(&quiet.details, "reference_rows"), Some(2_000.0));
    // The distance of two normal distributions half a deviation apart, 2 Phi(1/4) - 1, lies in the middle.
    let moved = normal(&mut chance, 2_000, 0.5, 1.0);
    let loud = compare::<Drift>(&json!({}), &reference, &moved).unwrap();
    assert!((loud.statistic - 0.1974).abs() < 0.04 && loud.p_value.unwrap() < 1e-12, "{loud:?}");
    assert!((value(&loud.details, "location").unwrap() - 0.25).abs() < 0.5, "{loud:?}");
    assert!(loud.explanation.unwrap().contains("% fewer values are at most "));
    let wider = normal(&mut chance, 2_000, 0.0, 2.0);
    assert!(compare::<Drift>(&json!({}), &reference, &wider).unwrap().p_value.unwrap() < 1e-12);
}

#[test]
fn it_is_the_test_of_textbooks() {
    // By hand: after 2 the shares are 4/5 and 1/5; the scaled distance is 0.6 * sqrt(2.5) = 0.9487.
    let (reference, current) = ([0.1, 0.5, 1.0, 2.0, 9.0], [1.5, 3.0, 4.0, 5.0, 6.0]);
    let column = |values: [f64; 5]| Columns::new().numbers("value", values.map(Some));
    let found = compare::<Drift>(&json!({ "min_rows": 5 }), &column(reference), &column(current)).unwrap();
    assert!((found.statistic - 0.6).abs() < 1e-15, "{found:?}");
    // The series by hand: 2 (e^-1.8 - e^-7.2 + e^-16.2 - ..).
    let wanted = 2.0 * ((-1.8_f64).exp() - (-7.2_f64).exp() + (-16.2_f64).exp() - (-28.8_f64).exp());
    assert!((found.p_value.unwrap() - wanted).abs() < 1e-12, "{found:?}");
    assert_eq!(value(&found.details, "location"), Some(1.0));
}

#[test]
fn it_alarms_about_as_often_as_it_says() {
    let mut chance = Chance::new(7);
    let rounds = 400;
    for (n, m) in [(50, 50), (500, 100), (500, 500)] {
        let mut alarms = 0;
        for _ in 0..rounds {
            let (reference, same) = (normal(&mut chance, n, 0.0, 1.0), normal(&mut chance, m, 0.0, 1.0));
            alarms += u32::from(compare::<Drift>(&json!({}), &reference, &same).unwrap().p_value.unwrap() < 0.05);
        }
        let rate = f64::from(alarms) / f64::from(rounds);
        println!("{n}/{m}: {rate}");
        assert!((0.015..0.075).contains(&rate), "{n}/{m}: {rate} of the windows alarm without drift at level 0.05");
    }
}

#[test]
fn too_few_is_no_alarm_and_too_many_no_answer() {
    let mut chance = Chance::new(3);
    let (few, many) = (normal(&mut chance, 29, 0.0, 1.0), normal(&mut chance, 200, 0.0, 1.0));
    let refused = compare::<Drift>(&json!({}), &many, &few).unwrap_err();
    assert!(matches!(&refused, Error::TooLittle(why) if why.contains("200 values and the window 29")), "{refused:?}");
    let refused = compare::<Drift>(&json!({ "keep": 199 }), &many, &many).unwrap_err();
    assert!(matches!(&refused, Error::Input(why) if why.contains("at most 199 are kept")), "{refused:?}");
    // What is missing or no number does not count.
    let gaps = Columns::new().numbers("value", [None, Some(f64::NAN), Some(1.0)]);
    let refused = compare::<Drift>(&json!({}), &gaps, &gaps).unwrap_err();
    assert!(matches!(&refused, Error::TooLittle(why) if why.contains("has 1 values")), "{refused:?}");
}

#[test]
fn the_laws_hold() {
    let mut chance = Chance::new(9);
    let values = (0..120).map(|row| (row % 9 > 0).then(|| (chance.normal() * 4.0).round()));
    let columns = Columns::new().numbers("value", values.chain([Some(f64::NAN), Some(f64::INFINITY), Some(-0.0)]));
    drift_test_laws::<Drift>(&json!({ "min_rows": 2 }), &columns, 0.0);
    // Also where parts are kept and the whole is not.
    drift_test_laws::<Drift>(&json!({ "min_rows": 2, "keep": 100 }), &columns, 0.0);
}
