//! Predictions and labels, many a statement.

use std::collections::BTreeMap;

use sqlx::{Connection, QueryBuilder, SqliteConnection};

use super::super::batch::time;
use super::super::labels::{self, LabelRow};
use super::super::predictions::PredictionRow;
use super::super::texts::indexed;
use super::super::windows::WindowPart;
use super::super::{Error, batch, panes, parts, segments};
use super::writing::{KEEP, ROWS, Values, alone, write};

type DB = sqlx::Sqlite;

impl super::Sqlite {
    labels::on_pool!(readers, writer, "BEGIN IMMEDIATE", alone);
}

const PREDICTIONS: &str = "INSERT INTO prediction (key, at, suite, suite_hash, id, model, version, segment, prediction, \
    score, record) ";

pub(super) async fn predictions(connection: &mut SqliteConnection, rows: &[PredictionRow]) -> Result<(), Error> {
    write(connection, rows, PREDICTIONS, prediction, KEEP).await
}

fn prediction(values: &mut Values<'_>, it: &PredictionRow) {
    values
        .push_bind(it.key)
        .push_bind(it.at)
        .push_bind(it.suite.clone())
        .push_bind(it.suite_hash.clone())
        .push_bind(it.id.clone())
        .push_bind(it.labels.model.clone())
        .push_bind(it.labels.version.clone())
        .push_bind(it.labels.segment.clone())
        .push_bind(it.prediction.clone())
        .push_bind(it.score)
        .push_bind(it.record.clone());
}

const INSERT: &str = "INSERT INTO label (suite, id, label, at, came_at, changed_at, revision, put_by, correct, \
    joined_at, try_at) ";

/// How many were not there.
pub(super) async fn insert_labels(connection: &mut SqliteConnection, rows: &[LabelRow]) -> Result<u64, Error> {
    let mut n = 0;
    for rows in rows.chunks(ROWS) {
        let mut query: QueryBuilder<DB> = QueryBuilder::new(INSERT);
        query.push_values(rows, |mut values, it| label(&mut values, it));
        query.push(KEEP);
        n += query.build().persistent(rows.len() == ROWS).execute(&mut *connection).await?.rows_affected();
    }
    Ok(n)
}

fn label(values: &mut Values<'_>, it: &LabelRow) {
    values
        .push_bind(it.suite.clone())
        .push_bind(indexed(&it.id).into_owned())
        .push_bind(it.label.clone())
        .push_bind(time(it.at))
        .push_bind(time(it.came))
        .push_bind(time(it.changed))
        .push_bind(it.revision)
        .push_bind(it.by.clone())
        .push_bind(it.correct)
        .push_bind(it.joined.map(time))
        .push_bind(it.try_at.map(time));
}

/// A try that found nothing is no change of the label, so the time of the next one is looked at too.
const UPDATE: &str = "UPDATE label SET label = $3, at = $4, changed_at = $5, revision = $6, put_by = $7, correct = $8, \
    joined_at = $9, try_at = $10 WHERE suite = $1 AND id = $2 AND revision = $11 \
    AND (joined_at IS NULL OR joined_at = $9)";

/// How many were as they were read.
pub(super) async fn update_labels(connection: &mut SqliteConnection, rows: &[(LabelRow, i64)]) -> Result<u64, Error> {
    let mut n = 0;
    for (it, before) in rows {
        let query = sqlx::query(UPDATE).bind(&it.suite).bind(indexed(&it.id)).bind(&it.label).bind(time(it.at));
        let query = query.bind(time(it.changed)).bind(it.revision).bind(&it.by).bind(it.correct);
        let query = query.bind(it.joined.map(time)).bind(it.try_at.map(time)).bind(before);
        n += query.execute(&mut *connection).await?.rows_affected();
    }
    Ok(n)
}
