//! Baselines over HTTP: putting, activating and removing versions, and making them of stored windows.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use driftline_rules::baseline::Baseline;
use serde::Deserialize;
use tokio::task::spawn_blocking;
use utoipa::IntoParams;

use super::asked::{Named, Pace, Params, allow, by, whole};
use super::history::time;
use super::problem::Problem;
use crate::config::Scope;
use crate::service::app::{App, now};
use crate::service::baselines::{OfFolder, Put, Refused};
use crate::service::comparing;
use crate::store::baselines::BaselineRow;
use crate::wire::{BaselineDetail, BaselineFromWindows, BaselineOut, BaselineVersionOut};

/// What the path of [`from_windows`] ends in.
const FROM_WINDOWS: &str = ":from-windows";

/// How a baseline is put.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct How {
    /// Whether it is active at once; it is, without this.
    activate: Option<bool>,
    /// The model whose training data it is of.
    model: Option<String>,
    /// The model's version.
    model_version: Option<String>,
}

/// How much of a baseline is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Much {
    /// The baseline itself, with all values, as it was put.
    #[serde(default)]
    values: bool,
}

fn told(name: &str, of_folder: Option<&OfFolder>, rows: &[BaselineRow]) -> Result<BaselineOut, Problem> {
    if of_folder.is_none() && rows.is_empty() {
        return Err(unknown(name));
    }
    let active = rows.iter().find(|it| it.active).filter(|_| of_folder.is_none());
    Ok(BaselineOut {
        name: name.to_owned(),
        active: active.map(|it| it.version),
        of_folder: of_folder.is_some(),
        problem: of_folder.and_then(|it| it.problem.clone()),
        versions: rows.iter().map(Into::into).collect(),
    })
}

async fn found(app: &App, name: &str) -> Result<BaselineOut, Problem> {
    let rows = app.store.baseline_versions(name).await?;
    told(name, app.baselines.of_folder().get(name), &rows)
}

/// 404: there is no such baseline.
pub(super) fn unknown(name: &str) -> Problem {
    Problem::not_found(format!(
        "there is no baseline `{name}`, or not this version; /v1/baselines lists those there are"
    ))
}

/// All baselines: those of the store and those of the folder of suites.
#[utoipa::path(get, path = "/v1/baselines", tag = "baselines", responses(
    (status = 200, description = "By name.", body = Vec<BaselineOut>),
))]
pub async fn list(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Json<Vec<BaselineOut>>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let (rows, of_folder) = (app.store.baselines().await?, app.baselines.of_folder());
    let names: BTreeSet<_> = rows.iter().map(|it| &it.name).chain(of_folder.keys()).collect();
    let one = |name: &String| {
        let own: Vec<_> = rows.iter().filter(|it| it.name == *name).cloned().collect();
        told(name, of_folder.get(name), &own)
    };
    names.into_iter().map(one).collect::<Result<_, _>>().map(Json)
}

/// The active version of a baseline: a summary of each field, or with `values=true` all of it.
#[utoipa::path(get, path = "/v1/baselines/{name}", tag = "baselines", params(("name" = String, Path, description = "The baseline."), Much), responses(
    (status = 200, description = "The baseline; its hash is the `ETag`.", body = BaselineDetail),
    (status = 404, description = "There is no such baseline, or no version of it is active.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn get(
    State(app): State<Arc<App>>,
    Named(name): Named<String>,
    headers: HeaderMap,
    Params(much): Params<Much>,
) -> Result<Response, Problem> {
    allow(&app, &headers, Scope::Read)?;
    if let Some(file) = app.baselines.of_folder().get(&name) {
        let known = file.known.as_ref().ok_or_else(|| unknown(&name))?;
        return Ok(if much.values {
            body(&known.hash, known.baseline.to_json().to_string())
        } else {
            summary(&name, None, &known.hash, &known.baseline)
        });
    }
    let row = app.store.active_baseline(&name).await?.ok_or_else(|| unknown(&name))?;
    stored(&app, &row, much.values).await
}

async fn stored(app: &App, row: &BaselineRow, values: bool) -> Result<Response, Problem> {
    let text = app.store.baseline_body(&row.name, row.version).await?.ok_or_else(|| unknown(&row.name))?;
    if values {
        return Ok(body(&row.hash, text));
    }
    let read = spawn_blocking(move || Baseline::read(text.as_bytes())).await;
    let baseline = read.unwrap_or_else(|error| Err(error.to_string())).map_err(|why| {
        tracing::error!(baseline = row.name, version = row.version, why, "a stored baseline cannot be read");
        Problem::internal("the stored baseline cannot be read; the log says why")
    })?;
    Ok(summary(&row.name, Some(row.version), &row.hash, &baseline))
}

