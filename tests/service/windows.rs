//! Windows: single records and batches judged together when their time is over.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::database;
use crate::guests::Guest;
use crate::restart::calm;
use crate::server::Server;

const SUITE: &str = "\
name: payments
windows: { length: 1m }
record: { id: id }
privacy: { email: hash, card: drop }
expectations:
  - { field: id, not_null: {} }
  - { field: id, unique: {}, name: unique id }
  - { field: amount, between: { min: 0, max: 100 }, mostly: 0.5 }
  - { field: amount, mean_between: { max: 50 }, name: mean amount }
  - { field: amount, median_between: { max: 100 }, severity: warning }
  - { field: amount, increasing: {}, severity: info }
  - { field: email, unique: {}, name: unique email }
  - { field: email, most_common_value_in_set: [nobody], name: common email }
  - { field: card, unique: {}, name: unique card }
  - { field: email, stable: { test: text_classifier }, name: email texts }
  - { fields: [amount, card], records_similar: {}, name: records with cards }
  - { field: absent, not_null: {}, severity: info }
";

const CHECK: &str = "/v1/suites/payments/check?on_fail=observe&wait=stored&at=2024-05-01T12:00:";

fn server() -> Server {
    let mut server = Server::new(&[("payments.yaml", SUITE)]);
    server.set("DRIFTLINE_WINDOWS__GRACE", "1ms");
    server.start();
    server
}

fn record(i: u32, amount: f64) -> String {
    json!({"id": format!("r{i}"), "amount": amount, "email": format!("secret{}@example.org", i / 2), "card": "4000-1234"})
        .to_string()
}

fn send(server: &Server, second: u32, kind: &str, body: &str) {
    let answer = server.post(&format!("{CHECK}{second:02}Z"), kind, body);
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// The window, once it was judged over so many records.
fn window(server: &Server, records: i64) -> Value {
    let found = || server.get("/v1/windows?suite=payments").json()["items"][0].clone();
    server.until("the window", || found()["records"] == json!(records));
    let id = found()["id"].as_str().unwrap().to_owned();
    server.get(&format!("/v1/windows/{id}")).json()
}

fn finding<'w>(window: &'w Value, check: &str) -> &'w Value {
    let findings = window["findings"].as_array().unwrap();
    findings.iter().find(|it| it["check"] == check).unwrap_or_else(|| panic!("no {check} in {window:#}"))
}

#[test]
fn single_records_are_judged_together_and_what_comes_late_makes_a_revision() {
    let server = server();
    for (i, amount) in [10.0, 40.0, 90.0].into_iter().enumerate() {
        send(&server, 1, "application/json", &record(i as u32, amount));
    }
    let first = window(&server, 3);
    let revision = first["revision"].as_i64().unwrap();
    assert_eq!(
        (&first["start"], &first["end"]),
        (&json!("2024-05-01T12:00:00.000000Z"), &json!("2024-05-01T12:01:00.000000Z"))
    );
    assert_eq!(finding(&first, "mean amount")["status"], "pass");
    send(&server, 59, "application/json", &record(3, 100.0));
    let second = window(&server, 4);
    assert_eq!((&second["status"], second["revision"].as_i64()), (&json!("fail"), Some(revision + 1)));
    let mean = finding(&second, "mean amount");
    assert_eq!((&mean["status"], &mean["observed"]), (&json!("fail"), &json!(60.0)));
    assert_eq!(second["id"], first["id"]);
    // Another minute is another window.
    let next = server.post(
        "/v1/suites/payments/check?on_fail=observe&at=2024-05-01T12:01:00Z",
        "application/json",
        record(9, 1.0),
    );
    assert_eq!(next.status, 200);
    server.until("the next window", || server.get("/v1/windows").json()["items"].as_array().unwrap().len() == 2);
    let of = |query: &str| server.get(&format!("/v1/windows?{query}")).json()["items"].as_array().unwrap().len();
    assert_eq!(
        (of("status=fail"), of("status=warn"), of("suite=other"), of("since=2024-05-01T12:01:00Z")),
        (1, 0, 0, 1)
    );
    let page = server.get("/v1/windows?limit=1").json();
    assert_eq!(page["items"][0]["start"], json!("2024-05-01T12:01:00.000000Z"));
    let rest = server.get(&format!("/v1/windows?cursor={}", page["next"].as_str().unwrap())).json();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["items"][0]["id"]), (1, &first["id"]));
    assert_eq!(server.get("/v1/windows?status=bad").status, 400);
    assert_eq!(server.get("/v1/windows/00000000-0000-0000-0000-000000000000").status, 404);
    let (code, said) = server.driftline(&["history", "windows", "--status", "fail"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("2024-05-01T12:00:00") && said.contains("fail") && said.contains("REVISION"), "{said}");
}

