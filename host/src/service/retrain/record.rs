//! A run as the record that suites check: its own members, and what follows from it and from the runs before.

use driftline_rules::suite::RunsOf;
use driftline_rules::trend::mann_kendall;
use serde_json::{Map, Value as Json, json};

use crate::store::runs::RunRow;
use crate::wire::time;

/// Words in the names of metrics of which less is better.
const LOSSES: [&str; 20] = [
    "loss",
    "logloss",
    "error",
    "err",
    "errors",
    "mae",
    "mse",
    "rmse",
    "rmsle",
    "mape",
    "smape",
    "mase",
    "brier",
    "ece",
    "perplexity",
    "wer",
    "cer",
    "latency",
    "duration",
    "seconds",
];

/// The record of a run. `earlier` are the successful runs of its model that ended before it, the oldest first.
pub fn record(run: &RunRow, earlier: &[RunRow], of: &RunsOf) -> Json {
    let mut record = json!({
        "id": run.id,
        "model": run.model,
        "version": run.version,
        "status": run.status,
        "started_at": run.started.map(time),
        "finished_at": run.finished.map(time),
        "metrics": run.metrics,
        "data": run.data,
        "jobs": run.jobs,
        "reload": run.reload,
        "incident": run.incident,
    });
    for (name, value) in derived(run, earlier, of) {
        let data = record.get_mut("data").and_then(Json::as_object_mut).filter(|_| name == "data");
        match (data, value) {
            (Some(data), Json::Object(more)) => data.extend(more),
            (_, value) => {
                if let Some(it) = record.as_object_mut() {
                    it.insert(name, value);
                }
            }
        }
    }
    record
}

/// What follows from a run and from those before it: `duration_seconds`, and of a run that succeeded `change`, `best`,
/// `runs_without_gain` and `trend` by metric, and `data.change`.
pub fn derived(run: &RunRow, earlier: &[RunRow], of: &RunsOf) -> Map<String, Json> {
    let mut all = Map::new();
    if let (Some(started), Some(finished)) = (run.started, run.finished) {
        all.insert("duration_seconds".to_owned(), json!((finished - started) as f64 / 1e6));
    }
    if run.status != "succeeded" {
        return all;
    }
    let rows = |it: &RunRow| it.data.get("rows").and_then(Json::as_f64);
    let rows_before = earlier.iter().rev().find_map(rows).filter(|it| *it > 0.0);
    if let (Some(now), Some(before)) = (rows(run), rows_before) {
        all.insert("data".to_owned(), json!({"change": now / before - 1.0}));
    }
    let [mut changes, mut bests, mut without_gain, mut trends] = <[Map<String, Json>; 4]>::default();
    for (name, value) in run.metrics.as_object().into_iter().flatten() {
        let Some(value) = value.as_f64() else { continue };
        let metric = |it: &RunRow| it.metrics.get(name).and_then(Json::as_f64);
        let mut series: Vec<f64> = earlier.iter().filter_map(metric).collect();
        if let Some(before) = series.last() {
            changes.insert(name.clone(), json!(value - before));
        }
        series.push(value);
        let (best, since) = gain(&series, is_loss(name, of));
        bests.insert(name.clone(), json!(best));
        without_gain.insert(name.clone(), json!(since));
        let last = series.len().saturating_sub(of.trend);
        if let Some(it) = series.get(last..).and_then(mann_kendall) {
            let trend = json!({"slope": it.slope, "p_value": it.p_value, "tau": it.tau, "runs": it.n});
            trends.insert(name.clone(), trend);
        }
    }
    let groups = [("change", changes), ("best", bests), ("runs_without_gain", without_gain), ("trend", trends)];
    for (name, values) in groups.into_iter().filter(|it| !it.1.is_empty()) {
        all.insert(name.to_owned(), Json::Object(values));
    }
    all
}

