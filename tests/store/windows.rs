//! Windows: parts that are taken up once, and what is made of them.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use driftline::store::Store;
use driftline::store::due::Clock;
use driftline::store::rows::{Batch, Cursor, Filter, FindingRow, Micros, Retention};
use driftline::store::windows::{Closed, Kept, WindowKey, WindowPart, WindowRow};

use crate::database::Database;
use crate::open;
use crate::rows::{BEGIN, DAY, MINUTE, batch};

fn part(minute: i64, records: i64) -> WindowPart {
    let start = BEGIN + minute * MINUTE;
    WindowPart {
        suite: "intents".into(),
        suite_hash: "5".repeat(64),
        start,
        end: start + MINUTE,
        length: "1m".into(),
        records,
        unreadable: 1,
        state: vec![0, 255, records as u8],
        ..WindowPart::default()
    }
}

/// The windows with parts to take up when the clock says so; those that were judged just now too.
async fn due_at(store: &Store, now: Micros, except: &[String]) -> Vec<WindowKey> {
    store.due_windows(Clock { now, ended: now, revised: Micros::MAX }, except).await.unwrap()
}

async fn commit(store: &Store, parts: Vec<WindowPart>) {
    store.commit(&Batch { windows: parts, ..batch(vec![]) }).await.unwrap();
}

/// The state is that of the parts one behind the other.
fn closed(key: &WindowKey, kept: Option<Kept>, parts: &[WindowPart], is_whole: bool) -> Closed {
    let Kept { row, state } = kept.unwrap_or_default();
    let mut state = state.unwrap_or_default();
    for it in parts {
        state.extend(&it.state);
    }
    let row = WindowRow {
        id: key.id(),
        suite: key.suite.clone(),
        suite_hash: key.suite_hash.clone(),
        start: key.start,
        end: key.end,
        length: key.length.clone(),
        records: row.records + parts.iter().map(|it| it.records).sum::<i64>(),
        unreadable: row.unreadable + parts.iter().map(|it| it.unreadable).sum::<i64>(),
        status: if is_whole { "fail" } else { "open" }.into(),
        revision: row.revision + i64::from(is_whole),
        judged_at: key.end + 7,
        statistics: Some(serde_json::json!({"b": 1, "a": 2})),
        message: None,
        baseline: is_whole.then(|| "training, version 3".into()),
        ..WindowRow::default()
    };
    let finding = FindingRow {
        result_id: row.id,
        at: row.start,
        suite: row.suite.clone(),
        suite_hash: row.suite_hash.clone(),
        check: "mean".into(),
        status: "fail".into(),
        observed: Some(row.records.to_string()),
        ..FindingRow::default()
    };
    Closed { kept: Kept { row, state: Some(state) }, findings: vec![finding], ..Closed::default() }
}

async fn close(store: &Store, key: &WindowKey) -> bool {
    let taken = |kept: Option<Kept>, parts: &[WindowPart], is_whole: bool| closed(key, kept, parts, is_whole);
    store.close_window(key, taken).await.unwrap()
}

