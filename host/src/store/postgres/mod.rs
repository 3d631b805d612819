//! The store in `PostgreSQL`.

mod joined;
mod weeks;
mod writing;

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::types::Json;
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::time::timeout;
use uuid::Uuid;

use self::weeks::Weeks;
use super::due::{self, Clock, Longer, Made};
use super::findings::{self, Wanted};
use super::labels;
use super::panes::{self, Judged, Taken};
use super::reading::moment;
use super::rows::{
    Batch, Cursor, FailureRow, Filter, FindingRow, KeyRow, Micros, ResultRow, Retention, StatRow, VersionRow,
};
use super::segments::Known;
use super::streams::{self, StreamRow};
use super::texts::{indexed, kept};
use super::windows::{self, Closed, Kept, Restricted, WindowKey, WindowPart, WindowRow};
use super::{Committed, Error, Options, Pruned, migrations, parts, queries};
use crate::redact::redacted;

/// The first version with all that is used: `DROP DATABASE .. WITH (FORCE)` of tests, and what its makers still mend.
const OLDEST: u32 = 13;

/// A pool of connections.
#[derive(Clone)]
pub struct Postgres {
    pool: PgPool,
    weeks: Arc<Weeks>,
    /// The segments that are kept apart.
    names: Arc<Known>,
}

impl Postgres {
    pub(super) async fn open(url: &str, options: &Options) -> Result<Self, Error> {
        let failed = |cause| Error::Open { url: redacted(url), cause };
        let mut target = PgConnectOptions::from_str(url).map_err(failed)?;
        if target.get_application_name().is_none() {
            target = target.application_name("driftline");
        }
        // The pool would try again until its timeout and then say only that it waited; one connection says what is wrong.
        let connecting = timeout(options.acquire_timeout, target.connect());
        let mut connection = connecting.await.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(failed)?;
        check_server(&mut connection).await?;
        if options.migrate {
            // Under an advisory lock of the connection, so that hosts that start at once do it one after the other.
            let outcome = migrations::POSTGRES.run_direct(None, &mut connection, false).await;
            migrations::outcome(outcome, &migrations::POSTGRES)?;
        } else {
            migrations::compare(schema_version(&mut connection).await?, &migrations::POSTGRES)?;
        }
        connection.close().await?;
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections.max(1))
            .acquire_timeout(options.acquire_timeout)
            .idle_timeout(Duration::from_mins(10))
            .after_connect(|connection, _| {
                Box::pin(async move { sqlx::query(SETTINGS).execute(connection).await.map(|_| ()) })
            })
            .connect_lazy_with(target);
        Ok(Postgres { pool, weeks: Arc::default(), names: Arc::default() })
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    pub(super) async fn ping(&self) -> Result<(), Error> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    pub(super) async fn schema_version(&self) -> Result<i64, Error> {
        schema_version(&mut *self.pool.acquire().await?).await
    }

    pub(super) async fn commit(&self, batch: &Batch) -> Result<Committed, Error> {
        writing::commit(&self.pool, &self.weeks, &self.names, batch).await
    }

    pub(super) async fn prune(&self, now: Micros, retention: &Retention) -> Result<Pruned, Error> {
        weeks::prune(&self.pool, &self.weeks, now, retention).await
    }

