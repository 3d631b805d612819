//! A classifier that is to tell two sides apart: what it cannot is no drift.

use super::chance::Chance;
use super::law::Tail;
use super::law::chi_square::normal_upper_tail;

/// A row's features that are not 0.
pub type Features = Vec<(u32, f64)>;

/// How well the sides were told apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Told {
    /// The area under the ROC curve: the chance that a current row has a higher score than one of the reference.
    pub auc: f64,
    /// The probability of such an area, or a larger one, when nothing tells the sides apart.
    pub tail: Tail,
}

/// The fewest rows of a side from which something can be learnt.
pub const LEAST_ROWS: usize = 20;
/// Blocks into which rows are dealt.
const BLOCKS: usize = 5;
/// How often a model sees the rows it learns from.
const EPOCHS: usize = 12;

/// Learns to tell rows of the reference from current ones, and scores rows that the model has not seen.
///
/// Rows are dealt by chance to blocks, and each block but the first is scored by a model of those before it. When
/// nothing has changed, all orders of a block's scores are equally likely whatever was learnt before, so that the
/// Mann-Whitney statistics of the blocks add up with their variances; those of a cross-validation, where each row also
/// teaches the models of all others, do not.
pub fn tell_apart(reference: &[Features], current: &[Features], n_features: usize, seed: u64) -> Result<Told, String> {
    if reference.len().min(current.len()) < LEAST_ROWS {
        let (n, m) = (reference.len(), current.len());
        return Err(format!(
            "{n} rows of the reference and {m} current ones are too few, {LEAST_ROWS} of each are needed"
        ));
    }
    let mut chance = Chance::new(seed);
    let mut blocks: Vec<Vec<(&Features, bool)>> = vec![Vec::new(); BLOCKS];
    for (side, is_current) in [(reference, false), (current, true)] {
        let mut order: Vec<&Features> = side.iter().collect();
        let n = order.len();
        chance.shuffle(&mut order, n);
        for (features, block) in order.into_iter().zip((0..BLOCKS).cycle()) {
            if let Some(block) = blocks.get_mut(block) {
                block.push((features, is_current));
            }
        }
    }
    let mut learnt: Vec<(&Features, bool)> = Vec::new();
    let (mut ordered, mut pairs, mut variance) = (0.0, 0.0, 0.0);
    for (at, block) in blocks.into_iter().enumerate() {
        if at > 0 {
            let model = learn(&mut learnt, n_features, &mut chance);
            let scored = block.iter().map(|(features, is_current)| (model.score(features), *is_current)).collect();
            let ranked = rank(scored);
            ordered += ranked.0;
            pairs += ranked.1;
            variance += ranked.2;
        }
        learnt.extend(block);
    }
    let tail = if variance > 0.0 { normal_upper_tail((ordered - pairs / 2.0) / variance.sqrt()) } else { Tail::ONE };
    Ok(Told { auc: ordered / pairs, tail })
}

/// Logistic regression: an intercept, and a weight a feature.
struct Model {
    intercept: f64,
    weights: Vec<f64>,
}

impl Model {
    fn score(&self, features: &Features) -> f64 {
        let terms = features.iter().map(|(at, value)| self.weights.get(*at as usize).copied().unwrap_or(0.0) * value);
        self.intercept + terms.sum::<f64>()
    }
}

/// Stochastic gradient descent with a step of its own for each weight (J. Duchi, E. Hazan and Y. Singer, "Adaptive
/// subgradient methods", 2011), both sides with equal weight in all.
fn learn(rows: &mut [(&Features, bool)], n_features: usize, chance: &mut Chance) -> Model {
    let n = rows.len();
    let m = rows.iter().filter(|it| it.1).count();
    let weight = |is_current: bool| n as f64 / (2.0 * if is_current { m } else { n - m } as f64);
    let ridge = 1.0 / n as f64;
    let mut model = Model { intercept: 0.0, weights: vec![0.0; n_features] };
    let mut squares = vec![1e-8; n_features];
    let mut intercept_square = 1e-8;
    for _ in 0..EPOCHS {
        chance.shuffle(rows, n);
        for (features, is_current) in rows.iter() {
            let wrong =
                (1.0 / (1.0 + (-model.score(features)).exp()) - f64::from(u8::from(*is_current))) * weight(*is_current);
            intercept_square += wrong * wrong;
            model.intercept -= STEP * wrong / f64::sqrt(intercept_square);
            for (at, value) in *features {
                let at = *at as usize;
                if let (Some(own), Some(square)) = (model.weights.get_mut(at), squares.get_mut(at)) {
                    let slope = wrong * value + ridge * *own;
                    *square += slope * slope;
                    *own -= STEP * slope / square.sqrt();
                }
            }
        }
    }
    model
}

const STEP: f64 = 0.1;

/// Pairs in which a current row has the higher score, ties counted half; all pairs; and the variance of the first when
/// scores mean nothing (H. B. Mann and D. R. Whitney, 1947, with the correction for ties).
fn rank(mut scores: Vec<(f64, bool)>) -> (f64, f64, f64) {
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut current, mut ordered, mut ties) = (0.0, 0.0, 0.0, 0.0);
    for group in scores.chunk_by(|a, b| a.0 == b.0) {
        let m = group.iter().filter(|it| it.1).count() as f64;
        let tied = group.len() as f64;
        ordered += m * (below + (tied - m) / 2.0);
        below += tied - m;
        current += m;
        ties += tied * (tied * tied - 1.0);
    }
    let pairs: f64 = below * current;
    let all = below + current;
    let variance = if all > 1.0 { pairs / 12.0 * (all + 1.0 - ties / (all * (all - 1.0))) } else { 0.0 };
    (ordered, pairs, variance.max(0.0))
}

#[cfg(test)]
mod tests {
    use super::{rank, tell_apart};
    use crate::drift::chance::Chance;

    #[test]
    fn it_is_mann_whitney_with_ties() {
        // scipy.stats.mannwhitneyu([2, 3, 3], [1, 2, 3, 0]).statistic is 9.5.
        let current = [2.0, 3.0, 3.0].map(|it| (it, true));
        let reference = [1.0, 2.0, 3.0, 0.0].map(|it| (it, false));
        let (ordered, pairs, variance) = rank([&current[..], &reference[..]].concat());
        assert_eq!((ordered, pairs), (9.5, 12.0));
        assert!((variance - (8.0 - 30.0 / 42.0)).abs() < 1e-12);
        assert_eq!(rank(Vec::new()).1, 0.0);
    }

    #[test]
    fn chance_is_not_told_apart() {
        let mut chance = Chance::new(9);
        let mut rows = |n: usize| -> Vec<Vec<(u32, f64)>> {
            (0..n).map(|_| (0..6).map(|at| (at, chance.below(1000) as f64 / 500.0 - 1.0)).collect()).collect()
        };
        let mut alarms = 0;
        for seed in 0..150 {
            alarms += u32::from(tell_apart(&rows(40), &rows(25), 6, seed).unwrap().tail.p < 0.05);
        }
        // 5 % are 7.5, with a standard deviation of 2.7.
        assert!(alarms <= 16, "{alarms} of 150");
        assert!(tell_apart(&rows(40), &rows(5), 6, 0).is_err());
    }
}
