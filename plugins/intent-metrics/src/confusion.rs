//! Which intents are taken for which.

use driftline_plugin::prelude::*;

use crate::counts::{self, Counts, PREDICTION};

/// The most frequent mistakes.
pub struct Confusion(ConfusionParams);

/// How much is listed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConfusionParams {
    /// How many of the most frequent mistakes are listed.
    #[schemars(range(min = 1, max = 1000))]
    top: usize,
}

impl Default for ConfusionParams {
    fn default() -> ConfusionParams {
        ConfusionParams { top: 10 }
    }
}

/// Counts by label and prediction.
pub type Pairs = Counts<(String, String)>;

impl Summary for Confusion {
    const ABOUT: Capability = Capability::new("confusion", "which intents are taken for which")
        .inputs(&[PREDICTION, Input::required("label", &[ColumnType::Category, ColumnType::Text], "the true intent")])
        .outputs(&[
            Output::new("accuracy", "the share of labelled rows whose prediction is the label"),
            Output::new("confusion", "the share of labelled rows with this `label` that were taken for `prediction`"),
        ]);
    type Params = ConfusionParams;
    type State = Pairs;

    fn open(params: ConfusionParams, _: &Inputs) -> Result<Self> {
        Ok(Confusion(params))
    }

    fn observe(&self, state: &mut Pairs, rows: &Rows) -> Result<()> {
        let (predictions, labels) = (rows.texts("prediction")?, rows.texts("label")?);
        for (prediction, label) in predictions.iter().zip(labels.iter()) {
            if let (Some(prediction), Some(label)) = (prediction, label) {
                *state.entry((label.to_owned(), prediction.to_owned())).or_default() += 1;
            }
        }
        counts::bounded(state, "pairs of intents")
    }

    fn merge(&self, state: &mut Pairs, other: Pairs) -> Result<()> {
        counts::merge(state, other, "pairs of intents")
    }
}

impl Metric for Confusion {
    fn finish(&self, _: &Context, window: &Window<Pairs>) -> Result<Measurements> {
        let total = window.state.values().sum::<u64>() as f64;
        if total == 0.0 {
            return Err(Error::too_little("no row has both a prediction and a label"));
        }
        let right = window.state.iter().filter(|((label, prediction), _)| label == prediction);
        let mut measured = Measurements::new();
        measured.add("accuracy", right.map(|(_, count)| *count).sum::<u64>() as f64 / total);
        let ranked = counts::ranked(&window.state).into_iter();
        let mistakes = ranked.filter(|((label, prediction), _)| label != prediction);
        for ((label, prediction), count) in mistakes.take(self.0.top) {
            measured.add_of("confusion", count as f64 / total, &[("label", label), ("prediction", prediction)]);
        }
        Ok(measured)
    }
}
