//! The folder of plugins: what is taken up while the service runs, and what a file is while it is being copied.

use std::fs;
use std::io::Read as _;

use serde_json::json;

use crate::guests::Guest;
use crate::plugins::{RECORD, SUITE, V1, hash, kind, put, put_suite, second};
use crate::server::Server;

#[test]
fn the_folder_of_plugins_is_taken_up_while_the_service_runs() {
    let mut server = Server::new(&[("sales.yaml", SUITE), ("good.yaml", "expectations: [{ field: x, not_null: {} }]")]);
    fs::create_dir(server.path("plugins")).unwrap();
    fs::write(server.path("plugins/broken.wasm"), b"no plugin").unwrap();
    server.set("DRIFTLINE_RELOAD__POLL", "100ms");
    server.start();
    // Without its plugin a suite is broken, and stops no other.
    let suites = server.get("/v1/suites").json();
    assert_eq!((&suites[0]["name"], &suites[0]["problems"]), (&json!("good"), &json!([])));
    assert!(suites[1]["problems"][0].as_str().unwrap().contains("it is not registered"), "{suites}");
    assert_eq!(server.get("/v1/plugins").json()["broken"][0]["file"], "./plugins/broken.wasm");
    fs::write(server.path("plugins/a.wasm"), Guest::range().build()).unwrap();
    let is_active = |server: &Server| server.get("/v1/suites/sales").status == 200;
    server.until("the suite", || is_active(&server));
    let before = hash(&server);
    // The highest version is active; the folder's plugin is not changed over HTTP.
    fs::write(server.path("plugins/b.wasm"), second()).unwrap();
    server.until("the second version", || hash(&server) != before);
    let answer = put(&server, V1, &Guest::range().build());
    assert_eq!((answer.status, kind(&answer)), (409, "of-folder".to_owned()), "{}", answer.body);
    fs::remove_file(server.path("plugins/b.wasm")).unwrap();
    server.until("the first version", || hash(&server) == before);
    // What is gone leaves the good version active.
    fs::remove_file(server.path("plugins/a.wasm")).unwrap();
    server.until("the problem", || !server.get("/v1/suites").json()[1]["problems"].as_array().unwrap().is_empty());
    assert_eq!(hash(&server), before);
}

#[test]
fn a_file_that_is_being_copied_goes_on_being_what_it_was() {
    let mut server = Server::new(&[("sales.yaml", SUITE)]);
    fs::create_dir(server.path("plugins")).unwrap();
    fs::write(server.path("plugins/a.wasm"), Guest::range().build()).unwrap();
    fs::write(server.path("plugins/b.wasm"), second()).unwrap();
    server.set("DRIFTLINE_RELOAD__POLL", "100ms");
    server.start();
    let before = hash(&server);
    let broken = |server: &Server| server.get("/v1/plugins").json()["broken"].clone();
    assert_eq!(broken(&server), json!([]));
    fs::write(server.path("plugins/b.wasm"), &second()[..1_000]).unwrap();
    server.until("the problem", || broken(&server) != json!([]));
    let told = broken(&server);
    assert_eq!(told[0]["file"], "./plugins/b.wasm");
    assert!(told.to_string().contains("`well-behaved` 2.0.0, which it was, goes on"), "{told}");
    assert_eq!(server.get("/v1/plugins/well-behaved").json()["active"], "2.0.0");
    // Suites are compiled with what it was.
    server.write("suites/sales.yaml", &format!("{SUITE}# changed\n"));
    server.until("the change of the suite", || hash(&server) != before);
    assert_eq!(server.get("/v1/suites").json()[0]["problems"], json!([]));
    assert_eq!(put_suite(&server, "more", SUITE).status, 200);
    let answer = server.post("/v1/suites/more/check", "application/json", RECORD).json();
    assert_eq!(answer["valid"], false, "the second version pleases nobody: {answer}");
    // The whole file is there.
    fs::write(server.path("plugins/b.wasm"), second()).unwrap();
    server.until("the end of the problem", || broken(&server) == json!([]));
    fs::write(server.path("plugins/b.wasm"), b"half").unwrap();
    server.until("the problem", || broken(&server) != json!([]));
    // Only a file that is gone takes its plugin with it.
    fs::remove_file(server.path("plugins/b.wasm")).unwrap();
    server.until("the first version", || server.get("/v1/plugins/well-behaved").json()["active"] == "1.2.3");
    assert_eq!(broken(&server), json!([]));
}

#[test]
fn a_file_that_has_changed_is_not_given_for_what_is_registered() {
    let mut server = Server::new(&[]);
    fs::create_dir(server.path("plugins")).unwrap();
    let first = Guest::range().build();
    fs::write(server.path("plugins/a.wasm"), &first).unwrap();
    server.set("DRIFTLINE_RELOAD__POLL", "1h");
    server.start();
    // Another plugin, which nobody has looked at yet.
    fs::write(server.path("plugins/a.wasm"), second()).unwrap();
    assert_eq!(put_suite(&server, "sales", SUITE).status, 200);
    let digest = driftline::plugins::digest(&first);
    assert_eq!(server.get("/v1/suites/sales/versions").json()[0]["plugins"]["well-behaved"], json!(digest));
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut bytes = Vec::new();
    agent.get(server.url(V1)).call().unwrap().body_mut().as_reader().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, first);
    // Nor when nothing was kept of it.
    let kept = format!("driftline-data/plugins/fetched/{}.blob", digest.trim_start_matches("sha256:"));
    fs::remove_file(server.path(&kept)).unwrap();
    let answer = put_suite(&server, "more", SUITE);
    assert!(answer.status == 422 && answer.body.contains("was not kept"), "{}", answer.body);
    assert_eq!(server.get(V1).status, 500);
}
