//! What the kinds answer when there are more values than a sketch keeps.

use crate::plan::{Options, compile};
use crate::report::{Judgement, Status};
use crate::run::{self, Fold};
use crate::samples::Keep;
use crate::suite::read;
use crate::value::Value;

const BUDGET: usize = 1_000;

/// Judges records `{"x": of(i)}` for `i` in `0..n` by one entry.
fn judge(entry: &str, n: u64, of: impl Fn(u64) -> f64) -> Judgement {
    let (suite, problems) = read(&format!("- {}", entry.replace('\n', "\n  ")));
    assert!(problems.is_empty(), "{problems:?}");
    let (plan, problems) = compile(&suite, &Options { budget: BUDGET, ..Options::default() });
    assert!(problems.is_empty(), "{problems:?}");
    let mut fold = Fold::new(&plan, Keep { values: 10, all_rows: true });
    for i in 0..n {
        let record = Value::Map(vec![("x".into(), Value::Num(of(i)))]);
        let mut cells = vec![Value::Missing; plan.shape.width()];
        plan.shape.fill(&record, &mut cells);
        run::check(&plan, &mut cells, i, 0, &mut fold);
    }
    let findings = run::judge(&plan, &fold, 0);
    findings[plan.n_implicit].judgement.clone()
}

/// The status of the entry with its bound, for 20,000 records that hold `i / 2`, rounded down.
fn status(entry: &str) -> (Status, bool) {
    let judgement = judge(entry, 20_000, |i| (i / 2) as f64);
    (judgement.status, judgement.error.is_none())
}

#[test]
fn a_bound_within_the_error_of_a_sketch_does_not_fail() {
    // The true median is 4999.5.
    for (entry, expected) in [
        ("field: x\nmedian_between: { min: 4999.5, max: 4999.5 }", Status::Pass),
        ("field: x\nmedian_between: { max: 4980 }", Status::Fail),
        ("field: x\nmedian_between: { min: 5020 }", Status::Fail),
        ("field: x\nquantile_between: { quantile: 0.9, max: 8999.5, min: 8999.5 }", Status::Pass),
        ("field: x\nquantile_between: { quantile: 0.9, max: 8900 }", Status::Fail),
        ("field: x\nquantile_values_between: { quantiles: { 0.5: [4999.5, 4999.5] } }", Status::Pass),
        ("field: x\nquantile_values_between: { quantiles: { 0.5: [0, 4900] } }", Status::Fail),
        ("field: x\nunique_value_count_between: { min: 10000, max: 10000 }", Status::Pass),
        ("field: x\nunique_value_count_between: { max: 5000 }", Status::Fail),
        ("field: x\nproportion_of_unique_values_between: { min: 0.5, max: 0.5 }", Status::Pass),
        ("field: x\nproportion_of_unique_values_between: { min: 0.9 }", Status::Fail),
        ("duplicate_records: { max: 0.5 }", Status::Pass),
        ("duplicate_records: { max: 0.3 }", Status::Fail),
    ] {
        assert_eq!(status(entry), (expected, false), "{entry}");
    }
}

#[test]
fn sums_and_extremes_stay_exact() {
    for entry in [
        "field: x\nsum_between: { min: 99990000, max: 99990000 }",
        "field: x\nmean_between: { min: 4999.5, max: 4999.5 }",
        "field: x\nmin_between: { min: 0, max: 0 }",
        "field: x\nmax_between: { min: 9999, max: 9999 }",
        "field: x\nproportion_of_non_null_values_between: { min: 1 }",
    ] {
        assert_eq!(status(entry), (Status::Pass, true), "{entry}");
    }
}

#[test]
fn what_a_sample_of_the_values_cannot_tell_is_an_error_that_names_the_budget() {
    let judgement = judge("field: x\nmost_common_value_in_set: [1]", 20_000, |i| (i / 2) as f64);
    assert_eq!(judgement.status, Status::Error);
    assert!(judgement.why.is_some_and(|it| it.contains("more than 1000 distinct values")));
    let all: Vec<_> = (0..100).map(|it| it.to_string()).collect();
    let all = all.join(", ");
    let judgement = judge(&format!("field: x\ndistinct_values_contain_set: [{all}]"), 20_000, |i| (i / 2) as f64);
    assert_eq!(judgement.status, Status::Error);
    assert!(judgement.why.is_some_and(|it| it.contains("more than 1000 distinct values")));
    let entry = format!("coverage: {{ field: x, keys: [{all}] }}");
    assert_eq!(status(&entry), (Status::Pass, false));
}

#[test]
fn more_distinct_values_than_a_set_has_room_for_fail_it() {
    for entry in ["field: x\ndistinct_values_in_set: [1, 2, 3]", "field: x\ndistinct_values_equal_set: [1, 2, 3]"] {
        assert_eq!(status(entry), (Status::Fail, false), "{entry}");
    }
}

#[test]
fn outliers_beyond_the_budget_are_counted_but_not_named() {
    let far = |i: u64| if i % 1_000 == 7 { 1e6 } else { 1_000.0 + (i % 100) as f64 };
    for method in ["z_score", "iqr", "mad"] {
        let judgement = judge(&format!("field: x\noutlier_share: {{ method: {method}, max: 0.0005 }}"), 20_000, far);
        assert_eq!(judgement.status, Status::Fail, "{method}");
        assert_eq!(judgement.counts.map(|it| it.unexpected), Some(20), "{method}");
        assert!(judgement.unexpected.is_empty() && judgement.error.is_some(), "{method}");
        let judgement = judge(&format!("field: x\noutlier_share: {{ method: {method}, max: 0.001 }}"), 20_000, far);
        assert_eq!(judgement.status, Status::Pass, "{method}");
    }
}