pub async fn parts_are_taken_up_once_and_in_their_order(database: Database) {
    let store = open(&database).await;
    commit(&store, vec![part(0, 2), part(1, 9)]).await;
    let again = Batch { windows: vec![part(0, 3)], ..batch(vec![]) };
    store.commit(&again).await.unwrap();
    store.commit(&again).await.unwrap();
    assert_eq!(due_at(&store, BEGIN, &[]).await, []);
    let due = due_at(&store, BEGIN + MINUTE, &[]).await;
    let [key] = due.as_slice() else { panic!("{due:?}") };
    assert!(key.is_over && key.start == BEGIN && key.end == BEGIN + MINUTE);
    let seen = AtomicI64::new(0);
    let taken = |kept: Option<Kept>, parts: &[WindowPart], is_whole: bool| {
        assert!(kept.is_none() && is_whole);
        assert!(parts.iter().all(|it| it.start == BEGIN && it.state == [0, 255, it.records as u8]));
        seen.store(parts.iter().map(|it| it.records).fold(0, |sum, it| sum * 10 + it), Ordering::Relaxed);
        closed(key, kept, parts, is_whole)
    };
    assert!(store.close_window(key, taken).await.unwrap());
    assert_eq!(seen.into_inner(), 23);
    assert!(!close(&store, key).await, "there is nothing more to take up");
    let (row, findings) = store.window(key.id()).await.unwrap().unwrap();
    assert_eq!((row.records, row.unreadable, row.revision, row.status.as_str()), (5, 2, 1, "fail"));
    assert_eq!(row.baseline.as_deref(), Some("training, version 3"));
    assert_eq!(serde_json::to_string(&row.statistics).unwrap(), "{\"b\":1,\"a\":2}");
    assert_eq!(findings.iter().map(|it| it.observed.as_deref()).collect::<Vec<_>>(), [Some("5")]);
    // What comes late is added to what was kept, and its findings stand in place of the others.
    commit(&store, vec![part(0, 4)]).await;
    assert!(close(&store, key).await);
    let (row, findings) = store.window(key.id()).await.unwrap().unwrap();
    assert_eq!((row.records, row.revision, findings.len()), (9, 2, 1));
    assert_eq!(findings[0].observed.as_deref(), Some("9"));
    let kept = |kept: Option<Kept>, parts: &[WindowPart], is_whole: bool| {
        assert_eq!(kept.as_ref().unwrap().state.as_deref(), Some([0, 255, 2, 0, 255, 3, 0, 255, 4].as_slice()));
        closed(key, kept, parts, is_whole)
    };
    commit(&store, vec![part(0, 1)]).await;
    assert!(store.close_window(key, kept).await.unwrap());
}

pub async fn a_window_with_many_parts_is_taken_up_before_it_is_over(database: Database) {
    let store = open(&database).await;
    for _ in 0..3 {
        commit(&store, vec![part(0, 1); 400]).await;
    }
    let due = due_at(&store, BEGIN, &[]).await;
    let [key] = due.as_slice() else { panic!("{due:?}") };
    assert!(!key.is_over);
    assert!(close(&store, key).await);
    assert_eq!(store.windows(&Filter::default(), [None, None], None, 9).await.unwrap(), []);
    assert_eq!(store.window(key.id()).await.unwrap(), None);
    assert!(close(&store, &WindowKey { is_over: true, ..key.clone() }).await);
    let (row, _) = store.window(key.id()).await.unwrap().unwrap();
    assert_eq!((row.records, row.revision), (1200, 1));
}

pub async fn a_window_with_long_parts_is_taken_up_in_pieces(database: Database) {
    let store = open(&database).await;
    let long = |records| WindowPart { state: vec![7; 12 << 20], ..part(0, records) };
    commit(&store, vec![long(1)]).await;
    assert_eq!(due_at(&store, BEGIN, &[]).await, [], "one is not much");
    for records in 2..=8 {
        commit(&store, vec![long(records)]).await;
    }
    let due = due_at(&store, BEGIN, &[]).await;
    let [key] = due.as_slice() else { panic!("{due:?}") };
    assert_eq!(due_at(&store, BEGIN, &[key.suite_hash.clone(), "other".into()]).await, []);
    let key = WindowKey { is_over: true, ..key.clone() };
    let mut seen = Vec::new();
    let mut taken_up = async || {
        let mut taken = (0, false);
        let take = |kept: Option<Kept>, parts: &[WindowPart], is_whole: bool| {
            taken = (parts.len(), is_whole);
            let short: Vec<_> = parts.iter().map(|it| WindowPart { state: Vec::new(), ..it.clone() }).collect();
            closed(&key, kept, &short, is_whole)
        };
        let is_more = store.close_window(&key, take).await.unwrap();
        seen.push(taken);
        is_more
    };
    while taken_up().await {}
    assert_eq!(seen, [(6, false), (2, true), (0, false)], "what is not read makes no window whole");
    let (row, _) = store.window(key.id()).await.unwrap().unwrap();
    assert_eq!((row.records, row.revision), (36, 1));
}

