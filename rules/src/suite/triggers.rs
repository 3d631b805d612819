//! `triggers:`, when something is to be done about what windows show, and by whom it must be allowed.

mod condition;
mod reading;
mod schedule;

pub use schedule::Schedule;

use super::problem::At;
use crate::report::{Severity, Status};
use crate::time::Timestamp;

/// When something is to be done.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// Its name, by which its state is kept from version to version of the suite.
    pub name: String,
    /// Where it stands.
    pub at: At,
    /// Its path: `triggers[2]`.
    pub path: String,
    /// What makes it fire.
    pub when: When,
    /// What its conditions read of windows; [`Condition::Leaf`] and [`Verify::leaf`] count in it.
    pub leaves: Vec<Leaf>,
    /// Microseconds that the condition must hold before it fires: `for:`.
    pub hold: Timestamp,
    /// Microseconds after it fired, or was refused, in which it does not fire again.
    pub cooldown: Timestamp,
    /// Microseconds after which it fires again while the condition still holds.
    pub repeat: Option<Timestamp>,
    /// How much it matters.
    pub severity: Severity,
    /// What has an incident of its own.
    pub per: Per,
    /// Who decides.
    pub mode: Mode,
    /// When it is not to fire.
    pub silence: Vec<Silence>,
    /// What must be so after it fired.
    pub verify: Option<Verify>,
    /// When it is no use to fire again.
    pub give_up: Option<GiveUp>,
    /// Names of the host's actions that are run when it fires.
    pub actions: Vec<String>,
    /// Names of the host's actions that are told of all that happens.
    pub notify: Vec<String>,
    /// Notes, carried through to incidents.
    pub notes: Option<String>,
}

/// What makes a trigger fire.
#[derive(Clone, Debug)]
pub enum When {
    /// What windows show.
    Condition(Condition),
    /// The clock.
    Schedule(Schedule),
    /// A person alone.
    Demand,
}

/// A condition on what windows show.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All of these hold.
    All(Vec<Condition>),
    /// One of these holds at least.
    Any(Vec<Condition>),
    /// So many of these hold at least.
    AtLeast(usize, Vec<Condition>),
    /// This does not hold.
    Not(Box<Condition>),
    /// What the leaf of this number reads of windows is bad.
    Leaf(usize),
    /// An incident of this trigger is open that has fired.
    Trigger(String, At),
}

/// What is read of each window of one length.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// Where it stands.
    pub at: At,
    /// Its path in the suite.
    pub path: String,
    /// What is read.
    pub source: Source,
    /// When it is bad; of [`Verify::leaf`], when it is good.
    pub test: Test,
    /// Of windows of this length; `None`, before the suite is compiled: the shortest.
    pub length: Option<String>,
    /// Of windows of this segment, whatever the trigger is judged by.
    pub segment: Option<String>,
    /// So many of the last windows must be bad.
    pub quorum: Quorum,
    /// Windows with fewer records say nothing.
    pub min_records: u64,
    /// The titles of the expectations that are meant, each with its fields; the compiler finds them.
    pub checks: Vec<(String, Vec<String>)>,
}

/// What is read of a window.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// What an expectation found.
    Finding(Wanted),
    /// The share of judged records that an expectation on records holds for.
    PassRate(Wanted),
    /// What the change detector beside an expectation says.
    Watch(Wanted),
    /// How many fields have drifted, of those that are named or else of all that are compared.
    Drifted(Vec<String>),
    /// The share of these fields.
    DriftedShare(Vec<String>),
}

/// Which expectation is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Its name, its title or its kind.
    pub name: Option<String>,
    /// Its kind.
    pub kind: Option<String>,
    /// A field of it.
    pub field: Option<String>,
}

/// When what is read is bad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Test {
    /// When the finding ended so.
    Status(Status),
    /// When the number is out of bounds.
    Bounds(Bounds),
}

