//! Driftline's own form of the report; `report.schema.json` describes it.
//!
//! The same data and suite give the same bytes, whatever the number of threads or the size of
//! chunks; so there is no time in it unless it is asked for.

use std::io::{self, Write};

use driftline_rules::plan::Expectation;
use driftline_rules::report::{Severity, Status};
use driftline_rules::run::Finding;
use driftline_rules::segments::Judged;
use serde::Serialize;

use super::json_value::Json;
use super::words::judged;
use crate::report::Report;

/// The JSON Schema (2020-12) of the report.
pub const REPORT_SCHEMA: &str = include_str!("report.schema.json");

/// Writes it; `timing` adds `elapsed_seconds`.
pub fn write(report: &Report, timing: bool, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Document::new(report, timing))?;
    writeln!(out)
}

#[derive(Serialize)]
struct Document<'r> {
    driftline_version: &'static str,
    suite: SuiteName<'r>,
    files: &'r [String],
    records: u64,
    unreadable: Unreadable<'r>,
    unreadable_files: Vec<UnreadableFile<'r>>,
    status: &'static str,
    exit_code: u8,
    counts: ByStatus,
    by_severity: BySeverity,
    results: Vec<Outcome<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    segments: Option<Vec<InSegment<'r>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elapsed_seconds: Option<f64>,
}

#[derive(Serialize)]
struct InSegment<'r> {
    segment: &'r str,
    records: u64,
    verdict: &'static str,
    findings: Vec<Outcome<'r>>,
}

#[derive(Serialize)]
struct SuiteName<'r> {
    name: Option<&'r str>,
    file: &'r str,
}

#[derive(Serialize)]
struct Unreadable<'r> {
    count: u64,
    samples: Vec<UnreadableRecord<'r>>,
}

#[derive(Serialize)]
struct UnreadableRecord<'r> {
    row: u64,
    file: &'r str,
    line: u64,
    offset: u64,
    reason: &'r str,
    excerpt: &'r str,
}

#[derive(Serialize)]
struct UnreadableFile<'r> {
    file: &'r str,
    line: Option<u64>,
    offset: Option<u64>,
    reason: &'r str,
}

#[derive(Default, Serialize)]
struct ByStatus {
    pass: u64,
    fail: u64,
    skip: u64,
    error: u64,
}

#[derive(Default, Serialize)]
struct BySeverity {
    critical: ByStatus,
    warning: ByStatus,
    info: ByStatus,
}

#[derive(Serialize)]
struct Outcome<'r> {
    name: Option<&'r str>,
    title: String,
    kind: &'r str,
    gx_type: &'r str,
    fields: &'r [String],
    severity: &'static str,
    status: &'static str,
    implicit: bool,
    line: Option<u32>,
    when: Option<&'r str>,
    mostly: f64,
    bound: Option<&'r str>,
    observed: Json<'r, 'static>,
    why: Option<&'r str>,
    elements: Option<u64>,
    missing: Option<u64>,
    unexpected: Option<u64>,
    unexpected_share: Option<f64>,
    exact: bool,
    error_bound: Option<f64>,
    details: Json<'r, 'static>,
    samples: Vec<Sample<'r>>,
}

#[derive(Serialize)]
struct Sample<'r> {
    row: u64,
    file: Option<&'r str>,
    line: Option<u64>,
    value: Json<'r, 'static>,
}

impl ByStatus {
    fn of<'e>(findings: impl Iterator<Item = (&'e Expectation, &'e Finding)>) -> Self {
        let mut counts = ByStatus::default();
        for (_, finding) in findings {
            *match finding.judgement.status {
                Status::Pass => &mut counts.pass,
                Status::Fail => &mut counts.fail,
                Status::Skip => &mut counts.skip,
                Status::Error => &mut counts.error,
            } += 1;
        }
        counts
    }
}

impl<'r> Document<'r> {
    fn new(report: &'r Report, timing: bool) -> Self {
        let by = |severity: Severity| ByStatus::of(report.shown().filter(|(it, _)| it.severity == severity));
        Document {
            driftline_version: env!("CARGO_PKG_VERSION"),
            suite: SuiteName { name: report.plan.name.as_deref(), file: &report.suite_file },
            files: &report.files,
            records: report.records,
            unreadable: Unreadable { count: report.unreadable, samples: unreadable(report) },
            unreadable_files: unreadable_files(report),
            status: report.status().name(),
            exit_code: report.exit_code(),
            counts: ByStatus::of(report.shown()),
            by_severity: BySeverity {
                critical: by(Severity::Critical),
                warning: by(Severity::Warning),
                info: by(Severity::Info),
            },
            results: report.shown().map(|(a, b)| Outcome::new(report, a, b)).collect(),
            segments: (!report.plan.segments.is_empty()).then(|| segments(report)),
            elapsed_seconds: timing.then_some(report.elapsed.as_secs_f64()),
        }
    }
}

fn segments<'r>(report: &'r Report) -> Vec<InSegment<'r>> {
    let of = |it: &'r Judged| InSegment {
        segment: &it.name,
        records: it.records,
        verdict: it.verdict(report.plan),
        findings: it.shown(report.plan).map(|(a, b)| Outcome::new(report, a, b)).collect(),
    };
    report.segments.iter().map(of).collect()
}

fn unreadable<'r>(report: &'r Report) -> Vec<UnreadableRecord<'r>> {
    let record = |it: &'r crate::files::Broken| UnreadableRecord {
        row: it.row,
        file: &it.file,
        line: it.line,
        offset: it.offset,
        reason: &it.reason,
        excerpt: &it.excerpt,
    };
    report.broken.iter().map(record).collect()
}

fn unreadable_files<'r>(report: &'r Report) -> Vec<UnreadableFile<'r>> {
    let file = |it: &'r crate::files::Fault| UnreadableFile {
        file: &it.file,
        line: it.line,
        offset: it.offset,
        reason: &it.reason,
    };
    report.faults.iter().map(file).collect()
}

impl<'r> Outcome<'r> {
    fn new(report: &'r Report, expectation: &'r Expectation, finding: &'r Finding) -> Self {
        let judgement = &finding.judgement;
        let implicit = finding.expectation < report.plan.n_implicit;
        let samples = finding.sample.unexpected.iter().map(|it| {
            let place = report.location(it.row);
            Sample {
                row: it.row,
                file: place.map(|(file, _)| file),
                line: place.map(|(_, line)| line),
                value: Json(&it.value),
            }
        });
        Outcome {
            name: expectation.name.as_deref(),
            title: expectation.title(),
            kind: expectation.kind_name(),
            gx_type: &expectation.type_name,
            fields: &expectation.fields,
            severity: expectation.severity.name(),
            status: judgement.status.name(),
            implicit,
            line: (!implicit || expectation.at.line > 1).then_some(expectation.at.line),
            when: expectation.when.as_deref(),
            mostly: expectation.mostly,
            bound: Some(judgement.bound.as_str()).filter(|it| !it.is_empty()),
            observed: Json(&judgement.observed),
            why: judgement.why.as_deref(),
            elements: judgement.counts.map(|it| it.elements),
            missing: judgement.counts.and_then(|it| it.missing),
            unexpected: judgement.counts.map(|it| it.unexpected),
            unexpected_share: judgement
                .counts
                .filter(|it| judged(*it) > 0)
                .map(|it| it.unexpected as f64 / judged(it) as f64),
            exact: judgement.error.is_none(),
            error_bound: judgement.error,
            details: Json(&judgement.details),
            samples: samples.collect(),
        }
    }
}
