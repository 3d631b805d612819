//! The command line.

mod backtest;
mod check;
mod client;
mod compare;
mod completions;
mod demo;
mod detect;
mod diagnose;
mod drift;
mod given;
mod config;
mod explain;
mod health;
mod history;
mod import;
mod kinds;
mod labels;
mod lint;
mod migrate;
mod models;
mod plugin;
mod profile;
mod quality;
mod report;
mod runs;
mod schema;
mod serve;
mod simulate;
mod test;
mod textfile;
mod token;
mod triggers;
mod stored;
mod suggest;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

/// Data-quality and drift rules for ML inference.
#[derive(Parser, Debug)]
#[command(
    name = "driftline",
    version,
    about = "Data-quality and drift rules for ML inference: check records and files against a suite of expectations.",
    after_help = "Start here:\n  driftline suggest data.csv -o suite.yaml   write a suite from data\n  driftline check data.csv --suite suite.yaml\n  driftline kinds                            all kinds of expectations, each with its page",
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Check(check::Args),
    Drift(drift::Args),
    Detect(detect::Args),
    Lint(lint::Args),
    Test(test::Args),
    Explain(explain::Args),
    Kinds(kinds::Args),
    Schema(schema::Args),
    Import(import::Args),
    Completions(completions::Args),
    Suggest(suggest::Args),
    Profile(profile::Args),
    Quality(quality::Args),
    Compare(compare::Args),
    Labels(labels::Args),
    Backtest(backtest::Args),
    Serve(serve::Args),
    Health(health::Args),
    Migrate(migrate::Args),
    History(history::Args),
    Demo(demo::Args),
    Simulate(simulate::Args),
    Config(config::Args),
    Token(token::Args),
    Plugin(plugin::Args),
    Models(models::Args),
    Runs(runs::Args),
    Triggers(triggers::Args),
    Diagnose(diagnose::Args),
    Report(report::Args),
}

/// Exit code of bad usage, a bad suite or unreadable data.
pub const CANNOT: u8 = 3;

/// Parses the command line and does what it says.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(it) => it,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { CANNOT } else { 0 });
        }
    };
    let code = match cli.command {
        Command::Check(args) => check::run(&args),
        Command::Drift(args) => drift::run(&args),
        Command::Detect(args) => detect::run(&args),
        Command::Lint(args) => lint::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Kinds(args) => kinds::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Suggest(args) => suggest::run(&args),
        Command::Profile(args) => profile::run(&args),
        Command::Quality(args) => quality::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Labels(args) => labels::run(&args),
        Command::Backtest(args) => backtest::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Health(args) => health::run(&args),
        Command::Migrate(args) => migrate::run(&args),
        Command::History(args) => history::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Config(args) => config::run(&args),
        Command::Token(args) => token::run(&args),
        Command::Plugin(args) => plugin::run(&args),
        Command::Models(args) => models::run(&args),
        Command::Runs(args) => runs::run(&args),
        Command::Triggers(args) => triggers::run(&args),
        Command::Diagnose(args) => diagnose::run(&args),
        Command::Report(args) => report::run(&args),
    };
    match code {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            complain(format_args!("error: {error:#}"));
            ExitCode::from(CANNOT)
        }
    }
}

/// A format of an answer.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// For people.
    Text,
    /// For programs: everything.
    Json,
}

/// Says something on standard error; nobody listening is no reason to fail.
pub fn complain(what: std::fmt::Arguments) {
    let _ = writeln!(std::io::stderr().lock(), "{what}");
}

/// Writes to standard output; a reader who has seen enough is no reason to fail.
pub fn say(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> anyhow::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("standard output"),
    }
}

/// The command line's own description, for completions and the documentation.
pub fn command() -> clap::Command {
    Cli::command()
}
