//! The store in a file of `SQLite`, for one host.
//!
//! One connection writes, since `SQLite` has one writer at a time anyway and to queue for a connection is
//! fairer than to ask again and again; the others read, which in WAL mode waits for nobody.

mod joined;
mod pruning;
mod writing;

use std::collections::BTreeMap;
use std::future::{Ready, ready};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::types::Json;
use sqlx::{ConnectOptions, Connection};
use tokio::time::sleep;
use uuid::Uuid;

use super::batch::time;
use super::due::{self, Clock, Longer, Made};
use super::findings::{self, Wanted};
use super::labels;
use super::panes::{self, Judged, Taken};
use super::rows::{
    Batch, Cursor, FailureRow, Filter, FindingRow, KeyRow, Micros, ResultRow, Retention, StatRow, VersionRow,
};
use super::segments::Known;
use super::streams::{self, StreamRow};
use super::texts::{indexed, kept};
use super::windows::{self, Closed, Kept, Restricted, WindowKey, WindowPart, WindowRow};
use super::{Committed, Error, Options, Pruned, migrations, parts, queries};
use crate::redact::redacted;

/// The connection that writes, and those that read.
#[derive(Clone)]
pub struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
    /// The segments that are kept apart.
    names: Arc<Known>,
}

impl Sqlite {
    pub(super) async fn open(url: &str, options: &Options) -> Result<Self, Error> {
        if url.contains(":memory:") || url.contains("mode=memory") {
            let why = "a database in memory would be a different one for each connection; name a file".into();
            return Err(Error::Url { url: redacted(url), why });
        }
        let failed = |cause| Error::Open { url: redacted(url), cause };
        let file = SqliteConnectOptions::from_str(url)
            .map_err(failed)?
            .create_if_missing(options.migrate)
            .busy_timeout(options.acquire_timeout)
            .journal_mode(SqliteJournalMode::Wal)
            // The journal is cut when a commit has returned, so a commit must be on disk by then; with NORMAL, the
            // usual choice in WAL mode, a loss of power takes the last ones back.
            .synchronous(SqliteSynchronous::Full)
            // So that pruning gives pages back; it must be said before there are tables.
            .auto_vacuum(SqliteAutoVacuum::Incremental);
        if !options.migrate && !file.get_filename().exists() {
            let why = format!(
                "there is no store at `{}`: name one with `--database` or `--data`, or run `driftline serve` there first",
                redacted(url)
            );
            return Err(Error::Unfit { why });
        }
        let mut connection = connect(&file, options.acquire_timeout).await.map_err(failed)?;
        if options.migrate {
            migrate(&mut connection).await?;
        } else {
            migrations::compare(schema_version(&mut connection).await?, &migrations::SQLITE)?;
        }
        connection.close().await?;
        let pool = || {
            // A connection to a file does not wear out.
            SqlitePoolOptions::new().acquire_timeout(options.acquire_timeout).idle_timeout(None).max_lifetime(None)
        };
        Ok(Sqlite {
            writer: pool().max_connections(1).connect_lazy_with(file.clone()),
            readers: pool()
                .max_connections(options.max_connections.clamp(1, 4))
                .connect_lazy_with(file.pragma("query_only", "ON")),
            names: Arc::default(),
        })
    }

    pub(super) fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    pub(super) fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    pub(super) async fn ping(&self) -> Result<(), Error> {
        sqlx::query("SELECT count(*) FROM sqlite_master").execute(&self.readers).await?;
        Ok(())
    }

    pub(super) async fn schema_version(&self) -> Result<i64, Error> {
        schema_version(&mut *self.readers.acquire().await?).await
    }

    pub(super) async fn commit(&self, batch: &Batch) -> Result<Committed, Error> {
        writing::commit(&self.writer, &self.names, batch).await
    }

    pub(super) async fn prune(&self, now: Micros, retention: &Retention) -> Result<Pruned, Error> {
        pruning::prune(&self.writer, now, retention).await
    }

