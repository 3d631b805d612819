//! Notices go out: in their order, again until they are taken, once from two hosts, and also after a kill.

use std::collections::BTreeMap;
use std::time::Duration;

use driftline::service::notice::Notice;
use driftline::store::{Options, Store};
use serde_json::{Value, json};
use uuid::Uuid;

use super::database;
use super::receiver::{Receiver, reply};
use super::server::Server;

const FIRED: &str = "io.driftline.trigger.fired.v1";
const RESOLVED: &str = "io.driftline.trigger.resolved.v1";

fn notice(incident: u128, kind: &'static str, action: &str) -> Notice {
    Notice {
        id: Uuid::now_v7(),
        incident: Uuid::from_u128(incident),
        suite: "payments".into(),
        trigger: "accuracy is down".into(),
        action: action.into(),
        kind,
        data: json!({ "suite": "payments", "severity": "critical", "mode": "approve", "reason": "0.9 is below 0.95" }),
        // Long ago, as of records that are sent late: what is kept goes by when it was sent.
        at: 1_700_000_000_000_000,
        trace: None,
    }
}

/// A service with this action, which sends to a receiver.
fn serving(receiver: &Receiver, more: &str) -> Server {
    let mut server = Server::new(&[]);
    server.write("driftline.yaml", &configuration(receiver, more));
    server.start();
    server
}

fn configuration(receiver: &Receiver, more: &str) -> String {
    let url = receiver.url("/services/hush");
    format!("actions: [{{ name: hook, type: webhook, url: '{url}', allow_private: true, {more} }}]\n")
}

fn sqlite(server: &Server) -> String {
    format!("sqlite:{}", server.path("driftline-data/driftline.db").display())
}

/// Writes notices as a trigger's transaction would.
fn enqueue(url: &str, notices: &[Notice]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(url, &Options { migrate: false, ..Options::default() }).await.unwrap();
        assert_eq!(store.enqueue(notices).await.unwrap(), notices.len() as u64);
        store.close().await;
    });
}

