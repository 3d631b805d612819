//! What detectors remember from window to window, and in which order windows are judged then.

use driftline::store::due::{Clock, Made};
use driftline::store::panes::Memories;
use driftline::store::rows::{Batch, Micros};
use driftline::store::windows::{Closed, Kept, WindowKey, WindowPart, WindowRow};

use crate::database::Database;
use crate::open;
use crate::rows::{BEGIN, MINUTE, batch};
use crate::windows::close_as;

fn key(minute: i64) -> WindowKey {
    let start = BEGIN + minute * MINUTE;
    WindowKey {
        suite: "intents".into(),
        suite_hash: "5".repeat(64),
        start,
        end: start + MINUTE,
        length: "1m".into(),
        is_over: true,
        ..WindowKey::default()
    }
}

async fn came(store: &driftline::store::Store, minute: i64) {
    let WindowKey { suite, suite_hash, start, end, length, .. } = key(minute);
    let part =
        WindowPart { suite, suite_hash, start, end, length, records: 1, state: vec![7], ..WindowPart::default() };
    store.commit(&Batch { windows: vec![part], ..batch(vec![]) }).await.unwrap();
}

fn closed(key: &WindowKey, revision: i64, memory: Option<&str>) -> Closed {
    let row = WindowRow { status: if revision > 0 { "pass" } else { "open" }.into(), revision, ..key.row() };
    Closed { kept: Kept { row, state: Some(vec![1]) }, memory: memory.map(Into::into), ..Closed::default() }
}

/// Judges the records of a minute; of segments too, with what is to be remembered.
async fn judge(store: &driftline::store::Store, minute: i64, windows: &[(&str, i64, Option<&str>)]) {
    came(store, minute).await;
    let of = |it: &(&str, i64, Option<&str>)| closed(&key(minute).of_segment(it.0), it.1, it.2);
    let judged = || driftline::store::panes::Judged {
        closed: windows.iter().map(of).collect(),
        longer: vec![(WindowKey { length: "5m".into(), end: key(minute).start + 5 * MINUTE, ..key(minute) }, None)],
        ..Default::default()
    };
    assert!(close_as(store, &key(minute), |_, _, _| judged()).await);
}

pub async fn a_window_follows_the_latest_one_that_was_watched(database: Database) {
    let store = open(&database).await;
    judge(&store, 0, &[("", 1, Some("total 0")), ("a", 1, Some("a 0")), ("b", 1, Some(""))]).await;
    judge(&store, 1, &[("", 1, Some("total 1"))]).await;
    judge(&store, 2, &[("", 0, None)]).await;
    let before = async |minute: i64| store.memories(&key(minute), &["", "a", "b", "c"]).await.unwrap();
    let of = |all: &[(&str, &str)]| -> Memories {
        all.iter().map(|(segment, it)| ((*segment).to_owned(), it.as_bytes().to_vec())).collect()
    };
    assert_eq!(before(0).await, of(&[]));
    assert_eq!(before(1).await, of(&[("", "total 0"), ("a", "a 0"), ("b", "")]));
    assert_eq!(before(9).await, of(&[("", "total 1"), ("a", "a 0"), ("b", "")]));
    let other = WindowKey { length: "5m".into(), ..key(9) };
    assert_eq!(store.memories(&other, &[""]).await.unwrap(), of(&[]));
    // What is taken up without being judged changes no memory; a revision does.
    judge(&store, 1, &[("", 1, None)]).await;
    assert_eq!(before(2).await[""], b"total 1");
    judge(&store, 1, &[("", 2, Some("again"))]).await;
    assert_eq!((before(9).await[""].as_slice(), before(1).await[""].as_slice()), (&b"again"[..], &b"total 0"[..]));
    let many: Vec<_> = (0..500).map(|it| it.to_string()).chain(["a".to_owned()]).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert_eq!(store.memories(&key(9), &many).await.unwrap(), of(&[("a", "a 0")]));
}

pub async fn windows_wait_for_earlier_ones_that_are_over(database: Database) {
    let store = open(&database).await;
    let waits = async |minute: i64, now: i64, made: Made| {
        let key = match made {
            Made::OfRecords => key(minute),
            Made::OfWindows => WindowKey { length: "5m".into(), ..key(minute) },
        };
        let now = BEGIN + now * MINUTE;
        store.waits_earlier(&key, made, Clock { now, ended: now, revised: Micros::MAX }).await.unwrap()
    };
    came(&store, 1).await;
    came(&store, 3).await;
    assert!(waits(3, 4, Made::OfRecords).await);
    assert!(!waits(3, 1, Made::OfRecords).await, "it is not over");
    assert!(!waits(1, 4, Made::OfRecords).await, "it waits for itself or for a later one");
    let other = WindowKey { suite_hash: "6".repeat(64), ..key(3) };
    let clock = Clock { now: BEGIN + 9 * MINUTE, ended: BEGIN + 9 * MINUTE, revised: Micros::MAX };
    assert!(!store.waits_earlier(&other, Made::OfRecords, clock).await.unwrap(), "another version");
    judge(&store, 1, &[("", 1, Some("m"))]).await;
    assert!(!waits(3, 4, Made::OfRecords).await);
    // What is late for one that was judged holds nothing up.
    came(&store, 1).await;
    assert!(!waits(3, 4, Made::OfRecords).await);
    assert!(waits(2, 9, Made::OfWindows).await && !waits(1, 9, Made::OfWindows).await);
    assert!(!waits(2, 5, Made::OfWindows).await, "the longer window is not over");
}

pub async fn one_host_at_a_time_closes_windows_that_are_watched(database: Database) {
    let (one, other) = (open(&database).await, open(&database).await);
    let held = one.hold_length(&key(0)).await.unwrap().unwrap();
    let is_shared = database.url.starts_with("postgres");
    assert_eq!(other.hold_length(&key(7)).await.unwrap().is_none(), is_shared);
    assert_eq!(other.hold(&key(0)).await.unwrap().is_none(), is_shared);
    let longer = WindowKey { length: "5m".into(), ..key(0) };
    let (span, length) =
        (other.hold(&key(7)).await.unwrap().unwrap(), other.hold_length(&longer).await.unwrap().unwrap());
    for it in [span, length, held] {
        it.release().await;
    }
    other.hold_length(&key(7)).await.unwrap().unwrap().release().await;
}
