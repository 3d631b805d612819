//! Where the records of a span came from.

use std::collections::{BTreeMap, BTreeSet};

use super::{Sums, count};
use crate::store::reports::{ResultGroup, Span, WindowGroup};
use crate::store::{self, Store};
use crate::wire::report::{ModelReport, SourceReport, SuiteVersionReport, WindowsReport};
use crate::wire::time;

/// Sources, models and deployments that are told of a suite.
const SOURCES: usize = 12;
const MODELS: usize = 10;
const DEPLOYMENTS: u32 = 50;

/// The versions that records of a suite were checked against, that of the most records first.
pub(super) fn versions(name: &str, sums: &Sums, active: Option<&str>) -> Vec<SuiteVersionReport> {
    let mut records: BTreeMap<&str, i64> = BTreeMap::new();
    for it in sums.results.iter().filter(|it| it.suite == name) {
        *records.entry(&it.suite_hash).or_default() += it.records;
    }
    if let Some(hash) = active {
        records.entry(hash).or_default();
    }
    let mut all: Vec<_> = records.into_iter().collect();
    all.sort_by_key(|it| -it.1);
    all.truncate(SOURCES);
    let told = |(hash, records): (&str, i64)| SuiteVersionReport {
        hash: hash.to_owned(),
        records: count(records),
        active: active == Some(hash),
    };
    all.into_iter().map(told).collect()
}

/// Where they came from, and of which model they are; how many more there are.
pub(super) fn sources(name: &str, sums: &Sums) -> (Vec<SourceReport>, u64) {
    type Key<'k> = (&'k str, Option<&'k str>, Option<&'k str>);
    let mut all: BTreeMap<Key, SourceReport> = BTreeMap::new();
    for it in sums.results.iter().filter(|it| it.suite == name) {
        let ResultGroup { source, model, version, .. } = it;
        let of = all.entry((source, model.as_deref(), version.as_deref())).or_insert_with(|| SourceReport {
            source: source.clone(),
            model: model.clone(),
            version: version.clone(),
            requests: 0,
            records: 0,
            failed: 0,
            warned: 0,
        });
        of.requests += count(it.requests);
        of.records += count(it.records);
        of.failed += count(it.failed);
        of.warned += count(it.warned);
    }
    let mut all: Vec<_> = all.into_values().collect();
    all.sort_by_key(|it| std::cmp::Reverse(it.records));
    let left_out = all.len().saturating_sub(SOURCES) as u64;
    all.truncate(SOURCES);
    (all, left_out)
}

/// The windows of a suite, by length.
pub(super) fn windows(name: &str, sums: &Sums) -> Vec<WindowsReport> {
    let mut all: BTreeMap<&str, Vec<&WindowGroup>> = BTreeMap::new();
    for it in sums.windows.iter().filter(|it| it.suite == name) {
        all.entry(&it.length).or_default().push(it);
    }
    let told = |(length, groups): (&str, Vec<&WindowGroup>)| {
        let sum = |of: fn(&WindowGroup) -> i64| count(groups.iter().map(|it| of(it)).sum());
        let ended = |word: &str| count(groups.iter().filter(|it| it.status == word).map(|it| it.n).sum());
        WindowsReport {
            length: length.to_owned(),
            windows: sum(|it| it.n),
            pass: ended("pass"),
            warn: ended("warn"),
            fail: ended("fail"),
            error: ended("error"),
            records: sum(|it| it.records),
            late: sum(|it| it.late),
            labels: sum(|it| it.labels),
            first: groups.iter().map(|it| it.first).min().map(time).unwrap_or_default(),
            last: groups.iter().map(|it| it.last).max().map(time).unwrap_or_default(),
        }
    };
    let mut all: Vec<WindowsReport> = all.into_iter().map(told).collect();
    all.sort_by_key(|it| std::cmp::Reverse(it.windows));
    all
}

/// The models that the records name, or that name the suite, with what was deployed in the span.
pub(super) async fn models(
    store: &Store,
    span: &Span,
    sources: &[SourceReport],
) -> Result<Vec<ModelReport>, store::Error> {
    let said: BTreeSet<&str> = sources.iter().filter_map(|it| it.model.as_deref()).collect();
    let mut all: BTreeMap<String, ModelReport> = BTreeMap::new();
    for row in store.models().await? {
        let is_own = said.contains(row.model.as_str())
            || span.suite.as_ref() == Some(&row.model)
            || row.suite.is_some() && row.suite == span.suite;
        if !is_own || all.len() >= MODELS && !all.contains_key(&row.model) {
            continue;
        }
        let of = all.entry(row.model.clone()).or_insert_with(|| ModelReport {
            model: row.model,
            deployed: None,
            deployed_at: None,
            deployments: Vec::new(),
        });
        if row.is_deployed {
            (of.deployed, of.deployed_at) = (Some(row.version), row.deployed_at.map(time));
        }
    }
    for it in all.values_mut() {
        let rows = store.deployments(&it.model, DEPLOYMENTS).await?;
        let within = rows.into_iter().filter(|it| it.at >= span.from && it.at < span.to);
        it.deployments = within.map(|it| format!("{} at {}", it.version, time(it.at))).collect();
    }
    Ok(all.into_values().collect())
}
