//! A changed suite on the windows that a service has stored: what would have been found, and when triggers would have
//! fired, beside what was.

use serde_json::{Value, json};

use crate::database;
use crate::guests::Guest;
use crate::server::Server;

const SUITE: &str = "\
name: loans
record: { id: id, time: ts, prediction: said }
windows: { lengths: [1m, 5m], lateness: 0, idle: 1s }
segments: [region]
predictions: { keep: [income, region] }
drift: { baseline: { window: previous } }
expectations:
  - { field: score, mean_between: { min: 0.5 }, name: score }
  - { field: score, between: { min: 0.2 }, mostly: 0.9, name: each score }
  - { field: score, stable: { test: wasserstein_normed }, severity: info, name: steady }
  - { field: score, mean_between: { min: 0 }, watch: { detector: cusum, min_instances: 2, threshold: 0.1, delta: 0 }, name: watched }
  - { accuracy: { min: 0.9, min_records: 1 }, name: right }
triggers:
  - name: score is low
    when: { finding: score, below: 0.5, clear_above: 0.6 }
";

/// The mean score of each minute: it falls slowly, and recovers.
const SCORES: [f64; 12] = [0.9, 0.9, 0.8, 0.7, 0.65, 0.58, 0.45, 0.4, 0.7, 0.9, 0.9, 0.9];

fn stored(url: Option<&str>) -> Server {
    let server = begun(url);
    for minute in 0..SCORES.len() {
        send_minute(&server, minute);
    }
    all_judged(&server);
    server
}

fn begun(url: Option<&str>) -> Server {
    let mut server = Server::new(&[("loans.yaml", SUITE)]);
    for name in ["WINDOWS", "FAILURES", "PREDICTIONS"] {
        server.set(&format!("DRIFTLINE_RETENTION__{name}"), "null");
    }
    server.set("DRIFTLINE_WINDOWS__REVISE_EVERY", "1ms");
    if let Some(url) = url {
        server.set("DRIFTLINE_DATABASE", url);
    }
    server.start();
    server
}

fn send_minute(server: &Server, minute: usize) {
    let record = |i: usize| {
        let region = if i.is_multiple_of(2) { "eu" } else { "us" };
        json!({
            "id": format!("{minute}-{i}"), "ts": at(minute), "score": SCORES[minute] + 0.02 * (i % 5) as f64 - 0.04,
            "region": region, "said": i.is_multiple_of(3), "income": 100 * minute + i,
            "load": if minute.is_multiple_of(2) { 0.5 } else { 2.0 },
        })
        .to_string()
    };
    let records: Vec<_> = (0..20).map(record).collect();
    send(server, &records.join("\n"));
}

/// The last minutes are ended and labels come; waits until everything is judged.
fn all_judged(server: &Server) {
    // What comes later ends the last minutes.
    send(server, &json!({"id": "end", "ts": "2024-05-01T13:00:00Z", "score": 0.9, "region": "eu"}).to_string());
    let labels: Vec<_> = (0..20).map(|i| json!({"id": format!("3-{i}"), "truth": i % 3 == 0 || i == 1})).collect();
    assert_eq!(server.post("/v1/labels", "application/json", json!(labels).to_string()).status, 200);
    let judged =
        |query: &str| server.get(&format!("/v1/findings?suite=loans&limit=1000{query}")).json()["items"].clone();
    server.until("all windows", || judged("&check=score&segment=&length=1m").as_array().map_or(0, Vec::len) >= 12);
    server.until("all long windows", || {
        judged("&check=score&segment=region%3Dus&length=5m").as_array().map_or(0, Vec::len) >= 3
    });
    server.until("the labels", || {
        judged("&check=right&segment=&length=5m&status=pass").as_array().map_or(0, Vec::len) == 1
    });
    server.until("the incident", || server.get("/v1/triggers?suite=loans").json()["items"][0]["state"] == "resolved");
}

fn at(minute: usize) -> String {
    format!("2024-05-01T12:{minute:02}:00Z")
}

