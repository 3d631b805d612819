//! Windows: parts that hosts add, and what they make when their time is over.
//!
//! A part is written in the transaction of its journal segment, so it counts once; it is removed in the
//! transaction that takes it up (see `panes`), so that hosts that share a database close each window once.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::queries::{Dialect, before, texts, times};
use super::rows::{Cursor, Filter, FindingRow, Micros};

/// What a window that was judged can be.
pub const STATUSES: [&str; 4] = ["pass", "warn", "fail", "error"];

/// What one journal segment adds to a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WindowPart {
    /// Its number in the store, by which parts are ordered; 0 before it is written.
    pub id: i64,
    /// The suite.
    pub suite: String,
    /// The suite's content hash.
    pub suite_hash: String,
    /// The start of the window.
    pub start: Micros,
    /// Its end, which is not part of it.
    pub end: Micros,
    /// What its length is called.
    pub length: String,
    /// Of which segment; empty: of all records.
    pub segment: String,
    /// The segment that these records are counted in when there are enough others.
    pub other: String,
    /// How many segments of the version are kept apart.
    pub most: i64,
    /// When the clock closes it; `None` leaves it to the service.
    pub close_at: Option<Micros>,
    /// Records.
    pub records: i64,
    /// Records that could not be read.
    pub unreadable: i64,
    /// Records whose own time could not be read.
    pub untimed: i64,
    /// What they add: encoded windows, each behind its length in four bytes, the lowest first.
    pub state: Vec<u8>,
}

/// Which window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WindowKey {
    /// The suite.
    pub suite: String,
    /// The suite's content hash.
    pub suite_hash: String,
    /// The start.
    pub start: Micros,
    /// The end.
    pub end: Micros,
    /// What its length is called.
    pub length: String,
    /// Of which segment; empty: of all records.
    pub segment: String,
    /// Whether it is over, and to be judged.
    pub is_over: bool,
    /// The latest time of a record of this version, less the time that records may come late.
    pub watermark: Option<Micros>,
}

/// A window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WindowRow {
    /// Its id: the same wherever and whenever the window is closed.
    pub id: Uuid,
    /// The suite.
    pub suite: String,
    /// The suite's content hash.
    pub suite_hash: String,
    /// The start.
    pub start: Micros,
    /// The end, which is not part of it.
    pub end: Micros,
    /// What its length is called.
    pub length: String,
    /// Of which segment; empty: of all records.
    pub segment: String,
    /// Records.
    pub records: i64,
    /// Records that could not be read.
    pub unreadable: i64,
    /// Records whose own time could not be read, or lies in the future.
    pub untimed: i64,
    /// Records that came after their shortest window was judged.
    pub late: i64,
    /// Labels that were joined to its records; one that was corrected counts again.
    pub labels: i64,
    /// `pass`, `warn`, `fail` or `error`; `open`: parts were taken up, and it is not judged yet.
    pub status: String,
    /// Why it could not be judged.
    pub message: Option<String>,
    /// 1 when it was first judged, one more for each time that records came late; 0 when it is open.
    pub revision: i64,
    /// When it was judged.
    pub judged_at: Micros,
    /// Counts by expectation.
    pub statistics: Option<serde_json::Value>,
    /// What it was compared with; `None`: nothing.
    pub baseline: Option<String>,
}

/// Which windows are asked for, beside suite and time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restricted<'t> {
    /// How they ended.
    pub status: Option<&'t str>,
    /// What their length is called.
    pub length: Option<&'t str>,
    /// Of which segment; `Some("")`: of all records together; `None`: both.
    pub segment: Option<&'t str>,
}

/// What was kept of a window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// The window.
    pub row: WindowRow,
    /// Its encoded state; `None` when it could not be made.
    pub state: Option<Vec<u8>>,
}

/// A window with the parts taken up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Closed {
    /// The window.
    pub kept: Kept,
    /// What the expectations say of it; none when it is open.
    pub findings: Vec<FindingRow>,
    /// Whether parts were taken up that it is not judged with yet.
    pub is_unjudged: bool,
    /// Whether triggers are to see it.
    pub is_undecided: bool,
    /// What detectors remember that watch windows, this one included; `None`: what was kept stays.
    pub memory: Option<Vec<u8>>,
}

pub(super) const WINDOW: &str = "SELECT id, suite, suite_hash, start_at, end_at, length, segment, records, unreadable, \
    untimed, late, labels, status, message, revision, judged_at, statistics, baseline";

/// What is kept of a window, with its state.
pub(super) fn kept<DB: Dialect>(id: Uuid) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(WINDOW);
    DB::id(query.push(", state FROM time_window WHERE id = "), id);
    query
}

/// A page of windows.
pub(super) fn page<DB: Dialect>(
    filter: &Filter,
    Restricted { status, length, segment }: Restricted<'_>,
    after: Option<Cursor>,
    limit: u32,
) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(WINDOW);
    query.push(" FROM time_window WHERE status <> 'open'");
    texts(
        &mut query,
        &[
            (" AND suite = ", &filter.suite),
            (" AND status = ", &status.map(str::to_owned)),
            (" AND length = ", &length.map(str::to_owned)),
            (" AND segment = ", &segment.map(str::to_owned)),
        ],
    );
    times(&mut query, &[(" AND start_at >= ", filter.since), (" AND start_at < ", filter.until)]);
    before(&mut query, [" AND start_at <= ", " AND (start_at, id) < ("], after);
    DB::number(query.push(" ORDER BY start_at DESC, id DESC LIMIT "), limit.into());
    query
}

