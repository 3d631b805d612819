//! A classifier with several classes.

use std::collections::BTreeMap;

use driftline_plugin::prelude::*;
use driftline_plugin_statistics::normal_quantile;

use crate::binary::add;
use crate::cells::{Cells, Estimate, invalid_share, probability};

/// Estimates what a classifier with several classes achieves.
pub struct Multiclass {
    params: MulticlassParams,
    places: BTreeMap<String, usize>,
    z: f64,
}

/// The classes, and how sure limits are.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = driftline_plugin::serde_json::json!({ "classes": ["refund", "cancel", "other"] }))]
pub struct MulticlassParams {
    /// The classes, in the order of the probabilities.
    #[schemars(length(min = 2, max = 1000))]
    classes: Vec<String>,
    /// With this probability the value that labels would show lies between the limits.
    #[serde(default = "confidence")]
    #[schemars(range(min = 0.5, max = 0.999_999))]
    confidence: f64,
    /// Fewer rows with probabilities than this are too few.
    #[serde(default = "min_rows")]
    #[schemars(range(min = 1))]
    min_rows: u64,
}

fn confidence() -> f64 {
    0.95
}

fn min_rows() -> u64 {
    1
}

/// The cells of each class against the others, and those of the predicted classes, all predicted.
#[derive(Default, Serialize, Deserialize)]
pub struct Classes {
    each: Vec<Cells>,
    predicted: Cells,
    /// Rows whose values are no probabilities of these classes.
    invalid: u64,
}

impl Summary for Multiclass {
    const ABOUT: Capability =
        Capability::new("multiclass", "the performance of a classifier as its probabilities foretell it")
            .inputs(&[
                Input::required("probabilities", &[ColumnType::Vector], "the calibrated probabilities of all classes"),
                Input::optional(
                    "prediction",
                    &[ColumnType::Category, ColumnType::Text],
                    "the predicted class, where it is not the most probable one",
                ),
            ])
            .outputs(&[
                Output::new("accuracy", "the expected share of right predictions"),
                Output::new("accuracy_low", "its lower limit"),
                Output::new("accuracy_high", "its upper limit"),
                Output::new("precision", "the mean of the classes' expected precision"),
                Output::new("precision_low", "its lower limit"),
                Output::new("precision_high", "its upper limit"),
                Output::new("recall", "the mean of the classes' expected recall"),
                Output::new("recall_low", "its lower limit"),
                Output::new("recall_high", "its upper limit"),
                Output::new("f1", "the mean of the classes' expected F1"),
                Output::new("f1_low", "its lower limit"),
                Output::new("f1_high", "its upper limit"),
                Output::new(
                    "auc",
                    "the mean of the expected areas under the ROC curves of each class against the others",
                ),
                Output::new("auc_low", "its lower limit"),
                Output::new("auc_high", "its upper limit"),
                Output::new(
                    "invalid_share",
                    "of rows with values, the share that are no probabilities of these classes; they are left out",
                ),
                Output::new("class_precision", "the expected precision of a class"),
                Output::new("class_recall", "the expected recall of a class"),
                Output::new("class_f1", "the expected F1 of a class"),
                Output::new("class_auc", "the expected area under the ROC curve of a class against the others"),
            ]);
    type Params = MulticlassParams;
    type State = Classes;

    fn open(params: MulticlassParams, _: &Inputs) -> Result<Self> {
        let mut places = BTreeMap::new();
        for (place, class) in params.classes.iter().enumerate() {
            if places.insert(class.clone(), place).is_some() {
                return Err(Error::params(format!("`classes` names `{class}` twice")));
            }
        }
        let z = normal_quantile(f64::midpoint(1.0, params.confidence));
        Ok(Multiclass { params, places, z })
    }

