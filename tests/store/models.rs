//! Versions of models, which of them was deployed when, and where their first windows began.

use driftline::store::Store;
use driftline::store::models::{ModelRow, Put};
use serde_json::json;

use crate::database::Database;
use crate::history::table;
use crate::open;
use crate::rows::{BEGIN, SECOND};

fn version(version: &str, hash: Option<&str>, at: i64) -> ModelRow {
    ModelRow {
        model: "intents".into(),
        version: version.into(),
        hash: hash.map(str::to_owned),
        metadata: json!({"run": "r-1", "nul": "a\u{0}b"}),
        at,
        by: "ann".into(),
        ..ModelRow::default()
    }
}

pub async fn a_version_of_a_model_keeps_its_hash(database: Database) {
    let store = open(&database).await;
    let first = version("7", Some("a"), BEGIN);
    assert_eq!(store.put_model(&first, false).await.unwrap(), Put::New);
    assert_eq!(store.put_model(&first, false).await.unwrap(), Put::Known);
    let kept = ModelRow { metadata: json!({"run": "r-1", "nul": "a\u{fffd}b"}), ..first.clone() };
    assert_eq!(store.model("intents", "7").await.unwrap(), Some(kept.clone()));
    assert_eq!(store.put_model(&version("7", Some("b"), BEGIN), false).await.unwrap(), Put::Other);
    assert_eq!(store.model("intents", "7").await.unwrap(), Some(kept), "nothing has changed");
    // What says no hash keeps it, and the rest is what was said last.
    let anew = ModelRow {
        metadata: json!({}),
        schema: Some(json!({"inputs": ["text"]})),
        baseline: Some("training".into()),
        baseline_version: Some(3),
        suite: Some("intents".into()),
        by: "bob".into(),
        ..version("7", None, BEGIN + SECOND)
    };
    assert_eq!(store.put_model(&anew, false).await.unwrap(), Put::Known);
    let expected = ModelRow { hash: Some("a".into()), ..anew };
    assert_eq!(store.model("intents", "7").await.unwrap(), Some(expected));
    assert_eq!(store.put_model(&version("7", Some("b"), BEGIN), true).await.unwrap(), Put::Known);
    assert_eq!(store.model("intents", "7").await.unwrap().unwrap().hash.as_deref(), Some("b"));
    assert_eq!(store.put_model(&version("8", None, BEGIN + SECOND), false).await.unwrap(), Put::New);
    let names = |rows: Vec<ModelRow>| rows.into_iter().map(|it| it.version).collect::<Vec<_>>();
    assert_eq!(names(store.model_versions("intents").await.unwrap()), ["8", "7"]);
    assert_eq!(names(store.models().await.unwrap()).len(), 2);
    assert_eq!(store.model("intents", "9").await.unwrap(), None);
}

pub async fn the_deployment_with_the_latest_time_holds(database: Database) {
    let store = open(&database).await;
    for (name, hash) in [("7", "a"), ("8", "b")] {
        store.put_model(&version(name, Some(hash), BEGIN), false).await.unwrap();
    }
    let deployed = async || {
        let rows = store.model_versions("intents").await.unwrap();
        rows.into_iter().find(|it| it.is_deployed).map(|it| (it.version, it.deployed_at))
    };
    let deploy = async |store: &Store, version: &str, after: i64| {
        store.deploy("intents", version, "ann", BEGIN + after * SECOND).await.unwrap()
    };
    let is = |version: &str, after: i64| Some((version.to_owned(), Some(BEGIN + after * SECOND)));
    assert_eq!(deployed().await, None);
    assert!(!deploy(&store, "9", 0).await, "there is no such version");
    assert!(deploy(&store, "7", 0).await);
    assert!(deploy(&store, "7", 1).await, "it is deployed already");
    assert_eq!(deployed().await, is("7", 0));
    assert!(deploy(&store, "8", 10).await);
    assert_eq!(deployed().await, is("8", 10));
    // What is told late of an earlier time changes nothing of now.
    assert!(deploy(&store, "8", 5).await);
    assert_eq!(deployed().await, is("8", 10));
    // Back.
    assert!(deploy(&store, "7", 20).await);
    assert_eq!(deployed().await, is("7", 20));
    let all = store.deployments("intents", 10).await.unwrap();
    let told: Vec<_> = all.iter().map(|it| (it.version.as_str(), (it.at - BEGIN) / SECOND)).collect();
    assert_eq!(told, [("7", 20), ("8", 10), ("8", 5), ("7", 0)]);
    assert_eq!(all[0].hash.as_deref(), Some("a"));
    assert_eq!(store.deployments("intents", 1).await.unwrap().len(), 1);
    let sql = "SELECT version, hash, deployed_by, CASE WHEN replaced_at IS NULL THEN 'now' ELSE 'over' END \
               FROM deployment_history ORDER BY at";
    let expected =
        [["7", "a", "ann", "over"], ["8", "b", "ann", "over"], ["8", "b", "ann", "over"], ["7", "a", "ann", "now"]];
    assert_eq!(table(&database, sql).await, expected.map(|it| it.map(str::to_owned).to_vec()));
}

pub async fn a_version_opens_where_its_first_window_began(database: Database) {
    let store = open(&database).await;
    let open = async |version: &str, at: i64| {
        store.open_version(("suite", "hash", "intents", version), BEGIN + at * SECOND).await.unwrap()
    };
    for (at, opened) in [(60, 60), (120, 60), (0, 0), (60, 0)] {
        assert_eq!(open("7", at).await, BEGIN + opened * SECOND);
    }
    assert_eq!(open("8", 90).await, BEGIN + 90 * SECOND, "another version");
}
