//! Batches: all or nothing, once, and whatever is in them.

use driftline::store::rows::{Batch, Filter, KeyRow, Labels, ResultRow, TallyRow, Verdict};
use driftline::store::{Committed, Options, Store};

use crate::database::{Cluster, Database};
use crate::open;
use crate::rows::{BEGIN, DAY, MINUTE, batch, failure, finding, key, labels, result, tally};

async fn all(store: &Store) -> Vec<ResultRow> {
    store.results(&Filter::default(), None, 1_000_000).await.unwrap()
}

async fn seen(store: &Store) -> Vec<(i64, i64, i64)> {
    let stats = store.stats(&Filter::default(), 60).await.unwrap();
    stats.iter().map(|it| (it.seen, it.failed, it.skipped)).collect()
}

pub async fn what_is_committed_is_read_back(database: Database) {
    let store = open(&database).await;
    let bare = ResultRow { labels: Labels::default(), token: None, statistics: None, ..result(BEGIN + 1) };
    let row = result(BEGIN);
    let (failures, findings) = (vec![failure(&row, 0), failure(&row, 1)], vec![finding(&row, 0)]);
    let keys = vec![key(BEGIN, "k-1")];
    let tallies = vec![tally(BEGIN)];
    let batch = Batch {
        failures: failures.clone(),
        findings: findings.clone(),
        keys: keys.clone(),
        tallies,
        ..batch(vec![row.clone(), bare.clone()])
    };
    assert_eq!(store.commit(&batch).await.unwrap(), Committed::Now);
    assert_eq!(all(&store).await, [bare.clone(), row.clone()]);
    assert_eq!(store.result(row.id).await.unwrap(), Some((row, failures.clone(), findings)));
    assert_eq!(store.result(bare.id).await.unwrap(), Some((bare, Vec::new(), Vec::new())));
    let page = store.failures(&Filter::default(), None, 10).await.unwrap();
    assert_eq!(page.into_iter().rev().collect::<Vec<_>>(), failures);
    assert_eq!(store.key("intents", "k-1").await.unwrap().as_ref(), keys.first());
    assert_eq!(store.key("intents", "k-2").await.unwrap(), None);
    assert_eq!(store.key("other", "k-1").await.unwrap(), None);
    let names = serde_json::to_string(&all(&store).await[1].statistics).unwrap();
    assert!(names.find("\"b\"") < names.find("\"a\""), "the order of the suite is lost: {names}");
}

pub async fn a_segment_counts_once(database: Database) {
    let store = open(&database).await;
    let row = result(BEGIN);
    let batch = Batch { tallies: vec![tally(BEGIN)], ..batch(vec![row.clone()]) };
    assert_eq!(store.commit(&batch).await.unwrap(), Committed::Now);
    assert_eq!(store.commit(&batch).await.unwrap(), Committed::Before);
    // The same from another host, or after a restart.
    assert_eq!(open(&database).await.commit(&batch).await.unwrap(), Committed::Before);
    assert_eq!(all(&store).await, [row]);
    assert_eq!(seen(&store).await, [(10, 2, 1)]);
}

pub async fn a_segment_sent_twice_at_once_counts_once(database: Database) {
    let (one, other) = (open(&database).await, open(&database).await);
    for i in 0..20 {
        let batch = Batch { tallies: vec![tally(BEGIN)], ..batch(vec![result(BEGIN + i)]) };
        let (a, b) = tokio::join!(one.commit(&batch), other.commit(&batch));
        let answers = [a.unwrap(), b.unwrap()];
        assert!(answers.contains(&Committed::Now) && answers.contains(&Committed::Before), "{answers:?}");
    }
    assert_eq!(all(&one).await.len(), 20);
    assert_eq!(seen(&one).await, [(200, 40, 20)]);
}

