//! Labels that came, and what of them is to be added to windows.
//!
//! What labels add to a window is written in the transaction that says that they were joined, so that each counts once.
//! All that changes labels of a suite does so one after the other: a window that is added up anew sees all of them or is
//! told of the rest.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::predictions::{Logged, PREDICTION};
use super::queries::Dialect;
use super::rows::Micros;
use super::windows::{WindowKey, WindowPart};
use super::{Error, Store};

/// A label.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelRow {
    /// The suite.
    pub suite: String,
    /// The record's id.
    pub id: String,
    /// What it says, as a JSON object.
    pub label: String,
    /// When it was known: as it says itself, else when it came.
    pub at: Micros,
    /// When it first came.
    pub came: Micros,
    /// When it last changed.
    pub changed: Micros,
    /// 1, one more for each correction.
    pub revision: i64,
    /// Who put it.
    pub by: String,
    /// Whether it says what was predicted.
    pub correct: Option<bool>,
    /// When it was first added to the window of its prediction.
    pub joined: Option<Micros>,
    /// When its prediction is looked for again.
    pub try_at: Option<Micros>,
}

/// A window whose labels are to be added up anew, or that labels have had time for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelDue {
    /// The window of all records.
    pub key: WindowKey,
    /// How long labels have had then; 0: one was corrected.
    pub waited: Micros,
    /// When it is due.
    pub due: Micros,
    /// Another one each time that it is said.
    pub mark: Uuid,
}

/// What is written at once of one suite.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The suite.
    pub suite: String,
    /// Labels that were not there.
    pub new: Vec<LabelRow>,
    /// Labels that were, each with the revision that was read.
    pub known: Vec<(LabelRow, i64)>,
    /// What labels add to windows.
    pub parts: Vec<WindowPart>,
    /// Windows that are to be added up anew.
    pub due: Vec<LabelDue>,
    /// What was due and is done.
    pub done: Option<LabelDue>,
}

const LABEL: &str =
    "SELECT suite, id, label, at, came_at, changed_at, revision, put_by, correct, joined_at, try_at FROM label";

/// How many labels a statement asks for or writes.
pub const ROWS: usize = 5000;

pub(super) fn of_ids<DB: Dialect>(suite: &str, ids: &[String]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(LABEL);
    DB::text(query.push(" WHERE suite = "), suite);
    DB::among(query.push(" AND id"), ids);
    query
}

pub(super) fn to_try<DB: Dialect>(now: Micros, limit: u32) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(LABEL);
    DB::time(query.push(" WHERE try_at <= "), now);
    DB::number(query.push(" ORDER BY try_at LIMIT "), limit.into());
    query
}

pub(super) fn due<DB: Dialect>(now: Micros, limit: u32) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(
        "SELECT suite, suite_hash, start_at, end_at, waited, due_at, mark FROM label_due WHERE due_at <= ",
    );
    DB::time(&mut query, now);
    DB::number(query.push(" ORDER BY due_at LIMIT "), limit.into());
    query
}

/// Says that windows are due. One whose labels wait for time stays as it is said first.
pub(super) fn mark<DB: Dialect>(due: &[LabelDue]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query =
        QueryBuilder::new("INSERT INTO label_due (suite, suite_hash, start_at, end_at, waited, due_at, mark) VALUES ");
    for (i, it) in due.iter().enumerate() {
        DB::text(query.push(if i == 0 { "(" } else { ", (" }), &it.key.suite);
        DB::text(query.push(", "), &it.key.suite_hash);
        DB::time(query.push(", "), it.key.start);
        DB::time(query.push(", "), it.key.end);
        DB::number(query.push(", "), it.waited);
        DB::time(query.push(", "), it.due);
        DB::id(query.push(", "), it.mark);
        query.push(")");
    }
    query.push(
        " ON CONFLICT (suite, suite_hash, start_at, waited) DO UPDATE SET mark = excluded.mark, \
         due_at = excluded.due_at WHERE excluded.waited = 0",
    );
    query
}

