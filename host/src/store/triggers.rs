//! Triggers: windows that they have not seen, where they stand, and their incidents with every step.
//!
//! Whoever decides reads first and then writes all in one transaction, which begins with a look at whether somebody else
//! has decided meanwhile: so each step of an incident is written once, on however many hosts.

mod reading;
mod writing;

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::queries::{Dialect, before, texts, times};
use super::rows::{Cursor, Micros};
use super::texts::indexed;
use super::{Error, Store};
use crate::service::notice::Notice;
pub(super) use writing::mark;

/// Where a trigger stands for one of its keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateRow {
    /// The trigger.
    pub trigger: String,
    /// The key: a segment, or empty.
    pub key: String,
    /// The word for where it stands.
    pub phase: String,
    /// When time alone may change something, by the time of triggers.
    pub wake: Option<Micros>,
    /// The same by the clock.
    pub wake_wall: Option<Micros>,
    /// The state as the engine keeps it, as JSON text.
    pub body: String,
}

/// An incident.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IncidentRow {
    /// Its id.
    pub id: Uuid,
    /// When it was opened, by the clock.
    pub at: Micros,
    /// The suite.
    pub suite: String,
    /// The content hash of the version that was active then.
    pub suite_hash: String,
    /// The trigger.
    pub trigger: String,
    /// The key: a segment, or empty.
    pub key: String,
    /// Where it stands.
    pub state: String,
    /// `critical`, `warning` or `info`.
    pub severity: String,
    /// `suggest`, `approve` or `auto`.
    pub mode: String,
    /// When it was opened, by the time of triggers.
    pub opened: Micros,
    /// When something happened last, by the clock.
    pub changed: Micros,
    /// When it was over, by the clock.
    pub closed: Option<Micros>,
    /// The start of the first window that shows it.
    pub data_from: Option<Micros>,
    /// The end of the last one.
    pub data_to: Option<Micros>,
    /// Why it stands where it does.
    pub reason: String,
    /// The windows that show it.
    pub evidence: serde_json::Value,
    /// How many steps it has had.
    pub events: i64,
    /// Whether somebody said that it was a true alarm.
    pub alarm: Option<bool>,
    /// Who said so.
    pub alarm_by: Option<String>,
    /// What they said to it.
    pub alarm_note: Option<String>,
}

/// A step of an incident.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventRow {
    /// The incident.
    pub incident: Uuid,
    /// Ordinal among its steps, from 1.
    pub n: i64,
    /// When it happened, by the clock.
    pub at: Micros,
    /// The same by the time of triggers.
    pub trigger_at: Micros,
    /// What happened.
    pub kind: String,
    /// Where the incident stood.
    pub before: String,
    /// Where it stands.
    pub state: String,
    /// Who did it; `None`: the trigger.
    pub by: Option<String>,
    /// Why.
    pub reason: String,
    /// The windows that show it.
    pub evidence: serde_json::Value,
}

/// What the triggers of a suite have decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// The suite.
    pub suite: String,
    /// How often they had been decided when it was read what this follows from.
    pub version: i64,
    /// The time of triggers.
    pub now: Micros,
    /// The windows that they have seen, by id and revision.
    pub windows: Vec<(Uuid, i64)>,
    /// States that changed.
    pub states: Vec<StateRow>,
    /// States that are not needed any more, by trigger and key.
    pub gone: Vec<(String, String)>,
    /// Incidents that changed.
    pub incidents: Vec<IncidentRow>,
    /// What happened to them.
    pub events: Vec<EventRow>,
    /// Who is to be told what.
    pub notices: Vec<Notice>,
}

impl Decision {
    /// Whether there is nothing to write.
    pub const fn is_empty(&self) -> bool {
        self.windows.is_empty()
            && self.states.is_empty()
            && self.gone.is_empty()
            && self.incidents.is_empty()
            && self.events.is_empty()
    }
}

/// How far the records of a version have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// When the last record was stored.
    pub came: Micros,
    /// The latest time of a record, less the time that records may come late.
    pub watermark: Option<Micros>,
    /// When the clock goes on without records.
    pub idle: Option<Micros>,
}

/// What is known of the time of a suite's triggers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wake {
    /// The suite.
    pub suite: String,
    /// When time alone may change something, by the time of triggers.
    pub wake: Option<Micros>,
    /// The same by the clock.
    pub wake_wall: Option<Micros>,
}

