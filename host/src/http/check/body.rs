//! Bodies: their format, compression and key.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{BodyDataStream, Bytes};
use axum::http::{HeaderMap, header};
use futures_util::StreamExt as _;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use crate::files::Format;
use crate::http::asked::Pace;
use crate::http::problem::Problem;
use crate::suites::hex;

pub(super) fn begins_object(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.trim_ascii_start().first() != Some(&b'[')
}

pub(super) fn wants_lines(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    accept.split(',').any(|it| {
        matches!(it.split(';').next().unwrap_or_default().trim(), "application/x-ndjson" | "application/jsonl")
    })
}

pub(in crate::http) fn format(headers: &HeaderMap) -> Result<Format, Problem> {
    let Some(given) = headers.get(header::CONTENT_TYPE) else { return Ok(Format::Json) };
    let given = given.to_str().unwrap_or_default();
    match given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        // The form is what curl says of `-d` when it is told nothing else.
        "application/json" | "application/x-www-form-urlencoded" | "" => Ok(Format::Json),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/jsonlines" => {
            Ok(Format::Ndjson)
        }
        "text/csv" | "application/csv" => Ok(Format::Csv),
        "application/vnd.apache.arrow.stream" => Ok(Format::Arrow),
        _ => Err(Problem::media(format!(
            "`Content-Type: {given}` is none of application/json, application/x-ndjson, text/csv, application/vnd.apache.arrow.stream"
        ))),
    }
}

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Encoding {
    Gzip,
    Zstd,
}

pub(in crate::http) fn encoding(headers: &HeaderMap) -> Result<Option<Encoding>, Problem> {
    let Some(given) = headers.get(header::CONTENT_ENCODING) else { return Ok(None) };
    match given.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(None),
        "gzip" | "x-gzip" => Ok(Some(Encoding::Gzip)),
        "zstd" => Ok(Some(Encoding::Zstd)),
        it => Err(Problem::media(format!("`Content-Encoding: {it}` is neither gzip nor zstd"))),
    }
}

/// A body as it comes.
pub(super) struct Packed {
    pub(super) format: Format,
    pub(super) encoding: Option<Encoding>,
    pub(super) body: Box<dyn Read + Send>,
}

/// Decompresses a body, of which the first bytes may be waited for here.
pub(in crate::http) fn decoded(
    encoding: Option<Encoding>,
    body: Box<dyn Read + Send>,
) -> Result<Box<dyn Read + Send>, Problem> {
    Ok(match encoding {
        None => body,
        Some(Encoding::Gzip) => Box::new(flate2::read::MultiGzDecoder::new(std::io::BufReader::new(body))),
        Some(Encoding::Zstd) => {
            Box::new(zstd::stream::read::Decoder::new(body).map_err(|it| Problem::internal(it.to_string()))?)
        }
    })
}

/// A compressed record, decompressed; `None` when it is no single object.
pub(super) fn object(encoding: Encoding, bytes: &Bytes, most: usize) -> Result<Option<Vec<u8>>, Problem> {
    let unread = |it: io::Error| Problem::bad_request(format!("the body cannot be read: {it}"));
    let mut reader = decoded(Some(encoding), Box::new(io::Cursor::new(bytes.clone())))?;
    let mut text = Vec::new();
    // White space may stand before it, but hardly this much.
    reader.by_ref().take(1024).read_to_end(&mut text).map_err(unread)?;
    if !begins_object(&text) {
        return Ok(None);
    }
    reader.take((most + 1).saturating_sub(text.len()) as u64).read_to_end(&mut text).map_err(unread)?;
    Ok(Some(text))
}

pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(given) = headers.get("idempotency-key") else { return Ok(None) };
    match given.to_str() {
        Ok(it) if (1..=255).contains(&it.len()) => Ok(Some(it.to_owned())),
        _ => Err(Problem::bad_request("`Idempotency-Key` is 1 to 255 visible characters")),
    }
}