pub(super) fn done<DB: Dialect>(it: &LabelDue) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("DELETE FROM label_due");
    of_due(&mut query, it);
    query
}

/// Lets a window be due later, unless it was said again meanwhile.
fn put_off<DB: Dialect>(it: &LabelDue, until: Micros) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("UPDATE label_due SET due_at = ");
    DB::time(&mut query, until);
    of_due(&mut query, it);
    query
}

fn of_due<DB: Dialect>(query: &mut QueryBuilder<DB>, it: &LabelDue) {
    DB::text(query.push(" WHERE suite = "), &it.key.suite);
    DB::text(query.push(" AND suite_hash = "), &it.key.suite_hash);
    DB::time(query.push(" AND start_at = "), it.key.start);
    DB::number(query.push(" AND waited = "), it.waited);
    DB::id(query.push(" AND mark = "), it.mark);
}

/// A page of the predictions of a window that labels were joined to, by time, behind a place.
pub(super) fn joined<DB: Dialect>(key: &WindowKey, after: Option<(Micros, Uuid)>) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(PREDICTION);
    query.push(
        ", l.label, l.at AS label_at, l.revision AS label_revision, l.correct FROM prediction p \
         JOIN label l ON l.suite = p.suite AND l.id = p.id WHERE l.joined_at IS NOT NULL",
    );
    DB::text(query.push(" AND p.suite = "), &key.suite);
    DB::text(query.push(" AND p.suite_hash = "), &key.suite_hash);
    DB::time(query.push(" AND p.at >= "), key.start);
    DB::time(query.push(" AND p.at < "), key.end);
    if let Some((at, id)) = after {
        DB::time(query.push(" AND p.at >= "), at);
        DB::time(query.push(" AND (p.at, p.key) > ("), at);
        DB::id(query.push(", "), id);
        query.push(")");
    }
    DB::number(query.push(" ORDER BY p.at, p.key LIMIT "), ROWS as i64);
    query
}

/// The number of the lock of all who change labels of a suite.
pub(super) fn lock_of(suite: &str) -> Uuid {
    WindowKey { suite: suite.to_owned(), length: "labels".into(), ..WindowKey::default() }.id()
}

