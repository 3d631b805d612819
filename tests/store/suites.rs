//! Versions of suites, and which is active.

use driftline::store::rows::VersionRow;

use crate::database::Database;
use crate::open;
use crate::rows::{BEGIN, SECOND, version};

pub async fn versions_are_kept_once(database: Database) {
    let store = open(&database).await;
    let (old, new) = (version("v1", BEGIN), version("v2", BEGIN + SECOND));
    store.put_version(&old).await.unwrap();
    store.put_version(&new).await.unwrap();
    // Who puts it again changes nothing, not even the time.
    store
        .put_version(&VersionRow { at: BEGIN + 9 * SECOND, by: "bob".into(), active: true, ..old.clone() })
        .await
        .unwrap();
    // Another suite may have the same text.
    store.put_version(&VersionRow { suite: "scores".into(), ..old.clone() }).await.unwrap();
    assert_eq!(store.versions("intents").await.unwrap(), [new, old.clone()]);
    assert_eq!(store.version("intents", "v1").await.unwrap(), Some(old));
    assert_eq!(store.version("intents", "v3").await.unwrap(), None);
    assert_eq!(store.versions("nothing").await.unwrap(), []);
    assert_eq!(store.active().await.unwrap(), []);
}

pub async fn the_last_activation_holds(database: Database) {
    let store = open(&database).await;
    let (old, new) = (version("v1", BEGIN), version("v2", BEGIN + SECOND));
    let other = VersionRow { suite: "a suite before".into(), ..version("v1", BEGIN) };
    for it in [&old, &new, &other] {
        store.put_version(it).await.unwrap();
    }
    let active = |it: &VersionRow| VersionRow { active: true, ..it.clone() };
    assert!(store.activate("intents", "v2", "ann", BEGIN).await.unwrap());
    assert!(store.activate(&other.suite, "v1", "ann", BEGIN).await.unwrap());
    assert_eq!(store.active().await.unwrap(), [active(&other), active(&new)]);
    // Back to the old one; a clock that runs behind does not matter.
    assert!(store.activate("intents", "v1", "bob", BEGIN - SECOND).await.unwrap());
    assert_eq!(store.active().await.unwrap(), [active(&other), active(&old)]);
    assert_eq!(store.versions("intents").await.unwrap(), [new.clone(), active(&old)]);
    assert_eq!(store.version("intents", "v1").await.unwrap(), Some(active(&old)));
    assert!(store.deactivate("intents", "bob", BEGIN).await.unwrap());
    assert!(!store.deactivate("intents", "bob", BEGIN).await.unwrap(), "it was not active any more");
    assert_eq!(store.active().await.unwrap(), [active(&other)]);
    assert_eq!(store.versions("intents").await.unwrap(), [new.clone(), old]);
    assert!(store.activate("intents", "v2", "ann", BEGIN).await.unwrap());
    assert_eq!(store.active().await.unwrap(), [active(&other), active(&new)]);
}

pub async fn a_version_that_is_not_there_is_not_activated(database: Database) {
    let store = open(&database).await;
    store.put_version(&version("v1", BEGIN)).await.unwrap();
    assert!(!store.activate("intents", "v2", "ann", BEGIN).await.unwrap());
    assert!(!store.activate("scores", "v1", "ann", BEGIN).await.unwrap());
    assert!(!store.deactivate("intents", "ann", BEGIN).await.unwrap());
    assert_eq!(store.active().await.unwrap(), []);
    // To activate the active one again is no event.
    for _ in 0..3 {
        assert!(store.activate("intents", "v1", "ann", BEGIN).await.unwrap());
    }
    assert!(store.deactivate("intents", "ann", BEGIN).await.unwrap());
    assert!(!store.deactivate("intents", "ann", BEGIN).await.unwrap());
}
