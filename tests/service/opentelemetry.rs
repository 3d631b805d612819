//! Traces and metrics by OTLP, to a collector of the test's own that reads the official messages.

#[path = "opentelemetry/away.rs"]
mod away;
#[path = "opentelemetry/collector.rs"]
mod collector;
#[path = "opentelemetry/kept.rs"]
mod kept;
#[path = "opentelemetry/metrics.rs"]
mod metrics;

use serde_json::json;

use crate::receiver::Receiver;
use crate::server::Server;
use crate::{BAD, GOOD, PAYMENTS};
use collector::{Collector, PARENT, Span, TRACE, checked, names, parts, server};

#[test]
fn a_request_and_its_parts_are_spans_of_the_callers_trace() {
    let collector = Collector::new();
    let mut server = server(&collector, &[("payments.yaml", PAYMENTS)]);
    server.set("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20s3cret,x-team=ml");
    server.set("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");
    server.set("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,host.name=h");
    server.start();
    let state = ("tracestate", "vendor=a");
    checked(&server, &[("traceparent", PARENT), state, ("x-request-id", "mine")], "application/json", BAD);
    let spans = collector.until(&server, |it| it.text("parent") == "b7ad6b7169203331");
    let root = spans.iter().find(|it| it.text("parent") == "b7ad6b7169203331").unwrap();
    assert_eq!((root.text("trace_id"), root.text("state"), root.0["kind"].as_i64()), (TRACE, "vendor=a", Some(2)));
    assert_eq!(root.text("name"), "POST /v1/suites/{suite}/check");
    for (name, value) in [
        ("http.request.method", json!("POST")),
        ("http.route", json!("/v1/suites/{suite}/check")),
        ("http.response.status_code", json!(200)),
        ("url.path", json!("/v1/suites/payments/check")),
        ("url.scheme", json!("http")),
        ("driftline.suite", json!("payments")),
        ("driftline.request_id", json!("mine")),
        ("driftline.records", json!(1)),
        ("driftline.records.failed", json!(1)),
    ] {
        assert_eq!(root.has(name), &value, "{name}");
    }
    let stages = parts(&spans, root);
    assert_eq!(names(&stages), ["read", "check", "journal", "store wait"]);
    assert!(stages.iter().all(|it| it.text("trace_id") == TRACE && it.0["end"].as_u64() <= root.0["end"].as_u64()));
    // A batch goes on after its answer has begun, and so does its span.
    let both = format!("{GOOD}\n{BAD}\n");
    checked(&server, &[("traceparent", &PARENT.replace("b7ad", "aaaa"))], "application/x-ndjson", &both);
    let spans = collector.until(&server, |it| it.text("parent") == "aaaa6b7169203331");
    let root = spans.iter().find(|it| it.text("parent") == "aaaa6b7169203331").unwrap();
    assert_eq!((root.has("driftline.records"), root.has("driftline.records.failed")), (&json!(2), &json!(1)));
    let stages = parts(&spans, root);
    assert_eq!(names(&stages), ["read", "check", "store wait"]);
    assert_eq!(names(&parts(&spans, stages[1])), ["journal"]);
    // What no request waits for has traces of its own.
    let spans = collector.until(&server, |it| it.is("flush"));
    let flush = spans.iter().find(|it| it.is("flush")).unwrap();
    assert_eq!((flush.text("parent"), flush.text("trace_id") == TRACE), ("", false));
    // Who sends, and with which headers.
    let resource = &root.0["resource"];
    assert_eq!((&resource["service.name"], &resource["host.name"]), (&json!("driftline"), &json!("h")));
    assert_eq!(resource["service.version"], json!(env!("CARGO_PKG_VERSION")));
    assert!(resource["service.instance.id"].is_string() && resource["deployment.environment.name"] == json!("test"));
    let came = collector.came();
    let requests = came["requests"].as_array().unwrap();
    for it in requests {
        let headers = &it["headers"];
        assert_eq!((&headers["authorization"], &headers["x-team"]), (&json!("Bearer s3cret"), &json!("ml")));
        assert_eq!(headers["content-encoding"], json!("gzip"));
        // Nothing of a record leaves the house.
        for secret in ["nobody", "a@x.de"] {
            assert!(!it["raw"].as_str().unwrap_or_default().contains(secret), "{secret}: {it}");
        }
    }
    assert!(!server.log().contains("s3cret"), "{}", server.log());
    assert!(server.stop());
}

