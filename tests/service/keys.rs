//! `Idempotency-Key`: what is sent again counts once, however the first time ended.

use serde_json::json;

use crate::server::{Answer, Server};
use crate::{BAD, GOOD, PAYMENTS};

const CHECK: &str = "/v1/suites/payments/check";

fn server() -> Server {
    Server::started(&[("payments.yaml", PAYMENTS)])
}

fn ask(server: &Server, query: &str, kind: &str, key: &str, body: &str) -> Answer {
    server.ask("POST", &format!("{CHECK}{query}"), &[("content-type", kind), ("idempotency-key", key)], body)
}

#[test]
fn a_key_counts_once_and_is_answered_again() {
    let server = server();
    let ask =
        |body: &str, kind: &str| server.ask("POST", CHECK, &[("content-type", kind), ("idempotency-key", "k-1")], body);
    let first = ask(BAD, "application/json");
    let again = ask(BAD, "application/json");
    assert_eq!((first.status, again.status), (422, 422));
    let (mut first, mut again) = (first.json(), again.json());
    assert_eq!(again["repeated"], true);
    again.as_object_mut().unwrap().remove("repeated");
    assert_eq!(first.as_object_mut().unwrap(), again.as_object_mut().unwrap());
    let other = ask(GOOD, "application/json");
    assert_eq!(other.status, 422);
    assert_eq!(other.json()["type"], "urn:driftline:problem:idempotency-key-reused");
    let batch = |key: &str| {
        let headers = [("content-type", "application/x-ndjson"), ("idempotency-key", key)];
        server.ask("POST", &format!("{CHECK}?wait=stored"), &headers, format!("{GOOD}\n{GOOD}\n")).json()
    };
    assert_eq!(batch("k-2")["records"], 2);
    assert_eq!(batch("k-2")["repeated"], true);
    assert_eq!(server.stored(), 3);
}

/// The time that records are of says nothing about when their key came.
#[test]
fn a_key_of_old_records_is_remembered() {
    let server = server();
    let old = "?wait=stored&at=2020-01-01T00:00:00Z";
    for repeated in [false, true, true] {
        let answer = ask(&server, old, "application/json", "old", BAD).json();
        assert_eq!(answer["repeated"].as_bool().unwrap_or_default(), repeated, "{answer}");
    }
    assert_eq!(server.stored(), 1);
}

/// Verdicts are held until all is journalled, so a batch that is cut short leaves nothing behind.
#[test]
fn a_batch_with_a_key_counts_whole_or_not_at_all() {
    let mut server = Server::new(&[("payments.yaml", PAYMENTS)]);
    server.set("DRIFTLINE_LIMITS__BATCH_RECORDS", "40000");
    server.start();
    let lines = format!("{GOOD}\n{BAD}\n").repeat(20_001);
    let refused = ask(&server, "", "application/x-ndjson", "long", &lines);
    assert_eq!(refused.status, 413, "{}", refused.body);
    let lines = format!("{GOOD}\n{BAD}\n").repeat(20_000);
    // Nothing was counted, so the key is free, for another body too.
    for repeated in [false, true] {
        let answer = ask(&server, "?wait=stored", "application/x-ndjson", "long", &lines).json();
        assert_eq!(answer["repeated"].as_bool().unwrap_or_default(), repeated);
        assert_eq!((&answer["records"], &answer["failed"]), (&json!(40_000), &json!(20_000)));
        assert_eq!(answer["verdicts"].as_array().unwrap().len(), 40_000);
        assert_eq!(answer["verdicts"][39_999]["record"], 39_999);
    }
    assert_eq!(server.stored(), 40_000);
}

#[test]
fn a_key_outlives_a_killed_process() {
    let mut server = Server::new(&[("payments.yaml", PAYMENTS)]);
    // Nothing is flushed before the end.
    server.set("DRIFTLINE_INTAKE__FLUSH_EVERY", "60s");
    server.start();
    for key in ["a", "b"] {
        assert_eq!(ask(&server, "", "application/json", key, BAD).status, 422);
    }
    server.kill();
    server.start();
    server.until("the journal is recovered", || ask(&server, "", "application/json", "a", BAD).status != 503);
    for key in ["a", "b"] {
        assert_eq!(ask(&server, "", "application/json", key, BAD).json()["repeated"], true, "{key}");
    }
    assert_eq!(server.stored(), 2);
}
