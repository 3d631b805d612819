//! When the triggers of the changed suite would have fired.

use std::collections::BTreeMap;

use driftline_rules::suite::triggers::Trigger;
use driftline_rules::trigger::{self, Event, Kind, Moved, States, Times};

use super::Asked;
use crate::service::deciding::judged;
use crate::store::rows::{FindingRow, Micros};
use crate::store::windows::WindowRow;

/// An incident that would have been.
#[derive(Clone, Debug, PartialEq)]
pub struct Fired {
    pub trigger: String,
    pub key: String,
    pub severity: &'static str,
    /// The end of the last window that made it, or the time of the clock.
    pub opened: Micros,
    /// When it was over, by the time of triggers.
    pub closed: Option<Micros>,
    /// What was done at first: `fired`, `needs_approval`, `suggested` or `silenced`.
    pub kind: &'static str,
    pub reason: String,
}

/// The triggers of the changed suite at work.
pub struct Firing<'f> {
    asked: &'f Asked<'f>,
    triggers: &'f [Trigger],
    states: States,
    now: Micros,
    /// How long after its end a window is judged.
    late: Micros,
    all: Vec<Fired>,
    /// The incidents that are open, by trigger and key, as places in `all`.
    open: BTreeMap<(usize, String), usize>,
}

/// Steps that time alone makes between two windows, at most: a schedule that never ends is one.
const STEPS: usize = 100_000;

impl<'f> Firing<'f> {
    pub fn new(asked: &'f Asked<'f>) -> Self {
        let plan = &asked.new.loaded.plan;
        let grace = i64::try_from(asked.settings.grace.as_micros()).unwrap_or(0);
        // By event time a window is over when the records have come that far.
        let late = plan.windows.lateness.unwrap_or(grace);
        Firing {
            asked,
            triggers: &plan.triggers,
            states: States::new(),
            now: Micros::MIN,
            late,
            all: Vec::new(),
            open: BTreeMap::new(),
        }
    }

    /// Lets them see a window, after what time alone has changed until then.
    pub fn window(&mut self, row: &WindowRow, findings: &[FindingRow]) {
        if self.triggers.is_empty() {
            return;
        }
        let at = row.end.saturating_add(self.late);
        if self.now == Micros::MIN {
            // Schedules are counted from the beginning.
            self.step(&Event::Tick, at.min(self.asked.from));
        }
        self.pass(at);
        let window = judged(row, findings);
        self.step(&Event::Window(&window), at);
    }

    /// All incidents, when no window comes any more.
    pub fn end(mut self, until: Micros) -> Vec<Fired> {
        if !self.triggers.is_empty() && self.now > Micros::MIN {
            self.pass(until);
        }
        let from = self.asked.from;
        self.all.retain(|it| it.opened >= from && it.opened <= until);
        self.all
    }

    /// What time alone changes.
    fn pass(&mut self, until: Micros) {
        for _ in 0..STEPS {
            let wakes = self.states.values().flat_map(|it| [it.wake, it.wake_wall]).flatten();
            let Some(next) = wakes.filter(|it| *it <= until && *it > self.now).min() else { return };
            self.step(&Event::Tick, next);
        }
    }

    fn step(&mut self, event: &Event, at: Micros) {
        self.now = self.now.max(at);
        let times = Times { now: self.now, wall: self.now };
        for it in trigger::advance(self.triggers, &mut self.states, event, times) {
            self.note(&it);
        }
    }

    fn note(&mut self, it: &Moved) {
        let Some(trigger) = self.triggers.get(it.trigger).filter(|_| it.transition.incident.is_some()) else { return };
        let place = (it.trigger, it.key.clone());
        let transition = &it.transition;
        if !transition.from.is_open() && transition.to.is_open() {
            let opened = transition.evidence.iter().map(|it| it.end).max();
            self.open.insert(place.clone(), self.all.len());
            self.all.push(Fired {
                trigger: trigger.name.clone(),
                key: it.key.clone(),
                severity: trigger.severity.name(),
                opened: opened.unwrap_or(transition.at),
                closed: None,
                kind: transition.kind.name(),
                reason: transition.reason.clone(),
            });
        } else if transition.kind == Kind::Fired
            && let Some(open) = self.open.get(&place).and_then(|it| self.all.get_mut(*it))
            && open.kind == Kind::Silenced.name()
        {
            open.kind = transition.kind.name();
        }
        if !transition.to.is_open()
            && let Some(open) = self.open.remove(&place).and_then(|it| self.all.get_mut(it))
        {
            open.closed = Some(transition.at);
        }
    }
}
