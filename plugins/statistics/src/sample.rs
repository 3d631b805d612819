//! Bounded samples that merge exactly.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use driftline_plugin::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The different rows of smallest hash, each with how often it occurred.
///
/// The law: what is kept is a function of the rows as a multiset, hence the same in whatever order and however split
/// they were observed and merged. It holds because a row that is among the smallest of all is among the smallest of every
/// part in which it occurs, so that none of its occurrences is ever forgotten.
///
/// What rows hold does not bear on their hash, so rows that all differ are sampled evenly. Rows that repeat are
/// kept or dropped together; [`pair`] sees to it that this does not look like drift.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample<R> {
    /// Hash and bytes of a row to its count.
    rows: BTreeMap<(u64, Vec<u8>), u64>,
    /// Whether a different row was ever dropped.
    thinned: bool,
    #[serde(skip)]
    row: PhantomData<R>,
}

impl<R> Default for Sample<R> {
    fn default() -> Self {
        Sample { rows: BTreeMap::new(), thinned: false, row: PhantomData }
    }
}

impl<R: Serialize + DeserializeOwned> Sample<R> {
    /// Adds a row to a sample of at most `limit` different rows.
    pub fn observe(&mut self, limit: usize, row: &R) -> Result<()> {
        let bytes = postcard::to_allocvec(row)?;
        let hash = xxh3_64_with_seed(&bytes, 0x6472_6966_746c_696e);
        self.add(limit, (hash, bytes), 1);
        Ok(())
    }

    /// Adds another sample with the same limit.
    pub fn merge(&mut self, limit: usize, other: Self) {
        self.thinned |= other.thinned;
        for (key, count) in other.rows {
            self.add(limit, key, count);
        }
    }

    fn add(&mut self, limit: usize, key: (u64, Vec<u8>), count: u64) {
        if let Some(known) = self.rows.get_mut(&key) {
            *known = known.saturating_add(count);
            return;
        }
        if self.rows.len() >= limit {
            self.thinned = true;
            if self.rows.last_key_value().is_none_or(|(last, _)| *last < key) {
                return;
            }
            self.rows.pop_last();
        }
        self.rows.insert(key, count);
    }

    /// How many rows are kept, each as often as it occurred.
    pub fn kept(&self) -> u64 {
        self.rows.values().fold(0, |sum, it| sum.saturating_add(*it))
    }

    /// Whether every row that was observed is kept.
    pub fn is_whole(&self) -> bool {
        !self.thinned
    }

    /// Hashes below this were all kept.
    fn bound(&self) -> Option<u64> {
        let (last, _) = self.rows.last_key_value()?;
        self.thinned.then_some(last.0)
    }
}

/// A row that occurs in one of two windows or in both.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair<R> {
    /// The row.
    pub row: R,
    /// Its hash, to draw chance from.
    pub hash: u64,
    /// How often it occurs in the reference.
    pub reference: u64,
    /// How often it occurs in the current window.
    pub current: u64,
}

/// The rows of two samples that may be compared, in an order that means nothing.
///
/// If rows come from the same distribution, so do those that this gives, whichever window they are of:
/// - where nothing was dropped from either sample, all rows;
/// - where rows hardly repeat (at most one in a hundred does), all that were kept but for those that repeat;
/// - else those whose hash is below what both samples kept, that is, the same part of all possible rows of both.
///
/// The error is [`Error::State`]: a row's bytes are of something else.
pub fn pair<R: Serialize + DeserializeOwned>(reference: &Sample<R>, current: &Sample<R>) -> Result<Vec<Pair<R>>> {
    let mut counts: BTreeMap<&(u64, Vec<u8>), (u64, u64)> =
        reference.rows.iter().map(|(key, count)| (key, (*count, 0))).collect();
    for (key, count) in &current.rows {
        counts.entry(key).or_default().1 = *count;
    }
    let bound = [reference.bound(), current.bound()].into_iter().flatten().min();
    if let Some(bound) = bound {
        let all: u64 = counts.values().map(|(a, b)| a + b).sum();
        let repeated: u64 = counts.values().map(|(a, b)| a + b).filter(|it| *it > 1).sum();
        if repeated <= all / 100 {
            counts.retain(|_, (a, b)| *a + *b == 1);
        } else {
            counts.retain(|key, _| key.0 < bound);
        }
    }
    let read = |((hash, bytes), (reference, current)): (&(u64, Vec<u8>), (u64, u64))| {
        let row = postcard::from_bytes(bytes).map_err(|it| Error::State(format!("a sampled row is damaged: {it}")))?;
        Ok(Pair { row, hash: *hash, reference, current })
    };
    counts.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Pair, Sample, pair};

    fn sample(limit: usize, rows: impl IntoIterator<Item = u32>) -> Sample<u32> {
        let mut sample = Sample::default();
        rows.into_iter().for_each(|it| sample.observe(limit, &it).unwrap());
        sample
    }

    fn totals(pairs: &[Pair<u32>]) -> (u64, u64) {
        (pairs.iter().map(|it| it.reference).sum(), pairs.iter().map(|it| it.current).sum())
    }

    proptest! {
        #[test]
        fn it_is_a_function_of_the_multiset(
            rows in prop::collection::vec(0_u32..60, 0..200),
            ends in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
            limit in 1_usize..80,
        ) {
            let whole = sample(limit, rows.iter().copied());
            prop_assert_eq!(&sample(limit, rows.iter().rev().copied()), &whole);
            let (i, j) = (ends.0.index(rows.len() + 1), ends.1.index(rows.len() + 1));
            let (i, j) = (i.min(j), i.max(j));
            let parts = [&rows[..i], &rows[i..j], &rows[j..]].map(|it| sample(limit, it.iter().copied()));
            for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
                let mut merged = Sample::default();
                for it in order {
                    merged.merge(limit, parts[it].clone());
                }
                prop_assert_eq!(&merged, &whole);
            }
            let mut right = parts[1].clone();
            right.merge(limit, parts[2].clone());
            let mut left = parts[0].clone();
            left.merge(limit, right);
            prop_assert_eq!(&left, &whole);
        }
    }

    #[test]
    fn different_rows_are_sampled_evenly() {
        let kept = sample(1000, 0..20_000);
        assert!(!kept.is_whole());
        let pairs = pair(&kept, &Sample::default()).unwrap();
        let low = pairs.iter().filter(|it| it.row < 10_000).count();
        assert!(pairs.len() == 1000 && (440..560).contains(&low), "{low} of {}", pairs.len());
    }

    #[test]
    fn what_repeats_is_compared_alike() {
        // Half of each window is one row; the windows differ in size a hundred times.
        for heavy in 0..40 {
            let rows = |from: u32, n: u32| (from..from + n).flat_map(move |it| [it, heavy]);
            let (reference, current) = (sample(500, rows(1000, 50_000)), sample(500, rows(100_000, 500)));
            let (a, b) = totals(&pair(&reference, &current).unwrap());
            let pairs = pair(&reference, &current).unwrap();
            let known = pairs.iter().find(|it| it.row == heavy);
            let shares = known.map_or((0.0, 0.0), |it| (it.reference as f64 / a as f64, it.current as f64 / b as f64));
            assert!((shares.0 - shares.1).abs() < 0.05, "{shares:?} of {a} and {b}");
        }
        let few = pair(&sample(500, (0..900).map(|it| it % 3)), &sample(500, (0..90).map(|it| it % 2))).unwrap();
        assert_eq!((few.len(), totals(&few)), (3, (900, 90)));
    }
}
