//! What is compared.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::records::Records;
use super::{ecdf, sort};

/// Reference and current side.
#[derive(Clone, Debug)]
pub enum Sides {
    /// Numbers.
    Numbers(Numbers, Numbers),
    /// Counts of the same categories on both sides.
    Categories(Categories),
    /// Vectors, all of one length.
    Vectors(Vec<Vec<f64>>, Vec<Vec<f64>>),
    /// Texts.
    Texts(Vec<String>, Vec<String>),
    /// Records over the same fields.
    Records(Records, Records),
    /// Missing values among all values.
    Missing(Share, Share),
}

/// Some of all values of a side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How many are meant.
    pub count: u64,
    /// How many there are in all; not fewer.
    pub of: u64,
}

/// The numbers of a side.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    /// In increasing order, each with its count, infinities included; never NaN.
    pub sorted: Vec<(f64, u64)>,
    /// The sum of the counts.
    pub n: u64,
    /// How far each number may lie from the true one, relative to it: that of the sketch, 0 for the numbers themselves.
    pub error: f64,
    /// Whether all of them are integers by type, which some binning rules ask about.
    pub integers: bool,
}

/// Counts of categories.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Categories {
    /// Each category with its count in the reference and on the current side, in the order of the categories as
    /// the data have it (numbers by value, texts by code point).
    pub counts: Vec<(String, u64, u64)>,
    /// Whether the counts are exact, and all categories are there.
    pub exact: bool,
}

impl Numbers {
    /// The numbers of a sample; NaN is left out.
    pub fn of(values: &[f64]) -> Self {
        let mut sorted: Vec<(f64, u64)> = Vec::with_capacity(values.len());
        for it in sort::sorted(values) {
            match sorted.last_mut() {
                Some((last, count)) if *last == it => *count += 1,
                _ => sorted.push((it, 1)),
            }
        }
        let n = sorted.iter().map(|it| it.1).sum();
        Numbers { sorted, n, error: 0.0, integers: false }
    }

    /// Both samples in one.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let mut sorted = Vec::with_capacity(self.sorted.len() + other.sorted.len());
        ecdf::walk(self, other, |it| sorted.push((it.value, it.here[0] + it.here[1])));
        Numbers {
            sorted,
            n: self.n + other.n,
            error: self.error.max(other.error),
            integers: self.integers && other.integers,
        }
    }

    /// The quantiles at `shares`, on the line between the two nearest numbers: type 7 of R. J. Hyndman and Y. Fan
    /// (1996), what numpy calls `linear`. `None` of no numbers, or of a share outside 0 to 1.
    pub fn quantiles(&self, shares: &[f64]) -> Option<Vec<f64>> {
        let place = |share: f64| (0.0..=1.0).contains(&share).then(|| (self.n.saturating_sub(1)) as f64 * share);
        let places: Vec<f64> = shares.iter().map(|it| place(*it)).collect::<Option<_>>()?;
        let ends = places.iter().flat_map(|it| [it.floor() as u64, it.ceil() as u64]).collect::<Vec<_>>();
        let values = self.at_ranks(&ends)?;
        let between = |(pair, place): (&[f64], &f64)| match pair {
            [low, high] if low == high => *low,
            [low, high] => low + (high - low) * place.fract(),
            _ => f64::NAN,
        };
        Some(values.chunks_exact(2).zip(&places).map(between).collect())
    }

    /// The smallest numbers at which the distribution function reaches `shares`: type 1, numpy's `inverted_cdf`.
    pub fn inverted(&self, shares: &[f64]) -> Option<Vec<f64>> {
        let rank =
            |share: f64| (0.0..=1.0).contains(&share).then(|| ((self.n as f64 * share).ceil() as u64).max(1) - 1);
        self.at_ranks(&shares.iter().map(|it| rank(*it)).collect::<Option<Vec<_>>>()?)
    }

    /// The numbers at `ranks`, counted from 0 in increasing order, in one pass.
    pub(crate) fn at_ranks(&self, ranks: &[u64]) -> Option<Vec<f64>> {
        let mut order: Vec<usize> = (0..ranks.len()).collect();
        order.sort_by_key(|it| ranks.get(*it));
        let mut found = vec![f64::NAN; ranks.len()];
        let mut numbers = self.sorted.iter();
        let (mut value, mut before) = (f64::NAN, 0);
        for place in order {
            let rank = *ranks.get(place)?;
            while before <= rank {
                let (next, count) = numbers.next()?;
                value = *next;
                before += count;
            }
            *found.get_mut(place)? = value;
        }
        Some(found)
    }

    /// Without infinities.
    #[must_use]
    pub fn finite(&self) -> Self {
        let sorted: Vec<_> = self.sorted.iter().copied().filter(|it| it.0.is_finite()).collect();
        let n = sorted.iter().map(|it| it.1).sum();
        Numbers { sorted, n, ..*self }
    }
}

