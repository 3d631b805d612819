//! What segments cost: the time to fold a record once more for each way to divide, and the memory of many segments.
//! Compare the numbers of one run only: `cargo bench -p driftline-rules --bench segments`.

#![allow(missing_docs, clippy::unwrap_used)]

use std::fmt::Write as _;

use divan::{AllocProfiler, Bencher, black_box};
use driftline_rules::plan::{Options, Plan, compile};
use driftline_rules::run::{self, Fold};
use driftline_rules::samples::Keep;
use driftline_rules::segments::Segmented;
use driftline_rules::suite;
use driftline_rules::value::Value;

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

const FIELDS: usize = 20;
const KEEP: Keep = Keep { values: 5, all_rows: false };

/// A suite of one rule on each of twenty fields.
fn plan(segments: &str, rule: &str) -> Plan {
    let mut text = format!("segments: {{ by: {segments}, most: 100000 }}\nexpectations:\n");
    for i in 0..FIELDS {
        let _ = writeln!(text, "- {{ field: f{i}, {rule} }}");
    }
    let text = if segments.is_empty() { text.split_off(text.find("expectations").unwrap()) } else { text };
    let (suite, problems) = suite::read(&text);
    let (plan, more) = compile(&suite, &Options { budget: 65_536, ..Options::default() });
    assert!(problems.is_empty() && more.is_empty(), "{problems:?} {more:?}");
    plan
}

/// Twenty numbers, a region of twelve and one of so many customers.
fn cells(plan: &Plan, number: u64, customers: u64) -> Vec<Value<'static>> {
    let mut seed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut members = vec![
        ("customer".into(), Value::Int((number % customers) as i64)),
        ("region".into(), Value::Str(format!("region-{}", number % 12).into())),
    ];
    for i in 0..FIELDS {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        members.push((format!("f{i}").into(), Value::Num((seed >> 33) as f64 / 1e3)));
    }
    let mut cells = vec![Value::Missing; plan.shape.width()];
    plan.shape.fill(&Value::Map(members), &mut cells);
    cells
}

const RULES: [&str; 3] = ["between: { min: 0 }", "mean_between: { min: 0 }", "stable: {}"];

#[divan::bench(args = RULES)]
fn check_1000_records(bencher: Bencher, rule: &str) {
    let plan = plan("", rule);
    let records: Vec<_> = (0..1000).map(|it| cells(&plan, it, 100)).collect();
    bencher.bench(|| {
        let mut fold = Fold::new(&plan, KEEP);
        for (number, cells) in records.iter().enumerate() {
            run::check(&plan, &mut cells.clone(), number as u64, 0, &mut fold);
        }
        black_box(fold)
    });
}

fn check_by(bencher: Bencher, segments: &str, rule: &str) {
    let plan = plan(segments, rule);
    let records: Vec<_> = (0..1000).map(|it| cells(&plan, it, 100)).collect();
    bencher.bench(|| {
        let mut all = Segmented::new(&plan, KEEP);
        for (number, cells) in records.iter().enumerate() {
            all.check(&plan, &mut cells.clone(), number as u64, 0);
        }
        black_box(all)
    });
}

#[divan::bench(args = RULES)]
fn check_1000_records_by_region(bencher: Bencher, rule: &str) {
    check_by(bencher, "[region]", rule);
}

#[divan::bench(args = RULES)]
fn check_1000_records_by_region_and_both(bencher: Bencher, rule: &str) {
    check_by(bencher, "[region, [region, f0]]", rule);
}

/// The peak is what twenty fields of ten thousand segments of a hundred records hold.
#[divan::bench(args = RULES, sample_count = 1, sample_size = 1)]
fn hold_10000_segments_of_100_records(bencher: Bencher, rule: &str) {
    let plan = plan("[customer]", rule);
    bencher.bench(|| {
        let mut all = Segmented::new(&plan, KEEP);
        for number in 0..1_000_000 {
            all.check(&plan, &mut cells(&plan, number, 10_000), number, 0);
        }
        black_box(all)
    });
}

/// The same of one record each: what a segment costs before it holds anything.
#[divan::bench(args = RULES, sample_count = 1, sample_size = 1)]
fn hold_10000_segments_of_1_record(bencher: Bencher, rule: &str) {
    let plan = plan("[customer]", rule);
    bencher.bench(|| {
        let mut all = Segmented::new(&plan, KEEP);
        for number in 0..10_000 {
            all.check(&plan, &mut cells(&plan, number, 10_000), number, 0);
        }
        black_box(all)
    });
}

fn main() {
    divan::main();
}
