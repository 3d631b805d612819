//! What the user writes: a suite, read into plain data with the place of everything.
//!
//! Nothing is known here about kinds: names and parameters of expectations are resolved by
//! [`plan::compile`](crate::plan::compile). All problems are reported at once.

mod drift;
pub mod node;
pub mod plugins;
mod predictions;
pub mod problem;
mod read;
mod runs;
mod segments;
pub mod signals;
pub mod triggers;
mod windows;

pub use drift::{Drift, First, Reference};
pub use predictions::{LABEL, Predictions};
pub use read::{read, read_entry};
pub use runs::RunsOf;
pub use segments::{Over, Segments};
pub use windows::{Length, Of, Slide, Span, Windows};

use crate::path::Path;
use crate::report::Severity;
use crate::types::Type;
use crate::value::Value;
use node::{Member, Node};
use problem::At;

/// A suite of expectations.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    /// Its name.
    pub name: Option<String>,
    /// GX's `id`, carried through.
    pub id: Option<String>,
    /// Notes, carried through.
    pub notes: Option<Value<'static>>,
    /// Free data, carried through.
    pub meta: Option<Value<'static>>,
    /// What text in a field means.
    pub types: Vec<Declared>,
    /// Where the well-known fields of a record lie.
    pub record: RecordFields,
    /// The log of predictions that labels are joined to; `None`: there is none.
    pub predictions: Option<Predictions>,
    /// Whose retraining runs its records are; `None`: its records come from elsewhere.
    pub runs_of: Option<RunsOf>,
    /// What a service does with a record that fails.
    pub on_fail: OnFail,
    /// Over which spans of time a service judges records together.
    pub windows: Windows,
    /// By which fields the records of a window are judged apart.
    pub segments: Segments,
    /// What windows are compared with, and how several tests are judged together.
    pub drift: Drift,
    /// What may be told and stored of each field's values.
    pub privacy: Privacy,
    /// The JSON Schema of a record.
    pub schema: Option<SchemaSource>,
    /// The plugins that expectations may be of.
    pub plugins: Vec<plugins::Used>,
    /// The expectations.
    pub entries: Vec<Entry>,
    /// When something is to be done about what windows show.
    pub triggers: Vec<triggers::Trigger>,
    /// Metrics that are made of records, labels, findings and models.
    pub signals: Vec<signals::Signal>,
    /// Records with the verdict that they must get.
    pub examples: Vec<Example>,
}

impl Suite {
    /// The files of metrics that entries name as what others must not be worse than, with where each is named.
    pub fn metrics_files(&self) -> impl Iterator<Item = (&str, At)> {
        let params = self.entries.iter().flat_map(|it| &it.params).filter(|it| it.name == "not_worse_than");
        params.filter_map(|it| it.value.get("metrics")).filter_map(|it| Some((it.text()?, it.at)))
    }
}

/// What a service does with a record that fails a critical expectation: `on_fail:`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFail {
    /// It is answered and counted, nothing more.
    #[default]
    Observe,
    /// The answer says that the record should be tagged.
    Tag,
    /// The answer refuses the record.
    Reject,
}

impl OnFail {
    /// All, the mildest first.
    pub const ALL: [OnFail; 3] = [OnFail::Observe, OnFail::Tag, OnFail::Reject];

    /// The word in suites and answers.
    pub const fn name(self) -> &'static str {
        match self {
            OnFail::Observe => "observe",
            OnFail::Tag => "tag",
            OnFail::Reject => "reject",
        }
    }

    /// The one of that name.
    pub fn parse_name(name: &str) -> Option<Self> {
        OnFail::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// What may be told and stored of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Telling {
    /// The value itself.
    #[default]
    Keep,
    /// Its shape: letters and digits are replaced.
    Mask,
    /// A keyed hash, so that equal values can be told to be equal.
    Hash,
    /// Nothing.
    Drop,
}

impl Telling {
    /// All, the most telling first.
    pub const ALL: [Telling; 4] = [Telling::Keep, Telling::Mask, Telling::Hash, Telling::Drop];

