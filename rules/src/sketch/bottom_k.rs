//! A sample of the distinct rows of some fields.

use std::borrow::Cow;
use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::OtherSketch;
use super::pack::{pack_many, unpack};
use crate::value::Value;

/// The distinct rows of the lowest seeded hashes, each with how often it occurs: a bottom-k sample (E. Cohen and
/// H. Kaplan, "Summarizing data using bottom-k sketches", PODC 2007).
///
/// Each distinct row is in the sample with equal probability, and comes with all of its occurrences: a cluster sample,
/// whose clusters are the rows that are alike. As the hash does not depend on the data, samples of two windows hold
/// the *same* rows where both windows do: what lies below the lower of both thresholds is all that either window has
/// of rows with such a hash, so that both samples are drawn from the same part of all possible rows.
///
/// The threshold only falls while rows come. So a row that is in the sample was never left out before, its count is
/// exact, and merging is exact in any split and order. The sample is bounded by `k` and by bytes, of which there are
/// [`BottomK::BYTES_A_ROW`] times `k`, so that long rows make a smaller sample, which is still one of equal
/// probabilities. A host does not narrow it: its bound is the suite's.
#[derive(Clone, Debug)]
pub struct BottomK {
    /// Rows of which some cell is there.
    pub n: u64,
    /// Rows of which no cell is there: each missing, null or NaN.
    pub null: u64,
    /// Rows that are longer than [`BottomK::LONGEST`] and in no sample.
    pub too_long: u64,
    pub(super) k: usize,
    /// The lowest hash that was left out; all rows of lower hashes are here.
    pub(super) below: Option<u64>,
    pub(super) rows: BTreeMap<u64, Kept>,
    /// Bytes of the rows here, by [`cost`].
    pub(super) bytes: usize,
    key: Vec<u8>,
}

/// A row of the sample.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kept {
    pub(super) count: u64,
    /// The cells, packed. Of equal rows that are written differently, the one of the lowest bytes, which does not
    /// depend on the order in which they came.
    pub(super) cells: Vec<u8>,
    cost: usize,
}

/// A row of the sample, to be read.
#[derive(Clone, Debug, PartialEq)]
pub struct SampledRow {
    /// Its hash, which is the same in all samples.
    pub hash: u64,
    /// How often it occurs.
    pub count: u64,
    /// Its cells; long texts are cut.
    pub cells: Vec<Value<'static>>,
}

/// The seed of the hash, which sets it apart from those of other summaries.
const SEED: u64 = 0x6b62_6f74_746f_6d00;

impl BottomK {
    /// Bytes of a text that are kept; texts that are alike up to there are alike.
    pub const LONGEST_TEXT: usize = 1024;
    /// Bytes of a row that may be in a sample: a vector of 7,000 numbers.
    pub const LONGEST: usize = 1 << 16;
    /// Bytes that the rows of a sample have on average where `k` of them are kept.
    pub const BYTES_A_ROW: usize = 512;
    /// The most that `k` may be.
    pub const MOST: usize = 100_000;

    pub(super) fn new(k: usize) -> Self {
        let k = k.clamp(1, Self::MOST);
        BottomK { n: 0, null: 0, too_long: 0, k, below: None, rows: BTreeMap::new(), bytes: 0, key: vec![] }
    }

