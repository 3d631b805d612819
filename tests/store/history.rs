//! Questions to the history.

use std::collections::BTreeSet;

use driftline::store::Store;
use driftline::store::rows::{Batch, Cursor, FailureRow, Filter, Labels, ResultRow, TallyRow, Verdict};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};
use uuid::Uuid;

use crate::database::Database;
use crate::open;
use crate::rows::{BEGIN, DAY, MINUTE, SECOND, batch, failure, finding, labels, result, tally, version};

/// Two requests of which every member that can be filtered by differs.
async fn two(store: &Store) -> [ResultRow; 2] {
    let one = result(BEGIN);
    let other = ResultRow {
        suite: "scores".into(),
        labels: labels("gpt", "4", "FR"),
        trace_id: Some("b".repeat(32)),
        verdict: Verdict::Warn,
        ..result(BEGIN + 40 * DAY)
    };
    let failures = vec![
        failure(&one, 0),
        failure(&one, 1),
        FailureRow {
            check: "age not null".into(),
            severity: "warning".into(),
            field: "age".into(),
            ..failure(&other, 0)
        },
    ];
    let rows = vec![one.clone(), other.clone()];
    store.commit(&Batch { failures, ..batch(rows) }).await.unwrap();
    [one, other]
}

/// Each filter with which of the two it leaves.
fn filters() -> Vec<(Filter, usize)> {
    let text = |it: &str| Some(it.to_owned());
    let none = Filter::default;
    vec![
        (Filter { suite: text("intents"), ..none() }, 0),
        (Filter { suite: text("scores"), ..none() }, 1),
        (Filter { check: text("score between"), ..none() }, 0),
        (Filter { check: text("age not null"), ..none() }, 1),
        (Filter { severity: text("critical"), ..none() }, 0),
        (Filter { severity: text("warning"), ..none() }, 1),
        (Filter { verdict: Some(Verdict::Fail), ..none() }, 0),
        (Filter { verdict: Some(Verdict::Warn), ..none() }, 1),
        (Filter { field: text("score"), ..none() }, 0),
        (Filter { field: text("age"), ..none() }, 1),
        (Filter { model: text("bert"), ..none() }, 0),
        (Filter { model: text("gpt"), ..none() }, 1),
        (Filter { version: text("3"), ..none() }, 0),
        (Filter { version: text("4"), ..none() }, 1),
        (Filter { segment: text("DE / mobile"), ..none() }, 0),
        (Filter { segment: text("FR"), ..none() }, 1),
        (Filter { trace_id: Some("a".repeat(32)), ..none() }, 0),
        (Filter { trace_id: Some("b".repeat(32)), ..none() }, 1),
        (Filter { until: Some(BEGIN + 40 * DAY), ..none() }, 0),
        (Filter { until: Some(BEGIN + 1), ..none() }, 0),
        (Filter { since: Some(BEGIN + 1), ..none() }, 1),
        (Filter { since: Some(BEGIN + 40 * DAY), ..none() }, 1),
    ]
}

/// Conditions that no row satisfies, though each of the two satisfies a part.
fn contradictions() -> Vec<Filter> {
    let text = |it: &str| Some(it.to_owned());
    let none = Filter::default;
    vec![
        Filter { suite: text("intents"), model: text("gpt"), ..none() },
        Filter { check: text("score between"), field: text("age"), ..none() },
        Filter { check: text("score between"), severity: text("warning"), ..none() },
        Filter { verdict: Some(Verdict::Pass), ..none() },
        Filter { suite: text("scores"), verdict: Some(Verdict::Fail), ..none() },
        Filter { since: Some(BEGIN + 1), until: Some(BEGIN + 40 * DAY), ..none() },
        Filter { check: text("score between"), since: Some(BEGIN + 1), ..none() },
        Filter { suite: text("' OR TRUE --"), ..none() },
    ]
}

pub async fn every_filter_restricts_results(database: Database) {
    let store = open(&database).await;
    let rows = two(&store).await;
    for (filter, left) in filters() {
        let found = store.results(&filter, None, 10).await.unwrap();
        assert_eq!(found, [rows[left].clone()], "{filter:?}");
    }
    for filter in contradictions() {
        assert_eq!(store.results(&filter, None, 10).await.unwrap(), [], "{filter:?}");
    }
}

pub async fn every_filter_restricts_failures(database: Database) {
    let store = open(&database).await;
    let rows = two(&store).await;
    for (filter, left) in filters() {
        let found = store.failures(&filter, None, 10).await.unwrap();
        assert!(found.iter().all(|it| it.result_id == rows[left].id), "{filter:?}: {found:?}");
        assert_eq!(found.len(), 2 - left, "{filter:?}");
    }
    for filter in contradictions() {
        assert_eq!(store.failures(&filter, None, 10).await.unwrap(), [], "{filter:?}");
    }
}

