//! The service on a real PostgreSQL: killed, cut off from it, and two of them on one.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use crate::PAYMENTS;
use crate::database::{self, Cluster};
use crate::restart::{calm, send, survives_kills};
use crate::server::Server;

#[test]
fn a_killed_service_has_lost_nothing_with_postgres() {
    let database = database::postgres();
    let mut server = Server::new(&[("payments.yaml", PAYMENTS)]);
    calm(&mut server);
    server.set("DRIFTLINE_DATABASE", &database.url);
    survives_kills(server);
}

#[test]
fn verdicts_go_on_while_postgres_is_away_and_are_stored_when_it_is_back() {
    let cluster = Cluster::new();
    let database = cluster.database();
    let mut server = Server::new(&[("payments.yaml", PAYMENTS)]);
    calm(&mut server);
    server.set("DRIFTLINE_DATABASE", &database.url);
    server.set("DRIFTLINE_STORE__ACQUIRE_TIMEOUT", "1s");
    server.start();
    let (done, answered, while_away) = (AtomicBool::new(false), AtomicI64::new(0), AtomicI64::new(0));
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| send(&server, &done, &answered));
        std::thread::sleep(Duration::from_millis(600));
        cluster.stop();
        let before = answered.load(Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(1500));
        while_away.store(answered.load(Ordering::Relaxed) - before, Ordering::Relaxed);
        assert_eq!(server.get("/readyz").status, 503);
        cluster.start();
        std::thread::sleep(Duration::from_millis(600));
        done.store(true, Ordering::Relaxed);
        sender.join().unwrap();
    });
    assert!(while_away.into_inner() > 50, "verdicts waited for the store");
    let answered = answered.into_inner();
    server.until("all is stored", || {
        server.try_get("/readyz").is_some_and(|it| it.status == 200) && server.stored() >= answered
    });
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(server.stored(), answered);
}

#[test]
fn two_hosts_on_one_database_count_each_record_once() {
    let database = database::postgres();
    let mut servers = [0, 1].map(|_| Server::new(&[("payments.yaml", PAYMENTS)]));
    for server in &mut servers {
        calm(server);
        server.set("DRIFTLINE_DATABASE", &database.url);
        server.set("DRIFTLINE_RESULTS__PRIVACY_KEY", "a key that both have");
        server.spawn();
    }
    let answered = AtomicI64::new(0);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for server in &servers {
            server.until("the service", || server.try_get("/readyz").is_some_and(|it| it.status == 200));
        }
        for server in &servers {
            scope.spawn(|| send(server, &done, &answered));
        }
        std::thread::sleep(Duration::from_millis(1200));
        done.store(true, Ordering::Relaxed);
    });
    let answered = answered.into_inner();
    let [one, two] = &servers;
    one.until("all is stored", || one.stored() == answered);
    assert_eq!(two.stored(), answered);
    // A suite that one was given is known to the other.
    let put = one.ask("PUT", "/v1/suites/shared", &[], "expectations: [{ field: x, not_null: {} }]");
    assert_eq!(put.status, 200, "{}", put.body);
    assert_eq!(two.post("/v1/reload", "application/json", "").status, 200);
    assert_eq!(two.get("/v1/suites/shared").status, 200);
}