fn body(hash: &str, text: String) -> Response {
    let etag = (header::ETAG, format!("\"{hash}\""));
    ([(header::CONTENT_TYPE, "application/json".to_owned()), etag], text).into_response()
}

fn summary(name: &str, version: Option<i64>, hash: &str, baseline: &Baseline) -> Response {
    let summary = baseline.summary();
    let fields = summary.get("fields").cloned().unwrap_or_default();
    let samples = summary.get("samples").cloned().unwrap_or_else(|| serde_json::json!([]));
    let (name, records) = (name.to_owned(), baseline.records);
    let detail = BaselineDetail { name, version, hash: hash.to_owned(), records, fields, samples };
    ([(header::ETAG, format!("\"{hash}\""))], Json(detail)).into_response()
}

/// Puts a baseline, as `driftline profile` makes it: kept as the next version of its name, and active at once unless
/// `activate=false`. The same bytes again are the same version.
#[utoipa::path(put, path = "/v1/baselines/{name}", tag = "baselines", params(("name" = String, Path, description = "The baseline."), How),
    request_body(content = serde_json::Value, content_type = "application/json", description = "The baseline."), responses(
    (status = 200, description = "These bytes were there already.", body = BaselineOut),
    (status = 201, description = "A new version.", body = BaselineOut),
    (status = 400, description = "The name is none.", body = Problem, content_type = "application/problem+json"),
    (status = 408, description = "The body stopped coming.", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The folder of suites holds it.", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "It is larger than `limits.baseline` allows.", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "It is no baseline: all reasons.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn put(
    State(app): State<Arc<App>>,
    Named(name): Named<String>,
    headers: HeaderMap,
    Params(how): Params<How>,
    body: Body,
) -> Result<(StatusCode, Json<BaselineOut>), Problem> {
    let token = allow(&app, &headers, Scope::WriteSuites)?;
    app.baselines.may_change(&name).map_err(|it| problem(it, &name))?;
    let settings = app.live().settings.clone();
    let bytes = whole(body, settings.baseline, Pace::new(&settings)).await?;
    let body = String::from_utf8(bytes.into())
        .map_err(|error| Problem::bad_request(format!("the baseline is no UTF-8 text: {error}")))?;
    let How { activate, model, model_version } = how;
    let (source, activate) = ("file", activate.unwrap_or(true));
    keep(&app, Put { name, body, model, model_version, source, activate }, &by(token)).await
}

async fn keep(app: &App, put: Put, by: &str) -> Result<(StatusCode, Json<BaselineOut>), Problem> {
    let name = put.name.clone();
    let (_, is_new) = app.baselines.put(&app.store, put, by, now()).await.map_err(|it| problem(it, &name))?;
    app.look_for_baselines().await;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(found(app, &name).await?)))
}

/// Makes a baseline of the stored windows of a suite's active version, and keeps it as the next version of its name.
/// It has the fields that `stable` and `records_similar` expectations name and that the suite's privacy lets windows keep.
#[utoipa::path(post, path = "/v1/baselines/{name}:from-windows", tag = "baselines", params(("name" = String, Path, description = "The baseline.")),
    request_body(content = BaselineFromWindows, content_type = "application/json", description = "Which windows."), responses(
    (status = 200, description = "There was an equal one already.", body = BaselineOut),
    (status = 201, description = "A new version.", body = BaselineOut),
    (status = 404, description = "There is no such suite.", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The folder of suites holds the baseline.", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "There is no window, or no field to make a baseline of.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn from_windows(
    State(app): State<Arc<App>>,
    Named(name): Named<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let token = allow(&app, &headers, Scope::WriteSuites)?;
    let Some(name) = name.strip_suffix(FROM_WINDOWS).map(str::to_owned) else {
        // It is the path of the baseline itself, which has these.
        return Ok(([(header::ALLOW, "GET,HEAD,PUT")], Problem::method()).into_response());
    };
    app.baselines.may_change(&name).map_err(|it| problem(it, &name))?;
    let settings = app.live().settings.clone();
    let bytes = whole(body, settings.suite, Pace::new(&settings)).await?;
    let asked: BaselineFromWindows =
        serde_json::from_slice(&bytes).map_err(|error| Problem::bad_request(format!("the body: {error}")))?;
    let since = time("since", asked.since.as_deref())?;
    let until = time("until", asked.until.as_deref())?.unwrap_or_else(now);
    let version = app.shelf.get(&asked.suite).ok_or_else(|| super::suites::unknown(&app.shelf.now(), &asked.suite))?;
    let nothing = |why: String| Problem::unprocessable("no-baseline", "There is nothing to make a baseline of", why);
    let (length, segment) = (asked.length.as_deref(), asked.segment.as_deref().unwrap_or_default());
    let which = comparing::Which { length, segment, since, until };
    let baseline = comparing::of_windows(&app.store, &version, which).await?.map_err(nothing)?;
    let text = baseline.to_json().to_string();
    let (source, activate) = ("windows", asked.activate.unwrap_or(true));
    let put = Put { name, body: text, model: None, model_version: None, source, activate };
    Ok(keep(&app, put, &by(token)).await?.into_response())
}

/// All versions of a baseline, the newest first.
#[utoipa::path(get, path = "/v1/baselines/{name}/versions", tag = "baselines", params(("name" = String, Path, description = "The baseline.")), responses(
    (status = 200, description = "The versions; none of a baseline that never was.", body = Vec<BaselineVersionOut>),
))]
pub async fn versions(
    State(app): State<Arc<App>>,
    Named(name): Named<String>,
    headers: HeaderMap,
) -> Result<Json<Vec<BaselineVersionOut>>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    Ok(Json(app.store.baseline_versions(&name).await?.iter().map(Into::into).collect()))
}

