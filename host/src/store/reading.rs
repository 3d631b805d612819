//! From rows of either database to ours.

mod labels;
mod reports;

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::types::Json;
use sqlx::{FromRow, Row};

use super::baselines::BaselineRow;
use super::batch::time;
use super::due::{Longer, Sums};
use super::outbox::{Count, DeliveryRow};
use super::panes::Waiting;
use super::parts::Bundle;
use super::plugins::PluginRow;
use super::rows::{FailureRow, FindingRow, KeyRow, Labels, Micros, ResultRow, StatRow, Verdict, VersionRow};
use super::streams::StreamRow;
use super::windows::{Kept, WindowKey, WindowPart, WindowRow};
use crate::telemetry::Carried;

/// A time as Postgres takes it.
pub fn moment(at: Micros) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(time(at)).unwrap_or_default()
}

pub(super) fn postgres_time(row: &PgRow, column: &str) -> sqlx::Result<Micros> {
    row.try_get::<DateTime<Utc>, _>(column).map(|it| it.timestamp_micros())
}

pub(super) fn postgres_time_or_none(row: &PgRow, column: &str) -> sqlx::Result<Option<Micros>> {
    row.try_get::<Option<DateTime<Utc>>, _>(column).map(|it| it.map(|it| it.timestamp_micros()))
}

pub(super) fn sqlite_time_or_none(row: &SqliteRow, column: &str) -> sqlx::Result<Option<Micros>> {
    row.try_get(column)
}

pub(super) fn sqlite_time(row: &SqliteRow, column: &str) -> sqlx::Result<Micros> {
    row.try_get(column)
}

fn verdict(name: &str) -> Verdict {
    // The column admits no other; if it did, to call it failed would be the safe side.
    Verdict::ALL.into_iter().find(|it| it.name() == name).unwrap_or(Verdict::Fail)
}

