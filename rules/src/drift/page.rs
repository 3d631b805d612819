//! Runs the examples of the pages: documentation, specification and test are one text.

use serde_json::{Map, Value};

use super::{DriftTest, Numbers, Params, Sides, TESTS, Takes, alarm};

/// The example lines of a page.
fn examples(page: &str) -> Vec<Value> {
    let blocks = page.split("```example\n").skip(1).filter_map(|it| it.split("```").next());
    blocks.flat_map(str::lines).map(|it| serde_json::from_str(it).unwrap_or_else(|why| panic!("{it}: {why}"))).collect()
}

/// A number as the corpus writes it: infinities are words, and what is missing is left out.
fn number(it: &Value) -> f64 {
    match it.as_str() {
        Some("Infinity") => f64::INFINITY,
        Some("-Infinity") => f64::NEG_INFINITY,
        _ => it.as_f64().unwrap_or(f64::NAN),
    }
}

fn numbers(it: &Value) -> Numbers {
    Numbers::of(&it.as_array().into_iter().flatten().map(number).collect::<Vec<_>>())
}

/// What is wrong with an example, if anything.
fn wrong(test: &DriftTest, example: &Value) -> Option<String> {
    let params = Params(example.get("params").and_then(Value::as_object).cloned().unwrap_or_default());
    let side = |name: &str| example.get(name).map(numbers).unwrap_or_default();
    let sides = Sides::Numbers(side("reference"), side("current"));
    let expected = example.get("expected").and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    let tolerance = example.get("tolerance").and_then(Value::as_f64).unwrap_or(1e-9);
    let found = alarm::run(test, &sides, &params);
    if let Some(why) = expected.get("error") {
        return match found {
            Err(it) if it.contains(why.as_str().unwrap_or_default()) => None,
            it => Some(format!("expected the error {why}, not {it:?}")),
        };
    }
    let found = match found {
        Ok(it) => it,
        Err(why) => return Some(why),
    };
    expected.iter().find_map(|(key, wanted)| {
        let got = match key.as_str() {
            "drifted" => {
                return (alarm::drifted(test, &found, &params) != Ok(wanted == true))
                    .then(|| format!("{key}: {found:?}"));
            }
            "exact" => return (found.exact != (wanted == true)).then(|| format!("{key}: {found:?}")),
            "statistic" => found.statistic,
            "p_value" => found.p_value.unwrap_or(f64::NAN),
            "ln_p_value" => found.ln_p_value.unwrap_or(f64::NAN),
            "n" => found.n as f64,
            "m" => found.m as f64,
            other => found.more.get(other).copied().unwrap_or(f64::NAN),
        };
        let wanted = number(wanted);
        let close = got == wanted || (got - wanted).abs() <= tolerance * wanted.abs().max(1.0);
        (!close).then(|| format!("{key} is {got}, not {wanted}"))
    })
}

#[test]
fn the_pages_are_true() {
    let mut problems = Vec::new();
    for test in TESTS.iter().filter(|it| it.takes == Takes::Numbers) {
        let examples = examples(test.page);
        if examples.is_empty() || !test.page.starts_with(&format!("# {}\n", test.name)) {
            problems.push(format!("{}: the page lacks its title, or has no example", test.name));
        }
        for name in test.params.iter().map(|it| it.0) {
            if !test.page.contains(&format!("`{name}`")) {
                problems.push(format!("{}: the page does not tell of `{name}`", test.name));
            }
        }
        problems.extend(examples.iter().filter_map(|it| Some(format!("{}: {}", test.name, wrong(test, it)?))));
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn names_are_given_once() {
    let mut names: Vec<&str> = TESTS.iter().flat_map(|it| it.aliases.iter().copied().chain([it.name])).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}
