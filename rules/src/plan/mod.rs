//! A plan: a suite turned into cells, summaries and checks.

pub mod carry;
mod compile;
mod echo;
mod fields;
mod guard;
mod implicit;
mod joined;
mod plugins;
pub mod segments;
pub mod signals;
mod versions;
mod triggers;
mod watch;
mod when;

pub use crate::binder::Ignore;
pub use compile::compile;
pub use guard::Guard;
pub use joined::Predictions;
pub use segments::{Split, Splits};
pub use versions::{OfVersion, Versions};

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::args::Form;
use crate::binder::{Bindings, GuardId, Side, SketchId};
use crate::expectation::instant::instant;
use crate::kind::{Beside, Check, Kind};
use crate::plugin::Plugins;
use crate::plugin::rule::Source;
use crate::report::Severity;
use crate::row::{Row, Slot};
use crate::shape::Shape;
use crate::sketch::Spec;
use crate::suite::problem::At;
use crate::suite::triggers::Trigger;
use crate::suite::{Drift, Example, OnFail, Over, Privacy, RecordFields, RunsOf, Windows};
use crate::time::Timestamp;
use crate::value::Value;

/// What a host must know to compile a suite.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many values, or distinct values, a summary keeps exactly before it becomes a sketch.
    pub budget: usize,
    /// Only records for which this condition holds are checked; the rest is as if it were not there.
    pub filter: Option<String>,
    /// The fields of each way to divide the records, in place of those of the suite; empty: as the suite says.
    pub segments: Vec<Vec<String>>,
    /// The schema file's content and those it refers to: name as the suite writes it, then document.
    pub schemas: Vec<(String, serde_json::Value)>,
    /// The files of metrics that entries name: name as the suite writes it, then what it holds, null where it cannot be
    /// read.
    pub metrics: Vec<(String, serde_json::Value)>,
    /// The plugins that a suite may name; `None`: this host has none.
    pub plugins: Option<Arc<dyn Plugins>>,
    /// Bytes that the state of a plugin's summary may have.
    pub max_state: usize,
    /// Whether labels are joined later, so that what a record itself holds where its label will be is not looked at;
    /// else records bring their labels along.
    pub labels_come_later: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            budget: 1 << 20,
            filter: None,
            segments: Vec::new(),
            schemas: Vec::new(),
            metrics: Vec::new(),
            plugins: None,
            max_state: 16 << 20,
            labels_come_later: false,
        }
    }
}

/// A compiled suite; shared by all workers.
#[derive(Debug)]
pub struct Plan {
    /// The suite's name.
    pub name: Option<String>,
    /// GX's `id`, carried through.
    pub id: Option<String>,
    /// Free data, carried through.
    pub meta: Option<Value<'static>>,
    /// Notes, carried through.
    pub notes: Option<Value<'static>>,
    /// The implicit expectations (readable, typed, schema) first, then the suite's own in order.
    pub expectations: Vec<Expectation>,
    /// How many of them are implicit.
    pub n_implicit: usize,
    /// The guards of `when:`.
    pub guards: Vec<Guard>,
    /// What each guard was written as, and the cells that it reads.
    pub guard_texts: Vec<(String, Vec<Slot>)>,
    /// Which records are checked at all.
    pub filter: Option<Guard>,
    /// The suite's `schema:` with all that it refers to, as text.
    pub schema: Option<String>,
    /// Fields and summaries.
    pub bindings: Bindings,
    /// Which slots have a declared type, and the expectation that says so.
    pub typed: Vec<(Slot, crate::types::Type, u16)>,
    /// Where the fields lie in a record.
    pub shape: Shape,
    /// The cell of the record's id, for reports.
    pub record_id: Option<Slot>,
    /// The cell of the trace that the record was part of.
    pub trace_id: Option<Slot>,
    /// The cell of the model's name.
    pub model: Option<Slot>,
    /// The cell of the model's version.
    pub version: Option<Slot>,
    /// What windows keep of models and their versions, where each version has a baseline of its own.
    pub versions: Option<Versions>,
    /// The cells whose values label results and failures as of a segment.
    pub label_segments: Vec<Slot>,
    /// The segments in which records are judged apart.
    pub segments: Splits,
    /// The log of predictions that labels are joined to.
    pub predictions: Option<Predictions>,
    /// Whether labels are joined later.
    pub labels_come_later: bool,
    /// The cell of the record's time; `None`: the time of its request holds.
    pub time: Option<Slot>,
    /// What a service does with a record that fails.
    pub on_fail: OnFail,
    /// Over which spans of time a service judges records together.
    pub windows: Windows,
    /// What windows are compared with, and how many tests together are judged.
    pub drift: Drift,
    /// What may be told and stored of each field's values.
    pub privacy: Privacy,
    /// Where the well-known fields lie.
    pub record: RecordFields,
    /// Whose retraining runs its records are.
    pub runs_of: Option<RunsOf>,
    /// When something is to be done about what windows show; one that names another stands behind it.
    pub triggers: Vec<Trigger>,
    /// Metrics that are made of records, labels, findings and models.
    pub signals: signals::Signals,
    /// Records with the verdict that they must get.
    pub examples: Vec<Example>,
    /// Whether some expectation is about the names of columns.
    pub reads_columns: bool,
}

