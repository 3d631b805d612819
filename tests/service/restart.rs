//! Nothing that was answered is lost: processes are killed, databases stopped, disks full.

use std::fs;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::server::Server;
use crate::{BAD, GOOD, PAYMENTS};

const CHECK: &str = "/v1/suites/payments/check?on_fail=observe";

pub fn calm(server: &mut Server) {
    server.set("DRIFTLINE_LOG__LEVEL", "info");
}

/// Sends singles and batches until it is told to end, or nobody answers; the records that were answered.
pub fn send(server: &Server, done: &AtomicBool, answered: &AtomicI64) {
    std::thread::scope(|scope| {
        for n in 0..4 {
            scope.spawn(move || {
                let mut i = n;
                while !done.load(Ordering::Relaxed) {
                    i += 1;
                    let (kind, body, records) = match i % 3 {
                        0 => ("application/json", GOOD.to_owned(), 1),
                        1 => ("application/json", BAD.to_owned(), 1),
                        _ => ("application/x-ndjson", format!("{GOOD}\n{BAD}\n"), 2),
                    };
                    let answer = server.send("POST", CHECK, &[("content-type", kind)], body.as_bytes());
                    match answer {
                        Some(it) if it.status == 200 => {
                            answered.fetch_add(records, Ordering::Relaxed);
                        }
                        Some(it) => {
                            assert!(
                                it.status == 503 && it.header("retry-after").is_some(),
                                "{} {}",
                                it.status,
                                it.body
                            );
                        }
                        None => return,
                    }
                }
            });
        }
    });
}

/// Kills the service under load some times; what was answered is stored, each record once. What was
/// taken in when the kill came, but not answered, may be stored too: at most what was under way.
pub fn survives_kills(mut server: Server) {
    server.write("suites/payments.yaml", &format!("windows: {{ length: 1s }}\n{PAYMENTS}"));
    server.set("DRIFTLINE_WINDOWS__GRACE", "1ms");
    let answered = AtomicI64::new(0);
    let mut under_way = 0;
    for round in 0..4 {
        server.start();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let sender = scope.spawn(|| send(&server, &done, &answered));
            std::thread::sleep(Duration::from_millis(400 + round * 150));
            let pid = server.pid().to_string();
            assert!(std::process::Command::new("kill").args(["-9", &pid]).status().unwrap().success());
            sender.join().unwrap();
        });
        server.kill();
        under_way += 4 * 2;
    }
    let answered = answered.into_inner();
    assert!(answered > 100, "{answered} answered");
    server.start();
    server.until("all is stored", || server.stored() >= answered);
    std::thread::sleep(Duration::from_millis(500));
    let stored = server.stored();
    assert!((answered..=answered + under_way).contains(&stored), "{answered} answered, {stored} stored");
    // Again: what was committed is not committed twice.
    assert!(server.stop());
    server.start();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(server.stored(), stored);
    let stats = server.get("/v1/stats?check=id%20not_null").json();
    let seen: i64 = stats.as_array().unwrap().iter().map(|it| it["seen"].as_i64().unwrap()).sum();
    assert_eq!(seen, stored, "the counts by minute are of the same records");
    server.until("all windows", || server.in_windows() >= stored);
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(server.in_windows(), stored, "the windows are of the same records");
}

#[test]
fn a_killed_service_has_lost_nothing_with_sqlite() {
    let mut server = Server::new(&[("payments.yaml", PAYMENTS)]);
    calm(&mut server);
    survives_kills(server);
}

#[test]
fn a_stop_ends_requests_and_stores_all() {
    let mut server = Server::started(&[("payments.yaml", PAYMENTS)]);
    let (done, answered) = (AtomicBool::new(false), AtomicI64::new(0));
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| send(&server, &done, &answered));
        std::thread::sleep(Duration::from_millis(500));
        server.signal("TERM");
        sender.join().unwrap();
    });
    server.until("the end", || server.log().contains("stopped"));
    server.kill();
    let left: Vec<_> =
        fs::read_dir(server.path("driftline-data/journal")).unwrap().flatten().map(|it| it.file_name()).collect();
    assert_eq!(left, ["lock"], "{}", server.log());
    server.start();
    let stored = server.stored();
    assert!(stored >= answered.into_inner() && stored > 0);
}

