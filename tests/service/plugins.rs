//! Plugins over HTTP and in their folder: what is taken in, what is active, and swaps under load.

use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::json;

use crate::database;
use crate::guests::{Capability, Guest};
use crate::server::{Answer, Server};

/// Without windows: as long as they are open, no plugin that they need can be removed.
pub const SUITE: &str =
    "plugins: { well-behaved: }\nwindows: off\nexpectations:\n  - { field: amount, well-behaved.range: }\n";
pub const RECORD: &str = r#"{"amount": 0.5}"#;
pub const V1: &str = "/v1/plugins/well-behaved/versions/1.2.3";
const V2: &str = "/v1/plugins/well-behaved/versions/2.0.0";

/// A later version of the plugin, which no record pleases.
pub fn second() -> Vec<u8> {
    let none = "(func $check (param $args i32) (result i32) (local $at i32)
        (local.set $at (call $all_pass (local.get $args)))
        (memory.fill (local.get $at) (i32.const 0) (call $bytes (local.get $args)))
        (call $verdicts (local.get $at) (call $bytes (local.get $args)) (i32.const 0) (i32.const 0)))";
    Guest { name: "well-behaved".to_owned(), version: "2.0.0".to_owned(), ..Guest::check(none) }.build()
}

pub fn put(server: &Server, path: &str, component: &[u8]) -> Answer {
    server.ask("PUT", path, &[("content-type", "application/wasm")], component)
}

fn activate(server: &Server, path: &str) -> Answer {
    server.ask("POST", &format!("{path}/activate"), &[], "")
}

pub fn put_suite(server: &Server, name: &str, text: &str) -> Answer {
    server.ask("PUT", &format!("/v1/suites/{name}"), &[("content-type", "application/yaml")], text)
}

pub fn hash(server: &Server) -> String {
    server.post("/v1/suites/sales/check", "application/json", RECORD).json()["suite_hash"].as_str().unwrap().to_owned()
}

pub fn kind(answer: &Answer) -> String {
    answer.json()["type"].as_str().unwrap().replace("urn:driftline:problem:", "")
}

#[test]
fn a_plugin_is_put_activated_rolled_back_and_removed() {
    let mut server = Server::started(&[]);
    let (first, second) = (Guest::range().build(), second());
    let answer = put(&server, V1, &first);
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(put(&server, V1, &first).status, 200, "the same bytes again");
    let other = put(&server, V1, &Guest { parts: vec!["range"], ..Guest::check("(func $more)") }.build());
    assert_eq!((other.status, kind(&other)), (409, "other-bytes".to_owned()), "{}", other.body);
    // Put is not active.
    let answer = put_suite(&server, "sales", SUITE);
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("none of its versions (1.2.3) is active"), "{}", answer.body);
    let active = activate(&server, V1);
    assert_eq!((active.status, &active.json()["active"]), (200, &json!("1.2.3")), "{}", active.body);
    let suite = put_suite(&server, "sales", SUITE);
    assert_eq!(suite.status, 200, "{}", suite.body);
    let with_first = hash(&server);
    assert_eq!(put(&server, V2, &second).status, 201);
    assert_eq!(hash(&server), with_first);
    let plugin = activate(&server, V2).json();
    assert_eq!((&plugin["active"], &plugin["of_folder"]), (&json!("2.0.0"), &json!(false)));
    assert_eq!(plugin["capabilities"][0]["id"], "range");
    let versions: Vec<_> = plugin["versions"].as_array().unwrap().iter().map(|it| it["version"].clone()).collect();
    assert_eq!(versions, ["2.0.0", "1.2.3"]);
    assert_eq!(plugin["versions"][1]["digest"], driftline::plugins::digest(&first));
    // The suite is another version now, though its text is the same, and says with which plugin it ran.
    let with_second = hash(&server);
    assert_ne!(with_first, with_second);
    let versions = server.get("/v1/suites/sales/versions").json();
    let told = |hash: &str| {
        let found = versions.as_array().unwrap().iter().find(|it| it["hash"] == hash).unwrap();
        found["plugins"]["well-behaved"].clone()
    };
    assert_eq!(told(&with_first), json!(driftline::plugins::digest(&first)));
    assert_eq!(told(&with_second), json!(driftline::plugins::digest(&second)));
    // So does a result.
    let body = "{\"amount\": 1000000}\n";
    let result = server.post("/v1/suites/sales/check?wait=stored", "application/x-ndjson", body).json();
    let detail = server.get(&format!("/v1/results/{}", result["result_id"].as_str().unwrap())).json();
    assert_eq!(detail["plugins"], json!({ "well-behaved": driftline::plugins::digest(&second) }), "{detail}");
    // Another start finds it the same.
    assert!(server.stop());
    server.start();
    assert_eq!(hash(&server), with_second);
    let refused = server.ask("DELETE", V2, &[], "");
    assert_eq!((refused.status, kind(&refused)), (409, "used".to_owned()), "{}", refused.body);
    assert_eq!(activate(&server, V1).status, 200);
    assert_eq!(hash(&server), with_first, "rolled back to what it was");
    assert_eq!(server.ask("DELETE", V2, &[], "").status, 204);
    assert_eq!(server.ask("DELETE", V2, &[], "").status, 404);
    assert_eq!(activate(&server, V2).status, 404);
    let agent: ureq::Agent = ureq::Agent::config_builder().build().into();
    let mut answer = agent.get(server.url(V1)).call().unwrap();
    assert_eq!(answer.headers()["etag"], format!("\"{}\"", driftline::plugins::digest(&first)).as_str());
    let mut bytes = Vec::new();
    answer.body_mut().as_reader().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, first);
    // The last version of a suite is gone, but the plugin is active.
    assert_eq!(server.ask("DELETE", "/v1/suites/sales", &[], "").status, 204);
    let refused = server.ask("DELETE", V1, &[], "");
    assert_eq!((refused.status, kind(&refused)), (409, "active".to_owned()), "{}", refused.body);
    assert_eq!(server.get("/v1/plugins/nothing").status, 404);
}

