//! Checking records: one at a time, or as a batch that streams in and whose verdicts stream out.

mod batch;
pub(super) mod body;
mod way;

use std::io::{Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::request::Parts as HttpParts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use driftline_rules::suite::OnFail;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedSemaphorePermit;
use utoipa::ToSchema;
use uuid::Uuid;

use super::asked::{Named, Pace, Params, allow, begin, gather, whole};
use super::problem::Problem;
use super::suites::unknown;
use crate::config::Scope;
use crate::files::Format;
use crate::intake::entry::{Origin, Request, Single as Summed};
use crate::metrics::{self, Stage};
use crate::service::app::{App, Keyed, Reserved};
use crate::service::batch::Sums;
use crate::service::version::{Checked, Version};
use crate::store::rows::{Micros, Verdict, id_at};
use crate::suites::hex;
use crate::telemetry::{self, Span};
use crate::wire::{CheckAnswer, Failure, RecordVerdict, Single, Word};
use body::{Flow, Packed, begins_object, encoding, format, key, object, spool, wants_lines};
use way::{Asked, Way};

/// A body up to this that may be one record is gathered before it is checked.
const GATHERED: usize = 4 << 20;

/// A suite and what it shall check, for `POST /v1/check`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdHoc {
    /// The suite: an object, or its text in YAML or JSON.
    #[schema(value_type = serde_json::Value)]
    suite: Box<serde_json::value::RawValue>,
    /// One record.
    #[schema(value_type = Option<serde_json::Value>)]
    record: Option<Box<serde_json::value::RawValue>>,
    /// Records.
    #[schema(value_type = Option<Vec<serde_json::Value>>)]
    records: Option<Box<serde_json::value::RawValue>>,
}

