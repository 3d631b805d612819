//! What did not hold: the worst first, each with when, where and what it said.

use std::collections::BTreeMap;

use driftline_rules::report::Severity;

use super::{FAILURES, From, Sums, count, cut, value};
use crate::store;
use crate::store::findings::Wanted;
use crate::store::reports::{FindingGroup, Span};
use crate::store::rows::{Filter, StatRow};
use crate::wire::report::{FailedRecord, FailureExample, FailureSegment, FailureWindows, ReportFailure};
use crate::wire::time;

/// Equal parts of the span that are told of each.
const PARTS: u32 = 48;
/// Segments, examples and records that are told of each.
const SEGMENTS: usize = 10;
const EXAMPLES: u32 = 3;
const RECORDS: u32 = 3;

/// What did not hold.
pub(super) struct Failures {
    pub shown: Vec<ReportFailure>,
    /// How many there are.
    pub all: u64,
    /// The suites, that of the worst first.
    pub order: Vec<String>,
}

/// An expectation.
type Key = (String, String);

/// One that did not hold, with what was read of it.
#[derive(Default)]
struct One<'g> {
    groups: Vec<&'g FindingGroup>,
    stat: Option<StatRow>,
}

pub(super) async fn gather(from: From<'_>, span: &Span, sums: &Sums) -> Result<Failures, store::Error> {
    let mut found: BTreeMap<Key, One> = BTreeMap::new();
    for it in &sums.groups {
        found.entry((it.suite.clone(), it.check.clone())).or_default().groups.push(it);
    }
    // How single records fared; of suites without windows it is all that there is.
    for stat in stats(from, span).await? {
        let key = (stat.suite.clone(), stat.check.clone());
        let is_judged_together = sums.windows.iter().any(|it| it.suite == stat.suite);
        if let Some(it) = found.get_mut(&key) {
            it.stat = Some(stat);
        } else if stat.failed > 0 && !is_judged_together {
            found.insert(key, One { groups: Vec::new(), stat: Some(stat) });
        }
    }
    let all = found.len() as u64;
    let mut found: Vec<(Key, One)> = found.into_iter().collect();
    found.sort_by_cached_key(|(key, it)| (it.rank(), key.clone()));
    let mut order: Vec<String> = Vec::new();
    for ((suite, _), _) in &found {
        if !order.contains(suite) {
            order.push(suite.clone());
        }
    }
    found.truncate(FAILURES);
    let mut shown: Vec<ReportFailure> = found.iter().map(|(key, it)| it.told(key)).collect();
    for suite in &order {
        counts(from, &Span { suite: Some(suite.clone()), ..span.clone() }, suite, &mut shown).await?;
    }
    for it in &mut shown {
        examples(from, span, it).await?;
    }
    Ok(Failures { shown, all, order })
}

/// How single records fared in the span, by suite and expectation.
async fn stats(from: From<'_>, span: &Span) -> Result<Vec<StatRow>, store::Error> {
    let filter =
        Filter { suite: span.suite.clone(), since: Some(span.from), until: Some(span.to), ..Filter::default() };
    let seconds = u32::try_from(span.to.saturating_sub(span.from) / 1_000_000 + 60).unwrap_or(u32::MAX);
    let mut sums: BTreeMap<Key, StatRow> = BTreeMap::new();
    // Spans are aligned to 1970, so there are up to two.
    // How records fared as a whole is counted as an expectation of its own kind.
    for it in from.store.stats(&filter, seconds.max(60)).await?.into_iter().filter(|it| it.kind != "verdict") {
        let key = (it.suite.clone(), it.check.clone());
        match sums.get_mut(&key) {
            Some(sum) => {
                sum.seen += it.seen;
                sum.failed += it.failed;
                sum.skipped += it.skipped;
            }
            None => drop(sums.insert(key, it)),
        }
    }
    Ok(sums.into_values().collect())
}

fn grave(severity: &str) -> usize {
    Severity::ALL.iter().position(|it| it.name() == severity).unwrap_or(usize::MAX)
}

