//! Versions of models, which of them was deployed when, and where their first windows began.

use serde_json::Value as Json;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::types;
use sqlx::{FromRow, Row};

use super::reading::{postgres_time, postgres_time_or_none, sqlite_time, sqlite_time_or_none};
use super::rows::Micros;
use super::texts::{indexed, kept, kept_json};
use super::{Error, Store};

/// A version of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelRow {
    /// The model.
    pub model: String,
    /// Its version.
    pub version: String,
    /// What identifies its bytes, such as `sha256:..`, if that was said.
    pub hash: Option<String>,
    /// Whatever else is known of it: an object.
    pub metadata: Json,
    /// What its inputs and outputs are, in whatever form they are described.
    pub schema: Option<Json>,
    /// The baseline that its records are compared with; `None`: the one that is named after it.
    pub baseline: Option<String>,
    /// The version of that baseline; `None`: the active one.
    pub baseline_version: Option<i64>,
    /// The suite that its records are checked against.
    pub suite: Option<String>,
    /// When it was put.
    pub at: Micros,
    /// Who put it: a token's name.
    pub by: String,
    /// When it was deployed the last time; `None`: never.
    pub deployed_at: Option<Micros>,
    /// Whether it is the deployed one of its model.
    pub is_deployed: bool,
}

/// That a version of a model was deployed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentRow {
    /// The model.
    pub model: String,
    /// Its version.
    pub version: String,
    /// The version's hash at that time.
    pub hash: Option<String>,
    /// When.
    pub at: Micros,
    /// Who did it: a token's name.
    pub by: String,
}

/// How a version of a model was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is new.
    New,
    /// It was there.
    Known,
    /// It is there with another hash, and stays as it is.
    Other,
}

macro_rules! models {
    ($rest:literal) => {
        concat!(
            "SELECT v.model, v.version, v.hash, v.metadata, v.schema, v.baseline, v.baseline_version, v.suite, v.put_at, ",
            "v.put_by, (SELECT max(d.at) FROM deployment d WHERE d.model = v.model AND d.version = v.version) ",
            "AS deployed_at, coalesce(v.version = (SELECT d.version FROM deployment d WHERE d.model = v.model ",
            "ORDER BY d.at DESC, d.id DESC LIMIT 1), FALSE) AS is_deployed FROM model_version v ",
            $rest
        )
    };
}

const ALL: &str = models!("ORDER BY v.model, v.put_at DESC, v.version");
const OF_MODEL: &str = models!("WHERE v.model = $1 ORDER BY v.put_at DESC, v.version");
const ONE: &str = models!("WHERE v.model = $1 AND v.version = $2");

/// With documents as the database takes them; another hash is taken only where `$11` says so, and none keeps that which
/// is known.
macro_rules! put {
    ($json:literal) => {
        concat!(
            "INSERT INTO model_version (model, version, hash, metadata, schema, baseline, baseline_version, suite, ",
            "put_at, put_by) VALUES ($1, $2, $3, $4",
            $json,
            ", $5",
            $json,
            ", $6, $7, $8, $9, $10) ",
            "ON CONFLICT (model, version) DO UPDATE SET hash = coalesce(excluded.hash, model_version.hash), ",
            "metadata = excluded.metadata, schema = excluded.schema, baseline = excluded.baseline, ",
            "baseline_version = excluded.baseline_version, suite = excluded.suite, put_at = excluded.put_at, ",
            "put_by = excluded.put_by WHERE $11 OR coalesce(model_version.hash = excluded.hash, TRUE)"
        )
    };
}

/// Not when it is the one that was deployed at that time already.
const DEPLOY: &str = "INSERT INTO deployment (model, version, hash, at, deployed_by) \
    SELECT v.model, v.version, v.hash, $3, $4 FROM model_version v WHERE v.model = $1 AND v.version = $2 \
    AND v.version IS DISTINCT FROM (SELECT d.version FROM deployment d WHERE d.model = $1 AND d.at <= $3 \
    ORDER BY d.at DESC, d.id DESC LIMIT 1)";

const DEPLOYMENTS: &str = "SELECT model, version, hash, at, deployed_by FROM deployment WHERE model = $1 \
    ORDER BY at DESC, id DESC LIMIT $2";

const DEPLOYED: &str = "SELECT d.model, d.version, d.hash, d.at, d.deployed_by FROM deployment d WHERE d.id = (SELECT e.id \
    FROM deployment e WHERE e.model = d.model AND e.at <= $1 ORDER BY e.at DESC, e.id DESC LIMIT 1) ORDER BY d.model";

const SUITES: &str =
    "SELECT suite, model, version FROM model_version WHERE suite IS NOT NULL ORDER BY suite, model, version";

const OPEN: &str = "INSERT INTO version_opening (suite, suite_hash, model, version, opened_at) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (suite, suite_hash, model, version) DO UPDATE SET opened_at = \
    CASE WHEN excluded.opened_at < version_opening.opened_at THEN excluded.opened_at ELSE version_opening.opened_at END \
    RETURNING opened_at";

struct Opened(Micros);

