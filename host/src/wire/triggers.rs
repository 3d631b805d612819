//! Incidents, and the rules that open them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::time;
use crate::store::triggers::{EventRow, IncidentRow};

/// An incident: what a trigger is about.
#[derive(Serialize, ToSchema)]
pub struct IncidentOut {
    /// Its id.
    pub id: uuid::Uuid,
    /// When it was opened, by the clock (RFC 3339).
    pub at: String,
    /// The suite.
    pub suite: String,
    /// The content hash of the version that was active then.
    pub suite_hash: String,
    /// The trigger.
    pub trigger: String,
    /// The segment that it is of; empty: all records.
    pub key: String,
    /// `silenced`, `suggested`, `waiting`, `firing`, `verifying`, `acknowledged`, `escalated` or `stopped` while it is
    /// open; `resolved` or `rejected` when it is over.
    pub state: String,
    /// `critical`, `warning` or `info`.
    pub severity: String,
    /// `suggest`, `approve` or `auto`.
    pub mode: String,
    /// When it was opened, by the time of triggers: that of the records, where they have one (RFC 3339).
    pub opened_at: String,
    /// When something happened last (RFC 3339).
    pub changed_at: String,
    /// When it was over; none: it is open.
    pub closed_at: Option<String>,
    /// The start of the first window that shows it.
    pub data_from: Option<String>,
    /// The end of the last one.
    pub data_to: Option<String>,
    /// Why it stands where it does.
    pub reason: String,
    /// The windows that show it: `check`, `window_id`, `start`, `end`, `records`, `status`, `observed` and `bound` of each.
    pub evidence: serde_json::Value,
    /// Whether somebody said that it was a true alarm; none: nobody said.
    pub alarm: Option<bool>,
    /// Who said so.
    pub alarm_by: Option<String>,
    /// What they said to it.
    pub alarm_note: Option<String>,
}

impl From<IncidentRow> for IncidentOut {
    fn from(it: IncidentRow) -> Self {
        IncidentOut {
            id: it.id,
            at: time(it.at),
            suite: it.suite,
            suite_hash: it.suite_hash,
            trigger: it.trigger,
            key: it.key,
            state: it.state,
            severity: it.severity,
            mode: it.mode,
            opened_at: time(it.opened),
            changed_at: time(it.changed),
            closed_at: it.closed.map(time),
            data_from: it.data_from.map(time),
            data_to: it.data_to.map(time),
            reason: it.reason,
            evidence: it.evidence,
            alarm: it.alarm,
            alarm_by: it.alarm_by,
            alarm_note: it.alarm_note,
        }
    }
}

/// A step of an incident.
#[derive(Serialize, ToSchema)]
pub struct IncidentEvent {
    /// Ordinal among its steps, from 1.
    pub n: i64,
    /// When it happened, by the clock (RFC 3339).
    pub at: String,
    /// The same by the time of triggers.
    pub trigger_at: String,
    /// `silenced`, `suggested`, `needs_approval`, `approved`, `rejected`, `fired`, `acknowledged`, `run_ended`,
    /// `escalated`, `stopped`, `resolved` or `feedback`.
    pub kind: String,
    /// Where the incident stood.
    pub before: String,
    /// Where it stands since.
    pub state: String,
    /// Who did it: the name of a token; none: the trigger.
    pub by: Option<String>,
    /// Why.
    pub reason: String,
    /// The windows that show it.
    pub evidence: serde_json::Value,
}

impl From<EventRow> for IncidentEvent {
    fn from(it: EventRow) -> Self {
        IncidentEvent {
            n: it.n,
            at: time(it.at),
            trigger_at: time(it.trigger_at),
            kind: it.kind,
            before: it.before,
            state: it.state,
            by: it.by,
            reason: it.reason,
            evidence: it.evidence,
        }
    }
}

/// An incident with every step.
#[derive(Serialize, ToSchema)]
pub struct IncidentDetail {
    /// The incident.
    #[serde(flatten)]
    pub incident: IncidentOut,
    /// Its steps, the first first.
    pub events: Vec<IncidentEvent>,
}

/// A trigger of a suite, and how it has fared.
#[derive(Serialize, ToSchema)]
pub struct TriggerOut {
    /// Its name.
    pub name: String,
    /// What makes it fire: `condition`, `schedule` or `demand`.
    pub when: &'static str,
    /// Its schedule, if it has one.
    pub schedule: Option<String>,
    /// When the schedule comes next (RFC 3339).
    pub next: Option<String>,
    /// `critical`, `warning` or `info`.
    pub severity: &'static str,
    /// `suggest`, `approve` or `auto`.
    pub mode: &'static str,
    /// What has an incident of its own: nothing, `segment`, or fields.
    pub per: Vec<String>,
    /// The actions that are run when it fires.
    pub actions: Vec<String>,
    /// The actions that are told of all that happens.
    pub notify: Vec<String>,
    /// Notes of the suite.
    pub notes: Option<String>,
    /// Where it stands, by key; where it has not seen anything it is not there.
    pub states: Vec<TriggerState>,
    /// How many incidents it has had.
    pub incidents: i64,
    /// Of them, those that are open.
    pub open: i64,
    /// Those that somebody called true alarms.
    pub true_alarms: i64,
    /// Those that somebody called false alarms.
    pub false_alarms: i64,
    /// The share of true ones among both; none when nobody has said anything.
    pub precision: Option<f64>,
}

/// Where a trigger stands for one of its keys.
#[derive(Serialize, ToSchema)]
pub struct TriggerState {
    /// The segment; empty: all records.
    pub key: String,
    /// `ok`, `pending`, or where its incident stands.
    pub state: String,
    /// The incident that is open.
    pub incident: Option<uuid::Uuid>,
    /// When time alone may change something, by the time of triggers (RFC 3339).
    pub wakes_at: Option<String>,
}

/// What is wanted of an incident or a trigger.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TriggerAsked {
    /// Why, for the record.
    pub reason: Option<String>,
    /// Of `:fire` of a trigger: the segment; all records without it.
    pub key: Option<String>,
    /// Of `:feedback`: whether it was a true alarm.
    pub alarm: Option<bool>,
    /// Of `:feedback`: what there is to say to it.
    pub note: Option<String>,
}