/// Where the records come from, and in how many requests, makes no difference: neither the verdict nor the number.
#[test]
fn batches_and_single_records_of_a_window_are_judged_as_one_file_is() {
    // Without privacy, so that every expectation has its answer.
    let suite = SUITE.replace("privacy: { email: hash, card: drop }\n", "");
    let mut server = Server::new(&[("payments.yaml", &suite)]);
    server.set("DRIFTLINE_WINDOWS__GRACE", "1ms");
    server.start();
    let mut records: Vec<String> = (0..40).map(|i| record(i % 37, f64::from(i * 7 % 31) * 4.5)).collect();
    records[11] = "{\"id\": 1,".to_owned();
    server.write("all.ndjson", &(records.join("\n") + "\n"));
    send(&server, 0, "application/x-ndjson", &(records[..20].join("\n") + "\n"));
    for it in &records[20..30] {
        send(&server, 10, "application/json", it);
    }
    send(&server, 20, "application/x-ndjson", &(records[30..].join("\n") + "\n"));
    let window = window(&server, 40);
    assert_eq!(window["unreadable"], json!(1));
    let (_, said) = server.driftline(&["check", "--suite", "suites/payments.yaml", "--format", "json", "all.ndjson"]);
    let report: Value = serde_json::from_str(said.split_once("\nchecked").map_or(&said, |it| it.0))
        .unwrap_or_else(|it| panic!("{it}: {said}"));
    let findings = window["findings"].as_array().unwrap();
    assert_eq!(findings.len(), report["results"].as_array().map_or(0, Vec::len));
    for (ours, theirs) in findings.iter().zip(report["results"].as_array().unwrap()) {
        assert_eq!(
            (&ours["status"], &ours["observed"]),
            (&theirs["status"], &theirs["observed"]),
            "{ours:#}\n{theirs:#}"
        );
    }
}

/// A value that may not be kept is in no file of the service, and what rests on it is judged only where its hash will do.
#[test]
fn windows_keep_no_value_that_the_suite_keeps_back() {
    let server = server();
    let batch: Vec<_> = (0..6).map(|i| record(i, 10.0)).collect();
    send(&server, 0, "application/x-ndjson", &batch.join("\n"));
    send(&server, 1, "application/json", &record(6, 10.0));
    let window = window(&server, 7);
    let email = finding(&window, "unique email");
    assert_eq!((&email["status"], &email["unexpected"]), (&json!("fail"), &json!(6)));
    for check in ["common email", "unique card", "email texts", "records with cards"] {
        let it = finding(&window, check);
        assert!(it["status"] == "skip" && it["message"].as_str().unwrap().contains("`privacy`"), "{it:#}");
    }
    assert_eq!(finding(&window, "unique id")["status"], "pass");
    let mut waiting = vec![server.path("driftline-data")];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(path).unwrap().map(|it| it.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for secret in ["secret", "4000-1234"] {
            let told = bytes.windows(secret.len()).any(|it| it == secret.as_bytes());
            assert!(!told, "{} holds {secret}", path.display());
        }
    }
}

