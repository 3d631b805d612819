//! The parts of the windows of one span, page by page: all records are one, the segments of a bucket another. What is
//! made of a page is written in the transaction that removes its parts.

use std::collections::HashMap;

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::labels::LabelDue;
use super::queries::Dialect;
use super::windows::{Closed, Kept, WINDOW, WindowKey, WindowPart};

/// How many rows of parts are taken up in one transaction, so that memory and time are bounded.
pub const PARTS: usize = 1000;

/// Of their states no more is taken up than these bytes and one part.
pub const BYTES: i64 = 64 << 20;

/// What waits of one page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// 0: all records; else some segments.
    pub bucket: i64,
    /// Rows.
    pub parts: i64,
    /// Bytes of their states.
    pub bytes: i64,
    /// The number of the last.
    pub last: i64,
}

/// The first parts of a page, as many as are taken up at once, and what is kept of its windows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The parts, in their order.
    pub parts: Vec<WindowPart>,
    /// What is kept of the windows that they are of, and of those that are to be judged without any.
    pub kept: Vec<Kept>,
    /// Which rows they came from, and what was kept.
    pub taken: Taken,
}

/// What a page was read from, which must be the same still when it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The page.
    pub bucket: i64,
    /// The numbers of the rows.
    pub ids: Vec<i64>,
    /// Revision and records of each window that was kept.
    pub before: Vec<(Uuid, i64, i64)>,
}

/// What detectors remember that watch windows, by segment.
pub type Memories = HashMap<String, Vec<u8>>;

/// What is written of a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// Its windows; none when its records are too late.
    pub closed: Vec<Closed>,
    /// The longer windows that are to be judged when they are over, since these were, and when the clock closes each.
    pub longer: Vec<(WindowKey, Option<super::rows::Micros>)>,
    /// When windows are to be judged again, since labels have had time then.
    pub waits: Vec<LabelDue>,
    /// Records too old to be in a window: they are counted, and nothing is kept.
    pub too_late: i64,
}

impl Page {
    /// The page of these parts and what is kept.
    pub(super) fn new(bucket: i64, parts: Vec<WindowPart>, kept: Vec<Kept>) -> Self {
        let mut ids: Vec<_> = parts.iter().map(|it| it.id).collect();
        ids.dedup();
        let mut before: Vec<_> = kept.iter().map(|it| (it.row.id, it.row.revision, it.row.records)).collect();
        before.sort_unstable();
        Page { parts, kept, taken: Taken { bucket, ids, before } }
    }

    /// The page of what was taken alone: others may have come since.
    #[must_use]
    pub fn only(mut self, taken: &Taken) -> Self {
        self.parts.retain(|it| taken.ids.binary_search(&it.id).is_ok());
        self.taken = taken.clone();
        self
    }
}

impl WindowKey {
    /// The same span, of a segment.
    #[must_use]
    pub fn of_segment(&self, segment: &str) -> Self {
        WindowKey { segment: segment.to_owned(), ..self.clone() }
    }

    /// The number of the lock of all windows of a version and a length.
    pub(super) fn lock_of_length(&self) -> Uuid {
        WindowKey { start: super::rows::Micros::MIN, ..self.of_segment("*") }.id()
    }

    /// The number of the lock of a page; of all pages, without one.
    pub(super) fn lock(&self, bucket: Option<i64>) -> Uuid {
        self.of_segment(&bucket.map_or_else(|| "*".to_owned(), |it| format!("*{it}"))).id()
    }
}

/// The page that the windows of a segment are in; 0: all records.
pub fn page_of(segment: &str) -> i64 {
    super::parts::bucket(segment)
}

fn of_window<DB: Dialect>(query: &mut QueryBuilder<DB>, key: &WindowKey) {
    DB::text(query.push(" WHERE suite = "), &key.suite);
    DB::text(query.push(" AND suite_hash = "), &key.suite_hash);
    DB::time(query.push(" AND start_at = "), key.start);
}

/// What waits of each page.
pub(super) fn waiting<DB: Dialect>(key: &WindowKey) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(
        "SELECT bucket, count(*) AS parts, sum(length(state)) AS bytes, max(id) AS last FROM window_part",
    );
    of_window(&mut query, key);
    query.push(" GROUP BY bucket ORDER BY bucket");
    query
}

