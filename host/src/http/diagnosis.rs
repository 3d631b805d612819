//! Why quality fell, over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use driftline_rules::diagnosis::{Span, diagnose};
use uuid::Uuid;

use super::asked::{Named, Pace, allow, whole};
use super::history::time;
use super::problem::Problem;
use crate::config::Scope;
use crate::service::app::{App, now};
use crate::service::diagnosis::{Asked, gather};
use crate::wire::{DiagnosisAsked, DiagnosisOut};

/// Bytes of what is asked for.
const BODY: usize = 64 << 10;

/// Why an incident came about: what differs between its windows and the time before them, ranked by evidence. Read
/// anew each time, so labels that came meanwhile count.
#[utoipa::path(get, path = "/v1/incidents/{id}/diagnosis", tag = "triggers", params(("id" = Uuid, Path, description = "The incident's id.")), responses(
    (status = 200, description = "Hypotheses, the most likely first.", body = DiagnosisOut),
    (status = 404, description = "There is no incident of this id, or its suite is not active.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn of_incident(
    State(app): State<Arc<App>>,
    Named(id): Named<Uuid>,
    headers: HeaderMap,
) -> Result<Json<DiagnosisOut>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let row = app.store.incident(id).await?.ok_or_else(super::triggers::unknown)?;
    let asked = Asked::of_incident(&row).map_err(Problem::bad_request)?;
    told(&app, &row.suite, Some(id), &asked).await
}

/// Why quality fell in a span: what differs between it and the time before, ranked by evidence.
#[utoipa::path(post, path = "/v1/suites/{suite}/diagnosis", tag = "triggers", params(("suite" = String, Path, description = "The suite.")),
    request_body(content = DiagnosisAsked, description = "The span, and what it is compared with."), responses(
    (status = 200, description = "Hypotheses, the most likely first.", body = DiagnosisOut),
    (status = 400, description = "The times are no span.", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such suite.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn of_suite(
    State(app): State<Arc<App>>,
    Named(suite): Named<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<DiagnosisOut>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let settings = app.live().settings.clone();
    let bytes = whole(body, BODY, Pace::new(&settings)).await?;
    let asked: DiagnosisAsked =
        serde_json::from_slice(&bytes).map_err(|error| Problem::bad_request(format!("the body: {error}")))?;
    let from = time("since", Some(&asked.since))?.unwrap_or_default();
    let to = time("until", asked.until.as_deref())?.unwrap_or_else(now);
    let since = time("baseline_since", asked.baseline_since.as_deref())?;
    let until = time("baseline_until", asked.baseline_until.as_deref())?;
    let segment = asked.segment.unwrap_or_default();
    let asked = Asked::new(Span { from, to }, since, until, segment).map_err(Problem::bad_request)?;
    told(&app, &suite, None, &asked).await
}

async fn told(app: &App, suite: &str, id: Option<Uuid>, asked: &Asked) -> Result<Json<DiagnosisOut>, Problem> {
    let version = app.shelf.get(suite).ok_or_else(|| super::suites::unknown(&app.shelf.now(), suite))?;
    let input = gather(&app.store, &version, asked).await?;
    let found = tokio::task::block_in_place(|| diagnose(&input));
    Ok(Json(DiagnosisOut::new(suite, id, asked, found)))
}
