//! The weights of the limit laws of squared gaps where values are equal.
//!
//! Under no drift the gap between two empirical distribution functions, at the places where groups of equal values
//! begin and end, is a Brownian bridge at the shares of values below; squares of it, with weights, add up to a sum of
//! chi-square numbers whose weights are the eigenvalues of the bridge's covariance between these places. Without ties
//! they are those of the well-known laws. Places are taken together where there are too many.

use super::eigen::symmetric;

/// A place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// The share of all values that it stands for.
    pub share: f64,
    /// The share of values below.
    pub at: f64,
    /// By how much the variance there is smaller than a bridge's, `at (1 - at)`.
    pub less: f64,
}

impl Place {
    fn variance(&self) -> f64 {
        self.at * (1.0 - self.at) - self.less
    }
}

/// A place stands for this share at least, but for the last of a run.
const SHARE: f64 = 1.0 / 32.0;

/// Below this share a group of ties does not show.
pub const VISIBLE: f64 = 0.01;

/// The weights of the law of `sum share * gap^2`, over the variance of the gap where `levelled`.
pub fn weights(places: &[Place], levelled: bool) -> Vec<f64> {
    let mut few: Vec<Place> = Vec::new();
    for it in places {
        match few.last_mut() {
            Some(last) if last.share < SHARE && it.share < SHARE => {
                let share = last.share + it.share;
                let mean = |a: f64, b: f64| (a * last.share + b * it.share) / share;
                *last = Place { share, at: mean(last.at, it.at), less: mean(last.less, it.less) };
            }
            _ => few.push(*it),
        }
    }
    few.retain(|it| it.variance() > 0.0);
    let weight = |it: &Place| if levelled { it.share / it.variance() } else { it.share };
    let covariance = |a: &Place, b: &Place| {
        if std::ptr::eq(a, b) { a.variance() } else { a.at.min(b.at) * (1.0 - a.at.max(b.at)) }
    };
    let cells = few.iter().flat_map(|a| few.iter().map(move |b| (weight(a) * weight(b)).sqrt() * covariance(a, b)));
    let mut values = symmetric(cells.collect(), few.len()).0;
    values.retain(|it| *it > 1e-12);
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::law::quadratic;

    #[test]
    fn one_place_is_a_chi_square_number() {
        let flag = Place { share: 0.5, at: 0.9, less: 0.0 };
        let found = weights(&[flag], false);
        assert!(found.len() == 1 && (found.iter().sum::<f64>() - 0.045).abs() < 1e-15);
        // Two groups of ties, one and the same gap: together it weighs 1.
        let groups = [Place { share: 0.9, at: 0.45, less: 0.225 }, Place { share: 0.1, at: 0.95, less: 0.025 }];
        let found = weights(&groups, true);
        assert!(found.len() == 1 && (found.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn many_small_places_make_the_law_without_ties() {
        let n = 1000;
        let place = |k: i32| Place { share: 1.0 / f64::from(n), at: (f64::from(k) + 0.5) / f64::from(n), less: 0.0 };
        let places: Vec<_> = (0..n).map(place).collect();
        for (levelled, level, x) in
            [(false, 0.05, 0.46136), (false, 0.01, 0.74346), (true, 0.05, 2.4924), (true, 0.01, 3.878)]
        {
            let p = quadratic::listed(x, 1.0, &weights(&places, levelled)).p;
            assert!((p / level - 1.0).abs() < 0.01, "{levelled} {level}: {p}");
        }
    }
}
