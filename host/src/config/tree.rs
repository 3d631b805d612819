//! All settings, each with its default; its sentence is what the schema and the documentation say of it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::actions::ActionConfig;
use super::metrics::Metrics;
use super::plugins::Plugins;
use super::secret::{DatabaseUrl, Secret};
use super::token::TokenConfig;
use super::units::{Size, Span};
use super::words::{LogFormat, LogLevel, Privacy, Record, Sync};

/// The configuration of Driftline's service.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address and port to listen on; `0.0.0.0` or `[::]` listens on all interfaces.
    #[schemars(with = "String", extend("x-expected" = "an IP address and a port such as `127.0.0.1:8080`"))]
    pub listen: SocketAddr,
    /// Whether the service may listen beyond this machine without tokens, which lets anyone who reaches it do anything.
    pub insecure: bool,
    /// Folder of the journal and, without `database`, of the database's file; made if it is not there.
    #[schemars(length(min = 1))]
    pub data: PathBuf,
    /// Folder of the suites that the service holds; a change of a file is taken up while it runs.
    #[schemars(length(min = 1))]
    pub suites: PathBuf,
    /// Where results are kept: `postgres://USER:PASSWORD@HOST/DATABASE` or `sqlite:FILE`; null: `driftline.db` in
    /// the folder `data`.
    pub database: Option<DatabaseUrl>,
    /// TLS; without it the service speaks plain HTTP, which is for this machine or behind a proxy.
    pub tls: Tls,
    /// Who may do what; without tokens anyone who reaches the service may do anything.
    pub tokens: Vec<TokenConfig>,
    /// What is told to other systems when a trigger fires; `docs/actions.md` shows them.
    pub actions: Vec<ActionConfig>,
    /// Address by which people and other systems reach the service, such as `https://driftline.example.com`; what
    /// actions send links to it.
    #[schemars(regex(pattern = "^https?://[^/?#@][^?#]*$"))]
    #[schemars(extend("x-expected" = "an address such as `https://driftline.example.com`"))]
    pub public_url: Option<String>,
    /// Bounds of what is accepted.
    pub limits: Limits,
    /// The journal, in which results wait for the store.
    pub journal: Journal,
    /// How results go from the journal to the store.
    pub intake: Intake,
    /// What is recorded of requests and of values.
    pub results: Results,
    /// The connections to the database.
    pub store: Store,
    /// How long what is stored is kept.
    pub retention: Retention,
    /// Plugins: where they come from, whose may run, and what they may use.
    pub plugins: Plugins,
    /// How changes of suites are noticed.
    pub reload: Reload,
    /// Requests that are sent again.
    pub idempotency: Idempotency,
    /// The log, on standard error.
    pub log: Log,
    /// The end of the service.
    pub stop: Stop,
    /// The spans of time over which records are judged together; a suite's `windows:` says how long they are.
    pub windows: Windows,
    /// What is told at `/metrics`.
    pub metrics: Metrics,
}

/// TLS; without it the service speaks plain HTTP, which is for this machine or behind a proxy.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// PEM file of the certificate and those it is signed with; `key` belongs to it.
    #[schemars(length(min = 1))]
    pub certificate: Option<PathBuf>,
    /// PEM file of the certificate's private key.
    #[schemars(length(min = 1))]
    pub key: Option<PathBuf>,
}

/// Bounds of what is accepted.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a request's body, after decompression.
    pub body: Size,
    /// Bytes of a body of labels, after decompression.
    pub labels: Size,
    /// Bytes of a record.
    pub record: Size,
    /// Levels that a record's objects and lists may be nested.
    #[schemars(range(min = 1, max = 1000))]
    pub depth: u32,
    /// Records of a request.
    #[schemars(range(min = 1, max = 1_000_000_000_000_u64))]
    pub batch_records: u64,
    /// Bytes of a suite that is sent to the service.
    pub suite: Size,
    /// Bytes of a baseline that is sent to the service.
    pub baseline: Size,
    /// Requests that are checked at a time; more are asked to come again.
    #[schemars(range(min = 1, max = 65536))]
    pub concurrency: u32,
    /// The longest time that a connection waits for the whole head of a request, idle or not.
    pub idle_timeout: Span,
    /// The longest pause between two parts of a request's body.
    pub read_timeout: Span,
    /// The longest time that a request may take as a whole.
    pub request_timeout: Span,
    /// The longest time that a request with `?wait=stored` waits for the store.
    pub store_timeout: Span,
}

