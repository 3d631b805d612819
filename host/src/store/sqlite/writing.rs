//! One transaction for a batch; many rows a statement.

use std::collections::BTreeMap;
use std::future::{Ready, ready};

use sqlx::query_builder::Separated;
use sqlx::sqlite::SqlitePool;
use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection};
use uuid::Uuid;

use super::super::rows::{Batch, FailureRow, FindingRow, KeyRow, ResultRow, TallyRow};
use super::super::segments::{self, Known};
use super::super::{Committed, Error, batch, parts, streams};
use super::joined;

/// How many rows go into one statement; `SQLite` takes 32,766 values, and more rows are not faster.
pub(super) const ROWS: usize = 100;

const SEGMENT: &str = "INSERT INTO segment (id, committed_at) VALUES ($1, CAST(unixepoch('subsec') * 1e6 AS INTEGER)) \
    ON CONFLICT DO NOTHING";

/// Writes a batch.
pub async fn commit(pool: &SqlitePool, known: &Known, batch: &Batch) -> Result<Committed, Error> {
    let batch = batch::prepared(batch);
    let mut connection = pool.acquire().await?;
    // A transaction that begins by reading would fail instead of waiting if another process wrote meanwhile.
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let segment = sqlx::query(SEGMENT).bind(batch.segment).execute(&mut *transaction).await?;
    if segment.rows_affected() == 0 {
        transaction.rollback().await?;
        return Ok(Committed::Before);
    }
    write(&mut transaction, &batch.results, RESULTS, result, ADD_RESULTS).await?;
    write(&mut transaction, &batch.failures, FAILURES, failure, KEEP).await?;
    write(&mut transaction, &batch.findings, FINDINGS, finding, KEEP).await?;
    write(&mut transaction, &batch.tallies, TALLIES, tally, ADD_TALLIES).await?;
    write(&mut transaction, &batch.keys, KEYS, key, TAKE_KEYS).await?;
    joined::predictions(&mut transaction, &batch.predictions).await?;
    let now = batch::clock();
    let (rows, names) = segments::admit!(transaction, known, batch.windows, now, alone);
    for some in parts::in_statements(&rows) {
        let mut query = parts::add_parts::<Sqlite>(batch.segment, some);
        query.build().persistent(some.len() == 1).execute(&mut *transaction).await?;
    }
    for it in &batch.streams {
        streams::advance::<Sqlite>(it, now).build().execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    known.remember(names, now);
    Ok(Committed::Now)
}

/// Nobody else writes.
pub(super) fn alone(_: &mut SqliteConnection, _: Uuid) -> Ready<Result<(), Error>> {
    ready(Ok(()))
}

pub(super) type Values<'q> = Separated<'q, Sqlite, &'static str>;

pub(super) const KEEP: &str = " ON CONFLICT DO NOTHING";

pub(super) async fn write<T>(
    connection: &mut SqliteConnection,
    rows: &[T],
    into: &'static str,
    bind: fn(&mut Values<'_>, &T),
    conflict: &'static str,
) -> Result<(), Error> {
    for rows in rows.chunks(ROWS) {
        let mut query = QueryBuilder::new(into);
        query.push_values(rows, |mut values, row| bind(&mut values, row));
        query.push(conflict);
        // Only the statement for full chunks comes again and is worth to be kept prepared.
        query.build().persistent(rows.len() == ROWS).execute(&mut *connection).await?;
    }
    Ok(())
}

const RESULTS: &str = "INSERT INTO result (id, at, suite, suite_hash, source, token, model, version, segment, \
    trace_id, requests, records, failed, warned, unreadable, verdict, duration_us, failures_left_out, statistics) ";

const ADD_RESULTS: &str = " ON CONFLICT (at, id) DO UPDATE SET requests = result.requests + excluded.requests, \
    records = result.records + excluded.records, failed = result.failed + excluded.failed, \
    warned = result.warned + excluded.warned, unreadable = result.unreadable + excluded.unreadable, \
    verdict = max(result.verdict, excluded.verdict), duration_us = result.duration_us + excluded.duration_us, \
    failures_left_out = result.failures_left_out + excluded.failures_left_out, \
    statistics = coalesce(excluded.statistics, result.statistics)";

fn result(values: &mut Values<'_>, it: &ResultRow) {
    values
        .push_bind(it.id)
        .push_bind(it.at)
        .push_bind(it.suite.clone())
        .push_bind(it.suite_hash.clone())
        .push_bind(it.source.clone())
        .push_bind(it.token.clone())
        .push_bind(it.labels.model.clone())
        .push_bind(it.labels.version.clone())
        .push_bind(it.labels.segment.clone())
        .push_bind(it.trace_id.clone())
        .push_bind(it.requests)
        .push_bind(it.records)
        .push_bind(it.failed)
        .push_bind(it.warned)
        .push_bind(it.unreadable)
        .push_bind(it.verdict as i64)
        .push_bind(it.duration_us)
        .push_bind(it.failures_left_out)
        .push_bind(it.statistics.as_ref().map(ToString::to_string));
}

const FAILURES: &str = "INSERT INTO failure (result_id, n, at, suite, suite_hash, check_name, kind, severity, field, \
    record, record_id, model, version, segment, observed, bound, message, trace_id) ";

fn failure(values: &mut Values<'_>, it: &FailureRow) {
    values
        .push_bind(it.result_id)
        .push_bind(it.n)
        .push_bind(it.at)
        .push_bind(it.suite.clone())
        .push_bind(it.suite_hash.clone())
        .push_bind(it.check.clone())
        .push_bind(it.kind.clone())
        .push_bind(it.severity.clone())
        .push_bind(it.field.clone())
        .push_bind(it.record)
        .push_bind(it.record_id.clone())
        .push_bind(it.labels.model.clone())
        .push_bind(it.labels.version.clone())
        .push_bind(it.labels.segment.clone())
        .push_bind(it.observed.clone())
        .push_bind(it.bound.clone())
        .push_bind(it.message.clone())
        .push_bind(it.trace_id.clone());
}

/// Writes findings by themselves, those of a window.
pub(super) async fn findings(connection: &mut SqliteConnection, rows: &[FindingRow]) -> Result<(), Error> {
    write(connection, rows, FINDINGS, finding, KEEP).await
}

const FINDINGS: &str = "INSERT INTO finding (result_id, n, at, suite, suite_hash, check_name, kind, severity, field, \
    segment, status, observed, bound, message, elements, unexpected, error, length, test, statistic, p_value, details) ";

fn finding(values: &mut Values<'_>, it: &FindingRow) {
    values
        .push_bind(it.result_id)
        .push_bind(it.n)
        .push_bind(it.at)
        .push_bind(it.suite.clone())
        .push_bind(it.suite_hash.clone())
        .push_bind(it.check.clone())
        .push_bind(it.kind.clone())
        .push_bind(it.severity.clone())
        .push_bind(it.field.clone())
        .push_bind(it.segment.clone())
        .push_bind(it.status.clone())
        .push_bind(it.observed.clone())
        .push_bind(it.bound.clone())
        .push_bind(it.message.clone())
        .push_bind(it.elements)
        .push_bind(it.unexpected)
        .push_bind(it.error)
        .push_bind(it.length.clone())
        .push_bind(it.test.clone())
        .push_bind(it.statistic)
        .push_bind(it.p_value)
        .push_bind(it.details.as_ref().map(ToString::to_string));
}

const TALLIES: &str = "INSERT INTO tally (minute, suite, suite_hash, check_name, kind, severity, field, model, \
    version, segment, seen, failed, skipped) ";

const ADD_TALLIES: &str = " ON CONFLICT (suite, minute, check_name, kind, severity, field, suite_hash, model, version, segment) \
    DO UPDATE SET seen = tally.seen + excluded.seen, failed = tally.failed + excluded.failed, \
    skipped = tally.skipped + excluded.skipped";

fn tally(values: &mut Values<'_>, it: &TallyRow) {
    values
        .push_bind(it.minute)
        .push_bind(it.suite.clone())
        .push_bind(it.suite_hash.clone())
        .push_bind(it.check.clone())
        .push_bind(it.kind.clone())
        .push_bind(it.severity.clone())
        .push_bind(it.field.clone())
        .push_bind(it.labels.model.clone().unwrap_or_default())
        .push_bind(it.labels.version.clone().unwrap_or_default())
        .push_bind(it.labels.segment.clone().unwrap_or_default())
        .push_bind(it.seen)
        .push_bind(it.failed)
        .push_bind(it.skipped);
}

const KEYS: &str = "INSERT INTO idempotency_key (suite, key, body_hash, result_id, at, suite_hash, came) ";

const TAKE_KEYS: &str = " ON CONFLICT (suite, key) DO UPDATE SET body_hash = excluded.body_hash, \
    result_id = excluded.result_id, at = excluded.at, suite_hash = excluded.suite_hash, came = excluded.came \
    WHERE idempotency_key.came < excluded.came";

fn key(values: &mut Values<'_>, it: &KeyRow) {
    values
        .push_bind(it.suite.clone())
        .push_bind(it.key.clone())
        .push_bind(it.body_hash.clone())
        .push_bind(it.result_id)
        .push_bind(it.at)
        .push_bind(it.suite_hash.clone())
        .push_bind(it.came);
}
