//! Why quality fell: hypotheses, ranked by their evidence.
//!
//! A span that is suspect is compared with one before it. What could have caused a loss, a field that drifted, another
//! version of the model, a service that is slow, becomes a [`Hypothesis`] with a score from 0 to 1, with numbers, and
//! with a question by which a person can check it. The same input gives the same answer: nothing is drawn or learned.
//!
//! The score is a rule of thumb and no probability. It is the weighted mean of three numbers from 0 to 1: how far the
//! subject moved (`effect`, weight 0.3), how much of the loss lies where it moved (`share`, 0.5, and half of that where
//! nothing is left to compare with; see [`attribution`]), and how far both went together in time (`overlap`, 0.2). `docs/diagnosis.md` says it to users.

pub mod attribution;
mod checks;
mod fields;
mod infrastructure;
mod loss;
mod model;
#[cfg(test)]
mod tests;
mod whole;
mod words;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use crate::baseline::Distribution;
pub use attribution::{Attribution, Group, Groups, Losses};
pub use loss::Loss;

/// From `from` until before `to`, in microseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The start.
    pub from: i64,
    /// The end, which is not part of it.
    pub to: i64,
}

/// A value of a prediction that is looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A number that is not NaN.
    Number(f64),
    /// Any other value as text.
    Text(String),
}

/// A prediction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// The time of its record, in microseconds since 1970.
    pub at: i64,
    /// Whether it lies in the suspect span, else in the reference.
    pub is_now: bool,
    /// What it lost: 1 for a wrong one, 0 for a right one, or its absolute error; `None`: there is no label.
    pub loss: Option<f64>,
    /// The version of the model.
    pub version: Option<Item>,
    /// What is kept of its record, by field; what is missing or null is not there.
    pub values: BTreeMap<String, Item>,
}

/// The values of a field in windows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Field {
    /// The field.
    pub name: String,
    /// In the reference.
    pub before: Distribution,
    /// In the suspect span.
    pub now: Distribution,
}

/// How records, or windows, fared under an expectation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fared {
    /// The expectation's title.
    pub check: String,
    /// Its kind.
    pub kind: String,
    /// Its fields, joined by `, `.
    pub field: String,
    /// In the reference: records that were judged, and those of them that failed.
    pub before: [u64; 2],
    /// The same in the suspect span.
    pub now: [u64; 2],
    /// In the reference: windows that were judged, and those of them that failed.
    pub windows_before: [u64; 2],
    /// The same in the suspect span.
    pub windows_now: [u64; 2],
}

/// What a metric was in windows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// The expectation's title.
    pub check: String,
    /// The metric's name.
    pub metric: String,
    /// In windows of the reference, each with its number of labels.
    pub before: Vec<(f64, u64)>,
    /// In windows of the suspect span.
    pub now: Vec<(f64, u64)>,
}

/// What happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// When, in microseconds since 1970.
    pub at: i64,
    /// What.
    pub what: What,
    /// Of what: a model's name and version, a suite's hash, a run's id.
    pub of: String,
}

/// What can happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum What {
    /// A version of a model was deployed.
    #[default]
    Deployed,
    /// A version of the suite was put.
    Suite,
    /// A retraining run could not be taken up by serving.
    ReloadFailed,
}

/// How many records came.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Volume {
    /// Records.
    pub records: u64,
    /// Of them, those that could not be read.
    pub unreadable: u64,
    /// Seconds in which they came.
    pub seconds: f64,
}

/// All that is looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Input {
    /// The suite.
    pub suite: String,
    /// The segment; empty: all records.
    pub segment: String,
    /// What is suspect.
    pub span: Span,
    /// What it is compared with, before it.
    pub reference: Span,
    /// What one prediction loses, in words: `error rate`, `mean absolute error`.
    pub measure: String,
    /// Fields of windows.
    pub fields: Vec<Field>,
    /// Predictions of both spans.
    pub rows: Vec<Row>,
    /// Fields that hold what the model answered: they show a cause and are none.
    pub outputs: Vec<String>,
    /// How expectations fared.
    pub fared: Vec<Fared>,
    /// What metrics were.
    pub figures: Vec<Figures>,
    /// What happened from the start of the reference to the end of the suspect span.
    pub events: Vec<Event>,
    /// Records of the reference and of the suspect span.
    pub volume: Option<[Volume; 2]>,
    /// What could not be looked at, and why.
    pub left_out: Vec<String>,
}

/// Where a cause lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// In what the model is given, or in what is known of its answers.
    Data,
    /// In the model.
    Model,
    /// In what runs the model, or in how it is watched.
    Infrastructure,
}

impl Category {
    /// The word.
    pub const fn name(self) -> &'static str {
        match self {
            Category::Data => "data",
            Category::Model => "model",
            Category::Infrastructure => "infrastructure",
        }
    }
}

/// What may have caused a loss.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hypothesis {
    /// Where it lies.
    pub category: Category,
    /// What it is: `drift`, `missing_values`, `out_of_range`, `unseen_values`, `schema`, `check`, `version_change`,
    /// `calibration`, `concept`, `latency`, `errors`, `silence`, `volume` and so on.
    pub cause: &'static str,
    /// Of which field, version or segment; empty: of all.
    pub subject: String,
    /// How much speaks for it, from 0 to 1.
    pub score: f64,
    /// How much of the loss it accounts for, where that can be computed.
    pub share: Option<Share>,
    /// What speaks for it, for a person.
    pub evidence: Vec<String>,
    /// The same as numbers by name.
    pub numbers: Map<String, Json>,
    /// How to check it: paths of the API, SQL, commands.
    pub verify: Vec<String>,
}

