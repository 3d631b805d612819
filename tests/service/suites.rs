//! Suites over HTTP and in the folder: versions, what a bad one may not do, swaps under load.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::server::Server;
use crate::{GOOD, PAYMENTS};

const STRICT: &str = "expectations:\n  - { field: amount, between: { max: 1 }, name: small }\n";
const LOOSE: &str = "expectations:\n  - { field: amount, between: { max: 1000 }, name: large }\n";

fn put(server: &Server, name: &str, text: &str) -> crate::server::Answer {
    server.ask("PUT", &format!("/v1/suites/{name}"), &[("content-type", "application/yaml")], text)
}

#[test]
fn a_suite_is_put_versioned_activated_and_removed() {
    let mut server = Server::started(&[]);
    let first = put(&server, "sales", STRICT);
    assert_eq!(first.status, 200, "{}", first.body);
    let strict = first.json()["hash"].as_str().unwrap().to_owned();
    let check = |server: &Server| server.post("/v1/suites/sales/check", "application/json", GOOD).json();
    assert_eq!(check(&server)["valid"], false);
    let loose = put(&server, "sales", LOOSE).json()["hash"].as_str().unwrap().to_owned();
    assert_eq!((check(&server)["valid"].clone(), check(&server)["suite_hash"].clone()), (json!(true), json!(loose)));
    let versions = server.get("/v1/suites/sales/versions").json();
    let listed: Vec<_> =
        versions.as_array().unwrap().iter().map(|it| (it["hash"].as_str().unwrap(), it["active"] == true)).collect();
    assert_eq!(listed, [(loose.as_str(), true), (strict.as_str(), false)]);
    assert_eq!(server.get(&format!("/v1/suites/sales/versions/{strict}")).body, STRICT);
    let back = server.ask("POST", &format!("/v1/suites/sales/versions/{strict}/activate"), &[], "");
    assert_eq!(back.status, 200, "{}", back.body);
    assert_eq!(check(&server)["valid"], false);
    assert_eq!(server.get("/v1/suites/sales").body, STRICT);
    // What was put is there after a restart.
    assert!(server.stop());
    server.start();
    assert_eq!(check(&server)["suite_hash"], strict);
    assert_eq!(server.ask("DELETE", "/v1/suites/sales", &[], "").status, 204);
    assert_eq!(server.get("/v1/suites/sales").status, 404);
    assert_eq!(server.post("/v1/suites/sales/check", "application/json", GOOD).status, 404);
    assert_eq!(server.get("/v1/suites/sales/versions").json().as_array().unwrap().len(), 2);
}

#[test]
fn a_bad_suite_never_replaces_a_good_one_and_stops_no_other() {
    let mut server =
        Server::new(&[("payments.yaml", PAYMENTS), ("broken.yaml", "expectations:\n  - { field: x, beetween: {} }\n")]);
    server.set("DRIFTLINE_RELOAD__POLL", "100ms");
    server.start();
    let check = || server.post("/v1/suites/payments/check", "application/json", GOOD);
    assert_eq!(check().status, 200);
    let list = server.get("/v1/suites").json();
    assert_eq!((&list[0]["name"], &list[0]["hash"]), (&json!("broken"), &json!(null)));
    assert!(list[0]["problems"][0].as_str().unwrap().contains("did you mean `between`"), "{list}");
    let before = check().json()["suite_hash"].clone();
    // Over HTTP nothing changes at all, and all problems are told.
    let answer = put(&server, "other", "expectations:\n  - { field: x, beetween: {} }\n  - { fild: x, not_null: }\n");
    assert_eq!((answer.status, answer.json()["problems"].as_array().unwrap().len()), (422, 3), "{}", answer.body);
    assert_eq!(put(&server, "payments", LOOSE).json()["type"], "urn:driftline:problem:of-folder");
    assert_eq!(put(&server, "..%2Fetc", LOOSE).status, 400);
    // A file that is spoilt leaves the version before it active.
    server.write("suites/payments.yaml", "expectations: [");
    server.until("the problem", || !server.get("/v1/suites").json()[1]["problems"].as_array().unwrap().is_empty());
    assert_eq!(check().json()["suite_hash"], before);
    server.write("suites/payments.yaml", STRICT);
    server.until("the new version", || check().json()["suite_hash"] != before);
    assert_eq!(check().json()["valid"], false);
    assert!(server.log().contains("suites/payments.yaml"), "{}", server.log());
    let lint = server.post("/v1/suites:lint", "application/yaml", "expectations:\n  - { field: x, notnull: }\n").json();
    assert_eq!((&lint["valid"], &lint["problems"][0]["line"]), (&json!(false), &json!(2)));
    // SIGHUP, and the API.
    server.write("suites/new.yaml", LOOSE);
    server.signal("HUP");
    server.until("the new suite", || server.get("/v1/suites/new").status == 200);
    std::fs::remove_file(server.path("suites/new.yaml")).unwrap();
    assert_eq!(server.post("/v1/reload", "application/json", "").status, 200);
    assert_eq!(server.get("/v1/suites/new").status, 404);
}

#[test]
fn a_swap_is_atomic_under_load() {
    let server = Server::started(&[]);
    let hashes = [STRICT, LOOSE].map(|it| put(&server, "sales", it).json()["hash"].as_str().unwrap().to_owned());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let checkers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut n = 0;
                    while !done.load(Ordering::Relaxed) {
                        let answer = server.post("/v1/suites/sales/check", "application/json", GOOD).json();
                        // The verdict and the hash are of one version.
                        let strict = answer["suite_hash"] == hashes[0];
                        assert!(strict || answer["suite_hash"] == hashes[1]);
                        assert_eq!(answer["valid"], !strict);
                        n += 1;
                    }
                    n
                })
            })
            .collect();
        for i in 0..20 {
            assert_eq!(put(&server, "sales", [STRICT, LOOSE][i % 2]).status, 200);
        }
        done.store(true, Ordering::Relaxed);
        let n: i64 = checkers.into_iter().map(|it| it.join().unwrap()).sum();
        server.until("all is stored", || server.stored() == n);
    });
}
