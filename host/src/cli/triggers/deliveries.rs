//! `driftline triggers deliveries`: notices and what became of them.

use clap::{Args as ClapArgs, ValueEnum};
use uuid::Uuid;

use crate::cli::history::table;
use crate::cli::serve::Given;
use crate::cli::stored;
use crate::cli::{CANNOT, say};
use crate::config::Loaded;
use crate::store::outbox::Wanted;
use crate::wire::DeliveryOut;

/// List notices to actions and what became of them, the last written first.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline triggers deliveries --state dead\n  driftline triggers deliveries --action pager --format json\n\nExit codes: 0; 3 bad usage or configuration, or the store cannot be read."
)]
pub struct Args {
    /// Only those that wait, were delivered, were given up, or are none that the action takes.
    #[arg(long, value_enum, value_name = "STATE")]
    state: Option<State>,
    /// Only those to this action.
    #[arg(long, value_name = "NAME")]
    action: Option<String>,
    /// Only those of this incident.
    #[arg(long, value_name = "ID")]
    incident: Option<Uuid>,
    /// Only those of this suite.
    #[arg(long, value_name = "NAME")]
    suite: Option<String>,
    /// How many rows.
    #[arg(short = 'n', long, default_value_t = 20)]
    limit: u32,
    /// What the answer looks like.
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    given: Given,
}

/// What became of a notice.
#[derive(ValueEnum, Clone, Copy, Debug)]
enum State {
    /// It waits, or is being sent.
    Pending,
    /// The receiver has it.
    Delivered,
    /// It was given up.
    Dead,
    /// The action does not take it.
    Skipped,
}

/// A format of the answer.
#[derive(ValueEnum, Clone, Copy, Debug)]
enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let Some(Loaded { config, .. }) = args.given.load() else { return Ok(CANNOT) };
    let state = args.state.map(|it| {
        match it {
            State::Pending => "pending",
            State::Delivered => "delivered",
            State::Dead => "dead",
            State::Skipped => "skipped",
        }
        .to_owned()
    });
    let wanted = Wanted { state, action: args.action.clone(), incident: args.incident, suite: args.suite.clone() };
    let rows = stored::with(&config, async |store| Ok(store.deliveries(&wanted, None, args.limit).await?))?;
    let rows: Vec<DeliveryOut> = rows.into_iter().map(Into::into).collect();
    let cells = |it: &DeliveryOut| {
        vec![
            it.at.clone(),
            it.suite.clone(),
            it.trigger.clone(),
            it.action.clone(),
            it.kind.clone(),
            it.state.clone(),
            it.tries.to_string(),
            it.id.to_string(),
            it.last_error.clone().unwrap_or_else(|| "-".to_owned()),
        ]
    };
    let head = ["TIME", "SUITE", "TRIGGER", "ACTION", "TYPE", "STATE", "TRIES", "ID", "ERROR"];
    say(|out| match args.format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &rows)?;
            writeln!(out)
        }
        Format::Table => table(&head, &rows.iter().map(cells).collect::<Vec<_>>(), out),
    })?;
    Ok(0)
}
