//! The task that closes windows: when one is over, its parts are summed up and judged, and records that come late make
//! another revision of it.

mod longer;
mod silence;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, error, warn};

use super::app::{App, now};
use super::comparing::Compared;
use super::judging::{Judgements, judgements};
use super::version::Version;
use super::windows::{Sum, judge, summed_up};
use crate::intake::SumUp;
use crate::store;
use crate::store::due::Clock;
use crate::store::rows::{FindingRow, Micros};
use crate::store::windows::{Closed, Kept, WindowKey, WindowPart, WindowRow};

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// The longest time until what could not be closed is tried again.
const LONGEST: Duration = Duration::from_mins(5);

/// What the service decides of windows.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Time after its end at which a window is judged where its suite does not say.
    pub grace: Duration,
    /// Time from one judgement of a window to the next.
    pub revise_every: Duration,
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
    let mut closer = Closer { app, settings, waiting: HashMap::new(), active: HashMap::new() };
    loop {
        ticks.tick().await;
        let closed = closer.close_due().await;
        let found = closer.find_silence().await;
        if let Err(error) = closed.and(found) {
            warn!(%error, "windows cannot be closed; trying again");
        }
    }
}

struct Closer {
    app: Arc<App>,
    settings: Settings,
    /// Versions that cannot be had now, by hash.
    waiting: HashMap<String, Waiting>,
    /// Since when versions are active that expect not to be silent, by suite and hash.
    active: HashMap<(String, String), Micros>,
}

/// When a version is tried again whose windows wait for it.
struct Waiting {
    failures: u32,
    until: Instant,
}

impl Closer {
    async fn close_due(&mut self) -> Result<(), store::Error> {
        loop {
            let asked = Instant::now();
            let except: Vec<_> = self.waiting.iter().filter(|it| it.1.until > asked).map(|it| it.0.clone()).collect();
            let due = self.app.store.due_windows(self.clock(), &except).await?;
            let mut is_stuck = true;
            for key in due {
                if let Some(version) = self.version(&key, asked).await? {
                    is_stuck &= !self.take_up(&version, &key).await?;
                }
            }
            // Longer windows are judged when all shorter ones are that can be.
            if is_stuck && !self.close_longer(asked, &except).await? {
                return Ok(());
            }
        }
    }

    fn clock(&self) -> Clock {
        let before = |it: Duration| now().saturating_sub(i64::try_from(it.as_micros()).unwrap_or(i64::MAX));
        let Settings { grace, revise_every, .. } = self.settings;
        Clock { now: now(), ended: before(grace), revised: before(revise_every) }
    }

    /// The version of a window, unless it cannot be had now.
    async fn version(&mut self, key: &WindowKey, asked: Instant) -> Result<Option<Arc<Version>>, store::Error> {
        if self.waiting.get(&key.suite_hash).is_some_and(|it| it.until > asked) {
            return Ok(None);
        }
        match self.app.shelf.version(&self.app.store, &key.suite, &key.suite_hash).await? {
            Ok(version) => {
                self.waiting.remove(&key.suite_hash);
                Ok(Some(version))
            }
            Err(why) => {
                self.wait(key, &why).await?;
                Ok(None)
            }
        }
    }

    /// Whether parts were taken up.
    async fn take_up(&mut self, version: &Version, key: &WindowKey) -> Result<bool, store::Error> {
        let most = self.settings.exact_values;
        let kept_since = self.kept_since(key);
        // Many parts, or a plugin that merges them, take their time.
        let close = |compared: &Compared, kept: Option<Kept>, parts: &[WindowPart], is_whole: bool| {
            if kept_since.is_some_and(|it| key.end < it) && kept.as_ref().is_none_or(|it| it.state.is_none()) {
                return Closed { is_too_late: true, ..Closed::default() };
            }
            tokio::task::block_in_place(|| taken_up(version, key, compared, kept, parts, is_whole, most))
        };
        let closed = match Compared::of_window(&self.app, version, key, most).await {
            Ok(compared) => self.app.store.close_window(key, |kept, parts, is| close(&compared, kept, parts, is)).await,
            Err(error) => Err(error),
        };
        match closed {
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

    /// The end of the oldest window by event time that still comes into being: earlier ones of this stream may be gone.
    fn kept_since(&self, key: &WindowKey) -> Option<Micros> {
        let days = self.app.live().retention.windows?;
        key.watermark?.checked_sub(i64::from(days).checked_mul(86_400_000_000)?)
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
            length: key.length.clone(),
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
    compared: &Compared,
    kept: Option<Kept>,
    parts: &[WindowPart],
    is_whole: bool,
    most: usize,
) -> Closed {
    let Kept { row: before, state } = kept.unwrap_or_default();
    let sum_of = |of: fn(&WindowPart) -> i64| parts.iter().map(of).sum::<i64>();
    let mut row = WindowRow {
        records: before.records + sum_of(|it| it.records),
        unreadable: before.unreadable + sum_of(|it| it.unreadable),
        untimed: before.untimed + sum_of(|it| it.untimed),
        late: before.late + if before.revision > 0 { sum_of(|it| it.records) } else { 0 },
        // One of which nothing is kept yet may have waited; what was wrong then is over.
        message: before.message.filter(|_| state.is_some()),
        revision: before.revision + i64::from(is_whole),
        ..new_row(key)
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
    if is_whole || row.message.is_some() {
        return judged(version, key, compared, row, sum);
    }
    let state = Some(sum.state(hash));
    Closed { kept: Kept { row, state }, ..Closed::default() }
}

/// A window of which nothing is known yet.
fn new_row(key: &WindowKey) -> WindowRow {
    WindowRow {
        id: key.id(),
        suite: key.suite.clone(),
        suite_hash: key.suite_hash.clone(),
        start: key.start,
        end: key.end,
        length: key.length.clone(),
        status: "open".to_owned(),
        judged_at: now(),
        ..WindowRow::default()
    }
}

/// A window that is whole: what the expectations say of it, unless something of it is missing.
fn judged(version: &Version, key: &WindowKey, compared: &Compared, mut row: WindowRow, sum: Sum) -> Closed {
    let plan = &version.loaded.plan;
    let longer = longer::of(&plan.windows, key);
    let state = Some(sum.state(&key.suite_hash));
    if let Some(message) = row.message.as_deref() {
        error!(suite = row.suite, hash = row.suite_hash, window = %row.id, message, "a window cannot be judged");
        "error".clone_into(&mut row.status);
        return Closed { kept: Kept { row, state }, longer, ..Closed::default() };
    }
    let found = judge(plan, sum.window, key.end, compared.references());
    let Judgements { findings, statistics, verdict } = judgements(version, found, true);
    let stored = |(n, it)| FindingRow { length: key.length.clone(), ..version.note.finding(row.id, row.start, n, it) };
    let findings = findings.iter().enumerate().map(stored).collect();
    verdict.name().clone_into(&mut row.status);
    row.statistics = Some(statistics);
    row.baseline.clone_from(&compared.told);
    Closed { kept: Kept { row, state }, findings, longer, is_too_late: false }
}
