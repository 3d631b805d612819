//! The service as its handlers see it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arc_swap::{ArcSwap, Guard};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::baselines::Baselines;
use super::batch;
use super::comparing::named;
use super::gauges::Gauges;
use super::reload::Reloader;
use super::shelf::Shelf;
use crate::actions::Actions;
use crate::intake::Intake;
use crate::intake::entry::KeyNote;
use crate::metrics;
use crate::store::Store;
use crate::store::rows::{KeyRow, Micros, Retention};
use crate::tokens::Tokens;

/// Which requests are recorded one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recorded {
    /// Those with a failure; the others are summed up.
    #[default]
    Failures,
    /// All, or a sample of those that passed.
    All,
    /// None: only counts.
    None,
}

/// What the service is told at its start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Bounds of a batch.
    pub batch: batch::Limits,
    /// Bytes of a suite.
    pub suite: usize,
    /// Bytes of a body of labels.
    pub labels: u64,
    /// Bytes of a baseline.
    pub baseline: usize,
    /// Requests that are checked at a time.
    pub concurrency: usize,
    /// The longest pause within a body.
    pub read_timeout: Duration,
    /// The longest wait for `?wait=stored`.
    pub store_timeout: Duration,
    /// Which requests are recorded one by one.
    pub recorded: Recorded,
    /// The share of passing requests that is recorded with [`Recorded::All`].
    pub sample: f64,
    /// How long a key is remembered.
    pub key_window: Duration,
    /// Whether metrics may be read without a token.
    pub metrics_public: bool,
    /// Time between two looks into the store for metrics.
    pub metrics_refresh: Duration,
    /// Series of metrics that come from the store.
    pub metrics_series: usize,
}

impl Settings {
    /// Whether a request is recorded by itself. Of a sample the request's id decides, so that whoever asks
    /// again decides the same.
    pub fn records(&self, id: Uuid, failed: bool) -> bool {
        match self.recorded {
            Recorded::None => false,
            Recorded::Failures => failed,
            Recorded::All => {
                let hash = Sha256::digest(id.as_bytes());
                let part = hash.first_chunk::<8>().map_or(0, |it| u64::from_be_bytes(*it));
                failed || (part as f64) < self.sample * 2f64.powi(64)
            }
        }
    }
}

/// What may be said otherwise while the service runs.
#[derive(Debug)]
pub struct Live {
    /// What the service was told.
    pub settings: Settings,
    /// Who may do what; `None`: anyone anything.
    pub tokens: Option<Arc<Tokens>>,
    /// How long rows are kept.
    pub retention: Retention,
    /// What is told to other systems.
    pub actions: Arc<Actions>,
}

/// Everything that a handler needs.
pub struct App {
    live: ArcSwap<Live>,
    /// The suites.
    pub shelf: Shelf,
    /// What windows are compared with.
    pub baselines: Arc<Baselines>,
    /// Where results wait.
    pub intake: Arc<Intake>,
    /// Where they are kept.
    pub store: Store,
    /// Where the configuration is read again.
    pub reloader: Option<Reloader>,
    /// Room for checks.
    pub room: Arc<Semaphore>,
    /// What metrics tell of the store.
    pub gauges: Gauges,
    /// When it started.
    pub started: Instant,
    ready: AtomicBool,
    keys: Mutex<Keys>,
}

/// The keys that the store may not know yet, by suite and key.
#[derive(Debug, Default)]
struct Keys {
    known: HashMap<(String, String), Known>,
    /// How many there were when those that the store knows were last forgotten.
    after_sweep: usize,
}

/// What is known of an `Idempotency-Key`.
#[derive(Clone, Debug)]
enum Known {
    /// Its request is being answered.
    Running,
    /// It was taken in, under a number of the intake.
    Counted(KeyRow, u64),
}

/// What a key means for a request.
#[derive(Debug)]
pub enum Keyed {
    /// It is new, and reserved until the guard is dropped.
    New(Reserved),
    /// An equal request was counted.
    Counted(KeyRow),
    /// Another body was sent with it.
    Other,
    /// Its first request is still being answered.
    Running,
    /// What an earlier process has answered is not in the store yet, so that it cannot be told.
    Early,
}

/// A key of a request that is being answered; forgotten when it is dropped before [`Reserved::counted`].
#[derive(Debug)]
pub struct Reserved {
    app: Option<Arc<App>>,
    suite: String,
    key: String,
    body_hash: String,
    came: Micros,
}

impl Keys {
    /// Forgets what the store knows by now, when there are many and twice as many as the last time.
    fn sweep(&mut self, committed: impl Fn() -> u64) {
        if self.known.len() < 10_000.max(2 * self.after_sweep) {
            return;
        }
        let committed = committed();
        self.known.retain(|_, it| !matches!(it, Known::Counted(_, number) if *number <= committed));
        self.after_sweep = self.known.len();
    }
}

impl Known {
    fn came_before(&self, oldest: Micros) -> bool {
        matches!(self, Known::Counted(row, _) if row.came < oldest)
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App")
    }
}

