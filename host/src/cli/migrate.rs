//! `driftline migrate`: the tables of the store, brought up to date.

use anyhow::Context as _;
use clap::Args as ClapArgs;

use super::serve::Given;
use super::{CANNOT, say};
use crate::config::Loaded;
use crate::store::{Options, Store};

/// Make the tables of the store, or bring older ones up to date.
///
/// `driftline serve` does so by itself when it starts, unless `store.migrate: false` says that somebody else
/// does. Several may run at once: they wait for each other.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline migrate\n  DRIFTLINE_DATABASE=postgres://owner:...@db/driftline driftline migrate\n\nExit codes: 0 the tables are up to date; 3 bad usage or configuration, or the store cannot be reached."
)]
pub struct Args {
    #[command(flatten)]
    given: Given,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let Some(Loaded { config, .. }) = args.given.load() else { return Ok(CANNOT) };
    std::fs::create_dir_all(&config.data).with_context(|| format!("the data folder {}", config.data.display()))?;
    let options =
        Options { max_connections: 1, acquire_timeout: config.store.acquire_timeout.duration(), migrate: true };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let version = runtime.block_on(async {
        let store = Store::open(&config.database_url(), &options).await.context("the store")?;
        let version = store.schema_version().await?;
        store.close().await;
        anyhow::Ok(version)
    })?;
    say(|out| writeln!(out, "the tables are of version {version}"))?;
    Ok(0)
}
