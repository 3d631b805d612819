//! Fields whose values are not what they were.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::infrastructure::{Runs, runs};
use super::words::{by, of_field, percent, probability, short};
use super::{Case, Category, Field, Hypothesis, Item, Row};
use crate::baseline::Distribution;
use crate::drift::effect::effect;
use crate::drift::law::normal::sf;
use crate::drift::{Categories, Found, Numbers, Params, Sides, alarm, choose, find as test};

/// The level of shares that are compared, over all fields.
const LEVEL: f64 = 0.01;
/// A rise of a share that matters.
const RISE: f64 = 0.01;

/// What is known of a field in both spans: from windows, and where these keep nothing of it from the predictions.
pub(super) fn known(case: &Case) -> Vec<Field> {
    let input = case.input;
    let mut all: BTreeMap<&str, Field> = BTreeMap::new();
    let names: BTreeSet<&str> = input.rows.iter().flat_map(|it| it.values.keys().map(String::as_str)).collect();
    for name in names {
        let of = |is_now| distribution(input.rows.iter().filter(move |it| it.is_now == is_now), name);
        all.insert(name, Field { name: name.to_owned(), before: of(false), now: of(true) });
    }
    for it in &input.fields {
        if it.before.n + it.before.null > 0 && it.now.n + it.now.null > 0 {
            all.insert(&it.name, it.clone());
        }
    }
    all.into_values().collect()
}

fn distribution<'r>(rows: impl Iterator<Item = &'r Row>, name: &str) -> Distribution {
    let (mut null, mut numbers) = (0, Vec::new());
    let mut texts: BTreeMap<String, u64> = BTreeMap::new();
    for row in rows {
        match row.values.get(name) {
            None => null += 1,
            Some(Item::Number(it)) => numbers.push(*it),
            // As baselines have categories.
            Some(Item::Text(it)) => *texts.entry(json!(it).to_string()).or_default() += 1,
        }
    }
    let n = numbers.len() as u64 + texts.values().sum::<u64>();
    let is_number = texts.is_empty() && !numbers.is_empty();
    for it in numbers.iter().filter(|_| !is_number) {
        *texts.entry(it.to_string()).or_default() += 1;
    }
    Distribution {
        n,
        null,
        nan: 0,
        numbers: is_number.then(|| Numbers::of(&numbers)),
        categories: (!is_number && n > 0).then(|| texts.into_iter().collect()),
    }
}

/// Hypotheses for each field that is not what it was.
pub(super) fn find(case: &Case) -> Vec<Hypothesis> {
    let fields = known(case);
    let level = LEVEL / fields.len().max(1) as f64;
    let causes = fields.iter().filter(|it| !case.input.outputs.contains(&it.name));
    causes.flat_map(|it| of_one(case, it, level)).collect()
}

fn of_one(case: &Case, field: &Field, level: f64) -> Vec<Hypothesis> {
    let mut found = Vec::new();
    let attribution = case.by_field.get(&field.name).and_then(|it| case.attributed(it, false));
    let of = |cause, effect: f64| {
        let mut it = Hypothesis::new((Category::Data, cause, &field.name), effect, attribution.as_ref());
        it.verify.push(of_field(case.input, &field.name));
        it
    };
    let all = |it: &Distribution| it.n + it.null + it.nan;
    let missing = [(field.before.null, all(&field.before)), (field.now.null, all(&field.now))];
    if let Some([before, now]) = risen(missing, level) {
        let mut it = of("missing_values", now - before);
        it.evidence.insert(0, format!("missing values of {}: {} -> {}", field.name, percent(before), percent(now)));
        it.number("missing_before", before);
        it.number("missing_now", now);
        found.push(it);
    }
    let Ok(sides) = field.before.against(&field.now) else { return found };
    match &sides {
        Sides::Categories(counts) => {
            // Of a field that is different in almost every record nothing is like before.
            if counts.counts.iter().filter(|it| it.1 > 0).count() as u64 * 2 > counts.n() {
                return found;
            }
            if let Some((share, names)) = unseen(counts, level) {
                let mut it = of("unseen_values", share);
                it.evidence.insert(
                    0,
                    format!("{} of the values of {} were never seen before: {names}", percent(share), field.name),
                );
                it.number("unseen_share", share);
                found.push(it);
            }
        }
        Sides::Numbers(before, now) => {
            if let Some((share, low, high)) = outside(before, now, level) {
                let mut it = of("out_of_range", share);
                let range = format!("[{}, {}]", short(low), short(high));
                it.evidence.insert(
                    0,
                    format!(
                        "{} of the values of {} are outside of {range}, where all were before",
                        percent(share),
                        field.name
                    ),
                );
                it.number("outside_share", share);
                found.push(it);
            }
        }
        _ => {}
    }
    let Some((it, drift)) = drifted(&sides) else { return found };
    // Drift holds all of the values; what lies beyond the others is part of it.
    let beyond = found.pop_if(|it| it.cause == "out_of_range");
    let number = |it: &Hypothesis| it.numbers.get("effect").and_then(serde_json::Value::as_f64).unwrap_or(0.0);
    let mut cause = of("drift", drift.max(beyond.as_ref().map_or(0.0, number)));
    let words = effect(&sides, &it.0);
    let statistic = format!("{} {}", it.1, short(it.0.statistic));
    let p = it.0.p_value.map_or_else(String::new, |p| format!(", {}", probability(p)));
    cause
        .evidence
        .insert(0, format!("{} drifted: {words} ({statistic}{p}, Jensen-Shannon distance {drift:.2})", field.name));
    cause.number("jensen_shannon", drift);
    if let Sides::Numbers(before, now) = &sides
        && let Some(factor) = scaled(before, now)
    {
        cause
            .evidence
            .insert(1, format!("its scale has changed: all values are about {} times what they were", short(factor)));
        cause.number("scale_factor", factor);
    }
    if case.by_field.contains_key(&field.name) {
        cause.verify.push(by(case.input, &in_sql(&field.name, &sides)));
    }
    for it in beyond.into_iter().flat_map(|it| it.evidence) {
        if !cause.evidence.contains(&it) {
            cause.evidence.push(it);
        }
    }
    // A service that became slower is another matter than what the model is given.
    if let Some((word, direction)) = runs(&field.name) {
        let rose = if let Sides::Numbers(before, now) = &sides { median(now) > median(before) } else { true };
        if rose || direction == Runs::Either {
            (cause.category, cause.cause) = (Category::Infrastructure, word);
        }
    }
    found.push(cause);
    found
}

