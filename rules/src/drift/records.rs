//! Records over several fields, and the features that tests on them compare.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::xxh3_64;

use super::chance::Chance;
use super::classifier::Features;
use super::text_classifier::words;
use crate::value::Value;

/// The records of a side.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Records {
    /// The names of the fields.
    pub fields: Vec<String>,
    /// The cells of each record, one a field.
    pub rows: Vec<Vec<Value<'static>>>,
}

impl Records {
    /// At most `most` records, by chance where there are more.
    pub(super) fn sampled(&self, most: usize, chance: &mut Chance) -> Vec<&[Value<'static>]> {
        let chosen = chance.sample(self.rows.len(), most).into_iter();
        chosen.filter_map(|at| self.rows.get(at)).map(Vec::as_slice).collect()
    }
}

/// Fields whose values are not compared, with the reason: `holds times, which are never the same again`.
pub fn left_out(reference: &Records, current: &Records) -> Vec<(String, &'static str)> {
    let rows = || reference.rows.iter().chain(&current.rows);
    let why = |at: usize| holds(&rows().filter_map(|it| it.get(at)).collect::<Vec<_>>(), Room::NONE).err();
    reference.fields.iter().enumerate().filter_map(|(at, name)| Some((name.clone(), why(at)?))).collect()
}

/// How much room features may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Categories of a field with a feature of their own; the others share one.
    pub categories: usize,
    /// Buckets of the parts of texts.
    pub buckets: u64,
    /// Components of a vector; those of a longer one are hashed to so many.
    pub components: usize,
}

impl Room {
    const NONE: Room = Room { categories: 0, buckets: 1, components: 1 };
}

/// Records as numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Encoded {
    /// The features of each record that are not 0, those of the reference first.
    pub rows: Vec<Features>,
    /// Of which field each feature is, and of what sort.
    pub of: Vec<(usize, Sort)>,
}

/// A sort of feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// A number that a field holds.
    Number,
    /// Whether a field holds some category, or nothing.
    Flag,
    /// How much of a text is in some bucket.
    Word,
}

/// What a field holds, on both sides together: which side a value is of must not show in how it is encoded.
#[derive(Debug)]
enum Holds {
    Numbers,
    Vectors(usize),
    Texts,
    /// The categories with a feature of their own.
    Categories(BTreeMap<String, u32>),
}

/// More different texts than this, which are longer than [`LONG`] on average, are texts and no names of categories.
const MANY: usize = 50;
const LONG: usize = 20;

/// Encodes rows of both sides; the error says that nothing is left to compare.
pub(super) fn encode(fields: &[String], rows: &[&[Value<'static>]], room: Room) -> Result<Encoded, String> {
    let mut out = Encoded { rows: vec![Vec::new(); rows.len()], of: Vec::new() };
    let mut left_out = Vec::new();
    for (at, name) in fields.iter().enumerate() {
        let cells: Vec<&Value> = rows.iter().map(|it| it.get(at).unwrap_or(&Value::Null)).collect();
        match holds(&cells, room) {
            Ok(it) => out.add(at, &it, &cells, room),
            Err(why) => left_out.push(format!("`{name}` {why}")),
        }
    }
    if out.of.is_empty() {
        return Err(format!("there is nothing to compare: {}", left_out.join(", ")));
    }
    Ok(out)
}

fn holds(cells: &[&Value], room: Room) -> Result<Holds, &'static str> {
    let there = || cells.iter().filter(|it| !it.is_null());
    if there().next().is_none() {
        return Err("has no value");
    }
    if there().any(|it| matches!(it, Value::Time(_))) {
        return Err("holds times, which are never the same again");
    }
    if there().any(|it| matches!(it, Value::Map(_))) {
        return Err("holds objects; name fields in them");
    }
    if there().all(|it| number(it).is_some()) {
        return Ok(Holds::Numbers);
    }
    if there().any(|it| matches!(it, Value::List(_))) {
        let length = there().find_map(|it| vector(it)).map_or(0, |it| it.len());
        let is_right = length > 0 && there().all(|it| vector(it).is_some_and(|it| it.len() == length));
        return if is_right {
            Ok(Holds::Vectors(length))
        } else {
            Err("holds lists that are not all vectors of one length")
        };
    }
    let mut counts: BTreeMap<Cow<str>, usize> = BTreeMap::new();
    there().for_each(|it| *counts.entry(category(it)).or_default() += 1);
    let length: usize = counts.keys().map(|it| it.len()).sum();
    if counts.len() > MANY && length > counts.len() * LONG && there().all(|it| it.as_str().is_some()) {
        return Ok(Holds::Texts);
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let most = counts.into_iter().take(room.categories).map(|it| it.0.into_owned());
    Ok(Holds::Categories(most.zip(0..).collect()))
}

/// A number that can be computed with.
fn number(cell: &Value) -> Option<f64> {
    match cell {
        Value::Int(_) | Value::Big(_) | Value::Num(_) | Value::Dec(_) => cell.as_f64().filter(|it| it.is_finite()),
        _ => None,
    }
}

fn vector(cell: &Value) -> Option<Vec<f64>> {
    let Value::List(cells) = cell else { return None };
    cells.iter().map(number).collect()
}

fn category<'v>(cell: &'v Value) -> Cow<'v, str> {
    match cell {
        Value::Str(it) => Cow::Borrowed(it),
        it => Cow::Owned(it.to_json().to_string()),
    }
}