impl Sides {
    /// The numbers of both sides, of which each has one at least.
    pub(crate) fn numbers(&self) -> Result<(&Numbers, &Numbers), String> {
        let Sides::Numbers(reference, current) = self else { return Err("this test compares numbers".to_owned()) };
        match (reference.n, current.n) {
            (0, _) => Err("the reference has no value to compare".to_owned()),
            (_, 0) => Err("there is no current value to compare".to_owned()),
            _ => Ok((reference, current)),
        }
    }
}

impl Categories {
    /// The categories of two samples of numbers: each different number is one.
    pub fn of_numbers(reference: &Numbers, current: &Numbers) -> Self {
        let (mut left, mut right) = (reference.sorted.iter().peekable(), current.sorted.iter().peekable());
        let mut counts = Vec::new();
        loop {
            let order = match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some(a), Some(b)) => a.0.total_cmp(&b.0),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
            };
            let a = left.next_if(|_| order.is_le());
            let b = right.next_if(|_| order.is_ge());
            if let Some((value, _)) = a.or(b) {
                counts.push((value.to_string(), a.map_or(0, |it| it.1), b.map_or(0, |it| it.1)));
            }
        }
        Categories { counts, exact: reference.error == 0.0 && current.error == 0.0 }
    }

    /// The counts alone.
    pub fn pairs(&self) -> Vec<(u64, u64)> {
        self.counts.iter().map(|it| (it.1, it.2)).collect()
    }

    /// Values of the reference.
    pub fn n(&self) -> u64 {
        self.counts.iter().map(|it| it.1).fold(0, u64::saturating_add)
    }

    /// Values of the current side.
    pub fn m(&self) -> u64 {
        self.counts.iter().map(|it| it.2).fold(0, u64::saturating_add)
    }
}

impl Sides {
    /// Counts of categories, for the tests that take them: numbers are counted by value.
    pub fn categories(&self) -> Result<Cow<'_, Categories>, String> {
        match self {
            Sides::Categories(it) => Ok(Cow::Borrowed(it)),
            Sides::Numbers(reference, current) => Ok(Cow::Owned(Categories::of_numbers(reference, current))),
            _ => Err("this test compares categories".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_numpy() {
        let it = Numbers::of(&[1.0, 2.0, 1.0, 9.0, 1.0, 2.0]);
        let shares = [0.9, 0.0, 0.5, 0.99, 1.0];
        assert_eq!(it.quantiles(&shares), Some(vec![5.5, 1.0, 1.5, 8.650_000_000_000_002, 9.0]));
        assert_eq!(it.inverted(&shares), Some(vec![9.0, 1.0, 1.0, 9.0, 9.0]));
        assert_eq!((it.quantiles(&[1.1]), Numbers::default().quantiles(&[0.5])), (None, None));
        assert_eq!(Numbers::of(&[3.0, f64::INFINITY, f64::INFINITY]).quantiles(&[0.75]), Some(vec![f64::INFINITY]));
    }

    #[test]
    fn both_in_one_is_what_all_values_make() {
        let (a, b) = ([2.0, f64::NEG_INFINITY, -0.0, 2.0], [0.0, 7.0, f64::INFINITY]);
        assert_eq!(Numbers::of(&a).plus(&Numbers::of(&b)), Numbers::of(&[a.as_slice(), &b].concat()));
        assert_eq!(Numbers::of(&a).plus(&Numbers::default()), Numbers::of(&a));
    }
}
