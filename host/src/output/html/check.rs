//! The report of a check, as a page: what failed with examples, as far as the suite's privacy lets them be told, and how
//! values are distributed where windows would keep it.

use std::io::{self, Write};

use driftline_rules::plan::Expectation;
use driftline_rules::report::Status;
use driftline_rules::run::Finding;
use driftline_rules::value::Value;
use serde::Serialize;

use super::{Html, page, tables};
use crate::output::json_value::to_line;
use crate::output::plots::numbers::short;
use crate::output::words::{bound, counted, failed_of, missing, number, observed, share, value};
use crate::report::Report;

/// Expectations that are shown with all that is known of them, and those of which a line is.
const CARDS: usize = 200;
const LINES: usize = 1000;
/// Segments, fields and unreadable records.
const SEGMENTS: usize = 50;
const FIELDS: usize = 40;

/// Writes it.
pub fn write(report: &Report, timing: bool, out: &mut dyn Write) -> io::Result<()> {
    let shown = Shown::of(report, timing);
    let title = format!("Check of {}", shown.title);
    let text = page(&title, include_str!("check.html"), &shown).map_err(io::Error::other)?;
    out.write_all(text.as_bytes())
}

#[derive(Serialize)]
struct Shown {
    title: String,
    suite_file: String,
    files: Vec<String>,
    files_left_out: usize,
    elapsed: Option<String>,
    status: &'static str,
    mark: &'static str,
    verdict: String,
    tiles: Vec<(String, String)>,
    failed: Vec<Card>,
    failed_left_out: usize,
    errors: Vec<Line>,
    unreadable: Vec<Line>,
    unreadable_left_out: u64,
    faults: Vec<String>,
    segments: Vec<Segment>,
    segments_left_out: usize,
    metrics: Vec<Line>,
    confusion: Option<Html>,
    reliability: Option<Html>,
    fields: Vec<Field>,
    fields_left_out: usize,
    is_compared: bool,
    held: Vec<Line>,
    held_left_out: usize,
    skipped: Vec<Line>,
    is_withheld: bool,
}

#[derive(Serialize)]
struct Card {
    title: String,
    severity: &'static str,
    mark: &'static str,
    place: Option<String>,
    failed: Option<String>,
    missing: Option<String>,
    bound: Option<String>,
    when: Option<String>,
    observed: Option<String>,
    why: Option<String>,
    samples: Vec<(String, String)>,
    more: u64,
    is_withheld: bool,
}

#[derive(Serialize)]
struct Line {
    title: String,
    said: String,
}

#[derive(Serialize)]
struct Segment {
    name: String,
    records: u64,
    verdict: &'static str,
    wrong: Vec<Line>,
    more: usize,
}

#[derive(Serialize)]
struct Field {
    name: String,
    plot: Html,
    said: String,
}

