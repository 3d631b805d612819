//! What a kind may ask for while it compiles: cells and summaries, shared where they are equal.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::path::Path;
use crate::row::{Row, Slot};
use crate::sketch::Spec;
use crate::suite::RecordFields;
use crate::time::Timestamp;
use crate::types::Type;
use crate::value::Value;

/// A summary of the window, given out by [`Binder::sketch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SketchId(pub u16);

/// A guard of the plan: the records that a `when:` lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuardId(pub u16);

/// When a rule on several fields leaves a record out: GX's `ignore_row_if`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignore {
    /// Never.
    Never,
    /// When all of its values are null.
    All,
    /// When any of its values is null.
    Any,
}

impl Ignore {
    /// Whether the row is left out; GX takes NaN for null.
    pub fn leaves_out(self, slots: &[Slot], row: &Row, nan_is_null: bool) -> bool {
        let null = |it: &Slot| row.at(*it).is_null() || nan_is_null && row.at(*it).is_nan();
        match self {
            Ignore::Never => false,
            Ignore::All => slots.iter().all(null),
            Ignore::Any => slots.iter().any(null),
        }
    }
}

/// A summary that the plan keeps.
#[derive(Clone, Debug, PartialEq)]
pub struct SketchPlan {
    /// Which records it sees; `None`: all.
    pub guard: Option<GuardId>,
    /// Which records it passes over for their nulls.
    pub ignore: Ignore,
    /// Whether NaN is such a null.
    pub nan_is_null: bool,
    /// Which cells; more than one makes a compound key.
    pub slots: Vec<Slot>,
    /// What of the cells it sees.
    pub of: Of,
    /// Which records it is of: those that come, or those that labels were joined to.
    pub side: Side,
    /// What it is.
    pub spec: Spec,
}

/// Which records an expectation is about: a record and, later, the same with its label are two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// Records as they come.
    #[default]
    Record,
    /// Records of the log of predictions, each with the label that was joined to it.
    Label,
}

/// What of a cell a summary sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Of {
    /// The value.
    #[default]
    Value,
    /// The length of its text, in characters; nothing of what has none.
    Length,
}

impl Of {
    /// The length of a text, in characters; of what is no text, and not missing, nothing either.
    pub fn length(value: &Value) -> Value<'static> {
        match value {
            Value::Str(it) => Value::Int(i64::try_from(it.chars().count()).unwrap_or(i64::MAX)),
            Value::Missing => Value::Missing,
            _ => Value::Null,
        }
    }
}

impl SketchPlan {
    /// A summary of all records that the guard lets through.
    pub const fn new(guard: Option<GuardId>, slots: Vec<Slot>, spec: Spec) -> Self {
        SketchPlan { guard, ignore: Ignore::Never, nan_is_null: false, slots, of: Of::Value, side: Side::Record, spec }
    }
}

/// The cells and summaries of a plan that is being compiled.
#[derive(Debug, Default)]
pub struct Bindings {
    /// A path for each slot.
    pub paths: Vec<Path>,
    /// A declared type for each slot.
    pub types: Vec<Option<Type>>,
    /// The summaries.
    pub sketches: Vec<SketchPlan>,
    /// Whether some expectation is about the names of columns.
    pub reads_columns: bool,
    /// The records that the expectation is about which compiles.
    pub side: Side,
    /// How long after their end windows are judged again, since some expectation waits for labels so long.
    pub label_waits: BTreeSet<Timestamp>,
    /// The slots that were asked for since [`Bindings::begin`].
    pub touched: BTreeSet<u16>,
    /// Microseconds without a record after which a service judges the silence: the least that some expectation says.
    pub silence: Option<Timestamp>,
}

impl Bindings {
    /// The slot of a path.
    pub fn slot(&mut self, path: &Path) -> Slot {
        let at = self.paths.iter().position(|it| it == path).unwrap_or_else(|| {
            self.paths.push(path.clone());
            self.types.push(None);
            self.paths.len() - 1
        });
        self.touched.insert(at as u16);
        Slot(at as u16)
    }

    /// From now on an expectation about these records compiles.
    pub fn begin(&mut self, side: Side) {
        self.side = side;
        self.touched.clear();
    }

    /// The summary of a plan; equal plans share one.
    pub fn kept(&mut self, plan: SketchPlan) -> SketchId {
        let plan = SketchPlan { side: self.side, ..plan };
        let at = self.sketches.iter().position(|it| *it == plan).unwrap_or_else(|| {
            self.sketches.push(plan);
            self.sketches.len() - 1
        });
        SketchId(at as u16)
    }
}

/// One entry's view of the [`Bindings`].
#[derive(Debug)]
pub struct Binder<'b> {
    /// The plan's bindings.
    pub bindings: &'b mut Bindings,
    /// The entry's guard.
    pub guard: Option<GuardId>,
    /// The entry's own fields, in order.
    pub slots: Vec<Slot>,
    /// Their names as the suite writes them.
    pub names: Vec<String>,
    /// The entry's `ignore_row_if`.
    pub ignore: Ignore,
    /// How many values a summary keeps exactly.
    pub budget: usize,
    /// Whether windows are watched together, so that their tests have ever smaller levels.
    pub is_sequential: bool,
    /// Where the well-known fields of a record lie.
    pub record: &'b RecordFields,
    /// Whether labels are joined to records later.
    pub joins: bool,
    /// The entry's `when:` in words.
    pub when: Option<String>,
    /// The files of metrics that entries name, as JSON; null where one cannot be read.
    pub metrics: &'b [(String, Json)],
    /// What reports call the expectation, where that is not its kind's name.
    pub called: Option<&'static str>,
    /// The summaries that the entry has asked for.
    pub asked: Vec<SketchId>,
}

impl Binder<'_> {
    /// The entry's field.
    pub fn slot(&self) -> Slot {
        self.slots.first().copied().unwrap_or(Slot(0))
    }

    /// The entry's field, in the suite's words.
    pub fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// Another field of the record.
    pub fn field(&mut self, path: &str) -> Result<Slot, String> {
        Ok(self.bindings.slot(&Path::parse(path)?))
    }

    /// Makes another field one of the entry's own.
    pub fn own(&mut self, path: &str) -> Result<Slot, String> {
        let slot = self.field(path)?;
        self.slots.push(slot);
        self.names.push(path.to_owned());
        Ok(slot)
    }

    /// A summary of the entry's field.
    pub fn sketch(&mut self, spec: Spec) -> SketchId {
        let slot = self.slot();
        self.sketch_of(vec![slot], spec)
    }

    /// A summary of the entry's field, or of its lengths.
    pub fn sketch_by(&mut self, of: Of, spec: Spec) -> SketchId {
        let slots = vec![self.slot()];
        self.keep(SketchPlan { of, ..SketchPlan::new(self.guard, slots, spec) })
    }

    /// A summary of some cells, over the records that the entry's `when:` lets through.
    pub fn sketch_of(&mut self, slots: Vec<Slot>, spec: Spec) -> SketchId {
        self.keep(SketchPlan::new(self.guard, slots, spec))
    }

    /// A summary of all the entry's fields together, without the records that are left out for nulls.
    pub fn sketch_without(&mut self, ignore: Ignore, nan_is_null: bool, spec: Spec) -> SketchId {
        let slots = self.slots.clone();
        self.keep(SketchPlan { ignore, nan_is_null, ..SketchPlan::new(self.guard, slots, spec) })
    }

    fn keep(&mut self, plan: SketchPlan) -> SketchId {
        let id = self.bindings.kept(plan);
        self.asked.push(id);
        id
    }
}
