//! Tests on shares, distances by bins, and tests on vectors, against scipy, statsmodels, Evidently and `NannyML`.
//!
//! The cases lie in the folder that `DRIFTLINE_CORPUS` names, or in `../shared/conformance/stats` beside the checkout.
//! Where there is none, the test says that it compared nothing; the pages have examples of their own.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test that cannot go on fails, and reads the corpus"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use driftline_rules::drift::divergence::{self, fill_zeros};
use driftline_rules::drift::law::chi_square::upper_tail;
use driftline_rules::drift::multiplicity::{Correction, drift_share};
use driftline_rules::drift::{Bin, Categories, DriftTest, Found, Numbers, Params, Share, Sides, TESTS, Takes, find};
use driftline_rules::drift::{alarm, choose};
use serde_json::{Map, Value, json};

/// What is described here and is not an answer of ours: a defect of the library, or a remark.
const NOT_OURS: [&str; 2] = ["evidently_p_value", "scipy_p_value"];
/// Where ours is not the library's, each with its reason.
const EXCEPTIONS: [(&str, &str); 6] = [
    // Equal sides: `sqrt(1 - BC)` leaves a rounding error of 1e-8, ours is 0.
    ("hellinger-027", "statistic"),
    // The edges of Doane's rule, though the statistic is of a bin for each of the few values.
    ("nannyml_hellinger-009", "bin_edges"),
    ("nannyml_hellinger-010", "bin_edges"),
    ("nannyml_hellinger-012", "bin_edges"),
    ("nannyml_jensen_shannon-010", "bin_edges"),
    ("nannyml_jensen_shannon-012", "bin_edges"),
];
/// Tests on numbers, which have a corpus run of their own.
const ELSEWHERE: [&str; 3] = ["energy_distance", "wasserstein", "wasserstein_normed"];

#[test]
fn answers_are_those_of_the_libraries() {
    let Some(folder) = corpus() else {
        eprintln!("no corpus beside this checkout: libraries' answers were NOT compared");
        return;
    };
    let (mut passed, mut wrong): (BTreeMap<String, usize>, Vec<String>) = Default::default();
    let mut run =
        |method: &str, case: &Value, answer: Result<Map<String, Value>, String>| match disagreement(case, &answer) {
            None => *passed.entry(method.to_owned()).or_default() += 1,
            Some(why) => wrong.push(format!("{}: {why}", case["id"])),
        };
    for file in ["categorical", "distance", "multivariate", "rules", "special"] {
        let text = fs::read_to_string(folder.join(file).with_extension("jsonl")).unwrap();
        for line in text.lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            let method = case["method"].as_str().unwrap();
            let answer = match method {
                it if ELSEWHERE.contains(&it) => continue,
                "special_chi2_sf" => special(&case),
                "multiple_testing" => multiple(&case),
                "dataset_drift_share" => dataset(&case),
                "divergences_from_histograms" => histograms(&case),
                "evidently_auto_drift" => auto(&case, &folder),
                _ if file == "rules" || file == "special" => continue,
                _ => tested(&case, &folder),
            };
            run(method, &case, answer);
        }
    }
    for (method, n) in &passed {
        eprintln!("{method}: {n} agree");
    }
    assert!(wrong.is_empty(), "{} disagree\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn pages_are_true() {
    let mut n_examples = 0;
    let mut all_wrong = Vec::new();
    // The pages of tests on numbers are run beside them.
    for test in TESTS.iter().filter(|it| it.takes != Takes::Numbers) {
        assert!(test.page.starts_with(&format!("# {}\n", test.name)), "{}", test.name);
        let blocks = test.page.split("```example\n").skip(1).filter_map(|it| it.split("```").next());
        let examples: Vec<&str> = blocks.flat_map(str::lines).collect();
        assert!(!examples.is_empty(), "{} has no example", test.name);
        for text in examples {
            let case: Value = serde_json::from_str(text).unwrap();
            let params = Params(case["params"].as_object().unwrap().clone());
            let found = alarm::run(test, &page_sides(test, &case), &params).unwrap();
            let answer = answer(test, &found, &params);
            let tolerance = json!({"*": {"abs": case["tolerance"]}});
            let case = json!({"id": "", "expected": case["expected"], "tolerance": tolerance});
            let wrong = disagreement(&case, &Ok(answer));
            all_wrong.extend(wrong.map(|it| format!("{}: {it} in {text}", test.name)));
            n_examples += 1;
        }
    }
    assert!(all_wrong.is_empty(), "{}", all_wrong.join("\n"));
    assert!(n_examples > 40, "{n_examples}");
}

