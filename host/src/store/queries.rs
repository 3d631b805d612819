//! The questions to the history, for both databases.

use sqlx::{Database, Postgres, QueryBuilder, Sqlite};
use uuid::Uuid;

use super::SECOND;
use super::batch::time;
use super::findings::FINDING;
use super::reading::moment;
use super::rows::{Cursor, Filter, Micros, Verdict};
use super::texts::{indexed, kept};

/// Where the databases differ.
pub trait Dialect: Database + Sized {
    /// A verdict's name.
    const VERDICT: &'static str;
    /// Binds a text.
    fn text(query: &mut QueryBuilder<Self>, text: &str);
    /// Binds a text of any length, which is part of no index.
    fn words(query: &mut QueryBuilder<Self>, text: &str);
    /// Binds a time.
    fn time(query: &mut QueryBuilder<Self>, at: Micros);
    /// Binds an id.
    fn id(query: &mut QueryBuilder<Self>, id: Uuid);
    /// Binds bytes.
    fn bytes(query: &mut QueryBuilder<Self>, bytes: Option<Vec<u8>>);
    /// Binds a text as JSON.
    fn json(query: &mut QueryBuilder<Self>, json: Option<String>);
    /// Binds a number.
    fn number(query: &mut QueryBuilder<Self>, number: i64);
    /// Binds a real number.
    fn real(query: &mut QueryBuilder<Self>, number: f64);
    /// Binds texts, behind the name of a column that is one of them.
    fn among(query: &mut QueryBuilder<Self>, texts: &[String]);
    /// Binds a verdict.
    fn verdict(query: &mut QueryBuilder<Self>, verdict: Verdict);
    /// What lets an update pass over rows that another one holds.
    const SKIP_LOCKED: &'static str;
    /// Whether a question that concerns failures goes from the failures to their results.
    const LATERAL: bool;
    /// The start of the span of so many seconds that a minute lies in.
    fn bucket(seconds: u32) -> String;
}

impl Dialect for Postgres {
    const VERDICT: &'static str = "r.verdict::text";
    const LATERAL: bool = true;
    const SKIP_LOCKED: &'static str = " FOR UPDATE SKIP LOCKED";

    fn text(query: &mut QueryBuilder<Self>, text: &str) {
        query.push_bind(indexed(text).into_owned());
    }

    fn words(query: &mut QueryBuilder<Self>, text: &str) {
        query.push_bind(kept(text).into_owned());
    }

    fn time(query: &mut QueryBuilder<Self>, at: Micros) {
        query.push_bind(moment(at));
    }

    fn id(query: &mut QueryBuilder<Self>, id: Uuid) {
        query.push_bind(id);
    }

    fn bytes(query: &mut QueryBuilder<Self>, bytes: Option<Vec<u8>>) {
        query.push_bind(bytes);
    }

    fn json(query: &mut QueryBuilder<Self>, json: Option<String>) {
        query.push_bind(json).push("::json");
    }

    fn number(query: &mut QueryBuilder<Self>, number: i64) {
        query.push_bind(number);
    }

    fn real(query: &mut QueryBuilder<Self>, number: f64) {
        query.push_bind(number);
    }

    fn among(query: &mut QueryBuilder<Self>, texts: &[String]) {
        query.push(" = ANY(").push_bind(texts.iter().map(|it| indexed(it).into_owned()).collect::<Vec<_>>()).push(")");
    }

    fn verdict(query: &mut QueryBuilder<Self>, verdict: Verdict) {
        query.push_bind(verdict.name()).push("::verdict");
    }

    fn bucket(seconds: u32) -> String {
        // Not `extract`, whose decimal numbers take half of the time of the whole question.
        format!("to_timestamp(floor(date_part('epoch', minute) / {seconds}) * {seconds})")
    }
}

impl Dialect for Sqlite {
    const VERDICT: &'static str = "CASE r.verdict WHEN 0 THEN 'pass' WHEN 1 THEN 'warn' ELSE 'fail' END";
    const LATERAL: bool = false;
    const SKIP_LOCKED: &'static str = "";