impl Plan {
    /// Whether some expectation may compare windows with a baseline or with another window.
    pub fn compares(&self) -> bool {
        self.expectations.iter().any(Expectation::compares)
    }

    /// The segments whose windows others are compared with, each once.
    pub fn segments_beside(&self) -> BTreeSet<&str> {
        let beside = self.expectations.iter().map(Expectation::beside);
        beside.filter_map(|it| if let Beside::Segment(name) = it { Some(name) } else { None }).collect()
    }

    /// Whether detectors watch what expectations find from window to window.
    pub fn watches(&self) -> bool {
        self.expectations.iter().any(|it| matches!(it.check, Check::Watch(_)))
    }

    /// Whether windows of parts can be merged: some summary of a plugin may have to see all records.
    pub fn is_mergeable(&self) -> bool {
        self.bindings.sketches.iter().all(|it| !matches!(&it.spec, Spec::Folded(it) if !it.mergeable))
    }

    /// Whether checking a record may call a plugin, which may block: a rule on records, or a summary.
    pub fn calls_plugins(&self) -> bool {
        self.has_batches() || self.bindings.sketches.iter().any(|it| matches!(it.spec, Spec::Folded(_)))
    }

    /// The time of a record, from its cells as they were read or as checking left them: a date or datetime, or a
    /// number. What has no zone is taken as UTC. `None`: it has none, or none that can be read.
    pub fn time_of(&self, cells: &[Value]) -> Option<Timestamp> {
        let slot = usize::from(self.time?.0);
        let cell = cells.get(slot)?;
        match (cell, self.bindings.types.get(slot).copied().flatten()) {
            (Value::Str(_), Some(ty)) => {
                let mut cell = cell.clone();
                ty.convert_in_place(&mut cell);
                instant(&cell, self.record.unit.micros())
            }
            _ => instant(cell, self.record.unit.micros()),
        }
    }

    /// Whether some rule on records is a plugin's.
    pub fn has_batches(&self) -> bool {
        self.expectations.iter().any(|it| matches!(it.check, Check::Batch(_)))
    }
}

