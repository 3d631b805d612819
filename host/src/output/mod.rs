//! What a report looks like: one file a format.

pub mod gx;
pub mod json_value;
mod text;

use std::io::{self, Write};

use clap::ValueEnum;

use crate::report::Report;

/// A format of the report.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// For people.
    Text,
    /// Great Expectations' `ExpectationSuiteValidationResult`.
    Gx,
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

/// Writes a report.
pub fn write(report: &Report, format: OutputFormat, level: ResultFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        OutputFormat::Text => text::write(report, out),
        OutputFormat::Gx => gx::write(report, level, out),
    }
}