#[test]
fn a_caller_who_records_nothing_is_followed_and_the_trace_is_kept_with_what_failed() {
    let collector = Collector::new();
    let mut server = server(&collector, &[("payments.yaml", PAYMENTS)]);
    server.set("OTEL_SERVICE_NAME", "scoring");
    server.start();
    let quiet = PARENT.replace("-01", "-00");
    checked(&server, &[("traceparent", &quiet)], "application/json", BAD);
    // Without a caller it is recorded, and that trace is kept.
    checked(&server, &[], "application/json", BAD);
    // What is no traceparent is as if there were none.
    for bad in [PARENT.to_uppercase().as_str(), "00-0-0-01", &PARENT.replace(TRACE, &"0".repeat(32))] {
        checked(&server, &[("traceparent", bad)], "application/json", GOOD);
    }
    let is_root = |it: &Span| it.0["kind"] == json!(2) && it.has("driftline.suite") == &json!("payments");
    let until = |n: usize| {
        let mut spans = Vec::new();
        server.until("the spans", || {
            spans = collector.until(&server, |_| true).into_iter().filter(is_root).collect();
            spans.len() >= n
        });
        spans
    };
    let roots = until(4);
    assert_eq!(roots.len(), 4, "the caller who records nothing is none of them");
    assert!(roots.iter().all(|it| it.text("parent").is_empty() && it.text("trace_id") != TRACE));
    assert_eq!(roots[0].0["resource"]["service.name"], json!("scoring"));
    let own = roots.iter().find(|it| it.has("driftline.records.failed") == &json!(1)).unwrap();
    for trace in [TRACE, own.text("trace_id")] {
        let page = server.get(&format!("/v1/failures?trace_id={trace}")).json();
        let items = page["items"].as_array().unwrap();
        assert!(!items.is_empty() && items.iter().all(|it| it["trace_id"] == json!(trace)), "{page}");
        assert_eq!(server.get(&format!("/v1/results?trace_id={trace}")).json()["items"].as_array().unwrap().len(), 1);
    }
}

/// A trigger that a person fires, and a receiver of what it tells.
const BY_HAND: &str = "\
name: payments
record: { id: id, time: ts }
windows: { length: 1m, lateness: 0, idle: 1s }
expectations:
  - { field: amount, mean_between: { max: 50 }, name: amount }
triggers:
  - { name: by hand, actions: [hook] }
  - { name: too much, when: { finding: amount, above: 50 }, actions: [hook] }
";

fn with_hook(server: &Server, receiver: &Receiver) {
    let url = receiver.url("/hook/s3cret-path");
    server.write(
        "driftline.yaml",
        &format!("actions:\n  - {{ name: hook, type: webhook, url: '{url}', allow_private: true, first_retry: 1s }}\n"),
    );
}

