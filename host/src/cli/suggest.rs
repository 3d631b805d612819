//! `driftline suggest`: data in, a first suite out.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args as ClapArgs, ValueEnum};

use super::check::Reading;
use super::{CANNOT, complain};
use crate::files::Input;
use crate::suggest::bounds::grouped;
use crate::suggest::draft::{Draft, draft};
use crate::suggest::reading::profile;
use crate::suggest::{holding, text};

/// Write a first suite from data.
///
/// Profiles the data and writes a suite whose expectations hold on it: types, nulls, unique ids, sets of
/// values, ranges, dates, shapes of text, lengths, vectors; then what all records together are like. The
/// comment above each expectation says on what evidence it stands. Read it, strike what is chance, tighten
/// what you know better. The same data always gives the same suite.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline suggest data.csv -o suite.yaml\n  driftline suggest 'logs/*.ndjson.gz' --severity-of-guesses info > suite.yaml\n  driftline suggest week.parquet -o suite.yaml && driftline check today.parquet --suite suite.yaml\n\nExit codes: 0; 3 bad usage, unreadable data, or a file in the way."
)]
pub struct Args {
    /// Files or patterns: NDJSON, JSON array, CSV, Parquet, also .gz and .zst; `-` is standard input.
    #[arg(required = true, value_name = "DATA")]
    data: Vec<String>,
    /// Write the suite to a file, which must not exist; default: standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write over the file of `--output`.
    #[arg(long, requires = "output")]
    force: bool,
    /// The severity of what is guessed about all records together: means, quantiles, counts, columns.
    #[arg(long, value_enum, default_value_t = Level::Warning, value_name = "SEVERITY")]
    severity_of_guesses: Level,
    #[command(flatten)]
    reading: Reading,
}

/// A severity.
#[derive(ValueEnum, Clone, Copy, Debug)]
enum Level {
    /// The data must not be used.
    Critical,
    /// Someone should look.
    Warning,
    /// For the record.
    Info,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    // The output is refused before the work, not after it.
    if let Some(path) = args.output.as_ref().filter(|it| !args.force && it.exists()) {
        bail!("{} exists; `--force` writes over it", path.display());
    }
    let inputs = Reading::inputs(&args.data)?;
    let (files, nulls) = (args.reading.files()?, args.reading.csv_nulls());
    let pass = profile(&inputs, &files, &nulls);
    for fault in &pass.faults {
        complain(format_args!("error: {fault}"));
    }
    if pass.profile.records == 0 {
        bail!("there is no record to learn from");
    }
    let mut draft = draft(&pass.profile);
    let name = name(&inputs);
    let severity = match args.severity_of_guesses {
        Level::Critical => "critical",
        Level::Warning => "warning",
        Level::Info => "info",
    };
    let from = format!(
        "Suggested by driftline {} from {} records of {}.",
        env!("CARGO_PKG_VERSION"),
        grouped(pass.profile.records),
        args.data.join(", ").escape_debug()
    );
    // A pipe flows once.
    let checked = inputs.iter().all(|it| matches!(it, Input::File(_)));
    if checked {
        let data = holding::Data { inputs: &inputs, files: &files, nulls: &nulls, threads: args.reading.threads() };
        holding::keep(&mut draft, &data);
    }
    let holds = if checked {
        "All of it was checked, and holds, on them."
    } else {
        "A pipe flows once, so it was not checked against them."
    };
    let about = [from, format!("{holds} What is likely and what is chance, you know better: strike, tighten, add.")];
    let suite = text::write(&draft, &name, &about, severity);
    match &args.output {
        Some(path) => {
            fs::write(path, suite).with_context(|| format!("{}", path.display()))?;
            complain(format_args!("{}: {}", path.display(), summary(&draft)));
        }
        None => match std::io::stdout().lock().write_all(suite.as_bytes()) {
            // The reader of a pipe may have seen enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
            other => other.context("standard output")?,
        },
    }
    Ok(if pass.faults.is_empty() { 0 } else { CANNOT })
}

/// The suite is called as the first file is, without its extensions.
fn name(inputs: &[Input]) -> String {
    let first = inputs.first().map(Input::name).unwrap_or_default();
    let file = Path::new(&first).file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = file.split('.').next().unwrap_or_default();
    if stem.is_empty() || stem == "-" { "suggested".to_owned() } else { stem.to_owned() }
}

fn summary(draft: &Draft) -> String {
    let guesses = draft.rules.iter().filter(|it| it.guess).count();
    let (types, rules) = (draft.types.len(), draft.rules.len() - guesses);
    format!("{types} types, {rules} expectations of each record, {guesses} guesses about all of them")
}
