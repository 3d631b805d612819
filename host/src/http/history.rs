//! What was stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use driftline_rules::time::Time;
use driftline_rules::trace::trace_id;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::asked::{Named, Params, allow};
use super::problem::Problem;
use crate::config::Scope;
use crate::service::app::App;
use crate::store::rows::{Cursor, Filter, Micros, Verdict};
use crate::wire::{Page, ResultDetail, Stat, StoredFailure, StoredResult};

/// What of the history is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The suite.
    suite: Option<String>,
    /// An expectation, as answers name it; of results those with a failure of it.
    check: Option<String>,
    /// `critical`, `warning` or `info`; of results those with a failure of it.
    severity: Option<String>,
    /// `pass`, `warn` or `fail`: the verdict of the request.
    status: Option<String>,
    /// A field, as the suite writes it; of results those with a failure on it.
    field: Option<String>,
    /// The model.
    model: Option<String>,
    /// Its version.
    version: Option<String>,
    /// The segment.
    segment: Option<String>,
    /// The trace of results and failures: its id, or a whole `traceparent`.
    #[param(min_length = 32, max_length = 200)]
    trace_id: Option<String>,
    /// From this time on (RFC 3339, or a span before now such as `24h`, `7d`).
    since: Option<String>,
    /// Before this time.
    until: Option<String>,
    /// Rows of a page, 1 to 1000; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: the `next` of the page before.
    cursor: Option<String>,
    /// Of `/v1/stats`: seconds of a span, at least 60; 3600 without it.
    #[param(minimum = 60)]
    bucket: Option<u32>,
}

impl Asked {
    fn filter(&self) -> Result<Filter, Problem> {
        let verdict = match self.status.as_deref() {
            None => None,
            Some(word) => Some(
                Verdict::ALL
                    .into_iter()
                    .find(|it| it.name() == word)
                    .ok_or_else(|| Problem::bad_request(format!("`status={word}` is none of pass, warn, fail")))?,
            ),
        };
        if let Some(word) = self.severity.as_deref().filter(|it| !["critical", "warning", "info"].contains(it)) {
            return Err(Problem::bad_request(format!("`severity={word}` is none of critical, warning, info")));
        }
        Ok(Filter {
            suite: self.suite.clone(),
            check: self.check.clone(),
            severity: self.severity.clone(),
            verdict,
            field: self.field.clone(),
            model: self.model.clone(),
            version: self.version.clone(),
            segment: self.segment.clone(),
            trace_id: self.trace_id.as_deref().map(trace).transpose()?,
            since: time("since", self.since.as_deref())?,
            until: time("until", self.until.as_deref())?,
        })
    }

    fn limit(&self) -> Result<u32, Problem> {
        limit(self.limit)
    }

    fn cursor(&self) -> Result<Option<Cursor>, Problem> {
        cursor(self.cursor.as_deref())
    }
}

fn trace(text: &str) -> Result<String, Problem> {
    trace_id(text).ok_or_else(|| {
        Problem::bad_request(format!("`trace_id={text}` is neither 32 hexadecimal digits nor a `traceparent`"))
    })
}

/// Rows of a page.
pub(super) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked {
        None => Ok(100),
        Some(it @ 1..=1000) => Ok(it),
        Some(it) => Err(Problem::bad_request(format!("`limit={it}` is not from 1 to 1000"))),
    }
}

/// Where a page begins.
pub(super) fn cursor(text: Option<&str>) -> Result<Option<Cursor>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let parts: Vec<_> = text.split('_').collect();
    let cursor = match parts.as_slice() {
        [at, id, n] => match (at.parse(), Uuid::parse_str(id), n.parse()) {
            (Ok(at), Ok(id), Ok(n)) => Some(Cursor { at, id, n }),
            _ => None,
        },
        _ => None,
    };
    cursor.map(Some).ok_or_else(|| Problem::bad_request("`cursor` is not the `next` of a page"))
}

