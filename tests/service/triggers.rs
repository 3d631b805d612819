//! Triggers: incidents of windows that were judged, once on however many hosts and through kills, and what people decide.

use std::fmt::Write as _;
use std::process::Command;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::database;
use crate::server::Server;

const SUITE: &str = "\
name: loans
record: { id: id, time: ts, version: version }
windows: { length: 1m, lateness: 0, idle: 2s }
segments: [[version]]
expectations:
  - { field: score, mean_between: { min: 0.9 }, name: score }
triggers:
  - name: score is low
    when: { finding: score, below: 0.9, clear_above: 0.95 }
    severity: warning
    actions: [retrain]
    notify: [chat]
  - name: by version
    when: { finding: score, below: 0.9 }
    per: version
  - name: asks first
    when: { all: [{ trigger: score is low }, { finding: score }] }
    mode: approve
    verify: { within: 10m, finding: score, above: 0.95 }
  - name: weekly
    schedule: '0 3 * * 1'
  - name: by hand
";

fn server(url: Option<&str>) -> Server {
    let mut server = Server::new(&[("loans.yaml", SUITE)]);
    server.set("DRIFTLINE_RETENTION__WINDOWS", "null");
    server.set("DRIFTLINE_RETENTION__FAILURES", "null");
    server.set("DRIFTLINE_WINDOWS__REVISE_EVERY", "1ms");
    server.set("DRIFTLINE_RESULTS__PRIVACY_KEY", "a key that all have");
    if let Some(url) = url {
        server.set("DRIFTLINE_DATABASE", url);
    }
    server
}