/// The first rows of a page up to the one of a number, as many as are taken up at once.
pub(super) fn parts<DB: Dialect>(key: &WindowKey, bucket: i64, last: i64) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    // Lengths are summed up by number alone, so that no state is read that is not taken up.
    let mut query = QueryBuilder::new(
        "SELECT id, suite, suite_hash, start_at, end_at, length, bucket, close_at, records, unreadable, untimed, state \
         FROM window_part WHERE id IN \
         (SELECT id FROM (SELECT id, sum(length(state)) OVER (ORDER BY id) - length(state) AS bytes FROM window_part",
    );
    of_window(&mut query, key);
    DB::number(query.push(" AND bucket = "), bucket);
    DB::number(query.push(" AND id <= "), last);
    DB::number(query.push(") AS part WHERE bytes < "), BYTES);
    DB::number(query.push(" ORDER BY id LIMIT "), PARTS as i64);
    query.push(") ORDER BY id");
    query
}

fn among<DB: Dialect>(query: &mut QueryBuilder<DB>, ids: &[Uuid]) {
    for (i, it) in ids.iter().enumerate() {
        DB::id(query.push(if i == 0 { "(" } else { ", " }), *it);
    }
    query.push(")");
}

/// What is kept of windows, with their states.
pub(super) fn kept<DB: Dialect>(ids: &[Uuid]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(WINDOW);
    among(query.push(", state FROM time_window WHERE id IN "), ids);
    query
}

/// The segments of a span of which parts were taken up that they are not judged with yet.
pub(super) fn unjudged<DB: Dialect>(key: &WindowKey) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("SELECT segment FROM time_window");
    of_window(&mut query, key);
    DB::text(query.push(" AND length = "), &key.length);
    query.push(" AND unjudged");
    query
}

/// What detectors remembered at the last window before a span, by segment.
pub(super) fn memories<DB: Dialect>(key: &WindowKey, segments: &[&str]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("WITH wanted(segment) AS (VALUES ");
    for (i, it) in segments.iter().enumerate() {
        DB::text(query.push(if i == 0 { "(" } else { "), (" }), it);
    }
    query.push(")) SELECT wanted.segment, (SELECT it.memory FROM time_window it");
    DB::text(query.push(" WHERE it.suite = "), &key.suite);
    DB::text(query.push(" AND it.suite_hash = "), &key.suite_hash);
    DB::text(query.push(" AND it.length = "), &key.length);
    DB::time(query.push(" AND it.segment = wanted.segment AND it.start_at < "), key.start);
    query.push(" AND it.memory IS NOT NULL ORDER BY it.start_at DESC LIMIT 1) AS memory FROM wanted");
    query
}

/// Revision and records of windows.
pub(super) fn before<DB: Dialect>(ids: &[Uuid]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("SELECT id, revision, records FROM time_window WHERE id IN ");
    among(&mut query, ids);
    query
}

/// Removes parts by their numbers: others may have come since they were read.
pub(super) fn remove_parts<DB: Dialect>(ids: &[i64]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("DELETE FROM window_part WHERE id IN (");
    for (i, it) in ids.iter().enumerate() {
        DB::number(query.push(if i == 0 { "" } else { ", " }), *it);
    }
    query.push(")");
    query
}

/// Removes the findings of windows of one start.
pub(super) fn remove_findings<DB: Dialect>(closed: &[&Closed]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("DELETE FROM finding WHERE at = ");
    DB::time(&mut query, closed.first().map(|it| it.kept.row.start).unwrap_or_default());
    let ids: Vec<_> = closed.iter().map(|it| it.kept.row.id).collect();
    among(query.push(" AND result_id IN "), &ids);
    query
}

