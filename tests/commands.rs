//! The commands through the binary: what they print and how they end.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

#[path = "config.rs"]
mod config;
#[path = "config_pages.rs"]
mod config_pages;
#[path = "commands/metrics.rs"]
mod metrics;
#[path = "support/promtool.rs"]
mod promtool;
#[path = "detect.rs"]
mod detect;
#[path = "commands/compare.rs"]
mod compare;
#[path = "commands/profile.rs"]
mod profile;
#[path = "commands/quality.rs"]
mod quality;
#[path = "commands/segments.rs"]
mod segments;

/// A folder with files, in which the binary runs.
struct Room(TempDir);

/// What a command said, and how it ended.
struct Said {
    out: String,
    err: String,
    code: i32,
}

impl Room {
    fn new(files: &[(&str, &str)]) -> Self {
        let room = Room(tempfile::tempdir().expect("a temporary folder"));
        for (name, text) in files {
            fs::write(room.path(name), text).expect("a file is written");
        }
        room
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn run(&self, args: &str) -> Said {
        self.pipe(&args.split_whitespace().collect::<Vec<_>>(), b"")
    }

    fn pipe(&self, args: &[&str], input: &[u8]) -> Said {
        let mut child = Command::new(env!("CARGO_BIN_EXE_driftline"))
            .args(args)
            .current_dir(self.0.path() as &Path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        // A command that reads nothing may be gone already.
        let _ = child.stdin.take().map(|mut it| it.write_all(input));
        let output = child.wait_with_output().expect("it ends");
        Said {
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code().unwrap_or(-1),
        }
    }
}

#[track_caller]
fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

const SUITE: &str = "types: { day: date }
expectations:
  - field: score
    between: { min: 0, max: 1 }
  - name: has an id
    field: id
    not_null: {}
    severity: warning
  - field: score
    mean_between: { max: 0.5 }
    when: kind == \"a\"
";

#[test]
fn lint_tells_all_problems_at_once_with_their_places() {
    let bad = "types: { a: integer }\nexpectations:\n  - field: a\n    beetween: { min: 1 }\n  - field: b\n    between: { mn: 1 }\n";
    let room = Room::new(&[("bad.yaml", bad), ("good.yaml", SUITE)]);
    let said = room.run("lint bad.yaml good.yaml absent.yaml");
    assert_eq!(said.code, 3);
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines.len(), 5, "{}", said.out);
    assert!(lines[0].starts_with("bad.yaml:1:13: types.a: unknown type `integer` ("), "{}", lines[0]);
    assert_eq!(lines[1], "bad.yaml:4:5: expectations[0]: unknown kind `beetween` (did you mean `between`?)");
    assert!(lines[2].contains("`between` has no parameter `mn` (did you mean `min`?)"), "{}", lines[2]);
    assert!(lines[3].starts_with("absent.yaml:1:1:"), "{}", lines[3]);
    let said = room.run("lint bad.yaml --format json");
    assert_eq!(json(&said.out)["problems"][1]["hint"], "did you mean `between`?");
    let said = room.run("lint bad.yaml --format github");
    assert!(said.out.contains("::error file=bad.yaml,line=4,col=5,title=expectations[0]::unknown"), "{}", said.out);
    assert_eq!(room.run("lint good.yaml").code, 0);
}

#[test]
fn lint_warns_of_what_hardly_was_meant() {
    let suite = "expectations:
  - { field: a, between: { min: 1 } }
  - { field: a, between: { min: 1 }, mostly: 1 }
  - { field: a, between: { min: 1 }, when: b > 1 }
  - { field: a, not_null: {}, mostly: 0 }
examples:
  - { record: { a: 1 }, fails: [unique] }
";
    let said = Room::new(&[("s.yaml", suite)]).run("lint s.yaml");
    assert_eq!(said.code, 0);
    assert!(said.out.contains("s.yaml:3:5: warning: expectations[1]: `a between` expects the same"), "{}", said.out);
    assert!(said.out.contains("s.yaml:5:5: warning: expectations[3]: `mostly: 0`"), "{}", said.out);
    assert!(said.out.contains("s.yaml:7:5: warning: examples[0]: `fails: unique`"), "{}", said.out);
    assert!(said.out.ends_with("0 errors, 3 warnings\n"), "{}", said.out);
}

#[test]
fn lint_warns_of_suites_whose_signals_cannot_stand_side_by_side() {
    let a = "{name: a, signals: [{counter: x_total, labels: {a: a}}]}";
    let b = "name: b\nsignals:\n  - counter: x_total\n";
    let room = Room::new(&[("a.yaml", a), ("b.yaml", b)]);
    let said = room.run("lint a.yaml b.yaml");
    let wanted =
        "b.yaml:3:5: warning: signals[0]: one service cannot have this suite and a.yaml: `x_total` is there already";
    assert!(said.code == 0 && said.out.contains(wanted), "{}", said.out);
    assert!(room.run("lint b.yaml").out.ends_with("0 errors, 0 warnings\n"));
}

#[test]
fn examples_must_fail_exactly_what_they_name() {
    let good = format!(
        "{SUITE}examples:\n  - record: {{ score: 0.5, id: 1 }}\n  - record: {{ score: 2, day: soon }}\n    fails: [between, has an id, day typed]\n"
    );
    let bad = format!(
        "{SUITE}examples:\n  - record: {{ score: 2, id: 1 }}\n  - record: {{ score: 1, id: 1 }}\n    fails: [score between, mean_between]\n"
    );
    let room = Room::new(&[("good.yaml", &good), ("bad.yaml", &bad), ("broken.yaml", "- { field: a, b: {} }")]);
    let said = room.run("test good.yaml");
    assert_eq!((said.code, said.out.lines().last()), (0, Some("2 examples: 2 as stated, 0 not")), "{}", said.out);
    let said = room.run("test bad.yaml");
    assert_eq!(said.code, 1);
    assert!(said.out.contains("bad.yaml:13: examples[0]: differs"), "{}", said.out);
    assert!(said.out.contains("fails `score between` (bad.yaml:3): 2 is not between 0 and 1"), "{}", said.out);
    assert!(said.out.contains("must fail `score between` (bad.yaml:3), but 1 is between 0 and 1"), "{}", said.out);
    assert!(said.out.contains("must fail `mean_between` (bad.yaml:9), which judges windows"), "{}", said.out);
    assert_eq!(room.run("test broken.yaml good.yaml").code, 3);
}

#[test]
fn a_record_is_explained_wherever_it_stands() {
    let room = Room::new(&[
        ("s.yaml", SUITE),
        ("d.ndjson", "{\"score\": 1, \"id\": 7}\n\n{\"score\": 3, \"id\": 7, \"kind\": \"a\"}\nnone\n"),
        ("d.csv", "score,id\n0.5,1\n7,\n"),
        ("one.json", "{\n  \"score\": 1,\n  \"id\": 2\n}\n"),
    ]);
    let said = room.run("explain d.ndjson:3 --suite s.yaml");
    assert_eq!(said.code, 1);
    assert!(said.out.contains("FAIL    score between       3  (between 0 and 1)"), "{}", said.out);
    assert!(said.out.contains("window  score mean_between  is judged over a window"), "{}", said.out);
    let said = room.run("explain d.ndjson:1 --suite s.yaml");
    assert!(said.out.contains("skip    score mean_between  `when` leaves the record out"), "{}", said.out);
    assert_eq!(said.code, 0);
    let said = room.run("explain d.csv:3 --suite s.yaml --format json");
    let checks = &json(&said.out)["checks"];
    assert_eq!((&checks[2]["verdict"], &checks[2]["value"]), (&"fail".into(), &7.0.into()), "{}", said.out);
    assert_eq!(checks[3]["verdict"], "fail");
    assert_eq!(room.run("explain one.json --suite s.yaml").code, 0);
    assert_eq!(room.pipe(&["explain", "{\"score\": 1}", "--suite", "s.yaml"], b"").code, 2);
    assert_eq!(room.pipe(&["explain", "-", "--suite", "s.yaml"], b"{\"score\": 9}").code, 1);
    for wrong in ["d.ndjson:2", "d.ndjson:4", "d.ndjson", "absent", "{\"a\":"] {
        let said = room.pipe(&["explain", wrong, "--suite", "s.yaml"], b"");
        assert_eq!(said.code, 3, "{wrong}: {}", said.out);
        assert!(said.err.starts_with("error: "), "{}", said.err);
    }
}

#[test]
fn kinds_are_listed_and_shown() {
    let room = Room::new(&[]);
    let said = room.run("kinds");
    assert!(said.out.contains("between") && said.out.contains("Of a window"), "{}", said.out);
    let short = room.run("kinds between");
    assert_eq!(short.out, room.run("kinds expect_column_values_to_be_between").out);
    assert!(short.out.contains("min_value") && !short.out.contains("```"), "{}", short.out);
    assert!(!short.out.contains('\u{1b}'), "colour is for terminals");
    let all = json(&room.run("kinds --format json").out);
    assert!(all.as_array().is_some_and(|it| it.iter().any(|it| it["name"] == "not_null")));
    assert_eq!(json(&room.run("kinds between --format json").out)["params"][0]["gx_name"], "min_value");
    let said = room.run("kinds betwen");
    assert_eq!((said.code, said.err.as_str()), (3, "error: unknown kind `betwen` (did you mean `between`?)\n"));
}

#[test]
fn every_command_has_help_with_examples_and_exit_codes() {
    let room = Room::new(&[]);
    let top = room.run("--help").out;
    let commands = top.lines().skip_while(|it| *it != "Commands:").skip(1).take_while(|it| !it.is_empty());
    let names: Vec<String> =
        commands.filter_map(|it| it.strip_prefix("  ")?.split(' ').next().map(str::to_owned)).collect();
    assert!(names.len() > 5, "{top}");
    for name in names.iter().filter(|it| !it.is_empty()) {
        let said = room.run(&format!("{name} --help"));
        assert_eq!(said.code, 0);
        assert!(said.out.contains("Examples:") && said.out.contains("Exit codes:"), "{}", said.out);
    }
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let said = Room::new(&[]).run(&format!("completions {shell}"));
        assert!(said.code == 0 && said.out.contains("explain"), "{shell}");
    }
}

