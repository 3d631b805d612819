//! When an alarm of a distance is more than chance.

use super::{Alarm, DriftTest, Found, Params};

/// The level at which a distance must be significant where the author names none.
pub const ALPHA: f64 = 0.05;

/// The p-value that an alarm goes by, unless the author wrote the whole rule as `drift_if`: the largest of that of the
/// test; of `p_value_high`, where a sketch leaves it open; and of `p_value_calibrated`, which tests have whose own law
/// is a limit that small, sparse, tied or skewed samples are far from. `None` where the test has none.
pub fn p_value(found: &Found, params: &Params) -> Option<f64> {
    let own = found.p_value?;
    let of = |name: &str| found.more.get(name).copied().filter(|it| !it.is_nan()).unwrap_or(own);
    if params.0.contains_key("drift_if") {
        return Some(own);
    }
    Some(own.max(of("p_value_high")).max(of(CALIBRATED)))
}

/// What is known beside the p-value: one that keeps its level where the test's own does not.
pub const CALIBRATED: &str = "p_value_calibrated";

/// Whether chance can be ruled out, for a distance that is beyond its threshold: with few values, or many bins, any
/// fixed threshold is passed when nothing has changed. An alarm of a distance needs this too, unless the author wrote
/// the whole rule as `drift_if`; `alpha` is the level. Tests that alarm by their p-value, and distances that have none,
/// are always confirmed.
///
/// # Errors
/// Says what is wrong with `alpha`.
pub fn confirmed(test: &DriftTest, found: &Found, params: &Params) -> Result<bool, String> {
    let alpha = params.number("alpha", ALPHA)?;
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(format!("`alpha` must be between 0 and 1, not {alpha}"));
    }
    match (test.alarm, p_value(found, params)) {
        (Alarm::Distance { .. }, Some(p)) if !params.0.contains_key("drift_if") => Ok(p < alpha),
        _ => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::confirmed;
    use crate::drift::{Categories, DriftTest, Params, Sides, chi_square, choose, psi};

    fn params(text: &str) -> Params {
        Params(serde_json::from_str(text).unwrap())
    }

    /// Two sides of many categories of a few values each, which lie elsewhere.
    fn sparse() -> Sides {
        let count = |at: u64| (format!("{at:03}"), 2 * (at % 3), 2 * ((at + 1) % 3));
        Sides::Categories(Categories { counts: (0..90).map(count).collect(), exact: true })
    }

    fn alarm(test: &DriftTest, sides: &Sides, given: &str, threshold: f64) -> bool {
        let params = params(given);
        let found = (test.run)(sides, &params).unwrap();
        found.statistic >= threshold && confirmed(test, &found, &params).unwrap()
    }

    #[test]
    fn a_threshold_alone_does_not_alarm() {
        let few = Sides::Categories(Categories {
            counts: vec![("a".to_owned(), 5, 3), ("b".to_owned(), 5, 8), ("c".to_owned(), 5, 4)],
            exact: true,
        });
        assert!(!alarm(&psi::TEST, &few, "{}", 0.1));
        assert!(!alarm(&psi::TEST, &few, r#"{"threshold": 0.1}"#, 0.1));
        assert!(alarm(&psi::TEST, &few, r#"{"drift_if": "statistic >= threshold"}"#, 0.1));
        assert!(
            confirmed(&psi::TEST, &(psi::TEST.run)(&few, &params("{}")).unwrap(), &params(r#"{"alpha": 2}"#)).is_err()
        );
    }

    #[test]
    fn many_categories_with_large_differences_alarm() {
        assert!(alarm(choose::choose(crate::drift::Takes::Categories, 90, 90, 90), &sparse(), "{}", 0.1));
        assert!(alarm(&chi_square::TEST, &sparse(), "{}", 0.0));
    }
}