pub async fn a_window_that_waits_is_kept_once(database: Database) {
    let store = open(&database).await;
    commit(&store, vec![part(0, 2)]).await;
    let key = WindowKey { is_over: true, ..due_at(&store, BEGIN + MINUTE, &[]).await.remove(0) };
    assert_eq!(store.open_versions().await.unwrap(), [(key.suite.clone(), key.suite_hash.clone())]);
    let mut row = closed(&key, None, &[], true).kept.row;
    row.message = Some("waits".into());
    store.keep_first(&row).await.unwrap();
    row.message = Some("waits again".into());
    store.keep_first(&row).await.unwrap();
    let (kept, findings) = store.window(key.id()).await.unwrap().unwrap();
    assert_eq!((kept.message.as_deref(), findings.len()), (Some("waits"), 0));
    assert!(close(&store, &key).await);
    assert_eq!(store.window(key.id()).await.unwrap().unwrap().0.records, 2);
    assert_eq!(store.open_versions().await.unwrap(), []);
}

pub async fn two_hosts_that_close_at_once_take_each_part_once(database: Database) {
    let (one, other) = (open(&database).await, open(&database).await);
    for _ in 0..20 {
        commit(&one, vec![part(0, 1)]).await;
        let key = WindowKey { is_over: true, ..due_at(&one, BEGIN + MINUTE, &[]).await.remove(0) };
        let (a, b) = tokio::join!(close(&one, &key), close(&other, &key));
        assert!(a != b, "one of the two has taken the part up: {a} {b}");
    }
    let rows = one.windows(&Filter::default(), [None, None], None, 9).await.unwrap();
    assert_eq!(rows.iter().map(|it| (it.records, it.revision)).collect::<Vec<_>>(), [(20, 20)]);
}

pub async fn what_fails_while_closing_leaves_all_as_it_was(database: Database) {
    let store = open(&database).await;
    commit(&store, vec![part(0, 1)]).await;
    let key = due_at(&store, BEGIN + MINUTE, &[]).await.remove(0);
    let closing = tokio::spawn({
        let (store, key) = (store.clone(), key.clone());
        async move { store.close_window(&key, |_, _, _| panic!("on purpose")).await.is_ok() }
    });
    assert!(closing.await.is_err());
    // The connection that it happened on has the lock until it is back in the pool.
    let mut tries = 0;
    while !close(&store, &key).await {
        tries += 1;
        assert!(tries < 100, "the part is still there");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (row, _) = store.window(key.id()).await.unwrap().unwrap();
    assert_eq!((row.records, row.revision), (1, 1));
}

pub async fn made(store: &Store, minutes: &[Micros]) {
    commit(store, minutes.iter().map(|it| part(*it, 1)).collect()).await;
    for key in due_at(store, BEGIN + 100 * DAY, &[]).await {
        assert!(close(store, &key).await);
    }
}

pub async fn windows_are_paged_and_filtered(database: Database) {
    let store = open(&database).await;
    made(&store, &[0, 1, 2, 3, 4]).await;
    let (mut after, mut starts) = (None, Vec::new());
    loop {
        let page = store.windows(&Filter::default(), [None, None], after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(Cursor { at: last.start, id: last.id, n: 0 });
        starts.extend(page.iter().map(|it| (it.start - BEGIN) / MINUTE));
    }
    assert_eq!(starts, [4, 3, 2, 1, 0]);
    let of = |suite: Option<&str>, since, until| Filter {
        suite: suite.map(str::to_owned),
        since,
        until,
        ..Filter::default()
    };
    for (filter, status, n) in [
        (of(Some("intents"), None, None), None, 5),
        (of(Some("other"), None, None), None, 0),
        (of(None, Some(BEGIN + MINUTE), Some(BEGIN + 3 * MINUTE)), None, 2),
        (Filter::default(), Some("fail"), 5),
        (Filter::default(), Some("pass"), 0),
    ] {
        assert_eq!(store.windows(&filter, [status, None], None, 9).await.unwrap().len(), n, "{filter:?} {status:?}");
    }
}

pub async fn old_windows_are_pruned(database: Database) {
    let store = open(&database).await;
    made(&store, &[0, 24 * 60 * 5]).await;
    let keep = |windows| Retention { results: None, failures: None, tallies: None, windows, key_hours: 24 };
    assert_eq!(store.prune(BEGIN + 5 * DAY, &keep(None)).await.unwrap().windows, 0);
    assert_eq!(store.prune(BEGIN + 5 * DAY, &keep(Some(2))).await.unwrap().windows, 1);
    let left = store.windows(&Filter::default(), [None, None], None, 9).await.unwrap();
    assert_eq!(left.iter().map(|it| it.start).collect::<Vec<_>>(), [BEGIN + 5 * DAY]);
}
