//! What the service says of models.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::time;
use crate::store::models::{DeploymentRow, ModelRow};

/// What is put of a version of a model. What is left out is not known from then on, but for the hash.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelPut {
    /// What identifies its bytes, such as `sha256:..`; another one for a version that has one is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// Whatever else is known of it: an object.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Json>,
    /// What its inputs and outputs are, in whatever form they are described.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub schema: Option<Json>,
    /// The baseline that its records are compared with, where the suite compares by version; that of its own first
    /// windows, without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// The version of that baseline; the active one, without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline_version: Option<i64>,
    /// The suite that its records are checked against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suite: Option<String>,
}

/// When a version is deployed.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeployAsked {
    /// When it was deployed (RFC 3339), not later than now; now, without it.
    pub at: Option<String>,
}

/// A model.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelOut {
    /// Its name.
    pub name: String,
    /// The version that is deployed.
    pub deployed: Option<String>,
    /// Since when it is.
    pub deployed_at: Option<String>,
    /// All versions, the newest first.
    pub versions: Vec<ModelVersionOut>,
}

/// A version of a model.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelVersionOut {
    /// The model.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What identifies its bytes.
    pub hash: Option<String>,
    /// `registered`: it was never deployed; `deployed`; `retired`: another one was deployed after it.
    pub status: &'static str,
    /// When it was deployed the last time.
    pub deployed_at: Option<String>,
    /// Whatever else is known of it.
    pub metadata: Json,
    /// What its inputs and outputs are.
    #[schema(value_type = Option<Object>)]
    pub schema: Option<Json>,
    /// The baseline that its records are compared with: the one that was put, else the one that was made of its first
    /// windows.
    pub baseline: Option<String>,
    /// The version of that baseline, where it is said.
    pub baseline_version: Option<i64>,
    /// The suite that its records are checked against.
    pub suite: Option<String>,
    /// When it was put (RFC 3339).
    pub at: String,
    /// Who put it: a token's name, or `anyone`.
    pub by: String,
}

/// The version of a model that is deployed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeployedOut {
    /// The model.
    pub model: String,
    /// Its version.
    pub version: String,
    /// What identifies its bytes.
    pub hash: Option<String>,
    /// Since when it is deployed.
    pub deployed_at: Option<String>,
}

/// That a version was deployed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeploymentOut {
    /// The version.
    pub version: String,
    /// Its hash at that time.
    pub hash: Option<String>,
    /// When (RFC 3339).
    pub at: String,
    /// Who did it: a token's name, or `anyone`.
    pub by: String,
}

impl From<ModelRow> for ModelVersionOut {
    fn from(it: ModelRow) -> Self {
        let status = match it.deployed_at {
            _ if it.is_deployed => "deployed",
            Some(_) => "retired",
            None => "registered",
        };
        ModelVersionOut {
            name: it.model,
            version: it.version,
            hash: it.hash,
            status,
            deployed_at: it.deployed_at.map(time),
            metadata: it.metadata,
            schema: it.schema,
            baseline: it.baseline,
            baseline_version: it.baseline_version,
            suite: it.suite,
            at: time(it.at),
            by: it.by,
        }
    }
}

impl From<DeploymentRow> for DeploymentOut {
    fn from(it: DeploymentRow) -> Self {
        DeploymentOut { version: it.version, hash: it.hash, at: time(it.at), by: it.by }
    }
}

impl ModelOut {
    /// Of all versions of a model, the newest first.
    pub fn of(name: &str, rows: Vec<ModelRow>) -> Self {
        let deployed = rows.iter().find(|it| it.is_deployed);
        ModelOut {
            name: name.to_owned(),
            deployed: deployed.map(|it| it.version.clone()),
            deployed_at: deployed.and_then(|it| it.deployed_at).map(time),
            versions: rows.into_iter().map(Into::into).collect(),
        }
    }
}