/// The journal, in which results wait for the store.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Journal {
    /// When the journal is synchronised with the disk; a killed process loses nothing in any case, a machine that
    /// loses its power loses what was not synchronised.
    pub sync: Sync,
    /// Time between two synchronisations with `sync: interval`.
    pub sync_interval: Span,
    /// Bytes of the journal as a whole; when the store is away for so long that it is full, requests are refused.
    pub max: Size,
    /// Bytes after which another file is begun.
    pub segment_max: Size,
}

/// How results go from the journal to the store.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Intake {
    /// The longest time that a result waits before it is written to the store.
    pub flush_every: Span,
    /// Results and failures after which they are written at once.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub flush_outcomes: u32,
    /// Bytes of memory in which results wait; beyond it requests are refused.
    pub pending_max: Size,
    /// Distinct combinations of model, version and segment in a flush; beyond them `other` is counted.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub labels_max: u32,
}

/// What is recorded of requests and of values.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Results {
    /// Which requests are recorded one by one; all of them are counted.
    pub record: Record,
    /// Share of the passing requests that is kept with `record: all`, chosen by a hash of the record's or the
    /// result's id.
    #[schemars(range(min = 0, max = 1))]
    pub sample: f64,
    /// Failures of a request that are recorded one by one.
    #[schemars(range(min = 0, max = 100_000))]
    pub failures_per_request: u32,
    /// What is told and stored of values where the suite does not say it with `privacy:`.
    pub privacy: Privacy,
    /// Key of the hashes that stand for values, so that nobody can find values by hashing guesses; needed with
    /// `privacy: hash`.
    pub privacy_key: Option<Secret>,
}

/// The spans of time over which records are judged together; a suite's `windows:` says how long they are.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Windows {
    /// Time after its end at which a window is judged where the suite does not say `lateness`; what comes later makes
    /// another revision of it.
    pub grace: Span,
    /// Time from one judgement of a window to the next, however many records come late.
    pub revise_every: Span,
    /// Time by which a record's own time may lie ahead of the clock; one further ahead counts in the window it comes in.
    pub ahead: Span,
    /// Values, or distinct values, that a window keeps exactly of a field before it keeps a sketch of them.
    #[schemars(range(min = 1, max = 16_777_216))]
    pub exact_values: u32,
    /// The same of a window of one segment: there may be thousands.
    #[schemars(range(min = 1, max = 16_777_216))]
    pub segment_values: u32,
    /// Segments that are kept apart of one version of a suite, whatever its `most` says; the records of further ones
    /// are counted together.
    #[schemars(range(min = 1, max = 100_000))]
    pub segments: u32,
    /// Findings of all segments of one span that hold or are skipped and are stored still; where there are more, only
    /// those are that fail or are errors. Those of all records are always stored.
    #[schemars(range(min = 0, max = 16_777_216))]
    pub segment_passes: u32,
}

/// The connections to the database.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// Connections to the database at a time.
    #[schemars(range(min = 1, max = 1000))]
    pub max_connections: u32,
    /// The longest wait for a connection.
    pub acquire_timeout: Span,
    /// Whether the start brings the tables to this version; otherwise `driftline migrate` does.
    pub migrate: bool,
}

