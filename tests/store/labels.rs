//! Predictions and labels: each counts once, whoever else changes the same labels.

use driftline::store::labels::{Change, LabelDue, LabelRow};
use driftline::store::predictions::{Outcome, PredictionRow, Wanted};
use driftline::store::rows::{Batch, Labels, Retention};
use driftline::store::windows::{WindowKey, WindowPart};
use uuid::Uuid;

use crate::database::Database;
use crate::open;
use crate::rows::{BEGIN, DAY, SECOND};

fn prediction(n: u8) -> PredictionRow {
    PredictionRow {
        key: Uuid::from_u128(u128::from(n) + 1),
        at: BEGIN + i64::from(n) * SECOND,
        suite: "s".into(),
        suite_hash: "h".into(),
        id: format!("r{n}"),
        labels: Labels { model: Some("m".into()), ..Labels::default() },
        prediction: Some("\"pay\"".into()),
        score: Some(f64::from(n) / 10.0),
        record: format!("{{\"n\":{n},\"nul\":\"\\u0000\"}}"),
    }
}

fn label(n: u8, text: &str, joined: Option<i64>) -> LabelRow {
    LabelRow {
        suite: "s".into(),
        id: format!("r{n}"),
        label: format!("{{\"truth\":\"{text}\"}}"),
        at: BEGIN + DAY,
        came: BEGIN,
        changed: BEGIN + 1,
        revision: 1,
        by: "ann".into(),
        correct: joined.map(|_| text == "pay"),
        joined,
        try_at: joined.is_none().then_some(BEGIN + SECOND),
    }
}

fn part() -> WindowPart {
    let (suite, suite_hash, length) = ("s".into(), "h".into(), "5m".into());
    WindowPart {
        suite,
        suite_hash,
        start: BEGIN,
        end: BEGIN + 300 * SECOND,
        length,
        state: vec![1],
        ..WindowPart::default()
    }
}

fn change(new: Vec<LabelRow>) -> Change {
    Change { suite: "s".into(), new, parts: vec![part()], ..Change::default() }
}

pub async fn labels_are_written_once_with_what_they_add(database: Database) {
    let store = open(&database).await;
    let predictions: Vec<_> = (0..4).map(prediction).collect();
    store.commit(&Batch { segment: Uuid::now_v7(), predictions, ..Batch::default() }).await.unwrap();
    assert!(
        store
            .put_labels(&change(vec![label(0, "pay", Some(BEGIN)), label(1, "no", Some(BEGIN)), label(9, "no", None)]))
            .await
            .unwrap()
    );
    // Another host has put one of these meanwhile: nothing of the change is written.
    assert!(!store.put_labels(&change(vec![label(2, "no", Some(BEGIN)), label(1, "pay", Some(BEGIN))])).await.unwrap());
    let ids = ["r0", "r1", "r2", "r9"].map(str::to_owned);
    let mut known = store.labels_of("s", &ids).await.unwrap();
    known.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(known, [label(0, "pay", Some(BEGIN)), label(1, "no", Some(BEGIN)), label(9, "no", None)]);
    let key = WindowKey {
        suite: "s".into(),
        suite_hash: "h".into(),
        start: BEGIN,
        length: "5m".into(),
        ..WindowKey::default()
    };
    assert_eq!(store.waiting(&key).await.unwrap()[0].parts, 1);
    assert_eq!(store.labels_to_try(BEGIN, 10).await.unwrap(), []);
    assert_eq!(store.labels_to_try(BEGIN + SECOND, 10).await.unwrap()[0].id, "r9");
    // A correction of what was read, and one of what has changed since.
    let corrected = LabelRow { revision: 2, ..label(1, "pay", Some(BEGIN)) };
    let mut correction = Change { suite: "s".into(), known: vec![(corrected.clone(), 1)], ..Change::default() };
    let due = LabelDue {
        key: WindowKey { end: BEGIN + 300 * SECOND, length: String::new(), ..key.clone() },
        waited: 0,
        due: BEGIN,
        mark: Uuid::from_u128(7),
    };
    correction.due = vec![due.clone()];
    assert!(store.put_labels(&correction).await.unwrap());
    assert!(!store.put_labels(&correction).await.unwrap());
    assert_eq!(store.labels_due(BEGIN, 10).await.unwrap(), std::slice::from_ref(&due));
    let mut seen = Vec::new();
    let done = store.rejoin(&due, &mut |page| seen.extend(page), &mut || vec![part()]).await.unwrap();
    let ids: Vec<_> = seen.iter().map(|it| (it.prediction.id.as_str(), it.label.as_deref().unwrap())).collect();
    assert!(done);
    assert_eq!(ids, [("r0", r#"{"truth":"pay"}"#), ("r1", r#"{"truth":"pay"}"#)]);
    assert!(!store.rejoin(&due, &mut |_| {}, &mut Vec::new).await.unwrap(), "another host has done it");
    assert_eq!(store.waiting(&key).await.unwrap()[0].parts, 2);

    let asked = async |wanted: Wanted| -> Vec<String> {
        store.predictions(&wanted, None, 10).await.unwrap().into_iter().map(|it| it.prediction.id).collect()
    };
    assert_eq!(asked(Wanted::default()).await, ["r3", "r2", "r1", "r0"]);
    assert_eq!(asked(Wanted { outcome: Some(Outcome::Correct), ..Wanted::default() }).await, ["r1", "r0"]);
    assert_eq!(
        asked(Wanted { score_max: Some(0.15), model: Some("m".into()), ..Wanted::default() }).await,
        ["r1", "r0"]
    );
    let kept = store.predictions(&Wanted { id: Some("r3".into()), ..Wanted::default() }, None, 10).await.unwrap();
    assert_eq!(kept[0].prediction.record, r#"{"n":3,"nul":"\ufffd"}"#);

    let retention = Retention { predictions: Some(30), key_hours: 1, ..Retention::default() };
    let pruned = store.prune(BEGIN + 60 * DAY, &retention).await.unwrap();
    assert!(pruned.labels >= 3, "{pruned:?}");
    assert_eq!(asked(Wanted::default()).await, [""; 0]);
}
