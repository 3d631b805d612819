//! Retraining runs.

use driftline::store::runs::{RunRow, WantedRuns};
use serde_json::json;

use crate::database::Database;
use crate::history::table;
use crate::open;
use crate::rows::{BEGIN, SECOND};

fn run(id: &str, model: &str, status: &str, after: i64) -> RunRow {
    let finished = (status == "succeeded").then_some(BEGIN + (after + 5) * SECOND);
    RunRow {
        id: id.into(),
        model: model.into(),
        status: status.into(),
        at: BEGIN + after * SECOND,
        started: Some(BEGIN + after * SECOND),
        finished,
        metrics: json!({"accuracy": 0.9}),
        data: json!({"rows": 1000}),
        jobs: json!({"train_model_job": {"status": status}}),
        put: BEGIN,
        by: "ann".into(),
        ..RunRow::default()
    }
}

pub async fn events_of_a_run_are_added_one_after_the_other(database: Database) {
    let store = open(&database).await;
    let first = run("r1", "intents", "started", 0);
    assert!(store.put_run(&first).await.unwrap());
    assert!(!store.put_run(&first).await.unwrap(), "another event was the first");
    let kept = store.run("r1").await.unwrap().unwrap();
    assert_eq!(kept, RunRow { revision: 1, ..first });
    let reload = Some(json!({"status": "failed"}));
    let next = RunRow { version: Some("7".into()), reload, incident: Some("i".into()), ..kept.clone() };
    assert!(store.put_run(&next).await.unwrap());
    assert!(!store.put_run(&next).await.unwrap(), "it was changed since");
    assert_eq!(store.run("r1").await.unwrap(), Some(RunRow { revision: 2, ..next }));
    assert_eq!(store.run("r2").await.unwrap(), None);
}

pub async fn a_run_is_checked_by_one_host(database: Database) {
    let (one, other) = (open(&database).await, open(&database).await);
    let now = BEGIN + 100 * SECOND;
    let due = |it: RunRow, after: i64| RunRow { due: Some(BEGIN + after * SECOND), ..it };
    assert!(one.put_run(&due(run("r1", "intents", "succeeded", 0), 90)).await.unwrap());
    assert!(one.put_run(&due(run("r2", "intents", "succeeded", 0), 110)).await.unwrap());
    assert!(one.put_run(&run("r3", "intents", "started", 0)).await.unwrap());
    assert_eq!(one.due_runs(now).await.unwrap(), ["r1"]);
    let (a, b) = tokio::join!(one.claim_run("r1", now), other.claim_run("r1", now));
    assert!(a.unwrap() != b.unwrap());
    assert!(!one.claim_run("r2", now).await.unwrap() && !one.claim_run("r3", now).await.unwrap());
    assert!(one.due_runs(now).await.unwrap().is_empty());
    one.release_run("r1").await.unwrap();
    assert!(other.claim_run("r1", now).await.unwrap());
    one.judged_run("r1", "warn").await.unwrap();
    // A correction leaves it as it was checked.
    let kept = one.run("r1").await.unwrap().unwrap();
    assert!(one.put_run(&due(RunRow { checked: None, verdict: None, ..kept }, 95)).await.unwrap());
    let kept = one.run("r1").await.unwrap().unwrap();
    assert_eq!((kept.checked, kept.verdict.as_deref()), (Some(now), Some("warn")));
    assert!(!one.claim_run("r1", now).await.unwrap());
}

pub async fn runs_are_paged_and_filtered(database: Database) {
    let store = open(&database).await;
    for i in 0..9 {
        let (model, status) =
            (if i % 3 == 0 { "other" } else { "intents" }, if i % 2 == 0 { "succeeded" } else { "failed" });
        // Two at a time begin together.
        assert!(store.put_run(&run(&format!("r{i}"), model, status, i / 2 * 10)).await.unwrap());
    }
    let ids = |rows: &[RunRow]| rows.iter().map(|it| it.id.clone()).collect::<Vec<_>>();
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let last = after.as_ref().map(|(at, id): &(i64, String)| (*at, id.as_str()));
        let page = store.runs(&WantedRuns::default(), last, 2).await.unwrap();
        let Some(it) = page.last() else { break };
        after = Some((it.at, it.id.clone()));
        all.extend(ids(&page));
    }
    assert_eq!(all, ["r8", "r7", "r6", "r5", "r4", "r3", "r2", "r1", "r0"]);
    let found = async |wanted: WantedRuns| ids(&store.runs(&wanted, None, 100).await.unwrap());
    let model = Some("other".to_owned());
    assert_eq!(found(WantedRuns { model, ..WantedRuns::default() }).await, ["r6", "r3", "r0"]);
    let status = Some("failed".to_owned());
    assert_eq!(found(WantedRuns { status, ..WantedRuns::default() }).await, ["r7", "r5", "r3", "r1"]);
    let (since, until) = (Some(BEGIN + 10 * SECOND), Some(BEGIN + 20 * SECOND));
    assert_eq!(found(WantedRuns { since, until, ..WantedRuns::default() }).await, ["r3", "r2"]);
    // Those that succeeded before one, the oldest first.
    let last = store.run("r8").await.unwrap().unwrap();
    assert_eq!(ids(&store.earlier_runs(&last, 9).await.unwrap()), ["r2", "r4"]);
    assert_eq!(ids(&store.earlier_runs(&last, 1).await.unwrap()), ["r4"]);
    assert!(store.earlier_runs(&run("r9", "intents", "started", 0), 9).await.unwrap().is_empty());
    let sql = "SELECT id, model, status, CAST(CAST(duration_seconds AS INTEGER) AS TEXT), CAST(data_rows AS TEXT) FROM retrain_run_history \
               WHERE id = 'r8'";
    assert_eq!(table(&database, sql).await, [["r8", "intents", "succeeded", "5", "1000"].map(str::to_owned).to_vec()]);
}
