//! `driftline backtest`: what a changed suite would have found in the windows that are stored.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args as ClapArgs;

use super::history::table;
use super::{CANNOT, Format, complain, say, stored};
use crate::config::{self, Config, Flag, Loaded};
use crate::history::time;
use crate::service::app::now;
use crate::service::backtest::{Asked, Backtest, Counts, Refused, Seen, run as play};
use crate::service::baselines::Baselines;
use crate::service::refused::Refused as NoSuite;
use crate::service::start::{shelf, window_settings};
use crate::store::Store;

/// Try a changed suite, and its triggers, on the windows that are stored.
///
/// Windows of the span are judged again as the changed suite says, in the order of their time, and held against what the
/// present suite found in them and the incidents that it had. What no window keeps is taken from the log of predictions,
/// where that kept the fields. Nothing is written. Reads the configuration of the service (see `driftline serve`); the
/// service need not run.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline backtest --suite new/payments.yaml --from 7d\n  driftline backtest --suite new.yaml --against payments --from 2024-05-01T00:00:00Z --to 2024-06-01T00:00:00Z --format json\n\nExit codes: 0; 3 bad usage or configuration, a suite with problems, no stored window of that time, or the store cannot be read."
)]
pub struct Args {
    /// The changed suite.
    #[arg(short = 'S', long, value_name = "FILE")]
    suite: PathBuf,
    /// Windows that begin from this time on: RFC 3339, or a span before now such as `7d`.
    #[arg(long, value_name = "TIME")]
    from: String,
    /// Windows that end by this time; default: now.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// The suite whose windows are stored; default: the one that is called as the file, or as the file says.
    #[arg(long, value_name = "NAME")]
    against: Option<String>,
    /// What the answer looks like.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    given: Stored,
}

/// Where the store is.
#[derive(ClapArgs, Debug)]
struct Stored {
    #[command(flatten)]
    config: super::config::ConfigArgs,
    /// The folder of suites, of which baselines are read.
    #[arg(long, value_name = "FOLDER")]
    suites: Option<String>,
    /// The folder of the journal, and of the SQLite file.
    #[arg(short, long, value_name = "FOLDER")]
    data: Option<String>,
    /// `postgres://...` or `sqlite:FILE`; rather `DRIFTLINE_DATABASE` when it holds a password.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

/// Changes that are shown of an expectation in text.
const SHOWN: usize = 10;

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let Stored { config, suites, data, database } = &args.given;
    let settings = [("suites", suites), ("data", data), ("database", database)];
    let flags = settings.into_iter().filter_map(|(path, it)| {
        let (name, path) = (format!("--{path}"), path.to_owned());
        Some(Flag { name, path, value: it.clone()? })
    });
    let config = match config::load(&config.sources(flags)) {
        Ok(Loaded { config, .. }) => config,
        Err(problems) => {
            complain(format_args!("{problems}"));
            return Ok(CANNOT);
        }
    };
    let now = now();
    let at = |name: &str, text: &str| {
        let why = || format!("--{name} {text}: it is a time such as 2024-05-01T12:00:00Z or a span such as 7d");
        time(text, now).with_context(why)
    };
    let from = at("from", &args.from)?;
    let to = args.to.as_deref().map_or(Ok(now), |it| at("to", it))?;
    if from >= to {
        bail!("--from {}: it is not before the end, {}", args.from, crate::wire::time(to));
    }
    // Judging blocks a thread for a while, which a runtime of one thread does not allow.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let Some(told) = runtime.block_on(backtest(args, &config, (from, to)))? else { return Ok(CANNOT) };
    say(|out| match args.format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &told)?;
            writeln!(out)
        }
        Format::Text => show(&told, out),
    })?;
    Ok(0)
}

/// What would have been; `None`: the suite has problems, which were told.
async fn backtest(args: &Args, config: &Config, (from, to): (i64, i64)) -> anyhow::Result<Option<Backtest>> {
    let store = stored::open(config).await?;
    let shelf = shelf(config, &store).await?;
    shelf.look_at_plugins().await.context("the plugins")?;
    let name = name(args, &store).await?;
    let new = match shelf.load(&name, &args.suite).await {
        Ok(it) => Arc::new(it),
        Err(NoSuite::Because(problems)) => {
            for it in problems {
                complain(format_args!("{}: {it}", args.suite.display()));
            }
            return Ok(None);
        }
        Err(NoSuite::Failed(why)) => bail!("{why}"),
        Err(why) => bail!("{}: {why:?}", args.suite.display()),
    };
    let baselines = Arc::new(Baselines::new(&config.suites));
    let settings = window_settings(config);
    let asked = Asked { store: &store, shelf: &shelf, baselines: &baselines, settings, new, from, to };
    let told = match play(&asked).await {
        Ok(it) => it,
        Err(Refused::Because(why)) => bail!("{why}"),
        Err(Refused::Store(error)) => return Err(error).context("the store"),
    };
    store.close().await;
    Ok(Some(told))
}