/// A version of a baseline: a summary of each field, or with `values=true` all of it, as it was put.
#[utoipa::path(get, path = "/v1/baselines/{name}/versions/{version}", tag = "baselines", params(
    ("name" = String, Path, description = "The baseline."), ("version" = i64, Path, description = "Its number."), Much), responses(
    (status = 200, description = "The version; its hash is the `ETag`.", body = BaselineDetail),
    (status = 404, description = "There is no such version.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn version(
    State(app): State<Arc<App>>,
    Named((name, version)): Named<(String, i64)>,
    headers: HeaderMap,
    Params(much): Params<Much>,
) -> Result<Response, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let row = app.store.baseline(&name, version).await?.ok_or_else(|| unknown(&name))?;
    stored(&app, &row, much.values).await
}

/// Makes a version the active one, a newer or an earlier: windows are compared with it from the next on.
#[utoipa::path(post, path = "/v1/baselines/{name}/versions/{version}/activate", tag = "baselines", params(
    ("name" = String, Path, description = "The baseline."), ("version" = i64, Path, description = "Its number.")), responses(
    (status = 200, description = "Active.", body = BaselineOut),
    (status = 404, description = "There is no such version.", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The folder of suites holds it.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn activate(
    State(app): State<Arc<App>>,
    Named((name, version)): Named<(String, i64)>,
    headers: HeaderMap,
) -> Result<Json<BaselineOut>, Problem> {
    let token = allow(&app, &headers, Scope::WriteSuites)?;
    let activated = app.baselines.activate(&app.store, &name, version, &by(token), now()).await;
    activated.map_err(|it| problem(it, &name))?;
    found(&app, &name).await.map(Json)
}

/// Removes a version that is not active. Windows that were compared with it still say so.
#[utoipa::path(delete, path = "/v1/baselines/{name}/versions/{version}", tag = "baselines", params(
    ("name" = String, Path, description = "The baseline."), ("version" = i64, Path, description = "Its number.")), responses(
    (status = 204, description = "Removed."),
    (status = 404, description = "There is no such version.", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It is active, or the folder of suites holds it.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn delete(
    State(app): State<Arc<App>>,
    Named((name, version)): Named<(String, i64)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let token = allow(&app, &headers, Scope::WriteSuites)?;
    let removed = app.baselines.remove(&app.store, &name, version, &by(token)).await;
    removed.map_err(|it| problem(it, &name))?;
    Ok(StatusCode::NO_CONTENT)
}

fn problem(refused: Refused, name: &str) -> Problem {
    match refused {
        Refused::Name(why) => Problem::bad_request(why),
        Refused::OfFolder => Problem::conflict(
            "of-folder",
            "The baseline is a file",
            "the folder of suites holds this baseline; change its file, which is read again at once",
        ),
        Refused::Problems(all) => Problem::reasons("baseline", "It is no baseline", all),
        Refused::Active => Problem::conflict(
            "active",
            "The version is active",
            "activate another version first; the last version of a baseline stays",
        ),
        Refused::Unknown => unknown(name),
        Refused::Failed(why) => {
            tracing::error!(why, baseline = name, "a baseline could not be handled");
            Problem::internal("the baseline could not be handled; the log says why")
        }
        Refused::Store(error) => error.into(),
    }
}
