//! Retraining runs, as their events together tell them.

use serde_json::Value as Json;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::types;
use sqlx::{FromRow, QueryBuilder, Row};

use super::queries::Dialect;
use super::reading::{postgres_time, postgres_time_or_none, sqlite_time, sqlite_time_or_none};
use super::rows::Micros;
use super::texts::{indexed, kept, kept_json};
use super::{Error, Store};

/// A retraining run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunRow {
    /// Its id, which whoever runs it has given.
    pub id: String,
    /// The model that is trained.
    pub model: String,
    /// The version that it makes.
    pub version: Option<String>,
    /// `started`, `running`, `succeeded`, `failed` or `cancelled`.
    pub status: String,
    /// When it started, or was told of first.
    pub at: Micros,
    /// When it started.
    pub started: Option<Micros>,
    /// When it ended.
    pub finished: Option<Micros>,
    /// Numbers by name.
    pub metrics: Json,
    /// What it was trained with: `rows`, `from`, `to`, `uri`.
    pub data: Json,
    /// By name: `status` and `duration_seconds`.
    pub jobs: Json,
    /// How serving took the model up: `status`, `at`, `message`.
    pub reload: Option<Json>,
    /// The incident that asked for it.
    pub incident: Option<String>,
    /// When the last event came.
    pub put: Micros,
    /// Who sent the last event: a token's name.
    pub by: String,
    /// From when on it is to be checked; `None`: it has not ended, or no suite is of its model.
    pub due: Option<Micros>,
    /// When it was checked.
    pub checked: Option<Micros>,
    /// The worst verdict of the suites that checked it.
    pub verdict: Option<String>,
    /// From 1, and one more with each event; 0 before the first is kept.
    pub revision: i64,
}

/// Which runs are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WantedRuns {
    /// Of this model.
    pub model: Option<String>,
    /// With this status.
    pub status: Option<String>,
    /// That started, or were told of first, from this time on.
    pub since: Option<Micros>,
    /// Before this time.
    pub until: Option<Micros>,
}

const RUN: &str = "SELECT id, model, version, status, at, started_at, finished_at, metrics, data, jobs, reload, incident, \
    put_at, put_by, due_at, checked_at, verdict, revision FROM retrain_run WHERE ";

const CLAIM: &str = "UPDATE retrain_run SET checked_at = $2 WHERE id = $1 AND checked_at IS NULL AND due_at <= $2";
const RELEASE: &str = "UPDATE retrain_run SET checked_at = NULL WHERE id = $1";
const JUDGED: &str = "UPDATE retrain_run SET verdict = $2 WHERE id = $1";
const DUE: &str = "SELECT id FROM retrain_run WHERE checked_at IS NULL AND due_at <= $1 ORDER BY due_at LIMIT 100";

macro_rules! readers {
    ($row:ty, $time:path, $time_or_none:path) => {
        impl FromRow<'_, $row> for RunRow {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(RunRow {
                    id: row.try_get("id")?,
                    model: row.try_get("model")?,
                    version: row.try_get("version")?,
                    status: row.try_get("status")?,
                    at: $time(row, "at")?,
                    started: $time_or_none(row, "started_at")?,
                    finished: $time_or_none(row, "finished_at")?,
                    metrics: row.try_get("metrics")?,
                    data: row.try_get("data")?,
                    jobs: row.try_get("jobs")?,
                    reload: row.try_get("reload")?,
                    incident: row.try_get("incident")?,
                    put: $time(row, "put_at")?,
                    by: row.try_get("put_by")?,
                    due: $time_or_none(row, "due_at")?,
                    checked: $time_or_none(row, "checked_at")?,
                    verdict: row.try_get("verdict")?,
                    revision: row.try_get("revision")?,
                })
            }
        }
    };
}

readers!(PgRow, postgres_time, postgres_time_or_none);
readers!(SqliteRow, sqlite_time, sqlite_time_or_none);

/// `INSERT` of a run that is new, or `UPDATE` of one that still has the revision before; with documents as the database
/// takes them.
macro_rules! put {
    ($json:literal) => {
        (
            concat!(
                "INSERT INTO retrain_run (id, model, version, status, at, started_at, finished_at, metrics, data, jobs, ",
                "reload, incident, put_at, put_by, due_at, revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8", $json,
                ", $9", $json, ", $10", $json, ", $11", $json, ", $12, $13, $14, $15, $16) ON CONFLICT (id) DO NOTHING"
            ),
            concat!(
                "UPDATE retrain_run SET model = $2, version = $3, status = $4, at = $5, started_at = $6, ",
                "finished_at = $7, metrics = $8", $json, ", data = $9", $json, ", jobs = $10", $json, ", reload = $11",
                $json, ", incident = $12, put_at = $13, put_by = $14, due_at = coalesce($15, due_at), revision = $16 ",
                "WHERE id = $1 AND revision = $16 - 1"
            ),
        )
    };
}

#[allow(unused_variables, reason = "not every statement needs both connections and the clock")]
impl Store {
    /// A run.
    pub async fn run(&self, id: &str) -> Result<Option<RunRow>, Error> {
        let one = format!("{RUN}id = $1");
        on_each!(self, |writer, reader, time| {
            Ok(sqlx::query_as(sqlx::AssertSqlSafe(one)).bind(indexed(id)).fetch_optional(reader).await?)
        })
    }

