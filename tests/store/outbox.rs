//! Notices in the outbox: written once, taken by one, sent in order.

use driftline::service::notice::Notice;
use driftline::store::Store;
use driftline::store::outbox::{DeliveryRow, Tried, Wanted, Which};
use driftline::store::rows::Retention;
use driftline::telemetry::Carried;
use serde_json::json;
use uuid::Uuid;

use super::database::Database;
use super::open;

const NOW: i64 = 1_760_000_000_000_000;
const SECOND: i64 = 1_000_000;

fn notice(incident: u128, kind: &'static str, action: &str) -> Notice {
    Notice {
        id: Uuid::now_v7(),
        incident: Uuid::from_u128(incident),
        suite: "payments".into(),
        trigger: "accuracy is down".into(),
        action: action.into(),
        kind,
        data: json!({ "severity": "critical", "reason": "a\0b ä", "evidence": [{ "observed": 0.5 }] }),
        at: NOW - 5,
        trace: Some(Carried {
            traceparent: format!("00-{incident:032x}-b7ad6b7169203331-01"),
            tracestate: "a=b".into(),
        }),
    }
}

async fn claim(store: &Store, now: i64, lease: Uuid, limit: u32) -> Vec<DeliveryRow> {
    store.claim_deliveries("hook", now, lease, now + 10 * SECOND, limit).await.unwrap()
}

fn delivered(now: i64) -> Tried {
    Tried { state: "delivered", status: Some(204), ended_at: Some(now), ..Tried::default() }
}

pub async fn a_notice_is_written_once_and_read_back(database: Database) {
    let store = open(&database).await;
    let one = notice(1, "io.driftline.trigger.fired.v1", "hook");
    let two = notice(1, "io.driftline.trigger.resolved.v1", "hook");
    assert_eq!(store.enqueue(std::slice::from_ref(&one)).await.unwrap(), 1);
    assert_eq!(store.enqueue(&[one.clone(), two.clone()]).await.unwrap(), 1);
    assert_eq!(store.enqueue(&[]).await.unwrap(), 0);
    let row = store.delivery(one.id).await.unwrap().unwrap();
    assert_eq!((row.state.as_str(), row.tries, row.next_at, row.at), ("pending", 0, None, NOW - 5));
    assert_eq!((row.incident, row.kind.as_str()), (one.incident, one.kind));
    assert_eq!(row.trace, one.trace);
    assert_eq!(row.data["reason"], "a\u{fffd}b ä");
    assert_eq!(row.data["evidence"], one.data["evidence"]);
    let all = store.deliveries(&Wanted::default(), None, 10).await.unwrap();
    assert_eq!(all.iter().map(|it| it.id).collect::<Vec<_>>(), [two.id, one.id], "the last written first");
    let next = store.deliveries(&Wanted::default(), Some(all[0].n), 10).await.unwrap();
    assert_eq!(next.iter().map(|it| it.id).collect::<Vec<_>>(), [one.id]);
}

pub async fn every_filter_restricts_deliveries(database: Database) {
    let store = open(&database).await;
    let (a, b) = (notice(1, "x.fired.v1", "hook"), notice(2, "x.fired.v1", "chat"));
    store.enqueue(&[a.clone(), b.clone()]).await.unwrap();
    let lease = Uuid::now_v7();
    let row = claim(&store, NOW, lease, 5).await.remove(0);
    assert!(store.tried_delivery(row.n, lease, &delivered(NOW)).await.unwrap());
    let ids = async |wanted: Wanted| {
        let rows = store.deliveries(&wanted, None, 10).await.unwrap();
        rows.into_iter().map(|it| it.id).collect::<Vec<_>>()
    };
    let none = Wanted::default;
    assert_eq!(ids(Wanted { state: Some("delivered".into()), ..none() }).await, [a.id]);
    assert_eq!(ids(Wanted { action: Some("chat".into()), ..none() }).await, [b.id]);
    assert_eq!(ids(Wanted { incident: Some(b.incident), ..none() }).await, [b.id]);
    assert!(ids(Wanted { suite: Some("other".into()), ..none() }).await.is_empty());
    assert_eq!(ids(Wanted { suite: Some("payments".into()), ..none() }).await, [b.id, a.id]);
    let counts = store.delivery_counts().await.unwrap();
    let counts: Vec<_> = counts.iter().map(|it| (it.action.as_str(), it.state.as_str(), it.n, it.oldest)).collect();
    assert_eq!(counts, [("chat", "pending", 1, NOW - 5), ("hook", "delivered", 1, NOW - 5)]);
}

