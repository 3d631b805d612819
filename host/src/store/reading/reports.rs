//! Sums of a span.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::{postgres_time, sqlite_time};
use crate::store::reports::{FindingGroup, FindingPart, FindingTotal, ResultGroup, WindowGroup};

macro_rules! readers {
    ($row:ty, $time:path) => {
        impl FromRow<'_, $row> for FindingGroup {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(FindingGroup {
                    suite: row.try_get("suite")?,
                    check: row.try_get("check_name")?,
                    kind: row.try_get("kind")?,
                    severity: row.try_get("severity")?,
                    field: row.try_get("field")?,
                    length: row.try_get("length")?,
                    segment: row.try_get("segment")?,
                    status: row.try_get("status")?,
                    n: row.try_get("n")?,
                    first: $time(row, "first_at")?,
                    last: $time(row, "last_at")?,
                    elements: row.try_get("elements")?,
                    unexpected: row.try_get("unexpected")?,
                })
            }
        }

        impl FromRow<'_, $row> for FindingTotal {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                let (check, length) = (row.try_get("check_name")?, row.try_get("length")?);
                Ok(FindingTotal { check, length, n: row.try_get("n")?, failed: row.try_get("failed")? })
            }
        }

        impl FromRow<'_, $row> for FindingPart {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                let (check, part) = (row.try_get("check_name")?, row.try_get("part")?);
                Ok(FindingPart { check, part, n: row.try_get("n")? })
            }
        }

        impl FromRow<'_, $row> for ResultGroup {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(ResultGroup {
                    suite: row.try_get("suite")?,
                    suite_hash: row.try_get("suite_hash")?,
                    source: row.try_get("source")?,
                    model: row.try_get("model")?,
                    version: row.try_get("version")?,
                    requests: row.try_get("requests")?,
                    records: row.try_get("records")?,
                    failed: row.try_get("failed")?,
                    warned: row.try_get("warned")?,
                    unreadable: row.try_get("unreadable")?,
                })
            }
        }

        impl FromRow<'_, $row> for WindowGroup {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(WindowGroup {
                    suite: row.try_get("suite")?,
                    suite_hash: row.try_get("suite_hash")?,
                    length: row.try_get("length")?,
                    status: row.try_get("status")?,
                    n: row.try_get("n")?,
                    records: row.try_get("records")?,
                    unreadable: row.try_get("unreadable")?,
                    late: row.try_get("late")?,
                    labels: row.try_get("labels")?,
                    first: $time(row, "first_at")?,
                    last: $time(row, "last_at")?,
                })
            }
        }
    };
}

readers!(PgRow, postgres_time);
readers!(SqliteRow, sqlite_time);
