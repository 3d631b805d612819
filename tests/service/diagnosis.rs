//! Why quality fell: a feature's scale changes, accuracy falls, and the incident's diagnosis names the feature.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::database;
use crate::server::Server;

const SUITE: &str = "\
name: intents
windows: { length: 1m, lateness: 0 }
segments: [region]
record: { id: id, time: ts, model: model, version: version, prediction: intent, score: p }
predictions: { keep: [region, features.amount, other] }
expectations:
  - { field: intent, not_null: {} }
  - { field: other, stable: {}, severity: info }
  - { field: latency_ms, stable: {}, severity: info }
  - { accuracy: { min: 0.9 }, name: accuracy }
triggers:
  - name: accuracy is down
    when: { finding: accuracy, below: 0.9, min_records: 50 }
";

/// Minutes of 120 records, and in which of them the feature is in cents.
const MINUTES: usize = 12;
const EACH: usize = 120;
const CENTS_FROM: usize = 8;

fn server(database: Option<&str>) -> Server {
    let mut server = Server::new(&[("intents.yaml", SUITE)]);
    if let Some(url) = database {
        server.set("DRIFTLINE_DATABASE", url);
    }
    server.set_replay();
    server.start();
    server
}

fn post(server: &Server, path: &str, kind: &str, body: &str) -> Value {
    let answer = server.post(path, kind, body);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

fn send(server: &Server) {
    let (mut records, mut labels) = (String::new(), String::new());
    for i in 0..MINUTES * EACH {
        let (minute, second) = (i / EACH, i % EACH / 2);
        let is_late = minute >= CENTS_FROM;
        // Whatever has no common period with the others is chance enough.
        let amount = 20 + i * 37 % 101;
        let is_wrong = if is_late { i * 7 % 25 < 8 } else { i * 7 % 25 < 1 };
        let region = ["eu", "us", "asia"][i * 11 % 3];
        let record = json!({
            "id": format!("r{i}"), "ts": format!("2024-05-01T12:{minute:02}:{second:02}Z"), "intent": "pay", "p": 0.9,
            "region": region, "model": "m", "version": "3", "latency_ms": 40 + i * 13 % 17,
            "features": {"amount": if is_late { 100 * amount } else { amount }}, "other": i * 31 % 89,
        });
        writeln!(records, "{record}").unwrap();
        let label = json!({"id": format!("r{i}"), "truth": if is_wrong { "refund" } else { "pay" }, "at": "2024-05-01T12:30:00Z"});
        writeln!(labels, "{label}").unwrap();
    }
    let path = "/v1/suites/intents/check?verdicts=none&wait=stored";
    post(server, path, "application/x-ndjson", &records);
    // A record that comes much later ends all minutes.
    let later = json!({"id": "later", "ts": "2024-05-01T14:00:00Z", "intent": "pay", "region": "eu"}).to_string();
    post(server, path, "application/x-ndjson", &later);
    assert_eq!(post(server, "/v1/labels", "application/x-ndjson", &labels)["joined"], MINUTES * EACH);
}

fn names_the_feature(of: &Value) {
    let first = &of["hypotheses"][0];
    assert_eq!((&first["category"], &first["subject"]), (&json!("data"), &json!("features.amount")), "{of:#}");
    assert!(first["score"].as_f64().unwrap() > 0.6, "{of:#}");
    assert!((first["share"]["value"].as_f64().unwrap() - 1.0).abs() < 0.1, "{of:#}");
    assert!(first["evidence"].to_string().contains("its scale has changed"), "{of:#}");
    assert_eq!(of["loss"]["is_clear"], true, "{of:#}");
    assert!(of["looked_at"][0].as_str().unwrap().contains("latency_ms"), "{of:#}");
}

fn story(server: &Server) {
    send(server);
    let incidents = || server.get("/v1/triggers?suite=intents").json()["items"].as_array().unwrap().clone();
    server.until("an incident", || !incidents().is_empty());
    let id = incidents()[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/incidents/{id}/diagnosis");
    let answer = server.get(&path);
    assert_eq!(answer.status, 200, "{}", answer.body);
    names_the_feature(&answer.json());
    assert_eq!(answer.json()["incident"], id);
    assert_eq!(answer.body, server.get(&path).body, "the same question has the same answer");
    // The paths that it says to verify with are there.
    let verify = answer.json()["hypotheses"][0]["verify"].as_array().unwrap().clone();
    let gets: Vec<_> = verify.iter().filter_map(|it| it.as_str().unwrap().strip_prefix("GET ")).collect();
    for it in &gets {
        assert!(matches!(server.get(it).status, 200 | 404), "{it}");
    }

    // A span of one's own, and one of a segment.
    let asked = json!({"since": "2024-05-01T12:08:00Z", "until": "2024-05-01T12:12:00Z", "baseline_since": "2024-05-01T12:00:00Z"});
    let whole = post(server, "/v1/suites/intents/diagnosis", "application/json", &asked.to_string());
    names_the_feature(&whole);
    assert_eq!((&whole["loss"]["n_before"], &whole["loss"]["n"]), (&json!(960), &json!(480)), "{whole:#}");
    let mut of_segment = asked.clone();
    of_segment["segment"] = json!("region=eu");
    let of_segment = post(server, "/v1/suites/intents/diagnosis", "application/json", &of_segment.to_string());
    names_the_feature(&of_segment);
    assert!(of_segment["loss"]["n"].as_i64().unwrap() < 200, "{of_segment:#}");
    // Before anything changed nothing is to be found.
    let quiet = json!({"since": "2024-05-01T12:04:00Z", "until": "2024-05-01T12:08:00Z"}).to_string();
    let quiet = post(server, "/v1/suites/intents/diagnosis", "application/json", &quiet);
    assert_eq!(quiet["hypotheses"][0]["cause"], "chance", "{quiet:#}");

    // On the command line.
    let (code, said) = server.driftline(&["diagnose", &id]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("\n1. drift of features.amount (data, score "), "{said}");
    assert!(said.contains("   verify: "), "{said}");
    assert_eq!(server.driftline(&["diagnose", &id]), (0, said));
    let times = [
        "--since",
        "2024-05-01T12:08:00Z",
        "--until",
        "2024-05-01T12:12:00Z",
        "--baseline-since",
        "2024-05-01T12:00:00Z",
    ];
    let (code, said) =
        server.driftline(&[&["diagnose", "--suite", "intents", "--format", "json"], &times[..]].concat());
    assert_eq!((code, serde_json::from_str::<Value>(&said).unwrap()), (0, whole));
}

#[test]
fn the_feature_whose_scale_changed_comes_first() {
    story(&server(None));
}

#[test]
fn it_does_on_postgresql_as_well() {
    let database = database::postgres();
    story(&server(Some(&database.url)));
}

#[test]
fn what_cannot_be_diagnosed_is_told() {
    let server = server(None);
    let unknown = server.get("/v1/incidents/00000000-0000-0000-0000-000000000000/diagnosis");
    assert_eq!(unknown.status, 404, "{}", unknown.body);
    let ask = |suite: &str, body: Value| {
        server.post(&format!("/v1/suites/{suite}/diagnosis"), "application/json", body.to_string())
    };
    assert_eq!(ask("none", json!({"since": "24h"})).status, 404);
    for bad in [
        json!({}),
        json!({"since": "yesterday"}),
        json!({"since": "1h", "until": "2h"}),
        json!({"since": "1h", "baseline_until": "30m"}),
        json!({"since": "1h", "baseline_since": "30m"}),
        json!({"since": "1h", "untli": "2h"}),
    ] {
        assert_eq!(ask("intents", bad.clone()).status, 400, "{bad}");
    }
    // Nothing is known, and that is what is said.
    let nothing = ask("intents", json!({"since": "1h"})).json();
    assert_eq!((&nothing["hypotheses"], &nothing["loss"]), (&json!([]), &Value::Null), "{nothing:#}");
    assert!(nothing["left_out"][0].as_str().unwrap().contains("no window of this time"), "{nothing:#}");
    for (args, wanted) in [
        (&["diagnose", "00000000-0000-0000-0000-000000000000"][..], "there is no incident"),
        (&["diagnose", "--suite", "none", "--since", "1h"][..], "there is no suite `none`"),
        (&["diagnose", "--suite", "intents", "--since", "soon"][..], "neither a time"),
        (&["diagnose", "--suite", "intents"][..], "--since"),
        (&["diagnose"][..], "--suite"),
    ] {
        let (code, said) = server.driftline(args);
        assert_eq!((code, said.contains(wanted)), (3, true), "{args:?}: {said}");
    }
}
