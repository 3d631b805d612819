//! `GET /metrics`: what the store knows, on both databases: there again after a restart, the same on two hosts, gone with
//! what it is of.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::database::{self, Cluster};
use crate::metrics::Scrape;
use crate::promtool::promtool;
use crate::server::Server;

const SUITE: &str = "\
name: loans
record: { id: id, time: ts, prediction: said }
predictions: {}
windows: { lengths: [1m, 5m], lateness: 0, idle: 1h }
segments: [region]
drift: { baseline: { window: previous } }
expectations:
  - { field: id, not_null: {} }
  - { field: score, mean_between: { min: 0.9 }, name: score, severity: warning }
  - { field: score, stable: { test: ks }, name: scores }
  - { accuracy: { min: 0.75, min_records: 1 }, name: accuracy }
  - { recall: { class: 'yes', min: 0.5, min_records: 1 }, name: recall }
triggers:
  - name: score is low
    when: { finding: score, below: 0.9, clear_above: 0.95 }
    severity: warning
  - name: by hand
";

fn server(url: &str) -> Server {
    let mut server = Server::new(&[("loans.yaml", SUITE)]);
    for (name, value) in [
        ("RETENTION__WINDOWS", "null"),
        ("RETENTION__FAILURES", "null"),
        ("RETENTION__PREDICTIONS", "null"),
        ("WINDOWS__REVISE_EVERY", "1ms"),
        ("RESULTS__PRIVACY_KEY", "a key that all have"),
        ("METRICS__REFRESH", "100ms"),
        ("RELOAD__POLL", "100ms"),
    ] {
        server.set(&format!("DRIFTLINE_{name}"), value);
    }
    server.set("DRIFTLINE_DATABASE", url);
    server
}

