//! The task that decides about triggers: windows that were judged and time that has passed make incidents, once on
//! however many hosts.
//!
//! Which windows triggers have not seen is written with the windows, so a kill loses none. What follows from them is
//! written in one transaction, which does nothing if another host has decided meanwhile; then it is decided anew.

mod asked;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use driftline_rules::plan::Plan;
use driftline_rules::suite::triggers::Trigger;
use driftline_rules::trigger::{self, Event, Moved, State, States, Times};
use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use super::app::{App, now};
pub use asked::{Asked, Refusal, command, feedback, run_ended};
use rows::Writing;
pub(super) use rows::judged;
pub use rows::{incident_id, key_text};

use crate::metrics::{self, Stage};
use crate::store::rows::Micros;
use crate::store::triggers::{Decision, StateRow};
use crate::store::{self, Store};
use crate::telemetry::{Begun, Span};

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(1);

/// Windows that are taken up in one transaction.
const WINDOWS: u32 = 100;

/// The triggers of one version of a suite.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'r> {
    /// The suite.
    pub suite: &'r str,
    /// The version's content hash.
    pub hash: &'r str,
    /// The plan.
    pub plan: &'r Plan,
}

/// Decides for as long as the service lives.
pub async fn run(app: Arc<App>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut decider = Decider { app, begun: BTreeMap::new() };
    loop {
        ticks.tick().await;
        if let Err(error) = decider.decide_all().await {
            warn!(%error, "triggers cannot be decided; trying again");
        }
    }
}

struct Decider {
    app: Arc<App>,
    /// The versions that were looked at since they are active, by suite.
    begun: BTreeMap<String, String>,
}

impl Decider {
    async fn decide_all(&mut self) -> Result<(), store::Error> {
        let (store, suites) = (&self.app.store, self.app.shelf.now());
        self.begun.retain(|suite, _| suites.active.contains_key(suite));
        let mut due: BTreeSet<String> = store.undecided_suites().await?.into_iter().collect();
        for it in store.trigger_wakes().await? {
            let Some(version) = suites.active.get(&it.suite).filter(|_| it.wake.or(it.wake_wall).is_some()) else {
                continue;
            };
            let rules = Rules { suite: &it.suite, hash: &version.hash, plan: &version.loaded.plan };
            let times = times(store, rules, None).await?;
            if it.wake.is_some_and(|it| it <= times.now) || it.wake_wall.is_some_and(|it| it <= times.wall) {
                due.insert(it.suite);
            }
        }
        // Of a version that has just become active, triggers may be gone, and others follow the clock from now on.
        let changed = suites.active.values().filter(|it| self.begun.get(&it.name) != Some(&it.hash));
        due.extend(changed.map(|it| it.name.clone()));
        for suite in due {
            // What is of a suite that is not active, or cannot be loaded now, waits for it.
            let Some(version) = suites.active.get(&suite) else { continue };
            let rules = Rules { suite: &suite, hash: &version.hash, plan: &version.loaded.plan };
            let begun = Instant::now();
            let span = Span::of_task(|| {
                let notes = vec![("driftline.suite", suite.clone().into())];
                Begun { name: "decide".into(), notes, causes: Vec::new() }
            });
            while span.cover(decide(store, rules)).await? {}
            metrics::took(Stage::Decide, begun.elapsed());
            self.begun.insert(suite.clone(), version.hash.clone());
        }
        Ok(())
    }
}

/// Lets the triggers of a suite see what they have not seen; whether there may be more.
async fn decide(store: &Store, rules: Rules<'_>) -> Result<bool, store::Error> {
    let mut sight = Sight::of(store, rules).await?;
    let windows = store.undecided(rules.suite, WINDOWS).await?;
    let triggers = &rules.plan.triggers;
    let mut moved = Vec::new();
    let mut seen = Vec::with_capacity(windows.len());
    for (id, revision) in &windows {
        if let Some((row, findings)) = store.window(*id).await? {
            seen.push((*id, row.revision));
            // A window that is judged is over, also where its stream fell silent before a record said so.
            sight.times.now = sight.times.now.max(row.end);
            let window = judged(&row, &findings);
            let event = Event::Window(&window);
            moved.extend(trigger::advance(triggers, &mut sight.states, &event, sight.times));
        } else {
            // It is gone, or a later revision is open.
            seen.push((*id, *revision));
        }
    }
    moved.extend(trigger::advance(triggers, &mut sight.states, &Event::Tick, sight.times));
    let is_written = sight.write(store, rules, seen, moved, None).await?.is_some();
    Ok(!is_written || windows.len() == WINDOWS as usize)
}

