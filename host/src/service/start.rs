//! Starting and stopping: everything the service is made of, in one function each.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tracing::{error, info, warn};

use super::app::{App, Live, Recorded, Settings, now};
use super::registry::Registry;
use super::reload::Reloader;
use super::shelf::Shelf;
use super::{batch, closing, deciding, delivering, gauges, joining, retrain, version};
use crate::actions::Actions;
use crate::config::{self, Config};
use crate::http::{Listening, bind, listen};
use crate::intake::{self, Intake};
use crate::plugins::{self, Blobs, Cache, Registries, Runtime};
use crate::redact::redacted;
use crate::store::{self, Store};
use crate::tokens::Tokens;

/// The longest time that a start waits for what metrics tell of the store.
const FIRST_LOOK: Duration = Duration::from_secs(3);

/// A service that runs.
pub struct Running {
    /// What its handlers see.
    pub app: Arc<App>,
    /// Where it listens.
    pub address: SocketAddr,
    listening: Listening,
    flush: JoinHandle<()>,
    deliver: JoinHandle<()>,
    stop_delivering: watch::Sender<bool>,
    others: Vec<JoinHandle<()>>,
    grace: Duration,
}

/// Starts the service. It answers when this returns.
/// `reloader` reads the configuration again when it is asked to.
pub async fn start(config: &Config, reloader: Option<Reloader>) -> anyhow::Result<Running> {
    fs::create_dir_all(&config.data).with_context(|| format!("the data folder {}", config.data.display()))?;
    may_listen(config, config.listen)?;
    let socket = bind(config.listen)?;
    let store = open_store(config).await?;
    let intake = Intake::open(&config.data.join("journal"), intake_limits(config)).context("the journal")?;
    let shelf = shelf(config, &store).await?;
    let app = App::new(Live::new(config)?, shelf, Arc::clone(&intake), store.clone(), reloader);
    if let Err(error) = app.reload().await {
        warn!(%error, "the suites of the store cannot be read; those of the folder are active");
    }
    let windows = window_settings(config);
    let sum_up = closing::sum_up(&app, windows);
    let flush = tokio::spawn(Arc::clone(&intake).run(store.clone(), sum_up));
    let (stop_delivering, stopped) = watch::channel(false);
    let deliver = tokio::spawn(delivering::run(Arc::clone(&app), stopped));
    let mut others = vec![
        tokio::spawn(watch(Arc::clone(&app), config.reload.poll.duration())),
        tokio::spawn(closing::run(Arc::clone(&app), windows)),
        tokio::spawn(joining::run(Arc::clone(&app))),
        tokio::spawn(retrain::run(Arc::clone(&app))),
        tokio::spawn(deciding::run(Arc::clone(&app))),
        tokio::spawn(prune(Arc::clone(&app), config.retention.every.duration())),
    ];
    // What the store knows is there from the first scrape on; a store that does not answer is no reason to wait for long.
    let mut reader = gauges::Reader::default();
    if timeout(FIRST_LOOK, reader.look(&app)).await.is_err() {
        warn!("what metrics tell of the store is not known yet");
    }
    others.push(tokio::spawn(gauges::run(Arc::clone(&app), reader)));
    let listening = listen(Arc::clone(&app), socket, config.limits.idle_timeout.duration(), config.tls_files()).await?;
    let address = listening.address;
    app.get_ready(true);
    let suites = app.shelf.now();
    info!(%address, suites = suites.active.len(), broken = suites.broken.len(), "ready");
    Ok(Running {
        app,
        address,
        listening,
        flush,
        deliver,
        stop_delivering,
        others,
        grace: config.stop.grace.duration(),
    })
}

/// A shelf with nothing on it yet.
pub async fn shelf(config: &Config, store: &Store) -> anyhow::Result<Shelf> {
    Ok(Shelf::new(&config.suites, suite_settings(config, store).await?, registry(config, store)?))
}

impl Running {
    /// Lets running requests end, stores what waits, closes the store.
    pub async fn stop(self) -> anyhow::Result<()> {
        info!("stopping");
        self.app.get_ready(false);
        self.others.iter().for_each(JoinHandle::abort);
        let _ = self.stop_delivering.send(true);
        let until = Instant::now() + self.grace;
        let served = self.listening.stop(self.grace).await;
        self.app.intake.stop();
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_secs(2));
        if timeout(left, self.flush).await.is_err() {
            warn!("the store did not take all in time; the journal keeps the rest");
        }
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_secs(2));
        let mut deliver = self.deliver;
        if timeout(left, &mut deliver).await.is_err() {
            deliver.abort();
            warn!("notices were being sent; they are sent again after the next start");
        }
        self.app.store.close().await;
        info!("stopped");
        served
    }
}

