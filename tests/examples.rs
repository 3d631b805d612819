//! The examples do what their READMEs say.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[path = "examples/deployment.rs"]
mod deployment;
#[path = "../examples/first_check/generate.rs"]
mod first_check;
#[path = "../examples/intent_router/generate.rs"]
mod intent_router;
#[path = "../examples/llm_service/generate.rs"]
mod llm_service;
#[path = "../examples/ml_service/generate.rs"]
mod ml_service;
#[path = "examples/logs.rs"]
mod logs;
#[path = "examples/monitoring.rs"]
mod monitoring;
#[path = "../examples/parquet_nightly/generate.rs"]
mod parquet_nightly;
#[path = "../examples/plugins_tour/generate.rs"]
mod plugins_tour;
#[allow(dead_code, clippy::unwrap_used, reason = "a test fails by its panic; those of the service use all of it")]
#[path = "support/server.rs"]
mod server;

const BINARY: &str = env!("CARGO_BIN_EXE_driftline");

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

/// Runs the binary where the README says to.
fn run_in(name: &str, args: &[&str]) -> (String, Option<i32>) {
    let output = Command::new(BINARY).args(args).current_dir(folder(name)).output().expect("the binary runs");
    said(&output)
}

fn said(output: &Output) -> (String, Option<i32>) {
    let text = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it).into_owned()).concat();
    (text, output.status.code())
}

/// The titles of what is reported not to hold stand on lines of their own, behind a word for how bad it is.
#[track_caller]
fn assert_failed(report: &str, titles: &[&str]) {
    let bad = |line: &&str| matches!(line.split(' ').next(), Some("fail" | "FAILED" | "WARNING" | "INFO"));
    let lines: Vec<_> = report.lines().filter(bad).collect();
    for title in titles {
        assert!(lines.iter().any(|it| it.contains(title)), "{title} did not fail:\n{report}");
    }
    assert_eq!(lines.len(), titles.len(), "{report}");
}

#[test]
fn the_first_check_finds_what_its_readme_says() {
    let check = ["check", "records.ndjson", "--suite", "suite.yaml"];
    let (report, code) = run_in("first_check", &check);
    assert_failed(&report, &["a score is a probability", "other has a reason", "hardly any answer is slow"]);
    assert_eq!(code, Some(1), "{report}");
    let (report, code) = run_in("first_check", &[&check[..], &["--where", "prediction.score <= 1"]].concat());
    assert_failed(&report, &["other has a reason", "hardly any answer is slow"]);
    assert_eq!(code, Some(2), "{report}");
}

#[test]
fn the_first_checks_records_are_those_of_its_generator() {
    let committed = fs::read_to_string(folder("first_check").join("records.ndjson")).expect("the records");
    assert!(committed == first_check::records(), "run `cargo run -p driftline --example make_first_check`");
    assert!(committed.len() < 300_000);
}

#[test]
fn the_tour_of_the_plugins_finds_what_its_readme_says() {
    let committed = fs::read_to_string(folder("plugins_tour").join("records.ndjson")).expect("the records");
    assert!(committed == plugins_tour::records(), "run `cargo run -p driftline --example make_plugins_tour`");
    assert!(committed.len() < 100_000);
    let (report, code) = run_in("plugins_tour", &["check", "records.ndjson", "--suite", "suite.yaml"]);
    assert_failed(&report, &["time fits the length", "the router is right often enough"]);
    assert!(report.contains("8 of 400 records") && report.contains("2 skipped"), "{report}");
    assert_eq!(code, Some(1), "{report}");
}

