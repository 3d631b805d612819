//! Metrics for Prometheus and whatever else reads its formats.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};

use super::asked::allow;
use super::problem::Problem;
use crate::config::Scope;
use crate::metrics::{here, list, text, wanted};
use crate::service::app::App;
use crate::service::metrics::gather;

/// The metrics of this host and of what the store knows, in Prometheus' text format 0.0.4 or, where `Accept` asks for it,
/// in `OpenMetrics` 1.0.
///
/// With tokens one of scope `metrics` or `read` is needed, unless `metrics.public` is set.
#[utoipa::path(get, path = "/metrics", tag = "service", responses(
    (status = 200, description = "The metrics; `docs/metrics.md` lists them.", content((String = "text/plain"), (String = "application/openmetrics-text"))),
))]
pub async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    if !app.live().settings.metrics_public {
        allow(&app, &headers, Scope::Metrics)?;
    }
    let started = Instant::now();
    let accept: Vec<_> = headers.get_all(header::ACCEPT).iter().filter_map(|it| it.to_str().ok()).collect();
    let format = wanted(&accept.join(","));
    let body = text::encode(&gather(&app), format);
    here().table.set(&list::SCRAPE, &[], started.elapsed().as_secs_f64());
    Ok(([(header::CONTENT_TYPE, format.content_type())], body).into_response())
}
