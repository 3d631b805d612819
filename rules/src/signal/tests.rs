use std::borrow::Cow;

use super::*;
use crate::family::Sample;
use crate::plan::segments::text;
use crate::plan::{Options, Plan, compile};
use crate::record::{Limits, Reader};
use crate::row::Row;
use crate::run::{self, Fold};
use crate::samples::Keep as Samples;
use crate::suite::read;
use crate::suite::signals::On;
use crate::value::Value;

pub(super) fn plan(text: &str) -> Plan {
    let (suite, problems) = read(text);
    assert_eq!(problems, []);
    let (plan, problems) = compile(&suite, &Options::default());
    assert_eq!(problems, []);
    plan
}

fn all<'v>(_: &str, value: &'v Value) -> Cow<'v, str> {
    text(value)
}

/// Checks records and applies what they add, each at the second of its number; those with a label as labelled, too.
pub(super) fn board_at(plan: &Plan, records: &[(u64, &str)]) -> Board {
    let mut board = Board::new(&plan.signals);
    let mut reader = Reader::new(&plan.shape, Limits::default());
    let mut fold = Fold::new(plan, Samples { values: 0, all_rows: false });
    let mut noted = Noted::default();
    for (n, record) in records {
        let moment = Moment { at: *n as i64 * 1_000_000, number: *n };
        let mut cells = Vec::new();
        noted.clear();
        if reader.fill(record, &mut cells).is_err() {
            run::unreadable("no", *n, &mut fold);
            let seen = Seen { is_unreadable: true, failed: &fold.failed, ..Seen::default() };
            note(plan, &Row { cells: &[], number: *n, now: 0 }, &seen, &all, &mut noted);
        } else {
            run::check(plan, &mut cells, *n, 0, &mut fold);
            let row = Row { cells: &cells, number: *n, now: 0 };
            note(plan, &row, &Seen { failed: &fold.failed, ..Seen::default() }, &all, &mut noted);
            if plan.predictions.as_ref().is_some_and(|it| it.is_labelled(&cells)) {
                note(plan, &row, &Seen { on: On::Labels, ..Seen::default() }, &all, &mut noted);
            }
        }
        board.apply(&plan.signals, &noted, moment);
    }
    board
}

fn board(plan: &Plan, records: &[&str]) -> Board {
    let numbered: Vec<_> = records.iter().enumerate().map(|(i, it)| (i as u64, *it)).collect();
    board_at(plan, &numbered)
}

fn lines(board: &Board) -> Vec<String> {
    lines_at(board, 0)
}

/// `name{label=value} number`, histograms as counts by bucket and their sum.
fn lines_at(board: &Board, now: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    for family in board.families(now) {
        for series in family.series {
            let labels: Vec<_> = series.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let number = match series.sample {
                Sample::Number(it, _) => it.to_string(),
                Sample::Histogram(it) => format!("{:?} {}", it.counts, it.sum),
            };
            lines.push(format!("{}{{{}}} {number}", family.name, labels.join(",")));
        }
    }
    lines
}

#[test]
fn records_are_counted_by_their_fields_and_by_buckets() {
    let plan = plan(
        "signals:
  - counter: intent_predictions_total
    labels:
      intent: intent
      confidence_bucket: { bucketize: confidence, at: [0.1, 0.5] }
      environment: { value: prod }
  - counter: refunds_total
    when: intent == 'refund'
  - counter: slow_total
    when: { field: latency, between: { min: 1 } }
  - counter: never_total
    when: intent == 'nothing'
",
    );
    let found = board(
        &plan,
        &[
            r#"{"intent": "refund", "confidence": 0.1, "latency": 3}"#,
            r#"{"intent": "refund", "confidence": 0.3}"#,
            r#"{"intent": "pay", "confidence": 0.5}"#,
            r#"{"intent": "pay", "confidence": 0.09}"#,
            r#"{"confidence": "high"}"#,
            "not JSON",
        ],
    );
    assert_eq!(
        lines(&found),
        [
            "intent_predictions_total{intent=,confidence_bucket=,environment=prod} 1",
            "intent_predictions_total{intent=pay,confidence_bucket=<0.1,environment=prod} 1",
            "intent_predictions_total{intent=pay,confidence_bucket=>=0.5,environment=prod} 1",
            "intent_predictions_total{intent=refund,confidence_bucket=0.1-0.5,environment=prod} 2",
            "refunds_total{} 2",
            "slow_total{} 1",
            "never_total{} 0",
        ]
    );
}

