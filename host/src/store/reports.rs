//! The questions of a report of a span of time: sums that the database makes, so that a report of many findings reads few
//! rows.

use sqlx::{Postgres, QueryBuilder, Sqlite};

use super::queries::{Dialect, texts, times};
use super::rows::Micros;
use super::triggers::{INCIDENT, IncidentRow};
use super::{Error, Store};

/// Where the databases differ.
trait Parts: Dialect {
    /// Which part of so many microseconds a time lies in, from 0 for the one that begins at `from`.
    fn part(column: &str, from: Micros, length: Micros) -> String;
}

impl Parts for Postgres {
    fn part(column: &str, from: Micros, length: Micros) -> String {
        format!("CAST(floor((round(date_part('epoch', {column}) * 1e6) - ({from})) / {length}) AS bigint)")
    }
}

impl Parts for Sqlite {
    fn part(column: &str, from: Micros, length: Micros) -> String {
        format!("({column} - ({from})) / {length}")
    }
}

/// What a report is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Only of this suite.
    pub suite: Option<String>,
    /// From this time on.
    pub from: Micros,
    /// Before this time.
    pub to: Micros,
}

/// Findings that did not pass, of one expectation, length and segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindingGroup {
    /// The suite.
    pub suite: String,
    /// The expectation's title.
    pub check: String,
    /// Its kind.
    pub kind: String,
    /// `critical`, `warning` or `info`.
    pub severity: String,
    /// Its fields, joined by `, `.
    pub field: String,
    /// What the length of the windows is called; empty: batches.
    pub length: String,
    /// Of which segment; empty: of all records.
    pub segment: String,
    /// `fail` or `error`.
    pub status: String,
    /// How many.
    pub n: i64,
    /// When the first was: the start of its window, or when the batch came.
    pub first: Micros,
    /// When the last was.
    pub last: Micros,
    /// Records concerned, where the expectation counts records.
    pub elements: Option<i64>,
    /// Of them, those that it does not hold for.
    pub unexpected: Option<i64>,
}

/// How many findings of all records an expectation has, however they ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindingTotal {
    /// The expectation's title.
    pub check: String,
    /// What the length of the windows is called; empty: batches.
    pub length: String,
    /// Those that passed, failed, or could not be evaluated.
    pub n: i64,
    /// Of them, those that failed.
    pub failed: i64,
}

/// How many findings of an expectation did not pass in one part of a span.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindingPart {
    /// The expectation's title.
    pub check: String,
    /// Which part, from 0.
    pub part: i64,
    /// How many.
    pub n: i64,
}

/// Requests of one version of a suite, source and version of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResultGroup {
    /// The suite.
    pub suite: String,
    /// Its content hash.
    pub suite_hash: String,
    /// Where they came from.
    pub source: String,
    /// The model, as the records say.
    pub model: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Requests.
    pub requests: i64,
    /// Records.
    pub records: i64,
    /// Those that failed a critical expectation, or could not be read.
    pub failed: i64,
    /// Those that failed warnings only.
    pub warned: i64,
    /// Those that could not be read.
    pub unreadable: i64,
}

/// Windows of all records, of one version of a suite, length and status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WindowGroup {
    /// The suite.
    pub suite: String,
    /// Its content hash.
    pub suite_hash: String,
    /// What their length is called.
    pub length: String,
    /// How they ended.
    pub status: String,
    /// How many.
    pub n: i64,
    /// Records in them.
    pub records: i64,
    /// Of them, those that could not be read.
    pub unreadable: i64,
    /// Of them, those that came late.
    pub late: i64,
    /// Labels that were joined.
    pub labels: i64,
    /// The start of the first.
    pub first: Micros,
    /// The end of the last.
    pub last: Micros,
}

/// Findings that did not pass, the gravest and the most frequent first.
fn finding_groups<DB: Dialect>(span: &Span, limit: u32) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(
        "SELECT f.suite, f.check_name, f.kind, f.severity, f.field, f.length, f.segment, f.status, count(*) AS n, \
         min(f.at) AS first_at, max(f.at) AS last_at, CAST(sum(f.elements) AS bigint) AS elements, \
         CAST(sum(f.unexpected) AS bigint) AS unexpected FROM finding f WHERE f.status IN ('fail', 'error')",
    );
    within(&mut query, span, "f.at", "f.suite");
    query.push(
        " GROUP BY f.suite, f.check_name, f.kind, f.severity, f.field, f.length, f.segment, f.status \
         ORDER BY CASE f.severity WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, \
         CASE f.segment WHEN '' THEN 0 ELSE 1 END, n DESC, f.suite, f.check_name, f.length, f.segment, f.status LIMIT ",
    );
    DB::number(&mut query, limit.into());
    query
}

fn finding_totals<DB: Dialect>(span: &Span, checks: &[String]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(
        "SELECT f.check_name, f.length, count(*) AS n, \
         CAST(sum(CASE f.status WHEN 'fail' THEN 1 ELSE 0 END) AS bigint) AS failed FROM finding f \
         WHERE f.status <> 'skip' AND f.segment = ''",
    );
    within(&mut query, span, "f.at", "f.suite");
    DB::among(query.push(" AND f.check_name"), checks);
    query.push(" GROUP BY f.check_name, f.length ORDER BY f.check_name, f.length");
    query
}

