//! What is measured of predictions is what scikit-learn 1.9.1, fairlearn 0.15.0 and `NannyML` 0.13.1 say.
//!
//! Each case is asked of the functions, and of the expectations of a suite.
//!
//! `quality/cases.jsonl` holds some cases; the larger corpus runs too where it is there: in the folder that
//! `DRIFTLINE_CORPUS` names, or in `../shared/conformance` beside the checkout.

#![allow(clippy::disallowed_methods, clippy::print_stderr, reason = "the test, not the engine, reads files and tells")]

#[path = "quality/coverage.rs"]
mod coverage;
#[path = "quality/suites.rs"]
mod suites;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use driftline_rules::quality::estimate::{Estimate, Judged};
use driftline_rules::quality::fairness::{Fairness, Group};
use driftline_rules::quality::isotonic::Isotonic;
use driftline_rules::quality::regression::Regression;
use driftline_rules::quality::usual::Usual;
use driftline_rules::quality::{Average, Confusion, Label, Measure, Multiclass, Scores};
use driftline_rules::value::Value;
use serde_json::{Map, Value as Json, json};

/// What the libraries say in place of what is undefined.
fn or_zero(it: Option<f64>) -> Json {
    json!(it.unwrap_or(0.0))
}

fn label(it: &Json) -> Label {
    match it {
        Json::String(it) => Label::Text(it.clone()),
        Json::Bool(it) => Label::Flag(*it),
        it => Label::of(&Value::Num(it.as_f64().expect("a number"))).expect("a class"),
    }
}

fn list<'c>(case: &'c Json, name: &str) -> &'c [Json] {
    case[name].as_array().map_or(&[], Vec::as_slice)
}

fn numbers(case: &Json, name: &str) -> Vec<f64> {
    list(case, name).iter().map(number).collect()
}

fn number(it: &Json) -> f64 {
    it.as_f64().unwrap_or(f64::NAN)
}

