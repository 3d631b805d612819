//! Windows, and how far streams of records have come.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::{StoredFinding, time};
use crate::store::streams::StreamRow;
use crate::store::windows::WindowRow;

/// The records of one span of time and one version of a suite.
#[derive(Serialize, ToSchema)]
pub struct StoredWindow {
    /// Its id.
    pub id: uuid::Uuid,
    /// The suite.
    pub suite: String,
    /// The content hash of its version.
    pub suite_hash: String,
    /// The start (RFC 3339).
    pub start: String,
    /// The end, which is not part of it (RFC 3339).
    pub end: String,
    /// `5m`, `1h`, `1d`, `1w`, `month` and so on; `1h/5m`: an hour, one each 5 minutes; `silence`: no record came.
    pub length: String,
    /// Of which segment, such as `region=eu`; empty: of all records.
    pub segment: String,
    /// `pass`, `warn` or `fail`: the worst finding; `error`: it could not be judged.
    pub status: String,
    /// Why it could not be judged.
    pub message: Option<String>,
    /// Records.
    pub records: i64,
    /// Records that could not be read.
    pub unreadable: i64,
    /// Records whose own time cannot be read or lies in the future: they are in the window that they came in.
    pub untimed: i64,
    /// Records that came after their shortest window was judged.
    pub late: i64,
    /// Labels that were joined to its records; one that was corrected counts again.
    pub labels: i64,
    /// 1 when it was first judged, one more for each time that records or labels came late.
    pub revision: i64,
    /// When it was judged (RFC 3339).
    pub judged_at: String,
    /// Counts by expectation.
    pub statistics: Option<serde_json::Value>,
    /// What it was compared with: a baseline and its version, or earlier windows; none: nothing.
    pub baseline: Option<String>,
}

impl From<WindowRow> for StoredWindow {
    fn from(it: WindowRow) -> Self {
        StoredWindow {
            id: it.id,
            suite: it.suite,
            suite_hash: it.suite_hash,
            start: time(it.start),
            end: time(it.end),
            length: it.length,
            segment: it.segment,
            status: it.status,
            message: it.message,
            records: it.records,
            unreadable: it.unreadable,
            untimed: it.untimed,
            late: it.late,
            labels: it.labels,
            revision: it.revision,
            judged_at: time(it.judged_at),
            statistics: it.statistics,
            baseline: it.baseline,
        }
    }
}

/// How far the records of a version of a suite have come.
#[derive(Serialize, ToSchema)]
pub struct Stream {
    /// The suite.
    pub suite: String,
    /// The content hash of its version.
    pub suite_hash: String,
    /// When the last record was stored (RFC 3339).
    pub came_at: String,
    /// The latest time of a record, less the time that records may come late (RFC 3339): windows that end before it are
    /// closed. None where the suite names no time.
    pub watermark: Option<String>,
    /// Records that are in no window, since theirs is older than windows are kept.
    pub too_late: i64,
    /// Whether the suite expects not to be silent, and is.
    pub is_silent: bool,
}

impl From<StreamRow> for Stream {
    fn from(it: StreamRow) -> Self {
        Stream {
            suite: it.suite,
            suite_hash: it.suite_hash,
            came_at: time(it.came_at),
            watermark: it.watermark.map(time),
            too_late: it.too_late,
            is_silent: it.silent_at == Some(it.came_at),
        }
    }
}

/// A window with what its expectations say of it.
#[derive(Serialize, ToSchema)]
pub struct WindowDetail {
    /// The window.
    #[serde(flatten)]
    pub window: StoredWindow,
    /// Its findings.
    pub findings: Vec<StoredFinding>,
    /// The plugins that it was checked with: the suite's name for each, then the digest of its component.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub plugins: BTreeMap<String, String>,
}
