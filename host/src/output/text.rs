//! The report for people: what failed first, then what is not known, then what held.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use driftline_rules::plan::Expectation;
use driftline_rules::report::{Severity, Status};
use driftline_rules::run::Finding;

use super::words::{bound, counted, failed_of, missing, number, observed, plain, value, whole};
use super::{Amount, Options};
use crate::report::Report;

/// Writes it.
pub fn write(report: &Report, options: Options, out: &mut dyn Write) -> io::Result<()> {
    Page { report, options, out }.write()
}

struct Page<'r> {
    report: &'r Report<'r>,
    options: Options,
    out: &'r mut dyn Write,
}

const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const BLUE: Style = AnsiColor::Blue.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

impl Page<'_> {
    fn write(mut self) -> io::Result<()> {
        self.header()?;
        for severity in Severity::ALL {
            self.each(Status::Fail, Some(severity), Self::failure)?;
        }
        self.unreadable()?;
        self.each(Status::Error, None, Self::error)?;
        self.faults()?;
        if self.options.amount > Amount::Quiet {
            self.block(Status::Skip)?;
        }
        if self.options.amount == Amount::Verbose {
            self.block(Status::Pass)?;
        }
        self.verdict()
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.options.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// `suite.yaml (payments): 2 files, 10,000 records, 3 unreadable`
    fn header(&mut self) -> io::Result<()> {
        let report = self.report;
        let name = report.plan.name.as_ref().map_or_else(String::new, |it| format!(" ({})", plain(it)));
        let suite = self.paint(BOLD, &format!("{}{name}", whole(&report.suite_file)));
        let files = match report.files.as_slice() {
            [one] if one == "-" => "standard input".to_owned(),
            [one] => whole(one),
            files => counted(files.len() as u64, "file"),
        };
        write!(self.out, "{suite}: {files}, {}", counted(report.records, "record"))?;
        if report.unreadable > 0 {
            write!(self.out, ", {} unreadable", number(report.unreadable))?;
        }
        if self.options.timing {
            let seconds = report.elapsed.as_secs_f64();
            write!(self.out, ", {seconds:.2} s")?;
        }
        writeln!(self.out)
    }

    fn each(
        &mut self,
        status: Status,
        severity: Option<Severity>,
        show: fn(&mut Self, &Expectation, &Finding) -> io::Result<()>,
    ) -> io::Result<()> {
        let report = self.report;
        let shown = report.shown().filter(|(expectation, finding)| {
            finding.judgement.status == status && severity.is_none_or(|it| it == expectation.severity)
        });
        for (expectation, finding) in shown {
            show(self, expectation, finding)?;
        }
        Ok(())
    }

    /// The first line of a result: the word, the title, and where the suite says so.
    fn title(&mut self, word: &str, expectation: &Expectation, finding: &Finding) -> io::Result<()> {
        let title = self.paint(BOLD, &plain(&expectation.title()));
        // An implicit expectation stands nowhere.
        let own = finding.expectation >= self.report.plan.n_implicit || expectation.at.line > 1;
        let at =
            if own { format!("  {}:{}", whole(&self.report.suite_file), expectation.at.line) } else { String::new() };
        writeln!(self.out, "\n{word}  {title}{}", if at.is_empty() { at } else { self.paint(DIM, &at) })
    }

    fn failure(&mut self, expectation: &Expectation, finding: &Finding) -> io::Result<()> {
        let word = match expectation.severity {
            Severity::Critical => self.paint(RED, "FAILED"),
            Severity::Warning => self.paint(YELLOW, "WARNING"),
            Severity::Info => self.paint(BLUE, "INFO"),
        };
        self.title(&word, expectation, finding)?;
        if let Some(said) = failed_of(finding) {
            let missing = missing(finding).map_or_else(String::new, |it| format!(", {it}"));
            writeln!(self.out, "  {said}{missing}")?;
        }
        // Unreadable records follow with all that is known of them.
        if finding.expectation == 0 {
            return Ok(());
        }
        self.line("expected", bound(expectation, finding))?;
        self.line("when", expectation.when.as_deref().map(whole))?;
        self.line("observed", observed(finding))?;
        self.line("because", finding.judgement.why.as_deref().map(whole))?;
        if self.options.amount == Amount::Quiet {
            return Ok(());
        }
        let sample = &finding.sample.unexpected;
        let rows: Vec<_> = sample.iter().map(|it| (self.report.place(it.row), value(&it.value))).collect();
        let widest = rows.iter().map(|(place, _)| place.chars().count()).max().unwrap_or(0);
        for (place, value) in rows {
            let room = " ".repeat(widest - place.chars().count());
            let place = self.paint(DIM, &whole(&place));
            writeln!(self.out, "  {place}{room}  {value}")?;
        }
        self.more(finding.judgement.counts.map_or(0, |it| it.unexpected), sample.len())
    }

    fn line(&mut self, name: &str, said: Option<String>) -> io::Result<()> {
        let Some(said) = said.filter(|it| !it.is_empty()) else { return Ok(()) };
        let name = self.paint(DIM, &format!("{name:<8}"));
        writeln!(self.out, "  {name}  {said}")
    }

    /// Of many only the first are listed.
    fn more(&mut self, all: u64, listed: usize) -> io::Result<()> {
        match all.saturating_sub(listed as u64) {
            more if more > 0 && listed > 0 => writeln!(self.out, "  and {} more", number(more)),
            _ => Ok(()),
        }
    }

    fn unreadable(&mut self) -> io::Result<()> {
        let report = self.report;
        if self.options.amount == Amount::Quiet || report.broken.is_empty() {
            return Ok(());
        }
        let title = self.paint(BOLD, "Records that could not be read");
        writeln!(self.out, "\n{title}")?;
        for it in &report.broken {
            let place = format!("{}:{}", whole(&it.file), it.line);
            writeln!(self.out, "  {} (byte {}): {}", self.paint(DIM, &place), number(it.offset), whole(&it.reason))?;
            if !it.excerpt.trim().is_empty() {
                writeln!(self.out, "    {}", plain(it.excerpt.trim()))?;
            }
        }
        self.more(report.unreadable, report.broken.len())
    }

    fn error(&mut self, expectation: &Expectation, finding: &Finding) -> io::Result<()> {
        let word = self.paint(RED, "ERROR");
        self.title(&word, expectation, finding)?;
        let why = finding.judgement.why.as_deref().map(whole);
        writeln!(self.out, "  could not be evaluated: {}", why.unwrap_or_default())
    }

    fn faults(&mut self) -> io::Result<()> {
        let report = self.report;
        if report.faults.is_empty() {
            return Ok(());
        }
        let title = self.paint(RED, "Files that could not be read to their end");
        writeln!(self.out, "\n{title}")?;
        report.faults.iter().try_for_each(|it| writeln!(self.out, "  {}", whole(&it.to_string())))
    }

    /// Those that were skipped or held, one line each.
    fn block(&mut self, status: Status) -> io::Result<()> {
        let report = self.report;
        if report.count(status) == 0 {
            return Ok(());
        }
        let title = if status == Status::Skip { self.paint(BLUE, "Skipped") } else { self.paint(GREEN, "Held") };
        writeln!(self.out, "\n{title}")?;
        self.each(status, None, |page, expectation, finding| {
            let judgement = &finding.judgement;
            let said = match judgement.status {
                Status::Pass => [
                    bound(expectation, finding),
                    observed(finding).map(|it| format!("observed {it}")),
                    failed_of(finding).map(|it| format!("{it} failed")),
                ]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join("; "),
                _ => judgement.why.as_deref().map(whole).unwrap_or_default(),
            };
            let title = plain(&expectation.title());
            let colon = if said.is_empty() { "" } else { ": " };
            writeln!(page.out, "  {title}{colon}{said}")
        })
    }

    /// `FAILED: 2 critical and 1 warning failed, 12 held, 1 skipped`
    fn verdict(&mut self) -> io::Result<()> {
        let report = self.report;
        let failed = |severity: Severity| {
            let of = |(a, b): &(&Expectation, &Finding)| a.severity == severity && b.judgement.status == Status::Fail;
            report.shown().filter(of).count() as u64
        };
        let [critical, warning, info] = Severity::ALL.map(failed);
        let parts = [
            (critical, "critical failed"),
            (warning, if warning == 1 { "warning" } else { "warnings" }),
            (info, "for information"),
            (report.count(Status::Error) as u64, "could not be evaluated"),
            (report.faults.len() as u64, if report.faults.len() == 1 { "unreadable file" } else { "unreadable files" }),
            (report.count(Status::Skip) as u64, "skipped"),
        ];
        let mut said: Vec<String> =
            parts.iter().filter(|(it, _)| *it > 0).map(|(it, what)| format!("{} {what}", number(*it))).collect();
        said.push(format!("{} held", number(report.count(Status::Pass) as u64)));
        let word = match report.exit_code() {
            0 if report.status() == Status::Skip => self.paint(BLUE, "NOTHING JUDGED"),
            0 => self.paint(GREEN, "PASSED"),
            1 => self.paint(RED, "FAILED"),
            2 => self.paint(YELLOW, "WARNING"),
            _ => self.paint(RED, "INCOMPLETE"),
        };
        writeln!(self.out, "\n{word}: {}", said.join(", "))?;
        self.advice()
    }

    /// The command that explains the first failed record.
    fn advice(&mut self) -> io::Result<()> {
        let report = self.report;
        // A build may leave the command out.
        let there = crate::cli::command().find_subcommand("explain").is_some();
        if !there || self.options.amount == Amount::Quiet {
            return Ok(());
        }
        let sample = |severity: Severity| {
            let failed = report.own().filter(|(_, it)| it.judgement.status == Status::Fail);
            failed.filter(|(it, _)| it.severity == severity).find_map(|(_, it)| it.sample.unexpected.first())
        };
        let Some(first) = Severity::ALL.into_iter().find_map(sample) else { return Ok(()) };
        match report.location(first.row) {
            Some((file, line)) if file != "-" => {
                let suite = shell_word(&report.suite_file);
                let file = shell_word(file);
                writeln!(self.out, "Next: driftline explain {file}:{line} --suite {suite}")
            }
            _ => Ok(()),
        }
    }
}

/// A name as a shell takes it.
fn shell_word(name: &str) -> String {
    let name = whole(name);
    let safe = |it: char| it.is_alphanumeric() || "/._-+:=@%".contains(it);
    if name.chars().all(safe) { name } else { format!("'{}'", name.replace('\'', "'\\''")) }
}
