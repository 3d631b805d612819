//! Results in Great Expectations' form against those of Great Expectations 1.24.1, at its four levels:
//! the same members in `result`, with the same values.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by its panic, and tells what it left out")]

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use driftline::output::{ResultFormat, gx};
use driftline::places::Places;
use driftline::report::Report;
use driftline_rules::plan::{Options, compile};
use driftline_rules::run::{self, Fold};
use driftline_rules::samples::Keep;
use driftline_rules::{expectation, record, suite};
use serde_json::{Value, json};

const CASES: &str = include_str!("conformance/result_formats.jsonl");

const LEVELS: [(&str, ResultFormat); 4] = [
    ("BOOLEAN_ONLY", ResultFormat::BooleanOnly),
    ("BASIC", ResultFormat::Basic),
    ("SUMMARY", ResultFormat::Summary),
    ("COMPLETE", ResultFormat::Complete),
];

#[test]
fn results_are_those_of_great_expectations() {
    let (mut wrong, mut n_compared) = (Vec::new(), 0);
    let mut absent: BTreeMap<String, usize> = BTreeMap::new();
    for line in CASES.lines().filter(|it| !it.trim().is_empty()) {
        let case: Value = serde_json::from_str(line).unwrap();
        let kind = case["expectation"].as_str().unwrap();
        if expectation::find(kind).is_none() {
            *absent.entry(kind.to_owned()).or_default() += 1;
            continue;
        }
        n_compared += 1;
        wrong.extend(differences(&case));
    }
    println!("{n_compared} cases compared; kinds that are not there: {absent:?}");
    assert!(n_compared > 0);
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

fn differences(case: &Value) -> Vec<String> {
    let id = case["id"].as_str().unwrap();
    let mut document = json!({ "expectations": [{ "type": case["expectation"], "kwargs": case["kwargs"] }] });
    if let Some(types) = case.get("types") {
        document["types"] = types.clone();
    }
    let (suite, mut problems) = suite::read(&document.to_string());
    let (plan, more) = compile(&suite, &Options::default());
    problems.extend(more);
    if !problems.is_empty() {
        return vec![format!("{id}: {problems:?}")];
    }
    let mut fold = Fold::new(&plan, Keep { values: gx::MAX_VALUES, all_rows: true });
    let mut reader = record::Reader::new(&plan.shape, record::Limits::default());
    let mut cells = Vec::new();
    for (i, text) in records(&case["columns"]).iter().enumerate() {
        reader.fill(text, &mut cells).unwrap();
        run::check(&plan, &mut cells, i as u64, 0, &mut fold);
    }
    driftline_rules::page::see_columns(&reader, &mut fold);
    let report = Report {
        plan: &plan,
        suite_file: "suite.json".to_owned(),
        files: Vec::new(),
        numeric: fold.window.held.iter().map(|it| it.numbers_only()).collect(),
        records: fold.window.rows,
        unreadable: 0,
        broken: Vec::new(),
        faults: Vec::new(),
        findings: run::judge(&plan, &fold, 0),
        segments: Vec::new(),
        places: Places::default(),
        elapsed: Duration::ZERO,
        now: 0,
        withheld: Vec::new(),
        distributions: Vec::new(),
    };
    let mut wrong = Vec::new();
    for (name, level) in LEVELS {
        let mut text = Vec::new();
        gx::write(&report, level, &mut text).unwrap();
        let got: Value = serde_json::from_slice(&text).unwrap();
        let (got, expected) = (&got["results"][0], &case["levels"][name]);
        if got["success"] != expected["success"] {
            wrong.push(format!("{id} {name}: success {}, not {}", got["success"], expected["success"]));
        }
        compare(&format!("{id} {name}"), &got["result"], &expected["result"], &mut wrong);
    }
    wrong
}

/// The columns as lines of NDJSON.
fn records(columns: &Value) -> Vec<String> {
    let columns = columns.as_object().unwrap();
    let n_rows = columns.values().filter_map(|it| it.as_array()).map(Vec::len).max().unwrap_or(0);
    let row = |i: usize| {
        let cells = columns.iter().map(|(name, values)| (name.clone(), values[i].clone()));
        Value::Object(cells.collect()).to_string()
    };
    (0..n_rows).map(row).collect()
}

fn compare(place: &str, got: &Value, expected: &Value, wrong: &mut Vec<String>) {
    let names: HashSet<&String> =
        [got, expected].into_iter().filter_map(Value::as_object).flat_map(|it| it.keys()).collect();
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort();
    for name in names {
        match (got.get(name), expected.get(name)) {
            (Some(a), Some(b)) if same(a, b) => {}
            // Python lists a set in the order of its hashes, which is nobody's.
            (Some(Value::Array(a)), Some(Value::Array(b)))
                if place.contains("_distinct_values_") && name == "partial_unexpected_list" && same_set(a, b) => {}
            (Some(a), Some(b)) => wrong.push(format!("{place}: {name} is {a}, not {b}")),
            (Some(a), None) => wrong.push(format!("{place}: {name} should not be there, is {a}")),
            (None, Some(b)) => wrong.push(format!("{place}: {name} is not there, should be {b}")),
            (None, None) => {}
        }
    }
}

fn same_set(a: &[Value], b: &[Value]) -> bool {
    a.len() == b.len() && a.iter().all(|it| b.iter().any(|other| same(it, other)))
}

/// Equality; numbers by their value, since pandas makes a column of integers with nulls one of floats.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, it)| b.get(name).is_some_and(|b| same(it, b)))
        }
        _ => a == b,
    }
}
