//! A service that runs, as commands ask it.

use std::io::Read as _;

use anyhow::{Context, bail};
use serde_json::Value;

use super::say;

/// The status and the document that a service answers. Headers are given by name and value.
pub fn ask(
    (url, token): (&str, Option<&str>),
    method: &str,
    path: &str,
    headers: &[(&str, String)],
    body: Vec<u8>,
) -> anyhow::Result<(u16, Value)> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let url = format!("{}{path}", url.trim_end_matches('/'));
    let mut request = ureq::http::Request::builder().method(method).uri(&url);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let mut response = agent.run(request.body(body)?).with_context(|| format!("{url} does not answer"))?;
    let status = response.status().as_u16();
    let mut text = String::new();
    response.body_mut().as_reader().take(64 << 20).read_to_string(&mut text)?;
    let answer = serde_json::from_str(&text).with_context(|| format!("{url} is no service of Driftline"))?;
    Ok((status, answer))
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
