//! Triggers over HTTP: incidents, the rules that open them, and what people decide.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use driftline_rules::report::Severity;
use driftline_rules::suite::triggers::{Per, Trigger, When};
use driftline_rules::trigger::{self, Command, Phase};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::asked::{Named, Pace, Params, allow, by, whole};
use super::history::{cursor, limit, next, time};
use super::problem::Problem;
use crate::config::Scope;
use crate::service::app::App;
use crate::service::deciding::{self, Asked as Who, Refusal, Rules, incident_id};
use crate::service::version::Version;
use crate::store::rows::Cursor;
use crate::store::triggers::{Fared, IncidentRow, StateRow, Wanted};
use crate::wire::{IncidentDetail, IncidentOut, Page, TriggerAsked, TriggerOut, TriggerState};

/// Bytes of what is wanted.
const BODY: usize = 64 << 10;

/// Which incidents are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The suite.
    suite: Option<String>,
    /// The trigger.
    trigger: Option<String>,
    /// The segment; empty: all records.
    key: Option<String>,
    /// `silenced`, `suggested`, `waiting`, `firing`, `verifying`, `acknowledged`, `escalated`, `stopped`, `resolved` or
    /// `rejected`.
    state: Option<String>,
    /// Those that are open, or that are over; both without it.
    open: Option<bool>,
    /// `critical`, `warning` or `info`.
    severity: Option<String>,
    /// Opened from this time on, by the clock (RFC 3339, or a span before now such as `24h`, `7d`).
    since: Option<String>,
    /// Opened before this time.
    until: Option<String>,
    /// Rows of a page, 1 to 1000; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: the `next` of the page before.
    cursor: Option<String>,
}

/// Incidents, the newest first.
#[utoipa::path(get, path = "/v1/triggers", tag = "triggers", params(Asked), responses(
    (status = 200, description = "A page.", body = Page<IncidentOut>),
))]
pub async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Result<Json<Page<IncidentOut>>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    if let Some(word) = asked.state.as_deref().filter(|it| Phase::parse_name(it).is_none()) {
        let names: Vec<_> = Phase::ALL.iter().map(|it| it.name()).collect();
        return Err(Problem::bad_request(format!("`state={word}` is none of {}", names.join(", "))));
    }
    let is_severity = |it: &&str| Severity::ALL.iter().any(|one| one.name() == *it);
    if let Some(word) = asked.severity.as_deref().filter(|it| !is_severity(it)) {
        return Err(Problem::bad_request(format!("`severity={word}` is none of critical, warning, info")));
    }
    let wanted = Wanted {
        suite: asked.suite,
        trigger: asked.trigger,
        key: asked.key,
        state: asked.state,
        is_open: asked.open,
        severity: asked.severity,
        since: time("since", asked.since.as_deref())?,
        until: time("until", asked.until.as_deref())?,
    };
    let limit = limit(asked.limit)?;
    let rows = app.store.incidents(&wanted, cursor(asked.cursor.as_deref())?, limit).await?;
    let next = next(rows.len() == limit as usize, rows.last().map(|it| Cursor { at: it.at, id: it.id, n: 0 }));
    Ok(Json(Page { items: rows.into_iter().map(IncidentOut::from).collect(), next }))
}

pub(super) fn unknown() -> Problem {
    Problem::not_found("there is no incident of this id; /v1/triggers lists those there are")
}

/// An incident with every step.
#[utoipa::path(get, path = "/v1/triggers/{id}", tag = "triggers", params(("id" = Uuid, Path, description = "The incident's id.")), responses(
    (status = 200, description = "The incident.", body = IncidentDetail),
    (status = 404, description = "There is none of this id.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn get(state: State<Arc<App>>, Named(id): Named<String>, headers: HeaderMap) -> Result<Response, Problem> {
    // The path of a command, which the router cannot tell from an id.
    if id.contains(':') {
        return Ok(([(header::ALLOW, "POST")], Problem::method()).into_response());
    }
    let id = Uuid::parse_str(&id).map_err(|_| Problem::bad_request(format!("`{id}` is no id of an incident")))?;
    Ok(incident(state, Named(id), headers).await?.into_response())
}

