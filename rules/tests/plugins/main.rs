//! Rules of plugins behave as built-in ones: suites, records, windows, and what goes wrong.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod native;
mod problems;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use driftline_rules::expectation::plugin::ON_RECORDS;
use driftline_rules::page;
use driftline_rules::plan::{Options, Plan, compile};
use driftline_rules::plugin::Context;
use driftline_rules::report::{Outcome, Status};
use driftline_rules::run::{self, Finding, Fold, References};
use driftline_rules::samples::Keep;
use driftline_rules::suite::read;
use driftline_rules::value::Value;
use native::Native;
use proptest::prelude::*;

fn options() -> Options {
    Options { plugins: Some(Arc::new(Native::default())), max_state: 4_000, ..Options::default() }
}

fn plan(text: &str) -> Plan {
    let (suite, mut problems) = read(text);
    let (plan, more) = compile(&suite, &options());
    problems.extend(more);
    assert_eq!(problems, [], "{text}");
    plan
}

fn fresh(plan: &Plan) -> Fold {
    Fold::new(plan, Keep { values: 5, all_rows: true })
}

fn check(plan: &Plan, record: &str, number: u64, fold: &mut Fold) {
    let mut cells = Vec::new();
    driftline_rules::record::Reader::new(&plan.shape, driftline_rules::record::Limits::default())
        .fill(record, &mut cells)
        .unwrap();
    run::check(plan, &mut cells, number, 0, fold);
}

fn fold(plan: &Plan, records: &[&str]) -> Fold {
    let mut fold = fresh(plan);
    (0..).zip(records).for_each(|(i, it)| check(plan, it, i, &mut fold));
    fold
}

fn own(plan: &Plan, fold: &Fold) -> Vec<Finding> {
    run::judge(plan, fold, 0).split_off(plan.n_implicit)
}

const WORDS: &str = "plugins: { words: words.wasm }\nexpectations:\n";
const NUMBERS: &str = "plugins: { numbers: numbers.wasm }\nexpectations:\n";

#[test]
fn the_page_holds() {
    let wrong = page::run_with(ON_RECORDS.page, &options());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(page::cases(ON_RECORDS.page).len() > 6);
}

