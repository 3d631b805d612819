//! A batch over HTTP: verdicts are sent while the body still comes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use tokio::sync::mpsc;

use super::body::{Packed, decoded, tail};
use super::{Incoming, noted};
use crate::http::problem::Problem;
use crate::service::app::Reserved;
use crate::service::batch::Batch;
use crate::service::comparing::Compared;
use crate::telemetry::{self, Span};

impl Incoming {
    pub(super) async fn batch(
        self,
        packed: Packed,
        reserved: Option<Reserved>,
        repeated: bool,
        lines: bool,
    ) -> Result<Response, Problem> {
        let batch = Batch {
            version: Arc::clone(&self.version),
            compared: Compared::of_batch(&self.app.baselines, &self.version),
            id: self.id,
            at: self.at,
            origin: self.origin(),
            trace_id: telemetry::trace_id(),
            format: packed.format,
            wanted: self.way.wanted,
            action: self.action(),
            key: reserved.as_ref().map(Reserved::note),
            limits: self.app.live().settings.batch,
            app: Arc::clone(&self.app),
        };
        let intake = (!repeated && !self.ad_hoc).then(|| Arc::clone(&self.app.intake));
        let (sender, mut receiver) = mpsc::channel::<Result<Vec<u8>, Problem>>(4);
        let opening: &[u8] = if lines { b"" } else { b"{\"verdicts\":[" };
        tokio::task::spawn_blocking(telemetry::carry(move || {
            let mut begun = false;
            // A client that does not read its verdicts must not hold a thread for ever.
            let pause = self.app.live().settings.read_timeout;
            let runtime = tokio::runtime::Handle::current();
            let mut send = |bytes: Vec<u8>| {
                begun = true;
                runtime.block_on(sender.send_timeout(Ok(bytes), pause)).is_ok()
            };
            let span = Span::part("check");
            let mut run = |body| span.run(|| batch.run(body, intake.as_deref(), lines, &mut send));
            let done = decoded(packed.encoding, packed.body).and_then(|body| Ok(run(body)?));
            drop(span);
            if let Ok(done) = &done {
                telemetry::note(|| noted(&done.sums));
            }
            let tail = match done {
                Ok(done) => {
                    if let Some(reserved) = reserved {
                        reserved.counted(done.number, self.id, self.at, &self.version.hash);
                    }
                    let wait = self.wait(done.number);
                    let late = runtime.block_on(wait).err();
                    let mut summary = done.summary(&batch, repeated);
                    summary.error = summary.error.or(late.map(|it| it.detail));
                    tail(&summary, lines)
                }
                Err(problem) if begun => {
                    problem.count();
                    tail(&serde_json::json!({ "error": problem.detail }), lines)
                }
                Err(problem) => {
                    // Nothing was sent yet: the status can still say it.
                    let problem = if self.slow.load(Ordering::Relaxed) { Problem::slow() } else { problem };
                    let _ = sender.blocking_send(Err(problem));
                    return;
                }
            };
            let _ = runtime.block_on(sender.send_timeout(Ok(tail), pause));
        }));
        let first = match receiver.recv().await {
            Some(Ok(it)) => it,
            Some(Err(problem)) => return Err(problem),
            None => return Err(Problem::internal("the check ended without an answer")),
        };
        let begin = futures_util::stream::iter([opening.to_vec(), first]);
        let rest = futures_util::stream::unfold(receiver, |mut it| async move { Some((it.recv().await?.ok()?, it)) });
        let stream = begin.chain(rest).map(Ok::<_, std::convert::Infallible>);
        let kind = if lines { "application/x-ndjson" } else { "application/json" };
        Ok(([(header::CONTENT_TYPE, kind)], Body::from_stream(stream)).into_response())
    }
}