macro_rules! readers {
    ($row:ty, $time:path, $time_or_none:path) => {
        impl FromRow<'_, $row> for ModelRow {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(ModelRow {
                    model: row.try_get("model")?,
                    version: row.try_get("version")?,
                    hash: row.try_get("hash")?,
                    metadata: row.try_get("metadata")?,
                    schema: row.try_get("schema")?,
                    baseline: row.try_get("baseline")?,
                    baseline_version: row.try_get("baseline_version")?,
                    suite: row.try_get("suite")?,
                    at: $time(row, "put_at")?,
                    by: row.try_get("put_by")?,
                    deployed_at: $time_or_none(row, "deployed_at")?,
                    is_deployed: row.try_get("is_deployed")?,
                })
            }
        }

        impl FromRow<'_, $row> for DeploymentRow {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(DeploymentRow {
                    model: row.try_get("model")?,
                    version: row.try_get("version")?,
                    hash: row.try_get("hash")?,
                    at: $time(row, "at")?,
                    by: row.try_get("deployed_by")?,
                })
            }
        }

        impl FromRow<'_, $row> for Opened {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                $time(row, "opened_at").map(Opened)
            }
        }
    };
}

readers!(PgRow, postgres_time, postgres_time_or_none);
readers!(SqliteRow, sqlite_time, sqlite_time_or_none);

#[allow(unused_variables, reason = "not every statement needs both connections and the clock")]
impl Store {
    /// Keeps a version of a model in place of what was known of it, but for its hash, which changes only if `replaces`.
    pub async fn put_model(&self, row: &ModelRow, replaces: bool) -> Result<Put, Error> {
        let before = self.model(&row.model, &row.version).await?;
        let put = if matches!(self, Store::Postgres(_)) { put!("::json") } else { put!("") };
        let text = |it: &Option<String>| it.as_deref().map(|it| kept(it).into_owned());
        on_each!(self, |writer, reader, time| {
            let query = sqlx::query(put).bind(indexed(&row.model)).bind(indexed(&row.version)).bind(text(&row.hash));
            let query = query.bind(types::Json(kept_json(&row.metadata)));
            let query = query.bind(row.schema.as_ref().map(|it| types::Json(kept_json(it))));
            let query = query.bind(text(&row.baseline)).bind(row.baseline_version).bind(text(&row.suite));
            let query = query.bind(time(row.at)).bind(kept(&row.by)).bind(replaces);
            Ok(match query.execute(writer).await?.rows_affected() {
                0 => Put::Other,
                _ if before.is_some() => Put::Known,
                _ => Put::New,
            })
        })
    }

    /// All versions of all models, by model, the newest first.
    pub async fn models(&self) -> Result<Vec<ModelRow>, Error> {
        on_each!(self, |writer, reader, time| Ok(sqlx::query_as(ALL).fetch_all(reader).await?))
    }

    /// All versions of a model, the newest first.
    pub async fn model_versions(&self, model: &str) -> Result<Vec<ModelRow>, Error> {
        on_each!(self, |writer, reader, time| {
            Ok(sqlx::query_as(OF_MODEL).bind(indexed(model)).fetch_all(reader).await?)
        })
    }

    /// One version of a model.
    pub async fn model(&self, model: &str, version: &str) -> Result<Option<ModelRow>, Error> {
        on_each!(self, |writer, reader, time| {
            let query = sqlx::query_as(ONE).bind(indexed(model)).bind(indexed(version));
            Ok(query.fetch_optional(reader).await?)
        })
    }

    /// Takes note that a version of a model was deployed at a time; `false`: there is no such version. Nothing is
    /// written where it was the deployed one at that time already.
    pub async fn deploy(&self, model: &str, version: &str, by: &str, at: Micros) -> Result<bool, Error> {
        if self.model(model, version).await?.is_none() {
            return Ok(false);
        }
        on_each!(self, |writer, reader, time| {
            let query = sqlx::query(DEPLOY).bind(indexed(model)).bind(indexed(version)).bind(time(at)).bind(kept(by));
            query.execute(writer).await?;
            Ok(true)
        })
    }

    /// The last deployments of a model, the newest first.
    pub async fn deployments(&self, model: &str, limit: u32) -> Result<Vec<DeploymentRow>, Error> {
        on_each!(self, |writer, reader, time| {
            Ok(sqlx::query_as(DEPLOYMENTS).bind(indexed(model)).bind(i64::from(limit)).fetch_all(reader).await?)
        })
    }

    /// The version of each model that is deployed at a time.
    pub async fn deployed(&self, at: Micros) -> Result<Vec<DeploymentRow>, Error> {
        on_each!(self, |writer, reader, time| Ok(sqlx::query_as(DEPLOYED).bind(time(at)).fetch_all(reader).await?))
    }

    /// Suites that versions of models are checked against: suite, model, version.
    pub async fn suites_of_models(&self) -> Result<Vec<(String, String, String)>, Error> {
        on_each!(self, |writer, reader, time| Ok(sqlx::query_as(SUITES).fetch_all(reader).await?))
    }

    /// Takes note that a window of a version of a model began at a time; where the first of them began. `of` is the suite,
    /// its hash, the model and its version.
    pub async fn open_version(&self, of: (&str, &str, &str, &str), start: Micros) -> Result<Micros, Error> {
        let (suite, hash, model, version) = of;
        on_each!(self, |writer, reader, time| {
            let query = sqlx::query_as(OPEN).bind(indexed(suite)).bind(indexed(hash));
            let query = query.bind(indexed(model)).bind(indexed(version)).bind(time(start));
            Ok(query.fetch_one(writer).await.map(|Opened(it)| it)?)
        })
    }
}
