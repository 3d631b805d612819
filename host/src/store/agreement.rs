//! What all hosts of a database must have alike.

use super::{Error, Store};

const KEEP: &str = "INSERT INTO agreement (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
const CHANGE: &str = "UPDATE agreement SET value = $2 WHERE name = $1";
const READ: &str = "SELECT value FROM agreement WHERE name = $1";

impl Store {
    /// What was agreed under a name: this value, when nothing was.
    pub async fn agree(&self, name: &str, value: &str) -> Result<String, Error> {
        Ok(match self {
            Store::Postgres(it) => {
                sqlx::query(KEEP).bind(name).bind(value).execute(it.pool()).await?;
                sqlx::query_scalar(READ).bind(name).fetch_one(it.pool()).await?
            }
            Store::Sqlite(it) => {
                sqlx::query(KEEP).bind(name).bind(value).execute(it.writer()).await?;
                sqlx::query_scalar(READ).bind(name).fetch_one(it.writer()).await?
            }
        })
    }

    /// Agrees on another value from now on.
    pub async fn agree_anew(&self, name: &str, value: &str) -> Result<(), Error> {
        match self {
            Store::Postgres(it) => sqlx::query(CHANGE).bind(name).bind(value).execute(it.pool()).await.map(drop)?,
            Store::Sqlite(it) => sqlx::query(CHANGE).bind(name).bind(value).execute(it.writer()).await.map(drop)?,
        }
        Ok(())
    }
}