    fn text(query: &mut QueryBuilder<Self>, text: &str) {
        query.push_bind(indexed(text).into_owned());
    }

    fn words(query: &mut QueryBuilder<Self>, text: &str) {
        query.push_bind(kept(text).into_owned());
    }

    fn time(query: &mut QueryBuilder<Self>, at: Micros) {
        query.push_bind(time(at));
    }

    fn id(query: &mut QueryBuilder<Self>, id: Uuid) {
        query.push_bind(id);
    }

    fn bytes(query: &mut QueryBuilder<Self>, bytes: Option<Vec<u8>>) {
        query.push_bind(bytes);
    }

    fn json(query: &mut QueryBuilder<Self>, json: Option<String>) {
        query.push_bind(json);
    }

    fn number(query: &mut QueryBuilder<Self>, number: i64) {
        query.push_bind(number);
    }

    fn real(query: &mut QueryBuilder<Self>, number: f64) {
        query.push_bind(number);
    }

    fn among(query: &mut QueryBuilder<Self>, texts: &[String]) {
        let texts: Vec<_> = texts.iter().map(|it| indexed(it)).collect();
        let texts = serde_json::Value::from(texts.iter().map(AsRef::as_ref).collect::<Vec<&str>>()).to_string();
        query.push(" IN (SELECT value FROM json_each(").push_bind(texts).push("))");
    }

    fn verdict(query: &mut QueryBuilder<Self>, verdict: Verdict) {
        query.push_bind(verdict as i64);
    }

    fn bucket(seconds: u32) -> String {
        format!("(minute / {seconds}000000) * {seconds}000000")
    }
}

const RESULT: &str = "SELECT r.id, r.at, r.suite, r.suite_hash, r.source, r.token, r.model, r.version, r.segment, \
    r.trace_id, r.requests, r.records, r.failed, r.warned, r.unreadable, r.duration_us, r.failures_left_out, \
    r.statistics, ";

const FAILURE: &str = "SELECT f.result_id, f.n, f.at, f.suite, f.suite_hash, f.check_name, f.kind, f.severity, \
    f.field, f.record, f.record_id, f.model, f.version, f.segment, f.observed, f.bound, f.message, f.trace_id \
    FROM failure f WHERE TRUE";

/// A page of results.
///
/// The results with a failure of some kind are few. `PostgreSQL` takes the time and the id of a result for
/// independent, expects next to no failure to meet a result, and would join all of them and sort; with a lateral
/// subquery it goes through the failures, the newest first, until the page is full. It would still collect all
/// failures before it begins, were it not for a limit that it cannot know: then it plans for the first rows.
pub fn results<DB: Dialect>(filter: &Filter, after: Option<Cursor>, limit: u32) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let with_failures = filter.check.is_some() || filter.severity.is_some() || filter.field.is_some();
    let mut query = QueryBuilder::new(RESULT);
    query.push(DB::VERDICT).push(" AS verdict FROM ");
    if with_failures && DB::LATERAL {
        query.push("(SELECT DISTINCT f.at, f.result_id FROM failure f WHERE TRUE");
        failing(&mut query, filter);
        before(&mut query, [" AND f.at <= ", " AND (f.at, f.result_id) < ("], after);
        query.push(
            " ORDER BY 1 DESC, 2 DESC LIMIT (SELECT 9223372036854775807)) f CROSS JOIN LATERAL \
            (SELECT * FROM result WHERE result.at = f.at AND result.id = f.result_id LIMIT 1) r WHERE TRUE",
        );
    } else {
        query.push("result r WHERE TRUE");
        times(&mut query, &[(" AND r.at >= ", filter.since), (" AND r.at < ", filter.until)]);
        before(&mut query, [" AND r.at <= ", " AND (r.at, r.id) < ("], after);
    }
    texts(
        &mut query,
        &[
            (" AND r.suite = ", &filter.suite),
            (" AND r.model = ", &filter.model),
            (" AND r.version = ", &filter.version),
            (" AND r.segment = ", &filter.segment),
            (" AND r.trace_id = ", &filter.trace_id),
        ],
    );
    if let Some(verdict) = filter.verdict {
        DB::verdict(query.push(" AND r.verdict = "), verdict);
    }
    if with_failures && DB::LATERAL {
        query.push(" ORDER BY f.at DESC, f.result_id DESC LIMIT ");
    } else if with_failures {
        query.push(" AND EXISTS (SELECT 1 FROM failure f WHERE f.at = r.at AND f.result_id = r.id");
        failing(&mut query, filter);
        query.push(") ORDER BY r.at DESC, r.id DESC LIMIT ");
    } else {
        query.push(" ORDER BY r.at DESC, r.id DESC LIMIT ");
    }
    DB::number(&mut query, limit.into());
    query
}

