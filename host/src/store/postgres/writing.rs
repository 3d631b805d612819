//! One transaction for a batch; one statement for the rows of a table.

use std::collections::BTreeMap;

use sqlx::postgres::PgPool;
use sqlx::{Connection, PgConnection, Postgres};
use uuid::Uuid;

use super::super::reading::moment;
use super::super::rows::{Batch, FailureRow, FindingRow, KeyRow, ResultRow, TallyRow};
use super::super::segments::{self, Known};
use super::super::{Committed, Error, batch, parts, streams};
use super::joined;
use super::weeks::{self, Weeks};

/// How many rows go into one statement: enough that round trips do not matter, few enough for one message.
const ROWS: usize = 10_000;

/// Writes a batch, and the partitions that it needs.
pub async fn commit(pool: &PgPool, weeks: &Weeks, known: &Known, batch: &Batch) -> Result<Committed, Error> {
    let batch = batch::prepared(batch);
    weeks.make(pool, &batch).await?;
    match write(pool, known, batch.clone()).await {
        Err(error) if weeks::is_gone(&error) => {
            weeks.forget();
            weeks.make(pool, &batch).await?;
            write(pool, known, batch).await
        }
        answer => answer,
    }
}

const SEGMENT: &str = "INSERT INTO segment (id) VALUES ($1) ON CONFLICT DO NOTHING";

