//! What all hosts of a database must have alike.

use super::{Error, Store};

const KEEP: &str = "INSERT INTO agreement (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
const CHANGE: &str = "UPDATE agreement SET value = $2 WHERE name = $1";
const READ: &str = "SELECT value FROM agreement WHERE name = $1";

#[allow(unused_variables, reason = "what must be alike is written and read by one connection, and has no time")]
impl Store {
    /// What was agreed under a name: this value, when nothing was.
    pub async fn agree(&self, name: &str, value: &str) -> Result<String, Error> {
        on_each!(self, |writer, reader, time| {
            sqlx::query(KEEP).bind(name).bind(value).execute(writer).await?;
            Ok(sqlx::query_scalar(READ).bind(name).fetch_one(writer).await?)
        })
    }

    /// Agrees on another value from now on.
    pub async fn agree_anew(&self, name: &str, value: &str) -> Result<(), Error> {
        on_each!(self, |writer, reader, time| {
            sqlx::query(CHANGE).bind(name).bind(value).execute(writer).await?;
            Ok(())
        })
    }
}