#[test]
fn numbers_are_added_made_of_others_and_skipped_where_they_are_missing() {
    let plan = plan(
        "types: { ts: datetime }
signals:
  - counter: cost_dollars_total
    add: { multiply: [usage.tokens, 0.00002] }
  - counter: tokens_total
    as: direction
    each: { input: usage.input, output: usage.output }
  - histogram: length
    of: { length: text }
    buckets: [2, 4]
  - gauge: share
    of: { divide: [usage.output, { sum: [usage.input, usage.output] }] }
  - gauge: last_seen_seconds
    of: ts
",
    );
    let found = board(
        &plan,
        &[
            r#"{"usage": {"tokens": 1000, "input": 600, "output": 400}, "text": "äö", "ts": "1970-01-01T00:01:00Z"}"#,
            r#"{"usage": {"tokens": -1000, "input": 0, "output": 0}, "text": "abcde"}"#,
            r#"{"usage": {"tokens": "many", "output": 7}, "text": ["a", "b", "c"]}"#,
        ],
    );
    assert_eq!(
        lines(&found),
        [
            "cost_dollars_total{} 0.02",
            "tokens_total{direction=input} 600",
            "tokens_total{direction=output} 407",
            "length{} [1, 1, 1] 10",
            "share{} 0.4",
            "last_seen_seconds{} 60",
        ]
    );
    let skipped: Vec<_> = found.lost().iter().map(|it| it.skipped).collect();
    assert_eq!(skipped, [2, 1, 0, 2, 2]);
}

#[test]
fn verdicts_are_counted_by_outcome_and_by_what_failed() {
    let plan = plan(
        "expectations:
  - { field: a, between: { min: 0 }, name: a is positive }
  - { field: b, not_null: {}, severity: warning }
  - { field: c, not_null: {}, severity: info }
signals:
  - { counter: records_total, labels: { verdict: { verdict: outcome } } }
  - { counter: failures_total, labels: { check: { verdict: expectation }, severity: { verdict: severity }, v: version } }
",
    );
    let found = board(
        &plan,
        &[
            r#"{"a": 1, "b": 1, "c": 1, "version": 3}"#,
            r#"{"a": -1, "version": 3}"#,
            r#"{"a": 1}"#,
            r#"{"a": 1, "b": 1}"#,
            "[",
        ],
    );
    assert_eq!(
        lines(&found),
        [
            "records_total{verdict=fail} 1",
            "records_total{verdict=pass} 2",
            "records_total{verdict=unreadable} 1",
            "records_total{verdict=warn} 1",
            "failures_total{check=a is positive,severity=critical,v=3} 1",
            "failures_total{check=b not_null,severity=warning,v=} 1",
            "failures_total{check=b not_null,severity=warning,v=3} 1",
            "failures_total{check=c not_null,severity=info,v=} 2",
            "failures_total{check=c not_null,severity=info,v=3} 1",
            "failures_total{check=readable,severity=critical,v=} 1",
        ]
    );
}

#[test]
fn labels_are_counted_where_the_truth_is_what_was_predicted() {
    let plan = plan(
        "record: { id: id, prediction: intent }
predictions: {}
signals:
  - { counter: scored_total, on: labels, labels: { version: v } }
  - { counter: correct_total, on: labels, when: intent == label.truth, labels: { version: v } }
  - { histogram: value, of: label.value, buckets: [10] }
",
    );
    let found = board(
        &plan,
        &[
            r#"{"id": 1, "v": "a", "intent": "pay", "label": {"truth": "pay", "value": 3}}"#,
            r#"{"id": 2, "v": "a", "intent": "pay", "label": {"truth": "refund", "value": 30}}"#,
            r#"{"id": 3, "v": "a", "intent": "pay"}"#,
        ],
    );
    assert_eq!(lines(&found), ["scored_total{version=a} 2", "correct_total{version=a} 1", "value{} [1, 1] 33"]);
    let kept: Vec<_> = plan.predictions.iter().flat_map(|it| &it.fields).map(|it| it.0.as_str()).collect();
    assert_eq!(kept, ["v", "intent"]);
}