async fn write(pool: &PgPool, known: &Known, batch: Batch) -> Result<Committed, Error> {
    let mut connection = pool.acquire().await?;
    let mut transaction = connection.begin().await?;
    // A host that sends the same segment at this moment waits here until this transaction is done.
    let segment = sqlx::query(SEGMENT).bind(batch.segment).execute(&mut *transaction).await?;
    if segment.rows_affected() == 0 {
        transaction.rollback().await?;
        return Ok(Committed::Before);
    }
    for rows in batch.results.chunks(ROWS) {
        results(&mut transaction, rows).await?;
    }
    for rows in batch.failures.chunks(ROWS) {
        failures(&mut transaction, rows).await?;
    }
    for rows in batch.findings.chunks(ROWS) {
        findings(&mut transaction, rows).await?;
    }
    for rows in batch.tallies.chunks(ROWS) {
        tallies(&mut transaction, rows).await?;
    }
    for rows in batch.keys.chunks(ROWS) {
        keys(&mut transaction, rows).await?;
    }
    for rows in batch.predictions.chunks(ROWS) {
        joined::predictions(&mut transaction, rows).await?;
    }
    let now = batch::clock();
    let (rows, names) = segments::admit!(transaction, known, batch.windows, now, lock);
    for some in parts::in_statements(&rows) {
        let mut query = parts::add_parts::<Postgres>(batch.segment, some);
        query.build().persistent(some.len() == 1).execute(&mut *transaction).await?;
    }
    for it in &batch.streams {
        streams::advance::<Postgres>(it, now).build().execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    known.remember(names, now);
    Ok(Committed::Now)
}

/// Waits until no other host takes names of segments in.
pub(super) async fn lock(connection: &mut PgConnection, id: Uuid) -> Result<(), Error> {
    let number = id.as_u64_pair().0.cast_signed();
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(number).execute(connection).await?;
    Ok(())
}

pub(super) fn column<'r, T, C>(rows: &'r [T], of: impl Fn(&'r T) -> C) -> Vec<C> {
    rows.iter().map(of).collect()
}

const RESULTS: &str = "INSERT INTO result (id, at, suite, suite_hash, source, token, model, version, segment, \
    requests, records, failed, warned, unreadable, verdict, duration_us, failures_left_out, statistics, trace_id) \
    SELECT id, at, suite, suite_hash, source, token, model, version, segment, requests, records, failed, warned, \
    unreadable, verdict::verdict, duration_us, failures_left_out, statistics::json, trace_id \
    FROM UNNEST($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], \
    $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::text[], \
    $16::bigint[], $17::bigint[], $18::text[], $19::text[]) AS new (id, at, suite, suite_hash, source, token, model, version, \
    segment, requests, records, failed, warned, unreadable, verdict, duration_us, failures_left_out, statistics, trace_id) \
    ON CONFLICT (at, id) DO UPDATE SET requests = result.requests + excluded.requests, \
    records = result.records + excluded.records, failed = result.failed + excluded.failed, \
    warned = result.warned + excluded.warned, unreadable = result.unreadable + excluded.unreadable, \
    verdict = greatest(result.verdict, excluded.verdict), duration_us = result.duration_us + excluded.duration_us, \
    failures_left_out = result.failures_left_out + excluded.failures_left_out, \
    statistics = coalesce(excluded.statistics, result.statistics)";

async fn results(connection: &mut PgConnection, rows: &[ResultRow]) -> Result<(), Error> {
    sqlx::query(RESULTS)
        .bind(column(rows, |it| it.id))
        .bind(column(rows, |it| moment(it.at)))
        .bind(column(rows, |it| it.suite.as_str()))
        .bind(column(rows, |it| it.suite_hash.as_str()))
        .bind(column(rows, |it| it.source.as_str()))
        .bind(column(rows, |it| it.token.as_deref()))
        .bind(column(rows, |it| it.labels.model.as_deref()))
        .bind(column(rows, |it| it.labels.version.as_deref()))
        .bind(column(rows, |it| it.labels.segment.as_deref()))
        .bind(column(rows, |it| it.requests))
        .bind(column(rows, |it| it.records))
        .bind(column(rows, |it| it.failed))
        .bind(column(rows, |it| it.warned))
        .bind(column(rows, |it| it.unreadable))
        .bind(column(rows, |it| it.verdict.name()))
        .bind(column(rows, |it| it.duration_us))
        .bind(column(rows, |it| it.failures_left_out))
        .bind(column(rows, |it| it.statistics.as_ref().map(ToString::to_string)))
        .bind(column(rows, |it| it.trace_id.as_deref()))
        .execute(connection)
        .await?;
    Ok(())
}

const FAILURES: &str = "INSERT INTO failure (result_id, n, at, suite, suite_hash, check_name, kind, severity, field, \
    record, record_id, model, version, segment, observed, bound, message, trace_id) SELECT * FROM UNNEST($1::uuid[], \
    $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], \
    $10::bigint[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], \
    $18::text[]) ON CONFLICT DO NOTHING";

async fn failures(connection: &mut PgConnection, rows: &[FailureRow]) -> Result<(), Error> {
    sqlx::query(FAILURES)
        .bind(column(rows, |it| it.result_id))
        .bind(column(rows, |it| it.n))
        .bind(column(rows, |it| moment(it.at)))
        .bind(column(rows, |it| it.suite.as_str()))
        .bind(column(rows, |it| it.suite_hash.as_str()))
        .bind(column(rows, |it| it.check.as_str()))
        .bind(column(rows, |it| it.kind.as_str()))
        .bind(column(rows, |it| it.severity.as_str()))
        .bind(column(rows, |it| it.field.as_str()))
        .bind(column(rows, |it| it.record))
        .bind(column(rows, |it| it.record_id.as_deref()))
        .bind(column(rows, |it| it.labels.model.as_deref()))
        .bind(column(rows, |it| it.labels.version.as_deref()))
        .bind(column(rows, |it| it.labels.segment.as_deref()))
        .bind(column(rows, |it| it.observed.as_deref()))
        .bind(column(rows, |it| it.bound.as_str()))
        .bind(column(rows, |it| it.message.as_str()))
        .bind(column(rows, |it| it.trace_id.as_deref()))
        .execute(connection)
        .await?;
    Ok(())
}

const FINDINGS: &str = "INSERT INTO finding (result_id, n, at, suite, suite_hash, check_name, kind, severity, field, \
    segment, status, observed, bound, message, elements, unexpected, error, length, test, statistic, p_value, details) \
    SELECT result_id, n, at, suite, suite_hash, check_name, kind, severity, field, segment, status, observed, bound, \
    message, elements, unexpected, error, length, test, statistic, p_value, details::json FROM UNNEST($1::uuid[], \
    $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], \
    $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::bigint[], $16::bigint[], \
    $17::double precision[], $18::text[], $19::text[], $20::double precision[], $21::double precision[], $22::text[]) \
    AS new (result_id, n, at, suite, suite_hash, check_name, kind, severity, field, segment, status, observed, bound, \
    message, elements, unexpected, error, length, test, statistic, p_value, details) ON CONFLICT DO NOTHING";

pub(super) async fn findings(connection: &mut PgConnection, rows: &[FindingRow]) -> Result<(), Error> {
    sqlx::query(FINDINGS)
        .bind(column(rows, |it| it.result_id))
        .bind(column(rows, |it| it.n))
        .bind(column(rows, |it| moment(it.at)))
        .bind(column(rows, |it| it.suite.as_str()))
        .bind(column(rows, |it| it.suite_hash.as_str()))
        .bind(column(rows, |it| it.check.as_str()))
        .bind(column(rows, |it| it.kind.as_str()))
        .bind(column(rows, |it| it.severity.as_str()))
        .bind(column(rows, |it| it.field.as_str()))
        .bind(column(rows, |it| it.segment.as_str()))
        .bind(column(rows, |it| it.status.as_str()))
        .bind(column(rows, |it| it.observed.as_deref()))
        .bind(column(rows, |it| it.bound.as_str()))
        .bind(column(rows, |it| it.message.as_str()))
        .bind(column(rows, |it| it.elements))
        .bind(column(rows, |it| it.unexpected))
        .bind(column(rows, |it| it.error))
        .bind(column(rows, |it| it.length.as_str()))
        .bind(column(rows, |it| it.test.as_deref()))
        .bind(column(rows, |it| it.statistic))
        .bind(column(rows, |it| it.p_value))
        .bind(column(rows, |it| it.details.as_ref().map(ToString::to_string)))
        .execute(connection)
        .await?;
    Ok(())
}

const TALLIES: &str = "INSERT INTO tally (minute, suite, suite_hash, check_name, kind, severity, field, model, \
    version, segment, seen, failed, skipped) SELECT * FROM UNNEST($1::timestamptz[], $2::text[], $3::text[], \
    $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[], \
    $12::bigint[], $13::bigint[]) \
    ON CONFLICT (suite, minute, check_name, kind, severity, field, suite_hash, model, version, segment) DO UPDATE SET \
    seen = tally.seen + excluded.seen, failed = tally.failed + excluded.failed, \
    skipped = tally.skipped + excluded.skipped";

async fn tallies(connection: &mut PgConnection, rows: &[TallyRow]) -> Result<(), Error> {
    sqlx::query(TALLIES)
        .bind(column(rows, |it| moment(it.minute)))
        .bind(column(rows, |it| it.suite.as_str()))
        .bind(column(rows, |it| it.suite_hash.as_str()))
        .bind(column(rows, |it| it.check.as_str()))
        .bind(column(rows, |it| it.kind.as_str()))
        .bind(column(rows, |it| it.severity.as_str()))
        .bind(column(rows, |it| it.field.as_str()))
        .bind(column(rows, |it| it.labels.model.as_deref().unwrap_or("")))
        .bind(column(rows, |it| it.labels.version.as_deref().unwrap_or("")))
        .bind(column(rows, |it| it.labels.segment.as_deref().unwrap_or("")))
        .bind(column(rows, |it| it.seen))
        .bind(column(rows, |it| it.failed))
        .bind(column(rows, |it| it.skipped))
        .execute(connection)
        .await?;
    Ok(())
}

const KEYS: &str = "INSERT INTO idempotency_key (suite, key, body_hash, result_id, at, suite_hash, came) \
    SELECT DISTINCT ON (suite, key) * FROM UNNEST($1::text[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[], \
    $6::text[], $7::timestamptz[]) AS new (suite, key, body_hash, result_id, at, suite_hash, came) \
    ORDER BY suite, key, came DESC \
    ON CONFLICT (suite, key) DO UPDATE SET body_hash = excluded.body_hash, result_id = excluded.result_id, \
    at = excluded.at, suite_hash = excluded.suite_hash, came = excluded.came \
    WHERE idempotency_key.came < excluded.came";

async fn keys(connection: &mut PgConnection, rows: &[KeyRow]) -> Result<(), Error> {
    sqlx::query(KEYS)
        .bind(column(rows, |it| it.suite.as_str()))
        .bind(column(rows, |it| it.key.as_str()))
        .bind(column(rows, |it| it.body_hash.as_str()))
        .bind(column(rows, |it| it.result_id))
        .bind(column(rows, |it| moment(it.at)))
        .bind(column(rows, |it| it.suite_hash.as_str()))
        .bind(column(rows, |it| moment(it.came)))
        .execute(connection)
        .await?;
    Ok(())
}
