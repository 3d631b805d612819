//! Windows of segments that share rows.

use driftline::store::panes::page_of;
use driftline::store::windows::{WindowKey, WindowPart};

use crate::database::Database;
use crate::open;
use crate::rows::{BEGIN, MINUTE};
use crate::windows::{closed, commit, key, part};

pub async fn what_is_not_judged_yet_is_found_with_its_page(database: Database) {
    let store = open(&database).await;
    let close = async |segment: &str, is_unjudged: bool| {
        commit(
            &store,
            vec![part(0, 2), WindowPart { segment: segment.into(), other: "(other)".into(), most: 9, ..part(0, 2) }],
        )
        .await;
        let bucket = page_of(segment);
        let page = store.page_with(&key(), bucket, i64::MAX, &store.unjudged(&key()).await.unwrap()).await.unwrap();
        let kept = page.kept.first();
        let mut judged = closed(&key().of_segment(segment), kept, &page.parts, !is_unjudged);
        judged.closed[0].is_unjudged = is_unjudged;
        assert!(store.close_page(&key(), &page.taken, &judged).await.unwrap());
    };
    close("region=eu", true).await;
    assert_eq!(store.unjudged(&key()).await.unwrap(), ["region=eu"]);
    assert!(store.unjudged(&WindowKey { start: BEGIN + MINUTE, ..key() }).await.unwrap().is_empty());
    let found = async |segment: &str, asked: &[String]| {
        let bucket = page_of(segment);
        store.page_with(&key(), bucket, i64::MAX, asked).await.unwrap().kept.len()
    };
    let asked = ["region=eu".to_owned()];
    assert_eq!((found("region=eu", &asked).await, found("region=eu", &[]).await, found("", &asked).await), (1, 0, 0));
    close("region=eu", false).await;
    assert!(store.unjudged(&key()).await.unwrap().is_empty());
}
