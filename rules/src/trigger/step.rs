//! One trigger and one key: a step of the state machine.

use super::seen::{self, Seen};
use super::suite::is_own;
use super::{Cause, Event, Evidence, Incident, Kind, Phase, Runs, State, Times, Transition};
use crate::suite::triggers::{Schedule, Trigger, When};
use crate::time::Timestamp;

/// Since when another trigger is firing.
pub(super) type Others<'o> = &'o dyn Fn(&str) -> Option<Timestamp>;

/// Takes a trigger one event further. `others` says since when another trigger of the suite is firing.
pub fn step(
    trigger: &Trigger,
    state: &mut State,
    event: &Event,
    times: Times,
    others: &dyn Fn(&str) -> Option<Timestamp>,
) -> Vec<Transition> {
    let mut machine = Machine::new(trigger, state, times, others);
    match event {
        Event::Window(window) => {
            let segment = |it: &Option<String>| it.as_ref().is_none_or(|it| *it == window.segment);
            for (leaf, seen) in trigger.leaves.iter().zip(&mut machine.state.seen) {
                let is_own = leaf.segment.is_some() || is_own(trigger, &window.segment);
                if leaf.length.as_deref() == Some(&window.length) && segment(&leaf.segment) && is_own {
                    seen.add(leaf, window);
                }
            }
        }
        Event::Tick => {}
        Event::Run { is_good, what } => machine.run_ended(*is_good, what),
    }
    machine.settle();
    machine.done
}

pub(super) struct Machine<'m> {
    pub(super) trigger: &'m Trigger,
    pub(super) state: &'m mut State,
    pub(super) now: Timestamp,
    wall: Timestamp,
    others: Others<'m>,
    pub(super) done: Vec<Transition>,
}

impl<'m> Machine<'m> {
    pub(super) fn new(trigger: &'m Trigger, state: &'m mut State, times: Times, others: Others<'m>) -> Self {
        let fingerprint = trigger.fingerprint();
        if state.fingerprint != fingerprint || state.seen.len() != trigger.leaves.len() {
            // What was read for another condition means nothing for this one; its incident stays.
            state.fingerprint = fingerprint;
            state.seen = vec![Seen::default(); trigger.leaves.len()];
            state.since = None;
            state.runs = Runs::default();
            state.scheduled = None;
        }
        Machine { trigger, state, now: times.now, wall: times.wall, others, done: Vec::new() }
    }

    /// What follows from what was seen and from the time.
    pub(super) fn settle(&mut self) {
        (self.state.wake, self.state.wake_wall) = (None, None);
        if let When::Schedule(it) = &self.trigger.when {
            self.scheduled(it);
        }
        let had = self.state.since;
        self.state.since = self
            .trigger
            .condition()
            .and_then(|it| seen::since(it, &self.trigger.leaves, &self.state.seen, (had, self.now), self.others));
        self.note_gain();
        let is_calm = self.trigger.cooldown > 0 && self.state.quiet_until.is_none_or(|it| it <= self.now);
        if self.state.since.is_none() || is_calm {
            self.state.muted = false;
        }
        match self.state.phase {
            it if it.is_open() => self.open(),
            _ => self.closed(),
        }
    }

    /// No incident is open.
    fn closed(&mut self) {
        let waits = self.state.phase == Phase::Pending;
        let Some(since) = self.state.since.filter(|_| !self.state.muted) else {
            if waits {
                self.moved(Kind::Cleared, Phase::Ok, "the condition did not hold for long enough".to_owned());
            }
            self.state.phase = Phase::Ok;
            self.wake(self.state.quiet_until.filter(|_| self.state.muted));
            return;
        };
        let ready = since.saturating_add(self.trigger.hold);
        let ready = self.state.quiet_until.map_or(ready, |it| it.max(ready));
        if self.now < ready {
            if !waits {
                let reason = self.told("the condition holds");
                self.moved(Kind::Pending, Phase::Pending, reason);
            }
            self.state.phase = Phase::Pending;
            self.wake(Some(ready));
            return;
        }
        self.begin(Cause::Condition);
        let reason = self.told("the condition holds");
        if let Some(until) = self.silent_until() {
            self.moved(Kind::Silenced, Phase::Silenced, format!("{reason}; it is silenced"));
            self.wake(Some(until));
            return;
        }
        self.consider(reason);
        self.open();
    }