const SPLIT: &str = "expectations:
  - field: score
    between: { min: 0, max: 1 }
  - field: id
    not_null: {}
    severity: info
";

fn lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(json).collect()
}

#[test]
fn bad_rows_have_every_reason_and_good_rows_are_as_they_were() {
    let data = "{\"score\": 0.50, \"id\": 1}\n\n{\"score\":2,\"id\":null}\n{\"score\": NaN, \"id\": 2}\nnone\n{\"score\":1}\r\n";
    let room = Room::new(&[("s.yaml", SPLIT), ("d.ndjson", data)]);
    let said = room.run("check d.ndjson --suite s.yaml --bad-rows bad.ndjson --good-rows good.ndjson");
    assert_eq!(said.code, 1, "{}", said.err);
    assert_eq!(room.read("good.ndjson"), "{\"score\": 0.50, \"id\": 1}\n{\"score\":1}\n");
    let bad = lines(&room.read("bad.ndjson"));
    assert_eq!(bad.len(), 3, "{bad:?}");
    assert_eq!(
        bad[0],
        serde_json::json!({
            "file": "d.ndjson", "line": 3, "row": 1,
            "failed": [
                {"expectation": "score between", "kind": "between", "field": "score", "severity": "critical",
                 "value": 2, "bound": "between 0 and 1", "why": null},
                {"expectation": "id not_null", "kind": "not_null", "field": "id", "severity": "info",
                 "value": null, "bound": "not null", "why": null},
            ],
            "record": {"score": 2, "id": null},
        })
    );
    assert_eq!(bad[1]["record"], serde_json::json!({"score": null, "id": 2}));
    assert_eq!((&bad[2]["raw"], &bad[2]["failed"][0]["kind"]), (&"none".into(), &"readable".into()));
    assert!(bad[2]["failed"][0]["why"].is_string(), "{}", bad[2]);
}