#[test]
fn a_gauge_shows_the_last_or_the_last_while() {
    let gauge = |rest: &str| plan(&format!("signals: [{{gauge: quality, of: q{rest}}}]"));
    let numbered = |all: &[(u64, f64)]| -> Vec<(u64, String)> {
        all.iter().map(|(at, it)| (*at, format!("{{\"q\": {it}}}"))).collect()
    };
    let records = numbered(&[(0, 9.0), (100, 1.0), (200, 2.0), (390, 6.0)]);
    let records: Vec<(u64, &str)> = records.iter().map(|it| (it.0, it.1.as_str())).collect();
    for (rest, at, shown) in [
        ("", 10_000, "quality{} 6"),
        (", span: 1h", 400, "quality{} 6"),
        (", span: 1m", 460, ""),
        (", keep: mean, span: 5m", 389, "quality{} 1.5"),
        (", keep: min, span: 5m", 389, "quality{} 1"),
        // Parts of a tenth of the span go as they are over.
        (", keep: mean, span: 5m", 399, "quality{} 4"),
        (", keep: max", 399, "quality{} 6"),
        (", keep: mean, span: 5m", 680, "quality{} 6"),
        (", keep: max", 10_000, ""),
    ] {
        let came: Vec<_> = records.iter().filter(|it| it.0 <= at).copied().collect();
        let found = lines_at(&board_at(&gauge(rest), &came), at as i64 * 1_000_000);
        assert_eq!(found.join(""), shown, "{rest} {at}");
    }
}

#[test]
fn too_many_series_are_counted_together() {
    let plan = plan(
        "signals:
  - { counter: users_total, max_series: 2, labels: { user: user, environment: { value: prod } } }
",
    );
    let records: Vec<String> = (0..10).map(|it| format!("{{\"user\": {}}}", it % 5)).collect();
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let found = board(&plan, &records);
    assert_eq!(
        lines(&found),
        [
            "users_total{user=(other),environment=prod} 6",
            "users_total{user=0,environment=prod} 2",
            "users_total{user=1,environment=prod} 2",
        ]
    );
    assert_eq!(found.lost()[0], Lost { name: "users_total".into(), overflow: 6, skipped: 0 });
}

#[test]
fn long_values_stay_apart_and_keys_cannot_be_forged() {
    let plan = plan("signals: [{counter: x_total, labels: {a: a, b: b}}]");
    let long = "x".repeat(500);
    let records = [
        format!("{{\"a\": \"{long}\", \"b\": \"\"}}"),
        format!("{{\"a\": \"{long}y\", \"b\": \"\"}}"),
        r#"{"a": "1\u00002", "b": ""}"#.to_owned(),
        r#"{"a": "1", "b": "2"}"#.to_owned(),
    ];
    let found = board(&plan, &records.each_ref().map(String::as_str));
    let families = found.families(0);
    assert_eq!(families[0].series.len(), 4);
    assert!(families[0].series.iter().all(|it| it.labels.len() == 2 && it.labels[0].1.chars().count() <= 128));
}

#[test]
fn findings_are_shown_by_segment_and_counted() {
    let plan = plan(
        "windows: { lengths: [1m, 1h] }
segments: [[model, version], region]
record: { id: id, prediction: p }
predictions: {}
expectations:
  - { accuracy: { min: 0.9 } }
  - { field: p, not_null: {} }
signals:
  - { gauge: model_accuracy, finding: accuracy, labels: { version: { segment: version }, model: { segment: model }, environment: { value: prod } } }
  - { gauge: accuracy, finding: accuracy, length: 60m }
  - { gauge: accuracy_by_segment, finding: accuracy, labels: { segment: { finding: segment }, length: { finding: length } } }
  - { counter: findings_total, on: findings, labels: { check: { finding: expectation }, status: { finding: status } } }
",
    );
    let mut board = Board::new(&plan.signals);
    let accuracy = plan.expectations.iter().position(|it| it.kind_name() == "accuracy").unwrap();
    let mut find = |segment, length, observed, at, is_new| {
        let (mut noted, length) = (Noted::default(), Some(length));
        let found = Found { expectation: accuracy, status: "pass", observed: Some(observed), segment, length, is_new };
        note_found(&plan, &found, &mut noted);
        board.apply(&plan.signals, &noted, Moment { at, number: 0 });
    };
    find("model=m, version=3\\,5", "1m", 0.5, 1, true);
    find("region=eu", "1m", 0.6, 1, true);
    find("", "1m", 0.7, 2, true);
    find("", "1m", 0.1, 1, false);
    find("", "1h", 0.8, 1, false);
    find("region=eu", "1h", 0.2, 2, false);
    assert_eq!(
        lines(&board),
        [
            "model_accuracy{version=3,5,model=m,environment=prod} 0.5",
            "accuracy{} 0.8",
            "accuracy_by_segment{segment=,length=1m} 0.7",
            "accuracy_by_segment{segment=model=m, version=3\\,5,length=1m} 0.5",
            "accuracy_by_segment{segment=region=eu,length=1m} 0.6",
            "findings_total{check=label.truth, p accuracy,status=pass} 3",
        ]
    );
}