    fn observe(&self, state: &mut Classes, rows: &Rows) -> Result<()> {
        let probabilities = rows.vectors("probabilities")?;
        let predictions: Option<Texts> = rows.find("prediction")?;
        state.each.resize(self.params.classes.len(), Cells::default());
        for row in 0..rows.len() {
            let Some(vector) = probabilities.get(row).filter(|it| !it.iter().any(|it| it.is_nan())) else { continue };
            let predicted = match &predictions {
                None => Some(most_probable(vector)),
                Some(texts) => match texts.get(row) {
                    None => continue,
                    Some(class) => self.places.get(class).copied(),
                },
            };
            match predicted.zip(self.valid(vector)) {
                None => state.invalid += 1,
                Some((predicted, vector)) => {
                    for (class, (cells, it)) in state.each.iter_mut().zip(&vector).enumerate() {
                        cells.add(*it, class == predicted);
                    }
                    vector.get(predicted).into_iter().for_each(|it| state.predicted.add(*it, true));
                }
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Classes, other: Classes) -> Result<()> {
        if other.each.is_empty() {
            return Ok(());
        }
        let classes = self.params.classes.len();
        if other.each.len() != classes {
            return Err(Error::State(format!("the state has {} classes, not {classes}", other.each.len())));
        }
        state.each.resize(classes, Cells::default());
        state.each.iter_mut().zip(other.each).for_each(|(cells, it)| cells.merge(it));
        state.predicted.merge(other.predicted);
        state.invalid = state.invalid.saturating_add(other.invalid);
        Ok(())
    }
}

impl Metric for Multiclass {
    fn finish(&self, _: &Context, window: &Window<Classes>) -> Result<Measurements> {
        let rows = window.state.predicted.rows();
        let invalid = invalid_share(rows, window.state.invalid, self.params.min_rows)?;
        let each: Vec<_> = window.state.each.iter().map(Cells::estimates).collect();
        let mut measured = Measurements::new();
        // All were predicted, so the share of right ones is the precision.
        let accuracy = window.state.predicted.estimates().precision;
        add(&mut measured, ["accuracy", "accuracy_low", "accuracy_high"], accuracy, self.z);
        let all: [(_, _, Vec<Option<Estimate>>); 4] = [
            (
                ["precision", "precision_low", "precision_high"],
                "class_precision",
                each.iter().map(|it| it.precision).collect(),
            ),
            (["recall", "recall_low", "recall_high"], "class_recall", each.iter().map(|it| it.recall).collect()),
            (["f1", "f1_low", "f1_high"], "class_f1", each.iter().map(|it| it.f1).collect()),
            (["auc", "auc_low", "auc_high"], "class_auc", each.iter().map(|it| it.auc).collect()),
        ];
        for (names, of_class, estimates) in all {
            add(&mut measured, names, mean(&estimates), self.z);
            for (class, estimate) in self.params.classes.iter().zip(estimates) {
                if let Some(it) = estimate {
                    measured.add_of(of_class, it.value, &[("class", class)]);
                }
            }
        }
        measured.add("invalid_share", invalid);
        Ok(measured)
    }
}

impl Multiclass {
    /// One probability for each class, adding up to 1, but for rounding.
    fn valid(&self, vector: &[f32]) -> Option<Vec<f64>> {
        let whole = (vector.iter().map(|it| f64::from(*it)).sum::<f64>() - 1.0).abs() <= 0.01;
        let vector = vector.iter().map(|it| probability(f64::from(*it))).collect::<Option<Vec<f64>>>()?;
        (whole && vector.len() == self.params.classes.len()).then_some(vector)
    }
}

/// The mean over the classes that have one. The deviation of a mean is at most the mean deviation, however the classes
/// hang together, so the limits are rather too wide.
fn mean(estimates: &[Option<Estimate>]) -> Option<Estimate> {
    let known: Vec<_> = estimates.iter().flatten().collect();
    let n = known.len() as f64;
    (!known.is_empty()).then(|| Estimate {
        value: known.iter().map(|it| it.value).sum::<f64>() / n,
        deviation: known.iter().map(|it| it.deviation).sum::<f64>() / n,
    })
}

/// The first of the greatest.
fn most_probable(vector: &[f32]) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (class, it) in vector.iter().enumerate() {
        if *it > best.1 {
            best = (class, *it);
        }
    }
    best.0
}
