//! What the answers mean, and that nothing of a secret is told.

use std::time::Duration;

use driftline::actions::Outcome;
use serde_json::json;
use uuid::Uuid;

use super::receiver::{Receiver, reply};
use super::{action, configured, row, send};

#[test]
fn answers_mean_what_they_say() {
    let receiver = Receiver::new();
    let action = action(&json!({ "type": "webhook", "url": receiver.url("/"), "allow_private": true }));
    for status in [200, 201, 202, 204] {
        receiver.script([reply(status)]);
        assert_eq!(send(&action, &row("fired")), Outcome::Delivered { status });
    }
    for status in [400, 410, 413, 415, 422] {
        receiver.script([reply(status)]);
        assert!(matches!(send(&action, &row("fired")), Outcome::Never { status: Some(it), .. } if it == status));
    }
    for status in [401, 403, 404, 408, 409, 425, 429, 500, 502, 503] {
        receiver.script([reply(status)]);
        let outcome = send(&action, &row("fired"));
        assert!(matches!(outcome, Outcome::Again { status: Some(it), after: None, .. } if it == status), "{outcome:?}");
    }
    let mut busy = reply(429);
    busy.headers.push(("retry-after", "120".into()));
    receiver.script([busy]);
    let after = Some(Duration::from_mins(2));
    assert!(matches!(send(&action, &row("fired")), Outcome::Again { after: it, .. } if it == after));
}

#[test]
fn a_run_that_is_there_was_started() {
    let receiver = Receiver::new();
    let settings = json!({ "type": "airflow", "url": receiver.url("/"), "allow_private": true });
    receiver.script([reply(409)]);
    assert_eq!(send(&action(&settings), &row("fired")), Outcome::Delivered { status: 409 });
    let settings =
        json!({ "type": "webhook", "url": receiver.url("/"), "allow_private": true, "delivered_on": [409, 422] });
    receiver.script([reply(422)]);
    assert_eq!(send(&action(&settings), &row("fired")), Outcome::Delivered { status: 422 });
}

#[test]
fn a_receiver_that_hangs_or_talks_without_end_is_left() {
    let receiver = Receiver::new();
    let action =
        action(&json!({ "type": "webhook", "url": receiver.url("/"), "allow_private": true, "timeout": "300ms" }));
    let mut hangs = reply(204);
    hangs.after = Duration::from_mins(1);
    receiver.script([hangs]);
    let outcome = send(&action, &row("fired"));
    assert_eq!(outcome, Outcome::Again { status: None, why: "no answer within 300ms".into(), after: None });
    let mut talks = reply(500);
    talks.body = "word ".repeat(2 << 20);
    receiver.script([talks]);
    let Outcome::Again { status: Some(500), why, .. } = send(&action, &row("fired")) else {
        panic!("it is tried again")
    };
    assert!(why.len() < 400 && why.starts_with("500 Internal Server Error: word word"), "{why}");
}

#[test]
fn nobody_there_is_told_without_the_address() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/secret-path?token=abc");
    let outcome = send(&action(&json!({ "type": "webhook", "url": url, "allow_private": true })), &row("fired"));
    let Outcome::Again { status: None, why, .. } = outcome else { panic!("{outcome:?}") };
    assert!(why.contains("refused") && !why.contains("secret-path") && !why.contains("abc"), "{why}");
}

#[test]
fn a_receiver_that_echoes_secrets_tells_nobody() {
    let receiver = Receiver::new();
    let (secret, token, value) = ("a secret of many letters", "a-token-of-many-letters", "hush-hush");
    let action = action(&json!({
        "type": "webhook", "url": receiver.url("/services/T0/B0/hook?k=vvvv"), "allow_private": true, "secret": secret,
        "token": token, "headers": [{ "name": "X-Key", "value": value }],
    }));
    let mut echoes = reply(500);
    echoes.body = format!(
        "{} {token} {value} {secret} {} /services/T0/B0/hook {token}",
        "x".repeat(230),
        receiver.url("/services/T0/B0/hook?k=vvvv")
    );
    receiver.script([echoes]);
    let outcome = format!("{:?}", send(&action, &row("fired")));
    for it in [secret, token, value, "services", "vvvv", "a-token"] {
        assert!(!outcome.contains(it), "{it}: {outcome}");
    }
    assert!(outcome.contains("***"), "{outcome}");
    let debug = format!("{:?}", action.config);
    assert!(!debug.contains("hush") && !debug.contains("letters") && !debug.contains("services"), "{debug}");
}