/// The conditions on failures.
fn failing<DB: Dialect>(query: &mut QueryBuilder<DB>, filter: &Filter) {
    texts(
        query,
        &[
            (" AND f.suite = ", &filter.suite),
            (" AND f.check_name = ", &filter.check),
            (" AND f.severity = ", &filter.severity),
            (" AND f.field = ", &filter.field),
        ],
    );
    times(query, &[(" AND f.at >= ", filter.since), (" AND f.at < ", filter.until)]);
}

/// Rows behind the last one of a page. The time is said twice, since of the pair Postgres does not see which weeks it
/// need not look at.
pub(super) fn before<DB: Dialect>(query: &mut QueryBuilder<DB>, [time, pair]: [&str; 2], after: Option<Cursor>) {
    if let Some(after) = after {
        DB::time(query.push(time), after.at);
        DB::time(query.push(pair), after.at);
        DB::id(query.push(", "), after.id);
        query.push(")");
    }
}

/// A page of failures.
pub fn failures<DB: Dialect>(filter: &Filter, after: Option<Cursor>, limit: u32) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(FAILURE);
    failing(&mut query, filter);
    texts(
        &mut query,
        &[
            (" AND f.model = ", &filter.model),
            (" AND f.version = ", &filter.version),
            (" AND f.segment = ", &filter.segment),
            (" AND f.trace_id = ", &filter.trace_id),
        ],
    );
    if let Some(after) = after {
        DB::time(query.push(" AND f.at <= "), after.at);
        DB::time(query.push(" AND (f.at, f.result_id, f.n) < ("), after.at);
        DB::id(query.push(", "), after.id);
        DB::number(query.push(", "), after.n);
        query.push(")");
    }
    if let Some(verdict) = filter.verdict {
        query.push(" AND EXISTS (SELECT 1 FROM result r WHERE r.at = f.at AND r.id = f.result_id AND r.verdict = ");
        DB::verdict(&mut query, verdict);
        query.push(")");
    }
    DB::number(query.push(" ORDER BY f.at DESC, f.result_id DESC, f.n DESC LIMIT "), limit.into());
    query
}

/// Counts by span and expectation.
pub fn stats<DB: Dialect>(filter: &Filter, bucket_seconds: u32) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("SELECT ");
    query.push(DB::bucket(bucket_seconds.max(1)));
    query.push(
        " AS at, suite, check_name, kind, severity, CAST(sum(seen) AS bigint) AS seen, \
        CAST(sum(failed) AS bigint) AS failed, CAST(sum(skipped) AS bigint) AS skipped FROM tally WHERE TRUE",
    );
    texts(
        &mut query,
        &[
            (" AND suite = ", &filter.suite),
            (" AND check_name = ", &filter.check),
            (" AND severity = ", &filter.severity),
            (" AND field = ", &filter.field),
            (" AND model = ", &filter.model),
            (" AND version = ", &filter.version),
            (" AND segment = ", &filter.segment),
        ],
    );
    times(&mut query, &[(" AND minute >= ", filter.since), (" AND minute < ", filter.until)]);
    query.push(" GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5");
    query
}

