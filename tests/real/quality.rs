//! How right the models of the real data were, period by period, as scikit-learn and fairlearn measured it once. Labels are
//! joined to the log by id here; records and suites go the way that files do.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use driftline::files::csv::Nulls;
use driftline::files::{self, Input};
use driftline::scan::{self, scan};
use driftline::suites;
use driftline_rules::plan::{Expectation, Options};
use driftline_rules::report::Status;
use driftline_rules::samples::Keep;
use driftline_rules::segments::{self, Judged};
use driftline_rules::value::Value;
use serde_json::{Map, Value as Json, json};

use super::say;

/// The folder of a data set, if it is there.
fn folder(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/real");
    let folder = std::env::var_os("DRIFTLINE_REAL").map_or(beside, PathBuf::from).join(name);
    if !folder.is_dir() {
        say(&format!("{name}: the data is not beside this checkout; NOTHING was checked"));
        return None;
    }
    Some(folder)
}

fn oracle(folder: &Path) -> Json {
    serde_json::from_str(&fs::read_to_string(folder.join("ORACLE.json")).unwrap()).unwrap()
}

/// The rows of a CSV file by the names of its columns.
fn rows(path: &Path) -> Vec<HashMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

fn column(path: &Path, key: &str, value: &str) -> HashMap<String, String> {
    rows(path).into_iter().map(|it| (it[key].clone(), it[value].clone())).collect()
}

fn number(text: &str) -> Json {
    json!(text.parse::<f64>().unwrap())
}

/// The name of an expectation, or that of its metric.
fn called(it: &Expectation) -> String {
    it.name.as_deref().or(it.called).unwrap_or(it.kind.name).to_owned()
}

/// What a suite finds of records by segment.
struct Found {
    titles: Vec<String>,
    segments: Vec<Judged>,
}

impl Found {
    /// Of records of one segment each way, with the expectations of a suite.
    fn of(name: &str, head: &str, expectations: &[&str], records: &[Json]) -> Self {
        let lines = records.iter().fold(String::new(), |mut text, it| {
            let _ = writeln!(text, "{it}");
            text
        });
        let path = std::env::temp_dir().join(format!("driftline-real-{name}-{}.ndjson", std::process::id()));
        fs::write(&path, lines).unwrap();
        let text = format!("{head}\nexpectations:\n  - {}\n", expectations.join("\n  - "));
        let loaded = suites::build(name.to_owned(), text, &Options::default(), &|_| Err("no file".to_owned()));
        assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
        let plan = &loaded.plan;
        let options = scan::Options {
            files: files::Options { chunk: 100_000, ..files::Options::default() },
            nulls: Nulls::default(),
            threads: 2,
            keep: Keep { values: 0, all_rows: false },
            now: 0,
            signals: false,
            progress: &|_| (),
        };
        let scanned = scan(plan, &[Input::File(path.clone())], &options);
        fs::remove_file(path).unwrap();
        assert!(scanned.faults.is_empty(), "{:?}", scanned.faults);
        let (_, segments) = segments::judge(plan, &scanned.fold, scanned.segments, None, 0);
        Found { titles: plan.expectations.iter().map(called).collect(), segments }
    }

    fn finding(&self, segment: &str, title: &str) -> &driftline_rules::report::Judgement {
        let it = self.segments.iter().find(|it| it.name == segment).unwrap_or_else(|| panic!("no segment {segment}"));
        let at = self.titles.iter().position(|it| it == title).unwrap_or_else(|| panic!("no {title}"));
        &it.findings.iter().find(|it| it.expectation == at).unwrap().judgement
    }

    /// How many numbers of the oracle are what was found, by the names that it has for them.
    fn equal(&self, segment: &str, oracle: &Json, names: &[(&str, &str)]) -> usize {
        for (title, theirs) in names {
            let (got, wanted) = (self.finding(segment, title), oracle[*theirs].as_f64());
            let value = got.observed.as_f64();
            let near = value.zip(wanted).is_some_and(|(a, b)| (a - b).abs() <= 1e-9 * b.abs());
            assert!(near, "{segment}: {title} is {value:?} ({:?}), the oracle says {wanted:?}", got.why);
        }
        names.len()
    }
}

