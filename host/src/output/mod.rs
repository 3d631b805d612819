//! What a report looks like: one file a format.

pub mod github;
pub mod gx;
mod gx_counts;
pub mod json;
pub mod json_value;
pub mod html;
mod junit;
pub mod plots;
mod sarif;
mod text;
pub(crate) mod words;

use std::io::{self, Write};

use clap::ValueEnum;

pub use json::REPORT_SCHEMA;

use crate::report::Report;

/// A format of the report.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// For people.
    Text,
    /// Driftline's own form; `driftline schema report` prints its JSON Schema.
    Json,
    /// Great Expectations' `ExpectationSuiteValidationResult`.
    Gx,
    /// `JUnit` XML: a test case for each expectation.
    Junit,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of GitHub Actions, and a job summary.
    Github,
    /// One page that opens in any browser, with plots, and needs nothing else.
    Html,
}

/// How much of a result Great Expectations' form shows.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResultFormat {
    /// Success only.
    #[value(name = "BOOLEAN_ONLY")]
    BooleanOnly,
    /// Counts and the first 20 unexpected values.
    #[value(name = "BASIC")]
    Basic,
    /// Also counts of those values, and their positions.
    #[value(name = "SUMMARY")]
    Summary,
    /// Also the first 200 unexpected values and the positions of all.
    #[value(name = "COMPLETE")]
    Complete,
}

/// How a report is written.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How much of a result `gx` shows.
    pub level: ResultFormat,
    /// How much `text` says.
    pub amount: Amount,
    /// Whether `text` is coloured.
    pub color: bool,
    /// Whether `text` and `json` tell how long it took, which differs from run to run.
    pub timing: bool,
}

/// How much the report for people says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Amount {
    /// What failed, without samples, and the verdict.
    Quiet,
    /// Also samples, and what was skipped.
    #[default]
    Normal,
    /// Also what held.
    Verbose,
}

/// Writes a report.
pub fn write(report: &Report, format: OutputFormat, options: Options, out: &mut dyn Write) -> io::Result<()> {
    match format {
        OutputFormat::Text => text::write(report, options, out),
        OutputFormat::Json => json::write(report, options.timing, out),
        OutputFormat::Gx => gx::write(report, options.level, out),
        OutputFormat::Junit => junit::write(report, out),
        OutputFormat::Sarif => sarif::write(report, out),
        OutputFormat::Github => github::write(report, out),
        OutputFormat::Html => html::check::write(report, options.timing, out),
    }
}

/// All formats but the one for people read standard output by machine.
impl OutputFormat {
    /// Whether failed records of each check are shown as the user asked, or as the format needs.
    pub fn samples(self, asked: usize) -> usize {
        if self == OutputFormat::Gx { gx::MAX_VALUES } else { asked }
    }
}