/// A share of the loss with its interval of 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    /// The share: 1 is all of the loss; more than that, others made good for some.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Predictions that have a value in common and account for much of the loss.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Slice {
    /// What they have in common: `amount > 100`, `region = eu`.
    pub slice: String,
    /// Labelled predictions in the reference.
    pub n_before: u64,
    /// The same in the suspect span.
    pub n: u64,
    /// Their mean loss in the reference; `None`: there were too few.
    pub before: Option<f64>,
    /// In the suspect span.
    pub now: f64,
    /// Their share of the predictions of the suspect span.
    pub of_predictions: f64,
    /// Their share of the loss: what they lost above what was to be expected, of what all did.
    pub of_loss: Share,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Diagnosis {
    /// What was lost; `None`: no label and no metric says so.
    pub loss: Option<Loss>,
    /// What may be the cause, the most likely first.
    pub hypotheses: Vec<Hypothesis>,
    /// Where the loss is, those first that hold more of it than of the predictions.
    pub slices: Vec<Slice>,
    /// What was looked at, for a person.
    pub looked_at: Vec<String>,
    /// What could not be looked at, and why.
    pub left_out: Vec<String>,
}

/// What the parts of a diagnosis share.
struct Case<'i> {
    input: &'i Input,
    loss: Option<Loss>,
    /// Labelled predictions by the values of each field.
    by_field: BTreeMap<String, Groups>,
}

impl Case<'_> {
    /// Whether there is a loss that is more than chance, and can be shared out.
    fn is_shared_out(&self) -> bool {
        self.loss.as_ref().is_some_and(|it| it.is_clear && it.excess.is_some())
    }

    /// The share of the loss that goes with the values of a field.
    fn attributed(&self, groups: &Groups, is_identity: bool) -> Option<Attribution> {
        groups.attributed(is_identity).filter(|_| self.is_shared_out())
    }
}

impl Hypothesis {
    /// A hypothesis by how far its subject moved and what of the loss goes with it.
    fn new(
        (category, cause, subject): (Category, &'static str, &str),
        effect: f64,
        attribution: Option<&Attribution>,
    ) -> Hypothesis {
        let effect = effect.clamp(0.0, 1.0);
        let share = attribution.map(|it| it.share);
        let overlap = attribution.and_then(|it| it.overlap);
        // A share that nothing was compared with may be that of anything else that happened to all.
        let weight = if attribution.is_some_and(|it| it.is_compared) { 0.5 } else { 0.25 };
        let counted = share.map(|it| weight * it.value.clamp(0.0, 1.0));
        let score = match (counted, overlap) {
            (Some(counted), Some(overlap)) => 0.3 * effect + counted + 0.2 * overlap,
            (Some(counted), None) => (0.3 * effect + counted) / 0.8,
            // Nothing ties it to the loss.
            (None, _) => 0.6 * effect,
        };
        let mut it = Hypothesis {
            category,
            cause,
            subject: subject.to_owned(),
            score,
            share,
            evidence: Vec::new(),
            numbers: Map::new(),
            verify: Vec::new(),
        };
        it.number("effect", effect);
        if let Some(Share { value, low, high }) = share {
            let percent = |it: f64| format!("{:.0} %", 100.0 * it);
            it.evidence.push(format!(
                "it accounts for {} of the loss ({} to {})",
                percent(value),
                percent(low),
                percent(high)
            ));
        }
        if attribution.is_some_and(|it| !it.is_compared) {
            it.evidence.push(
                "nearly all records are concerned, so there are no others to compare with: it may be less".to_owned(),
            );
        }
        if let Some(overlap) = overlap {
            it.number("overlap", overlap);
            if overlap >= 0.5 {
                it.evidence.push(format!("it came and went with the loss (correlation over time {overlap:.2})"));
            }
        }
        it
    }

    fn number(&mut self, name: &str, it: f64) {
        self.numbers.insert(name.to_owned(), json!(it));
    }
}

/// What may have caused a loss, the most likely first.
pub fn diagnose(input: &Input) -> Diagnosis {
    let case = Case { input, loss: loss::measured(input), by_field: attribution::by_field(&input.rows) };
    let mut found = fields::find(&case);
    found.extend(checks::find(&case));
    found.extend(infrastructure::find(&case));
    found.extend(model::find(&case));
    let mut hypotheses = merged(found);
    whole::complete(&case, &mut hypotheses);
    for it in &mut hypotheses {
        it.score = (it.score.clamp(0.0, 1.0) * 1000.0).round() / 1000.0;
    }
    hypotheses.sort_by(|a, b| {
        let rest = |it: &Hypothesis| (it.category, it.cause, it.subject.clone());
        b.score.total_cmp(&a.score).then_with(|| rest(a).cmp(&rest(b)))
    });
    let slices = if case.is_shared_out() { attribution::slices(&case.by_field, &input.rows) } else { Vec::new() };
    let looked_at = whole::looked_at(&case);
    Diagnosis { loss: case.loss, hypotheses, slices, looked_at, left_out: input.left_out.clone() }
}

/// One hypothesis for each subject: the one with the highest score, with the evidence of the others.
fn merged(found: Vec<Hypothesis>) -> Vec<Hypothesis> {
    let mut kept: Vec<Hypothesis> = Vec::new();
    for mut it in found {
        let same = kept.iter_mut().find(|of| !it.subject.is_empty() && of.subject == it.subject);
        let Some(same) = same else {
            kept.push(it);
            continue;
        };
        if it.score > same.score {
            std::mem::swap(same, &mut it);
        }
        for more in it.evidence {
            if !same.evidence.contains(&more) {
                same.evidence.push(more);
            }
        }
        for (name, number) in it.numbers {
            same.numbers.entry(name).or_insert(number);
        }
        same.verify.extend(it.verify);
        same.verify.dedup();
    }
    kept
}