/// An incident with every step, as `/v1/triggers/{id}` has it.
#[utoipa::path(get, path = "/v1/incidents/{id}", tag = "triggers", params(("id" = Uuid, Path, description = "The incident's id.")), responses(
    (status = 200, description = "The incident.", body = IncidentDetail),
    (status = 404, description = "There is none of this id.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn incident(
    State(app): State<Arc<App>>,
    Named(id): Named<Uuid>,
    headers: HeaderMap,
) -> Result<Json<IncidentDetail>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let row = app.store.incident(id).await?.ok_or_else(unknown)?;
    detail(&app, row).await
}

async fn detail(app: &App, row: IncidentRow) -> Result<Json<IncidentDetail>, Problem> {
    let events = app.store.incident_events(row.id).await?.into_iter().map(Into::into).collect();
    Ok(Json(IncidentDetail { incident: row.into(), events }))
}

/// The triggers of a suite's active version, where they stand and how they have fared.
#[utoipa::path(get, path = "/v1/suites/{suite}/triggers", tag = "triggers", params(("suite" = String, Path, description = "The suite.")), responses(
    (status = 200, description = "In the order in which they are decided.", body = Vec<TriggerOut>),
    (status = 404, description = "There is no such suite.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn of_suite(
    State(app): State<Arc<App>>,
    Named(suite): Named<String>,
    headers: HeaderMap,
) -> Result<Json<Vec<TriggerOut>>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let version = active(&app, &suite)?;
    let (states, fared) = (app.store.trigger_states(&suite).await?, app.store.triggers_fared(&suite).await?);
    let one = |it: &Trigger| {
        let own: Vec<_> = states.iter().filter(|row| row.trigger == it.name).collect();
        let fared = fared.iter().find(|row| row.trigger == it.name).cloned().unwrap_or_default();
        told(&suite, it, &own, &fared)
    };
    Ok(Json(version.loaded.plan.triggers.iter().map(one).collect()))
}

fn active(app: &App, suite: &str) -> Result<Arc<Version>, Problem> {
    app.shelf.get(suite).ok_or_else(|| super::suites::unknown(&app.shelf.now(), suite))
}

fn told(suite: &str, it: &Trigger, states: &[&StateRow], fared: &Fared) -> TriggerOut {
    let (when, schedule) = match &it.when {
        When::Condition(_) => ("condition", None),
        When::Schedule(it) => ("schedule", Some(it.to_string())),
        When::Demand => ("demand", None),
    };
    let said = fared.right + fared.wrong;
    TriggerOut {
        name: it.name.clone(),
        when,
        schedule,
        next: states.iter().filter_map(|it| it.wake_wall).min().map(crate::wire::time),
        severity: it.severity.name(),
        mode: it.mode.name(),
        per: match &it.per {
            Per::Suite => Vec::new(),
            Per::Segment => vec!["segment".to_owned()],
            Per::Fields(it) => it.clone(),
        },
        actions: it.actions.clone(),
        notify: it.notify.clone(),
        notes: it.notes.clone(),
        states: states.iter().map(|row| state(suite, row)).collect(),
        incidents: fared.incidents,
        open: fared.open,
        true_alarms: fared.right,
        false_alarms: fared.wrong,
        precision: (said > 0).then(|| fared.right as f64 / said as f64),
    }
}

fn state(suite: &str, row: &StateRow) -> TriggerState {
    let open = trigger::State::from_json(&row.body).ok().and_then(|it| it.incident);
    TriggerState {
        key: row.key.clone(),
        state: row.phase.clone(),
        incident: open.map(|it| incident_id(suite, &row.trigger, &row.key, it.number)),
        wakes_at: row.wake.map(crate::wire::time),
    }
}

