//! How often each distinct value occurs.

use std::sync::OnceLock;

use indexmap::map::Entry;

use super::hash::{Table, hash};
use super::types::Type;
use super::{OtherSketch, earlier, heap};
use crate::value::Value;

/// Distinct values ([`Value::same`]) with their counts: all of them up to the budget, beyond it a
/// sample of the distinct values, each still with its full count.
///
/// Adaptive sampling (M. Wegman; P. Flajolet, "On adaptive sampling", Computing 1990): a value is
/// kept when its hash starts with `level` zero bits, the level being the smallest that fits the
/// budget. So the sample depends on the set of values alone, and merging is exact.
#[derive(Clone, Debug)]
pub struct Counts {
    /// Values that are neither null nor NaN.
    pub n: u64,
    /// Missing values and nulls.
    pub null: u64,
    /// NaN.
    pub nan: u64,
    pub(super) budget: usize,
    pub(super) level: u32,
    /// The first numbers, as they came, while there are [`FEW`] and nothing else: a table of them takes three times the
    /// memory, which counts where there are many windows.
    few: Vec<(u64, Number)>,
    /// The table of `few`, once it was asked for.
    of_few: OnceLock<Box<Table<Count>>>,
    /// All values, unless there are a few.
    pub(super) table: Table<Count>,
    pub(super) unhashable: Option<(u64, Type)>,
    key: Vec<u8>,
}

/// Numbers that are kept as they come, at most.
const FEW: usize = 128;
/// Of so many first numbers half must be different; a table is smaller else.
const LOOKED_AT: usize = 16;

/// A number in half the room of a [`Value`].
#[derive(Clone, Copy, Debug)]
enum Number {
    Int(i64),
    Num(f64),
}

impl Number {
    const fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Int(it) => Some(Number::Int(*it)),
            Value::Num(it) => Some(Number::Num(*it)),
            _ => None,
        }
    }

    const fn value(self) -> Value<'static> {
        match self {
            Number::Int(it) => Value::Int(it),
            Number::Num(it) => Value::Num(it),
        }
    }

    const fn is(self, other: Number) -> bool {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => a == b,
            (Number::Num(a), Number::Num(b)) => a.to_bits() == b.to_bits(),
            _ => false,
        }
    }
}

/// A distinct value.
#[derive(Clone, Debug, PartialEq)]
pub struct Count {
    /// The value as it was written in its first row.
    pub value: Value<'static>,
    /// How often it occurs.
    pub count: u64,
    /// The smallest row it occurs in.
    pub row: u64,
}

/// How many distinct values there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distinct {
    /// The number, or its estimate.
    pub estimate: f64,
    /// Whether every distinct value was kept.
    pub exact: bool,
    /// Relative standard error of the estimate; 0 when exact.
    pub error: f64,
}

impl Counts {
    pub(super) fn new(budget: usize) -> Self {
        Counts {
            n: 0,
            null: 0,
            nan: 0,
            budget: budget.max(1),
            level: 0,
            few: vec![],
            of_few: OnceLock::new(),
            table: Table::default(),
            unhashable: None,
            key: vec![],
        }
    }

    #[inline]
    pub(super) fn update(&mut self, value: &Value, row: u64) {
        match value {
            Value::Missing | Value::Null => {
                self.null += 1;
                return;
            }
            Value::Num(it) if it.is_nan() => {
                self.nan += 1;
                return;
            }
            Value::List(_) | Value::Map(_) => self.unhashable = earlier(self.unhashable, Some((row, Type::of(value)))),
            _ => {}
        }
        self.n += 1;
        if let Some(it) = Number::of(value)
            && self.takes(1)
        {
            self.of_few.take();
            self.few.push((row, it));
            if self.few.len() == LOOKED_AT && self.is_repeating() {
                self.spill();
            }
            return;
        }
        let hash = hash(value, &mut self.key);
        self.add(hash, 1, row, || value.to_owned());
    }

    /// Whether so many more numbers may be kept as they come.
    fn takes(&self, more: usize) -> bool {
        self.table.is_empty() && self.few.len() + more <= FEW && self.level == 0 && self.budget >= FEW
    }

    fn is_repeating(&self) -> bool {
        let again = |(i, it): &(usize, &(u64, Number))| self.few.iter().take(*i).any(|before| before.1.is(it.1));
        2 * self.few.iter().enumerate().filter(again).count() > self.few.len()
    }

