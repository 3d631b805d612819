//! Signals: the metrics of the example suites, scraped from a running service, beside what their records say.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::server::Server;

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|it| serde_json::from_str(it).unwrap()).collect()
}

fn server(suites: &[(&str, &str)]) -> Server {
    let mut server = Server::new(suites);
    server.set_replay();
    server.start();
    server
}

fn send(server: &Server, suite: &str, records: &str) {
    let path = format!("/v1/suites/{suite}/check?wait=stored");
    let answer = server.post(&path, "application/x-ndjson", records);
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// What a scraper reads.
struct Scraped(String);

impl Scraped {
    fn of(server: &Server) -> Self {
        let answer = server.get("/metrics");
        assert_eq!(answer.status, 200, "{}", answer.body);
        Scraped(answer.body)
    }

    /// The series of a name whose labels have these values.
    fn all(&self, name: &str, labels: &[(&str, &str)]) -> Vec<(&str, f64)> {
        let is_of = |it: &&str| {
            it.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
                && labels.iter().all(|(name, value)| {
                    [format!("{{{name}=\"{value}\""), format!(",{name}=\"{value}\"")]
                        .iter()
                        .any(|label| it.contains(label))
                })
        };
        self.0.lines().filter(is_of).map(|it| (it, it.rsplit(' ').next().unwrap().parse().unwrap())).collect()
    }

    /// The only one.
    #[track_caller]
    fn one(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let found = self.all(name, labels);
        assert_eq!(found.len(), 1, "{name} {labels:?} {found:#?}\n{}", self.0);
        found[0].1
    }

    fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.all(name, labels).iter().map(|it| it.1).sum()
    }
}

#[track_caller]
fn assert_close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0), "{a} is not {b}");
}

/// Checks a histogram by an independent count: each bound, the sum and the count.
#[track_caller]
fn assert_histogram(scraped: &Scraped, name: &str, labels: &[(&str, &str)], bounds: &[f64], values: &[f64]) {
    for bound in bounds {
        // As OpenMetrics writes numbers.
        let written = if bound.is_finite() { format!("{bound:?}") } else { "+Inf".to_owned() };
        let wanted = values.iter().filter(|it| **it <= *bound).count() as f64;
        let labels: Vec<_> = labels.iter().copied().chain([("le", written.as_str())]).collect();
        assert_close(scraped.one(&format!("{name}_bucket"), &labels), wanted);
    }
    assert_close(scraped.one(&format!("{name}_count"), labels), values.len() as f64);
    assert_close(scraped.one(&format!("{name}_sum"), labels), values.iter().sum());
}

fn truths(labels: &str) -> BTreeMap<String, String> {
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    lines(labels).iter().map(|it| (text(&it["id"]), text(&it["truth"]))).collect()
}

