//! A batch as it is written: texts that both databases take, parts that are added up, rows in the order of their keys.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use super::predictions::PredictionRow;
use super::rows::{Batch, FailureRow, FindingRow, KeyRow, Labels, Micros, ResultRow, TallyRow};
use super::streams::StreamPart;
use super::texts::{indexed, kept, kept_json};
use super::windows::WindowPart;

/// 0001-01-01 and 9999-12-01: what lies outside is a clock that was never set, and no database has a date for it.
const TIMES: (Micros, Micros) = (-62_135_596_800_000_000, 253_399_622_400_000_000);

/// A batch ready to be written.
///
/// One statement may not update a row twice, so equal keys are added up here; and two hosts that lock
/// rows in the same order cannot wait for each other in a circle.
pub fn prepared(batch: &Batch) -> Batch {
    Batch {
        segment: batch.segment,
        results: results(&batch.results),
        failures: sorted(batch.failures.iter().map(failure).collect(), |it| (it.at, it.result_id, it.n)),
        findings: sorted(batch.findings.iter().map(finding).collect(), |it| (it.at, it.result_id, it.n)),
        tallies: tallies(&batch.tallies),
        keys: sorted(batch.keys.iter().map(key).collect(), |it| (it.suite.clone(), it.key.clone())),
        windows: batch.windows.iter().map(part).collect(),
        predictions: batch.predictions.iter().map(prediction).collect(),
        streams: sorted(batch.streams.iter().map(stream).collect(), |it| (it.suite.clone(), it.suite_hash.clone())),
    }
}

/// The time as it is kept.
pub fn time(at: Micros) -> Micros {
    at.clamp(TIMES.0, TIMES.1)
}

fn sorted<T, K: Ord>(mut rows: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    rows.sort_by_cached_key(key);
    rows
}

fn results(rows: &[ResultRow]) -> Vec<ResultRow> {
    let mut sums: BTreeMap<_, ResultRow> = BTreeMap::new();
    for row in rows.iter().map(result) {
        match sums.get_mut(&(row.at, row.id)) {
            Some(sum) => add(sum, row),
            None => {
                sums.insert((row.at, row.id), row);
            }
        }
    }
    sums.into_values().collect()
}

/// Adds a later part to an earlier one; the statements of both databases do the same.
fn add(sum: &mut ResultRow, part: ResultRow) {
    sum.requests += part.requests;
    sum.records += part.records;
    sum.failed += part.failed;
    sum.warned += part.warned;
    sum.unreadable += part.unreadable;
    sum.duration_us += part.duration_us;
    sum.failures_left_out += part.failures_left_out;
    sum.verdict = sum.verdict.max(part.verdict);
    sum.statistics = part.statistics.or(sum.statistics.take());
}

fn tallies(rows: &[TallyRow]) -> Vec<TallyRow> {
    let mut sums: BTreeMap<_, TallyRow> = BTreeMap::new();
    for row in rows.iter().map(tally) {
        let key = (
            (row.suite.clone(), row.minute, row.check.clone(), row.kind.clone(), row.severity.clone()),
            (row.field.clone(), row.suite_hash.clone(), row.labels.clone()),
        );
        let sum = sums.entry(key).or_insert_with(|| TallyRow { seen: 0, failed: 0, skipped: 0, ..row.clone() });
        sum.seen += row.seen;
        sum.failed += row.failed;
        sum.skipped += row.skipped;
    }
    sums.into_values().collect()
}

fn owned(text: &str) -> String {
    kept(text).into_owned()
}

fn name(text: &str) -> String {
    indexed(text).into_owned()
}

fn labels(labels: &Labels) -> Labels {
    let label = |it: &Option<String>| it.as_deref().map(name);
    Labels { model: label(&labels.model), version: label(&labels.version), segment: label(&labels.segment) }
}

