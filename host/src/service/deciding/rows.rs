//! From windows to what triggers see of them, and from what happened to rows and notices.

use std::collections::BTreeMap;

use driftline_rules::report::Status;
use driftline_rules::suite::triggers::Trigger;
use driftline_rules::trigger::{Evidence, Found, Judged, Kind, Moved, Phase, State, Times};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::Rules;
use crate::service::notice::Notice;
use crate::store::rows::{FindingRow, Micros};
use crate::store::triggers::{EventRow, IncidentRow};
use crate::store::windows::WindowRow;
use crate::store::{self, Store};
use crate::telemetry;
use crate::wire::time;

/// A window as triggers see it.
pub(in crate::service) fn judged(row: &WindowRow, findings: &[FindingRow]) -> Judged {
    let missing = |check: &str| row.statistics.as_ref()?.get(check)?.get("missing")?.as_i64();
    let found = |it: &FindingRow| {
        let status =
            [Status::Pass, Status::Skip, Status::Fail, Status::Error].into_iter().find(|s| s.name() == it.status);
        let observed = it.observed.as_ref().and_then(|it| match serde_json::from_str(it) {
            Ok(Json::Bool(it)) => Some(f64::from(u8::from(it))),
            Ok(Json::Number(it)) => it.as_f64(),
            _ => None,
        });
        let judged = it.elements.map(|all| all - missing(&it.check).unwrap_or(0)).filter(|it| *it > 0);
        let pass_rate = judged.zip(it.unexpected).map(|(all, bad)| (all - bad) as f64 / all as f64);
        Found {
            check: it.check.clone(),
            status: status.unwrap_or(Status::Error),
            observed: observed.or(it.statistic),
            pass_rate,
        }
    };
    Judged {
        id: row.id.to_string(),
        start: row.start,
        end: row.end,
        length: row.length.clone(),
        segment: row.segment.clone(),
        records: u64::try_from(row.records).unwrap_or(0),
        is_judged: row.status != "error",
        findings: findings.iter().map(found).collect(),
    }
}

/// The id of an incident, which follows from its number: the same whoever opens it.
pub fn incident_id(suite: &str, trigger: &str, key: &str, number: u64) -> Uuid {
    id(&["incident", suite, trigger, key, &number.to_string()])
}

fn id(parts: &[&str]) -> Uuid {
    let hash = parts
        .iter()
        .fold(Sha256::new(), |hash, it| hash.chain_update((it.len() as u64).to_le_bytes()).chain_update(it));
    let bytes = hash.finalize().first_chunk::<16>().copied().unwrap_or_default();
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// What a key is called for a person.
pub fn key_text(key: &str) -> &str {
    if key.is_empty() { "all records" } else { key }
}

/// The type of the event that is told, and whether actions are run by it.
const fn told(kind: Kind) -> Option<(&'static str, bool)> {
    Some(match kind {
        Kind::Suggested => ("io.driftline.trigger.suggested.v1", false),
        Kind::NeedsApproval => ("io.driftline.trigger.needs_approval.v1", false),
        Kind::Approved => ("io.driftline.trigger.approved.v1", false),
        Kind::Rejected => ("io.driftline.trigger.rejected.v1", false),
        Kind::Fired => ("io.driftline.trigger.fired.v1", true),
        Kind::Acknowledged => ("io.driftline.trigger.acknowledged.v1", false),
        Kind::Escalated => ("io.driftline.trigger.escalated.v1", false),
        Kind::Stopped => ("io.driftline.trigger.stopped.v1", false),
        Kind::Resolved => ("io.driftline.trigger.resolved.v1", false),
        Kind::Pending | Kind::Cleared | Kind::Silenced | Kind::RunEnded => return None,
    })
}

/// Rows that come of what happened.
pub(super) struct Writing<'w> {
    store: &'w Store,
    rules: Rules<'w>,
    times: Times,
    incidents: BTreeMap<Uuid, IncidentRow>,
    events: Vec<EventRow>,
    notices: Vec<Notice>,
}