#[test]
fn the_intent_router_shows_its_metrics() {
    let server = server(&[("intent-router.yaml", &example("intent_router/suite.yaml"))]);
    // The hour before this one, since a gauge with a span shows no window of March.
    let hour = Utc::now() - TimeDelta::hours(1);
    let text =
        example("intent_router/records.ndjson").replace("2026-03-02T08:", &hour.format("%Y-%m-%dT%H:").to_string());
    let records = lines(&text);
    send(&server, "intent-router", &text);
    let labels = example("intent_router/labels.ndjson");
    let answer = server.post("/v1/labels", "application/x-ndjson", &labels);
    assert_eq!((answer.status, answer.json()["joined"].as_u64()), (200, Some(labels.lines().count() as u64)));
    // The hour is over when a later record comes, which is the last of them here.
    let later = json!({"id": "later", "ts": Utc::now().to_rfc3339(), "text": "..", "intent": "small_talk",
        "confidence": 0.5, "latency_ms": 30, "model": "other", "model_version": "1.0.0", "channel": "app", "language": "en"});
    send(&server, "intent-router", &later.to_string());
    let until = Instant::now() + Duration::from_secs(30);
    let scraped = loop {
        let scraped = Scraped::of(&server);
        if scraped.all("model_accuracy", &[]).len() == 2 {
            break scraped;
        }
        assert!(Instant::now() < until, "no accuracy: {}\n{}", scraped.0, server.log());
        std::thread::sleep(Duration::from_millis(100));
    };
    let of = |version: &'static str| [("model", "router"), ("version", version), ("environment", "prod")];
    let truth = truths(&labels);
    let answered: Vec<_> = records.iter().filter(|it| it["error"].is_null()).collect();
    let refused =
        answered.iter().filter(|it| it["intent"] == "card_blocked" && it["confidence"].as_f64().unwrap() >= 0.9);
    let bucket = [("intent", "card_blocked"), ("confidence_bucket", ">=0.9")];
    assert_close(scraped.one("intent_predictions_total", &bucket), refused.count() as f64);
    assert_close(scraped.sum("intent_predictions_total", &[]), records.len() as f64 + 1.0);
    for version in ["2.3.1", "2.4.0"] {
        let mine: Vec<_> = answered.iter().filter(|it| it["model_version"] == version).collect();
        let number = |name: &str| -> Vec<f64> { mine.iter().map(|it| it[name].as_f64().unwrap()).collect() };
        let all: Vec<f64> = records
            .iter()
            .filter(|it| it["model_version"] == version)
            .map(|it| it["latency_ms"].as_f64().unwrap())
            .collect();
        let seconds: Vec<f64> = all.iter().map(|it| it * 0.001).collect();
        let confidence = number("confidence");
        let fifths = [0.1, 0.3, 0.5, 0.7, 0.9, f64::INFINITY];
        assert_histogram(&scraped, "intent_confidence_score", &of(version), &fifths, &confidence);
        let bounds = [0.01, 0.05, 0.1, 0.5];
        assert_histogram(&scraped, "prediction_duration_seconds", &of(version), &bounds, &seconds);
        let bounds = [25.0, 50.0, 500.0];
        assert_histogram(&scraped, "model_inference_latency_ms", &of(version), &bounds, &all);
        let bounds = [0.2, 0.95];
        assert_histogram(&scraped, "model_prediction_confidence", &of(version), &bounds, &confidence);
        let scored: Vec<_> = mine.iter().filter_map(|it| Some((it, truth.get(it["id"].as_str()?)?))).collect();
        let correct = scored.iter().filter(|(it, truth)| it["intent"] == truth.as_str()).count() as f64;
        assert!(correct > 0.0 && correct < scored.len() as f64);
        assert_close(scraped.one("model_predictions_scored_total", &of(version)), scored.len() as f64);
        assert_close(scraped.one("model_predictions_correct_total", &of(version)), correct);
        assert_close(scraped.one("model_accuracy", &of(version)), correct / scored.len() as f64);
    }
    for error in ["timeout", "out_of_memory"] {
        let wanted = records.iter().filter(|it| it["error"] == error).count() as f64;
        assert!(wanted > 0.0);
        assert_close(scraped.sum("model_prediction_errors_total", &[("error_type", error)]), wanted);
    }
    assert!(
        scraped.0.contains("# HELP intent_predictions_total Predictions by intent and by how sure the router was.\n")
    );
}

