//! Where results are kept: `PostgreSQL`, or `SQLite` for one host alone.
//!
//! Both databases hold the same tables and answer the same; `docs/history.md` shows them to people.
//! All that a journal segment holds is committed in one transaction and only once, so a host that died
//! between a commit and the cut of its journal may send the segment again.

/// The same statements on either database, which differ in their times and their connections.
macro_rules! on_each {
    ($store:expr, |$writer:ident, $reader:ident, $time:ident| $body:expr) => {
        match $store {
            $crate::store::Store::Postgres(it) => {
                let ($writer, $reader, $time) = (it.pool(), it.pool(), $crate::store::reading::moment);
                $body
            }
            $crate::store::Store::Sqlite(it) => {
                let ($writer, $reader, $time) = (it.writer(), it.readers(), $crate::store::batch::time);
                $body
            }
        }
    };
}

mod agreement;
pub mod baselines;
mod batch;
pub mod due;
mod error;
pub mod findings;
pub mod gauges;
pub mod labels;
mod migrations;
pub mod models;
pub mod outbox;
pub mod panes;
mod parts;
pub mod plugins;
mod postgres;
pub mod predictions;
mod queries;
mod reading;
pub mod reports;
pub mod rows;
pub mod runs;
mod segments;
mod sqlite;
pub mod streams;
mod texts;
pub mod triggers;
pub mod windows;

use std::fmt;
use std::time::Duration;

use uuid::Uuid;

use crate::redact::redacted;
use due::{Clock, Longer, Made, Sums};
pub use error::Error;
use findings::Wanted;
use panes::{Judged, Memories, Page, Taken, Waiting};
pub use postgres::Hold;
use rows::{Batch, Cursor, FailureRow, Filter, FindingRow, KeyRow, Micros, ResultRow, Retention, StatRow, VersionRow};
use streams::StreamRow;
use windows::{Closed, Kept, Restricted, WindowKey, WindowRow};

/// A database that is open. Clones share its connections.
#[derive(Clone)]
pub enum Store {
    /// For any number of hosts.
    Postgres(postgres::Postgres),
    /// A file, for one host.
    Sqlite(sqlite::Sqlite),
}

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many connections there may be at once; `SQLite` has one that writes and up to four that read.
    pub max_connections: u32,
    /// How long to wait for a connection, and in `SQLite` for another process that writes.
    pub acquire_timeout: Duration,
    /// Whether to make the tables, or bring older ones up to date.
    pub migrate: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { max_connections: 8, acquire_timeout: Duration::from_secs(10), migrate: true }
    }
}

/// When a batch was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// By this call.
    Now,
    /// Before it; nothing was written.
    Before,
}

/// What was removed because it was kept long enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Weeks of results, failures or findings that were dropped whole (`PostgreSQL`); their rows are not counted.
    pub weeks: u64,
    /// Results (`SQLite`).
    pub results: u64,
    /// Failures (`SQLite`).
    pub failures: u64,
    /// Findings (`SQLite`).
    pub findings: u64,
    /// Counts by minute.
    pub tallies: u64,
    /// Idempotency keys.
    pub keys: u64,
    /// Windows.
    pub windows: u64,
    /// Predictions (`SQLite`) and labels.
    pub labels: u64,
    /// Notices that were sent or given up.
    pub deliveries: u64,
    /// Ids of journal segments.
    pub segments: u64,
}

/// Days for which the ids of committed journal segments are kept.
///
/// A segment comes again only from a host that died between the commit and the cut of its journal,
/// and it comes as soon as the host is up again. Only one that stays down for longer than this, and
/// died in those milliseconds, would be counted twice.
const SEGMENT_DAYS: u32 = 30;

const SECOND: Micros = 1_000_000;
const DAY: Micros = 24 * 60 * 60 * SECOND;

/// A name as rows have it: see [`rows`].
pub fn name(text: &str) -> String {
    texts::indexed(text).into_owned()
}

/// The time that a number of days lies before `now`.
const fn days_before(now: Micros, days: u32) -> Micros {
    now.saturating_sub(days as Micros * DAY)
}

macro_rules! on_either {
    ($store:expr, $it:ident => $call:expr) => {
        match $store {
            Store::Postgres($it) => $call.await,
            Store::Sqlite($it) => $call.await,
        }
    };
}

