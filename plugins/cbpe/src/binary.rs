//! A classifier that says yes or no.

use driftline_plugin::prelude::*;
use driftline_plugin_statistics::normal_quantile;

use crate::cells::{Cells, Estimate, probability};

/// Estimates what a binary classifier achieves.
pub struct Binary {
    params: BinaryParams,
    z: f64,
    /// Whether predictions come by themselves.
    given: bool,
}

/// How probabilities become predictions, and how sure limits are.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BinaryParams {
    /// From this probability on the prediction is positive, where no field says what was predicted.
    #[schemars(range(min = 0, max = 1))]
    threshold: f64,
    /// With this probability the value that labels would show lies between the limits.
    #[schemars(range(min = 0.5, max = 0.999_999))]
    confidence: f64,
    /// Fewer rows with a probability than this are too few.
    #[schemars(range(min = 1))]
    min_rows: u64,
}

impl Default for BinaryParams {
    fn default() -> BinaryParams {
        BinaryParams { threshold: 0.5, confidence: 0.95, min_rows: 1 }
    }
}

impl Summary for Binary {
    const ABOUT: Capability =
        Capability::new("binary", "the performance of a binary classifier as its probabilities foretell it")
            .inputs(&[
                Input::required(
                    "probability",
                    &[ColumnType::Number],
                    "the calibrated probability of the positive class",
                ),
                Input::optional("prediction", &[ColumnType::Boolean], "whether the positive class was predicted"),
            ])
            .outputs(&[
                Output::new("accuracy", "the expected share of right predictions"),
                Output::new("accuracy_low", "its lower limit"),
                Output::new("accuracy_high", "its upper limit"),
                Output::new("precision", "of those predicted positive, the expected share that are"),
                Output::new("precision_low", "its lower limit"),
                Output::new("precision_high", "its upper limit"),
                Output::new("recall", "of the positive, the expected share that were predicted so"),
                Output::new("recall_low", "its lower limit"),
                Output::new("recall_high", "its upper limit"),
                Output::new("f1", "the harmonic mean of precision and recall"),
                Output::new("f1_low", "its lower limit"),
                Output::new("f1_high", "its upper limit"),
                Output::new("auc", "the expected area under the ROC curve"),
                Output::new("auc_low", "its lower limit"),
                Output::new("auc_high", "its upper limit"),
            ]);
    type Params = BinaryParams;
    type State = Cells;

    fn open(params: BinaryParams, inputs: &Inputs) -> Result<Self> {
        let z = normal_quantile(f64::midpoint(1.0, params.confidence));
        Ok(Binary { params, z, given: inputs.is_bound("prediction") })
    }

    fn observe(&self, state: &mut Cells, rows: &Rows) -> Result<()> {
        let probabilities = rows.numbers("probability")?;
        let predictions: Option<Booleans> = rows.find("prediction")?;
        for row in 0..rows.len() {
            let Some(it) = probabilities.get(row).filter(|it| !it.is_nan()) else { continue };
            let it = probability(probabilities.field(), it)?;
            let predicted = match &predictions {
                Some(predictions) => predictions.get(row),
                None => Some(it >= self.params.threshold),
            };
            if let Some(predicted) = predicted {
                state.add(it, predicted);
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Cells, other: Cells) -> Result<()> {
        state.merge(other);
        Ok(())
    }
}

impl Metric for Binary {
    fn finish(&self, _: &Context, window: &Window<Cells>) -> Result<Measurements> {
        let rows = window.state.rows();
        if rows == 0 || rows < self.params.min_rows {
            let what = if self.given { "a probability and a prediction" } else { "a probability" };
            let needed = self.params.min_rows.max(1);
            return Err(Error::too_little(format!("{rows} rows have {what}, {needed} are needed")));
        }
        let it = window.state.estimates();
        let mut measured = Measurements::new();
        let all = [
            (["accuracy", "accuracy_low", "accuracy_high"], it.accuracy),
            (["precision", "precision_low", "precision_high"], it.precision),
            (["recall", "recall_low", "recall_high"], it.recall),
            (["f1", "f1_low", "f1_high"], it.f1),
            (["auc", "auc_low", "auc_high"], it.auc),
        ];
        for (names, estimate) in all {
            add(&mut measured, names, estimate, self.z);
        }
        Ok(measured)
    }
}

/// A value and its limits, which stay between 0 and 1.
pub fn add(measured: &mut Measurements, names: [&str; 3], estimate: Option<Estimate>, z: f64) {
    if let Some(Estimate { value, deviation }) = estimate {
        measured.add(names[0], value);
        measured.add(names[1], (value - z * deviation).clamp(0.0, 1.0));
        measured.add(names[2], (value + z * deviation).clamp(0.0, 1.0));
    }
}
