//! What all tests have in common: which parameters there are, what is left out before, and what makes an alarm.

use super::significance::confirmed;
use super::{Alarm, DriftTest, Found, Numbers, Params, Sides};
use crate::sketch::Quantiles;

/// The parameters that every test has.
pub const COMMON: &[&str] = &["alpha", "threshold", "drift_if", "missing", "infinite"];

/// Runs a test: refuses parameters that it does not know, leaves out infinities unless it keeps them, and puts both
/// sides into the same buckets when one of them comes from a sketch.
///
/// # Errors
/// Says what is wrong with the parameters, or why there is no answer.
pub fn run(test: &DriftTest, sides: &Sides, params: &Params) -> Result<Found, String> {
    known(test, params)?;
    params.word("missing", &["drop"])?;
    limit(test, params)?;
    let keeps = test.params.contains(&("infinite", "keep"));
    let words: &'static [&'static str] = if keeps { &["keep", "drop"] } else { &["drop", "keep"] };
    let drops = params.word("infinite", words)? == "drop";
    let Sides::Numbers(reference, current) = sides else { return (test.run)(sides, params) };
    let left_out = |it: &Numbers| it.sorted.iter().filter(|it| it.0.is_infinite()).map(|it| it.1).sum::<u64>();
    let dropped = if drops { [left_out(reference), left_out(current)] } else { [0, 0] };
    let one_sketch = (reference.error > 0.0) != (current.error > 0.0);
    let mut found = if dropped == [0, 0] && !one_sketch {
        (test.run)(sides, params)?
    } else {
        let prepared = |it: &Numbers| {
            let it = if drops { it.finite() } else { it.clone() };
            if one_sketch && it.error == 0.0 { in_buckets(&it) } else { it }
        };
        (test.run)(&Sides::Numbers(prepared(reference), prepared(current)), params)?
    };
    for (name, n) in ["infinite_reference", "infinite_current"].into_iter().zip(dropped).filter(|it| it.1 > 0) {
        found.more.insert(name, n as f64);
    }
    Ok(found)
}

/// The numbers as the sketch would have kept them. A sample in buckets differs from one that is not, though nothing
/// has drifted, and many numbers show that; two samples in the same buckets do not.
fn in_buckets(numbers: &Numbers) -> Numbers {
    let mut sorted: Vec<(f64, u64)> = Vec::new();
    for (value, count) in &numbers.sorted {
        let value = Quantiles::rounded(*value);
        match sorted.last_mut() {
            Some((last, all)) if *last == value => *all += count,
            _ => sorted.push((value, *count)),
        }
    }
    Numbers { sorted, n: numbers.n, error: Quantiles::ERROR, integers: numbers.integers }
}

/// Whether a test has these parameters, as far as that is known without values.
///
/// # Errors
/// Says what is wrong with the parameters.
pub fn sound(test: &DriftTest, params: &Params) -> Result<(), String> {
    known(test, params)?;
    limit(test, params).map(drop)
}

fn known(test: &DriftTest, params: &Params) -> Result<(), String> {
    let own = || test.params.iter().map(|it| it.0);
    let Some(unknown) = params.0.keys().find(|it| !COMMON.contains(&it.as_str()) && own().all(|own| own != *it)) else {
        return Ok(());
    };
    let all: Vec<_> = own().filter(|it| !COMMON.contains(it)).chain(COMMON.iter().copied()).collect();
    Err(format!("`{}` has no parameter `{unknown}`; it has {}", test.name, all.join(", ")))
}

/// What the p-value or the statistic is held against: `alpha` of the one, `threshold` of the other, or the number of
/// `drift_if`.
///
/// # Errors
/// Says what is wrong with the parameters.
pub fn level(test: &DriftTest, params: &Params) -> Result<f64, String> {
    limit(test, params).map(|it| it.at)
}

/// What is compared with what.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Limit {
    p_value: bool,
    above: bool,
    closed: bool,
    at: f64,
}

/// From `drift_if`, or from how the test alarms by itself.
fn limit(test: &DriftTest, params: &Params) -> Result<Limit, String> {
    let own = match test.alarm {
        Alarm::PValue { alpha, closed } => Limit { p_value: true, above: false, closed, at: alpha },
        Alarm::Distance { threshold, closed } => Limit { p_value: false, above: true, closed, at: threshold },
    };
    let alpha = params.number("alpha", if own.p_value { own.at } else { 0.05 })?;
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(format!("`alpha` must be between 0 and 1, not {alpha}"));
    }
    let threshold = match params.0.get("threshold") {
        Some(_) => Some(params.number("threshold", 0.0)?),
        None => (!own.p_value).then_some(own.at),
    };
    let text = match params.0.get("drift_if") {
        // A threshold for a test with a p-value can only be meant for its statistic.
        None if own.p_value && params.0.contains_key("threshold") && !params.0.contains_key("alpha") => {
            return Ok(Limit { p_value: false, above: true, closed: false, at: threshold.unwrap_or(0.0) });
        }
        None => return Ok(Limit { at: if own.p_value { alpha } else { threshold.unwrap_or(own.at) }, ..own }),
        Some(it) => it.as_str().unwrap_or_default().to_owned(),
    };
    let wrong = || {
        let forms =
            "`p_value <= alpha` or `statistic > threshold`, with <, <=, > or >= and a number, `alpha` or `threshold`";
        format!("`drift_if` must read like {forms}, not `{text}`")
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    let [what, comparison, bound] = words.as_slice() else { return Err(wrong()) };
    let p_value = match *what {
        "p_value" | "p" => true,
        "statistic" | "distance" | "score" => false,
        _ => return Err(wrong()),
    };
    let (above, closed) = match *comparison {
        "<" => (false, false),
        "<=" => (false, true),
        ">" => (true, false),
        ">=" => (true, true),
        _ => return Err(wrong()),
    };
    let at = match *bound {
        "alpha" => alpha,
        "threshold" => threshold.ok_or("`drift_if` speaks of a `threshold`, which is not given")?,
        it => it.parse().map_err(|_| wrong())?,
    };
    Ok(Limit { p_value, above, closed, at })
}

