//! What each format says, read back by what reads it elsewhere.

use driftline::output::REPORT_SCHEMA;
use driftline_rules::record;
use driftline_rules::schema::Schema;
use serde_json::{Value, json};

use super::{Room, text};

/// Passes, fails at each severity, skips; a GX expectation that cannot be evaluated; broken records.
fn every_status() -> Room {
    let suite = r#"name: every <status> & "more"
expectations:
  - field: amount
    between: { min: 0, max: 100 }
    mostly: 0.9
    when: kind == "card"
  - field: amount
    not_null:
    severity: warning
  - field: amuont
    between: { min: 0 }
  - field: amount
    mean_between: { min: 1000, max: 2000 }
    severity: info
  - field: kind
    not_null:
  - type: expect_column_values_to_be_between
    kwargs: { column: nowhere, min_value: 0 }
"#;
    let data = concat!(
        "{\"amount\": 1, \"kind\": \"card\"}\n",
        "{\"amount\": null, \"kind\": \"cash\"}\n",
        "{\"amount\": 1e999\n",
        "{\"amount\": 101.5, \"kind\": \"card\"}\n",
    );
    Room::new(&[("suite.yaml", suite), ("data.ndjson", data)])
}

#[test]
fn text_tells_the_gravest_first_and_ends_with_the_verdict() {
    let room = every_status();
    let said = room.check(&[]);
    let order = [
        "suite.yaml (every <status> & \"more\"): data.ndjson, 4 records, 1 unreadable\n",
        "\nFAILED  readable\n  1 of 4 records (25.0 %)\n",
        "\nFAILED  amount between  suite.yaml:3\n  1 of 2 records (50.0 %)\n",
        "  expected  between 0 and 100, for at least 90 % of records\n",
        "  when      kind == \"card\"\n",
        "  data.ndjson:4  101.5\n",
        "\nWARNING  amount not_null  suite.yaml:7\n  1 of 3 records (33.3 %)\n",
        "\nINFO  amount mean_between",
        "  observed  51.25\n",
        "\nRecords that could not be read\n  data.ndjson:3 (byte ",
        "\nERROR  nowhere between",
        "\nSkipped\n  amuont between: no record has the field `amuont` (did you mean `amount`?)\n",
        "\nINCOMPLETE: 2 critical failed, 1 warning, 1 for information, 1 could not be evaluated, 1 skipped, 1 held\n",
    ];
    let mut from = 0;
    for part in order {
        match said[from..].find(part) {
            Some(at) => from += at + part.len(),
            None => panic!("`{part}` is not there, or not in its place:\n{said}"),
        }
    }
    assert!(said.lines().all(|it| it.trim_end() == it), "trailing blanks:\n{said}");
    assert!(!said.contains('\u{1b}'), "colours without a terminal");
    assert!(!said.contains("kind not_null"));
    assert!(room.check(&["--verbose"]).contains("\nHeld\n  kind not_null: not null"));
    let quiet = room.check(&["--quiet"]);
    assert!(quiet.contains("FAILED  amount between") && !quiet.contains("data.ndjson:4"), "{quiet}");
}

#[test]
fn text_is_coloured_where_that_is_wanted() {
    let room = every_status();
    let args = ["check", "data.ndjson", "--suite", "suite.yaml"];
    let forced = room.command(&args).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(text(&forced.stdout).contains("\u{1b}["));
    let refused = room.command(&args).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").output().unwrap();
    assert!(!text(&refused.stdout).contains("\u{1b}["));
}

#[test]
fn data_cannot_speak_to_the_terminal() {
    let suite = "expectations:\n  - field: a\n    not_null:\n  - field: a\n    unique:\n";
    let data = "{\"a\": \"\\u001b[2J\\u009b\"}\n{\"a\": \"\\u001b[2J\\u009b\"}\n";
    let room = Room::new(&[("suite.yaml", suite), ("data.ndjson", data)]);
    for format in ["text", "github", "junit", "sarif"] {
        let said = room.check(&["--format", format]);
        assert!(!said.contains(['\u{1b}', '\u{9b}']), "{format}: {said}");
    }
}

