//! Triggers: what they have not seen, where they stand, and their incidents with every step.

use driftline::store::panes::Judged;
use driftline::store::rows::{Cursor, Retention};
use driftline::store::triggers::{Decision, EventRow, IncidentRow, StateRow, Wanted};
use driftline::store::windows::{Closed, Kept, WindowKey, WindowPart, WindowRow};
use serde_json::json;
use uuid::Uuid;

use crate::database::Database;
use crate::history::table;
use crate::open;
use crate::rows::{BEGIN, DAY, MINUTE, SECOND, batch};
use crate::windows::close_as;

fn incident(n: u128, at: i64) -> IncidentRow {
    IncidentRow {
        id: Uuid::from_u128(n),
        at,
        suite: "loans".into(),
        suite_hash: "5".repeat(64),
        trigger: "low".into(),
        state: "firing".into(),
        severity: "critical".into(),
        mode: "auto".into(),
        opened: at - MINUTE,
        changed: at,
        data_from: Some(at - 2 * MINUTE),
        data_to: Some(at - MINUTE),
        reason: "score is 0.5 (below 0.9)".into(),
        evidence: json!([{"check": "score", "observed": 0.5}]),
        events: 1,
        ..IncidentRow::default()
    }
}

fn event(of: &IncidentRow, n: i64, kind: &str, state: &str) -> EventRow {
    EventRow {
        incident: of.id,
        n,
        at: of.at + n * SECOND,
        trigger_at: of.opened,
        kind: kind.into(),
        before: "ok".into(),
        state: state.into(),
        by: (n > 1).then(|| "ann".into()),
        reason: "a\u{0}b".into(),
        evidence: json!([{"check": "score"}]),
    }
}

fn decision(version: i64, incidents: Vec<IncidentRow>, events: Vec<EventRow>) -> Decision {
    Decision { suite: "loans".into(), version, now: BEGIN, incidents, events, ..Decision::default() }
}

pub async fn what_is_decided_is_written_once_and_read_back(database: Database) {
    let store = open(&database).await;
    assert_eq!(store.trigger_clock("loans").await.unwrap(), None);
    let mut it = incident(1, BEGIN);
    let state = StateRow {
        trigger: "low".into(),
        key: "region=eu".into(),
        phase: "firing".into(),
        wake: Some(BEGIN + MINUTE),
        wake_wall: None,
        body: "{\"a\": 1}".repeat(100),
    };
    let first = Decision {
        states: vec![state.clone()],
        ..decision(0, vec![it.clone()], vec![event(&it, 1, "fired", "firing")])
    };
    assert!(store.decide(&first).await.unwrap());
    // Whoever has read the same decides no more.
    assert!(!store.decide(&first).await.unwrap());
    assert_eq!(store.trigger_clock("loans").await.unwrap(), Some((1, BEGIN)));
    assert_eq!(store.trigger_states("loans").await.unwrap(), [state]);
    let wakes = store.trigger_wakes().await.unwrap();
    assert_eq!((wakes[0].suite.as_str(), wakes[0].wake, wakes[0].wake_wall), ("loans", Some(BEGIN + MINUTE), None));
    assert_eq!(store.incident(it.id).await.unwrap(), Some(it.clone()));
    (it.state, it.closed, it.events) = ("resolved".into(), Some(BEGIN + DAY), 2);
    (it.alarm, it.alarm_by, it.alarm_note) = (Some(false), Some("ann".into()), Some("a holiday".into()));
    let gone = vec![("low".to_owned(), "region=eu".to_owned())];
    let second = Decision { gone, ..decision(1, vec![it.clone()], vec![event(&it, 2, "resolved", "resolved")]) };
    assert!(store.decide(&second).await.unwrap());
    assert_eq!(store.incident(it.id).await.unwrap(), Some(it.clone()));
    assert_eq!(store.trigger_states("loans").await.unwrap(), []);
    let events = store.incident_events(it.id).await.unwrap();
    let told: Vec<_> = events.iter().map(|it| (it.n, it.kind.as_str(), it.by.as_deref(), it.reason.as_str())).collect();
    assert_eq!(told, [(1, "fired", None, "a\u{fffd}b"), (2, "resolved", Some("ann"), "a\u{fffd}b")]);
    let fared = store.triggers_fared("loans").await.unwrap();
    assert_eq!((fared[0].incidents, fared[0].open, fared[0].right, fared[0].wrong), (1, 0, 0, 1));
    let sql = "SELECT suite, trigger_name, kind, state, done_by, state_now, n::text FROM incident_history ORDER BY n";
    let sql =
        if database.url.starts_with("sqlite") { sql.replace("n::text", "CAST(n AS TEXT)") } else { sql.to_owned() };
    assert_eq!(
        table(&database, &sql).await,
        [
            ["loans", "low", "fired", "firing", "", "resolved", "1"],
            ["loans", "low", "resolved", "resolved", "ann", "resolved", "2"],
        ]
    );
}

pub async fn of_two_that_decide_at_once_one_is_heard(database: Database) {
    let store = open(&database).await;
    let other = open(&database).await;
    for version in 0..20 {
        let it = incident(version as u128, BEGIN + version);
        let mine = decision(version, vec![it.clone()], vec![event(&it, 1, "fired", "firing")]);
        let (a, b) = tokio::join!(store.decide(&mine), other.decide(&mine));
        assert!(a.unwrap() ^ b.unwrap(), "{version}");
    }
    assert_eq!(store.trigger_clock("loans").await.unwrap(), Some((20, BEGIN)));
    assert_eq!(store.incidents(&Wanted::default(), None, 100).await.unwrap().len(), 20);
}