fn result(row: &ResultRow) -> ResultRow {
    ResultRow {
        id: row.id,
        at: time(row.at),
        suite: name(&row.suite),
        suite_hash: name(&row.suite_hash),
        source: owned(&row.source),
        token: row.token.as_deref().map(owned),
        labels: labels(&row.labels),
        trace_id: row.trace_id.as_deref().map(name),
        statistics: row.statistics.as_ref().map(kept_json),
        ..*row
    }
}

fn failure(row: &FailureRow) -> FailureRow {
    FailureRow {
        result_id: row.result_id,
        n: row.n,
        at: time(row.at),
        suite: name(&row.suite),
        suite_hash: name(&row.suite_hash),
        check: name(&row.check),
        kind: name(&row.kind),
        severity: name(&row.severity),
        field: name(&row.field),
        record: row.record,
        record_id: row.record_id.as_deref().map(name),
        trace_id: row.trace_id.as_deref().map(name),
        labels: labels(&row.labels),
        observed: row.observed.as_deref().map(owned),
        bound: owned(&row.bound),
        message: owned(&row.message),
    }
}

fn finding(row: &FindingRow) -> FindingRow {
    FindingRow {
        result_id: row.result_id,
        n: row.n,
        at: time(row.at),
        suite: name(&row.suite),
        suite_hash: name(&row.suite_hash),
        check: name(&row.check),
        kind: name(&row.kind),
        severity: name(&row.severity),
        field: name(&row.field),
        segment: name(&row.segment),
        status: owned(&row.status),
        observed: row.observed.as_deref().map(owned),
        bound: owned(&row.bound),
        message: owned(&row.message),
        length: name(&row.length),
        test: row.test.as_deref().map(name),
        details: row.details.as_ref().map(kept_json),
        ..*row
    }
}

fn tally(row: &TallyRow) -> TallyRow {
    // In the key '' is none, so both are one.
    let label = |it: &Option<String>| it.as_deref().filter(|it| !it.is_empty()).map(name);
    TallyRow {
        minute: time(row.minute),
        suite: name(&row.suite),
        suite_hash: name(&row.suite_hash),
        check: name(&row.check),
        kind: name(&row.kind),
        severity: name(&row.severity),
        field: name(&row.field),
        labels: Labels {
            model: label(&row.labels.model),
            version: label(&row.labels.version),
            segment: label(&row.labels.segment),
        },
        ..*row
    }
}

fn prediction(row: &PredictionRow) -> PredictionRow {
    PredictionRow {
        at: time(row.at),
        suite: name(&row.suite),
        suite_hash: name(&row.suite_hash),
        id: name(&row.id),
        labels: labels(&row.labels),
        prediction: row.prediction.as_deref().map(|it| indexed(it).into_owned()),
        record: kept(&row.record).replace("\\u0000", "\\ufffd"),
        ..row.clone()
    }
}

fn part(row: &WindowPart) -> WindowPart {
    WindowPart {
        suite: name(&row.suite),
        suite_hash: name(&row.suite_hash),
        start: time(row.start),
        end: time(row.end),
        length: name(&row.length),
        segment: name(&row.segment),
        other: name(&row.other),
        close_at: row.close_at.map(time),
        ..row.clone()
    }
}

fn stream(row: &StreamPart) -> StreamPart {
    StreamPart {
        suite: name(&row.suite),
        suite_hash: name(&row.suite_hash),
        watermark: row.watermark.map(time),
        idle: row.idle,
    }
}

/// The time as this host's clock says it: when rows come, which must not be later than they are seen.
pub fn clock() -> Micros {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_micros() as Micros)
}

fn key(row: &KeyRow) -> KeyRow {
    KeyRow {
        suite: name(&row.suite),
        key: name(&row.key),
        body_hash: owned(&row.body_hash),
        result_id: row.result_id,
        at: time(row.at),
        suite_hash: owned(&row.suite_hash),
        came: time(row.came),
    }
}
