//! `driftline detect`: a column in the order of its rows, and where it changes.

use std::io::{self, Write};

use anyhow::{anyhow, bail};
use clap::{Args as ClapArgs, ValueEnum};
use driftline_rules::detector::{DETECTORS, Detector, DetectorKind, find};
use driftline_rules::path::Path;
use driftline_rules::suite::problem::did_you_mean;
use driftline_rules::value::Value;
use serde_json::{Map, Value as Json, json};

use super::check::Reading;
use super::{CANNOT, given, say};
use crate::passes::{Pass, each_record};
use crate::suggest::bounds::grouped;

/// Find where a column changes, row by row.
///
/// Feeds the values of a column, in the order of the rows, to a change detector and tells after which rows it saw a
/// change. Rows are counted from 0 over all files. Missing values, NaN and infinities are skipped and counted;
/// booleans are 0 and 1. `driftline kinds` lists the detectors, `driftline kinds page_hinkley` shows the page of one.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline detect requests.ndjson --column error --detector hddm_a\n  driftline detect 'logs/*.parquet' -c latency_ms -d page_hinkley -p threshold=500 -p mode=up\n  zcat log.csv.gz | driftline detect - -c score -d adwin --format json | jq .drift_indices\n\nExit codes: 0 no change; 1 at least one change; 3 bad usage, unreadable data, or values that the detector does not take."
)]
pub struct Args {
    /// Files or patterns in their order: NDJSON, JSON array, CSV, Parquet, also .gz and .zst; `-` is standard input.
    #[arg(required = true, value_name = "DATA")]
    data: Vec<String>,
    /// The column; `a.b` for a member of an object.
    #[arg(short, long, value_name = "COLUMN")]
    column: String,
    /// The detector, as `driftline kinds` lists it.
    #[arg(short, long, value_name = "NAME")]
    detector: String,
    /// A parameter of the detector, or `cooldown`; may be repeated.
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// What the answer looks like.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    reading: Reading,
}

/// A format of the answer.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What a pass found.
struct Watch {
    detector: Detector,
    drifts: Vec<u64>,
    warnings: Vec<u64>,
    /// Rows without a value.
    missing: u64,
    /// Whether some record has the column, and the names that records have.
    known: bool,
    names: Vec<String>,
    /// The first value that the detector does not take.
    wrong: Option<String>,
}

/// Names that are remembered for a hint.
const MOST_NAMES: usize = 1000;

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let kind = kind(&args.detector)?;
    let detector =
        Detector::new(kind, &given::params(&args.params)?).map_err(|why| anyhow!("{}", hinted(kind, why)))?;
    let inputs = Reading::inputs(&args.data)?;
    let path = Path::parse(&args.column).ok();
    let begin = || Watch {
        detector: detector.clone(),
        drifts: vec![],
        warnings: vec![],
        missing: 0,
        known: false,
        names: vec![],
        wrong: None,
    };
    let pass = each_record(&inputs, &args.reading.files()?, &args.reading.csv_nulls(), begin, |watch, row, record| {
        // A column's name may hold dots.
        let value = record.get(&args.column).or_else(|| path.as_ref()?.find(record));
        watch.add(value, row, record);
    });
    given::tell(&pass);
    let watch = &pass.seen;
    if let Some(wrong) = &watch.wrong {
        bail!("column `{}`, {wrong}", args.column);
    }
    if !watch.known && pass.records > 0 {
        let names = || watch.names.iter().map(String::as_str);
        let hint = did_you_mean(&args.column, names());
        let all = || names().take(20).map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
        let hint = hint.unwrap_or_else(|| format!("there are {}", all()));
        bail!("{}: no record has a column `{}` ({hint})", args.data.join(", "), args.column);
    }
    say(|out| match args.format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &to_json(args, &pass))?;
            writeln!(out)
        }
        Format::Text => write_text(args, &pass, out),
    })?;
    Ok(if pass.faults.is_empty() { u8::from(!watch.drifts.is_empty()) } else { CANNOT })
}

fn kind(name: &str) -> anyhow::Result<&'static DetectorKind> {
    find(name).ok_or_else(|| {
        let all = || DETECTORS.iter().map(|it| it.name);
        let hint =
            did_you_mean(name, all()).unwrap_or_else(|| format!("there are {}", all().collect::<Vec<_>>().join(", ")));
        anyhow!("unknown detector `{name}` ({hint})")
    })
}