    /// Takes in a row of one cell or more.
    pub(super) fn update<'v, 'r: 'v>(&mut self, cells: impl Iterator<Item = &'v Value<'r>> + Clone) {
        if cells.clone().all(|it| it.is_null() || it.is_nan()) {
            self.null += 1;
            return;
        }
        self.n += 1;
        let cells: Vec<Cow<Value>> = cells.map(plain).collect();
        let cost = cost(cells.iter().map(Cow::as_ref));
        if cost > Self::LONGEST {
            self.too_long += 1;
            return;
        }
        let hash = self.hash(cells.iter().map(Cow::as_ref));
        if self.below.is_some_and(|it| hash >= it) {
            return;
        }
        if let Some(known) = self.rows.get_mut(&hash) {
            known.count += 1;
            // Most rows are written as their like before them.
            let mut packed = std::mem::take(&mut self.key);
            packed.clear();
            pack_many(cells.iter().map(Cow::as_ref), &mut packed);
            if packed < known.cells {
                known.cells.clone_from(&packed);
            }
            self.key = packed;
            return;
        }
        let mut packed = Vec::new();
        pack_many(cells.iter().map(Cow::as_ref), &mut packed);
        self.put(hash, Kept { count: 1, cells: packed, cost });
        self.thin();
    }

    fn hash<'v, 'r: 'v>(&mut self, cells: impl Iterator<Item = &'v Value<'r>>) -> u64 {
        self.key.clear();
        for cell in cells {
            cell.key_into(&mut self.key);
        }
        xxh3_64_with_seed(&self.key, SEED)
    }

    fn put(&mut self, hash: u64, row: Kept) {
        if self.below.is_some_and(|it| hash >= it) {
            return;
        }
        match self.rows.get_mut(&hash) {
            Some(known) => {
                known.count += row.count;
                if row.cells < known.cells {
                    known.cells = row.cells;
                }
            }
            None => {
                self.bytes += row.cost;
                self.rows.insert(hash, row);
            }
        }
    }

    /// Lowers the threshold until the bounds hold: the sample is the longest run of rows, by hash, that fits them.
    fn thin(&mut self) {
        while self.rows.len() > self.k || self.bytes > self.most_bytes() {
            let Some((hash, row)) = self.rows.pop_last() else { return };
            self.bytes -= row.cost;
            self.below = Some(hash);
        }
    }

    pub(super) fn most_bytes(&self) -> usize {
        // One row always fits.
        (self.k * Self::BYTES_A_ROW).max(Self::LONGEST)
    }

    pub(super) fn merge(&mut self, other: Self) -> Result<(), OtherSketch> {
        if self.k != other.k {
            return Err(OtherSketch);
        }
        self.n += other.n;
        self.null += other.null;
        self.too_long += other.too_long;
        if let Some(below) = other.below {
            self.below = Some(self.below.map_or(below, |it| it.min(below)));
            for row in self.rows.split_off(&below).into_values() {
                self.bytes -= row.cost;
            }
        }
        for (hash, row) in other.rows {
            self.put(hash, row);
        }
        self.thin();
        Ok(())
    }

    /// Adds a row that was written before; its hash is computed anew. `None`: it cannot be one of this sample.
    pub(super) fn restore(&mut self, count: u64, cells: &[Value]) -> Option<()> {
        let is_plain = cells.iter().all(|it| matches!(plain(it), Cow::Borrowed(_)));
        let cost = cost(cells.iter());
        let hash = self.hash(cells.iter());
        let mut packed = Vec::new();
        pack_many(cells.iter(), &mut packed);
        let is_new = is_plain && cost <= Self::LONGEST && !self.rows.contains_key(&hash);
        let fits = self.below.is_none_or(|it| hash < it) && self.rows.len() < self.k;
        (is_new && fits && self.bytes + cost <= self.most_bytes())
            .then(|| self.put(hash, Kept { count, cells: packed, cost }))
    }

    pub(super) fn size(&self) -> usize {
        self.rows.values().map(|it| it.cells.capacity() + size_of::<(u64, Kept)>() + 16).sum()
    }

    /// Whether every row is here.
    pub fn is_exact(&self) -> bool {
        self.below.is_none() && self.too_long == 0
    }

    /// The lowest hash that is not here; `None`: all are.
    pub fn below(&self) -> Option<u64> {
        self.below
    }

    /// How many different rows are kept at most.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The rows, by hash.
    pub fn iter(&self) -> impl Iterator<Item = SampledRow> + '_ {
        self.rows.iter().map(|(hash, it)| {
            let cells = match unpack(&it.cells) {
                Value::List(it) => it,
                it => vec![it],
            };
            SampledRow { hash: *hash, count: it.count, cells }
        })
    }
}

/// A cell as it is sampled: texts are cut, and NaN is null.
fn plain<'v, 'r>(cell: &'v Value<'r>) -> Cow<'v, Value<'r>> {
    match cell {
        Value::Missing => Cow::Owned(Value::Null),
        it if it.is_nan() => Cow::Owned(Value::Null),
        it if has_long(it) => Cow::Owned(cut(it.clone())),
        it => Cow::Borrowed(it),
    }
}

fn has_long(value: &Value) -> bool {
    match value {
        Value::Str(it) => it.len() > BottomK::LONGEST_TEXT,
        Value::List(it) => it.iter().any(has_long),
        Value::Map(it) => it.iter().any(|it| has_long(&it.1)),
        _ => false,
    }
}

fn cut(value: Value) -> Value {
    match value {
        Value::Str(it) => {
            let end = it.floor_char_boundary(BottomK::LONGEST_TEXT);
            Value::Str(it.get(..end).unwrap_or_default().to_owned().into())
        }
        Value::List(it) => Value::List(it.into_iter().map(cut).collect()),
        Value::Map(it) => Value::Map(it.into_iter().map(|(name, it)| (name, cut(it))).collect()),
        it => it,
    }
}

/// Bytes that a row counts for; the same for rows that are alike, however they are written.
fn cost<'v, 'r: 'v>(cells: impl Iterator<Item = &'v Value<'r>>) -> usize {
    fn of(value: &Value) -> usize {
        match value {
            Value::Str(it) => 3 + it.len(),
            Value::List(it) => 3 + it.iter().map(of).sum::<usize>(),
            Value::Map(it) => 3 + it.iter().map(|(name, it)| 3 + name.len() + of(it)).sum::<usize>(),
            _ => 9,
        }
    }
    cells.map(of).sum()
}