    /// From a few to a table.
    fn spill(&mut self) {
        self.of_few.take();
        for (row, it) in std::mem::take(&mut self.few) {
            let value = it.value();
            let hash = hash(&value, &mut self.key);
            self.add(hash, 1, row, || value);
        }
    }

    /// The distinct values kept, by hash.
    pub(super) fn table(&self) -> &Table<Count> {
        if self.few.is_empty() {
            return &self.table;
        }
        self.of_few.get_or_init(|| {
            let mut all = Counts::new(self.budget);
            all.few.clone_from(&self.few);
            all.spill();
            Box::new(all.table)
        })
    }

    /// Counts a value `count` times of which `row` is the first.
    #[inline]
    pub(super) fn add(&mut self, hash: u128, count: u64, row: u64, value: impl FnOnce() -> Value<'static>) {
        if hash.leading_zeros() < self.level {
            return;
        }
        if !self.few.is_empty() {
            self.spill();
        }
        match self.table.entry(hash) {
            Entry::Occupied(mut it) => {
                let it = it.get_mut();
                it.count += count;
                if row < it.row {
                    it.row = row;
                    it.value = value();
                }
            }
            Entry::Vacant(it) => {
                it.insert(Count { value: value(), count, row });
                self.thin();
            }
        }
    }