impl<'w> Writing<'w> {
    pub(super) fn new(store: &'w Store, rules: Rules<'w>, times: Times) -> Self {
        Writing { store, rules, times, incidents: BTreeMap::new(), events: Vec::new(), notices: Vec::new() }
    }

    pub(super) fn done(self) -> (Vec<IncidentRow>, Vec<EventRow>, Vec<Notice>) {
        (self.incidents.into_values().collect(), self.events, self.notices)
    }

    /// Takes note of an incident as it is after a step of this kind.
    async fn incident(&mut self, id: Uuid, new: impl FnOnce() -> IncidentRow) -> Result<(), store::Error> {
        if !self.incidents.contains_key(&id) {
            let row = self.store.incident(id).await?.unwrap_or_else(new);
            self.incidents.insert(id, row);
        }
        Ok(())
    }

    /// What happened to a trigger; what happens without an incident is not kept.
    pub(super) async fn add(&mut self, trigger: &Trigger, it: &Moved, by: Option<&str>) -> Result<(), store::Error> {
        let transition = &it.transition;
        let Some(number) = transition.incident else { return Ok(()) };
        let (suite, hash, wall) = (self.rules.suite.to_owned(), self.rules.hash.to_owned(), self.times.wall);
        let id = incident_id(&suite, &trigger.name, &it.key, number);
        let new = || IncidentRow {
            id,
            at: wall,
            suite,
            suite_hash: hash,
            trigger: trigger.name.clone(),
            key: it.key.clone(),
            severity: trigger.severity.name().to_owned(),
            mode: trigger.mode.name().to_owned(),
            opened: transition.at,
            evidence: json!([]),
            ..IncidentRow::default()
        };
        self.incident(id, new).await?;
        let Some(row) = self.incidents.get_mut(&id) else { return Ok(()) };
        let evidence = evidence(&transition.evidence);
        if transition.kind != Kind::Resolved && !transition.evidence.is_empty() {
            // What it was about, and not what was well at last.
            row.evidence = evidence.clone();
            let starts = transition.evidence.iter().map(|it| it.start);
            row.data_from = starts.chain(row.data_from).min();
            row.data_to = transition.evidence.iter().map(|it| it.end).chain(row.data_to).max();
        }
        transition.to.name().clone_into(&mut row.state);
        row.reason.clone_from(&transition.reason);
        row.closed = (!transition.to.is_open()).then_some(wall);
        // Only what a person wants is done by that person: what follows from it is the trigger's.
        let is_wanted = matches!(transition.kind, Kind::Approved | Kind::Rejected | Kind::Acknowledged | Kind::Fired);
        let is_wanted = is_wanted || transition.kind == Kind::Resolved && transition.is_told;
        let by = by.filter(|_| is_wanted).map(str::to_owned);
        let n = step(
            row,
            &mut self.events,
            wall,
            EventRow {
                trigger_at: transition.at,
                kind: transition.kind.name().to_owned(),
                before: transition.from.name().to_owned(),
                state: transition.to.name().to_owned(),
                by: by.clone(),
                reason: transition.reason.clone(),
                evidence,
                ..EventRow::default()
            },
        );
        let Some((kind, is_run)) = told(transition.kind).filter(|_| transition.is_told) else { return Ok(()) };
        let data = self.data(trigger, id, it, by.as_deref());
        let run = trigger.actions.iter().filter(|_| is_run);
        let mut names: Vec<_> = run.chain(&trigger.notify).collect();
        names.sort_unstable();
        names.dedup();
        self.notices.extend(names.into_iter().map(|action| Notice {
            id: self::id(&["notice", &id.to_string(), &n.to_string(), action]),
            incident: id,
            suite: self.rules.suite.to_owned(),
            trigger: trigger.name.clone(),
            action: action.clone(),
            kind,
            data: data.clone(),
            at: wall,
            trace: telemetry::carried(),
        }));
        Ok(())
    }

