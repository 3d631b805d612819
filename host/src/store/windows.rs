//! Windows: parts that hosts add, and what they make when their time is over.
//!
//! A part is written in the transaction of its journal segment, so it counts once; it is removed in the
//! transaction that takes it up. Hosts that share a database close each window once: with `PostgreSQL` the one
//! that has the window's lock, with `SQLite` the one that writes.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::queries::{Dialect, before, texts, times};
use super::rows::{Cursor, Filter, FindingRow, Micros};

/// What a window that was judged can be.
pub const STATUSES: [&str; 4] = ["pass", "warn", "fail", "error"];

/// How many parts are taken up in one transaction, so that memory and time are bounded.
pub const PARTS: usize = 1000;

/// Of their states no more is taken up than these bytes and one part.
const BYTES: i64 = 64 << 20;

/// Of a window that is not over, parts are taken up when so many wait.
const MANY: i64 = 500;

/// Or so many bytes.
const MUCH: i64 = 16 << 20;

/// How many windows are looked for at once.
const DUE: i64 = 100;

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
    /// Records.
    pub records: i64,
    /// Records that could not be read.
    pub unreadable: i64,
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
    /// Whether it is over, and to be judged.
    pub is_over: bool,
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
    /// Records.
    pub records: i64,
    /// Records that could not be read.
    pub unreadable: i64,
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
}

/// A new part.
pub(super) fn add_part<DB: Dialect>(segment: Uuid, it: &WindowPart) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(
        "INSERT INTO window_part (segment_id, suite, suite_hash, start_at, end_at, records, unreadable, state) VALUES (",
    );
    DB::id(&mut query, segment);
    DB::text(query.push(", "), &it.suite);
    DB::text(query.push(", "), &it.suite_hash);
    DB::time(query.push(", "), it.start);
    DB::time(query.push(", "), it.end);
    DB::number(query.push(", "), it.records);
    DB::number(query.push(", "), it.unreadable);
    DB::bytes(query.push(", "), Some(it.state.clone()));
    query.push(")");
    query
}

/// Windows with parts to take up, but of these versions of suites.
pub(super) fn due<DB: Dialect>(ended: Micros, except: &[String]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("SELECT suite, suite_hash, start_at, min(end_at) AS end_at, min(end_at) <= ");
    DB::time(&mut query, ended);
    query.push(" AS is_over FROM window_part");
    for (i, hash) in except.iter().enumerate() {
        DB::text(query.push(if i == 0 { " WHERE suite_hash NOT IN (" } else { ", " }), hash);
    }
    if !except.is_empty() {
        query.push(")");
    }
    query.push(" GROUP BY suite, suite_hash, start_at HAVING min(end_at) <= ");
    DB::time(&mut query, ended);
    DB::number(query.push(" OR count(*) >= "), MANY);
    DB::number(query.push(" OR sum(length(state)) >= "), MUCH);
    DB::number(query.push(" ORDER BY 4, 1, 2, 3 LIMIT "), DUE);
    query
}

/// The first parts of a window, as many as are taken up at once.
pub(super) fn parts<DB: Dialect>(key: &WindowKey) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    // Lengths are summed up by number alone, so that no state is read that is not taken up.
    let mut query = QueryBuilder::new(
        "SELECT id, suite, suite_hash, start_at, end_at, records, unreadable, state FROM window_part WHERE id IN \
         (SELECT id FROM (SELECT id, sum(length(state)) OVER (ORDER BY id) - length(state) AS bytes FROM window_part",
    );
    of_window(&mut query, key);
    DB::number(query.push(") AS part WHERE bytes < "), BYTES);
    DB::number(query.push(" ORDER BY id LIMIT "), PARTS as i64);
    query.push(") ORDER BY id");
    query
}

/// How many parts a window has.
pub(super) fn n_parts<DB: Dialect>(key: &WindowKey) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("SELECT count(*) FROM window_part");
    of_window(&mut query, key);
    query
}

fn of_window<DB: Dialect>(query: &mut QueryBuilder<DB>, key: &WindowKey) {
    DB::text(query.push(" WHERE suite = "), &key.suite);
    DB::text(query.push(" AND suite_hash = "), &key.suite_hash);
    DB::time(query.push(" AND start_at = "), key.start);
}

/// Removes parts by their numbers: others may have come since they were read.
pub(super) fn remove_parts<DB: Dialect>(parts: &[WindowPart]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("DELETE FROM window_part WHERE id IN (");
    for (i, it) in parts.iter().enumerate() {
        DB::number(query.push(if i == 0 { "" } else { ", " }), it.id);
    }
    query.push(")");
    query
}

pub(super) const WINDOW: &str = "SELECT id, suite, suite_hash, start_at, end_at, records, unreadable, status, message, \
    revision, judged_at, statistics, baseline";

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
    status: Option<&str>,
    after: Option<Cursor>,
    limit: u32,
) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(WINDOW);
    query.push(" FROM time_window WHERE status <> 'open'");
    texts(&mut query, &[(" AND suite = ", &filter.suite), (" AND status = ", &status.map(str::to_owned))]);
    times(&mut query, &[(" AND start_at >= ", filter.since), (" AND start_at < ", filter.until)]);
    before(&mut query, [" AND start_at <= ", " AND (start_at, id) < ("], after);
    DB::number(query.push(" ORDER BY start_at DESC, id DESC LIMIT "), limit.into());
    query
}