/// Waits for a store that is not there yet, as when everything starts at once.
async fn open_store(config: &Config) -> anyhow::Result<Store> {
    let url = config.database_url();
    let options = store::Options {
        max_connections: config.store.max_connections,
        acquire_timeout: config.store.acquire_timeout.duration(),
        migrate: config.store.migrate,
    };
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        match Store::open(&url, &options).await {
            Ok(it) => return Ok(it),
            Err(error) if error.is_transient() && Instant::now() < until => {
                warn!(%error, "the store cannot be reached yet; trying again");
                sleep(Duration::from_secs(1)).await;
            }
            Err(error) => return Err(error).with_context(|| format!("the store {}", redacted(&url))),
        }
    }
}

fn intake_limits(config: &Config) -> intake::Limits {
    intake::Limits {
        flush_every: config.intake.flush_every.duration(),
        flush_outcomes: config.intake.flush_outcomes as usize,
        pending: config.intake.pending_max.in_memory(),
        journal: config.journal.max.bytes(),
        segment: config.journal.segment_max.bytes(),
        labels: config.intake.labels_max as usize,
        sync: match config.journal.sync {
            config::Sync::Never => intake::Sync::Never,
            config::Sync::Interval => intake::Sync::Every(config.journal.sync_interval.duration()),
            config::Sync::Each => intake::Sync::Each,
        },
    }
}

/// Without tokens anyone who reaches the service may do anything, so only this machine may reach it.
pub(super) fn may_listen(config: &Config, address: SocketAddr) -> anyhow::Result<()> {
    if config.tokens.is_empty() && !address.ip().is_loopback() && !config.insecure {
        bail!(
            "without `tokens` the service listens on loopback only, and `listen` is {address}: configure a token (`driftline token new NAME`), or say `insecure: true`"
        );
    }
    Ok(())
}

impl Live {
    /// What a configuration says.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let actions = Actions::new(&config.actions, config.public_url.as_deref()).map_err(|all| {
            anyhow::anyhow!("actions: {}", all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        })?;
        Ok(Live {
            settings: app_settings(config),
            actions: Arc::new(actions),
            tokens: (!config.tokens.is_empty()).then(|| Arc::new(Tokens::new(&config.tokens))),
            retention: config.rows_kept(),
        })
    }
}

fn app_settings(config: &Config) -> Settings {
    let limits = &config.limits;
    Settings {
        batch: batch::Limits {
            record: limits.record.in_memory(),
            body: limits.body.bytes(),
            records: limits.batch_records,
            failures: match config.results.record {
                config::Record::None => 0,
                _ => u64::from(config.results.failures_per_request),
            },
            time: limits.request_timeout.duration(),
        },
        suite: limits.suite.in_memory(),
        labels: limits.labels.bytes(),
        baseline: limits.baseline.in_memory(),
        concurrency: limits.concurrency as usize,
        read_timeout: limits.read_timeout.duration(),
        store_timeout: limits.store_timeout.duration(),
        recorded: match config.results.record {
            config::Record::Failures => Recorded::Failures,
            config::Record::All => Recorded::All,
            config::Record::None => Recorded::None,
        },
        sample: config.results.sample,
        key_window: config.idempotency.window.duration(),
        metrics_public: config.metrics.public,
        metrics_refresh: config.metrics.refresh.duration(),
        metrics_series: config.metrics.max_series as usize,
    }
}

/// What a configuration says of windows.
pub fn window_settings(config: &Config) -> closing::Settings {
    closing::Settings {
        grace: config.windows.grace.duration(),
        revise_every: config.windows.revise_every.duration(),
        exact_values: config.windows.exact_values as usize,
        segment_values: config.windows.segment_values as usize,
        segment_passes: config.windows.segment_passes as usize,
    }
}

