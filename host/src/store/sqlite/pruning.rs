//! Rows that were kept long enough go in slices, so that commits come between.

use sqlx::Row;
use sqlx::sqlite::SqlitePool;

use super::super::rows::{Micros, Retention};
use super::super::{Error, Pruned, SECOND, SEGMENT_DAYS, days_before};

/// How many rows are deleted in one transaction: some milliseconds.
const SLICE: i64 = 2_000;

/// How many free pages are given back to the file system at once.
const PAGES: &str = "PRAGMA incremental_vacuum(2000)";

const RESULTS: &str = "DELETE FROM result WHERE rowid IN (SELECT rowid FROM result WHERE at < $1 LIMIT $2)";
const FAILURES: &str = "DELETE FROM failure WHERE rowid IN (SELECT rowid FROM failure WHERE at < $1 LIMIT $2)";
const FINDINGS: &str = "DELETE FROM finding WHERE rowid IN (SELECT rowid FROM finding WHERE at < $1 LIMIT $2)";
const TALLIES: &str = "DELETE FROM tally WHERE rowid IN (SELECT rowid FROM tally WHERE minute < $1 LIMIT $2)";
/// But not those that a longer one will be merged of.
const WINDOWS: &str = "DELETE FROM time_window WHERE rowid IN (SELECT w.rowid FROM time_window w WHERE w.end_at < $1 AND w.judged_at < $1 \
    AND NOT EXISTS (SELECT 1 FROM window_due d WHERE d.suite = w.suite AND d.suite_hash = w.suite_hash \
    AND d.start_at <= w.start_at AND d.end_at >= w.end_at) LIMIT $2)";
/// Of windows that could not be judged all that time.
const PARTS: &str =
    "DELETE FROM window_part WHERE rowid IN (SELECT rowid FROM window_part WHERE came_at < $1 LIMIT $2)";
const DUE: &str = "DELETE FROM window_due WHERE rowid IN (SELECT rowid FROM window_due WHERE end_at < $1 AND marked_at < $1 LIMIT $2)";
const STREAMS: &str = "DELETE FROM stream WHERE rowid IN (SELECT rowid FROM stream WHERE came_at < $1 LIMIT $2)";
const NAMES: &str =
    "DELETE FROM segment_name WHERE rowid IN (SELECT rowid FROM segment_name WHERE last_seen < $1 LIMIT $2)";
const PREDICTIONS: &str = "DELETE FROM prediction WHERE rowid IN (SELECT rowid FROM prediction WHERE at < $1 LIMIT $2)";
const LABELS: &str = "DELETE FROM label WHERE rowid IN (SELECT rowid FROM label WHERE changed_at < $1 LIMIT $2)";
const KEYS: &str =
    "DELETE FROM idempotency_key WHERE rowid IN (SELECT rowid FROM idempotency_key WHERE came < $1 LIMIT $2)";
/// Those that wait to be sent have no end.
const DELIVERIES: &str = "DELETE FROM outbox WHERE n IN (SELECT n FROM outbox WHERE ended_at < $1 LIMIT $2)";
const SEGMENTS: &str =
    "DELETE FROM segment WHERE rowid IN (SELECT rowid FROM segment WHERE committed_at < $1 LIMIT $2)";

const UNDECIDED: &str =
    "DELETE FROM undecided WHERE rowid IN (SELECT rowid FROM undecided WHERE noted_at < $1 LIMIT $2)";
/// Incidents that are over, and then their steps.
const INCIDENTS: &str =
    "DELETE FROM incident WHERE rowid IN (SELECT rowid FROM incident WHERE closed_at < $1 LIMIT $2)";
const EVENTS: &str = "DELETE FROM incident_event WHERE rowid IN (SELECT e.rowid FROM incident_event e WHERE e.at < $1 \
    AND NOT EXISTS (SELECT 1 FROM incident i WHERE i.id = e.incident_id) LIMIT $2)";

/// Removes what was kept long enough.
pub async fn prune(pool: &SqlitePool, now: Micros, retention: &Retention) -> Result<Pruned, Error> {
    let since = |days: Option<u32>| days.map(|it| days_before(now, it));
    let keys = now - Micros::from(retention.key_hours) * 3600 * SECOND;
    let pruned = Pruned {
        weeks: 0,
        results: delete(pool, RESULTS, since(retention.results)).await?,
        failures: delete(pool, FAILURES, since(retention.failures)).await?,
        findings: delete(pool, FINDINGS, since(retention.failures)).await?,
        tallies: delete(pool, TALLIES, since(retention.tallies)).await?,
        keys: delete(pool, KEYS, Some(keys)).await?,
        windows: delete(pool, WINDOWS, since(retention.windows)).await?,
        labels: delete(pool, PREDICTIONS, since(retention.predictions)).await?
            + delete(pool, LABELS, since(retention.predictions)).await?,
        deliveries: delete(pool, DELIVERIES, since(retention.deliveries)).await?,
        segments: delete(pool, SEGMENTS, since(Some(SEGMENT_DAYS))).await?,
    };
    for statement in [PARTS, DUE, STREAMS, NAMES, UNDECIDED] {
        delete(pool, statement, since(retention.windows)).await?;
    }
    for statement in [INCIDENTS, EVENTS] {
        delete(pool, statement, since(retention.tallies)).await?;
    }
    shrink(pool).await?;
    Ok(pruned)
}

async fn delete(pool: &SqlitePool, statement: &'static str, before: Option<Micros>) -> Result<u64, Error> {
    let Some(before) = before else { return Ok(0) };
    let mut n_deleted = 0;
    loop {
        let done = sqlx::query(statement).bind(before).bind(SLICE).execute(pool).await?.rows_affected();
        n_deleted += done;
        if done < SLICE.cast_unsigned() {
            return Ok(n_deleted);
        }
    }
}

/// Gives free pages back, some at a time.
async fn shrink(pool: &SqlitePool) -> Result<(), Error> {
    let mut last = i64::MAX;
    loop {
        let free: i64 = sqlx::query("PRAGMA freelist_count").fetch_one(pool).await?.try_get(0)?;
        // A file that was not made by Driftline may not have the mode for it.
        if free == 0 || free >= last {
            return Ok(());
        }
        last = free;
        sqlx::query(PAGES).fetch_all(pool).await?;
    }
}
