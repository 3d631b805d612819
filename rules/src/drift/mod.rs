//! Drift: whether two samples come from one distribution, and how far they lie apart.
//!
//! A drift test is a pure function of two sides, the reference and the current one, and of its parameters. It knows
//! nothing of windows, suites or files: who calls it makes the sides, from raw values or from what a window keeps.

use std::collections::BTreeMap;

pub mod law;
pub mod params;
pub mod sides;
pub mod chance;
pub mod rows;
pub mod bins;
mod peer_bins;
pub mod homogeneity;
pub mod significance;
pub mod multiplicity;
pub mod spending;

pub mod chi2_contingency;
pub mod chi_square;
pub mod chi_square_gof;
pub mod fisher;
pub mod g_test;
pub mod missing_share;
pub mod two_proportion_z;
pub mod unseen_share;

pub mod divergence;
pub mod hellinger;
pub mod jensen_shannon;
pub mod kl;
pub mod l_infinity;
pub mod psi;
pub mod total_variation;

pub mod centroid_distance;
pub mod classifier;
pub mod domain_classifier;
pub mod mmd;
pub mod pca_reconstruction;
pub mod records;
pub mod text_classifier;

pub mod choose;
pub mod effect;

pub use bins::Bin;
mod ecdf;
mod moments;
mod sort;

pub mod alarm;
#[cfg(test)]
mod page;
#[cfg(test)]
mod hostile;

pub mod anderson_darling;
pub mod anderson_ksamp;
pub mod cramer_von_mises;
pub mod cramer_von_mises_2samp;
pub mod energy_distance;
pub mod epps_singleton;
pub mod ks;
pub mod mann_whitney;
pub mod quantile_difference;
pub mod student;
pub mod wasserstein;
pub mod wasserstein_normed;
pub mod welch;

pub use moments::Moments;
pub use params::Params;
pub use records::Records;
pub use sides::{Categories, Numbers, Share, Sides};

/// A test, or a distance; a static value, listed in [`TESTS`].
#[derive(Debug)]
pub struct DriftTest {
    /// Its name here: `ks`.
    pub name: &'static str,
    /// What libraries call it, accepted wherever the name is: `ks_2samp`.
    pub aliases: &'static [&'static str],
    /// What it says, in one sentence that follows "Measures": `the largest gap between two distribution functions`.
    pub summary: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// What of its answer makes an alarm when the author says nothing else.
    pub alarm: Alarm,
    /// Its parameters with what they are when they are not given; `alpha` and `threshold` follow from `alarm`.
    pub params: &'static [(&'static str, &'static str)],
    /// The page: documentation, specification and test.
    pub page: &'static str,
    /// Compares two sides of the kind that it takes. The error says why there is no answer, as a sentence for the
    /// author of the suite; it is never about the sides' type, which the caller has seen to.
    pub run: fn(&Sides, &Params) -> Result<Found, String>,
}

/// What sides a test compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Numbers.
    Numbers,
    /// Counts of categories; numbers are binned or counted by value first.
    Categories,
    /// Either; numbers are binned by its own rule.
    Either,
    /// Vectors of one length.
    Vectors,
    /// Vectors of one length, or records over several fields.
    Rows,
    /// Texts.
    Texts,
    /// How many values of each side are missing.
    Missing,
}

/// What makes an alarm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Alarm {
    /// A p-value below `alpha`, or not above it.
    PValue {
        /// The level.
        alpha: f64,
        /// Whether a p-value that equals the level is an alarm.
        closed: bool,
    },
    /// A statistic above `threshold`, or not below it.
    Distance {
        /// The threshold.
        threshold: f64,
        /// Whether a statistic that equals the threshold is an alarm.
        closed: bool,
    },
}

/// What a test found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The statistic, or the distance.
    pub statistic: f64,
    /// The probability of a statistic that is at least as extreme when nothing has changed; `None` for a distance.
    pub p_value: Option<f64>,
    /// Its natural logarithm, which is there where the p-value itself underflows.
    pub ln_p_value: Option<f64>,
    /// Values of the reference that were compared.
    pub n: u64,
    /// Values of the current side that were compared.
    pub m: u64,
    /// Whether the p-value is of the exact law of the statistic and not of its limit; for a distance, whether it is of
    /// the values themselves and not of a sketch.
    pub exact: bool,
    /// What else is known, by the names of the field: `dof`, `statistic_location`.
    pub more: BTreeMap<&'static str, f64>,
    /// The bins or categories that were compared, with their counts, where the test has any.
    pub bins: Vec<Bin>,
}

impl Found {
    /// A statistic and the probability of one at least as extreme.
    pub(crate) fn of_p(statistic: f64, tail: law::Tail) -> Self {
        Found { statistic, p_value: Some(tail.p), ln_p_value: Some(tail.ln_p), ..Found::default() }
    }

    /// How many values were compared, and whether the values themselves.
    pub(crate) fn between(self, reference: &Numbers, current: &Numbers) -> Self {
        let exact = self.exact && reference.error == 0.0 && current.error == 0.0;
        Found { n: reference.n, m: current.n, exact, ..self }
    }

    /// With what else is known.
    pub(crate) fn with(mut self, name: &'static str, it: f64) -> Self {
        self.more.insert(name, it);
        self
    }
}

/// All drift tests.
pub static TESTS: &[&DriftTest] = &[
    &chi2_contingency::TEST,
    &chi_square::TEST,
    &chi_square_gof::TEST,
    &fisher::TEST,
    &g_test::TEST,
    &missing_share::TEST,
    &two_proportion_z::TEST,
    &unseen_share::TEST,
    &hellinger::TEST,
    &jensen_shannon::TEST,
    &kl::TEST,
    &l_infinity::TEST,
    &psi::TEST,
    &total_variation::TEST,
    &centroid_distance::TEST,
    &domain_classifier::TEST,
    &mmd::TEST,
    &pca_reconstruction::TEST,
    &text_classifier::TEST,
    &anderson_darling::TEST,
    &anderson_ksamp::TEST,
    &cramer_von_mises::TEST,
    &cramer_von_mises_2samp::TEST,
    &energy_distance::TEST,
    &epps_singleton::TEST,
    &ks::TEST,
    &mann_whitney::TEST,
    &quantile_difference::TEST,
    &student::TEST,
    &wasserstein::TEST,
    &wasserstein_normed::TEST,
    &welch::TEST,
];

/// The test of a name or an alias.
pub fn find(name: &str) -> Option<&'static DriftTest> {
    TESTS.iter().copied().find(|it| it.name == name || it.aliases.contains(&name))
}
