//! How right predictions were: metrics over time, and the tables of the whole span.

use driftline_rules::plan::Expectation;
use driftline_rules::value::Value;
use serde_json::Value as Json;

use super::suites::{Together, length};
use super::{From, Room, Sums, cut};
use crate::intake::entry::FindingNote;
use crate::output::html::tables::{Matrix, interval, reliability};
use crate::service::version::Version;
use crate::store;
use crate::store::findings::Wanted;
use crate::store::reports::Span;
use crate::store::rows::FindingRow;
use crate::wire::report::{MatrixReport, QualityPoint, QualityReport, QualitySpan, ReliabilityReport, SuiteReport};
use crate::wire::time;

/// Metrics that are told of a suite, and windows of each.
const METRICS: usize = 8;
const POINTS: u32 = 150;

pub(super) async fn gather(
    from: From<'_>,
    version: &Version,
    span: &Span,
    found: Option<&Together>,
    sums: &Sums,
    room: &mut Room,
    out: &mut SuiteReport,
) -> Result<(), store::Error> {
    let plan = &version.loaded.plan;
    let all = || plan.expectations.iter().enumerate().filter(|it| it.1.kind.name == "quality");
    if all().next().is_none() {
        out.missing.push(
            "how right predictions were is not known: the suite has no metric such as `accuracy`, which needs labels"
                .to_owned(),
        );
        return Ok(());
    }
    let shown = Room::take(&mut room.metrics, METRICS.min(all().count()));
    out.quality_left_out = (all().count() - shown) as u64;
    let length = length(version, sums, POINTS.into());
    for (i, it) in all().take(shown) {
        let together = found.and_then(|all| all.findings.iter().find(|it| it.check as usize == i));
        out.quality.push(one(from, span, it, &length, together).await?);
    }
    for (i, it) in all() {
        let Some(note) = found.and_then(|all| all.findings.iter().find(|it| it.check as usize == i)) else { continue };
        tables(it, note, out);
    }
    if out.confusion.is_none() {
        out.missing.push(
            "no confusion matrix: it comes with `accuracy` and its like, of at most 20 classes that privacy lets be told".to_owned(),
        );
    }
    if out.reliability.is_none() {
        out.missing.push(
            "no reliability curve: it comes with `ece` or `confidence_ece`, where records have a score".to_owned(),
        );
    }
    let without: Vec<&str> = out.quality.iter().filter(|it| it.points.is_empty()).map(|it| it.check.as_str()).collect();
    if !without.is_empty() {
        let names = cut(without.join(", "));
        out.missing.push(format!("no figure of {names} in windows of {length}: too few labels came, or none"));
    }
    Ok(())
}

async fn one(
    from: From<'_>,
    span: &Span,
    it: &Expectation,
    length: &str,
    together: Option<&FindingNote>,
) -> Result<QualityReport, store::Error> {
    let wanted = Wanted {
        suite: span.suite.clone(),
        check: Some(it.title()),
        length: Some(length.to_owned()),
        segment: Some(String::new()),
        since: Some(span.from),
        until: Some(span.to),
        ..Wanted::default()
    };
    let rows = from.store.findings(&wanted, None, POINTS + 1).await?;
    let has_more = rows.len() > POINTS as usize;
    let points = rows.into_iter().take(POINTS as usize).rev().filter_map(point);
    Ok(QualityReport {
        check: it.title(),
        metric: it.kind_name().to_owned(),
        severity: it.severity.name().to_owned(),
        bound: together.map(|it| cut(it.bound.clone())).unwrap_or_default(),
        min: limit(it, ["min", "min_value"]),
        max: limit(it, ["max", "max_value"]),
        length: length.to_owned(),
        points: points.collect(),
        has_more,
        together: together.and_then(of_span),
    })
}

/// A bound, as the suite or Great Expectations calls it.
fn limit(it: &Expectation, names: [&str; 2]) -> Option<f64> {
    let Value::Map(all) = &it.kwargs else { return None };
    all.iter().find(|it| names.contains(&it.0.as_ref())).and_then(|it| it.1.as_f64())
}

fn point(row: FindingRow) -> Option<QualityPoint> {
    let value = serde_json::from_str::<f64>(row.observed.as_deref()?).ok().filter(|it| it.is_finite())?;
    let details = row.details.unwrap_or_default();
    let (low, high) = interval(&details).unzip();
    Some(QualityPoint { start: time(row.at), value, low, high, n: details["n"].as_u64(), status: row.status })
}

fn of_span(note: &FindingNote) -> Option<QualitySpan> {
    let value = serde_json::from_str::<f64>(note.observed.as_deref()?).ok().filter(|it| it.is_finite())?;
    let details = details(note).unwrap_or_default();
    let (low, high) = interval(&details).unzip();
    Some(QualitySpan { value, low, high, n: details.get("n").and_then(Json::as_u64) })
}

fn details(note: &FindingNote) -> Option<Json> {
    serde_json::from_str(note.details.as_deref()?).ok()
}

/// The first confusion matrix and the first reliability table that are there.
fn tables(it: &Expectation, note: &FindingNote, out: &mut SuiteReport) {
    let Some(details) = details(note) else { return };
    if out.confusion.is_none() {
        let told = |Matrix { labels, rows }| MatrixReport { check: it.title(), labels, rows };
        out.confusion = Matrix::find(&details).map(told);
    }
    if out.reliability.is_none() {
        let bins = reliability(&details);
        if !bins.is_empty() {
            let error = note.observed.as_deref().and_then(|it| serde_json::from_str(it).ok());
            out.reliability = Some(ReliabilityReport { check: it.title(), error, bins });
        }
    }
}
