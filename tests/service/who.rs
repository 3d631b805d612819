//! Who may do what: tokens, scopes, rates, TLS, and what is never told.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::json;

use crate::server::Server;
use crate::{GOOD, PAYMENTS};

const CHECK: &str = "/v1/suites/payments/check";

/// A service with three tokens, and the tokens.
fn guarded() -> (Server, Vec<String>) {
    let server = Server::new(&[("payments.yaml", PAYMENTS)]);
    let mut configuration = "tokens:\n".to_owned();
    let mut tokens = Vec::new();
    for (name, scopes) in [("model", "check"), ("person", "read"), ("boss", "admin")] {
        let (code, text) = server.driftline(&["token", "new", name, "--scope", scopes]);
        assert_eq!(code, 0, "{text}");
        let token = text.split_whitespace().find(|it| it.starts_with("dl_")).unwrap();
        tokens.push(token.to_owned());
        let hash = text.split_whitespace().skip_while(|it| *it != "sha256:").nth(1).unwrap().trim_matches('"');
        let _ = writeln!(configuration, "  - {{ name: {name}, sha256: {hash}, scopes: [{scopes}] }}");
    }
    server.write("driftline.yaml", &configuration);
    (server, tokens)
}

#[test]
fn a_token_may_do_what_its_scopes_say() {
    let (mut server, tokens) = guarded();
    server.start();
    let ask = |method: &str, path: &str, token: Option<&str>, body: &str| {
        let bearer = token.map(|it| format!("Bearer {it}"));
        let headers: Vec<_> = bearer.iter().map(|it| ("authorization", it.as_str())).collect();
        server.ask(method, path, &headers, body).status
    };
    let [model, person, boss] = [0, 1, 2].map(|i| Some(tokens[i].as_str()));
    assert_eq!(ask("POST", CHECK, None, GOOD), 401);
    assert_eq!(ask("POST", CHECK, Some("dl_wrong"), GOOD), 401);
    assert_eq!([model, person, boss].map(|it| ask("POST", CHECK, it, GOOD)), [200, 403, 200]);
    assert_eq!([model, person, boss].map(|it| ask("GET", "/v1/results", it, "")), [403, 200, 200]);
    for path in ["/v1/findings", "/v1/features", "/v1/features/amount/distribution?suite=payments"] {
        assert_eq!(ask("GET", path, model, ""), 403, "{path}");
    }
    assert_eq!([model, person].map(|it| ask("POST", "/v1/suites/payments/drift", it, "{")), [403, 400]);
    assert_eq!([model, person, boss].map(|it| ask("PUT", "/v1/suites/new", it, "expectations: []")), [403, 403, 200]);
    assert_eq!([model, person, boss].map(|it| ask("POST", "/v1/reload", it, "")), [403, 403, 200]);
    let run = r#"{"id": "r-1", "model": "intents"}"#;
    assert_eq!([model, person, boss].map(|it| ask("POST", "/v1/retrain-runs", it, run)), [200, 403, 200]);
    for path in ["/v1/retrain-runs", "/v1/retrain-runs/r-1", "/v1/models", "/v1/models/intents/deployments"] {
        assert_eq!([model, person].map(|it| ask("GET", path, it, "")), [403, 200], "{path}");
    }
    let version = "/v1/models/intents/versions/7";
    assert_eq!([model, person, boss].map(|it| ask("PUT", version, it, "{}")), [403, 403, 201]);
    let deploy = format!("{version}:deploy");
    assert_eq!([model, person, boss].map(|it| ask("POST", &deploy, it, "")), [403, 403, 200]);
    assert_eq!([model, person].map(|it| ask("GET", "/api/v1/models/version", it, "")), [403, 200]);
    // Probes need no token.
    assert_eq!(ask("GET", "/healthz", None, ""), 200);
    let versions =
        server.ask("GET", "/v1/suites/new/versions", &[("authorization", &format!("Bearer {}", tokens[1]))], "");
    assert_eq!(versions.json()[0]["by"], "boss");
    assert!(tokens.iter().all(|it| !server.log().contains(it)), "a token is in the log");
}

