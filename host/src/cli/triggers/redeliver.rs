//! `driftline triggers redeliver`: notices are sent again.

use clap::{ArgGroup, Args as ClapArgs};
use uuid::Uuid;

use crate::cli::serve::Given;
use crate::cli::stored;
use crate::cli::{CANNOT, say};
use crate::config::Loaded;
use crate::service::app::now;
use crate::store::outbox::Which;

/// Let notices be sent again, with as many tries as new ones and the same idempotency keys.
#[derive(ClapArgs, Debug)]
#[command(
    group = ArgGroup::new("which").required(true),
    after_help = "Examples:\n  driftline triggers redeliver --dead\n  driftline triggers redeliver --action pager\n  driftline triggers redeliver --id 0199d2a4-8c5e-7a51-b0d3-2f1c6a7e9b10\n\nExit codes: 0; 1 there is nothing to send again; 3 bad usage or configuration, or the store cannot be written."
)]
pub struct Args {
    /// This one, whatever became of it; but not while it is being sent.
    #[arg(long, value_name = "ID", group = "which")]
    id: Option<Uuid>,
    /// All that were given up.
    #[arg(long, group = "which")]
    dead: bool,
    /// Those to this action that were given up.
    #[arg(long, value_name = "NAME", group = "which")]
    action: Option<String>,
    #[command(flatten)]
    given: Given,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let Some(Loaded { config, .. }) = args.given.load() else { return Ok(CANNOT) };
    let which = match (args.id, &args.action) {
        (Some(id), _) => Which::Id(id),
        (None, Some(action)) => Which::DeadOf(action.clone()),
        (None, None) => Which::Dead,
    };
    let n = stored::with(&config, async |store| Ok(store.redeliver(&which, now()).await?))?;
    say(|out| match n {
        0 => writeln!(out, "nothing to send again"),
        1 => writeln!(out, "1 notice is sent again"),
        n => writeln!(out, "{n} notices are sent again"),
    })?;
    Ok(u8::from(n == 0))
}
