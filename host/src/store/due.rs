//! Windows that are to be judged: panes with parts to take up, and longer windows of which a shorter one was judged.
//!
//! A longer window has a row in `window_due` from the transaction in which a shorter one is judged to the one in which
//! it is judged itself. The row's mark is another one each time, so whoever judges a window over shorter ones that have
//! changed meanwhile finds that its mark is gone, and does it again: no lock is held while states are read and merged.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::queries::Dialect;
use super::rows::Micros;
use super::windows::{WINDOW, WindowKey};

/// Of a window that is not over, parts are taken up when so many wait.
pub const MANY: i64 = 500;

/// Or so many bytes.
pub const MUCH: i64 = 16 << 20;

/// How many windows are looked for at once.
const DUE: i64 = 100;

/// What the clock says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// The time.
    pub now: Micros,
    /// Windows that ended before this are over, where their suite does not say how late records may come.
    pub ended: Micros,
    /// Windows that were judged after this are not judged again yet.
    pub revised: Micros,
}

/// A longer window that is to be judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Longer {
    /// The window.
    pub key: WindowKey,
    /// The mark of its row, which is gone when a shorter window has changed since.
    pub mark: Uuid,
}

pub(super) fn time_or_null<DB: Dialect>(query: &mut QueryBuilder<DB>, at: Option<Micros>) {
    match at {
        Some(at) => DB::time(query, at),
        None => {
            query.push("NULL");
        }
    }
}

/// Whether the window `it` is over: the watermark has passed its end, or the clock has, and records do not come by
/// their own time, or none came for long.
fn over<DB: Dialect>(query: &mut QueryBuilder<DB>, clock: Clock) {
    DB::time(query.push("(s.watermark_at >= it.end_at OR ((it.close_at <= "), clock.now);
    DB::time(query.push(" OR (it.close_at IS NULL AND it.end_at <= "), clock.ended);
    DB::time(query.push(")) AND (s.idle_at IS NULL OR s.idle_at <= "), clock.now);
    query.push(")))");
}

/// And that it was not judged just now.
fn not_just_judged<DB: Dialect>(query: &mut QueryBuilder<DB>, clock: Clock) {
    DB::time(query.push(" AND (w.id IS NULL OR w.status = 'open' OR w.judged_at <= "), clock.revised);
    query.push(")");
}

const STREAM: &str = " LEFT JOIN stream s ON s.suite = it.suite AND s.suite_hash = it.suite_hash";

const JUDGED: &str = " LEFT JOIN time_window w ON w.suite = it.suite AND w.suite_hash = it.suite_hash \
    AND w.length = it.length AND w.start_at = it.start_at AND w.segment = '' AND w.revision > 0";

fn but<DB: Dialect>(query: &mut QueryBuilder<DB>, before: &str, except: &[String]) {
    for (i, hash) in except.iter().enumerate() {
        DB::text(query.push(if i == 0 { before } else { ", " }), hash);
    }
    if !except.is_empty() {
        query.push(")");
    }
}

/// Windows with parts to take up, but of these versions of suites.
pub(super) fn panes<DB: Dialect>(clock: Clock, except: &[String]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(
        "SELECT it.suite, it.suite_hash, it.start_at, it.end_at, it.length, s.watermark_at, coalesce(",
    );
    over(&mut query, clock);
    // Parts of a version are all of one length. In the order of the index nothing is sorted, which in `SQLite` would take
    // the states along.
    query.push(
        ", FALSE) AS is_over FROM (SELECT suite, suite_hash, start_at, min(length) AS length, min(end_at) AS end_at, \
         min(close_at) AS close_at, max(n) AS n, max(bytes) AS bytes FROM (SELECT suite, suite_hash, start_at, \
         min(length) AS length, min(end_at) AS end_at, min(close_at) AS close_at, count(*) AS n, sum(length(state)) AS bytes FROM window_part",
    );
    but(&mut query, " WHERE suite_hash NOT IN (", except);
    query.push(" GROUP BY suite, suite_hash, start_at, bucket) page");
    query.push(" GROUP BY suite, suite_hash, start_at) it").push(STREAM).push(JUDGED).push(" WHERE (");
    over(&mut query, clock);
    not_just_judged(&mut query, clock);
    DB::number(query.push(") OR it.n >= "), MANY);
    DB::number(query.push(" OR it.bytes >= "), MUCH);
    DB::number(query.push(" ORDER BY it.end_at, it.suite, it.suite_hash, it.start_at LIMIT "), DUE);
    query
}