#[test]
fn a_suite_without_windows_has_none_and_an_older_version_is_judged_by_its_own_rules() {
    let mut server =
        Server::new(&[("quiet.yaml", "windows: off\nexpectations: [{ field: a, mean_between: { max: 1 } }]")]);
    server.set("DRIFTLINE_WINDOWS__GRACE", "3s");
    server.start();
    let put = |max: u32| {
        let text = format!(
            "windows: {{ length: 1m }}\nexpectations: [{{ field: a, mean_between: {{ max: {max} }}, name: mean }}]"
        );
        assert_eq!(server.ask("PUT", "/v1/suites/s", &[], text).status, 200);
    };
    let at = "wait=stored&at=2024-05-01T12:00:00Z";
    for suite in ["quiet", "s"] {
        if suite == "s" {
            put(1);
        }
        assert_eq!(
            server.post(&format!("/v1/suites/{suite}/check?{at}"), "application/json", "{\"a\": 5}").status,
            200
        );
    }
    put(9);
    assert_eq!(server.post(&format!("/v1/suites/s/check?{at}"), "application/json", "{\"a\": 5}").status, 200);
    let items = || server.get("/v1/windows").json()["items"].as_array().unwrap().clone();
    server.until("both windows", || items().len() == 2);
    let mut statuses: Vec<_> = items().iter().map(|it| (it["suite"].clone(), it["status"].clone())).collect();
    statuses.sort_by_key(|it| it.1.to_string());
    assert_eq!(statuses, [(json!("s"), json!("fail")), (json!("s"), json!("pass"))]);
}

/// Windows are judged by the version that checked their records. When that cannot be had, because a plugin's file is
/// another one, nothing of them is lost, and they are judged when it is there again.
#[test]
fn a_window_waits_for_the_plugin_that_it_was_checked_with() {
    let mut server = Server::new(&[]);
    server.set("DRIFTLINE_WINDOWS__GRACE", "1h");
    let suite = "windows: { length: 1m }\nplugins: { well-behaved: { file: range.wasm } }\nexpectations:\n  \
                 - { field: amount, well-behaved.range: , name: range }\n  - { field: amount, sum_between: { max: 1 } }\n";
    server.write("suites/sales.yaml", suite);
    let file = server.path("suites/range.wasm");
    fs::write(&file, Guest::range().build()).unwrap();
    server.start();
    // Of a minute that is over.
    let now = (chrono::Utc::now() - chrono::TimeDelta::minutes(2)).format("%Y-%m-%dT%H:%M:%SZ");
    let check = |server: &Server| {
        let path = format!("/v1/suites/sales/check?on_fail=observe&wait=stored&at={now}");
        assert_eq!(server.post(&path, "application/json", "{\"amount\": 0.75}").status, 200);
    };
    check(&server);
    check(&server);
    assert!(server.stop());
    // The same plugin in a later version, with which the suite is another one.
    fs::write(&file, Guest { version: "2.0.0".to_owned(), ..Guest::range() }.build()).unwrap();
    server.set("DRIFTLINE_WINDOWS__GRACE", "1ms");
    server.start();
    check(&server);
    let items = |server: &Server| server.get("/v1/windows").json()["items"].as_array().unwrap().clone();
    let of = |server: &Server, records: i64| items(server).into_iter().find(|it| it["records"] == json!(records));
    server.until("the window that waits", || of(&server, 0).is_some());
    let waits = of(&server, 0).unwrap();
    assert_eq!((&waits["status"], &waits["revision"]), (&json!("error"), &json!(0)));
    let why = waits["message"].as_str().unwrap();
    assert!(why.starts_with("its records wait to be judged") && why.contains("its digest is"), "{why}");
    server.until("the window of the new version", || of(&server, 1).is_some_and(|it| it["status"] == "pass"));
    assert!(server.stop());
    fs::write(&file, Guest::range().build()).unwrap();
    server.start();
    server.until("the window", || of(&server, 2).is_some());
    let window = of(&server, 2).unwrap();
    assert_eq!((&window["status"], &window["id"], &window["message"]), (&json!("fail"), &waits["id"], &Value::Null));
}

