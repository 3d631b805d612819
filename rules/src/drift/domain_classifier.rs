//! Whether a classifier can tell the vectors of two sides apart.

use super::chance::Chance;
use super::classifier::{Features, tell_apart};
use super::rows::{Rows, both_rows};
use super::{Alarm, DriftTest, Found, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "domain_classifier",
    aliases: &["model"],
    summary: "the area under the ROC curve of a classifier that tells current vectors from those of the reference",
    takes: Takes::Vectors,
    alarm: Alarm::Distance { threshold: 0.55, closed: false },
    params: &[("sample", "1000"), ("seed", "0")],
    page: include_str!("domain_classifier.md"),
    run,
};

/// Squares are features too of so many components at most, products of so many.
const MOST_SQUARED: usize = 100;
const MOST_CROSSED: usize = 8;

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let (reference, current) = both_rows(sides)?;
    let most = params.count("sample", 1000, 20..=100_000)? as usize;
    let seed = params.count("seed", 0, 0..=u64::MAX)?;
    let rows = Rows::sampled(reference, current, most, &mut Chance::new(seed));
    let (features, n_features) = features(&rows);
    let told = tell_apart(
        features.get(..rows.n).unwrap_or_default(),
        features.get(rows.n..).unwrap_or_default(),
        n_features,
        seed,
    )?;
    Ok(Found {
        statistic: told.auc,
        p_value: Some(told.tail.p),
        ln_p_value: Some(told.tail.ln_p),
        n: reference.len() as u64,
        m: current.len() as u64,
        exact: false,
        more: [("sampled_rows", rows.rows.len() as f64)].into(),
        bins: Vec::new(),
    })
}

/// Components in standard deviations from their mean over both sides, and how they go together. What does not vary is
/// no feature.
fn features(rows: &Rows) -> (Vec<Features>, usize) {
    let all = rows.rows.len() as f64;
    let length = rows.rows.first().map_or(0, |it| it.len());
    let column = |at: usize| rows.rows.iter().filter_map(move |it| it.get(at)).copied();
    let means: Vec<f64> = (0..length).map(|at| column(at).map(|it| it / all).sum()).collect();
    let spread = |(at, mean): (usize, &f64)| (column(at).map(|it| (it - mean).powi(2)).sum::<f64>() / all).sqrt();
    let spreads: Vec<f64> = means.iter().enumerate().map(spread).collect();
    let row = |row: &&[f64]| {
        let scaled = row.iter().zip(&means).zip(&spreads).map(|((it, mean), spread)| (it - mean) / spread);
        let scaled: Vec<f64> = scaled.map(|it| if it.is_finite() { it } else { 0.0 }).collect();
        let mut found = scaled.clone();
        if length <= MOST_SQUARED {
            found.extend(scaled.iter().map(|it| (it * it - 1.0) / 2_f64.sqrt()));
        }
        if length <= MOST_CROSSED {
            for (at, a) in scaled.iter().enumerate() {
                found.extend(scaled.iter().take(at).map(|b| a * b));
            }
        }
        found
    };
    let dense: Vec<Vec<f64>> = rows.rows.iter().map(row).collect();
    let n_features = dense.first().map_or(0, Vec::len);
    let sparse = dense.into_iter().map(|it| (0..).zip(it).filter(|it| it.1 != 0.0).collect());
    (sparse.collect(), n_features)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Of<'a> = &'a dyn Fn(f64, f64) -> Vec<f64>;

    #[test]
    fn shifts_spreads_and_what_goes_together_are_told_apart() {
        let mut chance = Chance::new(6);
        let mut uniform = || chance.below(1 << 20) as f64 / f64::from(1 << 19) - 1.0;
        let mut rows = |of: Of| (0..300).map(|_| of(uniform(), uniform())).collect::<Vec<_>>();
        let plain: Of = &|a, b| vec![a, b];
        let reference = rows(plain);
        let cases: [(&str, Of, bool); 4] = [
            ("the same", plain, false),
            ("shifted", &|a, b| vec![a + 0.4, b], true),
            ("wider", &|a, b| vec![1.6 * a, b], true),
            ("together", &|a, b| vec![a, 0.5 * a + 0.8 * b], true),
        ];
        for (name, of, drifts) in cases {
            let found = run(&Sides::Vectors(reference.clone(), rows(of)), &Params::default()).unwrap();
            let alarm = found.statistic > 0.55 && found.p_value.unwrap() < 0.05;
            assert_eq!(alarm, drifts, "{name}: {found:?}");
        }
    }
}