#[test]
fn json_conforms_to_its_schema_at_every_status() {
    let schema: Value = serde_json::from_str(REPORT_SCHEMA).unwrap();
    let schema = Schema::compile(&schema, &[]).unwrap();
    let room = every_status();
    room.write("empty.ndjson", "");
    room.write("bad.parquet", "?");
    for data in [&["data.ndjson"][..], &["empty.ndjson"], &["bad.parquet", "data.ndjson"]] {
        let args = [&["check", "--suite", "suite.yaml", "--format", "json", "--timing"], data].concat();
        let said = text(&room.run(&args).stdout);
        let report = record::parse(&said).unwrap();
        let failures = schema.failures(&report, 10);
        assert!(failures.is_empty(), "{failures:?}\n{said}");
    }
    // The schema is strict enough to notice.
    let mut report = room.json(&["check", "data.ndjson", "--suite", "suite.yaml", "--format", "json"]);
    report["results"][0]["status"] = "passed".into();
    assert!(!schema.is_valid(&record::parse(&report.to_string()).unwrap()));
}

#[test]
fn json_says_what_happened() {
    let report = every_status().json(&["check", "data.ndjson", "--suite", "suite.yaml", "--format", "json"]);
    assert_eq!(report["counts"], json!({ "pass": 1, "fail": 4, "skip": 1, "error": 1 }));
    assert_eq!(report["by_severity"]["warning"], json!({ "pass": 0, "fail": 1, "skip": 0, "error": 0 }));
    assert_eq!((&report["status"], &report["exit_code"]), (&json!("error"), &json!(3)));
    assert_eq!(report.get("elapsed_seconds"), None);
    let between = &report["results"][1];
    assert_eq!(between["gx_type"], "expect_column_values_to_be_between");
    assert_eq!(between["line"], 3);
    assert_eq!(between["unexpected_share"], 0.5);
    assert_eq!(between["mostly"], 0.9);
    assert_eq!(between["samples"], json!([{ "row": 3, "file": "data.ndjson", "line": 4, "value": 101.5 }]));
}

