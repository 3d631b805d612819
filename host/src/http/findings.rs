//! What expectations said of windows and batches.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use utoipa::IntoParams;

use super::asked::{Params, allow};
use super::history::{cursor, limit, next, time};
use super::problem::Problem;
use crate::config::Scope;
use crate::service::app::App;
use crate::store::findings::{Of, STATUSES, Wanted};
use crate::store::rows::Cursor;
use crate::wire::{FindingOut, Page};

/// Which findings are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The suite.
    suite: Option<String>,
    /// An expectation, as answers name it.
    check: Option<String>,
    /// A kind of expectation, such as `stable`.
    kind: Option<String>,
    /// A field, as the suite writes it; several of one expectation joined by `, `.
    field: Option<String>,
    /// `critical`, `warning` or `info`.
    severity: Option<String>,
    /// `pass`, `skip`, `fail` or `error`.
    status: Option<String>,
    /// Those of windows of this length: `5m`, `1h`, `1d`, `1w`, `month`, or `1h/5m` of windows that overlap.
    length: Option<String>,
    /// Those of one of the suite's `segments`, such as `region=eu`; empty: of all records together.
    segment: Option<String>,
    /// `window` or `batch`: only those of windows, or of batches.
    of: Option<String>,
    /// Those of windows that start, or of batches that came, from this time on (RFC 3339, or a span before now such as
    /// `24h`, `7d`).
    since: Option<String>,
    /// Before this time.
    until: Option<String>,
    /// Rows of a page, 1 to 1000; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: the `next` of the page before.
    cursor: Option<String>,
}

/// Findings of windows and batches, the newest first.
#[utoipa::path(get, path = "/v1/findings", tag = "history", params(Asked), responses(
    (status = 200, description = "A page.", body = Page<FindingOut>),
))]
pub async fn findings(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Result<Json<Page<FindingOut>>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let (limit, cursor) = (limit(asked.limit)?, cursor(asked.cursor.as_deref())?);
    let rows = app.store.findings(&asked.wanted()?, cursor, limit).await?;
    let last = rows.last().map(|it| Cursor { at: it.at, id: it.result_id, n: it.n });
    let next = next(rows.len() == limit as usize, last);
    Ok(Json(Page { items: rows.into_iter().map(FindingOut::from).collect(), next }))
}

impl Asked {
    fn wanted(self) -> Result<Wanted, Problem> {
        one_of("severity", self.severity.as_deref(), &["critical", "warning", "info"])?;
        one_of("status", self.status.as_deref(), &STATUSES)?;
        one_of("of", self.of.as_deref(), &Of::ALL.map(Of::name))?;
        Ok(Wanted {
            of: Of::ALL.into_iter().find(|it| self.of.as_deref() == Some(it.name())),
            length: self.length.as_deref().map(crate::history::length),
            since: time("since", self.since.as_deref())?,
            until: time("until", self.until.as_deref())?,
            suite: self.suite,
            check: self.check,
            kind: self.kind,
            segment: self.segment,
            field: self.field,
            severity: self.severity,
            status: self.status,
        })
    }
}

fn one_of(name: &str, given: Option<&str>, words: &[&str]) -> Result<(), Problem> {
    match given.filter(|it| !words.contains(it)) {
        Some(word) => Err(Problem::bad_request(format!("`{name}={word}` is none of {}", words.join(", ")))),
        None => Ok(()),
    }
}
