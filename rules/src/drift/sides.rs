//! What is compared.

use std::borrow::Cow;
use std::cmp::Ordering;

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
        let mut all: Vec<f64> = values.iter().copied().filter(|it| !it.is_nan()).map(|it| it + 0.0).collect();
        all.sort_unstable_by(f64::total_cmp);
        let mut sorted: Vec<(f64, u64)> = Vec::with_capacity(all.len());
        for it in all {
            match sorted.last_mut() {
                Some((last, count)) if *last == it => *count += 1,
                _ => sorted.push((it, 1)),
            }
        }
        let n = sorted.iter().map(|it| it.1).sum();
        Numbers { sorted, n, error: 0.0, integers: false }
    }

    /// Without infinities.
    #[must_use]
    pub fn finite(&self) -> Self {
        let sorted: Vec<_> = self.sorted.iter().copied().filter(|it| it.0.is_finite()).collect();
        let n = sorted.iter().map(|it| it.1).sum();
        Numbers { sorted, n, ..*self }
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
