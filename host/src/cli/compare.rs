//! `driftline compare`: whether one model is worse than another.

mod given;
mod judge;
mod metric;
mod offline;
mod show;
mod sides;

use clap::{Args as ClapArgs, ValueEnum};

use super::CANNOT;
use super::check::Reading;

/// Compare the quality of two models: is the candidate not worse than the baseline?
///
/// A gate for CI. The candidate fails when it is worse by more than the margin and chance does not explain it, each
/// metric at the level `--alpha`, corrected for their number. That asks for proof of harm: few records prove nothing and
/// pass, so look at `detectable`, the loss that would probably have been found, or ask with `--prove` for proof of no
/// harm, which few records fail.
///
/// Models that judged the same records (`--on ID`, or two columns of one input) are compared record by record, which
/// needs far fewer of them than two samples do.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline compare --candidate new.parquet --baseline old.parquet --on id --truth label --prediction intent --metric accuracy,f1_macro\n  driftline compare shadow.ndjson --truth y --candidate-prediction new --baseline-prediction live --metric accuracy --margin 0.01 --prove not-worse\n  driftline compare --candidate week.csv --baseline-metrics offline.json --truth y --score p --metric roc_auc --margin 0.02\n  driftline compare --candidate a.csv --baseline b.csv --labels labels.csv --on id --truth y --prediction p --metric mae --margin 5%\n  driftline compare ab.ndjson --truth y --candidate-prediction b --baseline-prediction a --metric accuracy --sequential\n\nExit codes: 0 passed; 1 worse, or with `--prove` not proven; 3 bad usage, unreadable data, or a metric that could not be compared."
)]
pub struct Args {
    /// One input in which both models predicted, such as the log of a shadow model; NDJSON, JSON array, CSV, Parquet,
    /// also .gz and .zst; `-` is standard input.
    #[arg(value_name = "DATA")]
    data: Vec<String>,
    /// What the candidate predicted: files or patterns.
    #[arg(long, value_name = "DATA", num_args = 1..)]
    candidate: Vec<String>,
    /// What the baseline predicted.
    #[arg(long, value_name = "DATA", num_args = 1..)]
    baseline: Vec<String>,
    /// What was measured of the baseline, instead of its records: JSON as `driftline quality --format json` writes it, or
    /// metrics by name with `n`.
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    baseline_metrics: Option<String>,
    /// The column of what is true; with `--labels`, in those files. `a.b` is a member of an object.
    #[arg(long, value_name = "COLUMN")]
    truth: String,
    /// The column of predictions, a class or a number.
    #[arg(long, value_name = "COLUMN")]
    prediction: Option<String>,
    /// The candidate's, where it has another name.
    #[arg(long, value_name = "COLUMN")]
    candidate_prediction: Option<String>,
    /// The baseline's.
    #[arg(long, value_name = "COLUMN")]
    baseline_prediction: Option<String>,
    /// The column of scores: the probability of the positive class.
    #[arg(long, value_name = "COLUMN")]
    score: Option<String>,
    /// The candidate's, where it has another name.
    #[arg(long, value_name = "COLUMN")]
    candidate_score: Option<String>,
    /// The baseline's.
    #[arg(long, value_name = "COLUMN")]
    baseline_score: Option<String>,
    /// Files that hold what is true, by id; of several labels of one id the last holds.
    #[arg(long, value_name = "DATA", num_args = 1.., requires = "on")]
    labels: Vec<String>,
    /// The column of ids by which labels and the records of both models belong together; `a=b` where labels (or, without
    /// `--labels`, the baseline) have another name for it.
    #[arg(long, value_name = "COLUMN")]
    on: Option<String>,
    /// Whether both models judged the same records; `auto`: if `--on` finds at least half of the smaller side in both.
    #[arg(long, value_enum, default_value_t = Samples::Auto)]
    samples: Samples,
    /// What is compared; may be repeated: `accuracy`, `balanced_accuracy`, `mcc`, `cohen_kappa`; `precision`, `recall`,
    /// `f1` (of the positive class), and these with `_macro` and `_weighted`; `roc_auc`, `log_loss`, `brier`; `mae`,
    /// `mse`, `rmse`, `mape`, `r2`.
    #[arg(short, long = "metric", required = true, value_name = "NAME", value_delimiter = ',')]
    metrics: Vec<String>,
    /// How much worse is still not worse: in the units of the metric or as a share of the baseline's (`5%`), for all
    /// metrics or for one (`mae=2.5`); may be repeated.
    #[arg(long = "margin", value_name = "[METRIC=]AMOUNT", value_delimiter = ',', allow_hyphen_values = true)]
    margins: Vec<String>,
    /// The chance to fail a candidate that is not worse; with `--prove`, to pass one that is.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.05)]
    alpha: f64,
    /// Pass only what is proven of every metric, instead of all that is not shown to be worse.
    #[arg(long, value_enum, value_name = "WHAT")]
    prove: Option<Prove>,
    /// Columns of segments: records of each value are compared by themselves too; may be repeated.
    #[arg(long = "segment", value_name = "COLUMN", conflicts_with = "baseline_metrics")]
    segments: Vec<String>,
    /// Fail too when the candidate is worse in a segment.
    #[arg(long, requires = "segments")]
    segments_gate: bool,
    /// Fewer records than this on a side cannot be compared (exit code 3).
    #[arg(long, value_name = "N", default_value_t = 2)]
    min_records: usize,
    /// Decide so that looking after every record, every day, is allowed: of accuracy, brier and, with `--loss-bound`, other
    /// losses, in the order of rows.
    #[arg(long, conflicts_with = "baseline_metrics")]
    sequential: bool,
    /// The greatest loss that a record can have, for `--sequential`.
    #[arg(long, value_name = "AMOUNT", requires = "sequential")]
    loss_bound: Option<f64>,
    /// The class that scores are about; default: 1, true, or the greater of two.
    #[arg(long, value_name = "CLASS")]
    positive: Option<String>,
    /// What the answer looks like.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    reading: Reading,
}

/// Whether records are the same.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Samples {
    /// By the ids.
    Auto,
    /// The same records, by id; others are left out.
    Paired,
    /// Two samples.
    Independent,
}

/// What is to be proven.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Prove {
    /// That the candidate is not worse by more than the margin (non-inferiority).
    NotWorse,
    /// That it is better.
    Better,
}

/// A format of the answer.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// A table, for a comment or a page.
    Markdown,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let asked = given::Asked::of(args)?;
    let (sides, is_whole) = sides::read(args, &asked)?;
    let answer = judge::Answer::of(args, &asked, &sides)?;
    show::write(args, &answer)?;
    Ok(if is_whole { answer.exit } else { CANNOT })
}
