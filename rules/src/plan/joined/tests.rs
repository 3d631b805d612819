#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

use crate::binder::Side;
use crate::codec::encode;
use crate::kind::Check;
use crate::plan::{Options, Plan, compile};
use crate::record::{Limits, Reader};
use crate::run::{self, Fold};
use crate::samples::Keep;
use crate::suite::read;
use crate::time::Timestamp;
use crate::value::Value;

const SUITE: &str = "
record: { id: id, prediction: intent, score: p }
predictions: { keep: [country] }
types: { label.value: number }
segments: [region]
expectations:
- { field: intent, not_null: {} }
- { field: p, mean_between: { min: 0, max: 1 } }
- accuracy: { min: 0.5, min_records: 1 }
- { field: p, mean_between: { min: 0, max: 1 }, when: label.truth == \"a\" }
- { field: label.value, sum_between: { min: 10 } }
- { field: label.value, between: { min: 0 } }
- { field: p, mean_between: { min: 0, max: 1 }, when: channel == \"web\" }
- label_coverage: { min: 0.5 }
";

fn plan(labels_come_later: bool) -> Plan {
    let (plan, problems) = compile(&read(SUITE).0, &Options { labels_come_later, ..Options::default() });
    assert!(problems.is_empty(), "{problems:?}");
    plan
}

fn fold(plan: &Plan) -> Fold {
    Fold::new(plan, Keep { values: 0, all_rows: false })
}

fn cells<'r>(plan: &Plan, record: &'r str) -> Vec<Value<'r>> {
    let mut cells = Vec::new();
    Reader::new(&plan.shape, Limits::default()).fill(record, &mut cells).unwrap();
    cells
}

const RECORDS: [(&str, &str); 4] = [
    (r#""id": 1, "intent": "a", "p": 0.25, "region": "eu""#, r#"{"truth": "a", "value": "7.5"}"#),
    (r#""id": 2, "intent": "b", "p": 0.5, "channel": "web""#, r#"{"truth": "a", "value": -1}"#),
    (r#""id": 3, "intent": "b", "p": 0.75"#, "null"),
    (r#""intent": "b", "p": 1"#, r#"{"truth": "b"}"#),
];

#[test]
fn what_reads_a_label_is_about_labels_and_its_summaries_are_its_own() {
    let plan = plan(true);
    let sides: Vec<_> = plan.expectations.iter().skip(plan.n_implicit).map(|it| it.side).collect();
    let (record, label) = (Side::Record, Side::Label);
    assert_eq!(sides, [record, record, label, label, label, label, record, record]);
    let kept: Vec<_> = plan.predictions.as_ref().unwrap().fields.iter().map(|it| it.0.as_str()).collect();
    assert_eq!(kept, ["intent", "p", "region", "country"], "not `channel`, which no expectation on labels reads");
}

#[test]
fn records_and_labels_that_come_apart_make_the_window_of_records_with_labels() {
    let (apart, at_once) = (plan(true), plan(false));
    let (mut records, mut labels, mut whole) = (fold(&apart), fold(&apart), fold(&at_once));
    for (i, (members, label)) in RECORDS.into_iter().enumerate() {
        let record = format!("{{{members}, \"label\": {label}}}");
        run::check(&at_once, &mut cells(&at_once, &record), i as u64, 0, &mut whole);
        run::check(&apart, &mut cells(&apart, &record), i as u64, 0, &mut records);
        let mut joined = cells(&apart, &record);
        if apart.predictions.as_ref().is_some_and(|it| it.keeps(&joined) && it.is_labelled(&joined)) {
            run::join(&apart, &mut joined, i as u64, 0, &mut labels);
        }
    }
    assert_eq!((records.window.rows, records.window.logged, records.window.joined), (4, 3, 0));
    assert_eq!((labels.window.rows, labels.window.joined), (0, 2));
    records.window.merge(labels.window).unwrap();
    records.window.waited = Timestamp::MAX;
    records.window.columns = whole.window.columns.clone();
    // What checking says of types it says of records as they come, where a label is not there yet.
    let all = records.window.tallies.iter_mut().zip(&whole.window.tallies).zip(&at_once.expectations);
    for ((mine, theirs), _) in all.filter(|it| matches!(it.1.check, Check::Converted(_))) {
        assert_ne!(mine, theirs);
        mine.clone_from(theirs);
    }
    assert_eq!(encode(&records.window, b""), encode(&whole.window, b""));
    let statuses = |plan: &Plan, fold: &Fold| {
        run::judge(plan, fold, 0)
            .into_iter()
            .skip(plan.n_implicit)
            .map(|it| it.judgement.status.name())
            .collect::<Vec<_>>()
    };
    assert_eq!(statuses(&at_once, &whole), ["pass", "pass", "pass", "pass", "fail", "fail", "pass", "pass"]);
}

#[test]
fn without_labels_all_that_reads_them_is_skipped_with_the_reason() {
    let plan = plan(true);
    let mut fold = fold(&plan);
    for (i, (members, label)) in RECORDS.into_iter().enumerate() {
        let record = format!("{{{members}, \"label\": {label}}}");
        run::check(&plan, &mut cells(&plan, &record), i as u64, 0, &mut fold);
        assert!(fold.failed.is_empty());
    }
    fold.window.held.fill(crate::window::Held::default());
    fold.window.columns.see("id", 0, 0);
    let found = run::judge(&plan, &fold, 0);
    let of_labels = found.iter().filter(|it| plan.expectations[it.expectation].side == Side::Label);
    for it in of_labels.clone() {
        let why = it.judgement.why.as_deref().unwrap_or_default();
        assert_eq!((it.judgement.status.name(), why), ("skip", "no label has come for its records yet"));
    }
    assert_eq!(of_labels.count(), 4);
    let coverage = found.last().unwrap();
    assert_eq!(coverage.judgement.why.as_deref(), Some("labels have 24 h after the end of the window"));
}

#[test]
fn the_sample_is_the_same_everywhere_and_about_as_large_as_it_says() {
    let suite = SUITE.replace("predictions: {", "predictions: { sample: 0.1,");
    let (plan, problems) = compile(&read(&suite).0, &Options::default());
    assert!(problems.is_empty(), "{problems:?}");
    let log = plan.predictions.as_ref().unwrap();
    let kept = |i: usize| log.keeps(&cells(&plan, &format!(r#"{{"id": "r{i}"}}"#)));
    let n = (0..10_000).filter(|it| kept(*it)).count();
    assert!((900..1100).contains(&n), "{n}");
    let first: Vec<_> = (0..100).filter(|it| kept(*it)).collect();
    assert_eq!(first.len(), (0..100).filter(|it| kept(*it)).count());
}

#[test]
fn a_log_without_an_id_is_a_problem() {
    let (_, problems) = compile(&read("predictions: {}\nexpectations: []").0, &Options::default());
    let told: Vec<_> = problems.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(told, ["labels are joined by the record's id, and the suite names none"]);
}