    pub(super) async fn results(
        &self,
        filter: &Filter,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<ResultRow>, Error> {
        Ok(queries::results(filter, after, limit).build_query_as().fetch_all(&self.pool).await?)
    }

    pub(super) async fn result(
        &self,
        id: Uuid,
    ) -> Result<Option<(ResultRow, Vec<FailureRow>, Vec<FindingRow>)>, Error> {
        for span in queries::spans_of(id) {
            let found = queries::result(id, span).build_query_as().fetch_optional(&self.pool).await?;
            let Some(row) = found else { continue };
            let row: ResultRow = row;
            let failures = queries::failures_of(row.at, id).build_query_as().fetch_all(&self.pool).await?;
            let findings = queries::findings_of(row.at, id).build_query_as().fetch_all(&self.pool).await?;
            return Ok(Some((row, failures, findings)));
        }
        Ok(None)
    }

    pub(super) async fn failures(
        &self,
        filter: &Filter,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<FailureRow>, Error> {
        Ok(queries::failures(filter, after, limit).build_query_as().fetch_all(&self.pool).await?)
    }

    pub(super) async fn findings(
        &self,
        wanted: &Wanted,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<FindingRow>, Error> {
        Ok(findings::page(wanted, after, limit).build_query_as().fetch_all(&self.pool).await?)
    }

    pub(super) async fn stats(&self, filter: &Filter, bucket_seconds: u32) -> Result<Vec<StatRow>, Error> {
        Ok(queries::stats(filter, bucket_seconds).build_query_as().fetch_all(&self.pool).await?)
    }

    pub(super) async fn key(&self, suite: &str, key: &str) -> Result<Option<KeyRow>, Error> {
        let query = sqlx::query_as(queries::KEY).bind(indexed(suite)).bind(indexed(key));
        Ok(query.fetch_optional(&self.pool).await?)
    }

    windows::on_pool!(pool, pool);
    panes::on_pool!(pool, pool, "BEGIN", lock);
    due::on_pool!(pool, pool, "BEGIN");
    streams::on_pool!(pool, pool, "BEGIN");

    /// In a transaction of a connection of its own: the pool may have one alone.
    pub(super) async fn hold(&self, locks: &[Uuid]) -> Result<Option<Hold>, Error> {
        let mut connection = self.pool.connect_options().connect().await?;
        connection.execute("BEGIN").await?;
        for it in locks {
            if !lock(&mut connection, *it).await? {
                Hold(Some(connection)).release().await;
                return Ok(None);
            }
        }
        Ok(Some(Hold(Some(connection))))
    }

    pub(super) async fn close_page(&self, key: &WindowKey, taken: &Taken, judged: &Judged) -> Result<bool, Error> {
        self.make_week(key.start).await?;
        self.in_week(self.write_page(key, taken, judged).await)
    }

    pub(super) async fn keep_longer(&self, longer: &Longer, judged: &Judged, is_last: bool) -> Result<bool, Error> {
        self.make_week(longer.key.start).await?;
        self.in_week(self.write_longer(longer, judged, is_last).await)
    }

    pub(super) async fn keep_silence(&self, stream: &StreamRow, closed: Closed) -> Result<bool, Error> {
        self.make_week(closed.kept.row.start).await?;
        self.in_week(self.write_silence(stream, closed).await)
    }

    /// Makes the partition for findings of a window.
    async fn make_week(&self, at: Micros) -> Result<(), Error> {
        let finding = FindingRow { at, ..FindingRow::default() };
        self.weeks.make(&self.pool, &Batch { findings: vec![finding], ..Batch::default() }).await
    }

    fn in_week(&self, written: Result<bool, Error>) -> Result<bool, Error> {
        if written.as_ref().is_err_and(weeks::is_gone) {
            // The next try makes it again.
            self.weeks.forget();
        }
        written
    }

    pub(super) async fn put_version(&self, version: &VersionRow) -> Result<(), Error> {
        let files: BTreeMap<_, _> = version.files.iter().map(|(name, text)| (kept(name), kept(text))).collect();
        sqlx::query(PUT_VERSION)
            .bind(indexed(&version.suite))
            .bind(indexed(&version.hash))
            .bind(kept(&version.text))
            .bind(Json(files))
            .bind(Json(&version.plugins))
            .bind(moment(version.at))
            .bind(kept(&version.by))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    pub(super) async fn activate(&self, suite: &str, hash: &str, by: &str, at: Micros) -> Result<bool, Error> {
        if self.version(suite, hash).await?.is_none() {
            return Ok(false);
        }
        let query = sqlx::query(queries::ACTIVATE).bind(indexed(suite)).bind(indexed(hash));
        query.bind(moment(at)).bind(kept(by)).execute(&self.pool).await?;
        Ok(true)
    }

    pub(super) async fn deactivate(&self, suite: &str, by: &str, at: Micros) -> Result<bool, Error> {
        let query = sqlx::query(queries::DEACTIVATE).bind(indexed(suite)).bind(moment(at)).bind(kept(by));
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }

    pub(super) async fn active(&self) -> Result<Vec<VersionRow>, Error> {
        Ok(sqlx::query_as(queries::ACTIVE).fetch_all(&self.pool).await?)
    }

    pub(super) async fn versions(&self, suite: &str) -> Result<Vec<VersionRow>, Error> {
        Ok(sqlx::query_as(queries::VERSIONS).bind(indexed(suite)).fetch_all(&self.pool).await?)
    }

    pub(super) async fn version(&self, suite: &str, hash: &str) -> Result<Option<VersionRow>, Error> {
        let query = sqlx::query_as(queries::VERSION).bind(indexed(suite)).bind(indexed(hash));
        Ok(query.fetch_optional(&self.pool).await?)
    }
}

/// What keeps other hosts from closing windows; it ends with its connection.
#[derive(Debug, Default)]
pub struct Hold(Option<PgConnection>);

impl Hold {
    /// Lets others close them again, at once.
    pub async fn release(self) {
        if let Some(mut connection) = self.0 {
            // It ends in any case; but the server sees the end of a connection only after a while.
            let _ = connection.execute("ROLLBACK").await;
            let _ = connection.close().await;
        }
    }
}

/// Takes a lock until the end of the transaction; false when another host has it.
async fn lock(connection: &mut PgConnection, id: Uuid) -> Result<bool, Error> {
    let number = id.as_u64_pair().0.cast_signed();
    Ok(sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)").bind(number).fetch_one(connection).await?)
}

/// Plans are made for the values at hand: a plan for any value would lock all weeks of the history. And a
/// commit is on disk when it returns, whatever the server's default, because the journal is cut then.
const SETTINGS: &str = "SELECT set_config('plan_cache_mode', 'force_custom_plan', false), \
    CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', false) END";

const PUT_VERSION: &str = "INSERT INTO suite_version (suite, hash, body, files, plugins, put_at, put_by) \
    VALUES ($1, $2, $3, $4::json, $5::json, $6, $7) ON CONFLICT DO NOTHING";

async fn check_server(connection: &mut PgConnection) -> Result<(), Error> {
    let (version, encoding): (i32, String) =
        sqlx::query_as("SELECT current_setting('server_version_num')::integer, current_setting('server_encoding')")
            .fetch_one(connection)
            .await?;
    let major = version.cast_unsigned() / 10_000;
    if major < OLDEST {
        let why = format!("the store is PostgreSQL {major}; Driftline needs {OLDEST} or later");
        return Err(Error::Unfit { why });
    }
    // Any other lacks characters, and a record that holds one could never be committed.
    if encoding != "UTF8" {
        let why = format!("the store's database has the encoding {encoding}; Driftline needs one created with UTF8");
        return Err(Error::Unfit { why });
    }
    Ok(())
}

async fn schema_version(connection: &mut PgConnection) -> Result<i64, Error> {
    let is_there: bool =
        sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL").fetch_one(&mut *connection).await?;
    if !is_there {
        return Ok(0);
    }
    let newest = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success");
    Ok(newest.fetch_one(connection).await?)
}
