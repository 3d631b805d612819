//! How the tables came to be, step by step. A step that was released never changes; a new one is added.

use std::sync::LazyLock;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::Error;

/// The steps in `PostgreSQL`.
pub static POSTGRES: LazyLock<Migrator> =
    LazyLock::new(|| migrator(&[("start", include_str!("../../migrations/postgres/0001_start.sql"))]));

/// The steps in `SQLite`.
pub static SQLITE: LazyLock<Migrator> =
    LazyLock::new(|| migrator(&[("start", include_str!("../../migrations/sqlite/0001_start.sql"))]));

/// A list of names and statements, which are numbered from 1. (sqlx reads the folder with a macro, which would bring
/// the compiler plugin that checks queries, and what that is built of.)
fn migrator(steps: &[(&'static str, &'static str)]) -> Migrator {
    let numbered = (1..).zip(steps);
    let step = |(number, (name, sql)): (i64, &(&'static str, &'static str))| {
        // A step is known by its checksum, which must not depend on how a checkout ends its lines.
        let sql = AssertSqlSafe(sql.replace('\r', "")).into_sql_str();
        Migration::new(number, (*name).into(), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations(numbered.map(step).collect())
}

/// The number of the last step.
pub fn newest(migrator: &Migrator) -> i64 {
    migrator.iter().map(|it| it.version).max().unwrap_or(0)
}

/// Whether tables of that version are those of this program.
pub fn compare(found: i64, migrator: &Migrator) -> Result<(), Error> {
    let wanted = newest(migrator);
    if found == wanted { Ok(()) } else { Err(Error::Schema { found, wanted }) }
}

/// What came of running the steps.
pub fn outcome(outcome: Result<(), MigrateError>, migrator: &Migrator) -> Result<(), Error> {
    match outcome {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(found)) => Err(Error::Schema { found, wanted: newest(migrator) }),
        Err(error) => Err(Error::Migration(error)),
    }
}
