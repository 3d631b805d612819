//! Predictions and labels, many a statement.

use std::collections::BTreeMap;

use sqlx::{Connection, PgConnection};

use super::super::labels::{self, LabelRow};
use super::super::predictions::PredictionRow;
use super::super::reading::moment;
use super::super::texts::indexed;
use super::super::windows::WindowPart;
use super::super::{Error, batch, panes, parts, segments};
use super::writing::{column, lock};

type DB = sqlx::Postgres;

impl super::Postgres {
    labels::on_pool!(pool, pool, "BEGIN", lock);
}

const PREDICTIONS: &str = "INSERT INTO prediction (key, at, suite, suite_hash, id, model, version, segment, prediction, \
    score, record) SELECT key, at, suite, suite_hash, id, model, version, segment, prediction, score, record::json \
    FROM UNNEST($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], \
    $9::text[], $10::double precision[], $11::text[]) AS new (key, at, suite, suite_hash, id, model, version, segment, \
    prediction, score, record) ON CONFLICT DO NOTHING";

pub(super) async fn predictions(connection: &mut PgConnection, rows: &[PredictionRow]) -> Result<(), Error> {
    sqlx::query(PREDICTIONS)
        .bind(column(rows, |it| it.key))
        .bind(column(rows, |it| moment(it.at)))
        .bind(column(rows, |it| it.suite.as_str()))
        .bind(column(rows, |it| it.suite_hash.as_str()))
        .bind(column(rows, |it| it.id.as_str()))
        .bind(column(rows, |it| it.labels.model.as_deref()))
        .bind(column(rows, |it| it.labels.version.as_deref()))
        .bind(column(rows, |it| it.labels.segment.as_deref()))
        .bind(column(rows, |it| it.prediction.as_deref()))
        .bind(column(rows, |it| it.score))
        .bind(column(rows, |it| it.record.as_str()))
        .execute(connection)
        .await?;
    Ok(())
}

const INSERT: &str = "INSERT INTO label (suite, id, label, at, came_at, changed_at, revision, put_by, correct, \
    joined_at, try_at) SELECT suite, id, label::json, at, came_at, changed_at, revision, put_by, correct, joined_at, \
    try_at FROM UNNEST($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], \
    $7::bigint[], $8::text[], $9::boolean[], $10::timestamptz[], $11::timestamptz[]) AS new (suite, id, label, at, \
    came_at, changed_at, revision, put_by, correct, joined_at, try_at) ON CONFLICT DO NOTHING";

/// How many were not there.
pub(super) async fn insert_labels(connection: &mut PgConnection, rows: &[LabelRow]) -> Result<u64, Error> {
    let done = sqlx::query(INSERT)
        .bind(column(rows, |it| it.suite.as_str()))
        .bind(column(rows, |it| indexed(&it.id)))
        .bind(column(rows, |it| it.label.as_str()))
        .bind(column(rows, |it| moment(it.at)))
        .bind(column(rows, |it| moment(it.came)))
        .bind(column(rows, |it| moment(it.changed)))
        .bind(column(rows, |it| it.revision))
        .bind(column(rows, |it| it.by.as_str()))
        .bind(column(rows, |it| it.correct))
        .bind(column(rows, |it| it.joined.map(moment)))
        .bind(column(rows, |it| it.try_at.map(moment)))
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

/// A try that found nothing is no change of the label, so the time of the next one is looked at too.
const UPDATE: &str = "UPDATE label SET label = new.label::json, at = new.at, changed_at = new.changed_at, \
    revision = new.revision, put_by = new.put_by, correct = new.correct, joined_at = new.joined_at, \
    try_at = new.try_at FROM UNNEST($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], \
    $6::bigint[], $7::text[], $8::boolean[], $9::timestamptz[], $10::timestamptz[], $11::bigint[]) AS new (suite, id, \
    label, at, changed_at, revision, put_by, correct, joined_at, try_at, before) \
    WHERE label.suite = new.suite AND label.id = new.id AND label.revision = new.before \
    AND (label.joined_at IS NULL OR label.joined_at = new.joined_at)";

/// How many were as they were read.
pub(super) async fn update_labels(connection: &mut PgConnection, rows: &[(LabelRow, i64)]) -> Result<u64, Error> {
    let done = sqlx::query(UPDATE)
        .bind(column(rows, |it| it.0.suite.as_str()))
        .bind(column(rows, |it| indexed(&it.0.id)))
        .bind(column(rows, |it| it.0.label.as_str()))
        .bind(column(rows, |it| moment(it.0.at)))
        .bind(column(rows, |it| moment(it.0.changed)))
        .bind(column(rows, |it| it.0.revision))
        .bind(column(rows, |it| it.0.by.as_str()))
        .bind(column(rows, |it| it.0.correct))
        .bind(column(rows, |it| it.0.joined.map(moment)))
        .bind(column(rows, |it| it.0.try_at.map(moment)))
        .bind(column(rows, |it| it.1))
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}