fn parts() -> (ResultRow, ResultRow, ResultRow) {
    let first = ResultRow { verdict: Verdict::Warn, statistics: None, ..result(BEGIN) };
    let last =
        ResultRow { id: first.id, requests: 0, labels: Labels::default(), verdict: Verdict::Pass, ..result(BEGIN) };
    let sum = ResultRow {
        records: 20,
        failed: 4,
        warned: 2,
        unreadable: 2,
        duration_us: 84,
        failures_left_out: 6,
        statistics: last.statistics.clone(),
        ..first.clone()
    };
    (first, last, sum)
}

pub async fn parts_of_a_result_add_up(database: Database) {
    let store = open(&database).await;
    let (first, last, sum) = parts();
    store.commit(&batch(vec![first])).await.unwrap();
    store.commit(&batch(vec![last.clone()])).await.unwrap();
    assert_eq!(all(&store).await, std::slice::from_ref(&sum));
    // A part that comes late takes nothing away.
    let late = ResultRow { statistics: None, records: 0, failed: 0, warned: 0, unreadable: 0, ..last };
    store.commit(&batch(vec![ResultRow { duration_us: 0, failures_left_out: 0, ..late }])).await.unwrap();
    assert_eq!(all(&store).await, [sum]);
}

pub async fn parts_within_one_batch_add_up(database: Database) {
    let store = open(&database).await;
    let (first, last, sum) = parts();
    store.commit(&batch(vec![first, last])).await.unwrap();
    assert_eq!(all(&store).await, [sum]);
}

pub async fn tallies_add_up(database: Database) {
    let store = open(&database).await;
    let unlabelled = || TallyRow { labels: Labels::default(), ..tally(BEGIN) };
    let tallies = || vec![tally(BEGIN), tally(BEGIN + MINUTE), tally(BEGIN), unlabelled(), unlabelled()];
    for _ in 0..3 {
        store.commit(&Batch { tallies: tallies(), ..batch(Vec::new()) }).await.unwrap();
    }
    assert_eq!(seen(&store).await, [(120, 24, 12), (30, 6, 3)]);
    let bert = Filter { model: Some("bert".into()), ..Filter::default() };
    assert_eq!(store.stats(&bert, 60).await.unwrap()[0].seen, 60);
}

pub async fn two_stores_that_commit_at_once_lose_nothing(database: Database) {
    const ROUNDS: i64 = 25;
    let (one, other) = (open(&database).await, open(&database).await);
    let shared = result(BEGIN);
    let work = |store: Store, is_reversed: bool| {
        let shared = shared.clone();
        async move {
            for round in 0..2 * ROUNDS {
                // The same rows in opposite orders: whoever locks them as they come gets stuck. Results and tallies
                // take turns, since whoever waits for the one cannot get stuck at the other.
                let mut tallies: Vec<_> = (0..200).map(|i| tally(BEGIN + i * MINUTE)).collect();
                let mut results: Vec<_> = (0..50).map(|i| ResultRow { at: BEGIN + i, ..shared.clone() }).collect();
                if is_reversed {
                    tallies.reverse();
                    results.reverse();
                }
                let batch = match round % 2 {
                    0 => Batch { tallies, ..batch(Vec::new()) },
                    _ => batch(results),
                };
                assert_eq!(store.commit(&batch).await.unwrap(), Committed::Now);
            }
        }
    };
    let (a, b) = (tokio::spawn(work(one.clone(), false)), tokio::spawn(work(other, true)));
    a.await.unwrap();
    b.await.unwrap();
    let results = all(&one).await;
    assert_eq!(results.len(), 50);
    assert!(results.iter().all(|it| it.records == 2 * ROUNDS * 10), "{results:?}");
    assert_eq!(seen(&one).await, vec![(2 * ROUNDS * 10, 2 * ROUNDS * 2, 2 * ROUNDS); 200]);
}

