//! `driftline check` of a suite with segments, and `--segments`.

use std::fmt::Write as _;

use super::{Room, json};

const SUITE: &str = "name: pay
segments: [region, [version, region]]
expectations:
  - { field: latency, mean_between: { max: 100 }, severity: warning }
  - { field: score, between: { max: 1 }, name: score in range }
  - { row_count_between: { min: 500 }, segments: total }
";

/// A thousand records of three regions and two versions; those of `slow` take long, and one of `eu` is out of range.
fn records(slow: &str) -> String {
    (0..1000).fold(String::new(), |mut text, i| {
        let region = ["eu", "us", "apac"][i % 3];
        let latency = if region == slow { 150 } else { 20 };
        let score = if i == 300 { 7 } else { 0 };
        let version = 1 + i % 2;
        let _ = writeln!(
            text,
            "{{\"region\": \"{region}\", \"version\": {version}, \"latency\": {latency}, \"score\": {score}}}"
        );
        text
    })
}

fn room() -> Room {
    Room::new(&[("s.yaml", SUITE), ("d.ndjson", &records("apac"))])
}

#[test]
fn a_segment_that_fails_is_told_in_a_line() {
    let said = room().run("check d.ndjson --suite s.yaml");
    assert_eq!(said.code, 1, "{}", said.err);
    let lines: Vec<Vec<&str>> = said.out.lines().map(|it| it.split_whitespace().collect()).collect();
    let line = |start: &str| {
        let start: Vec<&str> = start.split_whitespace().collect();
        lines.iter().find(|it| it.starts_with(&start)).unwrap_or_else(|| panic!("{start:?}\n{}", said.out)).join(" ")
    };
    assert_eq!(
        line("FAILED region=eu"),
        "FAILED region=eu 334 records 1 of 2 expectations failed: score in range (1 of 334 records (0.30 %))"
    );
    assert_eq!(
        line("WARNING version=1, region=apac"),
        "WARNING version=1, region=apac 167 records 1 of 2 expectations failed: latency mean_between (observed 150.0)"
    );
    assert!(said.out.contains("\n  4 other segments held\n"), "{}", said.out);
    assert!(said.out.contains("5 of 9 segments did not hold"), "{}", said.out);
    let all = room().run("check d.ndjson --suite s.yaml --verbose");
    assert_eq!(all.out.matches("  held     ").count(), 4, "{}", all.out);
}

#[test]
fn segments_decide_the_exit_code_as_their_severity_says() {
    let room = Room::new(&[
        ("d.ndjson", &records("us")),
        (
            "w.yaml",
            "segments: region\nexpectations: [{ field: latency, mean_between: { max: 100 }, severity: warning }]",
        ),
        ("i.yaml", "segments: region\nexpectations: [{ field: latency, mean_between: { max: 100 }, severity: info }]"),
        ("t.yaml", "segments: region\nexpectations: [{ field: latency, mean_between: { max: 100 }, segments: total }]"),
    ]);
    for (suite, code) in [("w.yaml", 2), ("i.yaml", 0), ("t.yaml", 0)] {
        let said = room.run(&format!("check d.ndjson --suite {suite}"));
        assert_eq!(said.code, code, "{suite}: {}", said.out);
    }
}

