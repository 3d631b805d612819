//! The mean and covariance of a window, for the parameters of `no-outlier`.

use driftline_plugin::prelude::*;

use crate::moments::Moments;
use crate::{NUMBERS, complete};

/// Measures mean and covariance.
pub struct Reference {
    fields: Vec<String>,
}

impl Summary for Reference {
    const ABOUT: Capability =
        Capability::new("reference", "the mean and the covariance of numbers").inputs(&[NUMBERS]).outputs(&[
            Output::new("mean", "the mean of a field"),
            Output::new("covariance", "the covariance of two fields; of a field with itself, its variance"),
            Output::new("complete_share", "the share of rows in which every number is there"),
        ]);
    type Params = NoParams;
    type State = Moments;

    fn open(_: NoParams, inputs: &Inputs) -> Result<Self> {
        Ok(Reference { fields: fields(inputs)? })
    }

    fn observe(&self, state: &mut Moments, rows: &Rows) -> Result<()> {
        complete(rows, |_, point| {
            if let Some(point) = point {
                state.add(point);
            }
        })
    }

    fn merge(&self, state: &mut Moments, other: Moments) -> Result<()> {
        state.merge(&other)
    }
}

impl Metric for Reference {
    fn finish(&self, _: &Context, window: &Window<Moments>) -> Result<Measurements> {
        let moments = &window.state;
        let n = moments.count();
        if n < 2 {
            return Err(Error::too_little(format!("{n} rows have all numbers, 2 are needed")));
        }
        let mean = moments.mean();
        let spread = moments.spread_about(&mean);
        let unbiased = n as f64 / (n - 1) as f64;
        let mut measured = Measurements::new();
        for (field, mean) in self.fields.iter().zip(&mean) {
            measured.add_of("mean", *mean, &[("field", field)]);
        }
        for (row, field) in self.fields.iter().enumerate() {
            for (column, with) in self.fields.iter().enumerate().skip(row) {
                measured.add_of("covariance", spread.at(row, column) * unbiased, &[("field", field), ("with", with)]);
            }
        }
        measured.add("complete_share", n as f64 / window.rows.max(1) as f64);
        Ok(measured)
    }
}

/// The fields that are looked at together. The error: there are too many for a covariance.
pub fn fields(inputs: &Inputs) -> Result<Vec<String>> {
    let fields: Vec<String> = inputs.fields("numbers").map(str::to_owned).collect();
    if fields.len() > 100 {
        return Err(Error::params(format!(
            "`numbers` is bound to {} fields, at most 100 are looked at together",
            fields.len()
        )));
    }
    Ok(fields)
}
