//! From rows of either database to those of triggers.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::super::reading::{postgres_time, postgres_time_or_none, sqlite_time, sqlite_time_or_none};
use super::super::rows::Micros;
use super::{EventRow, Fared, IncidentRow, Progress, StateRow, Wake};

/// How often triggers were decided, and their time.
pub(super) struct Clock {
    pub(super) version: i64,
    pub(super) now: Micros,
}

/// The databases differ in times alone, but their rows are two types.
macro_rules! readers {
    ($row:ty, $time:path, $time_or_none:path) => {
        impl FromRow<'_, $row> for Clock {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(Clock { version: row.try_get("version")?, now: $time(row, "now_at")? })
            }
        }

        impl FromRow<'_, $row> for Progress {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(Progress {
                    came: $time(row, "came_at")?,
                    watermark: $time_or_none(row, "watermark_at")?,
                    idle: $time_or_none(row, "idle_at")?,
                })
            }
        }

        impl FromRow<'_, $row> for Wake {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                let (wake, wake_wall) = ($time_or_none(row, "wake_at")?, $time_or_none(row, "wake_wall_at")?);
                Ok(Wake { suite: row.try_get("suite")?, wake, wake_wall })
            }
        }

        impl FromRow<'_, $row> for Fared {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(Fared {
                    trigger: row.try_get("trigger_name")?,
                    incidents: row.try_get("incidents")?,
                    open: row.try_get("open")?,
                    right: row.try_get("right_ones")?,
                    wrong: row.try_get("wrong_ones")?,
                })
            }
        }

        impl FromRow<'_, $row> for StateRow {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(StateRow {
                    trigger: row.try_get("trigger_name")?,
                    key: row.try_get("key")?,
                    phase: row.try_get("phase")?,
                    wake: $time_or_none(row, "wake_at")?,
                    wake_wall: $time_or_none(row, "wake_wall_at")?,
                    body: row.try_get("body")?,
                })
            }
        }

        impl FromRow<'_, $row> for IncidentRow {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(IncidentRow {
                    id: row.try_get("id")?,
                    at: $time(row, "at")?,
                    suite: row.try_get("suite")?,
                    suite_hash: row.try_get("suite_hash")?,
                    trigger: row.try_get("trigger_name")?,
                    key: row.try_get("key")?,
                    state: row.try_get("state")?,
                    severity: row.try_get("severity")?,
                    mode: row.try_get("mode")?,
                    opened: $time(row, "opened_at")?,
                    changed: $time(row, "changed_at")?,
                    closed: $time_or_none(row, "closed_at")?,
                    data_from: $time_or_none(row, "data_from")?,
                    data_to: $time_or_none(row, "data_to")?,
                    reason: row.try_get("reason")?,
                    evidence: row.try_get("evidence")?,
                    events: row.try_get("events")?,
                    alarm: row.try_get("alarm")?,
                    alarm_by: row.try_get("alarm_by")?,
                    alarm_note: row.try_get("alarm_note")?,
                })
            }
        }

        impl FromRow<'_, $row> for EventRow {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(EventRow {
                    incident: row.try_get("incident_id")?,
                    n: row.try_get("n")?,
                    at: $time(row, "at")?,
                    trigger_at: $time(row, "trigger_at")?,
                    kind: row.try_get("kind")?,
                    before: row.try_get("before")?,
                    state: row.try_get("state")?,
                    by: row.try_get("done_by")?,
                    reason: row.try_get("reason")?,
                    evidence: row.try_get("evidence")?,
                })
            }
        }
    };
}

readers!(PgRow, postgres_time, postgres_time_or_none);
readers!(SqliteRow, sqlite_time, sqlite_time_or_none);
