//! The report for people.
use crate::report::Report;
use std::io::{self, Write};
/// Writes it.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for (expectation, finding) in report.shown() {
        writeln!(out, "{} {} {:?}", finding.judgement.status.name(), expectation.title(), finding.judgement)?;
    }
    Ok(())
}