#[test]
fn what_is_no_plugin_is_refused_with_all_reasons() {
    let mut server = Server::new(&[]);
    server.set("DRIFTLINE_PLUGINS__COMPONENT", "100kB");
    server.start();
    let refused = |path: &str, component: &[u8]| {
        let answer = put(&server, path, component);
        let reasons = answer.json()["problems"].as_array().cloned().unwrap_or_default();
        (answer.status, reasons.iter().map(|it| it["message"].as_str().unwrap().to_owned()).collect::<Vec<_>>())
    };
    let (status, reasons) = refused("/v1/plugins/other/versions/3.0.0", &Guest::range().build());
    assert_eq!(status, 422);
    assert_eq!(
        reasons,
        [
            "it says that it is `well-behaved`, and it was put as `other`",
            "it says that it is version 1.2.3, and it was put as 3.0.0"
        ]
    );
    let (status, reasons) = refused(V1, b"no plugin");
    assert!(status == 422 && reasons[0].contains("no WebAssembly"), "{reasons:?}");
    let (status, reasons) = refused(V1, &Guest { wit: "0.2.0", ..Guest::range() }.build());
    assert!(status == 422 && reasons[0].contains("0.2.0"), "{reasons:?}");
    // It traps whenever it is asked, so that no law can hold.
    let trap = Guest { name: "evil".into(), ..Guest::check("(func $check (param i32) (result i32) unreachable)") };
    let (status, reasons) = refused("/v1/plugins/evil/versions/1.2.3", &trap.build());
    assert!(status == 422 && !reasons.is_empty(), "{status} {reasons:?}");
    assert_eq!(refused(V1, &vec![0; 200_000]).0, 413);
    assert_eq!(refused("/v1/plugins/Upper/versions/1.2.3", b"").0, 400);
    assert_eq!(refused("/v1/plugins/a/versions/one", b"").0, 400);
    assert_eq!(server.get("/v1/plugins").json()["plugins"], json!([]));
}

