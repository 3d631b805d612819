//! Models over HTTP: versions, and which of them is deployed.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use driftline_rules::time::Time;
use serde::Deserialize;
use utoipa::IntoParams;

use super::asked::{Named, Pace, Params, allow, by, whole};
use super::history::limit;
use super::problem::Problem;
use crate::config::Scope;
use crate::service::app::{App, now};
use crate::store::models::{ModelRow, Put};
use crate::wire::{DeployAsked, DeployedOut, DeploymentOut, ModelOut, ModelPut, ModelVersionOut, time};

/// What the path of [`deploy`] ends in.
const DEPLOY: &str = ":deploy";
/// Characters of a name.
const LONGEST: usize = 200;

/// How a version is put.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct How {
    /// Whether another hash takes the place of the one that is known.
    #[serde(default)]
    replace: bool,
}

/// Which model is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// The model; where there is one only, it need not be said.
    model: Option<String>,
}

/// How many deployments are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Many {
    /// The last ones, 1 to 1000; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

fn unknown(model: &str) -> Problem {
    Problem::not_found(format!("there is no model `{model}`, or not this version; /v1/models lists those there are"))
}

fn fits(name: &str) -> bool {
    !name.is_empty() && name.chars().count() <= LONGEST && !name.chars().any(char::is_control)
}

fn named(model: &str, version: &str) -> Result<(), Problem> {
    match [model, version].into_iter().find(|it| !fits(it)) {
        Some(it) => Err(Problem::bad_request(format!("`{}` is no name: 1 to {LONGEST} characters", it.escape_debug()))),
        None => Ok(()),
    }
}

/// Rows with the baselines that were made of their first windows, where they name none.
async fn with_baselines(app: &App, mut rows: Vec<ModelRow>) -> Result<Vec<ModelRow>, Problem> {
    if rows.iter().all(|it| it.baseline.is_some()) {
        return Ok(rows);
    }
    let made = app.store.baselines().await?.into_iter().filter(|it| it.active && it.source == "windows");
    let of = made.filter_map(|it| Some(((it.model?, it.model_version?), (it.name, it.version))));
    let made: BTreeMap<_, _> = of.collect();
    for row in rows.iter_mut().filter(|it| it.baseline.is_none()) {
        if let Some((name, version)) = made.get(&(row.model.clone(), row.version.clone())) {
            (row.baseline, row.baseline_version) = (Some(name.clone()), Some(*version));
        }
    }
    Ok(rows)
}

/// All models with their versions.
#[utoipa::path(get, path = "/v1/models", tag = "models", responses(
    (status = 200, description = "By name.", body = Vec<ModelOut>),
))]
pub async fn list(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Json<Vec<ModelOut>>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let mut models: BTreeMap<String, Vec<ModelRow>> = BTreeMap::new();
    for row in with_baselines(&app, app.store.models().await?).await? {
        models.entry(row.model.clone()).or_default().push(row);
    }
    Ok(Json(models.into_iter().map(|(name, rows)| ModelOut::of(&name, rows)).collect()))
}

async fn found(app: &App, name: &str) -> Result<ModelOut, Problem> {
    let rows = app.store.model_versions(name).await?;
    if rows.is_empty() {
        return Err(unknown(name));
    }
    Ok(ModelOut::of(name, with_baselines(app, rows).await?))
}

/// A model: its versions, and which of them is deployed.
#[utoipa::path(get, path = "/v1/models/{name}", tag = "models", params(("name" = String, Path, description = "The model.")), responses(
    (status = 200, description = "The model.", body = ModelOut),
    (status = 404, description = "There is no such model.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn get(
    State(app): State<Arc<App>>,
    Named(name): Named<String>,
    headers: HeaderMap,
) -> Result<Json<ModelOut>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    found(&app, &name).await.map(Json)
}

async fn one(app: &App, name: &str, version: &str) -> Result<ModelVersionOut, Problem> {
    let row = app.store.model(name, version).await?.ok_or_else(|| unknown(name))?;
    let row = with_baselines(app, vec![row]).await?.pop();
    row.map(Into::into).ok_or_else(|| unknown(name))
}