fn classification(case: &Json) -> Json {
    let pairs = list(case, "y_true").iter().zip(list(case, "y_pred"));
    let confusion = Confusion::of(pairs.map(|(a, b)| (label(a), label(b), 1)));
    let mut out = json!({
        "labels": confusion.labels().iter().map(Label::to_json).collect::<Vec<_>>(),
        "n": confusion.n(),
        "confusion_matrix_rows_true": confusion.matrix(),
        "accuracy": or_zero(confusion.accuracy()),
        "balanced_accuracy": or_zero(confusion.balanced_accuracy()),
        "mcc": or_zero(confusion.mcc()),
        "cohen_kappa": confusion.cohen_kappa(),
    });
    let names = [("precision", Measure::Precision), ("recall", Measure::Recall), ("f1", Measure::F1)];
    for (name, what) in names {
        for (average, of) in [("micro", Average::Micro), ("macro", Average::Macro), ("weighted", Average::Weighted)] {
            out[format!("{name}_{average}")] = or_zero(confusion.measure(what, of));
        }
    }
    let mut per_class = Map::new();
    for (label, class) in confusion.labels().iter().zip(confusion.classes()) {
        let mut of: Map<String, Json> =
            names.iter().map(|(name, what)| ((*name).to_owned(), or_zero(class.measure(*what)))).collect();
        of.insert("support".into(), json!(class.tp + class.r#fn));
        // Booleans are written here as JSON has them.
        let name = match label {
            Label::Flag(true) => "True".to_owned(),
            Label::Flag(false) => "False".to_owned(),
            it => it.to_string(),
        };
        per_class.insert(name, Json::Object(of));
    }
    out["per_class"] = Json::Object(per_class);
    out
}

fn scores(case: &Json) -> Scores {
    let truth = list(case, "y_true").iter().map(|it| label(it) == Label::Number(1.0));
    Scores::of(numbers(case, "y_score").into_iter().zip(truth))
}

fn of_scores(case: &Json) -> Json {
    let it = scores(case);
    json!({
        "roc_auc": it.roc_auc(), "average_precision": it.average_precision().unwrap_or(0.0), "log_loss": it.log_loss(),
        "brier": it.brier(), "ks_statistic_pos_vs_neg": it.ks_statistic(),
    })
}

fn multiclass(case: &Json) -> Json {
    let k = case["params"]["labels"].as_array().map_or(0, Vec::len);
    let rows = list(case, "y_score").iter().map(|it| it.as_array().expect("scores").iter().map(number).collect());
    let truth = numbers(case, "y_true").into_iter().map(|it| it as usize);
    let it = Multiclass::of(k, truth.zip(rows));
    let (ovr, ovo) = (it.roc_auc_ovr(), it.roc_auc_ovo());
    json!({
        "log_loss": it.log_loss(), "brier_multiclass": it.brier(), "accuracy_argmax": it.accuracy(),
        "roc_auc_ovr_macro": ovr.map(|it| it.0), "roc_auc_ovr_weighted": ovr.map(|it| it.1),
        "roc_auc_ovo_macro": ovo.map(|it| it.0), "roc_auc_ovo_weighted": ovo.map(|it| it.1),
        "top_1_accuracy": it.top(1), "top_2_accuracy": it.top(2), "top_3_accuracy": it.top(3),
    })
}

fn calibration(case: &Json) -> Json {
    let bins = case["params"]["bins"].as_u64().unwrap_or(10) as usize;
    let Some(it) = scores(case).calibration(bins) else { return json!({}) };
    let bin = |it: &driftline_rules::quality::scores::Bin| json!({"n": it.n, "mean_predicted": it.mean_predicted, "fraction_positive": it.fraction_positive});
    json!({"ece": it.ece, "mce": it.mce, "bins": it.bins.iter().map(bin).collect::<Vec<_>>()})
}

fn by_count(case: &Json) -> Json {
    let bins = case["params"]["bins"].as_u64().unwrap_or(10) as usize;
    json!({"ece": scores(case).calibration_by_count(bins).map(|it| it.ece)})
}

fn usual(case: &Json) -> Json {
    let values = case["values"].as_array().expect("values");
    let it = Usual::of(values.iter().map(|it| it.as_f64().unwrap_or(f64::NAN))).expect("numbers");
    let times = |name: &str| case["params"][name].as_f64();
    json!({"lower": times("lower_multiplier").map(|n| it.below(n)), "upper": times("upper_multiplier").map(|n| it.above(n))})
}

fn isotonic(case: &Json) -> Json {
    let points = numbers(case, "x").into_iter().zip(numbers(case, "y"));
    let function = Isotonic::fit(points).expect("points");
    json!({"predictions": numbers(case, "query").into_iter().map(|it| function.at(it)).collect::<Vec<_>>()})
}

fn regression(case: &Json) -> Json {
    let pairs: Vec<_> = numbers(case, "y_true").into_iter().zip(numbers(case, "y_pred")).collect();
    let it = Regression::of(&pairs).expect("pairs");
    // What scikit-learn says of a truth that does not vary.
    let finite = |share: Option<f64>, perfect: bool| share.unwrap_or(f64::from(u8::from(perfect)));
    json!({
        "mae": it.mae, "mse": it.mse, "rmse": it.rmse, "mape": it.mape, "median_absolute_error": it.median_absolute_error,
        "max_error": it.max_error, "mean_error_pred_minus_true": it.mean_error, "r2": finite(it.r2, it.mse == 0.0),
        "explained_variance": finite(it.explained_variance, it.error_variance == 0.0),
        "rmsle": it.rmsle,
    })
}

fn fairness(case: &Json) -> Json {
    let mut by_group: BTreeMap<Label, Vec<(Label, Label, u64)>> = BTreeMap::new();
    for ((truth, predicted), group) in list(case, "y_true").iter().zip(list(case, "y_pred")).zip(list(case, "group")) {
        by_group.entry(label(group)).or_default().push((label(truth), label(predicted), 1));
    }
    let mut groups = Vec::new();
    for (name, pairs) in by_group {
        let confusion = Confusion::of(pairs);
        let at = confusion.labels().iter().position(|it| *it == Label::Number(1.0));
        let n = confusion.n();
        let none = driftline_rules::quality::Class { tn: n, ..Default::default() };
        groups.push(Group { name, class: at.map_or(none, |it| confusion.classes()[it]) });
    }
    let it = Fairness::of(&groups, Some(0.0)).expect("groups");
    let rates = |it: &Group| {
        json!({
            "selection_rate": it.class.selection_rate(), "tpr": or_zero(it.class.measure(Measure::Recall)),
            "fpr": or_zero(it.class.false_positive_rate()), "accuracy": it.class.accuracy(), "count": it.n(),
        })
    };
    json!({
        "demographic_parity_difference": it.demographic_parity_difference,
        "demographic_parity_ratio": it.demographic_parity_ratio,
        "equalized_odds_difference": it.equalized_odds_difference,
        "equalized_odds_ratio": it.equalized_odds_ratio,
        "equal_opportunity_difference": it.equal_opportunity_difference,
        "accuracy_difference": it.accuracy_difference,
        "by_group": groups.iter().map(|it| (it.name.to_string(), rates(it))).collect::<Map<_, _>>(),
        "four_fifths_rule_violated": it.violates_four_fifths(),
    })
}

fn estimated(case: &Json) -> Json {
    let all = numbers(case, "y_pred").into_iter().zip(numbers(case, "calibrated")).zip(numbers(case, "raw_score"));
    let records: Vec<_> = all
        .map(|((predicted, probability), score)| Judged { predicted: predicted == 1.0, probability, score })
        .collect();
    let it = Estimate::of(&records).expect("records");
    json!({
        "accuracy": it.accuracy(), "f1": or_zero(it.measure(Measure::F1)),
        "precision": or_zero(it.measure(Measure::Precision)), "recall": or_zero(it.measure(Measure::Recall)),
        "specificity": or_zero(it.specificity()), "roc_auc": it.roc_auc, "average_precision": it.average_precision,
    })
}

fn said(case: &Json) -> Option<Json> {
    Some(match case["method"].as_str()? {
        "classification_metrics" => classification(case),
        "score_metrics" => of_scores(case),
        "score_metrics_multiclass" => multiclass(case),
        "calibration_ece" => calibration(case),
        "ece_equal_count" => by_count(case),
        "isotonic_calibration" => isotonic(case),
        "regression_metrics" => regression(case),
        "fairness_group_metrics" => fairness(case),
        "cbpe_binary" => estimated(case),
        "std_threshold" => usual(case),
        _ => return None,
    })
}

/// Where what was said is not what is expected, within the tolerance of the member.
fn differences(wanted: &Json, got: &Json, tolerance: &Json, at: &str, out: &mut Vec<String>) {
    match (wanted, got) {
        (Json::Object(members), _) => {
            for (name, it) in members {
                differences(it, &got[name], tolerance, &format!("{at}.{name}"), out);
            }
        }
        (Json::Array(items), Json::Array(found)) if items.len() == found.len() => {
            for (i, (it, got)) in items.iter().zip(found).enumerate() {
                differences(it, got, tolerance, &format!("{at}[{i}]"), out);
            }
        }
        _ => {
            let name = at.rsplit('.').next().unwrap_or_default();
            let tolerance = tolerance.get(name).unwrap_or(&tolerance["*"]);
            let bound = |it: &str| tolerance[it].as_f64().unwrap_or(0.0);
            let same = match (wanted.as_f64(), got.as_f64()) {
                (Some(a), Some(b)) => (a - b).abs() <= bound("abs") + bound("rel") * a.abs(),
                // NaN is written as text.
                (None, None) if wanted == "NaN" => got.is_null(),
                _ => wanted == got,
            };
            if !same {
                out.push(format!("{at} is {got}, not {wanted}"));
            }
        }
    }
}

/// How many cases of a file there were, and what differs.
fn run(path: &Path) -> (usize, Vec<String>) {
    let (mut n, mut wrong) = (0, vec![]);
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for line in text.lines() {
        let case: Json = serde_json::from_str(line).expect("a case a line");
        let (said, of_suites) = (said(&case), suites::said(&case));
        n += usize::from(said.is_some() || of_suites.is_some());
        let id = case["id"].as_str().unwrap_or("case");
        if let Some(said) = said {
            differences(&case["expected"], &said, &case["tolerance"], id, &mut wrong);
        }
        let Some(said) = of_suites else { continue };
        let mut wanted = case["expected"].clone();
        if let Some(members) = wanted.as_object_mut() {
            members.retain(|name, _| said.get(name).is_some());
        }
        differences(&wanted, &said, &case["tolerance"], &format!("a suite with {id}"), &mut wrong);
    }
    (n, wrong)
}

fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance");
    let folder = std::env::var_os("DRIFTLINE_CORPUS").map_or_else(beside, PathBuf::from).join("stats");
    Some(folder).filter(|it| it.join("classification.jsonl").exists())
}

#[test]
fn predictions_are_measured_as_the_libraries_do() {
    let (n, wrong) = run(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/quality/cases.jsonl"));
    assert!(n >= 24, "{n} cases");
    assert!(wrong.is_empty(), "{wrong:#?}");
    let Some(folder) = corpus() else {
        eprintln!("the larger corpus is not there; `DRIFTLINE_CORPUS` names its folder");
        return;
    };
    for (file, least) in [("classification", 35), ("regression", 9), ("fairness", 10), ("performance_estimation", 11)] {
        let (n, wrong) = run(&folder.join(format!("{file}.jsonl")));
        assert!(n >= least, "{n} cases of {file}");
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
