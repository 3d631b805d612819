//! Errors as RFC 9457 problem documents, each of a stable type.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::intake;
use crate::metrics;
use crate::service::{batch, shelf};
use crate::store;
use crate::wire::ProblemOut;

/// A problem document.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:driftline:problem:` and a word that stays the same from version to version.
    #[serde(rename = "type")]
    pub kind: String,
    /// What kind of problem this is.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened, and how to mend it.
    pub detail: String,
    /// All that is wrong, where several things can be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<ProblemOut>,
    /// Seconds after which to try again.
    #[serde(skip)]
    pub retry_after: Option<u64>,
}

impl std::fmt::Debug for ProblemOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl Problem {
    fn new(status: StatusCode, kind: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Problem {
            kind: format!("urn:driftline:problem:{kind}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            problems: Vec::new(),
            retry_after: None,
        }
    }

    fn retry(self, seconds: u64) -> Self {
        Problem { retry_after: Some(seconds.max(1)), ..self }
    }

    /// 400: the request makes no sense.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, "bad-request", "The request cannot be understood", detail)
    }

    /// 401: no token, or one that is not known.
    pub fn unauthorized() -> Self {
        let detail = "send `Authorization: Bearer TOKEN` with a token of the configuration";
        Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "A token is needed", detail)
    }

    /// 403: the token may not do that.
    pub fn forbidden(scope: &str) -> Self {
        let detail = format!("the token lacks the scope `{scope}`");
        Problem::new(StatusCode::FORBIDDEN, "forbidden", "The token may not do that", detail)
    }

    /// 404: there is no such thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing", detail)
    }

    /// 405: not with this method.
    pub fn method() -> Self {
        let detail = "the path exists, but not for this method; /openapi.json lists what there is";
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Not with this method", detail)
    }

    /// 409: something else stands in the way.
    pub fn conflict(kind: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::CONFLICT, kind, title, detail)
    }

    /// 413: longer than a setting allows.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large", detail)
    }

    /// 415: a format that is not known.
    pub fn media(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The format is not known", detail)
    }

    /// 422: understood, but wrong.
    pub fn unprocessable(kind: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, kind, title, detail)
    }

    /// 422: a suite with problems.
    pub fn suite(problems: &[driftline_rules::suite::problem::Problem]) -> Self {
        let all: Vec<_> = problems.iter().map(ToString::to_string).collect();
        let problem = Problem::unprocessable("suite", "The suite has problems", all.join("; "));
        Problem { problems: problems.iter().map(ProblemOut::from).collect(), ..problem }
    }

    /// 422: understood, but wrong for these reasons, which have no place in a text.
    pub fn reasons(kind: &str, title: &'static str, all: Vec<String>) -> Self {
        let problem = Problem::unprocessable(kind, title, all.join("; "));
        let out = |message| ProblemOut { line: 0, column: 0, path: String::new(), message, hint: None };
        Problem { problems: all.into_iter().map(out).collect(), ..problem }
    }

    /// 429: the token asks more often than it may.
    pub fn rate(wait: std::time::Duration) -> Self {
        let detail = "the token's rate is used up";
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate", "Too many requests", detail);
        problem.retry(wait.as_secs() + 1)
    }

    /// 503: as much is being checked at this moment as may be.
    pub fn busy() -> Self {
        let detail = "as many requests are being checked as `limits.concurrency` allows";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Try again", detail).retry(1)
    }

    /// 503: others decide about the same triggers all the time.
    pub fn busy_deciding() -> Self {
        let detail = "others decide about the triggers of this suite at the same time";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Try again", detail).retry(1)
    }

    /// 503: what an earlier process has answered is still on its way into the store.
    pub fn early() -> Self {
        let detail = "an `Idempotency-Key` cannot be told before the store has what the journal held at the start";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "starting", "Try again", detail).retry(1)
    }

    /// 408: the body stopped coming, or came too slowly.
    pub fn slow() -> Self {
        let detail = "no byte of the body came for `limits.read_timeout`, or the whole took `limits.request_timeout`";
        Problem::new(StatusCode::REQUEST_TIMEOUT, "slow-body", "The body came too slowly", detail)
    }

    /// 503: checked and journalled, but not stored in time.
    pub fn not_stored() -> Self {
        let detail = "the request was checked and is in the journal, so it will be stored and must not be sent again; the store did not take it in time";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-stored-yet", "Not stored yet", detail)
    }

    /// 500: a defect of the service.
    pub fn internal(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The service has a defect", detail)
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        if error.is_transient() {
            tracing::warn!(%error, "the store did not answer");
            let detail = "the store cannot be reached; checks are answered nevertheless";
            return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store", "The store cannot be reached", detail)
                .retry(5);
        }
        tracing::error!(%error, "the store failed");
        Problem::internal("the store failed; the log says why")
    }
}

impl From<batch::Ended> for Problem {
    fn from(ended: batch::Ended) -> Self {
        match ended {
            batch::Ended::Refused(refused) => refused.into(),
            batch::Ended::Unread(cut) if cut.too_large => Problem::too_large(cut.why),
            batch::Ended::Unread(cut) => Problem::bad_request(format!("the body cannot be read: {}", cut.why)),
            batch::Ended::Held(error) => {
                tracing::error!(%error, "verdicts cannot be kept in the folder for temporary files");
                Problem::internal("the answer cannot be kept; the log says why")
            }
        }
    }
}

impl From<intake::Refused> for Problem {
    fn from(refused: intake::Refused) -> Self {
        let unavailable =
            |kind, title, detail: &str| Problem::new(StatusCode::SERVICE_UNAVAILABLE, kind, title, detail);
        match refused {
            intake::Refused::Full => unavailable(
                "full",
                "Too much waits for the store",
                "what waits for the store has reached its bound (`intake.pending_max`, `journal.max`); nothing of this request was taken in",
            )
            .retry(2),
            intake::Refused::Journal(error) => {
                tracing::error!(%error, "the journal cannot be written");
                unavailable("journal", "The journal cannot be written", "nothing of this request was taken in; the log says why").retry(5)
            }
            intake::Refused::Stopping => {
                unavailable("stopping", "The service is stopping", "nothing of this request was taken in").retry(1)
            }
        }
    }
}

impl From<shelf::Refused> for Problem {
    fn from(refused: shelf::Refused) -> Self {
        match refused {
            shelf::Refused::Name(why) => Problem::bad_request(why),
            shelf::Refused::OfFolder => Problem::conflict(
                "of-folder",
                "The suite is a file",
                "the folder of suites holds this suite; change its file, which is read again at once",
            ),
            shelf::Refused::Failed(why) => {
                tracing::error!(why, "a suite could not be compiled");
                Problem::internal("the suite could not be compiled; the log says why")
            }
            shelf::Refused::Because(problems) => Problem::suite(&problems),
            shelf::Refused::Unknown => Problem::not_found("there is no such suite or version"),
            shelf::Refused::Store(error) => error.into(),
        }
    }
}

impl Problem {
    /// Counts a request that was refused for who asks, how much it is, or lack of room.
    pub fn count(&self) {
        if matches!(self.status, 401 | 403 | 408 | 413 | 429 | 503) {
            let reason = self.kind.rsplit_once(':').map_or(self.kind.as_str(), |it| it.1);
            metrics::add(&metrics::list::REFUSED, &[reason], 1);
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.count();
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
