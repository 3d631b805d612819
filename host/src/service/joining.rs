//! The task that looks for the predictions of labels that came before them, adds up windows anew whose labels were
//! corrected, and has windows judged again when labels have had the time that their suite gives them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::block_in_place;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, warn};

use super::app::{App, now};
use super::joins::{Joins, part_of};
use super::labels::{first, join};
use super::sums::{of_labels, one_behind};
use super::version::Version;
use crate::metrics::{self, Stage};
use crate::store;
use crate::store::labels::{Change, LabelDue, LabelRow, ROWS};
use crate::store::predictions::Logged;
use crate::store::rows::Micros;
use crate::store::windows::WindowPart;
use crate::telemetry::{Begun, Span};

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// Windows that are taken up at a look.
const WINDOWS: u32 = 100;
/// Until what cannot be done now is tried again: five minutes.
const PAUSE: Micros = 300_000_000;
const DAY: Micros = 86_400_000_000;

/// Joins labels for as long as the service lives.
pub async fn run(app: Arc<App>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let tried = try_again(&app).await;
        let done = add_up(&app).await;
        if let Err(error) = tried.and(done) {
            warn!(%error, "labels cannot be joined; trying again");
        }
    }
}

/// What is done with labels of a suite, where traces are recorded.
fn of_suite(suite: &str) -> Span {
    Span::of_task(|| {
        let notes = vec![("driftline.suite", suite.to_owned().into())];
        Begun { name: "join".into(), notes, causes: Vec::new() }
    })
}

/// Looks again for predictions that were not there when their label came.
async fn try_again(app: &App) -> Result<(), store::Error> {
    loop {
        let clock = now();
        let waiting = app.store.labels_to_try(clock, ROWS as u32).await?;
        let is_all = waiting.len() < ROWS;
        let mut by_suite: BTreeMap<String, Vec<LabelRow>> = BTreeMap::new();
        for it in waiting {
            by_suite.entry(it.suite.clone()).or_default().push(it);
        }
        for (suite, labels) in by_suite {
            let ids: Vec<String> = labels.iter().map(|it| it.id.clone()).collect();
            let predictions = app.store.predictions_of(&suite, &ids).await?;
            let (begun, span) = (Instant::now(), of_suite(&suite));
            let mut joined =
                span.cover(join(&app.store, &app.shelf, labels, predictions, &HashMap::new(), clock)).await?;
            let n_first = first(&joined.labels, clock);
            // A look that finds nothing is no correction.
            let known = std::mem::take(&mut joined.labels)
                .into_iter()
                .map(|it| {
                    let before = it.revision;
                    (it, before)
                })
                .collect();
            let (parts, due) = (std::mem::take(&mut joined.parts), std::mem::take(&mut joined.due));
            let change = Change { suite, known, parts, due, ..Change::default() };
            // What another host has changed meanwhile is looked at again.
            if app.store.put_labels(&change).await? {
                metrics::took(Stage::Join, begun.elapsed());
                metrics::add(&metrics::list::LABELS_JOINED, &[&change.suite], n_first);
                joined.count(&app.shelf, clock);
            }
        }
        if is_all {
            return Ok(());
        }
    }
}

/// Adds up the labels of windows anew, and has those judged again that labels have had time for.
async fn add_up(app: &App) -> Result<(), store::Error> {
    loop {
        let due = app.store.labels_due(now(), WINDOWS).await?;
        let is_all = due.len() < WINDOWS as usize;
        let mut is_any = false;
        for it in due {
            match take_up(app, &it).await {
                Ok(is_done) => is_any |= is_done,
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => {
                    // What cannot be done stops nothing else.
                    error!(%error, suite = it.key.suite, start = it.key.start, "labels of a window cannot be added up");
                    app.store.put_off_due(&it, now() + PAUSE).await?;
                }
            }
        }
        if is_all || !is_any {
            return Ok(());
        }
    }
}

/// Whether something was done about a window that is due.
async fn take_up(app: &App, due: &LabelDue) -> Result<bool, store::Error> {
    let version = match app.shelf.version(&app.store, &due.key.suite, &due.key.suite_hash).await? {
        Ok(version) => version,
        Err(why) => {
            warn!(suite = due.key.suite, hash = due.key.suite_hash, why, "labels wait for their suite");
            app.store.put_off_due(due, now() + PAUSE).await?;
            return Ok(true);
        }
    };
    if due.waited > 0 {
        return waited(app, &version, due).await;
    }
    // Some of its predictions may be gone: what is left of them would take the place of all.
    let days = app.live().retention.predictions;
    if days.is_some_and(|it| due.key.start < now() - i64::from(it) * DAY) {
        warn!(suite = due.key.suite, start = due.key.start, "a label was corrected after its prediction's retention");
        let change = Change { suite: due.key.suite.clone(), done: Some(due.clone()), ..Change::default() };
        return app.store.put_labels(&change).await;
    }
    of_suite(&due.key.suite).cover(anew(app, &version, due)).await
}

async fn anew(app: &App, version: &Arc<Version>, due: &LabelDue) -> Result<bool, store::Error> {
    let joins = Mutex::new(Joins::new(Arc::clone(version)));
    let lock = || joins.lock().unwrap_or_else(PoisonError::into_inner);
    let mut fold = |page: Vec<Logged>| {
        block_in_place(|| {
            for it in &page {
                lock().add(it);
            }
        });
    };
    let mut parts = || {
        let joins = std::mem::replace(&mut *lock(), Joins::new(Arc::clone(version)));
        block_in_place(|| joins.parts(true))
    };
    app.store.rejoin(due, &mut fold, &mut parts).await
}

/// Says in the windows of a span that labels have had so much time.
async fn waited(app: &App, version: &Version, due: &LabelDue) -> Result<bool, store::Error> {
    let plan = &version.loaded.plan;
    let mut window = driftline_rules::window::Window::new(plan.expectations.len(), &plan.bindings);
    window.waited = due.waited;
    let state = driftline_rules::codec::encode(&window, version.hash.as_bytes());
    let state = one_behind(&of_labels(&state, false));
    let mut parts = Vec::new();
    if let Some(part) = part_of(version, due.key.start, due.key.end) {
        let key = store::windows::WindowKey { length: part.length.clone(), ..due.key.clone() };
        for it in app.store.sums(&key, &part.length).await? {
            // Its name is known already.
            let (segment, other) = (it.segment.clone(), it.segment);
            parts.push(WindowPart { segment, other, state: state.clone(), ..part.clone() });
        }
    }
    let change = Change { suite: due.key.suite.clone(), parts, done: Some(due.clone()), ..Change::default() };
    app.store.put_labels(&change).await
}