fn fire(server: &Server, headers: &[(&str, &str)]) {
    let headers = [headers, &[("content-type", "application/json")]].concat();
    let answer =
        server.ask("POST", "/v1/suites/payments/triggers/by%20hand:fire", &headers, "{\"reason\": \"to see\"}");
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[test]
fn a_webhook_is_sent_from_a_span_that_leads_back_to_what_caused_it() {
    let (collector, receiver) = (Collector::new(), Receiver::new());
    let mut server = server(&collector, &[("payments.yaml", BY_HAND)]);
    with_hook(&server, &receiver);
    server.start();
    // The first try fails, and the second says so.
    receiver.script([crate::receiver::reply(503)]);
    fire(&server, &[("traceparent", PARENT)]);
    let came = receiver.until(2);
    let spans = collector.until(&server, |it| it.has("http.request.resend_count") == &json!(1));
    let second = spans.iter().find(|it| it.has("http.request.resend_count") == &json!(1)).unwrap();
    // What it is a part of ends later.
    let spans = collector.until(&server, |it| it.text("span_id") == second.text("parent"));
    let calls: Vec<_> = spans.iter().filter(|it| it.0["kind"] == json!(3)).collect();
    assert_eq!(calls.len(), 2);
    for (call, came) in calls.iter().zip(&came) {
        let told = format!("00-{}-{}-01", call.text("trace_id"), call.text("span_id"));
        assert_eq!(came.header("traceparent"), told);
        assert_eq!(call.has("server.address"), &json!("127.0.0.1"));
        let deliver = spans.iter().find(|it| it.text("span_id") == call.text("parent")).unwrap();
        assert!(deliver.is("deliver") && deliver.text("parent").is_empty() && deliver.text("trace_id") != TRACE);
        assert_eq!(deliver.0["links"][0]["trace_id"], json!(TRACE), "what somebody has fired leads to that request");
        assert_eq!(deliver.has("driftline.trigger"), &json!("by hand"));
    }
    assert_eq!((calls[0].has("http.response.status_code"), &calls[0].0["status"]), (&json!(503), &json!(2)));
    assert_eq!((calls[1].has("http.response.status_code"), &calls[1].0["status"]), (&json!(204), &json!(0)));
    // What a window caused leads to the decision.
    // Its minute has just begun by the records' time, and is over all the same when the stream falls silent.
    let earlier = (chrono::Utc::now() - chrono::TimeDelta::minutes(10)).format("%Y-%m-%dT%H:%M:02Z").to_string();
    checked(&server, &[], "application/json", &json!({"id": 1, "amount": 80, "ts": earlier}).to_string());
    let is_of_window = |it: &Span| it.is("deliver") && it.has("driftline.trigger") == &json!("too much");
    let spans = collector.until(&server, is_of_window);
    let deliver = spans.iter().find(|it| is_of_window(it)).unwrap();
    let spans = collector.until(&server, |it| it.0["span_id"] == deliver.0["links"][0]["span_id"]);
    let cause = spans.iter().find(|it| it.0["span_id"] == deliver.0["links"][0]["span_id"]).unwrap();
    assert!(cause.is("decide") && cause.has("driftline.suite") == &json!("payments"), "{cause:?}");
    let closed = spans.iter().find(|it| it.is("close window")).unwrap();
    assert_eq!((names(&parts(&spans, closed)), closed.has("driftline.window.length")), (vec!["judge"], &json!("1m")));
    let raw = collector.came()["requests"].to_string();
    assert!(!raw.contains("s3cret-path"), "the path of a webhook may be a secret");
}

#[test]
fn without_a_collector_a_webhook_carries_the_trace_of_whoever_fired_it() {
    let receiver = Receiver::new();
    let mut server = Server::new(&[("payments.yaml", BY_HAND)]);
    with_hook(&server, &receiver);
    server.start();
    fire(&server, &[("traceparent", PARENT), ("tracestate", "a=b"), ("tracestate", "c=d")]);
    let came = receiver.until(1);
    assert_eq!((came[0].header("traceparent"), came[0].header("tracestate")), (PARENT, "a=b,c=d"));
    // Nobody knows a trace that nobody came with.
    fire(&server, &[]);
    assert_eq!(receiver.until(2)[1].header("traceparent"), "");
    // A test of an action is part of the request that asks for it.
    let tested = server.ask("POST", "/v1/actions/hook:test", &[("traceparent", PARENT)], "");
    assert_eq!((tested.status, receiver.until(3)[2].header("traceparent")), (200, PARENT));
}
