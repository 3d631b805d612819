//! The share of multivariate outliers of a window against a reference.

use driftline_plugin::prelude::*;
use driftline_plugin_statistics::{Matrix, Sample, pair, upper_share_p_value};

use crate::geometry::{Geometry, left_out};
use crate::moments::Moments;
use crate::reference::fields;
use crate::{NUMBERS, complete};

/// Compares shares of outliers.
pub struct OutlierShare {
    params: ShareParams,
    fields: Vec<String>,
}

/// What is an outlier.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ShareParams {
    /// The share of normal rows that are no outliers.
    #[schemars(range(min = 0.5, max = 0.999_999))]
    confidence: f64,
    /// Added to the diagonal of the correlations.
    #[schemars(range(min = 0, max = 1))]
    ridge: f64,
    /// How many different rows of a window are kept to be counted.
    #[schemars(range(min = 100, max = 20_000))]
    sample: usize,
    /// How many fields are listed as moved.
    #[schemars(range(max = 100))]
    top: usize,
}

impl Default for ShareParams {
    fn default() -> ShareParams {
        ShareParams { confidence: 0.99, ridge: 1e-6, sample: 2000, top: 5 }
    }
}

/// Moments of all rows and a part of the rows.
#[derive(Default, Serialize, Deserialize)]
pub struct Kept {
    moments: Moments,
    sample: Sample<Vec<f64>>,
}

impl Summary for OutlierShare {
    const ABOUT: Capability = Capability::new("outlier-share", "no more multivariate outliers than the reference has")
        .inputs(&[NUMBERS])
        .outputs(&[
            Output::new("reference_share", "the share of outliers in the reference, each row judged by the others"),
            Output::new("mean_distance", "the mean squared distance over the degrees of freedom; 1 in the reference"),
            Output::new("mean_shift", "the distance of the mean from the reference's"),
            Output::new("shift", "how far a field's mean moved, in standard deviations of the reference"),
            Output::new("compared_rows", "how many current rows were counted"),
        ]);
    type Params = ShareParams;
    type State = Kept;

    fn open(params: ShareParams, inputs: &Inputs) -> Result<Self> {
        Ok(OutlierShare { params, fields: fields(inputs)? })
    }

    fn observe(&self, state: &mut Kept, rows: &Rows) -> Result<()> {
        let mut kept = Ok(());
        complete(rows, |_, point| {
            if let Some(point) = point {
                state.moments.add(point);
                // 0 and -0 are one value.
                let point: Vec<f64> = point.iter().map(|it| it + 0.0).collect();
                let added = state.sample.observe(self.params.sample, &point);
                if added.is_err() {
                    kept = added;
                }
            }
        })?;
        kept
    }

    fn merge(&self, state: &mut Kept, other: Kept) -> Result<()> {
        state.moments.merge(&other.moments)?;
        state.sample.merge(self.params.sample, other.sample);
        Ok(())
    }
}

impl DriftTest for OutlierShare {
    fn compare(&self, _: &Context, reference: &Window<Kept>, current: &Window<Kept>) -> Result<Outcome> {
        let (reference, current) = (&reference.state, &current.state);
        let n = reference.moments.count();
        let needed = (self.fields.len() as u64 * 5).max(30);
        if n < needed || current.moments.count() == 0 {
            let m = current.moments.count();
            return Err(Error::too_little(format!(
                "{n} rows of the reference and {m} of the window have all numbers; {needed} and 1 are needed"
            )));
        }
        let mean = reference.moments.mean();
        let spread = reference.moments.spread_about(&mean);
        let unbiased = n as f64 / (n - 1) as f64;
        let covariance = Matrix::from_fn(spread.size(), |row, column| spread.at(row, column) * unbiased);
        let geometry = Geometry::new(mean.clone(), &covariance, self.params.ridge)?;
        let threshold = geometry.threshold(self.params.confidence);

        let (mut outliers, mut known) = ((0, 0), (0, 0));
        for it in pair(&reference.sample, &current.sample)? {
            if it.row.len() != self.fields.len() {
                return Err(Error::State("a sampled row has not one number for each field".to_owned()));
            }
            let distance = geometry.distance(&it.row);
            outliers.1 += it.current;
            known.1 += it.reference;
            outliers.0 += if distance > threshold { it.current } else { 0 };
            known.0 += if left_out(distance, n) > threshold { it.reference } else { 0 };
        }
        if outliers.1 == 0 || known.1 == 0 {
            return Err(Error::too_little("no rows are left that can be compared: raise `sample`"));
        }
        let share = |(a, n): (u64, u64)| a as f64 / n as f64;
        let moved = current.moments.mean();
        let mut outcome = Outcome::new(share(outliers));
        outcome.p_value = Some(upper_share_p_value(outliers, known));
        let details = &mut outcome.details;
        details.add("reference_share", share(known));
        details.add("mean_distance", geometry.mean_distance(&current.moments.spread_about(&mean)));
        details.add("mean_shift", geometry.distance(&moved).sqrt());
        details.add("compared_rows", outliers.1 as f64);
        let mut shifts: Vec<(&str, f64)> =
            self.fields.iter().enumerate().map(|(at, it)| (it.as_str(), geometry.deviation(at, moved[at]))).collect();
        shifts.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(b.0)));
        for (field, shift) in shifts.iter().take(self.params.top) {
            details.add_of("shift", *shift, &[("field", field)]);
        }
        outcome.explanation = Some(format!(
            "{:.2} % of {} rows are outliers, {:.2} % in the reference",
            100.0 * share(outliers),
            outliers.1,
            100.0 * share(known)
        ));
        Ok(outcome)
    }
}
