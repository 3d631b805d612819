//! Windows by the records' own time: of several lengths, whatever order the records come in.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::database;
use crate::restart::calm;
use crate::server::Server;

const SUITE: &str = "\
name: clicks
record: { id: id, time: ts }
windows: { lengths: [1h, 1d, month], slide: { length: 2h, every: 1h }, lateness: 30m, idle: 2s }
expectations:
  - { field: id, unique: {} }
  - { field: amount, between: { min: 0, max: 90 }, mostly: 0.9 }
  - { field: amount, mean_between: { max: 50 } }
  - { field: amount, median_between: { max: 50 }, severity: warning }
  - { field: amount, increasing: {}, severity: info }
  - { row_count_between: { min: 3 } }
";

const CHECK: &str = "/v1/suites/clicks/check?on_fail=observe&verdicts=none";

fn server(suite: &str) -> Server {
    let mut server = Server::new(&[("clicks.yaml", suite)]);
    calm(&mut server);
    server.set("DRIFTLINE_WINDOWS__REVISE_EVERY", "1ms");
    server
}

fn record(i: u64, at: DateTime<Utc>) -> String {
    json!({"id": format!("r{i}"), "amount": i * 7919 % 97, "ts": at.format("%Y-%m-%dT%H:%M:%SZ").to_string()})
        .to_string()
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn send(server: &Server, records: &[String]) {
    for (i, some) in records.chunks(50).enumerate() {
        // Some alone, some together.
        let (kind, bodies) = if i % 3 == 0 {
            ("application/json", some.to_vec())
        } else {
            ("application/x-ndjson", vec![some.join("\n")])
        };
        for body in bodies {
            let answer = server.post(CHECK, kind, body);
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
    }
}

/// The windows of a length, by their start.
fn windows(server: &Server, length: &str) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let mut path = format!("/v1/windows?limit=1000&length={length}");
    loop {
        let page = server.get(&path).json();
        for it in page["items"].as_array().unwrap() {
            assert_eq!(all.insert(it["start"].as_str().unwrap().to_owned(), it.clone()), None, "one of each");
        }
        match page["next"].as_str() {
            Some(next) => path = format!("/v1/windows?limit=1000&length={length}&cursor={next}"),
            None => return all,
        }
    }
}

fn records_in(windows: &BTreeMap<String, Value>) -> i64 {
    windows.values().map(|it| it["records"].as_i64().unwrap()).sum()
}

/// What the service says of a window is what the command line says of a file of its records.
fn is_judged_as_a_file(server: &Server, window: &Value, records: &[String]) {
    server.write("some.ndjson", &(records.join("\n") + "\n"));
    let (_, said) = server.driftline(&["check", "--suite", "suites/clicks.yaml", "--format", "json", "some.ndjson"]);
    let report: Value = serde_json::from_str(said.split_once("\nchecked").map_or(&said, |it| it.0))
        .unwrap_or_else(|it| panic!("{it}: {said}"));
    let window = server.get(&format!("/v1/windows/{}", window["id"].as_str().unwrap())).json();
    assert_eq!(window["records"], json!(records.len()), "{window:#}");
    let theirs = report["results"].as_array().unwrap();
    // Where all records can be read the report does not speak of it.
    let ours: Vec<_> = window["findings"].as_array().unwrap().iter().filter(|it| it["check"] != "readable").collect();
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.into_iter().zip(theirs) {
        assert_eq!(
            (&ours["status"], &ours["observed"]),
            (&theirs["status"], &theirs["observed"]),
            "{ours:#}\n{theirs:#}"
        );
    }
}

/// Two days, each record up to a quarter of an hour before or behind its place.
fn two_days() -> Vec<(DateTime<Utc>, String)> {
    let begin = time("2024-04-30T00:00:00Z");
    let mut all: Vec<(i64, DateTime<Utc>)> =
        (0..960_i64).map(|i| (i * 180 + i * 7919 % 1800, begin + TimeDelta::seconds(i * 180 + 30))).collect();
    all.sort_unstable();
    all.into_iter().zip(0..).map(|((_, at), i)| (at, record(i, at))).collect()
}

fn a_replay_is_judged_as_the_files_of_its_spans(mut server: Server) {
    server.start();
    let all = two_days();
    send(&server, &all.iter().map(|it| it.1.clone()).collect::<Vec<_>>());
    server.until("all hours", || records_in(&windows(&server, "1h")) == 960);
    server.until("the months", || records_in(&windows(&server, "month")) == 960);
    let of = |from: DateTime<Utc>, to: DateTime<Utc>| all.iter().filter(move |it| (from..to).contains(&it.0));
    let texts = |from, to| of(from, to).map(|it| it.1.clone()).collect::<Vec<_>>();
    let hours = windows(&server, "60m");
    assert_eq!(hours.len(), 48);
    for (start, window) in hours.iter().step_by(7) {
        assert_eq!(window["length"], json!("1h"));
        assert_eq!(window["revision"], json!(1), "a window is judged when it is over, and not before: {window:#}");
        is_judged_as_a_file(&server, window, &texts(time(start), time(start) + TimeDelta::hours(1)));
    }
    // Longer windows see the hours one after the other.
    let by_hour = |from: DateTime<Utc>, hours: i64| {
        (0..hours).flat_map(|i| texts(from + TimeDelta::hours(i), from + TimeDelta::hours(i + 1))).collect::<Vec<_>>()
    };
    for (length, n, hours) in [("1d", 2, 24), ("2h/1h", 49, 2), ("month", 2, 24)] {
        let found = windows(&server, length);
        assert_eq!(found.len(), n, "{length}");
        for (start, window) in found.iter().step_by(5) {
            // Of the months only the last day of the one and the first of the other have records.
            let from = if start == "2024-04-01T00:00:00.000000Z" { time("2024-04-30T00:00:00Z") } else { time(start) };
            is_judged_as_a_file(&server, window, &by_hour(from, hours));
        }
    }
    let months: Vec<_> = windows(&server, "month").into_values().map(|it| it["end"].clone()).collect();
    assert_eq!(months, ["2024-05-01T00:00:00.000000Z", "2024-06-01T00:00:00.000000Z"]);
    let (code, said) = server.driftline(&["history", "windows", "--length", "1d"]);
    assert!(code == 0 && said.contains("LENGTH") && said.contains(" 1d ") && !said.contains(" 1h "), "{said}");
}

#[test]
fn a_replay_out_of_order_is_judged_as_the_files_of_its_spans_with_sqlite() {
    a_replay_is_judged_as_the_files_of_its_spans(server(SUITE));
}

#[test]
fn a_replay_out_of_order_is_judged_as_the_files_of_its_spans_with_postgres() {
    let database = database::postgres();
    let mut server = server(SUITE);
    server.set("DRIFTLINE_DATABASE", &database.url);
    a_replay_is_judged_as_the_files_of_its_spans(server);
}

/// One batch, with a key so that it is one entry of the journal, whose records jump between many windows.
#[test]
fn a_batch_adds_to_all_windows_that_its_records_lie_in() {
    let mut server = server(&SUITE.replace("2h, every: 1h", "3h, every: 1h").replace("[1h, 1d, month]", "[1h, 1w]"));
    server.start();
    let begin = time("2024-04-29T00:00:00Z");
    // 168 hours of a week in turn, four times.
    let at = |i: u64| begin + TimeDelta::hours((i * 53 % 168) as i64);
    let all: Vec<_> = (0..672).map(|i| (at(i), record(i, at(i)))).collect();
    let body: Vec<_> = all.iter().map(|it| it.1.clone()).collect();
    let headers = [("content-type", "application/x-ndjson"), ("idempotency-key", "one")];
    for _ in 0..2 {
        let answer = server.ask("POST", CHECK, &headers, body.join("\n"));
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    server.until("the week", || records_in(&windows(&server, "1w")) == 672);
    let hours = windows(&server, "1h");
    assert!(hours.len() == 168 && hours.values().all(|it| it["records"] == json!(4)), "{hours:#?}");
    for (start, window) in hours.iter().step_by(41) {
        let records = all.iter().filter(|it| it.0 == time(start)).map(|it| it.1.clone()).collect::<Vec<_>>();
        is_judged_as_a_file(&server, window, &records);
    }
    assert_eq!(windows(&server, "1w").keys().collect::<Vec<_>>(), ["2024-04-29T00:00:00.000000Z"]);
}

/// The watermark of old data is of old data: the clock closes its windows only when no more comes.
#[test]
fn a_window_is_open_until_the_watermark_passes_or_no_more_comes() {
    let mut server = server(&SUITE.replace("idle: 2s", "idle: 4s"));
    server.start();
    let at = |text: &str| record(1, time(text));
    for i in 0..10 {
        send(&server, &[record(i, time("2024-05-01T12:00:00Z"))]);
        std::thread::sleep(Duration::from_millis(150));
    }
    send(&server, &[at("2024-05-01T13:29:59Z")]);
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(windows(&server, "1h").len(), 0, "the watermark is at 12:59:59");
    send(&server, &[at("2024-05-01T13:30:00Z")]);
    server.until("the first hour", || windows(&server, "1h").len() == 1);
    assert_eq!(windows(&server, "1h")["2024-05-01T12:00:00.000000Z"]["revision"], json!(1));
    assert_eq!(windows(&server, "1d").len(), 0);
    server.until("the day, when no more comes", || windows(&server, "1d").len() == 1);
    assert_eq!(records_in(&windows(&server, "1d")), 12);
    let streams = server.get("/v1/streams").json();
    assert_eq!(streams[0]["watermark"], json!("2024-05-01T13:00:00.000000Z"));
}

#[test]
fn what_comes_late_makes_a_revision_and_what_is_too_late_is_counted() {
    let mut server = server(&SUITE.replace("idle: 2s", "idle: 1h"));
    server.start();
    let now = Utc::now();
    let ago = |hours: i64| now - TimeDelta::hours(hours);
    send(&server, &[record(1, ago(72)), record(2, ago(72)), record(3, ago(1))]);
    let all = || windows(&server, "1h");
    server.until("the first hour", || all().len() == 1);
    server.until("its day", || records_in(&windows(&server, "1d")) == 2);
    let first = all().into_values().next().unwrap();
    assert_eq!((&first["records"], &first["late"], &first["revision"]), (&json!(2), &json!(0), &json!(1)));
    send(&server, &[record(4, ago(72)), record(5, ago(24 * 100))]);
    server.until("the revision", || all().into_values().next().unwrap()["revision"] == json!(2));
    let again = all().into_values().next().unwrap();
    assert_eq!((&again["id"], &again["records"], &again["late"]), (&first["id"], &json!(3), &json!(1)));
    // Of the day no record counts twice.
    let day = || windows(&server, "1d").into_values().next().unwrap();
    server.until("the revision of the day", || day()["revision"] == json!(2));
    assert_eq!((&day()["records"], &day()["late"]), (&json!(3), &json!(1)));
    server.until("the count", || server.get("/v1/streams").json()[0]["too_late"] == json!(1));
    assert_eq!(all().len(), 1);
}

#[test]
fn revisions_are_not_made_more_often_than_they_may() {
    let mut server = Server::new(&[("clicks.yaml", &SUITE.replace("idle: 2s", "idle: 1h"))]);
    server.set("DRIFTLINE_WINDOWS__REVISE_EVERY", "3s");
    server.start();
    let at = time("2024-05-01T12:00:00Z");
    send(&server, &[record(0, at), record(1, time("2024-05-03T00:00:00Z"))]);
    let first = || windows(&server, "1h").into_values().next();
    server.until("the first hour", || first().is_some());
    for i in 0..20 {
        send(&server, &[record(i, at)]);
        std::thread::sleep(Duration::from_millis(150));
    }
    server.until("all revisions", || first().unwrap()["records"] == json!(21));
    let revision = first().unwrap()["revision"].as_i64().unwrap();
    assert!((2..=5).contains(&revision), "{revision} judgements in a few seconds");
}

/// A record without a time that can be is in the window that it came in, and the window says so.
#[test]
fn a_record_without_a_time_is_in_the_window_that_it_came_in() {
    let suite = SUITE.replace("time: ts", "time: { field: ts, unit: ms }").replace("idle: 2s", "idle: 1s");
    let mut server = server(&suite.replace("[1h, 1d, month]", "[1h]").replace("lateness: 30m", "lateness: 0"));
    server.start();
    let now = Utc::now();
    let records = [
        json!({"id": 1, "amount": 1, "ts": now.timestamp_millis()}),
        json!({"id": 2, "amount": 1, "ts": now.to_rfc3339()}),
        json!({"id": 3, "amount": 1}),
        json!({"id": 4, "amount": 1, "ts": "yesterday"}),
        json!({"id": 5, "amount": 1, "ts": (now + TimeDelta::minutes(61)).timestamp_millis()}),
        json!({"id": 6, "amount": 1, "ts": (now - TimeDelta::hours(72)).timestamp_millis()}),
    ];
    let came = now - TimeDelta::hours(48);
    let path = format!("{CHECK}&at={}", came.format("%Y-%m-%dT%H:%M:%SZ"));
    let lines: Vec<_> = records.iter().map(ToString::to_string).collect();
    for (kind, bodies) in [("application/x-ndjson", vec![lines.join("\n")]), ("application/json", lines.clone())] {
        for body in bodies {
            assert_eq!(server.post(&path, kind, body).status, 200);
        }
    }
    server.until("the hours that are over", || records_in(&windows(&server, "1h")) == 8);
    let found = windows(&server, "1h");
    let of = |it: DateTime<Utc>| {
        let window = &found[&it.format("%Y-%m-%dT%H:00:00.000000Z").to_string()];
        (window["records"].clone(), window["untimed"].clone())
    };
    assert_eq!(of(came), (json!(6), json!(6)));
    assert_eq!(of(now - TimeDelta::hours(72)), (json!(2), json!(0)));
}

/// What was answered is in a window of each length, once, though the service is killed again and again.
#[test]
fn a_killed_service_has_lost_nothing_of_its_windows() {
    let suite = SUITE.replace("[1h, 1d, month]", "[1m, 1h]").replace("lateness: 30m", "lateness: 1m");
    let mut server = server(&suite.replace("slide: { length: 2h, every: 1h }, ", ""));
    let begin = time("2024-05-01T00:00:00Z");
    let (mut answered, mut i) = (0, 0);
    for round in 0..4 {
        server.start();
        let until = std::time::Instant::now() + Duration::from_millis(1300 + round * 150);
        while std::time::Instant::now() < until {
            // Two minutes to and fro.
            let at = |i: u64| begin + TimeDelta::seconds((i * 3) as i64 - i64::from(i.is_multiple_of(2)) * 90);
            let some: Vec<_> = (0..5).map(|k| record(i + k, at(i + k))).collect();
            i += 5;
            let body = some.join("\n");
            assert_eq!(server.post(CHECK, "application/x-ndjson", body).status, 200);
            answered += 5;
        }
        server.kill();
    }
    server.start();
    server.until("all minutes", || records_in(&windows(&server, "1m")) == answered);
    server.until("all hours", || records_in(&windows(&server, "1h")) == answered);
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!((records_in(&windows(&server, "1m")), records_in(&windows(&server, "1h"))), (answered, answered));
}

/// The watermark is that of both hosts, and each window is judged over the records of both.
#[test]
fn two_hosts_share_their_windows() {
    let database = database::postgres();
    let mut servers = [0, 1].map(|_| server(SUITE));
    for server in &mut servers {
        server.set("DRIFTLINE_DATABASE", &database.url);
        server.set("DRIFTLINE_RESULTS__PRIVACY_KEY", "a key that both have");
        server.spawn();
    }
    for server in &servers {
        server.until("the service", || server.try_get("/readyz").is_some_and(|it| it.status == 200));
    }
    let all = two_days();
    std::thread::scope(|scope| {
        for (n, server) in servers.iter().enumerate() {
            let own: Vec<_> = all.iter().skip(n).step_by(2).map(|it| it.1.clone()).collect();
            scope.spawn(move || send(server, &own));
        }
    });
    let [one, other] = &servers;
    for length in ["1h", "1d", "month"] {
        one.until(length, || records_in(&windows(one, length)) == 960);
        assert_eq!(windows(other, length).values().filter(|it| it["status"] == "error").count(), 0);
    }
    one.until("all that slide", || records_in(&windows(one, "2h/1h")) == 2 * 960);
}

#[test]
fn silence_is_judged_once_and_ends() {
    let suite =
        "windows: { length: 1s, lateness: 0 }\nexpectations:\n  - not_silent: 2s\n  - { field: a, not_null: {} }\n";
    let mut server = Server::new(&[("clicks.yaml", suite), ("busy.yaml", suite)]);
    server.start();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Another suite is busy all the time.
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                assert_eq!(server.post("/v1/suites/busy/check", "application/json", "{\"a\": 1}").status, 200);
            }
        });
        let end = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| silences_of_clicks(&server)));
        done.store(true, Ordering::Relaxed);
        end.unwrap_or_else(|it| std::panic::resume_unwind(it));
    });
}