fn finding_parts<DB: Parts>(span: &Span, checks: &[String], parts: u32) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("SELECT f.check_name, ");
    query.push(DB::part("f.at", span.from, part_length(span, parts)));
    query.push(" AS part, count(*) AS n FROM finding f WHERE f.status IN ('fail', 'error')");
    within(&mut query, span, "f.at", "f.suite");
    DB::among(query.push(" AND f.check_name"), checks);
    query.push(" GROUP BY 1, 2 ORDER BY 1, 2");
    query
}

/// How long each of so many equal parts of a span is, in microseconds.
pub fn part_length(span: &Span, parts: u32) -> Micros {
    let length = span.to.saturating_sub(span.from).max(1);
    length.div_euclid(i64::from(parts.max(1))) + i64::from(length % i64::from(parts.max(1)) != 0)
}

fn result_groups<DB: Dialect>(span: &Span, limit: u32) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("SELECT r.suite, r.suite_hash, r.source, r.model, r.version");
    for column in ["requests", "records", "failed", "warned", "unreadable"] {
        query.push(format_args!(", CAST(sum(r.{column}) AS bigint) AS {column}"));
    }
    query.push(" FROM result r WHERE TRUE");
    within(&mut query, span, "r.at", "r.suite");
    query.push(" GROUP BY 1, 2, 3, 4, 5 ORDER BY 7 DESC, 1, 2, 3, 4, 5 LIMIT ");
    DB::number(&mut query, limit.into());
    query
}

fn window_groups<DB: Dialect>(span: &Span, limit: u32) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("SELECT w.suite, w.suite_hash, w.length, w.status, count(*) AS n");
    for column in ["records", "unreadable", "late", "labels"] {
        query.push(format_args!(", CAST(sum(w.{column}) AS bigint) AS {column}"));
    }
    query.push(
        ", min(w.start_at) AS first_at, max(w.end_at) AS last_at FROM time_window w \
         WHERE w.status <> 'open' AND w.segment = ''",
    );
    within(&mut query, span, "w.start_at", "w.suite");
    query.push(" GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 LIMIT ");
    DB::number(&mut query, limit.into());
    query
}

/// By the time of the records: those whose windows reach into the span (of one without windows: that opened in it), and
/// those of before that are open still.
fn incidents_of<DB: Dialect>(span: &Span, limit: u32) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(INCIDENT);
    DB::time(query.push(" WHERE coalesce(data_from, opened_at) < "), span.to);
    DB::time(query.push(" AND (closed_at IS NULL OR coalesce(data_to, opened_at) >= "), span.from);
    query.push(")");
    texts(&mut query, &[(" AND suite = ", &span.suite)]);
    query.push(
        " ORDER BY CASE WHEN closed_at IS NULL THEN 0 ELSE 1 END, \
         CASE severity WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, opened_at DESC, id LIMIT ",
    );
    DB::number(&mut query, limit.into());
    query
}

/// The column of the time, and that of the suite.
fn within<DB: Dialect>(query: &mut QueryBuilder<DB>, span: &Span, at: &str, suite: &str) {
    times(query, &[(&format!(" AND {at} >= "), Some(span.from)), (&format!(" AND {at} < "), Some(span.to))]);
    texts(query, &[(&format!(" AND {suite} = "), &span.suite)]);
}

/// Asks either database.
macro_rules! ask {
    ($self:ident, $query:expr) => {
        Ok(match $self {
            Store::Postgres(it) => $query.build_query_as().fetch_all(it.pool()).await?,
            Store::Sqlite(it) => $query.build_query_as().fetch_all(it.readers()).await?,
        })
    };
}

impl Store {
    /// Findings of a span that failed or could not be evaluated, summed up; the gravest, those of all records and the
    /// most frequent first.
    pub async fn finding_groups(&self, span: &Span, limit: u32) -> Result<Vec<FindingGroup>, Error> {
        ask!(self, finding_groups(span, limit))
    }

    /// How many findings of all records some expectations of a suite have in a span.
    pub async fn finding_totals(&self, span: &Span, checks: &[String]) -> Result<Vec<FindingTotal>, Error> {
        ask!(self, finding_totals(span, checks))
    }

    /// When findings of some expectations of a suite did not pass, by equal parts of a span.
    pub async fn finding_parts(&self, span: &Span, checks: &[String], parts: u32) -> Result<Vec<FindingPart>, Error> {
        ask!(self, finding_parts(span, checks, parts))
    }

    /// Requests of a span, summed up; those of the most records first.
    pub async fn result_groups(&self, span: &Span, limit: u32) -> Result<Vec<ResultGroup>, Error> {
        ask!(self, result_groups(span, limit))
    }

    /// Windows of all records that start in a span and were judged, summed up.
    pub async fn window_groups(&self, span: &Span, limit: u32) -> Result<Vec<WindowGroup>, Error> {
        ask!(self, window_groups(span, limit))
    }

    /// The incidents of a span, by the time of its records: those that are open first, then the gravest and the newest.
    pub async fn incidents_of(&self, span: &Span, limit: u32) -> Result<Vec<IncidentRow>, Error> {
        ask!(self, incidents_of(span, limit))
    }
}
