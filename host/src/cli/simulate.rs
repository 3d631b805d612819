//! `driftline simulate`: a scenario from end to end, in virtual time, against a real service.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use clap::{Args as ClapArgs, ValueEnum};
use serde_json::json;

use super::say;
use super::serve::log;
use crate::config::{Config, LogLevel, Span};
use crate::demo::degradation::{Mend, NAME, Outcome, SUITE, Stage, play};
use crate::http::receive;
use crate::service::start::start;

/// When the play begins, by the time of its records.
const BEGIN: &str = "2025-03-04T09:00:00Z";
/// What actions are signed with.
const KEY: &str = "the key of the simulation";

/// Play a scenario from end to end against a service of its own, and prove each number of it.
///
/// `degradation`: a model is right in 96 % of all cases; a feature changes its scale, and 88 % are left; drift and drop
/// are found, put down to the feature, and a trigger asks a person, who has the model rolled back; the incident is closed
/// when 96 % are seen again. Three hours are played in the time of the records, in less than a minute.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline simulate degradation\n  driftline simulate degradation --mend retrain --seed 3 --format json\n  driftline simulate degradation --keep played && driftline history windows --data played/data\n\nExit codes: 0 everything came as wanted; 1 something did not; 3 it could not be played."
)]
pub struct Args {
    /// What is played.
    #[arg(value_enum)]
    scenario: Scenario,
    /// Plays other orders.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// What is done about the loss.
    #[arg(long, value_enum, default_value_t = Mend::Rollback, value_name = "HOW")]
    mend: Mend,
    /// Database (`postgres://..` or `sqlite:FILE`), instead of a temporary one; the suite and the model then have the
    /// time in their names.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// New folder in which suite, journal and database are left.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Virtual seconds in a second, at most; without it, as fast as the service goes.
    #[arg(long, value_name = "NUMBER", value_parser = speed)]
    speed: Option<f64>,
    /// The story and the table, or how it ended as JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What can be played.
#[derive(ValueEnum, Clone, Copy, Debug)]
enum Scenario {
    /// A feature changes its scale.
    Degradation,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    Json,
}

/// A number of virtual seconds; at one the play takes as long as it says.
fn speed(text: &str) -> Result<f64, String> {
    let it = text.parse::<f64>().ok().filter(|it| (1.0..=1e9).contains(it));
    it.ok_or_else(|| "a number from 1 to 1000000000 is expected".to_owned())
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let Scenario::Degradation = args.scenario;
    let temporary = tempfile::tempdir().context("a temporary folder")?;
    if let Some(folder) = &args.keep {
        let is_used = fs::read_dir(folder).is_ok_and(|mut it| it.next().is_some());
        if is_used {
            bail!("--keep {}: the folder is not empty; name a new one", folder.display());
        }
        fs::create_dir_all(folder).with_context(|| format!("--keep {}", folder.display()))?;
    }
    let room = args.keep.as_deref().unwrap_or_else(|| temporary.path());
    // A database may hold what was played before.
    let name = match &args.database {
        Some(_) => format!("{NAME}-{}", Utc::now().format("%Y%m%d%H%M%S")),
        None => NAME.to_owned(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(played(args, room, &name))?;
    let holds = outcome.holds();
    say(|out| {
        if args.format == Format::Json {
            let mut all = json!(outcome);
            all["seed"] = json!(args.seed);
            all["holds"] = json!(holds);
            return writeln!(out, "{all:#}");
        }
        writeln!(out)?;
        outcome.write(out)?;
        writeln!(out, "\n{}", if holds { "Everything came as wanted." } else { "Not everything came as wanted." })?;
        if let Some(folder) = &args.keep {
            let data = folder.join("data");
            writeln!(out, "\nTo look at it:  driftline triggers show {} --data {}", outcome.incident, data.display())?;
        }
        Ok(())
    })?;
    Ok(u8::from(!holds))
}

/// Starts a service and a receiver of its actions, and plays.
async fn played(args: &Args, room: &Path, name: &str) -> anyhow::Result<Outcome> {
    let (sender, came) = mpsc::channel();
    let (receiver, receiving) = receive(sender).await?;
    let suites = room.join("suites");
    fs::create_dir_all(&suites).with_context(|| suites.display().to_string())?;
    fs::write(suites.join(format!("{name}.yaml")), SUITE)?;
    let mut config = configured(receiver, args.database.as_deref())?;
    config.data = room.join("data");
    config.suites = suites;
    log(&config);
    let running = start(&config, None).await?;
    let url = format!("http://{}", running.address);
    let begin: DateTime<Utc> = BEGIN.parse()?;
    let stage = Stage::new(name, args.seed, begin, args.speed);
    let (mend, is_told) = (args.mend, args.format == Format::Text);
    let playing = tokio::task::spawn_blocking(move || {
        let mut out: Box<dyn Write> = if is_told { Box::new(std::io::stdout()) } else { Box::new(std::io::sink()) };
        play(stage, &url, &came, KEY, mend, &mut *out)
    });
    let outcome = playing.await?;
    running.stop().await?;
    receiving.abort();
    outcome
}

/// The service of the play: it judges at once, and keeps what is of the past.
fn configured(receiver: SocketAddr, database: Option<&str>) -> anyhow::Result<Config> {
    let mut config = Config::default();
    config.listen.set_port(0);
    config.log.level = LogLevel::Warn;
    config.windows.grace = Span::millis(1);
    config.windows.revise_every = Span::millis(1);
    let kept = &mut config.retention;
    (kept.results, kept.failures, kept.tallies) = (None, None, None);
    (kept.windows, kept.predictions, kept.deliveries) = (None, None, None);
    config.database = database.map(|it| serde_json::from_value(json!(it))).transpose()?;
    // One that runs when a person has approved, and one that tells the person of every step.
    config.actions = serde_json::from_value(json!([
        { "name": "mend", "type": "webhook", "url": format!("http://{receiver}/mend"), "secret": KEY, "allow_private": true, "on": ["fired"] },
        { "name": "on-call", "type": "webhook", "url": format!("http://{receiver}/on-call"), "secret": KEY, "allow_private": true },
    ]))?;
    Ok(config)
}
