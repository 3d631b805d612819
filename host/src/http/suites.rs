//! Suites over HTTP: what is active, its versions, and changing them.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::asked::{Named, Pace, allow, by, whole};
use super::problem::Problem;
use crate::config::Scope;
use crate::service::app::{App, now};
use crate::service::shelf::{self, Suites};
use crate::service::version::Version;
use crate::wire::{ProblemOut, SuiteOut, VersionOut};

/// What lint says of a suite.
#[derive(Serialize, ToSchema)]
pub struct Lint {
    /// Whether it can be used.
    valid: bool,
    /// All that is wrong with it.
    problems: Vec<ProblemOut>,
}

fn told(suites: &Suites, name: &str) -> Option<SuiteOut> {
    let active = suites.active.get(name);
    let broken = suites.broken.get(name);
    if active.is_none() && broken.is_none() {
        return None;
    }
    let plan = active.map(|it| &it.loaded.plan);
    Some(SuiteOut {
        name: name.to_owned(),
        hash: active.map(|it| it.hash.clone()),
        of_folder: suites.of_folder.contains(name),
        expectations: plan.map_or(0, |it| it.expectations.len() - it.n_implicit),
        on_fail: plan.map_or("observe", |it| it.on_fail.name()),
        problems: broken.map_or_else(Vec::new, |it| it.problems.clone()),
    })
}

/// All suites: the active ones, and those that cannot be loaded.
#[utoipa::path(get, path = "/v1/suites", tag = "suites", responses(
    (status = 200, description = "By name.", body = Vec<SuiteOut>),
))]
pub async fn list(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Json<Vec<SuiteOut>>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let suites = app.shelf.now();
    let names: std::collections::BTreeSet<_> = suites.active.keys().chain(suites.broken.keys()).collect();
    Ok(Json(names.into_iter().filter_map(|it| told(&suites, it)).collect()))
}

/// The text of the active version, as it was written.
#[utoipa::path(get, path = "/v1/suites/{suite}", tag = "suites", params(("suite" = String, Path, description = "The suite.")), responses(
    (status = 200, description = "The suite; its hash is the `ETag`.", body = serde_json::Value, content_type = "application/yaml"),
    (status = 404, description = "There is no such suite.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn get(
    State(app): State<Arc<App>>,
    Named(suite): Named<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let version = app.shelf.get(&suite).ok_or_else(|| unknown(&app.shelf.now(), &suite))?;
    Ok(text(&version))
}

fn text(version: &Version) -> Response {
    let etag = format!("\"{}\"", version.hash);
    ([(header::CONTENT_TYPE, "application/yaml".to_owned()), (header::ETAG, etag)], version.loaded.text.clone())
        .into_response()
}

