//! Collectors that are away or refuse, and variables that cannot be followed.

use serde_json::json;

use super::collector::{CHECK, Collector, PARENT, TRACE, checked, server};
use crate::server::Server;
use crate::{GOOD, PAYMENTS};

#[test]
fn a_collector_that_is_away_costs_a_line_and_comes_back() {
    let mut collector = Collector::new();
    let mut server = server(&collector, &[("payments.yaml", PAYMENTS)]);
    server.set("OTEL_EXPORTER_OTLP_TIMEOUT", "300");
    server.set("OTEL_BSP_MAX_QUEUE_SIZE", "64");
    let port = collector.port;
    drop(collector);
    server.start();
    for _ in 0..200 {
        assert_eq!(server.post(CHECK, "application/json", GOOD).status, 200);
    }
    let told = |what: &str| server.log().lines().filter(|it| it.contains(what)).count();
    server.until("the warning", || told("the collector does not take") >= 2);
    collector = Collector::at(port);
    // What refuses for now is tried again; what refuses for good is not.
    collector.put("/status/503");
    checked(&server, &[("traceparent", PARENT)], "application/json", GOOD);
    let refused = || collector.came()["requests"].as_array().unwrap().iter().any(|it| it["status"] == json!(503));
    server.until("a refusal", refused);
    collector.put("/status/200");
    checked(&server, &[("traceparent", &PARENT.replace("b7ad", "aaaa"))], "application/json", GOOD);
    collector.until(&server, |it| it.text("parent") == "aaaa6b7169203331");
    server.until("it is told", || told("takes what it is sent again") >= 1);
    assert!(
        told("the collector does not take") <= 4,
        "once for spans and once for metrics, not more: {}",
        server.log()
    );
    // What is refused for good is told, and not tried again.
    collector.put("/refuse/3");
    checked(&server, &[("traceparent", PARENT)], "application/json", GOOD);
    server.until("the refusal", || told("it has refused 3: too many") >= 1);
    // What is left goes out with the service.
    server.set("OTEL_BSP_SCHEDULE_DELAY", "60000");
    assert!(server.stop());
    server.start();
    checked(&server, &[("traceparent", &PARENT.replace("b7ad", "bbbb"))], "application/json", GOOD);
    assert!(server.stop());
    assert!(collector.came()["spans"].as_array().unwrap().iter().any(|it| it["parent"] == json!("bbbb6b7169203331")));
}

#[test]
fn variables_that_cannot_be_followed_are_told_and_stop_nothing() {
    let collector = Collector::new();
    let mut server = server(&collector, &[("payments.yaml", PAYMENTS)]);
    server.set("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc");
    server.set("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json");
    server.set("OTEL_TRACES_SAMPLER", "parentbased_traceidratio");
    server.set("OTEL_TRACES_SAMPLER_ARG", "0");
    server.start();
    server.until("the warning", || server.log().contains("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL is `grpc`"));
    // Nothing is recorded but what a caller records.
    checked(&server, &[], "application/json", GOOD);
    checked(&server, &[("traceparent", PARENT)], "application/json", GOOD);
    let spans = collector.until(&server, |it| it.text("parent") == "b7ad6b7169203331");
    assert!(spans.iter().all(|it| it.text("trace_id") == TRACE), "{spans:#?}");
    let requests = collector.came()["requests"].clone();
    assert!(requests.as_array().unwrap().iter().all(|it| it["headers"]["content-type"] == json!("application/json")));
    // One that is off records nothing.
    let (mut off, n) = (Server::new(&[("payments.yaml", PAYMENTS)]), requests.as_array().unwrap().len());
    off.set("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url(""));
    off.set("OTEL_SDK_DISABLED", "true");
    off.start();
    checked(&off, &[("traceparent", PARENT)], "application/json", GOOD);
    assert!(off.stop() && collector.came()["requests"].as_array().unwrap().len() == n);
}
