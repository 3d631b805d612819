//! `driftline labels`: what turned out to be true, from files into the store.

use clap::Args as ClapArgs;

use super::check::Reading;
use super::serve::Given;
use super::{CANNOT, Format, complain, say, stored};
use crate::config::{Config, Loaded};
use crate::service::label_files::{Gathered, gather_all};
use crate::service::labels::{Taken, of_suite, take};
use crate::wire::LabelsTaken;

/// Give the store labels: what turned out to be true of records, by their id.
///
/// Each is joined to the prediction of its record, and the window of that is judged again by the service. A label may
/// come before its record, and again: what says something else than before is a correction. Reads the configuration of
/// the service (see `driftline serve`), and the suite from its folder or the store; the service need not run.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline labels truth.ndjson\n  driftline labels march/*.parquet --suite intents --format json\n\nA label is a record such as {\"id\": \"r1\", \"truth\": \"refund\"}; `at` says when it was known.\n\nExit codes: 0 all are kept; 1 some could not be read; 3 bad usage or configuration, or the store cannot be reached."
)]
pub struct Args {
    /// Files or patterns: NDJSON, JSON array, CSV, Parquet, also .gz and .zst; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// The suite; without it the one that keeps predictions, if there is only one.
    #[arg(long, value_name = "NAME")]
    suite: Option<String>,
    /// What the answer looks like.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    given: Given,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let Some(Loaded { config, .. }) = args.given.load() else { return Ok(CANNOT) };
    let answer = stored::block_on(give(args, &config))?;
    for problem in &answer.problems {
        complain(format_args!("{problem}"));
    }
    say(|out| match args.format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &answer)?;
            writeln!(out)
        }
        Format::Text => {
            let LabelsTaken { received, new, corrected, unchanged, joined, refused, .. } = &answer;
            writeln!(
                out,
                "{received} labels of `{}`: {new} new, {corrected} corrected, {unchanged} known before, {refused} refused; \
                 the predictions of {joined} are there",
                answer.suite
            )
        }
    })?;
    Ok(u8::from(answer.refused > 0))
}

async fn give(args: &Args, config: &Config) -> anyhow::Result<LabelsTaken> {
    let (store, shelf) = stored::open_with_suites(config).await?;
    let version =
        of_suite(&shelf.now(), args.suite.as_deref()).map_err(|it| anyhow::anyhow!(it.words("--suite NAME")))?;
    let inputs = Reading::inputs(&args.files)?;
    let options = args.reading.files()?;
    let gathered = tokio::task::block_in_place(|| gather_all(&version, &inputs, &options));
    let Gathered { labels, problems, refused } = gathered.map_err(|it| anyhow::anyhow!(it))?;
    let received = labels.len() as u64 + refused;
    let taken: Taken = take(&store, &shelf, &version, labels, "driftline labels").await?;
    let answer = LabelsTaken::new(&version.name, received, refused, taken, problems);
    store.close().await;
    Ok(answer)
}
