//! What the classifier sees of records: made of both windows together, without a look at which record is of which.

use std::collections::BTreeMap;

use driftline_plugin_statistics::Pair;

use crate::rows::{BUCKETS, Row};

/// Products of numbers are taken of so many numbers at most.
const MOST_CROSSED: usize = 8;
/// So many of the most frequent categories of a field are told apart.
const MOST_CATEGORIES: usize = 50;

/// Sparse rows of features, each with the fields that it is of.
#[derive(Debug, Default)]
pub struct Features {
    /// Of each row the features that are not 0, with their values.
    pub rows: Vec<Vec<(u32, f64)>>,
    /// Of each feature one field, or two of which it is the product.
    pub fields: Vec<(usize, usize)>,
}

impl Features {
    /// The features of rows. Fields are counted through numbers, categories and texts.
    pub fn new(pairs: &[Pair<Row>]) -> Features {
        let mut features = Features { rows: vec![Vec::new(); pairs.len()], fields: Vec::new() };
        let Some(first) = pairs.first() else { return features };
        let (numbers, categories) = (first.row.numbers.len(), first.row.categories.len());
        let mut linear = Vec::new();
        for at in 0..numbers {
            linear.push(features.number(at, pairs, |it| it.numbers.get(at).copied().flatten()));
        }
        if numbers <= MOST_CROSSED {
            for (i, j) in (0..numbers).flat_map(|j| (0..j).map(move |i| (i, j))) {
                features.product((i, j), &linear[i], &linear[j]);
            }
        }
        for at in 0..categories {
            features.category(numbers + at, pairs, |it| it.categories.get(at).and_then(Option::as_deref));
        }
        for at in 0..first.row.texts.len() {
            let field = numbers + categories + at;
            let text = |it: &Row| it.texts.get(at).cloned().flatten();
            features.number(field, pairs, |it| text(it).map(|it| f64::from(it.length)));
            let start = features.fields.len() as u32;
            features.fields.extend(std::iter::repeat_n((field, field), usize::from(BUCKETS)));
            for (row, pair) in features.rows.iter_mut().zip(pairs) {
                let Some(text) = text(&pair.row) else { continue };
                let weight = 1.0 / (text.buckets.len().max(1) as f64).sqrt();
                let known = text.buckets.iter().filter(|it| **it < BUCKETS);
                row.extend(known.map(|it| (start + u32::from(*it), weight)));
            }
        }
        features
    }

    /// A number by its rank, which neither unit nor outliers change: level, spread, and whether it is there.
    /// Gives the level of each row.
    fn number(&mut self, field: usize, pairs: &[Pair<Row>], value: impl Fn(&Row) -> Option<f64>) -> Vec<f64> {
        let values: Vec<Option<f64>> = pairs.iter().map(|it| value(&it.row)).collect();
        self.absent(field, &values);
        let mut order: Vec<(f64, usize)> =
            values.iter().enumerate().filter_map(|(row, it)| it.map(|it| (it, row))).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        let weight = |row: usize| (pairs[row].reference + pairs[row].current) as f64;
        let all: f64 = order.iter().map(|it| weight(it.1)).sum();
        let mut levels = vec![0.0; pairs.len()];
        if order.first().map(|it| it.0) == order.last().map(|it| it.0) {
            return levels;
        }
        let (level, spread) = (self.feature((field, field)), self.feature((field, field)));
        let mut below = 0.0;
        for group in order.chunk_by(|a, b| a.0 == b.0) {
            let here: f64 = group.iter().map(|it| weight(it.1)).sum();
            let rank = (below + here / 2.0) / all;
            below += here;
            // Legendre's polynomials: unrelated, and of variance 1, where ranks are even.
            let first = 3_f64.sqrt() * (2.0 * rank - 1.0);
            let second = 5_f64.sqrt() * (6.0 * rank * (rank - 1.0) + 1.0);
            for (_, row) in group {
                levels[*row] = first;
                self.rows[*row].extend([(level, first), (spread, second)]);
            }
        }
        levels
    }

    /// What changes where numbers go together otherwise than before.
    fn product(&mut self, fields: (usize, usize), a: &[f64], b: &[f64]) {
        let feature = self.feature(fields);
        for (row, (a, b)) in self.rows.iter_mut().zip(a.iter().zip(b)) {
            if a * b != 0.0 {
                row.push((feature, a * b));
            }
        }
    }

    fn category<'p>(&mut self, field: usize, pairs: &'p [Pair<Row>], value: impl Fn(&'p Row) -> Option<&'p str>) {
        let values: Vec<Option<&str>> = pairs.iter().map(|it| value(&it.row)).collect();
        self.absent(field, &values);
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for (value, pair) in values.iter().zip(pairs) {
            if let Some(value) = value {
                *counts.entry(value).or_default() += pair.reference + pair.current;
            }
        }
        let mut ranked: Vec<_> = counts.into_iter().collect();
        ranked.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        ranked.truncate(MOST_CATEGORIES);
        let known: BTreeMap<&str, u32> = ranked.iter().map(|it| (it.0, self.feature((field, field)))).collect();
        for (row, value) in self.rows.iter_mut().zip(values) {
            if let Some(feature) = value.and_then(|it| known.get(it)) {
                row.push((*feature, 1.0));
            }
        }
    }

    /// A feature for rows without a value, if there are any.
    fn absent<T>(&mut self, field: usize, values: &[Option<T>]) {
        if values.iter().any(Option::is_none) {
            let feature = self.feature((field, field));
            for (row, _) in self.rows.iter_mut().zip(values).filter(|it| it.1.is_none()) {
                row.push((feature, 1.0));
            }
        }
    }

    fn feature(&mut self, fields: (usize, usize)) -> u32 {
        self.fields.push(fields);
        self.fields.len() as u32 - 1
    }
}
