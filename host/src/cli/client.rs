//! What the commands share that ask a service that runs.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use clap::Args as ClapArgs;
use serde_json::Value;

use super::say;

/// Bytes of an answer that are read.
const MOST: u64 = 64 << 20;

/// A service that runs, and who asks it.
#[derive(ClapArgs, Debug)]
pub struct Service {
    /// The service.
    #[arg(long = "service", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// The token, of a scope that allows it.
    #[arg(long, env = "DRIFTLINE_CLIENT_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
}

/// What a service is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// The HTTP method.
    pub method: &'q str,
    /// The parts of the path, as they are before they are escaped.
    pub path: &'q [&'q str],
    /// Parameters.
    pub query: &'q [(&'q str, &'q str)],
    /// Headers.
    pub headers: &'q [(&'q str, &'q str)],
    /// The body.
    pub body: &'q [u8],
}

impl Question<'_> {
    /// Asks for what lies at a path.
    pub const GET: Question<'static> =
        Question { method: "GET", path: &[], query: &[], headers: &[("content-type", "application/json")], body: &[] };
}

impl Service {
    /// The status and the document that was answered; null where nothing was.
    pub fn ask(&self, asked: Question) -> anyhow::Result<(u16, Value)> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut url = reqwest::Url::parse(&self.url).with_context(|| format!("--service {}", self.url))?;
        match url.path_segments_mut() {
            Ok(mut path) => path.pop_if_empty().extend(asked.path),
            Err(()) => bail!("--service {}: it is a URL such as http://127.0.0.1:8080", self.url),
        };
        if !asked.query.is_empty() {
            url.query_pairs_mut().extend_pairs(asked.query);
        }
        let mut request = ureq::http::Request::builder().method(asked.method).uri(url.as_str());
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in asked.headers {
            request = request.header(*name, *value);
        }
        let request = request.body(asked.body.to_vec())?;
        let mut response = agent.run(request).with_context(|| format!("{url} does not answer"))?;
        let status = response.status().as_u16();
        let mut text = String::new();
        response.body_mut().as_reader().take(MOST).read_to_string(&mut text)?;
        if text.is_empty() {
            return Ok((status, Value::Null));
        }
        let answer = serde_json::from_str(&text).with_context(|| format!("{url} is no service of Driftline"))?;
        Ok((status, answer))
    }
}

/// Says why a service refuses something; the exit code.
pub fn refused(answer: &Value) -> anyhow::Result<u8> {
    let Some(title) = answer["title"].as_str() else { bail!("the service answers {answer}") };
    say(|out| {
        writeln!(out, "refused: {title}")?;
        let reasons: Vec<_> = answer["problems"].as_array().into_iter().flatten().collect();
        for it in &reasons {
            writeln!(out, "  {}", it["message"].as_str().unwrap_or_default())?;
        }
        if reasons.is_empty() {
            writeln!(out, "  {}", answer["detail"].as_str().unwrap_or_default())?;
        }
        Ok(())
    })?;
    Ok(1)
}

/// The bytes of a file, or of standard input: `-`.
pub fn input(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().take(MOST).read_to_end(&mut bytes).context("standard input")?;
        return Ok(bytes);
    }
    std::fs::read(file).with_context(|| file.display().to_string())
}

/// A text, or `-` where there is none.
pub fn text(it: &Value) -> String {
    match it {
        Value::Null => "-".to_owned(),
        Value::String(it) => it.clone(),
        other => other.to_string(),
    }
}