#[test]
fn every_suite_is_clean_and_its_examples_get_their_verdicts() {
    for name in [
        "first_check",
        "parquet_nightly",
        "intent_router",
        "ml_service",
        "llm_service",
        "plugins_tour",
        "retraining_health",
    ] {
        let (said, code) = run_in(name, &["lint", "suite.yaml"]);
        assert_eq!(code, Some(0), "{said}");
        let first = fs::read_to_string(folder(name).join("suite.yaml")).expect("the suite");
        assert!(first.starts_with("# yaml-language-server: $schema=../../rules/suite.schema.json\n"), "{name}");
    }
    let (said, code) = run_in("first_check", &["test", "suite.yaml"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("2 examples: 2 as stated, 0 not"), "{said}");
    for name in ["retraining_health", "intent_router", "ml_service", "llm_service"] {
        let (said, code) = run_in(name, &["test", "suite.yaml"]);
        assert_eq!(code, Some(0), "{said}");
    }
}

/// `tests/service/signals.rs` proves each of their metrics.
#[test]
fn the_services_whose_metrics_are_shown_are_as_their_readmes_say() {
    let committed = |name: &str, file: &str| fs::read_to_string(folder(name).join(file)).expect("the file");
    let (records, labels) = intent_router::files();
    assert!(committed("intent_router", "records.ndjson") == records, "run the example make_intent_router");
    assert!(committed("intent_router", "labels.ndjson") == labels, "run the example make_intent_router");
    let (records, labels) = llm_service::files();
    assert!(committed("llm_service", "records.ndjson") == records, "run the example make_llm_service");
    assert!(committed("llm_service", "labels.ndjson") == labels, "run the example make_llm_service");
    assert!(committed("ml_service", "records.ndjson") == ml_service::records(), "run the example make_ml_service");
    for name in ["intent_router", "ml_service", "llm_service"] {
        let (report, code) = run_in(name, &["check", "records.ndjson", "--suite", "suite.yaml"]);
        assert_failed(&report, &[]);
        assert_eq!(code, Some(0), "{name}: {report}");
    }
    // A nightly run shows the same metrics to the collector of `node_exporter`.
    let room = tempfile::tempdir().expect("a temporary folder");
    let path = room.path().join("ml.prom");
    let check =
        ["check", "records.ndjson", "--suite", "suite.yaml", "--metrics-textfile", path.to_str().expect("text")];
    assert_eq!(run_in("ml_service", &check).1, Some(0));
    let metrics = fs::read_to_string(&path).expect("the metrics");
    let of = "{model=\"credit-risk\",version=\"7\",environment=\"prod\"";
    for line in [
        format!("ml_inference_requests_total{of}}} 200"),
        format!("ml_inference_latency_seconds_count{of}}} 200"),
        format!("ml_input_feature_distribution_count{of},feature=\"income\"}} 200"),
        format!("ml_model_version{of}}} 1"),
    ] {
        assert!(metrics.lines().any(|it| it == line), "{line}\n{metrics}");
    }
}

#[test]
#[cfg(unix)]
fn a_good_night_is_published_and_a_bad_one_kept_back() {
    let nights = tempfile::tempdir().expect("a temporary folder");
    parquet_nightly::write(nights.path()).expect("two files");
    for (name, code, line) in [
        ("good.parquet", 0, "publish: all held"),
        ("bad.parquet", 1, "keep back: a critical check failed"),
        ("none.parquet", 3, "keep back: the check itself could not be done"),
    ] {
        let report = nights.path().join("report.txt");
        let mut command = Command::new("sh");
        command.arg(folder("parquet_nightly").join("nightly.sh")).arg(nights.path().join(name)).arg(&report);
        let (text, exit) = said(&command.env("DRIFTLINE", BINARY).output().expect("the script runs"));
        assert_eq!(exit, Some(code), "{name}: {text}");
        assert!(text.lines().any(|it| it == line), "{name}: {text}");
    }
}

#[test]
fn a_suite_of_great_expectations_runs_as_it_is() {
    let (report, code) = run_in("gx_suite", &["check", "trips.csv", "--suite", "suite.json"]);
    assert_failed(&report, &["passengers between"]);
    assert_eq!(code, Some(1), "{report}");
    let gx = ["check", "trips.csv", "--suite", "suite.json", "--format", "gx", "--result-format", "complete"];
    let (report, code) = run_in("gx_suite", &gx);
    assert_eq!(code, Some(1), "{report}");
    let result: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(result["success"], false);
    assert_eq!(result["statistics"]["evaluated_expectations"], 6);
    assert_eq!(result["statistics"]["unsuccessful_expectations"], 1);
}

#[test]
fn a_suite_of_great_expectations_becomes_one_of_the_short_form() {
    let (said, code) = run_in("gx_suite", &["import", "gx", "suite.json"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("passengers"), "{said}");
}

#[test]
fn the_demo_tells_of_a_good_day_and_a_bad_one() {
    let output = Command::new(BINARY).args(["demo", "--once", "--port", "0"]).output().expect("the binary runs");
    let (story, code) = said(&output);
    assert_eq!(code, Some(0), "{story}");
    let days: Vec<&str> = story.lines().filter(|it| it.trim_start().starts_with("day ")).collect();
    assert_eq!(days.len(), 12, "{story}");
    let is_good = |line: &&&str| line.contains(" 0.0 % failed");
    assert!(days[..6].iter().all(|it| is_good(&it)) && !days[9..].iter().any(|it| is_good(&it)), "{story}");
    for part in
        ["version 2.4.0 is deployed", "confidence is a share", "known intent", "expected between 0 and 1, found"]
    {
        assert!(story.contains(part), "{part} is not told:\n{story}");
    }
    // What customers write is never told.
    assert!(!story.contains("my account"), "{story}");
}

#[test]
fn the_demo_finds_another_port_where_its_own_is_taken() {
    // Held by this test, or by whoever has it already.
    let _held = std::net::TcpListener::bind("127.0.0.1:8080");
    let output = Command::new(BINARY).args(["demo", "--once"]).output().expect("the binary runs");
    let (story, code) = said(&output);
    assert!(code == Some(0) && story.contains("records checked over HTTP"), "{story}");
}