/// The best value, and how many came after the one that was better than all before it first reached it.
fn gain(series: &[f64], is_loss: bool) -> (f64, usize) {
    let (mut best, mut at) = (f64::NAN, 0);
    for (i, value) in series.iter().enumerate() {
        let is_better = best.is_nan() || if is_loss { *value < best } else { *value > best };
        if is_better {
            (best, at) = (*value, i);
        }
    }
    (best, (series.len() - 1).saturating_sub(at))
}

fn is_loss(name: &str, of: &RunsOf) -> bool {
    if let Some(names) = &of.lower_is_better {
        return names.iter().any(|it| it == name);
    }
    let name = name.to_ascii_lowercase();
    name.split(|it: char| !it.is_ascii_alphanumeric()).any(|it| LOSSES.contains(&it))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of() -> RunsOf {
        RunsOf { model: None, settle: 0, trend: 5, lower_is_better: None }
    }

    fn run(accuracy: f64, rows: u64) -> RunRow {
        RunRow {
            id: "r".into(),
            status: "succeeded".into(),
            started: Some(0),
            finished: Some(90_500_000),
            metrics: json!({"accuracy": accuracy, "val_loss": 1.0 - accuracy}),
            data: json!({"rows": rows}),
            jobs: json!({}),
            ..RunRow::default()
        }
    }

    fn close(value: &Json, expected: f64) -> bool {
        value.as_f64().is_some_and(|it| (it - expected).abs() < 1e-12)
    }

    #[test]
    fn what_follows_from_the_runs_before_is_derived() {
        let earlier: Vec<_> = [0.90, 0.94, 0.93, 0.92, 0.915].map(|it| run(it, 1000)).to_vec();
        let record = record(&run(0.91, 800), &earlier, &of());
        assert_eq!(record["duration_seconds"], json!(90.5));
        assert!(close(&record["change"]["accuracy"], -0.005) && close(&record["data"]["change"], -0.2), "{record:#}");
        assert_eq!(record["data"]["rows"], json!(800));
        assert_eq!(record["best"]["accuracy"], json!(0.94));
        assert_eq!(record["runs_without_gain"], json!({"accuracy": 4, "val_loss": 4}));
        let trend = &record["trend"]["accuracy"];
        // Five values that fall: of 120 orders two are as far.
        assert!(close(&trend["p_value"], 2.0 / 120.0) && trend["runs"] == json!(5), "{trend}");
        assert!(trend["slope"].as_f64().unwrap() < 0.0 && close(&trend["tau"], -1.0), "{trend}");
        assert!(record["trend"]["val_loss"]["slope"].as_f64().unwrap() > 0.0);
    }

    #[test]
    fn the_first_run_is_a_gain_and_one_that_failed_is_compared_with_nothing() {
        let first = derived(&run(0.9, 10), &[], &of());
        assert_eq!(first["runs_without_gain"]["accuracy"], json!(0));
        assert!(!first.contains_key("change") && !first.contains_key("trend") && !first.contains_key("data"));
        let failed = RunRow { status: "failed".into(), ..run(0.1, 10) };
        let failed = derived(&failed, &[run(0.9, 10)], &of());
        assert_eq!(failed.keys().collect::<Vec<_>>(), ["duration_seconds"]);
    }

    #[test]
    fn of_losses_less_is_better() {
        for name in ["log_loss", "RMSE", "mean_absolute_error", "val-loss", "p95_latency"] {
            assert!(is_loss(name, &of()), "{name}");
        }
        for name in ["accuracy", "f1", "lossless_share", "recall"] {
            assert!(!is_loss(name, &of()), "{name}");
        }
        let said = RunsOf { lower_is_better: Some(vec!["size".into()]), ..of() };
        assert!(is_loss("size", &said) && !is_loss("log_loss", &said));
        assert_eq!(gain(&[3.0, 2.0, 2.0], true), (2.0, 1));
        assert_eq!(gain(&[3.0, 3.0], false), (3.0, 1));
    }
}
