//! The signals of a plan: families of metrics, and what feeds them.

mod making;

use std::hash::{Hash as _, Hasher as _};

use xxhash_rust::xxh3::Xxh3;

use super::Guard;
use crate::family::FamilyType;
use crate::row::{Row, Slot};
use crate::suite::signals::{Buckets, Keep, OfFinding, OfModel, OfVerdict, On, exposed};
use crate::time::Timestamp;
use crate::value::Value;

/// Families of metrics, and what feeds them.
#[derive(Debug, Default)]
pub struct Signals {
    /// The families, in the order in which the suite first names them.
    pub families: Vec<Spec>,
    /// What feeds them, in the order of the suite.
    pub feeds: Vec<Feed>,
    /// The conditions of feeds; equal ones are asked once a record.
    pub guards: Vec<Guard>,
    /// The cell of the trace that a record was part of.
    pub trace: Option<Slot>,
}

/// A family of metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Its name.
    pub name: String,
    /// What its numbers mean.
    pub kind: FamilyType,
    /// What it says, if the suite says it.
    pub help: Option<String>,
    /// The names of its labels, in the order in which they are shown.
    pub labels: Vec<String>,
    /// Which of them may have any number of values.
    pub open: Vec<bool>,
    /// Upper bounds of a histogram's buckets.
    pub bounds: Vec<f64>,
    /// Whether a counter is of numbers, and not of events.
    pub is_sum: bool,
    /// Which of several values a gauge shows.
    pub keep: Keep,
    /// Microseconds after which a value counts no more.
    pub span: Option<Timestamp>,
    /// Series that are kept apart.
    pub most: usize,
    /// The same number for families of which the one's series can be the other's.
    pub shape: u64,
}

impl Spec {
    /// Whether series of the one can be those of the other: what they are called, what they mean, their labels and
    /// buckets, not what they count.
    pub const fn is_like(&self, other: &Spec) -> bool {
        self.shape == other.shape
    }

    /// What [`Spec::shape`] is to be.
    fn hash(&self) -> u64 {
        let mut hash = Xxh3::new();
        self.name.hash(&mut hash);
        self.kind.hash(&mut hash);
        self.labels.hash(&mut hash);
        self.bounds.iter().for_each(|it| it.to_bits().hash(&mut hash));
        (self.is_sum, self.keep.name(), self.span).hash(&mut hash);
        hash.finish()
    }

    /// Why this family and that of another suite cannot both be shown; `None`: they can, as one or as two.
    pub fn against(&self, other: &Spec) -> Option<String> {
        if self.name != other.name {
            let names = exposed(&other.name, other.kind);
            let shared = exposed(&self.name, self.kind).into_iter().find(|it| names.contains(it))?;
            return Some(format!("`{}` has series `{shared}` too", other.name));
        }
        let help = match (&self.help, &other.help) {
            (Some(a), Some(b)) if a != b => Some("another help"),
            _ => None,
        };
        let different = if self.kind != other.kind {
            Some("another type")
        } else if self.labels != other.labels {
            Some("other labels, or in another order")
        } else if self.bounds != other.bounds {
            Some("other buckets")
        } else if self.is_sum != other.is_sum {
            Some("events where the other has a sum")
        } else if (self.keep, self.span) != (other.keep, other.span) {
            Some("another `keep` or `span`")
        } else {
            help
        };
        different.map(|it| format!("`{}` is there already, with {it}", self.name))
    }
}

/// What feeds a family.
#[derive(Debug)]
pub struct Feed {
    /// Its path in the suite.
    pub path: String,
    /// The family, by its place.
    pub family: usize,
    /// What it is about.
    pub on: On,
    /// Its condition, by its place.
    pub guard: Option<usize>,
    /// What its labels are, as many as the family has.
    pub labels: Vec<Label>,
    /// What it counts, sums up or shows.
    pub what: What,
    /// Of what is about labels, the cells of the label's members that it reads.
    pub members: Vec<Slot>,
}

/// What a label's value is.
#[derive(Clone, Debug)]
pub enum Label {
    /// A field's value: as the suite calls it, and its cell.
    Field(String, Slot),
    /// The bucket of a number.
    Bucket(Term, Buckets),
    /// Always this.
    Constant(String),
    /// Which of [`What::Each`] it is.
    Each,
    /// Of the verdict on the record.
    Verdict(OfVerdict),
    /// Of the finding.
    Finding(OfFinding),
    /// A field of the finding's segment.
    Segment(String),
    /// Of the registered version of a model.
    Model(OfModel),
}

impl Label {
    /// Whether the suite alone says how many values it can have.
    pub const fn is_bounded(&self) -> bool {
        !matches!(self, Label::Field(..) | Label::Segment(_) | Label::Model(_) | Label::Finding(OfFinding::Segment))
    }
}

