//! Plugins that were registered, with their bytes, and which version of each is active.

use sqlx::types::Json;

use super::rows::Micros;
use super::texts::{indexed, kept, kept_json};
use super::{Error, Store};

/// A version of a plugin that was registered, without its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginRow {
    /// The plugin's own name.
    pub name: String,
    /// Its semantic version.
    pub version: String,
    /// `sha256:` and the hexadecimal digits of the component's bytes.
    pub digest: String,
    /// Bytes of the component.
    pub size: i64,
    /// The signature that it came with, raw or in Base64.
    pub signature: Option<Vec<u8>>,
    /// The version of `driftline:plugin` that it was built against.
    pub wit: String,
    /// What it says of itself.
    pub about: serde_json::Value,
    /// When it was put.
    pub at: Micros,
    /// Who put it: a token's name.
    pub by: String,
    /// Whether it is the active one.
    pub active: bool,
}

/// What is kept of versions, and whether they are active: the last row of a plugin in `plugin_activation` holds.
macro_rules! plugins {
    ($rest:literal) => {
        concat!(
            "SELECT name, version, digest, size, signature, wit, about, put_at, put_by, active FROM ",
            "(SELECT v.*, coalesce(v.version = (SELECT a.version FROM plugin_activation a WHERE a.name = v.name ",
            "ORDER BY a.id DESC LIMIT 1), FALSE) AS active FROM plugin_version v) v WHERE ",
            $rest
        )
    };
}

const ALL: &str = plugins!("TRUE ORDER BY name, put_at DESC, version");
const ONE: &str = plugins!("name = $1 AND version = $2");

/// With the document as the database takes it.
macro_rules! put {
    ($about:literal) => {
        concat!(
            "INSERT INTO plugin_version (name, version, digest, component, size, signature, wit, about, put_at, put_by) ",
            "VALUES ($1, $2, $3, $4, $5, $6, $7, ",
            $about,
            ", $9, $10) ON CONFLICT DO NOTHING"
        )
    };
}

const COMPONENT: &str = "SELECT component FROM plugin_version WHERE name = $1 AND version = $2";

const ACTIVATE: &str = "INSERT INTO plugin_activation (name, version, digest, at, activated_by) \
    SELECT name, version, digest, $3, $4 FROM plugin_version WHERE name = $1 AND version = $2 \
    AND version IS DISTINCT FROM \
    (SELECT a.version FROM plugin_activation a WHERE a.name = $1 ORDER BY a.id DESC LIMIT 1)";

/// In one statement, so that nobody makes it the active one between a look and the removal.
const REMOVE: &str = "DELETE FROM plugin_version WHERE name = $1 AND version = $2 AND version IS DISTINCT FROM \
    (SELECT a.version FROM plugin_activation a WHERE a.name = $1 ORDER BY a.id DESC LIMIT 1)";

#[allow(unused_variables, reason = "not every statement needs both connections and the clock")]
impl Store {
    /// Keeps a version of a plugin; `false`: there is one of this name and version, which stays as it is.
    pub async fn put_plugin(&self, row: &PluginRow, component: &[u8]) -> Result<bool, Error> {
        let put = if matches!(self, Store::Postgres(_)) { put!("$8::json") } else { put!("$8") };
        on_each!(self, |writer, reader, time| {
            let query = sqlx::query(put).bind(indexed(&row.name)).bind(indexed(&row.version)).bind(&row.digest);
            let query = query.bind(component).bind(row.size).bind(&row.signature).bind(kept(&row.wit));
            let query = query.bind(Json(kept_json(&row.about))).bind(time(row.at)).bind(kept(&row.by));
            Ok(query.execute(writer).await?.rows_affected() == 1)
        })
    }

    /// All versions of all plugins, by name, the newest first.
    pub async fn plugins(&self) -> Result<Vec<PluginRow>, Error> {
        on_each!(self, |writer, reader, time| Ok(sqlx::query_as(ALL).fetch_all(reader).await?))
    }

    /// One version of a plugin.
    pub async fn plugin(&self, name: &str, version: &str) -> Result<Option<PluginRow>, Error> {
        on_each!(self, |writer, reader, time| {
            let query = sqlx::query_as(ONE).bind(indexed(name)).bind(indexed(version));
            Ok(query.fetch_optional(reader).await?)
        })
    }

    /// The bytes of a version.
    pub async fn component(&self, name: &str, version: &str) -> Result<Option<Vec<u8>>, Error> {
        on_each!(self, |writer, reader, time| {
            let query = sqlx::query_scalar(COMPONENT).bind(indexed(name)).bind(indexed(version));
            Ok(query.fetch_optional(reader).await?)
        })
    }

    /// Makes a version the active one of its plugin; `false`: there is no such version.
    pub async fn activate_plugin(&self, name: &str, version: &str, by: &str, at: Micros) -> Result<bool, Error> {
        if self.plugin(name, version).await?.is_none() {
            return Ok(false);
        }
        on_each!(self, |writer, reader, time| {
            let query = sqlx::query(ACTIVATE).bind(indexed(name)).bind(indexed(version));
            query.bind(time(at)).bind(kept(by)).execute(writer).await?;
            Ok(true)
        })
    }

    /// Removes a version that is not active; `false`: it is, or there is none.
    pub async fn remove_plugin(&self, name: &str, version: &str) -> Result<bool, Error> {
        on_each!(self, |writer, reader, time| {
            let query = sqlx::query(REMOVE).bind(indexed(name)).bind(indexed(version));
            Ok(query.execute(writer).await?.rows_affected() == 1)
        })
    }
}
