//! Around every request: its id, its trace, a line in the log, and no panic that gets out.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use tower_service::Service;
use tracing::{debug, info};

use super::problem::Problem;
use crate::metrics;
use crate::service::app::now;
use crate::store::rows::id_at;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A router in its frame. It stands around the router as a whole: a layer of the router would be copied, with all
/// below it, for every request.
#[derive(Clone, Debug)]
pub struct Framed(pub Router);

impl<B> Service<Request<B>> for Framed
where
    B: HttpBody<Data = axum::body::Bytes, Error: Into<axum::BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context) -> Poll<Result<(), Infallible>> {
        // A router is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut router = self.0.clone();
        Box::pin(async move { Ok(frame(request.map(Body::new), move |it| router.call(it)).await) })
    }
}

/// Gives a request its id, and logs how it was answered: checks at `debug`, since they are many.
async fn frame<F>(request: Request, answer: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Result<Response, Infallible>>,
{
    let fits =
        |it: &&HeaderValue| it.len() <= 128 && it.to_str().is_ok_and(|it| it.chars().all(|it| it.is_ascii_graphic()));
    let id = request.headers().get(REQUEST_ID).filter(fits).cloned();
    let id = id.unwrap_or_else(new_id);
    let (started, trace) = (Instant::now(), trace(&request));
    let counted = &metrics::here().requests;
    let kind = counted.kind(request.method().as_str(), request.uri().path());
    let answering = counted.begin();
    let wants_line = tracing::enabled!(tracing::Level::INFO);
    let line = wants_line.then(|| (request.method().clone(), request.uri().path().to_owned()));
    // What panics while it is called and what panics while it is waited for are one.
    let answered = AssertUnwindSafe(async move { answer(request).await }).catch_unwind().await;
    let mut response = match answered {
        Ok(Ok(it)) => it,
        Err(_) => panicked(),
    };
    let (status, took) = (response.status().as_u16(), started.elapsed());
    counted.answered(kind, status, took, trace.as_deref().map(|it| (it, now())));
    drop(answering);
    if let Some((method, path)) = line {
        let ms = took.as_secs_f64() * 1000.0;
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

fn new_id() -> HeaderValue {
    let mut text = uuid::Uuid::encode_buffer();
    HeaderValue::from_str(id_at(now()).hyphenated().encode_lower(&mut text)).unwrap_or(HeaderValue::from_static("-"))
}

/// The trace id of a W3C `traceparent`.
fn trace(request: &Request) -> Option<String> {
    let text = request.headers().get("traceparent")?.to_str().ok()?;
    let id = text.split('-').nth(1)?;
    (id.len() == 32 && id.bytes().all(|it| it.is_ascii_hexdigit())).then(|| id.to_ascii_lowercase())
}

/// A defect of one request is a problem document, and leaves the others alone.
fn panicked() -> Response {
    tracing::error!("a handler panicked; the lines before say where");
    Problem::internal("the service has a defect; the log says where").into_response()
}
