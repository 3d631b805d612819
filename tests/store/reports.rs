//! What reports ask: the sums of a span, and that a report of very many findings stays small.

use std::collections::BTreeMap;
use std::path::Path;

use driftline::service::baselines::Baselines;
use driftline::service::reporting::{Asked, From, gather};
use driftline::span_report::{ReportFormat, write};
use driftline::store::reports::{FindingPart, FindingTotal, Span, part_length};
use driftline::store::rows::{Batch, FindingRow, ResultRow};
use driftline::store::triggers::{Decision, IncidentRow};
use driftline::store::windows::WindowRow;
use uuid::Uuid;

use crate::database::Database;
use crate::open;
use crate::rows::{BEGIN, DAY, MINUTE, batch, failure, finding, result, tally};

const HOUR: i64 = 60 * MINUTE;

fn span(from: i64, to: i64) -> Span {
    Span { suite: Some("intents".into()), from, to }
}

/// Of an expectation of windows of an hour, at its start.
fn of_window(hour: i64, check: &str, status: &str, segment: &str) -> FindingRow {
    let of = ResultRow { id: Uuid::now_v7(), ..result(BEGIN + hour * HOUR) };
    FindingRow {
        check: check.into(),
        status: status.into(),
        segment: segment.into(),
        length: "1h".into(),
        elements: Some(100),
        unexpected: Some(hour),
        ..finding(&of, 0)
    }
}

pub async fn sums_of_a_span_are_made_by_the_database(database: Database) {
    let store = open(&database).await;
    let findings = vec![
        of_window(0, "mean", "fail", ""),
        of_window(1, "mean", "fail", ""),
        of_window(2, "mean", "pass", ""),
        of_window(2, "mean", "fail", "region=eu"),
        of_window(3, "mean", "skip", ""),
        FindingRow { severity: "critical".into(), ..of_window(1, "other", "error", "") },
        FindingRow { suite: "loans".into(), ..of_window(1, "mean", "fail", "") },
        // The end is not part of the span.
        of_window(4, "mean", "fail", ""),
    ];
    let results = vec![result(BEGIN), result(BEGIN + HOUR), result(BEGIN - 1)];
    let mut of_loans = result(BEGIN + 1);
    of_loans.suite = "loans".into();
    let results = [results, vec![of_loans]].concat();
    store.commit(&Batch { results, findings, ..batch(vec![]) }).await.unwrap();
    let it = span(BEGIN, BEGIN + 4 * HOUR);

    let groups = store.finding_groups(&it, 100).await.unwrap();
    let told: Vec<_> = groups
        .iter()
        .map(|it| (it.check.as_str(), it.status.as_str(), it.segment.as_str(), it.n, it.first - BEGIN, it.last - BEGIN))
        .collect();
    assert_eq!(
        told,
        [
            ("other", "error", "", 1, HOUR, HOUR),
            ("mean", "fail", "", 2, 0, HOUR),
            ("mean", "fail", "region=eu", 1, 2 * HOUR, 2 * HOUR),
        ]
    );
    assert_eq!((groups[1].elements, groups[1].unexpected, groups[1].length.as_str()), (Some(200), Some(1), "1h"));
    assert_eq!(store.finding_groups(&it, 1).await.unwrap(), groups[..1]);
    let all = Span { suite: None, ..it.clone() };
    assert_eq!(store.finding_groups(&all, 100).await.unwrap().len(), 4);

    let checks = ["mean".to_owned(), "nobody".to_owned()];
    let totals = store.finding_totals(&it, &checks).await.unwrap();
    assert_eq!(totals, [FindingTotal { check: "mean".into(), length: "1h".into(), n: 3, failed: 2 }]);
    let parts = store.finding_parts(&it, &checks, 4).await.unwrap();
    let part = |part, n| FindingPart { check: "mean".into(), part, n };
    assert_eq!((parts, part_length(&it, 4)), (vec![part(0, 1), part(1, 1), part(2, 1)], HOUR));
    // The last moment of a span that does not divide lies in its last part.
    let odd = span(BEGIN, BEGIN + 4 * HOUR + 3);
    assert_eq!(store.finding_parts(&odd, &checks, 4).await.unwrap().last(), Some(&part(3, 1)));

    let results = store.result_groups(&it, 10).await.unwrap();
    let [of] = results.as_slice() else { panic!("{results:?}") };
    assert_eq!((of.requests, of.records, of.failed, of.warned, of.unreadable), (2, 20, 4, 2, 2));
    assert_eq!((of.model.as_deref(), of.source.as_str()), (Some("bert"), "http"));

    let window = |n: u128, start, segment: &str, status: &str| WindowRow {
        id: Uuid::from_u128(n),
        suite: "intents".into(),
        suite_hash: "5".repeat(64),
        start,
        end: start + HOUR,
        length: "1h".into(),
        segment: segment.into(),
        records: 10,
        labels: 3,
        status: status.into(),
        revision: 1,
        judged_at: start + HOUR,
        ..WindowRow::default()
    };
    for (n, hour, segment, status) in
        [(1, 0, "", "fail"), (2, 1, "", "fail"), (3, 2, "", "pass"), (4, 2, "region=eu", "fail"), (5, 3, "", "open")]
    {
        store.keep_first(&window(n, BEGIN + hour * HOUR, segment, status)).await.unwrap();
    }
    let windows = store.window_groups(&it, 10).await.unwrap();
    let told: Vec<_> = windows.iter().map(|it| (it.status.as_str(), it.n, it.records, it.labels)).collect();
    assert_eq!(told, [("fail", 2, 20, 6), ("pass", 1, 10, 3)]);
    assert_eq!((windows[0].first, windows[0].last), (BEGIN, BEGIN + 2 * HOUR));
}

