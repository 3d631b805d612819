//! The variables of OpenTelemetry's specification that say what is sent where
//! (<https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>,
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>).
//!
//! What the specification asks for is done with what cannot be understood: it is told, and left out. Those of samplers,
//! batches, limits and resources are read by the SDK; here they are only looked at.

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// Where a signal goes that says nothing else.
const COLLECTOR: &str = "http://localhost:4318";

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metrics.
    Metrics,
}

impl Signal {
    const fn name(self) -> &'static str {
        match self {
            Signal::Traces => "TRACES",
            Signal::Metrics => "METRICS",
        }
    }

    /// The path of the signal behind the address of a collector.
    const fn path(self) -> &'static str {
        match self {
            Signal::Traces => "v1/traces",
            Signal::Metrics => "v1/metrics",
        }
    }
}

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Protobuf over HTTP.
    Protobuf,
    /// JSON over HTTP.
    Json,
}

/// Where a signal is sent, and how.
#[derive(Clone, PartialEq)]
pub struct Target {
    /// What is sent.
    pub signal: Signal,
    /// The whole address.
    pub url: Url,
    /// How messages are written.
    pub protocol: Protocol,
    /// Headers of each request; secrets.
    pub headers: HeaderMap,
    /// Whether messages are compressed.
    pub gzip: bool,
    /// Time that a message may take, with all tries.
    pub timeout: Duration,
    /// Who is trusted, in place of those whom the system trusts.
    pub certificate: Option<PathBuf>,
    /// Who this is: a certificate and its key.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// All that the variables say.
#[derive(Clone, PartialEq)]
pub struct Variables {
    /// Where spans go; `None`: none are recorded.
    pub traces: Option<Target>,
    /// Where metrics go.
    pub metrics: Option<Target>,
    /// Time between two times that metrics are sent.
    pub every: Duration,
    /// What is wrong with them, a sentence each.
    pub problems: Vec<String>,
}

impl Variables {
    /// Those of this process.
    pub fn of_process() -> Self {
        Variables::read(&|name| std::env::var(name).ok())
    }

    /// The same, from anywhere.
    pub fn read(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut reading = Reading { variable, problems: Vec::new() };
        if reading.word("OTEL_SDK_DISABLED", &["true", "false"]).as_deref() == Some("true") {
            let problems = reading.problems;
            return Variables { traces: None, metrics: None, every: Duration::ZERO, problems };
        }
        let traces = reading.target(Signal::Traces);
        let metrics = reading.target(Signal::Metrics);
        let every = reading.millis("OTEL_METRIC_EXPORT_INTERVAL", 60_000);
        if traces.is_some() {
            reading.look_at_sampling();
        }
        if metrics.is_some() {
            reading.look_at_temporality();
        }
        if traces.is_some() || metrics.is_some() {
            reading.look_at_others();
        }
        // What holds for both signals is looked at for each.
        let mut problems = reading.problems;
        let mut seen = std::collections::BTreeSet::new();
        problems.retain(|it| seen.insert(it.clone()));
        Variables { traces, metrics, every, problems }
    }
}

struct Reading<'v> {
    variable: &'v dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl Reading<'_> {
    /// A variable that is empty is not set.
    fn get(&self, name: &str) -> Option<String> {
        (self.variable)(name).map(|it| it.trim().to_owned()).filter(|it| !it.is_empty())
    }

    fn say(&mut self, name: &str, what: impl std::fmt::Display) {
        self.problems.push(format!("{name} {what}"));
    }

    /// What a signal says, or else all signals: the variable that is set, and its value.
    fn of(&self, signal: Signal, name: &str) -> Option<(String, String)> {
        let own = format!("OTEL_EXPORTER_OTLP_{}_{name}", signal.name());
        let all = format!("OTEL_EXPORTER_OTLP_{name}");
        [own, all].into_iter().find_map(|name| Some((self.get(&name)?, name))).map(|(value, name)| (name, value))
    }

    /// A word of several, in any case.
    fn word(&mut self, name: &str, words: &[&str]) -> Option<String> {
        let word = self.get(name)?.to_ascii_lowercase();
        if !words.contains(&word.as_str()) {
            self.say(name, format_args!("is `{word}`, and not one of {}; it is left out", words.join(", ")));
            return None;
        }
        Some(word)
    }

    fn millis(&mut self, name: &str, otherwise: u64) -> Duration {
        let otherwise = Duration::from_millis(otherwise);
        let Some(text) = self.get(name) else { return otherwise };
        match text.parse() {
            Ok(it) if it > 0 => Duration::from_millis(it),
            _ => {
                self.say(name, format_args!("is `{text}`, and no number of milliseconds; {otherwise:?} holds"));
                otherwise
            }
        }
    }

    /// Whether a signal is sent: an address or an exporter says so.
    fn is_wanted(&mut self, signal: Signal) -> bool {
        let name = format!("OTEL_{}_EXPORTER", signal.name());
        let Some(exporters) = self.get(&name) else { return self.of(signal, "ENDPOINT").is_some() };
        let mut is_wanted = false;
        for it in exporters.split(',').map(str::trim) {
            match it {
                "otlp" => is_wanted = true,
                "none" => {}
                "prometheus" if signal == Signal::Metrics => {}
                it => self.say(&name, format_args!("names `{it}`, which is not supported; there are otlp and none")),
            }
        }
        is_wanted
    }

    fn target(&mut self, signal: Signal) -> Option<Target> {
        if !self.is_wanted(signal) {
            return None;
        }
        let protocol = match self.of(signal, "PROTOCOL") {
            None => Protocol::Protobuf,
            Some((_, it)) if it == "http/protobuf" => Protocol::Protobuf,
            Some((_, it)) if it == "http/json" => Protocol::Json,
            Some((name, it)) => {
                let hint = "there are http/protobuf and http/json, which a collector takes on port 4318";
                let what = signal.name().to_ascii_lowercase();
                self.say(&name, format_args!("is `{it}`, which is not supported: no {what} are sent; {hint}"));
                return None;
            }
        };
        let url = self.url(signal)?;
        let headers = self.headers(signal);
        let gzip = match self.of(signal, "COMPRESSION") {
            None => false,
            Some((_, it)) if it == "gzip" || it == "none" => it == "gzip",
            Some((name, it)) => {
                self.say(&name, format_args!("is `{it}`, and neither gzip nor none; nothing is compressed"));
                false
            }
        };
        let timeout = match self.of(signal, "TIMEOUT") {
            None => Duration::from_secs(10),
            Some((name, _)) => self.millis(&name, 10_000),
        };
        let file = |it: &Self, name| it.of(signal, name).map(|it| PathBuf::from(it.1));
        let certificate = file(self, "CERTIFICATE");
        let client = match (file(self, "CLIENT_CERTIFICATE"), file(self, "CLIENT_KEY")) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => {
                let name = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE";
                self.say(name, "and OTEL_EXPORTER_OTLP_CLIENT_KEY belong together; one of them is left out");
                None
            }
        };
        Some(Target { signal, url, protocol, headers, gzip, timeout, certificate, client })
    }

