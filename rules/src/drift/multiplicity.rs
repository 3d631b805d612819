//! Many tests at once: p-values adjusted for how many there are, and the share of columns that drifted.

/// How p-values are adjusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Correction {
    /// Times the number of tests: the chance of any false alarm is bounded, whatever the tests have to do with each
    /// other.
    Bonferroni,
    /// The same guarantee, step by step from the least p-value, and never weaker: S. Holm (1979).
    Holm,
    /// The expected share of false ones among the alarms is bounded, for tests that are independent or hang together
    /// positively: Y. Benjamini and Y. Hochberg (1995).
    BenjaminiHochberg,
    /// The same for any tests: Y. Benjamini and D. Yekutieli (2001).
    BenjaminiYekutieli,
}

impl Correction {
    /// That of a name.
    pub fn find(name: &str) -> Option<Self> {
        match name {
            "bonferroni" => Some(Correction::Bonferroni),
            "holm" => Some(Correction::Holm),
            "benjamini_hochberg" | "fdr_bh" | "fdr" => Some(Correction::BenjaminiHochberg),
            "benjamini_yekutieli" | "fdr_by" => Some(Correction::BenjaminiYekutieli),
            _ => None,
        }
    }

    /// The word in suites.
    pub const fn name(self) -> &'static str {
        match self {
            Correction::Bonferroni => "bonferroni",
            Correction::Holm => "holm",
            Correction::BenjaminiHochberg => "benjamini_hochberg",
            Correction::BenjaminiYekutieli => "benjamini_yekutieli",
        }
    }

    /// The adjusted p-values, in the order of those given: what is not above a level is rejected at it. As in
    /// statsmodels' `multipletests`. A p-value that is not a number stays so and counts as no test.
    pub fn adjust(self, p_values: &[f64]) -> Vec<f64> {
        let mut order: Vec<usize> = (0..p_values.len()).collect();
        let value = |at: &usize| p_values.get(*at).copied().unwrap_or(f64::NAN);
        order.retain(|at| !value(at).is_nan());
        order.sort_by(|a, b| value(a).total_cmp(&value(b)));
        let n = order.len() as f64;
        let harmonic: f64 = (1..=order.len()).map(|it| 1.0 / it as f64).sum();
        let ranked = order.iter().zip(1..);
        let raised = ranked.map(|(at, rank): (_, u32)| {
            let rank = f64::from(rank);
            let by = match self {
                Correction::Bonferroni => n,
                Correction::Holm => n - rank + 1.0,
                Correction::BenjaminiHochberg => n / rank,
                Correction::BenjaminiYekutieli => n / rank * harmonic,
            };
            (value(at) * by).min(1.0)
        });
        let mut raised: Vec<f64> = raised.collect();
        // A larger p-value is never adjusted below a smaller one: Holm goes up from the least, the others down.
        match self {
            Correction::Bonferroni => {}
            Correction::Holm => {
                let mut most = 0.0_f64;
                for it in &mut raised {
                    most = most.max(*it);
                    *it = most;
                }
            }
            Correction::BenjaminiHochberg | Correction::BenjaminiYekutieli => {
                let mut least = 1.0_f64;
                for it in raised.iter_mut().rev() {
                    least = least.min(*it);
                    *it = least;
                }
            }
        }
        let mut adjusted = p_values.to_vec();
        for (at, by) in order.into_iter().zip(raised) {
            if let Some(it) = adjusted.get_mut(at) {
                *it = by;
            }
        }
        adjusted
    }
}

/// The share of columns that drifted, and whether the whole drifted with them: where that is at least `least`, as in
/// Evidently's `DataDriftPreset`. No columns have a share of 0 and have not drifted.
pub fn drift_share(drifted: &[bool], least: f64) -> (f64, bool) {
    if drifted.is_empty() {
        return (0.0, false);
    }
    let share = drifted.iter().filter(|it| **it).count() as f64 / drifted.len() as f64;
    (share, share >= least)
}

#[cfg(test)]
mod tests {
    use super::{Correction, drift_share};

    #[test]
    fn corrections_are_those_of_statsmodels() {
        // statsmodels 0.15.0, multipletests.
        let p_values = [0.183, 0.2068, 0.09346, 0.4937, 0.2122];
        let wanted = [
            ("bonferroni", [0.915, 1.0, 0.4673, 1.0, 1.0]),
            ("holm", [0.732, 0.732, 0.4673, 0.732, 0.732]),
            ("benjamini_hochberg", [0.26525, 0.26525, 0.26525, 0.4937, 0.26525]),
            (
                "benjamini_yekutieli",
                [
                    0.605_654_166_666_666_6,
                    0.605_654_166_666_666_6,
                    0.605_654_166_666_666_6,
                    1.0,
                    0.605_654_166_666_666_6,
                ],
            ),
        ];
        for (name, wanted) in wanted {
            let is = Correction::find(name).unwrap().adjust(&p_values);
            assert!(is.iter().zip(wanted).all(|(is, wanted)| (is - wanted).abs() < 1e-12), "{name}: {is:?}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_no_test() {
        let is = Correction::Bonferroni.adjust(&[0.01, f64::NAN, 0.02]);
        assert!(is[0] == 0.02 && is[1].is_nan() && is[2] == 0.04, "{is:?}");
        assert!(Correction::Holm.adjust(&[]).is_empty());
        assert_eq!(drift_share(&[], 0.0), (0.0, false));
        assert_eq!(drift_share(&[true, false], 0.5), (0.5, true));
    }
}
