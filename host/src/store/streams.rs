//! How far the records of each version of a suite have come: what closes windows by event time, and what tells silence.

use sqlx::QueryBuilder;

use super::due::time_or_null;
use super::queries::Dialect;
use super::rows::Micros;
use super::windows::WindowKey;

/// What one journal segment says of the records of a version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamPart {
    /// The suite.
    pub suite: String,
    /// The suite's content hash.
    pub suite_hash: String,
    /// The latest time of a record, less the time that records may come late; `None` when none has a time.
    pub watermark: Option<Micros>,
    /// Time without a record that has a time, after which the clock closes windows.
    pub idle: Micros,
}

/// How far the records of a version have come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamRow {
    /// The suite.
    pub suite: String,
    /// The suite's content hash.
    pub suite_hash: String,
    /// When the last record was stored.
    pub came_at: Micros,
    /// The latest time of a record, less the time that records may come late.
    pub watermark: Option<Micros>,
    /// The `came_at` of the last silence that was judged.
    pub silent_at: Option<Micros>,
    /// Records that are in no window, since theirs is older than windows are kept.
    pub too_late: i64,
}

/// Takes note of records that are stored `now`.
pub(super) fn advance<DB: Dialect>(it: &StreamPart, now: Micros) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = insert(&it.suite, &it.suite_hash, now);
    time_or_null(query.push(", "), it.watermark);
    time_or_null(query.push(", "), it.watermark.map(|_| now.saturating_add(it.idle)));
    query.push(") ON CONFLICT (suite, suite_hash) DO UPDATE SET ");
    for (i, name) in ["came_at", "watermark_at", "idle_at"].into_iter().enumerate() {
        // The greater of two of which either may be null; hosts and their clocks may be before and behind each other.
        let comma = if i == 0 { "" } else { ", " };
        query.push(format!(
            "{comma}{name} = CASE WHEN stream.{name} IS NULL OR excluded.{name} > stream.{name} \
             THEN excluded.{name} ELSE stream.{name} END"
        ));
    }
    query
}

/// Takes note of a version that is active and of which no record came yet.
pub(super) fn begin<DB: Dialect>(suite: &str, suite_hash: &str, now: Micros) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = insert(suite, suite_hash, now);
    query.push(", NULL, NULL) ON CONFLICT DO NOTHING");
    query
}

fn insert<DB: Dialect>(suite: &str, suite_hash: &str, now: Micros) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query =
        QueryBuilder::new("INSERT INTO stream (suite, suite_hash, came_at, watermark_at, idle_at) VALUES (");
    DB::text(&mut query, suite);
    DB::text(query.push(", "), suite_hash);
    DB::time(query.push(", "), now);
    query
}

/// All, by suite.
pub(super) const ALL: &str =
    "SELECT suite, suite_hash, came_at, watermark_at, silent_at, too_late FROM stream ORDER BY suite, suite_hash";

/// Counts records that are in no window.
pub(super) fn add_too_late<DB: Dialect>(key: &WindowKey, records: i64) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("UPDATE stream SET too_late = too_late + ");
    DB::number(&mut query, records);
    DB::text(query.push(" WHERE suite = "), &key.suite);
    DB::text(query.push(" AND suite_hash = "), &key.suite_hash);
    query
}

/// Takes note that a silence was judged, if no record has come since and nobody else has judged it.
pub(super) fn silence<DB: Dialect>(it: &StreamRow) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("UPDATE stream SET silent_at = came_at WHERE suite = ");
    DB::text(&mut query, &it.suite);
    DB::text(query.push(" AND suite_hash = "), &it.suite_hash);
    DB::time(query.push(" AND came_at = "), it.came_at);
    query.push(" AND (silent_at IS NULL OR silent_at <> came_at)");
    query
}

/// What both databases do alike, over connections of two types.
macro_rules! on_pool {
    ($reader:ident, $writer:ident, $begin:literal) => {
        pub(super) async fn streams(&self) -> Result<Vec<StreamRow>, Error> {
            Ok(sqlx::query_as(streams::ALL).fetch_all(&self.$reader).await?)
        }

        pub(super) async fn begin_stream(&self, suite: &str, suite_hash: &str, now: Micros) -> Result<(), Error> {
            streams::begin(suite, suite_hash, now).build().execute(&self.$writer).await?;
            Ok(())
        }

        async fn write_silence(&self, stream: &StreamRow, closed: Closed) -> Result<bool, Error> {
            let mut connection = self.$writer.acquire().await?;
            let mut transaction = connection.begin_with($begin).await?;
            if streams::silence(stream).build().execute(&mut *transaction).await?.rows_affected() == 0 {
                transaction.rollback().await?;
                return Ok(false);
            }
            let judged = panes::Judged { closed: vec![closed], ..panes::Judged::default() };
            panes::write!(transaction, judged);
            transaction.commit().await?;
            Ok(true)
        }
    };
}

pub(super) use on_pool;
