//! What is done: incidents begin and end, actions are run, people decide, and runs that bring nothing are counted.

use super::seen::{self, Seen};
use super::step::Machine;
use super::{Cause, Command, Incident, Kind, Phase, Runs, State, Times, Transition};
use crate::suite::triggers::{Mode, Trigger};
use crate::time::Timestamp;

/// Does what a person wants. The error says why it cannot be done.
pub fn command(
    trigger: &Trigger,
    state: &mut State,
    wanted: Command,
    reason: &str,
    times: Times,
    others: &dyn Fn(&str) -> Option<Timestamp>,
) -> Result<Vec<Transition>, String> {
    let mut machine = Machine::new(trigger, state, times, others);
    machine.command(wanted, reason)?;
    machine.settle();
    Ok(machine.done)
}

impl Machine<'_> {
    pub(super) fn command(&mut self, wanted: Command, reason: &str) -> Result<(), String> {
        let said = |what: &str| if reason.is_empty() { what.to_owned() } else { reason.to_owned() };
        let phase = self.state.phase;
        let is_open = self.state.incident.is_some();
        let cannot = |what: &str| Err(format!("{what}: it is {}", phase.name()));
        match wanted {
            Command::Approve if phase == Phase::Waiting => {
                self.moved(Kind::Approved, Phase::Waiting, said("somebody approved it"));
                self.act(self.told("it was approved"));
            }
            Command::Approve => return cannot("it does not wait to be approved"),
            Command::Reject if matches!(phase, Phase::Waiting | Phase::Suggested) => {
                self.over(Kind::Rejected, Phase::Rejected, said("somebody rejected it"), true);
                self.quiet();
            }
            Command::Reject => return cannot("there is nothing to reject"),
            Command::Acknowledge if is_open && !matches!(phase, Phase::Waiting | Phase::Acknowledged) => {
                self.moved(Kind::Acknowledged, Phase::Acknowledged, said("somebody looks at it"));
            }
            Command::Acknowledge if phase == Phase::Waiting => return cannot("approve or reject it"),
            Command::Acknowledge => return cannot("there is nothing to acknowledge"),
            Command::Resolve if is_open => {
                self.state.runs = Runs::default();
                self.quiet();
                self.over(Kind::Resolved, Phase::Resolved, said("somebody resolved it"), true);
            }
            Command::Resolve => return cannot("there is nothing to resolve"),
            Command::Fire => {
                if !is_open {
                    self.begin(Cause::Person);
                }
                self.act(said("somebody fired it"));
            }
        }
        if matches!(wanted, Command::Reject | Command::Resolve) {
            // It must not come again at once for what somebody has just decided.
            self.state.muted = true;
        }
        Ok(())
    }

    pub(super) fn run_ended(&mut self, is_good: bool, what: &str) {
        let Some(data_until) = self.state.incident.as_ref().map(|_| self.last_seen()) else { return };
        let phase = self.state.phase;
        let is_watched = is_good && self.trigger.verify.is_some() && phase == Phase::Escalated;
        self.moved(Kind::RunEnded, if is_watched { Phase::Verifying } else { phase }, what.to_owned());
        let within = self.trigger.verify.map(|it| self.now.saturating_add(it.within));
        if let Some(it) = self.state.incident.as_mut().filter(|it| it.fired.is_some()) {
            // What it has changed is seen from now on.
            it.data_until = data_until;
            it.verify_until = within.filter(|_| is_good);
        }
        if !is_good && phase != Phase::Stopped {
            self.moved(Kind::Escalated, Phase::Escalated, format!("a run failed: {what}"));
        }
    }

    pub(super) fn begin(&mut self, cause: Cause) {
        self.state.incidents += 1;
        let (number, opened, data_until) = (self.state.incidents, self.now, self.last_seen());
        self.state.incident = Some(Incident { number, opened, fired: None, cause, verify_until: None, data_until });
    }

    /// What is to be done, as the trigger's mode says.
    pub(super) fn consider(&mut self, reason: String) {
        if self.gives_up() {
            let reason = format!("{reason}; {} runs in a row brought no gain", self.state.runs.without_gain);
            if let Some(it) = &mut self.state.incident {
                it.verify_until = None;
            }
            return self.moved(Kind::Stopped, Phase::Stopped, reason);
        }
        match self.trigger.mode {
            Mode::Auto => self.act(reason),
            Mode::Approve => self.moved(Kind::NeedsApproval, Phase::Waiting, reason),
            Mode::Suggest => {
                self.quiet();
                self.moved(Kind::Suggested, Phase::Suggested, reason);
            }
        }
    }

    /// Runs the actions.
    pub(super) fn act(&mut self, reason: String) {
        let (now, data_until) = (self.now, self.last_seen());
        let verify_until = self.trigger.verify.map(|it| now.saturating_add(it.within));
        if let Some(it) = &mut self.state.incident {
            (it.fired, it.verify_until, it.data_until) = (Some(now), verify_until, data_until);
        }
        let without_gain = self.state.runs.without_gain;
        let number = self.measured().and_then(|(seen, _)| seen.number());
        self.state.runs = Runs { is_open: true, data_until, number, best: None, cleared: false, without_gain };
        self.quiet();
        let to = if verify_until.is_some() { Phase::Verifying } else { Phase::Firing };
        self.moved(Kind::Fired, to, reason);
        self.wake(verify_until);
        self.wake(self.trigger.repeat.and_then(|it| now.checked_add(it)));
    }

    pub(super) fn over(&mut self, kind: Kind, to: Phase, reason: String, is_told: bool) {
        self.moved(kind, to, reason);
        if let Some(it) = self.done.last_mut() {
            it.is_told = is_told;
        }
        // The incident is past, and the trigger is as it was before.
        (self.state.phase, self.state.incident) = (Phase::Ok, None);
        self.wake(self.state.quiet_until.filter(|it| self.state.since.is_some() && *it > self.now));
    }

    pub(super) fn quiet(&mut self) {
        self.state.quiet_until = self.now.checked_add(self.trigger.cooldown).filter(|it| *it > self.now);
    }

    /// What tells whether things get better, and whether more is better.
    pub(super) fn measured(&self) -> Option<(&Seen, bool)> {
        let (leaf, is_more) = seen::measured(self.trigger.condition()?, &self.trigger.leaves)?;
        Some((self.state.seen.get(leaf)?, is_more))
    }

    /// Takes note of the best number since actions were run.
    pub(super) fn note_gain(&mut self) {
        if !self.state.runs.is_open {
            return;
        }
        let from = self.state.runs.data_until;
        let best = self.measured().and_then(|(seen, is_more)| {
            let better = |a: f64, b: f64| if is_more { a.max(b) } else { a.min(b) };
            seen.numbers_since(from).chain(self.state.runs.best).reduce(better)
        });
        let is_cleared = self.state.since.is_none() && self.last_seen() > from;
        let runs = &mut self.state.runs;
        runs.best = best;
        runs.cleared |= is_cleared;
    }

    /// Counts the last run, and says whether it is the last that was worth it.
    pub(super) fn gives_up(&mut self) -> bool {
        let Some(limit) = self.trigger.give_up else { return false };
        let is_more = self.measured().map(|it| it.1);
        let runs = &mut self.state.runs;
        if runs.is_open {
            let gain = runs.number.zip(runs.best).zip(is_more).map(
                |((then, best), is_more)| {
                    if is_more { best - then } else { then - best }
                },
            );
            let has_gained = gain.map_or(runs.cleared, |it| it >= limit.gain && it > 0.0);
            runs.without_gain = if has_gained { 0 } else { runs.without_gain.saturating_add(1) };
            runs.is_open = false;
        }
        runs.without_gain >= limit.after
    }
}