#[test]
fn every_format_tells_of_segments() {
    let room = room();
    let run = |format: &str| room.run(&format!("check d.ndjson --suite s.yaml --format {format}")).out;
    let report = json(&run("json"));
    let segments = report["segments"].as_array().unwrap();
    assert_eq!(segments.len(), 9);
    let of = |name: &str| segments.iter().find(|it| it["segment"] == name).unwrap();
    assert_eq!((&of("region=us")["verdict"], &of("region=us")["records"]), (&"pass".into(), &333.into()));
    assert_eq!(of("region=apac")["verdict"], "warn");
    let eu = of("version=1, region=eu");
    assert_eq!((&eu["verdict"], eu["findings"].as_array().unwrap().len()), (&"fail".into(), 2));
    let sample = &eu["findings"][1]["samples"][0];
    assert_eq!((&sample["row"], &sample["line"], &sample["value"]), (&300.into(), &301.into(), &7.into()));
    assert_eq!(report["results"].as_array().unwrap().len(), 3);
    let schema = jsonschema::validator_for(&json(&room.run("schema report").out)).unwrap();
    assert!(schema.is_valid(&report), "{:?}", schema.iter_errors(&report).next());

    let junit = run("junit");
    assert_eq!(junit.matches("<testsuite ").count(), 10, "{junit}");
    assert!(junit.contains("<testsuites name=\"pay\" tests=\"21\" failures=\"6\" errors=\"0\">"), "{junit}");
    assert!(junit.contains("<testsuite name=\"pay [region=us]\" tests=\"2\" failures=\"0\""), "{junit}");
    let sarif = json(&run("sarif"));
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let fingerprints: std::collections::BTreeSet<_> =
        results.iter().map(|it| it["partialFingerprints"]["expectation/v1"].to_string()).collect();
    assert_eq!((results.len(), fingerprints.len()), (6, 6));
    assert!(run("github").contains("title=score in range [region=eu]::"));
    let gx = json(&run("gx"));
    assert_eq!((&gx["success"], gx["results"].as_array().unwrap().len()), (&false.into(), 3));
    let segments = gx["meta"]["driftline"]["segments"].as_array().unwrap();
    assert_eq!(segments.iter().filter(|it| it["success"] == false).count(), 5);
}

#[test]
fn the_answer_does_not_depend_on_how_the_input_is_cut() {
    let room = room();
    let whole = room.run("check d.ndjson --suite s.yaml --format json --threads 1").out;
    for how in ["--threads 2 --chunk-size 100", "--threads 7 --chunk-size 3000"] {
        assert_eq!(room.run(&format!("check d.ndjson --suite s.yaml --format json {how}")).out, whole, "{how}");
    }
}

#[test]
fn a_command_line_divides_as_it_likes() {
    let room = room();
    let said = room.run("check d.ndjson --suite s.yaml --segments version --segments region,version --format json");
    let names: Vec<String> =
        json(&said.out)["segments"].as_array().unwrap().iter().map(|it| it["segment"].to_string()).collect();
    assert_eq!(names.len(), 8);
    assert_eq!(names[..3], ["\"version=1\"", "\"version=2\"", "\"region=apac, version=1\""]);
    assert_eq!(room.run("check d.ndjson --suite s.yaml --segments a,,b").code, 3);
}

#[test]
fn a_record_is_explained_with_its_segments() {
    let room = room();
    let said = room.run("explain d.ndjson:2 --suite s.yaml");
    assert!(said.out.contains("in the segment region=us\nin the segment version=2, region=us\n"), "{}", said.out);
    let said = room.run("explain d.ndjson:2 --suite s.yaml --format json");
    assert_eq!(json(&said.out)["segments"], serde_json::json!(["region=us", "version=2, region=us"]));
}

#[test]
fn each_segment_is_compared_with_the_baseline_or_with_the_champion() {
    let drift = |suite: &str| format!("{suite}expectations: [{{ field: latency, stable: {{ test: ks }} }}]\n");
    let room = Room::new(&[
        ("train.ndjson", &records("none")),
        ("now.ndjson", &records("us")),
        ("base.yaml", &drift("segments: region\n")),
        ("champion.yaml", &drift("segments: region\ndrift: { baseline: { segment: region=eu } }\n")),
        ("lost.yaml", &drift("segments: region\ndrift: { baseline: { segment: region=ue } }\n")),
    ]);
    assert_eq!(room.run("profile train.ndjson --suite base.yaml -o b.json").code, 0);
    for args in ["base.yaml --baseline b.json", "champion.yaml"] {
        let said = room.run(&format!("check now.ndjson --suite {args} --format json"));
        let report = json(&said.out);
        let status = |name: &str| {
            let of = report["segments"].as_array().unwrap().iter().find(|it| it["segment"] == name);
            of.unwrap()["findings"][0]["status"].as_str().unwrap().to_owned()
        };
        let itself = if args == "champion.yaml" { "skip" } else { "pass" };
        assert_eq!(["region=us", "region=apac", "region=eu"].map(status), ["fail", "pass", itself], "{args}");
    }
    let said = room.run("check now.ndjson --suite lost.yaml");
    assert_eq!(said.code, 0, "{}", said.out);
    assert!(said.out.contains("no record lies in the segment `region=ue`"), "{}", said.out);
    assert!(said.out.contains("did you mean `region=eu`?"), "{}", said.out);
}