const BINARY: [&str; 8] = [
    "accuracy: { min: 0 }",
    "f1: { min: 0 }",
    "precision: { min: 0 }",
    "recall: { min: 0 }",
    "roc_auc: { min: 0 }",
    "brier: { max: 1 }",
    "ece: { max: 1 }",
    "{ accuracy: { not_worse_than: { segment: \"period=reference\", margin: 0.02 } }, name: as in training }",
];

const BINARY_NAMES: [(&str, &str); 7] = [
    ("accuracy", "accuracy"),
    ("f1", "f1"),
    ("precision", "precision"),
    ("recall", "recall"),
    ("roc_auc", "roc_auc"),
    ("brier", "brier"),
    ("ece", "ece_10_equal_width"),
];

/// A record of a binary classifier.
fn record(period: &str, truth: &str, prediction: &str, score: &str) -> Map<String, Json> {
    let record =
        json!({"period": period, "y": number(truth), "prediction": number(prediction), "score": number(score)});
    record.as_object().unwrap().clone()
}

const HEAD: &str = "segments: [period]\nrecord: { label: y, prediction: prediction, score: score }";

#[test]
fn bookings_that_are_cancelled() {
    let Some(folder) = folder("hotel_booking") else { return };
    let labels = column(&folder.join("analysis_targets.csv"), "customer_id", "is_canceled");
    let period = |it: &HashMap<String, String>| match &it["timestamp"][..7] {
        "2016-10" | "2016-11" => "2016-10..11",
        "2016-12" => "2016-12",
        _ => "2017-01..02",
    };
    let of = |period: &str, truth: &str, it: &HashMap<String, String>| {
        Json::Object(record(period, truth, &it["y_pred"], &it["y_pred_proba"]))
    };
    let reference = rows(&folder.join("reference.csv"));
    let mut records: Vec<Json> = reference.iter().map(|it| of("reference", &it["is_canceled"], it)).collect();
    let analysis = rows(&folder.join("analysis.csv"));
    records.extend(analysis.iter().map(|it| of(period(it), &labels[&it["customer_id"]], it)));
    let found = Found::of("hotel", HEAD, &BINARY, &records);
    let (oracle, mut n) = (oracle(&folder), 0);
    for name in ["reference", "2016-10..11", "2016-12", "2017-01..02"] {
        n += found.equal(&format!("period={name}"), &oracle["performance"][name], &BINARY_NAMES);
    }
    // The fall of December is found, and no other before it.
    for (name, status) in [("2016-10..11", Status::Pass), ("2016-12", Status::Fail), ("2017-01..02", Status::Fail)] {
        assert_eq!(found.finding(&format!("period={name}"), "as in training").status, status, "{name}");
    }
    say(&format!("hotel_booking: {n} numbers as scikit-learn measured them"));
}

