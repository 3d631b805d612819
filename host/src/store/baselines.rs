//! Baselines with their versions, which of them is active, and the stored windows that others are compared with.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::queries::Dialect;
use super::rows::Micros;
use super::texts::{indexed, kept};
use super::windows::{Kept, WINDOW, WindowRow};
use super::{Error, Store};

/// A version of a baseline, without its body.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BaselineRow {
    /// The baseline's name.
    pub name: String,
    /// From 1; 0 before it is put.
    pub version: i64,
    /// SHA-256 of the body, in hexadecimal digits.
    pub hash: String,
    /// Bytes of the body.
    pub size: i64,
    /// Records that it was made of.
    pub records: i64,
    /// When it was put.
    pub at: Micros,
    /// Who put it: a token's name.
    pub by: String,
    /// The model whose training data it is of.
    pub model: Option<String>,
    /// The model's version.
    pub model_version: Option<String>,
    /// `file` or `windows`: what it was made of.
    pub source: String,
    /// Whether it is the active one.
    pub active: bool,
}

/// What is kept of versions, and whether they are active: the last row of a baseline in `baseline_activation` holds.
macro_rules! baselines {
    ($rest:literal) => {
        concat!(
            "SELECT name, version, hash, size, records, put_at, put_by, model, model_version, source, active FROM ",
            "(SELECT b.*, coalesce(b.version = (SELECT a.version FROM baseline_activation a WHERE a.name = b.name ",
            "ORDER BY a.id DESC LIMIT 1), FALSE) AS active FROM baseline b) b WHERE ",
            $rest
        )
    };
}

const ALL: &str = baselines!("TRUE ORDER BY name, version DESC");
const VERSIONS: &str = baselines!("name = $1 ORDER BY version DESC");
const ACTIVE: &str = baselines!("name = $1 AND active");
const ONE: &str = baselines!("name = $1 AND version = $2");
const SAME: &str = baselines!("name = $1 AND hash = $2");
const BODY: &str = "SELECT body FROM baseline WHERE name = $1 AND version = $2";

/// The next number, also behind those that were active and are removed.
const PUT: &str = "INSERT INTO baseline \
    (name, version, hash, body, size, records, put_at, put_by, model, model_version, source) \
    SELECT $1, (SELECT coalesce(max(version), 0) + 1 FROM (SELECT version FROM baseline WHERE name = $1 \
    UNION ALL SELECT version FROM baseline_activation WHERE name = $1) AS known), $2, $3, $4, $5, $6, $7, $8, $9, $10 \
    WHERE NOT EXISTS (SELECT 1 FROM baseline WHERE name = $1 AND hash = $2) ON CONFLICT DO NOTHING";

const ACTIVATE: &str = "INSERT INTO baseline_activation (name, version, hash, at, activated_by) \
    SELECT name, version, hash, $3, $4 FROM baseline WHERE name = $1 AND version = $2 \
    AND version IS DISTINCT FROM \
    (SELECT a.version FROM baseline_activation a WHERE a.name = $1 ORDER BY a.id DESC LIMIT 1)";

/// In one statement, so that nobody makes it the active one between a look and the removal.
const REMOVE: &str = "DELETE FROM baseline WHERE name = $1 AND version = $2 AND version IS DISTINCT FROM \
    (SELECT a.version FROM baseline_activation a WHERE a.name = $1 ORDER BY a.id DESC LIMIT 1)";

#[allow(unused_variables, reason = "not every statement needs both connections and the clock")]
impl Store {
    /// Keeps a baseline as the next version of its name; the version of the same bytes, if there is one. Its row, and
    /// whether it is new. It is not active yet.
    pub async fn put_baseline(&self, row: &BaselineRow, body: &str) -> Result<(BaselineRow, bool), Error> {
        let mut is_new = false;
        loop {
            let found: Option<BaselineRow> = on_each!(self, |writer, reader, time| {
                let query = sqlx::query_as(SAME).bind(indexed(&row.name)).bind(indexed(&row.hash));
                query.fetch_optional(reader).await?
            });
            if let Some(found) = found {
                return Ok((found, is_new));
            }
            // Another host may take the same number at the same time, and then the next one is tried.
            on_each!(self, |writer, reader, time| {
                let query = sqlx::query(PUT).bind(indexed(&row.name)).bind(indexed(&row.hash)).bind(body);
                let query = query.bind(row.size).bind(row.records).bind(time(row.at)).bind(kept(&row.by));
                let query = query.bind(row.model.as_deref().map(kept)).bind(row.model_version.as_deref().map(kept));
                is_new = query.bind(kept(&row.source)).execute(writer).await?.rows_affected() == 1;
            });
        }
    }

    /// All versions of all baselines, by name, the newest first.
    pub async fn baselines(&self) -> Result<Vec<BaselineRow>, Error> {
        on_each!(self, |writer, reader, time| Ok(sqlx::query_as(ALL).fetch_all(reader).await?))
    }

