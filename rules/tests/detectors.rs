//! The detectors' answers are those of river 0.26.1 and frouros 0.9.0.
//!
//! `detectors/cases.jsonl` holds streams with what the libraries said. The larger corpus runs too where it is there: in
//! the folder that `DRIFTLINE_CORPUS` names, or in `../shared/conformance` beside the checkout.

#![allow(clippy::disallowed_methods, clippy::print_stderr, reason = "the test, not the engine, reads files and tells")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use driftline_rules::detector::{Detector, find};
use serde_json::{Map, Value, json};

/// What a detector said of a stream, as cases expect it.
fn said(method: &str, params: &Map<String, Value>, stream: &[f64]) -> Value {
    let kind = find(method).unwrap_or_else(|| panic!("no detector {method}"));
    let mut detector = Detector::new(kind, params).unwrap_or_else(|why| panic!("{method}: {why}"));
    let (mut drifts, mut warnings) = (vec![], vec![]);
    for (i, value) in stream.iter().enumerate() {
        let step = detector.update(*value);
        if step.drift {
            drifts.push(i);
        }
        if step.warning {
            warnings.push(i);
        }
    }
    let mut out = json!({
        "drift_indices": drifts, "n_drifts": drifts.len(), "n_warnings": warnings.len(), "first_warning": warnings.first(),
    });
    for (name, value) in detector.figures() {
        out[format!("final_{name}")] = json!(value);
    }
    out
}

/// Where what was said is not what is expected.
fn differences(case: &Value, said: &Value) -> Vec<String> {
    let mut out = vec![];
    for (key, wanted) in case["expected"].as_object().expect("an object") {
        let tolerance = &case["tolerance"][key];
        if key == "first_warning" && is_of_frouros(case) {
            // The corpus has it of frouros' detectors, but does not hold anybody to it.
            continue;
        }
        let same = match (wanted.as_f64(), said[key].as_f64()) {
            (Some(a), Some(b)) => {
                let bound = |it: &str| tolerance[it].as_f64().unwrap_or(0.0);
                (a - b).abs() <= bound("abs") + bound("rel") * a.abs()
            }
            _ => *wanted == said[key],
        };
        if !same {
            out.push(format!("{}: {key} is {}, not {wanted}", case["id"], said[key]));
        }
    }
    out
}

fn is_of_frouros(case: &Value) -> bool {
    case["oracle"].as_str().is_some_and(|it| it.starts_with("frouros"))
}

/// `kswin` draws at random: with river's seeds it finds what river found.
fn of_all_seeds(case: &Value, stream: &[f64]) -> Vec<String> {
    let expected = &case["expected"];
    let n_seeds = expected["detections_by_seed"].as_array().map_or(0, Vec::len);
    let change = expected["change_point"].as_u64();
    let (mut firsts, mut counts) = (vec![], vec![]);
    for seed in 0..n_seeds {
        let mut params = case["params"].as_object().expect("an object").clone();
        params.insert("seed".to_owned(), json!(seed));
        let said = said("kswin", &params, stream);
        let drifts: Vec<u64> =
            said["drift_indices"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
        counts.push(drifts.len());
        if let Some(change) = change {
            firsts.push(drifts.into_iter().find(|it| *it >= change));
        }
    }
    let mut out = vec![];
    for (key, got) in [("detections_by_seed", json!(counts)), ("first_detection_after_change_by_seed", json!(firsts))] {
        if expected[key] != got {
            out.push(format!("{}: {key} is {got}, not {}", case["id"], expected[key]));
        }
    }
    out
}

fn numbers(of: &Value) -> Vec<f64> {
    of.as_array().expect("an array").iter().map(|it| it.as_f64().expect("a number")).collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance");
    let folder = std::env::var_os("DRIFTLINE_CORPUS").map_or_else(beside, PathBuf::from).join("stats");
    Some(folder).filter(|it| it.join("stream.jsonl").exists())
}

/// Runs all cases of a file; how many there were a detector, and what differs.
fn run(path: &Path, stream_of: impl Fn(&Value) -> Vec<f64>) -> (BTreeMap<String, usize>, Vec<String>) {
    let (mut counts, mut wrong) = (BTreeMap::new(), vec![]);
    for line in read(path).lines() {
        let case: Value = serde_json::from_str(line).expect("a case a line");
        let (method, stream) = (case["method"].as_str().expect("a name"), stream_of(&case));
        *counts.entry(method.to_owned()).or_default() += 1;
        wrong.extend(match method {
            "kswin" => of_all_seeds(&case, &stream),
            _ => differences(&case, &said(method, case["params"].as_object().expect("an object"), &stream)),
        });
    }
    (counts, wrong)
}

#[test]
fn answers_are_those_of_the_corpus() {
    let Some(folder) = corpus() else {
        eprintln!("the corpus is not beside the checkout: its cases did not run");
        return;
    };
    let (counts, wrong) = run(&folder.join("stream.jsonl"), |case| match case["stream"]["$ref"].as_str() {
        Some(name) => numbers(&serde_json::from_str(&read(&folder.join(name))).expect("an array")),
        None => numbers(&case["stream"]),
    });
    eprintln!("{counts:?}: {} cases", counts.values().sum::<usize>());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The bits of hexadecimal digits, the first highest.
fn bits(hex: &str, n: usize) -> Vec<f64> {
    let digits = hex.chars().filter_map(|it| it.to_digit(16));
    digits.flat_map(|it| (0..4).rev().map(move |at| f64::from(it >> at & 1))).take(n).collect()
}

#[test]
fn answers_are_those_of_the_libraries() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/detectors");
    let streams: Value = serde_json::from_str(&read(&folder.join("streams.json"))).expect("an object");
    let (counts, wrong) = run(&folder.join("cases.jsonl"), |case| {
        let stream = &streams[case["stream"].as_str().expect("a name")];
        match (stream["bits"].as_str(), stream["n"].as_u64()) {
            (Some(hex), Some(n)) => bits(hex, n as usize),
            _ => numbers(&stream["values"]),
        }
    });
    assert_eq!(counts.len(), 13, "every detector has cases");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