#[test]
fn models_that_are_deployed_take_the_place_of_those_that_were() {
    let plan = plan(
        "name: chat
signals:
  - { gauge: deployed_at_seconds, of: { model: deployed_at }, labels: { model: { model: name }, version: { model: version } } }
  - { info: the_version, of: { model: deployed, name: other }, labels: { version: { model: version } } }
  - { info: record_version, labels: { version: v } }
",
    );
    let mut board = board(&plan, &["{\"v\": 3}"]);
    let model = |name: &str, version: &str, suite: Option<&str>| Model {
        name: name.into(),
        version: version.into(),
        suite: suite.map(Into::into),
        at: 5_500_000,
        ..Model::default()
    };
    board.deployed(&plan.signals, "chat", &[model("a", "1", Some("chat")), model("b", "1", None)]);
    board.deployed(&plan.signals, "chat", &[model("a", "2", Some("chat")), model("other", "9", None)]);
    let shown =
        ["deployed_at_seconds{model=a,version=2} 5.5", "the_version{version=9} 1", "record_version{version=3} 1"];
    assert_eq!(lines(&board), shown);
}

#[test]
fn an_exemplar_is_of_the_trace_that_the_record_was_part_of() {
    let plan = plan("{record: {trace_id: ctx}, signals: [{counter: x_total}, {histogram: y, of: y, buckets: [1]}]}");
    let found = board(
        &plan,
        &[
            r#"{"y": 0.5, "ctx": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}"#,
            r#"{"y": 3, "ctx": "0af76519-16cd-43dd-8448-eb211c80319d"}"#,
            r#"{"y": 4, "ctx": "none"}"#,
        ],
    );
    let families = found.families(0);
    let trace = |it: &Option<Exemplar>| it.as_ref().map(|it| (it.trace_id.clone(), it.value));
    let (first, second) =
        ("0af7651916cd43dd8448eb211c80319c".to_owned(), "0af7651916cd43dd8448eb211c80319d".to_owned());
    match (&families[0].series[0].sample, &families[1].series[0].sample) {
        (Sample::Number(3.0, it), Sample::Histogram(of)) => {
            assert_eq!(trace(it), Some((second.clone(), 1.0)));
            assert_eq!(of.exemplars.iter().map(trace).collect::<Vec<_>>(), [Some((first, 0.5)), Some((second, 3.0))]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_new_version_keeps_the_series_of_what_stays() {
    let old = plan(
        "signals: [{counter: a_total, labels: {x: x}}, {histogram: h, of: x, buckets: [1]}, {counter: gone_total}]",
    );
    let new = plan(
        "signals: [{histogram: h, of: x, buckets: [2]}, {counter: a_total, help: Better., when: x > 1, labels: {x: x}}]",
    );
    let mut board = board(&old, &["{\"x\": 1}", "{\"x\": 2}"]);
    board.adopt(&new.signals);
    assert_eq!(lines(&board), ["h{} [0, 0] 0", "a_total{x=1} 1", "a_total{x=2} 1"]);
    assert_eq!(board.families(0)[1].help, "Better.");
    // What the version before still checks counts where it can.
    let late = board_at(&old, &[(3, "{\"x\": 2}")]);
    board.take_up(&late);
    assert_eq!(lines(&board), ["h{} [0, 0] 0", "a_total{x=1} 1", "a_total{x=2} 2"]);
}