/// A version of a model.
#[utoipa::path(get, path = "/v1/models/{name}/versions/{version}", tag = "models", params(
    ("name" = String, Path, description = "The model."), ("version" = String, Path, description = "Its version.")), responses(
    (status = 200, description = "The version.", body = ModelVersionOut),
    (status = 404, description = "There is no such version.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn version(
    State(app): State<Arc<App>>,
    Named((name, version)): Named<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<ModelVersionOut>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    one(&app, &name, &version).await.map(Json)
}

/// Registers a version of a model, or says anew what is known of it. It is not deployed by that. The hash of a version
/// stays what it is, unless `replace=true`.
#[utoipa::path(put, path = "/v1/models/{name}/versions/{version}", tag = "models", params(
    ("name" = String, Path, description = "The model."), ("version" = String, Path, description = "Its version."), How),
    request_body(content = ModelPut, content_type = "application/json", description = "What is known of it."), responses(
    (status = 200, description = "The version was known.", body = ModelVersionOut),
    (status = 201, description = "It is new.", body = ModelVersionOut),
    (status = 400, description = "The body or a name cannot be understood.", body = Problem, content_type = "application/problem+json"),
    (status = 408, description = "The body stopped coming.", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The version has another hash.", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "It is larger than `limits.suite` allows.", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "What is said of it cannot be: all reasons.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn put(
    State(app): State<Arc<App>>,
    Named((name, version)): Named<(String, String)>,
    headers: HeaderMap,
    Params(how): Params<How>,
    body: Body,
) -> Result<(StatusCode, Json<ModelVersionOut>), Problem> {
    let token = allow(&app, &headers, Scope::WriteSuites)?;
    named(&name, &version)?;
    let settings = app.live().settings.clone();
    let bytes = whole(body, settings.suite, Pace::new(&settings)).await?;
    let bytes = if bytes.trim_ascii().is_empty() { b"{}".as_slice().into() } else { bytes };
    let told: ModelPut =
        serde_json::from_slice(&bytes).map_err(|error| Problem::bad_request(format!("the body: {error}")))?;
    let mut wrong = Vec::new();
    if told.metadata.as_ref().is_some_and(|it| !it.is_object() && !it.is_null()) {
        wrong.push("`metadata` is no object".to_owned());
    }
    if told.baseline_version.is_some() && told.baseline.is_none() {
        wrong.push("`baseline_version` stands without `baseline`".to_owned());
    }
    for (member, text) in [("hash", &told.hash), ("baseline", &told.baseline), ("suite", &told.suite)] {
        if text.as_ref().is_some_and(|it| !fits(it)) {
            wrong.push(format!("`{member}` is empty or longer than {LONGEST} characters"));
        }
    }
    if !wrong.is_empty() {
        return Err(Problem::reasons("model", "The version has problems", wrong));
    }
    let row = ModelRow {
        model: name.clone(),
        version: version.clone(),
        hash: told.hash,
        metadata: told.metadata.filter(|it| !it.is_null()).unwrap_or_else(|| serde_json::json!({})),
        schema: told.schema.filter(|it| !it.is_null()),
        baseline: told.baseline,
        baseline_version: told.baseline_version,
        suite: told.suite,
        at: now(),
        by: by(token),
        ..ModelRow::default()
    };
    let status = match app.store.put_model(&row, how.replace).await? {
        Put::New => StatusCode::CREATED,
        Put::Known => StatusCode::OK,
        Put::Other => {
            let detail = format!(
                "version `{version}` of `{name}` has another hash; a changed model is another version, and \
                 `replace=true` corrects a hash that was wrong"
            );
            return Err(Problem::conflict("other-hash", "The version has another hash", detail));
        }
    };
    tracing::info!(model = name, version, by = row.by, "a version of a model was put");
    Ok((status, Json(one(&app, &name, &version).await?)))
}

/// Takes note that a version is deployed, now or since a time that is given; a rollback is the deployment of an earlier
/// one. Nothing changes where it was the deployed one at that time already.
#[utoipa::path(post, path = "/v1/models/{name}/versions/{version}:deploy", tag = "models", params(
    ("name" = String, Path, description = "The model."), ("version" = String, Path, description = "Its version.")),
    request_body(content = Option<DeployAsked>, content_type = "application/json", description = "When; it may be left out."), responses(
    (status = 200, description = "Deployed.", body = ModelOut),
    (status = 404, description = "There is no such version.", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "The time lies in the future, or is none.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn deploy(
    State(app): State<Arc<App>>,
    Named((name, version)): Named<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let token = allow(&app, &headers, Scope::WriteSuites)?;
    let Some(version) = version.strip_suffix(DEPLOY) else {
        // It is the path of the version itself, which has these.
        return Ok(([(header::ALLOW, "GET,HEAD,PUT")], Problem::method()).into_response());
    };
    let settings = app.live().settings.clone();
    let bytes = whole(body, settings.suite, Pace::new(&settings)).await?;
    let asked = if bytes.trim_ascii().is_empty() {
        DeployAsked::default()
    } else {
        serde_json::from_slice(&bytes).map_err(|error| Problem::bad_request(format!("the body: {error}")))?
    };
    let (now, by) = (now(), by(token));
    let at = match asked.at {
        None => now,
        // Clocks of others may run ahead a little.
        Some(text) => match Time::parse(&text).map(|it| it.micros).filter(|it| (0..=now + 60_000_000).contains(it)) {
            Some(it) => it.min(now),
            None => {
                let why = format!("`at` is `{text}`, which is no time of the past such as 2024-05-01T12:00:00Z");
                return Err(Problem::unprocessable("deployment", "The deployment has a problem", why));
            }
        },
    };
    if !app.store.deploy(&name, version, &by, at).await? {
        return Err(unknown(&name));
    }
    tracing::info!(model = name, version, by, at = time(at), "a version of a model was deployed");
    Ok(Json(found(&app, &name).await?).into_response())
}

/// The last deployments of a model, the newest first.
#[utoipa::path(get, path = "/v1/models/{name}/deployments", tag = "models", params(("name" = String, Path, description = "The model."), Many), responses(
    (status = 200, description = "The deployments; none of a model that never was deployed.", body = Vec<DeploymentOut>),
))]
pub async fn deployments(
    State(app): State<Arc<App>>,
    Named(name): Named<String>,
    headers: HeaderMap,
    Params(many): Params<Many>,
) -> Result<Json<Vec<DeploymentOut>>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let rows = app.store.deployments(&name, limit(many.limit)?).await?;
    Ok(Json(rows.into_iter().map(Into::into).collect()))
}