pub async fn a_null_character_does_not_poison_a_batch(database: Database) {
    let store = open(&database).await;
    let text = || "a\0b".to_owned();
    let row = ResultRow {
        suite: text(),
        source: text(),
        token: Some(text()),
        labels: labels("a\0b", "\0", "c"),
        statistics: Some(serde_json::json!({"a\0b": ["\0", {"x": "\0"}]})),
        ..result(BEGIN)
    };
    let mut failed = failure(&row, 0);
    failed.observed = Some("\"a\0b\"".into());
    failed.message = text();
    failed.record_id = Some(text());
    let mut found = finding(&row, 0);
    found.observed = Some(text());
    let tally = TallyRow { check: text(), ..tally(BEGIN) };
    let key = KeyRow { key: text(), ..key(BEGIN, "") };
    let batch = Batch {
        failures: vec![failed],
        findings: vec![found],
        tallies: vec![tally],
        keys: vec![key],
        ..batch(vec![row.clone()])
    };
    store.commit(&batch).await.unwrap();
    let (stored, failures, findings) = store.result(row.id).await.unwrap().unwrap();
    assert_eq!(stored.suite, "a\u{fffd}b");
    assert_eq!(stored.statistics, Some(serde_json::json!({"a\u{fffd}b": ["\u{fffd}", {"x": "\u{fffd}"}]})));
    assert_eq!(failures[0].observed.as_deref(), Some("\"a\u{fffd}b\""));
    assert_eq!(findings[0].observed.as_deref(), Some("a\u{fffd}b"));
    // Who asks for the text as it came finds it.
    let filter = Filter { suite: Some(text()), model: Some("a\0b".into()), ..Filter::default() };
    assert_eq!(store.results(&filter, None, 9).await.unwrap().len(), 1);
    assert!(store.key("intents", "a\0b").await.unwrap().is_some());
}

pub async fn overlong_labels_do_not_poison_a_batch(database: Database) {
    let store = open(&database).await;
    // Noise (xorshift), so that nothing is gained by compression.
    let noise = |mut seed: u64| -> String {
        let mut letter = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (b'0' + (seed % 75) as u8) as char
        };
        (0..4000).map(|_| letter()).collect()
    };
    let long = noise(1);
    let row = ResultRow { labels: labels(&long, &noise(2), &noise(3)), ..result(BEGIN) };
    let mut failed = failure(&row, 0);
    failed.record_id = Some(noise(4));
    failed.observed = Some(noise(5));
    failed.check = noise(6);
    failed.field = noise(7);
    let tally = TallyRow {
        labels: row.labels.clone(),
        suite: noise(8),
        suite_hash: noise(9),
        check: noise(10),
        kind: noise(11),
        severity: noise(12),
        field: noise(13),
        ..tally(BEGIN)
    };
    let batch = Batch {
        failures: vec![failed.clone()],
        tallies: vec![tally],
        keys: vec![key(BEGIN, &long)],
        ..batch(vec![row])
    };
    store.commit(&batch).await.unwrap();
    let filter = Filter { model: Some(long.clone()), check: Some(failed.check), ..Filter::default() };
    let found = store.failures(&filter, None, 9).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].observed, failed.observed, "what is not indexed is kept whole");
    assert!(store.key("intents", &long).await.unwrap().is_some());
}

pub async fn a_huge_batch_is_committed(database: Database) {
    const N: i64 = 100_000;
    let store = open(&database).await;
    let results: Vec<_> = (0..N).map(|i| ResultRow { statistics: None, ..result(BEGIN + i) }).collect();
    let failures = results.iter().map(|it| failure(it, 0)).collect();
    let tallies = (0..N).map(|i| tally(BEGIN + i * MINUTE)).collect();
    store.commit(&Batch { failures, tallies, ..batch(results) }).await.unwrap();
    assert_eq!(all(&store).await.len() as i64, N);
    assert_eq!(store.failures(&Filter::default(), None, u32::MAX).await.unwrap().len() as i64, N);
    assert_eq!(seen(&store).await.len() as i64, N);
}

