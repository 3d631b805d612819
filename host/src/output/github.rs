//! Workflow commands of GitHub Actions, and a summary of the job.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write};

use driftline_rules::report::{Severity, Status};
use driftline_rules::suite::problem::Problem;

use super::words::{counted, message, number, titled, value, whole};
use crate::report::Report;

/// Writes an annotation for each expectation that failed or could not be evaluated, and appends a
/// summary in Markdown to the file that `GITHUB_STEP_SUMMARY` names.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for (segment, expectation, finding) in report.by_segment() {
        let level = match (finding.judgement.status, expectation.severity) {
            (Status::Fail, Severity::Critical) | (Status::Error, _) => "error",
            (Status::Fail, Severity::Warning) => "warning",
            (Status::Fail, Severity::Info) => "notice",
            (Status::Pass | Status::Skip, _) => continue,
        };
        let mut said = message(expectation, finding);
        for it in &finding.sample.unexpected {
            let _ = write!(said, "\n{}: {}", report.place(it.row), value(&it.value));
        }
        let first = finding.sample.unexpected.first().and_then(|it| report.location(it.row));
        // What is read from a pipe is no file that could be annotated.
        let (file, line) = match first.filter(|(file, _)| *file != "-") {
            Some((file, line)) => (file, Some(line)),
            None => (report.suite_file.as_str(), Some(u64::from(expectation.at.line))),
        };
        annotate(level, file, line, None, &titled(expectation, segment), &said, out)?;
    }
    for fault in &report.faults {
        annotate("error", &fault.file, fault.line, None, "unreadable file", &fault.reason, out)?;
    }
    match std::env::var_os("GITHUB_STEP_SUMMARY") {
        Some(path) if !path.is_empty() => {
            OpenOptions::new().append(true).create(true).open(path)?.write_all(summary(report).as_bytes())
        }
        _ => Ok(()),
    }
}

/// Writes an annotation for each problem of a suite.
pub fn write_problems(file: &str, problems: &[Problem], out: &mut dyn Write) -> io::Result<()> {
    for it in problems {
        let said = it.hint.as_ref().map_or_else(|| it.message.clone(), |hint| format!("{} ({hint})", it.message));
        let title = if it.path.is_empty() { "suite" } else { &it.path };
        annotate("error", file, Some(it.at.line.into()), Some(it.at.column), title, &said, out)?;
    }
    Ok(())
}

fn annotate(
    level: &str,
    file: &str,
    line: Option<u64>,
    column: Option<u32>,
    title: &str,
    message: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    write!(out, "::{level} file={}", property(file))?;
    if let Some(line) = line {
        write!(out, ",line={line}")?;
    }
    if let Some(column) = column {
        write!(out, ",col={column}")?;
    }
    writeln!(out, ",title={}::{}", property(title), data(message))
}

/// The escaping of a command's message, as in the `@actions/core` toolkit.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The escaping of a command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The report in Markdown: the verdict, then a table of what did not hold.
fn summary(report: &Report) -> String {
    let name = report.plan.name.as_deref().unwrap_or(&report.suite_file);
    let verdict = match report.exit_code() {
        0 => "passed",
        1 => "failed",
        2 => "passed with warnings",
        _ => "incomplete",
    };
    let mut page = format!("### Driftline: {} {verdict}\n\n", cell(name));
    let _ = writeln!(
        page,
        "{} in {}, {} unreadable. {} held, {} failed, {} skipped, {} could not be evaluated.\n",
        counted(report.records, "record"),
        counted(report.files.len() as u64, "file"),
        number(report.unreadable),
        report.count(Status::Pass),
        report.count(Status::Fail),
        report.count(Status::Skip),
        report.count(Status::Error),
    );
    let is_told =
        |segment: Option<&str>, status| status != Status::Pass && (segment.is_none() || status != Status::Skip);
    let mut rows: Vec<_> = report.by_segment().filter(|it| is_told(it.0, it.2.judgement.status)).collect();
    rows.sort_by_key(|(_, expectation, it)| {
        let order = match it.judgement.status {
            Status::Fail => 0,
            Status::Error => 1,
            _ => 2,
        };
        (order, std::cmp::Reverse(expectation.severity))
    });
    if !rows.is_empty() {
        page.push_str("| | Severity | Expectation | What happened | First record |\n|---|---|---|---|---|\n");
    }
    for (segment, expectation, finding) in rows {
        let first = finding.sample.unexpected.first();
        let first = first.map_or_else(String::new, |it| format!("{}: {}", report.place(it.row), value(&it.value)));
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} |",
            finding.judgement.status.name(),
            expectation.severity.name(),
            cell(&whole(&titled(expectation, segment))),
            cell(&message(expectation, finding)),
            cell(&first),
        );
    }
    for fault in &report.faults {
        let _ = writeln!(page, "\nUnreadable: {}", cell(&fault.to_string()));
    }
    page.push('\n');
    page
}

/// Text as text: nothing in it is Markdown, a column, or HTML.
fn cell(text: &str) -> String {
    let mut shown = String::new();
    for it in whole(text).chars() {
        match it {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '~' | '#' | '!' => {
                shown.push('\\');
                shown.push(it);
            }
            it => shown.push(it),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_cannot_be_broken_by_what_it_says() {
        let mut said = Vec::new();
        annotate("error", "a,b:c.csv", Some(3), None, "100%", "one\r\n::error::two", &mut said).unwrap();
        let expected = "::error file=a%2Cb%3Ac.csv,line=3,title=100%25::one%0D%0A::error::two\n";
        assert_eq!(String::from_utf8(said).unwrap(), expected);
    }

    #[test]
    fn a_cell_stays_a_cell() {
        assert_eq!(cell("a|b\n<script>"), "a\\|b\\\\n&lt;script&gt;");
    }
}
