//! Windows that were judged.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::asked::{Named, Params, allow};
use super::history::{cursor, limit, next, plugins_of, time};
use super::problem::Problem;
use crate::config::Scope;
use crate::service::app::App;
use crate::store::rows::{Cursor, Filter};
use crate::store::windows::{Restricted, STATUSES};
use crate::wire::{Page, StoredWindow, Stream, WindowDetail};

/// Which windows are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The suite.
    suite: Option<String>,
    /// `pass`, `warn`, `fail` or `error`.
    status: Option<String>,
    /// `5m`, `1h`, `1d`, `1w`, `month`, or `1h/5m` of those that overlap; `silence`: those that no record came in.
    length: Option<String>,
    /// Those of this segment, such as `region=eu`; empty: those of all records. Without it: both.
    segment: Option<String>,
    /// Those that start from this time on (RFC 3339, or a span before now such as `24h`, `7d`).
    since: Option<String>,
    /// Those that start before this time.
    until: Option<String>,
    /// Rows of a page, 1 to 1000; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: the `next` of the page before.
    cursor: Option<String>,
}

/// Windows that were judged, the newest first.
#[utoipa::path(get, path = "/v1/windows", tag = "history", params(Asked), responses(
    (status = 200, description = "A page.", body = Page<StoredWindow>),
))]
pub async fn windows(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Result<Json<Page<StoredWindow>>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let status = asked.status.as_deref();
    if let Some(word) = status.filter(|it| !STATUSES.contains(it)) {
        return Err(Problem::bad_request(format!("`status={word}` is none of {}", STATUSES.join(", "))));
    }
    let filter = Filter {
        suite: asked.suite.clone(),
        since: time("since", asked.since.as_deref())?,
        until: time("until", asked.until.as_deref())?,
        ..Filter::default()
    };
    let length = asked.length.as_deref().map(crate::history::length);
    let limit = limit(asked.limit)?;
    let restricted = Restricted { status, length: length.as_deref(), segment: asked.segment.as_deref() };
    let rows = app.store.windows(&filter, restricted, cursor(asked.cursor.as_deref())?, limit).await?;
    let next = next(rows.len() == limit as usize, rows.last().map(|it| Cursor { at: it.start, id: it.id, n: 0 }));
    Ok(Json(Page { items: rows.into_iter().map(StoredWindow::from).collect(), next }))
}

/// How far the records of each version of a suite have come.
#[utoipa::path(get, path = "/v1/streams", tag = "history", responses(
    (status = 200, description = "By suite.", body = Vec<Stream>),
))]
pub async fn streams(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Json<Vec<Stream>>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    Ok(Json(app.store.streams().await?.into_iter().map(Stream::from).collect()))
}

/// A window with its findings.
#[utoipa::path(get, path = "/v1/windows/{id}", tag = "history", params(("id" = Uuid, Path, description = "The window's id.")), responses(
    (status = 200, description = "The window.", body = WindowDetail),
    (status = 404, description = "There is none of this id.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn window(
    State(app): State<Arc<App>>,
    Named(id): Named<Uuid>,
    headers: HeaderMap,
) -> Result<Json<WindowDetail>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let (window, findings) = app.store.window(id).await?.ok_or_else(|| {
        Problem::not_found("there is no window of this id; one is stored when it is over, and kept for a time only")
    })?;
    let plugins = plugins_of(&app, &window.suite, &window.suite_hash).await?;
    let findings = findings.into_iter().map(Into::into).collect();
    Ok(Json(WindowDetail { window: window.into(), findings, plugins }))
}
