//! The bodies of all types.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use super::receiver::{Came, Receiver};
use super::{action, block_on, configured, row, send};
use driftline::actions::Outcome;

/// What a receiver is sent by an action of these settings.
fn sent(settings: Value, word: &str) -> Came {
    let receiver = Receiver::new();
    let mut settings = settings;
    settings["url"] = receiver.url("/hook?key=v").into();
    settings["allow_private"] = true.into();
    let outcome = send(&action(&settings), &row(word));
    assert_eq!(outcome, Outcome::Delivered { status: 204 });
    let mut came = receiver.came();
    assert_eq!((came.len(), came[0].method.as_str()), (1, "POST"));
    came.remove(0)
}

#[test]
fn a_webhook_is_a_cloud_event() {
    let came = sent(json!({ "type": "webhook" }), "fired");
    let (event, row) = (came.json(), row("fired"));
    assert_eq!(came.path, "/hook?key=v");
    assert_eq!(came.header("content-type"), "application/cloudevents+json");
    assert_eq!(came.header("idempotency-key"), row.id.to_string());
    assert_eq!(came.header("x-driftline-timestamp"), "1700000000");
    assert_eq!(came.header("x-driftline-signature"), "");
    assert_eq!(
        event,
        json!({
            "specversion": "1.0", "id": row.id, "type": "io.driftline.trigger.fired.v1",
            "source": "https://driftline.example.com/v1/suites/payments%20%22eu%22%2F%C3%A9",
            "subject": row.trigger, "time": "2023-11-14T22:13:19.000000Z", "datacontenttype": "application/json",
            "dataschema": "urn:driftline:schema:trigger-event:v1", "data": row.data,
        })
    );
    let came = sent(json!({ "type": "webhook", "mode": "binary" }), "fired");
    assert_eq!((came.json(), came.header("content-type")), (row.data.clone(), "application/json"));
    for name in ["specversion", "id", "type", "source", "time", "dataschema"] {
        assert_eq!(came.header(&format!("ce-{name}")), event[name].as_str().unwrap().replace('%', "%25"), "{name}");
    }
    assert_eq!(came.header("ce-subject"), "accuracy%20</script>%20%22down%22%20{{%207%20*%207%20}}");
}

/// The data of events is described by the schema that is shipped, and so is what it says of a test.
#[test]
fn data_is_as_its_schema_says() {
    let text = include_str!("../../docs/trigger-event.schema.json");
    let schema: Value = serde_json::from_str(text).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let test = action(&json!({ "type": "webhook", "url": "https://example.com/x" })).test(0);
    for data in [row("fired").data, test.data] {
        let wrong: Vec<_> = validator.iter_errors(&data).map(|it| it.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
    assert!(!validator.is_valid(&json!({ "severity": "grave" })));
    assert_eq!(schema["$id"], "urn:driftline:schema:trigger-event:v1");
}

#[test]
fn signatures_are_verified_as_the_page_says() {
    let page = include_str!("../../docs/actions.md");
    let code = page.split("```python\n").nth(1).and_then(|it| it.split("```").next()).expect("code on the page");
    let (old, new) = ("an old key of many letters", "a new key of many letters");
    let came = sent(json!({ "type": "webhook", "secret": new, "previous_secret": old }), "fired");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("receiver.py"), code).unwrap();
    std::fs::write(folder.path().join("body"), &came.body).unwrap();
    let verify = |key: &str, timestamp: &str, now: &str| {
        let script = "import sys, receiver\nbody = open('body', 'rb').read()\n\
            print(receiver.is_genuine(body, sys.argv[1], sys.argv[2], sys.argv[3], now=float(sys.argv[4])))";
        let mut python = Command::new("python3");
        python.args(["-c", script, timestamp, came.header("x-driftline-signature"), key, now]);
        let output = python.current_dir(folder.path()).output().expect("python3 for the code of docs/actions.md");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim() == "True"
    };
    let at = "1700000000";
    assert!(verify(new, at, at) && verify(old, at, at), "both keys hold while receivers change over");
    assert!(!verify("another key of letters", at, at) && !verify(new, "1700000001", at));
    assert!(!verify(new, at, "1700000400"), "what is old was caught on its way");
}

#[test]
fn alerts_begin_and_end() {
    let fired = sent(json!({ "type": "alertmanager" }), "fired");
    assert_eq!(fired.path, "/hook/api/v2/alerts?key=v");
    let (fired, over) = (fired.json(), sent(json!({ "type": "alertmanager" }), "resolved").json());
    let (fired, over) = (&fired[0], &over[0]);
    assert_eq!(fired["labels"], over["labels"], "what tells alerts apart");
    assert_eq!(
        fired["labels"],
        json!({
            "alertname": row("fired").trigger, "suite": row("fired").suite, "severity": "critical", "source": "driftline",
            "segment": "region=\"eu\"", "version": "3",
        })
    );
    assert_eq!(fired["startsAt"], "2023-11-14T22:13:19.000000Z");
    assert_eq!(fired["endsAt"], "2023-12-14T22:13:20.000000Z");
    assert_eq!(over["endsAt"], "2023-11-14T22:13:20.000000Z");
    assert!(fired["generatorURL"].as_str().unwrap().starts_with("https://driftline.example.com/v1/incidents/0000"));
    // As `postableAlerts` of its OpenAPI description has it: all labels and annotations are texts.
    for of in ["labels", "annotations"] {
        assert!(fired[of].as_object().unwrap().values().all(Value::is_string));
    }
    let names: BTreeSet<_> = fired.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["annotations", "endsAt", "generatorURL", "labels", "startsAt"]));
}

