//! `driftline quality`: predictions beside what turned out to be true.

mod answer;
mod show;
pub mod table;

use anyhow::bail;
use clap::{Args as ClapArgs, ValueEnum};
use driftline_rules::quality::interval::reach;

use super::check::Reading;
use super::{CANNOT, say};
use table::{Ask, KnownBy, Table, Truths};

/// Measure how right predictions are.
///
/// Compares a column of predictions with a column of what is true, in the same records or, with `--labels`, in others
/// that have the same id. Of classes it tells accuracy, precision, recall, F1, the confusion matrix and more; of a score
/// how well it ranks and whether it can be taken for a probability; of numbers the errors; with `--group` how unlike
/// groups are treated. Definitions are those of scikit-learn and fairlearn.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline quality scored.parquet --truth label --prediction intent\n  driftline quality log.ndjson --truth outcome --score p --group region --format json\n  driftline quality log.ndjson --prediction intent --labels labels.ndjson --on id --truth true_intent\n  driftline quality prices.csv --truth price --prediction estimate\n  driftline quality today.ndjson --score p --prediction y --estimate-from labelled.ndjson --truth outcome\n\nExit codes: 0 measured; 3 bad usage, unreadable data, or nothing to measure."
)]
pub struct Args {
    /// Files or patterns: NDJSON, JSON array, CSV, Parquet, also .gz and .zst; `-` is standard input.
    #[arg(required = true, value_name = "DATA")]
    data: Vec<String>,
    /// The column of what is true; with `--labels`, in those files. `a.b` is a member of an object.
    #[arg(long, value_name = "COLUMN")]
    truth: String,
    /// The column of what was predicted: a class or a number.
    #[arg(long, value_name = "COLUMN", required_unless_present = "score")]
    prediction: Option<String>,
    /// The column of scores: the probability of the positive class, a list with one a class in their order, or an object
    /// with one by class; of more than two classes also that of the class that was predicted.
    #[arg(long, value_name = "COLUMN")]
    score: Option<String>,
    /// The column of groups between which fairness is measured.
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// Files that hold what is true, by id; of several labels of one id the last holds.
    #[arg(long, value_name = "DATA", num_args = 1.., requires = "on")]
    labels: Vec<String>,
    /// The column of ids, alike in both; `a=b` where it is `a` in the data and `b` in the labels.
    #[arg(long, value_name = "COLUMN")]
    on: Option<String>,
    /// Records of the same model that have a truth: what those without one are to be expected to be, is estimated from
    /// their scores (CBPE, for two classes). The truth of the data itself is not read then.
    #[arg(long, value_name = "DATA", num_args = 1.., requires = "score")]
    estimate_from: Vec<String>,
    /// The quantile that is predicted: tells the quantile loss of numbers.
    #[arg(long, value_name = "SHARE")]
    quantile: Option<f64>,
    /// What kind of prediction it is; default: by the values.
    #[arg(long, value_enum, default_value_t = Task::Auto)]
    task: Task,
    /// The class that scores and fairness are about; default: 1, true, or the greater of two.
    #[arg(long, value_name = "CLASS")]
    positive: Option<String>,
    /// Bins of the reliability table.
    #[arg(long, value_name = "N", default_value_t = 10)]
    bins: usize,
    /// The confidence of intervals.
    #[arg(long, value_name = "SHARE", default_value_t = 0.95)]
    confidence: f64,
    /// What the answer looks like.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    reading: Reading,
}

/// A kind of prediction.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// By the values: texts, booleans and few whole numbers are classes, numbers are numbers.
    Auto,
    /// Classes.
    Classification,
    /// Numbers.
    Regression,
}

/// A format of the answer.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    if reach(args.confidence).is_none() {
        bail!("`--confidence` must be between 0 and 1, not {}", args.confidence);
    }
    if !(1..=1000).contains(&args.bins) {
        bail!("`--bins` must be from 1 to 1000, not {}", args.bins);
    }
    if args.on.is_some() && args.labels.is_empty() {
        bail!("`--on` names the ids of labels: name their files with `--labels`");
    }
    if let Some(q) = args.quantile.filter(|it| !(*it > 0.0 && *it < 1.0)) {
        bail!("`--quantile` must be between 0 and 1, not {q}");
    }
    let data = Reading::inputs(&args.data)?;
    let ask = Ask {
        data: &data,
        labels: &args.labels,
        on: args.on.as_deref(),
        truth: &args.truth,
        prediction: args.prediction.as_deref(),
        score: args.score.as_deref(),
        groups: args.group.as_slice(),
        known_by: KnownBy::Nothing,
        reading: &args.reading,
    };
    let truths = Truths::read(&ask)?;
    let (answer, is_whole) = if args.estimate_from.is_empty() {
        let (table, is_whole) = Table::read(&ask, truths.as_ref())?;
        table.sound(&ask)?;
        (answer::Answer::of(args, &table)?, is_whole)
    } else {
        let inputs = Reading::inputs(&args.estimate_from)?;
        let of_reference = Ask { data: &inputs, ..ask };
        let (reference, is_reference_whole) = Table::read(&of_reference, truths.as_ref())?;
        reference.sound(&of_reference)?;
        // The score stands in for the truth, so that records without one are left out and counted.
        let of_data = Ask { truth: args.score.as_deref().unwrap_or_default(), labels: &[], on: None, ..ask };
        let (table, is_whole) = Table::read(&of_data, None)?;
        table.sound(&of_data)?;
        (answer::Answer::estimated(args, &reference, &table)?, is_whole && is_reference_whole)
    };
    say(|out| match args.format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &answer.json)?;
            writeln!(out)
        }
        Format::Text => show::write(&answer, out),
    })?;
    Ok(if is_whole { 0 } else { CANNOT })
}
