//! Triggers at work: what they have seen of windows, whether they fire, and what becomes of their incidents.
//!
//! All of it is a function of what it is given, the time among it, so that what happened can be played again. What is
//! kept of windows stands in the order of their time, each as it was judged last: a window that is judged again takes
//! the place of its former judgement, and when the condition began to hold follows from all of them.

mod acting;
mod seen;
mod step;
mod suite;

pub use acting::command;
pub use seen::Seen;
pub use step::step;
pub use suite::{Moved, States, advance, key_of, others};

use serde::{Deserialize, Serialize};

use crate::report::Status;
use crate::time::Timestamp;

/// A window that was judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// Its id.
    pub id: String,
    /// The start, in microseconds since 1970 UTC.
    pub start: Timestamp,
    /// The end, which is not part of it.
    pub end: Timestamp,
    /// What its length is called.
    pub length: String,
    /// Of which segment; empty: of all records.
    pub segment: String,
    /// Records.
    pub records: u64,
    /// Whether it could be judged.
    pub is_judged: bool,
    /// What was found. A finding that is not there passed, if the window was judged.
    pub findings: Vec<Found>,
}

/// What an expectation found in a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The expectation's title.
    pub check: String,
    /// How it ended.
    pub status: Status,
    /// The number that was observed.
    pub observed: Option<f64>,
    /// The share of judged records that it holds for, from 0 to 1.
    pub pass_rate: Option<f64>,
}

/// What time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// The time of triggers: how far the records have come, or the clock. It never goes back.
    pub now: Timestamp,
    /// The clock, which schedules follow.
    pub wall: Timestamp,
}

/// What happens to a trigger.
#[derive(Clone, Debug)]
pub enum Event<'e> {
    /// A window was judged, or judged again.
    Window(&'e Judged),
    /// Time passes.
    Tick,
    /// A run that a trigger asked for has ended, such as a retraining.
    Run {
        /// Whether it went well.
        is_good: bool,
        /// What is known of it, in words.
        what: String,
    },
}

/// What a person wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// The actions to be run for which an incident waits.
    Approve,
    /// Nothing to be done.
    Reject,
    /// To look at it.
    Acknowledge,
    /// The incident to be over.
    Resolve,
    /// The actions to be run now, whatever the condition says.
    Fire,
}

impl Command {
    /// All.
    pub const ALL: [Command; 5] =
        [Command::Approve, Command::Reject, Command::Acknowledge, Command::Resolve, Command::Fire];

    /// The word in paths and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Command::Approve => "approve",
            Command::Reject => "reject",
            Command::Acknowledge => "ack",
            Command::Resolve => "resolve",
            Command::Fire => "fire",
        }
    }

    /// The one of that name.
    pub fn parse_name(name: &str) -> Option<Self> {
        Command::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// Where a trigger stands for one of its keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The condition does not hold.
    #[default]
    Ok,
    /// It holds, and the trigger waits for `for:` or `cooldown:`.
    Pending,
    /// An incident that is silenced for now.
    Silenced,
    /// An incident that was told, of a trigger that runs no actions.
    Suggested,
    /// An incident that waits for somebody to approve.
    Waiting,
    /// An incident whose actions are run.
    Firing,
    /// The same, until it is seen whether they helped.
    Verifying,
    /// An incident that somebody looks at.
    Acknowledged,
    /// An incident whose actions did not help in time.
    Escalated,
    /// An incident whose actions do not help, so that they are not run again.
    Stopped,
    /// An incident that is over.
    Resolved,
    /// An incident of which somebody said that nothing is to be done.
    Rejected,
}

impl Phase {
    /// All, in the order of their way.
    pub const ALL: [Phase; 12] = [
        Phase::Ok,
        Phase::Pending,
        Phase::Silenced,
        Phase::Suggested,
        Phase::Waiting,
        Phase::Firing,
        Phase::Verifying,
        Phase::Acknowledged,
        Phase::Escalated,
        Phase::Stopped,
        Phase::Resolved,
        Phase::Rejected,
    ];

