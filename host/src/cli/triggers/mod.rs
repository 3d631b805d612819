//! `driftline triggers`: what triggers told other systems, from the store.

mod deliveries;
mod redeliver;
mod template;

use anyhow::Context as _;
use clap::{Args as ClapArgs, Subcommand};

use crate::config::Config;
use crate::store::{Options, Store};

/// What triggers told other systems, and sending it again.
///
/// Reads the store of the configuration (see `driftline serve`); the service need not run, but it is the service that
/// sends.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline triggers deliveries --state dead\n  driftline triggers redeliver --dead\n  driftline triggers template slack > slack.jinja\n\nExit codes: 0; 1 there is nothing to send again; 3 bad usage or configuration, or the store cannot be read."
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Deliveries(deliveries::Args),
    Redeliver(redeliver::Args),
    Template(template::Args),
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    match &args.command {
        Command::Deliveries(args) => deliveries::run(args),
        Command::Redeliver(args) => redeliver::run(args),
        Command::Template(args) => template::run(args),
    }
}

/// Does something with the store of a configuration.
fn with_store<T>(config: &Config, work: impl AsyncFnOnce(Store) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let options = Options {
        max_connections: 2,
        acquire_timeout: config.store.acquire_timeout.duration(),
        // Neither looking nor sending again changes the tables.
        migrate: false,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { work(Store::open(&config.database_url(), &options).await.context("the store")?).await })
}
