//! Messages on their way to a collector, by OTLP over HTTP. Nothing of the service waits for them.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Identity, Response, StatusCode};
use serde::Serialize;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{info, warn};

use super::variables::{Protocol, Target};
use crate::redact::redacted;

/// The time before the first try is repeated; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Time between two warnings of a collector that takes nothing.
const REMIND: Duration = Duration::from_mins(10);
/// Bytes of an answer that are read.
const READ: usize = 4 << 10;

/// Sends one signal to one collector.
#[derive(Clone)]
pub struct Sender(Arc<Inner>);

struct Inner {
    target: Target,
    client: Client,
    /// The last try of each message is the first: the service stops.
    is_stopping: AtomicBool,
    trouble: Mutex<Trouble>,
}

/// What was told of messages that were not taken.
#[derive(Default)]
struct Trouble {
    /// Messages that were lost since one was taken.
    lost: u64,
    told: Option<Instant>,
}

/// Why a message was not taken.
struct Refused {
    why: String,
    /// When it may be taken, if ever.
    after: Option<Duration>,
}

/// What a collector answers: the field is the same for all signals.
#[derive(Message)]
struct Answer {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sender({})", self.url())
    }
}

impl Sender {
    /// One for a target; an error says which file cannot be used.
    pub fn new(target: Target) -> Result<Self, String> {
        // Whoever is the first to use TLS in this process says whose cryptography it is.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let file = |path: &std::path::Path| {
            std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
        };
        let mut client = Client::builder()
            .user_agent(concat!("driftline/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(target.timeout)
            .pool_max_idle_per_host(1);
        if let Some(path) = &target.certificate {
            let all = Certificate::from_pem_bundle(&file(path)?);
            let all = all.ok().filter(|it| !it.is_empty());
            let all = all.ok_or_else(|| format!("{} holds no certificate in PEM", path.display()))?;
            client = client.tls_certs_only(all);
        }
        if let Some((certificate, key)) = &target.client {
            let pem = [file(certificate)?, b"\n".to_vec(), file(key)?].concat();
            let identity = Identity::from_pem(&pem);
            let (certificate, key) = (certificate.display(), key.display());
            client = client
                .identity(identity.map_err(|_| format!("{certificate} and {key} hold no certificate and key in PEM"))?);
        }
        let client =
            client.build().map_err(|error| format!("no client can be made: {:#}", anyhow::Error::new(error)))?;
        let (is_stopping, trouble) = (AtomicBool::new(false), Mutex::default());
        Ok(Sender(Arc::new(Inner { target, client, is_stopping, trouble })))
    }

    /// Where it sends, without secrets.
    pub fn url(&self) -> String {
        redacted(self.0.target.url.as_str())
    }

    /// From now on nothing is tried twice.
    pub fn hurry(&self) {
        self.0.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Sends a message, several times if need be, within the time it has. What becomes of it is told in the log, once in a
    /// while.
    pub async fn send<M: Message + Serialize>(&self, message: &M) -> Result<(), String> {
        let sent = match self.written(message) {
            Ok((headers, body)) => self.try_to_send(headers, body).await,
            Err(why) => Err(why),
        };
        self.tell(&sent);
        sent
    }

    fn written<M: Message + Serialize>(&self, message: &M) -> Result<(HeaderMap, Vec<u8>), String> {
        let target = &self.0.target;
        let mut headers = target.headers.clone();
        let (kind, body) = match target.protocol {
            Protocol::Protobuf => ("application/x-protobuf", message.encode_to_vec()),
            Protocol::Json => ("application/json", serde_json::to_vec(message).map_err(|it| it.to_string())?),
        };
        headers.insert(CONTENT_TYPE, reqwest::header::HeaderValue::from_static(kind));
        if !target.gzip {
            return Ok((headers, body));
        }
        headers.insert(CONTENT_ENCODING, reqwest::header::HeaderValue::from_static("gzip"));
        let mut to = GzEncoder::new(Vec::new(), Compression::fast());
        let body = to.write_all(&body).and_then(|()| to.finish()).map_err(|it| it.to_string())?;
        Ok((headers, body))
    }

    async fn try_to_send(&self, headers: HeaderMap, body: Vec<u8>) -> Result<(), String> {
        let Inner { target, client, is_stopping, .. } = &*self.0;
        let until = Instant::now() + target.timeout;
        let mut pause = FIRST_PAUSE;
        loop {
            let request = client.post(target.url.clone()).headers(headers.clone()).body(body.clone()).send();
            let answered = match timeout_at(until, request).await {
                Err(_) => return Err(format!("no answer within {:?}", target.timeout)),
                Ok(Err(error)) => {
                    Err(Refused { why: format!("{:#}", anyhow::Error::new(error.without_url())), after: Some(pause) })
                }
                Ok(Ok(answer)) => match timeout_at(until, outcome(answer, pause)).await {
                    Err(_) => return Err(format!("no whole answer within {:?}", target.timeout)),
                    Ok(it) => it,
                },
            };
            let Err(Refused { why, after }) = answered else { return Ok(()) };
            // Spread, so that hosts that failed together do not come together again.
            let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.subsec_nanos());
            let spread = 1.0 + f64::from(nanos % 1000) / 4000.0;
            match after.map(|it| it.mul_f64(spread)) {
                Some(after) if Instant::now() + after < until && !is_stopping.load(Ordering::Relaxed) => {
                    sleep(after).await;
                }
                _ => return Err(why),
            }
            pause *= 2;
        }
    }

    fn tell(&self, sent: &Result<(), String>) {
        let what = match self.0.target.signal {
            super::variables::Signal::Traces => "spans",
            super::variables::Signal::Metrics => "metrics",
        };
        let to = self.url();
        let mut trouble = self.0.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match sent {
            Ok(()) if trouble.lost > 0 => {
                let lost = trouble.lost;
                *trouble = Trouble::default();
                info!(%to, what, lost_messages = lost, "the collector takes what it is sent again");
            }
            Ok(()) => {}
            Err(why) => {
                trouble.lost += 1;
                if trouble.told.is_none_or(|it| it.elapsed() > REMIND) {
                    trouble.told = Some(Instant::now());
                    warn!(%to, what, why, "the collector does not take what it is sent; it is lost, and no request waits for it");
                }
            }
        }
    }
}

/// What an answer means, as OTLP has it: which are for ever, and which for now.
async fn outcome(answer: Response, pause: Duration) -> Result<(), Refused> {
    let status = answer.status();
    let after =
        answer.headers().get(RETRY_AFTER).and_then(|it| it.to_str().ok()?.parse().ok()).map(Duration::from_secs);
    let body = beginning(answer).await;
    if status.is_success() {
        // A partial success is told and not repeated. JSON of it is not looked at: collectors that answer so are few.
        return match Answer::decode(body.as_slice()) {
            Ok(Answer { partial_success: Some(it) }) if it.rejected > 0 => {
                let why = format!("it has refused {}: {}", it.rejected, it.error_message);
                Err(Refused { why, after: None })
            }
            _ => Ok(()),
        };
    }
    let is_for_now = matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    );
    let after = is_for_now.then(|| after.unwrap_or(pause));
    Err(Refused { why: format!("it answers {status}"), after })
}

