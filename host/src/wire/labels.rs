//! Labels and predictions.

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::time;
use crate::service::labels::Taken;
use crate::store::predictions::Logged;

/// How labels fared.
#[derive(Serialize, ToSchema)]
pub struct LabelsTaken {
    /// The suite that they are of.
    pub suite: String,
    /// Labels that came.
    pub received: u64,
    /// Labels of records that had none.
    pub new: u64,
    /// Labels that say something else than before, or more.
    pub corrected: u64,
    /// Labels that say what is known already, or that are older than what is known.
    pub unchanged: u64,
    /// Of the new and the corrected, those whose prediction is there; the others wait for it.
    pub joined: u64,
    /// Labels that could not be read.
    pub refused: u64,
    /// What is wrong with the first of them.
    pub problems: Vec<String>,
}

impl LabelsTaken {
    /// The answer.
    pub fn new(suite: &str, received: u64, refused: u64, taken: Taken, problems: Vec<String>) -> Self {
        let Taken { new, corrected, unchanged, joined } = taken;
        LabelsTaken { suite: suite.to_owned(), received, new, corrected, unchanged, joined, refused, problems }
    }
}

/// A prediction with its label.
#[derive(Serialize, ToSchema)]
pub struct Prediction {
    /// Its key, which pages go by.
    pub key: Uuid,
    /// The time of the record (RFC 3339).
    pub at: String,
    /// The suite.
    pub suite: String,
    /// The content hash of the version that checked it.
    pub suite_hash: String,
    /// The record's id.
    pub id: String,
    /// The model.
    pub model: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The segment.
    pub segment: Option<String>,
    /// What was predicted.
    #[schema(value_type = Option<Object>)]
    pub prediction: Option<Box<RawValue>>,
    /// The score.
    pub score: Option<f64>,
    /// What is kept of the record.
    #[schema(value_type = Object)]
    pub record: Option<Box<RawValue>>,
    /// What turned out to be true.
    #[schema(value_type = Option<Object>)]
    pub label: Option<Box<RawValue>>,
    /// When it was known (RFC 3339).
    pub label_at: Option<String>,
    /// Seconds from the record to its label.
    pub label_delay_seconds: Option<f64>,
    /// 1, one more for each correction.
    pub label_revision: Option<i64>,
    /// Whether the label says what was predicted; none without a label, or without a truth in it.
    pub correct: Option<bool>,
}

impl From<Logged> for Prediction {
    fn from(it: Logged) -> Self {
        let raw = |text: Option<String>| RawValue::from_string(text?).ok();
        let Logged { prediction, label, label_at, label_revision, correct } = it;
        Prediction {
            key: prediction.key,
            at: time(prediction.at),
            suite: prediction.suite,
            suite_hash: prediction.suite_hash,
            id: prediction.id,
            model: prediction.labels.model,
            version: prediction.labels.version,
            segment: prediction.labels.segment,
            prediction: raw(prediction.prediction),
            score: prediction.score,
            record: raw(Some(prediction.record)),
            label: raw(label),
            label_at: label_at.map(time),
            label_delay_seconds: label_at.map(|it| (it - prediction.at) as f64 / 1e6),
            label_revision,
            correct,
        }
    }
}
