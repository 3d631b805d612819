//! Longer windows, and the streams of records whose own time closes windows.

use driftline::store::Store;
use driftline::store::due::{Clock, Longer};
use driftline::store::panes::Judged;
use driftline::store::rows::{Batch, Filter, Micros, Retention};
use driftline::store::streams::StreamPart;
use driftline::store::windows::{Closed, Kept, Restricted, WindowKey, WindowPart, WindowRow};

use crate::database::Database;
use crate::open;
use crate::rows::{BEGIN, DAY, MINUTE, batch};
use crate::windows::close_as;

fn hash() -> String {
    "5".repeat(64)
}

fn key(start: i64, minutes: i64, length: &str) -> WindowKey {
    let start = BEGIN + start * MINUTE;
    WindowKey {
        suite: "intents".into(),
        suite_hash: hash(),
        start,
        end: start + minutes * MINUTE,
        length: length.into(),
        segment: String::new(),
        is_over: true,
        watermark: None,
    }
}

fn closed(key: &WindowKey, records: i64, revision: i64) -> Judged {
    let row = WindowRow {
        records,
        late: revision - 1,
        untimed: 3,
        status: "pass".into(),
        revision,
        judged_at: key.end + 7,
        ..key.row()
    };
    let kept = Kept { row, state: Some(vec![records as u8]) };
    Judged { closed: vec![Closed { kept, ..Closed::default() }], ..Judged::default() }
}

/// Stores a record of a minute, whose time the suite may name.
async fn came(store: &Store, minute: i64, watermark: Option<Micros>) {
    let WindowKey { suite, suite_hash, start, end, length, .. } = key(minute, 1, "1m");
    let stream = StreamPart { suite: suite.clone(), suite_hash: suite_hash.clone(), watermark, idle: 3_600_000_000 };
    let part =
        WindowPart { suite, suite_hash, start, end, length, records: 1, state: vec![7], ..WindowPart::default() };
    store.commit(&Batch { windows: vec![part], streams: vec![stream], ..batch(vec![]) }).await.unwrap();
}

/// Judges a minute, so that its five minutes are to be judged too.
async fn judge(store: &Store, minute: i64, revision: i64) {
    let it = key(minute, 1, "1m");
    let close = |_: Option<&Kept>, parts: &[WindowPart], _: bool| Judged {
        longer: vec![(key(minute / 5 * 5, 5, "5m"), None), (key(minute / 5 * 5, 10, "10m/5m"), None)],
        ..closed(&it, parts.len() as i64, revision)
    };
    assert!(close_as(store, &it, close).await);
}

async fn due(store: &Store, minute: i64) -> Vec<Longer> {
    let now = BEGIN + minute * MINUTE;
    store.due_longer(Clock { now, ended: now, revised: Micros::MAX }, &[]).await.unwrap()
}

fn lengths(due: &[Longer]) -> Vec<&str> {
    due.iter().map(|it| it.key.length.as_str()).collect()
}

pub async fn a_longer_window_is_judged_after_all_shorter_ones(database: Database) {
    let store = open(&database).await;
    for minute in [0, 1, 4] {
        came(&store, minute, None).await;
    }
    judge(&store, 0, 1).await;
    judge(&store, 1, 1).await;
    assert_eq!(lengths(&due(&store, 5).await), [""; 0], "a minute is not judged yet");
    judge(&store, 4, 1).await;
    assert_eq!(lengths(&due(&store, 4).await), [""; 0], "it is not over");
    let found = due(&store, 5).await;
    assert_eq!(lengths(&found), ["5m"]);
    let shorter = store.shorter(&found[0].key, "1m", found[0].key.start, 2).await.unwrap();
    assert_eq!(shorter.iter().map(|it| it.row.start - BEGIN).collect::<Vec<_>>(), [0, MINUTE]);
    let rest = store.shorter(&found[0].key, "1m", shorter[1].row.start + 1, 2).await.unwrap();
    assert_eq!(
        rest.iter().map(|it| (it.row.start - BEGIN, it.state.clone())).collect::<Vec<_>>(),
        [(4 * MINUTE, Some(vec![1]))]
    );
    assert!(store.keep_longer(&found[0], &closed(&found[0].key, 3, 1), true).await.unwrap());
    assert!(!store.keep_longer(&found[0], &closed(&found[0].key, 9, 2), true).await.unwrap(), "it is judged once");
    assert_eq!(lengths(&due(&store, 10).await), ["10m/5m"]);
    let of = async |length: &str| {
        store
            .windows(&Filter::default(), Restricted { length: Some(length), ..Restricted::default() }, None, 9)
            .await
            .unwrap()
    };
    assert_eq!(of("1m").await.len(), 3);
    let row = of("5m").await.remove(0);
    assert_eq!((row.records, row.untimed, row.late, row.length.as_str()), (3, 3, 0, "5m"));
    assert_eq!(store.open_versions().await.unwrap(), [("intents".to_owned(), hash())]);
}

