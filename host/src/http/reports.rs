//! What happened in a span of time, as a page, as Markdown or as JSON.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::asked::{Params, allow};
use super::history::time;
use super::problem::Problem;
use crate::accept::best;
use crate::config::Scope;
use crate::output::html::policy;
use crate::service::app::{App, now};
use crate::service::reporting::{Asked as Wanted, From, gather, is_known};
use crate::span_report::{ReportFormat, write};
use crate::store::rows::Micros;
use crate::wire::report::SpanReport;

/// What is told of when nobody says since when.
const DAY: Micros = 86_400_000_000;

/// Which report is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The start of the span (RFC 3339, or a span before now such as `24h`, `7d`); a day before `to`, without it.
    from: Option<String>,
    /// Its end; now, without it.
    to: Option<String>,
    /// Only of this suite.
    suite: Option<String>,
    /// `html`, `md` or `json`; without it, which of these `Accept` wants most, and JSON if it wants none.
    format: Option<String>,
}

/// A report of a span: what failed, drift, quality, incidents, where the data came from, and what is missing. Long lists
/// hold the worst, and say how many are left out.
#[utoipa::path(get, path = "/v1/reports", tag = "history", params(Asked), responses(
    (status = 200, description = "The report.", content((SpanReport = "application/json"), (String = "text/html"), (String = "text/markdown"))),
    (status = 404, description = "There is no such suite.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn report(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let format = format(asked.format.as_deref(), &headers)?;
    let to = time("to", asked.to.as_deref())?.unwrap_or_else(now);
    let start = time("from", asked.from.as_deref())?.unwrap_or_else(|| to.saturating_sub(DAY));
    let wanted = Wanted::new(start, to, asked.suite, now()).map_err(Problem::bad_request)?;
    let (suites, live) = (app.shelf.now(), app.live());
    let from =
        From { store: &app.store, active: &suites.active, baselines: &app.baselines, public_url: &live.public_url };
    if let Some(suite) = &wanted.span.suite
        && !is_known(from, suite).await?
    {
        return Err(super::suites::unknown(&suites, suite));
    }
    let report = gather(from, &wanted).await?;
    let text = tokio::task::block_in_place(|| write(&report, format)).map_err(|why| {
        tracing::error!(why, "a report could not be written");
        Problem::internal("the report could not be written; the log says why")
    })?;
    let policy = HeaderValue::from_str(&format!("{}; frame-ancestors 'none'", policy()));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(format.media_type())),
        (header::CONTENT_SECURITY_POLICY, policy.unwrap_or(HeaderValue::from_static("default-src 'none'"))),
        (header::VARY, HeaderValue::from_static("accept")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
    ];
    Ok((headers, text).into_response())
}

/// The format that is asked for by name, or by `Accept`.
fn format(name: Option<&str>, headers: &HeaderMap) -> Result<ReportFormat, Problem> {
    if let Some(name) = name {
        let known = ReportFormat::find(name);
        return known.ok_or_else(|| Problem::bad_request(format!("`format={name}` is none of html, md, json")));
    }
    let accept: Vec<_> = headers.get_all(header::ACCEPT).iter().filter_map(|it| it.to_str().ok()).collect();
    // What names none of them, or all alike, is a program.
    let offered = [ReportFormat::Json, ReportFormat::Html, ReportFormat::Md];
    let kinds = offered.map(|it| it.media_type().split(';').next().unwrap_or_default());
    Ok(best(&accept.join(","), &kinds).and_then(|it| offered.get(it).copied()).unwrap_or(ReportFormat::Json))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

    use super::*;

    #[test]
    fn a_browser_is_sent_a_page_and_a_program_json() {
        let of = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            format(None, &headers).unwrap()
        };
        assert_eq!(of("text/html,application/xhtml+xml,*/*;q=0.8"), ReportFormat::Html);
        assert_eq!(of("text/markdown; charset=utf-8"), ReportFormat::Md);
        assert_eq!(of("*/*"), ReportFormat::Json);
        assert_eq!(of(""), ReportFormat::Json);
        assert_eq!(of("image/png"), ReportFormat::Json);
        assert_eq!(of("text/html;q=0,application/json"), ReportFormat::Json);
        assert_eq!(of("text/html;q=0,text/*"), ReportFormat::Md);
        assert_eq!(of("application/json;q=0.5, Text/HTML; q=0.9"), ReportFormat::Html);
        assert_eq!(of("text/html;q=0.5,*/*;q=0.9"), ReportFormat::Json);
        assert_eq!(of("*/*,text/markdown"), ReportFormat::Md);
        assert_eq!(of("text/markdown,text/html"), ReportFormat::Md);
        assert_eq!(format(Some("md"), &HeaderMap::new()).unwrap(), ReportFormat::Md);
        assert!(format(Some("pdf"), &HeaderMap::new()).is_err());
    }
}
