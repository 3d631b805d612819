//! What signals add to the cost of a record: read and checked, without any and with the six of an intent router.
//! Compare the times of one run only: `cargo bench -p driftline-rules --bench signals`.

#![allow(missing_docs, clippy::unwrap_used)]

use divan::{Bencher, black_box};
use driftline_rules::plan::segments::text;
use driftline_rules::plan::{Options, Plan, compile};
use driftline_rules::record::{Limits, Reader};
use driftline_rules::row::Row;
use driftline_rules::run::{self, Fold};
use driftline_rules::signal::{Board, Moment, Noted, Seen, note};
use driftline_rules::suite;
use driftline_rules::value::Value;

const RECORD: &str = r#"{"id":"r0000184","ts":"2026-03-02T08:15:00Z","text":"how much is on my account","intent":"check_balance","confidence":0.9134,"error":null,"latency_ms":41.5,"model":"router","model_version":"2.3.1","channel":"app","language":"en"}"#;

const CHECKS: &str = "
expectations:
  - { field: id, not_null: {} }
  - { field: confidence, between: { min: 0, max: 1 } }
  - { field: intent, in_set: [transfer_money, check_balance, card_blocked] }
  - { field: latency_ms, between: { min: 0, max: 800 }, mostly: 0.99 }
  - { field: model_version, match_regex: '^[0-9]+[.][0-9]+[.][0-9]+$' }
";

const SIGNALS: &str = "
signals:
  - { counter: predictions_total, labels: { intent: intent, bucket: { bucketize: confidence, at: [0.1, 0.3, 0.5, 0.7, 0.9] } } }
  - { histogram: confidence_score, of: confidence, buckets: [0.1, 0.3, 0.5, 0.7, 0.9], labels: { model: model, version: model_version } }
  - { histogram: duration_seconds, of: { multiply: [latency_ms, 0.001] }, labels: { model: model, version: model_version } }
  - { counter: errors_total, when: error is not null, labels: { type: error } }
  - { counter: records_total, labels: { outcome: { verdict: outcome } } }
  - { info: version, labels: { version: model_version } }
";

fn plan(text: &str) -> Plan {
    let (suite, problems) = suite::read(text);
    assert_eq!(problems, []);
    let (plan, problems) = compile(&suite, &Options::default());
    assert_eq!(problems, []);
    plan
}

fn run(bencher: Bencher, plan: &Plan) {
    let mut reader = Reader::new(&plan.shape, Limits::default());
    let mut fold = Fold::of_records(plan);
    let (mut board, mut noted) = (Board::new(&plan.signals), Noted::default());
    bencher.bench_local(|| {
        let mut cells = Vec::with_capacity(plan.bindings.paths.len());
        reader.fill(black_box(RECORD), &mut cells).unwrap();
        run::check(plan, &mut cells, 0, 0, &mut fold);
        if !plan.signals.is_empty() {
            noted.clear();
            let seen = Seen { failed: &fold.failed, ..Seen::default() };
            note(plan, &Row { cells: &cells, number: 0, now: 0 }, &seen, &|_, it| text(it), &mut noted);
            board.apply(&plan.signals, &noted, Moment::default());
        }
    });
}

#[divan::bench]
fn without(bencher: Bencher) {
    run(bencher, &plan(CHECKS));
}

#[divan::bench]
fn with_six(bencher: Bencher) {
    run(bencher, &plan(&format!("{CHECKS}{SIGNALS}")));
}

/// What a scrape copies and sums up: a thousand series of a counter, and as many of a histogram.
#[divan::bench]
fn families_of_two_thousand_series(bencher: Bencher) {
    let plan = plan("signals: [{ counter: c_total, labels: { id: id } }, { histogram: h, of: n, labels: { id: id } }]");
    let mut board = Board::new(&plan.signals);
    for i in 0..1000 {
        let cells = [Value::Int(i), Value::Num(0.5)];
        let mut noted = Noted::default();
        note(&plan, &Row { cells: &cells, number: 0, now: 0 }, &Seen::default(), &|_, it| text(it), &mut noted);
        board.apply(&plan.signals, &noted, Moment::default());
    }
    bencher.bench_local(|| black_box(&board).clone().families(0));
}

fn main() {
    divan::Divan::from_args().sample_size(200).main();
}