#[test]
fn the_configuration_is_taken_up_again() {
    let (mut server, tokens) = guarded();
    server.set("DRIFTLINE_RELOAD__POLL", "100ms");
    server.start();
    let check = |token: &str, body: &str| {
        let bearer = format!("Bearer {token}");
        server.ask("POST", CHECK, &[("authorization", &bearer), ("content-type", "application/json")], body).status
    };
    assert_eq!((check(&tokens[0], GOOD), check(&tokens[1], GOOD)), (200, 403));
    // The model's token is gone, a record may be shorter, and a port is no thing to change at once.
    let before = std::fs::read_to_string(server.path("driftline.yaml")).unwrap();
    let lines: Vec<_> = before.lines().filter(|it| !it.contains("model")).collect();
    server.write(
        "driftline.yaml",
        &format!("{}\nlimits: {{ record: 50, body: 1MiB }}\nstop: {{ grace: 3s }}\n", lines.join("\n")),
    );
    server.until("the token is unknown", || check(&tokens[0], GOOD) == 401);
    assert_eq!(check(&tokens[2], GOOD), 413);
    assert!(server.log().contains("stop.grace") && server.log().contains("wants a restart"), "{}", server.log());
    // With a problem everything stays, and the service says what it is.
    server.write("driftline.yaml", &format!("{before}\nlimits: {{ recrod: 50 }}\n"));
    server.until("the problem is told", || server.log().contains("recrod"));
    assert_eq!((check(&tokens[0], GOOD), check(&tokens[2], GOOD)), (401, 413));
    let bearer = format!("Bearer {}", tokens[2]);
    let answer = server.ask("POST", "/v1/reload", &[("authorization", &bearer)], "");
    assert_eq!((answer.status, &answer.json()["type"]), (422, &json!("urn:driftline:problem:configuration")));
    assert!(answer.body.contains("did you mean `record`"), "{}", answer.body);
    // By signal too.
    server.write("driftline.yaml", &before);
    server.signal("HUP");
    server.until("the token is known again", || check(&tokens[0], GOOD) == 200);
}

/// Who sends the head of a request a byte at a time holds no connection for long.
#[test]
fn a_connection_that_says_nothing_is_closed() {
    use std::io::{Read as _, Write as _};
    let mut server = Server::new(&[]);
    server.set("DRIFTLINE_LIMITS__IDLE_TIMEOUT", "300ms");
    server.start();
    for head in ["", "GET /healthz HTTP/1.1\r\nHost: x\r\n"] {
        let mut connection = std::net::TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        connection.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
        connection.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
}

#[test]
fn without_tokens_only_loopback_is_listened_on() {
    let server = Server::new(&[]);
    let (code, text) = server.driftline(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(code, 3);
    assert!(text.contains("token") && text.contains("insecure"), "{text}");
}

#[test]
fn a_rate_is_kept_per_token() {
    let (mut server, tokens) = guarded();
    let text = std::fs::read_to_string(server.path("driftline.yaml")).unwrap();
    server.write("driftline.yaml", &text.replace("scopes: [check]", "scopes: [check], rate: 1, burst: 5"));
    server.start();
    let bearer = format!("Bearer {}", tokens[0]);
    let answers: Vec<_> = (0..30).map(|_| server.ask("POST", CHECK, &[("authorization", &bearer)], GOOD)).collect();
    let refused = answers.iter().find(|it| it.status == 429).expect("some are refused");
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(answers[0].status, 200);
}

#[test]
fn tls_is_served_with_a_certificate_and_its_key() {
    let mut server = Server::new(&[("payments.yaml", PAYMENTS)]);
    let made = Command::new("openssl")
        .current_dir(server.folder())
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "1"])
        .args(["-subj", "/CN=localhost"])
        .output()
        .expect("openssl makes the certificate of this test; install it");
    assert!(made.status.success());
    server.set("DRIFTLINE_TLS__CERTIFICATE", "cert.pem");
    server.set("DRIFTLINE_TLS__KEY", "key.pem");
    server.spawn();
    let curl = |path: &str| {
        let url = format!("https://localhost:{}{path}", server.port);
        Command::new("curl")
            .args(["--cacert", "cert.pem", "-s", &url])
            .current_dir(server.folder())
            .output()
            .expect("curl is a client of this test; install it")
    };
    server.until("the answer over TLS", || curl("/healthz").stdout == b"ok");
}

#[test]
fn a_request_carries_its_id_and_trace_into_the_log() {
    let mut server = Server::new(&[("payments.yaml", PAYMENTS)]);
    server.set("DRIFTLINE_LOG__LEVEL", "debug");
    server.set("DRIFTLINE_LOG__FORMAT", "json");
    server.start();
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let headers = [("x-request-id", "mine-1"), ("traceparent", &format!("00-{trace}-b7ad6b7169203331-01"))];
    let answer = server.ask("POST", CHECK, &headers, GOOD);
    assert_eq!(answer.header("x-request-id"), Some("mine-1"));
    server.until("the line", || server.log().contains("mine-1"));
    let log = server.log();
    let line = log.lines().find(|it| it.contains("mine-1")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!((&line["trace_id"], &line["status"], &line["path"]), (&json!(trace), &json!(200), &json!(CHECK)));
}
