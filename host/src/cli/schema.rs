//! `driftline schema`: the formats as JSON Schemas.

use clap::{Args as ClapArgs, ValueEnum};
use driftline_rules::suite_schema::suite_schema;

use super::say;
use crate::config;
use crate::output::json::REPORT_SCHEMA;
use crate::span_report;

/// Print the JSON Schema of a format.
///
/// With the schema of suites an editor completes kinds and parameters, shows what they mean, and marks
/// typos while you write. For the YAML language server (VS Code and others) put this on the first line
/// of a suite:
///
///   # yaml-language-server: $schema=suite.schema.json
#[derive(ClapArgs, Debug)]
#[command(
    verbatim_doc_comment,
    after_help = "Examples:\n  driftline schema suite > suite.schema.json\n  driftline schema report\n  driftline schema span-report\n  driftline schema config > driftline.schema.json\n\nExit codes: 0; 3 for a format that is not known."
)]
pub struct Args {
    /// The format.
    #[arg(value_enum, value_name = "FORMAT")]
    format: Format,
}

/// A format.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// Suites of expectations.
    Suite,
    /// The report that `check --format json` writes.
    Report,
    /// The report of a span of time that `report --format json` writes.
    SpanReport,
    /// The configuration of the service, `driftline.yaml`.
    Config,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let schema = match args.format {
        Format::Suite => suite_schema(),
        Format::Report => serde_json::from_str(REPORT_SCHEMA)?,
        Format::SpanReport => span_report::schema(),
        Format::Config => config::schema(),
    };
    say(|out| {
        serde_json::to_writer_pretty(&mut *out, &schema)?;
        writeln!(out)
    })?;
    Ok(0)
}
