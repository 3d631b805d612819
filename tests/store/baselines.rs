//! Baselines with their versions, and the windows that others are compared with.

use driftline::store::Store;
use driftline::store::baselines::BaselineRow;

use crate::database::Database;
use crate::history::table;
use crate::open;
use crate::rows::{BEGIN, MINUTE, SECOND};
use crate::windows::made;

fn baseline(name: &str, hash: &str, at: i64) -> BaselineRow {
    BaselineRow {
        name: name.into(),
        hash: hash.into(),
        size: 9,
        records: 1000,
        at,
        by: "ann".into(),
        model: Some("intents".into()),
        source: "file".into(),
        ..BaselineRow::default()
    }
}

async fn put(store: &Store, row: &BaselineRow) -> i64 {
    store.put_baseline(row, &format!("{{\"{}\"}}", row.hash)).await.unwrap().0.version
}

pub async fn the_same_bytes_are_one_version(database: Database) {
    let store = open(&database).await;
    let (first, second) = (baseline("training", "a", BEGIN), baseline("training", "b", BEGIN + SECOND));
    let kept = store.put_baseline(&first, "{\"a\"}").await.unwrap();
    assert_eq!(kept, (BaselineRow { version: 1, ..first.clone() }, true));
    assert_eq!(put(&store, &second).await, 2);
    // Put again by somebody else, it stays what it was.
    let again = BaselineRow { by: "bob".into(), model: None, at: BEGIN + 9 * SECOND, ..first.clone() };
    assert_eq!(store.put_baseline(&again, "{\"a\"}").await.unwrap(), (kept.0.clone(), false));
    assert_eq!(put(&store, &baseline("other", "a", BEGIN)).await, 1, "names have their own numbers");
    let second = BaselineRow { version: 2, ..second };
    assert_eq!(store.baseline_versions("training").await.unwrap(), [second.clone(), kept.0.clone()]);
    assert_eq!(store.baselines().await.unwrap().len(), 3);
    assert_eq!(store.baseline("training", 2).await.unwrap(), Some(second));
    assert_eq!(store.baseline("training", 3).await.unwrap(), None);
    assert_eq!(store.baseline_body("training", 1).await.unwrap().as_deref(), Some("{\"a\"}"));
    assert_eq!(store.baseline_body("training", 7).await.unwrap(), None);
    assert_eq!(store.active_baseline("training").await.unwrap(), None);
}

pub async fn the_last_activation_of_a_baseline_holds(database: Database) {
    let store = open(&database).await;
    for hash in ["a", "b", "c"] {
        put(&store, &baseline("training", hash, BEGIN)).await;
    }
    let active = async || store.active_baseline("training").await.unwrap().map(|it| it.version);
    assert!(!store.activate_baseline("training", 4, "ann", BEGIN).await.unwrap());
    assert!(!store.activate_baseline("nothing", 1, "ann", BEGIN).await.unwrap());
    assert!(store.activate_baseline("training", 2, "ann", BEGIN).await.unwrap());
    assert_eq!(active().await, Some(2));
    // Back; a clock that runs behind does not matter.
    assert!(store.activate_baseline("training", 1, "bob", BEGIN - SECOND).await.unwrap());
    assert_eq!(active().await, Some(1));
    assert!(!store.remove_baseline("training", 1).await.unwrap(), "it is active");
    assert!(store.remove_baseline("training", 2).await.unwrap());
    assert!(!store.remove_baseline("training", 2).await.unwrap(), "it is gone");
    let left: Vec<_> = store.baseline_versions("training").await.unwrap().iter().map(|it| it.version).collect();
    assert_eq!(left, [3, 1]);
    // What was active once keeps its number, though it is removed.
    assert!(store.activate_baseline("training", 3, "ann", BEGIN).await.unwrap());
    assert!(store.activate_baseline("training", 1, "ann", BEGIN).await.unwrap());
    assert!(store.remove_baseline("training", 3).await.unwrap());
    assert_eq!(put(&store, &baseline("training", "d", BEGIN)).await, 4);
}

pub async fn two_hosts_that_put_at_once_make_two_versions(database: Database) {
    let (one, other) = (open(&database).await, open(&database).await);
    for i in 0..10 {
        let (a, b) = (baseline("training", &format!("a{i}"), BEGIN), baseline("training", &format!("b{i}"), BEGIN));
        let (a, b) = tokio::join!(put(&one, &a), put(&other, &b));
        assert_eq!(a.min(b), 2 * i + 1);
        assert_eq!(a.max(b), 2 * i + 2);
    }
    let same = baseline("same", "s", BEGIN);
    let (a, b) = tokio::join!(one.put_baseline(&same, "{}"), other.put_baseline(&same, "{}"));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!((a.0.version, b.0.version, a.1 != b.1), (1, 1, true));
}

pub async fn views_show_what_happened_to_baselines(database: Database) {
    let store = open(&database).await;
    put(&store, &baseline("training", "a", BEGIN)).await;
    put(&store, &baseline("training", "b", BEGIN + SECOND)).await;
    for (version, by) in [(1, "ann"), (2, "bob"), (2, "bob"), (1, "eve")] {
        assert!(store.activate_baseline("training", version, by, BEGIN + 2 * SECOND).await.unwrap());
    }
    let sql = "SELECT event, hash, done_by FROM baseline_history ORDER BY at, done_by";
    let expected = [
        ["put", "a", "ann"],
        ["put", "b", "ann"],
        ["activated", "a", "ann"],
        ["activated", "b", "bob"],
        ["activated", "a", "eve"],
    ];
    assert_eq!(table(&database, sql).await, expected.map(|it| it.map(str::to_owned).to_vec()));
}

pub async fn judged_windows_are_found_with_their_states(database: Database) {
    let store = open(&database).await;
    made(&store, &[0, 1, 2, 3, 4]).await;
    let hash = "5".repeat(64);
    let of = async |suite: &str, since: Option<i64>, until: i64, limit: u32| {
        let since = since.map(|it| BEGIN + it * MINUTE);
        store.judged_windows((suite, &hash, "1m", ""), since, BEGIN + until * MINUTE, None, limit).await.unwrap()
    };
    let minutes = |rows: &[driftline::store::windows::WindowRow]| -> Vec<i64> {
        rows.iter().map(|it| (it.start - BEGIN) / MINUTE).collect()
    };
    assert_eq!(minutes(&of("intents", None, 3, 9).await), [2, 1, 0]);
    assert_eq!(minutes(&of("intents", Some(1), 9, 2).await), [4, 3]);
    assert!(of("other", None, 9, 9).await.is_empty());
    let ended = Some(BEGIN + 3 * MINUTE);
    let by = store.judged_windows(("intents", &hash, "1m", ""), None, BEGIN + 9 * MINUTE, ended, 1).await.unwrap();
    assert_eq!(minutes(&by), [2], "the last of those that end by then");
    let longer = store.judged_windows(("intents", &hash, "5m", ""), None, BEGIN + MINUTE, None, 9).await.unwrap();
    assert!(longer.is_empty(), "windows of another length");
    let ids: Vec<_> = of("intents", Some(1), 3, 9).await.iter().map(|it| it.id).collect();
    assert_eq!(store.window_states(&ids).await.unwrap(), [[0, 255, 1], [0, 255, 1]]);
    assert_eq!(store.window_states(&[]).await.unwrap(), Vec::<Vec<u8>>::new());
}