    /// The word in suites.
    pub const fn name(self) -> &'static str {
        match self {
            Telling::Keep => "keep",
            Telling::Mask => "mask",
            Telling::Hash => "hash",
            Telling::Drop => "drop",
        }
    }

    /// The one of that name.
    pub fn parse_name(name: &str) -> Option<Self> {
        Telling::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// What may be told of each field's values: the `privacy:` block.
#[derive(Clone, Debug, Default)]
pub struct Privacy {
    /// By field; what lies within a field is told as the field is.
    pub fields: Vec<(Path, Telling)>,
    /// All other fields (`"*"`); `None` leaves it to the service.
    pub others: Option<Telling>,
}

/// A field's declared type.
#[derive(Clone, Debug)]
pub struct Declared {
    /// The field, in the suite's notation.
    pub field: String,
    /// Its type.
    pub ty: Type,
    /// Where it stands.
    pub at: At,
}

/// Where the well-known fields of a record lie: the `record:` block.
#[derive(Clone, Debug, Default)]
pub struct RecordFields {
    /// Field by role; each role is one of [`RecordFields::ROLES`].
    pub roles: Vec<(&'static str, String)>,
    /// Fields whose values label results and failures; records are judged apart by [`Suite::segments`] only.
    pub segments: Vec<String>,
    /// What a time that is a number counts since 1970.
    pub unit: TimeUnit,
}

/// What a number counts since 1970 that is the time of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds.
    #[default]
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
}

impl TimeUnit {
    /// All, the longest first.
    pub const ALL: [TimeUnit; 3] = [TimeUnit::Seconds, TimeUnit::Milliseconds, TimeUnit::Microseconds];

    /// The word in suites.
    pub const fn name(self) -> &'static str {
        match self {
            TimeUnit::Seconds => "s",
            TimeUnit::Milliseconds => "ms",
            TimeUnit::Microseconds => "us",
        }
    }

    /// How many microseconds it has.
    pub const fn micros(self) -> f64 {
        match self {
            TimeUnit::Seconds => 1e6,
            TimeUnit::Milliseconds => 1e3,
            TimeUnit::Microseconds => 1.0,
        }
    }

    /// The one of that name.
    pub fn parse_name(name: &str) -> Option<Self> {
        TimeUnit::ALL.into_iter().find(|it| it.name() == name)
    }
}

impl RecordFields {
    /// The roles a field can have.
    pub const ROLES: [&'static str; 9] =
        ["id", "time", "model", "version", "prediction", "score", "label", "segment", "trace_id"];

    /// The field that has a role.
    pub fn role(&self, role: &str) -> Option<&str> {
        self.roles.iter().find(|(it, _)| *it == role).map(|(_, field)| field.as_str())
    }
}

/// How an entry of a suite is written, which decides how its parameters are converted and how
/// values of a wrong type count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Driftline's short form.
    Short,
    /// Great Expectations' `type` and `kwargs`: everything as GX 1.24 does it.
    Gx,
}

/// The JSON Schema of a record.
#[derive(Clone, Debug)]
pub enum SchemaSource {
    /// Written in the suite.
    Inline(Value<'static>, At),
    /// In a file beside the suite.
    File(String, At),
}

/// One expectation as it is written.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it stands.
    pub at: At,
    /// Its path: `expectations[2]`.
    pub path: String,
    /// How it is written.
    pub form: Form,
    /// The name of its kind, short or GX.
    pub kind: String,
    /// Where the name stands.
    pub kind_at: At,
    /// `field:` and `fields:`, in order, of the short form.
    pub fields: Vec<(String, At)>,
    /// `fields:` as a mapping: the inputs of a plugin's rule with the fields that are bound to them.
    pub inputs: Vec<Bound>,
    /// `expect:`, the bounds on what a plugin's rule measures.
    pub expect: Option<Node>,
    /// The parameters: the mapping after the kind's name, or GX's `kwargs`.
    pub params: Vec<Member>,
    /// The parameter that stands alone after the kind's name.
    pub alone: Option<Node>,
    /// `mostly:`.
    pub mostly: Option<Node>,
    /// `when:`, in GX `row_condition`.
    pub when: Option<Node>,
    /// GX's `condition_parser`.
    pub condition_parser: Option<String>,
    /// `watch:`, the change detector over what it finds.
    pub watch: Option<Node>,
    /// How much it matters.
    pub severity: Severity,
    /// Which records together it is judged of: `segments:`.
    pub over: Over,
    /// A name of its own.
    pub name: Option<String>,
    /// GX's `id`, carried through.
    pub id: Option<String>,
    /// Notes, carried through.
    pub notes: Option<Value<'static>>,
    /// GX's `description`, carried through.
    pub description: Option<Value<'static>>,
    /// Free data, carried through.
    pub meta: Option<Value<'static>>,
}

/// The fields that are bound to an input of a plugin's rule.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The input.
    pub input: String,
    /// Where its name stands.
    pub at: At,
    /// The fields.
    pub fields: Vec<(String, At)>,
}

/// A record with the verdict that it must get.
#[derive(Clone, Debug)]
pub struct Example {
    /// Where it stands.
    pub at: At,
    /// A name of its own.
    pub name: Option<String>,
    /// The record.
    pub record: Value<'static>,
    /// Names or kinds of the expectations that must fail; empty: the record passes.
    pub fails: Vec<String>,
}

impl Entry {
    /// An entry with nothing but its kind.
    pub(crate) fn new(at: At, path: &str, form: Form, kind: &str, kind_at: At) -> Self {
        Entry {
            at,
            path: path.to_owned(),
            form,
            kind: kind.to_owned(),
            kind_at,
            fields: Vec::new(),
            inputs: Vec::new(),
            expect: None,
            params: Vec::new(),
            alone: None,
            mostly: None,
            when: None,
            condition_parser: None,
            watch: None,
            severity: Severity::default(),
            over: Over::default(),
            name: None,
            id: None,
            notes: None,
            description: None,
            meta: None,
        }
    }
}