#[test]
fn messages_hold_any_text() {
    let row = row("fired");
    let headline = format!("{}: `{}` fired", row.suite, row.trigger);
    let slack = sent(json!({ "type": "slack" }), "fired").json();
    assert_eq!((&slack["text"], &slack["blocks"][0]["text"]["text"]), (&json!(headline), &json!(headline)));
    assert_eq!(slack["blocks"][1]["text"]["text"], row.data["reason"]);
    let fields = slack["blocks"][2]["fields"].to_string();
    assert!(fields.contains("Segment: region=") && !fields.contains("Model"), "{fields}");
    // What records hold must not call everybody.
    assert!(!slack.to_string().contains("mrkdwn"));
    let teams = sent(json!({ "type": "teams" }), "needs_approval").json();
    let card = &teams["attachments"][0];
    assert_eq!(card["contentType"], "application/vnd.microsoft.card.adaptive");
    assert_eq!((&card["content"]["type"], &card["content"]["version"]), (&json!("AdaptiveCard"), &json!("1.4")));
    assert!(card["content"]["body"][0]["text"].as_str().unwrap().ends_with("waits for approval"));
    assert_eq!(card["content"]["actions"][0]["type"], "Action.OpenUrl");
}

#[test]
fn a_pager_is_told_of_beginning_and_end() {
    let key = "0123456789abcdef0123456789abcdef";
    let settings = json!({ "type": "pagerduty", "token": key });
    for (word, action) in [
        ("fired", "trigger"),
        ("escalated", "trigger"),
        ("acknowledged", "acknowledge"),
        ("approved", "acknowledge"),
        ("resolved", "resolve"),
        ("rejected", "resolve"),
    ] {
        let came = sent(settings.clone(), word);
        let body = came.json();
        assert_eq!((&body["event_action"], &body["routing_key"]), (&json!(action), &json!(key)), "{word}");
        assert_eq!(body["dedup_key"], row(word).incident.to_string());
        assert!(["critical", "error", "warning", "info"].contains(&body["payload"]["severity"].as_str().unwrap()));
        assert!(body["payload"]["summary"].as_str().unwrap().chars().count() <= 1024);
        assert_eq!(came.header("authorization"), "", "the key is in the body alone");
    }
}

