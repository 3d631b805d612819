//! `driftline check`: files in, report out.

mod told;

use std::fs::{self, File};
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anstream::{AutoStream, ColorChoice};
use anyhow::{Context, bail};
use clap::{Args as ClapArgs, ValueEnum};
use driftline_rules::baseline::Baseline;
use driftline_rules::family::Family;
use driftline_rules::samples::Keep;
use driftline_rules::suite::Segments;
use driftline_rules::time::Time;
use driftline_rules::{plan, segments};
use indicatif::{ProgressBar, ProgressStyle};

use super::{CANNOT, complain, textfile};
use crate::files::csv::Nulls;
use crate::files::{self, Format, Input};
use crate::output::{self, Amount, OutputFormat, ResultFormat};
use crate::report::Report;
use crate::scan::{self, scan};
use crate::split;
use crate::suites;

/// Check files against a suite.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline check today.ndjson --suite suite.yaml\n  driftline check 'logs/*.parquet' --suite suite.yaml --format json --output report.json\n  zcat log.gz | driftline check - --suite suite.yaml --bad-rows bad.ndjson --good-rows good.ndjson\n\nExit codes: 0 all held; 1 a critical check failed; 2 only warnings failed; 3 bad usage, suite or unreadable data."
)]
pub struct Args {
    /// Files or patterns: NDJSON, JSON array, CSV, Parquet, also .gz and .zst; `-` is standard input.
    #[arg(required = true, value_name = "DATA")]
    data: Vec<String>,
    /// The suite, YAML or JSON; a Great Expectations 1.x suite is one too.
    #[arg(short, long, value_name = "FILE")]
    suite: PathBuf,
    /// What `stable` compares with: a file that `driftline profile` has made.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    #[command(flatten)]
    reading: Reading,
    /// What the report looks like.
    #[arg(short, long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
    /// How much of a result `--format gx` shows.
    #[arg(long, value_enum, default_value_t = ResultFormat::Summary, ignore_case = true)]
    result_format: ResultFormat,
    /// Write the report to a file.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write what was found, or that nothing could be judged, as metrics for the textfile collector of `node_exporter`, to a
    /// file whose name ends in `.prom`.
    #[arg(long, value_name = "FILE")]
    metrics_textfile: Option<PathBuf>,
    /// Write the records that fail a critical or a warning check to a file, each with every reason (NDJSON).
    #[arg(long, value_name = "FILE")]
    bad_rows: Option<PathBuf>,
    /// Write the other records to a file, in the input's own form; Parquet as NDJSON unless it is named .parquet.
    #[arg(long, value_name = "FILE")]
    good_rows: Option<PathBuf>,
    /// Only records for which the condition holds: 'country == "DE" and score > 0.5'.
    #[arg(long = "where", value_name = "CONDITION")]
    filter: Option<String>,
    /// Also judge the records apart by the values of a field, or of several: `region`, `model,region`; may be repeated.
    /// In place of the suite's own `segments:`.
    #[arg(long = "segments", value_name = "FIELDS", value_parser = Segments::parse_way)]
    segments: Vec<Way>,
    /// How many failed records of each check are shown.
    #[arg(long, default_value_t = 5, value_name = "N")]
    samples: usize,
    /// The time that `fresh` and `lag` take for now (RFC 3339); default: the clock.
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    /// Only what failed and the verdict.
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
    /// Also what held.
    #[arg(short, long)]
    verbose: bool,
    /// Tell how long it took; without it, text and JSON are the same from run to run.
    #[arg(long)]
    timing: bool,
}

/// The fields by whose values records are divided.
type Way = Vec<String>;

/// How data files are read; shared by the commands that read data.
#[derive(ClapArgs, Debug)]
pub struct Reading {
    /// The format of the data; default: by extension or content.
    #[arg(long, value_enum)]
    pub input_format: Option<InputFormat>,
    /// What stands between CSV fields; default: `,`, or what splits the header.
    #[arg(long, value_name = "CHAR")]
    pub delimiter: Option<char>,
    /// A text that means null in CSV, besides the empty one; may be repeated. Default: NA, NaN, null and
    /// their like in columns of numbers and booleans.
    #[arg(long = "null", value_name = "TEXT")]
    pub nulls: Vec<String>,
    /// Worker threads; default: one a core.
    #[arg(short = 'j', long, value_name = "N")]
    pub threads: Option<usize>,
    /// Bytes of text read at a time; changes memory, never the result.
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20, hide_short_help = true)]
    pub chunk_size: usize,
    /// The longest record in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 16 << 20, hide_short_help = true)]
    pub max_record: usize,
    /// Values that a statistic keeps exactly for each field before it becomes a sketch.
    #[arg(long, value_name = "N", default_value_t = 1 << 24, hide_short_help = true)]
    pub budget: usize,
}

