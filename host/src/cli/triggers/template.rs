//! `driftline triggers template`: the bodies that are shipped.

use clap::{Args as ClapArgs, ValueEnum};

use crate::actions::shipped;
use crate::cli::say;
use crate::config::ActionType;

/// Print the template of a body that is shipped, to be changed and named as `body_file` of an action.
#[derive(ClapArgs, Debug)]
#[command(after_help = "Examples:\n  driftline triggers template slack > slack.jinja\n\nExit codes: 0; 3 bad usage.")]
pub struct Args {
    /// The type of the action.
    #[arg(value_enum, value_name = "TYPE")]
    kind: Kind,
}

/// A type of actions whose body is a template.
#[derive(ValueEnum, Clone, Copy, Debug)]
enum Kind {
    /// A message for Slack.
    Slack,
    /// A card for Microsoft Teams.
    Teams,
    /// An event for `PagerDuty`.
    Pagerduty,
    /// A `repository_dispatch` of GitHub.
    GithubDispatch,
    /// A run of a DAG of Airflow.
    Airflow,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let kind = match args.kind {
        Kind::Slack => ActionType::Slack,
        Kind::Teams => ActionType::Teams,
        Kind::Pagerduty => ActionType::Pagerduty,
        Kind::GithubDispatch => ActionType::GithubDispatch,
        Kind::Airflow => ActionType::Airflow,
    };
    say(|out| out.write_all(shipped(kind).unwrap_or_default().as_bytes()))?;
    Ok(0)
}