impl Shown {
    fn of(report: &Report, timing: bool) -> Self {
        let plan = report.plan;
        let mut failed: Vec<(&Expectation, &Finding)> = of_status(report, Status::Fail).collect();
        // The gravest first, and among them those of the largest share.
        failed.sort_by(|a, b| b.0.severity.cmp(&a.0.severity).then(failing(b.1).total_cmp(&failing(a.1))));
        let held: Vec<_> = of_status(report, Status::Pass).collect();
        let wrong: Vec<_> = report.segments.iter().filter(|it| !it.wrong(plan).is_empty()).collect();
        let (metrics, confusion, reliability) = quality(report);
        let excerpts = if report.withheld.iter().any(|it| *it) { None } else { Some(()) };
        let unreadable = report.broken.iter().map(|it| Line {
            title: format!("{}:{}", it.file, it.line),
            said: match excerpts.filter(|()| !it.excerpt.trim().is_empty()) {
                Some(()) => format!("{}: {}", it.reason, it.excerpt.trim()),
                None => it.reason.clone(),
            },
        });
        let status = report.status();
        Shown {
            title: plan.name.clone().unwrap_or_else(|| report.suite_file.clone()),
            suite_file: report.suite_file.clone(),
            files: report.files.iter().take(FIELDS).cloned().collect(),
            files_left_out: report.files.len().saturating_sub(FIELDS),
            elapsed: timing.then(|| format!("{} s", short(report.elapsed.as_secs_f64()))),
            status: word(report),
            mark: mark(word(report)),
            verdict: verdict(report, status),
            tiles: tiles(report),
            failed_left_out: failed.len().saturating_sub(CARDS),
            failed: failed.into_iter().take(CARDS).map(|(a, b)| card(report, a, b)).collect(),
            errors: of_status(report, Status::Error).take(CARDS).map(|(a, b)| line(report, a, b)).collect(),
            unreadable_left_out: report.unreadable.saturating_sub(report.broken.len() as u64),
            unreadable: unreadable.collect(),
            faults: report.faults.iter().take(FIELDS).map(ToString::to_string).collect(),
            segments_left_out: wrong.len().saturating_sub(SEGMENTS),
            segments: wrong.into_iter().take(SEGMENTS).map(|it| segment(report, it)).collect(),
            metrics,
            confusion,
            reliability,
            fields: report.distributions.iter().take(FIELDS).map(field).collect(),
            fields_left_out: report.distributions.len().saturating_sub(FIELDS),
            is_compared: report.distributions.iter().any(|it| it.bars.bars.iter().any(|it| it.before.is_some())),
            held_left_out: held.len().saturating_sub(LINES),
            held: held.into_iter().take(LINES).map(|(a, b)| line(report, a, b)).collect(),
            skipped: of_status(report, Status::Skip).take(LINES).map(|(a, b)| line(report, a, b)).collect(),
            is_withheld: report.withheld.iter().any(|it| *it),
        }
    }
}

fn of_status<'r>(report: &'r Report, status: Status) -> impl Iterator<Item = (&'r Expectation, &'r Finding)> {
    report.shown().filter(move |it| it.1.judgement.status == status)
}

/// The share of records that failed.
fn failing(it: &Finding) -> f64 {
    it.judgement.counts.map_or(0.0, |it| it.unexpected as f64 / it.elements.max(1) as f64)
}

fn word(report: &Report) -> &'static str {
    match report.exit_code() {
        0 if report.status() == Status::Skip => "empty",
        0 => "pass",
        2 => "warn",
        _ => "fail",
    }
}

fn mark(word: &str) -> &'static str {
    match word {
        "pass" => "✓",
        "warn" | "warning" => "▲",
        "fail" | "critical" | "error" => "✕",
        _ => "○",
    }
}

fn verdict(report: &Report, status: Status) -> String {
    let failed = counted(report.count(Status::Fail) as u64, "expectation");
    match report.exit_code() {
        0 if status == Status::Skip => "Nothing was judged".to_owned(),
        0 if report.count(Status::Fail) > 0 => format!("Passed: {failed} for information did not hold"),
        0 => "Passed: every expectation held".to_owned(),
        1 => format!("Failed: {failed} did not hold"),
        2 => format!("Warnings: {failed} did not hold"),
        _ => "Incomplete: something could not be read or evaluated".to_owned(),
    }
}

fn tiles(report: &Report) -> Vec<(String, String)> {
    let count = |status| number(report.count(status) as u64);
    let mut all = vec![
        (number(report.records), "records".to_owned()),
        (count(Status::Fail), "expectations did not hold".to_owned()),
        (count(Status::Pass), "held".to_owned()),
        (count(Status::Skip), "skipped".to_owned()),
        (number(report.unreadable), "records could not be read".to_owned()),
    ];
    if !report.segments.is_empty() {
        let wrong = report.segments.iter().filter(|it| !it.wrong(report.plan).is_empty()).count() as u64;
        all.push((number(wrong), format!("of {} did not hold", counted(report.segments.len() as u64, "segment"))));
    }
    all
}

fn is_withheld(report: &Report, finding: &Finding) -> bool {
    report.withheld.get(finding.expectation).copied().unwrap_or(false)
}

