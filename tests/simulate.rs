//! `driftline simulate degradation` through the binary: each number of the story, on SQLite and on PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

#[path = "support/database.rs"]
mod database;

fn simulate(room: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftline"));
    let output = command.current_dir(room).args(["simulate", "degradation"]).args(args).output().unwrap();
    let text = |it| String::from_utf8(it).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn got<'a>(outcome: &'a Value, what: &str) -> &'a str {
    let wanted = outcome["wanted"].as_array().unwrap();
    let it = wanted.iter().find(|it| it["what"] == what).unwrap_or_else(|| panic!("{what}: {outcome:#}"));
    it["got"].as_str().unwrap()
}

/// The number that what was got begins with.
fn number(outcome: &Value, what: &str) -> f64 {
    got(outcome, what).split(' ').next().unwrap().parse().unwrap()
}

/// Every number of the story, whatever the simulation itself says of them.
fn assert_story(outcome: &Value, version: &str) {
    // A version that is trained anew is told of by the run that trained it.
    let steps = match version {
        "v2" => "needs_approval, approved, fired, run_ended, resolved",
        _ => "needs_approval, approved, fired, resolved",
    };
    assert_eq!(outcome["holds"], true, "{outcome:#}");
    assert_eq!(number(outcome, "accuracy of v1"), 96.0);
    assert!((48.0..=52.0).contains(&number(outcome, "p95 latency of v1")), "{outcome:#}");
    assert!((86.5..=89.5).contains(&number(outcome, "accuracy of v1 after the change")), "{outcome:#}");
    assert!((47.0..=53.0).contains(&number(outcome, "the mean of the amount has changed by")), "{outcome:#}");
    assert_eq!(number(outcome, "accuracy at the end"), 96.0);
    let exact = [
        ("fields that drifted", "features.amount"),
        ("the loss is put down to", "data: features.amount"),
        ("the incident before approval", "waiting"),
        ("sent before somebody approves", "nothing"),
        ("the pipeline's webhook", "fired, signed"),
        ("it names the incident", outcome["incident"].as_str().unwrap()),
        ("the version that is deployed", version),
        ("the incident at the end", "resolved"),
        ("its steps", steps),
    ];
    for (what, wanted) in exact {
        assert_eq!(got(outcome, what), wanted, "{what}");
    }
}

#[test]
fn a_feature_changes_its_scale_and_the_model_is_rolled_back() {
    let room = tempfile::tempdir().unwrap();
    let (code, out, err) = simulate(room.path(), &["--keep", "played"]);
    assert_eq!(code, Some(0), "{out}{err}");
    for told in [
        "10:05  Drift is found before any label is there: features.amount: mean ",
        "10:10  All labels of 09:00 to 10:00 are there: 96.0 % of 6000 orders were judged right.",
        "10:20  The trigger `accuracy is down` asks before it acts: ",
        "11:00  A person approves: roll back to v0. The pipeline is sent io.driftline.trigger.fired.v1",
        "11:15  The first labels since: 96.0 % were judged right. The incident is resolved: verified: ",
        "Everything came as wanted.",
    ] {
        assert!(out.contains(told), "{told} is not told: {out}");
    }
    // What was played is there to be looked at, and is not played into twice.
    let mut history = Command::new(env!("CARGO_BIN_EXE_driftline"));
    history.current_dir(room.path()).args(["triggers", "list", "--data", "played/data"]);
    let listed = String::from_utf8(history.output().unwrap().stdout).unwrap();
    assert!(listed.contains("resolved") && listed.contains("accuracy is down"), "{listed}");
    let (code, _, err) = simulate(room.path(), &["--keep", "played"]);
    assert_eq!(code, Some(3));
    assert!(err.contains("--keep played: the folder is not empty"), "{err}");
}

#[test]
fn a_new_version_is_trained_and_the_same_seed_plays_the_same() {
    let room = tempfile::tempdir().unwrap();
    let args = ["--mend", "retrain", "--seed", "3", "--format", "json"];
    let (code, out, err) = simulate(room.path(), &args);
    assert_eq!(code, Some(0), "{out}{err}");
    assert_story(&serde_json::from_str(&out).unwrap(), "v2");
    let (_, again, _) = simulate(room.path(), &args);
    assert_eq!(out, again);
}

#[test]
fn the_same_is_told_on_postgresql_and_again_on_the_same_database() {
    let database = database::postgres();
    let room = tempfile::tempdir().unwrap();
    let args = ["--database", &database.url, "--format", "json"];
    let (code, out, err) = simulate(room.path(), &args);
    assert_eq!(code, Some(0), "{out}{err}");
    let first: Value = serde_json::from_str(&out).unwrap();
    assert_story(&first, "v0");
    let (code, out, err) = simulate(room.path(), &args);
    assert_eq!(code, Some(0), "{out}{err}");
    let second: Value = serde_json::from_str(&out).unwrap();
    assert_ne!(first["suite"], second["suite"]);
    assert_story(&second, "v0");
}

#[test]
fn what_cannot_be_played_is_said() {
    let room = tempfile::tempdir().unwrap();
    let (code, out, err) = simulate(room.path(), &["--database", "mysql://x/y"]);
    assert_eq!((code, out.as_str()), (Some(3), ""));
    assert!(err.contains("mysql"), "{err}");
    let (code, _, err) = simulate(room.path(), &["--speed", "0"]);
    assert_eq!(code, Some(3));
    assert!(err.contains("a number from 1 to 1000000000 is expected"), "{err}");
}