/// The databases differ in times alone, but their rows are two types.
macro_rules! readers {
    ($row:ty, $time:path, $time_or_none:path) => {
        impl FromRow<'_, $row> for Labels {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                let (model, version) = (row.try_get("model")?, row.try_get("version")?);
                Ok(Labels { model, version, segment: row.try_get("segment")? })
            }
        }

        impl FromRow<'_, $row> for ResultRow {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(ResultRow {
                    id: row.try_get("id")?,
                    at: $time(row, "at")?,
                    suite: row.try_get("suite")?,
                    suite_hash: row.try_get("suite_hash")?,
                    source: row.try_get("source")?,
                    token: row.try_get("token")?,
                    labels: Labels::from_row(row)?,
                    trace_id: row.try_get("trace_id")?,
                    requests: row.try_get("requests")?,
                    records: row.try_get("records")?,
                    failed: row.try_get("failed")?,
                    warned: row.try_get("warned")?,
                    unreadable: row.try_get("unreadable")?,
                    verdict: verdict(row.try_get("verdict")?),
                    duration_us: row.try_get("duration_us")?,
                    failures_left_out: row.try_get("failures_left_out")?,
                    statistics: row.try_get("statistics")?,
                })
            }
        }

        impl FromRow<'_, $row> for FailureRow {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(FailureRow {
                    result_id: row.try_get("result_id")?,
                    n: row.try_get("n")?,
                    at: $time(row, "at")?,
                    suite: row.try_get("suite")?,
                    suite_hash: row.try_get("suite_hash")?,
                    check: row.try_get("check_name")?,
                    kind: row.try_get("kind")?,
                    severity: row.try_get("severity")?,
                    field: row.try_get("field")?,
                    record: row.try_get("record")?,
                    record_id: row.try_get("record_id")?,
                    trace_id: row.try_get("trace_id")?,
                    labels: Labels::from_row(row)?,
                    observed: row.try_get("observed")?,
                    bound: row.try_get("bound")?,
                    message: row.try_get("message")?,
                })
            }
        }

        impl FromRow<'_, $row> for FindingRow {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(FindingRow {
                    result_id: row.try_get("result_id")?,
                    n: row.try_get("n")?,
                    at: $time(row, "at")?,
                    suite: row.try_get("suite")?,
                    suite_hash: row.try_get("suite_hash")?,
                    check: row.try_get("check_name")?,
                    kind: row.try_get("kind")?,
                    severity: row.try_get("severity")?,
                    field: row.try_get("field")?,
                    segment: row.try_get("segment")?,
                    status: row.try_get("status")?,
                    observed: row.try_get("observed")?,
                    bound: row.try_get("bound")?,
                    message: row.try_get("message")?,
                    elements: row.try_get("elements")?,
                    unexpected: row.try_get("unexpected")?,
                    error: row.try_get("error")?,
                    length: row.try_get("length")?,
                    test: row.try_get("test")?,
                    statistic: row.try_get("statistic")?,
                    p_value: row.try_get("p_value")?,
                    details: row.try_get("details")?,
                })
            }
        }

        impl FromRow<'_, $row> for StatRow {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(StatRow {
                    at: $time(row, "at")?,
                    suite: row.try_get("suite")?,
                    check: row.try_get("check_name")?,
                    kind: row.try_get("kind")?,
                    severity: row.try_get("severity")?,
                    seen: row.try_get("seen")?,
                    failed: row.try_get("failed")?,
                    skipped: row.try_get("skipped")?,
                })
            }
        }

        impl FromRow<'_, $row> for WindowKey {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(WindowKey {
                    suite: row.try_get("suite")?,
                    suite_hash: row.try_get("suite_hash")?,
                    start: $time(row, "start_at")?,
                    end: $time(row, "end_at")?,
                    length: row.try_get("length")?,
                    segment: String::new(),
                    is_over: row.try_get("is_over")?,
                    watermark: $time_or_none(row, "watermark_at")?,
                })
            }
        }

        impl FromRow<'_, $row> for Longer {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(Longer { key: WindowKey::from_row(row)?, mark: row.try_get("mark")? })
            }
        }

        impl FromRow<'_, $row> for Waiting {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(Waiting {
                    bucket: row.try_get("bucket")?,
                    parts: row.try_get("parts")?,
                    bytes: row.try_get("bytes")?,
                    last: row.try_get("last")?,
                })
            }
        }

        impl FromRow<'_, $row> for Sums {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(Sums {
                    segment: row.try_get("segment")?,
                    records: row.try_get("records")?,
                    late: row.try_get("late")?,
                    judged_at: $time(row, "judged_at")?,
                    unjudged: row.try_get("unjudged")?,
                })
            }
        }

        impl FromRow<'_, $row> for StreamRow {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(StreamRow {
                    suite: row.try_get("suite")?,
                    suite_hash: row.try_get("suite_hash")?,
                    came_at: $time(row, "came_at")?,
                    watermark: $time_or_none(row, "watermark_at")?,
                    silent_at: $time_or_none(row, "silent_at")?,
                    too_late: row.try_get("too_late")?,
                })
            }
        }

        impl FromRow<'_, $row> for Bundle {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                let part = WindowPart {
                    id: row.try_get("id")?,
                    suite: row.try_get("suite")?,
                    suite_hash: row.try_get("suite_hash")?,
                    start: $time(row, "start_at")?,
                    end: $time(row, "end_at")?,
                    length: row.try_get("length")?,
                    close_at: $time_or_none(row, "close_at")?,
                    records: row.try_get("records")?,
                    unreadable: row.try_get("unreadable")?,
                    untimed: row.try_get("untimed")?,
                    state: row.try_get("state")?,
                    ..WindowPart::default()
                };
                Ok(Bundle { bucket: row.try_get("bucket")?, part })
            }
        }

        impl FromRow<'_, $row> for WindowRow {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(WindowRow {
                    id: row.try_get("id")?,
                    suite: row.try_get("suite")?,
                    suite_hash: row.try_get("suite_hash")?,
                    start: $time(row, "start_at")?,
                    end: $time(row, "end_at")?,
                    length: row.try_get("length")?,
                    segment: row.try_get("segment")?,
                    records: row.try_get("records")?,
                    unreadable: row.try_get("unreadable")?,
                    untimed: row.try_get("untimed")?,
                    late: row.try_get("late")?,
                    labels: row.try_get("labels")?,
                    status: row.try_get("status")?,
                    message: row.try_get("message")?,
                    revision: row.try_get("revision")?,
                    judged_at: $time(row, "judged_at")?,
                    statistics: row.try_get("statistics")?,
                    baseline: row.try_get("baseline")?,
                })
            }
        }

        impl FromRow<'_, $row> for BaselineRow {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(BaselineRow {
                    name: row.try_get("name")?,
                    version: row.try_get("version")?,
                    hash: row.try_get("hash")?,
                    size: row.try_get("size")?,
                    records: row.try_get("records")?,
                    at: $time(row, "put_at")?,
                    by: row.try_get("put_by")?,
                    model: row.try_get("model")?,
                    model_version: row.try_get("model_version")?,
                    source: row.try_get("source")?,
                    active: row.try_get("active")?,
                })
            }
        }

        impl FromRow<'_, $row> for Kept {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(Kept { row: WindowRow::from_row(row)?, state: row.try_get("state")? })
            }
        }

        impl FromRow<'_, $row> for KeyRow {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(KeyRow {
                    suite: row.try_get("suite")?,
                    key: row.try_get("key")?,
                    body_hash: row.try_get("body_hash")?,
                    result_id: row.try_get("result_id")?,
                    at: $time(row, "at")?,
                    suite_hash: row.try_get("suite_hash")?,
                    came: $time(row, "came")?,
                })
            }
        }

        impl FromRow<'_, $row> for VersionRow {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                let (Json(files), Json(plugins)) = (row.try_get("files")?, row.try_get("plugins")?);
                Ok(VersionRow {
                    suite: row.try_get("suite")?,
                    hash: row.try_get("hash")?,
                    text: row.try_get("body")?,
                    files,
                    plugins,
                    at: $time(row, "put_at")?,
                    by: row.try_get("put_by")?,
                    active: row.try_get("active")?,
                })
            }
        }

        impl FromRow<'_, $row> for DeliveryRow {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(DeliveryRow {
                    n: row.try_get("n")?,
                    id: row.try_get("id")?,
                    incident: row.try_get("incident")?,
                    suite: row.try_get("suite")?,
                    trigger: row.try_get("trigger_name")?,
                    action: row.try_get("action")?,
                    kind: row.try_get("kind")?,
                    data: row.try_get("data")?,
                    at: $time(row, "at")?,
                    state: row.try_get("state")?,
                    tries: row.try_get("tries")?,
                    next_at: $time_or_none(row, "next_at")?,
                    last_status: row.try_get("last_status")?,
                    last_error: row.try_get("last_error")?,
                    ended_at: $time_or_none(row, "ended_at")?,
                    trace: row.try_get::<Option<String>, _>("traceparent")?.map(|traceparent| {
                        let tracestate = row.try_get::<Option<String>, _>("tracestate").ok().flatten();
                        Carried { traceparent, tracestate: tracestate.unwrap_or_default() }
                    }),
                })
            }
        }

        impl FromRow<'_, $row> for Count {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(Count {
                    action: row.try_get("action")?,
                    state: row.try_get("state")?,
                    n: row.try_get("n")?,
                    oldest: $time(row, "oldest")?,
                })
            }
        }

        impl FromRow<'_, $row> for PluginRow {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(PluginRow {
                    name: row.try_get("name")?,
                    version: row.try_get("version")?,
                    digest: row.try_get("digest")?,
                    size: row.try_get("size")?,
                    signature: row.try_get("signature")?,
                    wit: row.try_get("wit")?,
                    about: row.try_get("about")?,
                    at: $time(row, "put_at")?,
                    by: row.try_get("put_by")?,
                    active: row.try_get("active")?,
                })
            }
        }
    };
}

readers!(PgRow, postgres_time, postgres_time_or_none);
readers!(SqliteRow, sqlite_time, sqlite_time_or_none);
