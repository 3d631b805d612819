//! Labels that come later: joined to logged predictions, corrected, early, in any order.

use serde_json::{Value, json};

use crate::database;
use crate::server::Server;

const SUITE: &str = "\
name: intents
windows: { lengths: [1m, 1h], lateness: 0 }
segments: [region]
record: { id: id, time: ts, model: model, version: version, prediction: intent, score: p }
predictions: { keep: [region, features.amount] }
expectations:
  - { field: intent, not_null: {} }
  - { accuracy: { min: 0.75, min_records: 1 }, name: accuracy }
  - { recall: { class: refund, min: 0.5, min_records: 1 }, name: refunds are found }
  - { field: label.value, sum_between: { max: 100 }, name: value }
  - { field: label.delay_seconds, max_between: { max: 3600 }, severity: warning, name: delay }
  - { label_coverage: { min: 0.8, after: 1h }, name: coverage }
";

fn server(database: Option<&str>) -> Server {
    let mut server = Server::new(&[("intents.yaml", SUITE)]);
    if let Some(url) = database {
        server.set("DRIFTLINE_DATABASE", url);
    }
    server.set_replay();
    server.start();
    server
}

fn record(i: u32, intent: &str, region: &str) -> String {
    json!({
        "id": format!("r{i}"), "ts": format!("2024-05-01T12:00:{i:02}Z"), "intent": intent, "p": 0.5, "region": region,
        "model": "m", "version": "3", "features": {"amount": 10 * i, "other": 1}, "secret": "s",
    })
    .to_string()
}

