//! The task that closes windows: when one is over, its parts are summed up and judged, and records that come late make
//! another revision of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
/// The longest time until what could not be closed is tried again.
const LONGEST: Duration = Duration::from_mins(5);

/// What the service decides of windows.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Time after its end at which a window is judged.
    pub grace: Duration,
    /// Values that a window keeps exactly of a field.
    pub exact_values: usize,
}

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
    let mut closer = Closer { app, settings, waiting: HashMap::new() };
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
    /// Versions that cannot be had now, by hash.
    waiting: HashMap<String, Waiting>,
}

/// When a version is tried again whose windows wait for it.
struct Waiting {
    failures: u32,
    until: Instant,
}

impl Closer {
    async fn close_due(&mut self) -> Result<(), store::Error> {
        let grace = i64::try_from(self.settings.grace.as_micros()).unwrap_or(i64::MAX);
        loop {
            let asked = Instant::now();
            let except: Vec<_> = self.waiting.iter().filter(|it| it.1.until > asked).map(|it| it.0.clone()).collect();
            let due = self.app.store.due_windows(now().saturating_sub(grace), &except).await?;
            let mut is_stuck = true;
            for key in due {
                if self.waiting.get(&key.suite_hash).is_some_and(|it| it.until > asked) {
                    continue;
                }
                let closed = match self.app.shelf.version(&self.app.store, &key.suite, &key.suite_hash).await? {
                    Ok(version) => {
                        self.waiting.remove(&key.suite_hash);
                        self.take_up(&version, &key).await?
                    }
                    Err(why) => {
                        self.wait(&key, &why).await?;
                        false
                    }
                };
                is_stuck &= !closed;
            }
            if is_stuck {
                return Ok(());
            }
        }
    }

    /// Whether parts were taken up.
    async fn take_up(&mut self, version: &Version, key: &WindowKey) -> Result<bool, store::Error> {
        let most = self.settings.exact_values;
        // Many parts, or a plugin that merges them, take their time.
        let close = |kept: Option<Kept>, parts: &[WindowPart], is_whole: bool| {
            tokio::task::block_in_place(|| taken_up(version, key, kept, parts, is_whole, most))
        };
        match self.app.store.close_window(key, close).await {
            Ok(closed) => {
                debug!(suite = key.suite, start = key.start, closed, "a window was taken up");
                Ok(closed)
            }
            Err(error) if error.is_transient() => Err(error),
            Err(error) => {
                // What cannot be closed stops nothing else.
                error!(%error, suite = key.suite, start = key.start, "a window cannot be closed");
                self.put_off(key);
                Ok(false)
            }
        }
    }

    /// Leaves the parts of a window where they are, for as long as its version cannot be had: with the version the
    /// window can still be judged.
    async fn wait(&mut self, key: &WindowKey, why: &str) -> Result<(), store::Error> {
        let pause = self.put_off(key).as_secs();
        error!(suite = key.suite, hash = key.suite_hash, "windows wait to be judged; trying again in {pause} s: {why}");
        if !key.is_over {
            return Ok(());
        }
        let row = WindowRow {
            id: key.id(),
            suite: key.suite.clone(),
            suite_hash: key.suite_hash.clone(),
            start: key.start,
            end: key.end,
            status: "error".to_owned(),
            message: Some(format!("its records wait to be judged: {why}")),
            judged_at: now(),
            ..WindowRow::default()
        };
        self.app.store.keep_first(&row).await
    }

    fn put_off(&mut self, key: &WindowKey) -> Duration {
        let fresh = Waiting { failures: 0, until: Instant::now() };
        let it = self.waiting.entry(key.suite_hash.clone()).or_insert(fresh);
        let pause = EVERY.saturating_mul(2_u32.saturating_pow(it.failures)).min(LONGEST);
        *it = Waiting { failures: it.failures.saturating_add(1), until: Instant::now() + pause };
        pause
    }
}

/// A window with more parts; judged when it is whole.
fn taken_up(
    version: &Version,
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
        // One of which nothing is kept yet may have waited; what was wrong then is over.
        message: before.message.filter(|_| state.is_some()),
        revision: before.revision + i64::from(is_whole),
        judged_at: now(),
        statistics: None,
    };
    let (plan, hash) = (&version.loaded.plan, key.suite_hash.as_str());
    let mut sum = Sum::new(plan);
    if let Some(state) = &state {
        sum.add(plan, hash, state, 1, most);
    }
    for part in parts {
        sum.add_all(plan, hash, &part.state, most);
    }
    if let Some(problem) = &sum.problem {
        row.message.get_or_insert_with(|| format!("some of its records are missing, since {problem}"));
    }
    let state = sum.state(hash);
    if row.message.is_some() {
        return error_of(row, state);
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

fn error_of(mut row: WindowRow, state: Vec<u8>) -> Closed {
    let message = row.message.as_deref().unwrap_or_default();
    error!(suite = row.suite, hash = row.suite_hash, window = %row.id, message, "a window cannot be judged");
    "error".clone_into(&mut row.status);
    Closed { kept: Kept { row, state: Some(state) }, findings: Vec::new() }
}