async fn suite_settings(config: &Config, store: &Store) -> anyhow::Result<version::Settings> {
    let privacy_key = match &config.results.privacy_key {
        Some(key) => key.reveal().as_bytes().to_vec(),
        None => own_key(&config.data)?,
    };
    let no_hashes = disagreement(store, &privacy_key, config.results.privacy_key.is_some()).await?;
    if let Some(why) = &no_hashes {
        warn!("suites that hash values are left out: {why}");
    }
    Ok(version::Settings {
        telling: config.results.privacy.into(),
        privacy_key,
        no_hashes,
        depth: config.limits.depth as usize,
        exact_values: config.windows.exact_values as usize,
        segments: config.windows.segments as usize,
        patience: micros(config.windows.grace.duration()),
        ahead: micros(config.windows.ahead.duration()),
    })
}

fn micros(it: Duration) -> i64 {
    i64::try_from(it.as_micros()).unwrap_or(i64::MAX)
}

/// Hosts that share a database must hash with one key, or equal values would count as different ones. Whoever
/// configures a key may change it for all; one that a host made for itself is no reason to.
async fn disagreement(store: &Store, key: &[u8], is_configured: bool) -> anyhow::Result<Option<String>> {
    const NAME: &str = "digest of the key of hashes";
    let digest =
        crate::suites::hex(&Sha256::new().chain_update("driftline key of hashes\0").chain_update(key).finalize());
    let agreed = store.agree(NAME, &digest).await?;
    if agreed == digest {
        return Ok(None);
    }
    if is_configured {
        warn!(
            "`results.privacy_key` is another one than before: values hashed from now on equal none that were hashed earlier"
        );
        store.agree_anew(NAME, &digest).await?;
        return Ok(None);
    }
    Ok(Some(
        "values in this database were hashed with another key than that of this host's data folder: set \
         `results.privacy_key` to the same on all hosts"
            .to_owned(),
    ))
}

/// Where suites find their plugins.
fn registry(config: &Config, store: &Store) -> anyhow::Result<Arc<Registry>> {
    let said = |it: String| anyhow::anyhow!(it);
    let plugins = &config.plugins;
    let runtime = Runtime::new(plugins.limits(), plugins.instances).map_err(said)?;
    let folder = plugins.cache(&config.data);
    let cache = Cache::open(&folder).map_err(said)?;
    let blobs = Blobs::open(&folder.join("fetched"), plugins.cache_max.bytes()).map_err(said)?;
    let network = Registries::new(blobs, plugins.component.bytes(), plugins.plain_http.clone());
    let trust = plugins.trust().map_err(|it| anyhow::anyhow!("plugins.keys: {it}"))?;
    let shelf = plugins::Shelf::new(runtime, Some(cache), trust, None);
    Ok(Registry::new(shelf, &plugins.folder, network, plugins.registries.clone(), store.clone()))
}

/// The key of hashes that nobody configured: made once, and kept beside the data.
fn own_key(data: &Path) -> anyhow::Result<Vec<u8>> {
    let path = data.join("privacy.key");
    match fs::read(&path) {
        Ok(key) => return Ok(key),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("the key {}", path.display())),
    }
    let key = crate::tokens::fresh().context("the system gives no random bytes")?.into_bytes();
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&path).and_then(|mut file| io::Write::write_all(&mut file, &key));
    written.with_context(|| format!("the key {}", path.display()))?;
    Ok(key)
}

/// Reads the suites again when their folder changes, or another host has put one into the store; and the
/// configuration when its file changes.
async fn watch(app: Arc<App>, period: Duration) {
    let look = async || {
        let app = Arc::clone(&app);
        let look = move || (app.shelf.fingerprint(), app.reloader.as_ref().and_then(Reloader::fingerprint));
        tokio::task::spawn_blocking(look).await.unwrap_or_default()
    };
    let (mut seen, mut config_seen) = look().await;
    let mut looked = Instant::now();
    loop {
        sleep(period).await;
        let (now_seen, config_now) = look().await;
        if config_now != config_seen {
            config_seen = config_now;
            // What is wrong with it was logged.
            let _ = app.reload_config().await;
        }
        // The store is asked less often: most of its changes come through this service.
        if now_seen == seen && looked.elapsed() < Duration::from_secs(15) {
            continue;
        }
        looked = Instant::now();
        seen = now_seen;
        if let Err(error) = app.reload().await {
            warn!(%error, "the suites of the store cannot be read");
        }
    }
}

/// Removes what is older than it is kept.
async fn prune(app: Arc<App>, period: Duration) {
    loop {
        let retention = app.live().retention;
        match app.store.prune(now(), &retention).await {
            Ok(pruned) => info!(?pruned, "old rows are removed"),
            Err(error) => error!(%error, "old rows cannot be removed"),
        }
        sleep(period).await;
    }
}
