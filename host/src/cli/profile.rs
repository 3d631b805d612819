//! `driftline profile`: data in, a baseline out.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args as ClapArgs, ValueEnum};
use driftline_rules::baseline::{Baseline, field_of, name};
use driftline_rules::plan::{self, Plan};
use driftline_rules::quality::Metric;
use driftline_rules::run;
use driftline_rules::samples::Keep;
use driftline_rules::sketch::Spec;
use driftline_rules::suite::node::{Data, Node};
use driftline_rules::suite::{self, Entry, RecordFields, Suite};
use driftline_rules::value::Value;
use serde_json::{Value as Json, json};

use super::check::Reading;
use super::history::table;
use super::{CANNOT, complain, say};
use crate::files::Input;
use crate::scan::{self, Scanned, scan};
use crate::suggest::draft::columns;
use crate::suggest::reading;
use crate::suites;

/// The most frequent values that the table shows of a field.
const SHOWN: usize = 5;

/// Make a baseline of data: the distribution of each field, for `stable` to compare with.
///
/// Of the fields that a suite's `stable` and `records_similar` expectations name, read as its `types:` say, with the
/// figures of its metrics of quality, for `not_worse_than: { baseline: true }`; without a suite, of all fields
/// that hold single values, those within objects too. The same data always gives the same baseline.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline profile train.parquet -o training.baseline.json\n  driftline profile train.csv --suite suite.yaml --format text\n  driftline check today.csv --suite suite.yaml --baseline training.baseline.json\n  curl -T training.baseline.json localhost:8080/v1/baselines/training\n\nExit codes: 0; 3 bad usage or suite, or data that could not all be read."
)]
pub struct Args {
    /// Files or patterns: NDJSON, JSON array, CSV, Parquet, also .gz and .zst; `-` is standard input.
    #[arg(required = true, value_name = "DATA")]
    data: Vec<String>,
    /// The suite whose `stable` expectations name the fields.
    #[arg(short, long, value_name = "FILE")]
    suite: Option<PathBuf>,
    /// Only this field; may be repeated.
    #[arg(long = "field", value_name = "FIELD")]
    fields: Vec<String>,
    /// What the answer looks like.
    #[arg(short, long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// Write it to a file.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Values of a field that are kept exactly; of more, a sketch of 1 % relative error.
    #[arg(long, value_name = "N", default_value_t = 1 << 20)]
    exact_values: usize,
    /// Different rows that are sampled for tests on texts, vectors and whole records; default: as the suite says of
    /// its windows. A baseline of which there is one may have more.
    #[arg(long, value_name = "N")]
    sample_rows: Option<usize>,
    #[command(flatten)]
    reading: Reading,
}

/// A format of the answer.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// The baseline.
    Json,
    /// A table for people.
    Text,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let inputs = Reading::inputs(&args.data)?;
    let Some(plan) = plan(args, &inputs)? else { return Ok(CANNOT) };
    let Scanned { fold, faults, .. } = scan(
        &plan,
        &inputs,
        &scan::Options {
            files: args.reading.files()?,
            nulls: args.reading.csv_nulls(),
            threads: args.reading.threads(),
            keep: Keep { values: 0, all_rows: false },
            now: 0,
            signals: false,
            progress: &|_| {},
        },
    );
    for fault in &faults {
        complain(format_args!("error: {fault}"));
    }
    if !faults.is_empty() {
        // Half of the data is distributed as nobody asked for.
        bail!("no baseline is made of data that cannot be read to its end");
    }
    let (records, unreadable) = (fold.window.rows, fold.window.unreadable);
    if records == unreadable {
        bail!("there is no record to make a baseline of");
    }
    if unreadable > 0 {
        complain(format_args!("warning: {unreadable} of {records} records could not be read and are left out"));
    }
    let quality = run::figures(&plan, &fold.window, |_| true);
    let baseline =
        Baseline { records: records - unreadable, quality, ..Baseline::of_window(&plan.bindings, &fold.window) };
    // A name that no record has is a slip of the pen, not a field without values.
    let unseen = baseline.fields.iter().filter(|(_, it)| it.n + it.nan == 0).map(|(name, _)| name.as_str());
    let unsampled = baseline.samples.iter().filter(|it| it.n == 0).flat_map(|it| &it.fields);
    let unseen: Vec<_> = unseen.chain(unsampled.map(String::as_str)).collect();
    if !unseen.is_empty() {
        complain(format_args!("warning: no record has a value of `{}`", unseen.join("`, `")));
    }
    let write = |out: &mut dyn Write| match args.format {
        Format::Json => {
            serde_json::to_writer(&mut *out, &baseline.to_json())?;
            writeln!(out)
        }
        Format::Text => show(&baseline, out),
    };
    match &args.output {
        Some(path) => save(path, write)?,
        None => say(write)?,
    }
    Ok(0)
}

