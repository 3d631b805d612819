//! The tests on numbers against a corpus of cases that other libraries answered: `two_sample`, the numeric distances
//! of `distance`, the laws of `special`, and `quantiles` and `merge_moments` of `rules`.
//!
//! The corpus is not part of the repository. It lies in the folder `stats` beside the one that `DRIFTLINE_CORPUS`
//! names, or in `../shared/conformance/stats` beside the checkout; without it the test says so and does nothing.

#![allow(clippy::print_stderr, clippy::disallowed_methods, reason = "a test, not the engine")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use driftline_rules::drift::{Moments, Numbers, Params, Sides, alarm, find, law};
use serde_json::{Map, Value};

/// Cases where the corpus holds a value that is not right, and what is answered instead.
const DEFECTS: &[(&str, &str)] = &[(
    "cramer_von_mises_2samp-028",
    "p = 0 of 10 numbers, since ties make a statistic that no order has: at least 2 / C(20, 10)",
)];

fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance/stats");
    let named = std::env::var_os("DRIFTLINE_CORPUS").map(PathBuf::from);
    let places = named.map_or(vec![beside], |it| vec![it.join("stats"), it.join("../stats"), it]);
    places.into_iter().find(|it| it.join("two_sample.jsonl").is_file())
}

fn cases(file: &str) -> Option<(PathBuf, Vec<Value>)> {
    let Some(folder) = folder() else {
        eprintln!("no corpus beside this checkout: {file} did not run");
        return None;
    };
    let text = fs::read_to_string(folder.join(file)).expect("a file of the corpus");
    let cases = text.lines().map(|it| serde_json::from_str(it).expect("a case")).collect();
    Some((folder, cases))
}

fn number(it: &Value) -> f64 {
    match it.as_str() {
        Some("Infinity") => f64::INFINITY,
        Some("-Infinity") => f64::NEG_INFINITY,
        _ => it.as_f64().unwrap_or(f64::NAN),
    }
}

fn values(it: &Value, folder: &Path) -> Vec<f64> {
    match it.get("$ref").and_then(Value::as_str) {
        Some(file) => {
            let text = fs::read_to_string(folder.join(file)).expect("a shared array");
            values(&serde_json::from_str(&text).expect("an array"), folder)
        }
        None => it.as_array().into_iter().flatten().map(number).collect(),
    }
}

/// The largest difference that the case allows for a key.
fn allowed(case: &Value, key: &str, wanted: f64) -> f64 {
    let tolerance = case.pointer(&format!("/tolerance/{key}")).or_else(|| case.pointer("/tolerance/*"));
    let part = |name: &str| tolerance.and_then(|it| it.get(name)).and_then(Value::as_f64);
    part("abs").unwrap_or(1e-12) + part("rel").unwrap_or(1e-9) * wanted.abs()
}

fn close(case: &Value, key: &str, got: f64, wanted: &Value) -> Result<(), String> {
    let wanted = number(wanted);
    let fits = got == wanted || (got.is_nan() && wanted.is_nan()) || (got - wanted).abs() <= allowed(case, key, wanted);
    if fits { Ok(()) } else { Err(format!("{key} is {got:e}, not {wanted:e}")) }
}

