//! `driftline report`: what happened in a span of time, for people and programs.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow, bail};
use clap::Args as ClapArgs;

use super::serve::Given;
use super::{CANNOT, say, stored};
use crate::config::{Config, Loaded};
use crate::history::time;
use crate::service::app::now;
use crate::service::baselines::Baselines;
use crate::service::comparing::named;
use crate::service::reporting::{Asked, From, gather, is_known};
use crate::span_report::{ReportFormat, write};
use crate::store::rows::Micros;

/// Write a report of a span of time: what failed, drift, quality, incidents, where the data came from.
///
/// HTML is one page that opens without a network and holds its plots; Markdown and JSON say the same. Reads the store of
/// the configuration (see `driftline serve`), and the suites from their folder or the store; the service need not run.
/// `docs/reports.md` says what is in it, and how to have one each morning.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline report --from 24h --output today.html\n  driftline report --from 2026-07-01 --to 2026-07-08 --suite intents --format md\n  driftline report --from 7d --format json | jq '.failures[].check'\n\nExit codes: 0; 3 bad usage or configuration, there is no such suite, or the store cannot be read."
)]
pub struct Args {
    /// The start of the span: RFC 3339, a date, or a span before now such as `24h`.
    #[arg(long, value_name = "TIME", default_value = "24h")]
    from: String,
    /// Its end; default: now.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Only of this suite.
    #[arg(long, value_name = "NAME")]
    suite: Option<String>,
    /// What the report looks like.
    #[arg(short, long, value_enum, default_value_t)]
    format: ReportFormat,
    /// Write the report to a file.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    given: Given,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let Some(Loaded { config, .. }) = args.given.load() else { return Ok(CANNOT) };
    let text = stored::block_on(make(args, &config))?;
    match &args.output {
        Some(path) => std::fs::write(path, text).with_context(|| format!("{}", path.display()))?,
        None => say(|out| out.write_all(text.as_bytes()))?,
    }
    Ok(0)
}

fn at(name: &str, given: &str) -> anyhow::Result<Micros> {
    time(given, now())
        .ok_or_else(|| anyhow!("--{name} {given}: neither a time such as 2026-07-01T12:00:00Z nor a span such as 24h"))
}

async fn make(args: &Args, config: &Config) -> anyhow::Result<String> {
    let to = args.to.as_deref().map(|it| at("to", it)).transpose()?.unwrap_or_else(now);
    let asked = Asked::new(at("from", &args.from)?, to, args.suite.clone(), now()).map_err(|it| anyhow!(it))?;
    let (store, shelf) = stored::open_with_suites(config).await?;
    let suites = shelf.now();
    let baselines = std::sync::Arc::new(Baselines::new(&config.suites));
    let names = suites.active.values().filter_map(|it| named(it)).map(str::to_owned).collect();
    baselines.look(&store, names).await.context("the baselines")?;
    let public_url = config.public_url.as_deref().unwrap_or_default().trim_end_matches('/');
    let from = From { store: &store, active: &suites.active, baselines: &baselines, public_url };
    if let Some(suite) = &asked.span.suite
        && !is_known(from, suite).await?
    {
        bail!("there is no suite `{suite}`; `driftline history` shows what was checked");
    }
    let report = gather(from, &asked).await?;
    let text = write(&report, args.format).map_err(|it| anyhow!("the report: {it}"))?;
    store.close().await;
    Ok(text)
}
