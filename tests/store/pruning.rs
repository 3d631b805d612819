//! What was kept long enough goes, and nothing else.

use driftline::store::rows::{Batch, Filter, Retention};
use driftline::store::{Committed, Pruned, Store};

use crate::database::Database;
use crate::open;
use crate::rows::{BEGIN, DAY, MINUTE, batch, failure, finding, key, result, tally};

/// A result with all that belongs to it, for each time.
async fn commit(store: &Store, times: &[i64]) {
    let results: Vec<_> = times.iter().map(|it| result(*it)).collect();
    let rows = Batch {
        failures: results.iter().map(|it| failure(it, 0)).collect(),
        findings: results.iter().map(|it| finding(it, 0)).collect(),
        tallies: times.iter().map(|it| tally(*it)).collect(),
        keys: times.iter().map(|it| key(*it, &it.to_string())).collect(),
        ..batch(results)
    };
    assert_eq!(store.commit(&rows).await.unwrap(), Committed::Now);
}

/// How many results, failures and tallies there are.
async fn count(store: &Store) -> [usize; 3] {
    let all = Filter::default();
    [
        store.results(&all, None, 1_000_000).await.unwrap().len(),
        store.failures(&all, None, 1_000_000).await.unwrap().len(),
        store.stats(&all, 60).await.unwrap().len(),
    ]
}

pub async fn old_rows_are_pruned(database: Database) {
    let store = open(&database).await;
    let days = [100, 70, 40, 10, 1, 0].map(|it| BEGIN - it * DAY);
    commit(&store, &days).await;
    let retention =
        Retention { results: Some(50), failures: Some(20), tallies: Some(80), key_hours: 36, ..Retention::default() };
    let pruned = store.prune(BEGIN, &retention).await.unwrap();
    assert_eq!(count(&store).await, [4, 3, 5]);
    assert_eq!((pruned.tallies, pruned.keys), (1, 4));
    assert!(pruned.weeks > 0 || pruned.results == 2 && pruned.failures == 3 && pruned.findings == 3, "{pruned:?}");
    assert!(store.key("intents", &days[4].to_string()).await.unwrap().is_some());
    assert!(store.key("intents", &days[3].to_string()).await.unwrap().is_none());
    assert_eq!(store.prune(BEGIN, &retention).await.unwrap(), Pruned::default());
    // A host that was away for long brings rows for weeks that are gone.
    commit(&store, &[BEGIN - 100 * DAY + 1]).await;
    assert_eq!(count(&store).await, [5, 4, 6]);
    // Another host prunes, and this one does not know it.
    open(&database).await.prune(BEGIN, &retention).await.unwrap();
    assert_eq!(count(&store).await, [4, 3, 5]);
    commit(&store, &[BEGIN - 100 * DAY + 2]).await;
    assert_eq!(count(&store).await, [5, 4, 6]);
}

pub async fn without_retention_all_is_kept(database: Database) {
    let store = open(&database).await;
    commit(&store, &[BEGIN - 5000 * DAY, BEGIN]).await;
    let retention = Retention { key_hours: 24, ..Retention::default() };
    let pruned = store.prune(BEGIN, &retention).await.unwrap();
    assert_eq!(pruned, Pruned { keys: 1, ..Pruned::default() });
    assert_eq!(count(&store).await, [2, 2, 2]);
}

pub async fn many_rows_are_pruned_in_slices(database: Database) {
    const N: i64 = 12_345;
    let store = open(&database).await;
    let times: Vec<_> = (0..N).map(|i| BEGIN - 90 * DAY + i * MINUTE / 60).collect();
    commit(&store, &times).await;
    let batch_of_today = batch(vec![result(BEGIN)]);
    store.commit(&batch_of_today).await.unwrap();
    let retention =
        Retention { results: Some(7), failures: Some(7), tallies: Some(7), key_hours: 1, ..Retention::default() };
    let pruned = store.prune(BEGIN, &retention).await.unwrap();
    assert_eq!((pruned.tallies, pruned.keys), (N as u64, N as u64));
    assert_eq!(count(&store).await, [1, 0, 0]);
    // Segments were committed just now, whatever the time of their rows.
    assert_eq!(store.commit(&batch_of_today).await.unwrap(), Committed::Before);
    let in_a_month = chrono::Utc::now().timestamp_micros() + 31 * DAY;
    let for_ever = Retention { key_hours: 1, ..Retention::default() };
    assert_eq!(store.prune(in_a_month, &for_ever).await.unwrap().segments, 2);
    assert_eq!(store.commit(&batch_of_today).await.unwrap(), Committed::Now);
}

#[test]
fn a_week_that_somebody_reads_goes_the_next_time() {
    let database = crate::database::postgres();
    crate::block_on(async {
        let store = open(&database).await;
        commit(&store, &[BEGIN - 100 * DAY, BEGIN]).await;
        let pool = sqlx::PgPool::connect(&database.url).await.unwrap();
        let mut reader = pool.begin().await.unwrap();
        sqlx::query("SELECT count(*) FROM result").execute(&mut *reader).await.unwrap();
        let retention = Retention {
            results: Some(50),
            failures: Some(50),
            tallies: Some(50),
            key_hours: 36,
            ..Retention::default()
        };
        let pruned = store.prune(BEGIN, &retention).await.unwrap();
        assert_eq!((pruned.weeks, pruned.tallies), (2, 1));
        assert_eq!(count(&store).await, [2, 1, 1]);
        reader.rollback().await.unwrap();
        assert_eq!(store.prune(BEGIN, &retention).await.unwrap().weeks, 1);
        assert_eq!(count(&store).await, [1, 1, 1]);
    });
}
