//! Great Expectations' `ExpectationSuiteValidationResult`, as GX 1.24 writes it.

use std::io::{self, Write};

use driftline_rules::plan::Expectation;
use driftline_rules::report::{Counts, Status};
use driftline_rules::run::Finding;
use driftline_rules::segments::Judged;
use driftline_rules::value::Value;

use super::ResultFormat;
use super::gx_counts::most_common;
use super::json_value::write_pretty;
use crate::report::Report;

/// How many unexpected values GX keeps at most; positions are not capped.
pub const MAX_VALUES: usize = 200;
/// How many it shows in part.
const PARTIAL: usize = 20;

type Members = Vec<(std::borrow::Cow<'static, str>, Value<'static>)>;

/// Writes a report at a level.
pub fn write(report: &Report, level: ResultFormat, out: &mut dyn Write) -> io::Result<()> {
    write_pretty(&suite_result(report, level), out)
}

fn suite_result(report: &Report, level: ResultFormat) -> Value<'static> {
    let results: Vec<_> =
        report.own().map(|(expectation, finding)| result(report, expectation, finding, level)).collect();
    let n = results.len() as i64;
    let good = report.own().filter(|(_, it)| succeeded(it)).count() as i64;
    let implicit: Vec<_> = report.all().take(report.plan.n_implicit).filter(|(_, it)| !succeeded(it)).collect();
    let whole = report.faults.is_empty();
    let wrong = report.segments.iter().any(|it| it.findings.iter().any(|it| !succeeded(it)));
    let percent = if n == 0 { Value::Null } else { Value::Num(good as f64 / n as f64 * 100.0) };
    let plan = report.plan;
    object([
        ("success", Value::Bool(good == n && implicit.is_empty() && whole && !wrong)),
        ("results", Value::List(results)),
        ("suite_name", plan.name.clone().map_or(Value::Null, text)),
        ("suite_parameters", Value::Map(Vec::new())),
        (
            "statistics",
            object([
                ("evaluated_expectations", Value::Int(n)),
                ("successful_expectations", Value::Int(good)),
                ("unsuccessful_expectations", Value::Int(n - good)),
                ("success_percent", percent),
            ]),
        ),
        ("meta", object([("driftline", own_meta(report, &implicit, level))])),
        ("id", plan.id.clone().map_or(Value::Null, text)),
    ])
}

/// What GX has no place for: who checked, unreadable records, segments, values that are not of their declared type.
fn own_meta(report: &Report, implicit: &[(&Expectation, &Finding)], level: ResultFormat) -> Value<'static> {
    let faults = report.faults.iter().map(|it| text(it.to_string())).collect();
    let mut meta = object([
        ("version", text(env!("CARGO_PKG_VERSION").to_owned())),
        ("records", Value::Int(report.records as i64)),
        ("unreadable_records", Value::Int(report.unreadable as i64)),
        ("unreadable_files", Value::List(faults)),
        ("implicit", Value::List(implicit.iter().map(|(a, b)| result(report, a, b, level)).collect())),
    ]);
    if let Value::Map(members) = &mut meta
        && !report.plan.segments.is_empty()
    {
        members.push((
            "segments".into(),
            Value::List(report.segments.iter().map(|it| segment(report, it, level)).collect()),
        ));
    }
    meta
}

/// A segment, with the results that did not succeed.
fn segment(report: &Report, it: &Judged, level: ResultFormat) -> Value<'static> {
    let wrong = it.shown(report.plan).filter(|(_, finding)| !succeeded(finding));
    let results: Vec<_> = wrong.map(|(a, b)| result(report, a, b, level)).collect();
    object([
        ("segment", text(it.name.clone())),
        ("records", Value::Int(it.records as i64)),
        ("success", Value::Bool(results.is_empty())),
        ("results", Value::List(results)),
    ])
}

fn succeeded(finding: &Finding) -> bool {
    matches!(finding.judgement.status, Status::Pass | Status::Skip)
}

