//! `driftline quality`.

#![allow(clippy::print_stderr, reason = "a test tells what did not run")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json as value};

use super::{Room, json};

/// Records of a binary classifier: of four, one is wrong.
fn scored(n: usize) -> String {
    (0..n).fold(String::new(), |mut text, i| {
        let (truth, score) = (i % 2, [0.1, 0.9, 0.6, 0.8][i % 4]);
        let (predicted, region) = (u8::from(score > 0.5), ["eu", "us"][i / 4 % 2]);
        let _ = writeln!(
            text,
            r#"{{"id": {i}, "y": {truth}, "out": {{"class": {predicted}, "p": {score}}}, "region": "{region}"}}"#
        );
        text
    })
}

#[test]
fn predictions_are_measured_with_intervals() {
    let room = Room::new(&[("d.ndjson", &scored(400))]);
    let said = room.run("quality d.ndjson --truth y --prediction out.class --score out.p --group region --format json");
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
    let it = json(&said.out);
    assert_eq!((&it["n"], &it["accuracy"], &it["positive"]), (&value!(400), &value!(0.75), &value!(1)));
    assert_eq!(it["confusion_matrix_rows_true"], value!([[100, 100], [0, 200]]));
    assert_eq!((&it["roc_auc"], &it["brier"]), (&value!(1.0), &value!(0.105)));
    assert_eq!((&it["per_class"]["1"]["recall"], &it["by_group"]["eu"]["count"]), (&value!(1.0), &value!(200.0)));
    assert_eq!((&it["demographic_parity_ratio"], &it["four_fifths_rule_violated"]), (&value!(1.0), &value!(false)));
    let interval = &it["intervals"]["accuracy"];
    assert!(interval[0].as_f64() > Some(0.70) && interval[1].as_f64() < Some(0.80), "{interval}");
    assert!(it["mae"].is_null() && it["undefined"].as_object().is_some_and(Map::is_empty), "{it}");
    let text = room.run("quality d.ndjson --truth y --prediction out.class --score out.p --group region").out;
    for line in ["400 predictions with a truth", "  accuracy", "  class  precision", "  group   selected"] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn labels_may_come_in_files_of_their_own_and_twice() {
    let labels = "ref,truth\n0,0\n1,0\n1,1\n2,0\n9999,1\n";
    let room = Room::new(&[("d.ndjson", &scored(8)), ("l.csv", labels)]);
    let flags = "--truth truth --prediction out.class --labels l.csv --on id=ref --format json";
    let it = json(&room.run(&format!("quality d.ndjson {flags}")).out);
    assert_eq!((&it["n"], &it["unlabelled"], &it["unmatched_labels"]), (&value!(3), &value!(5), &value!(1)));
    assert_eq!(it["confusion_matrix_rows_true"], value!([[1, 1], [0, 1]]));
}

#[test]
fn numbers_are_measured_as_numbers_and_what_is_undefined_is_said() {
    let room = Room::new(&[("d.csv", "y,p,one\n1.5,1,a\n1.5,2,a\n,3,a\n")]);
    let it = json(&room.run("quality d.csv --truth y --prediction p --format json").out);
    assert_eq!((&it["mae"], &it["r2"], &it["unlabelled"]), (&value!(0.5), &value!(0.0), &value!(1)));
    assert_eq!(it["undefined"]["r2"], "the truth does not vary");
    assert!(it["accuracy"].is_null());
    let it = json(&room.run("quality d.csv --truth y --prediction p --quantile 0.9 --format json").out);
    assert_eq!(it["quantile_loss"], value!(0.25), "half a unit too low costs 0.45, half too high 0.05");
    let it = json(&room.run("quality d.csv --truth one --prediction one --format json").out);
    assert_eq!(
        (&it["accuracy"], &it["undefined"]["cohen_kappa"]),
        (&value!(1.0), &value!("all records are of one class, or predicted to be"))
    );
}

/// Scores that say too much: of those at 0.9 seven in ten are of the class, of those at 0.1 three in ten.
fn overconfident(n: usize, truth: bool) -> String {
    (0..n).fold(String::new(), |mut text, i| {
        let (score, of_ten) = if i / 20 % 2 == 0 { (0.9, 7) } else { (0.1, 3) };
        let truth = if truth { format!(r#", "y": {}"#, u8::from(i / 2 % 10 < of_ten)) } else { String::new() };
        let _ = writeln!(text, r#"{{"p": {score}, "class": {}{truth}}}"#, u8::from(score > 0.5));
        text
    })
}

#[test]
fn quality_without_labels_is_estimated_from_calibrated_scores() {
    let room = Room::new(&[("ref.ndjson", &overconfident(400, true)), ("now.ndjson", &overconfident(200, false))]);
    let args = "quality now.ndjson --score p --prediction class --estimate-from ref.ndjson --truth y";
    let it = json(&room.run(&format!("{args} --format json")).out);
    let near = |name: &str, wanted: f64| {
        let got = it[name].as_f64().unwrap_or(f64::NAN);
        assert!((got - wanted).abs() < 0.02, "{name} is {got}, not {wanted}");
    };
    assert_eq!(
        (&it["estimated"], &it["n"], &it["reference"]["calibrated"]),
        (&value!(true), &value!(200), &value!(true))
    );
    for name in ["accuracy", "precision", "recall", "f1", "specificity", "roc_auc"] {
        near(name, 0.7);
    }
    assert!(it["reference"]["ece_raw"].as_f64() > Some(0.15) && it["reference"]["ece"].as_f64() < Some(0.1), "{it}");
    let interval = &it["intervals"]["accuracy"];
    assert!(interval[0].as_f64() < Some(0.66) && interval[1].as_f64() > Some(0.74), "{interval}");
    let text = room.run(args).out;
    assert!(text.starts_with("200 records without a truth, estimated from scores that are calibrated"), "{text}");
    assert_eq!(it["usual"], Value::Null, "two chunks show nothing");
    let room_of_ten =
        Room::new(&[("ref.ndjson", &overconfident(400, true)), ("now.ndjson", &overconfident(40, false))]);
    let usual = json(&room_of_ten.run(&format!("{args} --format json")).out)["usual"].clone();
    assert_eq!((&usual["alert"], &usual["accuracy"]["chunks"]), (&value!(false), &value!(10)));
    let [low, high] = ["low", "high"].map(|it| usual["accuracy"][it].as_f64().unwrap_or(f64::NAN));
    assert!((low - 0.7).abs() < 1e-9 && (high - 0.7).abs() < 1e-9, "{usual}");
    let few = room.run("quality now.ndjson --score p --estimate-from now.ndjson --truth class");
    assert_eq!(few.code, 0, "{}", few.err);
}

#[test]
fn what_cannot_be_measured_is_told_with_its_mend() {
    let room = Room::new(&[
        ("d.ndjson", &scored(8)),
        ("three.csv", "y,p,g\na,0.5,x\nb,0.5,x\nc,0.5,x\n"),
        ("bad.ndjson", "{\"y\": 1, \"p\": \"high\"}\n"),
    ]);
    for (args, wanted) in [
        ("quality d.ndjson --truth z --prediction out.class", "no record has a column `z` (did you mean `y`?)"),
        ("quality d.ndjson --truth y --prediction nothing", "no record has a column `nothing` (there are `id`, `y`"),
        ("quality d.ndjson --truth y --prediction out.class --confidence 1", "`--confidence` must be between 0 and 1"),
        ("quality d.ndjson --truth y --prediction out.class --positive 7", "no record is of the class `7`"),
        ("quality three.csv --truth y --score p", "there are more than two classes: say with `--positive`"),
        ("quality three.csv --truth y --prediction y --group g", "say with `--positive` which one is the good outcome"),
        (
            "quality three.csv --truth y --prediction p --task regression",
            "regression compares numbers, and there is `a`",
        ),
        ("quality bad.ndjson --truth y --score p", "column `p`, row 0: the score is \"high\"; a score is a number"),
        ("quality d.ndjson --truth y --prediction id --quantile 7", "`--quantile` must be between 0 and 1, not 7"),
        (
            "quality d.ndjson --truth y --score out.p --estimate-from d.ndjson",
            "the reference has 8 records with a truth and a score that is one number, and 100 are needed",
        ),
        ("quality d.ndjson --truth y --prediction out.class --on id", "`--on` names the ids of labels"),
    ] {
        let said = room.run(args);
        assert_eq!(said.code, 3, "{args}: {}", said.out);
        assert!(said.err.contains(wanted), "{args}: {}", said.err);
    }
}

fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance");
    let folder = std::env::var_os("DRIFTLINE_CORPUS").map_or_else(beside, PathBuf::from).join("stats");
    Some(folder).filter(|it| it.join("classification.jsonl").exists())
}

/// Where what was said is not what is expected: members that the answer has.
fn differences(wanted: &Value, got: &Value, at: &str, out: &mut Vec<String>) {
    match (wanted, got) {
        (Value::Object(members), _) => {
            members.iter().for_each(|(name, it)| differences(it, &got[name], &format!("{at}.{name}"), out));
        }
        (Value::Array(items), Value::Array(found)) if items.len() == found.len() => {
            items.iter().zip(found).for_each(|(it, got)| differences(it, got, at, out));
        }
        _ => {
            let same = match (wanted.as_f64(), got.as_f64()) {
                (Some(a), Some(b)) => (a - b).abs() <= 1e-9 + 1e-9 * a.abs(),
                _ => wanted == got || (wanted == "NaN" && got.is_null()),
            };
            if !same {
                out.push(format!("{at} is {got}, not {wanted}"));
            }
        }
    }
}

/// The cases of the libraries, written to files: the command finds out by itself what kind of prediction each is.
#[test]
fn the_command_answers_as_the_libraries() {
    let Some(folder) = corpus() else {
        eprintln!("the larger corpus is not there; `DRIFTLINE_CORPUS` names its folder");
        return;
    };
    let room = Room::new(&[]);
    let (mut n, mut wrong) = (0, Vec::new());
    for file in ["classification", "regression", "fairness"] {
        let text = std::fs::read_to_string(folder.join(format!("{file}.jsonl"))).expect("a file of cases");
        for case in text.lines().map(json) {
            if case["method"] == "isotonic_calibration" {
                continue;
            }
            let rows = case["y_true"].as_array().map_or(0, Vec::len);
            let mut records = String::new();
            for i in 0..rows {
                let names = ["y_true", "y_pred", "y_score", "group"].into_iter().filter(|it| !case[*it].is_null());
                let record: Map<String, Value> = names.map(|it| (it.to_owned(), case[it][i].clone())).collect();
                let _ = writeln!(records, "{}", Value::Object(record));
            }
            std::fs::write(room.path("case.ndjson"), records).expect("a file is written");
            let mut args = "quality case.ndjson --truth y_true --format json".to_owned();
            for (name, flag) in [("y_pred", "--prediction"), ("y_score", "--score"), ("group", "--group")] {
                if !case[name].is_null() {
                    let _ = write!(args, " {flag} {name}");
                }
            }
            if let Some(bins) = case["params"]["bins"].as_u64() {
                let _ = write!(args, " --bins {bins}");
            }
            let said = room.run(&args);
            n += 1;
            let id = case["id"].as_str().unwrap_or_default();
            match said.code {
                0 => {
                    let mut got = json(&said.out);
                    // Booleans are written as JSON has them.
                    for (python, name) in [("True", "true"), ("False", "false")] {
                        got["per_class"][python] = got["per_class"][name].clone();
                    }
                    differences(&case["expected"], &got, id, &mut wrong);
                }
                _ => wrong.push(format!("{id}: {}", said.err)),
            }
        }
    }
    assert!(n >= 48, "{n} cases");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What a suite expects of a file is measured as the command measures it.
#[test]
fn a_suite_measures_what_the_command_does() {
    let names =
        ["accuracy", "mcc", "f1_macro", "precision_weighted", "roc_auc", "average_precision", "log_loss", "brier"];
    let more = ["ece", "demographic_parity_difference", "equalized_odds_ratio"];
    let entry = |name: &&str| {
        let group = if name.contains("parity") || name.contains("odds") { "group: region, " } else { "" };
        format!("  - {name}: {{ {group}min: 0 }}\n")
    };
    let entries: String = names.iter().chain(&more).map(entry).collect();
    let suite = format!("record: {{ label: y, prediction: out.class, score: out.p }}\nexpectations:\n{entries}");
    let room = Room::new(&[("d.ndjson", &scored(401)), ("suite.yaml", &suite)]);
    let said = room.run("check d.ndjson --suite suite.yaml --format json");
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
    let results = json(&said.out)["results"].clone();
    let flags = "--truth y --prediction out.class --score out.p --group region --format json";
    let told = json(&room.run(&format!("quality d.ndjson {flags}")).out);
    let near = |a: &Value, b: &Value| {
        a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-6))
    };
    for name in names.iter().chain(&more) {
        let found = results.as_array().and_then(|it| it.iter().find(|it| it["kind"] == *name));
        let found = found.unwrap_or_else(|| panic!("no {name} in {results:#}"));
        assert!(near(&found["observed"], &told[*name]), "{name}: {} {}", found["observed"], told[*name]);
        let (here, there) = (&found["details"]["interval"], &told["intervals"][*name]);
        assert!(here.is_array(), "{name} has no interval");
        // The command has no interval of some.
        assert!(there.is_null() || near(&here[0], &there[0]) && near(&here[1], &there[1]), "{name}: {here} {there}");
    }
}

/// A hundred records of two versions, of which `right` of fifty of the second are right.
fn versions(right: usize) -> String {
    (0..100).fold(String::new(), |mut text, i| {
        let (version, is_right) = if i % 2 == 0 { ("v1", i / 2 < 48) } else { ("v2", i / 2 < right) };
        let (y, p) = (i % 3, if is_right { i % 3 } else { (i + 1) % 3 });
        let _ = writeln!(text, r#"{{"model": "{version}", "y": {y}, "p": {p}, "error": {}}}"#, 100 - right);
        text
    })
}

#[test]
fn a_version_must_not_be_worse_than_another_nor_than_a_file() {
    let suite = "record: { label: y, prediction: p, version: model }
segments: [model]
expectations:
  - { accuracy: { not_worse_than: { version: v1, margin: 5% } }, name: as version 1 }
  - { accuracy: { not_worse_than: { metrics: offline.json } }, name: as offline }
";
    let offline = r#"{"metrics": {"accuracy": 0.9}, "n": 500}"#;
    let files =
        [("s.yaml", suite), ("good.ndjson", &versions(47)), ("bad.ndjson", &versions(30)), ("offline.json", offline)];
    let room = Room::new(&files);
    let good = room.run("check good.ndjson --suite s.yaml");
    assert_eq!(good.code, 0, "{}", good.out);
    let bad = room.run("check bad.ndjson --suite s.yaml --format json");
    assert_eq!(bad.code, 1, "{}", bad.out);
    let report = json(&bad.out);
    let text = report.to_string();
    assert!(text.contains("accuracy of 50 records is 0.6000, and the other is 0.9600; it is worse"), "{text}");
    assert!(text.contains("accuracy of 50 records is 0.6000, and the other is 0.9000; it is worse"), "{text}");
    // A file that is not there, and one that does not have the metric.
    let room = Room::new(&[("s.yaml", suite), ("good.ndjson", &versions(47))]);
    let said = room.run("check good.ndjson --suite s.yaml");
    assert!(said.code == 3 && said.err.contains("the metrics `offline.json` cannot be read"), "{}", said.err);
    let room = Room::new(&[("s.yaml", suite), ("good.ndjson", &versions(47)), ("offline.json", r#"{"f1_macro": 1}"#)]);
    let said = room.run("check good.ndjson --suite s.yaml");
    assert!(said.code == 3 && said.err.contains("hold no number of `accuracy`; there are f1_macro"), "{}", said.err);
}

#[test]
fn a_segment_that_the_suite_does_not_have_is_a_problem() {
    let suite = "record: { label: y, prediction: p, version: model }
expectations:
  - accuracy: { not_worse_than: { version: v1 } }
";
    let room = Room::new(&[("s.yaml", suite), ("d.ndjson", &versions(47))]);
    let said = room.run("check d.ndjson --suite s.yaml");
    assert!(said.code == 3 && said.err.contains("no segment `model=v1`"), "{}", said.err);
}

#[test]
fn a_baseline_keeps_how_right_the_model_was_in_training() {
    let suite = "record: { label: y, prediction: p }
expectations:
  - { accuracy: { not_worse_than: { baseline: true, margin: 0.02 } }, name: as in training }
  - { f1_macro: { min: 0.1, not_worse_than: { baseline: true, prove: not_worse, margin: 0.3 } }, name: proven }
  - { accuracy: { min: 0.1 }, when: model == \"v1\", name: bounded }
";
    let files = [
        ("s.yaml", suite),
        ("train.ndjson", &versions(49)),
        ("good.ndjson", &versions(48)),
        ("bad.ndjson", &versions(20)),
    ];
    let room = Room::new(&files);
    assert_eq!(room.run("profile train.ndjson --suite s.yaml -o b.json").code, 0);
    let baseline = json(&std::fs::read_to_string(room.path("b.json")).unwrap());
    let kept = &baseline["quality"];
    assert_eq!(
        (&kept[0]["metric"], &kept[0]["value"], &kept[0]["n"]),
        (&value!("accuracy"), &value!(0.97), &value!(100))
    );
    assert_eq!((&kept[0]["share_of"], &kept[0]["fields"]), (&value!(100.0), &value!(["y", "p"])));
    assert!(kept[1]["error"].as_f64() > Some(0.0) && kept[2]["when"].is_string(), "{kept}");
    let good = room.run("check good.ndjson --suite s.yaml --baseline b.json");
    assert_eq!(good.code, 0, "{}", good.out);
    let bad = room.run("check bad.ndjson --suite s.yaml --baseline b.json");
    assert!(bad.code == 1 && bad.out.contains("it is worse (difference -0.2900"), "{}", bad.out);
    // Without a baseline there is nothing to compare with, and that is said.
    let none = room.run("check bad.ndjson --suite s.yaml --format json");
    assert_eq!(none.code, 0, "{}", none.out);
    assert!(none.out.contains("there is no baseline"), "{}", none.out);
}

#[test]
fn of_many_classes_one_score_is_the_confidence_of_the_prediction() {
    let rows = (0..90).fold("y,p,sure\n".to_owned(), |mut text, i| {
        let (is_sure, is_right) = (i % 3 == 0, i % 3 == 0 || i % 2 == 0);
        let _ = writeln!(
            text,
            "{},{},{}",
            i % 5,
            if is_right { i % 5 } else { (i + 1) % 5 },
            if is_sure { 0.95 } else { 0.55 }
        );
        text
    });
    let room = Room::new(&[("d.csv", &rows)]);
    let it =
        json(&room.run("quality d.csv --truth y --prediction p --score sure --task classification --format json").out);
    let told = &it["by_confidence"];
    assert_eq!((&told[0]["n"], &told[0]["accuracy"], &told[0]["up_to"]), (&value!(60.0), &value!(0.5), &value!(0.6)));
    assert_eq!((&told[1]["n"], &told[1]["accuracy"], &told[1]["above"]), (&value!(30.0), &value!(1.0), &value!(0.9)));
    let ece = it["confidence_ece"].as_f64().unwrap();
    assert!((ece - 0.05).abs() < 1e-9 && it["intervals"]["confidence_ece"][1].as_f64() > Some(ece), "{it}");
}
