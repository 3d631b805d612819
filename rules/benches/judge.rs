//! What a window costs that is compared with a baseline: folding a value into it, and judging 20 fields of it at its
//! end. `cargo bench -p driftline-rules --bench judge`.

#![allow(missing_docs, clippy::unwrap_used)]

use std::fmt::Write as _;
use std::sync::LazyLock;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use driftline_rules::baseline::Baseline;
use driftline_rules::drift::chance::Chance;
use driftline_rules::plan::{Options, Plan, compile};
use driftline_rules::plugin::Context;
use driftline_rules::run::{self, Fold, References};
use driftline_rules::samples::Keep;
use driftline_rules::suite;
use driftline_rules::value::Value;

const FIELDS: usize = 20;
/// Values of a field that a window keeps before it goes over to a sketch.
const EXACT: usize = 10_000;
const KEEP: Keep = Keep { values: 0, all_rows: false };

/// 20 fields with what is named as the test of each.
fn plan(test: &str) -> Plan {
    let text = (0..FIELDS).fold(String::new(), |mut text, field| {
        let _ = writeln!(text, "- {{ field: f{field}, stable: {{ {test} }} }}");
        text
    });
    compile(&suite::read(&text).0, &Options { budget: EXACT, ..Options::default() }).0
}

static CHOSEN: LazyLock<Plan> = LazyLock::new(|| plan(""));

fn cells(chance: &mut Chance, whole: bool) -> Vec<Value<'static>> {
    let mut one = || {
        let drawn = (0..4).map(|_| chance.below(1 << 20) as f64).sum::<f64>() / f64::from(1 << 20);
        Value::Num(if whole { (drawn * 3.0).floor() } else { drawn })
    };
    (0..FIELDS).map(|_| one()).collect()
}

fn window(plan: &Plan, n: usize, seed: u64) -> Fold {
    let mut chance = Chance::new(seed);
    let mut fold = Fold::new(plan, KEEP);
    for number in 0..n {
        run::check(plan, &mut cells(&mut chance, false), number as u64, 0, &mut fold);
    }
    fold
}

/// One record of 20 numbers; what is told is the time of a value.
#[divan::bench(args = [1000, 50_000])]
fn fold_a_value(bencher: Bencher, n: usize) {
    let mut chance = Chance::new(7);
    // Checking leaves cells as they are where the suite declares no types.
    let mut rows: Vec<_> = (0..1000).map(|_| cells(&mut chance, false)).collect();
    let mut fold = window(&CHOSEN, n, 1);
    let mut number = n as u64;
    bencher.counter(ItemsCount::new(FIELDS * rows.len())).bench_local(|| {
        for row in &mut rows {
            number += 1;
            run::check(&CHOSEN, row, number, 0, &mut fold);
        }
    });
}

/// The test and how many values the window has: up to 10,000 they are kept, beyond there is a sketch on both sides.
#[divan::bench(args = [("", 1000), ("", 100_000), ("test: ks", 100_000), ("test: wasserstein_normed", 100_000), ("test: mann_whitney", 100_000)])]
fn judge_20_fields(bencher: Bencher, (test, n): (&str, usize)) {
    let plan = plan(test);
    let reference = window(&plan, 100_000, 2);
    let baseline = Baseline::of_window(&plan.bindings, &reference.window);
    let fold = window(&plan, n, 3);
    let references = References { baseline: Some(&baseline), ..References::default() };
    bencher.bench_local(|| run::judge_against(&plan, black_box(&fold), 0, &Context::default(), references));
}

fn main() {
    divan::Divan::from_args().sample_count(30).main();
}