/// How a rule has fared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fared {
    /// The trigger.
    pub trigger: String,
    /// Incidents.
    pub incidents: i64,
    /// Of them, those that are open.
    pub open: i64,
    /// True alarms, as somebody said.
    pub right: i64,
    /// False ones.
    pub wrong: i64,
}

/// Which incidents are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of this suite.
    pub suite: Option<String>,
    /// Of this trigger.
    pub trigger: Option<String>,
    /// Of this key.
    pub key: Option<String>,
    /// That stand there.
    pub state: Option<String>,
    /// That are over, or that are not.
    pub is_open: Option<bool>,
    /// Of this severity.
    pub severity: Option<String>,
    /// Opened from this time on, by the clock.
    pub since: Option<Micros>,
    /// Opened before this time.
    pub until: Option<Micros>,
}

pub(super) const INCIDENT: &str = "SELECT id, at, suite, suite_hash, trigger_name, key, state, severity, mode, opened_at, changed_at, \
    closed_at, data_from, data_to, reason, evidence, events, alarm, alarm_by, alarm_note FROM incident";
const EVENTS: &str = "SELECT incident_id, n, at, trigger_at, kind, before, state, done_by, reason, evidence \
    FROM incident_event WHERE incident_id = $1 ORDER BY n";
const UNDECIDED_SUITES: &str = "SELECT DISTINCT suite FROM undecided ORDER BY suite";
const UNDECIDED: &str =
    "SELECT window_id, revision FROM undecided WHERE suite = $1 ORDER BY start_at, window_id LIMIT $2";
const WAKES: &str = "SELECT suite, min(wake_at) AS wake_at, min(wake_wall_at) AS wake_wall_at FROM trigger_state \
    GROUP BY suite ORDER BY suite";
const STATES: &str = "SELECT trigger_name, key, phase, wake_at, wake_wall_at, body FROM trigger_state \
    WHERE suite = $1 ORDER BY trigger_name, key";
const CLOCK: &str = "SELECT version, now_at FROM trigger_clock WHERE suite = $1";
const PROGRESS: &str = "SELECT came_at, watermark_at, idle_at FROM stream WHERE suite = $1 AND suite_hash = $2";
const FARED: &str = "SELECT trigger_name, count(*) AS incidents, sum(CASE WHEN closed_at IS NULL THEN 1 ELSE 0 END) AS open, \
    sum(CASE WHEN alarm THEN 1 ELSE 0 END) AS right_ones, sum(CASE WHEN NOT alarm THEN 1 ELSE 0 END) AS wrong_ones \
    FROM incident WHERE suite = $1 GROUP BY trigger_name ORDER BY trigger_name";

#[allow(unused_variables, reason = "not every statement needs both connections and the clock")]
impl Store {
    /// The suites with windows that their triggers have not seen.
    pub async fn undecided_suites(&self) -> Result<Vec<String>, Error> {
        on_each!(self, |writer, reader, time| Ok(sqlx::query_scalar(UNDECIDED_SUITES).fetch_all(reader).await?))
    }

    /// The first of these windows, by id and revision.
    pub async fn undecided(&self, suite: &str, limit: u32) -> Result<Vec<(Uuid, i64)>, Error> {
        on_each!(self, |writer, reader, time| {
            let query = sqlx::query_as(UNDECIDED).bind(indexed(suite)).bind(i64::from(limit));
            Ok(query.fetch_all(reader).await?)
        })
    }

    /// When time alone may change something, by suite.
    pub async fn trigger_wakes(&self) -> Result<Vec<Wake>, Error> {
        on_each!(self, |writer, reader, time| Ok(sqlx::query_as(WAKES).fetch_all(reader).await?))
    }

    /// Where the triggers of a suite stand, by name and key.
    pub async fn trigger_states(&self, suite: &str) -> Result<Vec<StateRow>, Error> {
        on_each!(self, |writer, reader, time| {
            Ok(sqlx::query_as(STATES).bind(indexed(suite)).fetch_all(reader).await?)
        })
    }

