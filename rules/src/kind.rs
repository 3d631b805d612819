//! A kind of expectation: its name, its parameters, its page, and how it becomes a check.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::baseline::Baseline;
use crate::detector::Watch;
use crate::plugin::Context;
use crate::plugin::rule::RecordRule;
use crate::quality::known::Kept;
use crate::report::{Judgement, Outcome, Tally};
use crate::row::{Row, Slot};
use crate::sketch::Sketch;
use crate::time::Timestamp;
use crate::value::Value;
use crate::window::Window;

pub use crate::args::{Args, Form, Param, ParamType};
pub use crate::binder::{Binder, SketchId};

/// A kind of expectation; a static value, listed in [`expectation::KINDS`](crate::expectation::KINDS).
#[derive(Debug)]
pub struct Kind {
    /// The short name, which stands in a suite: `between`.
    pub name: &'static str,
    /// The Great Expectations name, accepted wherever the short name is; kinds that GX does not
    /// have are named in its manner.
    pub gx: &'static str,
    /// Whether Great Expectations 1.24 has it.
    pub in_gx: bool,
    /// The version of Driftline that brought it.
    pub since: &'static str,
    /// What it says about, in one sentence that follows "Expects": `each value to lie between two bounds`.
    pub summary: &'static str,
    /// The fields it is about.
    pub subject: Subject,
    /// When it can be answered.
    pub scope: Scope,
    /// Whether `mostly:` may stand beside it.
    pub mostly: bool,
    /// Its parameters.
    pub params: &'static [Param],
    /// The parameter that may stand alone after the name: `in_set: [a, b]` is `in_set: { values: [a, b] }`.
    pub main: Option<&'static str>,
    /// The page: documentation, specification and test.
    pub page: &'static str,
    /// Makes the check; an error is a message to the author of the suite.
    pub compile: fn(&Args, &mut Binder) -> Result<Check, String>,
}

impl Kind {
    /// The parameter of a short or a GX name.
    pub fn param(&self, name: &str) -> Option<&'static Param> {
        self.params.iter().find(|it| it.name == name || it.gx == name)
    }
}

/// The fields that a kind is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One: `field:`, in GX `column`.
    Field,
    /// Two: `fields: [a, b]`, in GX `column_A` and `column_B`.
    Pair,
    /// Some, at least the number: `fields: [..]`, in GX `column_list`.
    Fields(usize),
    /// The record or the window as a whole.
    Table,
}

/// When a kind can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// For each record; for a window through its tally and `mostly`.
    Record,
    /// For a window only.
    Window,
}

/// A compiled expectation.
pub enum Check {
    /// On one field's value, which is never null.
    Value(Box<dyn ValueCheck>),
    /// On a whole row, nulls included.
    Row(Box<dyn RowCheck>),
    /// On a window.
    Window(Box<dyn WindowCheck>),
    /// On a record, by a plugin: records wait until there are enough to ask it about.
    Batch(Arc<RecordRule>),
    /// That a declared field's text could be converted, which the run does and counts itself;
    /// the bound in words.
    Converted(String),
    /// On what the expectation before it finds in one window after another.
    Watch(Box<Watch>),
    /// Cannot be evaluated, for this reason; only where the caller wants to go on with the others.
    Invalid(String),
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Check::Value(_) => f.write_str("Value"),
            Check::Row(_) => f.write_str("Row"),
            Check::Window(_) => f.write_str("Window"),
            Check::Batch(rule) => write!(f, "Batch({})", rule.source),
            Check::Converted(_) => f.write_str("Converted"),
            Check::Watch(it) => write!(f, "Watch({})", it.words()),
            Check::Invalid(why) => write!(f, "Invalid({why})"),
        }
    }
}

/// A rule on a value that is there.
pub trait ValueCheck: Send + Sync {
    /// Judges one value, which is never null (in a suite of GX form, never NaN either).
    fn check(&self, value: &Value) -> Outcome;

    /// The bound in words: `between 0 and 1`.
    fn bound(&self) -> String;

    /// Why it does not hold for this value, if there is more to say than value and bound.
    fn why(&self, _value: &Value) -> Option<String> {
        None
    }
}

/// A rule on a row.
pub trait RowCheck: Send + Sync {
    /// Judges one row.
    fn check(&self, row: &Row) -> Outcome;

    /// The bound in words.
    fn bound(&self) -> String;

    /// Why it does not hold for this row, if there is more to say than values and bound.
    fn why(&self, _row: &Row) -> Option<String> {
        None
    }

    /// Whether GX reports `missing_*` for it: rules about null itself do not.
    fn counts_missing(&self) -> bool {
        true
    }
}

/// A rule on a window.
pub trait WindowCheck: Send + Sync {
    /// Judges a window.
    fn judge(&self, view: &View) -> Judgement;

    /// Whether it rests on which values equal each other alone, so that a host may put keyed hashes in their place.
    fn is_of_equality(&self) -> bool {
        false
    }

    /// What has to be at hand beside the window.
    fn beside(&self) -> Beside<'_> {
        Beside::Nothing
    }

    /// What it measures of a window, where a baseline may keep it for other windows to be compared with.
    fn figure(&self, _view: &View) -> Option<Kept> {
        None
    }
}

/// What a window is compared with beside the distributions of its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside<'c> {
    /// Nothing.
    Nothing,
    /// The window of the segment of this name, over the same time.
    Segment(&'c str),
    /// Whatever the suite's `drift:` compares with.
    Reference,
}

/// What a [`WindowCheck`] may look at.
#[derive(Clone, Copy, Debug)]
pub struct View<'w> {
    /// The window.
    pub window: &'w Window,
    /// The expectation's own tally: `seen` counts the records that its `when:` lets through.
    pub tally: &'w Tally,
    /// The share of records that must hold.
    pub mostly: f64,
    /// Whether the suite wrote it in GX's form.
    pub form: Form,
    /// The time of judging.
    pub now: Timestamp,
    /// What a plugin may be told of the window.
    pub context: &'w Context,
    /// The window of the same plan that drift tests of plugins compare with.
    pub reference: Option<&'w Window>,
    /// The distributions that drift tests compare with.
    pub baseline: Option<&'w Baseline>,
    /// Why there is no baseline, when whoever looked for one knows.
    pub absent: Option<&'w str>,
    /// The windows of segments that are [compared with](Beside::Segment), by name.
    pub segments: Option<&'w BTreeMap<String, Window>>,
}

impl<'w> View<'w> {
    /// The summary asked for while compiling.
    pub fn sketch(&self, id: SketchId) -> &'w Sketch {
        &self.window.sketches[id.0 as usize]
    }

    /// Whether any record of the window had the field.
    pub fn has(&self, slot: Slot) -> bool {
        self.window.held.get(slot.0 as usize).is_some_and(|it| it.anything())
    }

    /// GX's `mostly` rule: vacuously true when nothing was judged.
    pub fn holds_mostly(&self, judged: u64, unexpected: u64) -> bool {
        judged == 0 || (judged as f64 - unexpected as f64) / judged as f64 >= self.mostly
    }
}