impl Store {
    /// Opens `postgres://..`, `postgresql://..`, `sqlite:path` or `sqlite://path`, and brings its tables up
    /// to date, or checks that they are.
    pub async fn open(url: &str, options: &Options) -> Result<Store, Error> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("postgres" | "postgresql") => Ok(Store::Postgres(postgres::Postgres::open(url, options).await?)),
            Some("sqlite") => Ok(Store::Sqlite(sqlite::Sqlite::open(url, options).await?)),
            _ => Err(Error::Url {
                url: redacted(url),
                why: "a store is `postgres://user@host/database` or `sqlite:path`".into(),
            }),
        }
    }

    /// Waits for what is under way, then closes all connections.
    pub async fn close(&self) {
        on_either!(self, it => it.close());
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        on_either!(self, it => it.ping())
    }

    /// The number of the newest migration that the database has; 0: none.
    pub async fn schema_version(&self) -> Result<i64, Error> {
        on_either!(self, it => it.schema_version())
    }

    /// Writes all of a batch or nothing. When this returns `Ok`, the batch survives a loss of power.
    ///
    /// Parts of one result add up, tallies of equal keys too; failures, findings and keys that are
    /// there already stay. Texts are kept as [`rows`] says, but U+0000 becomes U+FFFD, and names longer
    /// than 255 bytes are cut (see `texts`).
    pub async fn commit(&self, batch: &Batch) -> Result<Committed, Error> {
        on_either!(self, it => it.commit(batch))
    }

    /// A page of results, the newest first.
    pub async fn results(&self, filter: &Filter, after: Option<Cursor>, limit: u32) -> Result<Vec<ResultRow>, Error> {
        on_either!(self, it => it.results(filter, after, limit))
    }

    /// A result with its failures and findings, in their order. Its id must be a UUID v7 of about its time.
    pub async fn result(&self, id: Uuid) -> Result<Option<(ResultRow, Vec<FailureRow>, Vec<FindingRow>)>, Error> {
        on_either!(self, it => it.result(id))
    }

    /// A page of failures, the newest first. `verdict` is that of their requests.
    pub async fn failures(&self, filter: &Filter, after: Option<Cursor>, limit: u32) -> Result<Vec<FailureRow>, Error> {
        on_either!(self, it => it.failures(filter, after, limit))
    }

    /// A page of findings, the newest first.
    pub async fn findings(&self, wanted: &Wanted, after: Option<Cursor>, limit: u32) -> Result<Vec<FindingRow>, Error> {
        on_either!(self, it => it.findings(wanted, after, limit))
    }

    /// How expectations fared, in spans of so many seconds, aligned to 1970; the oldest first.
    ///
    /// Counts are kept by minute, so shorter spans hold no more. `verdict` does not restrict.
    pub async fn stats(&self, filter: &Filter, bucket_seconds: u32) -> Result<Vec<StatRow>, Error> {
        on_either!(self, it => it.stats(filter, bucket_seconds))
    }

    /// The request that an `Idempotency-Key` stands for.
    pub async fn key(&self, suite: &str, key: &str) -> Result<Option<KeyRow>, Error> {
        on_either!(self, it => it.key(suite, key))
    }

    /// Keeps a version of a suite; one that is known stays as it is. Whether it is active is for [`Self::activate`].
    pub async fn put_version(&self, version: &VersionRow) -> Result<(), Error> {
        on_either!(self, it => it.put_version(version))
    }

    /// Makes a version the active one of its suite; `false`: there is no such version.
    pub async fn activate(&self, suite: &str, hash: &str, by: &str, at: Micros) -> Result<bool, Error> {
        on_either!(self, it => it.activate(suite, hash, by, at))
    }

    /// Switches a suite off; its versions stay. `false`: it was not active.
    pub async fn deactivate(&self, suite: &str, by: &str, at: Micros) -> Result<bool, Error> {
        on_either!(self, it => it.deactivate(suite, by, at))
    }

    /// The active version of each suite that has one, by name.
    pub async fn active(&self) -> Result<Vec<VersionRow>, Error> {
        on_either!(self, it => it.active())
    }

    /// All versions of a suite, the newest first.
    pub async fn versions(&self, suite: &str) -> Result<Vec<VersionRow>, Error> {
        on_either!(self, it => it.versions(suite))
    }

    /// One version of a suite.
    pub async fn version(&self, suite: &str, hash: &str) -> Result<Option<VersionRow>, Error> {
        on_either!(self, it => it.version(suite, hash))
    }

    /// Windows with parts to take up: those that ended before a time, and those of which many parts wait. Not of the
    /// versions with these hashes.
    pub async fn due_windows(&self, clock: Clock, except: &[String]) -> Result<Vec<WindowKey>, Error> {
        on_either!(self, it => it.due_windows(clock, except))
    }

    /// Longer windows that are over and of which a shorter one was judged since they were. Not of the versions with
    /// these hashes.
    pub async fn due_longer(&self, clock: Clock, except: &[String]) -> Result<Vec<Longer>, Error> {
        on_either!(self, it => it.due_longer(clock, except))
    }

    /// The windows of a length within another one that start at a time or later, in their order.
    pub async fn shorter(&self, key: &WindowKey, length: &str, from: Micros, limit: u32) -> Result<Vec<Kept>, Error> {
        on_either!(self, it => it.shorter(key, length, from, limit))
    }

    /// What the windows of a length within another one hold, by segment, the total first. With the length of the other
    /// one itself: what is kept of it.
    pub async fn sums(&self, key: &WindowKey, length: &str) -> Result<Vec<Sums>, Error> {
        on_either!(self, it => it.sums(key, length))
    }

    /// What is kept of a window, open or judged.
    pub async fn kept(&self, id: Uuid) -> Result<Option<Kept>, Error> {
        Ok(on_either!(self, it => it.kept_of(&[id]))?.pop())
    }

    /// Keeps longer windows of one span, and takes the mark away with the last. `false`: a shorter one has changed
    /// since, or another host has kept them; nothing is written.
    pub async fn keep_longer(&self, longer: &Longer, judged: &Judged, is_last: bool) -> Result<bool, Error> {
        on_either!(self, it => it.keep_longer(longer, judged, is_last))
    }

    /// How far the records of each version have come.
    pub async fn streams(&self) -> Result<Vec<StreamRow>, Error> {
        on_either!(self, it => it.streams())
    }

    /// Takes note of a version that is active and of which no record may have come yet.
    pub async fn begin_stream(&self, suite: &str, suite_hash: &str, now: Micros) -> Result<(), Error> {
        on_either!(self, it => it.begin_stream(suite, suite_hash, now))
    }

    /// Keeps a window without records. `false`: a record has come since, or another host has kept it.
    pub async fn keep_silence(&self, stream: &StreamRow, closed: Closed) -> Result<bool, Error> {
        on_either!(self, it => it.keep_silence(stream, closed))
    }

    /// Keeps a window if nothing is kept of it yet; its parts stay.
    pub async fn keep_first(&self, row: &WindowRow) -> Result<(), Error> {
        on_either!(self, it => it.keep_first(row))
    }

    /// The versions of suites with windows whose parts are not all taken up: suite and hash.
    pub async fn open_versions(&self) -> Result<Vec<(String, String)>, Error> {
        on_either!(self, it => it.open_versions())
    }

    /// Keeps other hosts from closing the windows of a span while this one does, page by page; `None`: another does.
    pub async fn hold(&self, key: &WindowKey) -> Result<Option<Hold>, Error> {
        self.hold_all(&[key.lock(None)]).await
    }

    /// Keeps other hosts from closing any windows of this version and length, and those of the span by [`Self::hold`].
    pub async fn hold_length(&self, key: &WindowKey) -> Result<Option<Hold>, Error> {
        self.hold_all(&[key.lock_of_length(), key.lock(None)]).await
    }

    async fn hold_all(&self, locks: &[Uuid]) -> Result<Option<Hold>, Error> {
        match self {
            Store::Postgres(it) => it.hold(locks).await,
            // There is one host.
            Store::Sqlite(_) => Ok(Some(Hold::default())),
        }
    }

    /// Whether a window of the same version and length that began earlier is over and waits to be judged first.
    pub async fn waits_earlier(&self, key: &WindowKey, made: Made, clock: Clock) -> Result<bool, Error> {
        on_either!(self, it => it.waits_earlier(key, made, clock))
    }

    /// What detectors remembered at the last window of the same version and length before a span, by segment; those
    /// without one are left out.
    pub async fn memories(&self, key: &WindowKey, segments: &[&str]) -> Result<Memories, Error> {
        on_either!(self, it => it.memories(key, segments))
    }

    /// What waits of the windows of a span, by page, all records first.
    pub async fn waiting(&self, key: &WindowKey) -> Result<Vec<Waiting>, Error> {
        on_either!(self, it => it.waiting(key))
    }

    /// The first parts of a page of windows up to the one of the number `last`, as many as are taken up at once, and what
    /// is kept of these windows.
    pub async fn page(&self, key: &WindowKey, bucket: i64, last: i64) -> Result<Page, Error> {
        self.page_with(key, bucket, last, &[]).await
    }

    /// The same, and what is kept of those of these segments that are of the page.
    pub async fn page_with(&self, key: &WindowKey, bucket: i64, last: i64, segments: &[String]) -> Result<Page, Error> {
        on_either!(self, it => it.page(key, bucket, last, segments))
    }

    /// The segments of a span of which parts were taken up that they are not judged with yet.
    pub async fn unjudged(&self, key: &WindowKey) -> Result<Vec<String>, Error> {
        on_either!(self, it => it.unjudged(key))
    }

    /// Keeps the windows of a page and removes the parts that they are made of, in one transaction. `false`: another
    /// host has taken them up; nothing is written.
    pub async fn close_page(&self, key: &WindowKey, taken: &Taken, judged: &Judged) -> Result<bool, Error> {
        on_either!(self, it => it.close_page(key, taken, judged))
    }

    /// A page of windows, the newest first: `suite`, `since` and `until` of the filter restrict, and what is beside it.
    pub async fn windows(
        &self,
        filter: &Filter,
        restricted: Restricted<'_>,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<WindowRow>, Error> {
        on_either!(self, it => it.windows(filter, restricted, after, limit))
    }

    /// A window with its findings.
    pub async fn window(&self, id: Uuid) -> Result<Option<(WindowRow, Vec<FindingRow>)>, Error> {
        on_either!(self, it => it.window(id))
    }

    /// Removes what was kept long enough; `PostgreSQL` drops whole weeks, so that rows live up to a week longer.
    pub async fn prune(&self, now: Micros, retention: &Retention) -> Result<Pruned, Error> {
        on_either!(self, it => it.prune(now, retention))
    }
}

/// What connections know of the password is not shown.
impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Store::Postgres(_) => "Store::Postgres",
            Store::Sqlite(_) => "Store::Sqlite",
        })
    }
}