#[test]
fn a_model_behind_an_endpoint_shows_its_metrics() {
    let server = server(&[("ml-service.yaml", &example("ml_service/suite.yaml"))]);
    let text = example("ml_service/records.ndjson");
    let records = lines(&text);
    // One by one as well as together.
    let (alone, together) = text.split_at(text.match_indices('\n').nth(9).unwrap().0 + 1);
    for it in alone.lines() {
        assert_eq!(server.post("/v1/suites/ml-service/check", "application/json", it).status, 200);
    }
    send(&server, "ml-service", together);
    let scraped = Scraped::of(&server);
    for (version, number) in [("7", 7), ("8", 8)] {
        let of = [("model", "credit-risk"), ("version", version), ("environment", "prod")];
        let mine: Vec<_> = records.iter().filter(|it| it["model_version"] == number).collect();
        let of_all = |path: &str| -> Vec<f64> { mine.iter().filter_map(|it| it.pointer(path)?.as_f64()).collect() };
        assert_close(scraped.one("ml_inference_requests_total", &of), mine.len() as f64);
        let errors = mine.iter().filter(|it| !it["error"].is_null()).count() as f64;
        assert!(errors > 0.0);
        assert_close(scraped.sum("ml_inference_errors_total", &of), errors);
        for (error, status) in [("bad_request", 400), ("feature_store_timeout", 503), ("out_of_memory", 500)] {
            let wanted = mine.iter().filter(|it| it["error"] == error && it["status"] == status).count() as f64;
            let text = status.to_string();
            let labels: Vec<_> = of.into_iter().chain([("type", error), ("status", text.as_str())]).collect();
            assert_close(scraped.sum("ml_inference_errors_total", &labels), wanted);
        }
        let seconds: Vec<f64> = of_all("/latency_ms").iter().map(|it| it * 0.001).collect();
        assert_histogram(&scraped, "ml_inference_latency_seconds", &of, &[0.025, 0.5], &seconds);
        assert_close(scraped.one("ml_model_version", &of), 1.0);
        for (feature, bound) in [("income", 50_000.0), ("age", 40.0), ("debt_ratio", 0.5)] {
            let labels: Vec<_> = of.into_iter().chain([("feature", feature)]).collect();
            let values = of_all(&format!("/features/{feature}"));
            assert_histogram(&scraped, "ml_input_feature_distribution", &labels, &[bound], &values);
        }
        let bounds = [0.3, 1.0];
        assert_histogram(&scraped, "ml_prediction_distribution", &of, &bounds, &of_all("/prediction"));
    }
    let skipped = [("suite", "ml-service"), ("signal", "ml_prediction_distribution")];
    let errors = records.iter().filter(|it| !it["error"].is_null()).count() as f64;
    assert_close(scraped.one("driftline_signal_skipped_total", &skipped), errors);
}

#[test]
fn a_language_model_shows_its_metrics() {
    let server = server(&[("llm-service.yaml", &example("llm_service/suite.yaml"))]);
    let (text, labels) = (example("llm_service/records.ndjson"), example("llm_service/labels.ndjson"));
    let records = lines(&text);
    for version in ["2026-01", "2026-02"] {
        let path = format!("/v1/models/assistant/versions/{version}");
        let put = server.ask("PUT", &path, &[("content-type", "application/json")], "{}");
        assert_eq!(put.status, 201, "{}", put.body);
        let body = format!("{{\"at\": \"{version}-15T06:00:00Z\"}}");
        assert_eq!(server.post(&format!("{path}:deploy"), "application/json", body).status, 200);
    }
    // Labels may come first.
    assert_eq!(server.post("/v1/labels", "application/x-ndjson", &labels).status, 200);
    send(&server, "llm-service", &text);
    let until = Instant::now() + Duration::from_secs(40);
    let scraped = loop {
        let scraped = Scraped::of(&server);
        let joined = scraped.sum("llm_intent_parsing_total", &[]);
        if joined == labels.lines().count() as f64 && !scraped.all("llm_model_deployed_at_seconds", &[]).is_empty() {
            break scraped;
        }
        assert!(Instant::now() < until, "{}\n{}", scraped.0, server.log());
        std::thread::sleep(Duration::from_millis(200));
    };
    let truth = truths(&labels);
    for version in ["2026-01", "2026-02"] {
        let of = [("model", "assistant"), ("version", version), ("environment", "prod")];
        let mine: Vec<_> = records.iter().filter(|it| it["model_version"] == version).collect();
        let of_all = |path: &str| -> Vec<f64> { mine.iter().filter_map(|it| it.pointer(path)?.as_f64()).collect() };
        let bounds = [0.5, 5.0];
        assert_histogram(&scraped, "llm_inference_latency_seconds", &of, &bounds, &of_all("/latency_s"));
        let output = of_all("/usage/output_tokens");
        assert_close(scraped.one("llm_token_generation_rate_total", &of), output.iter().sum());
        for (direction, values) in [("input", of_all("/usage/input_tokens")), ("output", output)] {
            let labels: Vec<_> = of.into_iter().chain([("direction", direction)]).collect();
            assert_histogram(&scraped, "llm_request_token_count", &labels, &[64.0, 1024.0], &values);
        }
        for error in ["rate_limit", "timeout", "content_filter"] {
            let wanted = mine.iter().filter(|it| it["error"]["type"] == error).count() as f64;
            let labels: Vec<_> = of.into_iter().chain([("type", error)]).collect();
            assert_close(scraped.sum("llm_error_rate_total", &labels), wanted);
        }
        let quality = of_all("/quality");
        assert_close(
            scraped.one("llm_response_quality_score", &of),
            quality.iter().sum::<f64>() / quality.len() as f64,
        );
        let summaries = mine.iter().filter_map(|it| it.pointer("/response/summary")?.as_str());
        let lengths: Vec<f64> = summaries.map(|it| it.chars().count() as f64).collect();
        assert_histogram(&scraped, "llm_summarization_length", &of, &[50.0, 200.0], &lengths);
        let correct = mine.iter().filter(|it| {
            let truth = it["id"].as_str().and_then(|it| truth.get(it));
            truth.is_some_and(|truth| it.pointer("/response/intent").is_some_and(|it| it == truth.as_str()))
        });
        assert_close(scraped.one("llm_intent_parsing_accuracy_total", &of), correct.count() as f64);
        assert_close(scraped.one("llm_model_version", &of), 1.0);
    }
    let deployed = [("model", "assistant"), ("version", "2026-02"), ("environment", "prod")];
    assert_close(scraped.one("llm_model_deployed_at_seconds", &deployed), 1_771_135_200.0);
    assert_eq!(scraped.all("llm_model_deployed_at_seconds", &[]).len(), 1);
}