    /// All versions of a baseline, the newest first.
    pub async fn baseline_versions(&self, name: &str) -> Result<Vec<BaselineRow>, Error> {
        on_each!(self, |writer, reader, time| {
            Ok(sqlx::query_as(VERSIONS).bind(indexed(name)).fetch_all(reader).await?)
        })
    }

    /// The active version of a baseline.
    pub async fn active_baseline(&self, name: &str) -> Result<Option<BaselineRow>, Error> {
        on_each!(self, |writer, reader, time| {
            Ok(sqlx::query_as(ACTIVE).bind(indexed(name)).fetch_optional(reader).await?)
        })
    }

    /// One version of a baseline.
    pub async fn baseline(&self, name: &str, version: i64) -> Result<Option<BaselineRow>, Error> {
        on_each!(self, |writer, reader, time| {
            Ok(sqlx::query_as(ONE).bind(indexed(name)).bind(version).fetch_optional(reader).await?)
        })
    }

    /// The JSON text of a version.
    pub async fn baseline_body(&self, name: &str, version: i64) -> Result<Option<String>, Error> {
        on_each!(self, |writer, reader, time| {
            Ok(sqlx::query_scalar(BODY).bind(indexed(name)).bind(version).fetch_optional(reader).await?)
        })
    }

    /// Makes a version the active one of its baseline; `false`: there is no such version.
    pub async fn activate_baseline(&self, name: &str, version: i64, by: &str, at: Micros) -> Result<bool, Error> {
        if self.baseline(name, version).await?.is_none() {
            return Ok(false);
        }
        on_each!(self, |writer, reader, time| {
            let query = sqlx::query(ACTIVATE).bind(indexed(name)).bind(version).bind(time(at)).bind(kept(by));
            query.execute(writer).await?;
            Ok(true)
        })
    }

    /// Removes a version that is not active; `false`: it is, or there is none.
    pub async fn remove_baseline(&self, name: &str, version: i64) -> Result<bool, Error> {
        on_each!(self, |writer, reader, time| {
            let query = sqlx::query(REMOVE).bind(indexed(name)).bind(version);
            Ok(query.execute(writer).await?.rows_affected() == 1)
        })
    }

    /// Windows of a version of a suite, of a length and of a segment (empty: of all records) that were judged and can be
    /// compared with, that start from `since` and before `until` and end by `ended`, the newest first.
    pub async fn judged_windows(
        &self,
        of: (&str, &str, &str, &str),
        since: Option<Micros>,
        until: Micros,
        ended: Option<Micros>,
        limit: u32,
    ) -> Result<Vec<WindowRow>, Error> {
        Ok(match self {
            Store::Postgres(it) => judged(of, since, until, ended, limit).build_query_as().fetch_all(it.pool()).await?,
            Store::Sqlite(it) => {
                judged(of, since, until, ended, limit).build_query_as().fetch_all(it.readers()).await?
            }
        })
    }

    /// The encoded states of windows, the oldest first; some may have been pruned meanwhile.
    pub async fn window_states(&self, ids: &[Uuid]) -> Result<Vec<Vec<u8>>, Error> {
        Ok(self.kept_windows(ids).await?.into_iter().filter_map(|it| it.state).collect())
    }

    /// Windows with their encoded states, the oldest first; some may have been pruned meanwhile.
    pub async fn kept_windows(&self, ids: &[Uuid]) -> Result<Vec<Kept>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        Ok(match self {
            Store::Postgres(it) => states(ids).build_query_as().persistent(false).fetch_all(it.pool()).await?,
            Store::Sqlite(it) => states(ids).build_query_as().persistent(false).fetch_all(it.readers()).await?,
        })
    }
}

fn judged<DB: Dialect>(
    (suite, hash, length, segment): (&str, &str, &str, &str),
    since: Option<Micros>,
    until: Micros,
    ended: Option<Micros>,
    limit: u32,
) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(WINDOW);
    DB::text(query.push(" FROM time_window WHERE suite = "), suite);
    DB::text(query.push(" AND suite_hash = "), hash);
    DB::text(query.push(" AND length = "), length);
    DB::text(query.push(" AND segment = "), segment);
    if let Some(since) = since {
        DB::time(query.push(" AND start_at >= "), since);
    }
    DB::time(query.push(" AND start_at < "), until);
    if let Some(ended) = ended {
        DB::time(query.push(" AND end_at <= "), ended);
    }
    query.push(" AND status NOT IN ('open', 'error') AND state IS NOT NULL ORDER BY start_at DESC, id DESC LIMIT ");
    DB::number(&mut query, limit.into());
    query
}

fn states<DB: Dialect>(ids: &[Uuid]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(WINDOW);
    query.push(", state FROM time_window WHERE id IN (");
    for (i, id) in ids.iter().enumerate() {
        DB::id(query.push(if i == 0 { "" } else { ", " }), *id);
    }
    query.push(") ORDER BY start_at, id");
    query
}
