//! `driftline check --metrics-textfile`: what a run found, for the textfile collector of `node_exporter`.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;
use driftline_rules::baseline::number_of;
use driftline_rules::family::{Family, Series};
use driftline_rules::plan::Expectation;
use driftline_rules::run::Finding;
use serde_json::Value as Json;

use crate::metrics::{Metric, list, text};
use crate::output::json_value::to_line;
use crate::report::Report;
use crate::service::gauges::{by_metric, of_findings};
use crate::service::judging::told;
use crate::store::rows::FindingRow;
use crate::store::windows::WindowRow;

/// What a run found. Findings have the names that those of windows have in the service, with an empty `length`, so that
/// one alert is about both.
pub fn families(report: &Report, code: u8) -> Vec<Family> {
    let suite = report.plan.name.as_deref().unwrap_or(&report.suite_file);
    let of_run =
        |metric: &'static Metric, value: f64| -> (&'static Metric, Series) { (metric, metric.series(&[suite], value)) };
    let mut all = vec![
        of_run(&list::RUN_TIME, report.now as f64 / 1e6),
        of_run(&list::RUN_TOOK, report.elapsed.as_secs_f64()),
        of_run(&list::RUN_CODE, f64::from(code)),
        of_run(&list::RUN_RECORDS, report.records as f64),
        of_run(&list::RUN_UNREADABLE, report.unreadable as f64),
        of_run(&list::RUN_FAULTS, report.faults.len() as f64),
    ];
    let total = WindowRow { suite: suite.to_owned(), ..WindowRow::default() };
    let found: Vec<_> = report.all().map(|(expectation, finding)| row(expectation, finding)).collect();
    all.extend(of_findings(&total, None, &found));
    for segment in &report.segments {
        let found: Vec<_> =
            segment.shown(report.plan).map(|(expectation, finding)| row(expectation, finding)).collect();
        let of = WindowRow { segment: segment.name.clone(), ..total.clone() };
        all.extend(of_findings(&of, None, &found));
    }
    by_metric(all)
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