pub async fn incidents_of_a_span_go_by_the_time_of_their_records(database: Database) {
    let store = open(&database).await;
    let incident = |n: u128, data: Option<(i64, i64)>, opened: i64, closed: Option<i64>, severity: &str| IncidentRow {
        id: Uuid::from_u128(n),
        at: BEGIN + 300 * DAY,
        suite: "intents".into(),
        suite_hash: "5".repeat(64),
        trigger: format!("t{n}"),
        state: if closed.is_some() { "resolved" } else { "firing" }.into(),
        severity: severity.into(),
        mode: "suggest".into(),
        opened,
        changed: opened,
        closed,
        data_from: data.map(|it| it.0),
        data_to: data.map(|it| it.1),
        evidence: serde_json::json!([]),
        ..IncidentRow::default()
    };
    let over = Some(BEGIN + 301 * DAY);
    let incidents = vec![
        incident(1, Some((BEGIN + HOUR, BEGIN + 2 * HOUR)), BEGIN + 9 * HOUR, over, "warning"),
        incident(2, None, BEGIN + HOUR, over, "critical"),
        incident(3, Some((BEGIN - 2 * HOUR, BEGIN - HOUR)), BEGIN - HOUR, None, "warning"),
        incident(4, Some((BEGIN - 2 * HOUR, BEGIN - HOUR)), BEGIN - HOUR, over, "critical"),
        incident(5, Some((BEGIN + 5 * HOUR, BEGIN + 6 * HOUR)), BEGIN + 6 * HOUR, None, "critical"),
    ];
    let decision = Decision { suite: "intents".into(), now: BEGIN, incidents, ..Decision::default() };
    assert!(store.decide(&decision).await.unwrap());
    let found = store.incidents_of(&span(BEGIN, BEGIN + 4 * HOUR), 10).await.unwrap();
    let names: Vec<_> = found.iter().map(|it| it.trigger.as_str()).collect();
    assert_eq!(names, ["t3", "t2", "t1"], "those that are open, then the gravest");
}

/// Twelve thousand findings of as many expectations and segments, all of them long and hostile.
pub async fn a_report_of_very_many_findings_stays_small(database: Database) {
    let store = open(&database).await;
    let long = "<b>\"'&".repeat(60);
    let of = result(BEGIN + HOUR);
    let findings = (0..12_000_i64).map(|i| FindingRow {
        at: BEGIN + i * 1000,
        n: i,
        suite: format!("suite-{}", i % 30),
        check: format!("check {} {long}", i % 3000),
        segment: if i % 2 == 0 { String::new() } else { format!("region={i} {long}") },
        length: "1h".into(),
        message: long.repeat(20),
        bound: long.clone(),
        observed: Some(serde_json::json!(vec![long.clone(); 30]).to_string()),
        ..finding(&of, 0)
    });
    let failures = (0..200).map(|n| failure(&of, n)).collect();
    let tallies = vec![tally(BEGIN + HOUR)];
    let all = Batch { results: vec![of.clone()], findings: findings.collect(), failures, tallies, ..batch(vec![]) };
    store.commit(&all).await.unwrap();
    let baselines = Baselines::new(Path::new("/nowhere"));
    let active = BTreeMap::new();
    let from = From { store: &store, active: &active, baselines: &baselines, public_url: "" };
    let asked = Asked::new(BEGIN, BEGIN + DAY, None, BEGIN + DAY).unwrap();
    let report = gather(from, &asked).await.unwrap();
    assert_eq!(report.failures.len(), 40);
    // Names that are long are cut, so expectations are counted as the store tells them apart.
    assert_eq!(report.summary.expectations_failed, report.failures_left_out + 40);
    assert!(report.failures_left_out > 1000, "{}", report.failures_left_out);
    assert_eq!((report.suites.len(), report.suites_left_out.len(), report.summary.suites), (20, 11, 31));
    for format in [ReportFormat::Html, ReportFormat::Md, ReportFormat::Json] {
        let text = write(&report, format).unwrap();
        assert!(text.len() < 2 << 20, "{format:?} has {} bytes", text.len());
        assert!(format == ReportFormat::Json || !text.contains("<b>\"'"), "{format:?}");
    }
}