/// Reads a body to its end, into memory while it is short and a temporary file when it is not, with its hash.
pub(super) fn spool(mut body: impl Read, most: u64) -> Result<(tempfile::SpooledTempFile, String), Problem> {
    use std::io::{Seek as _, Write as _};
    let failed = |it: std::io::Error| Problem::internal(format!("the body cannot be kept: {it}"));
    let mut file = tempfile::spooled_tempfile(1 << 20);
    let mut hash = Sha256::new();
    let mut block = vec![0; 64 << 10];
    let mut all = 0;
    loop {
        let n = body.read(&mut block).map_err(|it| Problem::bad_request(format!("the body ended early: {it}")))?;
        let Some(read) = block.get(..n).filter(|it| !it.is_empty()) else { break };
        all += n as u64;
        if all > most {
            return Err(Problem::too_large(format!("the body is longer than {most} bytes (`limits.body`)")));
        }
        hash.update(read);
        file.write_all(read).map_err(failed)?;
    }
    file.rewind().map_err(failed)?;
    Ok((file, hex(&hash.finalize())))
}

/// What closes the answer to a batch.
pub(super) fn tail(summary: &impl serde::Serialize, lines: bool) -> Vec<u8> {
    let text = serde_json::to_vec(summary).unwrap_or_default();
    if lines {
        return [b"{\"summary\":", text.as_slice(), b"}\n"].concat();
    }
    // The summary is an object: its members follow the verdicts.
    [b"],", text.get(1..).unwrap_or_default()].concat()
}

/// Bytes that a thread is woken for: waking it costs as much as checking some records.
const WORTH_WAKING: usize = 256 << 10;

/// A body for a thread that waits for it. What comes is taken off the socket while the thread is at work.
pub(super) struct Flow {
    coming: mpsc::Receiver<io::Result<Bytes>>,
    now: Bytes,
}

impl Flow {
    /// What came first, and the rest, as fast as `pace` says; else `slow` is set.
    pub(super) fn new(first: Bytes, mut rest: BodyDataStream, pace: Pace, slow: &Arc<AtomicBool>) -> Self {
        let slow = Arc::clone(slow);
        // Some hundred kilobytes, or what the server reads at once.
        let (sender, coming) = mpsc::channel(8);
        tokio::spawn(async move {
            loop {
                let (piece, ended) = gather_piece(&mut rest, pace, &slow).await;
                if !piece.is_empty() && sender.send(Ok(piece)).await.is_err() {
                    return;
                }
                match ended {
                    None => {}
                    Some(Ok(())) => return,
                    Some(Err(error)) => {
                        // Whoever does not listen any more does not miss it.
                        let _ = sender.send(Err(error)).await;
                        return;
                    }
                }
            }
        });
        Flow { coming, now: first }
    }
}

/// What comes of a body, until it is worth waking a thread for; and how the body ended, if it did.
async fn gather_piece(rest: &mut BodyDataStream, pace: Pace, slow: &AtomicBool) -> (Bytes, Option<io::Result<()>>) {
    let mut piece = Bytes::new();
    while piece.len() < WORTH_WAKING {
        match pace.wait(rest.next()).await {
            Some(None) => return (piece, Some(Ok(()))),
            Some(Some(Err(error))) => return (piece, Some(Err(io::Error::other(error)))),
            Some(Some(Ok(more))) if piece.is_empty() => piece = more,
            Some(Some(Ok(more))) => {
                // Nobody else holds it after the first time, so that this appends in place.
                let mut joined = piece.try_into_mut().unwrap_or_else(|it| it.as_ref().into());
                joined.extend_from_slice(&more);
                piece = joined.freeze();
            }
            None => {
                slow.store(true, Ordering::Relaxed);
                let error = io::Error::new(io::ErrorKind::TimedOut, "the body stopped coming, or came too slowly");
                return (piece, Some(Err(error)));
            }
        }
    }
    (piece, None)
}

impl Read for Flow {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.now.is_empty() {
            match self.coming.blocking_recv() {
                None => return Ok(0),
                Some(next) => self.now = next?,
            }
        }
        let n = out.len().min(self.now.len());
        let (some, rest) = (self.now.split_to(n), out.get_mut(..n).unwrap_or_default());
        rest.copy_from_slice(&some);
        Ok(n)
    }
}
