//! `watch:`: change detectors over what expectations find from window to window, whichever host closes them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::database::{self, Database};
use crate::server::Server;

/// In `eu` the mean jumps, and falls back within the cooldown; in `us` it stays.
const SUITE: &str = "\
name: loans
record: { id: id, time: ts }
windows: { lengths: [1m, 5m], lateness: 1h, idle: 2s }
segments: region
privacy: { secret: drop }
expectations:
  - field: score
    mean_between: { min: 0 }
    name: mean
    watch: { detector: page_hinkley, min_instances: 5, threshold: 0.5, cooldown: 30, severity: critical }
  - { field: score, between: { max: 0.5 }, mostly: 0, name: small, watch: { detector: cusum, min_instances: 5, threshold: 0.7 } }
  - { field: secret, mean_between: { min: 0 }, name: secret, watch: adwin }
";

const MINUTES: i64 = 40;

fn server(database: Option<&Database>) -> Server {
    let mut server = Server::new(&[("loans.yaml", SUITE)]);
    server.set("DRIFTLINE_RETENTION__WINDOWS", "null");
    server.set("DRIFTLINE_RETENTION__FAILURES", "null");
    if let Some(database) = database {
        server.set("DRIFTLINE_DATABASE", &database.url);
    }
    server
}

fn at(minute: i64) -> String {
    let begin: DateTime<Utc> = "2024-05-01T12:00:00Z".parse().unwrap();
    (begin + TimeDelta::minutes(minute)).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The records of a minute.
fn records(minute: i64) -> Vec<String> {
    let record = |i: i64| {
        let region = if i % 2 == 0 { "eu" } else { "us" };
        let level = if region == "eu" && (20..25).contains(&minute) { 0.9 } else { 0.2 };
        let score = level + (minute % 3) as f64 / 100.0;
        json!({"id": minute * 100 + i, "ts": at(minute), "region": region, "score": score, "secret": minute})
            .to_string()
    };
    (0..6).map(record).collect()
}

fn send(server: &Server, records: &[String]) {
    let path = "/v1/suites/loans/check?on_fail=observe&verdicts=none&wait=stored";
    let answer = server.post(path, "application/x-ndjson", records.join("\n"));
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// What each watch said of each window of a length, by segment and in order.
type Said = BTreeMap<(String, String), Vec<Value>>;

fn said(server: &Server, length: &str) -> Said {
    let (mut all, mut next) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/v1/findings?kind=no_change&limit=1000&length={length}{next}")).json();
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(it) => next = format!("&cursor={it}"),
            None => break,
        }
    }
    let mut said = Said::new();
    for it in all.iter().rev() {
        let text = |name: &str| it[name].as_str().unwrap().to_owned();
        let told = ["at", "status", "observed", "bound", "message", "severity"].map(|name| it[name].clone());
        let told = json!([told, it["details"]]);
        said.entry((text("segment"), text("check"))).or_default().push(told);
    }
    said
}

/// The minutes at which a watch cried.
fn alarms(said: &[Value]) -> Vec<&str> {
    let failed = said.iter().filter(|it| it[0][1] == "fail");
    failed.map(|it| &it[0][0].as_str().unwrap()[14..16]).collect()
}

fn wait(server: &Server) {
    for (length, n) in [("1m", MINUTES), ("5m", MINUTES / 5)] {
        let judged = || {
            let items = server.get(&format!("/v1/windows?length={length}&segment=&limit=1000")).json()["items"].clone();
            items.as_array().unwrap().len() as i64
        };
        server.until(length, || judged() == n);
    }
}

/// What one host says that takes in all records and closes all windows at once.
fn of_one_host(database: Option<&Database>) -> [Said; 2] {
    let mut server = server(database);
    server.start();
    let all: Vec<_> = (0..MINUTES).flat_map(records).collect();
    send(&server, &all);
    wait(&server);
    ["1m", "5m"].map(|length| said(&server, length))
}

fn of<'s>(said: &'s Said, segment: &str, check: &str) -> &'s [Value] {
    &said[&(segment.to_owned(), check.to_owned())]
}

