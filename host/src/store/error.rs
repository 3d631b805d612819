//! What can go wrong with the store, and whether to try again.

use std::{error, fmt};

use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

use crate::metrics;

/// What went wrong. No message holds the password of the URL.
#[derive(Debug)]
pub enum Error {
    /// The URL does not name a store.
    Url {
        /// The URL without its password.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The database could not be opened.
    Open {
        /// The URL without its password.
        url: String,
        /// What the database says.
        cause: sqlx::Error,
    },
    /// The database is there, but nothing that Driftline can use.
    Unfit {
        /// What is wrong, as a sentence.
        why: String,
    },
    /// The tables are older or newer than this program.
    Schema {
        /// The version of the tables; 0: there are none.
        found: i64,
        /// The version that this program works with.
        wanted: i64,
    },
    /// The tables could not be made or changed.
    Migration(MigrateError),
    /// A query failed.
    Query(sqlx::Error),
    /// Others change the same rows again and again.
    Busy,
}

impl Error {
    /// Whether the same may succeed a little later: the connection is gone, another was in the way, the disk is full.
    pub fn is_transient(&self) -> bool {
        match self {
            Error::Open { cause, .. } | Error::Query(cause) => passes(cause),
            Error::Migration(MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _)) => passes(cause),
            Error::Busy => true,
            Error::Url { .. } | Error::Unfit { .. } | Error::Schema { .. } | Error::Migration(_) => false,
        }
    }

    /// The code that the database gives: SQLSTATE, or `SQLite`'s extended code.
    pub(super) fn code(&self) -> Option<String> {
        match self {
            Error::Query(sqlx::Error::Database(error)) => error.code().map(Into::into),
            _ => None,
        }
    }
}

pub(super) fn passes(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed | sqlx::Error::BeginFailed => true,
        sqlx::Error::Database(error) => {
            if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
                return postgres_passes(error.code());
            }
            let code = error.try_downcast_ref::<SqliteError>().and_then(DatabaseError::code);
            code.and_then(|it| it.parse().ok()).is_some_and(sqlite_passes)
        }
        _ => false,
    }
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn postgres_passes(code: &str) -> bool {
    // Connections; resources, among them a full disk; an administrator, a shutdown or a start.
    ["08", "53", "57"].iter().any(|it| code.starts_with(it))
        // Others were in the way; a server that became a replica; a disk that fails.
        || ["40001", "40P01", "55P03", "25006", "58030"].contains(&code)
}

/// <https://www.sqlite.org/rescode.html>; the low byte is the primary code.
const fn sqlite_passes(code: u32) -> bool {
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    const IOERR: u32 = 10;
    const FULL: u32 = 13;
    matches!(code & 0xff, BUSY | LOCKED | IOERR | FULL)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Url { url, why } => write!(f, "`{url}` cannot be used as the store: {why}"),
            Error::Open { url, cause } => write!(f, "the store `{url}` cannot be opened: {cause}"),
            Error::Unfit { why } => f.write_str(why),
            Error::Busy => f.write_str("the same rows are being changed by others; try again"),
            Error::Schema { found: 0, .. } => {
                f.write_str("the store has no tables yet: run `driftline migrate` to make them")
            }
            Error::Schema { found, wanted } if found < wanted => write!(
                f,
                "the tables of the store have version {found}, this program needs {wanted}: run `driftline migrate`"
            ),
            Error::Schema { found, wanted } => write!(
                f,
                "the tables of the store have version {found}, this program knows only {wanted}: use a newer Driftline"
            ),
            Error::Migration(cause) => write!(f, "the tables of the store cannot be brought up to date: {cause}"),
            Error::Query(cause) => write!(f, "the store: {cause}"),
        }
    }
}

// What caused it is in the words already: whoever shows a chain of causes would say it twice.
impl error::Error for Error {}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let reason = if passes(&error) { "transient" } else { "permanent" };
        metrics::add(&metrics::list::STORE_ERRORS, &[reason], 1);
        Error::Query(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_told_from_what_stays() {
        for code in ["08006", "40001", "40P01", "53100", "53300", "57P01", "57P03", "57014", "55P03"] {
            assert!(postgres_passes(code), "{code}");
        }
        for code in ["22021", "23505", "23514", "28P01", "3D000", "42P01", "54000"] {
            assert!(!postgres_passes(code), "{code}");
        }
        for code in [5, 517, 6, 262, 13, 10, 778] {
            assert!(sqlite_passes(code), "{code}");
        }
        for code in [1, 8, 11, 14, 19, 787, 26] {
            assert!(!sqlite_passes(code), "{code}");
        }
        assert!(Error::Query(sqlx::Error::PoolTimedOut).is_transient());
        assert!(!Error::Schema { found: 1, wanted: 2 }.is_transient());
    }
}
