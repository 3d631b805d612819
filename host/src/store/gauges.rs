//! What metrics tell of the store: the last windows with their findings, triggers, incidents, deliveries, models, runs.
//! Every question goes by an index and has a bound, since it is asked again every few seconds on every host.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::findings::FINDING;
use super::queries::Dialect;
use super::rows::{FindingRow, Micros};
use super::windows::{WINDOW, WindowRow};
use super::{Error, Store};

/// The windows of one span, of one length of a version of a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span<'s> {
    /// The suite.
    pub suite: &'s str,
    /// Its content hash.
    pub hash: &'s str,
    /// What the length is called.
    pub length: &'s str,
}

/// How many of something there are, by up to three texts.
pub type Counts = Vec<(String, String, String, i64)>;

const STATES: &str =
    "SELECT suite, trigger_name, phase, count(*) FROM trigger_state GROUP BY suite, trigger_name, phase";
// Both counts of one look, so that none is open that was not opened.
const INCIDENTS: &str = "SELECT suite, trigger_name, CASE WHEN closed_at IS NULL THEN severity ELSE '' END AS open, count(*) \
    FROM incident GROUP BY suite, trigger_name, CASE WHEN closed_at IS NULL THEN severity ELSE '' END";
const DELIVERIES: &str = "SELECT action, state, '', count(*) FROM outbox WHERE state IN ('pending', 'dead') \
    GROUP BY action, state";
const RUNS: &str = "SELECT model, status, '', count(*) FROM retrain_run \
    WHERE status IN ('succeeded', 'failed', 'cancelled') GROUP BY model, status";
const RELOADS: &str = "SELECT model, coalesce(reload->>'status', ''), '', count(*) FROM retrain_run \
    WHERE reload IS NOT NULL GROUP BY model, reload->>'status'";

/// Tables of which all is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Suite, trigger, phase: states of triggers.
    States,
    /// Suite, trigger, severity of those that are open, else nothing: incidents.
    Incidents,
    /// Action, state: notices that wait or were given up.
    Deliveries,
    /// Model, status: runs that have ended.
    Runs,
    /// Model, status: reloads of models.
    Reloads,
}

impl Store {
    /// Connections that are used at this moment, and those that are not.
    pub fn connections(&self) -> (u32, u32) {
        let (size, idle) = match self {
            Store::Postgres(it) => (it.pool().size(), it.pool().num_idle()),
            Store::Sqlite(it) => {
                (it.writer().size() + it.readers().size(), it.writer().num_idle() + it.readers().num_idle())
            }
        };
        let idle = u32::try_from(idle).unwrap_or(size).min(size);
        (size - idle, idle)
    }

    /// The last window of all records that was judged.
    pub async fn last_window(&self, span: Span<'_>) -> Result<Option<WindowRow>, Error> {
        Ok(match self {
            Store::Postgres(it) => last(span).build_query_as().fetch_optional(it.pool()).await?,
            Store::Sqlite(it) => last(span).build_query_as().fetch_optional(it.readers()).await?,
        })
    }

    /// The judged windows of segments that start at a time, by the segments' names, behind one of them.
    pub async fn windows_of_segments(
        &self,
        span: Span<'_>,
        start: Micros,
        after: &str,
        limit: u32,
    ) -> Result<Vec<WindowRow>, Error> {
        Ok(match self {
            Store::Postgres(it) => {
                of_segments(WINDOW, span, start, after, Some(limit)).build_query_as().fetch_all(it.pool()).await?
            }
            Store::Sqlite(it) => {
                of_segments(WINDOW, span, start, after, Some(limit)).build_query_as().fetch_all(it.readers()).await?
            }
        })
    }

    /// How many there are of them.
    pub async fn count_segments(&self, span: Span<'_>, start: Micros, after: &str) -> Result<i64, Error> {
        const COUNT: &str = "SELECT count(*)";
        Ok(match self {
            Store::Postgres(it) => {
                of_segments(COUNT, span, start, after, None).build_query_scalar().fetch_one(it.pool()).await?
            }
            Store::Sqlite(it) => {
                of_segments(COUNT, span, start, after, None).build_query_scalar().fetch_one(it.readers()).await?
            }
        })
    }

    /// The findings of windows that start at a time, in their order, at most so many.
    pub async fn findings_of(&self, start: Micros, windows: &[Uuid], limit: u32) -> Result<Vec<FindingRow>, Error> {
        if windows.is_empty() {
            return Ok(Vec::new());
        }
        Ok(match self {
            Store::Postgres(it) => {
                findings(start, windows, limit).build_query_as().persistent(false).fetch_all(it.pool()).await?
            }
            Store::Sqlite(it) => {
                findings(start, windows, limit).build_query_as().persistent(false).fetch_all(it.readers()).await?
            }
        })
    }

    /// How many rows there are of what is counted.
    #[allow(unused_variables, reason = "it reads, and asks for no time")]
    pub async fn counts(&self, of: Counted) -> Result<Counts, Error> {
        let sql = match of {
            Counted::States => STATES,
            Counted::Incidents => INCIDENTS,
            Counted::Deliveries => DELIVERIES,
            Counted::Runs => RUNS,
            Counted::Reloads => RELOADS,
        };
        on_each!(self, |writer, reader, time| Ok(sqlx::query_as(sql).fetch_all(reader).await?))
    }
}

fn last<DB: Dialect>(span: Span<'_>) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = of_span(WINDOW, span);
    query.push(" AND segment = '' AND status <> 'open' ORDER BY start_at DESC LIMIT 1");
    query
}

fn of_segments<DB: Dialect>(
    columns: &'static str,
    span: Span<'_>,
    start: Micros,
    after: &str,
    limit: Option<u32>,
) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = of_span(columns, span);
    DB::time(query.push(" AND start_at = "), start);
    DB::text(query.push(" AND segment > "), after);
    query.push(" AND status <> 'open'");
    if let Some(limit) = limit {
        DB::number(query.push(" ORDER BY segment LIMIT "), limit.into());
    }
    query
}

fn of_span<DB: Dialect>(columns: &'static str, span: Span<'_>) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(columns);
    DB::text(query.push(" FROM time_window WHERE suite = "), span.suite);
    DB::text(query.push(" AND suite_hash = "), span.hash);
    DB::text(query.push(" AND length = "), span.length);
    query
}

fn findings<DB: Dialect>(start: Micros, windows: &[Uuid], limit: u32) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(FINDING);
    DB::time(query.push(" AND f.at = "), start);
    for (i, id) in windows.iter().enumerate() {
        DB::id(query.push(if i == 0 { " AND f.result_id IN (" } else { ", " }), *id);
    }
    DB::number(query.push(") ORDER BY f.result_id, f.n LIMIT "), limit.into());
    query
}
