//! Retraining runs over HTTP: what is told of them, and what is known.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::asked::{Named, Pace, Params, allow, by, whole};
use super::history::{limit, time};
use super::problem::Problem;
use crate::config::Scope;
use crate::service::app::App;
use crate::service::retrain::{self, Refused, STATUSES};
use crate::store::runs::WantedRuns;
use crate::wire::{Page, RunEvent, RunOut};

/// Which runs are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The model.
    model: Option<String>,
    /// `started`, `running`, `succeeded`, `failed` or `cancelled`.
    status: Option<String>,
    /// Those that started, or were told of first, from this time on (RFC 3339, or a span before now such as `24h`).
    since: Option<String>,
    /// Before this time.
    until: Option<String>,
    /// Rows of a page, 1 to 1000; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: the `next` of the page before.
    cursor: Option<String>,
}

/// Tells of a retraining run, or of several: one event, or an array of them. Events add up by the run's `id`, in any order,
/// and may come again. A run that has ended is checked once against the suites whose `runs_of` names its model.
#[utoipa::path(post, path = "/v1/retrain-runs", tag = "models",
    request_body(content = RunEvent, content_type = "application/json", description = "An event, or an array of events."), responses(
    (status = 200, description = "Taken in: the run as it is then, or for an array an array of runs.", body = RunOut),
    (status = 400, description = "The body cannot be understood.", body = Problem, content_type = "application/problem+json"),
    (status = 408, description = "The body stopped coming.", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "It is larger than `limits.suite` allows.", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "An event has problems: all of them. Of an array, those before the first that names a run of another model, or a new run without its model, were taken in, and may be sent again.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn tell(State(app): State<Arc<App>>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let token = allow(&app, &headers, Scope::Check)?;
    let settings = app.live().settings.clone();
    let bytes = whole(body, settings.suite, Pace::new(&settings)).await?;
    let bad = |error: serde_json::Error| Problem::bad_request(format!("the body: {error}"));
    let is_array = bytes.trim_ascii_start().starts_with(b"[");
    let events: Vec<RunEvent> = if is_array {
        serde_json::from_slice(&bytes).map_err(bad)?
    } else {
        vec![serde_json::from_slice(&bytes).map_err(bad)?]
    };
    // What is wrong is told before anything is taken in.
    let place = |i: usize| if is_array { format!("[{i}] ") } else { String::new() };
    let problems = events.iter().enumerate();
    let problems = problems.flat_map(|(i, it)| retrain::problems(it).into_iter().map(move |why| (i, why)));
    let problems: Vec<_> = problems.map(|(i, why)| format!("{}{why}", place(i))).collect();
    let refused = |problems| Problem::reasons("retrain-run", "The event has problems", problems);
    if !problems.is_empty() {
        return Err(refused(problems));
    }
    let by = by(token);
    let mut runs = Vec::with_capacity(events.len());
    for (i, event) in events.iter().enumerate() {
        let run = retrain::take(&app, event, &by).await.map_err(|why| match why {
            Refused::Problems(all) => refused(all.into_iter().map(|it| format!("{}{it}", place(i))).collect()),
            Refused::Crowded => Problem::busy(),
            Refused::Store(error) => error.into(),
        })?;
        runs.push(run);
    }
    Ok(match runs.pop() {
        Some(run) if !is_array => Json(run).into_response(),
        last => {
            runs.extend(last);
            Json(runs).into_response()
        }
    })
}

/// Retraining runs, the newest first.
#[utoipa::path(get, path = "/v1/retrain-runs", tag = "models", params(Asked), responses(
    (status = 200, description = "A page.", body = Page<RunOut>),
))]
pub async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Result<Json<Page<RunOut>>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    if let Some(word) = asked.status.as_deref().filter(|it| !STATUSES.contains(it)) {
        return Err(Problem::bad_request(format!("`status={word}` is none of {}", STATUSES.join(", "))));
    }
    let wanted = WantedRuns {
        model: asked.model,
        status: asked.status,
        since: time("since", asked.since.as_deref())?,
        until: time("until", asked.until.as_deref())?,
    };
    let limit = limit(asked.limit)?;
    let after = match asked.cursor.as_deref() {
        None => None,
        Some(text) => {
            let parts = text.split_once('_').and_then(|(at, id)| Some((at.parse().ok()?, id)));
            Some(parts.ok_or_else(|| Problem::bad_request("`cursor` is not the `next` of a page"))?)
        }
    };
    let rows = app.store.runs(&wanted, after, limit).await?;
    let last = rows.last().filter(|_| rows.len() == limit as usize);
    let next = last.map(|it| format!("{}_{}", it.at, it.id));
    Ok(Json(Page { items: rows.into_iter().map(RunOut::from).collect(), next }))
}

/// A retraining run, with what follows from it and from the runs before: what suites check of it.
#[utoipa::path(get, path = "/v1/retrain-runs/{id}", tag = "models", params(("id" = String, Path, description = "The run's id.")), responses(
    (status = 200, description = "The run.", body = RunOut),
    (status = 404, description = "There is no such run.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn get(
    State(app): State<Arc<App>>,
    Named(id): Named<String>,
    headers: HeaderMap,
) -> Result<Json<RunOut>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let run = app.store.run(&id).await?;
    let run = run.ok_or_else(|| Problem::not_found(format!("there is no retraining run `{id}`")))?;
    let derived = retrain::derived_of(&app, &app.store, &run).await?;
    Ok(Json(RunOut { derived, ..run.into() }))
}
