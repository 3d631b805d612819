//! One try: the request, and what the answer means.

use std::error::Error as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};

use super::action::Action;
use super::address::Private;
use crate::config::ActionType;
use crate::store::outbox::DeliveryRow;
use crate::store::rows::Micros;
use crate::telemetry::{Begun, Span, Value};

/// Bytes of an answer that are read.
const READ: usize = 4 << 10;
/// Letters of it that are told.
const TOLD: usize = 300;
/// The longest time that a receiver may ask for.
const LONGEST: Duration = Duration::from_hours(24);

/// What came of a try. No text holds a secret of the action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it.
    Delivered {
        /// Its status.
        status: u16,
    },
    /// It may have it later.
    Again {
        /// Its status, if it answered.
        status: Option<u16>,
        /// Why it has it not.
        why: String,
        /// How long it asks to be left alone.
        after: Option<Duration>,
    },
    /// It will never take it.
    Never {
        /// Its status, if it answered.
        status: Option<u16>,
        /// Why.
        why: String,
    },
}

impl Action {
    /// Sends what a row of the outbox says, once.
    pub async fn send(&self, row: &DeliveryRow, now: Micros) -> Outcome {
        let again = |why: String| Outcome::Again { status: None, why, after: None };
        if let Err(it) = self.may_reach() {
            return again(it.to_string());
        }
        let timeout = self.config.timeout;
        let span = Span::call(|| self.call(row));
        match span.cover(tokio::time::timeout(timeout.duration(), self.talk(row, now))).await {
            Ok(it) => {
                note(&span, &it);
                it
            }
            Err(_) => {
                span.fail("timeout", "no answer in time");
                again(format!("no answer within {timeout}"))
            }
        }
    }

    /// What a trace says of a try. Not the address as a whole, whose path may be a secret.
    fn call(&self, row: &DeliveryRow) -> Begun {
        let mut notes: Vec<(&'static str, Value)> = vec![
            ("http.request.method", "POST".into()),
            ("url.scheme", self.url.scheme().to_owned().into()),
            ("server.address", self.url.host_str().unwrap_or_default().to_owned().into()),
            ("driftline.action", row.action.clone().into()),
        ];
        notes.extend(self.url.port_or_known_default().map(|it| ("server.port", i64::from(it).into())));
        if row.tries > 1 {
            notes.push(("http.request.resend_count", (row.tries - 1).into()));
        }
        Begun { name: "POST".into(), notes, causes: Vec::new() }
    }

    async fn talk(&self, row: &DeliveryRow, now: Micros) -> Outcome {
        if self.config.handshake && !self.is_welcome.load(Ordering::Relaxed) {
            match self.shake_hands().await {
                Ok(()) => self.is_welcome.store(true, Ordering::Relaxed),
                Err(why) => return Outcome::Again { status: None, why, after: None },
            }
        }
        let request = match self.request(row, now) {
            Ok(it) => it,
            Err(why) => return Outcome::Never { status: None, why: self.without_secrets(&why) },
        };
        let sent = self.client.post(self.url.clone()).headers(request.headers).body(request.body).send().await;
        match sent {
            Ok(it) => self.outcome(it, now).await,
            Err(error) => Outcome::Again { status: None, why: self.said(error), after: None },
        }
    }

    /// Asks whether events are wanted, as the specification of `CloudEvents` for webhooks has it (4.1).
    async fn shake_hands(&self) -> Result<(), String> {
        let origin = reqwest::Url::parse(&self.public_url).ok().and_then(|it| it.host_str().map(str::to_owned));
        let origin = origin.unwrap_or_else(|| "driftline".to_owned());
        let asked = self.client.request(Method::OPTIONS, self.url.clone()).headers(self.headers.clone());
        let answer = asked.header("webhook-request-origin", &origin).send().await.map_err(|it| self.said(it))?;
        let allowed = answer.headers().get("webhook-allowed-origin").and_then(|it| it.to_str().ok());
        let allowed = allowed.is_some_and(|it| it.split(',').any(|it| it.trim() == "*" || it.trim() == origin));
        if answer.status().is_success() && allowed {
            return Ok(());
        }
        Err(format!(
            "the receiver does not say that it wants events of `{origin}`: it answers OPTIONS with {}, and needs `WebHook-Allowed-Origin`",
            answer.status()
        ))
    }

