//! What metrics tell of the store: read now and then, the same on every host, and there again right after a restart.
//!
//! A window is read again only when it was judged again, so that a look costs a few rows while nothing happens.

mod findings;
mod others;

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use driftline_rules::family::{Family, Series};
use tokio::time::sleep;
use tracing::warn;
use uuid::Uuid;

use super::app::{App, now};
use super::version::Version;
use crate::metrics::{Metric, list};
use crate::store;
use crate::store::findings::{Of, Wanted};
use crate::store::gauges::Span;
use crate::store::rows::Micros;
use crate::store::streams::StreamRow;
use crate::store::windows::WindowRow;
pub use findings::of_findings;
use findings::of_window;
pub use others::Deployed;
use others::{Registry, deployed_at};

/// Windows of segments that are read at once.
const PAGE: u32 = 100;
/// Findings that one window can have.
const FINDINGS: u32 = 10_000;
/// How long ago the last batch may have come: a month.
const BATCH: Micros = 30 * 86_400_000_000;
/// Versions of a suite before the active one whose last window stands for it until it has one of its own.
const EARLIER: usize = 2;

/// A series of a metric.
pub type Told = (&'static Metric, Series);

/// What the store told last.
#[derive(Default)]
pub struct Gauges(ArcSwap<Vec<Family>>);

impl Gauges {
    /// The families.
    pub fn now(&self) -> Arc<Vec<Family>> {
        self.0.load_full()
    }
}

/// Looks for as long as the service lives.
pub async fn run(app: Arc<App>, mut reader: Reader) {
    loop {
        sleep(app.live().settings.metrics_refresh).await;
        reader.look(&app).await;
    }
}

/// What was read last, so that it need not be read again.
#[derive(Default)]
pub struct Reader {
    spans: BTreeMap<(String, String), Kept>,
    others: others::Others,
    refreshed: Option<Micros>,
    left_out: i64,
}

/// The series of the last window of a suite and length.
struct Kept {
    /// The window of all records, and which judgement of it.
    row: WindowRow,
    /// The model that the registry says the suite is of, and the version that was deployed at the window's end.
    model: Option<String>,
    deployed: Option<Deployed>,
    total: Vec<Told>,
    segments: Vec<Told>,
    /// The room that segments had when they were read; `None`: they were not.
    room: Option<usize>,
    /// Windows of segments that had no room.
    left_out: i64,
}

impl Kept {
    /// Whether segments are to be read, with so much room.
    fn wants(&self, room: usize) -> bool {
        match self.room {
            None => true,
            Some(before) => self.segments.len() > room || self.left_out > 0 && before != room,
        }
    }
}

impl Reader {
    /// Reads what is new. Where the store does not answer, what it told last stays.
    pub async fn look(&mut self, app: &App) {
        let read = self.read(app).await;
        let up = f64::from(u8::from(read.is_ok()));
        let mut families = match read {
            Ok(it) => by_metric(it),
            Err(error) => {
                warn!(%error, "what metrics tell of the store cannot be read");
                let own = [&list::STORE_UP, &list::REFRESHED, &list::SERIES_LEFT_OUT].map(|it| it.name);
                app.gauges.now().iter().filter(|it| !own.contains(&it.name.as_str())).cloned().collect()
            }
        };
        families.push(list::STORE_UP.single(up));
        families.extend(self.refreshed.map(|it| list::REFRESHED.single(it as f64 / 1e6)));
        families.push(list::SERIES_LEFT_OUT.single(self.left_out as f64));
        app.gauges.0.store(Arc::new(families));
    }

    async fn read(&mut self, app: &App) -> Result<Vec<Told>, store::Error> {
        let at = now();
        let suites = app.shelf.now();
        let streams = app.store.streams().await?;
        let registry = Registry::read(&app.store, at).await?;
        let mut all = Vec::new();
        let mut seen = Vec::new();
        let most = app.live().settings.metrics_series;
        for (suite, version) in &suites.active {
            let model = registry.model_of(suite);
            let too_late: i64 = streams.iter().filter(|it| it.suite == *suite).map(|it| it.too_late).sum();
            if version.loaded.plan.windows.pane().is_some() {
                all.push(told(&list::LATE, &[suite], too_late as f64));
            } else {
                all.extend(of_batch(app, suite, at).await?);
            }
            for length in lengths(version) {
                if let Some(found) = last(app, version, &length, &streams).await? {
                    let key = (suite.clone(), length);
                    let is_known = |it: &Kept| is_same(&it.row, &found) && it.model.as_deref() == model;
                    if !self.spans.get(&key).is_some_and(is_known) {
                        self.spans.insert(key.clone(), total(app, version, found, model).await?);
                    }
                    seen.push((key, Arc::clone(version)));
                }
            }
        }
        self.spans.retain(|key, _| seen.iter().any(|it| it.0 == *key));
        all.extend(self.spans.values().flat_map(|it| it.total.iter().cloned()));
        let mut room = most.saturating_sub(all.len());
        self.left_out = all.len().saturating_sub(most) as i64;
        all.truncate(most);
        // What is of all records has its place; segments share what is left.
        for (key, version) in &seen {
            let Some(kept) = self.spans.get_mut(key) else { continue };
            if !version.loaded.plan.segments.is_empty() && kept.wants(room) {
                segments(app, version, kept, room).await?;
            }
            self.left_out += kept.left_out;
            room -= kept.segments.len().min(room);
            all.extend(kept.segments.iter().cloned());
        }
        all.extend(self.others.read(app, &registry).await?);
        self.refreshed = Some(at);
        Ok(all)
    }
}

/// What the lengths of a suite's windows are called.
fn lengths(version: &Version) -> Vec<String> {
    let windows = &version.loaded.plan.windows;
    let lengths = windows.lengths.iter().map(ToString::to_string);
    lengths.chain(windows.slide.map(|it| driftline_rules::suite::Of::Slide(it).to_string())).collect()
}

/// The last window of a length, of the active version or, while it has none, of one before it.
async fn last(
    app: &App,
    version: &Version,
    length: &str,
    streams: &[StreamRow],
) -> Result<Option<WindowRow>, store::Error> {
    let mut earlier: Vec<_> =
        streams.iter().filter(|it| it.suite == version.name && it.suite_hash != version.hash).collect();
    earlier.sort_by_key(|it| std::cmp::Reverse(it.came_at));
    let earlier = earlier.into_iter().take(EARLIER).map(|it| it.suite_hash.as_str());
    for hash in std::iter::once(version.hash.as_str()).chain(earlier) {
        let found = app.store.last_window(Span { suite: &version.name, hash, length }).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The window of all records is written last of its span, so it tells whether any was judged again.
fn is_same(a: &WindowRow, b: &WindowRow) -> bool {
    (a.id, a.revision, a.judged_at) == (b.id, b.revision, b.judged_at)
}

async fn total(app: &App, version: &Version, row: WindowRow, model: Option<&str>) -> Result<Kept, store::Error> {
    let deployed = match model {
        Some(model) => deployed_at(&app.store, model, row.end).await?,
        None => None,
    };
    let findings = app.store.findings_of(row.start, &[row.id], FINDINGS).await?;
    let mut total = of_window(version, &row);
    total.extend(of_findings(&row, deployed.as_ref(), &findings));
    total.push(told(&list::WINDOW_END, &[&row.suite, &row.length], row.end as f64 / 1e6));
    let model = model.map(str::to_owned);
    Ok(Kept { row, model, deployed, total, segments: Vec::new(), room: None, left_out: 0 })
}

/// Reads the windows of segments of a span, as many as have room.
async fn segments(app: &App, version: &Version, kept: &mut Kept, room: usize) -> Result<(), store::Error> {
    let (suite, hash, length) = (kept.row.suite.clone(), kept.row.suite_hash.clone(), kept.row.length.clone());
    let span = Span { suite: &suite, hash: &hash, length: &length };
    let (mut all, mut after): (Vec<Told>, _) = (Vec::new(), String::new());
    loop {
        let rows = app.store.windows_of_segments(span, kept.row.start, &after, PAGE).await?;
        let ids: Vec<Uuid> = rows.iter().map(|it| it.id).collect();
        let most = FINDINGS.saturating_mul(10);
        let mut findings: BTreeMap<Uuid, Vec<_>> = BTreeMap::new();
        for it in app.store.findings_of(kept.row.start, &ids, most).await? {
            findings.entry(it.result_id).or_default().push(it);
        }
        for row in &rows {
            let mut one = of_window(version, row);
            one.extend(of_findings(row, kept.deployed.as_ref(), &findings.remove(&row.id).unwrap_or_default()));
            if all.len() + one.len() > room {
                kept.left_out = app.store.count_segments(span, kept.row.start, &after).await?;
                kept.segments = all;
                kept.room = Some(room);
                return Ok(());
            }
            all.append(&mut one);
            after.clone_from(&row.segment);
        }
        if rows.len() < PAGE as usize {
            kept.segments = all;
            kept.room = Some(room);
            kept.left_out = 0;
            return Ok(());
        }
    }
}

/// The findings of the last batch of a suite whose records are in no windows, if it is not long ago.
async fn of_batch(app: &App, suite: &str, at: Micros) -> Result<Vec<Told>, store::Error> {
    let wanted =
        Wanted { suite: Some(suite.to_owned()), of: Some(Of::Batch), since: Some(at - BATCH), ..Wanted::default() };
    let Some(newest) = app.store.findings(&wanted, None, 1).await?.pop() else { return Ok(Vec::new()) };
    let findings = app.store.findings_of(newest.at, &[newest.result_id], FINDINGS).await?;
    let row = WindowRow { suite: suite.to_owned(), ..WindowRow::default() };
    Ok(of_findings(&row, None, &findings))
}

pub(super) fn told(metric: &'static Metric, labels: &[&str], value: f64) -> Told {
    (metric, metric.series(labels, value))
}

/// Series by their metrics.
pub fn by_metric(all: Vec<Told>) -> Vec<Family> {
    let mut families: BTreeMap<&str, Family> = BTreeMap::new();
    for (metric, series) in all {
        families.entry(metric.name).or_insert_with(|| metric.family()).series.push(series);
    }
    families.into_values().collect()
}