/// The name of an input format.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum InputFormat {
    /// One JSON record a line.
    Ndjson,
    /// One JSON array of records.
    Json,
    /// CSV with a header.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// A stream of Arrow record batches.
    Arrow,
}

impl Reading {
    /// The inputs that patterns stand for; all that is wrong at once.
    pub fn inputs(data: &[String]) -> anyhow::Result<Vec<Input>> {
        files::expand(data).map_err(|errors| anyhow::anyhow!("{}", errors.join("\n       ")))
    }

    /// As the files' room takes it.
    pub fn files(&self) -> anyhow::Result<files::Options> {
        let delimiter = match self.delimiter {
            Some(it) if it.is_ascii() && it != '"' && it != '\n' => Some(it as u8),
            Some(it) => bail!("`{it}` cannot stand between CSV fields: one ASCII character is needed"),
            None => None,
        };
        let format = self.input_format.map(|it| match it {
            InputFormat::Ndjson => Format::Ndjson,
            InputFormat::Json => Format::Json,
            InputFormat::Csv => Format::Csv,
            InputFormat::Parquet => Format::Parquet,
            InputFormat::Arrow => Format::Arrow,
        });
        Ok(files::Options {
            format,
            delimiter,
            chunk: self.chunk_size.max(1),
            max_record: self.max_record.max(1),
            ..files::Options::default()
        })
    }

    /// What means null in CSV.
    pub fn csv_nulls(&self) -> Nulls {
        if self.nulls.is_empty() { Nulls::default() } else { Nulls::stated(self.nulls.clone()) }
    }

    /// How many workers.
    pub fn threads(&self) -> usize {
        let cores = || thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.threads.unwrap_or_else(cores).max(1)
    }
}

/// The clock, or what the user says it shows.
pub fn now(given: Option<&str>) -> anyhow::Result<i64> {
    match given {
        Some(text) => match Time::parse(text) {
            Some(time) => Ok(time.micros),
            None => bail!("`{text}` is not a time such as 2024-05-01T12:00:00Z"),
        },
        None => Ok(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_micros() as i64)),
    }
}

/// The baseline of a file; all that is wrong with it.
pub fn baseline(path: &Path) -> anyhow::Result<Baseline> {
    let text = fs::read(path).with_context(|| format!("{}", path.display()))?;
    Baseline::read(&text).map_err(|why| anyhow::anyhow!("{}: {}", path.display(), why.replace('\n', "\n       ")))
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let started = Instant::now();
    let mut suite = args.suite.display().to_string();
    let ended = check(args, started, &mut suite);
    let Some(path) = &args.metrics_textfile else { return Ok(ended?.0) };
    let (ended, families) = match ended {
        Ok((code, families)) if !families.is_empty() => (Ok(code), families),
        // A run that could not be is told as well: else the file would go on telling of the last one that could.
        other => {
            let at = now(args.now.as_deref()).or_else(|_| now(None))?;
            (other.map(|it| it.0), textfile::of_none(&suite, at, started.elapsed(), CANNOT))
        }
    };
    match (ended, textfile::write(path, &families)) {
        (Err(first), Err(error)) => {
            complain(format_args!("error: {error:#}"));
            Err(first)
        }
        (ended, written) => written.and(ended),
    }
}

