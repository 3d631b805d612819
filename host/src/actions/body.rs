//! What is sent: the body and the headers that belong to it.

use std::fmt::Write as _;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::action::Action;
use super::event::{DATA_SCHEMA, Event};
use super::signature::{SIGNATURE, TIMESTAMP, signature};
use crate::config::{ActionType, EventMode, Secret};
use crate::store::outbox::DeliveryRow;
use crate::store::rows::Micros;
use crate::telemetry;
use crate::wire::time;

/// How long an alert fires at most when nobody says that it is over; without an end Alertmanager would take it back
/// after minutes (`resolve_timeout`).
const FIRES_FOR: Micros = 30 * 24 * 3600 * 1_000_000;

/// A request that is ready.
#[derive(Debug)]
pub(super) struct Request {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Action {
    /// The request for a row of the outbox. An error is the template's.
    pub(super) fn request(&self, row: &DeliveryRow, now: Micros) -> Result<Request, String> {
        let event = self.event(row);
        let mut headers = self.headers.clone();
        let config = &self.config;
        let (content_type, body) = match (config.kind, &self.template) {
            (ActionType::Webhook, _) => match config.mode {
                EventMode::Structured => {
                    ("application/cloudevents+json", self.cloud_event(&event).to_string().into_bytes())
                }
                EventMode::Binary => {
                    attributes(&self.cloud_event(&event), &mut headers);
                    ("application/json", event.data.to_string().into_bytes())
                }
            },
            (ActionType::Alertmanager, _) => ("application/json", alerts(&event, now).to_string().into_bytes()),
            (_, Some(template)) => {
                let token = config.token.as_ref().map_or("", |it| it.reveal());
                (config.content_type.as_str(), template.render(&event, token)?)
            }
            (_, None) => return Err("there is no template".to_owned()),
        };
        if config.kind == ActionType::GithubDispatch {
            headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/vnd.github+json"));
            let version = HeaderName::from_static("x-github-api-version");
            headers.entry(version).or_insert(HeaderValue::from_static("2022-11-28"));
        }
        let mut set = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        set("content-type", content_type);
        set("idempotency-key", &row.id.to_string());
        let timestamp = now.div_euclid(1_000_000).to_string();
        set(TIMESTAMP, &timestamp);
        let keys: Vec<_> =
            [&config.secret, &config.previous_secret].into_iter().flatten().map(Secret::reveal).collect();
        if !keys.is_empty() {
            set(SIGNATURE, &signature(&keys, &timestamp, &body));
        }
        // Where it is sent from; if nobody records that, where in a trace it was written.
        if let Some(place) = telemetry::carried().as_ref().or(row.trace.as_ref()) {
            set("traceparent", &place.traceparent);
            if !place.tracestate.is_empty() {
                set("tracestate", &place.tracestate);
            }
        }
        debug_assert!(headers.contains_key(CONTENT_TYPE));
        Ok(Request { headers, body })
    }

    /// The event as `CloudEvents` 1.0 has it (<https://github.com/cloudevents/spec>).
    fn cloud_event(&self, event: &Event) -> Value {
        json!({
            "specversion": "1.0",
            "id": event.id,
            "source": format!("{}/v1/suites/{}", self.public_url, in_path(&event.suite)),
            "type": event.kind,
            "subject": event.trigger,
            "time": event.at,
            "datacontenttype": "application/json",
            "dataschema": DATA_SCHEMA,
            "data": event.data,
        })
    }
}

/// One alert, as `POST /api/v2/alerts` of Alertmanager takes it. What tells alerts apart is the same when it begins
/// and when it ends: trigger, suite, severity, and segment, model and version where the
/// incident has them.
fn alerts(event: &Event, now: Micros) -> Value {
    let mut labels = Map::new();
    for name in ["segment", "model", "version"] {
        if let Some(text) = event.data.get(name).and_then(Value::as_str).filter(|it| !it.is_empty()) {
            labels.insert(name.to_owned(), text.into());
        }
    }
    for (name, value) in [("alertname", &event.trigger), ("suite", &event.suite), ("severity", &event.severity)] {
        labels.insert(name.to_owned(), value.as_str().into());
    }
    labels.insert("source".to_owned(), "driftline".into());
    let is_over = event.what == "resolved" || event.what == "rejected";
    // The clock of records may be ahead of, or behind, the one on the wall.
    let begin = event.at_us.min(now);
    let end = if is_over { now.max(begin) } else { now.max(begin).saturating_add(FIRES_FOR) };
    let mut alert = json!({
        "labels": labels,
        "annotations": {
            "summary": event.headline, "description": event.reason, "incident": event.incident.to_string(),
            "event": event.what,
        },
        "startsAt": time(begin),
        "endsAt": time(end),
    });
    if !event.link.is_empty() {
        alert["generatorURL"] = event.link.as_str().into();
    }
    json!([alert])
}

/// The attributes of an event as headers, as the binding to HTTP has them (3.1.3).
fn attributes(event: &Value, headers: &mut HeaderMap) {
    for (name, value) in event.as_object().into_iter().flatten() {
        let Some(text) = value.as_str().filter(|_| name != "datacontenttype" && name != "data") else { continue };
        let (name, value) = (format!("ce-{name}").parse::<HeaderName>(), HeaderValue::from_str(&in_header(text)));
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.insert(name, value);
        }
    }
}

/// A text as a header of an event has it: visible letters of ASCII, but no quotes and no `%`.
fn in_header(text: &str) -> String {
    escaped(text, |it| it.is_ascii_graphic() && it != b'"' && it != b'%')
}

/// A text as a part of a path: what RFC 3986 calls unreserved.
fn in_path(text: &str) -> String {
    escaped(text, |it| it.is_ascii_alphanumeric() || b"-._~".contains(&it))
}

/// What may not stand as it is, is written as `%` and two hexadecimal digits a byte.
fn escaped(text: &str, may_stand: impl Fn(u8) -> bool) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, it| {
        if may_stand(it) {
            out.push(char::from(it));
        } else {
            let _ = write!(out, "%{it:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_beyond_ascii_are_escaped() {
        assert_eq!(in_header("Über \"a/b\" 5%"), "%C3%9Cber%20%22a/b%22%205%25");
        assert_eq!(in_path("a/b \"c\"-é"), "a%2Fb%20%22c%22-%C3%A9");
    }
}
