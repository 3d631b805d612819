//! Where the tails of a partition are: outside of its bins, or in bins that reach to infinity.

use super::super::partition::Continuous;

/// Which ends are infinite, and what is expected outside the bins.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    left: bool,
    right: bool,
    /// The expected weights below and above the bins; of an infinite end it is not used.
    pub tails: [f64; 2],
}

/// Weights, cut into tails and the rest.
#[derive(Clone, Debug)]
pub struct Cut<'w> {
    /// All together, the tails at the ends.
    pub all: Vec<f64>,
    /// The bins that are no tail.
    pub inner: &'w [f64],
    /// The lower and the upper tail.
    pub tails: [f64; 2],
}

impl Layout {
    /// A layout without infinite ends and with these weights outside.
    pub const fn finite(tails: [f64; 2]) -> Self {
        Layout { left: false, right: false, tails }
    }

    /// The layout of a partition with this weight held out for the tails.
    pub fn new(it: &Continuous, holdout: f64) -> Result<Self, String> {
        let left = it.edges.first() == Some(&f64::NEG_INFINITY);
        let right = it.edges.last() == Some(&f64::INFINITY);
        if holdout != 0.0 && it.tails.is_some() {
            return Err("`tail_weight_holdout` must be 0 when the partition has `tail_weights`".to_owned());
        }
        if left && right && holdout > 0.0 {
            return Err("`tail_weight_holdout` means nothing when both ends of the partition are infinite".to_owned());
        }
        if (left || right) && it.tails.is_some() {
            return Err("a partition with an infinite end has no `tail_weights`".to_owned());
        }
        let tails = match it.tails {
            Some(tails) => tails,
            None if left || right => [holdout; 2],
            None => [holdout / 2.0; 2],
        };
        Ok(Layout { left, right, tails })
    }

    /// The edges of the bins that are no tail.
    pub fn inner<'v, T>(&self, edges: &'v [T]) -> &'v [T] {
        trim(edges, self.left, self.right)
    }

    /// Cuts the weights of the bins and of what lies below and above them.
    pub fn cut<'w>(&self, weights: &'w [f64], [below, above]: [f64; 2]) -> Cut<'w> {
        let first = weights.first().copied().unwrap_or(0.0);
        let last = weights.last().copied().unwrap_or(0.0);
        let before = (!self.left).then_some(below);
        let after = (!self.right).then_some(above);
        Cut {
            all: before.into_iter().chain(weights.iter().copied()).chain(after).collect(),
            inner: trim(weights, self.left, self.right),
            tails: [before.unwrap_or(first), after.unwrap_or(last)],
        }
    }
}

fn trim<T>(all: &[T], left: bool, right: bool) -> &[T] {
    let all = if left { all.get(1..).unwrap_or_default() } else { all };
    if right { all.split_last().map_or(&[], |it| it.1) } else { all }
}
