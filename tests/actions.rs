//! What actions send, to real receivers: bodies, signatures, what the answers mean, and where nothing is ever sent.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "actions/alertmanager.rs"]
mod alertmanager;
#[path = "actions/bodies.rs"]
mod bodies;
#[path = "actions/examples.rs"]
mod examples;
#[path = "actions/reaching.rs"]
mod reaching;
#[path = "support/receiver.rs"]
mod receiver;
#[path = "actions/sending.rs"]
mod sending;

use std::fs;
use std::sync::Arc;

use driftline::actions::{Action, Actions, Outcome, system};
use driftline::config::{Config, Sources, load};
use driftline::store::outbox::DeliveryRow;
use serde_json::{Value, json};
use uuid::Uuid;

/// 2023-11-14T22:13:20Z
const NOW: i64 = 1_700_000_000_000_000;

/// A configuration of this text, or its problems.
fn configured(text: &str) -> Result<Config, String> {
    let room = tempfile::tempdir().unwrap();
    let file = room.path().join("d.yaml");
    fs::write(&file, text).unwrap();
    let folder = format!("{}/", room.path().display());
    let sources = Sources { file: Some(file), ..Sources::default() };
    load(&sources).map(|it| it.config).map_err(|it| it.to_string().replace(&folder, ""))
}

/// The one action of these settings, which are JSON and so YAML.
fn action(settings: &Value) -> Arc<Action> {
    let mut settings = settings.clone();
    if settings.get("name").is_none() {
        settings["name"] = "hook".into();
    }
    let text = json!({ "public_url": "https://driftline.example.com/", "actions": [settings] }).to_string();
    let config = configured(&text).unwrap_or_else(|it| panic!("{it}"));
    let actions = Actions::with_names(&config.actions, config.public_url.as_deref(), &system());
    Arc::clone(actions.unwrap().iter().next().unwrap())
}

/// A notice with texts that try to break out of where they stand.
fn row(word: &str) -> DeliveryRow {
    let incident = Uuid::from_u128(7);
    DeliveryRow {
        id: Uuid::from_u128(word.len() as u128),
        incident,
        suite: "payments \"eu\"/é".into(),
        trigger: "accuracy </script> \"down\" {{ 7 * 7 }}".into(),
        action: "hook".into(),
        kind: format!("io.driftline.trigger.{word}.v1"),
        data: json!({
            "suite": "payments", "incident": incident, "severity": "critical", "mode": "auto",
            "reason": "0.91 is below 0.95\n\"}], \"x\": [{", "key": "region=\"eu\"", "segment": "region=\"eu\"", "version": "3", "model": null,
            "evidence": [{ "observed": 0.91, "bound": 0.95 }],
        }),
        at: NOW - 1_000_000,
        state: "pending".into(),
        tries: 1,
        ..DeliveryRow::default()
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn send(action: &Action, row: &DeliveryRow) -> Outcome {
    block_on(action.send(row, NOW))
}