pub async fn incidents_are_paged_and_filtered(database: Database) {
    let store = open(&database).await;
    let mut all: Vec<_> = (0..7).map(|i| incident(i, BEGIN + i as i64 % 3 * MINUTE)).collect();
    all[1].state = "resolved".into();
    all[1].closed = Some(BEGIN);
    all[2].trigger = "other".into();
    all[3].suite = "cards".into();
    all[4].key = "region=eu".into();
    all[5].severity = "info".into();
    assert!(store.decide(&decision(0, all.clone(), vec![])).await.unwrap());
    all.sort_by_key(|it| std::cmp::Reverse((it.at, it.id)));
    let mut paged = Vec::new();
    let mut after = None;
    loop {
        let page = store.incidents(&Wanted::default(), after, 2).await.unwrap();
        after = page.last().map(|it| Cursor { at: it.at, id: it.id, n: 0 });
        let is_last = page.len() < 2;
        paged.extend(page);
        if is_last {
            break;
        }
    }
    assert_eq!(paged, all);
    let n = async |wanted: Wanted| store.incidents(&wanted, None, 100).await.unwrap().len();
    let text = |it: &str| Some(it.to_owned());
    assert_eq!(n(Wanted { suite: text("loans"), ..Wanted::default() }).await, 6);
    assert_eq!(n(Wanted { trigger: text("other"), ..Wanted::default() }).await, 1);
    assert_eq!(n(Wanted { key: text("region=eu"), ..Wanted::default() }).await, 1);
    assert_eq!(n(Wanted { key: text(""), ..Wanted::default() }).await, 6);
    assert_eq!(n(Wanted { state: text("resolved"), ..Wanted::default() }).await, 1);
    assert_eq!(n(Wanted { is_open: Some(true), ..Wanted::default() }).await, 6);
    assert_eq!(n(Wanted { is_open: Some(false), ..Wanted::default() }).await, 1);
    assert_eq!(n(Wanted { severity: text("info"), ..Wanted::default() }).await, 1);
    assert_eq!(
        n(Wanted { since: Some(BEGIN + MINUTE), until: Some(BEGIN + 2 * MINUTE), ..Wanted::default() }).await,
        2
    );
}

/// Closes a window of a minute as it was judged for the first time, or again.
async fn judge(store: &driftline::store::Store, minute: i64, revision: i64, is_undecided: bool) -> Uuid {
    let (suite, suite_hash, length) = ("loans".to_owned(), "5".repeat(64), "1m".to_owned());
    let (start, end) = (BEGIN + minute * MINUTE, BEGIN + (minute + 1) * MINUTE);
    let key = WindowKey { suite, suite_hash, start, end, length, is_over: true, ..WindowKey::default() };
    let WindowKey { suite, suite_hash, start, end, length, .. } = key.clone();
    let part =
        WindowPart { suite, suite_hash, start, end, length, records: 1, state: vec![7], ..WindowPart::default() };
    store.commit(&driftline::store::rows::Batch { windows: vec![part], ..batch(vec![]) }).await.unwrap();
    let row = WindowRow { status: "fail".into(), revision, ..key.row() };
    let closed = Closed { kept: Kept { row, state: Some(vec![1]) }, is_undecided, ..Closed::default() };
    let judged = || Judged { closed: vec![closed.clone()], ..Judged::default() };
    assert!(close_as(store, &key, |_, _, _| judged()).await);
    key.id()
}

pub async fn windows_wait_until_triggers_have_seen_them_as_they_are(database: Database) {
    let store = open(&database).await;
    let (first, second) = (judge(&store, 0, 1, true).await, judge(&store, 1, 1, true).await);
    judge(&store, 2, 1, false).await;
    assert_eq!(store.undecided_suites().await.unwrap(), ["loans"]);
    assert_eq!(store.undecided("loans", 10).await.unwrap(), [(first, 1), (second, 1)]);
    assert_eq!(store.undecided("loans", 1).await.unwrap(), [(first, 1)]);
    assert_eq!(store.undecided("cards", 10).await.unwrap(), []);
    // Judged again, after it was read and before it is decided.
    judge(&store, 0, 2, true).await;
    let seen = Decision { windows: vec![(first, 1), (second, 1)], ..decision(0, vec![], vec![]) };
    assert!(store.decide(&seen).await.unwrap());
    assert_eq!(store.undecided("loans", 10).await.unwrap(), [(first, 2)]);
    let seen = Decision { windows: vec![(first, 2)], ..decision(1, vec![], vec![]) };
    assert!(store.decide(&seen).await.unwrap());
    assert_eq!(store.undecided_suites().await.unwrap(), Vec::<String>::new());
}

pub async fn incidents_that_are_over_are_pruned_with_their_steps(database: Database) {
    let store = open(&database).await;
    let mut all: Vec<_> = (0..3).map(|i| incident(i, BEGIN)).collect();
    all[1].closed = Some(BEGIN + DAY);
    all[2].closed = Some(BEGIN + 20 * DAY);
    let events = all.iter().map(|it| event(it, 1, "fired", "firing")).collect();
    assert!(store.decide(&decision(0, all.clone(), events)).await.unwrap());
    let retention = Retention { tallies: Some(10), key_hours: 24, ..Retention::default() };
    store.prune(BEGIN + 21 * DAY, &retention).await.unwrap();
    for (it, n) in all.iter().zip([1, 0, 1]) {
        assert_eq!(store.incident(it.id).await.unwrap().is_some(), n == 1);
        assert_eq!(store.incident_events(it.id).await.unwrap().len(), n);
    }
}
