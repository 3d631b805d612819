//! `driftline history`: what was stored, as a table or JSON.

use std::io::{self, Write};

use anyhow::{Context as _, bail};
use clap::{Args as ClapArgs, ValueEnum};
use driftline_rules::trace::trace_id;
use serde::Serialize;

use super::serve::Given;
use super::{CANNOT, say, stored};
use crate::config::Loaded;
use crate::history::{length, time};
use crate::service::app::now;
use crate::store::findings::{Of, STATUSES, Wanted};
use crate::store::rows::{Filter, FindingRow, Verdict};
use crate::store::windows::{Restricted, WindowRow};
use crate::wire::{FindingOut, Stat, StoredFailure, StoredResult, StoredWindow};

/// Say what was checked and what failed, from the store.
///
/// Reads the store of the configuration (see `driftline serve`); the service need not run.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline history --since 24h\n  driftline history failures --suite payments --severity critical --since 7d\n  driftline history stats --suite payments --bucket 86400 --format json\n  driftline history findings --kind stable --status fail --since 7d\n\nExit codes: 0; 3 bad usage or configuration, or the store cannot be read."
)]
pub struct Args {
    /// Requests, failures, pass rates by expectation and span of time, windows, or what expectations said of windows and
    /// batches.
    #[arg(value_enum, default_value_t = What::Results)]
    what: What,
    /// Only of this suite.
    #[arg(long, value_name = "NAME")]
    suite: Option<String>,
    /// Only of this expectation.
    #[arg(long, value_name = "TITLE")]
    check: Option<String>,
    /// Only `critical`, `warning` or `info`.
    #[arg(long, value_name = "WORD")]
    severity: Option<String>,
    /// Only requests or windows that ended so: `pass`, `warn`, `fail`; a window also `error`; findings `pass`, `skip`,
    /// `fail`, `error`.
    #[arg(long, value_name = "WORD")]
    status: Option<String>,
    /// Only findings of this kind of expectation, such as `stable`.
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Only findings of windows, or of batches.
    #[arg(long, value_enum, value_name = "WHAT")]
    of: Option<OfWhat>,
    /// Only of this field.
    #[arg(long, value_name = "FIELD")]
    field: Option<String>,
    /// Only of this model.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Only of this version of the model.
    #[arg(long, value_name = "VERSION")]
    model_version: Option<String>,
    /// Only of this segment: what requests say of their records; of windows and findings, one of the suite's
    /// `segments`, such as `region=eu`, or empty for all records.
    #[arg(long, value_name = "VALUE")]
    segment: Option<String>,
    /// Only requests or failures of this trace: its id, or a whole `traceparent`.
    #[arg(long, value_name = "ID")]
    trace_id: Option<String>,
    /// Only windows, or findings of windows, of this length: `5m`, `1h`, `month`, `1h/5m`, `silence`.
    #[arg(long, value_name = "LENGTH")]
    length: Option<String>,
    /// From this time on: RFC 3339, or a span before now such as `24h`.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<String>,
    /// Before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// How many rows, the newest first.
    #[arg(short = 'n', long, default_value_t = 20)]
    limit: u32,
    /// Of `stats`: seconds of a span.
    #[arg(long, default_value_t = 3600)]
    bucket: u32,
    /// What the answer looks like.
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    given: Given,
}

/// What is asked for.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Requests.
    Results,
    /// Records that failed, by expectation.
    Failures,
    /// Pass rates.
    Stats,
    /// Spans of time, judged as a whole.
    Windows,
    /// What expectations said of windows and batches.
    Findings,
}

/// What a finding is about.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum OfWhat {
    /// A span of time.
    Window,
    /// A request of several records.
    Batch,
}