    /// Raises the level until the budget holds.
    fn thin(&mut self) {
        while self.table.len() > self.budget && self.level < u128::BITS {
            self.level += 1;
            let level = self.level;
            self.table.retain(|hash, _| hash.leading_zeros() >= level);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) -> Result<(), OtherSketch> {
        if self.budget != other.budget {
            return Err(OtherSketch);
        }
        self.n += other.n;
        self.null += other.null;
        self.nan += other.nan;
        self.unhashable = earlier(self.unhashable, other.unhashable);
        if other.level > self.level {
            self.spill();
            self.level = other.level;
            let level = self.level;
            self.table.retain(|hash, _| hash.leading_zeros() >= level);
        }
        if self.takes(other.few.len()) {
            self.of_few.take();
            self.few.extend_from_slice(&other.few);
        } else {
            for (row, it) in &other.few {
                let value = it.value();
                let hash = hash(&value, &mut self.key);
                self.add(hash, 1, *row, || value);
            }
        }
        for (hash, it) in &other.table {
            self.add(*hash, it.count, it.row, || it.value.clone());
        }
        Ok(())
    }

    /// Keeps no more than `budget`, as if it had been the budget from the start; a larger one changes nothing.
    pub(super) fn narrow(&mut self, budget: usize) {
        self.budget = self.budget.min(budget.max(1));
        if self.budget < FEW {
            self.spill();
        }
        self.thin();
    }

    pub(super) fn shift(&mut self, rows: u64) {
        self.of_few.take();
        self.few.iter_mut().for_each(|it| it.0 = it.0.saturating_add(rows));
        for it in self.table.values_mut() {
            it.row = it.row.saturating_add(rows);
        }
        if let Some(it) = &mut self.unhashable {
            it.0 = it.0.saturating_add(rows);
        }
    }

    pub(super) fn size(&self) -> usize {
        let of_table = |it: &Table<Count>| {
            let texts: usize = it.values().map(|it| heap(&it.value)).sum();
            it.capacity() * (size_of::<(usize, u128, Count)>() + 2 * size_of::<usize>()) + texts
        };
        let of_few = self.few.capacity() * size_of::<(u64, Number)>();
        of_few + of_table(&self.table) + self.of_few.get().map_or(0, |it| of_table(it))
    }

    /// How many distinct values there are.
    pub fn distinct(&self) -> Distinct {
        let exact = self.is_exact();
        // Flajolet's constant for the standard error of adaptive sampling.
        let error = if exact { 0.0 } else { 1.20 / (self.budget as f64).sqrt() };
        Distinct { estimate: self.table().len() as f64 * self.scale(), exact, error }
    }

    /// Whether every distinct value is kept.
    pub fn is_exact(&self) -> bool {
        self.level == 0
    }

    /// How many distinct values each kept one stands for: 1 when exact.
    pub fn scale(&self) -> f64 {
        2_f64.powi(self.level as i32)
    }

    /// The distinct values kept, in no order.
    pub fn kept(&self) -> impl Iterator<Item = &Count> {
        self.table().values()
    }

    /// The distinct values kept, by first row.
    pub fn sorted(&self) -> Vec<&Count> {
        let mut all: Vec<_> = self.table().iter().collect();
        all.sort_unstable_by_key(|(hash, it)| (it.row, **hash));
        all.into_iter().map(|it| it.1).collect()
    }

    /// The values that occur most often, with their count, by first row; `None` when not exact.
    pub fn modes(&self) -> Option<Vec<(Value<'static>, u64)>> {
        if !self.is_exact() {
            return None;
        }
        let most = self.table().values().map(|it| it.count).max().unwrap_or(0);
        let modes = self.sorted().into_iter().filter(|it| it.count == most);
        Some(modes.map(|it| (it.value.clone(), it.count)).collect())
    }

    /// How often `value` occurs; `None` when the sample does not tell.
    pub fn get(&self, value: &Value) -> Option<u64> {
        let hash = hash(value, &mut vec![]);
        let kept = self.table().get(&hash).map(|it| it.count);
        kept.or_else(|| (hash.leading_zeros() >= self.level).then_some(0))
    }

    /// The type of the first array or object, which Python cannot hash. They are counted like others.
    pub fn unhashable(&self) -> Option<Type> {
        self.unhashable.map(|it| it.1)
    }
}

impl PartialEq for Counts {
    fn eq(&self, other: &Self) -> bool {
        self.n == other.n
            && self.null == other.null
            && self.nan == other.nan
            && self.budget == other.budget
            && self.level == other.level
            && self.unhashable == other.unhashable
            && self.table() == other.table()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(budget: usize, values: impl IntoIterator<Item = Value<'static>>) -> Counts {
        let mut it = Counts::new(budget);
        for (row, value) in values.into_iter().enumerate() {
            it.update(&value, row as u64);
        }
        it
    }

    #[test]
    fn equal_values_are_counted_together_as_first_written() {
        let it = counts(10, [Value::Num(1.0), Value::Int(1), Value::text("1"), Value::Bool(true), Value::Null]);
        assert_eq!(it.modes(), Some(vec![(Value::Num(1.0), 3)]));
        assert_eq!(
            (it.get(&Value::Int(1)), it.get(&Value::text("1")), it.get(&Value::Int(2))),
            (Some(3), Some(1), Some(0))
        );
        assert_eq!(it.distinct(), Distinct { estimate: 2.0, exact: true, error: 0.0 });
        assert_eq!((it.n, it.null), (4, 1));
    }

    #[test]
    fn beyond_the_budget_the_number_of_distinct_values_is_estimated() {
        let it = counts(1024, (0..100_000).map(|k| Value::Int(k % 50_000)));
        let distinct = it.distinct();
        assert!(!distinct.exact && it.modes().is_none());
        assert!((distinct.estimate / 50_000.0 - 1.0).abs() < 3.0 * distinct.error, "{distinct:?}");
        assert!(it.sorted().iter().all(|it| it.count == 2));
    }

    /// However they are kept, numbers are counted alike, and take little where they are few.
    #[test]
    fn a_few_numbers_are_counted_as_many_are() {
        for (n, distinct) in [(3_i64, 100), (100, 100), (128, 128), (129, 129), (300, 5), (300, 300)] {
            let value = |k: i64| if k % 2 == 0 { Value::Int(k % distinct) } else { Value::Num((k % distinct) as f64) };
            let (few, mut table) = (counts(1000, (0..n).map(value)), Counts::new(1000));
            let mut key = vec![];
            for k in 0..n {
                table.n += 1;
                table.add(hash(&value(k), &mut key), 1, k as u64, || value(k));
            }
            assert_eq!((few.sorted(), &few), (table.sorted(), &table), "{n}");
            assert_eq!(few.distinct().estimate, n.min(distinct) as f64);
            assert!(few.few.is_empty() == (n > 128 || distinct == 5), "{n}");
            let (mut there, mut here) = (few.clone(), table.clone());
            there.shift(1000);
            here.shift(1000);
            there.merge(&table).unwrap();
            here.merge(&few).unwrap();
            assert_eq!((there.sorted(), here.sorted()), (here.sorted(), there.sorted()));
            there.narrow(4);
            here.narrow(4);
            assert_eq!(there, here);
        }
        assert!(counts(1000, (0..100).map(|k| Value::Num(f64::from(k)))).size() < 3_100);
        assert!(counts(1000, (0..100).map(|k| Value::Int(k % 3))).size() < 1_000);
    }

    #[test]
    fn arrays_are_noted() {
        assert_eq!(counts(9, [Value::Int(1), Value::List(vec![])]).unhashable(), Some(Type::Array));
    }
}
