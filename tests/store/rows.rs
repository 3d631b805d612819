//! Rows to store.

use driftline::store::rows::{
    Batch, FailureRow, FindingRow, KeyRow, Labels, Micros, ResultRow, TallyRow, Verdict, VersionRow,
};
use uuid::{NoContext, Timestamp, Uuid};

pub const SECOND: Micros = 1_000_000;
pub const MINUTE: Micros = 60 * SECOND;
pub const DAY: Micros = 24 * 60 * MINUTE;

/// A Wednesday, 2026-07-01 00:00 UTC.
pub const BEGIN: Micros = 1_782_864_000 * SECOND;

/// An id as the host makes it: of the same millisecond as the time.
pub fn id(at: Micros) -> Uuid {
    let (seconds, nanos) = (at.div_euclid(SECOND) as u64, (at.rem_euclid(SECOND) * 1000) as u32);
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, nanos))
}

pub fn labels(model: &str, version: &str, segment: &str) -> Labels {
    Labels { model: Some(model.into()), version: Some(version.into()), segment: Some(segment.into()) }
}

pub fn result(at: Micros) -> ResultRow {
    ResultRow {
        id: id(at),
        at,
        suite: "intents".into(),
        suite_hash: "5".repeat(64),
        source: "http".into(),
        token: Some("router".into()),
        labels: labels("bert", "3", "DE / mobile"),
        trace_id: Some("a".repeat(32)),
        requests: 1,
        records: 10,
        failed: 2,
        warned: 1,
        unreadable: 1,
        verdict: Verdict::Fail,
        duration_us: 42,
        failures_left_out: 3,
        statistics: Some(serde_json::json!({"b": {"seen": 10, "failed": 2}, "a": {"seen": 1, "failed": 0}})),
    }
}

pub fn failure(of: &ResultRow, n: i64) -> FailureRow {
    FailureRow {
        result_id: of.id,
        n,
        at: of.at,
        suite: of.suite.clone(),
        suite_hash: of.suite_hash.clone(),
        check: "score between".into(),
        kind: "between".into(),
        severity: "critical".into(),
        field: "score".into(),
        record: n * 2,
        record_id: Some(format!("r{n}")),
        labels: of.labels.clone(),
        trace_id: of.trace_id.clone(),
        observed: Some("1.5".into()),
        bound: "0 to 1".into(),
        message: "1.5 is greater than 1".into(),
    }
}

pub fn finding(of: &ResultRow, n: i64) -> FindingRow {
    FindingRow {
        result_id: of.id,
        n,
        at: of.at,
        suite: of.suite.clone(),
        suite_hash: of.suite_hash.clone(),
        check: "score mean".into(),
        kind: "mean_between".into(),
        severity: "warning".into(),
        field: "score".into(),
        segment: "region=eu".into(),
        status: "fail".into(),
        observed: Some("0.25".into()),
        bound: "0.4 to 0.6".into(),
        message: "the mean is 0.25".into(),
        elements: Some(10),
        unexpected: None,
        error: Some(0.125),
        ..FindingRow::default()
    }
}

pub fn tally(minute: Micros) -> TallyRow {
    TallyRow {
        minute,
        suite: "intents".into(),
        suite_hash: "5".repeat(64),
        check: "score between".into(),
        kind: "between".into(),
        severity: "critical".into(),
        field: "score".into(),
        labels: labels("bert", "3", "DE / mobile"),
        seen: 10,
        failed: 2,
        skipped: 1,
    }
}

pub fn key(at: Micros, key: &str) -> KeyRow {
    KeyRow {
        suite: "intents".into(),
        key: key.into(),
        body_hash: "b".repeat(64),
        result_id: id(at),
        at,
        suite_hash: "5".repeat(64),
        came: at,
    }
}

pub fn version(hash: &str, at: Micros) -> VersionRow {
    VersionRow {
        suite: "intents".into(),
        hash: hash.into(),
        text: format!("# {hash}\nexpectations: []\n"),
        files: [("schema.json".to_owned(), "{}".to_owned())].into(),
        plugins: [("language".to_owned(), format!("sha256:{}", "7".repeat(64)))].into(),
        at,
        by: "file:suites/intents.yaml".into(),
        active: false,
    }
}

pub fn batch(results: Vec<ResultRow>) -> Batch {
    Batch { segment: Uuid::now_v7(), results, ..Batch::default() }
}
