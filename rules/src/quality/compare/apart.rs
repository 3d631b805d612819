//! Figures of different records beside each other, by what is known of how chance moves each.

use super::shares::Unmatched;
use super::{Difference, Law};
use crate::quality::figure::{Figure, Spread};

/// The difference of a figure and another that was measured on other records, of which the first is told by its `n`
/// records. Shares are compared by Newcombe's interval (1998), others by their standard errors: of means it is Welch's test
/// (1947), else the normal law's approximation. A baseline without a spread is taken as known exactly. `None`: how
/// chance moves the candidate is not known.
pub fn apart(candidate: &Figure, baseline: &Figure, n: u64, is_loss: bool) -> Option<Difference> {
    let higher = candidate.value - baseline.value;
    let gain = if is_loss { -higher } else { higher };
    let law = match (candidate.spread?, baseline.spread) {
        (Spread::Share(n), Some(Spread::Share(m))) => shares((candidate.value, n), (baseline.value, m), is_loss),
        (Spread::Share(n), None) => shares((candidate.value, n), (baseline.value, f64::INFINITY), is_loss),
        (spread, other) => {
            let (a, b) = (spread.of(candidate.value).powi(2), other.map_or(0.0, |it| it.of(baseline.value)).powi(2));
            let df = |of: Option<Spread>| match of {
                Some(Spread::Error { df, .. }) => df,
                _ => f64::INFINITY,
            };
            let welch = (a + b).powi(2) / (a * a / df(Some(spread)) + b * b / df(other));
            if a + b == 0.0 && gain == 0.0 {
                let scale = if is_loss { candidate.value.abs() } else { 1.0 };
                Law::Still { n: n as f64, scale: scale.max(f64::MIN_POSITIVE) }
            } else {
                Law::Error { error: (a + b).sqrt(), df: if welch.is_nan() { f64::INFINITY } else { welch } }
            }
        }
    };
    Some(Difference { candidate: candidate.value, baseline: baseline.value, gain, law })
}

/// A share that should be low is compared by what it leaves of 1.
fn shares(candidate: (f64, f64), baseline: (f64, f64), is_loss: bool) -> Law {
    let side = |(share, n): (f64, f64)| (if is_loss { 1.0 - share } else { share }, n);
    Law::Unmatched(Unmatched { candidate: side(candidate), baseline: side(baseline) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(value: f64, error: f64, n: f64) -> Figure {
        Figure { value, interval: None, spread: Some(Spread::Error { error, df: n - 1.0 }) }
    }

    fn share(value: f64, n: f64) -> Figure {
        Figure { value, interval: None, spread: Some(Spread::Share(n)) }
    }

    #[test]
    fn shares_are_compared_as_newcombe_does() {
        // Newcombe (1998), table II (a): 56 of 70 against 48 of 80, method 10: 0.0524 to 0.3339.
        let it = apart(&share(0.8, 70.0), &share(0.6, 80.0), 70, false).unwrap();
        let (low, high) = it.evidence(0.0, 0.025).bounds;
        assert!((low - 0.0524).abs() < 5e-5 && (high - 0.3339).abs() < 5e-5, "{low} {high}");
        let other = apart(&share(0.2, 70.0), &share(0.4, 80.0), 70, true).unwrap();
        assert!((other.gain - 0.2).abs() < 1e-12 && (other.evidence(0.0, 0.025).bounds.0 - low).abs() < 1e-12);
    }

    #[test]
    fn means_are_compared_as_welch_does() {
        // scipy.stats.ttest_ind_from_stats(3.2, 1.5, 40, 2.7, 0.9, 25, equal_var=False): t 1.679309, p 0.098050.
        let (a, b) = (mean(3.2, 1.5 / 40_f64.sqrt(), 40.0), mean(2.7, 0.9 / 5.0, 25.0));
        let it = apart(&a, &b, 40, true).unwrap().evidence(0.0, 0.05);
        assert!((2.0 * it.p_worse - 0.098_050_266).abs() < 1e-8, "{}", it.p_worse);
        assert!((it.p_worse + it.p_better - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_never_varies_is_no_proof_of_much() {
        let perfect = Figure { value: 1.0, interval: None, spread: Spread::error(0.0) };
        let it = apart(&perfect, &perfect, 50, false).unwrap();
        assert!(it.p_below(-0.01) > 0.5 && it.evidence(0.1, 0.05).p_not_worse < 0.01);
        assert!(apart(&Figure { spread: None, ..perfect }, &perfect, 50, false).is_none());
        // Against a number that is known exactly.
        let it = apart(&share(0.9, 100.0), &Figure { value: 0.95, interval: None, spread: None }, 100, false).unwrap();
        assert!(it.p_below(0.0) < 0.05 && it.p_below(-0.05) > 0.4);
    }
}