#[test]
fn an_activation_that_breaks_a_suite_changes_nothing() {
    let server = Server::started(&[]);
    assert_eq!(put(&server, V1, &Guest::range().build()).status, 201);
    assert_eq!(activate(&server, V1).status, 200);
    assert_eq!(put_suite(&server, "sales", SUITE).status, 200);
    let before = hash(&server);
    let renamed = Guest { version: "2.0.0".into(), capabilities: vec![Capability::new("span", 0)], ..Guest::range() };
    assert_eq!(put(&server, V2, &renamed.build()).status, 201);
    let answer = activate(&server, V2);
    assert_eq!((answer.status, kind(&answer)), (422, "suites-break".to_owned()), "{}", answer.body);
    assert!(answer.body.contains("sales (in the store)"), "{}", answer.body);
    assert_eq!(server.get("/v1/plugins/well-behaved").json()["active"], "1.2.3");
    assert_eq!(hash(&server), before);
    assert_eq!(server.get("/v1/suites").json()[0]["problems"], json!([]));
}

#[test]
fn lines_that_plugins_log_are_as_loud_as_the_settings_say() {
    // A warning in every call.
    let says = "(func $check (param $args i32) (result i32)
        (call $log (i32.const 3) (i32.const 0x300) (i32.const 12))
        (call $verdicts (call $all_pass (local.get $args)) (call $bytes (local.get $args)) (i32.const 0) (i32.const 0)))
        (data (i32.const 0x300) \"amount is 42\")";
    let guest = Guest { name: "well-behaved".to_owned(), ..Guest::check(says) };
    let log = |setting: Option<&str>| {
        let mut server = Server::new(&[("sales.yaml", SUITE)]);
        fs::create_dir(server.path("plugins")).unwrap();
        fs::write(server.path("plugins/a.wasm"), guest.build()).unwrap();
        if let Some(setting) = setting {
            server.set("DRIFTLINE_PLUGINS__LOG", setting);
        }
        server.start();
        let _ = hash(&server);
        assert!(server.stop());
        server.log()
    };
    assert!(log(None).contains("amount is 42"));
    assert!(log(Some("warn")).contains("amount is 42"));
    assert!(!log(Some("error")).contains("amount is 42"));
    assert!(!log(Some("off")).contains("amount is 42"));
}

#[test]
fn only_signed_plugins_where_signatures_are_required() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let mut server = Server::new(&[]);
    server.set("DRIFTLINE_PLUGINS__SIGNATURES", "required");
    server.set("DRIFTLINE_PLUGINS__KEYS", &format!("['{}']", STANDARD.encode(key.verifying_key().as_bytes())));
    server.start();
    let component = Guest::range().build();
    let answer = put(&server, V1, &component);
    assert!(answer.status == 422 && answer.body.contains("it is not signed"), "{}", answer.body);
    let signed = |by: &SigningKey| STANDARD.encode(by.sign(&component).to_bytes());
    let put = |signature: &str| server.ask("PUT", V1, &[("driftline-signature", signature)], &component);
    assert_eq!(put(&signed(&SigningKey::from_bytes(&[8; 32]))).status, 422);
    assert_eq!(put(&signed(&key)).status, 201);
    assert_eq!(activate(&server, V1).status, 200);
    assert_eq!(put_suite(&server, "sales", SUITE).status, 200);
}

#[test]
fn a_swap_of_plugins_is_atomic_under_load() {
    let server = Server::started(&[]);
    assert_eq!(put(&server, V1, &Guest::range().build()).status, 201);
    assert_eq!(put(&server, V2, &second()).status, 201);
    assert_eq!(activate(&server, V2).status, 200);
    assert_eq!(put_suite(&server, "sales", SUITE).status, 200);
    let with_second = hash(&server);
    assert_eq!(activate(&server, V1).status, 200);
    let hashes = [hash(&server), with_second];
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let checkers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let (mut n, mut seen) = (0, [false; 2]);
                    while !done.load(Ordering::Relaxed) {
                        let answer = server.post("/v1/suites/sales/check", "application/json", RECORD).json();
                        let which = hashes.iter().position(|it| answer["suite_hash"] == *it).unwrap();
                        // The verdict and the hash are of one version of the plugin.
                        assert_eq!(answer["valid"], which == 0);
                        seen[which] = true;
                        n += 1;
                    }
                    (n, seen)
                })
            })
            .collect();
        for i in 0..20 {
            assert_eq!(activate(&server, [V2, V1][i % 2]).status, 200);
        }
        done.store(true, Ordering::Relaxed);
        let counts: Vec<(i64, _)> = checkers.into_iter().map(|it| it.join().unwrap()).collect();
        assert!(counts.iter().any(|it| it.1 == [true, true]), "both versions have answered");
        // Two to learn the hashes.
        let n = counts.iter().map(|it| it.0).sum::<i64>() + 2;
        server.until("all is stored", || server.stored() == n);
    });
}

