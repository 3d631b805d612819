//! Notices that wait to be sent, were sent, or were given up.
//!
//! A notice is written in the transaction of what it tells of, and sent later, at least once. Whoever sends one has
//! taken it first: until its lease is over it is due for nobody else. Of an incident's notices for one action only the
//! first that waits is ever taken, so they go out in the order in which they were written.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::queries::Dialect;
use super::rows::Micros;
use super::texts::kept_json;
use super::{Error, Store};
use crate::service::notice::Notice;
use crate::telemetry::Carried;

/// What may have become of a notice.
pub const STATES: [&str; 4] = ["pending", "delivered", "dead", "skipped"];

/// A notice, and what became of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeliveryRow {
    /// Its place in the order in which notices were written.
    pub n: i64,
    /// The notice's id.
    pub id: Uuid,
    /// The incident.
    pub incident: Uuid,
    /// The suite.
    pub suite: String,
    /// The trigger.
    pub trigger: String,
    /// The action.
    pub action: String,
    /// `io.driftline.trigger.fired.v1` and the like.
    pub kind: String,
    /// What is told.
    pub data: serde_json::Value,
    /// When it happened.
    pub at: Micros,
    /// `pending`, `delivered`, `dead` or `skipped` (the action does not take it).
    pub state: String,
    /// How often it was tried; one that runs counts.
    pub tries: i64,
    /// When it is due; none: at once. Of one that is being sent the end of its lease.
    pub next_at: Option<Micros>,
    /// What the receiver answered at last.
    pub last_status: Option<i64>,
    /// Why it was not delivered at last.
    pub last_error: Option<String>,
    /// When it was delivered, given up or passed over.
    pub ended_at: Option<Micros>,
    /// Where in a trace it was written.
    pub trace: Option<Carried>,
}

impl From<Notice> for DeliveryRow {
    fn from(it: Notice) -> Self {
        DeliveryRow {
            id: it.id,
            incident: it.incident,
            suite: it.suite,
            trigger: it.trigger,
            action: it.action,
            kind: it.kind.to_owned(),
            data: it.data,
            at: it.at,
            trace: it.trace,
            state: "pending".to_owned(),
            ..DeliveryRow::default()
        }
    }
}

/// Which notices are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// One of [`STATES`].
    pub state: Option<String>,
    /// The action.
    pub action: Option<String>,
    /// The incident.
    pub incident: Option<Uuid>,
    /// The suite.
    pub suite: Option<String>,
}

/// Which notices are sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// One, whatever became of it.
    Id(Uuid),
    /// All that were given up.
    Dead,
    /// Those that were given up of an action.
    DeadOf(String),
}

/// What became of a try.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// One of [`STATES`].
    pub state: &'static str,
    /// When it is due again, while it is pending.
    pub next_at: Option<Micros>,
    /// What the receiver answered.
    pub status: Option<u16>,
    /// Why it was not delivered.
    pub error: Option<String>,
    /// When it was delivered, given up or passed over.
    pub ended_at: Option<Micros>,
}

/// How many notices of an action there are in a state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// The action.
    pub action: String,
    /// The state.
    pub state: String,
    /// How many.
    pub n: i64,
    /// When the oldest of them happened.
    pub oldest: Micros,
}

const COLUMNS: &str = "n, id, incident, suite, trigger_name, action, kind, data, at, state, tries, next_at, last_status, \
    last_error, ended_at, traceparent, tracestate";

/// Writes notices, at least one; those that are there already stay as they are. Meant for the transaction of what they
/// tell of.
pub fn enqueue<DB: Dialect>(notices: &[Notice]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(
        "INSERT INTO outbox (id, incident, suite, trigger_name, action, kind, data, at, traceparent, tracestate) VALUES ",
    );
    for (i, it) in notices.iter().enumerate() {
        DB::id(query.push(if i == 0 { "(" } else { ", (" }), it.id);
        DB::id(query.push(", "), it.incident);
        DB::text(query.push(", "), &it.suite);
        DB::text(query.push(", "), &it.trigger);
        DB::text(query.push(", "), &it.action);
        DB::text(query.push(", "), it.kind);
        DB::json(query.push(", "), Some(kept_json(&it.data).to_string()));
        DB::time(query.push(", "), it.at);
        for text in it.trace.as_ref().map_or(["", ""], |it| [&it.traceparent, &it.tracestate]) {
            match text {
                "" => {
                    query.push(", NULL");
                }
                text => DB::text(query.push(", "), text),
            }
        }
        query.push(")");
    }
    query.push(" ON CONFLICT (id) DO NOTHING");
    query
}

/// Whether the notice `o` may be taken.
fn is_due<DB: Dialect>(query: &mut QueryBuilder<DB>, now: Micros) {
    DB::time(query.push("o.state = 'pending' AND (o.next_at IS NULL OR o.next_at <= "), now);
    query.push(
        ") AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.incident = o.incident AND e.action = o.action \
         AND e.state = 'pending' AND e.n < o.n)",
    );
}

fn due<DB: Dialect>(now: Micros) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("SELECT DISTINCT o.action FROM outbox o WHERE ");
    is_due(&mut query, now);
    query.push(" ORDER BY o.action");
    query
}

fn claim<DB: Dialect>(action: &str, now: Micros, lease: Uuid, until: Micros, limit: u32) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("UPDATE outbox SET tries = tries + 1, lease = ");
    DB::id(&mut query, lease);
    DB::time(query.push(", next_at = "), until);
    DB::text(query.push(" WHERE n IN (SELECT o.n FROM outbox o WHERE o.action = "), action);
    is_due(query.push(" AND "), now);
    DB::number(query.push(" ORDER BY o.n LIMIT "), limit.into());
    query.push(DB::SKIP_LOCKED).push(") RETURNING ").push(COLUMNS);
    query
}

