//! Findings: what every question for them finds, what is kept of a drift test, and the indexes that the questions use.

use driftline::store::findings::{Of, Wanted};
use driftline::store::rows::{Batch, Cursor, FindingRow, ResultRow};
use serde_json::json;

use crate::database::Database;
use crate::history::table;
use crate::open;
use crate::rows::{BEGIN, MINUTE, batch, finding, result};

/// Of a batch one of a mean; of a window minutes later a drift test that failed and one that did not.
fn three() -> [FindingRow; 3] {
    let of = |at, id| ResultRow { id: uuid::Uuid::from_u128(id), ..result(at) };
    let (request, later) = (of(BEGIN, 1), of(BEGIN + 5 * MINUTE, 2));
    let drifted = FindingRow {
        check: "score".into(),
        kind: "stable".into(),
        severity: "critical".into(),
        field: "prediction.score".into(),
        length: "1h".into(),
        test: Some("ks".into()),
        statistic: Some(0.5),
        p_value: Some(1e-12),
        details: Some(json!({"test": "ks", "threshold": 0.05, "n": 1000, "m": 200, "effect": "mean 1 -> 2, +100 %"})),
        ..finding(&later, 0)
    };
    let same = FindingRow {
        n: 1,
        suite: "other".into(),
        segment: String::new(),
        check: "intent".into(),
        field: "intent".into(),
        status: "pass".into(),
        test: Some("psi".into()),
        statistic: Some(f64::INFINITY),
        p_value: None,
        details: Some(json!({"statistic": "Infinity", "effect": "\"a\0b\" 1 % -> 2 %"})),
        ..drifted.clone()
    };
    [finding(&request, 0), drifted, same]
}

async fn stored(database: &Database) -> driftline::store::Store {
    let store = open(database).await;
    let findings = three().to_vec();
    store.commit(&Batch { findings, ..batch(vec![]) }).await.unwrap();
    store
}

pub async fn every_filter_restricts_findings(database: Database) {
    let store = stored(&database).await;
    let [mean, drifted, mut same] = three();
    // No database has U+0000.
    same.details = Some(json!({"statistic": "Infinity", "effect": "\"a\u{fffd}b\" 1 % -> 2 %"}));
    let all = store.findings(&Wanted::default(), None, 10).await.unwrap();
    assert_eq!(all, [same.clone(), drifted.clone(), mean.clone()]);
    let text = |it: &str| Some(it.to_owned());
    let wanted = Wanted::default;
    let questions = [
        (Wanted { suite: text("other"), ..wanted() }, vec![&same]),
        (Wanted { check: text("score"), ..wanted() }, vec![&drifted]),
        (Wanted { kind: text("stable"), ..wanted() }, vec![&same, &drifted]),
        (Wanted { field: text("intent"), ..wanted() }, vec![&same]),
        (Wanted { severity: text("warning"), ..wanted() }, vec![&mean]),
        (Wanted { status: text("fail"), ..wanted() }, vec![&drifted, &mean]),
        (Wanted { status: text("pass"), ..wanted() }, vec![&same]),
        (Wanted { status: text("error"), ..wanted() }, vec![]),
        (Wanted { length: text("1h"), ..wanted() }, vec![&same, &drifted]),
        (Wanted { length: text("1m"), ..wanted() }, vec![]),
        (Wanted { segment: text("region=eu"), ..wanted() }, vec![&drifted, &mean]),
        (Wanted { segment: text(""), ..wanted() }, vec![&same]),
        (Wanted { of: Some(Of::Window), ..wanted() }, vec![&same, &drifted]),
        (Wanted { of: Some(Of::Batch), ..wanted() }, vec![&mean]),
        (Wanted { since: Some(BEGIN + MINUTE), ..wanted() }, vec![&same, &drifted]),
        (Wanted { until: Some(BEGIN + MINUTE), ..wanted() }, vec![&mean]),
        (Wanted { status: text("fail"), of: Some(Of::Window), ..wanted() }, vec![&drifted]),
    ];
    for (question, expected) in questions {
        let found = store.findings(&question, None, 10).await.unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{question:?}");
    }
    let (mut paged, mut after) = (Vec::new(), None);
    while let Some(it) = store.findings(&wanted(), after, 1).await.unwrap().pop() {
        after = Some(Cursor { at: it.at, id: it.result_id, n: it.n });
        paged.push(it);
    }
    assert_eq!(paged, all);
}