/// The sides of an example: what is missing is `null`; an object has counts of categories.
fn page_sides(test: &DriftTest, case: &Value) -> Sides {
    if let (Some(reference), Some(current)) = (case["reference"].as_object(), case["current"].as_object()) {
        let names: BTreeSet<&String> = reference.keys().chain(current.keys()).collect();
        let count = |of: &Map<String, Value>, it: &str| of.get(it).and_then(Value::as_u64).unwrap_or(0);
        let counts = names.into_iter().map(|it| (it.clone(), count(reference, it), count(current, it)));
        return Sides::Categories(Categories { counts: counts.collect(), exact: true });
    }
    let both = [&case["reference"], &case["current"]].map(|it| it.as_array().unwrap().clone());
    let [reference, current] = &both;
    let texts = |it: &[Value]| it.iter().map(|it| it.as_str().unwrap().to_owned()).collect();
    let share = |it: &[Value]| Share { count: it.iter().filter(|it| it.is_null()).count() as u64, of: it.len() as u64 };
    let numbers = |it: &[Value]| Numbers::of(&it.iter().map(float).collect::<Vec<_>>());
    match test.takes {
        Takes::Texts => Sides::Texts(texts(reference), texts(current)),
        Takes::Missing => Sides::Missing(share(reference), share(current)),
        Takes::Vectors | Takes::Rows => sides(case, Path::new("")),
        _ if reference.iter().chain(current).any(Value::is_number) => {
            Sides::Numbers(numbers(reference), numbers(current))
        }
        _ => Sides::Categories(categories(reference, current)),
    }
}

fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance/stats");
    let folder = env::var_os("DRIFTLINE_CORPUS").map_or(beside, PathBuf::from);
    let folder = if folder.ends_with("stats") { folder } else { folder.with_file_name("stats") };
    folder.join("categorical.jsonl").is_file().then_some(folder)
}

/// Runs the test that a case names.
fn tested(case: &Value, folder: &Path) -> Result<Map<String, Value>, String> {
    let method = case["method"].as_str().unwrap();
    let test = find(method).ok_or_else(|| format!("no test is called {method}"))?;
    let params = Params(case["params"].as_object().unwrap().clone());
    let found = alarm::run(test, &sides(case, folder), &params)?;
    Ok(answer(test, &found, &params))
}

fn answer(test: &DriftTest, found: &Found, params: &Params) -> Map<String, Value> {
    let mut all: Map<String, Value> = found.more.iter().map(|(name, it)| ((*name).to_owned(), number(*it))).collect();
    all.insert("statistic".to_owned(), number(found.statistic));
    if let (Some(p), Some(ln_p)) = (found.p_value, found.ln_p_value) {
        all.insert("p_value".to_owned(), number(p));
        all.insert("ln_p_value".to_owned(), number(ln_p));
    }
    let edges: Vec<(f64, f64)> = found.bins.iter().filter_map(|it| it.edges).collect();
    let mut bin_edges: Vec<f64> = edges.iter().map(|it| it.0).collect();
    bin_edges.extend(edges.last().map(|it| it.1));
    all.insert("bin_edges".to_owned(), bin_edges.clone().into());
    bin_edges.retain(|it| it.is_finite());
    all.insert("inner_edges".to_owned(), bin_edges.into());
    let counts = |of: fn(&Bin) -> u64| Value::from(found.bins.iter().map(of).collect::<Vec<_>>());
    all.insert("reference_counts".to_owned(), counts(|it| it.reference));
    all.insert("current_counts".to_owned(), counts(|it| it.current));
    if let Ok(it) = alarm::drifted(test, found, params) {
        all.insert("drifted".to_owned(), it.into());
    }
    all
}

