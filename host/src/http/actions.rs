//! Actions over HTTP: what they sent, sending it again, and trying them out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::asked::{Named, Params, allow, by};
use super::history::{cursor, limit, next};
use super::problem::Problem;
use crate::actions::{Action, Outcome};
use crate::config::{Moment, Scope, TargetUrl};
use crate::service::app::{App, now};
use crate::store::outbox::{Count, STATES, Wanted, Which};
use crate::store::rows::Cursor;
use crate::wire::{ActionOut, DeliveryOut, Page, TestOut, time};

/// What the path of [`test`] ends in.
const TEST: &str = ":test";
/// What the path of [`redeliver`] ends in.
const REDELIVER: &str = ":redeliver";

/// All actions: those of the configuration, and those that notices name.
#[utoipa::path(get, path = "/v1/actions", tag = "actions", responses(
    (status = 200, description = "By name, without secrets.", body = Vec<ActionOut>),
))]
pub async fn list(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Json<Vec<ActionOut>>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let counts = app.store.delivery_counts().await?;
    let mut by_action: BTreeMap<&str, Vec<&Count>> = BTreeMap::new();
    for it in &counts {
        by_action.entry(&it.action).or_default().push(it);
    }
    let actions = Arc::clone(&app.live().actions);
    let configured = actions.names();
    let names: BTreeSet<&str> = configured.iter().map(String::as_str).chain(by_action.keys().copied()).collect();
    let one = |name: &str| told(name, actions.get(name).map(|it| &**it), by_action.get(name).map_or(&[], |it| it));
    Ok(Json(names.into_iter().map(one).collect()))
}

fn told(name: &str, action: Option<&Action>, counts: &[&Count]) -> ActionOut {
    let of = |state: &str| counts.iter().find(|it| it.state == state);
    let n = |state: &str| of(state).map_or(0, |it| it.n);
    let config = action.map(|it| &it.config);
    let words = |it: &Vec<Moment>| it.iter().map(|it| it.name().to_owned()).collect();
    ActionOut {
        name: name.to_owned(),
        kind: config.map(|it| it.kind.name().to_owned()),
        url: config.and_then(|it| it.url.as_ref()).map(TargetUrl::told),
        on: config.and_then(|it| it.on.as_ref()).map(words),
        signed: config.is_some_and(|it| it.secret.is_some()),
        allow_private: config.is_some_and(|it| it.allow_private),
        pending: n("pending"),
        oldest_pending: of("pending").map(|it| time(it.oldest)),
        delivered: n("delivered"),
        dead: n("dead"),
        skipped: n("skipped"),
    }
}

/// Which notices are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// `pending`, `delivered`, `dead` or `skipped`.
    state: Option<String>,
    /// The action.
    action: Option<String>,
    /// The incident.
    incident: Option<Uuid>,
    /// The suite.
    suite: Option<String>,
    /// Rows of a page, 1 to 1000; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: the `next` of the page before.
    cursor: Option<String>,
}

/// Notices of triggers to actions and what became of them, the last written first.
#[utoipa::path(get, path = "/v1/actions/deliveries", tag = "actions", params(Asked), responses(
    (status = 200, description = "A page.", body = Page<DeliveryOut>),
))]
pub async fn deliveries(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Result<Json<Page<DeliveryOut>>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    if let Some(word) = asked.state.as_deref().filter(|it| !STATES.contains(it)) {
        return Err(Problem::bad_request(format!("`state={word}` is none of {}", STATES.join(", "))));
    }
    let (limit, cursor) = (limit(asked.limit)?, cursor(asked.cursor.as_deref())?);
    let Asked { state, action, incident, suite, .. } = asked;
    let wanted = Wanted { state, action, incident, suite };
    let rows = app.store.deliveries(&wanted, cursor.map(|it| it.n), limit).await?;
    let next = next(rows.len() == limit as usize, rows.last().map(|it| Cursor { at: it.at, id: it.id, n: it.n }));
    Ok(Json(Page { items: rows.into_iter().map(DeliveryOut::from).collect(), next }))
}

/// Lets a notice be sent again, with as many tries as a new one and the same `Idempotency-Key`. One that is being sent
/// is left alone.
#[utoipa::path(post, path = "/v1/actions/deliveries/{id}:redeliver", tag = "actions", params(("id" = Uuid, Path, description = "The notice.")), responses(
    (status = 200, description = "It waits to be sent.", body = DeliveryOut),
    (status = 404, description = "There is no such notice.", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It is being sent.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn redeliver(
    State(app): State<Arc<App>>,
    Named(name): Named<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = allow(&app, &headers, Scope::WriteTriggers)?;
    let Some(id) = name.strip_suffix(REDELIVER) else { return Ok(unknown_path().into_response()) };
    let unknown =
        || Problem::not_found(format!("there is no notice `{id}`; /v1/actions/deliveries lists those there are"));
    let id: Uuid = id.parse().map_err(|_| unknown())?;
    let done = app.store.redeliver(&Which::Id(id), now()).await? > 0;
    let row = app.store.delivery(id).await?.ok_or_else(unknown)?;
    if !done {
        let detail = "it is being sent at this moment; look at it again when that has ended";
        return Err(Problem::conflict("running", "The notice is being sent", detail));
    }
    tracing::info!(%id, action = row.action, by = by(token), "a notice is sent again");
    Ok(Json(DeliveryOut::from(row)).into_response())
}

/// Sends a test (`io.driftline.action.test.v1`) at once, and says what came of it. Nothing of it is stored.
#[utoipa::path(post, path = "/v1/actions/{name}:test", tag = "actions", params(("name" = String, Path, description = "The action.")), responses(
    (status = 200, description = "What came of it.", body = TestOut),
    (status = 404, description = "There is no such action.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn test(
    State(app): State<Arc<App>>,
    Named(name): Named<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = allow(&app, &headers, Scope::WriteTriggers)?;
    let Some(name) = name.strip_suffix(TEST) else { return Ok(unknown_path().into_response()) };
    let actions = Arc::clone(&app.live().actions);
    let action = actions
        .get(name)
        .ok_or_else(|| Problem::not_found(format!("there is no action `{name}`; /v1/actions lists those there are")))?;
    let row = action.test(now());
    let began = Instant::now();
    let outcome = action.send(&row, now()).await;
    tracing::info!(id = %row.id, action = name, by = by(token), ?outcome, "an action was tested");
    let (delivered, status, error) = match outcome {
        Outcome::Delivered { status } => (true, Some(status), None),
        Outcome::Again { status, why, .. } | Outcome::Never { status, why } => (false, status, Some(why)),
    };
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Json(TestOut { delivered, id: row.id, status, error, duration_ms }).into_response())
}

fn unknown_path() -> impl IntoResponse {
    ([(header::ALLOW, "GET,HEAD")], Problem::method())
}