/// A format of the answer.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let Some(Loaded { config, .. }) = args.given.load() else { return Ok(CANNOT) };
    let filter = filter(args)?;
    if args.bucket < 60 {
        bail!("--bucket {}: a span is at least 60 seconds", args.bucket);
    }
    stored::with(&config, async |store| match args.what {
        What::Results => {
            let rows = store.results(&filter, None, args.limit).await?;
            let rows: Vec<StoredResult> = rows.into_iter().map(Into::into).collect();
            show(args, &rows, &["TIME", "SUITE", "VERDICT", "RECORDS", "FAILED", "WARNED", "SOURCE", "ID"], |it| {
                vec![
                    it.at.clone(),
                    it.suite.clone(),
                    it.verdict.to_owned(),
                    it.records.to_string(),
                    it.failed.to_string(),
                    it.warned.to_string(),
                    it.source.clone(),
                    it.id.to_string(),
                ]
            })
        }
        What::Failures => {
            let rows = store.failures(&filter, None, args.limit).await?;
            let rows: Vec<StoredFailure> = rows.into_iter().map(Into::into).collect();
            show(args, &rows, &["TIME", "SUITE", "SEVERITY", "CHECK", "RECORD", "TRACE", "WHY"], |it| {
                let record = it.record_id.clone().unwrap_or_else(|| format!("#{}", it.record));
                let trace = it.trace_id.clone().unwrap_or_else(|| "-".to_owned());
                vec![
                    it.at.clone(),
                    it.suite.clone(),
                    it.severity.clone(),
                    it.check.clone(),
                    record,
                    trace,
                    it.message.clone(),
                ]
            })
        }
        What::Windows => {
            let length = args.length.as_deref().map(length);
            let restricted = restricted(args, length.as_deref());
            let rows = store.windows(&filter, restricted, None, args.limit).await?;
            show_windows(args, rows)
        }
        What::Findings => {
            let rows = store.findings(&wanted(args, &filter), None, args.limit).await?;
            show_findings(args, rows)
        }
        What::Stats => {
            let rows = store.stats(&filter, args.bucket).await?;
            let rows: Vec<Stat> = rows.into_iter().map(Into::into).collect();
            show(args, &rows, &["FROM", "SUITE", "CHECK", "SEVERITY", "SEEN", "FAILED", "PASS RATE"], |it| {
                let rate = it.pass_rate.map_or_else(|| "-".to_owned(), |it| format!("{:.3} %", it * 100.0));
                vec![
                    it.at.clone(),
                    it.suite.clone(),
                    it.check.clone(),
                    it.severity.clone(),
                    it.seen.to_string(),
                    it.failed.to_string(),
                    rate,
                ]
            })
        }
    })?;
    Ok(0)
}

fn restricted<'a>(args: &'a Args, length: Option<&'a str>) -> Restricted<'a> {
    Restricted { status: args.status.as_deref(), length, segment: args.segment.as_deref() }
}

/// Spans of time.
fn show_windows(args: &Args, rows: Vec<WindowRow>) -> anyhow::Result<()> {
    let rows: Vec<StoredWindow> = rows.into_iter().map(Into::into).collect();
    let head = [
        "FROM",
        "TO",
        "LENGTH",
        "SEGMENT",
        "SUITE",
        "STATUS",
        "RECORDS",
        "UNREADABLE",
        "LATE",
        "REVISION",
        "ID",
        "BASELINE",
    ];
    show(args, &rows, &head, |it| {
        vec![
            it.start.clone(),
            it.end.clone(),
            it.length.clone(),
            segment(&it.segment),
            it.suite.clone(),
            it.status.clone(),
            it.records.to_string(),
            it.unreadable.to_string(),
            it.late.to_string(),
            it.revision.to_string(),
            it.id.to_string(),
            it.baseline.clone().unwrap_or_else(|| "-".to_owned()),
        ]
    })
}

/// What expectations said, of drift tests with their figures.
fn show_findings(args: &Args, rows: Vec<FindingRow>) -> anyhow::Result<()> {
    let rows: Vec<FindingOut> = rows.into_iter().map(Into::into).collect();
    let head =
        ["TIME", "OF", "SEGMENT", "SUITE", "CHECK", "STATUS", "SEVERITY", "TEST", "STATISTIC", "P-VALUE", "WHAT"];
    show(args, &rows, &head, |it| {
        let number = |it: Option<f64>| it.map_or_else(|| "-".to_owned(), short);
        let finding = &it.finding;
        let effect = finding.details.as_ref().and_then(|it| it.get("effect")).and_then(|it| it.as_str());
        let what = if finding.message.is_empty() { effect.unwrap_or_default() } else { &finding.message };
        vec![
            it.at.clone(),
            it.length.clone().unwrap_or_else(|| it.of.to_owned()),
            segment(&it.segment),
            it.suite.clone(),
            finding.check.clone(),
            finding.status.clone(),
            finding.severity.clone(),
            finding.test.clone().unwrap_or_else(|| "-".to_owned()),
            number(finding.statistic),
            number(finding.p_value),
            what.to_owned(),
        ]
    })
}