/// Checks; the exit code and, where a file wants them, the metrics, which are none where nothing was judged. `suite`
/// becomes the name of the suite as soon as it is known.
fn check(args: &Args, started: Instant, suite: &mut String) -> anyhow::Result<(u8, Vec<Family>)> {
    let inputs = Reading::inputs(&args.data);
    let options = plan::Options {
        budget: args.reading.budget,
        filter: args.filter.clone(),
        segments: args.segments.clone(),
        ..plan::Options::default()
    };
    let loaded = suites::load(&args.suite, &options).map_err(anyhow::Error::msg);
    if let Some(name) = loaded.as_ref().ok().and_then(|it| it.plan.name.as_ref()) {
        suite.clone_from(name);
    }
    let (inputs, loaded) = (inputs?, loaded?);
    // GX's answer to an expectation that cannot be evaluated is a result with `exception_info`;
    // a suite that cannot be read at all has no results.
    let goes_on = args.format == OutputFormat::Gx && !loaded.plan.expectations[loaded.plan.n_implicit..].is_empty();
    if !loaded.problems.is_empty() {
        for problem in &loaded.problems {
            complain(format_args!("{}:{problem}", loaded.file));
        }
        if args.format == OutputFormat::Github {
            // The runner reads its commands from standard output.
            let _ = output::github::write_problems(&loaded.file, &loaded.problems, &mut std::io::stdout().lock());
        }
        if !goes_on {
            return Ok((CANNOT, Vec::new()));
        }
    }
    let baseline = args.baseline.as_deref().map(baseline).transpose()?;
    let now = now(args.now.as_deref())?;
    let paths = split::Paths { bad: args.bad_rows.as_deref(), good: args.good_rows.as_deref() };
    paths.check(&inputs)?;
    if paths.any() {
        inputs.iter().for_each(Input::hold);
    }
    let bar = progress(&inputs, args.output.is_some());
    let complete = args.format == OutputFormat::Gx && args.result_format == ResultFormat::Complete;
    // The second pass asks no plugin again, so the first keeps the rows.
    let complete = complete || paths.any() && loaded.plan.has_batches();
    let values = args.format.samples(args.samples);
    let mut scanned = scan(
        &loaded.plan,
        &inputs,
        &scan::Options {
            files: args.reading.files()?,
            nulls: args.reading.csv_nulls(),
            threads: args.reading.threads(),
            keep: Keep { values, all_rows: complete },
            now,
            signals: args.metrics_textfile.is_some(),
            progress: &|amount| bar.inc(amount),
        },
    );
    bar.finish_and_clear();
    // Rules on windows name all of their records only when asked to.
    scanned.fold.samples.keep.all_rows |= paths.any();
    let found = std::mem::take(&mut scanned.segments);
    let (findings, segments) = segments::judge(&loaded.plan, &scanned.fold, found, baseline.as_ref(), now);
    if paths.any() {
        let options = split::Options {
            files: args.reading.files()?,
            nulls: args.reading.csv_nulls(),
            kinds: scanned.kinds.clone(),
            threads: args.reading.threads(),
            now,
        };
        split::split(&loaded.plan, &inputs, &findings, &options, paths)?;
    }
    let told = match args.format {
        OutputFormat::Html => told::Told::of(&loaded.plan, &scanned.fold.window, baseline.as_ref()),
        _ => told::Told::default(),
    };
    let report = Report {
        plan: &loaded.plan,
        suite_file: loaded.file.clone(),
        files: inputs.iter().map(Input::name).collect(),
        numeric: scanned.fold.window.held.iter().map(|it| it.numbers_only()).collect(),
        records: scanned.fold.window.rows,
        unreadable: scanned.fold.window.unreadable,
        broken: scanned.broken,
        faults: scanned.faults,
        findings,
        segments,
        places: scanned.places,
        elapsed: started.elapsed(),
        now,
        withheld: told.withheld,
        distributions: told.distributions,
    };
    for fault in &report.faults {
        complain(format_args!("error: {fault}"));
    }
    match &args.output {
        Some(path) => {
            let file = File::create(path).with_context(|| format!("{}", path.display()))?;
            write(&report, args, &mut BufWriter::new(file)).with_context(|| format!("{}", path.display()))?;
        }
        None => match write(&report, args, &mut BufWriter::new(std::io::stdout().lock())) {
            // The reader of a pipe may have seen enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
            other => other.context("standard output")?,
        },
    }
    let code = if loaded.problems.is_empty() { report.exit_code() } else { CANNOT };
    let wants = args.metrics_textfile.is_some();
    Ok((code, if wants { textfile::families(&report, scanned.signals, code) } else { Vec::new() }))
}

fn write(report: &Report, args: &Args, out: &mut dyn Write) -> std::io::Result<()> {
    let options = output::Options {
        level: args.result_format,
        amount: match (args.quiet, args.verbose) {
            (true, _) => Amount::Quiet,
            (_, true) => Amount::Verbose,
            _ => Amount::Normal,
        },
        // Knows of NO_COLOR, CLICOLOR_FORCE and terminals that cannot.
        color: args.output.is_none() && AutoStream::choice(&std::io::stdout()) != ColorChoice::Never,
        timing: args.timing,
    };
    output::write(report, args.format, options, out)?;
    out.flush()
}

/// A progress bar on a terminal, nothing elsewhere, nor for what is done at once.
fn progress(inputs: &[Input], quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let size = |it: &Input| match it {
        Input::File(path) => std::fs::metadata(path).map(|it| it.len()).ok(),
        Input::Pipe(..) => None,
    };
    let total: Option<u64> = inputs.iter().map(size).sum();
    let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
    let template = "{spinner} {bytes} of {total_bytes} [{wide_bar}] {bytes_per_sec} {eta}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