fn at(minute: i64) -> String {
    let begin: DateTime<Utc> = "2024-05-01T12:00:00Z".parse().unwrap();
    (begin + TimeDelta::minutes(minute)).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Eighty records of a minute, of these regions in turn.
fn send(server: &Server, minute: i64, score: f64, regions: &[&str]) {
    let record = |i: usize| {
        let region = regions[i % regions.len()];
        json!({"id": format!("{minute}-{i}"), "ts": at(minute), "score": score + i as f64 / 1000.0, "said": "yes", "region": region})
            .to_string()
    };
    let records: Vec<_> = (0..80).map(record).collect();
    let path = "/v1/suites/loans/check?on_fail=observe&verdicts=none&wait=stored";
    let answer = server.post(path, "application/x-ndjson", records.join("\n"));
    assert_eq!(answer.status, 200, "{}", answer.body);
}

fn until(server: &Server, series: &str, value: f64) {
    let found = || Scrape::of(server).get(series);
    let mut last = None;
    server.until(&format!("{series} {value}, not {:?}, in\n{}", found(), server.get("/metrics").body), || {
        last = found();
        last == Some(value)
    });
}

/// What every host says the same of, without the time at which it was read.
fn of_store(server: &Server) -> Vec<(String, f64)> {
    let begins = [
        "window_",
        "expectation_",
        "drift_",
        "quality",
        "label_coverage",
        "trigger_",
        "incidents_",
        "model_",
        "retrain_",
        "records_late",
        "deliveries_waiting",
    ];
    let scrape = Scrape::of(server);
    let all = begins.map(|it| format!("driftline_{it}"));
    let found =
        all.iter().flat_map(|it| scrape.all(it).map(|(name, value)| (name.to_owned(), value)).collect::<Vec<_>>());
    found.collect()
}

#[test]
fn what_the_store_knows_is_told_with_sqlite() {
    story(&database::sqlite().url, false);
}

#[test]
fn what_the_store_knows_is_told_with_postgresql() {
    story(&database::postgres().url, true);
}

fn story(url: &str, is_shared: bool) {
    let mut server = server(url);
    server.start();
    let empty = Scrape::of(&server);
    assert_eq!(empty.get("driftline_store_up"), Some(1.0));
    let state = |state: &str| {
        format!(r#"driftline_trigger_state{{suite="loans",trigger="score is low",severity="warning",state="{state}"}}"#)
    };
    assert_eq!([state("ok"), state("firing")].map(|it| empty.get(&it)), [Some(1.0), Some(0.0)]);
    let open = r#"driftline_incidents_open{suite="loans",trigger="score is low",severity="warning"}"#;
    assert_eq!(empty.get(open), Some(0.0));

    // Two minutes that are over, the second of other scores; a third that is not.
    send(&server, 0, 0.95, &["eu", "us"]);
    send(&server, 1, 0.5, &["eu", "us"]);
    let labels: Vec<_> = (0..80)
        .map(|i| json!({"id": format!("1-{i}"), "truth": if i < 20 { "no" } else { "yes" }, "at": at(2)}))
        .collect();
    let answer = server.post("/v1/labels", "application/json", json!(labels).to_string());
    assert_eq!((answer.status, &answer.json()["joined"]), (200, &json!(80)));
    send(&server, 2, 0.5, &["eu"]);
    let of = |metric: &str, labels: &str| format!("driftline_{metric}{{suite=\"loans\",{labels}}}");
    let end = DateTime::parse_from_rfc3339(&at(2)).unwrap().timestamp() as f64;
    until(&server, &of("window_end_timestamp_seconds", r#"length="1m""#), end);
    let status = |check: &str, severity: &str, segment: &str| {
        of(
            "expectation_status",
            &format!(r#"expectation="{check}",severity="{severity}",length="1m",segment="{segment}""#),
        )
    };
    until(&server, &of("quality", r#"metric="accuracy",class="",length="1m",segment="""#), 0.75);
    until(&server, open, 1.0);
    let found = Scrape::of(&server);
    for (series, value) in [
        (of("window_records", r#"length="1m",segment="""#), 80.0),
        (of("window_records", r#"length="1m",segment="region=eu""#), 40.0),
        (status("score", "warning", ""), 1.0),
        (status("score", "warning", "region=us"), 1.0),
        (status("id not_null", "critical", ""), 0.0),
        (status("scores", "critical", ""), 1.0),
        (status("accuracy", "critical", ""), 0.0),
        (of("drift_detected", r#"model="",version="",feature="score",method="ks",length="1m",segment="""#), 1.0),
        (of("drift_score", r#"model="",version="",feature="score",method="ks",length="1m",segment="region=eu""#), 1.0),
        (of("quality", r#"metric="recall",class="yes",length="1m",segment="""#), 1.0),
        (of("label_coverage_ratio", r#"length="1m",segment="""#), 1.0),
        (of("incidents_opened_total", r#"trigger="score is low""#), 1.0),
        (of("incidents_opened_total", r#"trigger="by hand""#), 0.0),
        (of("records_late_total", "").replace(",}", "}"), 0.0),
        ("driftline_store_metrics_left_out".to_owned(), 0.0),
    ] {
        assert_eq!(found.get(&series), Some(value), "{series}");
    }
    let lower = found.get(&of("quality_lower", r#"metric="accuracy",class="",length="1m",segment="""#)).unwrap();
    let upper = found.get(&of("quality_upper", r#"metric="accuracy",class="",length="1m",segment="""#)).unwrap();
    assert!(lower < 0.75 && 0.75 < upper, "{lower} {upper}");
    let p =
        found.get(&of("drift_p_value", r#"model="",version="",feature="score",method="ks",length="1m",segment="""#));
    assert!(p.is_some_and(|it| it < 1e-6), "{p:?}");
    let observed = found.get(&of("expectation_observed", r#"expectation="score",length="1m",segment="""#)).unwrap();
    assert!((observed - 0.5395).abs() < 1e-9, "{observed}");
    let count = |metric: &str| found.get(&format!("driftline_stage_duration_seconds_count{{stage=\"{metric}\"}}"));
    for stage in ["check", "journal", "flush", "join", "close", "judge", "decide"] {
        assert!(count(stage) > Some(0.0), "{stage}");
    }
    let closed = found.get(r#"driftline_windows_closed_total{suite="loans",length="1m"}"#).unwrap();
    assert!(closed >= 6.0, "{closed}");
    assert!(found.get(r#"driftline_findings_total{suite="loans",severity="warning",status="fail"}"#).unwrap() >= 3.0);
    assert_eq!(found.get(r#"driftline_labels_total{suite="loans",outcome="new"}"#), Some(80.0));
    assert_eq!(found.get(r#"driftline_labels_joined_total{suite="loans"}"#), Some(80.0));

    models(&server);
    promtool(&server.get("/metrics").body);

    // What was counted begins anew, what the store knows is there with the first answer.
    server.until("all is decided", || {
        let before = of_store(&server);
        std::thread::sleep(std::time::Duration::from_millis(1500));
        before == of_store(&server)
    });
    let before = of_store(&server);
    assert!(server.stop());
    server.start();
    assert_eq!(of_store(&server), before);
    if is_shared {
        two_hosts(&server, url, &before);
    }

    // A minute without one of the segments: its series are gone.
    assert!(before.iter().any(|it| it.0.contains("length=\"1m\",segment=\"region=us\"")));
    send(&server, 3, 0.5, &["eu"]);
    until(&server, &of("window_end_timestamp_seconds", r#"length="1m""#), end + 60.0);
    let left = of_store(&server);
    assert!(!left.iter().any(|it| it.0.contains("length=\"1m\",segment=\"region=us\"")), "{left:?}");
    // Labels are of the minute before.
    assert!(!left.iter().any(|it| it.0.starts_with("driftline_quality{") && it.0.contains("1m")), "{left:?}");

    // What has no room is told to have none, and what is of all records comes first.
    let totals =
        left.iter().filter(|it| it.0.contains("segment=\"\"") || it.0.contains("_end_") || it.0.contains("_late_"));
    server.write("driftline.yaml", &format!("metrics: {{ max_series: {} }}", totals.count() + 1));
    server.until("the bound", || Scrape::of(&server).get("driftline_store_metrics_left_out").unwrap() > 0.0);
    let bounded = of_store(&server);
    assert!(bounded.iter().any(|it| it.0.starts_with("driftline_expectation_status") && it.0.contains("segment=\"\"")));
    assert!(!bounded.iter().any(|it| it.0.contains("segment=\"region=eu\"")), "{bounded:?}");

    // With the suite all of it goes.
    std::fs::remove_file(server.path("suites/loans.yaml")).unwrap();
    server.until("the suite is gone", || !server.get("/metrics").body.contains("suite=\"loans\""));
}

/// Versions that are deployed, and retraining runs.
fn models(server: &Server) {
    for version in ["6", "7"] {
        let path = format!("/v1/models/intents/versions/{version}");
        assert_eq!(server.ask("PUT", &path, &[], "{\"suite\": \"loans\"}").status, 201);
        assert_eq!(server.ask("POST", &format!("{path}:deploy"), &[], "").status, 200);
    }
    for (day, status) in [(1, "succeeded"), (2, "failed")] {
        let run = json!({
            "id": format!("r-{day}"), "model": "intents", "status": status, "data": {"rows": 1000 * day},
            "started_at": format!("2024-05-{day:02}T12:00:00Z"), "finished_at": format!("2024-05-{day:02}T12:40:00Z"),
            "reload": {"status": "succeeded"},
        });
        let answer = server.post("/v1/retrain-runs", "application/json", run.to_string());
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    until(server, r#"driftline_retrain_runs_total{model="intents",status="failed"}"#, 1.0);
    let found = Scrape::of(server);
    let finished = DateTime::parse_from_rfc3339("2024-05-01T12:40:00Z").unwrap().timestamp() as f64;
    for (series, value) in [
        (r#"driftline_model_info{model="intents",version="7"}"#, Some(1.0)),
        (r#"driftline_model_info{model="intents",version="6"}"#, None),
        (r#"driftline_retrain_runs_total{model="intents",status="succeeded"}"#, Some(1.0)),
        (r#"driftline_retrain_run_duration_seconds{model="intents"}"#, Some(2400.0)),
        (r#"driftline_retrain_run_data_rows{model="intents"}"#, Some(2000.0)),
        (r#"driftline_retrain_last_success_timestamp_seconds{model="intents"}"#, Some(finished)),
        (r#"driftline_model_reloads_total{model="intents",status="succeeded"}"#, Some(2.0)),
    ] {
        assert_eq!(found.get(series), value, "{series}");
    }
    let deployed = found.get(r#"driftline_model_deployed_timestamp_seconds{model="intents",version="7"}"#);
    assert!((deployed.unwrap() - Utc::now().timestamp() as f64).abs() < 60.0);
}

fn two_hosts(one: &Server, url: &str, expected: &[(String, f64)]) {
    let mut two = server(url);
    two.start();
    assert_eq!(of_store(&two), expected);
    assert_eq!(of_store(one), expected);
    // What is counted, each counts for itself.
    let records = r#"driftline_records_total{suite="loans",outcome="pass"}"#;
    assert_eq!(Scrape::of(&two).get(records), Some(0.0));
    assert!(two.stop());
}

#[test]
fn while_the_store_is_away_counts_go_on_and_what_it_told_stays() {
    let cluster = Cluster::new();
    let database = cluster.database();
    let mut server = server(&database.url);
    server.set("DRIFTLINE_STORE__ACQUIRE_TIMEOUT", "1s");
    server.start();
    send(&server, 0, 0.95, &["eu"]);
    send(&server, 1, 0.95, &["eu"]);
    let records = r#"driftline_window_records{suite="loans",length="1m",segment=""}"#;
    until(&server, records, 80.0);
    let passed = r#"driftline_records_total{suite="loans",outcome="pass"}"#;
    assert_eq!(Scrape::of(&server).get(passed), Some(160.0));
    cluster.stop();
    until(&server, "driftline_store_up", 0.0);
    let record = json!({"id": "away", "ts": at(2), "score": 1, "said": "yes", "region": "eu"}).to_string();
    for n in 1..=20 {
        assert_eq!(server.post("/v1/suites/loans/check", "application/json", &record).status, 200);
        assert_eq!(Scrape::of(&server).get(passed), Some(160.0 + f64::from(n)));
    }
    std::thread::sleep(std::time::Duration::from_millis(50));
    let away = Scrape::of(&server);
    assert_eq!((away.get(records), away.get("driftline_intake_waiting")), (Some(80.0), Some(20.0)));
    assert!(away.get("driftline_journal_oldest_age_seconds").unwrap() > 0.0);
    assert!(away.get(r#"driftline_store_errors_total{reason="transient"}"#).unwrap() > 0.0);
    cluster.start();
    until(&server, "driftline_store_up", 1.0);
    until(&server, "driftline_intake_waiting", 0.0);
    until(&server, "driftline_journal_oldest_age_seconds", 0.0);
    assert_eq!(Scrape::of(&server).get(passed), Some(180.0));
}
