//! Predictions and labels.

use serde_json::value::RawValue;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::types::Json;
use sqlx::{FromRow, Row};

use super::{postgres_time, postgres_time_or_none, sqlite_time, sqlite_time_or_none};
use crate::store::labels::{LabelDue, LabelRow};
use crate::store::predictions::{Logged, PredictionRow};
use crate::store::rows::Labels;
use crate::store::windows::WindowKey;

/// A JSON document as it is kept.
type Document = Json<Box<RawValue>>;

fn text(it: &Document) -> String {
    it.0.get().to_owned()
}

macro_rules! readers {
    ($row:ty, $time:path, $time_or_none:path) => {
        impl FromRow<'_, $row> for PredictionRow {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                let record: Document = row.try_get("record")?;
                Ok(PredictionRow {
                    key: row.try_get("key")?,
                    at: $time(row, "at")?,
                    suite: row.try_get("suite")?,
                    suite_hash: row.try_get("suite_hash")?,
                    id: row.try_get("id")?,
                    labels: Labels {
                        model: row.try_get("model")?,
                        version: row.try_get("version")?,
                        segment: row.try_get("segment")?,
                    },
                    prediction: row.try_get("prediction")?,
                    score: row.try_get("score")?,
                    record: text(&record),
                })
            }
        }

        impl FromRow<'_, $row> for Logged {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                let label: Option<Document> = row.try_get("label")?;
                Ok(Logged {
                    prediction: PredictionRow::from_row(row)?,
                    label: label.as_ref().map(text),
                    label_at: $time_or_none(row, "label_at")?,
                    label_revision: row.try_get("label_revision")?,
                    correct: row.try_get("correct")?,
                })
            }
        }

        impl FromRow<'_, $row> for LabelRow {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                let label: Document = row.try_get("label")?;
                Ok(LabelRow {
                    suite: row.try_get("suite")?,
                    id: row.try_get("id")?,
                    label: text(&label),
                    at: $time(row, "at")?,
                    came: $time(row, "came_at")?,
                    changed: $time(row, "changed_at")?,
                    revision: row.try_get("revision")?,
                    by: row.try_get("put_by")?,
                    correct: row.try_get("correct")?,
                    joined: $time_or_none(row, "joined_at")?,
                    try_at: $time_or_none(row, "try_at")?,
                })
            }
        }

        impl FromRow<'_, $row> for LabelDue {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                let key = WindowKey {
                    suite: row.try_get("suite")?,
                    suite_hash: row.try_get("suite_hash")?,
                    start: $time(row, "start_at")?,
                    end: $time(row, "end_at")?,
                    ..WindowKey::default()
                };
                Ok(LabelDue {
                    key,
                    waited: row.try_get("waited")?,
                    due: $time(row, "due_at")?,
                    mark: row.try_get("mark")?,
                })
            }
        }
    };
}

readers!(PgRow, postgres_time, postgres_time_or_none);
readers!(SqliteRow, sqlite_time, sqlite_time_or_none);
