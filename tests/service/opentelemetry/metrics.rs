//! Metrics by OTLP: the families of `GET /metrics`.

use serde_json::json;

use super::collector::{Collector, PARENT, TRACE, checked, server};
use crate::{BAD, GOOD, PAYMENTS};

#[test]
fn all_that_metrics_shows_is_sent() {
    let collector = Collector::new();
    let mut server = server(&collector, &[("payments.yaml", PAYMENTS)]);
    server.set("OTEL_TRACES_EXPORTER", "none");
    server.start();
    checked(&server, &[("traceparent", PARENT)], "application/json", BAD);
    checked(&server, &[("traceparent", PARENT)], "application/json", GOOD);
    let of = |name: &str, label: &str, value: &str| {
        let came = collector.came();
        let all = came["metrics"].as_array().unwrap().iter().rev();
        all.filter(|it| it["name"] == json!(name)).find(|it| it["attributes"][label] == json!(value)).cloned()
    };
    let records = || of("driftline_records_total", "outcome", "fail").filter(|it| it["value"] == json!(1.0));
    server.until("the counter", || records().is_some());
    let it = records().unwrap();
    assert_eq!((&it["kind"], &it["monotonic"], &it["temporality"]), (&json!("sum"), &json!(true), &json!(2)));
    assert_eq!(
        (&it["unit"], &it["type"], &it["attributes"]["suite"]),
        (&json!(""), &json!("counter"), &json!("payments"))
    );
    assert!(it["start"].as_u64() > Some(1_600_000_000_000_000_000) && it["start"].as_u64() < it["time"].as_u64());
    assert!(
        it["description"].as_str().is_some_and(|it| it.len() > 10)
            && it["resource"]["service.name"] == json!("driftline")
    );
    let it = of("driftline_request_duration_seconds", "path", "/v1/suites/{suite}/check").unwrap();
    assert_eq!(
        (&it["kind"], &it["unit"], &it["count"], &it["temporality"]),
        (&json!("histogram"), &json!("s"), &json!(2), &json!(2))
    );
    let (bounds, counts) = (it["bounds"].as_array().unwrap(), it["counts"].as_array().unwrap());
    assert_eq!((counts.len(), counts.iter().map(|it| it.as_u64().unwrap()).sum::<u64>()), (bounds.len() + 1, 2));
    assert_eq!(it["exemplars"][0]["trace_id"], json!(TRACE));
    let it = of("driftline_build_info", "version", env!("CARGO_PKG_VERSION")).unwrap();
    assert_eq!((&it["kind"], &it["type"], &it["value"]), (&json!("gauge"), &json!("info"), &json!(1.0)));
    // The same names as the other way gives.
    let shown = server.get("/metrics").body;
    let families = |kind: &str| -> Vec<String> {
        let lines = shown.lines().filter_map(|it| it.strip_prefix("# TYPE ")?.split_once(' '));
        lines.filter(|it| it.1 == kind && shown.contains(&format!("\n{}", it.0))).map(|it| it.0.to_owned()).collect()
    };
    let sent = |name: &str| collector.came()["metrics"].as_array().unwrap().iter().any(|it| it["name"] == json!(name));
    let with_series = |it: &&String| {
        shown.lines().any(|line| line.starts_with(&format!("{it}{{")) || line.starts_with(&format!("{it} ")))
    };
    for name in families("counter").iter().chain(&families("gauge")).filter(with_series) {
        server.until(name, || sent(name));
    }
}