#[test]
fn records_are_asked_about_in_batches() {
    let native = Native::default();
    let calls = Arc::clone(&native.calls);
    let (suite, _) = read(&format!("{WORDS}- {{ field: t, shorter-than: {{ chars: 4 }} }}"));
    let (plan, _) = compile(&suite, &Options { plugins: Some(Arc::new(native)), ..Options::default() });
    let mut fold = fresh(&plan);
    for i in 0..3_000 {
        check(&plan, if i % 100 == 0 { r#"{"t":"long enough"}"# } else { r#"{"t":"abc"}"# }, i, &mut fold);
    }
    let found = own(&plan, &fold);
    assert_eq!(calls.load(Ordering::Relaxed), 3);
    assert_eq!(found[0].judgement.counts.unwrap().unexpected, 30);
    assert_eq!(found[0].sample.rows, (0..3_000).step_by(100).collect::<Vec<_>>());
}

#[test]
fn whoever_flushes_is_told_which_records_failed_and_why() {
    let plan = plan(&format!("{WORDS}- {{ field: t, shorter-than: {{ chars: 4 }}, severity: warning }}"));
    let mut fold =
        fold(&plan, &[r#"{"t":"abc"}"#, r#"{"t":"abcd"}"#, r#"{"t":null}"#, r#"{"t":1}"#, r#"{"t":"skip me"}"#]);
    let late = run::flush(&mut fold);
    let told: Vec<_> = late.iter().map(|it| (it.verdict.number, it.verdict.outcome, &it.verdict.value)).collect();
    let [abcd, one] = [Value::text("abcd"), Value::Int(1)];
    assert_eq!(
        told,
        [
            (1, Outcome::Fail, &abcd),
            (2, Outcome::Skip, &Value::Null),
            (3, Outcome::Mismatch, &one),
            (4, Outcome::Skip, &Value::Null)
        ]
    );
    let told = late[0].clone().explain(&plan);
    assert_eq!(told.why.as_deref(), Some("has 4 characters (long)"));
    assert_eq!(told.bound, "each record to satisfy shorter-than {\"chars\":4}");
    assert_eq!(run::flush(&mut fold), []);
    let tally = &fold.window.tallies[late[0].expectation];
    assert_eq!((tally.seen, tally.skipped, tally.failed, tally.mismatched), (5, 2, 1, 1));
    let title = plan.expectations[plan.n_implicit].title();
    assert_eq!(title, "t words.shorter-than");
    let finding = &own(&plan, &fold)[0];
    assert_eq!(finding.judgement.details.get("plugin").and_then(|it| it.get("version")), Some(&Value::text("1.2.0")));
}

#[test]
fn one_record_is_explained_by_itself() {
    let plan = plan(&format!("{WORDS}- {{ field: t, shorter-than: {{ chars: 4 }}, when: n > 1 }}"));
    for (record, outcome, why) in [
        (r#"{"t":"abcd","n":2}"#, Some(Outcome::Fail), Some("has 4 characters (long)")),
        (r#"{"t":"abc","n":2}"#, Some(Outcome::Pass), None),
        (r#"{"t":"abcd","n":1}"#, None, None),
        (r#"{"t":[],"n":2}"#, Some(Outcome::Mismatch), Some("the rule cannot judge a value of type array")),
    ] {
        let mut cells = Vec::new();
        driftline_rules::record::Reader::new(&plan.shape, driftline_rules::record::Limits::default())
            .fill(record, &mut cells)
            .unwrap();
        let told = run::explain(&plan, &cells, 0, &[]).pop().unwrap();
        assert_eq!((told.outcome, told.why.as_deref()), (outcome, why), "{record}");
    }
}

#[test]
fn mostly_and_when_are_the_engines() {
    let plan = plan(&format!(
        "{WORDS}- {{ field: t, shorter-than: {{ chars: 4 }}, mostly: 0.5 }}\n- {{ field: t, shorter-than: {{ chars: 4 }}, when: n > 1 }}\n"
    ));
    let fold = fold(&plan, &[r#"{"t":"abc","n":2}"#, r#"{"t":"abcd","n":1}"#, r#"{"t":null,"n":2}"#]);
    let found = own(&plan, &fold);
    assert_eq!(found[0].judgement.status, Status::Pass);
    assert_eq!(found[1].judgement.status, Status::Pass);
    assert_eq!(found[1].judgement.counts.unwrap().elements, 2);
}

#[test]
fn a_fault_is_an_error_of_that_expectation_alone() {
    let suite = "plugins: { words: words.wasm, broken: broken.wasm }\nexpectations:\n- { field: t, broken.traps: }\n- { field: t, broken.lies: }\n- { field: t, broken.declines: }\n- { field: t, broken.grows: }\n- { field: t, broken.invents: }\n- { field: t, words.shorter-than: { chars: 4 } }\n";
    let plan = plan(suite);
    let mut folded = fold(&plan, &[r#"{"t":"abc"}"#, r#"{"t":"abcd"}"#]);
    let found = own(&plan, &folded);
    let said: Vec<_> =
        found.iter().map(|it| (it.judgement.status, it.judgement.why.clone().unwrap_or_default())).collect();
    for ((status, why), (wanted, part)) in said.iter().zip([
        (Status::Error, "2 of 2 records could not be judged; row 0: plugin `broken` 1.2.0, rule `traps`: reached code"),
        (Status::Error, "rule `lies`: answered with verdicts on fewer than the 2 records that were asked"),
        (Status::Skip, "there is no value to judge"),
        (Status::Error, "plugin `broken` 1.2.0, rule `grows`: its state has 5000 bytes, which is more than the 4000"),
        (Status::Error, "rule `invents`: measured `weight`, which is none of its outputs"),
        (Status::Fail, ""),
    ]) {
        assert!(*status == wanted && why.contains(part), "{status:?} {why}");
    }
    let errors = run::flush(&mut folded);
    assert_eq!(errors.iter().filter(|it| it.verdict.outcome == Outcome::Error).count(), 4);
}

#[test]
fn a_metric_reports_what_broke_its_bound() {
    let plan = plan(&format!(
        "{NUMBERS}- {{ fields: {{ value: v, class: c }}, sums: , expect: {{ share: {{ max: 0.5 }} }} }}"
    ));
    let fold = fold(&plan, &[r#"{"v":1,"c":"a"}"#, r#"{"v":2,"c":"a"}"#, r#"{"v":3,"c":"b"}"#, r#"{"v":"x","c":"b"}"#]);
    let judgement = &own(&plan, &fold)[0].judgement;
    assert_eq!(judgement.status, Status::Fail);
    let Value::List(all) = &judgement.observed else { panic!("{judgement:?}") };
    let broken: Vec<_> = all.iter().filter(|it| it.get("expected").is_some()).collect();
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0].get("labels").and_then(|it| it.get("class")), Some(&Value::text("a")));
    assert_eq!(all[0].get("unit"), Some(&Value::text("EUR")));
    assert_eq!(judgement.details.get("left_out"), Some(&Value::Int(1)));
}

#[test]
fn a_drift_test_compares_with_the_reference() {
    let plan = plan(&format!(
        "{NUMBERS}- {{ field: v, mean-shift: , expect: {{ max: 1 }} }}\n- {{ field: v, mean-shift: , expect: {{ p_value: {{ min: 0.1 }}, moved: {{ max: 9 }} }} }}"
    ));
    let reference = fold(&plan, &[r#"{"v":1}"#, r#"{"v":3}"#]);
    let current = fold(&plan, &[r#"{"v":5}"#]);
    assert_eq!(plan.bindings.sketches.len(), 1, "equal summaries are shared");
    let found = run::judge_against(
        &plan,
        &current,
        0,
        &Context::default(),
        References { window: Some(&reference.window), ..References::default() },
    );
    let [shift, p_value] = [&found[plan.n_implicit].judgement, &found[plan.n_implicit + 1].judgement];
    assert_eq!((shift.status, shift.why.as_deref()), (Status::Fail, Some("statistic is 3, expected at most 1")));
    assert_eq!(shift.details.get("explanation"), Some(&Value::text("the mean moved by 3")));
    assert_eq!(p_value.status, Status::Pass);
    let without = own(&plan, &current);
    assert_eq!(without[0].judgement.status, Status::Skip);
    let empty = run::judge_against(
        &plan,
        &current,
        0,
        &Context::default(),
        References { window: Some(&fresh(&plan).window), ..References::default() },
    );
    assert_eq!(empty[plan.n_implicit].judgement.why.as_deref(), Some("a window is empty"));
}

#[test]
fn what_cannot_be_merged_says_so() {
    let plan = plan(&format!("{NUMBERS}- {{ field: v, last: , expect: {{ max: 3 }} }}"));
    assert!(!plan.is_mergeable());
    let one = fold(&plan, &[r#"{"v":1}"#, r#"{"v":2}"#]);
    let mut two = fold(&plan, &[r#"{"v":1}"#, r#"{"v":2}"#]);
    assert_eq!(own(&plan, &one)[0].judgement.status, Status::Pass);
    let mut empty = fresh(&plan);
    empty.merge(one.clone());
    assert_eq!(own(&plan, &empty)[0].judgement.status, Status::Pass, "nothing and a whole is a whole");
    two.merge(one);
    let judgement = &own(&plan, &two)[0].judgement;
    assert_eq!(judgement.status, Status::Error);
    assert!(judgement.why.as_ref().unwrap().contains("rule `last`: cannot be merged from parts"), "{judgement:?}");
}

/// They are asked about once, whatever the number of segments.
#[test]
fn verdicts_reach_the_segments_that_records_lie_in() {
    use driftline_rules::segments::{Segmented, judge};
    let native = Native::default();
    let calls = Arc::clone(&native.calls);
    let text = format!("segments: [r, [r, s]]\n{WORDS}- {{ field: t, shorter-than: {{ chars: 4 }} }}");
    let (plan, problems) = compile(&read(&text).0, &Options { plugins: Some(Arc::new(native)), ..Options::default() });
    assert_eq!(problems, []);
    let parts: Vec<Segmented> = (0..2)
        .map(|part| {
            let mut part_found = Segmented::new(&plan, Keep { values: 2, all_rows: false });
            for i in (0..3_000_u64).filter(|it| it / 500 % 2 == part) {
                let cell = [Value::text("abc"), Value::text("long enough"), Value::Null, Value::Int(7)];
                let record = Value::Map(vec![
                    ("r".into(), Value::Int((i % 2) as i64)),
                    ("s".into(), Value::Int((i % 3) as i64)),
                    ("t".into(), cell[usize::from(i % 10 == 1) + 2 * usize::from(i % 50 == 4)].clone()),
                ]);
                let mut cells = vec![Value::Missing; plan.shape.width()];
                plan.shape.fill(&record, &mut cells);
                part_found.check(&plan, &mut cells, i, 0);
            }
            part_found
        })
        .collect();
    let (total, segments) = parts
        .into_iter()
        .rev()
        .reduce(|mut a, b| {
            a.merge(b);
            a
        })
        .unwrap()
        .finish(&plan);
    assert!(calls.load(Ordering::Relaxed) <= 6, "{calls:?}");
    let (found, segments) = judge(&plan, &total, segments, None, 0);
    let counts = |it: &Finding| {
        let counts = it.judgement.counts.unwrap();
        (counts.elements, counts.missing.unwrap(), counts.unexpected)
    };
    assert_eq!(counts(found.last().unwrap()), (3_000, 60, 300));
    let said: Vec<_> =
        segments.iter().map(|it| (it.name.as_str(), counts(it.findings.last().unwrap()))).take(3).collect();
    assert_eq!(said, [("r=0", (1_500, 60, 0)), ("r=1", (1_500, 0, 300)), ("r=0, s=0", (500, 20, 0))]);
    let sample = &segments[1].findings.last().unwrap().sample.unexpected;
    assert_eq!(sample.iter().map(|it| it.row).collect::<Vec<_>>(), [1, 11]);
    let rows: u64 = segments.iter().skip(2).map(|it| counts(it.findings.last().unwrap()).2).sum();
    assert_eq!(rows, 300);
}

#[test]
fn a_declared_type_chooses_the_column() {
    let plan = plan(
        "types: { v: float, c: bool }\nplugins: { numbers: numbers.wasm }\nexpectations:\n- { fields: [v, c], sums: , expect: { share: { max: 1 } } }",
    );
    let judgement = own(&plan, &fold(&plan, &[r#"{"v":"1.5","c":"true"}"#, r#"{"v":2,"c":"0"}"#])).remove(0).judgement;
    let Value::List(all) = &judgement.observed else { panic!("{judgement:?}") };
    assert_eq!(all[0].get("value"), Some(&Value::Num(3.0)), "floats come in the column of numbers");
    assert_eq!(all[2].get("labels").and_then(|it| it.get("class")), Some(&Value::text("false")));
}

fn record() -> impl Strategy<Value = String> {
    let word = prop_oneof!["\"[a-c]{1,6}\"", Just("null".to_owned()), Just("7".to_owned())];
    let value = prop_oneof!["-?[1-9][0-9]{0,3}", Just("null".to_owned()), Just("\"x\"".to_owned())];
    (word, value).prop_map(|(t, v)| format!(r#"{{"t":{t},"v":{v}}}"#))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_split_changes_an_answer(
        records in prop::collection::vec(record(), 1..60),
        flushes in prop::collection::vec(any::<bool>(), 60),
        parts in prop::collection::vec(0_usize..3, 60),
        order in Just([0_usize, 1, 2]).prop_shuffle(),
    ) {
        let plan = plan("plugins: { words: words.wasm, numbers: numbers.wasm }\nexpectations:\n- { field: t, shorter-than: { chars: 4 }, mostly: 0.5 }\n- { fields: [t, t], same-words: }\n- { fields: [v, t], sums: , expect: { sum: { max: 10 }, share: { max: 0.4 } } }\n");
        let mut whole = fresh(&plan);
        (0..).zip(&records).for_each(|(i, it)| check(&plan, it, i, &mut whole));
        let mut late = run::flush(&mut whole);

        let mut folds: Vec<Fold> = (0..3).map(|_| fresh(&plan)).collect();
        let mut early = Vec::new();
        for (i, it) in records.iter().enumerate() {
            check(&plan, it, i as u64, &mut folds[parts[i]]);
            if flushes[i] {
                early.extend(run::flush(&mut folds[parts[i]]));
            }
        }
        let mut sum = fresh(&plan);
        for at in order {
            early.extend(run::flush(&mut folds[at]));
            sum.merge(folds[at].clone());
        }
        let key = |it: &run::Late| (it.verdict.number, it.expectation);
        late.sort_by_key(key);
        early.sort_by_key(key);
        prop_assert_eq!(late, early);
        prop_assert_eq!(&whole.window, &sum.window);
        prop_assert_eq!(run::judge(&plan, &whole, 0), run::judge(&plan, &sum, 0));
    }
}
