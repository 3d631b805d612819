//! What two columns are compared as.

use std::collections::BTreeMap;

use driftline_rules::drift::{Categories, DriftTest, Numbers, Share, Sides, Takes};

use crate::columns::Column;
use crate::drift::{Compared, distinct, misfit};

/// Texts are more than names of categories when most are different and they are longer than this on average.
const LONG: usize = 20;

/// The sides of a column; the error says why it cannot be compared.
pub fn compared(a: &Column, b: &Column) -> Result<Compared, String> {
    let both = [a, b];
    let total = |of: fn(&Column) -> u64| both.iter().map(|it| of(it)).sum::<u64>();
    let (all, numbers, texts) = (total(Column::n), total(Column::n_numbers), total(Column::n_texts));
    if let Some((what, n)) = both.iter().find_map(|it| it.other) {
        return Err(format!("{n} values are {what}, which are not compared"));
    }
    if all == 0 {
        return Err(match total(|it| it.objects) {
            0 => "neither side has a value: all are missing".to_owned(),
            _ => "objects are not compared; name a field in them".to_owned(),
        });
    }
    let lists = total(|it| it.lists.len() as u64);
    if lists > 0 {
        if lists < all {
            return Err(format!("{lists} of {all} values are lists and the others are not"));
        }
        let sides = Sides::Vectors(a.lists.clone(), b.lists.clone());
        return Ok(Compared { sides, takes: Takes::Vectors, distinct: lists });
    }
    if numbers == all {
        let (a, b) = (numbers_of(a), numbers_of(b));
        let distinct = distinct(&a, &b);
        return Ok(Compared { sides: Sides::Numbers(a, b), takes: Takes::Numbers, distinct });
    }
    if texts == all && are_long(a, b, texts) {
        let sides = Sides::Texts(texts_of(a), texts_of(b));
        return Ok(Compared { sides, takes: Takes::Texts, distinct: texts });
    }
    let counts = categories(a, b);
    let distinct = counts.counts.len() as u64;
    Ok(Compared { sides: Sides::Categories(counts), takes: Takes::Categories, distinct })
}

/// How much is missing on either side.
pub fn missing(a: &Column, b: &Column) -> Compared {
    let share = |it: &Column| Share { count: it.nulls, of: it.n() + it.nulls };
    Compared { sides: Sides::Missing(share(a), share(b)), takes: Takes::Missing, distinct: 2 }
}

/// The sides as a test takes them: categories of numbers and of long texts are their values.
pub fn fit(sides: Sides, test: &DriftTest, a: &Column, b: &Column) -> Result<Sides, String> {
    match (&sides, test.takes) {
        (Sides::Numbers(..), Takes::Numbers | Takes::Either)
        | (Sides::Categories(_), Takes::Categories | Takes::Either)
        | (Sides::Vectors(..), Takes::Vectors)
        | (Sides::Texts(..), Takes::Texts)
        | (Sides::Missing(..), Takes::Missing) => return Ok(sides),
        (Sides::Numbers(..) | Sides::Texts(..), Takes::Categories) | (Sides::Texts(..), Takes::Either) => {
            return Ok(Sides::Categories(categories(a, b)));
        }
        // Few or short texts are texts all the same, if somebody says so.
        (Sides::Categories(_), Takes::Texts) if !a.order.is_empty() && !b.order.is_empty() => {
            return Ok(Sides::Texts(texts_of(a), texts_of(b)));
        }
        _ => {}
    }
    Err(format!("{}; without `--test` one is chosen", misfit(&sides, test)))
}

fn numbers_of(column: &Column) -> Numbers {
    let numbers = if column.weights.is_empty() {
        Numbers::of(&column.numbers)
    } else {
        let mut counted: Vec<(f64, u64)> = column
            .numbers
            .iter()
            .map(|it| it + 0.0)
            .zip(column.weights.iter().copied())
            .filter(|it| it.1 > 0)
            .collect();
        counted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        counted.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 += if same { next.1 } else { 0 };
            same
        });
        let n = counted.iter().map(|it| it.1).sum();
        Numbers { sorted: counted, n, ..Numbers::default() }
    };
    Numbers { integers: !column.fractions, ..numbers }
}

fn are_long(a: &Column, b: &Column, n: u64) -> bool {
    if a.order.is_empty() && b.order.is_empty() {
        return false;
    }
    let all = || a.texts.iter().chain(&b.texts);
    let distinct = a.texts.len() + b.texts.keys().filter(|it| !a.texts.contains_key(*it)).count();
    let bytes: u64 = all().map(|(text, (count, _))| text.len() as u64 * count).sum();
    distinct as u64 * 2 > n && bytes > n * LONG as u64
}

/// The texts in the order of the rows.
fn texts_of(column: &Column) -> Vec<String> {
    let mut by_number = vec![""; column.texts.len()];
    for (text, (_, number)) in &column.texts {
        if let Some(place) = by_number.get_mut(*number as usize) {
            *place = text;
        }
    }
    column.order.iter().filter_map(|it| by_number.get(*it as usize)).map(|it| (*it).to_owned()).collect()
}

/// Counts of all values: numbers by value, then booleans and texts by code point.
fn categories(a: &Column, b: &Column) -> Categories {
    let (left, right) = (numbers_of(a), numbers_of(b));
    let mut counts: Vec<(String, u64, u64)> = Vec::new();
    let (mut x, mut y) = (left.sorted.iter().peekable(), right.sorted.iter().peekable());
    loop {
        let value = match (x.peek(), y.peek()) {
            (Some(a), Some(b)) => a.0.min(b.0),
            (Some(it), None) | (None, Some(it)) => it.0,
            (None, None) => break,
        };
        let n = x.next_if(|it| it.0 == value).map_or(0, |it| it.1);
        let m = y.next_if(|it| it.0 == value).map_or(0, |it| it.1);
        counts.push((value.to_string(), n, m));
    }
    let mut words: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (text, (count, _)) in &a.texts {
        words.entry(text).or_default().0 += count;
    }
    for (text, (count, _)) in &b.texts {
        words.entry(text).or_default().1 += count;
    }
    for (text, (n, m)) in ["false", "true"].iter().zip(a.booleans.iter().zip(b.booleans)) {
        if n + m > 0 {
            let both = words.entry(text).or_default();
            *both = (both.0 + n, both.1 + m);
        }
    }
    counts.extend(words.into_iter().filter(|(_, (n, m))| n + m > 0).map(|(text, (n, m))| (text.to_owned(), n, m)));
    Categories { counts, exact: true }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
