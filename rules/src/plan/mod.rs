//! A plan: a suite turned into cells, summaries and checks.

mod compile;
mod echo;
mod guard;
mod implicit;
mod when;

pub use crate::binder::Ignore;
pub use compile::compile;
pub use guard::Guard;

use crate::args::Form;
use crate::binder::{Bindings, GuardId, SketchId};
use crate::kind::{Check, Kind};
use crate::report::Severity;
use crate::row::{Row, Slot};
use crate::shape::Shape;
use crate::suite::problem::At;
use crate::suite::{Example, OnFail, Privacy, RecordFields, Windows};
use crate::value::Value;

/// What a host must know to compile a suite.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many values, or distinct values, a summary keeps exactly before it becomes a sketch.
    pub budget: usize,
    /// Only records for which this condition holds are checked; the rest is as if it were not there.
    pub filter: Option<String>,
    /// The schema file's content and those it refers to: name as the suite writes it, then document.
    pub schemas: Vec<(String, serde_json::Value)>,
}

impl Default for Options {
    fn default() -> Self {
        Options { budget: 1 << 20, filter: None, schemas: Vec::new() }
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
    /// Which records are checked at all.
    pub filter: Option<Guard>,
    /// Fields and summaries.
    pub bindings: Bindings,
    /// Which slots have a declared type, and the expectation that says so.
    pub typed: Vec<(Slot, crate::types::Type, u16)>,
    /// Where the fields lie in a record.
    pub shape: Shape,
    /// The cell of the record's id, for reports.
    pub record_id: Option<Slot>,
    /// The cell of the model's name.
    pub model: Option<Slot>,
    /// The cell of the model's version.
    pub version: Option<Slot>,
    /// The cells whose values divide the records into segments.
    pub segments: Vec<Slot>,
    /// What a service does with a record that fails.
    pub on_fail: OnFail,
    /// Over which spans of time a service judges records together.
    pub windows: Windows,
    /// What may be told and stored of each field's values.
    pub privacy: Privacy,
    /// Where the well-known fields lie.
    pub record: RecordFields,
    /// Records with the verdict that they must get.
    pub examples: Vec<Example>,
    /// Whether some expectation is about the names of columns.
    pub reads_columns: bool,
}

/// A compiled expectation.
#[derive(Debug)]
pub struct Expectation {
    /// Its kind.
    pub kind: &'static Kind,
    /// Its name in GX's form.
    pub type_name: String,
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
    /// GX's `kwargs`: as written, or what the short form means.
    pub kwargs: Value<'static>,
    /// GX's `id`, `notes`, `description`, `meta`, carried through.
    pub carried: Vec<(&'static str, Value<'static>)>,
    /// The summaries that it is judged by.
    pub sketches: Vec<SketchId>,
    /// Whether it is about the names of columns.
    pub reads_columns: bool,
    /// The check.
    pub check: Check,
}

impl Expectation {
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
            (Subject::Fields(_), slots) => Value::Map(
                self.fields.iter().zip(slots).map(|(name, slot)| (name.clone().into(), cell(slot))).collect(),
            ),
            (_, [slot]) => cell(slot),
            _ => Value::Null,
        }
    }

    /// What the report calls it: its own name, or kind and fields.
    pub fn title(&self) -> String {
        match &self.name {
            Some(name) => name.clone(),
            None if self.fields.is_empty() => self.kind.name.to_owned(),
            None => format!("{} {}", self.fields.join(", "), self.kind.name),
        }
    }
}