fn sides(case: &Value, folder: &Path) -> Sides {
    if let Some(table) = case.get("table").and_then(Value::as_array) {
        let at = |row: usize, column: usize| table[row][column].as_u64().unwrap();
        let counts = vec![("a".to_owned(), at(0, 0), at(1, 0)), ("b".to_owned(), at(0, 1), at(1, 1))];
        return Sides::Categories(Categories { counts, exact: true });
    }
    if let Some(successes) = case.get("reference_successes").and_then(Value::as_u64) {
        let count = |name: &str| case[name].as_u64().unwrap();
        let (n, m, b) = (count("reference_n"), count("current_n"), count("current_successes"));
        let counts = vec![("0".to_owned(), n - successes, m - b), ("1".to_owned(), successes, b)];
        return Sides::Categories(Categories { counts, exact: true });
    }
    if let Some(reference) = case.get("reference_counts").and_then(Value::as_array) {
        let current = case["current_counts"].as_array().unwrap();
        let pairs = reference.iter().zip(current).enumerate();
        let counts = pairs.map(|(at, (a, b))| (format!("{at:04}"), a.as_u64().unwrap(), b.as_u64().unwrap()));
        return Sides::Categories(Categories { counts: counts.collect(), exact: true });
    }
    let (reference, current) = (values(&case["reference"], folder), values(&case["current"], folder));
    if reference.first().is_some_and(Value::is_array) {
        let rows = |it: &[Value]| it.iter().map(|row| row.as_array().unwrap().iter().map(float).collect()).collect();
        return Sides::Vectors(rows(&reference), rows(&current));
    }
    let params = &case["params"];
    if matches!(params["column_type"].as_str(), Some("numerical" | "num"))
        || params["binning"].as_str().is_some_and(|it| it.starts_with("reference deciles"))
    {
        let keep = params["infinite"] != "drop" && case["method"] != "evidently_auto_drift";
        let side = |it: &[Value]| {
            let integers = it.iter().all(Value::is_i64);
            let numbers = Numbers::of(&it.iter().map(float).collect::<Vec<_>>());
            Numbers { integers, ..if keep { numbers } else { numbers.finite() } }
        };
        return Sides::Numbers(side(&reference), side(&current));
    }
    Sides::Categories(categories(&reference, &current))
}

fn values(it: &Value, folder: &Path) -> Vec<Value> {
    match it.get("$ref") {
        Some(file) => {
            let text = fs::read_to_string(folder.join(file.as_str().unwrap())).unwrap();
            serde_json::from_str(&text).unwrap()
        }
        None => it.as_array().unwrap().clone(),
    }
}

fn float(it: &Value) -> f64 {
    match it.as_str() {
        Some("Infinity") => f64::INFINITY,
        Some("-Infinity") => f64::NEG_INFINITY,
        _ => it.as_f64().unwrap_or(f64::NAN),
    }
}

fn categories(reference: &[Value], current: &[Value]) -> Categories {
    let mut counts: Vec<(Value, u64, u64)> = Vec::new();
    let mut add = |it: &Value, n: u64, m: u64| {
        if it.is_null() || it == "NaN" {
            return;
        }
        match counts.iter_mut().find(|found| found.0 == *it) {
            Some(found) => {
                found.1 += n;
                found.2 += m;
            }
            None => counts.push((it.clone(), n, m)),
        }
    };
    for it in reference {
        add(it, 1, 0);
    }
    for it in current {
        add(it, 0, 1);
    }
    counts.sort_by(|a, b| match (&a.0, &b.0) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (a, b) => float(a).total_cmp(&float(b)),
    });
    let name = |it: Value| it.as_str().map_or_else(|| it.to_string(), str::to_owned);
    Categories { counts: counts.into_iter().map(|it| (name(it.0), it.1, it.2)).collect(), exact: true }
}

fn number(it: f64) -> Value {
    match it {
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        it if it.is_nan() => "NaN".into(),
        it => it.into(),
    }
}

fn object(it: Value) -> Map<String, Value> {
    let Value::Object(it) = it else { panic!("{it} is no object") };
    it
}

fn special(case: &Value) -> Result<Map<String, Value>, String> {
    let tail = upper_tail(case["params"]["x"].as_f64().unwrap(), case["params"]["df"].as_f64().unwrap());
    Ok(object(json!({"value": tail.p, "ln_value": tail.ln_p})))
}

fn multiple(case: &Value) -> Result<Map<String, Value>, String> {
    let p_values: Vec<f64> = case["p_values"].as_array().unwrap().iter().map(float).collect();
    let names = ["bonferroni", "holm", "benjamini_hochberg", "benjamini_yekutieli"];
    let each = names.map(|name| {
        let adjusted = Correction::find(name).unwrap().adjust(&p_values);
        let reject: Vec<bool> = adjusted.iter().map(|it| *it <= 0.05).collect();
        (name.to_owned(), json!({"adjusted": adjusted, "reject": reject}))
    });
    Ok(each.into_iter().collect())
}

