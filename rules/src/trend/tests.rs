//! P-values without ties are counted over all orders of as many values; with ties they are the normal law's.

use super::*;

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * b.abs().max(1.0)
}

#[test]
fn without_ties_the_law_is_that_of_all_orders() {
    let cases: [(&[f64], i64, f64, f64); 9] = [
        (&[1.0, 2.0, 3.0, 4.0], 6, 2.0 / 24.0, 1.0),
        (&[4.0, 3.0, 2.0, 1.0], -6, 2.0 / 24.0, -1.0),
        (&[1.0, 3.0, 2.0, 4.0], 4, 8.0 / 24.0, 0.75),
        (&[2.0, 1.0, 4.0, 3.0], 2, 18.0 / 24.0, 2.0 / 3.0),
        (&[0.9, 0.91, 0.93, 0.92, 0.95], 8, 10.0 / 120.0, 0.01125),
        (&[0.95, 0.94, 0.945, 0.93, 0.92, 0.9], -13, 12.0 / 720.0, -0.01),
        (&[5.0, 1.0, 4.0, 2.0, 3.0, 6.0, 7.0], 9, 1204.0 / 5040.0, 2.0 / 3.0),
        (&[8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 1.0, 2.0], -26, 16.0 / 40320.0, -1.0),
        (&[3.0, 1.0, 2.0, 4.0, 0.0], -2, 98.0 / 120.0, -5.0 / 12.0),
    ];
    for (values, s, p_value, slope) in cases {
        let found = mann_kendall(values).unwrap();
        assert_eq!((found.n, found.s), (values.len(), s), "{values:?}");
        assert!(close(found.p_value, p_value) && close(found.slope, slope), "{values:?} {found:?}");
        let pairs = values.len() * (values.len() - 1) / 2;
        assert!(close(found.tau, s as f64 / pairs as f64), "{values:?} {found:?}");
    }
}

#[test]
fn ties_and_many_values_are_judged_by_the_normal_law() {
    let cases: [(&[f64], i64, f64, f64, f64); 3] = [
        (&[1.0, 1.0, 2.0, 2.0, 3.0, 3.0], 12, 0.017_118_239_704_790_147, 0.5, 0.894_427_190_999_915_9),
        (&[0.9; 4], 0, 1.0, 0.0, 0.0),
        (&[0.9, 0.9, 0.8, 0.85, 0.7, 0.7, 0.7], -15, 0.017_235_150_132_798_294, -0.04, -0.793_884_186_037_444_7),
    ];
    for (values, s, p_value, slope, tau) in cases {
        let found = mann_kendall(values).unwrap();
        assert_eq!(found.s, s, "{values:?}");
        assert!(close(found.p_value, p_value) && close(found.slope, slope) && close(found.tau, tau), "{found:?}");
    }
    let many: Vec<f64> = (0..40).map(|it| f64::from(it * it).sin()).collect();
    let found = mann_kendall(&many).unwrap();
    assert!(found.s == 34 && close(found.p_value, 0.692_005_310_383_203_7), "{found:?}");
}

#[test]
fn the_laws_meet_where_one_takes_over() {
    let values: Vec<f64> = (0..33).map(|it| f64::from(it * 7 % 33)).collect();
    let found = mann_kendall(&values).unwrap();
    assert!((found.p_value - normal(&values, found.s).p).abs() < 0.01, "{found:?}");
}

#[test]
fn what_is_too_little_or_no_number_has_no_trend() {
    assert_eq!(mann_kendall(&[1.0, 2.0, 3.0]), None);
    assert_eq!(mann_kendall(&[1.0, 2.0, 3.0, f64::NAN]), None);
}