/// All records are no segment.
fn segment(it: &str) -> String {
    if it.is_empty() { "-".to_owned() } else { it.to_owned() }
}

/// Four digits that count.
fn short(it: f64) -> String {
    if it == 0.0 || (1e-4..1e6).contains(&it.abs()) { format!("{it:.4}") } else { format!("{it:.2e}") }
}

fn wanted(args: &Args, filter: &Filter) -> Wanted {
    Wanted {
        suite: filter.suite.clone(),
        check: filter.check.clone(),
        kind: args.kind.clone(),
        field: filter.field.clone(),
        severity: filter.severity.clone(),
        status: args.status.clone(),
        segment: args.segment.clone(),
        length: args.length.as_deref().map(length),
        of: args.of.map(|it| match it {
            OfWhat::Window => Of::Window,
            OfWhat::Batch => Of::Batch,
        }),
        since: filter.since,
        until: filter.until,
    }
}

fn filter(args: &Args) -> anyhow::Result<Filter> {
    let verdict = match args.status.as_deref() {
        None => None,
        Some(word) if args.what == What::Findings => {
            if !STATUSES.contains(&word) {
                bail!("--status {word}: it is one of {}", STATUSES.join(", "));
            }
            None
        }
        Some("error") if args.what == What::Windows => None,
        Some(word) => match Verdict::ALL.into_iter().find(|it| it.name() == word) {
            None => bail!("--status {word}: it is one of pass, warn, fail"),
            it => it,
        },
    };
    if let Some(word) = args.severity.as_deref().filter(|it| !["critical", "warning", "info"].contains(it)) {
        bail!("--severity {word}: it is one of critical, warning, info");
    }
    let at = |name: &str, text: &Option<String>| -> anyhow::Result<Option<i64>> {
        let Some(text) = text else { return Ok(None) };
        let at = time(text, now());
        at.map(Some).with_context(|| {
            format!("--{name} {text}: it is a time such as 2024-05-01T12:00:00Z or a span such as 24h")
        })
    };
    let trace_id = match args.trace_id.as_deref() {
        None => None,
        Some(_) if !matches!(args.what, What::Results | What::Failures) => {
            bail!("--trace-id is of `driftline history results` and `driftline history failures`")
        }
        Some(text) => match trace_id(text) {
            None => bail!("--trace-id {text}: it is 32 hexadecimal digits, or a `traceparent`"),
            it => it,
        },
    };
    Ok(Filter {
        suite: args.suite.clone(),
        check: args.check.clone(),
        severity: args.severity.clone(),
        verdict,
        field: args.field.clone(),
        model: args.model.clone(),
        version: args.model_version.clone(),
        segment: args.segment.clone(),
        trace_id,
        since: at("since", &args.since)?,
        until: at("until", &args.until)?,
    })
}

fn show<T: Serialize>(args: &Args, rows: &[T], head: &[&str], cells: impl Fn(&T) -> Vec<String>) -> anyhow::Result<()> {
    say(|out| match args.format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, rows)?;
            writeln!(out)
        }
        Format::Table => table(head, &rows.iter().map(cells).collect::<Vec<_>>(), out),
    })
}

/// Columns as wide as they must be, the last as long as it is.
pub(super) fn table(head: &[&str], rows: &[Vec<String>], out: &mut dyn Write) -> io::Result<()> {
    if rows.is_empty() {
        return writeln!(out, "nothing");
    }
    let mut lines = vec![head.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()];
    lines.extend(rows.iter().cloned());
    let width = |i: usize| lines.iter().filter_map(|it| it.get(i)).map(|it| it.chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..head.len()).map(width).collect();
    for line in &lines {
        let mut text = String::new();
        for (i, cell) in line.iter().enumerate() {
            let last = i + 1 == line.len();
            let gap = if last { 0 } else { widths[i] + 2 - cell.chars().count() };
            text.push_str(&cell.replace(['\n', '\r'], " "));
            text.push_str(&" ".repeat(gap));
        }
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}
