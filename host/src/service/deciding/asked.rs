//! What people and other programs want of incidents.

use driftline_rules::trigger::{self, Command, Event, Moved};
use serde_json::json;
use tracing::warn;
use uuid::Uuid;

use super::rows::{self, incident_id};
use super::{Rules, Sight, named};
use crate::service::app::now;
use crate::store::triggers::{Decision, EventRow, IncidentRow};
use crate::store::{self, Store};

/// How often it is tried again when others decide at the same time.
const TRIES: u32 = 20;

/// Who wants something, and why.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The name of the token.
    pub by: &'a str,
    /// Why; may be empty.
    pub reason: &'a str,
}

/// Why something was not done.
#[derive(Debug)]
pub enum Refusal {
    /// There is no such trigger or incident.
    Unknown(String),
    /// It is not where it could be done.
    Unfit(String),
    /// Others decide all the time.
    Busy,
    /// The store could not be asked.
    Store(store::Error),
}

impl From<store::Error> for Refusal {
    fn from(it: store::Error) -> Self {
        Refusal::Store(it)
    }
}

/// Does what a person wants with a trigger for one of its keys. With `of`, only if that is the incident that is open.
/// The incident as it is then.
pub async fn command(
    store: &Store,
    rules: Rules<'_>,
    (name, key): (&str, &str),
    of: Option<Uuid>,
    wanted: Command,
    asked: Asked<'_>,
) -> Result<IncidentRow, Refusal> {
    let (index, trigger) = named(rules, name).ok_or_else(|| {
        let names: Vec<_> = rules.plan.triggers.iter().map(|it| format!("`{}`", it.name)).collect();
        let known = if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(", ")) };
        Refusal::Unknown(format!("the suite `{}` has no trigger `{name}`; {known}", rules.suite))
    })?;
    if !key.is_empty() && trigger::key_of(trigger, key).as_deref() != Some(key) {
        return Err(Refusal::Unknown(format!("the trigger `{name}` is not judged by the segment `{key}`")));
    }
    for _ in 0..TRIES {
        let mut sight = Sight::of(store, rules).await?;
        let place = (name.to_owned(), key.to_owned());
        let mut state = sight.states.remove(&place).unwrap_or_default();
        if let Some(id) = of {
            let open = state.incident.as_ref().map(|it| incident_id(rules.suite, name, key, it.number));
            if open != Some(id) {
                let row = store.incident(id).await?.unwrap_or_default();
                return Err(Refusal::Unfit(format!("the incident is over: it is {}", row.state)));
            }
        }
        let done = trigger::command(
            trigger,
            &mut state,
            wanted,
            asked.reason,
            sight.times,
            &trigger::others(&sight.states, key),
        );
        let done = done.map_err(Refusal::Unfit)?;
        let number = done.iter().find_map(|it| it.incident);
        sight.states.insert(place, state);
        let mut moved: Vec<_> =
            done.into_iter().map(|transition| Moved { trigger: index, key: key.to_owned(), transition }).collect();
        // Others may be about this one.
        let times = sight.times;
        moved.extend(trigger::advance(&rules.plan.triggers, &mut sight.states, &Event::Tick, times));
        if let Some(decision) = sight.write(store, rules, Vec::new(), moved, Some(asked.by)).await? {
            let id = number.map(|it| incident_id(rules.suite, name, key, it));
            return changed(decision, id).ok_or(Refusal::Busy);
        }
    }
    Err(Refusal::Busy)
}

fn changed(decision: Decision, id: Option<Uuid>) -> Option<IncidentRow> {
    decision.incidents.into_iter().find(|it| Some(it.id) == id)
}

/// A run that an incident asked for has ended, such as a retraining: what helps is looked for from now on, and one that
/// failed is escalated. `false`: the incident is over, or its trigger gone.
pub async fn run_ended(
    store: &Store,
    rules: Rules<'_>,
    incident: Uuid,
    is_good: bool,
    what: &str,
) -> Result<bool, store::Error> {
    let Some(row) = store.incident(incident).await? else { return Ok(false) };
    let Some((index, it)) = named(rules, &row.trigger) else { return Ok(false) };
    for _ in 0..TRIES {
        let mut sight = Sight::of(store, rules).await?;
        let place = (row.trigger.clone(), row.key.clone());
        let Some(mut state) = sight.states.remove(&place) else { return Ok(false) };
        let open = state.incident.as_ref().map(|it| incident_id(rules.suite, &row.trigger, &row.key, it.number));
        if open != Some(incident) {
            return Ok(false);
        }
        let event = Event::Run { is_good, what: what.to_owned() };
        let done = trigger::step(it, &mut state, &event, sight.times, &trigger::others(&sight.states, &row.key));
        sight.states.insert(place, state);
        let moved = done.into_iter().map(|transition| Moved { trigger: index, key: row.key.clone(), transition });
        let moved = moved.collect();
        if sight.write(store, rules, Vec::new(), moved, None).await?.is_some() {
            return Ok(true);
        }
    }
    warn!(%incident, "the end of a run could not be taken in, since others decide all the time");
    Ok(false)
}

/// Keeps what somebody says of an incident: whether it was a true alarm.
pub async fn feedback(store: &Store, incident: Uuid, is_true: bool, asked: Asked<'_>) -> Result<IncidentRow, Refusal> {
    for _ in 0..TRIES {
        let found = store.incident(incident).await?;
        let mut row = found.ok_or_else(|| Refusal::Unknown("there is no incident of this id".to_owned()))?;
        // The same counter as of decisions, since both number the steps of incidents.
        let (version, at) = store.trigger_clock(&row.suite).await?.unwrap_or((0, row.opened));
        let fresh = store.incident(incident).await?;
        if fresh.as_ref().is_none_or(|it| it.events != row.events) {
            continue;
        }
        row.alarm = Some(is_true);
        row.alarm_by = Some(asked.by.to_owned());
        row.alarm_note = Some(asked.reason.to_owned()).filter(|it| !it.is_empty());
        let word = if is_true { "a true alarm" } else { "a false alarm" };
        let reason = if asked.reason.is_empty() { word.to_owned() } else { format!("{word}: {}", asked.reason) };
        let (state, mut events) = (row.state.clone(), Vec::new());
        let by = Some(asked.by.to_owned());
        let (kind, evidence) = ("feedback".to_owned(), json!([]));
        let event = EventRow {
            trigger_at: at,
            kind,
            before: state.clone(),
            state,
            by,
            reason,
            evidence,
            ..EventRow::default()
        };
        rows::step(&mut row, &mut events, now(), event);
        let (suite, incidents) = (row.suite.clone(), vec![row.clone()]);
        if store.decide(&Decision { suite, version, now: at, incidents, events, ..Decision::default() }).await? {
            return Ok(row);
        }
    }
    Err(Refusal::Busy)
}