const SUITE: &str = "\
name: s
privacy: { user: hash, note: mask }
signals:
  - { counter: a_total, labels: { user: user, note: note } }
  - { histogram: h, of: x, buckets: [1] }
";

#[test]
fn a_changed_suite_goes_on_with_what_stays_and_tells_no_secrets() {
    let mut server = server(&[("s.yaml", SUITE)]);
    let record = r#"{"user": "Bo", "note": "Hi 5", "x": 3}"#;
    assert_eq!(server.post("/v1/suites/s/check", "application/json", record).status, 200);
    assert_eq!(server.post("/v1/suites/s/check", "application/json", "no").status, 200);
    let scraped = Scraped::of(&server);
    let series = scraped.all("a_total", &[]);
    assert_eq!(series.len(), 1);
    assert!(series[0].0.contains("user=\"hash:") && series[0].0.contains("note=\"xx 9\""), "{}", series[0].0);
    assert_close(scraped.one("h_sum", &[]), 3.0);
    // Other buckets are another histogram; the counter goes on.
    server.write("suites/s.yaml", &SUITE.replace("[1]", "[2]"));
    server.write("suites/m.yaml", "{name: m, signals: [{counter: b_total}, {gauge: h, of: x}]}");
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let scraped = Scraped::of(&server);
        if scraped.all("h_bucket", &[("le", "2.0")]).len() == 1 {
            assert_close(scraped.one("h_sum", &[]), 0.0);
            assert_eq!(scraped.all("a_total", &[]), series);
            break;
        }
        assert!(Instant::now() < until, "{}", server.log());
        std::thread::sleep(Duration::from_millis(100));
    }
    // What cannot stand beside another suite is not active.
    assert_eq!(server.post("/v1/suites/m/check", "application/json", "{}").status, 404);
    let told = "suites/m.yaml:1:41: signals[1]: the signal `h` cannot be shown beside the suite `s`: `h` is there already, with another type";
    assert!(server.log().contains(told), "{}", server.log());
    let put = server.ask("PUT", "/v1/suites/u", &[], "{name: u, signals: [{counter: a_total}]}");
    assert!(put.status == 422 && put.body.contains("with other labels"), "{} {}", put.status, put.body);
    let put = server.ask("PUT", "/v1/suites/u", &[], "{name: u, signals: [{counter: c_total}]}");
    assert!(put.status < 300, "{}", put.body);
    assert_close(Scraped::of(&server).one("c_total", &[]), 0.0);
    // Whoever was there first is so after a restart, whatever the names.
    assert!(server.stop());
    server.start();
    assert_eq!(server.post("/v1/suites/m/check", "application/json", "{}").status, 404);
    assert_eq!(server.post("/v1/suites/s/check", "application/json", record).status, 200);
}