fn deliveries(server: &Server, query: &str) -> Vec<Value> {
    let answer = server.get(&format!("/v1/actions/deliveries{query}"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["items"].as_array().unwrap().clone()
}

#[test]
fn notices_are_delivered_and_told_of() {
    let receiver = Receiver::new();
    let server = serving(&receiver, "on: [fired, resolved], secret: a secret of many letters");
    let all = [
        notice(1, FIRED, "hook"),
        notice(1, "io.driftline.trigger.acknowledged.v1", "hook"),
        notice(1, RESOLVED, "hook"),
        notice(2, FIRED, "nowhere"),
    ];
    // The first try fails, and the end waits for it.
    receiver.script([reply(503)]);
    enqueue(&sqlite(&server), &all);
    server.until("delivery", || deliveries(&server, "?state=pending").len() == 1);
    let came = receiver.until(3);
    let ids: Vec<_> = came.iter().map(|it| it.header("idempotency-key").to_owned()).collect();
    assert_eq!(ids, [all[0].id, all[0].id, all[2].id].map(|it| it.to_string()));
    assert!(came.iter().all(|it| it.header("x-driftline-signature").starts_with("v1=")));
    let rows = deliveries(&server, "?action=hook");
    let told: Vec<_> = rows.iter().map(|it| (it["state"].as_str().unwrap(), it["tries"].as_i64().unwrap())).collect();
    assert_eq!(told, [("delivered", 1), ("skipped", 1), ("delivered", 2)]);
    assert_eq!(
        (&rows[2]["last_status"], &rows[2]["last_error"], &rows[2]["next_at"]),
        (&json!(204), &Value::Null, &Value::Null)
    );
    // Pages.
    let first = server.get("/v1/actions/deliveries?limit=3").json();
    let next = first["next"].as_str().unwrap();
    let rest = server.get(&format!("/v1/actions/deliveries?limit=3&cursor={next}")).json();
    assert_eq!((rest["items"][0]["id"].as_str(), rest["next"].as_str()), (Some(&*all[0].id.to_string()), None));
    assert_eq!(deliveries(&server, &format!("?incident={}&suite=payments", Uuid::from_u128(2))).len(), 1);
    assert_eq!(server.get("/v1/actions/deliveries?state=lost").status, 400);
    let actions = server.get("/v1/actions").json();
    assert_eq!(
        (&actions[0]["name"], &actions[0]["type"], &actions[0]["delivered"]),
        (&json!("hook"), &json!("webhook"), &json!(2))
    );
    assert_eq!(
        (&actions[0]["skipped"], &actions[0]["signed"], &actions[0]["on"]),
        (&json!(1), &json!(true), &json!(["fired", "resolved"]))
    );
    assert_eq!(
        (&actions[1]["name"], &actions[1]["type"], &actions[1]["pending"]),
        (&json!("nowhere"), &Value::Null, &json!(1))
    );
    // Nothing of a secret, anywhere.
    let shown = server.driftline(&["config", "show"]).1;
    let log = server.log();
    for text in [&actions.to_string(), &shown, &log, &json!(rows).to_string()] {
        assert!(!text.contains("hush") && !text.contains("many letters"), "{text}");
    }
    assert!(log.contains("not configured here"), "{log}");
}

#[test]
fn what_was_given_up_is_sent_again() {
    let receiver = Receiver::new();
    receiver.always(reply(500));
    let server = serving(&receiver, "attempts: 3, first_retry: 1ms, longest_retry: 2ms");
    let all = [notice(1, FIRED, "hook"), notice(2, FIRED, "hook")];
    enqueue(&sqlite(&server), &all);
    server.until("giving up", || deliveries(&server, "?state=dead").len() == 2);
    assert_eq!(receiver.n(), 6);
    let (code, table) = server.driftline(&["triggers", "deliveries", "--state", "dead"]);
    assert!(
        code == 0 && table.contains("500 Internal Server Error") && table.contains(&all[1].id.to_string()),
        "{table}"
    );
    receiver.always(reply(200));
    let id = all[0].id.to_string();
    let answer = server.post(&format!("/v1/actions/deliveries/{id}:redeliver"), "application/json", "");
    assert_eq!((answer.status, answer.json()["state"].as_str()), (200, Some("pending")), "{}", answer.body);
    server.until("delivery", || deliveries(&server, "?state=delivered").len() == 1);
    assert_eq!(receiver.came()[6].header("idempotency-key"), id, "the same key");
    assert_eq!(
        server.driftline(&["triggers", "redeliver", "--action", "other"]),
        (1, "nothing to send again\n".into())
    );
    assert_eq!(server.driftline(&["triggers", "redeliver", "--dead"]), (0, "1 notice is sent again\n".into()));
    server.until("delivery", || deliveries(&server, "?state=delivered").len() == 2);
    assert_eq!(server.driftline(&["triggers", "redeliver", "--id", &id]).0, 0, "also one that was delivered");
    receiver.until(9);
    assert_eq!(server.driftline(&["triggers", "redeliver"]).0, 3);
    for (path, status) in [
        (format!("/v1/actions/deliveries/{}:redeliver", Uuid::from_u128(9)), 404),
        ("/v1/actions/deliveries/nobody:redeliver".to_owned(), 404),
        (format!("/v1/actions/deliveries/{id}"), 405),
    ] {
        assert_eq!(server.post(&path, "application/json", "").status, status, "{path}");
    }
}

/// Whoever dies after a notice was taken, and before that is written, sends it again under the same key.
#[test]
fn a_notice_survives_a_kill_while_it_is_sent() {
    let receiver = Receiver::new();
    let mut slow = reply(204);
    slow.after = Duration::from_secs(20);
    receiver.script([slow]);
    let mut server = serving(&receiver, "timeout: 2s");
    let one = notice(1, FIRED, "hook");
    enqueue(&sqlite(&server), std::slice::from_ref(&one));
    receiver.until(1);
    server.kill();
    server.start();
    let came = receiver.until(2);
    assert!(came.iter().all(|it| it.header("idempotency-key") == one.id.to_string()));
    server.until("delivery", || deliveries(&server, "?state=delivered").len() == 1);
    assert_eq!(deliveries(&server, "")[0]["tries"], 2);
}

#[test]
fn what_is_being_sent_ends_before_the_service_does() {
    let receiver = Receiver::new();
    let mut slow = reply(204);
    slow.after = Duration::from_secs(1);
    receiver.script([slow]);
    let mut server = serving(&receiver, "timeout: 20s");
    enqueue(&sqlite(&server), &[notice(1, FIRED, "hook")]);
    receiver.until(1);
    assert!(server.stop());
    server.start();
    let row = deliveries(&server, "").remove(0);
    assert_eq!((row["state"].as_str(), row["tries"].as_i64()), (Some("delivered"), Some(1)));
}

#[test]
fn two_hosts_send_each_notice_once_and_in_order() {
    let database = database::postgres();
    let receiver = Receiver::new();
    let mut hosts = [Server::new(&[]), Server::new(&[])];
    for host in &mut hosts {
        host.write("driftline.yaml", &configuration(&receiver, ""));
        host.set("DRIFTLINE_DATABASE", &database.url);
        host.start();
    }
    let kinds = [FIRED, "io.driftline.trigger.escalated.v1", RESOLVED];
    let all: Vec<_> = kinds.iter().flat_map(|kind| (1..=20).map(|it| notice(it, kind, "hook"))).collect();
    enqueue(&database.url, &all);
    hosts[0].until("delivery", || hosts[0].get("/v1/actions").json()[0]["delivered"] == 60);
    let mut by_incident: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let came = receiver.came();
    assert_eq!(came.len(), 60, "each was sent once");
    let incident_of = |id: &str| all.iter().find(|it| it.id.to_string() == id).unwrap().incident.to_string();
    for it in &came {
        let kind = it.json()["type"].as_str().unwrap().to_owned();
        by_incident.entry(incident_of(it.header("idempotency-key"))).or_default().push(kind);
    }
    assert!(by_incident.len() == 20 && by_incident.values().all(|it| *it == kinds), "{by_incident:?}");
}

/// A receiver that hangs takes its own places alone.
#[test]
fn a_receiver_that_hangs_holds_up_nobody_else() {
    let (hangs, other) = (Receiver::new(), Receiver::new());
    let mut slow = reply(204);
    slow.after = Duration::from_mins(1);
    hangs.always(slow);
    let mut server = Server::new(&[]);
    let more = format!(
        "actions: [{{ name: hook, type: webhook, url: '{}', allow_private: true, timeout: 60s }},\n  \
        {{ name: chat, type: slack, url: '{}', allow_private: true }}]\nstop: {{ grace: 1s }}\n",
        hangs.url("/"),
        other.url("/")
    );
    server.write("driftline.yaml", &more);
    server.start();
    let all: Vec<_> = (0..10).map(|it| notice(it, FIRED, "hook")).chain([notice(1, FIRED, "chat")]).collect();
    enqueue(&sqlite(&server), &all);
    hangs.until(4);
    assert_eq!(other.until(1)[0].json()["text"], "payments: `accuracy is down` fired");
    assert_eq!(hangs.n(), 4, "four at once");
    assert!(server.stop(), "it does not wait for ever");
}

#[test]
fn an_action_is_tried_out_and_its_key_changed_while_the_service_runs() {
    let receiver = Receiver::new();
    let server = serving(&receiver, "secret: the first of many letters");
    let test = |name: &str| server.post(&format!("/v1/actions/{name}:test"), "application/json", "");
    let answer = test("hook").json();
    assert_eq!((&answer["delivered"], &answer["status"], &answer["error"]), (&json!(true), &json!(204), &Value::Null));
    let came = receiver.until(1).remove(0);
    assert_eq!(came.json()["type"], "io.driftline.action.test.v1");
    assert_eq!(answer["id"], came.header("idempotency-key"));
    let signed = |came: &super::receiver::Came, keys: &[&str]| {
        let wanted = driftline::actions::signature(keys, came.header("x-driftline-timestamp"), &came.body);
        came.header("x-driftline-signature") == wanted
    };
    assert!(signed(&came, &["the first of many letters"]));
    let (new, old) = ("the second of many letters", "the first of many letters");
    server.write("driftline.yaml", &configuration(&receiver, &format!("secret: {new}, previous_secret: {old}")));
    server.signal("HUP");
    server.until("the change", || {
        test("hook");
        receiver.came().last().is_some_and(|it| signed(it, &[new, old]))
    });
    receiver.script([reply(404)]);
    let answer = test("hook").json();
    assert_eq!((&answer["delivered"], &answer["error"]), (&json!(false), &json!("404 Not Found")));
    assert_eq!((test("nobody").status, server.post("/v1/actions/hook", "application/json", "").status), (404, 405));
    assert!(deliveries(&server, "").is_empty(), "a test is not stored");
}
