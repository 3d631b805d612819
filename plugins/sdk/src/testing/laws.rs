//! What must hold for every rule, whatever it measures.

use serde_json::Value;

use super::{Columns, Compared, context, judge, open_check, open_drift_test, open_metric};
use crate::summary::OpenSummary;
use crate::{DriftTest, Measurement, Metric, RecordCheck, Result};

/// Panics unless verdicts depend on nothing but the record: not on its neighbours, its place, or earlier batches.
pub fn record_check_laws<C: RecordCheck>(params: &Value, columns: &Columns) {
    let open = || open_check::<C>(params, columns).unwrap_or_else(|it| panic!("the rule does not open: {it}"));
    let rule = open();
    let judge = |columns: &Columns, most| {
        judge(rule.as_ref(), columns, most).unwrap_or_else(|it| panic!("the rule does not answer: {it}"))
    };
    let whole = judge(columns, u32::MAX);
    for row in 0..columns.len() {
        let alone = judge(&columns.slice(row..row + 1), u32::MAX);
        assert_eq!(alone.verdicts[0], whole.verdicts[row], "row {row} is judged otherwise when it is alone");
        let (left, right) = (columns.slice(0..row), columns.slice(row..columns.len()));
        let parts = [judge(&left, u32::MAX).verdicts, judge(&right, u32::MAX).verdicts].concat();
        assert_eq!(parts, whole.verdicts, "split at row {row} it judges otherwise");
    }
    let few = judge(columns, 1);
    assert_eq!(few.verdicts, whole.verdicts, "the number of findings that are wanted changes the verdicts");
    assert!(few.findings.len() <= 1, "one finding was wanted, {} came", few.findings.len());
    let first = |it: &super::Judged| it.findings.first().map(|it| (it.row, it.code.clone()));
    assert_eq!(first(&few), first(&whole), "the one finding is not the first");
    assert_eq!(judge(columns, u32::MAX).verdicts, whole.verdicts, "asked again it judges otherwise");
}

/// Panics unless merging commutes, associates, has the empty state as neutral, and equals observing everything;
/// numbers may differ by `tolerance`, relative to the greater of 1 and their size.
pub fn metric_laws<M: Metric>(params: &Value, columns: &Columns, tolerance: f64) {
    let open = || open_metric::<M>(params, columns);
    let answer = |summary: &dyn OpenSummary| summary.finish(&context());
    let same = |a: &Vec<Measurement>, b: &Vec<Measurement>| {
        a.len() == b.len()
            && a.iter()
                .zip(b)
                .all(|(a, b)| a.name == b.name && a.labels == b.labels && near(a.value, b.value, tolerance))
    };
    laws(&open, &answer, &same, columns, M::ABOUT.mergeable);
}

/// As [`metric_laws`], for a drift test: each state is compared with that of the first half of the rows.
pub fn drift_test_laws<D: DriftTest>(params: &Value, columns: &Columns, tolerance: f64) {
    let open = || open_drift_test::<D>(params, columns);
    let reference = observed(&open, &columns.slice(0..columns.len() / 2));
    let answer = |summary: &dyn OpenSummary| reference.compare(&context(), summary);
    let same = |a: &Compared, b: &Compared| {
        let p = (a.p_value.unwrap_or(-1.0), b.p_value.unwrap_or(-1.0));
        near(a.statistic, b.statistic, tolerance) && near(p.0, p.1, tolerance)
    };
    laws(&open, &answer, &same, columns, D::ABOUT.mergeable);
}

type Open<'a> = &'a dyn Fn() -> Result<Box<dyn OpenSummary>>;

fn laws<A: std::fmt::Debug>(
    open: Open<'_>,
    answer: &dyn Fn(&dyn OpenSummary) -> Result<A>,
    same: &dyn Fn(&A, &A) -> bool,
    columns: &Columns,
    mergeable: bool,
) {
    let expect = |law: &str, summary: &dyn OpenSummary, wanted: &Result<A>| {
        let got = answer(summary);
        let holds = match (&got, wanted) {
            (Ok(got), Ok(wanted)) => same(got, wanted),
            (Err(got), Err(wanted)) => got == wanted,
            _ => false,
        };
        assert!(holds, "{law}: expected {wanted:?}, got {got:?}");
    };
    let whole = observed(open, columns);
    assert_eq!(whole.rows(), columns.len() as u64, "rows are counted wrongly");
    let wanted = answer(whole.as_ref());
    expect("asked again it answers otherwise", whole.as_ref(), &wanted);
    expect("a saved state is not the same", merged(open, &[whole.as_ref()]).as_ref(), &wanted);
    let empty = observed(open, &columns.slice(0..0));
    expect("the empty state is not neutral", merged(open, &[empty.as_ref(), whole.as_ref()]).as_ref(), &wanted);
    expect("the empty state is not neutral", merged(open, &[whole.as_ref(), empty.as_ref()]).as_ref(), &wanted);

    let thirds = [0, columns.len() / 3, columns.len() * 2 / 3, columns.len()];
    let mut batches = observed(open, &columns.slice(0..0));
    for ends in thirds.windows(2) {
        observe(batches.as_mut(), &columns.slice(ends[0]..ends[1]));
    }
    expect("three batches are not one", batches.as_ref(), &wanted);
    if !mergeable {
        return;
    }
    let [a, b, c] = [0, 1, 2].map(|it| observed(open, &columns.slice(thirds[it]..thirds[it + 1])));
    let (ab, bc) = (merged(open, &[a.as_ref(), b.as_ref()]), merged(open, &[b.as_ref(), c.as_ref()]));
    let all = merged(open, &[a.as_ref(), b.as_ref(), c.as_ref()]);
    assert_eq!(all.rows(), whole.rows(), "merging loses or doubles rows");
    expect("merging is not observing everything", all.as_ref(), &wanted);
    expect("merging does not commute", merged(open, &[c.as_ref(), b.as_ref(), a.as_ref()]).as_ref(), &wanted);
    expect("merging does not associate", merged(open, &[ab.as_ref(), c.as_ref()]).as_ref(), &wanted);
    expect("merging does not associate", merged(open, &[a.as_ref(), bc.as_ref()]).as_ref(), &wanted);
}

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    a == b || (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0)
}

fn observed(open: Open<'_>, columns: &Columns) -> Box<dyn OpenSummary> {
    let mut summary = open().unwrap_or_else(|it| panic!("the rule does not open: {it}"));
    if !columns.is_empty() {
        observe(summary.as_mut(), columns);
    }
    summary
}

fn observe(summary: &mut dyn OpenSummary, columns: &Columns) {
    summary.observe(&columns.batch()).unwrap_or_else(|it| panic!("the rule does not observe: {it}"));
}

fn merged(open: Open<'_>, parts: &[&dyn OpenSummary]) -> Box<dyn OpenSummary> {
    let mut summary = open().unwrap_or_else(|it| panic!("the rule does not open: {it}"));
    for part in parts {
        let state = part.save().unwrap_or_else(|it| panic!("a state is not saved: {it}"));
        summary.merge(&state).unwrap_or_else(|it| panic!("a state is not merged: {it}"));
    }
    summary
}