/// The first bytes of an answer.
async fn beginning(mut answer: Response) -> Vec<u8> {
    let mut all = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        all.extend_from_slice(&chunk);
        if all.len() > READ {
            break;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::variables::Variables;

    #[test]
    fn a_file_that_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "nothing").unwrap();
        let sender = |name: &str, file: &std::path::Path| {
            let find = |it: &str| match it {
                "OTEL_TRACES_EXPORTER" => Some("otlp".to_owned()),
                it => it.ends_with(name).then(|| file.display().to_string()),
            };
            Sender::new(Variables::read(&find).traces.unwrap()).map(|_| ())
        };
        let why = sender("OTLP_CERTIFICATE", &empty).unwrap_err();
        assert!(why.contains("empty.pem holds no certificate"), "{why}");
        let why = sender("OTLP_CERTIFICATE", std::path::Path::new("/no/such.pem")).unwrap_err();
        assert!(why.contains("/no/such.pem cannot be read"), "{why}");
        let find = |it: &str| match it {
            "OTEL_TRACES_EXPORTER" => Some("otlp".to_owned()),
            it => it.contains("_OTLP_CLIENT_").then(|| empty.display().to_string()),
        };
        let why = Sender::new(Variables::read(&find).traces.unwrap()).unwrap_err();
        assert!(why.contains("hold no certificate and key"), "{why}");
    }
}
