//! Suites of Great Expectations become suites of the short form with the same verdicts.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

fn run(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_driftline"))
        .args(args)
        .current_dir(folder)
        .output()
        .expect("the binary starts");
    let text = |it: Vec<u8>| String::from_utf8_lossy(&it).into_owned();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

fn room(suite: &Value) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("gx.json"), suite.to_string()).expect("it is written");
    folder
}

/// The success of each expectation, by its name in GX's form.
fn verdicts(folder: &Path, suite: &str) -> Vec<(String, bool)> {
    let (_, out, err) = run(folder, &["check", "d.csv", "--suite", suite, "--format", "gx"]);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {err}"));
    let results = report["results"].as_array().expect("results").iter();
    results
        .map(|it| (it["expectation_config"]["type"].as_str().unwrap_or_default().to_owned(), it["success"] == true))
        .collect()
}

fn suite() -> Value {
    json!({
        "name": "orders: of a day",
        "id": "7c6f",
        "meta": {"great_expectations_version": "1.24.1"},
        "expectations": [
            {"type": "expect_column_values_to_be_between", "kwargs": {"column": "price", "min_value": 0, "max_value": 10.0, "mostly": 0.75}, "meta": {}, "severity": "warning"},
            {"type": "expect_column_values_to_be_between", "kwargs": {"column": "price", "min_value": "3"}},
            {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "note"}, "meta": {"owner": "a: b"}, "notes": ["why\nnot"], "description": "There is a note."},
            {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "a.b", "value_set": ["x", "yes", "1"]}},
            {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "note", "regex": "^\\w+'s$"}},
            {"type": "expect_column_pair_values_a_to_be_greater_than_b", "kwargs": {"column_A": "price", "column_B": "paid", "or_equal": true}},
            {"type": "expect_compound_columns_to_be_unique", "kwargs": {"column_list": ["price", "paid"]}},
            {"type": "expect_column_mean_to_be_between", "kwargs": {"column": "price", "min_value": 1, "max_value": 4}},
            {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1, "max_value": 10}},
            {"type": "expect_column_values_to_be_between", "kwargs": {"column": "price", "max_value": 2, "row_condition": "paid > 1 and note != \"it's\"", "condition_parser": "pandas"}},
            {"type": "expect_column_values_to_be_between", "kwargs": {"column": "paid", "min_value": 0, "row_condition": "col(\"a.b\") == \"x\"", "condition_parser": "great_expectations"}},
        ],
    })
}

const DATA: &str = "price,paid,a.b,note\n1,1,x,it's\n2,2,yes,\n3,1,1,that's\n20,5,z,n's\n";

#[test]
fn an_imported_suite_is_clean_and_gives_the_same_verdicts() {
    let folder = room(&suite());
    let folder = folder.path();
    fs::write(folder.join("d.csv"), DATA).expect("it is written");
    let (code, _, err) = run(folder, &["import", "gx", "gx.json", "-o", "s.yaml"]);
    assert_eq!((code, err.as_str()), (0, "11 expectations carried over, 0 left out\n"));
    let (code, out, _) = run(folder, &["lint", "s.yaml"]);
    assert_eq!((code, out.as_str()), (0, "1 suite: 0 errors, 0 warnings\n"));
    let there = verdicts(folder, "gx.json");
    assert_eq!(there.len(), 11);
    assert!(there.iter().any(|(_, it)| *it) && there.iter().any(|(_, it)| !it), "{there:?}");
    assert_eq!(verdicts(folder, "s.yaml"), there);
    let yaml = fs::read_to_string(folder.join("s.yaml")).expect("it was written");
    assert!(!yaml.contains("kwargs"), "{yaml}");
    for part in [
        "name: \"orders: of a day\"",
        "id: \"7c6f\"",
        "great_expectations_version",
        "  - field: price\n    between: { min: 0, max: 10 }\n    mostly: 0.75\n    severity: warning\n",
        "    between: { min: 3 }\n",
        "    notes: [\"why\\nnot\"]\n",
        "owner: \"a: b\", description: There is a note.",
        "'a\\.b'",
        "fields: [price, paid]",
    ] {
        assert!(yaml.contains(part), "`{part}` is not in\n{yaml}");
    }
}

#[test]
fn what_cannot_be_carried_over_is_said_with_its_path() {
    let folder = room(&json!({
        "expectation_suite_name": "old",
        "data_asset_type": "Dataset",
        "evaluation_parameters": {"n": 1},
        "expectations": [
            {"expectation_type": "expect_column_values_to_be_unique", "kwargs": {"column": "id", "result_format": "BASIC"}},
            {"expectation_type": "expect_column_values_to_be_between", "kwargs": {"column": "id", "max_value": {"$PARAMETER": "n"}}},
            {"expectation_type": "expect_my_own_thing", "kwargs": {"column": "id"}},
            {"expectation_type": "expect_column_to_exist", "kwargs": {"column": "id"}, "rendered_content": [{"a": 1}]},
        ],
    }));
    let folder = folder.path();
    let (code, out, err) = run(folder, &["import", "gx", "gx.json"]);
    assert_eq!(code, 1, "{err}");
    for part in [
        "data_asset_type: left out",
        "evaluation_parameters: left out",
        "expectations[0].kwargs.result_format: left out",
        "expectations[1]: left out: `max_value` is a run-time parameter",
        "expectations[2]: left out: unknown kind `expect_my_own_thing`",
        "expectations[3].rendered_content: left out",
        "2 expectations carried over, 2 left out",
    ] {
        assert!(err.contains(part), "`{part}` is not in\n{err}");
    }
    assert!(err.lines().all(|it| it.starts_with("gx.json:1:") || it.starts_with("2 ")), "{err}");
    assert!(out.contains("name: old\n") && out.contains("unique: {}"), "{out}");
    assert!(out.contains("#   { expectation_type: expect_my_own_thing, kwargs: { column: id } }"), "{out}");
    fs::write(folder.join("s.yaml"), out).expect("it is written");
    assert_eq!(run(folder, &["lint", "s.yaml"]).0, 0);
}

#[test]
fn what_is_no_suite_is_refused() {
    for text in ["{}", "[1", "{\"expectations\": 3}", "7"] {
        let folder = room(&json!({}));
        fs::write(folder.path().join("gx.json"), text).expect("it is written");
        let (code, out, err) = run(folder.path(), &["import", "gx", "gx.json"]);
        assert_eq!((code, out.as_str()), (3, ""), "{text}: {err}");
        assert!(err.starts_with("gx.json:"), "{err}");
    }
}