/// What the test of our choice found, with its name, and how far apart the sides are, from 0 to 1; `None`: no drift.
pub(super) fn drifted(sides: &Sides) -> Option<((Found, &'static str), f64)> {
    let chosen = choose::of_sides(sides);
    let params = Params::default();
    let found = alarm::run(chosen, sides, &params).ok()?;
    if !alarm::drifted(chosen, &found, &params).ok()? {
        return None;
    }
    let distance = test("jensen_shannon").and_then(|it| alarm::run(it, sides, &params).ok())?.statistic;
    Some(((found, chosen.name), distance.clamp(0.0, 1.0)))
}

/// Shares before and now, where the second is clearly higher. Each is a count and of how many.
pub(super) fn risen([before, now]: [(u64, u64); 2], level: f64) -> Option<[f64; 2]> {
    if before.1 == 0 || now.1 == 0 {
        return None;
    }
    let share = |it: (u64, u64)| it.0 as f64 / it.1 as f64;
    let pooled = (before.0 + now.0) as f64 / (before.1 + now.1) as f64;
    let error = (pooled * (1.0 - pooled) * (1.0 / before.1 as f64 + 1.0 / now.1 as f64)).sqrt();
    let rise = share(now) - share(before);
    (rise >= RISE && error > 0.0 && sf(rise / error).p < level).then(|| [share(before), share(now)])
}

fn unseen(it: &Categories, level: f64) -> Option<(f64, String)> {
    let mut new: Vec<_> = it.counts.iter().filter(|it| it.1 == 0 && it.2 > 0).collect();
    new.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
    let count = new.iter().map(|it| it.2).sum();
    let [_, share] = risen([(0, it.n()), (count, it.m())], level)?;
    let names: Vec<&str> = new.iter().take(3).map(|it| it.0.as_str()).collect();
    Some((share, names.join(", ")))
}

fn outside(before: &Numbers, now: &Numbers, level: f64) -> Option<(f64, f64, f64)> {
    let (low, high) = (before.sorted.first()?.0, before.sorted.last()?.0);
    // A sketch knows its ends only so well.
    let slack = |it: f64| it.abs() * before.error.max(now.error) * 2.0;
    let out = now.sorted.iter().filter(|it| it.0 < low - slack(low) || it.0 > high + slack(high));
    let count = out.map(|it| it.1).sum::<u64>();
    let [_, share] = risen([(0, before.n), (count, now.n)], level)?;
    Some((share, low, high))
}

/// The field in SQL, as both databases read it: a number against its median of before.
fn in_sql(field: &str, sides: &Sides) -> String {
    let steps: Vec<_> = field.split('.').map(|it| format!("'{}'", it.replace('\'', "''"))).collect();
    let (last, objects) = steps.split_last().map_or(("''", &[][..]), |(last, rest)| (last.as_str(), rest));
    let text = [&["record"], objects.iter().map(String::as_str).collect::<Vec<_>>().as_slice()].concat().join("->");
    let text = format!("{text}->>{last}");
    match sides {
        Sides::Numbers(before, _) if median(before).is_finite() => {
            format!("CAST({text} AS double precision) > {}", median(before))
        }
        _ => text,
    }
}

fn quantile(it: &Numbers, q: f64) -> f64 {
    it.quantiles(&[q]).and_then(|it| it.first().copied()).unwrap_or(f64::NAN)
}

fn median(it: &Numbers) -> f64 {
    quantile(it, 0.5)
}

/// By what all values were multiplied, if they were: the ratios of quartiles and median agree.
fn scaled(before: &Numbers, now: &Numbers) -> Option<f64> {
    let ratios = [0.25, 0.5, 0.75].map(|q| quantile(now, q) / quantile(before, q));
    let middle = ratios[1];
    let is_one = ratios.iter().all(|it| (it / middle - 1.0).abs() < 0.1);
    let spread = quantile(before, 0.75) / quantile(before, 0.25);
    // Values that are nearly the same have moved as much as they were multiplied.
    (is_one && (spread - 1.0).abs() > 0.2 && middle.is_finite() && (middle - 1.0).abs() > 0.2).then_some(middle)
}
