//! All triggers of a suite together: an event goes to those that it concerns, one that names another behind it.

use std::collections::BTreeMap;

use super::step::step;
use super::{Event, State, Times, Transition};
use crate::plan::Split;
use crate::suite::triggers::{Per, Trigger, When};
use crate::time::Timestamp;

/// What is kept of triggers, by name and key.
pub type States = BTreeMap<(String, String), State>;

/// What happened to a trigger for one of its keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// The trigger's place among those of the suite.
    pub trigger: usize,
    /// The key: a segment, or empty.
    pub key: String,
    /// What happened.
    pub transition: Transition,
}

/// Whether a trigger is judged by the windows of a segment.
pub(super) fn is_own(trigger: &Trigger, segment: &str) -> bool {
    match &trigger.per {
        Per::Suite => segment.is_empty(),
        Per::Segment => !segment.is_empty(),
        Per::Fields(fields) => Split { fields: fields.clone(), slots: Vec::new() }.could_be(segment),
    }
}

/// The key that a window of a segment belongs to; `None`: the trigger does not look at it.
pub fn key_of(trigger: &Trigger, segment: &str) -> Option<String> {
    if is_own(trigger, segment) {
        return Some(segment.to_owned());
    }
    let is_pinned = trigger.leaves.iter().any(|it| it.segment.as_deref() == Some(segment));
    is_pinned.then(String::new)
}

/// Takes all triggers one event further, in their order. Those that a tick concerns are those that have a state, and
/// those that follow the clock.
pub fn advance(triggers: &[Trigger], states: &mut States, event: &Event, times: Times) -> Vec<Moved> {
    let mut moved = Vec::new();
    for (i, trigger) in triggers.iter().enumerate() {
        let named = trigger.triggers();
        let mut keys: Vec<String> = Vec::new();
        if let Event::Window(window) = event {
            keys.extend(key_of(trigger, &window.segment));
        }
        // Others may have begun to fire just now.
        if !named.is_empty() || matches!(event, Event::Tick) {
            let own = states.range((trigger.name.clone(), String::new())..);
            keys.extend(own.take_while(|it| it.0.0 == trigger.name).map(|it| it.0.1.clone()));
        }
        if matches!(trigger.when, When::Schedule(_)) || !named.is_empty() && trigger.per == Per::Suite {
            keys.push(String::new());
        }
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let mut state = states.remove(&(trigger.name.clone(), key.clone())).unwrap_or_default();
            let done = {
                let others = |name: &str| firing(states, name, &key);
                step(trigger, &mut state, event, times, &others)
            };
            moved.extend(done.into_iter().map(|transition| Moved { trigger: i, key: key.clone(), transition }));
            states.insert((trigger.name.clone(), key), state);
        }
    }
    moved
}

/// Since when a trigger is firing for a key; where it has no such key, for any.
fn firing(states: &States, name: &str, key: &str) -> Option<Timestamp> {
    if let Some(it) = states.get(&(name.to_owned(), key.to_owned())) {
        return it.firing_since();
    }
    let own = states.range((name.to_owned(), String::new())..).take_while(|it| it.0.0 == name);
    own.filter_map(|it| it.1.firing_since()).min()
}

/// What a trigger of a key asks of others, for one that is stepped by itself, as a person's command does.
pub fn others<'s>(states: &'s States, key: &'s str) -> impl Fn(&str) -> Option<Timestamp> + 's {
    move |name| firing(states, name, key)
}