pub async fn pages_hold_every_row_once(database: Database) {
    let store = open(&database).await;
    // Many of one microsecond, in several weeks: the id must break the tie.
    let rows: Vec<_> = (0..300).map(|i| result(BEGIN + (i / 30) * 5 * DAY)).collect();
    let failures = rows.iter().map(|it| failure(it, 0)).collect();
    store.commit(&Batch { failures, ..batch(rows.clone()) }).await.unwrap();
    for filter in [
        Filter::default(),
        Filter { check: Some("score between".into()), ..Filter::default() },
        Filter { suite: Some("intents".into()), verdict: Some(Verdict::Fail), ..Filter::default() },
    ] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = store.results(&filter, after, 7).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(Cursor { at: last.at, id: last.id, n: 0 });
            assert!(page.len() <= 7);
            seen.extend(page.iter().map(|it| (it.at, it.id)));
        }
        let mut all: Vec<_> = rows.iter().map(|it| (it.at, it.id)).collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        assert_eq!(seen, all);
    }
}

pub async fn pages_stand_still_while_rows_arrive(database: Database) {
    let store = open(&database).await;
    let rows: Vec<_> = (0..50).map(|i| result(BEGIN + i * SECOND)).collect();
    store.commit(&batch(rows.clone())).await.unwrap();
    let (mut seen, mut after, mut now) = (Vec::new(), None, BEGIN + 100 * SECOND);
    loop {
        let page = store.results(&Filter::default(), after, 7).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(Cursor { at: last.at, id: last.id, n: 0 });
        seen.extend(page.iter().map(|it| it.id));
        now += SECOND;
        store.commit(&batch(vec![result(now)])).await.unwrap();
    }
    let expected: Vec<_> = rows.iter().rev().map(|it| it.id).collect();
    assert_eq!(seen, expected);
}

pub async fn failures_of_one_result_are_paged_by_ordinal(database: Database) {
    let store = open(&database).await;
    let rows = [result(BEGIN), result(BEGIN), result(BEGIN + 1)];
    let failures = rows.iter().flat_map(|it| (0..10).map(|n| failure(it, n))).collect();
    store.commit(&Batch { failures, ..batch(rows.to_vec()) }).await.unwrap();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.failures(&Filter::default(), after, 4).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(Cursor { at: last.at, id: last.result_id, n: last.n });
        seen.extend(page.iter().map(|it| (it.at, it.result_id, it.n)));
    }
    assert_eq!(seen.len(), 30);
    assert!(seen.is_sorted_by(|a, b| a > b));
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 30);
}

pub async fn a_result_is_found_by_its_id(database: Database) {
    let store = open(&database).await;
    let rows: Vec<_> = (0..20).map(|i| result(BEGIN + i * 3 * DAY + 999)).collect();
    // The clock was set between the id and the time.
    let set = ResultRow { id: crate::rows::id(BEGIN), at: BEGIN + 30 * SECOND, ..result(BEGIN) };
    let failures = vec![failure(&rows[3], 1), failure(&rows[3], 0), failure(&rows[4], 0)];
    let findings = vec![finding(&rows[3], 0)];
    let all = rows.iter().cloned().chain([set.clone()]).collect();
    store.commit(&Batch { failures, findings, ..batch(all) }).await.unwrap();
    for row in rows.iter().chain([&set]) {
        let (found, ..) = store.result(row.id).await.unwrap().unwrap();
        assert_eq!(found, *row);
    }
    let (_, failures, findings) = store.result(rows[3].id).await.unwrap().unwrap();
    assert_eq!(failures, [failure(&rows[3], 0), failure(&rows[3], 1)]);
    assert_eq!(findings, [finding(&rows[3], 0)]);
    assert_eq!(store.result(crate::rows::id(BEGIN)).await.unwrap(), None);
    assert_eq!(store.result(Uuid::nil()).await.unwrap(), None);
    assert_eq!(store.result(Uuid::max()).await.unwrap(), None);
}

pub async fn stats_add_up_by_span(database: Database) {
    let store = open(&database).await;
    let hour = 60 * MINUTE;
    // Another version, another model and no label at all are the same expectation.
    let mut tallies = Vec::new();
    for i in 0..180 {
        tallies.push(tally(BEGIN + i * MINUTE));
        tallies.push(TallyRow { suite_hash: "6".repeat(64), ..tally(BEGIN + i * MINUTE) });
        tallies.push(TallyRow { labels: Labels::default(), ..tally(BEGIN + i * MINUTE) });
        tallies.push(TallyRow { check: "age not null".into(), field: "age".into(), ..tally(BEGIN + i * MINUTE) });
    }
    store.commit(&Batch { tallies, ..batch(Vec::new()) }).await.unwrap();
    let stats = store.stats(&Filter::default(), 3600).await.unwrap();
    let shown: Vec<_> = stats.iter().map(|it| (it.at, it.check.as_str(), it.seen, it.failed, it.skipped)).collect();
    assert_eq!(shown[..2], [(BEGIN, "age not null", 600, 120, 60), (BEGIN, "score between", 1800, 360, 180)]);
    assert_eq!(shown.len(), 6);
    assert_eq!(shown[5], (BEGIN + 2 * hour, "score between", 1800, 360, 180));
    // Spans are aligned to 1970, wherever the question begins.
    let filter = Filter {
        since: Some(BEGIN + 30 * MINUTE),
        until: Some(BEGIN + 90 * MINUTE),
        field: Some("age".into()),
        ..Filter::default()
    };
    let stats = store.stats(&filter, 3600).await.unwrap();
    assert_eq!(stats.iter().map(|it| (it.at, it.seen)).collect::<Vec<_>>(), [(BEGIN, 300), (BEGIN + hour, 300)]);
    let stats = store.stats(&filter, 7 * 60).await.unwrap();
    assert_eq!(stats.iter().map(|it| it.seen).sum::<i64>(), 600);
    assert!(stats.iter().all(|it| it.at % (7 * MINUTE) == 0));
}