/// The result of an id, within a span of time.
pub fn result<DB: Dialect>(id: Uuid, (since, until): (Micros, Micros)) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(RESULT);
    query.push(DB::VERDICT).push(" AS verdict FROM result r WHERE TRUE");
    times(&mut query, &[(" AND r.at >= ", Some(since)), (" AND r.at < ", Some(until))]);
    DB::id(query.push(" AND r.id = "), id);
    query.push(" LIMIT 1");
    query
}

/// The failures of a result.
pub fn failures_of<DB: Dialect>(at: Micros, id: Uuid) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    of(FAILURE, at, id)
}

/// The findings of a result.
pub fn findings_of<DB: Dialect>(at: Micros, id: Uuid) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    of(FINDING, at, id)
}

/// Spans around the time in a UUID v7 where its row lies: mostly within milliseconds, since id and time are made
/// at once; the second is for a clock that was set between them.
pub fn spans_of(id: Uuid) -> Vec<(Micros, Micros)> {
    let Some((seconds, nanos)) = id.get_timestamp().filter(|_| id.get_version_num() == 7).map(|it| it.to_unix()) else {
        return Vec::new();
    };
    let at = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(SECOND) + i64::from(nanos / 1000);
    let margins = [SECOND / 20, 60 * SECOND];
    margins.map(|it| (at.saturating_sub(it), at.saturating_add(it))).to_vec()
}

fn of<DB: Dialect>(rows: &str, at: Micros, id: Uuid) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(rows);
    DB::time(query.push(" AND f.at = "), at);
    DB::id(query.push(" AND f.result_id = "), id);
    query.push(" ORDER BY f.n");
    query
}

pub(super) fn texts<DB: Dialect>(query: &mut QueryBuilder<DB>, conditions: &[(&str, &Option<String>)]) {
    for (condition, text) in conditions {
        if let Some(text) = text {
            DB::text(query.push(condition), text);
        }
    }
}

pub(super) fn times<DB: Dialect>(query: &mut QueryBuilder<DB>, conditions: &[(&str, Option<Micros>)]) {
    for (condition, at) in conditions {
        if let Some(at) = *at {
            DB::time(query.push(condition), at);
        }
    }
}

/// A key: suite, key.
pub const KEY: &str = "SELECT suite, key, body_hash, result_id, at, suite_hash, came FROM idempotency_key \
    WHERE suite = $1 AND key = $2";

/// What is kept of versions, and whether they are active: the last row of a suite in `activation` holds.
macro_rules! versions {
    ($rest:literal) => {
        concat!(
            "SELECT suite, hash, body, files, plugins, put_at, put_by, active FROM (SELECT v.*, coalesce(v.hash = ",
            "(SELECT a.hash FROM activation a WHERE a.suite = v.suite ORDER BY a.id DESC LIMIT 1), FALSE) AS active ",
            "FROM suite_version v) v WHERE ",
            $rest
        )
    };
}

/// All active versions.
pub const ACTIVE: &str = versions!("active ORDER BY suite");

/// All versions of a suite.
pub const VERSIONS: &str = versions!("suite = $1 ORDER BY put_at DESC, hash");

/// One version: suite, hash.
pub const VERSION: &str = versions!("suite = $1 AND hash = $2");

/// Adds a row to `activation` unless the version is the active one: suite, hash, time, who.
pub const ACTIVATE: &str = "INSERT INTO activation (suite, hash, at, activated_by) \
    SELECT suite, hash, $3, $4 FROM suite_version WHERE suite = $1 AND hash = $2 AND hash IS DISTINCT FROM \
    (SELECT a.hash FROM activation a WHERE a.suite = $1 ORDER BY a.id DESC LIMIT 1)";

/// Adds a row to `activation` if a version is active: suite, time, who.
pub const DEACTIVATE: &str = "INSERT INTO activation (suite, hash, at, activated_by) \
    SELECT $1, NULL, $2, $3 WHERE \
    (SELECT a.hash FROM activation a WHERE a.suite = $1 ORDER BY a.id DESC LIMIT 1) IS NOT NULL";
