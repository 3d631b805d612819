//! The same cases through suites: what an expectation observes of records that carry their label, folded in parts that
//! were stored and merged.

use driftline_rules::codec::{decode, encode};
use driftline_rules::plan::{Options, Plan, compile};
use driftline_rules::quality::metric::{METRICS, Metric, Needs};
use driftline_rules::report::Status;
use driftline_rules::run::{self, Fold};
use driftline_rules::samples::Keep;
use driftline_rules::suite;
use driftline_rules::value::Value;
use driftline_rules::window::Window;
use serde_json::{Map, Value as Json, json};

/// What the libraries call what a suite bounds, and which metric that is.
fn metrics(method: &str) -> Vec<(&'static str, &'static str)> {
    let wanted = |needs: Needs| match method {
        "classification_metrics" => needs == Needs::Classes,
        "score_metrics" | "calibration_ece" => needs == Needs::Scores,
        "score_metrics_multiclass" | "score_metrics_multiclass_suite" => matches!(needs, Needs::Rankings { .. }),
        "quantile_loss" => needs == Needs::Numbers,
        "outcomes" => matches!(needs, Needs::Outcomes | Needs::OutcomeClasses),
        "confidences" => needs == Needs::Confidences,
        "regression_metrics" => needs == Needs::Numbers,
        "fairness_group_metrics" => matches!(needs, Needs::Groups { .. }),
        _ => false,
    };
    let of_one_class = |it: Metric| matches!(it, Metric::OfClass(_));
    let all = METRICS.iter().filter(|(_, it)| wanted(it.needs()) && !of_one_class(*it));
    let theirs = |name: &'static str| match name {
        "bias" => "mean_error_pred_minus_true",
        "log_loss_multiclass" => "log_loss",
        "top_k_accuracy" => "top_2_accuracy",
        _ => name,
    };
    all.map(|(name, _)| (*name, theirs(name))).collect()
}

fn plan(case: &Json, metrics: &[(&str, &str)], budget: usize) -> Plan {
    let entry = |(name, _): &(&str, &str)| {
        let (least, most) = Metric::find(name).expect("a metric").1.range();
        let mut params = json!({"min_records": 1});
        if least.is_finite() {
            params["min"] = json!(least);
        } else {
            params["max"] = json!(if most.is_finite() { most } else { 1e300 });
        }
        if let Some(bins) = case["params"]["bins"].as_u64().filter(|_| name.ends_with("ece")) {
            params["bins"] = json!(bins);
        }
        match *name {
            "top_k_accuracy" => params["k"] = json!(2),
            "quantile_loss" => params["quantile"] = json!(0.9),
            _ if name.starts_with("outcome") => params["outcome"] = json!("outcome"),
            _ => {}
        }
        if case["group"].is_array() {
            params["group"] = json!("group");
        }
        Json::Object(Map::from_iter([((*name).to_owned(), params)]))
    };
    let suite = json!({
        "record": {"label": "y_true", "prediction": "y_pred", "score": "y_score"},
        "expectations": metrics.iter().map(entry).collect::<Vec<_>>(),
    });
    let (suite, problems) = suite::read(&suite.to_string());
    let (plan, more) = compile(&suite, &Options { budget, ..Options::default() });
    assert!(problems.is_empty() && more.is_empty(), "{problems:?} {more:?}");
    plan
}

/// Folded in three parts of every third record, merged from the last to the first.
fn window(case: &Json, plan: &Plan) -> Window {
    let columns = ["y_true", "y_pred", "y_score", "group", "outcome"];
    let n = columns.iter().find_map(|it| case[*it].as_array()).map_or(0, Vec::len);
    let part = |which: usize| {
        let mut fold = Fold::new(plan, Keep { values: 0, all_rows: false });
        for row in (0..n).filter(|it| it % 3 == which) {
            let members = columns.iter().filter(|it| case[**it].is_array());
            let record: Map<String, Json> = members.map(|it| ((*it).to_owned(), case[*it][row].clone())).collect();
            let mut cells = vec![Value::Missing; plan.shape.width()];
            plan.shape.fill(&Value::from_json(Json::Object(record)), &mut cells);
            run::check(plan, &mut cells, row as u64, 0, &mut fold);
        }
        encode(&fold.window, b"")
    };
    let read = |bytes: &[u8]| decode(plan.expectations.len(), &plan.bindings, b"", bytes).expect("a window");
    let mut whole = read(&part(2));
    for which in [1, 0] {
        assert!(whole.merge(read(&part(which))).is_ok());
    }
    whole
}