#[test]
fn every_format_is_split_in_its_own_form() {
    let csv = "score;id;note\r\n0.5;1;\"a\nb\"\r\n3;;x\r\n7\r\n1;2;y\r\n";
    let array = "[{\"score\":\n 1}, {\"score\": 5}]";
    let room = Room::new(&[("s.yaml", SPLIT), ("d.csv", csv), ("d.json", array), ("empty.csv", "score,id\n")]);
    room.run("check d.csv --suite s.yaml --bad-rows bad.ndjson --good-rows good.csv");
    assert_eq!(room.read("good.csv"), "score;id;note\n0.5;1;\"a\nb\"\n1;2;y\n");
    let bad = lines(&room.read("bad.ndjson"));
    assert_eq!(bad[0]["record"], serde_json::json!({"score": 3.0, "id": null, "note": "x"}));
    assert_eq!((&bad[1]["raw"], &bad[1]["line"]), (&"7".into(), &5.into()), "{}", bad[1]);
    room.run("check d.json --suite s.yaml --bad-rows bad.ndjson --good-rows good.ndjson");
    assert_eq!(room.read("good.ndjson"), "{\"score\":  1}\n");
    assert_eq!(lines(&room.read("bad.ndjson"))[0]["record"]["score"], 5);
    room.run("check empty.csv --suite s.yaml --bad-rows bad.ndjson --good-rows good.csv");
    assert_eq!((room.read("good.csv").as_str(), room.read("bad.ndjson").as_str()), ("score,id\n", ""));
}