pub async fn the_view_of_drift_shows_what_tests_found(database: Database) {
    let _store = stored(&database).await;
    let [_, drifted, _] = three();
    let sql = "SELECT suite, field, test, CAST(statistic AS text), CAST(p_value AS text), CAST(threshold AS text), \
               effect, status, CAST(n AS text), CAST(m AS text), window_id::text, length, segment FROM drift_history \
               WHERE test = 'ks'";
    let id = drifted.result_id.to_string();
    let row = [
        "intents",
        "prediction.score",
        "ks",
        "0.5",
        "1e-12",
        "0.05",
        "mean 1 -> 2, +100 %",
        "fail",
        "1000",
        "200",
        &id,
        "1h",
        "region=eu",
    ];
    assert_eq!(table(&database, sql).await, [row.map(|it| it.replace("1e-12", tiny(&database)))]);
    assert_eq!(table(&database, "SELECT test FROM drift_history ORDER BY test").await, [["ks"], ["psi"]]);
    let sql = "SELECT length, CAST(statistic AS text) FROM finding_history ORDER BY n, length DESC";
    let infinite = if database.url.starts_with("sqlite") { "Inf" } else { "Infinity" };
    assert_eq!(table(&database, sql).await.last().unwrap(), &["1h", infinite]);
}

/// How the database writes a small number.
fn tiny(database: &Database) -> &'static str {
    if database.url.starts_with("sqlite") { "1.0e-12" } else { "1e-12" }
}

pub async fn questions_for_findings_use_the_indexes(database: Database) {
    let store = stored(&database).await;
    let [mean, drifted, _] = three();
    let findings = (0..20_000).map(|i| FindingRow {
        at: BEGIN + i64::from(i) * 1000,
        n: 2,
        suite: format!("s{}", i % 50),
        field: format!("f{}", i % 20),
        status: if i % 500 == 0 { "fail" } else { "pass" }.into(),
        ..if i % 4 == 0 { drifted.clone() } else { mean.clone() }
    });
    let all = Batch { findings: findings.collect(), ..batch(vec![]) };
    store.commit(&all).await.unwrap();
    crate::opening::execute(&database, "ANALYZE").await;
    let sqlite = database.url.starts_with("sqlite");
    let since = if sqlite { format!("at_us >= {BEGIN}") } else { "at >= '2026-07-01'".to_owned() };
    for (index, question) in [
        ("suite_field_at", format!("FROM drift_history WHERE suite = 's5' AND field = 'f5' AND {since}")),
        ("status_at", "FROM finding_history WHERE status = 'fail' AND status IN ('fail', 'error')".to_owned()),
        ("suite_at", "FROM finding_history WHERE suite = 's5'".to_owned()),
        ("suite_check_name", "FROM finding_history WHERE suite = 's5' AND check_name = 'score'".to_owned()),
    ] {
        let order = if sqlite { "at_us" } else { "at" };
        let plan = plan(&database, &format!("SELECT * {question} ORDER BY {order} DESC LIMIT 20")).await;
        // Postgres names the index of a week after its columns.
        let name = match index {
            "suite_field_at" => "finding_drift",
            "status_at" => "finding_status",
            "suite_at" => "finding_suite ",
            _ => "finding_suite_check",
        };
        assert!(plan.contains(index) || plan.contains(name), "{question}:\n{plan}");
    }
}

/// How a database would answer a question.
async fn plan(database: &Database, question: &str) -> String {
    use sqlx::{AssertSqlSafe, Connection as _, Row as _};
    if !database.url.starts_with("sqlite") {
        return table(database, &format!("EXPLAIN {question}")).await.concat().join("\n");
    }
    let mut connection = sqlx::SqliteConnection::connect(&database.url).await.unwrap();
    let query = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {question}"));
    let rows = sqlx::query(query).fetch_all(&mut connection).await.unwrap();
    rows.iter().map(|it| it.get::<String, _>("detail")).collect::<Vec<_>>().join("\n")
}
