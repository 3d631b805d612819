//! Results, failures and findings lie in partitions of a week each.
//!
//! A week is short enough to be dropped soon after its last row is old enough, and long enough that years of
//! history are some hundreds of partitions: a query without a time locks all of them, and the server's table of
//! locks is finite.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, NaiveTime};
use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, Executor, PgConnection};

use super::super::reading::moment;
use super::super::rows::{Batch, Micros, Retention};
use super::super::{DAY, Error, Pruned, SECOND, SEGMENT_DAYS, days_before};

const TABLES: [&str; 4] = ["result", "failure", "finding", "prediction"];

const WEEK: Micros = 7 * DAY;

/// 1970 began on a Thursday; weeks begin on Mondays.
const MONDAY: Micros = -3 * DAY;

/// The advisory lock of all who make or drop partitions; any number that others are unlikely to take.
const LOCK: i64 = 0x6472_6966_746c_696e;

/// How many rows are deleted in one transaction, so that none is held up for long.
const SLICE: i64 = 10_000;

/// The weeks that are known to have their partitions.
#[derive(Default)]
pub struct Weeks(Mutex<BTreeSet<Week>>);

/// A week by the microsecond that it begins with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Week(Micros);

impl Week {
    const fn of(at: Micros) -> Week {
        Week((at - MONDAY).div_euclid(WEEK) * WEEK + MONDAY)
    }

    const fn next(self) -> Week {
        Week(self.0 + WEEK)
    }

    fn day(self) -> NaiveDate {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default().date_naive()
    }

    fn partition(self, table: &str) -> String {
        format!("{table}_{}", self.day().format("%Y%m%d"))
    }

    fn read(table: &str, partition: &str) -> Option<Week> {
        let day = partition.strip_prefix(table)?.strip_prefix('_')?;
        let day = NaiveDate::parse_from_str(day, "%Y%m%d").ok()?;
        let begin: DateTime<_> = day.and_time(NaiveTime::MIN).and_utc();
        Some(Week(begin.timestamp_micros()))
    }
}

impl Weeks {
    /// Makes the partitions that a batch needs.
    pub async fn make(&self, pool: &PgPool, batch: &Batch) -> Result<(), Error> {
        let times = batch.results.iter().map(|it| it.at);
        let times = times.chain(batch.failures.iter().map(|it| it.at)).chain(batch.findings.iter().map(|it| it.at));
        let times = times.chain(batch.predictions.iter().map(|it| it.at));
        let needed: BTreeSet<Week> = times.map(Week::of).collect();
        let new: Vec<Week> = needed.difference(&self.known()).copied().collect();
        if new.is_empty() {
            return Ok(());
        }
        // Not in the transaction of the batch: this lock would be held until all its rows are written.
        let mut transaction = pool.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *transaction).await?;
        for week in &new {
            for table in TABLES {
                make(&mut transaction, table, *week).await?;
            }
        }
        transaction.commit().await?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(new);
        Ok(())
    }

    /// Forgets what is known: another host dropped a partition.
    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn known(&self) -> BTreeSet<Week> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

const HAS_PARTITION: &str = "SELECT EXISTS (SELECT 1 FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
    WHERE i.inhparent = $1::regclass AND c.relname = $2)";

/// Attaching locks out neither readers nor writers; `CREATE TABLE .. PARTITION OF` would wait for every reader, a
/// backup for one, and all others would wait behind it.
async fn make(connection: &mut PgConnection, table: &str, week: Week) -> Result<(), Error> {
    let name = week.partition(table);
    let is_there: bool = sqlx::query_scalar(HAS_PARTITION).bind(table).bind(&name).fetch_one(&mut *connection).await?;
    if is_there {
        return Ok(());
    }
    let (from, to) = (week.day(), week.next().day());
    let statement = format!(
        "CREATE TABLE {name} (LIKE {table} INCLUDING ALL); \
         ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{from} 00:00+00') TO ('{to} 00:00+00')"
    );
    connection.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await?;
    Ok(())
}

/// Whether no partition takes a row: another host has dropped it since.
pub fn is_gone(error: &Error) -> bool {
    error.code().as_deref() == Some("23514")
}

/// Removes what was kept long enough.
pub async fn prune(pool: &PgPool, weeks: &Weeks, now: Micros, retention: &Retention) -> Result<Pruned, Error> {
    let mut pruned = Pruned::default();
    for (table, days) in
        [("result", retention.results), ("failure", retention.failures), ("finding", retention.failures)]
    {
        if let Some(days) = days {
            let dropped = drop_weeks(pool, table, days_before(now, days)).await;
            // Some may be gone although others could not be dropped.
            weeks.forget();
            pruned.weeks += dropped?;
        }
    }
    if let Some(days) = retention.predictions {
        let dropped = drop_weeks(pool, "prediction", days_before(now, days)).await;
        weeks.forget();
        pruned.weeks += dropped?;
        pruned.labels = delete(pool, DELETE_LABELS, days_before(now, days)).await?;
    }
    if let Some(days) = retention.tallies {
        pruned.tallies = delete(pool, DELETE_TALLIES, days_before(now, days)).await?;
        for statement in [DELETE_INCIDENTS, DELETE_EVENTS] {
            delete(pool, statement, days_before(now, days)).await?;
        }
    }
    if let Some(days) = retention.windows {
        pruned.windows = delete(pool, DELETE_WINDOWS, days_before(now, days)).await?;
        for statement in [DELETE_PARTS, DELETE_DUE, DELETE_STREAMS, DELETE_NAMES, DELETE_UNDECIDED] {
            delete(pool, statement, days_before(now, days)).await?;
        }
    }
    pruned.keys = delete(pool, DELETE_KEYS, now - Micros::from(retention.key_hours) * 3600 * SECOND).await?;
    if let Some(days) = retention.deliveries {
        pruned.deliveries = delete(pool, DELETE_DELIVERIES, days_before(now, days)).await?;
    }
    pruned.segments = delete(pool, DELETE_SEGMENTS, days_before(now, SEGMENT_DAYS)).await?;
    Ok(pruned)
}