    async fn outcome(&self, answer: Response, now: Micros) -> Outcome {
        let code = answer.status();
        let status = code.as_u16();
        // A run of this id is there already: it was sent before.
        let is_there = status == 409 && self.config.kind == ActionType::Airflow;
        if code.is_success() || is_there || self.config.delivered_on.contains(&status) {
            return Outcome::Delivered { status };
        }
        let after = retry_after(answer.headers(), now);
        if code.is_redirection() {
            let why = format!("{code}: redirects are not followed; name the place itself as `url`");
            return Outcome::Again { status: Some(status), why, after };
        }
        // Before it is cut: half of a secret would be none that is known.
        let said = short(&self.without_secrets(&beginning(answer).await));
        let why = if said.is_empty() { code.to_string() } else { format!("{code}: {said}") };
        match code {
            // It does not want this body, or nothing any more.
            StatusCode::BAD_REQUEST
            | StatusCode::GONE
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY => Outcome::Never { status: Some(status), why },
            _ => Outcome::Again { status: Some(status), why, after },
        }
    }

    /// Why no answer came.
    fn said(&self, error: reqwest::Error) -> String {
        let error = error.without_url();
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(it) = source {
            if let Some(it) = it.downcast_ref::<Private>() {
                return it.to_string();
            }
            text = format!("{text}: {it}");
            source = it.source();
        }
        self.without_secrets(&text)
    }
}

/// The first letters of an answer, on one line.
async fn beginning(mut answer: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(piece)) = answer.chunk().await {
        bytes.extend_from_slice(&piece);
        if bytes.len() >= READ {
            bytes.truncate(READ);
            break;
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    let words: Vec<_> =
        text.split(|it: char| it.is_whitespace() || it.is_control()).filter(|it| !it.is_empty()).collect();
    words.join(" ")
}

fn short(text: &str) -> String {
    let short: String = text.chars().take(TOLD).collect();
    if short.len() < text.len() { short + " ..." } else { short }
}

/// How long the receiver asks to be left alone: seconds, or a date.
fn retry_after(headers: &HeaderMap, now: Micros) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let asked = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = DateTime::parse_from_rfc2822(text).ok()?.timestamp_micros();
            Duration::from_micros(u64::try_from(until - now).unwrap_or(0))
        }
    };
    Some(asked.min(LONGEST))
}

/// What a trace says of what came of a try.
fn note(span: &Span, outcome: &Outcome) {
    let status = match outcome {
        Outcome::Delivered { status } => Some(*status),
        Outcome::Again { status, .. } | Outcome::Never { status, .. } => *status,
    };
    if let Some(status) = status {
        span.note(|| [("http.response.status_code", i64::from(status).into())]);
    }
    if let Outcome::Again { why, .. } | Outcome::Never { why, .. } = outcome {
        let kind = status.map_or_else(|| "not_sent".to_owned(), |it| it.to_string());
        span.fail(kind, why.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_says_when_to_come_again() {
        let of = |text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            retry_after(&headers, 1_445_412_470_000_000).map(|it| it.as_secs())
        };
        assert_eq!((of("120"), of("Wed, 21 Oct 2015 07:28:00 GMT")), (Some(120), Some(10)));
        assert_eq!((of("Wed, 21 Oct 2015 07:00:00 GMT"), of("99999999999")), (Some(0), Some(86_400)));
        assert_eq!((of("soon"), of("-1"), of("")), (None, None, None));
    }
}