fn result(report: &Report, expectation: &Expectation, finding: &Finding, level: ResultFormat) -> Value<'static> {
    let judgement = &finding.judgement;
    let failed = judgement.status == Status::Error;
    let shown = if failed || level == ResultFormat::BooleanOnly {
        Vec::new()
    } else if let Some(counts) = judgement.counts {
        map_result(report, expectation, finding, counts, level)
    } else {
        aggregate_result(finding)
    };
    let mut config: Members = vec![
        ("type".into(), text(expectation.type_name.clone())),
        ("kwargs".into(), expectation.kwargs.clone()),
        ("meta".into(), Value::Map(Vec::new())),
        ("severity".into(), text(expectation.severity.name().to_owned())),
    ];
    for (name, value) in &expectation.carried {
        match config.iter_mut().find(|(it, _)| it == name) {
            Some((_, it)) => *it = value.clone(),
            None => config.push(((*name).into(), value.clone())),
        }
    }
    let message = judgement.why.clone().filter(|_| failed).map_or(Value::Null, text);
    object([
        ("success", Value::Bool(succeeded(finding))),
        ("expectation_config", Value::Map(config)),
        ("result", Value::Map(shown)),
        ("meta", Value::Map(Vec::new())),
        (
            "exception_info",
            object([
                ("raised_exception", Value::Bool(failed)),
                ("exception_traceback", Value::Null),
                ("exception_message", message),
            ]),
        ),
    ])
}

fn aggregate_result(finding: &Finding) -> Members {
    let judgement = &finding.judgement;
    let mut shown: Members = Vec::new();
    if judgement.observed != Value::Missing {
        shown.push(("observed_value".into(), judgement.observed.clone()));
    }
    shown.extend(judgement.extra.iter().map(|(name, value)| ((*name).into(), value.clone())));
    if judgement.details != Value::Missing {
        shown.push(("details".into(), judgement.details.clone()));
    }
    shown
}

fn map_result(
    report: &Report,
    expectation: &Expectation,
    finding: &Finding,
    counts: Counts,
    level: ResultFormat,
) -> Members {
    let percent = |part: u64, of: u64| if of == 0 { Value::Null } else { Value::Num(part as f64 / of as f64 * 100.0) };
    let number = |it: u64| Value::Int(it as i64);
    let sample = &finding.sample;
    let total = percent(counts.unexpected, counts.elements);
    let nonmissing = match counts.missing {
        Some(missing) => percent(counts.unexpected, counts.elements.saturating_sub(missing)),
        None => total.clone(),
    };
    let values = || sample.unexpected.iter().map(|it| it.value.clone());
    let mut shown: Members = vec![
        ("element_count".into(), number(counts.elements)),
        ("unexpected_count".into(), number(counts.unexpected)),
        ("unexpected_percent".into(), nonmissing.clone()),
        ("partial_unexpected_list".into(), Value::List(values().take(PARTIAL).collect())),
    ];
    if let Some(missing) = counts.missing {
        shown.push(("missing_count".into(), number(missing)));
        shown.push(("missing_percent".into(), percent(missing, counts.elements)));
        shown.push(("unexpected_percent_total".into(), total));
        shown.push(("unexpected_percent_nonmissing".into(), nonmissing));
    }
    if level < ResultFormat::Summary {
        return shown;
    }
    // GX counts among the values that it kept: all of them only at the last level.
    let kept = if level == ResultFormat::Complete { MAX_VALUES } else { PARTIAL };
    if let Some(counted) = most_common(report, expectation, values().take(kept).collect()) {
        shown.push(("partial_unexpected_counts".into(), counted));
    }
    let rows: Vec<u64> = if level == ResultFormat::Complete {
        sample.rows.clone()
    } else {
        sample.unexpected.iter().map(|it| it.row).collect()
    };
    let partial = rows.iter().take(PARTIAL).map(|it| number(*it)).collect();
    shown.push(("partial_unexpected_index_list".into(), Value::List(partial)));
    if level < ResultFormat::Complete {
        return shown;
    }
    shown.push(("unexpected_list".into(), Value::List(values().take(MAX_VALUES).collect())));
    let query =
        format!("df.filter(items=[{}], axis=0)", rows.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    shown.push(("unexpected_index_list".into(), Value::List(rows.into_iter().map(number).collect())));
    shown.push(("unexpected_index_query".into(), text(query)));
    shown
}

pub(super) fn object<const N: usize>(members: [(&'static str, Value<'static>); N]) -> Value<'static> {
    Value::Map(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

fn text(it: String) -> Value<'static> {
    Value::Str(it.into())
}
