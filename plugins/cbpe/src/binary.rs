//! A classifier that says yes or no.

use driftline_plugin::prelude::*;
use driftline_plugin_statistics::normal_quantile;

use crate::cells::{Cells, Estimate, invalid_share, probability};

/// Estimates what a binary classifier achieves.
pub struct Binary {
    params: BinaryParams,
    z: f64,
}

/// What is kept of a window.
#[derive(Default, Serialize, Deserialize)]
pub struct Kept {
    cells: Cells,
    /// Rows whose value is no probability.
    invalid: u64,
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
                Output::new(
                    "invalid_share",
                    "of rows with a value, the share whose value is no probability; they are left out",
                ),
            ]);
    type Params = BinaryParams;
    type State = Kept;

    fn open(params: BinaryParams, _: &Inputs) -> Result<Self> {
        let z = normal_quantile(f64::midpoint(1.0, params.confidence));
        Ok(Binary { params, z })
    }

    fn observe(&self, state: &mut Kept, rows: &Rows) -> Result<()> {
        let probabilities = rows.numbers("probability")?;
        let predictions: Option<Booleans> = rows.find("prediction")?;
        for row in 0..rows.len() {
            let Some(it) = probabilities.get(row).filter(|it| !it.is_nan()) else { continue };
            let Some(it) = probability(it) else {
                state.invalid += 1;
                continue;
            };
            let predicted = match &predictions {
                Some(predictions) => predictions.get(row),
                None => Some(it >= self.params.threshold),
            };
            if let Some(predicted) = predicted {
                state.cells.add(it, predicted);
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Kept, other: Kept) -> Result<()> {
        state.cells.merge(other.cells);
        state.invalid = state.invalid.saturating_add(other.invalid);
        Ok(())
    }
}

impl Metric for Binary {
    fn finish(&self, _: &Context, window: &Window<Kept>) -> Result<Measurements> {
        let Kept { cells, invalid } = &window.state;
        let invalid = invalid_share(cells.rows(), *invalid, self.params.min_rows)?;
        let it = cells.estimates();
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
        measured.add("invalid_share", invalid);
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