    /// Keeps a run as it is after one more event; its revision is that which it had before. `false`: another event came
    /// in between, and nothing is written. When it was checked, and the verdict, stay.
    pub async fn put_run(&self, row: &RunRow) -> Result<bool, Error> {
        let (insert, update) = if matches!(self, Store::Postgres(_)) { put!("::json") } else { put!("") };
        let put = if row.revision == 0 { insert } else { update };
        let text = |it: &Option<String>| it.as_deref().map(|it| kept(it).into_owned());
        let json = |it: &Json| types::Json(kept_json(it));
        on_each!(self, |writer, reader, time| {
            let query = sqlx::query(put).bind(indexed(&row.id)).bind(indexed(&row.model)).bind(text(&row.version));
            let query = query.bind(kept(&row.status)).bind(time(row.at));
            let query = query.bind(row.started.map(time)).bind(row.finished.map(time));
            let query = query.bind(json(&row.metrics)).bind(json(&row.data)).bind(json(&row.jobs));
            let query = query.bind(row.reload.as_ref().map(json)).bind(text(&row.incident)).bind(time(row.put));
            let query = query.bind(kept(&row.by)).bind(row.due.map(time)).bind(row.revision + 1);
            Ok(query.execute(writer).await?.rows_affected() == 1)
        })
    }

    /// A page of runs, the newest first, behind the time and id of the last one of the page before.
    pub async fn runs(
        &self,
        wanted: &WantedRuns,
        after: Option<(Micros, &str)>,
        limit: u32,
    ) -> Result<Vec<RunRow>, Error> {
        Ok(match self {
            Store::Postgres(it) => page(wanted, after, limit).build_query_as().fetch_all(it.pool()).await?,
            Store::Sqlite(it) => page(wanted, after, limit).build_query_as().fetch_all(it.readers()).await?,
        })
    }

    /// The successful runs of a model that ended before another one, the last ones, the oldest of them first. Of those
    /// that ended at one time the order is that of their ids.
    pub async fn earlier_runs(&self, of: &RunRow, limit: u32) -> Result<Vec<RunRow>, Error> {
        let Some(finished) = of.finished else { return Ok(Vec::new()) };
        let sql = format!(
            "{RUN}model = $1 AND status = 'succeeded' AND (finished_at < $2 OR (finished_at = $2 AND id < $3)) \
             ORDER BY finished_at DESC, id DESC LIMIT $4"
        );
        let mut rows: Vec<RunRow> = on_each!(self, |writer, reader, time| {
            let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(indexed(&of.model)).bind(time(finished));
            query.bind(indexed(&of.id)).bind(i64::from(limit)).fetch_all(reader).await?
        });
        rows.reverse();
        Ok(rows)
    }

    /// The last run of a model that has ended, or the one that succeeded last.
    pub async fn last_run(&self, model: &str, succeeded: bool) -> Result<Option<RunRow>, Error> {
        let sql = if succeeded {
            format!("{RUN}model = $1 AND status = 'succeeded' ORDER BY finished_at DESC, id DESC LIMIT 1")
        } else {
            format!(
                "{RUN}model = $1 AND status IN ('succeeded', 'failed', 'cancelled') ORDER BY at DESC, id DESC LIMIT 1"
            )
        };
        on_each!(self, |writer, reader, time| {
            Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(indexed(model)).fetch_optional(reader).await?)
        })
    }

    /// Runs that are to be checked now, as many as are checked at once.
    pub async fn due_runs(&self, now: Micros) -> Result<Vec<String>, Error> {
        on_each!(self, |writer, reader, time| Ok(sqlx::query_scalar(DUE).bind(time(now)).fetch_all(reader).await?))
    }

    /// Takes a run to be checked, if it is due and nobody else has.
    pub async fn claim_run(&self, id: &str, now: Micros) -> Result<bool, Error> {
        on_each!(self, |writer, reader, time| {
            let query = sqlx::query(CLAIM).bind(indexed(id)).bind(time(now));
            Ok(query.execute(writer).await?.rows_affected() == 1)
        })
    }

    /// Gives a run back that could not be checked.
    pub async fn release_run(&self, id: &str) -> Result<(), Error> {
        on_each!(self, |writer, reader, time| {
            sqlx::query(RELEASE).bind(indexed(id)).execute(writer).await?;
            Ok(())
        })
    }

    /// Keeps the worst verdict on a run.
    pub async fn judged_run(&self, id: &str, verdict: &str) -> Result<(), Error> {
        on_each!(self, |writer, reader, time| {
            sqlx::query(JUDGED).bind(indexed(id)).bind(verdict).execute(writer).await?;
            Ok(())
        })
    }
}

fn page<DB: Dialect>(wanted: &WantedRuns, after: Option<(Micros, &str)>, limit: u32) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(RUN);
    query.push("TRUE");
    for (column, value) in [("model", &wanted.model), ("status", &wanted.status)] {
        if let Some(value) = value {
            DB::text(query.push(format!(" AND {column} = ")), value);
        }
    }
    for (bound, at) in [(">=", wanted.since), ("<", wanted.until)] {
        if let Some(at) = at {
            DB::time(query.push(format!(" AND at {bound} ")), at);
        }
    }
    if let Some((at, id)) = after {
        DB::time(query.push(" AND (at, id) < ("), at);
        DB::text(query.push(", "), id);
        query.push(")");
    }
    query.push(" ORDER BY at DESC, id DESC LIMIT ");
    DB::number(&mut query, limit.into());
    query
}