#[test]
fn a_label_that_comes_in_parts_counts_when_what_is_read_of_it_is_there() {
    let suite = "{name: s, windows: off, record: {id: id, prediction: said}, predictions: {}, signals: [
        {counter: joined_total, on: labels},
        {counter: scored_total, when: label.truth is not null},
        {counter: correct_total, when: said == label.truth},
        {histogram: worth, of: label.worth, buckets: [5]}]}";
    let server = server(&[("s.yaml", suite)]);
    for id in ["a", "b"] {
        let record = json!({"id": id, "said": "x"}).to_string();
        assert_eq!(server.post("/v1/suites/s/check?wait=stored", "application/json", record).status, 200);
    }
    for (label, counted) in [
        (json!({"id": "a", "worth": 7}), [1.0, 0.0, 0.0, 1.0]),
        (json!({"id": "b", "truth": null}), [2.0, 0.0, 0.0, 1.0]),
        (json!({"id": "a", "truth": "x"}), [2.0, 1.0, 1.0, 1.0]),
        (json!({"id": "b", "truth": "y"}), [2.0, 2.0, 1.0, 1.0]),
        // A correction changes what counters have counted no more.
        (json!({"id": "b", "truth": "x", "worth": 3}), [2.0, 2.0, 1.0, 2.0]),
        (json!({"id": "a", "worth": 8}), [2.0, 2.0, 1.0, 2.0]),
    ] {
        let answer = server.post("/v1/labels", "application/json", label.to_string());
        assert_eq!(answer.status, 200, "{}", answer.body);
        let scraped = Scraped::of(&server);
        let found = ["joined_total", "scored_total", "correct_total", "worth_count"].map(|it| scraped.one(it, &[]));
        assert_eq!(found, counted, "{label}");
    }
}

#[test]
fn what_is_not_counted_twice_is_not_in_signals_twice() {
    let server = server(&[("s.yaml", "{name: s, signals: [{counter: a_total}]}")]);
    let key = [("content-type", "application/json"), ("idempotency-key", "k1")];
    for _ in 0..2 {
        assert_eq!(server.ask("POST", "/v1/suites/s/check", &key, "{}").status, 200);
    }
    let key = [("content-type", "application/x-ndjson"), ("idempotency-key", "k2")];
    for _ in 0..2 {
        assert_eq!(server.ask("POST", "/v1/suites/s/check", &key, "{}\n{}\n").status, 200);
    }
    let ad_hoc = json!({"suite": "{name: s, signals: [{counter: a_total}]}", "record": {}});
    assert_eq!(server.post("/v1/check", "application/json", ad_hoc.to_string()).status, 200);
    assert_close(Scraped::of(&server).one("a_total", &[]), 3.0);
}

#[test]
fn a_version_that_is_gone_leaves_its_gauge_by_the_span() {
    let suite = "\
name: s
record: { time: ts, prediction: said, label: truth }
windows: { length: 1h }
segments: [version]
expectations: [{ accuracy: { min: 0.5, min_records: 1 }, name: accuracy }]
signals:
  - { gauge: kept, finding: accuracy, labels: { version: { segment: version } } }
  - { gauge: gone, finding: accuracy, labels: { version: { segment: version } }, span: 3h }
";
    let server = server(&[("s.yaml", suite)]);
    for (hours, version) in [(5, "1"), (1, "2"), (0, "2")] {
        let ts = (Utc::now() - TimeDelta::hours(hours)).to_rfc3339();
        let record = json!({"ts": ts, "version": version, "said": "a", "truth": "a"});
        send(&server, "s", &record.to_string());
    }
    let until = Instant::now() + Duration::from_secs(30);
    let scraped = loop {
        let scraped = Scraped::of(&server);
        if scraped.all("kept", &[]).len() == 2 && !scraped.all("gone", &[]).is_empty() {
            break scraped;
        }
        assert!(Instant::now() < until, "{}\n{}", scraped.0, server.log());
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_close(scraped.one("kept", &[("version", "1")]), 1.0);
    assert_close(scraped.one("gone", &[("version", "2")]), 1.0);
    assert!(scraped.all("gone", &[("version", "1")]).is_empty(), "{}", scraped.0);
}
