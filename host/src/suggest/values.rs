//! Rules of thumb for what each record holds.

use driftline_rules::time::{Time, Zone};
use driftline_rules::types::Type;
use driftline_rules::value::Value;

use super::bounds::{around, exactly, grouped};
use super::draft::{Leaf, Rule};
use super::names;
use super::profile::{Key, Numbers, Sort};
use crate::yaml;

/// The largest set that is worth listing, and how often the rarest of it must have been seen.
const LARGEST_SET: usize = 20;
const RAREST: u64 = 3;
/// How many values of each, on the average.
const REPEATED: u64 = 5;
/// Below this many values a shape or an id is chance.
const ENOUGH: u64 = 10;

/// The rules for one field.
pub fn rules(leaf: &Leaf) -> Vec<Rule> {
    let mut rules: Vec<Rule> = presence(leaf).into_iter().collect();
    if leaf.unique {
        let why = format!("{} values, no two alike.", grouped(leaf.field.values()));
        rules.push(leaf.rule("unique", "{}", why));
    }
    let set = set(leaf);
    let listed = set.is_some();
    rules.extend(set);
    match (leaf.ty, leaf.sort) {
        (Some(Type::Date | Type::Datetime), _) => rules.extend(dates(leaf)),
        (Some(Type::Int | Type::Float | Type::Decimal), _) if !listed => {
            rules.extend(leaf.field.numbers.as_ref().and_then(|it| numbers(leaf, it)));
        }
        (Some(Type::String), _) if !listed => rules.extend(text(leaf)),
        (_, Some(Sort::List)) => rules.extend(vectors(leaf)),
        _ => {}
    }
    rules
}

/// What is always there must be; what mostly is must mostly be.
fn presence(leaf: &Leaf) -> Option<Rule> {
    let (there, all) = (leaf.field.values(), leaf.records);
    if there == all {
        return Some(leaf.rule("not_null", "{}", format!("There in all {} records.", grouped(all))));
    }
    // A percent of slack, since the next delivery has a few more or less.
    let percent = (there as f64 / all as f64 * 100.0).floor() - 1.0;
    if percent < 50.0 {
        return None;
    }
    let why = format!("There in {} of {} records; a percent of slack.", grouped(there), grouped(all));
    Some(Rule { mostly: Some(percent / 100.0), ..leaf.rule("not_null", "{}", why) })
}

/// Whether a field names records: called so, or of a shape that only ids have.
pub fn names_records(leaf: &Leaf) -> bool {
    let n = leaf.field.values();
    let candidate = match leaf.ty {
        Some(Type::Int) => names::is_id(&leaf.words()),
        Some(Type::String) => {
            let texts = leaf.field.texts.as_ref();
            let known = texts.and_then(|it| it.shapes.known()).is_some_and(|(it, _)| it == "a UUID");
            // Digits alone may be postal codes.
            let shape = texts.and_then(|it| it.shapes.shared());
            let marked = shape.is_some_and(|it| it.contains("[0-9") && !it.starts_with("^[0-9]"));
            known || names::is_id(&leaf.words()) || (marked && n >= 100)
        }
        _ => false,
    };
    candidate && n >= ENOUGH && leaf.field.distinct.all_differ()
}

/// Few values that come again and again.
fn set(leaf: &Leaf) -> Option<Rule> {
    let counts = leaf.field.distinct.counts.as_ref()?;
    // A number among few may be a class or a small count; only ranges hold for counts.
    let largest = match leaf.ty? {
        Type::String => LARGEST_SET,
        Type::Int if names::is_id(&leaf.words()) || counts.len() > 2 => return None,
        Type::Int => 2,
        _ => return None,
    };
    let (rarest, least) = counts.iter().min_by_key(|(_, n)| **n)?;
    let n = leaf.field.values();
    if counts.len() > largest || *least < RAREST || n < REPEATED * counts.len() as u64 || n < ENOUGH {
        return None;
    }
    let value = |it: &Key| match it {
        Key::Int(it) => Value::Int(*it),
        Key::Text(it) => Value::Str(it.clone().into()),
    };
    let values = yaml::scalar(&Value::List(counts.keys().map(value).collect()));
    let why = match counts.len() {
        1 => format!("One value in all of {} records.", grouped(n)),
        k => format!(
            "{k} values in {} records; the rarest, {}, {} times.",
            grouped(n),
            yaml::scalar(&value(rarest)),
            grouped(*least)
        ),
    };
    Some(leaf.rule("in_set", values, why))
}