/// Longer windows that are over, and within which every shorter one was judged.
pub(super) fn longer<DB: Dialect>(clock: Clock, except: &[String]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(
        "SELECT it.suite, it.suite_hash, it.start_at, it.end_at, it.length, s.watermark_at, TRUE AS is_over, it.mark \
         FROM window_due it",
    );
    query.push(STREAM).push(JUDGED).push(" WHERE ");
    over(&mut query, clock);
    not_just_judged(&mut query, clock);
    but(&mut query, " AND it.suite_hash NOT IN (", except);
    let unjudged = |of: &str| {
        format!(
            " AND NOT EXISTS (SELECT 1 FROM {of} p WHERE p.suite = it.suite AND p.suite_hash = it.suite_hash \
             AND p.start_at >= it.start_at AND p.start_at < it.end_at AND p.end_at <= it.end_at AND p.length <> it.length \
             AND NOT EXISTS (SELECT 1 FROM time_window j WHERE j.suite = p.suite AND j.suite_hash = p.suite_hash \
             AND j.length = p.length AND j.start_at = p.start_at AND j.segment = '' AND j.revision > 0)"
        )
    };
    // Of two that span the same time, one slides, and neither waits for the other.
    query.push(unjudged("window_part")).push(")").push(unjudged("window_due"));
    query.push(" AND (p.start_at > it.start_at OR p.end_at < it.end_at))");
    DB::number(query.push(" ORDER BY it.end_at, it.start_at DESC, it.suite, it.suite_hash LIMIT "), DUE);
    query
}

/// What a window is made of, and where it waits to be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// Of records.
    OfRecords,
    /// Of shorter windows.
    OfWindows,
}

/// Whether a window of the same version and length that began earlier is over and was not judged yet.
pub(super) fn earlier<DB: Dialect>(key: &WindowKey, made: Made, clock: Clock) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("SELECT count(*) FROM (SELECT 1 FROM ");
    query.push(match made {
        Made::OfRecords => "window_part it",
        Made::OfWindows => "window_due it",
    });
    DB::text(query.push(STREAM).push(JUDGED).push(" WHERE w.id IS NULL AND it.suite = "), &key.suite);
    DB::text(query.push(" AND it.suite_hash = "), &key.suite_hash);
    DB::text(query.push(" AND it.length = "), &key.length);
    DB::time(query.push(" AND it.start_at < "), key.start);
    over(query.push(" AND "), clock);
    query.push(" LIMIT 1) earlier");
    query
}

/// Marks a longer window: a shorter one was judged.
pub(super) fn mark<DB: Dialect>(key: &WindowKey, close_at: Option<Micros>) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(
        "INSERT INTO window_due (suite, suite_hash, start_at, end_at, length, close_at, mark) VALUES (",
    );
    DB::text(&mut query, &key.suite);
    DB::text(query.push(", "), &key.suite_hash);
    DB::time(query.push(", "), key.start);
    DB::time(query.push(", "), key.end);
    DB::text(query.push(", "), &key.length);
    time_or_null(query.push(", "), close_at);
    DB::id(query.push(", "), Uuid::now_v7());
    query.push(") ON CONFLICT (suite, suite_hash, start_at, length) DO UPDATE SET mark = excluded.mark");
    query
}

/// Removes a mark, if it is still the same.
pub(super) fn unmark<DB: Dialect>(it: &Longer) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("DELETE FROM window_due");
    of_mark(&mut query, it);
    query
}

fn of_mark<DB: Dialect>(query: &mut QueryBuilder<DB>, it: &Longer) {
    DB::text(query.push(" WHERE suite = "), &it.key.suite);
    DB::text(query.push(" AND suite_hash = "), &it.key.suite_hash);
    DB::time(query.push(" AND start_at = "), it.key.start);
    DB::text(query.push(" AND length = "), &it.key.length);
    DB::id(query.push(" AND mark = "), it.mark);
}

