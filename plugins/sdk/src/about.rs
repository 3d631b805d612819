//! What a capability says of itself, by constants.

use serde::de::DeserializeOwned;

use crate::bindings::about::exports::driftline::plugin::about as wit;
pub use crate::bindings::types::ColumnType;
use crate::{Binding, Error, Result};

/// A rule that the plugin offers.
#[derive(Clone, Copy, Debug)]
pub struct Capability {
    /// Its stable name, which stands in suites: lower-case letters, digits and hyphens.
    pub id: &'static str,
    /// What it expects, in one sentence that follows "Expects"; of a metric what it measures.
    pub summary: &'static str,
    /// The fields that it reads.
    pub inputs: &'static [Input],
    /// What it measures. A drift test's `statistic` and `p_value` are not listed.
    pub outputs: &'static [Output],
    /// To be raised when states saved by an older release cannot be merged any more.
    pub state_version: u32,
    /// Whether merging states equals observing all their rows, up to rounding.
    pub mergeable: bool,
}

impl Capability {
    /// A mergeable capability without inputs and outputs, its state of version 1.
    pub const fn new(id: &'static str, summary: &'static str) -> Capability {
        Capability { id, summary, inputs: &[], outputs: &[], state_version: 1, mergeable: true }
    }

    /// With these inputs.
    #[must_use]
    pub const fn inputs(self, inputs: &'static [Input]) -> Capability {
        Capability { inputs, ..self }
    }

    /// With these outputs.
    #[must_use]
    pub const fn outputs(self, outputs: &'static [Output]) -> Capability {
        Capability { outputs, ..self }
    }

    /// With this version of the state.
    #[must_use]
    pub const fn state_version(self, state_version: u32) -> Capability {
        Capability { state_version, ..self }
    }

    /// One host must see the whole window: merging does not equal observing all rows.
    #[must_use]
    pub const fn not_mergeable(self) -> Capability {
        Capability { mergeable: false, ..self }
    }

    pub(crate) fn describe<P: Params>(&self, kind: wit::Kind) -> wit::Capability {
        wit::Capability {
            id: self.id.to_owned(),
            kind,
            summary: self.summary.to_owned(),
            params_schema: P::schema(),
            inputs: self.inputs.iter().map(Input::describe).collect(),
            outputs: self.outputs.iter().map(Output::describe).collect(),
            state_version: self.state_version,
            mergeable: self.mergeable,
        }
    }

    /// Complains where the columns are not what the inputs ask for.
    pub(crate) fn check_bindings(&self, bindings: &[Binding]) -> Result<()> {
        for binding in bindings {
            let Some(input) = self.inputs.iter().find(|it| it.name == binding.input) else {
                return Err(Error::Input(format!("{} has no input `{}`", self.id, binding.input)));
            };
            if !input.accepts.contains(&binding.column_type) {
                let accepted: Vec<_> = input.accepts.iter().copied().map(word).collect();
                return Err(Error::Input(format!(
                    "the field `{}` comes as {}, but the input `{}` of {} takes {}",
                    binding.field,
                    word(binding.column_type),
                    input.name,
                    self.id,
                    accepted.join(" or ")
                )));
            }
        }
        for input in self.inputs {
            let bound = bindings.iter().filter(|it| it.input == input.name).count();
            if bound == 0 && input.required {
                return Err(Error::Input(format!("the input `{}` of {} is bound to no field", input.name, self.id)));
            }
            if bound > 1 && !input.many {
                return Err(Error::Input(format!(
                    "the input `{}` of {} is bound to {bound} fields, but takes one",
                    input.name, self.id
                )));
            }
        }
        Ok(())
    }
}

/// The word for a type in messages.
pub(crate) const fn word(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Number => "number",
        ColumnType::Integer => "integer",
        ColumnType::Boolean => "boolean",
        ColumnType::Text => "text",
        ColumnType::Category => "category",
        ColumnType::Timestamp => "timestamp",
        ColumnType::Vector => "vector",
        ColumnType::Json => "json",
    }
}

/// A field of the records, or several, that a capability reads.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    /// What the plugin calls it.
    pub name: &'static str,
    /// The types it can take, the one it likes best first.
    pub accepts: &'static [ColumnType],
    /// Whether it must be bound.
    pub required: bool,
    /// Whether any number of fields may be bound to it.
    pub many: bool,
    /// What it is, in a few words.
    pub description: &'static str,
}

impl Input {
    /// An input that must be bound to one field.
    pub const fn required(name: &'static str, accepts: &'static [ColumnType], description: &'static str) -> Input {
        Input { name, accepts, required: true, many: false, description }
    }

    /// An input that may be left out.
    pub const fn optional(name: &'static str, accepts: &'static [ColumnType], description: &'static str) -> Input {
        Input { name, accepts, required: false, many: false, description }
    }

    /// Any number of fields may be bound to it.
    #[must_use]
    pub const fn many(self) -> Input {
        Input { many: true, ..self }
    }

    fn describe(&self) -> wit::Input {
        wit::Input {
            name: self.name.to_owned(),
            accepts: self.accepts.to_vec(),
            required: self.required,
            many: self.many,
            description: self.description.to_owned(),
        }
    }
}

/// A measurement that a capability may return.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// Its name: lower-case letters, digits and underscores.
    pub name: &'static str,
    /// `nats`, `seconds`, `%`; none: a bare number or a share.
    pub unit: Option<&'static str>,
    /// What it is, in a few words.
    pub description: &'static str,
}

impl Output {
    /// A bare number or a share.
    pub const fn new(name: &'static str, description: &'static str) -> Output {
        Output { name, unit: None, description }
    }

    /// With a unit.
    #[must_use]
    pub const fn unit(self, unit: &'static str) -> Output {
        Output { unit: Some(unit), ..self }
    }

    fn describe(&self) -> wit::Output {
        wit::Output {
            name: self.name.to_owned(),
            unit: self.unit.map(str::to_owned),
            description: self.description.to_owned(),
        }
    }
}

/// The parameters of a capability, a JSON object.
///
/// What derives `serde::Deserialize` and `schemars::JsonSchema` is one. To give the schema as text,
/// leave out the second and implement this.
pub trait Params: DeserializeOwned {
    /// The JSON Schema (draft 2020-12) of the object. The host checks parameters by it before it opens anything.
    fn schema() -> String;
}

impl<T: DeserializeOwned + schemars::JsonSchema> Params for T {
    fn schema() -> String {
        schemars::SchemaGenerator::default().into_root_schema_for::<T>().as_value().to_string()
    }
}

/// No parameters.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoParams {}

/// Opens a rule with parameters as JSON.
pub type Open<T> = fn(params: &str, bindings: Vec<Binding>) -> Result<Box<T>>;

/// Reads parameters; the schema was checked by the host, so what is left are faults of the schema.
pub(crate) fn read_params<P: Params>(capability: &str, params: &str) -> Result<P> {
    serde_json::from_str(params).map_err(|error| Error::Params(format!("{capability}: {error}")))
}