/// A compiled expectation.
#[derive(Debug)]
pub struct Expectation {
    /// Its kind.
    pub kind: &'static Kind,
    /// What reports call it, where that is not the kind's name.
    pub called: Option<&'static str>,
    /// Its name in GX's form; of a plugin's rule `plugin.capability`.
    pub type_name: String,
    /// Where a plugin's rule comes from.
    pub source: Option<Arc<Source>>,
    /// How it is written.
    pub form: Form,
    /// Where it stands in the suite.
    pub at: At,
    /// Its path in the suite.
    pub path: String,
    /// A name of its own.
    pub name: Option<String>,
    /// Its fields as the suite writes them.
    pub fields: Vec<String>,
    /// Their cells.
    pub slots: Vec<Slot>,
    /// When a record is left out for missing values.
    pub ignore: Ignore,
    /// Which records it sees.
    pub guard: Option<GuardId>,
    /// `when:` in words.
    pub when: Option<String>,
    /// The share of judged records that must hold.
    pub mostly: f64,
    /// How much it matters.
    pub severity: Severity,
    /// Which records together it is judged of.
    pub over: Over,
    /// Whether it is about records as they come, or about those that labels were joined to.
    pub side: Side,
    /// GX's `kwargs`: as written, or what the short form means.
    pub kwargs: Value<'static>,
    /// GX's `id`, `notes`, `description`, `meta`, carried through.
    pub carried: Vec<(&'static str, Value<'static>)>,
    /// All cells that it or its guard reads.
    pub reads: Vec<Slot>,
    /// The summaries that it is judged by.
    pub sketches: Vec<SketchId>,
    /// Whether it is about the names of columns.
    pub reads_columns: bool,
    /// The check.
    pub check: Check,
}

impl Expectation {
    /// Whether it may compare a window with a baseline or with another window: `stable`, rules of plugins on windows, among
    /// which drift tests are, and what must not be worse than the baseline.
    pub fn compares(&self) -> bool {
        matches!(self.kind.name, "stable" | "records_similar")
            || self.source.is_some() && matches!(self.check, Check::Window(_))
            || self.beside() == Beside::Reference
    }

    /// What it is compared with beside distributions of fields.
    pub fn beside(&self) -> Beside<'_> {
        if let Check::Window(it) = &self.check { it.beside() } else { Beside::Nothing }
    }

    /// Whether a value counts as null: GX takes NaN for null.
    pub fn is_null(&self, value: &Value) -> bool {
        value.is_null() || (self.form == Form::Gx && value.is_nan())
    }

    /// Whether `ignore_row_if` leaves the row out.
    pub fn ignores(&self, row: &Row) -> bool {
        self.ignore.leaves_out(&self.slots, row, self.form == Form::Gx)
    }

    /// The value that a report shows for a row: the cell, the pair, or the fields by name.
    pub fn subject_of(&self, row: &Row) -> Value<'static> {
        use crate::kind::Subject;
        let cell = |it: &Slot| match row.at(*it) {
            Value::Missing => Value::Null,
            it => it.to_owned(),
        };
        match (self.kind.subject, self.slots.as_slice()) {
            (Subject::Pair, slots) => Value::List(slots.iter().map(cell).collect()),
            (Subject::Fields(_), _) => fields_by_name(&self.fields, self.slots.iter().map(cell)),
            (_, [slot]) => cell(slot),
            _ if self.source.is_some() => fields_by_name(&self.fields, self.slots.iter().map(cell)),
            _ => Value::Null,
        }
    }

    /// What the report calls it: its own name, or kind and fields.
    pub fn title(&self) -> String {
        match &self.name {
            Some(name) => name.clone(),
            None if self.fields.is_empty() => self.kind_name().to_owned(),
            None => format!("{} {}", self.fields.join(", "), self.kind_name()),
        }
    }

    /// What its kind is called: of a plugin's rule `plugin.capability`, of `quality` its metric.
    pub fn kind_name(&self) -> &str {
        if self.source.is_some() { &self.type_name } else { self.called.unwrap_or(self.kind.name) }
    }
}

fn fields_by_name(fields: &[String], cells: impl Iterator<Item = Value<'static>>) -> Value<'static> {
    Value::Map(fields.iter().zip(cells).map(|(name, cell)| (name.clone().into(), cell)).collect())
}