fn numbers(leaf: &Leaf, numbers: &Numbers) -> Option<Rule> {
    let (smallest, largest) = numbers.range.as_ref()?;
    if numbers.odd > 0 {
        let n = leaf.field.values();
        let percent = ((n - numbers.odd) as f64 / n as f64 * 100.0).floor() - 1.0;
        let why = format!("{} of {} are NaN or infinite; a percent of slack.", grouped(numbers.odd), grouped(n));
        return (percent >= 50.0).then(|| Rule { mostly: Some(percent / 100.0), ..leaf.rule("finite", "{}", why) });
    }
    let (min, max) = (smallest.as_f64()?, largest.as_f64()?);
    let seen = format!("From {} to {}", yaml::scalar(smallest), yaml::scalar(largest));
    let words = leaf.words();
    let between =
        |min: &str, max: &str, why: String| Some(leaf.rule("between", format!("{{ min: {min}, max: {max} }}"), why));
    if let Some((low, high, what)) = names::known_range(&words)
        && low.parse().is_ok_and(|it: f64| it <= min)
        && high.parse().is_ok_and(|it: f64| it >= max)
    {
        return between(low, high, format!("{seen}; by its name {what}."));
    }
    let whole = leaf.ty == Some(Type::Int);
    if leaf.unique || (whole && names::is_id(&words)) {
        // Ids go on; where they begin is known.
        return (min >= 0.0)
            .then(|| leaf.rule("between", "{ min: 0 }", format!("{seen}; ids grow, none is negative.")));
    }
    if min >= 0.0 && max <= 1.0 && !whole {
        return between("0", "1", format!("{seen}; taken for a share or a probability."));
    }
    if min >= 0.0 && max <= 100.0 && names::is_percentage(&words) {
        return between("0", "100", format!("{seen}; by its name a percentage."));
    }
    match around(min, max, (max - min) / 10.0, whole) {
        Some(it) => {
            let sign = if min >= 0.0 { ", not below 0" } else { "" };
            between(&it.min, &it.max, format!("{seen}; a tenth of slack on each side{sign}, rounded."))
        }
        None => {
            // An integer beside floats is declared a float, and becomes the nearest one.
            let nearest = leaf.ty == Some(Type::Float);
            let it = if nearest { exactly(&Value::Num(min), &Value::Num(max)) } else { exactly(smallest, largest) };
            between(&it.min, &it.max, format!("{seen}; without slack."))
        }
    }
}

/// Whole years: what catches 1970 and 9999 and stays quiet for a while.
fn dates(leaf: &Leaf) -> Option<Rule> {
    let (first, last) = leaf.field.times?;
    let zone = if leaf.ty == Some(Type::Date) { Zone::Date } else { Zone::Local };
    let text = |micros| Time { micros, zone }.to_string();
    let year = |micros| {
        let text = Time { micros, zone: Zone::Date }.to_string();
        text.get(..4).filter(|_| text.len() == 10).and_then(|it| it.parse::<u32>().ok())
    };
    let (from, to) = (year(first)?, year(last)? + 2);
    let why = format!("From {} to {}; whole years, and one more.", text(first), text(last));
    let max = if to <= 9999 { format!(", max: {to:04}-01-01") } else { String::new() };
    Some(leaf.rule("between", format!("{{ min: {from:04}-01-01{max} }}"), why))
}

fn text(leaf: &Leaf) -> Option<Rule> {
    let texts = leaf.field.texts.as_ref()?;
    let n = leaf.field.values();
    let regex = |pattern: &str, why: String| Some(leaf.rule("match_regex", yaml::scalar(&Value::text(pattern)), why));
    let distinct = leaf.field.distinct.counts.as_ref().map_or(u64::MAX, |it| it.len() as u64);
    if distinct >= ENOUGH {
        if let Some((what, pattern)) = texts.shapes.known() {
            return regex(pattern, format!("Each of {} values is {what}.", grouped(n)));
        }
        if let Some(pattern) = texts.shapes.shared() {
            return regex(&pattern, format!("All {} values have this shape.", grouped(n)));
        }
    }
    // Up to two digits, rounded up, of half as much again.
    let roomy = texts.longest + texts.longest.div_ceil(2);
    let unit = 10_u64.pow(roomy.max(1).ilog10().saturating_sub(1));
    let max = roomy.div_ceil(unit) * unit;
    let (min, empty) = if texts.shortest > 0 { ("min: 1, ", "none is empty") } else { ("", "some are empty") };
    let why = format!("{} to {} characters; half as much again, rounded; {empty}.", texts.shortest, texts.longest);
    (max > 0).then(|| leaf.rule("value_lengths_between", format!("{{ {min}max: {max} }}"), why))
}

fn vectors(leaf: &Leaf) -> Vec<Rule> {
    let Some(lists) = leaf.field.lists.filter(|it| it.vectors && it.longest > 0) else { return Vec::new() };
    let n = grouped(leaf.field.values());
    let mut rules = Vec::new();
    if lists.shortest == lists.longest {
        let why = format!("{} numbers in each of {n} arrays.", grouped(lists.longest as u64));
        rules.push(leaf.rule("vector_dimension", lists.longest.to_string(), why));
    }
    rules.push(leaf.rule("vector_finite", "{}", format!("{n} arrays of finite numbers.")));
    rules
}