/// The suite whose windows are stored.
async fn name(args: &Args, store: &Store) -> anyhow::Result<String> {
    if let Some(name) = &args.against {
        if store.versions(name).await?.is_empty() {
            bail!("--against {name}: the store has no suite of this name");
        }
        return Ok(name.clone());
    }
    let of_file = |it: &Path| it.file_stem().map(|it| it.to_string_lossy().into_owned());
    let text = std::fs::read_to_string(&args.suite).with_context(|| args.suite.display().to_string())?;
    let own = driftline_rules::suite::read(&text).0.name;
    for name in [of_file(&args.suite), own].into_iter().flatten() {
        if !store.versions(&name).await?.is_empty() {
            return Ok(name);
        }
    }
    bail!("say against which suite, `--against NAME`: the store has none that is called as {}", args.suite.display())
}

fn alarms(it: &Counts) -> String {
    let error = if it.error > 0 { format!(", {} errors", it.error) } else { String::new() };
    format!("{} alarms of {} findings{error}", it.fail, it.pass + it.skip + it.fail + it.error)
}

/// As people read it: what it comes to first.
fn show(it: &Backtest, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Backtest of `{}`, {} to {}", it.suite, it.from, it.to)?;
    let segments =
        if it.segment_windows > 0 { format!(" and {} of segments", it.segment_windows) } else { String::new() };
    writeln!(
        out,
        "  {} windows{segments}, {} records, of {} stored versions",
        it.windows,
        it.records,
        it.versions.len()
    )?;
    writeln!(out, "  present suite: {}", alarms(&it.before))?;
    writeln!(out, "  changed suite: {}", alarms(&it.after))?;
    let n = |seen| it.incidents.iter().filter(|it| it.seen == seen).count();
    writeln!(
        out,
        "  incidents: {} of both, {} of the changed suite only, {} of the present one only",
        n(Seen::Both),
        n(Seen::NewOnly),
        n(Seen::PresentOnly)
    )?;
    if it.changes.is_empty() && n(Seen::NewOnly) + n(Seen::PresentOnly) == 0 {
        writeln!(out, "  nothing would have been otherwise")?;
    }
    if !it.incidents.is_empty() {
        writeln!(out, "\nIncidents")?;
        let opened = |it: &Option<crate::service::backtest::Episode>| match it {
            Some(it) => format!("{} ({})", it.opened, it.kind),
            None => "-".to_owned(),
        };
        let row = |it: &crate::service::backtest::Incident| {
            let reason = it.new.as_ref().or(it.present.as_ref()).map(|it| it.reason.clone());
            let key = if it.key.is_empty() { "all records".to_owned() } else { it.key.clone() };
            vec![it.trigger.clone(), key, opened(&it.present), opened(&it.new), reason.unwrap_or_default()]
        };
        let rows: Vec<_> = it.incidents.iter().map(row).collect();
        table(&["trigger", "of", "present", "changed", "why"], &rows, out)?;
    }
    let moved: Vec<_> = it.checks.iter().filter(|it| it.before != it.after).collect();
    if !moved.is_empty() {
        writeln!(out, "\nAlarms by expectation")?;
        let rows: Vec<_> = moved
            .iter()
            .map(|it| {
                let seen = match it.seen {
                    Seen::Both => "",
                    Seen::NewOnly => "new",
                    Seen::PresentOnly => "gone",
                };
                vec![it.check.clone(), it.before.fail.to_string(), it.after.fail.to_string(), seen.to_owned()]
            })
            .collect();
        table(&["expectation", "present", "changed", ""], &rows, out)?;
    }
    show_changes(it, out)?;
    show_needs(it, out)?;
    if !it.notes.is_empty() {
        writeln!(out, "\nNotes")?;
        it.notes.iter().try_for_each(|it| writeln!(out, "  {it}"))?;
    }
    Ok(())
}

/// The findings that end otherwise.
fn show_changes(it: &Backtest, out: &mut dyn Write) -> io::Result<()> {
    if !it.changes.is_empty() {
        writeln!(out, "\nFindings that end otherwise")?;
        let mut shown: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
        let mut rows = Vec::new();
        for change in &it.changes {
            let n = shown.entry(&change.check).or_default();
            *n += 1;
            if *n <= SHOWN {
                let word = |it: &Option<String>| it.clone().unwrap_or_else(|| "-".to_owned());
                let of = if change.segment.is_empty() { "all records" } else { &change.segment };
                let ends = format!("{} -> {}", word(&change.before), word(&change.after));
                rows.push(vec![
                    change.start.clone(),
                    change.length.clone(),
                    of.to_owned(),
                    change.check.clone(),
                    ends,
                    change.observed.clone().unwrap_or_default(),
                ]);
            }
        }
        table(&["window", "length", "of", "expectation", "ends", "observed"], &rows, out)?;
        for (check, n) in shown.into_iter().filter(|it| it.1 > SHOWN) {
            writeln!(out, "  and {} more of `{check}`; `--format json` has all", n - SHOWN)?;
        }
    }
    Ok(())
}

/// The expectations that stored windows cannot answer.
fn show_needs(it: &Backtest, out: &mut dyn Write) -> io::Result<()> {
    if !it.needs_records.is_empty() {
        writeln!(out, "\nNot all could be judged")?;
        for it in &it.needs_records {
            write!(out, "  {} needs records: {}", it.check, it.why)?;
            if let Some(sample) = it.sample {
                let share = (sample * 1000.0).round() / 10.0;
                write!(
                    out,
                    "; the log of predictions answered it for {} windows, of {share} % of their records",
                    it.windows_by_log
                )?;
            }
            if it.windows > 0 {
                write!(out, "; {} windows were not judged", it.windows)?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}