/// The rows of a query as texts.
pub async fn table(database: &Database, sql: &str) -> Vec<Vec<String>> {
    macro_rules! rows {
        ($connection:ty, $sql:expr) => {{
            let mut connection = <$connection>::connect(&database.url).await.unwrap();
            let rows = sqlx::query(AssertSqlSafe($sql)).fetch_all(&mut connection).await.unwrap();
            let cells =
                rows.iter().map(|row| (0..row.len()).map(|i| row.get::<Option<String>, _>(i).unwrap_or_default()));
            cells.map(Iterator::collect).collect()
        }};
    }
    if database.url.starts_with("sqlite") {
        rows!(SqliteConnection, sql.replace("::text", ""))
    } else {
        rows!(PgConnection, sql.to_owned())
    }
}

pub async fn views_show_the_history(database: Database) {
    let store = open(&database).await;
    let row = result(BEGIN + 2000);
    let batch = Batch {
        failures: vec![failure(&row, 0)],
        findings: vec![finding(&row, 0)],
        tallies: vec![TallyRow { labels: labels("bert", "", ""), ..tally(BEGIN) }],
        ..batch(vec![row.clone()])
    };
    store.commit(&batch).await.unwrap();
    store.put_version(&version("v1", BEGIN)).await.unwrap();
    store.activate("intents", "v1", "ann", BEGIN + SECOND).await.unwrap();
    store.deactivate("intents", "bob", BEGIN + 2 * SECOND).await.unwrap();

    let expected = |values: &[&str]| vec![values.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()];
    let id = row.id.to_string();
    let sql =
        "SELECT result_id::text, verdict::text, CAST(records AS text), CAST(pass_rate AS text) FROM validation_history";
    assert_eq!(table(&database, sql).await, expected(&[&id, "fail", "10", "0.8"]));
    let sql = "SELECT result_id::text, check_name, record_id, observed FROM failure_history";
    assert_eq!(table(&database, sql).await, expected(&[&id, "score between", "r0", "1.5"]));
    let sql = "SELECT result_id::text, status, CAST(error AS text) FROM finding_history";
    assert_eq!(table(&database, sql).await, expected(&[&id, "fail", "0.125"]));
    let sql = "SELECT model, version, CAST(seen AS text), substr(CAST(pass_rate AS text), 1, 5) FROM check_history";
    assert_eq!(table(&database, sql).await, expected(&["bert", "", "10", "0.777"]));
    let sql = "SELECT event, done_by FROM suite_history ORDER BY at";
    let events = [["put", "file:suites/intents.yaml"], ["activated", "ann"], ["deactivated", "bob"]];
    assert_eq!(table(&database, sql).await, events.map(|it| it.map(str::to_owned).to_vec()));
    let sql = if database.url.starts_with("sqlite") {
        "SELECT at FROM validation_history UNION ALL SELECT at FROM failure_history"
    } else {
        "SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') FROM validation_history, \
         LATERAL (VALUES (1), (2)) AS twice (n)"
    };
    assert_eq!(table(&database, sql).await, vec![vec!["2026-07-01T00:00:00.002Z".to_owned()]; 2]);
}

pub async fn the_questions_of_the_page_can_be_asked(database: Database) {
    let store = open(&database).await;
    two(&store).await;
    let page = include_str!("../../docs/history.md");
    let (_, page) = page.split_once("## Questions").unwrap();
    let (page, _) = page.split_once("## Grafana").unwrap();
    let blocks: Vec<_> = page.split("```sql\n").skip(1).map(|it| it.split("```").next().unwrap()).collect();
    assert!(blocks.len() >= 12);
    for block in blocks {
        // Where the databases differ, that of SQLite comes second.
        let sql = match block.split_once("-- SQLite") {
            Some((_, second)) if database.url.starts_with("sqlite") => format!("-- {second}"),
            Some((first, _)) => first.to_owned(),
            None => block.to_owned(),
        };
        crate::opening::execute(&database, &sql).await;
    }
}
