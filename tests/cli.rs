//! `driftline check` through the real binary: formats, exit codes, and the same bytes whatever the
//! number of threads, the size of chunks or the split into files.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

#[path = "cli_formats.rs"]
mod formats;
#[path = "cli_hostile.rs"]
mod hostile;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a suite and data.
struct Room(TempDir);

impl Room {
    fn new(files: &[(&str, &str)]) -> Self {
        let room = Room(tempfile::tempdir().unwrap());
        for (name, text) in files {
            room.write(name, text);
        }
        room
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_driftline"));
        command.current_dir(self.0.path()).env_remove("GITHUB_STEP_SUMMARY").env_remove("CLICOLOR_FORCE").args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Standard output of `check data.ndjson --suite suite.yaml` and more.
    fn check(&self, more: &[&str]) -> String {
        let args = [&["check", "data.ndjson", "--suite", "suite.yaml"], more].concat();
        text(&self.run(&args).stdout)
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_slice(&self.run(args).stdout).unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

const SUITE: &str = "\
name: payments
expectations:
  - field: amount
    between: { min: 0, max: 100 }
  - field: amount
    not_null:
    severity: warning
";

const GOOD: &str = "{\"amount\": 1}\n{\"amount\": 2}\n";
const NULL: &str = "{\"amount\": null}\n{\"amount\": 2}\n";
const HIGH: &str = "{\"amount\": 101}\n{\"amount\": 2}\n";

#[test]
fn the_exit_code_says_how_it_went() {
    for (data, expected) in [(GOOD, 0), (HIGH, 1), (NULL, 2)] {
        let room = Room::new(&[("suite.yaml", SUITE), ("data.ndjson", data)]);
        for format in ["text", "json", "gx", "junit", "sarif", "github"] {
            let output = room.run(&["check", "data.ndjson", "--suite", "suite.yaml", "--format", format]);
            assert_eq!(code(&output), expected, "{format}: {data}");
            assert_eq!(text(&output.stderr), "", "{format}: {data}");
        }
    }
}

#[test]
fn a_failure_for_information_changes_no_exit_code() {
    let suite = SUITE.replace("warning", "info");
    let room = Room::new(&[("suite.yaml", &suite), ("data.ndjson", NULL)]);
    let output = room.run(&["check", "data.ndjson", "--suite", "suite.yaml"]);
    assert_eq!(code(&output), 0);
    assert!(text(&output.stdout).contains("INFO  amount not_null"));
}

#[test]
fn bad_usage_is_exit_code_three_and_says_why() {
    let room = Room::new(&[("suite.yaml", SUITE), ("data.ndjson", GOOD)]);
    let cases: [(&[&str], &str); 6] = [
        (&["check"], "--suite <FILE>"),
        (&["check", "data.ndjson", "--suite", "suite.yaml", "--format", "nope"], "[possible values: text, json,"),
        (&["check", "none.ndjson", "--suite", "suite.yaml"], "none.ndjson"),
        (&["check", "*.none", "--suite", "suite.yaml"], "*.none"),
        (&["check", "data.ndjson", "--suite", "none.yaml"], "none.yaml"),
        (&["check", "data.ndjson", "--suite", "suite.yaml", "--now", "soon"], "`soon` is not a time"),
    ];
    for (args, said) in cases {
        let output = room.run(args);
        let stderr = text(&output.stderr);
        let stdout = text(&output.stdout);
        assert_eq!(code(&output), 3, "{args:?}");
        assert!(stderr.contains(said) || stdout.contains(said), "{args:?}: {stderr}{stdout}");
    }
}

#[test]
fn all_problems_of_a_suite_are_told_at_once_with_their_places() {
    let suite = "\
expectations:
  - field: a
    beetween: { min: 0 }
  - field: a
    between: { mim: 0 }
  - field: a
    not_null:
";
    let room = Room::new(&[("suite.yaml", suite), ("data.ndjson", GOOD)]);
    let output = room.run(&["check", "data.ndjson", "--suite", "suite.yaml"]);
    let stderr = text(&output.stderr);
    assert_eq!(code(&output), 3);
    assert_eq!(text(&output.stdout), "");
    let lines: Vec<_> = stderr.lines().collect();
    assert!(lines[0].starts_with("suite.yaml:3:5: ") && lines[0].contains("did you mean `between`?"), "{stderr}");
    assert!(
        lines.iter().any(|it| it.starts_with("suite.yaml:5:16: ") && it.contains("did you mean `min`?")),
        "{stderr}"
    );
    // GitHub shows them where they are.
    let github = room.run(&["check", "data.ndjson", "--suite", "suite.yaml", "--format", "github"]);
    assert!(text(&github.stdout).starts_with("::error file=suite.yaml,line=3,col=5,title="));
}

#[test]
fn the_gx_form_goes_on_past_an_expectation_that_cannot_be_evaluated() {
    let suite = r#"{"expectations": [
        {"type": "expect_column_values_to_be_between", "kwargs": {"column": "amount"}},
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "amount"}}]}"#;
    let room = Room::new(&[("suite.json", suite), ("data.ndjson", GOOD)]);
    let output = room.run(&["check", "data.ndjson", "--suite", "suite.json", "--format", "gx"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(code(&output), 3);
    assert_eq!(report["success"], false);
    assert_eq!(report["results"][0]["exception_info"]["raised_exception"], true);
    assert_eq!(report["results"][1]["success"], true);
}

#[test]
fn an_unreadable_file_does_not_hide_the_readable_ones() {
    let room = Room::new(&[("suite.yaml", SUITE), ("b.ndjson", HIGH)]);
    room.write("a.parquet", "no such thing");
    let args = ["check", "a.parquet", "b.ndjson", "--suite", "suite.yaml", "--format", "json"];
    let output = room.run(&args);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(code(&output), 3);
    assert!(text(&output.stderr).starts_with("error: a.parquet"));
    assert_eq!(report["status"], "error");
    assert_eq!(report["unreadable_files"][0]["file"], "a.parquet");
    assert_eq!(report["records"], 2);
    let sample = &report["results"][0]["samples"][0];
    assert_eq!((&sample["file"], &sample["line"]), (&"b.ndjson".into(), &1.into()));
}

#[test]
fn broken_lines_are_counted_and_shown_and_their_neighbours_checked() {
    let room = Room::new(&[("suite.yaml", SUITE)]);
    room.write("data.ndjson", b"{\"amount\": 1}\n\n{\"amount\": \n\xff\xfe\n{\"amount\": 101}\n");
    let output = room.run(&["check", "data.ndjson", "--suite", "suite.yaml", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(code(&output), 1);
    assert_eq!(report["records"], 4);
    assert_eq!(report["unreadable"]["count"], 2);
    let lines: Vec<_> = report["unreadable"]["samples"].as_array().unwrap().iter().map(|it| &it["line"]).collect();
    assert_eq!(lines, [3, 4]);
    assert_eq!(report["unreadable"]["samples"][1]["offset"], 27);
    assert_eq!(report["results"][0]["kind"], "readable");
    assert_eq!(report["results"][1]["samples"][0]["line"], 5);
    assert!(room.check(&[]).contains("  data.ndjson:4 (byte 27): "));
}

#[test]
fn standard_input_is_read_as_a_dash() {
    let room = Room::new(&[("suite.yaml", SUITE)]);
    let mut command = room.command(&["check", "-", "--suite", "suite.yaml"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(HIGH.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 1);
    let said = text(&output.stdout);
    assert!(said.starts_with("suite.yaml (payments): standard input, 2 records\n"), "{said}");
    assert!(said.contains("  -:1  101\n"), "{said}");
}

#[test]
fn a_report_goes_to_a_file() {
    let room = Room::new(&[("suite.yaml", SUITE), ("data.ndjson", HIGH)]);
    let said = room.check(&["--format", "json"]);
    assert_eq!(room.check(&["--format", "json", "--output", "report.json"]), "");
    assert_eq!(room.read("report.json"), said);
    let nowhere = room.run(&["check", "data.ndjson", "--suite", "suite.yaml", "--output", "none/report.json"]);
    assert_eq!(code(&nowhere), 3);
    assert!(text(&nowhere.stderr).contains("none/report.json"));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let room = Room::new(&[("suite.yaml", SUITE)]);
    let lines: Vec<_> = (0..20_000).map(|i| format!("{{\"amount\": {}}}", i + 1_000)).collect();
    room.write("data.ndjson", lines.join("\n"));
    let mut command =
        room.command(&["check", "data.ndjson", "--suite", "suite.yaml", "--format", "json", "--samples", "20000"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 1);
    assert_eq!(text(&output.stderr), "");
}

/// Records with nulls, outliers, repeated ids, empty and broken lines.
fn mixed(n: usize) -> Vec<String> {
    let line = |i: usize| match i % 97 {
        13 => String::new(),
        31 => "{\"amount\": ".to_owned(),
        43 => "{\"id\": 1, \"amount\": null}".to_owned(),
        _ => format!("{{\"id\": {}, \"amount\": {}.25, \"name\": \"n{}\"}}", i % 1_900, (i * 37) % 110, i % 7),
    };
    (0..n).map(line).collect()
}

const MIXED_SUITE: &str = "\
expectations:
  - field: amount
    between: { min: 0, max: 100 }
    mostly: 0.5
  - field: amount
    not_null:
  - field: amount
    mean_between: { min: 0, max: 10 }
  - field: id
    unique:
";

#[test]
fn reports_do_not_depend_on_threads_or_chunks() {
    let room = Room::new(&[("suite.yaml", MIXED_SUITE), ("data.ndjson", &mixed(2_000).join("\n"))]);
    for format in
        [&["--format", "json"][..], &["--format", "gx", "--result-format", "COMPLETE"], &["--format", "sarif"]]
    {
        let expected = room.check(format);
        assert!(expected.contains("data.ndjson") || format[1] == "gx");
        for threads in ["1", "2", "7"] {
            for chunk in ["1", "333", "1048576"] {
                let got = room.check(&[format, &["--threads", threads, "--chunk-size", chunk]].concat());
                assert!(got == expected, "{format:?}, {threads} threads, chunks of {chunk}");
            }
        }
    }
}

#[test]
fn results_do_not_depend_on_the_split_into_files() {
    let lines = mixed(2_000);
    let room = Room::new(&[("suite.yaml", MIXED_SUITE), ("data.ndjson", &lines.join("\n"))]);
    let whole = room.json(&["check", "data.ndjson", "--suite", "suite.yaml", "--format", "json", "--samples", "50"]);
    for cuts in [vec![1], vec![700, 701, 1_500], vec![13, 14, 1_999]] {
        let mut names = Vec::new();
        let mut begin = 0;
        for (i, end) in cuts.into_iter().chain([lines.len()]).enumerate() {
            let name = format!("part-{i}.ndjson");
            room.write(&name, lines[begin..end].join("\n"));
            names.push((name, begin as u64));
            begin = end;
        }
        let mut args = vec!["check"];
        args.extend(names.iter().map(|(name, _)| name.as_str()));
        args.extend(["--suite", "suite.yaml", "--format", "json", "--samples", "50"]);
        let mut split = room.json(&args);
        // Only the names and lines of files are others: put back, the report is the same.
        split["files"] = serde_json::json!(["data.ndjson"]);
        put_back(&mut split, &names);
        // Offsets begin anew in each file.
        let mut whole = whole.clone();
        for report in [&mut split, &mut whole] {
            for it in report["unreadable"]["samples"].as_array_mut().unwrap() {
                it["offset"] = 0.into();
            }
        }
        assert!(split == whole, "{names:?}");
    }
}

/// Names and lines of parts become those of the whole file.
fn put_back(value: &mut Value, names: &[(String, u64)]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|it| put_back(it, names)),
        Value::Object(members) => {
            let part =
                members.get("file").and_then(Value::as_str).and_then(|it| names.iter().find(|(name, _)| name == it));
            if let (Some((_, first)), Some(line)) = (part, members.get("line").and_then(Value::as_u64)) {
                members.insert("file".to_owned(), "data.ndjson".into());
                members.insert("line".to_owned(), (first + line).into());
            }
            members.values_mut().for_each(|it| put_back(it, names));
        }
        _ => {}
    }
}

#[test]
fn rows_of_every_text_format_are_found_in_their_lines() {
    let room = Room::new(&[("suite.yaml", SUITE)]);
    room.write("a.csv", "name,amount\n\"two\nlines\",1\n\nx,101\n");
    room.write("b.json", "[\n  {\"amount\": 1},\n  {\n    \"amount\": 102\n  }, {\"amount\": 103}\n]\n");
    let mut expected = String::new();
    for place in ["  a.csv:5   101\n", "  b.json:3  102\n", "  b.json:5  103\n"] {
        let _ = write!(expected, "{place}");
    }
    let said = text(&room.run(&["check", "a.csv", "b.json", "--suite", "suite.yaml"]).stdout);
    assert!(said.contains(&expected), "{said}");
    assert!(Path::new(&room.path("a.csv")).exists());
}