    /// The word in answers and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Ok => "ok",
            Phase::Pending => "pending",
            Phase::Silenced => "silenced",
            Phase::Suggested => "suggested",
            Phase::Waiting => "waiting",
            Phase::Firing => "firing",
            Phase::Verifying => "verifying",
            Phase::Acknowledged => "acknowledged",
            Phase::Escalated => "escalated",
            Phase::Stopped => "stopped",
            Phase::Resolved => "resolved",
            Phase::Rejected => "rejected",
        }
    }

    /// The one of that name.
    pub fn parse_name(name: &str) -> Option<Self> {
        Phase::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Whether an incident is open.
    pub const fn is_open(self) -> bool {
        !matches!(self, Phase::Ok | Phase::Pending | Phase::Resolved | Phase::Rejected)
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The condition holds, not yet for long enough.
    Pending,
    /// It held, not for long enough.
    Cleared,
    /// An incident was opened, and is silenced.
    Silenced,
    /// An incident was opened and told; no actions are run.
    Suggested,
    /// An incident was opened, and somebody must approve.
    NeedsApproval,
    /// Somebody did.
    Approved,
    /// Somebody did not.
    Rejected,
    /// Actions are run.
    Fired,
    /// Somebody looks at it.
    Acknowledged,
    /// A run that was asked for has ended.
    RunEnded,
    /// It did not help in time.
    Escalated,
    /// Firing again is no use.
    Stopped,
    /// It is over.
    Resolved,
}

impl Kind {
    /// The word in the audit.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Pending => "pending",
            Kind::Cleared => "cleared",
            Kind::Silenced => "silenced",
            Kind::Suggested => "suggested",
            Kind::NeedsApproval => "needs_approval",
            Kind::Approved => "approved",
            Kind::Rejected => "rejected",
            Kind::Fired => "fired",
            Kind::Acknowledged => "acknowledged",
            Kind::RunEnded => "run_ended",
            Kind::Escalated => "escalated",
            Kind::Stopped => "stopped",
            Kind::Resolved => "resolved",
        }
    }
}

/// A step from one phase to another, with what led to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// What happened.
    pub kind: Kind,
    /// Where the trigger stood.
    pub from: Phase,
    /// Where it stands.
    pub to: Phase,
    /// When, by the time of triggers.
    pub at: Timestamp,
    /// Why, for a person.
    pub reason: String,
    /// The windows that show it.
    pub evidence: Vec<Evidence>,
    /// Which incident of this trigger and key it is of, from 1; `None`: there is none.
    pub incident: Option<u64>,
    /// Whether somebody is to be told.
    pub is_told: bool,
}

/// What one window shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// The expectations that were read, by title.
    pub check: String,
    /// The window's id.
    pub window: String,
    /// Its start, in microseconds since 1970 UTC.
    pub start: Timestamp,
    /// Its end.
    pub end: Timestamp,
    /// Its records.
    pub records: u64,
    /// How the finding ended.
    pub status: String,
    /// The number that was read.
    pub observed: Option<f64>,
    /// What it was held against, in words.
    pub bound: String,
}

/// What is kept of a trigger for one of its keys: it goes to JSON and back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Of which text of the trigger it is.
    fingerprint: u64,
    /// What was read of windows, by leaf.
    seen: Vec<Seen>,
    /// Since when the condition has held.
    since: Option<Timestamp>,
    /// Where it stands.
    pub phase: Phase,
    /// The incident that is open.
    pub incident: Option<Incident>,
    /// Incidents so far.
    pub incidents: u64,
    /// It does not fire before.
    quiet_until: Option<Timestamp>,
    /// Somebody said that this is over, though the condition still holds: it must hold anew.
    #[serde(default)]
    muted: bool,
    runs: Runs,
    /// The clock when its schedule was last looked at.
    scheduled: Option<Timestamp>,
    /// When time alone may change something, by the time of triggers.
    pub wake: Option<Timestamp>,
    /// The same by the clock.
    pub wake_wall: Option<Timestamp>,
}

/// An incident that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Which of this trigger and key, from 1.
    pub number: u64,
    /// When it was opened, by the time of triggers.
    pub opened: Timestamp,
    /// When its actions were run last.
    pub fired: Option<Timestamp>,
    /// What made it.
    cause: Cause,
    /// By when it must be seen that they helped.
    pub verify_until: Option<Timestamp>,
    /// The end of the last window that was seen when they were run: those that begin from then on show whether they
    /// helped.
    data_until: Timestamp,
}

/// What made an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Cause {
    Condition,
    Schedule,
    Person,
}

/// What became of the runs that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Runs {
    /// Whether the last one is not counted yet.
    is_open: bool,
    /// The end of the last window that was seen when it was asked for.
    data_until: Timestamp,
    /// The number that was observed then.
    number: Option<f64>,
    /// The best since.
    best: Option<f64>,
    /// Whether the condition has not held since.
    cleared: bool,
    /// Runs in a row without gain.
    without_gain: u32,
}

impl State {
    /// The same from JSON, as [`State::to_json`] wrote it.
    pub fn from_json(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|it| it.to_string())
    }

    /// As text that [`State::from_json`] reads.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Since when an incident is open whose actions were run, or suggested: what other triggers ask for.
    pub fn firing_since(&self) -> Option<Timestamp> {
        let is_firing = !matches!(self.phase, Phase::Silenced | Phase::Waiting);
        self.incident.as_ref().filter(|_| is_firing).map(|it| it.fired.unwrap_or(it.opened))
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