    /// An incident is open.
    fn open(&mut self) {
        let Some(incident) = self.state.incident.clone() else {
            self.state.phase = Phase::Ok;
            return;
        };
        if self.state.phase == Phase::Silenced {
            self.silenced();
            return;
        }
        if self.is_well(&incident) {
            return;
        }
        if let Some(until) = self.state.incident.as_ref().and_then(|it| it.verify_until) {
            match self.silent_until().filter(|_| until <= self.now) {
                // Nobody is called while the trigger is silenced.
                Some(silent) => self.wake(Some(silent)),
                None if until <= self.now => {
                    if let Some(it) = &mut self.state.incident {
                        it.verify_until = None;
                    }
                    let reason = self.told("it did not help in time");
                    self.moved(Kind::Escalated, Phase::Escalated, reason);
                }
                None => self.wake(Some(until)),
            }
        }
        self.again(&incident);
    }

    /// Whether the incident is over by what was seen.
    fn is_well(&mut self, incident: &Incident) -> bool {
        let holds = self.state.since.is_some();
        if incident.fired.is_some()
            && let Some(verify) = self.trigger.verify
        {
            let is_verified = match verify.leaf {
                Some(i) => self.state.seen.get(i).and_then(|it| it.says_since(incident.data_until)) == Some(true),
                // Windows from before say nothing of what was done.
                None => !holds && self.last_seen() > incident.data_until,
            };
            if is_verified && holds && incident.cause == Cause::Condition {
                // Between two bounds: nobody is called, and it is over when the condition does not hold any more.
                if let Some(it) = &mut self.state.incident {
                    it.verify_until = None;
                }
                return false;
            }
            if !is_verified {
                return false;
            }
            let evidence = verify.leaf.map(|_| self.verified()).filter(|it| !it.is_empty());
            let what = evidence.as_deref().map(seen::told);
            let reason =
                what.map_or_else(|| "the condition does not hold any more".to_owned(), |it| format!("verified: {it}"));
            self.over(Kind::Resolved, Phase::Resolved, reason, true);
            if let (Some(it), Some(evidence)) = (self.done.last_mut(), evidence) {
                it.evidence = evidence;
            }
            return true;
        }
        if incident.cause != Cause::Condition {
            if incident.fired.is_none() || self.state.phase == Phase::Acknowledged {
                return false;
            }
            let reason = "its actions were run, and there is nothing to watch".to_owned();
            self.over(Kind::Resolved, Phase::Resolved, reason, false);
            return true;
        }
        // Another condition under the same name has to see something first.
        let has_seen = self.trigger.leaves.is_empty() || self.last_seen() > Timestamp::MIN;
        if holds || !has_seen {
            return false;
        }
        let what = self.evidence(false);
        let reason = if what.is_empty() {
            "the condition does not hold any more".to_owned()
        } else {
            format!("the condition does not hold any more: {}", seen::told(&what))
        };
        self.over(Kind::Resolved, Phase::Resolved, reason, true);
        true
    }

    fn silenced(&mut self) {
        if self.state.since.is_none() {
            let reason = "the condition does not hold any more".to_owned();
            return self.over(Kind::Resolved, Phase::Resolved, reason, false);
        }
        match self.silent_until() {
            Some(until) => self.wake(Some(until)),
            None => {
                let reason = self.told("the condition holds, and the silence is over");
                self.consider(reason);
                self.open();
            }
        }
    }

