//! Asking the service, as any client does.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

/// How long something that the service does by itself may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// A client of the service at an address.
pub struct Client {
    agent: ureq::Agent,
    url: String,
}

impl Client {
    /// Of the service at `url`, such as `http://127.0.0.1:8080`.
    pub fn new(url: &str) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Client { agent, url: url.to_owned() }
    }

    /// `GET`; the answer.
    pub fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.agent.get(format!("{}{path}", self.url)).call();
        answered(&format!("GET {path}"), answer)
    }

    /// `POST` of JSON; the answer.
    pub fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.post_text(path, "application/json", &body.to_string())
    }

    /// `POST` of a body of any type.
    pub fn post_text(&self, path: &str, kind: &str, body: &str) -> anyhow::Result<Value> {
        let answer = self.agent.post(format!("{}{path}", self.url)).content_type(kind).send(body);
        answered(&format!("POST {path}"), answer)
    }

    /// `PUT` of JSON; the answer.
    pub fn put(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer =
            self.agent.put(format!("{}{path}", self.url)).content_type("application/json").send(body.to_string());
        answered(&format!("PUT {path}"), answer)
    }
}

/// Asks until there is an answer.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(it) = ask()? {
            return Ok(it);
        }
        if Instant::now() > until {
            bail!("{what} did not happen within {} seconds", PATIENCE.as_secs());
        }
        sleep(Duration::from_millis(50));
    }
}

fn answered(what: &str, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> anyhow::Result<Value> {
    let mut answer = answer.with_context(|| format!("{what}: the service did not answer"))?;
    let body: Value = answer.body_mut().read_json().with_context(|| format!("{what}: the answer is no JSON"))?;
    if !answer.status().is_success() {
        bail!("{what}: {} {body}", answer.status());
    }
    Ok(body)
}

/// A time as queries have it.
pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The entries of a page.
pub fn items(page: &Value) -> &[Value] {
    page["items"].as_array().map_or(&[], Vec::as_slice)
}