#[test]
fn junit_is_well_formed_and_its_counts_are_right() {
    use quick_xml::Reader;
    use quick_xml::events::Event;

    let said = every_status().check(&["--format", "junit"]);
    let mut reader = Reader::from_str(&said);
    let (mut seen, mut open) = (std::collections::BTreeMap::<String, u64>::new(), Vec::new());
    let mut counts = Vec::new();
    loop {
        let event = reader.read_event().unwrap();
        if let Event::Start(it) | Event::Empty(it) = &event {
            let name = String::from_utf8(it.name().as_ref().to_vec()).unwrap();
            let parent = open.last().map_or("", String::as_str);
            let expected = match name.as_str() {
                "testsuites" => "",
                "testsuite" => "testsuites",
                "testcase" => "testsuite",
                _ => "testcase",
            };
            assert_eq!(parent, expected, "<{name}>");
            for attribute in it.attributes() {
                let attribute = attribute.unwrap();
                let value = attribute.unescape_value().unwrap().into_owned();
                let key = String::from_utf8(attribute.key.as_ref().to_vec()).unwrap();
                if name == "testsuite" {
                    counts.push((key, value));
                } else if key == "classname" {
                    assert_eq!(value, "every <status> & \"more\"");
                }
            }
            *seen.entry(name.clone()).or_default() += 1;
            if matches!(event, Event::Start(_)) {
                open.push(name);
            }
        } else if matches!(event, Event::End(_)) {
            open.pop();
        } else if matches!(event, Event::Eof) {
            break;
        }
    }
    assert!(open.is_empty());
    for (attribute, element) in
        [("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]
    {
        let stated = &counts.iter().find(|(it, _)| it == attribute).unwrap().1;
        assert_eq!(stated.parse::<u64>().unwrap(), seen[element], "{attribute}");
    }
    assert_eq!((seen["testcase"], seen["failure"], seen["system-out"]), (7, 3, 1));
}

#[test]
fn sarif_has_what_the_standard_asks_for() {
    let log: Value = serde_json::from_str(&every_status().check(&["--format", "sarif"])).unwrap();
    let essentials = json!({
        "type": "object",
        "required": ["version", "runs"],
        "properties": { "version": { "const": "2.1.0" }, "runs": { "type": "array", "items": {
            "required": ["tool", "results"],
            "properties": {
                "tool": { "required": ["driver"], "properties": { "driver": {
                    "required": ["name"],
                    "properties": { "rules": { "uniqueItems": true, "items": { "required": ["id"] } } },
                } } },
                "invocations": { "items": { "required": ["executionSuccessful"] } },
                "results": { "items": {
                    "required": ["message", "ruleId", "ruleIndex", "level", "locations"],
                    "properties": {
                        "message": { "required": ["text"] },
                        "level": { "enum": ["none", "note", "warning", "error"] },
                        "locations": { "minItems": 1, "items": { "$ref": "#/$defs/location" } },
                        "relatedLocations": { "items": { "$ref": "#/$defs/location" } },
                    },
                } },
            },
        } } },
        "$defs": { "location": { "required": ["physicalLocation"], "properties": { "physicalLocation": {
            "required": ["artifactLocation"],
            "properties": {
                "artifactLocation": { "properties": { "uri": { "type": "string", "format": "uri-reference" } } },
                "region": { "properties": { "startLine": { "type": "integer", "minimum": 1 } } },
            },
        } } } },
    });
    let schema = Schema::compile(&essentials, &[]).unwrap();
    assert_eq!(schema.failures(&record::parse(&log.to_string()).unwrap(), 10), []);
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    let levels: Vec<_> = results.iter().map(|it| it["level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["error", "error", "warning", "note"]);
    for it in results {
        let rule = &run["tool"]["driver"]["rules"][it["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], it["ruleId"]);
    }
    let place = &results[1]["locations"][0]["physicalLocation"];
    assert_eq!(place, &json!({ "artifactLocation": { "uri": "data.ndjson" }, "region": { "startLine": 4 } }));
    assert_eq!(results[1]["relatedLocations"][0]["physicalLocation"]["region"]["startLine"], 3);
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn github_annotates_and_appends_a_summary() {
    let room = every_status();
    room.write("summary.md", "before\n");
    let args = ["check", "data.ndjson", "--suite", "suite.yaml", "--format", "github"];
    let output = room.command(&args).env("GITHUB_STEP_SUMMARY", "summary.md").output().unwrap();
    let said = text(&output.stdout);
    let beginnings: Vec<_> =
        said.lines().map(|it| it.split_once("::").unwrap().1.split_once("::").unwrap().0).collect();
    assert_eq!(
        beginnings,
        [
            "error file=data.ndjson,line=3,title=readable",
            "error file=data.ndjson,line=4,title=amount between",
            "warning file=data.ndjson,line=2,title=amount not_null",
            "notice file=suite.yaml,line=12,title=amount mean_between",
            "error file=suite.yaml,line=17,title=nowhere between",
        ]
    );
    assert!(said.contains("(50.0 %25) failed; expected between 0 and 100, for at least 90 %25 of records"));
    let summary = room.read("summary.md");
    assert!(
        summary.starts_with("before\n### Driftline: every &lt;status&gt; &amp; \"more\" incomplete\n"),
        "{summary}"
    );
    assert!(summary.contains("| fail | critical | amount between | 1 of 2 records (50.0 %) failed; "), "{summary}");
}