fn a_mean_that_jumps_alarms_once(database: Option<&Database>) {
    let [minutes, fives] = of_one_host(database);
    let (mean, small) = ("mean, page_hinkley", "small, cusum");
    assert_eq!(minutes.len(), 9, "{:?}", minutes.keys());
    // The mean falls back within the cooldown, and only the segment has changed, so the total has by half as much.
    assert_eq!(alarms(of(&minutes, "region=eu", mean)), ["20"]);
    assert_eq!(alarms(of(&minutes, "", mean)).len(), 1);
    assert_eq!(alarms(of(&minutes, "region=us", mean)), [""; 0]);
    assert_eq!(alarms(of(&minutes, "region=eu", small)).first(), Some(&"20"));
    assert_eq!(alarms(of(&minutes, "region=us", small)), [""; 0]);
    let eu = of(&minutes, "region=eu", mean);
    assert!(eu.iter().take(4).all(|it| it[0][1] == "skip") && eu[5][0][1] == "pass", "{eu:#?}");
    assert_eq!(eu[20][0][4], "mean has changed, says page_hinkley: it is 0.92 now");
    assert_eq!((&eu[20][1]["detector"], &eu[20][0][5]), (&json!("page_hinkley"), &json!("critical")));
    // Of each length the windows are counted by themselves, one after the other.
    let five = of(&fives, "region=us", mean);
    assert_eq!(five.iter().map(|it| it[1]["windows"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8]);
    // What privacy keeps out is watched by nobody.
    let secret = of(&minutes, "", "secret, adwin");
    assert!(secret.iter().all(|it| it[0][1] == "skip" && it[1].is_null()), "{secret:#?}");
    assert!(secret[0][0][4].as_str().unwrap().starts_with("`privacy` keeps the values of `secret`"), "{secret:#?}");
}

#[test]
fn a_mean_that_jumps_alarms_once_with_sqlite() {
    a_mean_that_jumps_alarms_once(None);
}

#[test]
fn a_mean_that_jumps_alarms_once_with_postgres() {
    a_mean_that_jumps_alarms_once(Some(&database::postgres()));
}

/// Stopped or killed every ten minutes of the data, in the midst of its windows.
#[test]
fn detectors_remember_across_restarts() {
    let expected = of_one_host(None);
    let mut server = server(None);
    for (i, minutes) in (0..MINUTES).collect::<Vec<_>>().chunks(10).enumerate() {
        server.start();
        for minute in minutes {
            send(&server, &records(*minute));
        }
        // Nothing more comes for a while, so that what came is closed.
        let judged =
            || !server.get("/v1/windows?length=5m&segment=&limit=1").json()["items"].as_array().unwrap().is_empty();
        server.until("some", judged);
        if i % 2 == 0 { server.kill() } else { assert!(server.stop()) }
    }
    server.start();
    wait(&server);
    assert!(["1m", "5m"].map(|length| said(&server, length)) == expected, "{:#?}", said(&server, "1m"));
}

/// All windows are over at once, and both hosts are at them.
#[test]
fn detectors_see_windows_in_their_order_whichever_host_closes_them() {
    let expected = of_one_host(None);
    let database = database::postgres();
    let mut servers = [0, 1].map(|_| server(Some(&database)));
    for server in &mut servers {
        server.spawn();
    }
    for server in &servers {
        server.until("the service", || server.try_get("/readyz").is_some_and(|it| it.status == 200));
    }
    let [one, other] = &servers;
    for minute in 0..MINUTES {
        let (eu, us) = (records(minute), records(minute));
        send(one, &eu[..4]);
        send(other, &us[4..]);
    }
    wait(one);
    let found = ["1m", "5m"].map(|length| said(one, length));
    assert!(found == expected, "{:#?}", found[0]);
}

/// A record that comes late is judged with what was remembered before its window; later windows keep what they said.
#[test]
fn a_late_record_is_watched_in_its_own_place() {
    let suite = "\
windows: { length: 1m }
expectations:
  - { field: score, mean_between: { min: 0 }, name: mean, watch: { detector: page_hinkley, min_instances: 3 } }
";
    let mut server = Server::new(&[("loans.yaml", suite)]);
    server.set("DRIFTLINE_WINDOWS__GRACE", "1ms");
    server.set("DRIFTLINE_WINDOWS__REVISE_EVERY", "1ms");
    server.set("DRIFTLINE_RETENTION__WINDOWS", "null");
    server.set("DRIFTLINE_RETENTION__FAILURES", "null");
    server.start();
    // Sends a record of a minute, and waits until its window holds so many.
    let check = |minute: i64, score: f64, records: i64| {
        let path = format!("/v1/suites/loans/check?wait=stored&at={}", at(minute));
        assert_eq!(server.post(&path, "application/json", json!({"score": score}).to_string()).status, 200);
        let start = at(minute).replace('Z', ".");
        server.until("the window", || {
            let items = server.get("/v1/windows?length=1m").json()["items"].clone();
            let is_it = |it: &Value| it["start"].as_str().unwrap().starts_with(&start) && it["records"] == records;
            items.as_array().unwrap().iter().any(is_it)
        });
    };
    let told = || {
        let all = said(&server, "1m").into_values().next().unwrap();
        let of = |it: &Value| (it[0][2].as_f64().unwrap(), it[1]["windows"].as_i64().unwrap());
        all.iter().map(of).collect::<Vec<_>>()
    };
    for minute in 0..5 {
        check(minute, 0.5, 1);
    }
    check(2, 0.7, 2);
    assert_eq!(told(), [(0.5, 1), (0.5, 2), (0.6, 3), (0.5, 4), (0.5, 5)]);
    check(5, 0.5, 1);
    assert_eq!(told()[5], (0.5, 6));
}