#[test]
fn another_host_has_the_plugin_too() {
    let database = database::postgres();
    let servers = [0, 1].map(|_| {
        let mut server = Server::new(&[]);
        server.set("DRIFTLINE_DATABASE", &database.url);
        server.start();
        server
    });
    let [one, two] = &servers;
    assert_eq!(put(one, V1, &Guest::range().build()).status, 201);
    assert_eq!(activate(one, V1).status, 200);
    assert_eq!(put_suite(one, "sales", SUITE).status, 200);
    let reload = || assert_eq!(two.post("/v1/reload", "application/json", "").status, 200);
    reload();
    assert_eq!(hash(two), hash(one));
    assert_eq!(put(two, V2, &second()).status, 201);
    assert_eq!(activate(two, V2).status, 200);
    assert_eq!(one.post("/v1/reload", "application/json", "").status, 200);
    assert_eq!(hash(two), hash(one));
    assert_eq!(one.get("/v1/plugins/well-behaved").json()["active"], "2.0.0");
}

#[test]
fn whoever_may_write_suites_may_not_bring_code() {
    let mut server = Server::new(&[]);
    let mut tokens = String::from("tokens:\n");
    let secrets: Vec<_> = ["write-suites", "write-plugins"]
        .iter()
        .map(|scope| {
            let (_, text) = server.driftline(&["token", "new", scope, "--scope", scope]);
            let secret = text.split_whitespace().find(|it| it.starts_with("dl_")).unwrap().to_owned();
            let hash = text.split_whitespace().skip_while(|it| *it != "sha256:").nth(1).unwrap().trim_matches('"');
            let _ = writeln!(tokens, "  - {{ name: {scope}, sha256: {hash}, scopes: [{scope}] }}");
            secret
        })
        .collect();
    server.write("driftline.yaml", &tokens);
    server.spawn();
    server.until("the service", || server.try_get("/healthz").is_some_and(|it| it.status == 200));
    let put = |secret: &str| {
        let bearer = format!("Bearer {secret}");
        server.ask("PUT", V1, &[("authorization", &bearer)], Guest::range().build()).status
    };
    assert_eq!((put(&secrets[0]), put(&secrets[1])), (403, 201));
    // Nor may a suite that is sent make the service fetch from anywhere.
    let bearer = format!("Bearer {}", secrets[0]);
    let suite = "plugins: { a: 'oci://127.0.0.1:1/a:1' }\nexpectations: [{ field: x, a.b: }]\n";
    let answer = server.ask("PUT", "/v1/suites/a", &[("authorization", &bearer)], suite);
    assert!(answer.status == 422 && answer.body.contains("may not name this registry"), "{}", answer.body);
}

#[test]
fn the_command_line_pushes_and_activates() {
    let server = Server::started(&[]);
    fs::write(server.path("range.wasm"), Guest::range().build()).unwrap();
    let url = server.url("");
    let (code, said) = server.driftline(&["plugin", "push", "range.wasm", "--service", &url, "--activate"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("`well-behaved` 1.2.3 registered (sha256:"), "{said}");
    assert!(said.contains("`well-behaved` 1.2.3 is active"), "{said}");
    let (code, said) = server.driftline(&["plugin", "list", "--service", &url]);
    assert!(code == 0 && said.contains("  * 1.2.3"), "{said}");
    let (code, said) = server.driftline(&["plugin", "activate", "well-behaved", "9.0.0", "--service", &url]);
    assert!(code == 1 && said.contains("refused: There is no such thing"), "{said}");
    let (code, said) = server.driftline(&["plugin", "list", "--service", "http://127.0.0.1:1"]);
    assert!(code == 3 && said.contains("does not answer"), "{said}");
}
