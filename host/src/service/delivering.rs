//! The task that sends what the outbox holds: at least once, a few at a time for each action, so that a receiver that
//! hangs holds up nobody else's.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{debug, error, info, warn};
use uuid::Uuid;

use super::app::{App, now};
use crate::actions::{Action, Outcome};
use crate::metrics::{self, Stage};
use crate::store::outbox::{DeliveryRow, Tried};
use crate::store::rows::Micros;
use crate::telemetry::{Begun, Span};

/// Time between two looks into the outbox.
const LOOK: Duration = Duration::from_millis(500);
/// Notices of one action that are sent at once.
const AT_ONCE: usize = 4;
/// Time that a lease lasts longer than a try may take: for the store, and for clocks of hosts that differ.
const SLACK: Duration = Duration::from_secs(5);
/// Time between two warnings of notices whose action nobody configured.
const REMIND: Duration = Duration::from_mins(10);

/// Sends until it is told to stop; then what runs ends first.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let mut sending = Sending { app, tasks: JoinSet::new(), places: HashMap::new(), reminded: None };
    while !*stop.borrow() {
        if let Err(error) = sending.look().await {
            error!(%error, "the outbox cannot be read");
        }
        tokio::select! {
            () = sleep(LOOK) => {}
            // A place is free: what waits need not wait for the clock.
            Some(done) = sending.tasks.join_next() => ended(done),
            _ = stop.changed() => {}
        }
        while let Some(done) = sending.tasks.try_join_next() {
            ended(done);
        }
    }
    while let Some(done) = sending.tasks.join_next().await {
        ended(done);
    }
}

fn ended(done: Result<(), tokio::task::JoinError>) {
    if let Err(error) = done {
        error!(%error, "a delivery has a defect");
    }
}

struct Sending {
    app: Arc<App>,
    tasks: JoinSet<()>,
    places: HashMap<String, Arc<Semaphore>>,
    reminded: Option<Instant>,
}

impl Sending {
    /// Takes what is due and begins to send it.
    async fn look(&mut self) -> Result<(), crate::store::Error> {
        let actions = Arc::clone(&self.app.live().actions);
        for name in self.app.store.due_actions(now()).await? {
            let Some(action) = actions.get(&name) else {
                self.remind(&name);
                continue;
            };
            let places = self.places.entry(name.clone()).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE)));
            let free = places.available_permits() as u32;
            if free == 0 {
                continue;
            }
            let (lease, now) = (Uuid::now_v7(), now());
            let until = now + micros(action.config.timeout.duration() + SLACK);
            let rows = self.app.store.claim_deliveries(&name, now, lease, until, free).await?;
            for row in rows {
                // There is one: only this task hands them out.
                let place = Arc::clone(places).try_acquire_owned();
                let (app, action) = (Arc::clone(&self.app), Arc::clone(action));
                self.tasks.spawn(async move {
                    deliver(&app, &action, &row, lease).await;
                    drop(place);
                });
            }
        }
        Ok(())
    }

    /// Says once in a while that notices wait for an action that this host does not know.
    fn remind(&mut self, name: &str) {
        if self.reminded.is_none_or(|it| it.elapsed() > REMIND) {
            self.reminded = Some(Instant::now());
            warn!(action = name, "notices wait for an action that is not configured here");
        }
    }
}

/// Sends a notice and writes what came of it.
async fn deliver(app: &App, action: &Action, row: &DeliveryRow, lease: Uuid) {
    let span = Span::of_task(|| {
        let notes = vec![
            ("driftline.action", row.action.clone().into()),
            ("driftline.suite", row.suite.clone().into()),
            ("driftline.trigger", row.trigger.clone().into()),
            ("driftline.incident", row.incident.to_string().into()),
            ("driftline.event", row.kind.clone().into()),
        ];
        Begun { name: "deliver".into(), notes, causes: row.trace.iter().cloned().collect() }
    });
    span.cover(try_to_deliver(app, action, row, lease)).await;
}

async fn try_to_deliver(app: &App, action: &Action, row: &DeliveryRow, lease: Uuid) {
    let tried = if action.takes(row) {
        let begun = Instant::now();
        let outcome = action.send(row, now()).await;
        metrics::took(Stage::Deliver, begun.elapsed());
        told(action, row, &outcome);
        tried(action, row, outcome, now())
    } else {
        Tried { state: "skipped", ended_at: Some(now()), ..Tried::default() }
    };
    let outcome = if tried.state == "pending" { "retried" } else { tried.state };
    metrics::add(&metrics::list::DELIVERIES, &[&row.action, outcome], 1);
    // It was sent, so this is worth some patience; if it fails for good, it is sent again when the lease is over.
    for _ in 0..5 {
        match app.store.tried_delivery(row.n, lease, &tried).await {
            Ok(true) => return,
            Ok(false) => {
                warn!(id = %row.id, action = row.action, "a notice was taken over by another host");
                return;
            }
            Err(error) => error!(%error, id = %row.id, "what became of a notice cannot be written"),
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// What is written of a try.
fn tried(action: &Action, row: &DeliveryRow, outcome: Outcome, now: Micros) -> Tried {
    let ended = |state, status, error| Tried { state, status, error, next_at: None, ended_at: Some(now) };
    match outcome {
        Outcome::Delivered { status } => ended("delivered", Some(status), None),
        Outcome::Never { status, why } => ended("dead", status, Some(why)),
        Outcome::Again { status, why, .. } if row.tries >= i64::from(action.config.attempts) => {
            ended("dead", status, Some(why))
        }
        Outcome::Again { status, why, after } => {
            let tries = u32::try_from(row.tries).unwrap_or(u32::MAX);
            let pause = action.pause(row.id, tries).max(after.unwrap_or_default());
            let next_at = Some(now + micros(pause));
            Tried { state: "pending", status, error: Some(why), next_at, ended_at: None }
        }
    }
}

fn told(action: &Action, row: &DeliveryRow, outcome: &Outcome) {
    let (id, name, kind, tries) = (row.id, row.action.as_str(), row.kind.as_str(), row.tries);
    match outcome {
        Outcome::Delivered { status } => debug!(%id, action = name, kind, tries, status, "a notice is delivered"),
        Outcome::Again { why, .. } if tries < i64::from(action.config.attempts) => {
            info!(%id, action = name, kind, tries, why, "a notice is not delivered yet");
        }
        Outcome::Again { why, .. } | Outcome::Never { why, .. } => {
            error!(%id, action = name, kind, tries, why, "a notice is given up; `driftline triggers redeliver` sends it again");
        }
    }
}

fn micros(it: Duration) -> Micros {
    Micros::try_from(it.as_micros()).unwrap_or(Micros::MAX / 4)
}
