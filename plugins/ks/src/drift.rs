//! Drift of one number by the two-sample Kolmogorov-Smirnov test.

use driftline_plugin::prelude::*;

use crate::kept::Kept;
use crate::test::{distance, p_value};

/// Compares the distributions of a number.
pub struct Drift(DriftParams);

/// How many values are needed, and how many may be.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DriftParams {
    /// With fewer values in either window there is no answer, and no alarm.
    #[schemars(range(min = 2))]
    min_rows: u64,
    /// How many values of a window are kept; there is no answer of one that has more.
    #[schemars(range(min = 100, max = 2_000_000))]
    keep: usize,
}

impl Default for DriftParams {
    fn default() -> DriftParams {
        DriftParams { min_rows: 30, keep: 1_000_000 }
    }
}

impl Summary for Drift {
    const ABOUT: Capability = Capability::new("drift", "the distribution of a number has not changed")
        .inputs(&[Input::required("value", &[ColumnType::Number, ColumnType::Integer], "the number")])
        .outputs(&[
            Output::new("location", "the value where the two distributions are farthest apart"),
            Output::new("reference_rows", "how many values of the reference were compared"),
            Output::new("current_rows", "how many values of the window were compared"),
        ]);
    type Params = DriftParams;
    type State = Kept;

    fn open(params: DriftParams, _: &Inputs) -> Result<Self> {
        Ok(Drift(params))
    }

    fn observe(&self, state: &mut Kept, rows: &Rows) -> Result<()> {
        // 0 and -0 are one value.
        let values = rows.numbers("value")?;
        state.extend(values.present().filter(|it| !it.is_nan()).map(|it| it + 0.0), self.0.keep);
        Ok(())
    }

    fn merge(&self, state: &mut Kept, other: Kept) -> Result<()> {
        state.merge(other, self.0.keep);
        Ok(())
    }
}

impl DriftTest for Drift {
    fn compare(&self, _: &Context, reference: &Window<Kept>, current: &Window<Kept>) -> Result<Outcome> {
        let DriftParams { min_rows, keep } = &self.0;
        let (n, m) = (reference.state.count(), current.state.count());
        if n.min(m) < *min_rows {
            return Err(Error::too_little(format!(
                "the reference has {n} values and the window {m}; {min_rows} of each are needed"
            )));
        }
        let (Some(before), Some(now)) = (reference.state.sorted(), current.state.sorted()) else {
            return Err(Error::input(format!(
                "the reference has {n} values and the window {m}, and at most {keep} are kept: raise `keep`, or make windows shorter"
            )));
        };
        let Some(most) = distance(&before, &now) else {
            return Err(Error::too_little("a window has no values"));
        };
        let mut outcome = Outcome::new(most.statistic);
        outcome.p_value = Some(p_value(most.statistic, before.len(), now.len()));
        outcome.details.add("location", most.location);
        outcome.details.add("reference_rows", n as f64);
        outcome.details.add("current_rows", m as f64);
        let more = if most.second_is_lower { "more" } else { "fewer" };
        outcome.explanation = Some(format!(
            "{:.2} % {more} values are at most {} than in the reference",
            100.0 * most.statistic,
            most.location
        ));
        Ok(outcome)
    }
}