    pub(super) async fn results(
        &self,
        filter: &Filter,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<ResultRow>, Error> {
        Ok(queries::results(filter, after, limit).build_query_as().fetch_all(&self.readers).await?)
    }

    pub(super) async fn result(
        &self,
        id: Uuid,
    ) -> Result<Option<(ResultRow, Vec<FailureRow>, Vec<FindingRow>)>, Error> {
        for span in queries::spans_of(id) {
            let found = queries::result(id, span).build_query_as().fetch_optional(&self.readers).await?;
            let Some(row) = found else { continue };
            let row: ResultRow = row;
            let failures = queries::failures_of(row.at, id).build_query_as().fetch_all(&self.readers).await?;
            let findings = queries::findings_of(row.at, id).build_query_as().fetch_all(&self.readers).await?;
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
        Ok(queries::failures(filter, after, limit).build_query_as().fetch_all(&self.readers).await?)
    }

    pub(super) async fn findings(
        &self,
        wanted: &Wanted,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<FindingRow>, Error> {
        Ok(findings::page(wanted, after, limit).build_query_as().fetch_all(&self.readers).await?)
    }

    pub(super) async fn stats(&self, filter: &Filter, bucket_seconds: u32) -> Result<Vec<StatRow>, Error> {
        Ok(queries::stats(filter, bucket_seconds).build_query_as().fetch_all(&self.readers).await?)
    }

    pub(super) async fn key(&self, suite: &str, key: &str) -> Result<Option<KeyRow>, Error> {
        let query = sqlx::query_as(queries::KEY).bind(indexed(suite)).bind(indexed(key));
        Ok(query.fetch_optional(&self.readers).await?)
    }

    windows::on_pool!(readers, writer);
    panes::on_pool!(readers, writer, "BEGIN IMMEDIATE", only_one);
    due::on_pool!(readers, writer, "BEGIN IMMEDIATE");
    streams::on_pool!(readers, writer, "BEGIN IMMEDIATE");

    pub(super) async fn close_page(&self, key: &WindowKey, taken: &Taken, judged: &Judged) -> Result<bool, Error> {
        self.write_page(key, taken, judged).await
    }

    pub(super) async fn keep_longer(&self, longer: &Longer, judged: &Judged, is_last: bool) -> Result<bool, Error> {
        self.write_longer(longer, judged, is_last).await
    }

    pub(super) async fn keep_silence(&self, stream: &StreamRow, closed: Closed) -> Result<bool, Error> {
        self.write_silence(stream, closed).await
    }

    pub(super) async fn put_version(&self, version: &VersionRow) -> Result<(), Error> {
        let files: BTreeMap<_, _> = version.files.iter().map(|(name, text)| (kept(name), kept(text))).collect();
        sqlx::query(PUT_VERSION)
            .bind(indexed(&version.suite))
            .bind(indexed(&version.hash))
            .bind(kept(&version.text))
            .bind(Json(files))
            .bind(Json(&version.plugins))
            .bind(time(version.at))
            .bind(kept(&version.by))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    pub(super) async fn activate(&self, suite: &str, hash: &str, by: &str, at: Micros) -> Result<bool, Error> {
        if self.version(suite, hash).await?.is_none() {
            return Ok(false);
        }
        let query = sqlx::query(queries::ACTIVATE).bind(indexed(suite)).bind(indexed(hash));
        query.bind(time(at)).bind(kept(by)).execute(&self.writer).await?;
        Ok(true)
    }

    pub(super) async fn deactivate(&self, suite: &str, by: &str, at: Micros) -> Result<bool, Error> {
        let query = sqlx::query(queries::DEACTIVATE).bind(indexed(suite)).bind(time(at)).bind(kept(by));
        Ok(query.execute(&self.writer).await?.rows_affected() == 1)
    }

    pub(super) async fn active(&self) -> Result<Vec<VersionRow>, Error> {
        Ok(sqlx::query_as(queries::ACTIVE).fetch_all(&self.readers).await?)
    }

    pub(super) async fn versions(&self, suite: &str) -> Result<Vec<VersionRow>, Error> {
        Ok(sqlx::query_as(queries::VERSIONS).bind(indexed(suite)).fetch_all(&self.readers).await?)
    }

    pub(super) async fn version(&self, suite: &str, hash: &str) -> Result<Option<VersionRow>, Error> {
        let query = sqlx::query_as(queries::VERSION).bind(indexed(suite)).bind(indexed(hash));
        Ok(query.fetch_optional(&self.readers).await?)
    }
}

/// There is one writer at a time, so whoever writes has the window.
fn only_one(_: &mut SqliteConnection, _: Uuid) -> Ready<Result<bool, Error>> {
    ready(Ok(true))
}

const PUT_VERSION: &str = "INSERT INTO suite_version (suite, hash, body, files, plugins, put_at, put_by) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";

/// The change to WAL mode does not wait for others, whatever the timeout says, so this does.
async fn connect(file: &SqliteConnectOptions, patience: Duration) -> sqlx::Result<SqliteConnection> {
    let begin = Instant::now();
    loop {
        match file.connect().await {
            Err(error) if super::error::passes(&error) && begin.elapsed() < patience => {
                sleep(Duration::from_millis(20)).await;
            }
            answer => return answer,
        }
    }
}

/// In one transaction that locks out all other writers, since `SQLite` has no other lock for it.
async fn migrate(connection: &mut SqliteConnection) -> Result<(), Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let outcome = migrations::SQLITE.run_direct(None, &mut *transaction, false).await;
    migrations::outcome(outcome, &migrations::SQLITE)?;
    Ok(transaction.commit().await?)
}

async fn schema_version(connection: &mut SqliteConnection) -> Result<i64, Error> {
    let is_there: bool = sqlx::query_scalar("SELECT count(*) > 0 FROM sqlite_master WHERE name = '_sqlx_migrations'")
        .fetch_one(&mut *connection)
        .await?;
    if !is_there {
        return Ok(0);
    }
    let newest = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success");
    Ok(newest.fetch_one(connection).await?)
}
