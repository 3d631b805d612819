//! `driftline suggest` through the binary: a suite from data, and the same data against it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftline"));
    command.args(args).current_dir(folder).stdin(Stdio::null()).output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn data() -> String {
    let record = |i: usize| {
        let (country, score) = (["DE", "FR", "IT"][i % 3], i as f64 / 500.0);
        format!(
            "{{\"id\": \"r-{i}\", \"country\": \"{country}\", \"score\": {score}, \"ts\": \"2024-01-02T03:04:05Z\"}}\n"
        )
    };
    (0..500).map(record).collect()
}

#[test]
fn the_suggested_suite_holds_on_its_data_and_not_on_other() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("data.ndjson"), data()).expect("written");
    let made = run(folder.path(), &["suggest", "data.ndjson", "-o", "suite.yaml"]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    assert!(text(&made.stderr).starts_with("suite.yaml: 4 types, "), "{}", text(&made.stderr));
    let suite = fs::read_to_string(folder.path().join("suite.yaml")).expect("a suite");
    assert!(suite.starts_with("# yaml-language-server: $schema="), "{suite}");
    let checked = run(folder.path(), &["check", "data.ndjson", "--suite", "suite.yaml"]);
    assert_eq!(checked.status.code(), Some(0), "{}\n{suite}", text(&checked.stdout));

    fs::write(folder.path().join("bad.ndjson"), data().replace("\"FR\"", "\"XX\"")).expect("written");
    let checked = run(folder.path(), &["check", "bad.ndjson", "--suite", "suite.yaml"]);
    assert_eq!(checked.status.code(), Some(1), "{}", text(&checked.stdout));
}

#[test]
fn the_same_data_gives_the_same_suite_however_it_is_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("data.ndjson"), data()).expect("written");
    let one = run(folder.path(), &["suggest", "data.ndjson"]);
    let two = run(folder.path(), &["suggest", "data.ndjson", "--threads", "3", "--chunk-size", "100"]);
    assert_eq!(one.status.code(), Some(0), "{}", text(&one.stderr));
    assert_eq!(text(&one.stdout), text(&two.stdout));
}

#[test]
fn what_is_in_the_way_stays_and_no_records_are_an_error() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("data.csv"), "a,b\n").expect("written");
    fs::write(folder.path().join("suite.yaml"), "mine").expect("written");
    let refused = run(folder.path(), &["suggest", "data.csv", "-o", "suite.yaml"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(text(&refused.stderr).contains("suite.yaml exists"), "{}", text(&refused.stderr));
    assert_eq!(fs::read_to_string(folder.path().join("suite.yaml")).expect("still there"), "mine");
    let empty = run(folder.path(), &["suggest", "data.csv"]);
    assert_eq!(empty.status.code(), Some(3));
    assert!(text(&empty.stderr).contains("there is no record"), "{}", text(&empty.stderr));
    let guesses = run(folder.path(), &["suggest", "data.csv", "--severity-of-guesses", "grave"]);
    assert_eq!(guesses.status.code(), Some(3));
}