pub async fn a_longer_window_is_not_kept_when_a_shorter_one_has_changed(database: Database) {
    let store = open(&database).await;
    came(&store, 0, None).await;
    judge(&store, 0, 1).await;
    let before = due(&store, 5).await.remove(0);
    came(&store, 0, None).await;
    judge(&store, 0, 2).await;
    assert!(!store.keep_longer(&before, &closed(&before.key, 1, 1), true).await.unwrap());
    assert_eq!(store.kept(before.key.id()).await.unwrap(), None);
    let now = due(&store, 5).await.remove(0);
    assert!(store.keep_longer(&now, &closed(&now.key, 2, 1), true).await.unwrap());
    // What comes late marks it again, and it is not judged again at once.
    came(&store, 0, None).await;
    judge(&store, 0, 3).await;
    let clock = Clock { now: BEGIN + 5 * MINUTE, ended: BEGIN + 5 * MINUTE, revised: BEGIN + 5 * MINUTE };
    assert_eq!(store.due_longer(clock, &[]).await.unwrap(), []);
    assert_eq!(lengths(&store.due_longer(Clock { revised: BEGIN + 6 * MINUTE, ..clock }, &[]).await.unwrap()), ["5m"]);
    assert_eq!(store.due_longer(Clock { revised: BEGIN + 6 * MINUTE, ..clock }, &[hash()]).await.unwrap(), []);
}

pub async fn the_watermark_closes_windows_and_the_clock_those_of_a_stream_that_is_idle(database: Database) {
    let store = open(&database).await;
    let later = i64::MAX / 4;
    let due = async |now: Micros| {
        let clock = Clock { now, ended: now, revised: Micros::MAX };
        let due = store.due_windows(clock, &[]).await.unwrap();
        due.into_iter().map(|it| (it.start - BEGIN) / MINUTE).collect::<Vec<_>>()
    };
    came(&store, 0, Some(BEGIN)).await;
    came(&store, 1, Some(BEGIN + 1)).await;
    let clock = store.streams().await.unwrap()[0].came_at;
    assert_eq!(due(clock).await, [0; 0], "the clock is years ahead, but records come");
    came(&store, 2, Some(BEGIN + MINUTE)).await;
    assert_eq!(due(clock).await, [0]);
    // What comes late does not take it back.
    came(&store, 0, Some(BEGIN - DAY)).await;
    came(&store, 5, None).await;
    assert_eq!(due(clock).await, [0]);
    assert_eq!(store.streams().await.unwrap()[0].watermark, Some(BEGIN + MINUTE));
    assert_eq!(due(clock + 3_700_000_000).await, [0, 1, 2, 5], "none came for an hour");
    assert_eq!(due(later).await, [0, 1, 2, 5]);
    let too_late = |_: Option<&Kept>, parts: &[WindowPart], _: bool| Judged {
        too_late: parts.iter().map(|it| it.records).sum(),
        ..Judged::default()
    };
    assert!(close_as(&store, &key(0, 1, "1m"), too_late).await);
    assert_eq!(store.streams().await.unwrap()[0].too_late, 2);
    assert_eq!((due(later).await, store.kept(key(0, 1, "1m").id()).await.unwrap()), (vec![1, 2, 5], None));
}

pub async fn a_silence_is_kept_once(database: Database) {
    let (one, other) = (open(&database).await, open(&database).await);
    one.begin_stream("intents", &hash(), BEGIN).await.unwrap();
    other.begin_stream("intents", &hash(), BEGIN + 9).await.unwrap();
    let stream = one.streams().await.unwrap().remove(0);
    assert_eq!((stream.came_at, stream.silent_at), (BEGIN, None));
    let silence = || closed(&key(0, 10, "silence"), 0, 1).closed.remove(0);
    assert!(one.keep_silence(&stream, silence()).await.unwrap());
    assert!(!other.keep_silence(&stream, silence()).await.unwrap());
    assert_eq!(one.streams().await.unwrap()[0].silent_at, Some(BEGIN));
    came(&one, 0, None).await;
    assert!(!one.keep_silence(&stream, silence()).await.unwrap(), "a record has come");
    let stream = one.streams().await.unwrap().remove(0);
    assert!(stream.came_at > BEGIN && one.keep_silence(&stream, silence()).await.unwrap());
}

pub async fn windows_are_kept_that_a_longer_one_will_be_merged_of(database: Database) {
    let store = open(&database).await;
    let n = async || store.windows(&Filter::default(), Restricted::default(), None, 9).await.unwrap().len();
    for minute in [0, 1, 11] {
        came(&store, minute, None).await;
        judge(&store, minute, 1).await;
    }
    for length in ["5m", "10m/5m"] {
        let found = due(&store, 10).await;
        assert_eq!(lengths(&found), [length], "one that slides waits for those within it");
        assert!(store.keep_longer(&found[0], &Judged::default(), true).await.unwrap());
    }
    let retention = Retention { windows: Some(1), key_hours: 24, ..Retention::default() };
    store.prune(BEGIN + 3 * DAY, &retention).await.unwrap();
    assert_eq!(n().await, 1, "of the first ten minutes nothing is due");
}
