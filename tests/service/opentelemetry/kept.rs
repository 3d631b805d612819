//! Traces that are kept with what failed, and told in lines of the log: with a collector and without.

use serde_json::{Value, json};

use super::collector::{PARENT, TRACE, checked};
use crate::database;
use crate::server::Server;
use crate::{GOOD, PAYMENTS};

const OWN: &str = "\
name: payments
record: { id: id, trace_id: ctx.trace }
privacy: { hidden: drop }
expectations:
  - { field: amount, between: { min: 0, max: 100 } }
";

fn records_of_traces(url: Option<&str>) {
    let mut server = Server::new(&[("payments.yaml", OWN)]);
    if let Some(url) = url {
        server.set("DRIFTLINE_DATABASE", url);
    }
    server.start();
    let own = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let records = [
        json!({"id": "whole", "amount": 200, "ctx": {"trace": format!("00-{own}-b7ad6b7169203331-01")}}),
        json!({"id": "uuid", "amount": 200, "ctx": {"trace": "BBBBBBBB-bbbb-bbbb-bbbb-bbbbbbbbbbbb"}}),
        json!({"id": "none", "amount": 200}),
        json!({"id": "bad", "amount": 200, "ctx": {"trace": "what?"}}),
    ];
    let lines: Vec<_> = records.iter().map(Value::to_string).collect();
    checked(&server, &[("traceparent", PARENT)], "application/x-ndjson", &lines.join("\n"));
    // One record by itself, of its own trace.
    checked(&server, &[("traceparent", PARENT)], "application/json", &lines[0]);
    let traces = |query: &str| -> Vec<(String, String)> {
        let page = server.get(&format!("/v1/failures?{query}")).json();
        let text = |it: &Value| it.as_str().unwrap_or("-").to_owned();
        let mut all: Vec<_> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| (text(&it["record_id"]), text(&it["trace_id"])))
            .collect();
        all.sort();
        all
    };
    let of = |id: &str, trace: &str| (id.to_owned(), trace.to_owned());
    let (whole, uuid) = (of("whole", own), of("uuid", &"b".repeat(32)));
    let rest = [of("bad", TRACE), of("none", TRACE)];
    let all = [rest[0].clone(), rest[1].clone(), uuid.clone(), whole.clone(), whole.clone()];
    assert_eq!(traces(""), all);
    assert_eq!(traces(&format!("trace_id={TRACE}")), rest);
    assert_eq!(traces("trace_id=BBBBBBBB-bbbb-bbbb-bbbb-bbbbbbbbbbbb"), [uuid]);
    assert_eq!(traces(&format!("trace_id=00-{own}-b7ad6b7169203331-00")), [whole.clone(), whole]);
    let results = server.get(&format!("/v1/results?trace_id={TRACE}")).json();
    assert_eq!((results["items"].as_array().unwrap().len(), &results["items"][0]["records"]), (1, &json!(4)));
    let bad = server.get("/v1/failures?trace_id=what");
    assert!(bad.status == 400 && bad.body.contains("32 hexadecimal digits"), "{}", bad.body);
    let (code, said) = server.driftline(&["history", "failures", "--trace-id", own]);
    assert!(code == 0 && said.lines().count() == 3 && said.contains(own), "{said}");
    let (code, said) = server.driftline(&["history", "stats", "--trace-id", own]);
    assert!(code == 3 && said.contains("history failures"), "{said}");
}

#[test]
fn records_have_traces_of_their_own() {
    records_of_traces(None);
}

#[test]
fn records_have_traces_of_their_own_in_postgres() {
    let database = database::postgres();
    records_of_traces(Some(&database.url));
}

#[test]
fn every_line_of_a_request_has_its_trace() {
    let mut server = Server::new(&[("payments.yaml", PAYMENTS)]);
    server.set("DRIFTLINE_LOG__LEVEL", "debug");
    server.set("DRIFTLINE_LOG__FORMAT", "json");
    server.start();
    checked(&server, &[("traceparent", PARENT), ("x-request-id", "with")], "application/json", GOOD);
    checked(&server, &[("x-request-id", "without")], "application/json", GOOD);
    server.ask("POST", "/v1/suites:reload", &[("traceparent", PARENT)], "");
    server.until("the lines", || server.log().contains("\"without\""));
    let lines: Vec<Value> = server.log().lines().map(|it| serde_json::from_str(it).expect(it)).collect();
    let of = |id: &str| lines.iter().find(|it| it["request_id"] == json!(id)).unwrap();
    assert_eq!((&of("with")["trace_id"], &of("with")["span_id"]), (&json!(TRACE), &json!("b7ad6b7169203331")));
    let own = &of("without")["trace_id"];
    assert!(own.as_str().is_some_and(|it| it.len() == 32 && it != TRACE), "{own}");
    // What no request has asked for is in no trace.
    assert!(lines.iter().any(|it| it["message"] == json!("ready") && it["trace_id"].is_null()));
    // Lines for people say it where somebody can look for it.
    server.stop();
    server.set("DRIFTLINE_LOG__FORMAT", "text");
    server.set("NO_COLOR", "1");
    server.start();
    checked(&server, &[("traceparent", PARENT), ("x-request-id", "told")], "application/json", GOOD);
    checked(&server, &[("x-request-id", "untold")], "application/json", GOOD);
    server.until("the lines", || server.log().contains("untold"));
    let log = server.log();
    let line = |id: &str| log.lines().find(|it| it.contains(&format!("request_id=\"{id}\""))).unwrap().to_owned();
    assert!(line("told").ends_with(&format!(" trace_id={TRACE}")), "{}", line("told"));
    assert!(!line("untold").contains("trace_id"), "{}", line("untold"));
}
