//! Confidence intervals of what is measured on a sample of records.

use statrs::distribution::{ContinuousCDF as _, Normal};

use super::confusion::Confusion;

/// Two bounds, the lower first.
pub type Interval = (f64, f64);

/// How many standard errors a two-sided interval of this confidence (between 0 and 1) reaches; `None` of other numbers.
pub fn reach(confidence: f64) -> Option<f64> {
    let is = confidence > 0.0 && confidence < 1.0;
    is.then(|| Normal::standard().inverse_cdf(f64::midpoint(1.0, confidence)))
}

/// Wilson's interval (1927) of a share of `n` records, for `z` standard errors. `None` of no records.
pub fn wilson(share: f64, n: f64, z: f64) -> Option<Interval> {
    if n <= 0.0 {
        return None;
    }
    let spread = z * z / n;
    let middle = (share + spread / 2.0) / (1.0 + spread);
    let half = z * (share * (1.0 - share) / n + spread / n / 4.0).sqrt() / (1.0 + spread);
    Some(((middle - half).max(0.0), (middle + half).min(1.0)))
}

/// The interval of a number with this standard error; `None` where that is not known.
pub fn normal(value: f64, error: f64, z: f64) -> Option<Interval> {
    error.is_finite().then_some((value - z * error, value + z * error))
}

/// The standard error of a number that follows from the counts of a confusion matrix, by the infinitesimal jackknife
/// (Efron 1982): what a record more or less in each cell would change. `None` where it is undefined.
pub fn jackknife(confusion: &Confusion, of: impl Fn(&Confusion) -> Option<f64>) -> Option<f64> {
    let variance: f64 = slopes(confusion, of)?.iter().map(|(_, count, slope)| count * slope.powi(2)).sum();
    Some(variance.sqrt()).filter(|it| it.is_finite())
}

/// Of a cell of the matrix: its place, its count, and what a record more in it adds to the number, less what a record
/// adds on average.
pub(super) type Slope = ((usize, usize), f64, f64);

/// The slopes of all cells, in order. `None` where the number is undefined.
pub(super) fn slopes(confusion: &Confusion, of: impl Fn(&Confusion) -> Option<f64>) -> Option<Vec<Slope>> {
    let n = confusion.n();
    let cells: Vec<_> = confusion.cells().collect();
    // Small against a record, so that the difference is a derivative, and large against rounding.
    let step = 1e-4;
    let mut near = confusion.clone();
    let mut slopes = Vec::with_capacity(cells.len());
    for (at, count) in cells {
        near.put(at, count + step);
        let more = of(&near)?;
        near.put(at, count - step);
        let less = of(&near)?;
        near.put(at, count);
        slopes.push((at, count, (more - less) / (2.0 * step)));
    }
    let mean = slopes.iter().map(|(_, count, slope)| count * slope).sum::<f64>() / n;
    for it in &mut slopes {
        it.2 -= mean;
    }
    Some(slopes)
}
