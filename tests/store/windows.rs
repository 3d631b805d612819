//! Windows: parts that are taken up once, and what is made of them.

use driftline::store::Store;
use driftline::store::due::Clock;
use driftline::store::panes::Judged;
use driftline::store::rows::{Batch, Cursor, Filter, FindingRow, Micros, Retention};
use driftline::store::windows::{Closed, Kept, Restricted, WindowKey, WindowPart, WindowRow};

use crate::database::Database;
use crate::open;
use crate::rows::{BEGIN, DAY, MINUTE, batch};

pub fn part(minute: i64, records: i64) -> WindowPart {
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

pub async fn commit(store: &Store, parts: Vec<WindowPart>) {
    store.commit(&Batch { windows: parts, ..batch(vec![]) }).await.unwrap();
}

/// The state is that of the parts one behind the other.
pub fn closed(key: &WindowKey, kept: Option<&Kept>, parts: &[WindowPart], is_whole: bool) -> Judged {
    let Kept { row, state } = kept.cloned().unwrap_or_default();
    let mut state = state.unwrap_or_default();
    for it in parts {
        state.extend(&it.state);
    }
    let row = WindowRow {
        records: row.records + parts.iter().map(|it| it.records).sum::<i64>(),
        unreadable: row.unreadable + parts.iter().map(|it| it.unreadable).sum::<i64>(),
        status: if is_whole { "fail" } else { "open" }.into(),
        revision: row.revision + i64::from(is_whole),
        judged_at: key.end + 7,
        statistics: Some(serde_json::json!({"b": 1, "a": 2})),
        message: None,
        baseline: is_whole.then(|| "training, version 3".into()),
        ..key.row()
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
    let findings = if is_whole { vec![finding] } else { vec![] };
    Judged {
        closed: vec![Closed { kept: Kept { row, state: Some(state) }, findings, ..Closed::default() }],
        ..Judged::default()
    }
}

/// Takes up the window of all records: what was kept, the parts, and whether they are all.
pub async fn close_as(
    store: &Store,
    key: &WindowKey,
    close: impl FnOnce(Option<&Kept>, &[WindowPart], bool) -> Judged,
) -> bool {
    let n: i64 = store.waiting(key).await.unwrap().iter().filter(|it| it.bucket == 0).map(|it| it.parts).sum();
    let page = store.page(key, 0, i64::MAX).await.unwrap();
    if page.parts.is_empty() {
        return false;
    }
    let is_whole = key.is_over && n == page.parts.len() as i64;
    let judged = close(page.kept.first(), &page.parts, is_whole);
    store.close_page(key, &page.taken, &judged).await.unwrap()
}

async fn close(store: &Store, key: &WindowKey) -> bool {
    close_as(store, key, |kept, parts, is_whole| closed(key, kept, parts, is_whole)).await
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
    let mut seen = 0;
    let taken = |kept: Option<&Kept>, parts: &[WindowPart], is_whole: bool| {
        assert!(kept.is_none() && is_whole);
        assert!(parts.iter().all(|it| it.start == BEGIN && it.state == [0, 255, it.records as u8]));
        seen = parts.iter().map(|it| it.records).fold(0, |sum, it| sum * 10 + it);
        closed(key, kept, parts, is_whole)
    };
    assert!(close_as(&store, key, taken).await);
    assert_eq!(seen, 23);
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
    let kept = |kept: Option<&Kept>, parts: &[WindowPart], is_whole: bool| {
        assert_eq!(kept.unwrap().state.as_deref(), Some([0, 255, 2, 0, 255, 3, 0, 255, 4].as_slice()));
        closed(key, kept, parts, is_whole)
    };
    commit(&store, vec![part(0, 1)]).await;
    assert!(close_as(&store, key, kept).await);
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
    assert_eq!(store.windows(&Filter::default(), Restricted::default(), None, 9).await.unwrap(), []);
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
        let take = |kept: Option<&Kept>, parts: &[WindowPart], is_whole: bool| {
            taken = (parts.len(), is_whole);
            let short: Vec<_> = parts.iter().map(|it| WindowPart { state: Vec::new(), ..it.clone() }).collect();
            closed(&key, kept, &short, is_whole)
        };
        let is_more = close_as(&store, &key, take).await;
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
    let mut row = closed(&key, None, &[], true).closed.remove(0).kept.row;
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
    let rows = one.windows(&Filter::default(), Restricted::default(), None, 9).await.unwrap();
    assert_eq!(rows.iter().map(|it| (it.records, it.revision)).collect::<Vec<_>>(), [(20, 20)]);
}

pub async fn a_page_that_has_changed_is_not_written(database: Database) {
    let (one, other) = (open(&database).await, open(&database).await);
    commit(&one, vec![part(0, 1)]).await;
    let key = due_at(&one, BEGIN + MINUTE, &[]).await.remove(0);
    let of = async |store: &Store| {
        let page = store.page(&key, 0, i64::MAX).await.unwrap();
        let judged = closed(&key, page.kept.first(), &page.parts, true);
        (page, judged)
    };
    let (before, judged) = of(&one).await;
    // Another host takes up what has come since too.
    commit(&other, vec![part(0, 2)]).await;
    assert!(close(&other, &key).await);
    assert!(!one.close_page(&key, &before.taken, &judged).await.unwrap());
    // Or only what has come since, so that the parts are there still and what was kept is not the same.
    commit(&one, vec![part(0, 4)]).await;
    let (before, judged) = of(&one).await;
    commit(&other, vec![part(0, 8)]).await;
    let (mut later, _) = of(&other).await;
    later.parts.retain(|it| it.records == 8);
    later.taken.ids = later.parts.iter().map(|it| it.id).collect();
    let only_later = closed(&key, later.kept.first(), &later.parts, true);
    assert!(other.close_page(&key, &later.taken, &only_later).await.unwrap());
    assert!(!one.close_page(&key, &before.taken, &judged).await.unwrap());
    assert!(close(&one, &key).await);
    let (row, _) = one.window(key.id()).await.unwrap().unwrap();
    assert_eq!((row.records, row.revision), (15, 3));
}

pub async fn segments_share_rows_and_are_taken_up_apart(database: Database) {
    let store = open(&database).await;
    let of = |i: usize, records| WindowPart { segment: format!("region={i}"), most: 500, ..part(0, records) };
    commit(&store, (0..300).map(|i| of(i, 1)).chain([part(0, 300)]).collect()).await;
    commit(&store, vec![of(7, 5), part(0, 5)]).await;
    let due = due_at(&store, BEGIN + MINUTE, &[]).await;
    let [key] = due.as_slice() else { panic!("a span is due once: {due:?}") };
    let waiting = store.waiting(key).await.unwrap();
    assert!(waiting.len() > 30 && waiting.len() < 66 && waiting[0].bucket == 0, "{}", waiting.len());
    let mut seen = 0;
    for it in waiting {
        let page = store.page(key, it.bucket, i64::MAX).await.unwrap();
        let mut judged = Judged::default();
        let names: std::collections::BTreeSet<_> = page.parts.iter().map(|it| it.segment.clone()).collect();
        for name in names {
            let parts: Vec<_> = page.parts.iter().filter(|it| it.segment == name).cloned().collect();
            assert!(parts.iter().all(|it| it.state == [0, 255, it.records as u8]));
            seen += parts.len();
            judged.closed.extend(closed(&key.of_segment(&name), None, &parts, true).closed);
        }
        assert!(store.close_page(key, &page.taken, &judged).await.unwrap());
    }
    assert_eq!(seen, 303);
    let rows = async |segment: Option<&str>| {
        let restricted = Restricted { segment, ..Restricted::default() };
        store.windows(&Filter::default(), restricted, None, 1000).await.unwrap()
    };
    assert_eq!((rows(None).await.len(), rows(Some("")).await.len()), (301, 1));
    let seven = rows(Some("region=7")).await;
    assert_eq!(seven.iter().map(|it| (it.records, it.segment.as_str())).collect::<Vec<_>>(), [(6, "region=7")]);
    assert_eq!(store.window(seven[0].id).await.unwrap().unwrap().1.len(), 1);
    assert_eq!(due_at(&store, BEGIN + MINUTE, &[]).await, []);
}

/// Which segments are kept apart is the same for all hosts, and for all windows until they are forgotten.
pub async fn no_more_segments_are_kept_apart_than_the_suite_says(database: Database) {
    let hosts = [open(&database).await, open(&database).await];
    let of = |minute, name: String| WindowPart {
        segment: name,
        other: "(other) by region".into(),
        most: 10,
        ..part(minute, 1)
    };
    // Two hosts race for the names.
    let named = |host: usize, minute| (0..8).map(move |i| of(minute, format!("region={host}{i}"))).collect();
    tokio::join!(commit(&hosts[0], named(0, 0)), commit(&hosts[1], named(1, 0)));
    let names = async |minute: i64| {
        let key = WindowKey { start: BEGIN + minute * MINUTE, end: BEGIN + (minute + 1) * MINUTE, ..key() };
        let mut names = std::collections::BTreeMap::new();
        for it in hosts[0].waiting(&key).await.unwrap() {
            for part in hosts[0].page(&key, it.bucket, i64::MAX).await.unwrap().parts {
                *names.entry(part.segment).or_insert(0) += part.records;
            }
        }
        names
    };
    let first = names(0).await;
    assert_eq!((first.len(), first["(other) by region"], first.values().sum::<i64>()), (11, 6, 16), "{first:?}");
    // In another window, from the other host, the same are kept apart.
    for host in [1, 0] {
        commit(&hosts[1 - host], named(host, 1)).await;
    }
    assert_eq!(names(1).await, first);
    // After they were not seen for as long as windows are kept, others are.
    let keep = Retention { windows: Some(2), key_hours: 24, ..Retention::default() };
    let days =
        async |store: &Store, n| store.prune(chrono::Utc::now().timestamp_micros() + n * DAY, &keep).await.unwrap();
    days(&hosts[0], 1).await;
    commit(&open(&database).await, vec![of(2, "region=new".into())]).await;
    assert_eq!(names(2).await.into_keys().collect::<Vec<_>>(), ["(other) by region"]);
    days(&hosts[0], 3).await;
    commit(&open(&database).await, vec![of(3, "region=new".into())]).await;
    assert_eq!(names(3).await.into_keys().collect::<Vec<_>>(), ["region=new"]);
}

pub async fn one_host_at_a_time_closes_a_span(database: Database) {
    let (one, other) = (open(&database).await, open(&database).await);
    let held = one.hold(&key()).await.unwrap().unwrap();
    let is_shared = database.url.starts_with("postgres");
    assert_eq!(other.hold(&key()).await.unwrap().is_none(), is_shared);
    let later = WindowKey { start: BEGIN + MINUTE, ..key() };
    other.hold(&later).await.unwrap().unwrap().release().await;
    held.release().await;
    other.hold(&key()).await.unwrap().unwrap().release().await;
}

pub fn key() -> WindowKey {
    let WindowPart { suite, suite_hash, start, end, length, .. } = part(0, 0);
    WindowKey { suite, suite_hash, start, end, length, is_over: true, ..WindowKey::default() }
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
        let page = store.windows(&Filter::default(), Restricted::default(), after, 2).await.unwrap();
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
        assert_eq!(
            store.windows(&filter, Restricted { status, ..Restricted::default() }, None, 9).await.unwrap().len(),
            n,
            "{filter:?} {status:?}"
        );
    }
}

pub async fn old_windows_are_pruned(database: Database) {
    let store = open(&database).await;
    made(&store, &[0, 24 * 60 * 5]).await;
    let keep = |windows| Retention { windows, key_hours: 24, ..Retention::default() };
    assert_eq!(store.prune(BEGIN + 5 * DAY, &keep(None)).await.unwrap().windows, 0);
    assert_eq!(store.prune(BEGIN + 5 * DAY, &keep(Some(2))).await.unwrap().windows, 1);
    let left = store.windows(&Filter::default(), Restricted::default(), None, 9).await.unwrap();
    assert_eq!(left.iter().map(|it| it.start).collect::<Vec<_>>(), [BEGIN + 5 * DAY]);
}
