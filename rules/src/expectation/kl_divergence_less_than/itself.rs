//! Without a partition the values are compared with themselves, as GX does to report a partition.

use super::layout::Layout;
use super::{KlDivergence, refuse, refuse_nan};
use crate::expectation::kolmogorov::sorted;
use crate::expectation::partition::Compared;
use crate::kind::View;
use crate::report::Judgement;
use crate::sketch::{Counts, Interpolation, Values};
use crate::value::Value;

/// More bins than this are an error: a few values far out would ask for any number of them.
const MOST_BINS: f64 = 100_000.0;

/// Numbers, in bins that are found as GX finds them: the more of Sturges and of Freedman and Diaconis.
pub fn by_bin(rule: &KlDivergence, view: &View, values: &Values) -> Result<Judgement, Judgement> {
    refuse(view, &values.numbers)?;
    let n = values.numbers.n;
    let quartiles = values.quantiles(&[0.0, 0.25, 0.75, 1.0], Interpolation::Nearest);
    let &[Some(min), Some(low), Some(high), Some(max)] = quartiles.as_slice() else {
        return Ok(rule.concluded(view, n, f64::NAN));
    };
    if !(min.is_finite() && max.is_finite() && max > min) {
        return Err(Judgement::error("no bins can be laid between the smallest and the largest value"));
    }
    let count = n_bins(n as f64, high - low, max - min);
    if !(1.0..=MOST_BINS).contains(&count) {
        return Err(Judgement::error(format!("{count} bins would be needed")));
    }
    let step = (max - min) / count;
    let mut edges: Vec<f64> = (0..count as u64).map(|it| min + it as f64 * step).collect();
    edges.push(max);
    if edges.iter().zip(edges.iter().skip(1)).any(|(a, b)| a >= b) {
        return Err(Judgement::error("the bins would be narrower than the numbers are precise"));
    }
    let mut weights = vec![0.0; edges.len() - 1];
    let last = weights.len() - 1;
    for (value, count) in sorted(values) {
        let at = edges.partition_point(|edge| *edge <= value).saturating_sub(1).min(last);
        if let Some(it) = weights.get_mut(at) {
            *it += count as f64;
        }
    }
    for it in &mut weights {
        *it /= n as f64;
    }
    let rest = (1.0 - weights.iter().sum::<f64>()) / 2.0;
    let edges: Vec<Value> = edges.into_iter().map(Value::Num).collect();
    let (layout, expected) = (Layout::finite([rest; 2]), (weights.as_slice(), [rest; 2]));
    let judgement = rule.laid_out(view, &layout, &edges, (&weights, [0.0; 2]), expected, n);
    Ok(judgement.within(values.error_bound()))
}

fn n_bins(n: f64, between_quartiles: f64, range: f64) -> f64 {
    let sturges = (n + 1.0).log2().ceil();
    if between_quartiles < 1e-10 {
        return sturges;
    }
    let width = 2.0 * between_quartiles / n.cbrt();
    sturges.max((range / width).ceil())
}

/// Values as they are.
pub fn by_value(rule: &KlDivergence, view: &View, counts: &Counts) -> Result<Judgement, Judgement> {
    refuse_nan(view, counts.nan)?;
    let none = super::Categorical::default();
    let Ok(Compared { values, counts: found, .. }) = none.compare(counts, 0.0) else {
        return Err(Judgement::error("there are more distinct values than were kept"));
    };
    let weights = found.iter().map(|it| it / counts.n as f64).collect();
    Ok(rule.compared(view, &Compared { values, counts: found, weights }, counts.n))
}