/// What a span says of records.
fn noted(sums: &Sums) -> [(&'static str, telemetry::Value); 4] {
    [
        ("driftline.records", (sums.records as i64).into()),
        ("driftline.records.failed", (sums.failed as i64).into()),
        ("driftline.records.warned", (sums.warned as i64).into()),
        ("driftline.records.unreadable", (sums.unreadable as i64).into()),
    ]
}

/// What a request brings.
struct Incoming {
    app: Arc<App>,
    version: Arc<Version>,
    way: Way,
    token: Option<String>,
    at: Micros,
    id: Uuid,
    /// Nothing is journalled or stored.
    ad_hoc: bool,
    /// Whether the body stopped coming.
    slow: Arc<AtomicBool>,
    /// Held until the last verdict is sent.
    room: Option<OwnedSemaphorePermit>,
}

/// Checks records against a suite: one JSON object, a JSON array, NDJSON, CSV or an Arrow IPC stream, by
/// `Content-Type`; gzip or zstd by `Content-Encoding`.
///
/// One object is answered with its verdict, and with 422 when it fails and the suite's `on_fail` is
/// `reject`. A batch is answered with a verdict a record in order, sent while the body still comes, then
/// sums and findings; with `Accept: application/x-ndjson` a line a verdict and one for the rest.
#[utoipa::path(post, path = "/v1/suites/{suite}/check", tag = "check",
    params(("suite" = String, Path, description = "The suite."), Asked,
        ("Idempotency-Key" = Option<String>, Header, description = "A request repeated with its key is answered again and counted once.")),
    request_body(description = "The records.", content((serde_json::Value = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"), (Vec<u8> = "application/vnd.apache.arrow.stream"))),
    responses(
    (status = 200, description = "Checked and journalled.", content((CheckAnswer = "application/json"), (String = "application/x-ndjson"))),
    (status = 404, description = "There is no such suite.", body = Problem, content_type = "application/problem+json"),
    (status = 408, description = "The body stopped coming.", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "A request of this key is still being answered.", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "A body or record is too large.", body = Problem, content_type = "application/problem+json"),
    (status = 415, description = "The format is not known.", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "The record is refused; or the key came with another body before.", content((Single = "application/json"), (Problem = "application/problem+json"))),
))]
pub async fn check(
    State(app): State<Arc<App>>,
    Named(suite): Named<String>,
    Params(asked): Params<Asked>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    // Taken apart and not extracted one by one, which would copy all headers.
    let (HttpParts { headers, .. }, body) = request.into_parts();
    let token = allow(&app, &headers, Scope::Check)?;
    let way = asked.way()?;
    let version = app.shelf.get(&suite).ok_or_else(|| unknown(&app.shelf.now(), &suite))?;
    let incoming = Incoming::new(app, version, way, token, false);
    telemetry::note(|| {
        [
            ("driftline.suite", incoming.version.name.clone().into()),
            ("driftline.suite.hash", incoming.version.hash.clone().into()),
        ]
    });
    incoming.answer(&headers, body).await
}

/// Checks records against a suite that is sent along. Nothing is stored.
#[utoipa::path(post, path = "/v1/check", tag = "check", params(Asked), request_body = AdHoc, responses(
    (status = 200, description = "Checked.", body = CheckAnswer),
    (status = 408, description = "The body stopped coming.", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "The suite has problems; or the record is refused.", content((Single = "application/json"), (Problem = "application/problem+json"))),
))]
pub async fn check_ad_hoc(
    State(app): State<Arc<App>>,
    Params(asked): Params<Asked>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let token = allow(&app, &headers, Scope::Check)?;
    let way = asked.way()?;
    let bytes = whole(body, GATHERED, Pace::new(&app.live().settings)).await?;
    let asked: AdHoc = serde_json::from_slice(&bytes).map_err(|error| {
        Problem::bad_request(format!("the body is no `{{\"suite\", \"record\" or \"records\"}}`: {error}"))
    })?;
    let text = match serde_json::from_str::<String>(asked.suite.get()) {
        Ok(text) => text,
        Err(_) => asked.suite.get().to_owned(),
    };
    let version = Arc::new(app.shelf.build("ad-hoc", text).await?);
    let incoming = Incoming::new(app, version, way, token, true);
    match (asked.record, asked.records) {
        (Some(record), None) => incoming.single(record.get().as_bytes(), None, false).await,
        (None, Some(records)) if records.get().starts_with('[') => {
            let bytes = Bytes::copy_from_slice(records.get().as_bytes());
            let packed = Packed { format: Format::Json, encoding: None, body: Box::new(Cursor::new(bytes)) };
            incoming.batch(packed, None, false, false).await
        }
        _ => Err(Problem::bad_request("the body holds `record`, an object, or `records`, an array; not both")),
    }
}

impl Incoming {
    fn new(app: Arc<App>, version: Arc<Version>, way: Way, token: Option<String>, ad_hoc: bool) -> Self {
        let (at, slow, room) = (way.at, Arc::default(), None);
        Incoming { app, version, way, token, at, id: id_at(at), ad_hoc, slow, room }
    }