fn card(report: &Report, expectation: &Expectation, finding: &Finding) -> Card {
    let is_withheld = is_withheld(report, finding);
    let judgement = &finding.judgement;
    // An implicit expectation stands nowhere.
    let own = finding.expectation >= report.plan.n_implicit || expectation.at.line > 1;
    let samples: Vec<_> = finding.sample.unexpected.iter().filter(|_| !is_withheld).collect();
    let shown = samples.len() as u64;
    Card {
        title: expectation.title(),
        severity: expectation.severity.name(),
        mark: mark(expectation.severity.name()),
        place: own.then(|| format!("{}:{}", report.suite_file, expectation.at.line)),
        failed: failed_of(finding),
        missing: missing(finding),
        bound: bound(expectation, finding),
        when: expectation.when.clone(),
        observed: observed(finding).filter(|_| !is_withheld),
        why: judgement.why.clone().filter(|_| !is_withheld),
        samples: samples.into_iter().map(|it| (report.place(it.row), value(&it.value))).collect(),
        more: judgement.counts.map_or(0, |it| it.unexpected).saturating_sub(shown),
        is_withheld,
    }
}

/// What happened, in one line.
fn line(report: &Report, expectation: &Expectation, finding: &Finding) -> Line {
    let is_open = !is_withheld(report, finding);
    let judgement = &finding.judgement;
    let why = judgement.why.clone().filter(|_| is_open || judgement.status == Status::Skip);
    let parts = match judgement.status {
        Status::Pass => vec![
            bound(expectation, finding),
            observed(finding).filter(|_| is_open).map(|it| format!("observed {it}")),
            failed_of(finding).map(|it| format!("{it} failed")),
        ],
        Status::Fail => vec![failed_of(finding).map(|it| format!("{it} failed")), why],
        _ => vec![why],
    };
    Line { title: expectation.title(), said: parts.into_iter().flatten().collect::<Vec<_>>().join("; ") }
}

fn segment(report: &Report, it: &driftline_rules::segments::Judged) -> Segment {
    const LISTED: usize = 5;
    let wrong = it.wrong(report.plan);
    Segment {
        name: it.name.clone(),
        records: it.records,
        verdict: it.verdict(report.plan),
        more: wrong.len().saturating_sub(LISTED),
        wrong: wrong.into_iter().take(LISTED).map(|(a, b)| line(report, a, b)).collect(),
    }
}

/// Metrics of predictions, with the first confusion matrix and the first reliability table.
fn quality(report: &Report) -> (Vec<Line>, Option<Html>, Option<Html>) {
    let (mut metrics, mut confusion, mut diagram) = (Vec::new(), None, None);
    let own = report.own().filter(|it| it.0.kind.name == "quality" && !is_withheld(report, it.1));
    for (expectation, finding) in own {
        let Value::Num(figure) = finding.judgement.observed else { continue };
        let details: serde_json::Value = serde_json::from_str(&to_line(&finding.judgement.details)).unwrap_or_default();
        let interval = tables::interval(&details)
            .map_or_else(String::new, |(low, high)| format!(" ({} to {})", short(low), short(high)));
        let n = details["n"].as_u64().map_or_else(String::new, |it| format!(", {}", counted(it, "record")));
        let expected = bound(expectation, finding).map_or_else(String::new, |it| format!("; expected {it}"));
        let said = format!("{}{interval}{n}{expected}", short(figure));
        metrics.push(Line { title: expectation.title(), said });
        if confusion.is_none()
            && let Some(it) = tables::Matrix::find(&details)
        {
            let caption = format!("Records of {}", expectation.title());
            confusion = tables::matrix(&it.labels, &it.rows, &caption).ok();
        }
        let bins = tables::reliability(&details);
        if diagram.is_none() && !bins.is_empty() {
            diagram = Some(tables::diagram(&bins));
        }
    }
    metrics.truncate(FIELDS);
    (metrics, confusion, diagram)
}

fn field(it: &crate::report::FieldBars) -> Field {
    let missing = |(count, of): (u64, u64)| share(count, of);
    let said = match (it.missing_before, it.missing_now) {
        (Some(before), now) if before.0 > 0 || now.0 > 0 => {
            format!("missing values: {} before, {} now", missing(before), missing(now))
        }
        (_, now) if now.0 > 0 => format!("missing values: {}", missing(now)),
        _ => String::new(),
    };
    let moved = it.bars.moved_most().map(|it| format!("most has changed: {it}"));
    let said = moved.into_iter().chain(Some(said).filter(|it| !it.is_empty())).collect::<Vec<_>>().join("; ");
    let plot = Html::new(it.bars.svg(&format!("Distribution of {}", it.field)));
    Field { name: it.field.clone(), plot, said }
}
