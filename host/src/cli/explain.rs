//! `driftline explain`: every check of one record, with values, bounds and reasons.

use std::fs;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args as ClapArgs;
use driftline_rules::plan::segments::text as text_of;
use driftline_rules::plan::{self, Plan};
use driftline_rules::record::{Limits, Reader};
use driftline_rules::report::{Outcome, Severity};
use driftline_rules::run::{self, Explanation, Fold};
use driftline_rules::samples::Keep;
use driftline_rules::value::Value;
use serde_json::json;

use super::check::{Reading, now};
use super::{CANNOT, Format, complain, say};
use crate::files::csv::Kinds;
use crate::files::{Format as FileFormat, Input, Source};
use crate::output::json_value::{Json, to_line};
use crate::records::{Record, Records, Stop, wanted};
use crate::suites;

/// Say for one record what every check of a suite makes of it, and why.
///
/// The record is inline JSON, a file that holds one record, `-` for standard input, or `FILE:LINE`, one
/// record of a data file (of Parquet its row, from 1): the place that `driftline check` prints.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline explain '{\"score\": 1.5}' --suite suite.yaml\n  driftline explain today.ndjson:1042 --suite suite.yaml\n  curl -s localhost/last | driftline explain - --suite suite.yaml --format json\n\nChecks that judge windows, such as a mean, are listed as such: one record says nothing about them.\n\nExit codes: 0 the record passes; 1 it fails a critical check; 2 it fails warnings only; 3 bad usage, suite or record."
)]
pub struct Args {
    /// Inline JSON, a file with one record, `-`, or `FILE:LINE`.
    #[arg(value_name = "RECORD")]
    record: String,
    /// The suite, YAML or JSON; a Great Expectations 1.x suite is one too.
    #[arg(short, long, value_name = "FILE")]
    suite: PathBuf,
    /// What the answer looks like.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The time that `fresh` and `lag` take for now (RFC 3339); default: the clock.
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    #[command(flatten)]
    reading: Reading,
}

/// What was found of a record.
struct Explained {
    checks: Vec<Explanation>,
    /// The segments that it lies in.
    segments: Vec<String>,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let loaded = suites::load(&args.suite, &plan::Options::default()).map_err(anyhow::Error::msg)?;
    if !loaded.problems.is_empty() {
        for problem in &loaded.problems {
            complain(format_args!("{}:{problem}", loaded.file));
        }
        return Ok(CANNOT);
    }
    let plan = &loaded.plan;
    let now = now(args.now.as_deref())?;
    let explained = find(args, plan, now)?;
    let checks = &explained.checks;
    let failed = |it: &&Explanation| matches!(it.outcome, Some(Outcome::Fail | Outcome::Mismatch));
    let worst = checks.iter().filter(failed).map(|it| plan.expectations[it.expectation].severity).max();
    let (verdict, code) = match worst {
        None => ("pass", 0),
        Some(Severity::Critical) => ("fail", 1),
        Some(Severity::Warning) => ("fail", 2),
        Some(Severity::Info) => ("fail", 0),
    };
    say(|out| match args.format {
        Format::Text => write_text(plan, &explained, verdict, out),
        Format::Json => write_json(plan, &explained, verdict, out),
    })?;
    Ok(code)
}

/// The record's place in `FILE:LINE`.
fn place(text: &str) -> Option<(&str, u64)> {
    let (file, line) = text.rsplit_once(':')?;
    let line = line.parse().ok().filter(|it| *it > 0)?;
    (!Path::new(text).exists() && !file.is_empty()).then_some((file, line))
}

fn find(args: &Args, plan: &Plan, now: i64) -> anyhow::Result<Explained> {
    let given = args.record.as_str();
    if given.trim_start().starts_with('{') {
        return explain_text(given, plan, now).context("the record");
    }
    if let Some((file, line)) = place(given) {
        return pick(&Input::new(file), Some(line), args, plan, now);
    }
    let mut text = String::new();
    let input = Input::new(given);
    if given == "-" {
        io::stdin().read_to_string(&mut text).context("standard input")?;
        return explain_text(&text, plan, now).context("standard input");
    }
    // A record may be spread over lines, which in a data file it may not.
    let is_text = fs::read_to_string(given).with_context(|| given.to_owned());
    let text = match is_text {
        Ok(text) => text,
        Err(error) if !Path::new(given).exists() => return Err(error),
        Err(_) => String::new(),
    };
    if text.trim_start().starts_with('{')
        && let Ok(explained) = explain_text(&text, plan, now)
    {
        return Ok(explained);
    }
    pick(&input, None, args, plan, now)
}

fn explain_text(text: &str, plan: &Plan, now: i64) -> anyhow::Result<Explained> {
    let mut cells = Vec::new();
    Reader::new(&plan.shape, Limits::default())
        .fill(text, &mut cells)
        .map_err(|error| anyhow::anyhow!("{} at byte {}", error.message, error.offset))?;
    Ok(explain_cells(plan, &mut cells, 0, now))
}

fn explain_cells(plan: &Plan, cells: &mut [Value], row: u64, now: i64) -> Explained {
    let mut fold = Fold::new(plan, Keep { values: 0, all_rows: false });
    run::check(plan, cells, row, now, &mut fold);
    Explained {
        checks: run::explain(plan, cells, now, &fold.failed),
        segments: plan.segments.names(cells, |_, it| text_of(it)),
    }
}

