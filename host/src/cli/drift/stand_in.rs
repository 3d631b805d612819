//! Stands in for `driftline_rules::drift::{alarm, choose, multiplicity}`; it goes when they are there.

use driftline_rules::drift::{Alarm, DriftTest, Found, Params, Sides, TESTS, Takes};

/// For `drift::alarm::run`.
pub fn run(test: &DriftTest, sides: &Sides, params: &Params) -> Result<Found, String> {
    (test.run)(sides, params)
}

/// For `drift::alarm::drifted`.
pub fn drifted(test: &DriftTest, found: &Found, params: &Params) -> Result<bool, String> {
    Ok(match test.alarm {
        Alarm::PValue { alpha, .. } => {
            found.p_value.is_some_and(|it| it <= params.number("alpha", alpha).unwrap_or(alpha))
        }
        Alarm::Distance { threshold, closed } => {
            let at = params.number("threshold", threshold)?;
            found.statistic > at || closed && found.statistic == at
        }
    })
}

/// For `drift::choose::choose`.
pub fn choose(takes: Takes, _n: u64, _m: u64, _distinct: u64) -> Option<&'static DriftTest> {
    TESTS.iter().copied().find(|it| it.takes == takes)
}

/// For `drift::multiplicity::Correction::adjust`: Holm's p-values, else those of Benjamini and Hochberg.
pub fn adjust(holm: bool, p_values: &[f64]) -> Vec<f64> {
    let n = p_values.len();
    let mut order: Vec<(usize, f64)> = p_values.iter().copied().enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let raised = order.iter().enumerate().map(|(rank, (at, p))| {
        let by = if holm { (n - rank) as f64 } else { n as f64 / (rank + 1) as f64 };
        (*at, (p * by).min(1.0))
    });
    let raised: Vec<(usize, f64)> = raised.collect();
    let mut out = vec![1.0; n];
    let mut set = |(at, p): (usize, f64)| {
        if let Some(it) = out.get_mut(at) {
            *it = p;
        }
        p
    };
    if holm {
        raised.into_iter().fold(0.0, |least: f64, (at, p)| set((at, least.max(p))));
    } else {
        raised.into_iter().rev().fold(1.0, |most: f64, (at, p)| set((at, most.min(p))));
    }
    out
}