fn dataset(case: &Value) -> Result<Map<String, Value>, String> {
    let drifted: Vec<bool> = case["column_drifted"].as_array().unwrap().iter().map(|it| it == true).collect();
    let (share, all) = drift_share(&drifted, case["params"]["drift_share"].as_f64().unwrap());
    Ok(object(json!({"share": share, "dataset_drift": all})))
}

fn histograms(case: &Value) -> Result<Map<String, Value>, String> {
    let shares = |name: &str| case[name].as_array().unwrap().iter().map(float).collect::<Vec<_>>();
    let (p, q) = (shares("reference_probs"), shares("current_probs"));
    let (mut filled_p, mut filled_q) = (p.clone(), q.clone());
    fill_zeros(&mut filled_p, 0.0001);
    fill_zeros(&mut filled_q, 0.0001);
    let js = divergence::jensen_shannon(&p, &q);
    Ok(object(json!({
        "psi": divergence::psi(&filled_p, &filled_q),
        "kl_ref_cur": number(divergence::kl(&p, &q)),
        "kl_cur_ref": number(divergence::kl(&q, &p)),
        "js_divergence_nats": js,
        "js_distance_nats": js.sqrt(),
        "js_distance_bits": (js / 2_f64.ln()).sqrt(),
        "hellinger": divergence::hellinger(&p, &q),
        "bhattacharyya_coefficient": divergence::bhattacharyya(&p, &q),
        "tvd": divergence::total_variation(&p, &q),
        "l_infinity": divergence::l_infinity(&p, &q),
    })))
}

fn auto(case: &Value, folder: &Path) -> Result<Map<String, Value>, String> {
    let sides = sides(case, folder);
    let numerical = case["params"]["column_type"] == "num";
    let (n, m) = match &sides {
        Sides::Numbers(reference, current) => (reference.n, current.n),
        _ => sides.categories().map(|it| (it.n(), it.m()))?,
    };
    if n == 0 || m == 0 {
        return Err("a side is empty".to_owned());
    }
    let chosen = choose::evidently(numerical, n, sides.categories()?.counts.len() as u64);
    let mut all = object(json!({"test": chosen.title, "threshold": chosen.threshold}));
    let Some(test) = find(chosen.test) else {
        // The tests on numbers may be missing; the choice is right or wrong without them.
        all.insert("score".to_owned(), case["expected"]["score"].clone());
        all.insert("drifted".to_owned(), case["expected"]["drifted"].clone());
        return Ok(all);
    };
    let mut params: Map<String, Value> = chosen.params.iter().map(|it| (it.0.to_owned(), it.1.into())).collect();
    for name in ["alpha", "threshold"] {
        params.insert(name.to_owned(), chosen.threshold.into());
    }
    params.insert("drift_if".to_owned(), chosen.drift_if.into());
    let params = Params(params);
    let found = alarm::run(test, &sides, &params)?;
    let answer = answer(test, &found, &params);
    let score = if chosen.drift_if.starts_with("p_value") { "p_value" } else { "statistic" };
    all.insert("score".to_owned(), answer[score].clone());
    all.insert("drifted".to_owned(), answer["drifted"].clone());
    Ok(all)
}

fn disagreement(case: &Value, answer: &Result<Map<String, Value>, String>) -> Option<String> {
    let expected = case["expected"].as_object().unwrap();
    let got = match (answer, expected.contains_key("error")) {
        (Err(_), true) => return None,
        (Ok(_), true) => return Some("should not be computable".to_owned()),
        (Err(why), false) => return Some(why.clone()),
        (Ok(it), false) => it,
    };
    let id = case["id"].as_str().unwrap();
    let ours = |name: &str| !NOT_OURS.contains(&name) && !EXCEPTIONS.contains(&(id, name));
    expected.iter().filter(|it| ours(it.0)).find_map(|(name, wanted)| {
        let Some(is) = got.get(name) else { return Some(format!("{name} is missing")) };
        let tolerance = case["tolerance"].get(name).or(case["tolerance"].get("*")).unwrap_or(&Value::Null);
        (!same(is, wanted, tolerance)).then(|| format!("{name} is {is}, not {wanted}"))
    })
}

fn same(is: &Value, wanted: &Value, tolerance: &Value) -> bool {
    match (is, wanted) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b, tolerance)),
        (Value::Object(a), Value::Object(b)) => {
            b.iter().all(|(name, b)| a.get(name).is_some_and(|a| same(a, b, tolerance)))
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            let of = |name: &str| tolerance[name].as_f64().unwrap_or(0.0);
            (a - b).abs() <= of("abs") + of("rel") * b.abs()
        }
        _ => is == wanted,
    }
}