fn report(counts: &BTreeMap<String, [usize; 2]>, wrong: &[String]) {
    for (method, [passed, all]) in counts {
        eprintln!("{method}: {passed} of {all}");
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Runs all cases of which `judge` says something.
fn run(file: &str, judge: impl Fn(&Value, &str, &Path) -> Option<Result<(), String>>) {
    let Some((folder, cases)) = cases(file) else { return };
    let (mut counts, mut wrong) = (BTreeMap::new(), Vec::new());
    for case in &cases {
        let text = |key: &str| case.get(key).and_then(Value::as_str).unwrap_or_default();
        let Some(it) = judge(case, text("method"), &folder) else { continue };
        let count: &mut [usize; 2] = counts.entry(text("method").to_owned()).or_default();
        count[1] += 1;
        match it {
            Ok(()) => count[0] += 1,
            Err(why) if DEFECTS.iter().any(|it| it.0 == text("id")) => eprintln!("{}, known: {why}", text("id")),
            Err(why) => wrong.push(format!("{}: {why}", text("id"))),
        }
    }
    report(&counts, &wrong);
}

fn judged(case: &Value, method: &str, folder: &Path) -> Result<(), String> {
    let test = find(method).ok_or("there is no such test")?;
    let mut params = case.get("params").and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    if let Some(it) = case.get("extra_samples") {
        params.insert("extra_samples".into(), it.clone());
    }
    let params = Params(params);
    let side = |name: &str| Numbers::of(&case.get(name).map(|it| values(it, folder)).unwrap_or_default());
    let found = alarm::run(test, &Sides::Numbers(side("reference"), side("current")), &params);
    let expected = case.get("expected").and_then(Value::as_object).ok_or("nothing is expected")?;
    if expected.contains_key("error") {
        return found.map_or(Ok(()), |it| Err(format!("an answer instead of an error: {it:?}")));
    }
    let found = found?;
    for (key, wanted) in expected {
        let got = match key.as_str() {
            "drifted" => {
                let got = alarm::drifted(test, &found, &params)?;
                if wanted != got {
                    return Err(format!("drifted is {got}: {found:?}"));
                }
                continue;
            }
            "scipy_p_value" | "evidently_p_value" => continue,
            "p_value_kolmogorov_limit" if wanted.is_null() => continue,
            "statistic" => found.statistic,
            "p_value" => found.p_value.ok_or("no p-value")?,
            "ln_p_value" => found.ln_p_value.ok_or("no logarithm")?,
            "n_reference" => found.n as f64,
            "n_current" => found.m as f64,
            other => *found.more.get(other).ok_or_else(|| format!("{other} is not there"))?,
        };
        close(case, key, got, wanted)?;
    }
    if found.p_value.is_some_and(|it| it < 1e-300) && found.ln_p_value.is_none() {
        return Err("an underflow without a logarithm".into());
    }
    Ok(())
}

#[test]
fn two_samples() {
    run("two_sample.jsonl", |case, method, folder| Some(judged(case, method, folder)));
}

#[test]
fn distances_of_numbers() {
    let own = ["energy_distance", "wasserstein", "wasserstein_normed"];
    run("distance.jsonl", |case, method, folder| own.contains(&method).then(|| judged(case, method, folder)));
}

#[test]
fn laws() {
    run("special.jsonl", |case, method, _| {
        let param = |name: &str| case.pointer(&format!("/params/{name}")).map_or(f64::NAN, number);
        let tail = match method {
            "special_norm_sf" => law::normal::sf(param("x")),
            "special_t_sf" => law::student::sf(param("t"), param("df")),
            "special_kolmogorov_sf" => law::kolmogorov::limit(param("x")),
            "special_kstwo_sf" => law::kolmogorov::one_sample(param("n") as u64, param("d")),
            "special_chi2_sf" => law::normal::sum_of_squares(param("x"), param("df") as u32),
            _ => return None,
        };
        let key = |name: &str, got: f64| {
            case.pointer(&format!("/expected/{name}")).map_or(Ok(()), |it| close(case, name, got, it))
        };
        Some(key("value", tail.p).and_then(|()| key("ln_value", tail.ln_p)))
    });
}

#[test]
fn quantiles_and_moments() {
    run("rules.jsonl", |case, method, folder| {
        let expected = case.get("expected")?;
        match method {
            "quantiles" => {
                let numbers = Numbers::of(&values(case.get("values")?, folder));
                let shares = values(case.pointer("/params/q")?, folder);
                let all = |name: &str, got: Option<Vec<f64>>| -> Result<(), String> {
                    let wanted = expected.get(name).and_then(Value::as_array).ok_or("nothing is expected")?;
                    got.ok_or("no quantiles")?.iter().zip(wanted).try_for_each(|(got, it)| close(case, name, *got, it))
                };
                Some(
                    all("linear", numbers.quantiles(&shares))
                        .and_then(|()| all("inverted_cdf", numbers.inverted(&shares))),
                )
            }
            "merge_moments" => {
                let shards = case.get("shards")?.as_array()?.iter().map(|it| Numbers::of(&values(it, folder)));
                let numbers = shards.reduce(|all, it| it.plus(&all))?;
                let it = Moments::of(&numbers)?;
                let end = |it: Option<&(f64, u64)>| it.map_or(f64::NAN, |it| it.0);
                let or_nan = |it: Option<f64>| it.unwrap_or(f64::NAN);
                let got = [
                    ("n", it.n as f64),
                    ("mean", it.mean),
                    ("variance_ddof0", or_nan(it.variance(0))),
                    ("variance_ddof1", or_nan(it.variance(1))),
                    ("skewness_biased", or_nan(it.skewness())),
                    ("excess_kurtosis_biased", or_nan(it.excess_kurtosis())),
                    ("min", end(numbers.sorted.first())),
                    ("max", end(numbers.sorted.last())),
                ];
                Some(
                    got.iter().try_for_each(|(name, got)| {
                        close(case, name, *got, expected.get(*name).unwrap_or(&Value::Null))
                    }),
                )
            }
            _ => None,
        }
    });
}