fn send(server: &Server, records: &str) {
    let path = "/v1/suites/loans/check?on_fail=observe&verdicts=none&wait=stored";
    let answer = server.post(path, "application/x-ndjson", records);
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// What a changed suite would have done.
fn backtest(server: &Server, suite: &str, more: &[&str]) -> Value {
    server.write("changed.yaml", suite);
    let path = server.path("changed.yaml").display().to_string();
    let from = ["backtest", "--suite", &path, "--from", "2024-05-01T12:00:00Z", "--to", "2024-05-01T12:12:00Z"];
    let (code, text) = server.driftline(&[&from[..], &["--format", "json"], more].concat());
    assert_eq!(code, 0, "{text}");
    let begins = text.find("{\n").unwrap_or_else(|| panic!("{text}"));
    serde_json::from_str(&text[begins..]).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn incidents(told: &Value) -> Vec<(String, String, String, String)> {
    let minute = |it: &Value| it["opened"].as_str().map_or_else(|| "-".to_owned(), |it| it[11..16].to_owned());
    let one = |it: &Value| {
        let text = |name: &str| it[name].as_str().unwrap().to_owned();
        (text("trigger"), text("seen"), minute(&it["present"]), minute(&it["new"]))
    };
    told["incidents"].as_array().unwrap().iter().map(one).collect()
}

fn needs(told: &Value) -> Vec<String> {
    told["needs_records"].as_array().unwrap().iter().map(|it| it["check"].as_str().unwrap().to_owned()).collect()
}

fn own(it: (&str, &str, &str, &str)) -> (String, String, String, String) {
    (it.0.to_owned(), it.1.to_owned(), it.2.to_owned(), it.3.to_owned())
}

fn story(server: &Server) {
    // The same suite finds the same.
    let same = backtest(server, SUITE, &["--against", "loans"]);
    assert_eq!(same["changes"], json!([]), "{same:#}");
    assert_eq!(same["before"], same["after"]);
    // Windows before, detectors and labels are among what is found again.
    let judged = |check: &str| {
        let it = same["checks"].as_array().unwrap().iter().find(|it| it["check"] == check).unwrap();
        it["before"]["pass"].as_u64().unwrap() + it["before"]["fail"].as_u64().unwrap()
    };
    assert!(["steady", "watched, cusum", "right"].iter().all(|it| judged(it) >= 3), "{same:#}");
    assert!(same["before"]["fail"].as_u64().unwrap() > 0 && same["before"]["pass"].as_u64().unwrap() > 0, "{same:#}");
    assert_eq!(incidents(&same), [own(("score is low", "both", "12:07", "12:07"))]);
    assert_eq!((needs(&same).len(), &same["windows"], &same["segment_windows"]), (0, &json!(14), &json!(28)));
    assert_eq!(same["records"], 240);

    // A tighter bound finds it sooner, and another trigger fires of what it finds; the file says whose windows it means.
    let tighter =
        SUITE.replace("min: 0.5 }, name: score", "min: 0.6 }, name: score").replace("below: 0.5", "below: 0.6");
    let tighter =
        format!("{tighter}  - {{ name: two in a row, when: {{ finding: score, quorum: {{ failing: 2, of: 2 }} }} }}\n");
    let told = backtest(server, &tighter, &[]);
    assert_eq!(
        incidents(&told),
        [own(("score is low", "both", "12:07", "12:06")), own(("two in a row", "new_only", "-", "12:07"))]
    );
    let changes = told["changes"].as_array().unwrap();
    assert!(
        changes.iter().all(|it| it["check"] == "score" && it["before"] == "pass" && it["after"] == "fail"),
        "{told:#}"
    );
    let first = &changes[0];
    assert_eq!((&first["start"], &first["length"]), (&json!("2024-05-01T12:05:00.000000Z"), &json!("1m")));
    assert!(told["after"]["fail"].as_u64() > told["before"]["fail"].as_u64());

    // Without its trigger there is no incident, and looser bounds find nothing.
    let looser = SUITE.replace("min: 0.5 }, name: score", "min: 0.1 }, name: score").replace("score is low", "another");
    let told = backtest(server, &looser, &[]);
    assert_eq!(
        incidents(&told),
        [own(("score is low", "present_only", "12:07", "-")), own(("another", "new_only", "-", "12:07"))]
    );
    let score = |told: &Value| {
        let all = told["checks"].as_array().unwrap();
        all.iter().find(|it| it["check"] == "score").map(|it| it["after"]["fail"].as_u64().unwrap())
    };
    assert_eq!((score(&told), score(&same)), (Some(0), same["checks"][3]["before"]["fail"].as_u64()));
}

#[test]
fn a_changed_suite_is_tried_on_stored_windows() {
    let mut server = stored(None);
    story(&server);
    needs_records(&server);
    assert!(server.stop());
    // The service need not run, and what is wrong is told.
    let path = server.path("changed.yaml").display().to_string();
    let run =
        |more: &[&str]| server.driftline(&[&["backtest", "--suite", &path, "--from", "2024-05-01"], more].concat());
    let (code, text) = run(&["--to", "2024-05-01T12:12:00Z"]);
    assert!(code == 0 && text.contains("Backtest of `loans`") && text.contains("incidents: "), "{text}");
    let (code, text) = run(&["--to", "2024-05-01T11:00:00Z"]);
    assert!(code == 3 && text.contains("no window of `loans` of this time is stored"), "{text}");
    let (code, text) = run(&["--against", "nobody"]);
    assert!(code == 3 && text.contains("the store has no suite of this name"), "{text}");
    let (code, text) = run(&["--to", "2023-05-01"]);
    assert!(code == 3 && text.contains("it is not before the end"), "{text}");
    server.write("changed.yaml", "name: loans\nexpectations:\n- { field: a, betwen: {} }\n");
    let (code, text) = run(&[]);
    assert!(code == 3 && text.contains("unknown kind `betwen`"), "{text}");
}

/// What no window keeps is said, or taken from the log of predictions.
fn needs_records(server: &Server) {
    let more = "expectations:
  - { field: score, max_between: { max: 0.8 }, name: highest }
  - { field: score, between: { min: 0.5 }, name: judged by values }
  - { field: income, max_between: { max: 700 }, name: income }
  - { field: income, between: { max: 900 }, name: each income }
  - { field: age, not_null: {}, name: age }
";
    let told = backtest(server, &SUITE.replace("expectations:\n", more), &[]);
    assert_eq!(needs(&told), ["highest", "income", "each income", "age"], "{told:#}");
    let of = |check: &str| {
        let all = told["needs_records"].as_array().unwrap();
        all.iter().find(|it| it["check"] == check).unwrap().clone()
    };
    assert_eq!(of("age")["why"], "windows kept nothing of the field `age`");
    assert_eq!((&of("age")["windows_by_log"], &of("age")["sample"]), (&json!(0), &Value::Null));
    assert_eq!((&of("income")["windows"], &of("income")["sample"]), (&json!(0), &json!(1.0)));
    let fails = |check: &str| {
        let found = told["changes"].as_array().unwrap().iter();
        let found = found.filter(|it| it["check"] == check && it["length"] == "1m" && it["segment"] == "");
        found.map(|it| it["start"].as_str().unwrap()[11..16].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(fails("income"), ["12:07", "12:08", "12:09", "12:10", "12:11"]);
    assert_eq!(fails("each income"), ["12:09", "12:10", "12:11"]);
    assert_eq!(fails("judged by values"), ["12:06", "12:07"]);
    assert!(fails("age").is_empty() && fails("highest").is_empty());
}

#[test]
fn a_changed_suite_is_tried_on_postgresql() {
    let database = database::postgres();
    story(&stored(Some(&database.url)));
}

/// Both halves were judged by a version of their own; the first kept less than the second.
#[test]
fn windows_of_several_versions_are_one_history() {
    let whole = backtest(&stored(None), SUITE, &[]);
    let server = begun(None);
    (0..6).for_each(|minute| send_minute(&server, minute));
    let second = SUITE.replace("expectations:\n", "expectations:\n  - { field: income, max_between: { max: 700 }, name: income }\n  - { field: score, max_between: { max: 0.9 }, name: highest }\n");
    server.write("suites/loans.yaml", &second);
    assert_eq!(server.post("/v1/reload", "application/json", "").status, 200);
    (6..SCORES.len()).for_each(|minute| send_minute(&server, minute));
    all_judged(&server);

    // What both kept is found as if there had been one version, detectors and windows before included.
    let told = backtest(&server, SUITE, &[]);
    let after = |told: &Value| {
        let all = told["checks"].as_array().unwrap().iter().filter(|it| it["seen"] != "present_only");
        all.map(|it| (it["check"].clone(), it["after"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(told["versions"].as_array().unwrap().len(), 2, "{told:#}");
    assert_eq!(after(&told), after(&whole), "{told:#}");
    assert_eq!((&told["windows"], &told["segment_windows"]), (&whole["windows"], &whole["segment_windows"]));
    assert_eq!(incidents(&told), [own(("score is low", "both", "12:07", "12:07"))]);

    // What only the second kept is answered of its windows, and of the others where the log of predictions has it.
    let told = backtest(&server, &second, &[]);
    let needs = told["needs_records"].as_array().unwrap();
    let of = |check: &str| needs.iter().find(|it| it["check"] == check).unwrap_or_else(|| panic!("{told:#}"));
    assert_eq!(of("income")["windows"], 0);
    // Six minutes and the first five of them, and the five that lie in both versions; each with two segments.
    assert_eq!(of("highest")["windows"], (6 + 2) * 3, "{told:#}");
}

#[test]
fn other_segments_and_the_rules_of_plugins_are_tried() {
    let mut server = begun(None);
    assert!(server.stop());
    std::fs::create_dir(server.path("plugins")).unwrap();
    std::fs::write(server.path("plugins/well-behaved.wasm"), Guest::range().build()).unwrap();
    let suite = SUITE
        .replace("expectations:\n", "plugins: { well-behaved: }\nexpectations:\n  - { field: load, well-behaved.range: , mostly: 0.5, name: of a plugin }\n");
    server.write("suites/loans.yaml", &suite);
    server.start();
    (0..SCORES.len()).for_each(|minute| send_minute(&server, minute));
    all_judged(&server);

    let same = backtest(&server, &suite, &[]);
    assert_eq!((&same["changes"], needs(&same).len()), (&json!([]), 0), "{same:#}");
    let of = |told: &Value| {
        let all = told["checks"].as_array().unwrap().iter();
        all.clone().find(|it| it["check"] == "of a plugin").unwrap()["after"].clone()
    };
    assert!(of(&same)["pass"].as_u64().unwrap() >= 3 && of(&same)["fail"].as_u64().unwrap() >= 3, "{same:#}");
    // Counts of a plugin's verdicts are kept, its values are not.
    let told = backtest(&server, &suite.replace("mostly: 0.5", "mostly: 0"), &[]);
    assert_eq!((&of(&told)["fail"], needs(&told).len()), (&json!(0), 0), "{told:#}");
    let told = backtest(&server, &suite.replace("field: load", "field: score"), &[]);
    assert_eq!(needs(&told), ["of a plugin"], "{told:#}");

    // Without segments there are none; others than were kept are told of.
    let told = backtest(&server, &suite.replace("segments: [region]\n", ""), &[]);
    assert_eq!((&told["windows"], &told["segment_windows"]), (&json!(14), &json!(0)));
    let told = backtest(&server, &suite.replace("segments: [region]", "segments: [said]"), &[]);
    assert_eq!((&told["windows"], &told["segment_windows"]), (&json!(14), &json!(0)));
    let notes = told["notes"].to_string();
    assert!(notes.contains("windows were not all kept by said"), "{notes}");
}