impl App {
    /// The service; [`App::get_ready`] lets it answer that it is ready.
    pub fn new(live: Live, shelf: Shelf, intake: Arc<Intake>, store: Store, reloader: Option<Reloader>) -> Arc<Self> {
        Arc::new(App {
            room: Arc::new(Semaphore::new(live.settings.concurrency)),
            live: ArcSwap::from_pointee(live),
            baselines: Arc::new(Baselines::new(shelf.folder())),
            shelf,
            intake,
            store,
            reloader,
            gauges: Gauges::default(),
            started: Instant::now(),
            ready: AtomicBool::new(false),
            keys: Mutex::default(),
        })
    }

    /// What holds at this moment.
    pub fn live(&self) -> Guard<Arc<Live>> {
        self.live.load()
    }

    /// Lets other settings hold from now on; tokens that did not change keep count of their rates.
    pub fn change(&self, live: Live, tokens_changed: bool) {
        let tokens = if tokens_changed { live.tokens } else { self.live.load().tokens.clone() };
        self.live.store(Arc::new(Live { tokens, ..live }));
    }

    /// Looks at the folder and the store again, for suites, plugins and baselines. An error is the store's.
    pub async fn reload(&self) -> Result<(), crate::store::Error> {
        let suites = self.shelf.reload(&self.store, now()).await;
        self.look_for_baselines().await;
        metrics::add(&metrics::list::RELOADS, &[if suites.is_ok() { "ok" } else { "failed" }], 1);
        suites
    }

    /// Has those baselines at hand that active suites name; those that the store does not give now come with the next
    /// look, and windows ask for theirs anyway.
    pub async fn look_for_baselines(&self) {
        let suites = self.shelf.now();
        let comparing = suites.active.values().filter(|it| it.loaded.plan.compares());
        let names = comparing.filter_map(|it| named(it)).map(str::to_owned).collect();
        if let Err(error) = self.baselines.look(&self.store, names).await {
            tracing::warn!(%error, "the baselines of the store cannot be read");
        }
    }

    /// Reads the configuration again; the settings that want a restart, or what is wrong with it.
    pub async fn reload_config(self: &Arc<Self>) -> Result<Vec<String>, String> {
        let app = Arc::clone(self);
        let reload = move || app.reloader.as_ref().map_or(Ok(Vec::new()), |it| it.reload(&app));
        tokio::task::spawn_blocking(reload).await.unwrap_or_else(|error| Err(error.to_string()))
    }

    /// Everything is loaded.
    pub fn get_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Relaxed);
    }

    /// Whether everything is loaded and nothing is stopping.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// What an `Idempotency-Key` means for a body.
    pub async fn key(self: &Arc<Self>, suite: &str, key: &str, body_hash: &str) -> Result<Keyed, crate::store::Error> {
        if !self.intake.is_recovered() {
            return Ok(Keyed::Early);
        }
        let place = (suite.to_owned(), key.to_owned());
        let oldest = now() - self.live().settings.key_window.as_micros() as i64;
        let known = {
            let mut keys = self.keys();
            keys.sweep(|| self.intake.committed());
            let known = keys.known.get(&place).filter(|it| !it.came_before(oldest)).cloned();
            if known.is_none() {
                keys.known.insert(place, Known::Running);
            }
            known
        };
        let judge = |row: KeyRow| if row.body_hash == body_hash { Keyed::Counted(row) } else { Keyed::Other };
        match known {
            Some(Known::Running) => return Ok(Keyed::Running),
            Some(Known::Counted(row, _)) => return Ok(judge(row)),
            None => {}
        }
        let reserved = Reserved {
            app: Some(Arc::clone(self)),
            suite: suite.to_owned(),
            key: key.to_owned(),
            body_hash: body_hash.to_owned(),
            came: now(),
        };
        match self.store.key(suite, key).await? {
            Some(row) if row.came >= oldest => Ok(judge(row)),
            _ => Ok(Keyed::New(reserved)),
        }
    }

    fn keys(&self) -> std::sync::MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reserved {
    /// The key as the journal takes it.
    pub fn note(&self) -> KeyNote {
        KeyNote { key: self.key.clone(), body_hash: self.body_hash.clone(), came: self.came }
    }

    /// The request was taken in, under a number of the intake.
    pub fn counted(mut self, number: u64, result_id: Uuid, at: Micros, suite_hash: &str) {
        let Some(app) = self.app.take() else { return };
        let row = KeyRow {
            suite: self.suite.clone(),
            key: self.key.clone(),
            body_hash: self.body_hash.clone(),
            result_id,
            at,
            suite_hash: suite_hash.to_owned(),
            came: self.came,
        };
        app.keys().known.insert((self.suite.clone(), self.key.clone()), Known::Counted(row, number));
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if let Some(app) = &self.app {
            app.keys().known.remove(&(self.suite.clone(), self.key.clone()));
        }
    }
}

/// The clock, in microseconds since 1970 UTC.
pub fn now() -> Micros {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_micros() as i64)
}