/// What both databases do alike, over connections of two types.
macro_rules! on_pool {
    ($reader:ident, $writer:ident, $begin:literal, $lock:expr) => {
        pub(super) async fn waiting(&self, key: &WindowKey) -> Result<Vec<panes::Waiting>, Error> {
            Ok(panes::waiting(key).build_query_as().fetch_all(&self.$reader).await?)
        }

        pub(super) async fn unjudged(&self, key: &WindowKey) -> Result<Vec<String>, Error> {
            Ok(panes::unjudged(key).build_query_scalar().fetch_all(&self.$reader).await?)
        }

        pub(super) async fn page(
            &self,
            key: &WindowKey,
            bucket: i64,
            last: i64,
            unjudged: &[String],
        ) -> Result<panes::Page, Error> {
            let rows: Vec<parts::Bundle> =
                panes::parts(key, bucket, last).build_query_as().fetch_all(&self.$reader).await?;
            let parts: Vec<WindowPart> = rows.into_iter().flat_map(parts::Bundle::apart).collect();
            let unjudged = unjudged.iter().map(String::as_str).filter(|it| panes::page_of(it) == bucket);
            let names: std::collections::BTreeSet<_> =
                parts.iter().map(|it| it.segment.as_str()).chain(unjudged).collect();
            let ids: Vec<_> = names.into_iter().map(|it| key.of_segment(it).id()).collect();
            Ok(panes::Page::new(bucket, parts, self.kept_of(&ids).await?))
        }

        /// What is kept of windows, open or judged.
        pub(super) async fn kept_of(&self, ids: &[Uuid]) -> Result<Vec<Kept>, Error> {
            let mut kept = Vec::new();
            for some in ids.chunks(panes::ROWS) {
                let query = &mut panes::kept(some);
                let some: Vec<Kept> = query.build_query_as().persistent(false).fetch_all(&self.$reader).await?;
                kept.extend(some);
            }
            Ok(kept)
        }

        pub(super) async fn memories(&self, key: &WindowKey, segments: &[&str]) -> Result<panes::Memories, Error> {
            let mut found = panes::Memories::new();
            for some in segments.chunks(panes::ROWS) {
                let query = &mut panes::memories(key, some);
                let some: Vec<(String, Option<Vec<u8>>)> =
                    query.build_query_as().persistent(false).fetch_all(&self.$reader).await?;
                found.extend(some.into_iter().filter_map(|(segment, it)| Some((segment, it?))));
            }
            Ok(found)
        }

        async fn write_page(
            &self,
            key: &WindowKey,
            taken: &panes::Taken,
            judged: &panes::Judged,
        ) -> Result<bool, Error> {
            let mut connection = self.$writer.acquire().await?;
            let mut transaction = connection.begin_with($begin).await?;
            let mut is_same = $lock(&mut transaction, key.lock(Some(taken.bucket))).await?;
            let ids: Vec<_> = judged.closed.iter().map(|it| it.kept.row.id).collect();
            if is_same {
                let mut n = 0;
                for some in taken.ids.chunks(panes::PARTS) {
                    let query = &mut panes::remove_parts(some);
                    n += query.build().persistent(false).execute(&mut *transaction).await?.rows_affected();
                }
                is_same = n == taken.ids.len() as u64 && n > 0;
            }
            if is_same && !ids.is_empty() {
                let mut before: Vec<(Uuid, i64, i64)> = Vec::new();
                for some in ids.chunks(panes::ROWS) {
                    let query = &mut panes::before(some);
                    let some: Vec<(Uuid, i64, i64)> =
                        query.build_query_as().persistent(false).fetch_all(&mut *transaction).await?;
                    before.extend(some);
                }
                before.sort_unstable();
                // One that waits for its version may have been noted since, with nothing in it.
                before.retain(|it| taken.before.contains(it) || it.1 > 0 || it.2 > 0);
                is_same = before == taken.before;
            }
            if !is_same {
                // Left to itself, the connection would hold the lock for a while.
                transaction.rollback().await?;
                return Ok(false);
            }
            if judged.too_late > 0 {
                streams::add_too_late(key, judged.too_late).build().execute(&mut *transaction).await?;
            }
            panes::write!(transaction, judged);
            transaction.commit().await?;
            Ok(true)
        }
    };
}

/// Rows that one statement writes or asks for.
pub(super) const ROWS: usize = 200;

/// Windows with their findings, and that triggers are to see them and longer ones are to be judged.
macro_rules! write {
    ($transaction:ident, $judged:expr) => {
        for some in $judged.closed.chunks(panes::ROWS) {
            windows::keep(some).build().persistent(some.len() == 1).execute(&mut *$transaction).await?;
            // Of what was not judged before there is nothing to remove.
            let again: Vec<_> = some.iter().filter(|it| it.kept.row.revision > 1).collect();
            if !again.is_empty() {
                let query = &mut panes::remove_findings(&again);
                query.build().persistent(false).execute(&mut *$transaction).await?;
            }
            let undecided: Vec<_> = some.iter().filter(|it| it.is_undecided).collect();
            if !undecided.is_empty() {
                super::triggers::mark(&undecided).build().persistent(false).execute(&mut *$transaction).await?;
            }
            let findings: Vec<_> = some.iter().flat_map(|it| it.findings.iter().cloned()).collect();
            if !findings.is_empty() {
                let findings = Batch { findings, ..Batch::default() };
                writing::findings(&mut $transaction, &super::batch::prepared(&findings).findings).await?;
            }
        }
        for some in $judged.waits.chunks(panes::ROWS) {
            labels::mark(some).build().persistent(false).execute(&mut *$transaction).await?;
        }
        for (key, close_at) in &$judged.longer {
            due::mark(key, *close_at).build().execute(&mut *$transaction).await?;
        }
    };
}

pub(super) use {on_pool, write};
