//! Versions of plugins, and which is active.

use driftline::store::Store;
use driftline::store::plugins::PluginRow;
use serde_json::json;

use crate::database::Database;
use crate::history::table;
use crate::open;
use crate::rows::{BEGIN, SECOND};

fn plugin(name: &str, version: &str, at: i64) -> PluginRow {
    PluginRow {
        name: name.into(),
        version: version.into(),
        digest: format!("sha256:{name}{version}"),
        size: 5,
        signature: None,
        wit: "0.1.0".into(),
        about: json!({"capabilities": [{"id": "range"}], "page": "a\u{0}b", "nothing": null}),
        at,
        by: "ann".into(),
        active: false,
    }
}

/// As it is read back.
fn kept(it: &PluginRow, active: bool) -> PluginRow {
    let about = json!({"capabilities": [{"id": "range"}], "page": "a\u{fffd}b", "nothing": null});
    PluginRow { active, about, ..it.clone() }
}

async fn put(store: &Store, rows: &[&PluginRow]) {
    for row in rows {
        assert!(store.put_plugin(row, b"\0asm\xff").await.unwrap());
    }
}

pub async fn plugins_are_kept_once_with_their_bytes(database: Database) {
    let store = open(&database).await;
    let old = PluginRow { signature: Some(vec![0, 255, 7]), ..plugin("language", "1.0.0", BEGIN) };
    let (new, other) = (plugin("language", "1.1.0", BEGIN + SECOND), plugin("intents", "0.1.0", BEGIN));
    put(&store, &[&old, &new, &other]).await;
    // Other bytes under the same name and version change nothing.
    let again = PluginRow { digest: "sha256:other".into(), ..old.clone() };
    assert!(!store.put_plugin(&again, b"other").await.unwrap());
    assert_eq!(store.plugins().await.unwrap(), [kept(&other, false), kept(&new, false), kept(&old, false)]);
    assert_eq!(store.plugin("language", "1.0.0").await.unwrap(), Some(kept(&old, false)));
    assert_eq!(store.plugin("language", "2.0.0").await.unwrap(), None);
    assert_eq!(store.component("language", "1.0.0").await.unwrap().as_deref(), Some(&b"\0asm\xff"[..]));
    assert_eq!(store.component("language", "2.0.0").await.unwrap(), None);
}

pub async fn the_last_activation_of_a_plugin_holds(database: Database) {
    let store = open(&database).await;
    let (old, new) = (plugin("language", "1.0.0", BEGIN), plugin("language", "1.1.0", BEGIN + SECOND));
    put(&store, &[&old, &new]).await;
    assert!(store.activate_plugin("language", "1.1.0", "ann", BEGIN).await.unwrap());
    assert!(!store.activate_plugin("language", "2.0.0", "ann", BEGIN).await.unwrap());
    assert!(!store.activate_plugin("nothing", "1.0.0", "ann", BEGIN).await.unwrap());
    assert_eq!(store.plugins().await.unwrap(), [kept(&new, true), kept(&old, false)]);
    // Back; a clock that runs behind does not matter, and to activate the active one again is no event.
    for _ in 0..2 {
        assert!(store.activate_plugin("language", "1.0.0", "bob", BEGIN - SECOND).await.unwrap());
    }
    assert_eq!(store.plugins().await.unwrap(), [kept(&new, false), kept(&old, true)]);
    assert!(!store.remove_plugin("language", "1.0.0").await.unwrap(), "it is active");
    assert!(store.remove_plugin("language", "1.1.0").await.unwrap());
    assert!(!store.remove_plugin("language", "1.1.0").await.unwrap(), "it is gone");
    assert_eq!(store.plugins().await.unwrap(), [kept(&old, true)]);
}

pub async fn views_show_what_happened_to_plugins(database: Database) {
    let store = open(&database).await;
    put(&store, &[&plugin("language", "1.0.0", BEGIN), &plugin("language", "1.1.0", BEGIN + SECOND)]).await;
    for (version, by) in [("1.0.0", "ann"), ("1.1.0", "bob"), ("1.1.0", "bob"), ("1.0.0", "eve")] {
        assert!(store.activate_plugin("language", version, by, BEGIN + 2 * SECOND).await.unwrap());
    }
    let sql = "SELECT event, version, done_by FROM plugin_history ORDER BY at, done_by";
    let expected = [
        ["put", "1.0.0", "ann"],
        ["put", "1.1.0", "ann"],
        ["activated", "1.0.0", "ann"],
        ["activated", "1.1.0", "bob"],
        ["activated", "1.0.0", "eve"],
    ];
    assert_eq!(table(&database, sql).await, expected.map(|it| it.map(str::to_owned).to_vec()));
}