/// Keeps a window in place of what was kept of it.
pub(super) fn keep<DB: Dialect>(kept: &Kept) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = insert(kept);
    query.push(
        " ON CONFLICT (id) DO UPDATE SET records = excluded.records, unreadable = excluded.unreadable, \
         status = excluded.status, message = excluded.message, revision = excluded.revision, \
         judged_at = excluded.judged_at, statistics = excluded.statistics, baseline = excluded.baseline, \
         state = excluded.state",
    );
    query
}

/// Keeps a window of which nothing was kept.
pub(super) fn keep_first<DB: Dialect>(row: &WindowRow) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = insert(&Kept { row: row.clone(), state: None });
    query.push(" ON CONFLICT (id) DO NOTHING");
    query
}

fn insert<DB: Dialect>(Kept { row, state }: &Kept) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(
        "INSERT INTO time_window (id, suite, suite_hash, start_at, end_at, records, unreadable, status, \
         revision, judged_at, statistics, message, baseline, state) VALUES (",
    );
    DB::id(&mut query, row.id);
    DB::text(query.push(", "), &row.suite);
    DB::text(query.push(", "), &row.suite_hash);
    DB::time(query.push(", "), row.start);
    DB::time(query.push(", "), row.end);
    DB::number(query.push(", "), row.records);
    DB::number(query.push(", "), row.unreadable);
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
    DB::bytes(query.push(", "), state.clone());
    query.push(")");
    query
}

/// The versions of suites with windows that are not taken up: suite and hash.
pub(super) const OPEN: &str = "SELECT DISTINCT suite, suite_hash FROM window_part";

/// Removes the findings of a window.
pub(super) fn remove_findings<DB: Dialect>(row: &WindowRow) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("DELETE FROM finding WHERE at = ");
    DB::time(&mut query, row.start);
    DB::id(query.push(" AND result_id = "), row.id);
    query
}

impl WindowKey {
    /// The window's id, which follows from the key.
    pub fn id(&self) -> Uuid {
        use sha2::{Digest as _, Sha256};
        let hash = Sha256::new()
            .chain_update((self.suite.len() as u64).to_le_bytes())
            .chain_update(&self.suite)
            .chain_update(&self.suite_hash)
            .chain_update(self.start.to_le_bytes())
            .finalize();
        let bytes = hash.first_chunk::<16>().copied().unwrap_or_default();
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

/// What both databases do alike, over connections of two types.
macro_rules! on_pool {
    ($reader:ident, $writer:ident, $begin:literal, $lock:expr) => {
        pub(super) async fn due_windows(&self, ended: Micros, except: &[String]) -> Result<Vec<WindowKey>, Error> {
            let mut query = windows::due(ended, except);
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

        async fn take_up(
            &self,
            key: &WindowKey,
            close: impl FnOnce(Option<Kept>, &[WindowPart], bool) -> Closed + Send,
        ) -> Result<bool, Error> {
            let id = key.id();
            let mut connection = self.$writer.acquire().await?;
            let mut transaction = connection.begin_with($begin).await?;
            if !$lock(&mut transaction, id).await? {
                transaction.rollback().await?;
                return Ok(false);
            }
            let parts: Vec<WindowPart> = windows::parts(key).build_query_as().fetch_all(&mut *transaction).await?;
            if parts.is_empty() {
                // Left to itself, the connection would hold the lock for a while.
                transaction.rollback().await?;
                return Ok(false);
            }
            let kept = windows::kept(id).build_query_as().fetch_optional(&mut *transaction).await?;
            let n_parts: i64 = windows::n_parts(key).build_query_scalar().fetch_one(&mut *transaction).await?;
            // The last parts of a window that is over make it whole.
            let is_whole = key.is_over && n_parts == parts.len() as i64;
            let closed = close(kept, &parts, is_whole);
            windows::keep(&closed.kept).build().execute(&mut *transaction).await?;
            if is_whole {
                windows::remove_findings(&closed.kept.row).build().execute(&mut *transaction).await?;
                let findings = Batch { findings: closed.findings, ..Batch::default() };
                writing::findings(&mut transaction, &super::batch::prepared(&findings).findings).await?;
            }
            windows::remove_parts(&parts).build().persistent(false).execute(&mut *transaction).await?;
            transaction.commit().await?;
            Ok(true)
        }

        pub(super) async fn windows(
            &self,
            filter: &Filter,
            status: Option<&str>,
            after: Option<Cursor>,
            limit: u32,
        ) -> Result<Vec<WindowRow>, Error> {
            Ok(windows::page(filter, status, after, limit).build_query_as().fetch_all(&self.$reader).await?)
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