/// The version of a model that is deployed.
#[utoipa::path(get, path = "/api/v1/models/version", tag = "models", params(Which), responses(
    (status = 200, description = "The version.", body = DeployedOut),
    (status = 400, description = "There are several models, and none is named.", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such model, or no version of it is deployed.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn deployed(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Params(which): Params<Which>,
) -> Result<Json<DeployedOut>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let rows = match &which.model {
        Some(name) => app.store.model_versions(name).await?,
        None => app.store.models().await?,
    };
    let first = rows.first().ok_or_else(|| unknown(which.model.as_deref().unwrap_or_default()))?;
    if let Some(other) = rows.iter().find(|it| it.model != first.model) {
        let detail =
            format!("there are several models, such as `{}` and `{}`: name one, `?model=`", first.model, other.model);
        return Err(Problem::bad_request(detail));
    }
    let name = first.model.clone();
    let row = rows.into_iter().find(|it| it.is_deployed);
    let row = row.ok_or_else(|| {
        Problem::not_found(format!(
            "no version of `{name}` is deployed: POST /v1/models/{name}/versions/VERSION:deploy"
        ))
    })?;
    let (model, version, hash) = (row.model, row.version, row.hash);
    Ok(Json(DeployedOut { model, version, hash, deployed_at: row.deployed_at.map(time) }))
}