    /// How often the triggers of a suite were decided, and their time; `None`: never.
    pub async fn trigger_clock(&self, suite: &str) -> Result<Option<(i64, Micros)>, Error> {
        let found: Option<reading::Clock> = on_each!(self, |writer, reader, time| {
            sqlx::query_as(CLOCK).bind(indexed(suite)).fetch_optional(reader).await?
        });
        Ok(found.map(|it| (it.version, it.now)))
    }

    /// How far the records of a version have come; `None`: none has.
    pub async fn progress(&self, suite: &str, suite_hash: &str) -> Result<Option<Progress>, Error> {
        on_each!(self, |writer, reader, time| {
            let query = sqlx::query_as(PROGRESS).bind(indexed(suite)).bind(indexed(suite_hash));
            Ok(query.fetch_optional(reader).await?)
        })
    }

    /// Writes what triggers have decided. `false`: somebody else has decided since it was read what this follows from;
    /// nothing is written.
    pub async fn decide(&self, decision: &Decision) -> Result<bool, Error> {
        on_each!(self, |writer, reader, time| {
            let mut transaction = writer.begin().await?;
            if writing::take(decision).build().execute(&mut *transaction).await?.rows_affected() == 0 {
                transaction.rollback().await?;
                return Ok(false);
            }
            for it in &decision.windows {
                writing::seen(it).build().execute(&mut *transaction).await?;
            }
            for it in &decision.states {
                writing::state(&decision.suite, it).build().execute(&mut *transaction).await?;
            }
            for it in &decision.gone {
                writing::gone(&decision.suite, it).build().execute(&mut *transaction).await?;
            }
            for it in &decision.incidents {
                writing::incident(it).build().execute(&mut *transaction).await?;
            }
            for it in &decision.events {
                writing::event(it).build().execute(&mut *transaction).await?;
            }
            if !decision.notices.is_empty() {
                super::outbox::enqueue(&decision.notices).build().persistent(false).execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
            Ok(true)
        })
    }

    /// A page of incidents, the newest first.
    pub async fn incidents(
        &self,
        wanted: &Wanted,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<IncidentRow>, Error> {
        Ok(match self {
            Store::Postgres(it) => page(wanted, after, limit).build_query_as().fetch_all(it.pool()).await?,
            Store::Sqlite(it) => page(wanted, after, limit).build_query_as().fetch_all(it.readers()).await?,
        })
    }

    /// An incident.
    pub async fn incident(&self, id: Uuid) -> Result<Option<IncidentRow>, Error> {
        Ok(match self {
            Store::Postgres(it) => one(id).build_query_as().fetch_optional(it.pool()).await?,
            Store::Sqlite(it) => one(id).build_query_as().fetch_optional(it.readers()).await?,
        })
    }

    /// The steps of an incident, in their order.
    pub async fn incident_events(&self, id: Uuid) -> Result<Vec<EventRow>, Error> {
        on_each!(self, |writer, reader, time| Ok(sqlx::query_as(EVENTS).bind(id).fetch_all(reader).await?))
    }

    /// How the rules of a suite have fared, by trigger.
    pub async fn triggers_fared(&self, suite: &str) -> Result<Vec<Fared>, Error> {
        on_each!(self, |writer, reader, time| {
            Ok(sqlx::query_as(FARED).bind(indexed(suite)).fetch_all(reader).await?)
        })
    }
}

fn one<DB: Dialect>(id: Uuid) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(INCIDENT);
    DB::id(query.push(" WHERE id = "), id);
    query
}

fn page<DB: Dialect>(wanted: &Wanted, after: Option<Cursor>, limit: u32) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(INCIDENT);
    query.push(" WHERE TRUE");
    texts(
        &mut query,
        &[
            (" AND suite = ", &wanted.suite),
            (" AND trigger_name = ", &wanted.trigger),
            (" AND key = ", &wanted.key),
            (" AND state = ", &wanted.state),
            (" AND severity = ", &wanted.severity),
        ],
    );
    match wanted.is_open {
        Some(true) => drop(query.push(" AND closed_at IS NULL")),
        Some(false) => drop(query.push(" AND closed_at IS NOT NULL")),
        None => {}
    }
    times(&mut query, &[(" AND at >= ", wanted.since), (" AND at < ", wanted.until)]);
    before(&mut query, [" AND at <= ", " AND (at, id) < ("], after);
    DB::number(query.push(" ORDER BY at DESC, id DESC LIMIT "), limit.into());
    query
}
