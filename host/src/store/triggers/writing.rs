//! The statements by which triggers are decided, for both databases.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::super::due::time_or_null;
use super::super::queries::Dialect;
use super::super::texts::{kept, kept_json};
use super::super::windows::Closed;
use super::{Decision, EventRow, IncidentRow, StateRow};

/// Takes note that the triggers of a suite have not seen these windows.
pub(in crate::store) fn mark<DB: Dialect>(closed: &[&Closed]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("INSERT INTO undecided (window_id, suite, start_at, revision) VALUES ");
    for (i, it) in closed.iter().map(|it| &it.kept.row).enumerate() {
        DB::id(query.push(if i == 0 { "(" } else { ", (" }), it.id);
        DB::text(query.push(", "), &it.suite);
        DB::time(query.push(", "), it.start);
        DB::number(query.push(", "), it.revision);
        query.push(")");
    }
    query.push(" ON CONFLICT (window_id) DO UPDATE SET revision = excluded.revision");
    query
}

/// Begins to decide; no row: somebody else has.
pub(super) fn take<DB: Dialect>(it: &Decision) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("INSERT INTO trigger_clock (suite, version, now_at) VALUES (");
    DB::text(&mut query, &it.suite);
    DB::time(query.push(", 1, "), it.now);
    query.push(
        ") ON CONFLICT (suite) DO UPDATE SET version = trigger_clock.version + 1, now_at = excluded.now_at \
         WHERE trigger_clock.version = ",
    );
    DB::number(&mut query, it.version);
    query
}

/// A window was seen, as it was judged then.
pub(super) fn seen<DB: Dialect>((id, revision): &(Uuid, i64)) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("DELETE FROM undecided WHERE window_id = ");
    DB::id(&mut query, *id);
    DB::number(query.push(" AND revision <= "), *revision);
    query
}

pub(super) fn state<DB: Dialect>(suite: &str, it: &StateRow) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(
        "INSERT INTO trigger_state (suite, trigger_name, key, phase, wake_at, wake_wall_at, body) VALUES (",
    );
    DB::text(&mut query, suite);
    DB::text(query.push(", "), &it.trigger);
    DB::text(query.push(", "), &it.key);
    DB::text(query.push(", "), &it.phase);
    time_or_null(query.push(", "), it.wake);
    time_or_null(query.push(", "), it.wake_wall);
    DB::words(query.push(", "), &it.body);
    query.push(
        ") ON CONFLICT (suite, trigger_name, key) DO UPDATE SET phase = excluded.phase, wake_at = excluded.wake_at, \
         wake_wall_at = excluded.wake_wall_at, body = excluded.body",
    );
    query
}

pub(super) fn gone<DB: Dialect>(suite: &str, (trigger, key): &(String, String)) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("DELETE FROM trigger_state WHERE suite = ");
    DB::text(&mut query, suite);
    DB::text(query.push(" AND trigger_name = "), trigger);
    DB::text(query.push(" AND key = "), key);
    query
}

pub(super) fn incident<DB: Dialect>(it: &IncidentRow) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(
        "INSERT INTO incident (id, at, suite, suite_hash, trigger_name, key, state, severity, mode, opened_at, changed_at, \
         closed_at, data_from, data_to, reason, evidence, events, alarm, alarm_by, alarm_note) VALUES (",
    );
    DB::id(&mut query, it.id);
    DB::time(query.push(", "), it.at);
    for text in [&it.suite, &it.suite_hash, &it.trigger, &it.key, &it.state, &it.severity, &it.mode] {
        DB::text(query.push(", "), text);
    }
    DB::time(query.push(", "), it.opened);
    DB::time(query.push(", "), it.changed);
    for at in [it.closed, it.data_from, it.data_to] {
        time_or_null(query.push(", "), at);
    }
    DB::words(query.push(", "), &it.reason);
    DB::json(query.push(", "), Some(kept_json(&it.evidence).to_string()));
    DB::number(query.push(", "), it.events);
    query.push(match it.alarm {
        Some(true) => ", TRUE",
        Some(false) => ", FALSE",
        None => ", NULL",
    });
    for text in [&it.alarm_by, &it.alarm_note] {
        long_or_null(query.push(", "), text.as_deref());
    }
    query.push(
        ") ON CONFLICT (id) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at, \
         closed_at = excluded.closed_at, data_from = excluded.data_from, data_to = excluded.data_to, \
         reason = excluded.reason, evidence = excluded.evidence, events = excluded.events, alarm = excluded.alarm, \
         alarm_by = excluded.alarm_by, alarm_note = excluded.alarm_note",
    );
    query
}

pub(super) fn event<DB: Dialect>(it: &EventRow) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(
        "INSERT INTO incident_event (incident_id, n, at, trigger_at, kind, before, state, done_by, reason, evidence) VALUES (",
    );
    DB::id(&mut query, it.incident);
    DB::number(query.push(", "), it.n);
    DB::time(query.push(", "), it.at);
    DB::time(query.push(", "), it.trigger_at);
    for text in [&it.kind, &it.before, &it.state] {
        DB::text(query.push(", "), text);
    }
    long_or_null(query.push(", "), it.by.as_deref());
    DB::words(query.push(", "), &it.reason);
    DB::json(query.push(", "), Some(kept_json(&it.evidence).to_string()));
    query.push(")");
    query
}

fn long_or_null<DB: Dialect>(query: &mut QueryBuilder<DB>, text: Option<&str>) {
    match text {
        Some(it) => DB::words(query, &kept(it)),
        None => drop(query.push("NULL")),
    }
}
