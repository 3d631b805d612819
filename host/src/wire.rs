//! Every JSON shape that the service answers with.

mod actions;
mod baselines;
mod diagnosis;
mod drift;
mod features;
mod findings;
mod labels;
mod models;
mod plugins;
pub mod report;
mod runs;
mod stored;
mod triggers;
mod windows;

pub use actions::{ActionOut, DeliveryOut, TestOut};
pub use baselines::{BaselineDetail, BaselineFromWindows, BaselineOut, BaselineVersionOut};
pub use diagnosis::{DiagnosisAsked, DiagnosisOut, HypothesisOut, LossOut, ShareOut, SliceOut, SpanOut};
pub use drift::{AgainstAsked, ColumnDrift, DriftAsked, DriftOut};
pub use features::{Feature, FeatureBaseline, FeatureDistribution, WindowDistribution};
pub use findings::{FindingOut, StoredFinding};
pub use labels::{LabelsTaken, Prediction};
pub use models::{DeployAsked, DeployedOut, DeploymentOut, ModelOut, ModelPut, ModelVersionOut};
pub use plugins::{
    AboutOut, BrokenPlugin, CapabilityOut, InputOut, OutputOut, PluginOut, PluginVersionOut, PluginsOut,
};
pub use runs::{RunCheck, RunData, RunEvent, RunFailure, RunJob, RunOut, RunReload, Word as RunWord};
pub use stored::{LabelsOut, Page, ProblemOut, ResultDetail, Stat, StoredFailure, StoredResult, SuiteOut, VersionOut};
pub use triggers::{IncidentDetail, IncidentEvent, IncidentOut, TriggerAsked, TriggerOut, TriggerState};
pub use windows::{StoredWindow, Stream, WindowDetail};

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::intake::entry::{FailureNote, FindingNote, PlanNote};
use crate::store::rows::{Micros, Verdict};

/// The verdict on one record.
#[derive(Serialize, ToSchema)]
pub struct RecordVerdict<'r> {
    /// The record's ordinal within the request, from 0.
    pub record: u64,
    /// The line it starts on, from 1; only in batches of text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The record's id, where the suite says where it lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<&'r str>,
    /// Whether the record failed no critical expectation.
    pub valid: bool,
    /// `pass`, `warn` (only warnings failed) or `fail`.
    #[schema(value_type = String)]
    pub verdict: Word<Verdict>,
    /// What to do with the record, by the suite's `on_fail`: `accept`, `tag` or `reject`.
    pub action: &'static str,
    /// What it failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure<'r>>,
    /// What could not judge it: rules of plugins that gave no answer. They change no verdict.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Failure<'r>>,
}

/// One expectation that a record failed.
#[derive(Serialize, ToSchema)]
pub struct Failure<'r> {
    /// The expectation: its own name, or fields and kind.
    pub check: &'r str,
    /// Its kind, such as `between`.
    pub kind: &'r str,
    /// `critical`, `warning` or `info`.
    pub severity: &'r str,
    /// Its fields as the suite writes them, joined by `, `.
    pub path: &'r str,
    /// The value, under the suite's privacy setting; left out when it may not be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub observed: Option<Box<RawValue>>,
    /// The bound in words.
    pub bound: &'r str,
    /// Why, for a person.
    pub message: &'r str,
}

/// What one expectation says of a batch as a whole.
#[derive(Serialize, ToSchema)]
pub struct Finding<'r> {
    /// The expectation: its own name, or fields and kind.
    pub check: &'r str,
    /// Its kind.
    pub kind: &'r str,
    /// `critical`, `warning` or `info`.
    pub severity: &'r str,
    /// Its fields, joined by `, `.
    pub path: &'r str,
    /// `pass`, `skip` (nothing to judge), `fail` or `error` (it could not be evaluated).
    pub status: &'r str,
    /// What was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub observed: Option<Box<RawValue>>,
    /// The bound in words.
    pub bound: &'r str,
    /// Why it did not pass.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub message: &'r str,
    /// Records concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elements: Option<u64>,
    /// Of them, those that it does not hold for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unexpected: Option<u64>,
    /// The error bound of the sketch that answered; left out when the answer is exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_bound: Option<f64>,
    /// What else was found, under the suite's privacy setting. Of a drift test: `test`, `statistic`, `p_value`,
    /// `threshold`, `n`, `m`, `effect` in words and, when it drifted, the `bins` that moved most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub details: Option<Box<RawValue>>,
}