/// Bounds on a number, with others that it must be back within: between the two nothing changes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// Below this it is bad.
    pub below: Option<f64>,
    /// Above this it is bad.
    pub above: Option<f64>,
    /// It is good again from this on, where it was below.
    pub clear_above: Option<f64>,
    /// It is good again up to this, where it was above.
    pub clear_below: Option<f64>,
}

/// Of the last `of` windows that say something, `failing` must be bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// Bad windows.
    pub failing: usize,
    /// Windows.
    pub of: usize,
}

impl Quorum {
    /// The last window alone.
    pub const ONE: Quorum = Quorum { failing: 1, of: 1 };
    /// Windows that may be looked at together.
    pub const MOST: usize = 1_000;
}

/// What has an incident of its own: `per:`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Per {
    /// The suite: windows of all records are judged.
    #[default]
    Suite,
    /// Each segment.
    Segment,
    /// Each segment by exactly these fields; before the suite is compiled, `model` and `version` may stand for the
    /// fields of these roles.
    Fields(Vec<String>),
}

/// Who decides whether actions are run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Nobody: an incident is opened and told, and no action is run.
    Suggest,
    /// A person, for each incident.
    Approve,
    /// The trigger.
    #[default]
    Auto,
}

impl Mode {
    /// All, the most careful first.
    pub const ALL: [Mode; 3] = [Mode::Suggest, Mode::Approve, Mode::Auto];

    /// The word in suites.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Suggest => "suggest",
            Mode::Approve => "approve",
            Mode::Auto => "auto",
        }
    }

    /// The one of that name.
    pub fn parse_name(name: &str) -> Option<Self> {
        Mode::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// When a trigger is not to fire.
#[derive(Clone, Debug)]
pub enum Silence {
    /// From a time on until before another.
    Between(Timestamp, Timestamp),
    /// So many microseconds from each time of a schedule on.
    Every(Schedule, Timestamp),
}

/// What must be so after a trigger fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verify {
    /// Within so many microseconds.
    pub within: Timestamp,
    /// What must hold, by the number of its leaf; `None`: the condition must not hold any more.
    pub leaf: Option<usize>,
}

/// When it is no use to fire again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GiveUp {
    /// After so many runs in a row without gain.
    pub after: u32,
    /// By how much the number must have become better for a gain.
    pub gain: f64,
}

impl Trigger {
    /// The condition, if it has one.
    pub const fn condition(&self) -> Option<&Condition> {
        match &self.when {
            When::Condition(it) => Some(it),
            _ => None,
        }
    }

    /// The triggers that its condition names.
    pub fn triggers(&self) -> Vec<(&str, At)> {
        let mut found = Vec::new();
        if let Some(it) = self.condition() {
            it.triggers_into(&mut found);
        }
        found
    }
}

impl Condition {
    pub(crate) fn triggers_into<'c>(&'c self, found: &mut Vec<(&'c str, At)>) {
        match self {
            Condition::All(of) | Condition::Any(of) | Condition::AtLeast(_, of) => {
                for it in of {
                    it.triggers_into(found);
                }
            }
            Condition::Not(it) => it.triggers_into(found),
            Condition::Leaf(_) => {}
            Condition::Trigger(name, at) => found.push((name, *at)),
        }
    }
}

impl Silence {
    /// Until when it lasts, if it does at `now`.
    pub fn until(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Silence::Between(from, to) => (*from <= now && now < *to).then_some(*to),
            Silence::Every(schedule, length) => {
                let end = schedule.last(now)?.checked_add(*length)?;
                (now < end).then_some(end)
            }
        }
    }
}

impl Source {
    /// The expectation that is meant, where one is.
    pub const fn wanted(&self) -> Option<&Wanted> {
        match self {
            Source::Finding(it) | Source::PassRate(it) | Source::Watch(it) => Some(it),
            Source::Drifted(_) | Source::DriftedShare(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
