//! `driftline diagnose`: why quality fell, for the person on call.

use std::io::{self, Write};

use anyhow::{anyhow, bail};
use clap::{ArgGroup, Args as ClapArgs};
use driftline_rules::diagnosis::{Span, diagnose};
use uuid::Uuid;

use super::serve::Given;
use super::{CANNOT, Format, say, stored};
use crate::config::{Config, Loaded};
use crate::history::time;
use crate::service::app::now;
use crate::service::diagnosis::{Asked, gather};
use crate::store::rows::Micros;
use crate::wire::{DiagnosisOut, HypothesisOut};

/// Say why quality fell: hypotheses about data, model and infrastructure, ranked by evidence, with numbers and with how
/// to verify each.
///
/// Compares the windows of an incident, or a span, with the time before. Reads the store of the configuration (see
/// `driftline serve`), and the suite from its folder or the store; the service need not run. `docs/diagnosis.md` says
/// what is looked at and what the score means.
#[derive(ClapArgs, Debug)]
#[command(
    group(ArgGroup::new("what").required(true).args(["incident", "suite"])),
    after_help = "Examples:\n  driftline diagnose 0192f0c1-2f6b-7c3e-9d54-9b4e2f1f6a10\n  driftline diagnose --suite intents --since 6h\n  driftline diagnose --suite intents --since 2026-07-01T12:00:00Z --until 2026-07-01T18:00:00Z --baseline-since 2026-06-24T00:00:00Z --format json\n\nExit codes: 0; 3 bad usage or configuration, there is no such incident or suite, or the store cannot be read."
)]
pub struct Args {
    /// The incident's id.
    #[arg(value_name = "INCIDENT", conflicts_with_all = ["since", "until", "segment"])]
    incident: Option<Uuid>,
    /// A suite, with `--since`.
    #[arg(long, value_name = "NAME", requires = "since")]
    suite: Option<String>,
    /// The start of the suspect span: RFC 3339, or a span before now such as `24h`.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Its end; default: now.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// The start of what it is compared with; default: eight times as long as the span, a day to four weeks.
    #[arg(long, value_name = "TIME")]
    baseline_since: Option<String>,
    /// The end of that; default: the start of the suspect span.
    #[arg(long, value_name = "TIME")]
    baseline_until: Option<String>,
    /// One of the suite's segments, such as `region=eu`; default: all records.
    #[arg(long, value_name = "SEGMENT")]
    segment: Option<String>,
    /// How many hypotheses to print as text.
    #[arg(short = 'n', long, default_value_t = 5)]
    limit: usize,
    /// What the answer looks like.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    given: Given,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let Some(Loaded { config, .. }) = args.given.load() else { return Ok(CANNOT) };
    let found = stored::block_on(find(args, &config))?;
    say(|out| match args.format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &found)?;
            writeln!(out)
        }
        Format::Text => text(&found, args.limit, out),
    })?;
    Ok(0)
}

fn at(name: &str, given: Option<&String>) -> anyhow::Result<Option<Micros>> {
    let read = |it: &String| {
        time(it, now())
            .ok_or_else(|| anyhow!("--{name} {it}: neither a time such as 2026-07-01T12:00:00Z nor a span such as 24h"))
    };
    given.map(read).transpose()
}

async fn find(args: &Args, config: &Config) -> anyhow::Result<DiagnosisOut> {
    let [since, until, baseline_since, baseline_until] = [
        at("since", args.since.as_ref())?,
        at("until", args.until.as_ref())?,
        at("baseline-since", args.baseline_since.as_ref())?,
        at("baseline-until", args.baseline_until.as_ref())?,
    ];
    let (store, shelf) = stored::open_with_suites(config).await?;
    let (suite, span, segment) = match (args.incident, &args.suite) {
        (Some(id), _) => {
            let Some(row) = store.incident(id).await? else { bail!("there is no incident {id}") };
            let own = Asked::of_incident(&row).map_err(|it| anyhow!(it))?;
            (row.suite, own.span, own.segment)
        }
        (None, suite) => {
            let span = Span { from: since.unwrap_or_default(), to: until.unwrap_or_else(now) };
            (suite.clone().unwrap_or_default(), span, args.segment.clone().unwrap_or_default())
        }
    };
    let Some(version) = shelf.get(&suite) else { bail!("there is no suite `{suite}`, or it is not active") };
    let asked = Asked::new(span, baseline_since, baseline_until, segment).map_err(|it| anyhow!(it))?;
    let input = gather(&store, &version, &asked).await?;
    let found = tokio::task::block_in_place(|| diagnose(&input));
    store.close().await;
    Ok(DiagnosisOut::new(&suite, args.incident, &asked, found))
}

fn text(it: &DiagnosisOut, limit: usize, out: &mut dyn Write) -> io::Result<()> {
    let of = if it.segment.is_empty() { "all records" } else { &it.segment };
    let day = |it: &str| it.replace(".000000", "");
    writeln!(out, "{} ({of}), {} to {}", it.suite, day(&it.span.since), day(&it.span.until))?;
    writeln!(out, "compared with {} to {}", day(&it.baseline.since), day(&it.baseline.until))?;
    match &it.loss {
        Some(loss) => writeln!(out, "\n{}", loss.told)?,
        None => writeln!(out, "\nno label and no metric says how right predictions were")?,
    }
    if it.hypotheses.is_empty() {
        writeln!(out, "\nnothing was found that differs")?;
    }
    for (i, one) in it.hypotheses.iter().take(limit).enumerate() {
        hypothesis(i + 1, one, out)?;
    }
    if it.hypotheses.len() > limit {
        writeln!(out, "\n{} more that are less likely (-n)", it.hypotheses.len() - limit)?;
    }
    if !it.slices.is_empty() {
        writeln!(out, "\nwhere the loss is:")?;
    }
    for slice in it.slices.iter().take(limit) {
        let percent = |it: f64| format!("{:.0} %", 100.0 * it);
        let (loss, of) = (percent(slice.of_loss.value), percent(slice.of_predictions));
        writeln!(out, "  {}: {loss} of the loss, {of} of the predictions ({})", slice.slice, slice.n)?;
    }
    writeln!(out, "\nlooked at: {}", it.looked_at.join("; "))?;
    it.left_out.iter().try_for_each(|it| writeln!(out, "not looked at: {it}"))
}

fn hypothesis(n: usize, it: &HypothesisOut, out: &mut dyn Write) -> io::Result<()> {
    let subject = if it.subject.is_empty() { String::new() } else { format!(" of {}", it.subject) };
    writeln!(out, "\n{n}. {}{subject} ({}, score {:.2})", it.cause.replace('_', " "), it.category, it.score)?;
    it.evidence.iter().try_for_each(|it| writeln!(out, "   - {it}"))?;
    it.verify.iter().try_for_each(|it| writeln!(out, "   verify: {it}"))
}