#[test]
fn parquet_is_split_into_parquet_or_lines() {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
    let room = Room::new(&[("s.yaml", SPLIT)]);
    let scores: ArrayRef = Arc::new(Float64Array::from(vec![0.5, 2.0, 1.0]));
    let notes: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("c")]));
    let batch = RecordBatch::try_from_iter([("score", scores), ("note", notes)]).expect("columns of one length");
    let file = fs::File::create(room.path("d.parquet")).expect("a new file");
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("it is written");
    writer.close().expect("it is written");
    room.run("check d.parquet --suite s.yaml --bad-rows bad.ndjson --good-rows good.parquet");
    let bad = lines(&room.read("bad.ndjson"));
    assert_eq!((bad.len(), &bad[0]["line"]), (1, &2.into()));
    assert_eq!(bad[0]["record"], serde_json::json!({"score": 2.0, "note": null}));
    room.run("check good.parquet --suite s.yaml --good-rows good.ndjson");
    assert_eq!(room.read("good.ndjson"), "{\"score\":0.5,\"note\":\"a\"}\n{\"score\":1.0,\"note\":\"c\"}\n");
}

#[test]
fn splitting_is_the_same_for_any_threads_and_from_standard_input() {
    let record = |i: i32| format!("{{\"score\": {}, \"id\": {i}, \"kind\": \"{}\"}}\n", f64::from(i % 7) / 4.0, i % 2);
    let data: String = (0..3_000).map(record).collect::<Vec<_>>().concat();
    let room = Room::new(&[("s.yaml", SPLIT), ("d.ndjson", &data)]);
    let mut seen: Vec<(String, String)> = Vec::new();
    for (threads, chunk) in [("1", "1000000"), ("3", "500"), ("2", "7000")] {
        let args = "check - --suite s.yaml --bad-rows bad.ndjson --good-rows good.ndjson --where";
        let mut args: Vec<&str> = args.split(' ').collect();
        args.extend(["kind == '1'", "-j", threads, "--chunk-size", chunk]);
        let said = room.pipe(&args, data.as_bytes());
        assert_eq!(said.code, 1, "{}", said.err);
        seen.push((room.read("bad.ndjson"), room.read("good.ndjson")));
    }
    assert!(seen.iter().all(|it| *it == seen[0]));
    let (bad, good) = &seen[0];
    assert_eq!(bad.lines().count() + good.lines().count(), 1_500);
    assert!(bad.starts_with("{\"file\":\"-\",\"line\":6,\"row\":5,"), "{}", &bad[..200]);
}

#[test]
fn an_input_is_never_overwritten() {
    let room = Room::new(&[("s.yaml", SPLIT), ("d.ndjson", "{\"score\": 1}\n")]);
    for args in [
        "check d.ndjson --suite s.yaml --bad-rows d.ndjson",
        "check d.ndjson --suite s.yaml --bad-rows a.ndjson --good-rows ./a.ndjson",
        "check d.ndjson --suite s.yaml --good-rows good.parquet",
    ] {
        let said = room.run(args);
        assert_eq!(said.code, 3, "{args}: {}", said.err);
    }
    assert_eq!(room.read("d.ndjson"), "{\"score\": 1}\n");
}

#[test]
fn the_schema_of_suites_is_printed() {
    let said = Room::new(&[]).run("schema suite");
    assert_eq!(json(&said.out)["$schema"], "http://json-schema.org/draft-07/schema#");
}

#[test]
fn a_record_that_a_rule_on_windows_names_is_bad() {
    let data = "id,kind\n1,a\n2,a\n1,a\n1,b\n";
    let room = Room::new(&[("s.yaml", "- { field: id, unique: {}, when: kind == \"a\" }"), ("d.csv", data)]);
    let said = room.run("check d.csv --suite s.yaml --bad-rows bad.ndjson --good-rows good.csv");
    assert_eq!(said.code, 1, "{}", said.err);
    assert_eq!(room.read("good.csv"), "id,kind\n2,a\n1,b\n");
    let bad = lines(&room.read("bad.ndjson"));
    let rows: Vec<_> = bad.iter().map(|it| (&it["row"], &it["failed"][0]["kind"])).collect();
    assert_eq!(rows, [(&0.into(), &"unique".into()), (&2.into(), &"unique".into())]);
}

#[test]
fn a_store_that_is_not_there_is_told_once_with_what_to_do() {
    let room = Room::new(&[("suite.yaml", "name: s")]);
    for command in ["report", "history", "triggers list", "diagnose --suite s --since 6h"] {
        let said = room.run(command);
        assert_eq!(said.code, 3, "{command}: {}", said.err);
        let wanted = "error: there is no store at `sqlite:./driftline-data/driftline.db`: name one with `--database` or \
                      `--data`, or run `driftline serve` there first\n";
        assert_eq!(said.err, wanted, "{command}");
        assert!(!room.path("driftline-data").exists(), "{command} made a folder");
    }
    let said = room.run("history --database sqlite:suite.yaml");
    assert!(said.code == 3 && said.err.matches("not a database").count() == 1, "{}", said.err);
}
