//! How far the best score is ahead of the second.

use driftline_plugin::prelude::*;

/// The mean of the margins between the two best scores.
pub struct ConfidenceMargin {
    params: MarginParams,
    /// Whether the scores come in one vector.
    vector: bool,
}

/// What counts as undecided.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MarginParams {
    /// A margin below this counts as undecided.
    #[schemars(range(min = 0))]
    undecided_below: f64,
}

impl Default for MarginParams {
    fn default() -> MarginParams {
        MarginParams { undecided_below: 0.1 }
    }
}

/// Sums over the rows with two scores.
#[derive(Default, Serialize, Deserialize)]
pub struct Margins {
    rows: u64,
    sum: f64,
    undecided: u64,
}

impl Summary for ConfidenceMargin {
    const ABOUT: Capability =
        Capability::new("confidence-margin", "how far the best score is ahead of the second best")
            .inputs(&[
                Input::optional("scores", &[ColumnType::Vector], "the scores of all intents"),
                Input::optional("first", &[ColumnType::Number], "the best score, where there is no `scores`"),
                Input::optional("second", &[ColumnType::Number], "the second best score"),
            ])
            .outputs(&[
                Output::new("mean_margin", "the mean of best minus second best"),
                Output::new("undecided_share", "the share of rows whose margin is below `undecided_below`"),
            ]);
    type Params = MarginParams;
    type State = Margins;

    fn open(params: MarginParams, inputs: &Inputs) -> Result<Self> {
        let vector = inputs.is_bound("scores");
        let both = inputs.is_bound("first") && inputs.is_bound("second");
        let any = inputs.is_bound("first") || inputs.is_bound("second");
        if vector == any || any != both {
            return Err(Error::params("bind either `scores`, or both `first` and `second`"));
        }
        Ok(ConfidenceMargin { params, vector })
    }

    fn observe(&self, state: &mut Margins, rows: &Rows) -> Result<()> {
        if self.vector {
            let scores = rows.vectors("scores")?;
            if scores.dimension() < 2 && scores.present().next().is_some() {
                let (field, length) = (scores.field(), scores.dimension());
                return Err(Error::input(format!("the vectors of `{field}` have {length} scores, two are needed")));
            }
            scores.present().for_each(|scores| self.add(state, margin(scores)));
        } else {
            let (first, second) = (rows.numbers("first")?, rows.numbers("second")?);
            for (first, second) in first.iter().zip(second.iter()) {
                self.add(state, first.zip(second).map_or(f64::NAN, |(first, second)| first - second));
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Margins, other: Margins) -> Result<()> {
        state.rows += other.rows;
        state.sum += other.sum;
        state.undecided += other.undecided;
        Ok(())
    }
}

impl ConfidenceMargin {
    /// Rows without two scores that can be compared are left out.
    fn add(&self, state: &mut Margins, margin: f64) {
        if margin.is_finite() {
            state.rows += 1;
            state.sum += margin;
            state.undecided += u64::from(margin < self.params.undecided_below);
        }
    }
}

impl Metric for ConfidenceMargin {
    fn finish(&self, _: &Context, window: &Window<Margins>) -> Result<Measurements> {
        let Margins { rows, sum, undecided } = window.state;
        if rows == 0 {
            return Err(Error::too_little("no row has two scores"));
        }
        let mut measured = Measurements::new();
        measured.add("mean_margin", sum / rows as f64);
        measured.add("undecided_share", undecided as f64 / rows as f64);
        Ok(measured)
    }
}

/// NaN if a score is: such a row has no best.
fn margin(scores: &[f32]) -> f64 {
    let (mut best, mut second) = (f32::NEG_INFINITY, f32::NEG_INFINITY);
    for &score in scores {
        if score.is_nan() {
            return f64::NAN;
        }
        if score > best {
            (best, second) = (score, best);
        } else if score > second {
            second = score;
        }
    }
    f64::from(best) - f64::from(second)
}