/// The record on a line of a data file, or its only one.
fn pick(input: &Input, line: Option<u64>, args: &Args, plan: &Plan, now: i64) -> anyhow::Result<Explained> {
    let nulls = args.reading.csv_nulls();
    let mut kinds = Kinds::default();
    loop {
        let mut found: Option<anyhow::Result<Explained>> = None;
        let mut n_met = 0;
        let mut records: Option<Records> = None;
        let mut widen = None;
        for chunk in Source::new(vec![input.clone()], args.reading.files()?) {
            let chunk = chunk?;
            let reader = records.get_or_insert_with(|| {
                if chunk.file.format() == FileFormat::Csv {
                    kinds.learn(&chunk, &wanted(plan), &nulls);
                }
                Records::new(plan, Arc::new(kinds.clone()), nulls.clone())
            });
            let went = reader.each(&chunk, &mut |record| {
                n_met += 1;
                let at = match &record {
                    Record::Read { line, .. } => *line,
                    Record::Broken(it) => it.line,
                };
                if found.is_some() || line.is_some_and(|it| it != at) {
                    return;
                }
                found = Some(match record {
                    Record::Read { row, cells, .. } => Ok(explain_cells(plan, cells, row, now)),
                    Record::Broken(it) => Err(anyhow::anyhow!("{}:{}: {}", it.file, it.line, it.reason)),
                });
            });
            match went {
                Ok(()) => {}
                Err(Stop::Fault(fault)) => return Err(fault.into()),
                Err(Stop::Widen(it)) => {
                    widen = Some(it);
                    break;
                }
            }
            if line.is_some() && found.is_some() {
                break;
            }
        }
        if let Some(it) = widen {
            // Kinds only ever widen, so this ends.
            kinds.widen(&it);
            continue;
        }
        let name = input.name();
        return match (found, line) {
            (Some(_), None) if n_met > 1 => bail!("{name} holds {n_met} records; name one as {name}:LINE"),
            (Some(found), _) => found,
            (None, Some(line)) => bail!("{name} has no record that starts on line {line}"),
            (None, None) => bail!("{name} holds no record"),
        };
    }
}

fn verdict_of(it: &Explanation) -> &'static str {
    match it.outcome {
        Some(Outcome::Pass) => "pass",
        Some(Outcome::Fail | Outcome::Mismatch) => "fail",
        Some(Outcome::Error) => "error",
        None if it.concerned => "window",
        Some(Outcome::Skip) | None => "skip",
    }
}

/// What there is to say beside value and bound.
fn why(it: &Explanation) -> Option<String> {
    match it.outcome {
        _ if !it.concerned => Some("`when` leaves the record out".to_owned()),
        None => Some("is judged over a window, not by one record".to_owned()),
        Some(Outcome::Skip) => Some(it.why.clone().unwrap_or_else(|| "there is no value to judge".to_owned())),
        Some(Outcome::Mismatch) => {
            Some(it.why.clone().unwrap_or_else(|| "the value is of a type that the rule cannot judge".to_owned()))
        }
        _ => it.why.clone(),
    }
}

fn write_text(plan: &Plan, explained: &Explained, verdict: &str, out: &mut dyn Write) -> io::Result<()> {
    let Explained { checks: explained, segments } = explained;
    let width = explained.iter().map(|it| plan.expectations[it.expectation].title().chars().count()).max().unwrap_or(0);
    for it in explained {
        let expectation = &plan.expectations[it.expectation];
        let word = verdict_of(it);
        let word = if word == "fail" { "FAIL" } else { word };
        write!(out, "{word:6}  {:width$}", expectation.title())?;
        let window = it.outcome.is_none();
        if !expectation.slots.is_empty() && !window && expectation.slots.len() < 9 && it.expectation != 0 {
            write!(out, "  {}", shortened(&it.value))?;
        }
        if !it.bound.is_empty() && !window {
            write!(out, "  ({})", it.bound)?;
        }
        if expectation.severity != Severity::Critical {
            write!(out, "  [{}]", expectation.severity.name())?;
        }
        match why(it) {
            Some(why) => writeln!(out, "  {why}")?,
            None => writeln!(out)?,
        }
    }
    for it in segments {
        writeln!(out, "in the segment {it}")?;
    }
    let count = |word: &str| explained.iter().filter(|it| verdict_of(it) == word).count();
    writeln!(
        out,
        "{verdict}: {} passed, {} failed, {} skipped, {} of windows only",
        count("pass"),
        count("fail"),
        count("skip"),
        count("window")
    )
}

/// A value in one line, of a length that leaves room for the rest.
fn shortened(value: &Value) -> String {
    const MOST: usize = 80;
    let line = to_line(value);
    match line.char_indices().nth(MOST) {
        Some((cut, _)) => format!("{}...", &line[..cut]),
        None => line,
    }
}

fn write_json(plan: &Plan, explained: &Explained, verdict: &str, out: &mut dyn Write) -> io::Result<()> {
    let checks: Vec<_> = explained
        .checks
        .iter()
        .map(|it| {
            let expectation = &plan.expectations[it.expectation];
            json!({
                "expectation": expectation.title(),
                "kind": expectation.kind_name(),
                "fields": expectation.fields,
                "severity": expectation.severity.name(),
                "path": expectation.path,
                "line": expectation.at.line,
                "verdict": verdict_of(it),
                "value": serde_json::to_value(Json(&it.value)).unwrap_or_default(),
                "bound": Some(&it.bound).filter(|it| !it.is_empty()),
                "why": why(it),
            })
        })
        .collect();
    let mut all = json!({"verdict": verdict, "checks": checks});
    if !plan.segments.is_empty() {
        all["segments"] = json!(explained.segments);
    }
    serde_json::to_writer_pretty(&mut *out, &all)?;
    writeln!(out)
}