/// Keeps windows in place of what was kept of them.
pub(super) fn keep<DB: Dialect>(closed: &[Closed]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = insert(closed);
    query.push(
        " ON CONFLICT (id) DO UPDATE SET records = excluded.records, unreadable = excluded.unreadable, \
         untimed = excluded.untimed, late = excluded.late, labels = excluded.labels, status = excluded.status, message = excluded.message, \
         revision = excluded.revision, judged_at = excluded.judged_at, statistics = excluded.statistics, \
         baseline = excluded.baseline, state = excluded.state, unjudged = excluded.unjudged, memory = coalesce(excluded.memory, time_window.memory)",
    );
    query
}

/// Keeps a window of which nothing was kept.
pub(super) fn keep_first<DB: Dialect>(row: &WindowRow) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = insert(&[Closed { kept: Kept { row: row.clone(), state: None }, ..Closed::default() }]);
    query.push(" ON CONFLICT (id) DO NOTHING");
    query
}

fn insert<DB: Dialect>(closed: &[Closed]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(
        "INSERT INTO time_window (id, suite, suite_hash, start_at, end_at, length, segment, records, unreadable, \
         untimed, late, labels, status, revision, judged_at, statistics, message, baseline, unjudged, memory, state) VALUES ",
    );
    for (i, Closed { kept: Kept { row, state }, is_unjudged, memory, .. }) in closed.iter().enumerate() {
        DB::id(query.push(if i == 0 { "(" } else { ", (" }), row.id);
        DB::text(query.push(", "), &row.suite);
        DB::text(query.push(", "), &row.suite_hash);
        DB::time(query.push(", "), row.start);
        DB::time(query.push(", "), row.end);
        DB::text(query.push(", "), &row.length);
        DB::text(query.push(", "), &row.segment);
        for number in [row.records, row.unreadable, row.untimed, row.late, row.labels] {
            DB::number(query.push(", "), number);
        }
        DB::text(query.push(", "), &row.status);
        DB::number(query.push(", "), row.revision);
        DB::time(query.push(", "), row.judged_at);
        DB::json(query.push(", "), row.statistics.as_ref().map(|it| super::texts::kept_json(it).to_string()));
        for text in [&row.message, &row.baseline] {
            match text {
                Some(it) => DB::text(query.push(", "), it),
                None => drop(query.push(", NULL")),
            }
        }
        query.push(if *is_unjudged { ", TRUE" } else { ", FALSE" });
        DB::bytes(query.push(", "), memory.clone());
        DB::bytes(query.push(", "), state.clone());
        query.push(")");
    }
    query
}

/// The versions of suites with windows that are not taken up: suite and hash.
pub(super) const OPEN: &str =
    "SELECT suite, suite_hash FROM window_part UNION SELECT suite, suite_hash FROM window_due";

impl WindowKey {
    /// A window of which no more is known than which it is.
    pub fn row(&self) -> WindowRow {
        WindowRow {
            id: self.id(),
            suite: self.suite.clone(),
            suite_hash: self.suite_hash.clone(),
            start: self.start,
            end: self.end,
            length: self.length.clone(),
            segment: self.segment.clone(),
            ..WindowRow::default()
        }
    }

    /// The window's id, which follows from the key.
    pub fn id(&self) -> Uuid {
        use sha2::{Digest as _, Sha256};
        let hash = Sha256::new()
            .chain_update((self.suite.len() as u64).to_le_bytes())
            .chain_update(&self.suite)
            .chain_update(&self.suite_hash)
            .chain_update(self.start.to_le_bytes())
            .chain_update(&self.length);
        // No length holds U+0000.
        let hash = match self.segment.as_str() {
            "" => hash,
            segment => hash.chain_update("\0").chain_update(segment),
        };
        let hash = hash.finalize();
        let bytes = hash.first_chunk::<16>().copied().unwrap_or_default();
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

/// What both databases do alike, over connections of two types.
macro_rules! on_pool {
    ($reader:ident, $writer:ident) => {
        pub(super) async fn due_windows(&self, clock: Clock, except: &[String]) -> Result<Vec<WindowKey>, Error> {
            let mut query = due::panes(clock, except);
            // Its text depends on how many are left out.
            Ok(query.build_query_as().persistent(false).fetch_all(&self.$reader).await?)
        }

        pub(super) async fn keep_first(&self, row: &WindowRow) -> Result<(), Error> {
            windows::keep_first(row).build().execute(&self.$writer).await?;
            Ok(())
        }

        pub(super) async fn open_versions(&self) -> Result<Vec<(String, String)>, Error> {
            Ok(sqlx::query_as(windows::OPEN).fetch_all(&self.$reader).await?)
        }

        pub(super) async fn windows(
            &self,
            filter: &Filter,
            restricted: Restricted<'_>,
            after: Option<Cursor>,
            limit: u32,
        ) -> Result<Vec<WindowRow>, Error> {
            Ok(windows::page(filter, restricted, after, limit).build_query_as().fetch_all(&self.$reader).await?)
        }

        pub(super) async fn window(&self, id: Uuid) -> Result<Option<(WindowRow, Vec<FindingRow>)>, Error> {
            let found: Option<Kept> = windows::kept(id).build_query_as().fetch_optional(&self.$reader).await?;
            let Some(row) = found.map(|it| it.row).filter(|it| it.status != "open") else { return Ok(None) };
            let findings = queries::findings_of(row.start, id).build_query_as().fetch_all(&self.$reader).await?;
            Ok(Some((row, findings)))
        }
    };
}

pub(super) use on_pool;
