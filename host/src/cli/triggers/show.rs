//! `driftline triggers show`: one incident, with every step and what showed it.

use anyhow::bail;
use clap::Args as ClapArgs;
use uuid::Uuid;

use super::list::Format;
use crate::cli::history::table;
use crate::cli::serve::Given;
use crate::cli::stored;
use crate::cli::{CANNOT, say};
use crate::config::Loaded;
use crate::service::deciding::key_text;
use crate::wire::{IncidentDetail, IncidentEvent};

/// Show an incident with every step and what showed it.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline triggers show 0192f0c1-2f6b-7c3e-9d54-9b4e2f1f6a10\n\nExit codes: 0; 3 there is none of this id, bad configuration, or the store cannot be read."
)]
pub struct Args {
    /// The incident's id.
    #[arg(value_name = "ID")]
    id: Uuid,
    /// What the answer looks like.
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    given: Given,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let Some(Loaded { config, .. }) = args.given.load() else { return Ok(CANNOT) };
    let found = stored::with(&config, async |store| {
        let Some(row) = store.incident(args.id).await? else { return Ok(None) };
        Ok(Some((row, store.incident_events(args.id).await?)))
    })?;
    let Some((row, events)) = found else { bail!("there is no incident {}", args.id) };
    let events = events.into_iter().map(Into::into).collect();
    let it = IncidentDetail { incident: row.into(), events };
    say(|out| {
        if args.format == Format::Json {
            serde_json::to_writer_pretty(&mut *out, &it)?;
            return writeln!(out);
        }
        let of = &it.incident;
        writeln!(out, "{}: {} of {}, {}", of.state, of.trigger, of.suite, key_text(&of.key))?;
        writeln!(out, "  {} ({}, {})", of.reason, of.severity, of.mode)?;
        if let (Some(from), Some(to)) = (&of.data_from, &of.data_to) {
            writeln!(out, "  data from {from} to {to}")?;
        }
        match of.alarm {
            Some(true) => writeln!(out, "  a true alarm, says {}", of.alarm_by.as_deref().unwrap_or_default())?,
            Some(false) => writeln!(out, "  a false alarm, says {}", of.alarm_by.as_deref().unwrap_or_default())?,
            None => {}
        }
        writeln!(out)?;
        let cells = |it: &IncidentEvent| {
            let by = it.by.clone().unwrap_or_else(|| "-".to_owned());
            vec![it.at.clone(), it.kind.clone(), it.state.clone(), by, it.reason.clone()]
        };
        table(&["TIME", "WHAT", "STATE", "BY", "WHY"], &it.events.iter().map(cells).collect::<Vec<_>>(), out)?;
        let shown: Vec<_> = of.evidence.as_array().into_iter().flatten().collect();
        if shown.is_empty() {
            return Ok(());
        }
        writeln!(out)?;
        let text = |it: &serde_json::Value| it.as_str().map_or_else(|| it.to_string(), str::to_owned);
        let cells = |it: &&serde_json::Value| {
            let names = ["check", "observed", "bound", "start", "end", "records", "window_id"];
            names.iter().map(|name| text(&it[*name])).collect()
        };
        let head = ["CHECK", "OBSERVED", "BOUND", "FROM", "TO", "RECORDS", "WINDOW"];
        table(&head, &shown.iter().map(cells).collect::<Vec<_>>(), out)
    })?;
    Ok(0)
}
