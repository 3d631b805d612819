//! Who asks, and what for: tokens, bodies, parameters.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use serde::de::value::MapDeserializer;
use tokio::time::{Instant, timeout_at};

use super::problem::Problem;
use crate::config::Scope;
use crate::service::app::{App, Settings};

/// Lets a request through when its token has the scope, and its rate is not used up. The token's name.
pub fn allow(app: &App, headers: &HeaderMap, scope: Scope) -> Result<Option<String>, Problem> {
    let live = app.live();
    let Some(tokens) = &live.tokens else { return Ok(None) };
    let bearer = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    let bearer = bearer.and_then(|it| it.split_once(' ')).filter(|it| it.0.eq_ignore_ascii_case("bearer"));
    let token = bearer.and_then(|it| tokens.who(it.1.trim())).ok_or_else(Problem::unauthorized)?;
    if !token.may(scope) {
        return Err(Problem::forbidden(scope.name()));
    }
    token.allow().map_err(Problem::rate)?;
    Ok(Some(token.name().to_owned()))
}

/// Who did something, for the record.
pub fn by(token: Option<String>) -> String {
    token.unwrap_or_else(|| "anyone".to_owned())
}

/// No parameters: most requests have none, and need no parser of them.
const NONE: [(&str, &str); 0] = [];

/// Parameters of the query; an error is a problem document.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if parts.uri.query().is_none_or(str::is_empty)
            && let Ok(it) = T::deserialize(MapDeserializer::<_, serde::de::value::Error>::new(NONE.into_iter()))
        {
            return Ok(Params(it));
        }
        let query = Query::<T>::try_from_uri(&parts.uri);
        query.map(|it| Params(it.0)).map_err(|error| Problem::bad_request(format!("the query: {}", error.body_text())))
    }
}

/// A parameter of the path; an error is a problem document.
pub struct Named<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|it| Named(it.0)).map_err(|error| Problem::bad_request(format!("the path: {}", error.body_text())))
    }
}

/// How long a body may take.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two parts.
    pause: Duration,
    /// As a whole.
    until: Instant,
}

impl Pace {
    /// Of a body that begins now.
    pub fn new(settings: &Settings) -> Self {
        Pace { pause: settings.read_timeout, until: Instant::now() + settings.batch.time }
    }

    /// What comes next; none if it does not come in time.
    pub async fn wait<T>(self, next: impl Future<Output = T>) -> Option<T> {
        let mut next = pin!(next);
        // What is there already needs no clock.
        if let Poll::Ready(it) = poll_fn(|context| Poll::Ready(next.as_mut().poll(context))).await {
            return Some(it);
        }
        timeout_at(self.until.min(Instant::now() + self.pause), next).await.ok()
    }
}

/// A body of at most `most` bytes.
pub async fn whole(body: Body, most: usize, pace: Pace) -> Result<Bytes, Problem> {
    let (first, rest) = begin(body, pace).await?;
    match gather(first, rest, most, pace).await? {
        (bytes, None) => Ok(bytes),
        (_, Some(_)) => Err(Problem::too_large(format!("the body is longer than {most} bytes"))),
    }
}

/// The first bytes of a body that are more than white space, and what follows; no bytes: that is all.
pub async fn begin(body: Body, pace: Pace) -> Result<(Bytes, BodyDataStream), Problem> {
    let mut stream = body.into_data_stream();
    let mut first = Bytes::new();
    while first.trim_ascii().is_empty() {
        let Some(chunk) = next(&mut stream, pace).await? else { break };
        first = if first.is_empty() { chunk } else { [first, chunk].concat().into() };
        if first.len() > 64 << 10 {
            break;
        }
    }
    Ok((first, stream))
}

async fn next(stream: &mut BodyDataStream, pace: Pace) -> Result<Option<Bytes>, Problem> {
    match pace.wait(stream.next()).await.ok_or_else(Problem::slow)? {
        None => Ok(None),
        Some(Ok(it)) => Ok(Some(it)),
        Some(Err(error)) => Err(Problem::bad_request(format!("the body ended early: {error}"))),
    }
}

/// The first bytes of a body of which some are there: all of it, or more than `most` and what follows.
pub async fn gather(
    mut first: Bytes,
    mut stream: BodyDataStream,
    most: usize,
    pace: Pace,
) -> Result<(Bytes, Option<BodyDataStream>), Problem> {
    use axum::body::HttpBody as _;
    let mut all = Vec::new();
    loop {
        if first.len().max(all.len()) > most {
            return Ok((if all.is_empty() { first } else { all.into() }, Some(stream)));
        }
        let Some(chunk) = next(&mut stream, pace).await? else { break };
        if first.is_empty() && all.is_empty() {
            first = chunk;
        } else {
            if all.is_empty() {
                let left = usize::try_from(stream.size_hint().lower()).unwrap_or(0);
                all.reserve((first.len() + chunk.len()).saturating_add(left).min(most + chunk.len()));
                all.extend_from_slice(&first);
            }
            all.extend_from_slice(&chunk);
        }
    }
    Ok((if all.is_empty() { first } else { all.into() }, None))
}