#[test]
fn a_torn_last_entry_is_passed_over() {
    let mut server = Server::new(&[("payments.yaml", PAYMENTS)]);
    // Nothing is flushed by itself, so that all stays in the journal.
    server.set("DRIFTLINE_INTAKE__FLUSH_EVERY", "1h");
    server.start();
    for _ in 0..10 {
        assert_eq!(server.post(CHECK, "application/json", GOOD).status, 200);
    }
    server.kill();
    let segment = fs::read_dir(server.path("driftline-data/journal")).unwrap().flatten().map(|it| it.path());
    let segment = segment.into_iter().find(|it| it.extension().is_some_and(|it| it == "journal")).unwrap();
    fs::OpenOptions::new().append(true).open(&segment).unwrap().write_all(&[77, 0, 0, 0, 1, 2, 3]).unwrap();
    server.env.clear();
    server.start();
    server.until("what was answered", || server.stored() == 10);
    assert!(server.log().contains("\"torn_bytes\":7"), "{}", server.log());
    assert!(!segment.exists());
}

#[test]
fn what_may_wait_is_bounded() {
    let mut server = Server::new(&[("payments.yaml", PAYMENTS)]);
    server.set("DRIFTLINE_INTAKE__FLUSH_EVERY", "1h");
    server.set("DRIFTLINE_INTAKE__PENDING_MAX", "20KiB");
    server.start();
    let mut answered = 0;
    let refused = loop {
        let answer = server.post(CHECK, "application/json", BAD);
        if answer.status != 200 {
            break answer;
        }
        answered += 1;
        assert!(answered < 10_000);
    };
    assert_eq!((refused.status, &refused.json()["type"]), (503, &json!("urn:driftline:problem:full")));
    assert!(refused.header("retry-after").is_some());
    server.kill();
    server.env.clear();
    server.start();
    server.until("what was answered", || server.stored() == answered);
    assert_eq!(server.post(CHECK, "application/json", BAD).status, 200);
}

#[test]
fn a_write_that_fails_half_way_is_taken_back() {
    let server = Server::new(&[("payments.yaml", PAYMENTS)]);
    // A limit on the size of files is what a full disk looks like: a write fails in the middle of an entry.
    // SQLite's shared memory needs 32 KiB of it.
    let script = format!("trap '' XFSZ; ulimit -f 64; exec '{}' serve", env!("CARGO_BIN_EXE_driftline"));
    let mut store = Server::new(&[]);
    store.set("DRIFTLINE_RESULTS__PRIVACY_KEY", "a key that both have");
    store.start();
    store.stop();
    let mut command = std::process::Command::new("bash");
    command.current_dir(server.folder()).arg("-c").arg(script);
    command.env("DRIFTLINE_LISTEN", format!("127.0.0.1:{}", server.port)).env("DRIFTLINE_INTAKE__FLUSH_EVERY", "1h");
    command.env("DRIFTLINE_RESULTS__PRIVACY_KEY", "a key that both have");
    // The store lies elsewhere, made before, and is not written to.
    command.env("DRIFTLINE_DATABASE", format!("sqlite:{}", store.path("driftline-data/driftline.db").display()));
    let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
    server.until("the service", || server.try_get("/healthz").is_some_and(|it| it.status == 200));
    let mut answered = 0;
    let mut refused = 0;
    for _ in 0..400 {
        let answer = server.post(CHECK, "application/json", BAD);
        match answer.status {
            200 => answered += 1,
            503 => refused += 1,
            it => panic!("{it} {}", answer.body),
        }
    }
    assert!(answered > 10 && refused > 10, "{answered} {refused}");
    child.kill().unwrap();
    child.wait().unwrap();
    let mut server = server;
    server.start();
    server.until("what was answered", || server.stored() == answered);
}

#[test]
fn a_data_folder_has_one_service() {
    let server = Server::started(&[("payments.yaml", PAYMENTS)]);
    let (code, text) = server.driftline(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("in use by another driftline"), "{text}");
}
