//! Why quality fell.

use driftline_rules::diagnosis::{Diagnosis, Hypothesis, Loss, Share, Slice};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::time;
use crate::service::diagnosis::Asked;

/// What is to be explained.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiagnosisAsked {
    /// The start of the suspect span (RFC 3339, or a span before now such as `24h`).
    pub since: String,
    /// Its end; now, without it.
    pub until: Option<String>,
    /// The start of what it is compared with; without it eight times as long as the span, at least a day and at most
    /// four weeks.
    pub baseline_since: Option<String>,
    /// The end of that; the start of the suspect span, without it.
    pub baseline_until: Option<String>,
    /// Of one of the suite's `segments`, such as `region=eu`; all records, without it.
    pub segment: Option<String>,
}

/// A span of time.
#[derive(Serialize, ToSchema)]
pub struct SpanOut {
    /// Its start (RFC 3339).
    pub since: String,
    /// Its end.
    pub until: String,
}

/// A share of the loss, with its interval of 95 %.
#[derive(Serialize, ToSchema)]
pub struct ShareOut {
    /// The share: 1 is all of it.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl From<Share> for ShareOut {
    fn from(Share { value, low, high }: Share) -> Self {
        ShareOut { value, low, high }
    }
}

/// What was lost.
#[derive(Serialize, ToSchema)]
pub struct LossOut {
    /// `error rate`, `mean absolute error`, or the expectation whose metric it is.
    pub measure: String,
    /// In the reference.
    pub before: f64,
    /// In the suspect span.
    pub now: f64,
    /// Labelled predictions of the reference.
    pub n_before: u64,
    /// Of the suspect span.
    pub n: u64,
    /// The probability of so large a loss by chance; none: it cannot be told.
    pub p_value: Option<f64>,
    /// Whether it is more than chance.
    pub is_clear: bool,
    /// Losses above what was to be expected; none where single predictions are not known.
    pub excess: Option<f64>,
    /// The same in words.
    pub told: String,
}

impl From<Loss> for LossOut {
    fn from(it: Loss) -> Self {
        LossOut {
            told: it.told(),
            measure: it.measure,
            before: it.before,
            now: it.now,
            n_before: it.n_before,
            n: it.n,
            p_value: it.p_value,
            is_clear: it.is_clear,
            excess: it.excess,
        }
    }
}

/// What may have caused a loss.
#[derive(Serialize, ToSchema)]
pub struct HypothesisOut {
    /// `data`, `model` or `infrastructure`.
    pub category: &'static str,
    /// What it is: `drift`, `missing_values`, `version_change` and so on; `docs/diagnosis.md` lists them.
    pub cause: &'static str,
    /// The field, version or expectation; empty: all of it.
    pub subject: String,
    /// How much speaks for it, from 0 to 1; no probability.
    pub score: f64,
    /// How much of the loss it accounts for; none where that cannot be computed.
    pub share: Option<ShareOut>,
    /// What speaks for it, in words.
    pub evidence: Vec<String>,
    /// The same as numbers by name.
    #[schema(value_type = Object)]
    pub numbers: Json,
    /// How to check it: paths of the API, and SQL.
    pub verify: Vec<String>,
}

impl From<Hypothesis> for HypothesisOut {
    fn from(it: Hypothesis) -> Self {
        HypothesisOut {
            category: it.category.name(),
            cause: it.cause,
            subject: it.subject,
            score: it.score,
            share: it.share.map(Into::into),
            evidence: it.evidence,
            numbers: it.numbers.into(),
            verify: it.verify,
        }
    }
}

/// Predictions with a value in common that hold more of the loss than of the predictions.
#[derive(Serialize, ToSchema)]
pub struct SliceOut {
    /// What they have in common.
    pub slice: String,
    /// Labelled predictions of the reference.
    pub n_before: u64,
    /// Of the suspect span.
    pub n: u64,
    /// Their mean loss before; none: there were fewer than 30.
    pub before: Option<f64>,
    /// Their mean loss now.
    pub now: f64,
    /// Their share of the predictions.
    pub of_predictions: f64,
    /// Their share of the loss.
    pub of_loss: ShareOut,
}

impl From<Slice> for SliceOut {
    fn from(it: Slice) -> Self {
        SliceOut {
            slice: it.slice,
            n_before: it.n_before,
            n: it.n,
            before: it.before,
            now: it.now,
            of_predictions: it.of_predictions,
            of_loss: it.of_loss.into(),
        }
    }
}

/// Why quality fell: hypotheses, ranked by their evidence.
#[derive(Serialize, ToSchema)]
pub struct DiagnosisOut {
    /// The suite.
    pub suite: String,
    /// The incident that it is of, if it is of one.
    pub incident: Option<uuid::Uuid>,
    /// Of which segment; empty: of all records.
    pub segment: String,
    /// What is suspect.
    pub span: SpanOut,
    /// What it is compared with.
    pub baseline: SpanOut,
    /// What was lost; none: no label and no metric says so.
    pub loss: Option<LossOut>,
    /// The most likely first.
    pub hypotheses: Vec<HypothesisOut>,
    /// Where the loss is, the most telling first.
    pub slices: Vec<SliceOut>,
    /// What was looked at.
    pub looked_at: Vec<String>,
    /// What could not be looked at, and why.
    pub left_out: Vec<String>,
}

impl DiagnosisOut {
    /// What was found of a suite.
    pub fn new(suite: &str, incident: Option<uuid::Uuid>, asked: &Asked, it: Diagnosis) -> Self {
        let span = |it: driftline_rules::diagnosis::Span| SpanOut { since: time(it.from), until: time(it.to) };
        DiagnosisOut {
            suite: suite.to_owned(),
            incident,
            segment: asked.segment.clone(),
            span: span(asked.span),
            baseline: span(asked.reference),
            loss: it.loss.map(Into::into),
            hypotheses: it.hypotheses.into_iter().map(Into::into).collect(),
            slices: it.slices.into_iter().map(Into::into).collect(),
            looked_at: it.looked_at,
            left_out: it.left_out,
        }
    }
}