/// What is known before something is decided.
pub(super) struct Sight {
    /// How often it was decided.
    version: i64,
    times: Times,
    before: BTreeMap<(String, String), StateRow>,
    states: States,
}

impl Sight {
    async fn of(store: &Store, rules: Rules<'_>) -> Result<Self, store::Error> {
        let (version, last) = store.trigger_clock(rules.suite).await?.map_or((0, None), |(it, at)| (it, Some(at)));
        let times = times(store, rules, last).await?;
        let rows = store.trigger_states(rules.suite).await?;
        let key = |it: &StateRow| (it.trigger.clone(), it.key.clone());
        let states = rows.iter().map(|it| {
            let state = State::from_json(&it.body).unwrap_or_else(|error| {
                warn!(
                    suite = rules.suite,
                    trigger = it.trigger,
                    error,
                    "the state of a trigger cannot be read; it begins anew"
                );
                State::default()
            });
            (key(it), state)
        });
        let states = states.collect();
        let before = rows.iter().map(|it| (key(it), it.clone())).collect();
        Ok(Sight { version, times, before, states })
    }

    /// Writes what was decided; `None`: somebody else has decided meanwhile. `by` is who wanted it.
    async fn write(
        mut self,
        store: &Store,
        rules: Rules<'_>,
        windows: Vec<(uuid::Uuid, i64)>,
        moved: Vec<Moved>,
        by: Option<&str>,
    ) -> Result<Option<Decision>, store::Error> {
        let mut writing = Writing::new(store, rules, self.times);
        for it in &moved {
            let Some(trigger) = rules.plan.triggers.get(it.trigger) else { continue };
            writing.add(trigger, it, by).await?;
        }
        let is_known = |name: &str| rules.plan.triggers.iter().any(|it| it.name == name);
        let mut gone = Vec::new();
        for ((name, key), state) in &self.states {
            if !is_known(name) {
                writing.retire(name, key, state).await?;
                gone.push((name.clone(), key.clone()));
            }
        }
        self.states.retain(|it, _| is_known(&it.0));
        let states: Vec<_> = self.states.iter().map(|((name, key), it)| row(name, key, it)).collect();
        let changed = |it: &StateRow| self.before.get(&(it.trigger.clone(), it.key.clone())) != Some(it);
        let states: Vec<_> = states.into_iter().filter(changed).collect();
        let (incidents, events, notices) = writing.done();
        let (suite, version, now) = (rules.suite.to_owned(), self.version, self.times.now);
        let decision = Decision { suite, version, now, windows, states, gone, incidents, events, notices };
        if decision.is_empty() {
            return Ok(Some(decision));
        }
        if !store.decide(&decision).await? {
            return Ok(None);
        }
        for it in &decision.events {
            info!(suite = rules.suite, incident = %it.incident, kind = it.kind, reason = it.reason, "a trigger");
        }
        Ok(Some(decision))
    }
}

fn row(name: &str, key: &str, it: &State) -> StateRow {
    StateRow {
        trigger: name.to_owned(),
        key: key.to_owned(),
        phase: it.phase.name().to_owned(),
        wake: it.wake,
        wake_wall: it.wake_wall,
        body: it.to_json(),
    }
}

/// The time of a suite's triggers: how far its records have come, where they have a time of their own; while none comes,
/// the clock goes on from there. Else it is the clock. It never goes back behind `last`.
async fn times(store: &Store, rules: Rules<'_>, last: Option<Micros>) -> Result<Times, store::Error> {
    let wall = now();
    let mut time = wall;
    if rules.plan.time.is_some() {
        let progress = store.progress(rules.suite, rules.hash).await?.unwrap_or_default();
        let idle = progress.idle.filter(|it| *it <= wall).map_or(0, |_| wall.saturating_sub(progress.came));
        // Before the first record there is no time.
        time = progress.watermark.map_or(0, |it| it.saturating_add(idle));
    }
    Ok(Times { now: last.map_or(time, |it| it.max(time)), wall })
}

/// The trigger of a suite that is called so.
fn named<'p>(rules: Rules<'p>, name: &str) -> Option<(usize, &'p Trigger)> {
    rules.plan.triggers.iter().enumerate().find(|it| it.1.name == name)
}

#[cfg(test)]
mod tests;