impl Encoded {
    /// Adds the features of a field.
    fn add(&mut self, field: usize, holds: &Holds, cells: &[&Value], room: Room) {
        let first = self.of.len() as u32;
        let missing: BTreeSet<usize> = cells.iter().enumerate().filter(|it| it.1.is_null()).map(|it| it.0).collect();
        let (own, sort) = match holds {
            Holds::Numbers => (1, Sort::Number),
            Holds::Vectors(length) => ((*length).min(room.components), Sort::Number),
            Holds::Texts => (room.buckets as usize, Sort::Word),
            // One more for all other categories.
            Holds::Categories(known) => (known.len() + 1, Sort::Flag),
        };
        // What is missing takes the place of the mean, and says that it is missing.
        let mean = match holds {
            Holds::Numbers => {
                let there = || cells.iter().filter_map(|it| number(it));
                there().sum::<f64>() / there().count().max(1) as f64
            }
            _ => 0.0,
        };
        for (row, cell) in self.rows.iter_mut().zip(cells) {
            match holds {
                Holds::Numbers => row.push((first, number(cell).unwrap_or(mean))),
                Holds::Vectors(length) => {
                    let cells = vector(cell).unwrap_or_default();
                    row.extend(shortened(&cells, *length, room.components).into_iter().map(|it| (first + it.0, it.1)));
                }
                Holds::Texts => {
                    let text = cell.as_str().unwrap_or_default();
                    row.extend(words(text, room.buckets).into_iter().map(|it| (first + it.0, it.1)));
                }
                Holds::Categories(known) if !cell.is_null() => {
                    let at = known.get(category(cell).as_ref()).copied().unwrap_or(known.len() as u32);
                    row.push((first + at, 1.0));
                }
                Holds::Categories(_) => {}
            }
        }
        self.of.extend(std::iter::repeat_n((field, sort), own));
        if !missing.is_empty() {
            let at = self.of.len() as u32;
            self.of.push((field, Sort::Flag));
            for row in missing {
                if let Some(row) = self.rows.get_mut(row) {
                    row.push((at, 1.0));
                }
            }
        }
    }
}

/// The components of a vector; of more than `most`, sums of some of them with chance signs, which keep lengths and
/// angles as far as so few numbers can (K. Weinberger et al., "Feature hashing for large scale multitask learning",
/// 2009).
pub(super) fn shortened(cells: &[f64], length: usize, most: usize) -> Features {
    if length <= most {
        return (0..).zip(cells.iter().copied()).collect();
    }
    let mut sums = vec![0.0; most];
    for (at, it) in (0_u64..).zip(cells) {
        let hash = xxh3_64(&at.to_le_bytes());
        if let Some(sum) = sums.get_mut((hash >> 1) as usize % most) {
            *sum += if hash & 1 == 0 { *it } else { -it };
        }
    }
    (0..).zip(sums).collect()
}

/// Fields with how much they say, the most telling first, in words: `latency_ms (AUC 0.74), intent (AUC 0.66)`.
pub(super) fn list(found: &[(String, f64)], of: impl Fn(f64) -> String) -> String {
    let words = found.iter().take(3).map(|(name, it)| format!("{name} ({})", of(*it)));
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room { categories: 2, buckets: 64, components: 4 };

    fn encoded(column: Vec<Value<'static>>) -> Result<Encoded, String> {
        let rows: Vec<Vec<Value>> = column.into_iter().map(|it| vec![it]).collect();
        let rows: Vec<&[Value]> = rows.iter().map(Vec::as_slice).collect();
        encode(&["x".to_owned()], &rows, ROOM)
    }

    #[test]
    fn each_sort_of_field_has_its_features() {
        let it = encoded(vec![Value::Int(1), Value::Null, Value::Num(4.0)]).unwrap();
        assert_eq!(it.of, [(0, Sort::Number), (0, Sort::Flag)]);
        assert_eq!(it.rows, [vec![(0, 1.0)], vec![(0, 2.5), (1, 1.0)], vec![(0, 4.0)]]);
        // The third category, which is the rarest, has no feature of its own.
        let it = encoded(["b", "a", "b", "c", "a"].map(Value::text).to_vec()).unwrap();
        assert_eq!(it.of.len(), 3);
        assert_eq!(it.rows.iter().map(|it| it[0].0).collect::<Vec<_>>(), [1, 0, 1, 2, 0]);
        let it = encoded(vec![Value::Bool(true), Value::text("true")]).unwrap();
        assert_eq!((it.rows[0][0].0, it.of.len()), (it.rows[1][0].0, 2), "written alike");
        let list = |it: &[f64]| Value::List(it.iter().map(|it| Value::Num(*it)).collect());
        assert_eq!(encoded(vec![list(&[1.0, 2.0]), Value::Null]).unwrap().of.len(), 3);
        let long = encoded(vec![list(&[1.0; 40]), list(&[2.0; 40])]).unwrap();
        assert_eq!(long.of.len(), 4);
        assert_eq!(
            long.rows[0].iter().map(|it| it.1 * 2.0).collect::<Vec<_>>(),
            long.rows[1].iter().map(|it| it.1).collect::<Vec<_>>()
        );
        let sentence = |at: i64| Value::Str(format!("the sentence of the number {at}").into());
        assert_eq!(encoded((0..60).map(sentence).collect()).unwrap().of.len(), 64);
    }

    #[test]
    fn what_cannot_be_compared_is_said() {
        let list = |it: &[f64]| Value::List(it.iter().map(|it| Value::Num(*it)).collect());
        for (column, why) in [
            (vec![Value::Null], "`x` has no value"),
            (vec![Value::Time(crate::time::Time::from_days(1))], "`x` holds times"),
            (vec![Value::Map(vec![])], "`x` holds objects"),
            (vec![list(&[1.0]), list(&[1.0, 2.0])], "not all vectors of one length"),
            (vec![list(&[]), list(&[])], "not all vectors of one length"),
        ] {
            assert!(encoded(column).is_err_and(|it| it.contains(why)), "{why}");
        }
    }
}