pub async fn notices_of_an_incident_are_taken_in_their_order(database: Database) {
    let store = open(&database).await;
    let fired = notice(1, "x.fired.v1", "hook");
    let resolved = notice(1, "x.resolved.v1", "hook");
    let other = notice(2, "x.fired.v1", "hook");
    let elsewhere = notice(1, "x.fired.v1", "chat");
    store.enqueue(&[fired.clone(), resolved.clone(), other.clone(), elsewhere]).await.unwrap();
    assert_eq!(store.due_actions(NOW).await.unwrap(), ["chat", "hook"]);
    let lease = Uuid::now_v7();
    let taken = claim(&store, NOW, lease, 5).await;
    assert_eq!(taken.iter().map(|it| it.id).collect::<Vec<_>>(), [fired.id, other.id]);
    assert!(taken.iter().all(|it| it.tries == 1));
    // Neither while it is sent nor while it waits for its next try.
    assert!(claim(&store, NOW + SECOND, Uuid::now_v7(), 5).await.is_empty());
    let later =
        Tried { state: "pending", next_at: Some(NOW + 60 * SECOND), error: Some("no".into()), ..Tried::default() };
    assert!(store.tried_delivery(taken[0].n, lease, &later).await.unwrap());
    assert!(claim(&store, NOW + 5 * SECOND, Uuid::now_v7(), 5).await.is_empty());
    assert_eq!(store.due_actions(NOW + 5 * SECOND).await.unwrap(), ["chat"]);
    let again = Uuid::now_v7();
    let taken = store.claim_deliveries("hook", NOW + 60 * SECOND, again, NOW + 99 * SECOND, 1).await.unwrap();
    assert_eq!((taken[0].id, taken[0].tries, taken[0].last_error.as_deref()), (fired.id, 2, Some("no")));
    assert!(store.tried_delivery(taken[0].n, again, &delivered(NOW)).await.unwrap());
    let rest = claim(&store, NOW + 61 * SECOND, Uuid::now_v7(), 1).await;
    assert_eq!(rest[0].id, resolved.id);
}

pub async fn a_lease_that_is_over_is_anothers(database: Database) {
    let store = open(&database).await;
    let one = notice(1, "x.fired.v1", "hook");
    store.enqueue(std::slice::from_ref(&one)).await.unwrap();
    let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
    let n = claim(&store, NOW, first, 1).await[0].n;
    assert_eq!(store.redeliver(&Which::Id(one.id), NOW + SECOND).await.unwrap(), 0, "it is being sent");
    let row = claim(&store, NOW + 11 * SECOND, second, 1).await.remove(0);
    assert_eq!((row.n, row.tries), (n, 2));
    assert!(!store.tried_delivery(n, first, &delivered(NOW)).await.unwrap());
    assert_eq!(store.delivery(one.id).await.unwrap().unwrap().state, "pending");
    let why = "x".repeat(1000);
    let dead =
        Tried { state: "dead", status: Some(410), error: Some(why.clone()), ended_at: Some(NOW), ..Tried::default() };
    assert!(store.tried_delivery(n, second, &dead).await.unwrap());
    let row = store.delivery(one.id).await.unwrap().unwrap();
    assert_eq!((row.state.as_str(), row.last_status, row.last_error), ("dead", Some(410), Some(why)));
    // Given up, and sent again.
    assert!(claim(&store, NOW + 999 * SECOND, Uuid::now_v7(), 1).await.is_empty());
    assert_eq!(store.redeliver(&Which::DeadOf("chat".into()), NOW).await.unwrap(), 0);
    assert_eq!(store.redeliver(&Which::DeadOf("hook".into()), NOW).await.unwrap(), 1);
    assert_eq!(store.redeliver(&Which::Dead, NOW).await.unwrap(), 0);
    let row = claim(&store, NOW, first, 1).await.remove(0);
    assert_eq!((row.id, row.tries), (one.id, 1));
    assert!(store.tried_delivery(n, first, &delivered(NOW)).await.unwrap());
    assert_eq!(store.redeliver(&Which::Id(one.id), NOW).await.unwrap(), 1, "one that was delivered, when it is named");
}

pub async fn two_hosts_take_no_notice_twice(database: Database) {
    let (a, b) = (open(&database).await, open(&database).await);
    let all: Vec<_> = (0..200).map(|it| notice(it, "x.fired.v1", "hook")).collect();
    a.enqueue(&all).await.unwrap();
    let take = async |store: &Store| {
        let mut taken = Vec::new();
        loop {
            let rows = claim(store, NOW, Uuid::now_v7(), 7).await;
            if rows.is_empty() {
                return taken;
            }
            taken.extend(rows.into_iter().map(|it| it.id));
        }
    };
    let (mut x, y) = tokio::join!(take(&a), take(&b));
    x.extend(y);
    // Rows that the other one held at that moment were passed over.
    x.extend(take(&a).await);
    x.sort();
    let mut ids: Vec<_> = all.iter().map(|it| it.id).collect();
    ids.sort();
    assert_eq!(x, ids);
}

pub async fn old_deliveries_are_pruned(database: Database) {
    let store = open(&database).await;
    let (gone, waits) = (notice(1, "x.fired.v1", "hook"), notice(2, "x.fired.v1", "chat"));
    store.enqueue(&[gone.clone(), waits.clone()]).await.unwrap();
    let lease = Uuid::now_v7();
    let n = claim(&store, NOW, lease, 1).await[0].n;
    store.tried_delivery(n, lease, &delivered(NOW)).await.unwrap();
    let keep = |deliveries| Retention { deliveries, key_hours: 24, ..Retention::default() };
    let later = NOW + 3 * 86_400 * SECOND;
    assert_eq!(store.prune(later, &keep(None)).await.unwrap().deliveries, 0);
    assert_eq!(store.prune(later, &keep(Some(4))).await.unwrap().deliveries, 0);
    assert_eq!(store.prune(later, &keep(Some(2))).await.unwrap().deliveries, 1);
    let left = store.deliveries(&Wanted::default(), None, 10).await.unwrap();
    assert_eq!(left.iter().map(|it| it.id).collect::<Vec<_>>(), [waits.id]);
}