/// How long what is stored is kept.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Age at which results are deleted, in whole days; null: never.
    pub results: Option<Span>,
    /// Age at which failures and findings are deleted, in whole days; null: never.
    pub failures: Option<Span>,
    /// Age at which the counts by minute, and incidents that are over, are deleted, in whole days; null: never.
    pub tallies: Option<Span>,
    /// Age at which windows are deleted, in whole days; null: never.
    pub windows: Option<Span>,
    /// Age at which predictions are deleted, and labels that did not change for so long, in whole days; null: never.
    pub predictions: Option<Span>,
    /// Age at which notices of triggers are deleted that were sent or given up, in whole days; null: never.
    pub deliveries: Option<Span>,
    /// Time between two deletions.
    pub every: Span,
}

/// How changes of suites are noticed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reload {
    /// Time between two looks into the folder of suites.
    pub poll: Span,
}

/// Requests that are sent again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Idempotency {
    /// Time for which an `Idempotency-Key` is remembered, in whole hours.
    pub window: Span,
}

/// The log, on standard error.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// What a line of the log looks like.
    pub format: LogFormat,
    /// From which importance on something is logged.
    pub level: LogLevel,
}

/// The end of the service.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Stop {
    /// Time that running requests have to end after the service was asked to stop.
    pub grace: Span,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            insecure: false,
            data: "./driftline-data".into(),
            suites: "./suites".into(),
            database: None,
            tls: Tls::default(),
            tokens: Vec::new(),
            actions: Vec::new(),
            public_url: None,
            limits: Limits::default(),
            journal: Journal::default(),
            intake: Intake::default(),
            results: Results::default(),
            store: Store::default(),
            retention: Retention::default(),
            plugins: Plugins::default(),
            reload: Reload { poll: Span::seconds(2) },
            idempotency: Idempotency { window: Span::hours(24) },
            log: Log::default(),
            stop: Stop { grace: Span::seconds(30) },
            windows: Windows::default(),
            metrics: Metrics::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            body: Size::gib(1),
            labels: Size::mib(64),
            record: Size::mib(1),
            depth: 128,
            batch_records: 10_000_000,
            suite: Size::mib(1),
            baseline: Size::mib(64),
            concurrency: 256,
            idle_timeout: Span::seconds(75),
            read_timeout: Span::seconds(30),
            request_timeout: Span::seconds(600),
            store_timeout: Span::seconds(10),
        }
    }
}

impl Default for Journal {
    fn default() -> Self {
        Journal {
            sync: Sync::Interval,
            sync_interval: Span::millis(100),
            max: Size::gib(1),
            segment_max: Size::mib(64),
        }
    }
}

impl Default for Intake {
    fn default() -> Self {
        Intake { flush_every: Span::millis(200), flush_outcomes: 5000, pending_max: Size::mib(64), labels_max: 1000 }
    }
}

impl Default for Results {
    fn default() -> Self {
        Results {
            record: Record::Failures,
            sample: 1.0,
            failures_per_request: 100,
            privacy: Privacy::Keep,
            privacy_key: None,
        }
    }
}

impl Default for Windows {
    fn default() -> Self {
        Windows {
            grace: Span::seconds(10),
            revise_every: Span::seconds(5),
            ahead: Span::hours(1),
            exact_values: 65_536,
            segment_values: 1_000,
            segments: 10_000,
            segment_passes: 10_000,
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Store { max_connections: 8, acquire_timeout: Span::seconds(5), migrate: true }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Retention {
            results: Some(Span::days(90)),
            failures: Some(Span::days(90)),
            tallies: Some(Span::days(400)),
            windows: Some(Span::days(90)),
            predictions: Some(Span::days(90)),
            deliveries: Some(Span::days(90)),
            every: Span::hours(1),
        }
    }
}

impl Default for Reload {
    fn default() -> Self {
        Config::default().reload
    }
}

impl Default for Idempotency {
    fn default() -> Self {
        Config::default().idempotency
    }
}

impl Default for Stop {
    fn default() -> Self {
        Config::default().stop
    }
}
