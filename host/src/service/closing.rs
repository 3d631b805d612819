//! The task that closes windows: when one is over, its parts are summed up and judged, and records that come late make
//! another revision of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, error, warn};

use super::app::{App, now};
use super::judging::{Judgements, judgements};
use super::version::Version;
use super::windows::{Sum, judge, summed_up};
use crate::intake::SumUp;
use crate::store;
use crate::store::windows::{Closed, Kept, WindowKey, WindowPart, WindowRow};

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(1);

/// What the service decides of windows.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Time after its end at which a window is judged.
    pub grace: Duration,
    /// Values that a window keeps exactly of a field.
    pub exact_values: usize,
}

/// A version that stored windows are of, or why there is none.
type Known = Result<Arc<Version>, String>;

/// Makes one window of those that wait for a flush, with the plans of active suites; what is of another version is left
/// to whoever closes the window.
pub fn sum_up(app: &Arc<App>, most: usize) -> SumUp {
    let app = Arc::clone(app);
    Arc::new(move |batch| {
        for part in &mut batch.windows {
            let Some(version) = app.shelf.get(&part.suite).filter(|it| it.hash == part.suite_hash) else { continue };
            if let Some(state) = summed_up(&version.loaded.plan, &part.suite_hash, &part.state, most) {
                part.state = state;
            }
        }
    })
}

/// Closes windows for as long as the service lives.
pub async fn run(app: Arc<App>, settings: Settings) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut closer = Closer { app, settings, earlier: HashMap::new() };
    loop {
        ticks.tick().await;
        if let Err(error) = closer.close_due().await {
            warn!(%error, "windows cannot be closed; trying again");
        }
    }
}

struct Closer {
    app: Arc<App>,
    settings: Settings,
    /// Versions that are not active any more.
    earlier: HashMap<(String, String), Known>,
}

impl Closer {
    async fn close_due(&mut self) -> Result<(), store::Error> {
        let grace = i64::try_from(self.settings.grace.as_micros()).unwrap_or(i64::MAX);
        loop {
            let due = self.app.store.due_windows(now().saturating_sub(grace)).await?;
            let mut is_stuck = true;
            for key in due {
                let version = self.version(&key).await?;
                let most = self.settings.exact_values;
                // Many parts, or a plugin that merges them, take their time.
                let close = |kept: Option<Kept>, parts: &[WindowPart], is_whole: bool| {
                    tokio::task::block_in_place(|| taken_up(&version, &key, kept, parts, is_whole, most))
                };
                let closed = match self.app.store.close_window(&key, close).await {
                    Ok(it) => it,
                    Err(error) if error.is_transient() => return Err(error),
                    Err(error) => {
                        // One that cannot be closed stops no other.
                        error!(%error, suite = key.suite, start = key.start, "a window cannot be closed");
                        continue;
                    }
                };
                debug!(suite = key.suite, start = key.start, closed, "a window was taken up");
                is_stuck &= !closed;
            }
            if is_stuck {
                return Ok(());
            }
        }
    }

    async fn version(&mut self, key: &WindowKey) -> Result<Known, store::Error> {
        if let Some(active) = self.app.shelf.get(&key.suite).filter(|it| it.hash == key.suite_hash) {
            return Ok(Ok(active));
        }
        let place = (key.suite.clone(), key.suite_hash.clone());
        if let Some(known) = self.earlier.get(&place) {
            return Ok(known.clone());
        }
        let known = match self.app.store.version(&key.suite, &key.suite_hash).await? {
            None => Err("the store does not have the version of the suite that checked its records".to_owned()),
            Some(row) => self.app.shelf.revive(&row).await.map(Arc::new).map_err(|_| {
                "the version of the suite that checked its records has problems now; `driftline lint` says which"
                    .to_owned()
            }),
        };
        // Old versions are few; whoever changes suites all day is not remembered for ever.
        if self.earlier.len() >= 32 {
            self.earlier.clear();
        }
        self.earlier.insert(place, known.clone());
        Ok(known)
    }
}

/// A window with more parts; judged when it is whole.
fn taken_up(
    version: &Known,
    key: &WindowKey,
    kept: Option<Kept>,
    parts: &[WindowPart],
    is_whole: bool,
    most: usize,
) -> Closed {
    let Kept { row: before, state } = kept.unwrap_or_default();
    let mut row = WindowRow {
        id: key.id(),
        suite: key.suite.clone(),
        suite_hash: key.suite_hash.clone(),
        start: key.start,
        end: key.end,
        records: before.records + parts.iter().map(|it| it.records).sum::<i64>(),
        unreadable: before.unreadable + parts.iter().map(|it| it.unreadable).sum::<i64>(),
        status: "open".to_owned(),
        message: before.message,
        revision: before.revision + i64::from(is_whole),
        judged_at: now(),
        statistics: None,
    };
    let version = match version {
        Ok(it) => it,
        Err(why) => {
            row.message.get_or_insert_with(|| why.clone());
            return error_of(row, state);
        }
    };
    let (plan, hash) = (&version.loaded.plan, key.suite_hash.as_str());
    let mut sum = Sum::new(plan);
    if let Some(state) = &state {
        sum.add(plan, hash, state, most);
    }
    for part in parts {
        sum.add_all(plan, hash, &part.state, most);
    }
    if let Some(problem) = &sum.problem {
        row.message.get_or_insert_with(|| format!("some of its records are missing, since {problem}"));
    }
    let state = sum.state(hash);
    if row.message.is_some() {
        return error_of(row, Some(state));
    }
    if !is_whole {
        return Closed { kept: Kept { row, state: Some(state) }, findings: Vec::new() };
    }
    let found = judge(plan, sum.window, key.end);
    let Judgements { findings, statistics, verdict } = judgements(version, found, true);
    let findings = findings.iter().enumerate().map(|(n, it)| version.note.finding(row.id, row.start, n, it)).collect();
    verdict.name().clone_into(&mut row.status);
    row.statistics = Some(statistics);
    Closed { kept: Kept { row, state: Some(state) }, findings }
}

fn error_of(mut row: WindowRow, state: Option<Vec<u8>>) -> Closed {
    let message = row.message.as_deref().unwrap_or_default();
    error!(suite = row.suite, hash = row.suite_hash, window = %row.id, message, "a window cannot be judged");
    "error".clone_into(&mut row.status);
    Closed { kept: Kept { row, state }, findings: Vec::new() }
}
