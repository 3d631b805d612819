//! Around every request: its id, its trace, a line in the log, and no panic that gets out.

use std::any::Any;
use std::time::Instant;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tracing::{debug, info};

use super::problem::Problem;
use crate::service::app::now;
use crate::store::rows::id_at;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives a request its id, and logs how it was answered: checks at `debug`, since they are many.
pub async fn frame(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let fits =
        |it: &&HeaderValue| it.len() <= 128 && it.to_str().is_ok_and(|it| it.chars().all(|it| it.is_ascii_graphic()));
    let id = request.headers().get(REQUEST_ID).filter(fits).cloned();
    let id = id.or_else(|| HeaderValue::from_str(&id_at(now()).to_string()).ok());
    let id = id.unwrap_or(HeaderValue::from_static("-"));
    let wants_line = tracing::enabled!(tracing::Level::INFO);
    let line = wants_line.then(|| (request.method().clone(), request.uri().path().to_owned(), trace(&request)));
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let mut response = next.run(request).await;
    if let Some((method, path, trace)) = line {
        let status = response.status().as_u16();
        let ms = started.elapsed().as_secs_f64() * 1000.0;
        let request_id = id.to_str().unwrap_or_default();
        if status < 500 && (path.ends_with("/check") || matches!(path.as_str(), "/healthz" | "/readyz")) {
            debug!(%method, path, status, ms, request_id, trace, "answered");
        } else {
            info!(%method, path, status, ms, request_id, trace, "answered");
        }
    }
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// The trace id of a W3C `traceparent`.
fn trace(request: &Request) -> Option<String> {
    let text = request.headers().get("traceparent")?.to_str().ok()?;
    let id = text.split('-').nth(1)?;
    (id.len() == 32 && id.bytes().all(|it| it.is_ascii_hexdigit())).then(|| id.to_ascii_lowercase())
}

/// A defect of one request is a problem document, and leaves the others alone.
#[allow(clippy::needless_pass_by_value, reason = "the layer gives it so")]
pub fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a handler panicked; the lines before say where");
    Problem::internal("the service has a defect; the log says where").into_response()
}
