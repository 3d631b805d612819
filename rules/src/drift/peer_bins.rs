//! Bins by the rules of other libraries.

use super::bins::{Bin, Binned, OTHER, Style, by_category, counted};
use super::sides::{Categories, Numbers};

/// Evidently 0.7: equal widths by Sturges' rule over both sides where the reference has more than 20 different values,
/// else a bin for each value of both.
pub(super) fn evidently(
    reference: &Numbers,
    current: &Numbers,
    dtype: Option<bool>,
    style: Style,
) -> Result<Binned, String> {
    if style == Style::Values && reference.sorted.len() <= 20 {
        let mut binned = by_category(&Categories::of_numbers(reference, current));
        for bin in &mut binned.bins {
            bin.edges = bin.label.parse().ok().map(|it| (it, it));
        }
        return Ok(binned);
    }
    let (low, high) = range(&[reference, current])?;
    let n = match style {
        Style::Values => reference.n as f64 + current.n as f64,
        Style::Distinct => Categories::of_numbers(reference, current).counts.len() as f64,
    };
    let width = (high - low) / (n.log2() + 1.0);
    let edges = equal_widths(low, high, width, dtype.unwrap_or(reference.integers && current.integers))?;
    Ok(closed(reference, current, &edges))
}

/// `NannyML` 0.13: by the reference alone, equal widths by D. P. Doane's rule (1976) as numpy has it for floats, which
/// integers are there; all that lies outside is one more bin.
pub(super) fn nannyml(reference: &Numbers, current: &Numbers, dtype: Option<bool>) -> Result<Binned, String> {
    let integers = dtype.unwrap_or(false);
    let binned = closed(reference, current, &doane(reference, integers)?);
    // What lies outside is empty in the reference by itself: significance is asked of bins over all values.
    let all = reference.plus(current);
    let fair = doane(&all, integers).ok().map(|edges| closed(reference, current, &edges).pairs());
    Ok(Binned { tested: fair, ..binned })
}

/// Edges by Doane's rule.
fn doane(of_all: &Numbers, integers: bool) -> Result<Vec<f64>, String> {
    let (low, high) = range(&[of_all])?;
    let n = of_all.n as f64;
    let mean_of = |of: &dyn Fn(f64) -> f64| of_all.sorted.iter().map(|it| of(it.0) * it.1 as f64).sum::<f64>() / n;
    let mean = mean_of(&|it| it);
    let deviation = mean_of(&|it| (it - mean).powi(2)).sqrt();
    let width = if n > 2.0 && deviation > 0.0 {
        let skewness = mean_of(&|it| ((it - mean) / deviation).powi(3));
        let spread = (6.0 * (n - 2.0) / ((n + 1.0) * (n + 3.0))).sqrt();
        (high - low) / (1.0 + n.log2() + (1.0 + skewness.abs() / spread).log2())
    } else {
        0.0
    };
    equal_widths(low, high, width, integers)
}

fn range(sides: &[&Numbers]) -> Result<(f64, f64), String> {
    let ends = || sides.iter().filter_map(|it| Some((it.sorted.first()?.0, it.sorted.last()?.0)));
    let low = ends().map(|it| it.0).fold(f64::INFINITY, f64::min);
    let high = ends().map(|it| it.1).fold(f64::NEG_INFINITY, f64::max);
    if low > high {
        return Err("there is no value".to_owned());
    }
    if !(high - low).is_finite() {
        return Err(format!("values from {low} to {high} have no bins of equal width: drop infinite ones"));
    }
    Ok((low, high))
}

/// Edges as `numpy.histogram_bin_edges` has them for a width that a rule proposes.
fn equal_widths(low: f64, high: f64, width: f64, integers: bool) -> Result<Vec<f64>, String> {
    let (first, last) = if low == high { (low - 0.5, high + 0.5) } else { (low, high) };
    let width = if integers && width > 0.0 { width.max(1.0) } else { width };
    let n = if width > 0.0 { ((last - first) / width).ceil() } else { 1.0 };
    // The rules give about the logarithm of the number of values.
    if !(1.0..=100_000.0).contains(&n) {
        return Err(format!("values from {low} to {high} cannot be cut into {n} bins"));
    }
    let step = (last - first) / n;
    let n = n as usize;
    let place = |k: usize| if step == 0.0 { k as f64 / n as f64 * (last - first) } else { k as f64 * step };
    Ok((0..=n).map(|k| if k == n { last } else { place(k) + first }).collect())
}

/// Bins between edges, each with its lower edge and the last with both; all that lies outside is one more bin, if there
/// is any.
fn closed(reference: &Numbers, current: &Numbers, edges: &[f64]) -> Binned {
    let n_bins = edges.len().saturating_sub(1);
    let (first, last) = (edges.first().copied().unwrap_or(f64::NAN), edges.last().copied().unwrap_or(f64::NAN));
    let inner = edges.get(1..n_bins).unwrap_or_default();
    let place = |it: f64| if it < first || it > last { n_bins } else { inner.partition_point(|edge| *edge <= it) };
    let (a, b) = (counted(reference, n_bins + 1, place), counted(current, n_bins + 1, place));
    let bins = a.0.into_iter().zip(b.0).enumerate().map(|(at, (reference, current))| {
        let ends = edges.get(at).copied().zip(edges.get(at + 1).copied());
        let label = match ends {
            None => OTHER.to_owned(),
            Some((low, high)) if at + 1 == n_bins => format!("[{low}, {high}]"),
            Some((low, high)) => format!("[{low}, {high})"),
        };
        Bin { label, edges: ends, reference, current }
    });
    let mut bins: Vec<Bin> = bins.collect();
    bins.retain(|it| it.edges.is_some() || it.reference > 0 || it.current > 0);
    let exact = reference.error == 0.0 && current.error == 0.0;
    Binned { bins, uncertain: (a.1, b.1), exact, tested: None }
}