/// Does what a person wants of an incident: `approve` its actions or `reject` it, `ack` that somebody looks at it,
/// `resolve` it, `fire` its trigger now, or say in `feedback` whether it was a true alarm. What is done is in the
/// incident's steps, with the token's name.
#[utoipa::path(post, path = "/v1/triggers/{id}:{command}", tag = "triggers", params(
        ("id" = Uuid, Path, description = "The incident's id."),
        ("command" = String, Path, description = "`approve`, `reject`, `ack`, `resolve`, `fire` or `feedback`."),
    ),
    request_body(content = Option<TriggerAsked>, content_type = "application/json", description = "Why."), responses(
    (status = 200, description = "The incident as it is now.", body = IncidentDetail),
    (status = 404, description = "There is no such incident, or its suite has no such trigger any more.", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It is not where that could be done.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn command(
    State(app): State<Arc<App>>,
    Named(path): Named<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let token = allow(&app, &headers, Scope::WriteTriggers)?;
    let Some((id, word)) = path.rsplit_once(':') else {
        // It is the path of the incident itself, which has these.
        return Ok(([(header::ALLOW, "GET,HEAD")], Problem::method()).into_response());
    };
    let id = Uuid::parse_str(id).map_err(|error| Problem::bad_request(format!("the path: {error}")))?;
    let asked = read(&app, body).await?;
    let by = by(token);
    if word == "feedback" {
        let alarm = asked.alarm.ok_or_else(|| {
            Problem::bad_request("the body: `alarm` is missing; true: it was a true alarm, false: it was a false one")
        })?;
        let reason = asked.note.or(asked.reason).unwrap_or_default();
        let done = deciding::feedback(&app.store, id, alarm, Who { by: &by, reason: &reason }).await;
        return Ok(detail(&app, done.map_err(refused)?).await?.into_response());
    }
    let wanted = Command::parse_name(word).ok_or_else(|| {
        let names: Vec<_> = Command::ALL.iter().map(|it| it.name()).collect();
        Problem::not_found(format!("`:{word}` is none of {}, feedback", names.join(", ")))
    })?;
    let row = app.store.incident(id).await?.ok_or_else(unknown)?;
    let version = active(&app, &row.suite)?;
    let rules = rules(&version);
    // Firing again opens another incident, if this one is over.
    let of = (wanted != Command::Fire).then_some(id);
    let reason = asked.reason.unwrap_or_default();
    let who = Who { by: &by, reason: &reason };
    let done = deciding::command(&app.store, rules, (&row.trigger, &row.key), of, wanted, who).await;
    Ok(detail(&app, done.map_err(refused)?).await?.into_response())
}

/// Fires a trigger of a suite now, whatever its condition says: its actions are run.
#[utoipa::path(post, path = "/v1/suites/{suite}/triggers/{trigger}:fire", tag = "triggers", params(
        ("suite" = String, Path, description = "The suite."),
        ("trigger" = String, Path, description = "The trigger's name."),
    ),
    request_body(content = Option<TriggerAsked>, content_type = "application/json", description = "Why."), responses(
    (status = 200, description = "The incident that was opened, or was open.", body = IncidentDetail),
    (status = 404, description = "There is no such suite or trigger.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn fire(
    State(app): State<Arc<App>>,
    Named((suite, name)): Named<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<IncidentDetail>, Problem> {
    let token = allow(&app, &headers, Scope::WriteTriggers)?;
    let name = name.strip_suffix(":fire").ok_or_else(|| {
        Problem::not_found("the path ends in `:fire`; /v1/suites/{suite}/triggers lists the triggers")
    })?;
    let (version, asked, by) = (active(&app, &suite)?, read(&app, body).await?, by(token));
    let (key, reason) = (asked.key.unwrap_or_default(), asked.reason.unwrap_or_default());
    let who = Who { by: &by, reason: &reason };
    let done = deciding::command(&app.store, rules(&version), (name, &key), None, Command::Fire, who).await;
    detail(&app, done.map_err(refused)?).await
}

fn rules(version: &Version) -> Rules<'_> {
    Rules { suite: &version.name, hash: &version.hash, plan: &version.loaded.plan }
}

async fn read(app: &App, body: Body) -> Result<TriggerAsked, Problem> {
    let settings = app.live().settings.clone();
    let bytes = whole(body, BODY, Pace::new(&settings)).await?;
    if bytes.trim_ascii().is_empty() {
        return Ok(TriggerAsked::default());
    }
    serde_json::from_slice(&bytes).map_err(|error| Problem::bad_request(format!("the body: {error}")))
}

fn refused(it: Refusal) -> Problem {
    match it {
        Refusal::Unknown(why) => Problem::not_found(why),
        Refusal::Unfit(why) => Problem::conflict("trigger-state", "The incident is not where that could be done", why),
        Refusal::Busy => Problem::busy_deciding(),
        Refusal::Store(error) => error.into(),
    }
}
