//! The border to rules that are not ours: what a plugin offers to suites, and the data it is given.
//!
//! A host implements these traits; nothing here knows what a plugin is made of. The shapes are those
//! of `wit/`: columns with validity as a bitmap, states as bytes.

pub mod columns;
mod json;
pub mod rule;

use std::fmt::{Debug, Display, Formatter};
use std::sync::Arc;

use crate::time::Timestamp;

/// The plugins that a suite may name.
pub trait Plugins: Debug + Send + Sync {
    /// The plugin that an entry of the suite's `plugins:` block means. The error is for the author of the suite.
    fn find(&self, wanted: &Wanted) -> Result<Arc<dyn Plugin>, String>;
}

/// An entry of a suite's `plugins:` block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// What the suite calls it.
    pub name: String,
    /// A file beside the suite, or `oci://registry/repository:tag`.
    pub file: Option<String>,
    /// The version of a registered plugin; without file, version and digest the active one is meant.
    pub version: Option<String>,
    /// `sha256:` and 64 hexadecimal digits: the component's bytes must have it.
    pub digest: Option<String>,
    /// Bytes of memory that an instance may have; never above the host's own limit.
    pub memory: Option<u64>,
    /// Microseconds that a call may take; never above the host's own limit.
    pub time: Option<u64>,
}

/// A plugin that was loaded.
pub trait Plugin: Debug + Send + Sync {
    /// What it says of itself.
    fn about(&self) -> &About;

    /// Opens a record check. The parameters were checked against the capability's schema.
    fn checker(&self, opened: &Opened) -> Result<Box<dyn Checker>, Fault>;

    /// Opens the summary of a drift test or a metric.
    fn summarizer(&self, opened: &Opened) -> Result<Arc<dyn Summarizer>, Fault>;
}

/// A capability with parameters and columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Which capability.
    pub capability: String,
    /// JSON that fits its schema.
    pub params: String,
    /// What each column of the batches holds.
    pub columns: Vec<Binding>,
}

/// Which field a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The capability's input.
    pub input: String,
    /// The field, as the suite names it.
    pub field: String,
    /// The type of the column in every batch.
    pub column_type: ColumnType,
}

/// A rule on records.
pub trait Checker: Debug + Send + Sync {
    /// Judges some records. May block.
    fn check(&self, context: &Context, batch: &Batch, max_findings: u32) -> Result<Verdicts, Fault>;
}

/// A mergeable summary of a window, its state as bytes.
pub trait Summarizer: Debug + Send + Sync {
    /// The state after some more records; `None` is the empty state. May block.
    fn observe(&self, state: Option<&[u8]>, batch: &Batch) -> Result<Vec<u8>, Fault>;

    /// The state of all.
    fn merge(&self, states: &[&[u8]]) -> Result<Vec<u8>, Fault>;

    /// What a metric measures.
    fn finish(&self, context: &Context, state: Option<&[u8]>) -> Result<Vec<Measurement>, Fault>;

    /// What a drift test measures.
    fn compare(&self, context: &Context, reference: Option<&[u8]>, current: Option<&[u8]>)
    -> Result<Comparison, Fault>;
}

/// What a plugin says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// Its own name.
    pub name: String,
    /// Semantic version.
    pub version: String,
    /// `sha256:` and the hexadecimal digits of the component's bytes.
    pub digest: String,
    /// One sentence.
    pub description: String,
    /// Documentation, specification and test.
    pub page: String,
    /// The rules it offers.
    pub capabilities: Vec<Capability>,
}

/// A rule that a plugin offers.
#[derive(Clone, Debug, PartialEq)]
pub struct Capability {
    /// Its name in suites.
    pub id: String,
    /// What it does.
    pub task: Task,
    /// What it expects, following "Expects".
    pub summary: String,
    /// The JSON Schema of the parameters.
    pub params: serde_json::Value,
    /// The fields that it reads.
    pub inputs: Vec<Input>,
    /// What it measures.
    pub outputs: Vec<Output>,
    /// States of different versions cannot be merged.
    pub state_version: u32,
    /// Whether merging equals observing all.
    pub mergeable: bool,
}

/// What a capability does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Judges each record.
    RecordCheck,
    /// Compares two windows.
    DriftTest,
    /// Measures a window.
    Metric,
}