    /// What a notice tells.
    fn data(&self, trigger: &Trigger, id: Uuid, it: &Moved, by: Option<&str>) -> Json {
        let row = self.incidents.get(&id);
        let range = |at: Option<Micros>| at.map(time);
        let suite = self.rules.suite;
        json!({
            "suite": suite,
            "suite_hash": self.rules.hash,
            "trigger": trigger.name,
            "incident": id,
            "state": it.transition.to.name(),
            "severity": trigger.severity.name(),
            "mode": trigger.mode.name(),
            "key": it.key,
            "segment": it.key,
            "model": labelled(self.rules, &it.key, "model"),
            "version": labelled(self.rules, &it.key, "version"),
            "reason": it.transition.reason,
            "notes": trigger.notes,
            "by": by,
            "at": time(self.times.wall),
            "opened_at": row.map(|it| time(it.at)),
            "data": {
                "from": row.and_then(|it| range(it.data_from)),
                "to": row.and_then(|it| range(it.data_to)),
            },
            "evidence": evidence(&it.transition.evidence),
            "links": {
                "incident": format!("/v1/incidents/{id}"),
                "approve": format!("/v1/triggers/{id}:approve"),
                "reject": format!("/v1/triggers/{id}:reject"),
                "windows": it.transition.evidence.iter().map(|it| format!("/v1/windows/{}", it.window)).collect::<Vec<_>>(),
            },
        })
    }

    /// A trigger that is in the suite no more: its incident, if one is open, is over.
    pub(super) async fn retire(&mut self, name: &str, key: &str, state: &State) -> Result<(), store::Error> {
        let Some(incident) = &state.incident else { return Ok(()) };
        let id = incident_id(self.rules.suite, name, key, incident.number);
        self.incident(id, || IncidentRow { id, ..IncidentRow::default() }).await?;
        let wall = self.times.wall;
        let Some(row) = self.incidents.get_mut(&id).filter(|it| it.events > 0) else {
            self.incidents.remove(&id);
            return Ok(());
        };
        let before = std::mem::replace(&mut row.state, Phase::Resolved.name().to_owned());
        "the suite has no such trigger any more".clone_into(&mut row.reason);
        row.closed = Some(wall);
        let (reason, state) = (row.reason.clone(), row.state.clone());
        let (kind, evidence) = (Kind::Resolved.name().to_owned(), json!([]));
        let event =
            EventRow { trigger_at: self.times.now, kind, before, state, reason, evidence, ..EventRow::default() };
        step(row, &mut self.events, wall, event);
        Ok(())
    }
}

/// One step more of an incident; its number.
pub(super) fn step(row: &mut IncidentRow, events: &mut Vec<EventRow>, wall: Micros, it: EventRow) -> i64 {
    row.events += 1;
    row.changed = wall;
    events.push(EventRow { incident: row.id, n: row.events, at: wall, ..it });
    row.events
}

fn evidence(all: &[Evidence]) -> Json {
    let one = |it: &Evidence| {
        json!({
            "check": it.check, "window_id": it.window, "start": time(it.start), "end": time(it.end),
            "records": it.records, "status": it.status, "observed": it.observed, "bound": it.bound,
        })
    };
    all.iter().map(one).collect()
}

/// The value of a role's field in the name of a segment: `3` of `model_version=3, region=eu`.
fn labelled(rules: Rules<'_>, key: &str, role: &str) -> Option<String> {
    let field = rules.plan.record.role(role)?;
    // A comma of a value is escaped, so that it does not stand before a space.
    let value = key.split(", ").find_map(|it| it.strip_prefix(field)?.strip_prefix('='))?;
    Some(value.replace("\\,", ",").replace("\\\\", "\\"))
}