/// The answer to a request of one record.
#[derive(Serialize, ToSchema)]
pub struct Single<'r> {
    /// The request's id, under which `/v1/results/{id}` knows it; a request that passed is summed up
    /// with others, unless all results are recorded.
    pub result_id: uuid::Uuid,
    /// The suite.
    pub suite: &'r str,
    /// The content hash of its version.
    pub suite_hash: &'r str,
    /// Whether an earlier request of this `Idempotency-Key` was counted instead of this one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
    /// The verdict.
    #[serde(flatten)]
    pub verdict: RecordVerdict<'r>,
}

/// How a batch fared as a whole.
#[derive(Serialize, ToSchema)]
pub struct Summary<'r> {
    /// The request's id, under which `/v1/results/{id}` knows it.
    pub result_id: uuid::Uuid,
    /// The suite.
    pub suite: &'r str,
    /// The content hash of its version.
    pub suite_hash: &'r str,
    /// The worst of the findings: `pass`, `warn` or `fail`.
    #[schema(value_type = String)]
    pub verdict: Word<Verdict>,
    /// Records.
    pub records: u64,
    /// Records that failed a critical expectation, or could not be read.
    pub failed: u64,
    /// Records that failed warnings only.
    pub warned: u64,
    /// Records that could not be read.
    pub unreadable: u64,
    /// What the expectations say of the batch as a whole.
    pub findings: Vec<Finding<'r>>,
    /// Whether an earlier request of this `Idempotency-Key` was counted instead of this one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
    /// Why the rest of the body could not be read, or not be taken in; what is above counts nevertheless.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The answer to a batch: the verdicts first, since they are sent while the body still comes.
#[derive(Serialize, ToSchema)]
pub struct BatchAnswer<'r> {
    /// A verdict a record in order, or what `?verdicts=` asks for.
    pub verdicts: Vec<RecordVerdict<'r>>,
    /// The sums and findings.
    #[serde(flatten)]
    pub summary: Summary<'r>,
}

/// The answer to a check: one object's, or a batch's. Whoever asked knows which, by what was sent.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum CheckAnswer<'r> {
    /// To one object.
    Single(Single<'r>),
    /// To an array, or to rows of any format.
    Batch(BatchAnswer<'r>),
}

/// A word of a closed list.
pub struct Word<T>(pub T);

impl Serialize for Word<Verdict> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.name())
    }
}

/// JSON that is text already.
pub fn raw(text: Option<&str>) -> Option<Box<RawValue>> {
    text.and_then(|it| RawValue::from_string(it.to_owned()).ok())
}

impl<'r> Failure<'r> {
    /// Failures, by the names of their plan.
    pub fn all(plan: &'r PlanNote, all: &'r [FailureNote]) -> Vec<Self> {
        all.iter().filter_map(|it| Failure::new(plan, it)).collect()
    }

    /// A failure, by the names of its plan.
    pub fn new(plan: &'r PlanNote, it: &'r FailureNote) -> Option<Self> {
        let check = plan.checks.get(it.check as usize)?;
        Some(Failure {
            check: &check.title,
            kind: &check.kind,
            severity: &check.severity,
            path: &check.field,
            observed: raw(it.observed.as_deref()),
            bound: &it.bound,
            message: &it.message,
        })
    }
}

impl<'r> Finding<'r> {
    /// A finding, by the names of its plan.
    pub fn new(plan: &'r PlanNote, it: &'r FindingNote) -> Option<Self> {
        let check = plan.checks.get(it.check as usize)?;
        Some(Finding {
            check: &check.title,
            kind: &check.kind,
            severity: &check.severity,
            path: &check.field,
            status: &it.status,
            observed: raw(it.observed.as_deref()),
            bound: &it.bound,
            message: &it.message,
            elements: it.counts.map(|it| it.0),
            unexpected: it.counts.map(|it| it.1),
            error_bound: it.error,
            details: raw(it.details.as_deref()),
        })
    }
}

/// A time as RFC 3339 in UTC.
pub fn time(at: Micros) -> String {
    chrono::DateTime::from_timestamp_micros(at)
        .map_or_else(String::new, |it| it.to_rfc3339_opts(chrono::SecondsFormat::Micros, true))
}
