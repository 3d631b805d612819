//! `driftline serve`: the service, until it is told to stop.

use std::sync::Arc;
use std::time::Duration;

use clap::Args as ClapArgs;
use tracing::{info, warn};

use super::config::ConfigArgs;
use super::{CANNOT, complain};
use crate::config::{self, Config, Flag, Loaded, LogLevel, Sources};
use crate::service::metrics::gather;
use crate::service::reload::Reloader;
use crate::service::start::{Running, start};
use crate::telemetry::{Telemetry, lines};

/// Time that a collector has to take what is left when the service stops.
const LAST: Duration = Duration::from_secs(5);

/// Check inference records over HTTP, and keep what failed.
///
/// Without configuration: suites from `./suites`, results in a SQLite file in `./driftline-data`, port 8080
/// on loopback. Settings come from `driftline.yaml`, then `DRIFTLINE_*` variables, then these options;
/// `driftline config show` prints them all.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline serve\n  driftline serve --suites ./suites --database postgres://driftline@db/driftline\n  curl -s localhost:8080/v1/suites/payments/check -d '{\"amount\": 12.5}'\n\nSIGTERM and Ctrl-C stop it when running requests are answered and all results are stored; SIGHUP reads configuration and suites again.\nThe API is described at /docs and /openapi.json.\n\nExit codes: 0 it was stopped; 3 bad usage or configuration, or it could not start."
)]
pub struct Args {
    #[command(flatten)]
    given: Given,
}

/// Settings that are given as options.
#[derive(ClapArgs, Debug)]
pub struct Given {
    #[command(flatten)]
    config: ConfigArgs,
    /// Address and port.
    #[arg(short, long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The folder of suites.
    #[arg(short, long, value_name = "FOLDER")]
    suites: Option<String>,
    /// The folder of the journal, and of the SQLite file.
    #[arg(short, long, value_name = "FOLDER")]
    data: Option<String>,
    /// `postgres://...` or `sqlite:FILE`; rather `DRIFTLINE_DATABASE` when it holds a password, since options can be seen by all users of a machine.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Listen beyond loopback though there are no tokens.
    #[arg(long)]
    insecure: bool,
}

impl Given {
    /// Where settings come from.
    pub fn sources(&self) -> Sources {
        let all =
            [("listen", &self.listen), ("suites", &self.suites), ("data", &self.data), ("database", &self.database)];
        let flag = |path: &str, value: &str| Flag {
            name: format!("--{path}"),
            path: path.to_owned(),
            value: value.to_owned(),
        };
        let mut flags: Vec<_> = all.into_iter().filter_map(|(path, it)| Some(flag(path, it.as_deref()?))).collect();
        if self.insecure {
            flags.push(flag("insecure", "true"));
        }
        self.config.sources(flags)
    }

    /// The configuration; `None` when it has problems, which were told.
    pub fn load(&self) -> Option<Loaded> {
        match config::load(&self.sources()) {
            Ok(loaded) => Some(loaded),
            Err(problems) => {
                complain(format_args!("{problems}"));
                None
            }
        }
    }
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let Some(Loaded { config, file, .. }) = args.given.load() else { return Ok(CANNOT) };
    log(&config);
    let reloader = Reloader::new(args.given.sources(), file, config.clone());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut signals = Signals::new()?;
        let mut telemetry = Telemetry::begin();
        let running = tokio::select! {
            it = start(&config, Some(reloader)) => it?,
            // Whoever waits for a store that does not come may be stopped as well.
            () = signals.stop() => return Ok(()),
        };
        telemetry.send_metrics({
            let app = Arc::clone(&running.app);
            Arc::new(move || gather(&app))
        });
        signals.stop_of(&running).await;
        let stopped = running.stop().await;
        telemetry.stop(LAST).await;
        stopped
    })?;
    Ok(0)
}

/// Lines of the log go to standard error.
pub fn log(config: &Config) {
    use std::io::IsTerminal as _;
    let level = match config.log.level {
        LogLevel::Error => tracing::Level::ERROR,
        LogLevel::Warn => tracing::Level::WARN,
        LogLevel::Info => tracing::Level::INFO,
        LogLevel::Debug => tracing::Level::DEBUG,
        LogLevel::Trace => tracing::Level::TRACE,
    };
    let text = match config.log.format {
        config::LogFormat::Text => true,
        config::LogFormat::Json => false,
        config::LogFormat::Auto => std::io::stderr().is_terminal(),
    };
    let output = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr);
    // A program that embeds the service may have set its own.
    let _ = if text {
        // As the subscriber decides, which does not tell it to the form of its lines.
        let colours = std::env::var("NO_COLOR").map_or(true, |it| it.is_empty());
        let output = output.with_ansi(colours).map_event_format(|it| lines::text(it.with_ansi(colours)));
        tracing::subscriber::set_global_default(output.finish())
    } else {
        tracing::subscriber::set_global_default(
            output.json().flatten_event(true).map_event_format(lines::json).finish(),
        )
    };
}

/// What the service is told by signals.
#[cfg(unix)]
pub struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Listens from now on: before the service answers, so that no signal meets nobody.
    pub fn new() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for SIGTERM or Ctrl-C.
    pub async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// The same; SIGHUP reads configuration and suites again.
    pub async fn stop_of(&mut self, running: &Running) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => {
                    info!("SIGHUP: reading configuration and suites again");
                    let app = &running.app;
                    // What is wrong with it was logged.
                    let _ = app.reload_config().await;
                    if let Err(error) = app.reload().await {
                        warn!(%error, "the suites of the store cannot be read");
                    }
                }
            }
        }
    }
}

/// What the service is told by signals.
#[cfg(not(unix))]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Listens from now on.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Signals)
    }

    /// Waits for Ctrl-C.
    pub async fn stop(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }

    /// The same.
    pub async fn stop_of(&mut self, _: &Running) {
        self.stop().await;
    }
}
