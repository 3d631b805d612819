//! Whether the service lives, and whether it is ready.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::service::app::App;

/// How a part of the service is.
#[derive(Serialize, ToSchema)]
pub struct Readiness {
    /// Whether all of it is well.
    ready: bool,
    /// `ok`, or what is wrong with the store.
    store: String,
    /// `ok`, or what is wrong with the journal.
    journal: String,
    /// How many suites are active.
    suites: usize,
    /// Suites whose newest version cannot be loaded.
    broken_suites: Vec<String>,
    /// Journal segments that wait to be committed.
    backlog: u64,
    /// Requests taken in since the start.
    accepted: u64,
    /// Requests refused since the start.
    refused: u64,
}

/// The program.
#[derive(Serialize, ToSchema)]
pub struct VersionInfo {
    /// `driftline`.
    name: &'static str,
    /// Its version.
    version: &'static str,
    /// Seconds since its start.
    uptime_seconds: u64,
}

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = 200, description = "`ok`", body = String, content_type = "text/plain")))]
pub async fn healthz() -> &'static str {
    "ok"
}

/// The service can do its work: the store can be reached, the journal written, suites are loaded.
#[utoipa::path(get, path = "/readyz", tag = "service", responses(
    (status = 200, description = "Ready.", body = Readiness),
    (status = 503, description = "Not ready; checks may be answered nevertheless.", body = Readiness),
))]
pub async fn readyz(State(app): State<Arc<App>>) -> Response {
    use std::sync::atomic::Ordering::Relaxed;
    let store = app.store.ping().await.map_or_else(|it| it.to_string(), |()| "ok".to_owned());
    let journal = app.intake.is_writable().map_or_else(|it| it.to_string(), |()| "ok".to_owned());
    let suites = app.shelf.now();
    let ready = app.is_ready() && store == "ok" && journal == "ok";
    let counters = &app.intake.counters;
    let body = Readiness {
        ready,
        store,
        journal,
        suites: suites.active.len(),
        broken_suites: suites.broken.keys().cloned().collect(),
        backlog: counters.backlog.load(Relaxed),
        accepted: counters.accepted.load(Relaxed),
        refused: counters.refused.load(Relaxed),
    };
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body)).into_response()
}

/// The version of the program.
#[utoipa::path(get, path = "/version", tag = "service", responses((status = 200, description = "The version.", body = VersionInfo)))]
pub async fn version(State(app): State<Arc<App>>) -> Json<VersionInfo> {
    Json(VersionInfo {
        name: "driftline",
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: app.started.elapsed().as_secs(),
    })
}