    /// The address of a signal is taken as it is; behind that of a collector stands the signal's path.
    fn url(&mut self, signal: Signal) -> Option<Url> {
        let own = format!("OTEL_EXPORTER_OTLP_{}_ENDPOINT", signal.name());
        let all = "OTEL_EXPORTER_OTLP_ENDPOINT".to_owned();
        let (name, text) = match (self.get(&own), self.get(&all)) {
            (Some(text), _) => (own, text),
            (None, base) => {
                let base = base.unwrap_or_else(|| COLLECTOR.to_owned());
                (all, format!("{}/{}", base.trim_end_matches('/'), signal.path()))
            }
        };
        match Url::parse(&text) {
            Ok(it) if matches!(it.scheme(), "http" | "https") && it.has_host() => Some(it),
            _ => {
                let what = signal.name().to_ascii_lowercase();
                // Not as it is: it may hold a password.
                self.say(&name, format_args!("is no address such as {COLLECTOR}: no {what} are sent"));
                None
            }
        }
    }

    /// `name=value,name=value`, values escaped as in addresses. No message holds a value.
    fn headers(&mut self, signal: Signal) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let Some((variable, text)) = self.of(signal, "HEADERS") else { return headers };
        for (i, pair) in text.split(',').map(str::trim).enumerate().filter(|it| !it.1.is_empty()) {
            let read = pair.split_once('=').and_then(|(name, value)| {
                let name = name.trim().parse::<HeaderName>().ok()?;
                let mut value = HeaderValue::from_bytes(&unescaped(value.trim())?).ok()?;
                value.set_sensitive(true);
                Some((name, value))
            });
            match read {
                Some((name, value)) => {
                    headers.insert(name, value);
                }
                None => {
                    let hint = "write name=value, with %2C for a comma";
                    self.say(&variable, format_args!("holds no header in place {}: it is left out; {hint}", i + 1));
                }
            }
        }
        headers
    }

    fn look_at_sampling(&mut self) {
        let known = ["always_on", "always_off", "traceidratio"];
        let parent_based = ["parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"];
        let word = self.get("OTEL_TRACES_SAMPLER");
        match word.as_deref() {
            None => {}
            Some("traceidratio" | "parentbased_traceidratio") => {
                let ratio = self.get("OTEL_TRACES_SAMPLER_ARG");
                let is_ratio = |it: &String| it.parse::<f64>().is_ok_and(|it| (0.0..=1.0).contains(&it));
                if !ratio.as_ref().is_some_and(is_ratio) {
                    self.say("OTEL_TRACES_SAMPLER_ARG", "is no share from 0 to 1: all traces are recorded");
                }
            }
            Some(it) if known.contains(&it) || parent_based.contains(&it) => {}
            Some(it) => {
                let all = [known, parent_based].concat().join(", ");
                let what = format!("is `{it}`, and not one of {all}; parentbased_always_on holds");
                self.say("OTEL_TRACES_SAMPLER", what);
            }
        }
        for name in ["OTEL_BSP_SCHEDULE_DELAY", "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"] {
            if self.get(name).is_some_and(|it| it.parse::<u64>().is_err()) {
                self.say(name, "is no whole number; it is left out");
            }
        }
    }

    fn look_at_temporality(&mut self) {
        let name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
        if let Some(it) = self.get(name).filter(|it| !it.eq_ignore_ascii_case("cumulative")) {
            self.say(name, format_args!("is `{it}`; metrics are sent cumulative, the only one that is supported"));
        }
    }

    fn look_at_others(&mut self) {
        if self.get("OTEL_LOGS_EXPORTER").is_some_and(|it| it != "none") {
            self.say("OTEL_LOGS_EXPORTER", "is set, but lines of the log are not sent: collect standard error");
        }
        if self.get("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|it| it.split(',').any(|it| !it.contains('='))) {
            self.say("OTEL_RESOURCE_ATTRIBUTES", "holds what is not name=value; that is left out");
        }
    }
}

/// A text with `%2C` and the like as bytes.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    Some(bytes)
}