/// A time, or a span before now.
pub(super) fn time(name: &str, text: Option<&str>) -> Result<Option<Micros>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let parsed = crate::history::time(text, crate::service::app::now()).or_else(|| {
        // A `+` of an offset is a space when the client did not escape it.
        Time::parse(&text.replace(' ', "+")).map(|it| it.micros)
    });
    parsed.map(Some).ok_or_else(|| {
        Problem::bad_request(format!(
            "`{name}={text}` is neither a time such as 2024-05-01T12:00:00Z nor a span such as 24h"
        ))
    })
}

pub(super) fn next(full: bool, last: Option<Cursor>) -> Option<String> {
    last.filter(|_| full).map(|it| format!("{}_{}_{}", it.at, it.id, it.n))
}

/// Requests, the newest first.
#[utoipa::path(get, path = "/v1/results", tag = "history", params(Asked), responses(
    (status = 200, description = "A page.", body = Page<StoredResult>),
))]
pub async fn results(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Result<Json<Page<StoredResult>>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let limit = asked.limit()?;
    let rows = app.store.results(&asked.filter()?, asked.cursor()?, limit).await?;
    let next = next(rows.len() == limit as usize, rows.last().map(|it| Cursor { at: it.at, id: it.id, n: 0 }));
    Ok(Json(Page { items: rows.into_iter().map(StoredResult::from).collect(), next }))
}

/// A request with its failures and findings.
#[utoipa::path(get, path = "/v1/results/{id}", tag = "history", params(("id" = Uuid, Path, description = "The request's id.")), responses(
    (status = 200, description = "The request.", body = ResultDetail),
    (status = 404, description = "There is none of this id.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn result(
    State(app): State<Arc<App>>,
    Named(id): Named<Uuid>,
    headers: HeaderMap,
) -> Result<Json<ResultDetail>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let found = app.store.result(id).await?;
    let (result, failures, findings) = found.ok_or_else(|| {
        Problem::not_found("there is no stored request of this id; one that passed is summed up with others, and rows are kept for a time only")
    })?;
    let plugins = plugins_of(&app, &result.suite, &result.suite_hash).await?;
    Ok(Json(ResultDetail {
        plugins,
        result: result.into(),
        failures: failures.into_iter().map(Into::into).collect(),
        findings: findings.into_iter().map(Into::into).collect(),
    }))
}

/// The plugins of a version of a suite.
pub(super) async fn plugins_of(app: &App, suite: &str, hash: &str) -> Result<BTreeMap<String, String>, Problem> {
    Ok(app.store.version(suite, hash).await?.map_or_else(BTreeMap::new, |it| it.plugins))
}

/// Failures, the newest first.
#[utoipa::path(get, path = "/v1/failures", tag = "history", params(Asked), responses(
    (status = 200, description = "A page.", body = Page<StoredFailure>),
))]
pub async fn failures(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Result<Json<Page<StoredFailure>>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let limit = asked.limit()?;
    let rows = app.store.failures(&asked.filter()?, asked.cursor()?, limit).await?;
    let next =
        next(rows.len() == limit as usize, rows.last().map(|it| Cursor { at: it.at, id: it.result_id, n: it.n }));
    Ok(Json(Page { items: rows.into_iter().map(StoredFailure::from).collect(), next }))
}

/// How each expectation fared, by spans of time.
#[utoipa::path(get, path = "/v1/stats", tag = "history", params(Asked), responses(
    (status = 200, description = "By span, suite and expectation.", body = Vec<Stat>),
))]
pub async fn stats(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Result<Json<Vec<Stat>>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let bucket = asked.bucket.unwrap_or(3600);
    if bucket < 60 {
        return Err(Problem::bad_request(format!(
            "`bucket={bucket}` is less than 60 seconds, the span that is counted by"
        )));
    }
    let mut filter = asked.filter()?;
    if filter.since.is_none() {
        // Of all time would be a large answer; a week is what a person looks at.
        filter.since = Some(crate::service::app::now() - 7 * 24 * 3_600_000_000);
    }
    let rows = app.store.stats(&filter, bucket).await?;
    Ok(Json(rows.into_iter().map(Stat::from).collect()))
}
