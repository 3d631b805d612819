//! The report as `JUnit` XML, in the shape that Jenkins' and GitLab's readers share: a test suite of
//! all records and one of each segment, a test case for each expectation, for the readability of records, and for each
//! unreadable file.

use std::io::{self, Write};

use driftline_rules::plan::Expectation;
use driftline_rules::report::{Severity, Status};
use driftline_rules::run::Finding;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::words::{message, plain, value};
use crate::report::Report;

/// Writes it.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut to = Writer::new_with_indent(&mut *out, b' ', 2);
    let suite = xml_text(report.plan.name.as_deref().unwrap_or(&report.suite_file));
    let total = Counts::of(report.shown(), report.faults.len());
    let segments = report.segments.iter().map(|it| Counts::of(it.shown(report.plan), 0));
    let segments: Vec<Counts> = segments.collect();
    let mut all = total;
    for it in &segments {
        all.add(*it);
    }
    to.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    to.write_event(Event::Start(element("testsuites", &all.attributes(&suite))))?;
    to.write_event(Event::Start(total.start(report, &suite)))?;
    for (expectation, finding) in report.shown() {
        case(report, &suite, expectation, finding, &mut to)?;
    }
    for fault in &report.faults {
        let case = element(
            "testcase",
            &[("classname", suite.clone()), ("name", xml_text(&format!("{} can be read", fault.file)))],
        );
        to.write_event(Event::Start(case))?;
        outcome("error", "unreadable", &fault.to_string(), "", &mut to)?;
        to.write_event(Event::End(BytesEnd::new("testcase")))?;
    }
    to.write_event(Event::End(BytesEnd::new("testsuite")))?;
    for (segment, counts) in report.segments.iter().zip(segments) {
        let name = format!("{suite} [{}]", xml_text(&segment.name));
        to.write_event(Event::Start(counts.start(report, &name)))?;
        for (expectation, finding) in segment.shown(report.plan) {
            case(report, &name, expectation, finding, &mut to)?;
        }
        to.write_event(Event::End(BytesEnd::new("testsuite")))?;
    }
    to.write_event(Event::End(BytesEnd::new("testsuites")))?;
    writeln!(out)
}

/// How the cases of a test suite ended.
#[derive(Clone, Copy, Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    /// Of results, and of files that cannot be read.
    fn of<'e>(results: impl Iterator<Item = (&'e Expectation, &'e Finding)>, faults: usize) -> Self {
        let mut counts = Counts { tests: faults, errors: faults, ..Counts::default() };
        for (expectation, finding) in results {
            counts.tests += 1;
            // A failure for information fails no build.
            counts.failures += usize::from(fails(expectation, finding));
            counts.errors += usize::from(finding.judgement.status == Status::Error);
            counts.skipped += usize::from(finding.judgement.status == Status::Skip);
        }
        counts
    }

    const fn add(&mut self, other: Counts) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.errors += other.errors;
        self.skipped += other.skipped;
    }

    fn attributes(self, name: &str) -> [(&'static str, String); 4] {
        [
            ("name", name.to_owned()),
            ("tests", self.tests.to_string()),
            ("failures", self.failures.to_string()),
            ("errors", self.errors.to_string()),
        ]
    }

    fn start(self, report: &Report, name: &str) -> BytesStart<'static> {
        let mut start = element("testsuite", &self.attributes(name));
        start.push_attribute(("skipped", self.skipped.to_string().as_str()));
        start.push_attribute(("file", xml_text(&report.suite_file).as_str()));
        start
    }
}

fn fails(expectation: &Expectation, finding: &Finding) -> bool {
    finding.judgement.status == Status::Fail && expectation.severity > Severity::Info
}

fn case<W: Write>(
    report: &Report,
    suite: &str,
    expectation: &Expectation,
    finding: &Finding,
    to: &mut Writer<W>,
) -> io::Result<()> {
    let mut start = element("testcase", &[("classname", suite.to_owned()), ("name", xml_text(&expectation.title()))]);
    start.push_attribute(("file", xml_text(&report.suite_file).as_str()));
    start.push_attribute(("line", expectation.at.line.to_string().as_str()));
    let status = finding.judgement.status;
    if status == Status::Pass {
        return to.write_event(Event::Empty(start));
    }
    to.write_event(Event::Start(start))?;
    let message = message(expectation, finding);
    match status {
        Status::Skip => {
            to.write_event(Event::Empty(element("skipped", &[("message", xml_text(&message))])))?;
        }
        Status::Error => outcome("error", "error", &message, "", to)?,
        _ => {
            let sample = finding.sample.unexpected.iter();
            let lines: Vec<_> = sample.map(|it| format!("{}  {}", report.place(it.row), value(&it.value))).collect();
            let lines = lines.join("\n");
            if fails(expectation, finding) {
                outcome("failure", expectation.severity.name(), &message, &lines, to)?;
            } else {
                to.write_event(Event::Start(BytesStart::new("system-out")))?;
                to.write_event(Event::Text(BytesText::new(&xml_text(&format!("{message}\n{lines}")))))?;
                to.write_event(Event::End(BytesEnd::new("system-out")))?;
            }
        }
    }
    to.write_event(Event::End(BytesEnd::new("testcase")))
}

/// `<failure type=".." message="..">..</failure>`, or an error.
fn outcome<W: Write>(
    name: &'static str,
    of_type: &str,
    message: &str,
    text: &str,
    to: &mut Writer<W>,
) -> io::Result<()> {
    let start = element(name, &[("type", of_type.to_owned()), ("message", xml_text(message))]);
    if text.is_empty() {
        return to.write_event(Event::Empty(start));
    }
    to.write_event(Event::Start(start))?;
    to.write_event(Event::Text(BytesText::new(&xml_text(text))))?;
    to.write_event(Event::End(BytesEnd::new(name)))
}

fn element(name: &'static str, attributes: &[(&str, String)]) -> BytesStart<'static> {
    let mut start = BytesStart::new(name);
    for (name, value) in attributes {
        start.push_attribute((*name, value.as_str()));
    }
    start
}

/// XML 1.0 has no way to write most control characters, nor U+FFFE and U+FFFF.
fn xml_text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '\n' | '\t' => shown.push(it),
            '\u{fffe}' | '\u{ffff}' => shown.push('\u{fffd}'),
            _ => shown.push_str(&plain(it.encode_utf8(&mut [0; 4]))),
        }
    }
    shown
}