/// What is wrong with a parameter, and what was probably meant.
fn hinted(kind: &DetectorKind, why: String) -> String {
    let unknown = why.split_once("no parameter `").and_then(|(_, rest)| rest.split('`').next());
    let names = kind.params.iter().flat_map(|it| std::iter::once(&it.name).chain(it.aliases)).copied();
    match unknown.and_then(|it| did_you_mean(it, names)) {
        Some(hint) => format!("{why} ({hint})"),
        None => why,
    }
}

impl Watch {
    fn add(&mut self, value: Option<&Value>, row: u64, record: &Value) {
        if self.wrong.is_some() {
            return;
        }
        if !self.known
            && value.is_none()
            && let Value::Map(members) = record
        {
            let new = members.iter().map(|it| it.0.as_ref()).filter(|it| !self.names.iter().any(|known| known == it));
            let new: Vec<String> = new.take(MOST_NAMES.saturating_sub(self.names.len())).map(str::to_owned).collect();
            self.names.extend(new);
        }
        self.known |= value.is_some_and(|it| !matches!(it, Value::Missing));
        let Some(value) = value.filter(|it| !it.is_null()) else {
            self.missing += 1;
            return;
        };
        let takes = self.detector.kind().takes;
        match value.as_f64() {
            Some(number) if takes.admits(number) || !number.is_finite() => {
                let step = self.detector.update(number);
                step.drift.then(|| self.drifts.push(row));
                step.warning.then(|| self.warnings.push(row));
            }
            _ => {
                let name = self.detector.kind().name;
                let mend = if value.as_f64().is_some() {
                    "`driftline kinds` shows what the others take"
                } else {
                    "name a column of numbers or booleans"
                };
                let value = value.to_json();
                self.wrong = Some(format!("row {row}: `{name}` takes {}, not {value}; {mend}", takes.describe()));
            }
        }
    }
}

fn to_json(args: &Args, pass: &Pass<Watch>) -> Json {
    let it = &pass.seen;
    let mut out = Map::new();
    let mut put = |name: &str, value: Json| out.insert(name.to_owned(), value);
    put("column", json!(args.column));
    put("detector", json!(it.detector.kind().name));
    put("params", Json::Object(it.detector.settings().to_json()));
    put("n", json!(it.detector.n()));
    put("skipped", json!(it.missing + it.detector.skipped()));
    if pass.unreadable > 0 {
        put("unreadable", json!(pass.unreadable));
    }
    put("drift_indices", json!(it.drifts));
    put("warning_indices", json!(it.warnings));
    put("n_drifts", json!(it.drifts.len()));
    put("n_warnings", json!(it.warnings.len()));
    put("first_warning", json!(it.warnings.first()));
    for (name, value) in it.detector.figures() {
        put(&format!("final_{name}"), json!(value));
    }
    Json::Object(out)
}

/// The first rows that are listed for people.
const SHOWN: usize = 20;

fn write_text(args: &Args, pass: &Pass<Watch>, out: &mut dyn Write) -> io::Result<()> {
    let it = &pass.seen;
    let (n, skipped) = (it.detector.n(), it.missing + it.detector.skipped());
    let skipped = if skipped > 0 { format!(", {} skipped", grouped(skipped)) } else { String::new() };
    writeln!(out, "{} over {} values of `{}`{skipped}\n", it.detector.kind().name, grouped(n), args.column)?;
    for (what, rows) in [("change", &it.drifts), ("warning", &it.warnings)] {
        match rows.as_slice() {
            [] if what == "change" => writeln!(out, "  no change")?,
            [] => {}
            rows => {
                let listed: Vec<_> = rows.iter().take(SHOWN).map(u64::to_string).collect();
                let more = if rows.len() > SHOWN { format!(" and {} more", rows.len() - SHOWN) } else { String::new() };
                let s = if rows.len() > 1 { "s" } else { "" };
                writeln!(out, "  {} {what}{s}, after row{s} {}{more}", rows.len(), listed.join(", "))?;
            }
        }
    }
    let figures = it.detector.figures();
    let figures: Vec<_> = figures.iter().map(|(name, it)| format!("{name} {}", rounded(*it))).collect();
    writeln!(out, "  at the end: {}", figures.join(", "))
}

/// Six digits, for people.
fn rounded(it: f64) -> String {
    let digits = if it == 0.0 { 0 } else { (5 - it.abs().log10().floor() as i32).clamp(0, 12) };
    let text = format!("{it:.*}", digits as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
