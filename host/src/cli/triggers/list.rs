//! `driftline triggers list`: incidents, the newest first.

use anyhow::{Context as _, bail};
use clap::{Args as ClapArgs, ValueEnum};
use driftline_rules::trigger::Phase;

use crate::cli::history::table;
use crate::cli::serve::Given;
use crate::cli::stored;
use crate::cli::{CANNOT, say};
use crate::config::Loaded;
use crate::history::time;
use crate::service::app::now;
use crate::service::deciding::key_text;
use crate::store::triggers::Wanted;
use crate::wire::IncidentOut;

/// List incidents, the newest first.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline triggers list --open\n  driftline triggers list --suite payments --state waiting\n  driftline triggers list --since 7d --format json\n\nExit codes: 0; 3 bad usage or configuration, or the store cannot be read."
)]
pub struct Args {
    /// Only of this suite.
    #[arg(long, value_name = "NAME")]
    suite: Option<String>,
    /// Only of this trigger.
    #[arg(long, value_name = "NAME")]
    trigger: Option<String>,
    /// Only of this segment; empty: of all records.
    #[arg(long, value_name = "SEGMENT")]
    key: Option<String>,
    /// Only those that stand so: `waiting`, `firing`, `verifying`, `escalated`, `resolved` and so on.
    #[arg(long, value_name = "WORD")]
    state: Option<String>,
    /// Only those that are open.
    #[arg(long)]
    open: bool,
    /// Only `critical`, `warning` or `info`.
    #[arg(long, value_name = "WORD")]
    severity: Option<String>,
    /// Opened from this time on: RFC 3339, or a span before now such as `24h`.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<String>,
    /// Opened before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// How many rows.
    #[arg(short = 'n', long, default_value_t = 20)]
    limit: u32,
    /// What the answer looks like.
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    given: Given,
}

/// A format of the answer.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let Some(Loaded { config, .. }) = args.given.load() else { return Ok(CANNOT) };
    let wanted = wanted(args)?;
    let rows = stored::with(&config, async |store| Ok(store.incidents(&wanted, None, args.limit).await?))?;
    let rows: Vec<IncidentOut> = rows.into_iter().map(Into::into).collect();
    say(|out| {
        if args.format == Format::Json {
            serde_json::to_writer_pretty(&mut *out, &rows)?;
            return writeln!(out);
        }
        let cells = |it: &IncidentOut| {
            vec![
                it.at.clone(),
                it.state.clone(),
                it.severity.clone(),
                it.suite.clone(),
                it.trigger.clone(),
                key_text(&it.key).to_owned(),
                it.id.to_string(),
                it.reason.clone(),
            ]
        };
        let head = ["OPENED", "STATE", "SEVERITY", "SUITE", "TRIGGER", "OF", "ID", "WHY"];
        table(&head, &rows.iter().map(cells).collect::<Vec<_>>(), out)
    })?;
    Ok(0)
}

fn wanted(args: &Args) -> anyhow::Result<Wanted> {
    if let Some(word) = args.state.as_deref().filter(|it| Phase::parse_name(it).is_none()) {
        let names: Vec<_> = Phase::ALL.iter().map(|it| it.name()).collect();
        bail!("--state {word}: it is one of {}", names.join(", "));
    }
    if let Some(word) = args.severity.as_deref().filter(|it| !["critical", "warning", "info"].contains(it)) {
        bail!("--severity {word}: it is one of critical, warning, info");
    }
    let at = |name: &str, text: &Option<String>| -> anyhow::Result<Option<i64>> {
        let Some(text) = text else { return Ok(None) };
        time(text, now()).map(Some).with_context(|| {
            format!("--{name} {text}: it is a time such as 2024-05-01T12:00:00Z or a span such as 24h")
        })
    };
    Ok(Wanted {
        suite: args.suite.clone(),
        trigger: args.trigger.clone(),
        key: args.key.clone(),
        state: args.state.clone(),
        is_open: args.open.then_some(true),
        severity: args.severity.clone(),
        since: at("since", &args.since)?,
        until: at("until", &args.until)?,
    })
}