impl One<'_> {
    /// The worst has the smallest: failures before errors, the gravest, those of all records, the most.
    fn rank(&self) -> (bool, usize, bool, i64) {
        let is_error = !self.groups.is_empty() && self.groups.iter().all(|it| it.status == "error");
        let of_all = self.groups.iter().any(|it| it.segment.is_empty());
        let n: i64 = self.groups.iter().filter(|it| !of_all || it.segment.is_empty()).map(|it| it.n).sum();
        let severity = self.groups.iter().map(|it| grave(&it.severity)).min();
        let severity = severity.or(self.stat.as_ref().map(|it| grave(&it.severity)));
        (is_error, severity.unwrap_or(usize::MAX), !of_all, -n.max(self.stat.as_ref().map_or(0, |it| it.failed.min(1))))
    }

    fn told(&self, (suite, check): &Key) -> ReportFailure {
        let worst = self.groups.iter().min_by_key(|it| (it.status == "error", grave(&it.severity)));
        let (kind, severity) = match (worst, &self.stat) {
            (Some(it), _) => (it.kind.clone(), it.severity.clone()),
            (None, Some(it)) => (it.kind.clone(), it.severity.clone()),
            (None, None) => Default::default(),
        };
        let judged = self.stat.as_ref().map(|it| count(it.seen - it.skipped));
        let (segments, segments_left_out) = self.segments();
        ReportFailure {
            suite: suite.clone(),
            check: check.clone(),
            kind,
            severity,
            path: worst.map(|it| it.field.clone()).unwrap_or_default(),
            status: worst.map_or_else(|| "fail".to_owned(), |it| it.status.clone()),
            windows: self.windows(),
            first: self.groups.iter().map(|it| it.first).min().map(time),
            last: self.groups.iter().map(|it| it.last).max().map(time),
            records: judged.filter(|it| *it > 0),
            records_failed: self.stat.as_ref().filter(|it| it.seen > it.skipped).map(|it| count(it.failed)),
            timeline: Vec::new(),
            segments,
            segments_left_out,
            examples: Vec::new(),
            failed_records: Vec::new(),
        }
    }

    fn windows(&self) -> Vec<FailureWindows> {
        let mut by_length: BTreeMap<&str, FailureWindows> = BTreeMap::new();
        for it in self.groups.iter().filter(|it| it.segment.is_empty()) {
            let of = by_length.entry(&it.length).or_insert_with(|| FailureWindows {
                length: it.length.clone(),
                failed: 0,
                errors: 0,
                judged: 0,
            });
            *(if it.status == "fail" { &mut of.failed } else { &mut of.errors }) += count(it.n);
            of.judged += count(it.n);
        }
        by_length.into_values().collect()
    }

    fn segments(&self) -> (Vec<FailureSegment>, u64) {
        let mut by_name: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for it in self.groups.iter().filter(|it| !it.segment.is_empty()) {
            let of = by_name.entry(&it.segment).or_insert((0, i64::MIN));
            *of = (of.0 + it.n, of.1.max(it.last));
        }
        let mut all: Vec<_> = by_name.into_iter().collect();
        all.sort_by_key(|(name, (n, _))| (-n, *name));
        let left_out = all.len().saturating_sub(SEGMENTS) as u64;
        all.truncate(SEGMENTS);
        let told = |(name, (n, last)): (&str, (i64, i64))| FailureSegment {
            segment: name.to_owned(),
            windows: count(n),
            last: time(last),
        };
        (all.into_iter().map(told).collect(), left_out)
    }
}

/// Of how many windows they were judged, and when they failed.
async fn counts(from: From<'_>, span: &Span, suite: &str, shown: &mut [ReportFailure]) -> Result<(), store::Error> {
    let own = |it: &&ReportFailure| it.suite == suite && it.first.is_some();
    let checks: Vec<String> = shown.iter().filter(own).map(|it| it.check.clone()).collect();
    if checks.is_empty() {
        return Ok(());
    }
    let totals = from.store.finding_totals(span, &checks).await?;
    let parts = from.store.finding_parts(span, &checks, PARTS).await?;
    for it in shown.iter_mut().filter(|it| it.suite == suite && it.first.is_some()) {
        for of in &mut it.windows {
            let total = totals.iter().find(|total| total.check == it.check && total.length == of.length);
            of.judged = of.judged.max(total.map_or(0, |it| count(it.n)));
        }
        it.timeline = vec![0; PARTS as usize];
        for part in parts.iter().filter(|part| part.check == it.check) {
            let at = usize::try_from(part.part).unwrap_or(0).min(PARTS as usize - 1);
            if let Some(n) = it.timeline.get_mut(at) {
                *n += count(part.n);
            }
        }
    }
    Ok(())
}

async fn examples(from: From<'_>, span: &Span, it: &mut ReportFailure) -> Result<(), store::Error> {
    let (suite, check) = (Some(it.suite.clone()), Some(it.check.clone()));
    if it.first.is_some() {
        let of_all = it.windows.iter().any(|of| if it.status == "fail" { of.failed > 0 } else { of.errors > 0 });
        let wanted = Wanted {
            suite: suite.clone(),
            check: check.clone(),
            status: Some(it.status.clone()),
            segment: of_all.then(String::new),
            since: Some(span.from),
            until: Some(span.to),
            ..Wanted::default()
        };
        for row in from.store.findings(&wanted, None, EXAMPLES).await? {
            it.examples.push(FailureExample {
                at: time(row.at),
                length: row.length,
                segment: row.segment,
                status: row.status,
                observed: value(row.observed),
                bound: cut(row.bound),
                message: cut(row.message),
                elements: row.elements,
                unexpected: row.unexpected,
                id: row.result_id,
            });
        }
    }
    if it.records_failed.unwrap_or(0) > 0 {
        let filter = Filter { suite, check, since: Some(span.from), until: Some(span.to), ..Filter::default() };
        for row in from.store.failures(&filter, None, RECORDS).await? {
            if it.path.is_empty() {
                it.path = row.field;
            }
            let (record_id, message) = (row.record_id.map(cut), cut(row.message));
            it.failed_records.push(FailedRecord {
                at: time(row.at),
                record_id,
                observed: value(row.observed),
                message,
            });
        }
    }
    Ok(())
}
