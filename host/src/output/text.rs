//! The report for people: what failed first, then what is not known, then what held.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use driftline_rules::plan::Expectation;
use driftline_rules::report::{Severity, Status};
use driftline_rules::run::Finding;
use driftline_rules::segments::Judged;

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
        self.segments()?;
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

    /// A line for each segment in which something does not hold; the others are counted.
    fn segments(&mut self) -> io::Result<()> {
        let report = self.report;
        let plan = report.plan;
        let (wrong, held): (Vec<&Judged>, Vec<&Judged>) =
            report.segments.iter().partition(|it| !it.wrong(plan).is_empty());
        if report.segments.is_empty() || wrong.is_empty() && self.options.amount == Amount::Quiet {
            return Ok(());
        }
        let title = self.paint(BOLD, "Segments");
        writeln!(self.out, "\n{title}")?;
        let verbose = self.options.amount == Amount::Verbose;
        let listed = if verbose { wrong.len() } else { wrong.len().min(MOST_SEGMENTS) };
        let shown: Vec<&Judged> = wrong.iter().take(listed).chain(held.iter().filter(|_| verbose)).copied().collect();
        let names: Vec<String> = shown.iter().map(|it| whole(&it.name)).collect();
        let counts: Vec<String> = shown.iter().map(|it| counted(it.records, "record")).collect();
        let widest = |all: &[String]| all.iter().map(|it| it.chars().count()).max().unwrap_or(0);
        let widths = (widest(&names).min(60), widest(&counts));
        for (it, (name, count)) in shown.into_iter().zip(names.iter().zip(&counts)) {
            let word = match it.verdict(plan) {
                "fail" => self.paint(RED, "FAILED "),
                "warn" => self.paint(YELLOW, "WARNING"),
                "error" => self.paint(RED, "ERROR  "),
                _ if it.wrong(plan).is_empty() => self.paint(GREEN, "held   "),
                _ => self.paint(BLUE, "INFO   "),
            };
            let said = segment(&it.wrong(plan), it.shown(plan).count());
            let line = format!("  {word}  {name:<0$}  {count:>1$}  {said}", widths.0, widths.1);
            writeln!(self.out, "{}", line.trim_end())?;
        }
        match (wrong.len() - listed) as u64 {
            0 => {}
            more => writeln!(self.out, "  and {} more, which --verbose lists", number(more))?,
        }
        if held.is_empty() || verbose {
            return Ok(());
        }
        let others = if wrong.is_empty() { "" } else { "other " };
        writeln!(self.out, "  {} held", counted(held.len() as u64, &format!("{others}segment")))
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
        let bad = report.segments.iter().filter(|it| !it.wrong(report.plan).is_empty()).count() as u64;
        if bad > 0 {
            said.push(format!("{} of {} did not hold", number(bad), counted(report.segments.len() as u64, "segment")));
        }
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

/// Segments that are listed unless all are asked for.
const MOST_SEGMENTS: usize = 50;

/// `2 of 12 failed: latency_ms mean_between (observed 812.4); score not_null (3 of 214 records (1.4 %))`
fn segment(wrong: &[(&Expectation, &Finding)], all: usize) -> String {
    const LISTED: usize = 3;
    if wrong.is_empty() {
        return String::new();
    }
    let one = |(expectation, finding): &(&Expectation, &Finding)| {
        let said = match finding.judgement.status {
            Status::Error => finding.judgement.why.as_deref().map(plain),
            _ => observed(finding).map(|it| format!("observed {it}")).or_else(|| failed_of(finding)),
        };
        let said = said.map_or_else(String::new, |it| format!(" ({it})"));
        format!("{}{said}", plain(&expectation.title()))
    };
    let mut said: Vec<String> = wrong.iter().take(LISTED).map(one).collect();
    let more = wrong.len().saturating_sub(LISTED);
    said.extend((more > 0).then(|| format!("and {more} more")));
    let expectations = if all == 1 { "expectation" } else { "expectations" };
    format!("{} of {all} {expectations} failed: {}", wrong.len(), said.join("; "))
}

/// A name as a shell takes it.
fn shell_word(name: &str) -> String {
    let name = whole(name);
    let safe = |it: char| it.is_alphanumeric() || "/._-+:=@%".contains(it);
    if name.chars().all(safe) { name } else { format!("'{}'", name.replace('\'', "'\\''")) }
}