fn tried<DB: Dialect>(n: i64, lease: Uuid, it: &Tried) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("UPDATE outbox SET lease = NULL, state = ");
    DB::text(&mut query, it.state);
    super::due::time_or_null(query.push(", next_at = "), it.next_at);
    super::due::time_or_null(query.push(", ended_at = "), it.ended_at);
    query.push(", last_status = ");
    match it.status {
        Some(status) => DB::number(&mut query, status.into()),
        None => {
            query.push("NULL");
        }
    }
    query.push(", last_error = ");
    match &it.error {
        Some(why) => DB::words(&mut query, why),
        None => {
            query.push("NULL");
        }
    }
    DB::number(query.push(" WHERE n = "), n);
    DB::id(query.push(" AND lease = "), lease);
    query
}

fn again<DB: Dialect>(which: &Which, now: Micros) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(
        "UPDATE outbox SET state = 'pending', tries = 0, next_at = NULL, lease = NULL, ended_at = NULL WHERE ",
    );
    match which {
        // But not one that is being sent.
        Which::Id(id) => {
            DB::id(query.push("id = "), *id);
            DB::time(query.push(" AND (lease IS NULL OR next_at <= "), now);
            query.push(")");
        }
        Which::Dead => {
            query.push("state = 'dead'");
        }
        Which::DeadOf(action) => DB::text(query.push("state = 'dead' AND action = "), action),
    }
    query
}

fn page<DB: Dialect>(wanted: &Wanted, before: Option<i64>, limit: u32) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("SELECT ");
    query.push(COLUMNS).push(" FROM outbox WHERE TRUE");
    for (begin, text) in
        [(" AND state = ", &wanted.state), (" AND action = ", &wanted.action), (" AND suite = ", &wanted.suite)]
    {
        if let Some(text) = text {
            DB::text(query.push(begin), text);
        }
    }
    if let Some(incident) = wanted.incident {
        DB::id(query.push(" AND incident = "), incident);
    }
    if let Some(before) = before {
        DB::number(query.push(" AND n < "), before);
    }
    DB::number(query.push(" ORDER BY n DESC LIMIT "), limit.into());
    query
}

const COUNTS: &str = "SELECT action, state, count(*) AS n, min(at) AS oldest FROM outbox GROUP BY action, state \
    ORDER BY action, state";

#[allow(unused_variables, reason = "not every statement needs both connections and the clock")]
impl Store {
    /// Writes notices; how many were not there already.
    pub async fn enqueue(&self, notices: &[Notice]) -> Result<u64, Error> {
        if notices.is_empty() {
            return Ok(0);
        }
        on_each!(self, |writer, reader, time| {
            Ok(enqueue(notices).build().persistent(false).execute(writer).await?.rows_affected())
        })
    }

    /// The actions with notices that are due.
    pub async fn due_actions(&self, now: Micros) -> Result<Vec<String>, Error> {
        on_each!(self, |writer, reader, time| Ok(due(now).build_query_scalar().fetch_all(reader).await?))
    }

    /// Takes notices of an action that are due, the oldest first: until `until` they are due for nobody else. The try
    /// that begins counts.
    pub async fn claim_deliveries(
        &self,
        action: &str,
        now: Micros,
        lease: Uuid,
        until: Micros,
        limit: u32,
    ) -> Result<Vec<DeliveryRow>, Error> {
        let mut rows: Vec<DeliveryRow> = on_each!(self, |writer, reader, time| {
            claim(action, now, lease, until, limit).build_query_as().fetch_all(writer).await?
        });
        rows.sort_by_key(|it| it.n);
        Ok(rows)
    }

    /// Writes what became of a notice that was taken; `false`: the lease was over, and it is another's.
    pub async fn tried_delivery(&self, n: i64, lease: Uuid, it: &Tried) -> Result<bool, Error> {
        on_each!(
            self,
            |writer, reader, time| Ok(tried(n, lease, it).build().execute(writer).await?.rows_affected() > 0)
        )
    }

    /// Lets notices be sent again, with as many tries as new ones; how many.
    pub async fn redeliver(&self, which: &Which, now: Micros) -> Result<u64, Error> {
        on_each!(self, |writer, reader, time| Ok(again(which, now).build().execute(writer).await?.rows_affected()))
    }

    /// A page of notices, the last written first; `before` is the `n` of the last one of the page before.
    pub async fn deliveries(
        &self,
        wanted: &Wanted,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<DeliveryRow>, Error> {
        on_each!(self, |writer, reader, time| Ok(page(wanted, before, limit)
            .build_query_as()
            .fetch_all(reader)
            .await?))
    }

    /// One notice.
    pub async fn delivery(&self, id: Uuid) -> Result<Option<DeliveryRow>, Error> {
        on_each!(self, |writer, reader, time| {
            let mut query = QueryBuilder::new("SELECT ");
            query.push(COLUMNS).push(" FROM outbox WHERE id = ").push_bind(id);
            Ok(query.build_query_as().fetch_optional(reader).await?)
        })
    }

    /// How many notices there are, by action and state.
    pub async fn delivery_counts(&self) -> Result<Vec<Count>, Error> {
        on_each!(self, |writer, reader, time| Ok(sqlx::query_as(COUNTS).fetch_all(reader).await?))
    }
}
