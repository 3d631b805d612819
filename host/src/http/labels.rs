//! Labels that come, and the predictions that they are joined to.

use std::io::{Cursor as Bytes, Read};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use utoipa::IntoParams;

use super::asked::{Pace, Params, allow, by, whole};
use super::check::body::{decoded, encoding, format};
use super::history::{cursor, limit, next, time};
use super::problem::Problem;
use crate::config::Scope;
use crate::files::Format;
use crate::metrics;
use crate::service::app::App;
use crate::service::label_files::{Gathered, gather};
use crate::service::labels::{NoLog, of_suite, take};
use crate::store::predictions::{Outcome, Wanted};
use crate::store::rows::Cursor;
use crate::wire::{LabelsTaken, Page, Prediction};

/// Of which suite labels are.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The suite; without it the one that keeps predictions, if there is only one.
    suite: Option<String>,
}

/// Takes labels: what turned out to be true of records, by the id of each.
///
/// One JSON object, a JSON array, NDJSON or CSV, by `Content-Type`; gzip or zstd by `Content-Encoding`. A label is
/// `{"id": "r1", "truth": "refund"}`; `at` says when it was known. It may come before its record, and again: what says
/// something else than before is a correction, and the window of its prediction is judged again.
#[utoipa::path(post, path = "/v1/labels", tag = "labels", params(Asked),
    request_body(description = "The labels.", content((serde_json::Value = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"))),
    responses(
    (status = 200, description = "Kept. What could not be read is in `problems`.", body = LabelsTaken),
    (status = 404, description = "There is no such suite.", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
    (status = 415, description = "The format is not known.", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "The suite keeps no predictions, or no label could be read.", content((Problem = "application/problem+json"), (LabelsTaken = "application/json"))),
))]
pub async fn labels(
    State(app): State<Arc<App>>,
    Params(asked): Params<Asked>,
    request: Request,
) -> Result<(axum::http::StatusCode, Json<LabelsTaken>), Problem> {
    let (axum::http::request::Parts { headers, .. }, body) = request.into_parts();
    let token = allow(&app, &headers, Scope::Check)?;
    let version = of_suite(&app.shelf.now(), asked.suite.as_deref())?;
    let (format, encoding) = (format(&headers)?, encoding(&headers)?);
    let _room = Arc::clone(&app.room).try_acquire_owned().map_err(|_| Problem::busy())?;
    let (most, record) = (app.live().settings.labels, app.live().settings.batch.record);
    let body = whole(body, usize::try_from(most).unwrap_or(usize::MAX), Pace::new(&app.live().settings)).await?;
    // What is told to be JSON may be lines of it.
    let format =
        if format == Format::Json && body.trim_ascii_start().first() != Some(&b'[') { Format::Ndjson } else { format };
    let read = {
        let version = Arc::clone(&version);
        tokio::task::spawn_blocking(move || {
            let mut bytes = Vec::new();
            let mut reader = decoded(encoding, Box::new(Bytes::new(body)))?.take(most.saturating_add(1));
            reader
                .read_to_end(&mut bytes)
                .map_err(|it| Problem::bad_request(format!("the body cannot be read: {it}")))?;
            if bytes.len() as u64 > most {
                return Err(Problem::too_large(format!("the labels are longer than {most} bytes (`limits.labels`)")));
            }
            gather(&version, bytes, format, record).map_err(Problem::bad_request)
        })
        .await
    };
    let Gathered { labels, problems, refused } = read.map_err(|it| Problem::internal(it.to_string()))??;
    let is_any = !labels.is_empty() || refused == 0;
    let received = labels.len() as u64 + refused;
    let taken = take(&app.store, &app.shelf, &version, labels, &by(token)).await?;
    metrics::add(&metrics::list::LABELS, &[&version.name, "refused"], refused);
    let status = if is_any { axum::http::StatusCode::OK } else { axum::http::StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, Json(LabelsTaken::new(&version.name, received, refused, taken, problems))))
}

impl From<NoLog> for Problem {
    fn from(why: NoLog) -> Self {
        let detail = why.words("?suite=NAME");
        match why {
            NoLog::Unknown(_) => Problem::not_found(detail),
            NoLog::KeepsNone(_) => Problem::unprocessable("no-predictions", "The suite keeps no predictions", detail),
            NoLog::Which(_) => {
                Problem::unprocessable("which-suite", "It is not clear of which suite the labels are", detail)
            }
        }
    }
}

/// Which predictions are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AskedPredictions {
    /// The suite.
    suite: Option<String>,
    /// The record's id.
    id: Option<String>,
    /// The model.
    model: Option<String>,
    /// Its version.
    version: Option<String>,
    /// The segment, as results have it.
    segment: Option<String>,
    /// What was predicted: a text, or JSON.
    prediction: Option<String>,
    /// `correct`, `wrong`, `labelled` or `unlabelled`.
    outcome: Option<String>,
    /// The least score.
    score_min: Option<f64>,
    /// The greatest score.
    score_max: Option<f64>,
    /// From this time on (RFC 3339, or a span before now such as `24h`, `7d`).
    since: Option<String>,
    /// Before this time.
    until: Option<String>,
    /// Rows of a page, 1 to 1000; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: the `next` of the page before.
    cursor: Option<String>,
}

/// Predictions with their labels, the newest first.
#[utoipa::path(get, path = "/v1/predictions", tag = "labels", params(AskedPredictions), responses(
    (status = 200, description = "A page.", body = Page<Prediction>),
))]
pub async fn predictions(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Params(asked): Params<AskedPredictions>,
) -> Result<Json<Page<Prediction>>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let (limit, cursor) = (limit(asked.limit)?, cursor(asked.cursor.as_deref())?);
    let rows = app.store.predictions(&asked.wanted()?, cursor, limit).await?;
    let last = rows.last().map(|it| Cursor { at: it.prediction.at, id: it.prediction.key, n: 0 });
    let next = next(rows.len() == limit as usize, last);
    Ok(Json(Page { items: rows.into_iter().map(Prediction::from).collect(), next }))
}

impl AskedPredictions {
    fn wanted(self) -> Result<Wanted, Problem> {
        let outcome = match self.outcome.as_deref() {
            None => None,
            Some(word) => match Outcome::ALL.into_iter().find(|it| it.name() == word) {
                Some(it) => Some(it),
                None => {
                    let words = Outcome::ALL.map(Outcome::name).join(", ");
                    return Err(Problem::bad_request(format!("`outcome={word}` is none of {words}")));
                }
            },
        };
        Ok(Wanted {
            outcome,
            since: time("since", self.since.as_deref())?,
            until: time("until", self.until.as_deref())?,
            prediction: self.prediction.as_deref().map(crate::history::as_json),
            suite: self.suite,
            id: self.id,
            model: self.model,
            version: self.version,
            segment: self.segment,
            score_min: self.score_min,
            score_max: self.score_max,
        })
    }
}
