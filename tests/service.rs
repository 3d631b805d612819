//! The service as a process of its own, asked by a real HTTP client: checks, suites, history, and what
//! is left when it is killed.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

#[path = "service/actions.rs"]
mod actions;
#[path = "service/backtest.rs"]
mod backtest;
#[path = "service/baselines.rs"]
mod baselines;
#[path = "support/browser.rs"]
mod browser;
#[path = "service/boards.rs"]
mod boards;
#[path = "service/check.rs"]
mod check;
#[path = "support/database.rs"]
mod database;
#[path = "service/diagnosis.rs"]
mod diagnosis;
#[path = "service/event_time.rs"]
mod event_time;
#[path = "service/findings.rs"]
mod findings;
#[path = "support/guests.rs"]
mod guests;
#[path = "service/keys.rs"]
mod keys;
#[path = "service/labels.rs"]
mod labels;
#[path = "service/metrics.rs"]
mod metrics;
#[path = "service/metrics_store.rs"]
mod metrics_store;
#[path = "service/models.rs"]
mod models;
#[path = "service/opentelemetry.rs"]
mod opentelemetry;
#[path = "service/plugin_files.rs"]
mod plugin_files;
#[path = "service/plugins.rs"]
mod plugins;
#[path = "service/postgres.rs"]
mod postgres;
#[path = "support/promtool.rs"]
mod promtool;
#[path = "service/quality.rs"]
mod quality;
#[path = "support/receiver.rs"]
mod receiver;
#[path = "service/reports.rs"]
mod reports;
#[path = "service/restart.rs"]
mod restart;
#[path = "service/retrain.rs"]
mod retrain;
#[path = "service/segments.rs"]
mod segments;
#[path = "support/server.rs"]
mod server;
#[path = "service/signals.rs"]
mod signals;
#[path = "service/suites.rs"]
mod suites;
#[path = "service/triggers.rs"]
mod triggers;
#[path = "service/watches.rs"]
mod watches;
#[path = "service/who.rs"]
mod who;
#[path = "service/windows.rs"]
mod windows;

/// A suite with record rules, a rule on windows, and a field that must not be told.
const PAYMENTS: &str = "\
name: payments
record: { id: id, model: model, version: version, segments: [country] }
on_fail: reject
privacy: { email: hash, card: drop }
expectations:
  - { field: id, not_null: {} }
  - { field: amount, between: { min: 0, max: 100 } }
  - { field: email, match_regex: '@', severity: warning }
  - { field: card, not_null: {}, severity: info }
  - { field: amount, mean_between: { max: 50 }, name: mean amount }
";

const GOOD: &str =
    r#"{"id": "a1", "amount": 12.5, "email": "a@x.de", "card": "4000", "country": "DE", "model": "m", "version": "1"}"#;
const BAD: &str =
    r#"{"id": "a2", "amount": 120, "email": "nobody", "card": null, "country": "FR", "model": "m", "version": "2"}"#;