/// What expectations say of a case; what is undefined is as the library has it, if that is what it has for it.
pub fn said(case: &Json) -> Option<Json> {
    let metrics = metrics(case["method"].as_str()?);
    if metrics.is_empty() {
        return None;
    }
    let plan = plan(case, &metrics, 1 << 20);
    let fold = Fold::of_window(&plan, window(case, &plan));
    let mut out = Map::new();
    for ((_, name), finding) in metrics.iter().zip(run::judge(&plan, &fold, 0).iter().skip(plan.n_implicit)) {
        let (wanted, it) = (&case["expected"][*name], &finding.judgement);
        if wanted.is_null() && case["expected"].get(*name).is_none() {
            continue;
        }
        let is_filler = wanted == "NaN" || [0.0, 1.0].map(Some).contains(&wanted.as_f64()) || wanted.is_null();
        let said = match it.status {
            // NaN is written as text, and compared with null.
            Status::Skip if wanted == "NaN" => Json::Null,
            Status::Skip if is_filler => wanted.clone(),
            Status::Pass => it.observed.to_json(),
            _ => json!(it.why),
        };
        out.insert((*name).to_owned(), said);
    }
    Some(Json::Object(out))
}

/// Where windows keep buckets instead of scores, what they answer is as near as they say.
#[test]
fn buckets_are_as_near_as_they_say() {
    let of = |k: u64| (k.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 / (1_u64 << 53) as f64;
    let scores: Vec<f64> = (0..3000).map(|k| of(k).powi(3)).collect();
    let truth: Vec<u8> = scores.iter().zip(3000..).map(|(it, k)| u8::from(of(k) < *it)).collect();
    let case = json!({"method": "score_metrics", "y_true": truth, "y_score": scores});
    let metrics = metrics("score_metrics");
    let judged = |budget: usize| {
        let plan = plan(&case, &metrics, budget);
        let fold = Fold::of_window(&plan, window(&case, &plan));
        run::judge(&plan, &fold, 0).split_off(plan.n_implicit)
    };
    for ((exact, rough), (name, _)) in judged(10_000).iter().zip(judged(100)).zip(&metrics) {
        let (exact, rough) = (&exact.judgement, &rough.judgement);
        let (a, b) = (exact.observed.as_f64().expect("a number"), rough.observed.as_f64().expect("a number"));
        let error = rough.error.expect("an error");
        assert!(exact.error.is_none() && (a - b).abs() <= error * b, "{name}: {a} {b} {error}");
        assert!(error < 0.05, "{name}: {error}");
    }
}

#[test]
fn the_suite_of_the_documentation_compiles() {
    let page = include_str!("../../../docs/quality.md");
    let text = page.split("```yaml\n").nth(1).and_then(|it| it.split("```").next()).expect("a suite");
    let (suite, problems) = suite::read(text);
    let (plan, more) = compile(&suite, &Options::default());
    assert!(problems.is_empty() && more.is_empty() && plan.watches(), "{problems:?} {more:?}");
}

/// Where windows are watched together each spends a part of the level, so that what is worth an alarm of one look may not
/// be one of many; and what is corrected is corrected together with the other tests.
#[test]
fn windows_that_are_watched_together_ask_for_more() {
    let text = "record: { label: y_true, prediction: y_pred }
drift: { sequential: {since: 2024-05-01}, correction: holm }
expectations:
  - accuracy: { not_worse_than: { metrics: { accuracy: 0.9, n: 1000 } } }
  - accuracy: { not_worse_than: { metrics: { accuracy: 0.83, n: 1000 }, prove: not_worse } }";
    let (suite, problems) = suite::read(text);
    let (plan, more) = compile(&suite, &Options::default());
    assert!(problems.is_empty() && more.is_empty(), "{problems:?} {more:?}");
    let n = 100;
    let right = |k: usize| u8::from(k % 100 < 83);
    let case = json!({"y_true": vec![1; n], "y_pred": (0..n).map(right).collect::<Vec<_>>()});
    let fold = Fold::of_window(&plan, window(&case, &plan));
    let judged = |spends: Option<f64>| {
        let references = run::References { spends, ..run::References::default() };
        let context = driftline_rules::plugin::Context::default();
        let mut findings = run::judge_against(&plan, &fold, 0, &context, references).split_off(plan.n_implicit);
        (findings.remove(0).judgement, findings.remove(0).judgement)
    };
    let (alone, unproven) = judged(None);
    assert!(alone.status == Status::Fail && unproven.status == Status::Fail, "{alone:?}");
    let p = alone.chance.expect("a chance").p;
    assert!(p < 0.05 && p > 0.01, "{p}");
    let (together, unproven) = judged(Some(0.1));
    assert_eq!(together.status, Status::Pass);
    assert!(together.why.as_deref().is_some_and(|it| it.contains("likely chance among all windows")), "{together:?}");
    assert_eq!(unproven.status, Status::Fail, "what has to be shown is not corrected");
}
