//! How often each value of a field occurs whose values may be categories.

use super::OtherSketch;
use super::counts::Counts;
use crate::value::Value;

/// Values with their counts. Numbers are counted by value while few of them differ, as codes of categories do; beyond
/// that only all of them together are, for then they are a quantity, of which [`Values`](super::Values) tells more, and
/// to count each would be most of what a number costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Categories {
    /// What is no number, nulls and NaN among it.
    pub others: Counts,
    /// Numbers, infinities among them.
    pub n_numbers: u64,
    /// Different numbers in increasing order, with their counts; `None` when there are more than [`MOST_NUMBERS`].
    pub(super) numbers: Option<Vec<(f64, u64)>>,
}

/// Different numbers that are counted one by one.
pub(super) const MOST_NUMBERS: usize = 256;

impl Categories {
    pub(super) fn new(budget: usize) -> Self {
        Categories { others: Counts::new(budget), n_numbers: 0, numbers: Some(Vec::new()) }
    }

    #[inline]
    pub(super) fn update(&mut self, value: &Value, row: u64) {
        let number = match value {
            Value::Num(it) if !it.is_nan() => *it,
            Value::Int(it) => *it as f64,
            Value::Big(it) => *it as f64,
            Value::Dec(_) => value.as_f64().unwrap_or(0.0),
            _ => return self.others.update(value, row),
        };
        self.n_numbers += 1;
        if self.numbers.is_some() {
            self.add(number, 1);
        }
    }

    fn add(&mut self, number: f64, count: u64) {
        let Some(numbers) = &mut self.numbers else { return };
        // 0 and -0 are one number.
        let number = number + 0.0;
        match numbers.binary_search_by(|it| it.0.total_cmp(&number)) {
            Ok(at) => numbers.iter_mut().skip(at).take(1).for_each(|it| it.1 += count),
            Err(_) if numbers.len() == MOST_NUMBERS => self.numbers = None,
            Err(at) => numbers.insert(at, (number, count)),
        }
    }

    pub(super) fn merge(&mut self, other: &Self) -> Result<(), OtherSketch> {
        self.others.merge(&other.others)?;
        self.n_numbers += other.n_numbers;
        match &other.numbers {
            Some(numbers) => numbers.iter().for_each(|(number, count)| self.add(*number, *count)),
            None => self.numbers = None,
        }
        Ok(())
    }

    pub(super) fn narrow(&mut self, budget: usize) {
        self.others.narrow(budget);
    }

    pub(super) fn shift(&mut self, rows: u64) {
        self.others.shift(rows);
    }

    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + self.others.size() + 16 * self.numbers.as_ref().map_or(0, Vec::capacity)
    }

    /// Values that are neither null nor NaN.
    pub fn n(&self) -> u64 {
        self.others.n + self.n_numbers
    }

    /// The different numbers in increasing order, with their counts; `None` when there are too many.
    pub fn numbers(&self) -> Option<&[(f64, u64)]> {
        self.numbers.as_deref()
    }

    /// Whether all values are `true` or `false`.
    pub fn are_flags(&self) -> bool {
        self.n_numbers == 0 && self.others.is_exact() && self.others.kept().all(|it| matches!(it.value, Value::Bool(_)))
    }
}