fn silences_of_clicks(server: &Server) {
    let send = || assert_eq!(server.post(CHECK, "application/json", "{\"a\": 1}").status, 200);
    let silences = || windows(server, "silence");
    let is_silent = || {
        let streams = server.get("/v1/streams").json();
        let clicks = streams.as_array().unwrap().iter().find(|it| it["suite"] == "clicks").unwrap();
        clicks["is_silent"] == json!(true)
    };
    for _ in 0..6 {
        send();
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(silences().len(), 0, "records came");
    server.until("the silence", || silences().len() == 1);
    let first = silences().into_values().next().unwrap();
    assert_eq!((&first["status"], &first["records"], &first["revision"]), (&json!("fail"), &json!(0), &json!(1)));
    let window = server.get(&format!("/v1/windows/{}", first["id"].as_str().unwrap())).json();
    let finding = |check: &str| window["findings"].as_array().unwrap().iter().find(|it| it["check"] == check).cloned();
    assert_eq!(finding("not_silent").unwrap()["message"], json!("no record came"));
    assert!(is_silent());
    std::thread::sleep(Duration::from_millis(3500));
    assert_eq!(silences().len(), 1, "once for each");
    send();
    server.until("the end of it", || !is_silent());
    server.until("a window that passes", || {
        server.get("/v1/windows?limit=1&suite=clicks").json()["items"][0]["status"] == json!("pass")
    });
    server.until("the next silence", || silences().len() == 2);
}
