//! What is compared.

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
    /// Values of the reference.
    pub fn n(&self) -> u64 {
        self.counts.iter().map(|it| it.1).sum()
    }

    /// Values of the current side.
    pub fn m(&self) -> u64 {
        self.counts.iter().map(|it| it.2).sum()
    }
}