#[test]
fn runs_are_started_once_and_when_a_trigger_fires() {
    let github = json!({ "type": "github-dispatch", "token": "ghp_0123456789abcdef0123" });
    let came = sent(github.clone(), "fired");
    let body = came.json();
    assert_eq!(came.header("authorization"), "Bearer ghp_0123456789abcdef0123");
    assert_eq!(
        (came.header("accept"), came.header("x-github-api-version")),
        ("application/vnd.github+json", "2022-11-28")
    );
    // The bounds of the API of GitHub.
    assert!(
        body["event_type"].as_str().unwrap().len() <= 100 && body["client_payload"].as_object().unwrap().len() <= 10
    );
    assert_eq!(body["client_payload"]["incident"], row("fired").incident.to_string());
    let airflow = sent(json!({ "type": "airflow" }), "fired").json();
    assert_eq!(airflow["dag_run_id"], format!("driftline__{}", row("fired").id));
    assert_eq!((&airflow["logical_date"], &airflow["conf"]["data"]), (&Value::Null, &row("fired").data));
    let url = json!("https://example.com/x");
    for kind in ["github-dispatch", "airflow"] {
        let starts = action(&json!({ "type": kind, "url": url }));
        assert!(starts.takes(&row("fired")) && starts.takes(&starts.test(0)));
        for word in ["suggested", "needs_approval", "approved", "resolved", "escalated"] {
            assert!(!starts.takes(&row(word)), "{word}");
        }
    }
    let hook = action(&json!({ "type": "webhook", "url": url }));
    assert!(hook.takes(&row("resolved")) && hook.takes(&row("of_a_later_version")));
    let some = action(&json!({ "type": "webhook", "url": url, "on": ["needs-approval", "resolved"] }));
    assert!(some.takes(&row("needs_approval")) && some.takes(&row("resolved")) && !some.takes(&row("fired")));
}

#[test]
fn a_template_is_the_users_own() {
    let body = "{\"text\": {{ event.reason }}, \"who\": {{ event.data.segment }}, \"not\": {{ event.data.nothing.below or \"-\" }}}";
    let came =
        sent(json!({ "type": "template", "body": body, "headers": [{ "name": "X-Team", "value": "ml" }] }), "fired");
    assert_eq!(came.json(), json!({ "text": row("fired").data["reason"], "who": "region=\"eu\"", "not": "-" }));
    assert_eq!(came.header("x-team"), "ml");
    let came = sent(
        json!({ "type": "template", "body": "{{ event.what }} & <{{ event.suite }}>", "content_type": "text/plain" }),
        "fired",
    );
    assert_eq!(String::from_utf8(came.body).unwrap(), format!("fired & <{}>", row("fired").suite));
}

#[test]
fn templates_read_nothing_and_end() {
    for (body, why) in [
        ("{% include 'etc/passwd' %}", "template"),
        ("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}1", "fuel"),
        ("{{ event", "syntax error"),
        ("\"{{ event.reason }}\"", "makes no JSON"),
        ("{{ event.reason|nonsense }}", "unknown filter"),
    ] {
        let text =
            json!({ "actions": [{ "name": "a", "type": "template", "url": "https://example.com/x", "body": body }] });
        let problem = configured(&text.to_string()).expect_err(body);
        assert!(problem.contains("actions[0].body: ") && problem.contains(why), "{problem}");
    }
}

#[test]
fn the_handshake_comes_before_the_first_event() {
    let receiver = Receiver::new();
    let settings = json!({ "type": "webhook", "url": receiver.url("/"), "allow_private": true, "handshake": true });
    let action = action(&settings);
    let refused = send(&action, &row("fired"));
    assert!(matches!(&refused, Outcome::Again { why, .. } if why.contains("WebHook-Allowed-Origin")), "{refused:?}");
    let mut allows = super::receiver::reply(200);
    allows.headers.push(("webhook-allowed-origin", "driftline.example.com".to_owned()));
    receiver.script([allows]);
    block_on(async {
        for _ in 0..2 {
            assert_eq!(action.send(&row("fired"), super::NOW).await, Outcome::Delivered { status: 204 });
        }
    });
    let came: Vec<_> = receiver.came().iter().map(|it| it.method.clone()).collect();
    assert_eq!(came, ["OPTIONS", "OPTIONS", "POST", "POST"]);
    assert_eq!(receiver.came()[0].header("webhook-request-origin"), "driftline.example.com");
}