/// What is counted, summed up or shown.
#[derive(Clone, Debug)]
pub enum What {
    /// Each event.
    Event,
    /// A number of each.
    Of(Term),
    /// Several numbers, each in a series of its own, by the value of its label.
    Each(Vec<(String, Term)>),
    /// What these expectations, by their places in the plan, observed of windows of this length.
    Observed(Vec<usize>, String),
    /// Each finding of these expectations, or of all, of windows of this length, or of all and of batches.
    Findings(Option<Vec<usize>>, Option<String>),
    /// When the deployed version of a model was deployed; of this one only where one is named.
    DeployedAt(Option<String>),
    /// That a version of a model is deployed.
    Deployed(Option<String>),
}

/// A number of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// A field's value.
    Field(Slot),
    /// Always this.
    Constant(f64),
    /// How long a field's value is.
    Length(Slot),
    /// All multiplied.
    Product(Vec<Term>),
    /// All added.
    Sum(Vec<Term>),
    /// The first less the second.
    Difference(Box<(Term, Term)>),
    /// The first divided by the second.
    Quotient(Box<(Term, Term)>),
}

impl Term {
    /// The number; `None` where a part of it is missing, is no number, or it is not finite. Cells of `closed` fields
    /// are as if they were not there.
    pub fn of(&self, row: &Row, closed: &[Slot]) -> Option<f64> {
        let at = |slot: &Slot| if closed.contains(slot) { &Value::Missing } else { row.at(*slot) };
        let found = match self {
            Term::Field(slot) => match at(slot) {
                Value::Time(it) => Some(it.micros as f64 / 1e6),
                it => it.as_f64(),
            },
            Term::Constant(it) => Some(*it),
            Term::Length(slot) => match at(slot) {
                Value::Str(it) => Some(it.chars().count() as f64),
                Value::List(it) => Some(it.len() as f64),
                _ => None,
            },
            Term::Product(all) => all.iter().try_fold(1.0, |product, it| Some(product * it.of(row, closed)?)),
            Term::Sum(all) => all.iter().try_fold(0.0, |sum, it| Some(sum + it.of(row, closed)?)),
            Term::Difference(it) => Some(it.0.of(row, closed)? - it.1.of(row, closed)?),
            Term::Quotient(it) => Some(it.0.of(row, closed)? / it.1.of(row, closed)?),
        };
        found.filter(|it| it.is_finite())
    }

    /// The cells that it reads.
    fn slots_into(&self, slots: &mut Vec<Slot>) {
        match self {
            Term::Field(it) | Term::Length(it) => slots.push(*it),
            Term::Constant(_) => {}
            Term::Product(all) | Term::Sum(all) => all.iter().for_each(|it| it.slots_into(slots)),
            Term::Difference(it) | Term::Quotient(it) => {
                it.0.slots_into(slots);
                it.1.slots_into(slots);
            }
        }
    }
}

impl Signals {
    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.feeds.is_empty()
    }

    /// Whether some are about these.
    pub fn any_on(&self, on: On) -> bool {
        self.feeds.iter().any(|it| it.on == on && !matches!(it.what, What::Deployed(_) | What::DeployedAt(_)))
    }

    /// Whether some read the registry of models.
    pub fn reads_models(&self) -> bool {
        self.feeds.iter().any(|it| matches!(it.what, What::Deployed(_) | What::DeployedAt(_)))
    }

    /// Whether some show what expectations observed.
    pub fn reads_findings(&self) -> bool {
        self.feeds.iter().any(|it| matches!(it.what, What::Observed(..)))
    }

    /// The cells of fields whose values become numbers, each once.
    pub fn numbers(&self) -> Vec<Slot> {
        let mut slots = Vec::new();
        for feed in &self.feeds {
            match &feed.what {
                What::Of(it) => it.slots_into(&mut slots),
                What::Each(all) => all.iter().for_each(|it| it.1.slots_into(&mut slots)),
                _ => {}
            }
            for label in &feed.labels {
                if let Label::Bucket(it, _) = label {
                    it.slots_into(&mut slots);
                }
            }
        }
        slots.sort_unstable();
        slots.dedup();
        slots
    }
}

impl Feed {
    /// Whether it must know the verdict on a record.
    pub fn reads_verdict(&self) -> bool {
        self.labels.iter().any(|it| matches!(it, Label::Verdict(_)))
    }

    /// Whether all that it reads of the label is there now, and was not with the label that was joined `before`: each
    /// prediction counts once, when the last of it has come.
    pub fn is_due(&self, cells: &[Value], before: Option<&[Value]>) -> bool {
        self.is_told(cells) && !before.is_some_and(|it| self.is_told(it))
    }

    fn is_told(&self, cells: &[Value]) -> bool {
        self.members.iter().all(|it| cells.get(usize::from(it.0)).is_some_and(|it| !it.is_null()))
    }
}