    async fn answer(mut self, headers: &HeaderMap, body: Body) -> Result<Response, Problem> {
        let app = Arc::clone(&self.app);
        let settings = app.live().settings.clone();
        let format = format(headers)?;
        let encoding = encoding(headers)?;
        let lines = wants_lines(headers);
        self.room = Some(Arc::clone(&self.app.room).try_acquire_owned().map_err(|_| Problem::busy())?);
        let key = key(headers)?;
        let length = headers.get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|it| it > settings.batch.body) {
            return Err(Problem::too_large(format!(
                "the body is longer than {} bytes (`limits.body`)",
                settings.batch.body
            )));
        }
        let pace = Pace::new(&settings);
        let reading = Span::part("read");
        let (first, rest) = begin(body, pace).await?;
        let may_be_single = format == Format::Json && (encoding.is_some() || begins_object(&first));
        // A body that is soon here is checked in one piece: waking a thread for each of several costs more.
        let is_short = length.is_some_and(|it| it <= GATHERED as u64);
        if key.is_none() && !may_be_single && !is_short {
            let packed = Packed { format, encoding, body: Box::new(Flow::new(first, rest, pace, &self.slow)) };
            return Box::pin(self.batch(packed, None, false, lines)).await;
        }
        let most = settings.batch.record;
        let (first, rest) = gather(first, rest, GATHERED.max(most), pace).await?;
        drop(reading);
        let object = match encoding {
            _ if !may_be_single => None,
            None => Some(first.clone()),
            Some(encoding) if rest.is_none() => object(encoding, &first, most)?.map(Bytes::from),
            Some(_) => None,
        };
        if let Some(object) = object {
            if object.len() > most {
                return Err(Problem::too_large(format!("the record is longer than {most} bytes (`limits.record`)")));
            }
            return match key {
                None => self.single(&object, None, false).await,
                Some(key) => Box::pin(self.keyed_single(&object, key)).await,
            };
        }
        let body: Box<dyn Read + Send> = match rest {
            None => Box::new(Cursor::new(first)),
            Some(rest) => Box::new(Flow::new(first, rest, pace, &self.slow)),
        };
        let Some(key) = key else {
            return Box::pin(self.batch(Packed { format, encoding, body }, None, false, lines)).await;
        };
        // A repeated key must be known before anything counts, so its body is read to the end first.
        let most = settings.batch.body;
        let spooled = tokio::task::spawn_blocking(move || spool(body, most)).await;
        let (kept, hash) = spooled.map_err(|it| Problem::internal(it.to_string()))??;
        let packed = Packed { format, encoding, body: Box::new(kept) };
        // What few requests need stays out of the future that all of them move about.
        Box::pin(self.keyed_batch(packed, &key, &hash, lines)).await
    }

    async fn keyed_single(mut self, text: &[u8], key: String) -> Result<Response, Problem> {
        let hash = hex(&Sha256::digest(text));
        let (reserved, repeated) = self.know(&key, &hash).await?;
        self.single(text, reserved, repeated).await
    }

    async fn keyed_batch(mut self, packed: Packed, key: &str, hash: &str, lines: bool) -> Result<Response, Problem> {
        let (reserved, repeated) = self.know(key, hash).await?;
        self.batch(packed, reserved, repeated, lines).await
    }

    /// What the key says: the reservation of a new one; or that the request is repeated, and is then
    /// checked as it was, by the same version at the same time, which gives the same answer.
    async fn know(&mut self, key: &str, hash: &str) -> Result<(Option<Reserved>, bool), Problem> {
        match self.app.key(&self.version.name, key, hash).await? {
            Keyed::New(reserved) => Ok((Some(reserved), false)),
            Keyed::Running => Err(Problem::conflict(
                "idempotency-key-running",
                "The first request is still being answered",
                "a request of this `Idempotency-Key` is being answered at this moment",
            )),
            Keyed::Early => Err(Problem::early()),
            Keyed::Other => Err(Problem::unprocessable(
                "idempotency-key-reused",
                "The key came with another body before",
                "an `Idempotency-Key` belongs to one body; use another key",
            )),
            Keyed::Counted(row) => {
                self.at = row.at;
                self.id = row.result_id;
                if self.version.hash != row.suite_hash
                    && let Ok(old) =
                        self.app.shelf.version(&self.app.store, &self.version.name, &row.suite_hash).await?
                {
                    self.version = old;
                }
                Ok((None, true))
            }
        }
    }

    fn action(&self) -> &'static str {
        match self.way.on_fail.unwrap_or(self.version.loaded.plan.on_fail) {
            OnFail::Observe => "accept",
            OnFail::Tag => "tag",
            OnFail::Reject => "reject",
        }
    }

    fn origin(&self) -> Origin {
        Origin { source: self.way.source.clone(), token: self.token.clone(), ..Origin::default() }
    }

    async fn single(self, text: &[u8], reserved: Option<Reserved>, repeated: bool) -> Result<Response, Problem> {
        let started = Instant::now();
        let span = Span::part("check");
        let checked = Version::check_aside(&self.version, text, self.at).await;
        metrics::took(Stage::Check, started.elapsed());
        drop(span);
        telemetry::note(|| {
            let is = |it| u64::from(checked.verdict == it);
            let (failed, warned) = (is(Verdict::Fail), is(Verdict::Warn));
            noted(&Sums { records: 1, failed, warned, unreadable: u64::from(checked.unreadable) })
        });
        let action = if checked.verdict == Verdict::Fail { self.action() } else { "accept" };
        let note = &self.version.note;
        let answer = Single {
            result_id: self.id,
            suite: &self.version.name,
            suite_hash: &self.version.hash,
            repeated,
            verdict: RecordVerdict {
                record: 0,
                line: None,
                record_id: checked.record_id.as_deref(),
                valid: checked.verdict != Verdict::Fail,
                verdict: Word(checked.verdict),
                action,
                failures: Failure::all(note, &checked.failures),
                errors: Failure::all(note, &checked.errors),
            },
        };
        // Room for a record that passes, without growing.
        let mut body = Vec::with_capacity(512);
        serde_json::to_writer(&mut body, &answer).map_err(|it| Problem::internal(it.to_string()))?;
        if !repeated && !self.ad_hoc {
            let mut checked = checked;
            let mut noted = std::mem::take(&mut checked.noted);
            noted.trace = noted.trace.or_else(telemetry::trace_id);
            let unjudged: Vec<_> = checked.errors.iter().map(|it| (it.check as usize, 1)).collect();
            let (begun, span) = (Instant::now(), Span::part("journal"));
            let number = self.take(checked, reserved.as_ref(), started).await?;
            metrics::took(Stage::Journal, begun.elapsed());
            drop(span);
            if !unjudged.is_empty() {
                self.app.intake.troubled(&self.version.note, unjudged.into_iter());
            }
            self.app.shelf.signals().add(&self.version, &noted, self.at);
            if let Some(reserved) = reserved {
                reserved.counted(number, self.id, self.at, &self.version.hash);
            }
            self.wait(number).await?;
        }
        let status = if action == "reject" { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(response)
    }

    /// Journals one record's outcome.
    async fn take(&self, checked: Checked, reserved: Option<&Reserved>, started: Instant) -> Result<u64, Problem> {
        let live = self.app.live();
        let settings = &live.settings;
        let note = &self.version.note;
        let origin = Origin { labels: checked.labels, ..self.origin() };
        let one_by_one = settings.records(self.id, !checked.failures.is_empty());
        if !one_by_one && reserved.is_none() {
            let single = Summed {
                plan: 0,
                at: self.at,
                origin,
                duration_us: u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX),
                verdict: checked.verdict,
                unreadable: checked.unreadable,
                marks: checked.marks,
                window: checked.window,
                prediction: checked.prediction,
            };
            return Ok(self.app.intake.single(note, single).await?);
        }
        let mut failures = if one_by_one { checked.failures } else { Vec::new() };
        let most = usize::try_from(settings.batch.failures).unwrap_or(usize::MAX);
        let left_out = failures.len().saturating_sub(most);
        failures.truncate(most);
        let request = Request {
            id: self.id,
            at: self.at,
            requests: 1,
            records: 1,
            failed: u64::from(checked.verdict == Verdict::Fail),
            warned: u64::from(checked.verdict == Verdict::Warn),
            unreadable: u64::from(checked.unreadable),
            verdict: checked.verdict,
            duration_us: started.elapsed().as_micros() as u64,
            tallies: vec![(origin.labels.clone(), checked.marks.counts(note.checks.len()))],
            failures,
            failures_left_out: left_out as u64,
            trace_id: checked.trace_id.or_else(telemetry::trace_id),
            key: reserved.map(Reserved::note),
            windows: checked.window.into_iter().collect(),
            predictions: checked.prediction.into_iter().map(|it| *it).collect(),
            origin,
            ..Request::default()
        };
        Ok(self.app.intake.request(note, Box::new(request))?)
    }

    async fn wait(&self, number: u64) -> Result<(), Problem> {
        if !self.way.stored || number == 0 {
            return Ok(());
        }
        let span = Span::part("store wait");
        let stored = tokio::time::timeout(self.app.live().settings.store_timeout, self.app.intake.stored(number)).await;
        drop(span);
        if stored == Ok(true) { Ok(()) } else { Err(Problem::not_stored()) }
    }
}