fn save(path: &Path, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> anyhow::Result<()> {
    let mut text = Vec::new();
    write(&mut text)?;
    fs::write(path, text).with_context(|| format!("{}", path.display()))
}

/// A plan that summarises the fields and judges nothing; `None`: the suite has problems, which were told.
fn plan(args: &Args, inputs: &[Input]) -> anyhow::Result<Option<Plan>> {
    let options = plan::Options { budget: args.exact_values.min(args.reading.budget), ..plan::Options::default() };
    let (mut types, mut fields, mut sampled) = (Vec::new(), args.fields.clone(), Vec::new());
    let (mut figures, mut record) = (Vec::new(), RecordFields::default());
    if let Some(path) = &args.suite {
        let loaded = suites::load(path, &options).map_err(anyhow::Error::msg)?;
        for problem in &loaded.problems {
            complain(format_args!("{}:{problem}", loaded.file));
        }
        if !loaded.problems.is_empty() {
            return Ok(None);
        }
        if fields.is_empty() {
            figures = measured(&loaded.suite);
        }
        (types, record) = (loaded.suite.types, loaded.suite.record);
        if fields.is_empty() {
            let compared =
                loaded.plan.expectations.iter().filter(|it| ["stable", "records_similar"].contains(&it.kind.name));
            for it in compared {
                let sketches =
                    || it.sketches.iter().filter_map(|id| loaded.plan.bindings.sketches.get(usize::from(id.0)));
                let of = sketches().next().map(|it| it.of).unwrap_or_default();
                let samples =
                    sketches().filter_map(|it| if let Spec::BottomK { k } = it.spec { Some(k) } else { None });
                match samples.max() {
                    Some(k) => sampled.push((it.fields.clone(), args.sample_rows.unwrap_or(k))),
                    None => fields.extend(it.fields.iter().map(|it| name(it, of))),
                }
            }
        }
        if fields.is_empty() && sampled.is_empty() && figures.is_empty() {
            bail!(
                "{}: no `stable` or `records_similar` names a field, and nothing measures quality; `--field` names one, \
                 or leave `--suite` out",
                path.display()
            );
        }
    } else if fields.is_empty() {
        inputs.iter().for_each(Input::hold);
        let pass = reading::profile(inputs, &args.reading.files()?, &args.reading.csv_nulls());
        fields = columns(&pass.profile);
    }
    fields.sort_unstable();
    fields.dedup();
    let mut entries: Vec<_> = fields.iter().map(|it| stable(it)).collect();
    entries.extend(sampled.iter().map(|(fields, k)| match fields.as_slice() {
        [field] => json!({"field": field, "stable": {"test": "domain_classifier", "sample_rows": k}}),
        fields => json!({"fields": fields, "records_similar": {"sample_rows": k}}),
    }));
    let (mut suite, problems) = suite::read(&json!({ "expectations": entries }).to_string());
    (suite.types, suite.record) = (types, record);
    suite.entries.extend(figures);
    let (plan, more) = plan::compile(&suite, &options);
    if let Some(problem) = problems.first().or(more.first()) {
        bail!("{}", problem.message);
    }
    Ok(Some(plan))
}

/// The entries of a suite that measure how right predictions are, without what the figures are compared with.
fn measured(suite: &Suite) -> Vec<Entry> {
    let of = |entry: &&Entry| {
        let metric = entry.params.iter().find(|it| it.name == "metric").and_then(|it| it.value.text());
        let is_kind = ["quality", "expect_table_prediction_quality_to_be_between"].contains(&entry.kind.as_str());
        let name = if is_kind { metric? } else { &entry.kind };
        Metric::find(name).map(|it| it.1)
    };
    let entries = suite.entries.iter().filter_map(|it| Some((it.clone(), of(&it)?)));
    let without = |(mut entry, metric): (Entry, Metric)| {
        for it in &mut entry.params {
            if it.name == "not_worse_than" {
                // A bound that holds of everything.
                it.name = "min".into();
                let least = metric.range().0.max(-1e300);
                it.value = Node { at: it.at, data: Data::Scalar(Value::Num(least)) };
            }
        }
        let is_bound = |name: &str| name == "min";
        let mut seen = false;
        entry.params.retain(|it| !is_bound(&it.name) || !std::mem::replace(&mut seen, true));
        entry.watch = None;
        entry
    };
    entries.map(without).collect()
}

/// An expectation that makes windows keep the distribution of this name: of a field, or of its lengths.
fn stable(name: &str) -> Json {
    match field_of(name) {
        field if field == name => json!({"field": field, "stable": {}}),
        field => json!({"field": field, "stable": {"of": "length"}}),
    }
}

/// A line a field.
fn show(baseline: &Baseline, out: &mut dyn Write) -> std::io::Result<()> {
    let summary = baseline.summary();
    writeln!(out, "{} records", baseline.records)?;
    let fields = summary.get("fields").and_then(Json::as_object);
    let rows = fields.into_iter().flatten().map(|(name, it)| {
        let about = it.get("summary").unwrap_or(&Json::Null);
        let number = |name: &str| about.get(name).and_then(Json::as_f64).map_or_else(|| "-".to_owned(), short);
        let null = about.get("null_share").and_then(Json::as_f64).unwrap_or(0.0);
        let n = it.get("n").map(ToString::to_string).unwrap_or_default();
        vec![name.clone(), n, percent(null), number("mean"), number("sd"), distribution(it, about)]
    });
    let samples = baseline.samples.iter().map(|it| {
        let all = (it.n + it.null).max(1) as f64;
        let told = format!("{} sampled rows", it.len());
        vec![it.fields.join(", "), it.n.to_string(), percent(it.null as f64 / all), "-".into(), "-".into(), told]
    });
    let rows: Vec<_> = rows.chain(samples).collect();
    table(&["FIELD", "VALUES", "NULL", "MEAN", "SD", "QUANTILES, OR THE MOST FREQUENT"], &rows, out)
}

fn distribution(field: &Json, about: &Json) -> String {
    let quantile = |name: &&str| Some(format!("{name} {}", short(about.get(*name)?.as_f64()?)));
    let quantiles: Vec<_> = ["min", "p05", "p25", "p50", "p75", "p95", "max"].iter().filter_map(quantile).collect();
    if !quantiles.is_empty() {
        return quantiles.join(", ");
    }
    let Some(top) = about.get("top").and_then(Json::as_array) else {
        let is_empty = field.get("n").and_then(Json::as_u64) == Some(0);
        return if is_empty { "no value" } else { "too many different values to list" }.to_owned();
    };
    let n = field.get("n").and_then(Json::as_f64).unwrap_or(0.0).max(1.0);
    let one = |pair: &Json| {
        let count = pair.get(1).and_then(Json::as_f64).unwrap_or(0.0);
        format!("{} {}", cut(&pair.get(0).unwrap_or(&Json::Null).to_string()), percent(count / n))
    };
    let mut words: Vec<_> = top.iter().take(SHOWN).map(one).collect();
    let distinct = about.get("distinct").and_then(Json::as_u64).unwrap_or(0);
    if distinct > SHOWN as u64 {
        words.push(format!("{} more", distinct - SHOWN as u64));
    }
    words.join(", ")
}

/// As much of a value as a table has room for.
fn cut(text: &str) -> String {
    match text.char_indices().nth(30) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn percent(share: f64) -> String {
    format!("{} %", short(share * 100.0))
}

/// Four digits that count.
fn short(it: f64) -> String {
    let size = it.abs();
    if it == 0.0 || !it.is_finite() {
        return it.to_string();
    }
    if !(1e-4..1e15).contains(&size) {
        return format!("{it:.3e}");
    }
    let digits = (3 - size.log10().floor() as i32).clamp(0, 9) as usize;
    let text = format!("{it:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
