//! `driftline triggers`: incidents, what is decided about them, and what other systems were told of them.

mod decide;
mod deliveries;
mod list;
mod redeliver;
mod show;
mod template;

use clap::{Args as ClapArgs, Subcommand};

/// List incidents of triggers, look at one, decide about it; see what other systems were told, and tell them again.
///
/// `list`, `show`, `deliveries` and `redeliver` use the store of the configuration (see `driftline serve`), and the service
/// need not run, though it is the service that sends; `approve` and the like ask a service that runs. `docs/triggers.md`
/// and `docs/actions.md` say more.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline triggers list --open\n  driftline triggers show 0192f0c1-2f6b-7c3e-9d54-9b4e2f1f6a10\n  driftline triggers approve 0192f0c1-2f6b-7c3e-9d54-9b4e2f1f6a10 --reason 'new data is complete'\n  driftline triggers fire payments/weekly\n  driftline triggers deliveries --state dead\n  driftline triggers redeliver --dead\n  driftline triggers template slack > slack.jinja\n\nExit codes: 0; 1 the service refuses it, or there is nothing to send again; 3 bad usage or configuration, or the store or the service cannot be asked."
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    List(list::Args),
    Show(show::Args),
    Approve(decide::Approve),
    Reject(decide::Reject),
    Ack(decide::Ack),
    Resolve(decide::Resolve),
    Fire(decide::Fire),
    Feedback(decide::Feedback),
    Deliveries(deliveries::Args),
    Redeliver(redeliver::Args),
    Template(template::Args),
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    match &args.command {
        Command::List(args) => list::run(args),
        Command::Show(args) => show::run(args),
        Command::Approve(args) => decide::approve(args),
        Command::Reject(args) => decide::reject(args),
        Command::Ack(args) => decide::ack(args),
        Command::Resolve(args) => decide::resolve(args),
        Command::Fire(args) => decide::fire(args),
        Command::Feedback(args) => decide::feedback(args),
        Command::Deliveries(args) => deliveries::run(args),
        Command::Redeliver(args) => redeliver::run(args),
        Command::Template(args) => template::run(args),
    }
}