fn send(server: &Server, records: &[String]) {
    let answer = server.post("/v1/suites/intents/check?wait=stored", "application/x-ndjson", records.join("\n"));
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// Ends the minute, since no record comes later than the last.
fn end_minute(server: &Server) {
    let later = json!({"id": "later", "ts": "2024-05-01T14:00:00Z", "intent": "pay", "region": "eu"});
    send(server, &[later.to_string()]);
}

fn label(server: &Server, labels: &Value) -> Value {
    let answer = server.post("/v1/labels", "application/json", labels.to_string());
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// The finding of a window of a length and a segment.
fn finding(server: &Server, length: &str, segment: &str, check: &str) -> Value {
    let path = format!(
        "/v1/findings?suite=intents&check={}&length={length}&segment={segment}&until=2024-05-01T13:00:00Z",
        check.replace(' ', "%20")
    );
    server.get(&path).json()["items"][0].clone()
}

fn observed(server: &Server, length: &str, segment: &str, check: &str) -> Value {
    finding(server, length, segment, check)["observed"].clone()
}

fn counts(answer: &Value) -> [i64; 5] {
    ["received", "new", "corrected", "unchanged", "joined"].map(|it| answer[it].as_i64().unwrap())
}

#[test]
fn labels_are_joined_to_the_windows_of_their_predictions() {
    let server = server(None);
    story(&server);
}

#[test]
fn labels_are_joined_on_postgresql() {
    let database = database::postgres();
    let server = server(Some(&database.url));
    story(&server);
}

fn story(server: &Server) {
    // A label that comes before its record waits for it.
    let early = label(server, &json!([{"id": "r0", "truth": "pay", "value": 30, "at": "2024-05-01T12:10:00Z"}]));
    assert_eq!(counts(&early), [1, 1, 0, 0, 0]);
    let records = [(0, "pay", "eu"), (1, "pay", "us"), (2, "refund", "eu"), (3, "pay", "us"), (4, "pay", "us")];
    send(server, &records.map(|(i, intent, region)| record(i, intent, region)));
    end_minute(server);
    server.until("the early label", || observed(server, "1m", "", "accuracy") == json!(1.0));
    assert_eq!(observed(server, "1m", "region%3Deu", "accuracy"), json!(1.0));
    let us = finding(server, "1m", "region%3Dus", "accuracy");
    assert_eq!(
        (&us["status"], us["message"].as_str()),
        (&json!("skip"), Some("no label has come for its records yet"))
    );

    let at = "2024-05-01T12:20:00Z";
    let rest = json!([
        {"id": "r1", "truth": "refund", "at": at}, {"id": "r2", "label": "refund", "at": at, "value": 1},
        {"id": "r3", "label": {"truth": "pay", "value": 50}, "at": at},
    ]);
    assert_eq!(counts(&label(server, &rest)), [3, 3, 0, 0, 3]);
    server.until("the labels", || observed(server, "1m", "", "accuracy") == json!(0.75));
    assert_eq!(finding(server, "1m", "", "accuracy")["status"], "pass");
    assert_eq!(observed(server, "1m", "", "value"), json!(81));
    assert_eq!(observed(server, "1m", "", "delay"), json!(1199.0));
    assert_eq!(observed(server, "1m", "region%3Dus", "accuracy"), json!(0.5));
    assert_eq!(observed(server, "1m", "", "refunds are found"), json!(0.5));
    server.until("the hour", || observed(server, "1h", "", "accuracy") == json!(0.75));

    // Sent again they are known; corrected, the window is added up anew.
    assert_eq!(counts(&label(server, &rest)), [3, 0, 0, 3, 0]);
    let corrected = json!({"id": "r3", "truth": "refund", "value": null, "at": "2024-05-01T12:30:00Z"});
    assert_eq!(counts(&label(server, &corrected)), [1, 0, 1, 0, 1]);
    server.until("the correction", || observed(server, "1m", "", "accuracy") == json!(0.5));
    server.until("its segment", || observed(server, "1m", "region%3Dus", "accuracy") == json!(0.0));
    assert_eq!(observed(server, "1m", "region%3Deu", "accuracy"), json!(1.0));
    assert_eq!(finding(server, "1m", "", "accuracy")["status"], "fail");
    assert_eq!(observed(server, "1m", "", "value"), json!(31));
    server.until("the hour", || observed(server, "1h", "", "accuracy") == json!(0.5));
    server.until("its segment of the hour", || observed(server, "1h", "region%3Dus", "accuracy") == json!(0.0));
    // An older word does not take the place of a newer one.
    let older = json!({"id": "r3", "truth": "pay", "at": "2024-05-01T12:25:00Z"});
    assert_eq!(counts(&label(server, &older)), [1, 0, 0, 1, 0]);
    let more = json!({"id": "r3", "truth": "pay", "handled_by": "bo", "at": "2024-05-01T12:25:00Z"});
    assert_eq!(counts(&label(server, &more)), [1, 0, 1, 0, 1]);
    let it = server.get("/v1/predictions?id=r3").json()["items"][0].clone();
    assert_eq!(
        (&it["label"], &it["label_at"]),
        (&json!({"truth": "refund", "handled_by": "bo"}), &json!("2024-05-01T12:30:00.000000Z"))
    );

    // Records are counted once, whatever labels come.
    let window = || {
        server.get("/v1/windows?suite=intents&length=1m&segment=&until=2024-05-01T13:00:00Z").json()["items"][0].clone()
    };
    server.until("the last revision", || window()["labels"] == json!(6));
    assert_eq!((&window()["records"], &window()["late"]), (&json!(5), &json!(0)));
    // Labels have had their hour long ago: four of five came.
    server.until("the coverage", || observed(server, "1m", "", "coverage") == json!(0.8));
    assert_eq!(finding(server, "1m", "", "coverage")["status"], "pass");
    assert_eq!(finding(server, "1m", "region%3Dus", "coverage")["status"], "fail");
    server.until("that of the hour", || finding(server, "1h", "region%3Dus", "coverage")["status"] == "fail");

    let predictions = |asked: &str| {
        let page = server.get(&format!("/v1/predictions?suite=intents&until=2024-05-01T13:00:00Z{asked}")).json();
        let items = page["items"].as_array().unwrap_or_else(|| panic!("{page}")).clone();
        items.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(predictions(""), ["r4", "r3", "r2", "r1", "r0"]);
    assert_eq!(predictions("&outcome=wrong"), ["r3", "r1"]);
    assert_eq!(predictions("&outcome=unlabelled"), ["r4"]);
    assert_eq!(predictions("&prediction=refund&score_min=0.5&model=m&version=3"), ["r2"]);
    assert_eq!(predictions("&score_min=0.6"), [""; 0]);
    let one = server.get("/v1/predictions?id=r1").json()["items"][0].clone();
    assert_eq!(one["record"]["features"], json!({"amount": 10}));
    assert_eq!((&one["label"], &one["correct"]), (&json!({"truth": "refund"}), &json!(false)));
    assert_eq!((&one["label_delay_seconds"], &one["label_revision"]), (&json!(1199.0), &json!(1)));
    assert_eq!((one["record"].get("secret"), one["record"]["features"].get("other")), (None, None));
    let first = server.get("/v1/predictions?limit=2").json();
    let next = first["next"].as_str().unwrap();
    assert_eq!(server.get(&format!("/v1/predictions?limit=2&cursor={next}")).json()["items"][0]["id"], "r3");
}

#[test]
fn labels_come_as_lines_and_tables_and_what_is_wrong_is_told() {
    let server = server(None);
    send(&server, &[record(0, "pay", "eu"), record(1, "refund", "eu")]);
    let lines = "{\"id\": \"r0\", \"truth\": \"pay\"}\n{\"truth\": \"pay\"}\n{\"id\": \"r1\"}\nnot json\n[1]\n";
    let answer = server.post("/v1/labels?suite=intents", "application/x-ndjson", lines);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let it = answer.json();
    assert_eq!((counts(&it), &it["refused"]), ([5, 1, 0, 0, 1], &json!(4)));
    let problems = it["problems"].to_string();
    for wanted in ["label 1: it has no `id`", "label 2: it says nothing: give `truth`", "line 4"] {
        assert!(problems.contains(wanted), "{wanted}: {problems}");
    }
    let table = server.post("/v1/labels", "text/csv", "id,truth,value\nr1,refund,3\n");
    assert_eq!(counts(&table.json()), [1, 1, 0, 0, 1], "{}", table.body);
    assert_eq!(server.get("/v1/predictions?id=r1").json()["items"][0]["label"], json!({"truth": "refund", "value": 3}));
    let nothing = server.post("/v1/labels", "application/x-ndjson", "{}\n");
    assert_eq!((nothing.status, &nothing.json()["refused"]), (422, &json!(1)));
    let unknown = server.post("/v1/labels?suite=other", "application/json", "{}");
    assert_eq!(unknown.status, 404, "{}", unknown.body);
    let bad = server.get("/v1/predictions?outcome=good");
    assert_eq!((bad.status, bad.body.contains("none of correct, wrong, labelled, unlabelled")), (400, true));
}

#[test]
fn the_command_line_gives_labels_to_the_store() {
    let mut server = server(None);
    send(&server, &[record(0, "pay", "eu"), record(1, "refund", "eu")]);
    end_minute(&server);
    server.write("truth.csv", "id,truth\nr0,pay\nr1,pay\nr7,pay\n");
    server.write("more.ndjson", "{\"id\": \"r1\", \"truth\": \"refund\"}\n{\"truth\": 1}\n");
    let (code, said) = server.driftline(&["labels", "truth.csv"]);
    assert_eq!((code, said.contains("3 labels of `intents`: 3 new, 0 corrected")), (0, true), "{said}");
    server.until("the labels", || observed(&server, "1m", "", "accuracy") == json!(0.5));
    server.kill();
    let (code, said) = server.driftline(&["labels", "more.ndjson", "--suite", "intents", "--format", "json"]);
    assert_eq!((code, said.contains("it has no `id`")), (1, true), "{said}");
    server.start();
    server.until("the correction", || observed(&server, "1m", "", "accuracy") == json!(1.0));
    let (code, said) = server.driftline(&["labels", "truth.csv", "--suite", "other"]);
    assert_eq!((code, said.contains("there is no suite `other`")), (3, true), "{said}");
}

#[test]
fn hashed_predictions_and_labels_still_match() {
    let suite = format!("{SUITE}privacy: {{ intent: hash, label.truth: hash, id: hash, secret: drop }}\n");
    let mut server = Server::new(&[("intents.yaml", suite.as_str())]);
    server.set_replay();
    server.start();
    send(&server, &[record(0, "pay", "eu"), record(1, "refund", "eu")]);
    end_minute(&server);
    label(&server, &json!([{"id": "r0", "truth": "pay"}, {"id": "r1", "truth": "pay"}]));
    let one = || {
        server.get("/v1/windows?suite=intents&length=1m&segment=&until=2024-05-01T13:00:00Z").json()["items"][0].clone()
    };
    server.until("the labels", || one()["labels"] == json!(2));
    // Of hashes only the verdict is told.
    assert_eq!(finding(&server, "1m", "", "accuracy")["status"], "fail");
    let stored = server.get("/v1/predictions").body;
    assert!(!stored.contains("pay\"") && !stored.contains("r0"), "{stored}");
}

#[test]
fn what_was_answered_outlives_a_kill() {
    let mut server = server(None);
    send(&server, &[record(0, "pay", "eu"), record(1, "refund", "eu")]);
    label(&server, &json!([{"id": "r0", "truth": "pay"}, {"id": "r9", "truth": "pay"}]));
    let unstored = server.post("/v1/suites/intents/check", "application/x-ndjson", record(9, "refund", "us"));
    assert_eq!(unstored.status, 200);
    server.kill();
    server.start();
    end_minute(&server);
    label(&server, &json!({"id": "r1", "truth": "refund"}));
    server.until("all three", || observed(&server, "1m", "", "accuracy") == json!(2.0 / 3.0));
}