/// The windows of a length and of the segment of another one that lie within it and behind a time, with their states.
pub(super) fn shorter<DB: Dialect>(key: &WindowKey, length: &str, from: Micros, limit: u32) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(WINDOW);
    DB::text(query.push(", state FROM time_window WHERE suite = "), &key.suite);
    DB::text(query.push(" AND suite_hash = "), &key.suite_hash);
    DB::text(query.push(" AND length = "), length);
    DB::text(query.push(" AND segment = "), &key.segment);
    DB::time(query.push(" AND start_at >= "), from);
    DB::time(query.push(" AND end_at <= "), key.end);
    DB::number(query.push(" AND state IS NOT NULL ORDER BY start_at LIMIT "), limit.into());
    query
}

/// Whether a mark is the same still.
pub(super) fn is_marked<DB: Dialect>(it: &Longer) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("SELECT count(*) FROM window_due");
    of_mark(&mut query, it);
    query
}

/// Records of one segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// The segment; empty: all records.
    pub segment: String,
    /// Records.
    pub records: i64,
    /// Of them, those that came late.
    pub late: i64,
    /// When the last of them was judged.
    pub judged_at: Micros,
    /// Windows that could not be judged.
    pub unjudged: i64,
}

/// What the windows of a length within another one hold, or of the same span, by segment.
pub(super) fn sums<DB: Dialect>(key: &WindowKey, length: &str) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    // `PostgreSQL` sums whole numbers up to a decimal.
    let mut query = QueryBuilder::new(
        "SELECT segment, CAST(sum(records) AS BIGINT) AS records, CAST(sum(late) AS BIGINT) AS late, \
         max(judged_at) AS judged_at, \
         CAST(sum(CASE WHEN status = 'error' OR revision = 0 THEN 1 ELSE 0 END) AS BIGINT) AS unjudged \
         FROM time_window",
    );
    DB::text(query.push(" WHERE suite = "), &key.suite);
    DB::text(query.push(" AND suite_hash = "), &key.suite_hash);
    DB::text(query.push(" AND length = "), length);
    DB::time(query.push(" AND start_at >= "), key.start);
    DB::time(query.push(" AND start_at < "), key.end);
    DB::time(query.push(" AND end_at <= "), key.end);
    query.push(" AND state IS NOT NULL GROUP BY segment ORDER BY segment");
    query
}

/// What both databases do alike, over connections of two types.
macro_rules! on_pool {
    ($reader:ident, $writer:ident, $begin:literal) => {
        pub(super) async fn due_longer(&self, clock: Clock, except: &[String]) -> Result<Vec<Longer>, Error> {
            let mut query = due::longer(clock, except);
            Ok(query.build_query_as().persistent(false).fetch_all(&self.$reader).await?)
        }

        pub(super) async fn waits_earlier(&self, key: &WindowKey, made: Made, clock: Clock) -> Result<bool, Error> {
            let n: i64 = due::earlier(key, made, clock).build_query_scalar().fetch_one(&self.$reader).await?;
            Ok(n > 0)
        }

        pub(super) async fn shorter(
            &self,
            key: &WindowKey,
            length: &str,
            from: Micros,
            limit: u32,
        ) -> Result<Vec<Kept>, Error> {
            Ok(due::shorter(key, length, from, limit).build_query_as().fetch_all(&self.$reader).await?)
        }

        pub(super) async fn sums(&self, key: &WindowKey, length: &str) -> Result<Vec<due::Sums>, Error> {
            Ok(due::sums(key, length).build_query_as().fetch_all(&self.$reader).await?)
        }

        async fn write_longer(&self, longer: &Longer, judged: &panes::Judged, is_last: bool) -> Result<bool, Error> {
            let mut connection = self.$writer.acquire().await?;
            let mut transaction = connection.begin_with($begin).await?;
            let is_same = if is_last {
                due::unmark(longer).build().execute(&mut *transaction).await?.rows_affected() > 0
            } else {
                let n: i64 = due::is_marked(longer).build_query_scalar().fetch_one(&mut *transaction).await?;
                n > 0
            };
            if !is_same {
                transaction.rollback().await?;
                return Ok(false);
            }
            panes::write!(transaction, judged);
            transaction.commit().await?;
            Ok(true)
        }
    };
}

pub(super) use on_pool;