/// A field, or several, that a capability reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// What the plugin calls it.
    pub name: String,
    /// The types it can take, the best first.
    pub accepts: Vec<ColumnType>,
    /// Whether it must be bound.
    pub required: bool,
    /// Whether any number of fields may be bound to it.
    pub many: bool,
    /// What it is.
    pub description: String,
}

/// A measurement that a capability may return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: Option<String>,
    /// What it is.
    pub description: String,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColumnType {
    /// `f64`.
    Number,
    /// `i64`.
    Integer,
    /// A bitmap.
    Boolean,
    /// Text.
    Text,
    /// Text of which few are different.
    Category,
    /// Microseconds since 1970.
    Timestamp,
    /// Vectors of `f32`, of one length.
    Vector,
    /// Anything, as JSON.
    Json,
}

impl ColumnType {
    /// All.
    pub const ALL: [ColumnType; 8] = [
        ColumnType::Number,
        ColumnType::Integer,
        ColumnType::Boolean,
        ColumnType::Text,
        ColumnType::Category,
        ColumnType::Timestamp,
        ColumnType::Vector,
        ColumnType::Json,
    ];

    /// The word in messages.
    pub const fn name(self) -> &'static str {
        match self {
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
}

/// Some records, column by column, in the order of the bindings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// How many records.
    pub rows: u32,
    /// The columns.
    pub columns: Vec<Column>,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The values; a row without one has some value that means nothing.
    pub data: ColumnData,
    /// A set bit, least significant first: the row holds a value. `None`: every row does.
    pub validity: Option<Vec<u8>>,
}

/// The values of a column; shapes as in `wit/`.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnData {
    /// Numbers.
    Numbers(Vec<f64>),
    /// Integers.
    Integers(Vec<i64>),
    /// A bit a row.
    Booleans(Vec<u8>),
    /// Texts.
    Texts(Texts),
    /// Codes and what they mean.
    Categories {
        /// An index into the dictionary for each row.
        codes: Vec<u32>,
        /// The different texts.
        dictionary: Vec<String>,
    },
    /// Microseconds since 1970.
    Timestamps(Vec<i64>),
    /// Row after row.
    Vectors {
        /// The length of each.
        dimension: u32,
        /// Rows times dimension values.
        values: Vec<f32>,
    },
    /// A JSON document a row.
    Json(Texts),
}

/// Texts, end to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    /// Byte offsets, one more than there are rows.
    pub offsets: Vec<u32>,
    /// The texts.
    pub data: String,
}

/// What an answer may depend on beside the data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The model's name.
    pub model: Option<String>,
    /// Its version.
    pub model_version: Option<String>,
    /// The segment of the window.
    pub segment: Option<String>,
    /// Start and exclusive end of the window.
    pub window: Option<(Timestamp, Timestamp)>,
    /// Where chance is drawn from.
    pub seed: u64,
}

/// A verdict on each record of a batch. The host has checked that the bitmaps are long enough and that rows
/// and columns of findings exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// A set bit: the record holds.
    pub passed: Vec<u8>,
    /// A set bit: there was nothing to judge.
    pub skipped: Option<Vec<u8>>,
    /// Why records failed, in order of rows.
    pub notes: Vec<Note>,
}

/// Why a record failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its row in the batch.
    pub row: u32,
    /// Which column is to blame.
    pub column: Option<u32>,
    /// A stable word.
    pub code: String,
    /// A sentence.
    pub message: String,
}

/// A number that was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// One of the capability's outputs.
    pub name: String,
    /// The number.
    pub value: f64,
    /// What it was measured of, where it is one of several.
    pub labels: Vec<(String, String)>,
}

/// What a drift test measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The statistic or distance.
    pub statistic: f64,
    /// Its p-value.
    pub p_value: Option<f64>,
    /// Further outputs.
    pub details: Vec<Measurement>,
    /// What happened.
    pub explanation: Option<String>,
}

/// Why a plugin gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The parameters do not fit together.
    Params(String),
    /// There is too little data: nothing to judge.
    TooLittle(String),
    /// Anything else: the data does not fit, the state is damaged, the plugin trapped, took too long or
    /// answered what cannot be. Names the plugin and its version.
    Failed(String),
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Params(it) | Fault::TooLittle(it) | Fault::Failed(it) => f.write_str(it),
        }
    }
}