/// Whether what was found is an alarm, by the parameters `alpha`, `threshold` and `drift_if`. A distance with a p-value
/// must be significant too, unless the rule is written out. What a sketch leaves
/// open counts in favour of no alarm: `p_value_high` for a p-value, `statistic_low` and `statistic_high` for a
/// statistic.
///
/// # Errors
/// Says what is wrong with the parameters, or that the test has no p-value.
pub fn drifted(test: &DriftTest, found: &Found, params: &Params) -> Result<bool, String> {
    let Limit { p_value, above, closed, at } = limit(test, params)?;
    let value = if p_value {
        let p = found.p_value.ok_or_else(|| format!("`{}` has no p-value; compare its statistic", test.name))?;
        let name = if above { "p_value_low" } else { "p_value_high" };
        found.more.get(name).copied().unwrap_or(p)
    } else {
        let name = if above { "statistic_low" } else { "statistic_high" };
        found.more.get(name).copied().unwrap_or(found.statistic)
    };
    let beyond = (closed && value == at) || if above { value > at } else { value < at };
    Ok(beyond && confirmed(test, found, params)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::drift::{ks, wasserstein};

    fn params(it: &serde_json::Value) -> Params {
        Params(it.as_object().cloned().unwrap_or_default())
    }

    fn judged(test: &DriftTest, found: &Found, it: &serde_json::Value) -> Result<bool, String> {
        drifted(test, found, &params(it))
    }

    #[test]
    fn the_comparison_is_the_one_that_is_written() {
        let found = Found { statistic: 0.3, p_value: Some(0.05), ..Found::default() };
        for (text, alarm) in [("p_value <= alpha", true), ("p_value < alpha", false), ("statistic >= 0.3", true)] {
            assert_eq!(judged(&ks::TEST, &found, &json!({"alpha": 0.05, "drift_if": text})), Ok(alarm), "{text}");
        }
        assert_eq!(judged(&ks::TEST, &found, &json!({})), Ok(true));
        assert_eq!(judged(&ks::TEST, &found, &json!({"threshold": 0.2})), Ok(true));
        for (given, at) in [
            (json!({}), 0.05),
            (json!({"alpha": 0.01}), 0.01),
            (json!({"threshold": 0.2}), 0.2),
            (json!({"drift_if": "p_value <= 0.001"}), 0.001),
        ] {
            assert_eq!(level(&ks::TEST, &params(&given)), Ok(at), "{given}");
        }
        assert_eq!(judged(&ks::TEST, &found, &json!({"threshold": 0.3})), Ok(false));
        for text in ["p_value", "p_value is 3", "statistic > high", "gap > 0.1", "statistic > threshold"] {
            assert!(judged(&ks::TEST, &found, &json!({"drift_if": text})).is_err(), "{text}");
        }
        assert!(judged(&ks::TEST, &found, &json!({"alpha": 1.5})).is_err());
        let distance = Found { statistic: 0.3, ..Found::default() };
        assert!(judged(&wasserstein::TEST, &distance, &json!({"drift_if": "p_value < 0.1"})).is_err());
    }

    #[test]
    fn what_a_sketch_leaves_open_makes_no_alarm() {
        let more = [("p_value_high", 0.2), ("statistic_low", 0.1)].into();
        let found = Found { statistic: 0.3, p_value: Some(0.01), more, ..Found::default() };
        assert_eq!(judged(&ks::TEST, &found, &json!({})), Ok(false));
        assert_eq!(judged(&ks::TEST, &found, &json!({"threshold": 0.2})), Ok(false));
    }

    #[test]
    fn infinities_are_kept_or_left_out_and_counted() {
        let (reference, current) = (Numbers::of(&[1.0, 2.0, f64::INFINITY]), Numbers::of(&[1.0, 2.0]));
        let sides = Sides::Numbers(reference, current);
        let kept = run(&ks::TEST, &sides, &params(&json!({}))).expect("an answer");
        assert_eq!((kept.n, kept.more.get("infinite_reference")), (3, None));
        let left_out = run(&ks::TEST, &sides, &params(&json!({"infinite": "drop"}))).expect("an answer");
        assert_eq!((left_out.n, left_out.more.get("infinite_reference")), (2, Some(&1.0)));
        let why = run(&ks::TEST, &sides, &params(&json!({"colour": 1}))).expect_err("not a parameter");
        assert!(why.contains("no parameter `colour`; it has method, alternative"), "{why}");
    }

    #[test]
    fn a_sample_in_buckets_is_compared_with_another_in_the_same() {
        let values: Vec<f64> = (0..4000).map(|it| 100.0 + f64::from(it) / 4000.0).collect();
        let exact = Numbers::of(&values);
        let sketch = in_buckets(&exact);
        assert!(sketch.sorted.len() < 20);
        let found = run(&ks::TEST, &Sides::Numbers(exact, sketch), &params(&json!({}))).expect("an answer");
        assert_eq!((found.statistic, found.exact), (0.0, false));
    }
}
