//! What is told of retraining runs, and what the service says of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::time;
use crate::store::runs::RunRow;

/// What is told of a retraining run. Events may come in any order and again: each adds to what is known of the run, and
/// of what they say differently the last one holds, but a run that has ended does not run again.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunEvent {
    /// The run's id: whatever its pipeline calls it, up to 200 characters.
    #[schema(max_length = 200)]
    pub id: String,
    /// The model that is trained; needed in the first event.
    pub model: Option<String>,
    /// The version that it makes: text, or a number.
    #[schema(value_type = Option<String>)]
    pub version: Option<Word>,
    /// `started`, `running`, `succeeded`, `failed` or `cancelled`.
    #[schema(pattern = "^(started|running|succeeded|failed|cancelled)$")]
    pub status: Option<String>,
    /// When it started (RFC 3339); without it, when that was told.
    pub started_at: Option<String>,
    /// When it ended; without it, when that was told.
    pub finished_at: Option<String>,
    /// What was measured of the model, offline: numbers by name.
    pub metrics: Option<BTreeMap<String, f64>>,
    /// What it is trained with.
    pub data: Option<RunData>,
    /// A job of the run.
    pub job: Option<RunJob>,
    /// Jobs of the run.
    pub jobs: Option<Vec<RunJob>>,
    /// How serving took the new model up.
    pub reload: Option<RunReload>,
    /// The incident that asked for the run.
    pub incident: Option<String>,
}

/// A text, or a number that stands for one.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Word {
    /// A text.
    Text(String),
    /// A number.
    Number(serde_json::Number),
}

impl std::fmt::Display for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Word::Text(it) => f.write_str(it),
            Word::Number(it) => write!(f, "{it}"),
        }
    }
}

/// What a run is trained with.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunData {
    /// Rows.
    pub rows: Option<u64>,
    /// The time of the first (RFC 3339).
    pub from: Option<String>,
    /// The time after the last.
    pub to: Option<String>,
    /// Where it lies.
    pub uri: Option<String>,
}

/// A job of a run, such as `assemble_data_job` or `train_model_job`.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunJob {
    /// Its name.
    pub name: String,
    /// `started`, `running`, `succeeded`, `failed` or `cancelled`.
    pub status: Option<String>,
    /// How long it took: seconds, or text such as `90s` or `2h`.
    #[schema(value_type = Option<f64>)]
    pub duration: Option<Word>,
}

/// How serving took a model up.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunReload {
    /// `succeeded` or `failed`.
    pub status: Option<String>,
    /// When (RFC 3339).
    pub at: Option<String>,
    /// What was said.
    pub message: Option<String>,
}

/// A retraining run, as its events together tell it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunOut {
    /// Its id.
    pub id: String,
    /// The model.
    pub model: String,
    /// The version that it makes.
    pub version: Option<String>,
    /// `started`, `running`, `succeeded`, `failed` or `cancelled`.
    pub status: String,
    /// When it started.
    pub started_at: Option<String>,
    /// When it ended.
    pub finished_at: Option<String>,
    /// What was measured: numbers by name.
    pub metrics: Json,
    /// What it was trained with: `rows`, `from`, `to`, `uri`.
    pub data: Json,
    /// By name: `status` and `duration_seconds`.
    pub jobs: Json,
    /// How serving took the model up: `status`, `at`, `message`.
    pub reload: Option<Json>,
    /// The incident that asked for it.
    pub incident: Option<String>,
    /// When the last event came.
    pub updated_at: String,
    /// Who sent it: a token's name, or `anyone`.
    pub by: String,
    /// When it was checked; none: it has not ended, or no suite is of its model.
    pub checked_at: Option<String>,
    /// The worst verdict of the suites that checked it.
    pub verdict: Option<String>,
    /// Of one run that is asked for: what is derived of it and of the runs before, as suites see it.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub derived: Map<String, Json>,
    /// Of an event that ended the run: what the suites say that checked it now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<RunCheck>,
}

/// What a suite says of a run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunCheck {
    /// The suite.
    pub suite: String,
    /// The result, by which the history finds it.
    pub result_id: Uuid,
    /// `pass`, `warn` or `fail`.
    pub verdict: &'static str,
    /// What it failed.
    pub failures: Vec<RunFailure>,
}

/// An expectation that a run failed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunFailure {
    /// The expectation.
    pub check: String,
    /// `critical`, `warning` or `info`.
    pub severity: String,
    /// Why, for a person.
    pub message: String,
}

impl From<RunRow> for RunOut {
    fn from(it: RunRow) -> Self {
        RunOut {
            id: it.id,
            model: it.model,
            version: it.version,
            status: it.status,
            started_at: it.started.map(time),
            finished_at: it.finished.map(time),
            metrics: it.metrics,
            data: it.data,
            jobs: it.jobs,
            reload: it.reload,
            incident: it.incident,
            updated_at: time(it.put),
            by: it.by,
            checked_at: it.checked.map(time),
            verdict: it.verdict,
            derived: Map::new(),
            checks: Vec::new(),
        }
    }
}
