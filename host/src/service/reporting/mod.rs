//! What is told of a span of time: gathered from the store by few questions, each bounded, whatever the span holds.

mod drift;
mod failures;
mod incidents;
mod quality;
mod sources;
mod suites;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::baselines::Baselines;
use super::version::Version;
use crate::store::reports::{FindingGroup, ResultGroup, Span, WindowGroup};
use crate::store::rows::Micros;
use crate::store::{self, Store};
use crate::wire::report::{REPORT_VERSION, ReportSummary, SpanReport, SuiteReport};
use crate::wire::time;

/// Sums of findings that are read: expectations by length and segment.
const GROUPS: u32 = 20_000;
/// Sums of requests and of windows that are read.
const SUMS: u32 = 5_000;
/// Expectations that did not hold, of those with all that is known of them.
const FAILURES: usize = 40;
/// Suites with a part of their own.
const SUITES: usize = 20;
/// Distributions that are shown in one report, and metrics over time.
const PLOTS: Room = Room { features: 100, metrics: 40 };

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The span, and perhaps the suite.
    pub span: Span,
    /// The time of asking.
    pub now: Micros,
}

/// Where it is read.
#[derive(Clone, Copy)]
pub struct From<'s> {
    /// The store.
    pub store: &'s Store,
    /// The active suites by name.
    pub active: &'s BTreeMap<String, Arc<Version>>,
    /// The baselines that they name.
    pub baselines: &'s Baselines,
    /// The address of the service, for links; empty: it is not known.
    pub public_url: &'s str,
}

/// How much is shown still.
#[derive(Clone, Copy)]
struct Room {
    features: usize,
    metrics: usize,
}

impl Room {
    fn take(left: &mut usize, most: usize) -> usize {
        let taken = (*left).min(most);
        *left -= taken;
        taken
    }
}

/// What was read before anything is told.
struct Sums {
    groups: Vec<FindingGroup>,
    results: Vec<ResultGroup>,
    windows: Vec<WindowGroup>,
}

impl Asked {
    /// From a time to another. The error says why that is no span.
    pub fn new(from: Micros, to: Micros, suite: Option<String>, now: Micros) -> Result<Self, String> {
        if from >= to {
            return Err(format!(
                "the report would begin at {} and end at {}, which is not later",
                time(from),
                time(to)
            ));
        }
        Ok(Asked { span: Span { suite, from, to }, now })
    }
}

/// Whether a suite is known: it is active, or was at some time.
pub async fn is_known(from: From<'_>, suite: &str) -> Result<bool, store::Error> {
    Ok(from.active.contains_key(suite) || !from.store.versions(suite).await?.is_empty())
}

/// Gathers it.
pub async fn gather(from: From<'_>, asked: &Asked) -> Result<SpanReport, store::Error> {
    let span = &asked.span;
    let sums = Sums {
        groups: from.store.finding_groups(span, GROUPS).await?,
        results: from.store.result_groups(span, SUMS).await?,
        windows: from.store.window_groups(span, SUMS).await?,
    };
    let mut missing = Vec::new();
    for (n, most, what) in [
        (sums.groups.len(), GROUPS, "findings that did not pass, by expectation and segment"),
        (sums.results.len(), SUMS, "sums of requests by version, source and model"),
        (sums.windows.len(), SUMS, "sums of windows"),
    ] {
        if n == most as usize {
            missing
                .push(format!("the report counts the first {most} {what} only; ask for one suite, or a shorter span"));
        }
    }
    let failures = failures::gather(from, span, &sums).await?;
    let incidents = incidents::gather(from, asked, &mut missing).await?;
    let mut names: Vec<String> = names(span, &sums, from);
    let rank = |name: &String| {
        let place = failures.order.iter().position(|it| it == name);
        (place.unwrap_or(usize::MAX), name.clone())
    };
    names.sort_by_cached_key(rank);
    let n_suites = names.len() as u64;
    let left_out = names.split_off(names.len().min(SUITES));
    let mut room = PLOTS;
    let mut suites = Vec::new();
    for name in &names {
        suites.push(suites::gather(from, asked, name, &sums, &mut room).await?);
    }
    if names.is_empty() {
        missing.push("no record was checked in this span, and no window of it was judged".to_owned());
    }
    let summary = summary(&sums, n_suites, &failures, &incidents, &suites);
    Ok(SpanReport {
        driftline_report: REPORT_VERSION,
        driftline_version: env!("CARGO_PKG_VERSION").to_owned(),
        from: time(span.from),
        to: time(span.to),
        made_at: time(asked.now),
        suite: span.suite.clone(),
        status: status(&sums, &incidents.shown).to_owned(),
        summary,
        failures_left_out: failures.all.saturating_sub(failures.shown.len() as u64),
        failures: failures.shown,
        incidents: incidents.shown,
        has_more_incidents: incidents.has_more,
        suites,
        suites_left_out: left_out,
        missing,
    })
}

