//! The task that closes windows: when one is over, its parts are summed up and judged, and records that come late make
//! another revision of it. The windows of one span, of all records and of each segment, are judged together.

mod counted;
mod longer;
mod panes;
mod silence;
pub(super) mod together;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, warn};

use super::app::{App, now};
use super::sums::summed_up;
use super::version::Version;
use crate::intake::SumUp;
use crate::metrics::{self, Stage};
use crate::store;
use crate::store::due::Clock;
use crate::store::rows::Micros;
use crate::store::windows::{WindowKey, WindowRow};
use crate::telemetry::{Begun, Span};

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
    /// The same of a window of one segment.
    pub segment_values: usize,
    /// Findings of the segments of a span that hold and are stored; of more, none is.
    pub segment_passes: usize,
}

impl Settings {
    /// Values that a window of this segment keeps exactly of a field.
    pub const fn values(&self, segment: &str) -> usize {
        if segment.is_empty() {
            self.exact_values
        } else if self.segment_values < self.exact_values {
            self.segment_values
        } else {
            self.exact_values
        }
    }
}

/// Makes one window of those that wait for a flush, with the plans of active suites; what is of another version is left
/// to whoever closes the window.
pub fn sum_up(app: &Arc<App>, settings: Settings) -> SumUp {
    let app = Arc::clone(app);
    Arc::new(move |batch| {
        for part in &mut batch.windows {
            let Some(version) = app.shelf.get(&part.suite).filter(|it| it.hash == part.suite_hash) else { continue };
            let most = settings.values(&part.segment);
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
                    let (begun, span) = (Instant::now(), of_window("close window", &key));
                    if span.cover(self.close_span(&version, &key)).await? {
                        metrics::took(Stage::Close, begun.elapsed());
                        is_stuck = false;
                    }
                }
            }
            // Longer windows are judged when all shorter ones are that can be.
            if is_stuck && !self.close_longer(asked, &except).await? {
                return Ok(());
            }
        }
    }

    /// What detectors remember of the window before that of each of these segments.
    async fn before(
        &self,
        version: &Version,
        key: &WindowKey,
        segments: &[&str],
    ) -> Result<impl FnMut(&WindowKey) -> Option<Vec<u8>> + use<>, store::Error> {
        let mut found = None;
        if version.loaded.plan.watches() {
            found = Some(self.app.store.memories(key, segments).await?);
        }
        Ok(move |key: &WindowKey| Some(found.as_mut()?.remove(&key.segment).unwrap_or_default()))
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
        let message = Some(format!("its records wait to be judged: {why}"));
        let row = WindowRow { status: "error".to_owned(), message, judged_at: now(), ..key.of_segment("").row() };
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

/// What is done with a window, where traces are recorded.
fn of_window(name: &'static str, key: &WindowKey) -> Span {
    Span::of_task(|| {
        let notes = vec![
            ("driftline.suite", key.suite.clone().into()),
            ("driftline.window.length", key.length.clone().into()),
            ("driftline.window.start", crate::wire::time(key.start).into()),
        ];
        Begun { name: name.into(), notes, causes: Vec::new() }
    })
}

/// A window of which nothing is known yet.
pub(super) fn new_row(key: &WindowKey) -> WindowRow {
    WindowRow { status: "open".to_owned(), judged_at: now(), ..key.row() }
}