/// Puts a suite, YAML or JSON: checked as a whole, kept as a version, and active at once. One with
/// problems changes nothing.
#[utoipa::path(put, path = "/v1/suites/{suite}", tag = "suites", params(("suite" = String, Path, description = "The suite.")),
    request_body(content = String, content_type = "application/yaml", description = "The suite."), responses(
    (status = 200, description = "Active.", body = SuiteOut),
    (status = 400, description = "The name is none, or the body no text.", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The folder of suites holds it.", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "It is too large.", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "It has problems: all of them.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn put(
    State(app): State<Arc<App>>,
    Named(suite): Named<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<SuiteOut>, Problem> {
    let token = allow(&app, &headers, Scope::WriteSuites)?;
    let text = suite_text(&app, body).await?;
    app.shelf.put(&app.store, &suite, text, &by(token), now()).await?;
    app.look_for_baselines().await;
    told(&app.shelf.now(), &suite).map(Json).ok_or_else(|| unknown(&app.shelf.now(), &suite))
}

/// Takes a suite out of use. Its versions and results stay.
#[utoipa::path(delete, path = "/v1/suites/{suite}", tag = "suites", params(("suite" = String, Path, description = "The suite.")), responses(
    (status = 204, description = "Out of use."),
    (status = 404, description = "There is no such suite.", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The folder of suites holds it.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn delete(
    State(app): State<Arc<App>>,
    Named(suite): Named<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let token = allow(&app, &headers, Scope::WriteSuites)?;
    app.shelf.remove(&app.store, &suite, &by(token), now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All versions of a suite, the newest first.
#[utoipa::path(get, path = "/v1/suites/{suite}/versions", tag = "suites", params(("suite" = String, Path, description = "The suite.")), responses(
    (status = 200, description = "The versions; none of a suite that never was.", body = Vec<VersionOut>),
))]
pub async fn versions(
    State(app): State<Arc<App>>,
    Named(suite): Named<String>,
    headers: HeaderMap,
) -> Result<Json<Vec<VersionOut>>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let active = app.shelf.get(&suite);
    let active = active.as_ref().map(|it| it.hash.as_str());
    let rows = app.store.versions(&suite).await?;
    Ok(Json(rows.into_iter().map(|it| VersionOut::new(it, active)).collect()))
}

/// The text of a version.
#[utoipa::path(get, path = "/v1/suites/{suite}/versions/{hash}", tag = "suites", params(
    ("suite" = String, Path, description = "The suite."), ("hash" = String, Path, description = "The version's content hash.")), responses(
    (status = 200, description = "The suite as it was.", body = serde_json::Value, content_type = "application/yaml"),
    (status = 404, description = "There is no such version.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn version(
    State(app): State<Arc<App>>,
    Named((suite, hash)): Named<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let row = app.store.version(&suite, &hash).await?.ok_or_else(|| Problem::not_found("there is no such version"))?;
    let etag = format!("\"{}\"", row.hash);
    Ok(([(header::CONTENT_TYPE, "application/yaml".to_owned()), (header::ETAG, etag)], row.text).into_response())
}

/// Makes an earlier version the active one.
#[utoipa::path(post, path = "/v1/suites/{suite}/versions/{hash}/activate", tag = "suites", params(
    ("suite" = String, Path, description = "The suite."), ("hash" = String, Path, description = "The version's content hash.")), responses(
    (status = 200, description = "Active.", body = SuiteOut),
    (status = 404, description = "There is no such version.", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The folder of suites holds the suite.", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "This driftline finds problems in it.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn activate(
    State(app): State<Arc<App>>,
    Named((suite, hash)): Named<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<SuiteOut>, Problem> {
    let token = allow(&app, &headers, Scope::WriteSuites)?;
    app.shelf.activate(&app.store, &suite, &hash, &by(token), now()).await?;
    app.look_for_baselines().await;
    told(&app.shelf.now(), &suite).map(Json).ok_or_else(|| unknown(&app.shelf.now(), &suite))
}

/// Says all that is wrong with a suite, and changes nothing.
#[utoipa::path(post, path = "/v1/suites:lint", tag = "suites",
    request_body(content = String, content_type = "application/yaml", description = "The suite."), responses(
    (status = 200, description = "What is wrong with it.", body = Lint),
    (status = 400, description = "The body is no text.", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "It is too large.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn lint(State(app): State<Arc<App>>, headers: HeaderMap, body: Body) -> Result<Json<Lint>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let text = suite_text(&app, body).await?;
    let problems = match app.shelf.build("suite", text).await {
        Err(shelf::Refused::Because(problems)) => problems,
        _ => Vec::new(),
    };
    Ok(Json(Lint { valid: problems.is_empty(), problems: problems.iter().map(ProblemOut::from).collect() }))
}

/// Reads the configuration, the folder of suites and the store again, at once.
#[utoipa::path(post, path = "/v1/reload", tag = "suites", responses(
    (status = 200, description = "All suites, as they are now.", body = Vec<SuiteOut>),
    (status = 422, description = "The configuration has problems; what was in effect stays. The suites were read.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn reload(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Json<Vec<SuiteOut>>, Problem> {
    allow(&app, &headers, Scope::Admin)?;
    app.reload().await?;
    app.reload_config().await.map_err(|problems| {
        Problem::unprocessable("configuration", "The configuration has problems; what was in effect stays", problems)
    })?;
    let suites = app.shelf.now();
    let names: std::collections::BTreeSet<_> = suites.active.keys().chain(suites.broken.keys()).collect();
    Ok(Json(names.into_iter().filter_map(|it| told(&suites, it)).collect()))
}

async fn suite_text(app: &App, body: Body) -> Result<String, Problem> {
    let bytes = whole(body, app.live().settings.suite, Pace::new(&app.live().settings)).await?;
    String::from_utf8(bytes.into())
        .map_err(|error| Problem::bad_request(format!("the suite is no UTF-8 text: {error}")))
}

/// 404 that says where the suites are told, or why this one is not active.
pub fn unknown(suites: &Suites, suite: &str) -> Problem {
    if let Some(broken) = suites.broken.get(suite) {
        let problems = broken.problems.join("; ");
        return Problem::not_found(format!("the suite `{suite}` ({}) cannot be loaded: {problems}", broken.file));
    }
    Problem::not_found(format!("there is no suite `{suite}`; /v1/suites lists those there are"))
}