/// A plugin that was put stays as long as windows need it, though no active suite does.
#[test]
fn a_plugin_cannot_be_removed_while_windows_need_it() {
    let mut server = Server::new(&[]);
    server.set("DRIFTLINE_WINDOWS__GRACE", "2s");
    server.start();
    let path = "/v1/plugins/well-behaved/versions/1.2.3";
    let put = server.ask("PUT", path, &[("content-type", "application/wasm")], Guest::range().build());
    assert_eq!(put.status, 201, "{}", put.body);
    let suite = "windows: { length: 1m }\nplugins: { well-behaved: { version: 1.2.3 } }\n\
                 expectations: [{ field: amount, well-behaved.range: }]";
    assert_eq!(server.ask("PUT", "/v1/suites/sales", &[], suite).status, 200);
    let now = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ");
    let check = format!("/v1/suites/sales/check?wait=stored&at={now}");
    assert_eq!(server.post(&check, "application/json", "{\"amount\": 0.5}").status, 200);
    assert_eq!(server.ask("DELETE", "/v1/suites/sales", &[], "").status, 204);
    let refused = server.ask("DELETE", path, &[], "");
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(refused.body.contains("sales (in windows that are not judged yet)"), "{}", refused.body);
}

/// Equal values must have equal hashes wherever they came in.
#[test]
fn hosts_with_different_keys_do_not_hash_into_one_database() {
    let database = database::postgres();
    let hashes = "privacy: { email: hash }\nexpectations: [{ field: email, unique: {} }]\n";
    let host = || {
        let mut server =
            Server::new(&[("hashes.yaml", hashes), ("plain.yaml", "expectations: [{ field: a, not_null: }]")]);
        server.set("DRIFTLINE_DATABASE", &database.url);
        server
    };
    let (mut one, mut other) = (host(), host());
    one.start();
    assert_eq!(one.post("/v1/suites/hashes/check", "application/json", "{}").status, 200);
    other.start();
    assert_eq!(other.post("/v1/suites/plain/check", "application/json", "{\"a\": 1}").status, 200);
    let refused = other.post("/v1/suites/hashes/check", "application/json", "{}");
    assert!(refused.status >= 400 && refused.body.contains("results.privacy_key"), "{}", refused.body);
    assert!(other.stop());
    other.set("DRIFTLINE_RESULTS__PRIVACY_KEY", "a key that all hosts have");
    other.start();
    assert_eq!(other.post("/v1/suites/hashes/check", "application/json", "{}").status, 200);
}

/// Two hosts add to the same windows, and each window is judged over the records of both.
#[test]
fn two_hosts_close_each_window_once() {
    let database = database::postgres();
    let suite = SUITE.replace("length: 1m", "length: 1s");
    let mut servers = [0, 1].map(|_| Server::new(&[("payments.yaml", suite.as_str())]));
    for server in &mut servers {
        calm(server);
        server.set("DRIFTLINE_DATABASE", &database.url);
        server.set("DRIFTLINE_RESULTS__PRIVACY_KEY", "a key that both have");
        server.set("DRIFTLINE_WINDOWS__GRACE", "1ms");
        server.spawn();
    }
    for server in &servers {
        server.until("the service", || server.try_get("/readyz").is_some_and(|it| it.status == 200));
    }
    let (done, answered) = (AtomicBool::new(false), AtomicI64::new(0));
    std::thread::scope(|scope| {
        for server in &servers {
            let (done, answered) = (&done, &answered);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let path = "/v1/suites/payments/check?on_fail=observe";
                    assert_eq!(server.post(path, "application/json", record(1, 3.0)).status, 200);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(Duration::from_millis(2500));
        done.store(true, Ordering::Relaxed);
    });
    let answered = answered.into_inner();
    servers[0].until("all windows", || servers[0].in_windows() == answered);
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(servers[1].in_windows(), answered);
    let findings = servers[0].get("/v1/windows").json();
    assert!(findings["items"].as_array().unwrap().iter().all(|it| it["status"] != "error"), "{findings:#}");
}