/// What both databases do alike; `$lock` waits until nobody else changes labels of the suite.
macro_rules! on_pool {
    ($reader:ident, $writer:ident, $begin:literal, $lock:path) => {
        pub(in crate::store) async fn put_labels(&self, change: &labels::Change) -> Result<bool, Error> {
            let mut connection = self.$writer.acquire().await?;
            let mut transaction = connection.begin_with($begin).await?;
            $lock(&mut transaction, labels::lock_of(&change.suite)).await?;
            let mut is_same = true;
            for some in change.new.chunks(labels::ROWS) {
                is_same &= insert_labels(&mut transaction, some).await? == some.len() as u64;
            }
            for some in change.known.chunks(labels::ROWS) {
                is_same &= update_labels(&mut transaction, some).await? == some.len() as u64;
            }
            if !is_same {
                transaction.rollback().await?;
                return Ok(false);
            }
            self.write_change(transaction, change).await
        }

        /// Adds up the labels of a window anew: `fold` is given all of them, `parts` makes of it what is written.
        pub(in crate::store) async fn rejoin<'f>(
            &self,
            due: &labels::LabelDue,
            fold: &mut (dyn FnMut(Vec<crate::store::predictions::Logged>) + Send + 'f),
            parts: &mut (dyn FnMut() -> Vec<WindowPart> + Send + 'f),
        ) -> Result<bool, Error> {
            let mut connection = self.$writer.acquire().await?;
            let mut transaction = connection.begin_with($begin).await?;
            $lock(&mut transaction, labels::lock_of(&due.key.suite)).await?;
            let mut after = None;
            loop {
                let page: Vec<crate::store::predictions::Logged> =
                    labels::joined(&due.key, after).build_query_as().fetch_all(&mut *transaction).await?;
                after = page.last().map(|it| (it.prediction.at, it.prediction.key));
                let is_last = page.len() < labels::ROWS;
                fold(page);
                if is_last {
                    break;
                }
            }
            let change = labels::Change {
                suite: due.key.suite.clone(),
                parts: parts(),
                done: Some(due.clone()),
                ..labels::Change::default()
            };
            self.write_change(transaction, &change).await
        }

        /// What labels add to windows, and which are due.
        async fn write_change(
            &self,
            mut transaction: sqlx::Transaction<'_, DB>,
            change: &labels::Change,
        ) -> Result<bool, Error> {
            if let Some(done) = &change.done
                && labels::done(done).build().execute(&mut *transaction).await?.rows_affected() == 0
            {
                transaction.rollback().await?;
                return Ok(false);
            }
            let now = batch::clock();
            let (rows, names) = segments::admit!(transaction, self.names, change.parts.clone(), now, $lock);
            let id = crate::store::rows::id_at(now);
            for some in parts::in_statements(&rows) {
                let mut query = parts::add_parts::<DB>(id, some);
                query.build().persistent(some.len() == 1).execute(&mut *transaction).await?;
            }
            for some in change.due.chunks(panes::ROWS) {
                labels::mark(some).build().persistent(false).execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
            self.names.remember(names, now);
            Ok(true)
        }
    };
}

pub(super) use on_pool;

impl Store {
    /// The labels of some ids of a suite.
    pub async fn labels_of(&self, suite: &str, ids: &[String]) -> Result<Vec<LabelRow>, Error> {
        Ok(match self {
            Store::Postgres(it) => of_ids(suite, ids).build_query_as().fetch_all(it.pool()).await?,
            Store::Sqlite(it) => of_ids(suite, ids).build_query_as().fetch_all(it.readers()).await?,
        })
    }

    /// Labels whose prediction is to be looked for now.
    pub async fn labels_to_try(&self, now: Micros, limit: u32) -> Result<Vec<LabelRow>, Error> {
        Ok(match self {
            Store::Postgres(it) => to_try(now, limit).build_query_as().fetch_all(it.pool()).await?,
            Store::Sqlite(it) => to_try(now, limit).build_query_as().fetch_all(it.readers()).await?,
        })
    }

    /// Windows that are due because of their labels.
    pub async fn labels_due(&self, now: Micros, limit: u32) -> Result<Vec<LabelDue>, Error> {
        Ok(match self {
            Store::Postgres(it) => due(now, limit).build_query_as().fetch_all(it.pool()).await?,
            Store::Sqlite(it) => due(now, limit).build_query_as().fetch_all(it.readers()).await?,
        })
    }

    /// Lets a window be due later, since nothing can be done about it now.
    pub async fn put_off_due(&self, due: &LabelDue, until: Micros) -> Result<(), Error> {
        match self {
            Store::Postgres(it) => put_off(due, until).build().execute(it.pool()).await.map(|_| ())?,
            Store::Sqlite(it) => put_off(due, until).build().execute(it.writer()).await.map(|_| ())?,
        }
        Ok(())
    }

    /// Writes labels and what they add to windows, all of it or nothing. `false`: some label is not as it was read.
    pub async fn put_labels(&self, change: &Change) -> Result<bool, Error> {
        match self {
            Store::Postgres(it) => it.put_labels(change).await,
            Store::Sqlite(it) => it.put_labels(change).await,
        }
    }

    /// Adds up the labels of a window anew: `fold` is given all predictions that labels were joined to, some at a time,
    /// and `parts` makes of it what is written. `false`: another host has done it.
    pub async fn rejoin(
        &self,
        due: &LabelDue,
        fold: &mut (dyn FnMut(Vec<Logged>) + Send),
        parts: &mut (dyn FnMut() -> Vec<WindowPart> + Send),
    ) -> Result<bool, Error> {
        match self {
            Store::Postgres(it) => it.rejoin(due, fold, parts).await,
            Store::Sqlite(it) => it.rejoin(due, fold, parts).await,
        }
    }
}