    /// Fires again while the condition holds still.
    fn again(&mut self, incident: &Incident) {
        let is_left = matches!(self.state.phase, Phase::Firing | Phase::Verifying | Phase::Escalated);
        let (Some(pause), Some(fired), true) = (self.trigger.repeat, incident.fired, is_left) else { return };
        if self.state.since.is_none() {
            return;
        }
        let due = fired.saturating_add(pause);
        let due = self.state.quiet_until.map_or(due, |it| it.max(due));
        match self.silent_until().filter(|_| due <= self.now) {
            Some(silent) => self.wake(Some(silent)),
            None if due <= self.now => {
                let reason = self.told("the condition holds still");
                self.consider(reason);
                self.wake(self.state.incident.as_ref().and_then(|it| it.verify_until));
                self.wake(self.state.incident.as_ref().and_then(|it| it.fired?.checked_add(pause)));
            }
            None => self.wake(Some(due)),
        }
    }

    fn scheduled(&mut self, schedule: &Schedule) {
        let last = *self.state.scheduled.get_or_insert(self.wall);
        // Of those that were missed, one is made up for.
        if schedule.next(last).is_some_and(|it| it <= self.wall) {
            self.state.scheduled = Some(self.wall);
            let is_quiet = self.state.quiet_until.is_some_and(|it| self.now < it);
            if self.state.incident.is_none() && self.silent_until().is_none() && !is_quiet {
                self.begin(Cause::Schedule);
                self.consider(format!("it is time, by the schedule `{schedule}`"));
            }
        }
        self.state.wake_wall = schedule.next(self.wall);
    }

    pub(super) fn moved(&mut self, kind: Kind, to: Phase, reason: String) {
        let bad_alone = kind != Kind::Resolved;
        self.done.push(Transition {
            kind,
            from: self.state.phase,
            to,
            at: self.now,
            reason,
            evidence: self.evidence(bad_alone),
            incident: self.state.incident.as_ref().map(|it| it.number),
            is_told: !matches!(kind, Kind::Pending | Kind::Cleared | Kind::Silenced | Kind::RunEnded),
        });
        self.state.phase = to;
    }

    pub(super) fn wake(&mut self, at: Option<Timestamp>) {
        let wake = self.state.wake;
        self.state.wake = at.map(|it| wake.map_or(it, |wake| wake.min(it))).or(wake);
    }

    pub(super) fn silent_until(&self) -> Option<Timestamp> {
        self.trigger.silence.iter().filter_map(|it| it.until(self.now)).max()
    }

    pub(super) fn last_seen(&self) -> Timestamp {
        self.state.seen.iter().filter_map(Seen::last).max().unwrap_or(Timestamp::MIN)
    }

    fn evidence(&self, bad_alone: bool) -> Vec<Evidence> {
        let Some(condition) = self.trigger.condition() else { return Vec::new() };
        seen::evidence(condition, &self.trigger.leaves, &self.state.seen, bad_alone)
    }

    fn verified(&self) -> Vec<Evidence> {
        let leaf = self.trigger.verify.and_then(|it| it.leaf);
        let condition = leaf.map(crate::suite::triggers::Condition::Leaf);
        condition.map_or_else(Vec::new, |it| seen::evidence(&it, &self.trigger.leaves, &self.state.seen, false))
    }

    /// What the windows show, as a sentence.
    pub(super) fn told(&self, otherwise: &str) -> String {
        let evidence = self.evidence(true);
        let others = self.trigger.triggers().into_iter().filter(|(name, _)| (self.others)(name).is_some());
        let others = others.map(|(name, _)| format!("`{name}` is firing"));
        let parts: Vec<_> = Some(seen::told(&evidence)).filter(|it| !it.is_empty()).into_iter().chain(others).collect();
        if parts.is_empty() { otherwise.to_owned() } else { format!("{otherwise}: {}", parts.join("; ")) }
    }
}