#[test]
fn tries_lie_farther_apart_from_one_to_the_next() {
    let action = action(
        &json!({ "type": "webhook", "url": "https://example.com/", "first_retry": "1s", "longest_retry": "1m" }),
    );
    let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
    for (tries, whole) in [(1, 1.0), (2, 2.0), (3, 4.0), (6, 32.0), (7, 60.0), (100, 60.0)] {
        for id in [a, b] {
            let pause = action.pause(id, tries).as_secs_f64();
            assert!(pause >= whole / 2.0 && pause <= whole, "{tries}: {pause}");
        }
        assert_ne!(action.pause(a, tries), action.pause(b, tries), "what failed together comes apart");
        assert_eq!(action.pause(a, tries), action.pause(a, tries));
    }
}

#[test]
fn all_problems_of_actions_are_told_at_once() {
    let text = "actions:
  - { name: a, type: webhook }
  - { name: a, type: slack, url: 'https://x.example.com/', body: '{{ event', body_file: b }
  - { name: b, type: webhook, url: 'https://me:pw@x.example.com/', body: x }
  - { name: c, type: template, url: 'https://x.example.com/', body_file: nothing.jinja }
  - { name: d, type: pagerduty, handshake: true }
  - { name: e, type: slack, url: 'https://x.example.com/', previous_secret: a secret of many letters, mode: binary }
  - { name: f, type: webhook, url: 'https://x.example.com/', first_retry: 2h, headers: [{ name: ce-id, value: x }] }
  - { name: g, type: webhook, url: 'https://x.example.com/', token: a secret of many, headers: [{ name: authorization, value: x }] }
  - { name: h, type: template, url: 'https://x.example.com/' }
";
    let problems = configured(text).expect_err("it has problems");
    let told: Vec<_> = problems.lines().map(|it| it.split(": ").skip(1).collect::<Vec<_>>().join(": ")).collect();
    let expected = [
        "actions[0].type: there is no `url` that it is sent to (write `url: https://..`)",
        "actions[1].name: `a` is the name of `actions[0]` already (triggers name actions; give each a name of its own)",
        "actions[1].body_file: is given, and `body` too (give one of them)",
        "actions[2].url: holds a user or a password (name them under `headers`, or give a `token`)",
        "actions[2].body: the body of type `webhook` is always the same (say `type: template`)",
        "actions[3].body_file: `nothing.jinja` cannot be read: No such file or directory (os error 2) (name a text file)",
        "actions[4].type: there is no routing key (give it as `token`)",
        "actions[4].handshake: is of type `webhook` (leave it out)",
        "actions[5].previous_secret: is given without `secret` (the key that holds now is `secret`)",
        "actions[5].mode: is of type `webhook` (leave it out)",
        "actions[6].first_retry: 2h is longer than `longest_retry`, 1h (raise `longest_retry`)",
        "actions[6].headers: `ce-id` is set by Driftline itself (leave it out)",
        "actions[7].headers: `authorization` is given, and `token` too (give one of them)",
        "actions[8].type: there is no template (give it as `body`, or a file as `body_file`)",
    ];
    for it in expected {
        assert!(told.iter().any(|told| told == it), "{it}\n{problems}");
    }
    assert_eq!(told.len(), expected.len(), "{problems}");
    // What the schema sees, with secrets hidden.
    for (text, wanted) in [
        ("{ name: a, type: webhok, url: 'https://x/' }", "actions[0].type: expected one of `webhook`"),
        ("{ name: a, type: webhook, url: 'ftp://x/secret' }", "actions[0].url: expected an address such as"),
        (
            "{ name: a, type: webhook, url: 'https://x/', secret: short }",
            "actions[0].secret: expected a secret text of at least 16",
        ),
        (
            "{ name: a, type: webhook, url: 'https://x/', attempt: 3 }",
            "actions[0].attempt: unknown setting (did you mean `attempts`?)",
        ),
    ] {
        let problem = configured(&format!("actions: [{text}]")).expect_err(text);
        assert!(problem.contains(wanted) && !problem.contains("/secret") && !problem.contains("`short`"), "{problem}");
    }
}