pub async fn times_of_any_year_are_kept(database: Database) {
    let store = open(&database).await;
    let times = [BEGIN - 3000 * DAY, BEGIN, BEGIN + 3000 * DAY, 0, -DAY];
    store.commit(&batch(times.map(result).to_vec())).await.unwrap();
    let mut found: Vec<_> = all(&store).await.iter().map(|it| it.at).collect();
    found.reverse();
    let mut times = times.to_vec();
    times.sort_unstable();
    assert_eq!(found, times);
    // What no database has a date for does not fail either.
    store.commit(&batch(vec![ResultRow { at: i64::MAX, ..result(BEGIN) }])).await.unwrap();
    store.commit(&batch(vec![ResultRow { at: i64::MIN, ..result(BEGIN) }])).await.unwrap();
    assert_eq!(all(&store).await.len(), 7);
}

pub async fn a_batch_that_fails_leaves_nothing(database: Database) {
    let store = open(&database).await;
    // The sum of the second part is out of range, which shows after the rows of the first table are written.
    store.commit(&Batch { tallies: vec![tally(BEGIN)], ..batch(Vec::new()) }).await.unwrap();
    let mut bad = tally(BEGIN);
    bad.seen = i64::MAX;
    let mut batch = Batch { tallies: vec![bad], ..batch(vec![result(BEGIN)]) };
    let error = store.commit(&batch).await.unwrap_err();
    assert!(!error.is_transient(), "{error}");
    assert_eq!(all(&store).await, []);
    assert_eq!(seen(&store).await, [(10, 2, 1)]);
    // The segment is not taken for committed.
    batch.tallies.clear();
    assert_eq!(store.commit(&batch).await.unwrap(), Committed::Now);
}

/// A key is only written when it was unknown or expired, so the later request holds it.
pub async fn an_idempotency_key_belongs_to_the_request_that_came_last(database: Database) {
    let store = open(&database).await;
    for (at, came) in [(BEGIN + 7, BEGIN + 1), (BEGIN, BEGIN + 2), (BEGIN + 9, BEGIN)] {
        let new = KeyRow { came, ..key(at, "k") };
        let keys = vec![KeyRow { came: came - 1, ..new.clone() }, new.clone(), new];
        store.commit(&Batch { keys, ..batch(Vec::new()) }).await.unwrap();
    }
    let found = store.key("intents", "k").await.unwrap().unwrap();
    assert_eq!((found.at, found.came), (BEGIN, BEGIN + 2));
}

#[test]
fn a_server_that_went_away_is_transient_and_loses_nothing() {
    let cluster = Cluster::new();
    let database = cluster.database();
    crate::block_on(async {
        let options = Options { acquire_timeout: std::time::Duration::from_secs(1), ..Options::default() };
        let store = Store::open(&database.url, &options).await.unwrap();
        let (first, second) = (batch(vec![result(BEGIN)]), batch(vec![result(BEGIN + 1)]));
        store.commit(&first).await.unwrap();
        cluster.stop();
        let error = store.commit(&second).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        let error = Store::open(&database.url, &options).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        cluster.start();
        assert_eq!(store.commit(&first).await.unwrap(), Committed::Before);
        assert_eq!(store.commit(&second).await.unwrap(), Committed::Now);
        assert_eq!(all(&store).await.len(), 2);
    });
}

#[test]
fn a_new_week_waits_for_no_reader() {
    let database = crate::database::postgres();
    crate::block_on(async {
        let store = open(&database).await;
        store.commit(&batch(vec![result(BEGIN)])).await.unwrap();
        let pool = sqlx::PgPool::connect(&database.url).await.unwrap();
        // As a backup does for hours.
        let mut reader = pool.begin().await.unwrap();
        sqlx::query("SELECT count(*) FROM result, failure, finding").execute(&mut *reader).await.unwrap();
        let rows = batch(vec![result(BEGIN + 30 * DAY)]);
        let commit = tokio::time::timeout(std::time::Duration::from_secs(20), store.commit(&rows));
        assert_eq!(commit.await.unwrap().unwrap(), Committed::Now);
        reader.rollback().await.unwrap();
    });
}