/// The suites of which something is known in the span.
fn names(span: &Span, sums: &Sums, from: From<'_>) -> Vec<String> {
    let mut names: BTreeSet<&String> = sums.groups.iter().map(|it| &it.suite).collect();
    names.extend(sums.results.iter().map(|it| &it.suite));
    names.extend(sums.windows.iter().map(|it| &it.suite));
    names.extend(span.suite.iter().filter(|it| from.active.contains_key(*it)));
    names.into_iter().cloned().collect()
}

fn status(sums: &Sums, incidents: &[crate::wire::report::ReportIncident]) -> &'static str {
    let failed = |severity: &str| {
        sums.groups.iter().any(|it| it.severity == severity)
            || incidents.iter().any(|it| it.severity == severity && it.closed_at.is_none())
    };
    let records = |of: fn(&ResultGroup) -> i64| sums.results.iter().map(of).sum::<i64>();
    match () {
        () if failed("critical") || records(|it| it.failed) > 0 => "fail",
        () if failed("warning") || records(|it| it.warned) > 0 => "warn",
        () if sums.results.is_empty() && sums.windows.is_empty() => "empty",
        () => "pass",
    }
}

fn summary(
    sums: &Sums,
    suites: u64,
    failures: &failures::Failures,
    incidents: &incidents::Incidents,
    of_suites: &[SuiteReport],
) -> ReportSummary {
    let results = |of: fn(&ResultGroup) -> i64| count(sums.results.iter().map(of).sum());
    let windows = |of: &dyn Fn(&&WindowGroup) -> bool| count(sums.windows.iter().filter(of).map(|it| it.n).sum());
    let features = || of_suites.iter().flat_map(|it| &it.features);
    ReportSummary {
        suites,
        requests: results(|it| it.requests),
        records: results(|it| it.records),
        failed: results(|it| it.failed),
        warned: results(|it| it.warned),
        unreadable: results(|it| it.unreadable),
        windows: windows(&|_| true),
        windows_not_passed: windows(&|it| it.status != "pass"),
        expectations_failed: failures.all,
        fields_drifted: features().filter(|it| it.status == "drift").count() as u64,
        fields_tested: features().filter(|it| it.windows > 0).count() as u64,
        incidents_open: incidents.shown.iter().filter(|it| it.closed_at.is_none()).count() as u64,
        incidents: incidents.shown.len() as u64,
    }
}

/// A count of rows.
fn count(it: i64) -> u64 {
    u64::try_from(it).unwrap_or(0)
}

/// The longest text of one value.
const TEXT: usize = 400;

/// A text, cut when it is long.
fn cut(text: String) -> String {
    match text.char_indices().nth(TEXT) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

/// A value that is kept as JSON text; a long one becomes the beginning of its text.
fn value(json: Option<String>) -> Option<serde_json::Value> {
    let json = json?;
    if json.len() > TEXT {
        return Some(cut(json).into());
    }
    serde_json::from_str(&json).ok()
}