#[test]
fn employment_by_year() {
    let Some(folder) = folder("employment_ma") else { return };
    let labels = column(&folder.join("analysis_targets.csv"), "id", "employed");
    let of = |period: &str, truth: &str, it: &HashMap<String, String>| {
        let mut record = record(period, truth, &it["prediction"], &it["predicted_probability"]);
        record.insert("sex".into(), json!(it["SEX"]));
        Json::Object(record)
    };
    let reference = rows(&folder.join("reference.csv"));
    let mut records: Vec<Json> = reference.iter().map(|it| of("reference", &it["employed"], it)).collect();
    records.extend(rows(&folder.join("analysis.csv")).iter().map(|it| of(&it["year"], &labels[&it["id"]], it)));
    let fair = [
        "demographic_parity_difference: { group: sex, max: 1 }",
        "demographic_parity_ratio: { group: sex, min: 0 }",
        "equalized_odds_difference: { group: sex, max: 1 }",
    ];
    let found = Found::of("employment", HEAD, &[BINARY.as_slice(), &fair].concat(), &records);
    let names = [
        ("demographic_parity_difference", "demographic_parity_difference"),
        ("demographic_parity_ratio", "disparate_impact_ratio"),
        ("equalized_odds_difference", "equalized_odds_difference"),
    ];
    let (oracle, mut n) = (oracle(&folder), 0);
    for (name, theirs) in [("reference", "reference_2015"), ("2016", "2016"), ("2017", "2017"), ("2018", "2018")] {
        let segment = format!("period={name}");
        n += found.equal(&segment, &oracle["performance"][theirs], &BINARY_NAMES);
        let year = theirs.trim_start_matches("reference_");
        n += found.equal(&segment, &oracle["fairness_by_SEX"][year], &names);
        assert_ne!(found.finding(&segment, "as in training").status, Status::Fail, "{name}");
    }
    say(&format!("employment_ma: {n} numbers as scikit-learn and fairlearn measured them"));
}

#[test]
fn intents_by_phase_and_version() {
    let Some(folder) = folder("clinc_intents") else { return };
    let lines = |name: &str| -> Vec<Json> {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        text.lines().map(|it| serde_json::from_str(it).unwrap()).collect()
    };
    let labels: HashMap<String, Json> = lines("labels.ndjson")
        .into_iter()
        .map(|it| (it["id"].as_str().unwrap().to_owned(), it["true_intent"].clone()))
        .collect();
    let mut records = lines("inference_log.ndjson");
    for (i, it) in records.iter_mut().enumerate() {
        let label = labels.get(it["id"].as_str().unwrap()).cloned();
        it["phase"] = json!(if i < 3100 { "A" } else { "B" });
        it["truth"] = label.unwrap_or(Json::Null);
    }
    let head = "segments: [phase, [phase, model_version]]
record: { label: truth, prediction: predicted_intent, score: confidence, version: model_version }";
    let found = Found::of(
        "intents",
        head,
        &[
            "accuracy: { min: 0 }",
            "{ accuracy: { min: 0 }, when: truth != \"oos\", name: in scope }",
            "f1_macro: { min: 0 }",
            "confidence_ece: { max: 1 }",
            "{ accuracy: { not_worse_than: { segment: phase=A, margin: 0.05 } }, name: as in phase A }",
            "{ accuracy: { not_worse_than: { segment: \"phase=B, model_version=intent-v1\" } }, name: as version 1 }",
        ],
        &records,
    );
    let names = [
        ("accuracy", "accuracy_labelled"),
        ("in scope", "accuracy_labelled_in_scope"),
        ("f1_macro", "macro_f1_labelled"),
        ("confidence_ece", "ece_10_equal_width_top_label"),
    ];
    let (oracle, mut n) = (oracle(&folder), 0);
    for phase in ["A", "B"] {
        n += found.equal(&format!("phase={phase}"), &oracle["per_phase"][phase], &names);
        for version in ["intent-v1", "intent-v2"] {
            let theirs = &oracle["per_phase_and_version"][format!("{phase}/{version}")];
            n += found.equal(&format!("phase={phase}, model_version={version}"), theirs, &names);
        }
    }
    assert_eq!(found.finding("phase=B", "as in phase A").status, Status::Fail);
    let second = found.finding("phase=B, model_version=intent-v2", "as version 1");
    let compared = second.details.get("compared").unwrap().clone();
    let p = compared.get("p_worse").and_then(Value::as_f64).unwrap();
    // The z-test of the oracle, of both sides: p 0.7215, the second being the better one.
    let z = &oracle["ab_v1_v2_accuracy_z_test"]["B"]["p_value"];
    assert!(second.status == Status::Pass && (2.0 * (1.0 - p) - z.as_f64().unwrap()).abs() < 0.01, "{p} {z}");
    say(&format!("clinc_intents: {n} numbers as scikit-learn measured them"));
}