fn at(minute: i64) -> String {
    let begin: DateTime<Utc> = "2024-05-01T12:00:00Z".parse().unwrap();
    (begin + TimeDelta::minutes(minute)).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Records of a minute.
fn send(server: &Server, minute: i64, score: f64) {
    let record = |i: i64| json!({"id": i, "ts": at(minute), "score": score, "version": i % 2 + 1}).to_string();
    let records: Vec<_> = (0..4).map(record).collect();
    let path = "/v1/suites/loans/check?on_fail=observe&verdicts=none&wait=stored";
    let answer = server.post(path, "application/x-ndjson", records.join("\n"));
    assert_eq!(answer.status, 200, "{}", answer.body);
}

fn incidents(server: &Server, query: &str) -> Vec<Value> {
    let answer = server.get(&format!("/v1/triggers?limit=1000&suite=loans{query}"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["items"].as_array().unwrap().clone()
}

fn kinds(server: &Server, incident: &Value) -> Vec<String> {
    let detail = server.get(&format!("/v1/incidents/{}", incident["id"].as_str().unwrap())).json();
    detail["events"].as_array().unwrap().iter().map(|it| it["kind"].as_str().unwrap().to_owned()).collect()
}

const LOW: &str = "&trigger=score%20is%20low";

fn post(server: &Server, id: &str, command: &str, body: &str) -> (u16, Value) {
    let answer = server.post(&format!("/v1/triggers/{id}:{command}"), "application/json", body);
    (answer.status, answer.json())
}

#[test]
fn a_condition_opens_an_incident_with_its_evidence_and_ends_it() {
    let mut server = server(None);
    server.start();
    send(&server, 0, 0.99);
    send(&server, 1, 0.5);
    send(&server, 2, 0.92);
    send(&server, 3, 0.92);
    server.until("an incident", || incidents(&server, LOW).len() == 1);
    let it = &incidents(&server, LOW)[0];
    let told = ["state", "severity", "mode", "key", "reason", "data_from", "data_to", "opened_at"]
        .map(|name| it[name].clone());
    // The time of triggers is that of the records, and between the bounds nothing changes.
    assert_eq!(told[..5], ["firing", "warning", "auto", "", "the condition holds: score is 0.5 (below 0.9)"]);
    assert_eq!(told[5..7], ["2024-05-01T12:01:00.000000Z", "2024-05-01T12:02:00.000000Z"]);
    assert!(told[7].as_str().unwrap().starts_with("2024-05-01T12:0"), "{it}");
    let evidence = &it["evidence"][0];
    assert_eq!(
        (&evidence["check"], &evidence["observed"], &evidence["bound"]),
        (&json!("score"), &json!(0.5), &json!("below 0.9"))
    );
    let window = server.get(&format!("/v1/windows/{}", evidence["window_id"].as_str().unwrap())).json();
    assert_eq!(window["start"], evidence["start"]);
    // Each version has an incident of its own.
    let mut of_versions: Vec<_> =
        incidents(&server, "&trigger=by%20version").iter().map(|it| it["key"].clone()).collect();
    of_versions.sort_by_key(Value::to_string);
    assert_eq!(of_versions, ["version=1", "version=2"]);
    send(&server, 4, 0.99);
    send(&server, 5, 0.99);
    server.until("its end", || incidents(&server, LOW)[0]["state"] == "resolved");
    let it = &incidents(&server, LOW)[0];
    assert_eq!(kinds(&server, it), ["fired", "resolved"]);
    assert!(it["reason"].as_str().unwrap().starts_with("the condition does not hold any more: score is 0.99"), "{it}");
    // What it was about stays.
    assert_eq!(it["evidence"][0]["observed"], 0.5);
    assert_eq!(incidents(&server, "&open=true&severity=warning").len(), 0);
    assert_eq!(server.get("/v1/triggers?state=fine").status, 400);
    assert_eq!(server.get("/v1/triggers/00000000-0000-0000-0000-000000000000").status, 404);
    // A late record that makes a window bad, which is past, opens nothing.
    let windows = || server.get("/v1/windows?segment=&limit=1000").json()["items"].as_array().unwrap().clone();
    server.until("all windows", || windows().len() == 6);
    send(&server, 4, -9.0);
    let late = || windows().iter().any(|it| it["revision"] == 2);
    server.until("a revision", late);
    std::thread::sleep(std::time::Duration::from_millis(2500));
    assert_eq!(incidents(&server, LOW).len(), 1);
}

#[test]
fn somebody_approves_and_the_next_windows_verify_it() {
    let mut server = server(None);
    server.start();
    send(&server, 0, 0.5);
    send(&server, 1, 0.5);
    let waiting = || incidents(&server, "&trigger=asks%20first&state=waiting");
    server.until("a question", || waiting().len() == 1);
    let id = waiting()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(post(&server, &id, "ack", "").0, 409);
    assert_eq!(post(&server, &id, "approve", "{\"why\": 1}").0, 400);
    assert_eq!(post(&server, &id, "agree", "").0, 404);
    assert_eq!(server.post(&format!("/v1/triggers/{id}"), "application/json", "").status, 405);
    let service = server.url("");
    let (code, said) =
        server.driftline(&["triggers", "approve", &id, "--reason", "data is complete", "--service", &service]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("verifying"), "{said}");
    let (code, said) = server.driftline(&["triggers", "approve", &id, "--service", &service]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("it does not wait to be approved: it is verifying"), "{said}");
    send(&server, 2, 0.99);
    send(&server, 3, 0.99);
    server.until("the verification", || server.get(&format!("/v1/triggers/{id}")).json()["state"] == "resolved");
    let it = server.get(&format!("/v1/triggers/{id}")).json();
    let events = it["events"].as_array().unwrap();
    let told: Vec<_> = events.iter().map(|it| (it["kind"].as_str().unwrap(), it["by"].as_str())).collect();
    assert_eq!(
        told,
        [("needs_approval", None), ("approved", Some("anyone")), ("fired", Some("anyone")), ("resolved", None)]
    );
    assert_eq!(events[1]["reason"], "data is complete");
    assert!(it["reason"].as_str().unwrap().starts_with("verified: score is 0.99"), "{it}");
    assert_eq!(post(&server, &id, "resolve", "").0, 409);
    // What people say of alarms makes the precision of the rule.
    assert_eq!(post(&server, &id, "feedback", "{}").0, 400);
    assert_eq!(post(&server, &id, "feedback", "{\"alarm\": true, \"note\": \"well seen\"}").1["alarm"], true);
    let (code, said) =
        server.driftline(&["triggers", "feedback", &id, "--false-alarm", "--note", "a test", "--service", &service]);
    assert_eq!(code, 0, "{said}");
    let rules = server.get("/v1/suites/loans/triggers").json();
    let rule = |name: &str| rules.as_array().unwrap().iter().find(|it| it["name"] == name).unwrap().clone();
    let asks = rule("asks first");
    assert_eq!((&asks["incidents"], &asks["false_alarms"], &asks["precision"]), (&json!(1), &json!(1), &json!(0.0)));
    assert_eq!((&asks["mode"], &asks["states"][0]["state"]), (&json!("approve"), &json!("ok")));
    assert!(rule("weekly")["next"].as_str().unwrap().ends_with("T03:00:00.000000Z"), "{rules}");
    // By hand, over HTTP and from the command line.
    let fired =
        server.post("/v1/suites/loans/triggers/by%20hand:fire", "application/json", "{\"reason\": \"to see\"}").json();
    assert_eq!((&fired["state"], &fired["events"][0]["reason"]), (&json!("resolved"), &json!("to see")));
    let (code, said) = server.driftline(&["triggers", "fire", "loans/weekly", "--service", &service]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = server.driftline(&["triggers", "fire", "loans/monthly", "--service", &service]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("the suite `loans` has no trigger `monthly`"), "{said}");
    let (code, said) = server.driftline(&["triggers", "list", "--trigger", "by hand"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("resolved") && said.contains("all records"), "{said}");
    let (code, said) = server.driftline(&["triggers", "show", &id]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("needs_approval") && said.contains("data is complete") && said.contains("a false alarm"),
        "{said}"
    );
}

/// Minutes that are bad, then good, and so on; each ends before the next begins. What each incident went through must be
/// the same, whatever happens to the hosts.
fn each_fires_once(servers: &mut [Server], is_killed: bool) {
    const ROUNDS: i64 = 4;
    for round in 0..ROUNDS {
        let minute = round * 4;
        for (i, score) in [(0, 0.5), (1, 0.5), (2, 0.99), (3, 0.99)] {
            let n = servers.len();
            send(&servers[(minute + i) as usize % n], minute + i, score);
            if i % 2 == 0 {
                continue;
            }
            if is_killed {
                // Before, between and after what is written.
                std::thread::sleep(std::time::Duration::from_millis(round as u64 * 300 + i as u64 * 200));
                let last = servers.len() - 1;
                servers[last].kill();
                servers[last].start();
            }
            let (open, all) = (usize::from(i == 1), round as usize + 1);
            let server = &servers[0];
            server.until("the round", || {
                incidents(server, LOW).len() == all && incidents(server, &format!("{LOW}&open=true")).len() == open
            });
        }
    }
    let server = &servers[0];
    for it in incidents(server, LOW) {
        assert_eq!(kinds(server, &it), ["fired", "resolved"], "{it}");
    }
    for version in ["version%3D1", "version%3D2"] {
        let query = format!("&trigger=by%20version&key={version}");
        server.until("all segments", || incidents(server, &format!("{query}&open=true")).is_empty());
        for it in incidents(server, &query) {
            assert_eq!(kinds(server, &it), ["fired", "resolved"], "{it}");
        }
        assert_eq!(incidents(server, &query).len(), ROUNDS as usize);
    }
}

#[test]
fn two_hosts_fire_each_trigger_once() {
    let database = database::postgres();
    let mut servers = [server(Some(&database.url)), server(Some(&database.url))];
    servers.iter_mut().for_each(Server::start);
    each_fires_once(&mut servers, false);
}

#[test]
fn a_kill_loses_no_incident_and_makes_none_twice() {
    let mut server = server(None);
    server.start();
    each_fires_once(&mut [server], true);
}

#[test]
fn of_two_hosts_one_may_be_killed() {
    let database = database::postgres();
    let mut servers = [server(Some(&database.url)), server(Some(&database.url))];
    servers.iter_mut().for_each(Server::start);
    each_fires_once(&mut servers, true);
}

#[test]
fn a_run_that_an_incident_asked_for_tells_it_how_it_ended() {
    let mut server = server(None);
    server.start();
    send(&server, 0, 0.5);
    send(&server, 2, 0.5);
    let asks = || incidents(&server, "&trigger=asks%20first").first().cloned();
    server.until("the incident", || asks().is_some_and(|it| it["state"] == "waiting"));
    let id = asks().unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(post(&server, &id, "approve", "").0, 200);
    let run = json!({"id": "run-1", "model": "loans", "status": "failed", "incident": id}).to_string();
    assert_eq!(server.post("/v1/retrain-runs", "application/json", run.clone()).status, 200);
    assert_eq!(server.post("/v1/retrain-runs", "application/json", run).status, 200);
    let events = kinds(&server, &asks().unwrap());
    assert_eq!(events, ["needs_approval", "approved", "fired", "run_ended", "escalated"]);
    let detail = server.get(&format!("/v1/incidents/{id}")).json();
    assert!(detail["events"].to_string().contains("the run `run-1` of `loans` has failed"), "{detail}");
}

#[test]
fn two_people_who_approve_at_once_run_it_once() {
    let database = database::postgres();
    let mut servers = [server(Some(&database.url)), server(Some(&database.url))];
    servers.iter_mut().for_each(Server::start);
    let [one, other] = &servers;
    send(one, 0, 0.5);
    send(one, 1, 0.5);
    let waiting = || incidents(one, "&trigger=asks%20first&state=waiting");
    one.until("a question", || waiting().len() == 1);
    let id = waiting()[0]["id"].as_str().unwrap().to_owned();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..8)
            .map(|i| {
                let (server, id) = (if i % 2 == 0 { one } else { other }, id.clone());
                scope.spawn(move || post(server, &id, "approve", "").0)
            })
            .collect();
        asked.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|it| **it == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|it| **it == 409).count(), 7, "{statuses:?}");
    let events = kinds(one, &json!({"id": id}));
    assert_eq!(events, ["needs_approval", "approved", "fired"]);
}

#[test]
fn a_trigger_that_is_taken_out_ends_its_incident_and_a_broken_one_changes_nothing() {
    let mut server = server(None);
    server.set("DRIFTLINE_RELOAD__POLL", "100ms");
    server.start();
    send(&server, 0, 0.5);
    send(&server, 1, 0.5);
    server.until("an incident", || incidents(&server, &format!("{LOW}&open=true")).len() == 1);
    let broken = SUITE.replace("{ finding: score, below: 0.9, clear_above: 0.95 }", "{ finding: scores }");
    let (code, said) = {
        server.write("broken.yaml", &broken);
        server.driftline(&["lint", "broken.yaml"])
    };
    assert_ne!(code, 0);
    assert!(said.contains("there is no expectation `scores`") && said.contains("did you mean `score`?"), "{said}");
    let without = SUITE.split("triggers:").next().unwrap();
    server.write("suites/loans.yaml", without);
    server.until("its end", || incidents(&server, "&open=true").is_empty());
    let it = &incidents(&server, LOW)[0];
    assert_eq!(it["reason"], "the suite has no such trigger any more");
}

#[test]
fn deciding_takes_a_scope_of_its_own_and_the_name_of_the_token_is_kept() {
    let mut server = server(None);
    let mut configuration = "tokens:\n".to_owned();
    let mut tokens = Vec::new();
    for (name, scopes) in [("reader", "read"), ("ann", "write-triggers")] {
        let output = Command::new(env!("CARGO_BIN_EXE_driftline"))
            .args(["token", "new", name, "--scope", scopes])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let word = |it: &str| text.split_whitespace().find(|word| word.starts_with(it)).unwrap().to_owned();
        tokens.push(word("dl_"));
        let hash = text.split_whitespace().skip_while(|it| *it != "sha256:").nth(1).unwrap().trim_matches('"');
        let _ = writeln!(configuration, "  - {{ name: {name}, sha256: {hash}, scopes: [{scopes}] }}");
    }
    server.write("driftline.yaml", &configuration);
    server.start();
    let ask = |method: &str, path: &str, token: &str| {
        server.ask(method, path, &[("authorization", &format!("Bearer {token}"))], "")
    };
    let fire = "/v1/suites/loans/triggers/by%20hand:fire";
    assert_eq!([ask("POST", fire, &tokens[0]).status, ask("GET", "/v1/triggers", &tokens[1]).status], [403, 403]);
    let fired = ask("POST", fire, &tokens[1]);
    assert_eq!((fired.status, &fired.json()["events"][0]["by"]), (200, &json!("ann")));
    let id = fired.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(ask("POST", &format!("/v1/triggers/{id}:resolve"), &tokens[0]).status, 403);
    assert_eq!(ask("GET", &format!("/v1/triggers/{id}"), &tokens[0]).status, 200);
}
