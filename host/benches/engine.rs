//! What checking a record costs, against the obvious design: `serde_json::Value`, the `jsonschema` crate
//! and a closure a check. `cargo bench -p driftline --bench engine`.
//!
//! Passes over the same records take turns, and the best of each counts, so that the ratios hold on a busy
//! machine. That is why this is no `divan` bench, which runs one function after the other.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on fails")]

mod data;

use std::hint::black_box;
use std::time::Instant;

use driftline_rules::plan::{self, Options, Plan};
use driftline_rules::record::{Limits, Reader};
use driftline_rules::run::{self, Fold};
use driftline_rules::samples::Keep;
use driftline_rules::suite::read;
use regex::Regex;
use serde_json::Value;

use data::{CHECKS, indented, line, schema};

const N_RECORDS: usize = 2_000;
const N_PASSES: usize = 60;
const KEEP: Keep = Keep { values: 5, all_rows: false };
/// What the ratio to the obvious design must be.
const FLOOR: f64 = 2.5;

const WINDOW_RULES: &str = r"
- { field: prediction.confidence, mean_between: { min: 0, max: 1 } }
- { field: latency_ms, quantile_between: { quantile: 0.99, max: 1000 } }
- { field: features.income, stdev_between: { min: 0 } }
- { field: features.age, median_between: { min: 0 } }
- { field: prediction.label, unique_value_count_between: { max: 10 } }
- row_count_between: { min: 1 }
";

/// A name, the best time so far, and the work.
type Run<'r> = (&'static str, f64, Box<dyn FnMut() + 'r>);

fn main() {
    // `cargo bench` and `cargo test --benches` give arguments of the usual harness, which say nothing here.
    let lines: Vec<String> = (0..N_RECORDS).map(line).collect();
    let bytes = lines.iter().map(String::len).sum::<usize>() / N_RECORDS;
    let with_schema = compile(&format!("schema: {}\nexpectations:{}", schema(), indented(CHECKS)));
    let checks = compile(&format!("expectations:{}", indented(CHECKS)));
    let windows = compile(&format!("expectations:{}{}", indented(CHECKS), indented(WINDOW_RULES)));
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let closures = closures();

    let mut folded = Fold::new(&windows, KEEP);
    pass(&windows, &lines, &mut folded);
    let mut runs: Vec<Run> = vec![
        ("obvious: Value, jsonschema, 10 closures", 0.0, Box::new(|| obvious(&lines, Some(&validator), &closures))),
        ("ours: schema and 10 checks", 0.0, fresh(&with_schema, &lines)),
        ("obvious: Value, 10 closures", 0.0, Box::new(|| obvious(&lines, None, &closures))),
        ("ours: 10 checks", 0.0, fresh(&checks, &lines)),
        ("ours: 10 checks and 6 window rules", 0.0, fresh(&windows, &lines)),
        ("of it: reading alone", 0.0, Box::new(|| reading(&windows, &lines))),
        (
            "judge, 16 rules, a window (all of it, not a record)",
            0.0,
            Box::new(|| {
                black_box(run::judge(&windows, &folded, 0));
            }),
        ),
    ];
    for (_, best, _) in &mut runs {
        *best = f64::INFINITY;
    }
    for _ in 0..N_PASSES {
        for (_, best, run) in &mut runs {
            let started = Instant::now();
            run();
            *best = best.min(started.elapsed().as_secs_f64());
        }
    }
    say(&format!("{N_RECORDS} records of {bytes} bytes, best of {N_PASSES} passes, one thread"));
    for (name, best, _) in &runs {
        if name.starts_with("judge") {
            say(&format!("{:8.1} us           {name}", best * 1e6));
        } else {
            let per_record = best / N_RECORDS as f64;
            say(&format!("{:8.2} us {:8.0} k/s {name}", per_record * 1e6, 1e-3 / per_record));
        }
    }
    let ratio = |a: usize, b: usize| runs[a].1 / runs[b].1;
    say(&format!("with schema and 10 checks: {:.2} times the throughput of the obvious design", ratio(0, 1)));
    say(&format!("with 10 checks: {:.2} times", ratio(2, 3)));
    if ratio(0, 1) < FLOOR {
        say(&format!("that is LESS than the {FLOOR} times that are aimed at"));
    }
}

fn fresh<'a>(plan: &'a Plan, lines: &'a [String]) -> Box<dyn FnMut() + 'a> {
    Box::new(move || pass(plan, lines, &mut Fold::new(plan, KEEP)))
}

fn pass(plan: &Plan, lines: &[String], fold: &mut Fold) {
    let mut reader = Reader::new(&plan.shape, Limits::default());
    let mut cells = Vec::new();
    for (row, line) in lines.iter().enumerate() {
        reader.fill(line, &mut cells).unwrap();
        run::check(plan, &mut cells, row as u64, 0, fold);
    }
    assert_eq!(fold.window.tallies.iter().map(|it| it.failed).sum::<u64>(), 0);
    black_box(fold);
}

fn reading(plan: &Plan, lines: &[String]) {
    let mut reader = Reader::new(&plan.shape, Limits::default());
    let mut cells = Vec::new();
    for line in lines {
        reader.fill(line, &mut cells).unwrap();
        black_box(&cells);
    }
}

type Closure = Box<dyn Fn(&Value) -> bool>;

fn obvious(lines: &[String], validator: Option<&jsonschema::Validator>, closures: &[Closure]) {
    let mut failed = vec![0_u64; closures.len() + 1];
    for line in lines {
        let record: Value = serde_json::from_str(line).unwrap();
        failed[0] += u64::from(validator.is_some_and(|it| !it.is_valid(&record)));
        for (n, closure) in failed[1..].iter_mut().zip(closures) {
            *n += u64::from(!closure(&record));
        }
    }
    assert!(failed.iter().all(|it| *it == 0));
    black_box(failed);
}

fn closures() -> Vec<Closure> {
    let id = Regex::new("^req-[0-9]{8}$").unwrap();
    let one_of = |values: &'static [&'static str], it: &Value| it.as_str().is_some_and(|it| values.contains(&it));
    let within = |min: f64, max: f64, it: &Value| it.as_f64().is_some_and(|it| min <= it && it <= max);
    vec![
        Box::new(|it| !it["id"].is_null()),
        Box::new(move |it| it["id"].as_str().is_some_and(|it| id.is_match(it))),
        Box::new(move |it| one_of(&["transfer", "balance", "blocked", "other"], &it["prediction"]["label"])),
        Box::new(move |it| within(0.0, 1.0, &it["prediction"]["confidence"])),
        Box::new(move |it| one_of(&["2.4.0", "2.4.1"], &it["model"]["version"])),
        Box::new(move |it| within(18.0, 120.0, &it["features"]["age"])),
        Box::new(move |it| within(0.0, f64::INFINITY, &it["features"]["income"])),
        Box::new(|it| !it["features"]["country"].is_null()),
        Box::new(|it| it["text"].as_str().is_some_and(|it| (1..=500).contains(&it.chars().count()))),
        Box::new(|it| it["latency_ms"].as_f64() > it["queue_ms"].as_f64()),
    ]
}

fn compile(suite: &str) -> Plan {
    let (suite, problems) = read(suite);
    assert!(problems.is_empty(), "{problems:?}");
    let (plan, problems) = plan::compile(&suite, &Options::default());
    assert!(problems.is_empty(), "{problems:?}");
    plan
}

#[allow(clippy::print_stdout)]
fn say(line: &str) {
    println!("{line}");
}
