//! `driftline check --metrics-textfile`: what a run found, for the textfile collector of `node_exporter`.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use driftline_rules::baseline::number_of;
use driftline_rules::family::Family;
use driftline_rules::plan::Expectation;
use driftline_rules::run::Finding;
use driftline_rules::signal::Board;
use driftline_rules::time::Timestamp;
use serde_json::Value as Json;

use crate::metrics::{Metric, list, text};
use crate::output::json_value::to_line;
use crate::report::Report;
use crate::scan::signalling;
use crate::service::gauges::{Told, by_metric, of_findings};
use crate::service::judging::told;
use crate::store::rows::FindingRow;
use crate::store::windows::WindowRow;

/// When a run was, how long it took and how it ended.
fn of_run(suite: &str, at: Timestamp, took: Duration, code: u8) -> Vec<Told> {
    let of = |metric: &'static Metric, value| (metric, metric.series(&[suite], value));
    vec![
        of(&list::RUN_TIME, at as f64 / 1e6),
        of(&list::RUN_TOOK, took.as_secs_f64()),
        of(&list::RUN_CODE, f64::from(code)),
    ]
}

/// All that is told of a run that judged nothing.
pub fn of_none(suite: &str, at: Timestamp, took: Duration, code: u8) -> Vec<Family> {
    by_metric(of_run(suite, at, took, code))
}

/// What a run found, and what its records and findings add to the signals of its suite. Findings have the names that
/// those of windows have in the service, with an empty `length`, so that one alert is about both.
pub fn families(report: &Report, mut signals: Board, code: u8) -> Vec<Family> {
    let suite = report.plan.name.as_deref().unwrap_or(&report.suite_file);
    let mut all = of_run(suite, report.now, report.elapsed, code);
    for (metric, n) in [
        (&list::RUN_RECORDS, report.records),
        (&list::RUN_UNREADABLE, report.unreadable),
        (&list::RUN_FAULTS, report.faults.len() as u64),
    ] {
        all.push((metric, metric.series(&[suite], n as f64)));
    }
    let total = WindowRow { suite: suite.to_owned(), ..WindowRow::default() };
    let found: Vec<_> = report.all().map(|(expectation, finding)| row(expectation, finding)).collect();
    all.extend(of_findings(&total, None, &found));
    for segment in &report.segments {
        let found: Vec<_> =
            segment.shown(report.plan).map(|(expectation, finding)| row(expectation, finding)).collect();
        let of = WindowRow { segment: segment.name.clone(), ..total.clone() };
        all.extend(of_findings(&of, None, &found));
    }
    signalling::found(report.plan, &mut signals, "", &report.findings, report.now);
    for it in &report.segments {
        signalling::found(report.plan, &mut signals, &it.name, &it.findings, report.now);
    }
    for it in signals.lost() {
        for (metric, n) in [(&list::SIGNAL_OVERFLOW, it.overflow), (&list::SIGNAL_SKIPPED, it.skipped)] {
            all.push((metric, metric.series(&[suite, &it.name], n as f64)));
        }
    }
    let mut families = by_metric(all);
    families.extend(signals.families(report.now));
    families
}

/// A finding as the service keeps it.
fn row(expectation: &Expectation, finding: &Finding) -> FindingRow {
    let judgement = &finding.judgement;
    let details: Option<Json> = told(&judgement.details, expectation).and_then(|it| serde_json::from_str(&it).ok());
    let found = |name| details.as_ref().and_then(|it| it.get(name));
    FindingRow {
        check: expectation.title(),
        severity: expectation.severity.name().to_owned(),
        field: expectation.fields.join(", "),
        status: judgement.status.name().to_owned(),
        observed: Some(to_line(&judgement.observed)),
        test: found("test").and_then(Json::as_str).map(str::to_owned),
        statistic: found("statistic").and_then(number_of),
        p_value: found("p_value").and_then(number_of),
        details,
        ..FindingRow::default()
    }
}

/// Writes families where the collector looks for them. It never sees half of them: a file beside it takes its place.
pub fn write(path: &Path, families: &[Family]) -> anyhow::Result<()> {
    put(path, &text::encode(families, text::Format::Classic)).with_context(|| format!("{}", path.display()))
}

fn put(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = builder().tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    // A collector under another name than ours reads what a file made plainly would let it read.
    file.persist(path)?;
    fs::File::open(folder).and_then(|it| it.sync_all()).or(Ok(()))
}

/// Its name does not end as those that the collector reads.
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".driftline-").suffix(".tmp");
    #[cfg(unix)]
    builder.permissions(<fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644));
    builder
}
