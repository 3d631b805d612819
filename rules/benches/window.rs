//! What it costs to store a window: of one record, as a service does for each that it journals, and of many.
//! Compare the times of one run only: `cargo bench -p driftline-rules --bench window`.

#![allow(missing_docs, clippy::unwrap_used)]

use std::sync::LazyLock;

use divan::{Bencher, black_box};
use driftline_rules::codec::{decode, encode};
use driftline_rules::plan::{Options, Plan, compile};
use driftline_rules::run::{self, Fold};
use driftline_rules::samples::Keep;
use driftline_rules::suite;
use driftline_rules::value::Value;
use driftline_rules::window::Window;

/// Three summaries beside three rules on records.
static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    let text = "
- between: {min: 0, max: 1}
  field: confidence
- not_null: {}
  field: intent
- value_lengths_between: {max: 20}
  field: intent
- mean_between: {min: 0.5}
  field: confidence
- max_between: {max: 500}
  field: latency
- unique: {}
  field: id
";
    compile(&suite::read(text).0, &Options { budget: 65_536, ..Options::default() }).0
});

fn window(n: u64) -> Window {
    let mut fold = Fold::new(&PLAN, Keep { values: 0, all_rows: false });
    for number in 0..n {
        let record = Value::Map(vec![
            ("confidence".into(), Value::Num((number * 7919 % 10_007) as f64 / 10_007.0)),
            ("intent".into(), Value::text("refund")),
            ("latency".into(), Value::Num(number as f64 / 3.0)),
            ("id".into(), Value::Str(format!("request-{number}").into())),
        ]);
        let mut cells = vec![Value::Missing; PLAN.shape.width()];
        PLAN.shape.fill(&record, &mut cells);
        run::check(&PLAN, &mut cells, number, 0, &mut fold);
    }
    fold.window
}

const SIZES: [u64; 3] = [1, 1000, 50_000];

#[divan::bench]
fn fold_one_into_a_fresh_window(bencher: Bencher) {
    bencher.bench(|| window(black_box(1)));
}

#[divan::bench(args = SIZES)]
fn write(bencher: Bencher, n: u64) {
    let window = window(n);
    bencher.bench(|| encode(black_box(&window), b"0123456789abcdef"));
}

#[divan::bench(args = SIZES)]
fn read(bencher: Bencher, n: u64) {
    let bytes = encode(&window(n), b"");
    bencher.bench(|| decode(PLAN.expectations.len(), &PLAN.bindings, b"", black_box(&bytes)).unwrap());
}

#[divan::bench]
fn read_one_and_merge(bencher: Bencher) {
    let bytes = encode(&window(1), b"");
    let mut sum = window(0);
    bencher.bench_local(|| {
        let mut one = decode(PLAN.expectations.len(), &PLAN.bindings, b"", black_box(&bytes)).unwrap();
        one.shift(sum.rows);
        sum.merge(one).unwrap();
    });
}

fn main() {
    divan::Divan::from_args().sample_size(20).main();
}
