//! What the service says of plugins.

use driftline_rules::plugin::{About, Capability, ColumnType, Task};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A plugin, and which versions of it there are.
#[derive(Serialize, ToSchema)]
pub struct PluginOut {
    /// Its name.
    pub name: String,
    /// The version that suites get which name none; none when no version was activated.
    pub active: Option<String>,
    /// Whether the folder of plugins holds it; then it is not changed over HTTP.
    pub of_folder: bool,
    /// What the active version says of itself, or else the newest one.
    #[serde(flatten)]
    pub about: AboutOut,
    /// All versions, the newest first.
    pub versions: Vec<PluginVersionOut>,
}

/// A version of a plugin.
#[derive(Serialize, ToSchema)]
pub struct PluginVersionOut {
    /// Its semantic version.
    pub version: String,
    /// `sha256:` and the hexadecimal digits of the component's bytes.
    pub digest: String,
    /// Bytes of the component.
    pub size: u64,
    /// The version of `driftline:plugin` that it was built against.
    pub wit: String,
    /// Whether it came with a signature.
    pub signed: bool,
    /// When it was put (RFC 3339).
    pub at: String,
    /// Who put it: a token's name, `file:` and the path, or `anyone`.
    pub by: String,
    /// Whether it is the active one.
    pub active: bool,
}

/// All plugins.
#[derive(Serialize, ToSchema)]
pub struct PluginsOut {
    /// Those that suites may name, by name.
    pub plugins: Vec<PluginOut>,
    /// Files of the folder that are none, and why.
    pub broken: Vec<BrokenPlugin>,
}

/// A file of the folder of plugins that is none.
#[derive(Serialize, ToSchema)]
pub struct BrokenPlugin {
    /// The file.
    pub file: String,
    /// Why it cannot be used.
    pub problem: String,
}

/// What a plugin says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AboutOut {
    /// One sentence.
    pub description: String,
    /// Its documentation, Markdown, whose cases were run before it was taken in.
    pub page: String,
    /// The rules that it offers.
    pub capabilities: Vec<CapabilityOut>,
}

/// A rule that a plugin offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CapabilityOut {
    /// Its name in suites, behind the plugin's and a point.
    pub id: String,
    /// `record-check`, `drift-test` or `metric`.
    pub task: String,
    /// What it expects, following "Expects"; of a metric what it measures.
    pub summary: String,
    /// The JSON Schema of its parameters.
    pub params: serde_json::Value,
    /// The fields that it reads.
    pub inputs: Vec<InputOut>,
    /// What it measures.
    pub outputs: Vec<OutputOut>,
    /// States of different versions cannot be merged.
    pub state_version: u32,
    /// Whether merging states equals observing all records.
    pub mergeable: bool,
}

/// A field, or several, that a rule reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InputOut {
    /// What the plugin calls it.
    pub name: String,
    /// The types it can take, the best first.
    pub accepts: Vec<String>,
    /// Whether it must be bound.
    pub required: bool,
    /// Whether any number of fields may be bound to it.
    pub many: bool,
    /// What it is.
    pub description: String,
}

/// A measurement that a rule may return.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OutputOut {
    /// Its name.
    pub name: String,
    /// Its unit; none: a bare number or a share.
    pub unit: Option<String>,
    /// What it is.
    pub description: String,
}

impl From<&About> for AboutOut {
    fn from(it: &About) -> Self {
        AboutOut {
            description: it.description.clone(),
            page: it.page.clone(),
            capabilities: it.capabilities.iter().map(CapabilityOut::from).collect(),
        }
    }
}

impl From<&Capability> for CapabilityOut {
    fn from(it: &Capability) -> Self {
        let task = match it.task {
            Task::RecordCheck => "record-check",
            Task::DriftTest => "drift-test",
            Task::Metric => "metric",
        };
        let inputs = it.inputs.iter().map(|it| InputOut {
            name: it.name.clone(),
            accepts: it.accepts.iter().copied().map(ColumnType::name).map(str::to_owned).collect(),
            required: it.required,
            many: it.many,
            description: it.description.clone(),
        });
        let outputs = it.outputs.iter().map(|it| OutputOut {
            name: it.name.clone(),
            unit: it.unit.clone(),
            description: it.description.clone(),
        });
        CapabilityOut {
            id: it.id.clone(),
            task: task.to_owned(),
            summary: it.summary.clone(),
            params: it.params.clone(),
            inputs: inputs.collect(),
            outputs: outputs.collect(),
            state_version: it.state_version,
            mergeable: it.mergeable,
        }
    }
}
