//! Around every request: its id, its trace, its span, a line in the log, and no panic that gets out.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Version};
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use tower_service::Service;
use tracing::{debug, info};

use super::problem::Problem;
use crate::metrics;
use crate::service::app::now;
use crate::store::rows::id_at;
use crate::telemetry::{Begun, Place, Span, Value};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A router in its frame. It stands around the router as a whole: a layer of the router would be copied, with all
/// below it, for every request.
#[derive(Clone, Debug)]
pub struct Framed {
    /// What answers.
    pub router: Router,
    /// `http` or `https`.
    pub scheme: &'static str,
}

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
        let (mut router, scheme) = (self.router.clone(), self.scheme);
        Box::pin(async move { Ok(frame(request.map(Body::new), scheme, move |it| router.call(it)).await) })
    }
}

/// Gives a request its id, and logs how it was answered: checks at `debug`, since they are many.
async fn frame<F>(request: Request, scheme: &'static str, answer: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Result<Response, Infallible>>,
{
    let fits =
        |it: &&HeaderValue| it.len() <= 128 && it.to_str().is_ok_and(|it| it.chars().all(|it| it.is_ascii_graphic()));
    let id = request.headers().get(REQUEST_ID).filter(fits).cloned();
    let id = id.unwrap_or_else(new_id);
    let (started, counted) = (Instant::now(), &metrics::here().requests);
    let kind = counted.kind(request.method().as_str(), request.uri().path());
    let answering = counted.begin();
    let (place, span) = Span::of_request(told(&request), || begun(&request, scheme, counted.path(kind), &id));
    let trace = place.is_known().then(|| place.trace_id());
    let mut response = place.cover(within(request, &id, answer)).await;
    let status = response.status().as_u16();
    counted.answered(kind, status, started.elapsed(), trace.as_deref().map(|it| (it, now())));
    drop(answering);
    span.note(|| [("http.response.status_code", i64::from(status).into())]);
    if status >= 500 {
        span.fail(status.to_string(), "");
    }
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// What is done within the trace of a request.
async fn within<F>(request: Request, id: &HeaderValue, answer: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Result<Response, Infallible>>,
{
    let wants_line = tracing::enabled!(tracing::Level::INFO);
    let line = wants_line.then(|| (Instant::now(), request.method().clone(), request.uri().path().to_owned()));
    // What panics while it is called and what panics while it is waited for are one.
    let answered = AssertUnwindSafe(async move { answer(request).await }).catch_unwind().await;
    let response = match answered {
        Ok(Ok(it)) => it,
        Err(_) => panicked(),
    };
    if let Some((started, method, path)) = line {
        let status = response.status().as_u16();
        let ms = started.elapsed().as_secs_f64() * 1000.0;
        let request_id = id.to_str().unwrap_or_default();
        if status < 500 && (path.ends_with("/check") || matches!(path.as_str(), "/healthz" | "/readyz")) {
            debug!(%method, path, status, ms, request_id, "answered");
        } else {
            info!(%method, path, status, ms, request_id, "answered");
        }
    }
    response
}

/// Where the caller stands in a trace. What is said twice is not believed.
fn told(request: &Request) -> Option<Place> {
    let headers = request.headers();
    let mut parents = headers.get_all("traceparent").iter();
    let (parent, None) = (parents.next()?.to_str().ok()?, parents.next()) else { return None };
    let mut states = headers.get_all("tracestate").iter().filter_map(|it| it.to_str().ok());
    let first = states.next().unwrap_or_default();
    match states.next() {
        None => Place::told(parent, first),
        Some(second) => Place::told(parent, &[first, second].into_iter().chain(states).collect::<Vec<_>>().join(",")),
    }
}

/// What a span says of a request from its beginning, by OpenTelemetry's conventions for HTTP. Not the query, nor
/// anything of the body.
fn begun(request: &Request, scheme: &'static str, route: Option<&str>, id: &HeaderValue) -> Begun {
    const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
    let said = request.method().as_str();
    let method = METHODS.iter().find(|it| **it == said).copied();
    let path = request.uri().path();
    let version = match request.version() {
        Version::HTTP_2 => "2",
        Version::HTTP_10 => "1.0",
        _ => "1.1",
    };
    let mut notes: Vec<(&'static str, Value)> = vec![
        ("http.request.method", method.unwrap_or("_OTHER").into()),
        ("url.path", path.to_owned().into()),
        ("url.scheme", scheme.into()),
        ("network.protocol.version", version.into()),
        ("driftline.request_id", id.to_str().unwrap_or_default().to_owned().into()),
    ];
    let header = |name| request.headers().get(name).and_then(|it: &HeaderValue| it.to_str().ok()).map(str::to_owned);
    notes.extend(header("user-agent").map(|it| ("user_agent.original", it.into())));
    notes.extend(route.map(|it| ("http.route", it.to_owned().into())));
    let method = method.unwrap_or("HTTP");
    let name = route.map_or_else(|| method.into(), |it| format!("{method} {it}").into());
    Begun { name, notes, causes: Vec::new() }
}

fn new_id() -> HeaderValue {
    let mut text = uuid::Uuid::encode_buffer();
    HeaderValue::from_str(id_at(now()).hyphenated().encode_lower(&mut text)).unwrap_or(HeaderValue::from_static("-"))
}

/// A defect of one request is a problem document, and leaves the others alone.
fn panicked() -> Response {
    tracing::error!("a handler panicked; the lines before say where");
    Problem::internal("the service has a defect; the log says where").into_response()
}