const PARTITIONS: &str = "SELECT c.relname::text, format('%I.%I', n.nspname, c.relname) FROM pg_inherits i \
    JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE i.inhparent = $1::regclass ORDER BY 1";

async fn drop_weeks(pool: &PgPool, table: &str, before: Micros) -> Result<u64, Error> {
    let partitions: Vec<(String, String)> = sqlx::query_as(PARTITIONS).bind(table).fetch_all(pool).await?;
    let mut n_dropped = 0;
    for (name, qualified) in partitions {
        if Week::read(table, &name).is_none_or(|it| it.next().0 > before) {
            continue;
        }
        match drop_partition(pool, &qualified).await {
            Ok(()) => n_dropped += 1,
            // Somebody reads for long. It goes the next time; what else is old enough goes now.
            Err(error) if error.code().as_deref() == Some("55P03") => {}
            Err(error) => return Err(error),
        }
    }
    Ok(n_dropped)
}

async fn drop_partition(pool: &PgPool, qualified: &str) -> Result<(), Error> {
    let mut transaction = pool.begin().await?;
    // To drop one waits for all readers of the table, and others wait behind it, so this does not wait for long.
    sqlx::query("SELECT set_config('lock_timeout', '3s', true)").execute(&mut *transaction).await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *transaction).await?;
    transaction.execute(sqlx::raw_sql(AssertSqlSafe(format!("DROP TABLE IF EXISTS {qualified}")))).await?;
    transaction.commit().await?;
    Ok(())
}

const DELETE_TALLIES: &str =
    "DELETE FROM tally WHERE ctid = ANY (ARRAY(SELECT ctid FROM tally WHERE minute < $1 LIMIT $2))";

/// But not those that a longer one will be merged of.
const DELETE_WINDOWS: &str = "DELETE FROM time_window WHERE ctid = ANY (ARRAY(SELECT w.ctid FROM time_window w WHERE w.end_at < $1 \
    AND w.judged_at < $1 AND NOT EXISTS (SELECT 1 FROM window_due d WHERE d.suite = w.suite \
    AND d.suite_hash = w.suite_hash AND d.start_at <= w.start_at AND d.end_at >= w.end_at) LIMIT $2))";

/// Of windows that could not be judged all that time.
const DELETE_PARTS: &str =
    "DELETE FROM window_part WHERE ctid = ANY (ARRAY(SELECT ctid FROM window_part WHERE came_at < $1 LIMIT $2))";

const DELETE_DUE: &str = "DELETE FROM window_due WHERE ctid = ANY (ARRAY(SELECT ctid FROM window_due \
    WHERE end_at < $1 AND marked_at < $1 LIMIT $2))";

const DELETE_STREAMS: &str =
    "DELETE FROM stream WHERE ctid = ANY (ARRAY(SELECT ctid FROM stream WHERE came_at < $1 LIMIT $2))";

const DELETE_NAMES: &str =
    "DELETE FROM segment_name WHERE ctid = ANY (ARRAY(SELECT ctid FROM segment_name WHERE last_seen < $1 LIMIT $2))";

const DELETE_LABELS: &str =
    "DELETE FROM label WHERE ctid = ANY (ARRAY(SELECT ctid FROM label WHERE changed_at < $1 LIMIT $2))";

const DELETE_UNDECIDED: &str =
    "DELETE FROM undecided WHERE ctid = ANY (ARRAY(SELECT ctid FROM undecided WHERE noted_at < $1 LIMIT $2))";

/// Incidents that are over, and then their steps.
const DELETE_INCIDENTS: &str =
    "DELETE FROM incident WHERE ctid = ANY (ARRAY(SELECT ctid FROM incident WHERE closed_at < $1 LIMIT $2))";

const DELETE_EVENTS: &str = "DELETE FROM incident_event WHERE ctid = ANY (ARRAY(SELECT e.ctid FROM incident_event e \
    WHERE e.at < $1 AND NOT EXISTS (SELECT 1 FROM incident i WHERE i.id = e.incident_id) LIMIT $2))";

const DELETE_KEYS: &str =
    "DELETE FROM idempotency_key WHERE ctid = ANY (ARRAY(SELECT ctid FROM idempotency_key WHERE came < $1 LIMIT $2))";

/// Those that wait to be sent have no end.
const DELETE_DELIVERIES: &str =
    "DELETE FROM outbox WHERE n = ANY (ARRAY(SELECT n FROM outbox WHERE ended_at < $1 LIMIT $2))";

const DELETE_SEGMENTS: &str =
    "DELETE FROM segment WHERE ctid = ANY (ARRAY(SELECT ctid FROM segment WHERE committed_at < $1 LIMIT $2))";

async fn delete(pool: &PgPool, statement: &'static str, before: Micros) -> Result<u64, Error> {
    let mut n_deleted = 0;
    loop {
        let done = sqlx::query(statement).bind(moment(before)).bind(SLICE).execute(pool).await?.rows_affected();
        n_deleted += done;
        if done < SLICE.cast_unsigned() {
            return Ok(n_deleted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_begins_on_its_monday() {
        // 2026-07-01 was a Wednesday.
        let week = Week::of(1_782_864_000_000_000);
        assert_eq!(week.partition("result"), "result_20260629");
        assert!(Week::read("result", "result_20260629") == Some(week));
        assert!(Week::of(week.0) == week && Week::of(week.0 - 1).next() == week);
    }
}
