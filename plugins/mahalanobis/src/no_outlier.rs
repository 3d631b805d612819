//! Records against a mean and a covariance that the suite gives.

use driftline_plugin::prelude::*;
use driftline_plugin_statistics::Matrix;

use crate::geometry::Geometry;
use crate::{NUMBERS, complete};

/// Expects records near a given mean.
pub struct NoOutlier {
    geometry: Geometry,
    threshold: f64,
}

/// Where records are expected.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = driftline_plugin::serde_json::json!({ "mean": [1.7, 70], "covariance": [[0.01, 1.0], [1.0, 144]] }))]
pub struct NoOutlierParams {
    /// The mean of each number, in the order of the fields.
    #[schemars(length(min = 1, max = 100))]
    mean: Vec<f64>,
    /// The covariance, row by row, in the order of the fields.
    covariance: Vec<Vec<f64>>,
    /// The share of normal records that hold.
    #[serde(default = "confidence")]
    #[schemars(range(min = 0.5, max = 0.999_999_999))]
    confidence: f64,
    /// The greatest distance (not squared) that holds, instead of `confidence`.
    #[schemars(range(min = 0))]
    max_distance: Option<f64>,
    /// Added to the diagonal of the correlations.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    ridge: f64,
}

fn confidence() -> f64 {
    0.999
}

impl RecordCheck for NoOutlier {
    const ABOUT: Capability =
        Capability::new("no-outlier", "numbers that are together near `mean`, in units of `covariance`")
            .inputs(&[NUMBERS]);
    type Params = NoOutlierParams;

    fn open(params: NoOutlierParams, inputs: &Inputs) -> Result<Self> {
        let n = inputs.fields("numbers").count();
        if params.mean.len() != n {
            return Err(Error::params(format!("`mean` has {} numbers for {n} fields", params.mean.len())));
        }
        if params.covariance.len() != n || params.covariance.iter().any(|it| it.len() != n) {
            return Err(Error::params(format!("`covariance` is not {n} rows of {n} numbers, one for each field")));
        }
        let covariance = Matrix::from_fn(n, |row, column| params.covariance[row][column]);
        for row in 0..n {
            if covariance.at(row, row) <= 0.0 {
                return Err(Error::params(format!("`covariance`: the variance in row {} is not positive", row + 1)));
            }
            if let Some(column) = (0..row).find(|it| {
                let scale = covariance.at(row, *it).abs().max(covariance.at(*it, row).abs());
                (covariance.at(row, *it) - covariance.at(*it, row)).abs() > 1e-9 * scale
            }) {
                let (row, column) = (row + 1, column + 1);
                return Err(Error::params(format!(
                    "`covariance` is not symmetric: row {row}, column {column} is not row {column}, column {row}"
                )));
            }
        }
        let geometry = Geometry::new(params.mean, &covariance, params.ridge).map_err(|error| match error {
            Error::TooLittle(it) => Error::Params(it),
            error => error,
        })?;
        let threshold = params.max_distance.map_or_else(|| geometry.threshold(params.confidence), |it| it * it);
        Ok(NoOutlier { geometry, threshold })
    }

    fn check(&self, _: &Context, rows: &Rows, verdicts: &mut Verdicts) -> Result<()> {
        complete(rows, |row, point| {
            let Some(point) = point else { return verdicts.skip(row) };
            let distance = self.geometry.distance(point);
            if distance > self.threshold {
                // The number that is farthest off by itself is the one to look at first.
                let farthest = (0..point.len())
                    .max_by(|a, b| {
                        let off = |it: usize| self.geometry.deviation(it, point[it]).abs();
                        off(*a).total_cmp(&off(*b))
                    })
                    .unwrap_or(0);
                verdicts.fail(row, farthest as u32, "outlier", || {
                    format!("the distance is {:.2}, at most {:.2} holds", distance.sqrt(), self.threshold.sqrt())
                });
            }
        })
    }
}
