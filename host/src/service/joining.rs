//! The task that looks for the predictions of labels that came before them, adds up windows anew whose labels were
//! corrected, and has windows judged again when labels have had the time that their suite gives them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::block_in_place;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, warn};

use super::app::{App, now};
use super::joins::{Joins, part_of};
use super::labels::join;
use super::sums::{of_labels, one_behind};
use super::version::Version;
use crate::store;
use crate::store::labels::{Change, LabelDue, LabelRow, ROWS};
use crate::store::windows::WindowPart;

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// Windows that are taken up at a look.
const WINDOWS: u32 = 100;

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
            let joined = join(&app.store, &app.shelf, labels, predictions, clock).await?;
            let known =
                joined.labels.into_iter().map(|it| (it.revision, it)).map(|(before, it)| (it, before)).collect();
            let change = Change { suite, known, parts: joined.parts, due: joined.due, ..Change::default() };
            // What another host has changed meanwhile is looked at again.
            app.store.put_labels(&change).await?;
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
            let version = match app.shelf.version(&app.store, &it.key.suite, &it.key.suite_hash).await? {
                Ok(version) => version,
                Err(why) => {
                    debug!(suite = it.key.suite, hash = it.key.suite_hash, why, "labels wait for their suite");
                    continue;
                }
            };
            is_any |= if it.waited > 0 { waited(app, &version, &it).await? } else { anew(app, &version, &it).await? };
        }
        if is_all || !is_any {
            return Ok(());
        }
    }
}

async fn anew(app: &App, version: &Arc<Version>, due: &LabelDue) -> Result<bool, store::Error> {
    let mut joins = Some(Joins::new(Arc::clone(version)));
    let joins = std::sync::Mutex::new(&mut joins);
    let mut fold = |page: Vec<crate::store::predictions::Logged>| {
        block_in_place(|| {
            if let Ok(mut joins) = joins.lock()
                && let Some(joins) = joins.as_mut()
            {
                for it in &page {
                    joins.add(it);
                }
            }
        });
    };
    let mut parts = || {
        block_in_place(|| {
            let joins = joins.lock().ok().and_then(|mut it| it.take());
            joins.map(|it| it.parts(true)).unwrap_or_default()
        })
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