impl PartialEq for BottomK {
    fn eq(&self, other: &Self) -> bool {
        let counts = |it: &Self| (it.n, it.null, it.too_long, it.k, it.below);
        counts(self) == counts(other) && self.rows == other.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(k: usize, rows: impl IntoIterator<Item = Value<'static>>) -> BottomK {
        let mut it = BottomK::new(k);
        rows.into_iter().for_each(|row| it.update(std::iter::once(&row)));
        it
    }

    #[test]
    fn every_distinct_row_is_as_likely_as_any_other() {
        // A row that is half of all is one row among 10,000.
        let mut kept = [0; 10];
        for shift in 0..60_i64 {
            let rows = (0..10_000_i64).map(|it| it + shift * 10_000);
            let it = sample(500, rows.flat_map(|it| std::iter::repeat_n(Value::Int(it), 1 + (it % 10) as usize)));
            assert_eq!(it.iter().count(), 500);
            for row in it.iter() {
                let Some(Value::Int(at)) = row.cells.first() else { panic!("{row:?}") };
                assert_eq!(row.count, 1 + (at % 10) as u64, "counts are exact");
                kept[(at % 10) as usize] += 1;
            }
        }
        // 3,000 each, with a standard deviation of 51.
        assert!(kept.iter().all(|it| (2790..3210).contains(it)), "{kept:?}");
    }

    #[test]
    fn what_is_there_in_both_is_in_both_samples() {
        let a = sample(300, (0..5000).map(Value::Int));
        let b = sample(300, (2500..20_000).map(Value::Int));
        let least = a.below().min(b.below()).unwrap();
        let under = |it: &BottomK| -> std::collections::BTreeSet<u64> {
            it.iter().map(|it| it.hash).filter(|it| *it < least).collect()
        };
        let common = sample(9999, (2500..5000).map(Value::Int));
        let common = under(&common);
        assert!(common.len() > 20);
        assert!(under(&a).is_superset(&common) && under(&b).is_superset(&common));
    }

    /// Samples of one version are compared with those of the next.
    #[test]
    fn hashes_and_bytes_stay_as_they_are() {
        let mut it = BottomK::new(2);
        for row in
            [[Value::text("a"), Value::Int(1)], [Value::text("b"), Value::Null], [Value::text("c"), Value::Num(0.5)]]
        {
            it.update(row.iter());
        }
        let mut bytes = vec![];
        crate::sketch::Sketch::BottomK(it.clone()).write(&mut bytes);
        let hashes: Vec<_> = it.iter().map(|it| it.hash).chain(it.below()).collect();
        assert_eq!(hashes, [8_551_914_477_845_098_903, 8_655_793_650_383_908_268, 18_186_543_175_363_789_571]);
        let expected = [3, 0, 0, 1, 3, 3, 221, 91, 169, 148, 99, 252, 2, 1, 9, 2, 6, 1, 98, 1, 1, 9, 2, 6, 1, 97, 3, 2];
        assert_eq!(bytes, expected);
    }

    #[test]
    fn long_rows_make_a_smaller_sample_and_the_longest_make_none() {
        let long = |at: i64| Value::Str(format!("{at} {}", "ä".repeat(5000)).into());
        let it = sample(200, (0..1000).map(long));
        assert!(it.bytes <= 200 * BottomK::BYTES_A_ROW && it.size() < 2 * it.most_bytes(), "{}", it.size());
        assert!((90..100).contains(&it.iter().count()), "{}", it.iter().count());
        assert_eq!(it.iter().next().unwrap().cells[0].as_str().map(str::len), Some(1024));
        // Texts that differ behind their first bytes are alike.
        let it = sample(200, (0..9).map(|at| Value::Str(format!("{}{at}", "x".repeat(1024)).into())));
        assert_eq!(it.iter().map(|it| it.count).collect::<Vec<_>>(), [9]);
        let vector = |length: usize| Value::List(vec![Value::Num(0.5); length]);
        // How many are too long does not depend on where the input is split.
        let vectors: Vec<_> = (0..40).map(|at| vector(if at % 2 == 0 { 9000 + at } else { at })).collect();
        let mut parts = sample(3, vectors[..25].to_vec());
        assert_eq!(parts.merge(sample(3, vectors[25..].to_vec())), Ok(()));
        assert_eq!(parts, sample(3, vectors));
        let it = sample(200, [vector(9000), vector(20), Value::Null, Value::Num(f64::NAN)]);
        assert_eq!((it.n, it.null, it.too_long, it.iter().count(), it.is_exact()), (2, 2, 1, 1, false));
    }
}
