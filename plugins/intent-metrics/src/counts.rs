//! How often each intent occurs.

use std::collections::BTreeMap;

use driftline_plugin::prelude::*;

/// More different intents than this are a text that was taken for an intent.
pub const MOST: usize = 10_000;

/// The input that all capabilities have.
pub const PREDICTION: Input =
    Input::required("prediction", &[ColumnType::Category, ColumnType::Text], "the predicted intent");

/// How often each key occurs.
pub type Counts<K> = BTreeMap<K, u64>;

/// The error when there are too many of `what`.
pub fn bounded<K>(counts: &Counts<K>, what: &str) -> Result<()> {
    if counts.len() > MOST {
        return Err(Error::input(format!(
            "more than {MOST} different {what}: bind `prediction` to a field that holds the name of an intent"
        )));
    }
    Ok(())
}

/// Counts the texts of a column. Of categories each is looked up once in a batch, not once in a row.
pub fn observe(counts: &mut Counts<String>, texts: &Texts) -> Result<()> {
    let mut add = |text: &str, more: u64| match counts.get_mut(text) {
        Some(count) => *count += more,
        None => drop(counts.insert(text.to_owned(), more)),
    };
    match texts.dictionary() {
        Some((codes, dictionary)) => {
            let mut by_code = vec![0; dictionary.len()];
            for (row, code) in codes.iter().enumerate() {
                if let (Some(count), Some(_)) = (by_code.get_mut(*code as usize), texts.get(row)) {
                    *count += 1;
                }
            }
            let seen = dictionary.iter().zip(by_code).filter(|(_, count)| *count > 0);
            seen.for_each(|(text, count)| add(text, count));
        }
        None => texts.present().for_each(|text| add(text, 1)),
    }
    bounded(counts, "intents")
}

/// Adds the counts of others.
pub fn merge<K: Ord>(counts: &mut Counts<K>, other: Counts<K>, what: &str) -> Result<()> {
    for (key, count) in other {
        *counts.entry(key).or_default() += count;
    }
    bounded(counts, what)
}

/// The sum of all counts; an error if it is nothing, since no share can be taken of it.
pub fn total<K>(counts: &Counts<K>) -> Result<f64> {
    match counts.values().sum::<u64>() {
        0 => Err(Error::too_little("no row has a prediction")),
        total => Ok(total as f64),
    }
}

/// The most frequent first, equally frequent ones by name.
pub fn ranked<K: Ord>(counts: &Counts<K>) -> Vec<(&K, u64)> {
    let mut ranked: Vec<_> = counts.iter().map(|(key, count)| (key, *count)).collect();
    ranked.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
    ranked
}
