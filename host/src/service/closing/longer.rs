//! Longer windows: merges of shorter ones, judged when they are over and again when a shorter one was.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use driftline_rules::suite::{Of, Windows};
use tokio::task::block_in_place;
use tracing::{debug, error, warn};

use super::counted::Counted;
use super::together::{Judged, Pace, Together};
use super::{Closer, new_row, of_window};
use crate::metrics::{self, Stage};
use crate::service::comparing::Against;
use crate::service::sums::Sum;
use crate::service::version::Version;
use crate::store;
use crate::store::due::{Longer, Made, Sums};
use crate::store::panes::Judged as Pages;
use crate::store::rows::Micros;
use crate::store::windows::{Kept, WindowKey, WindowRow};

/// Shorter windows that are read at once.
const PAGE: u32 = 32;

/// Longer windows that are written in one transaction.
const WRITTEN: usize = 150;

/// The windows that are merged of windows as this one, and when the clock closes them.
pub(super) fn of(windows: &Windows, key: &WindowKey) -> Vec<(WindowKey, Option<Micros>)> {
    let Some(Of::Length(length)) = windows.named(&key.length) else { return Vec::new() };
    let longer = windows.longer(length, key.start).into_iter().map(|it| {
        let close_at = windows.lateness.and_then(|lateness| it.end.checked_add(lateness));
        (WindowKey { start: it.start, end: it.end, length: it.of.to_string(), ..key.clone() }, close_at)
    });
    longer.collect()
}

impl Closer {
    /// Whether any was judged.
    pub(super) async fn close_longer(&mut self, asked: Instant, except: &[String]) -> Result<bool, store::Error> {
        let mut is_any = false;
        for it in self.app.store.due_longer(self.clock(), except).await? {
            let Some(version) = self.version(&it.key, asked).await? else { continue };
            let (begun, span) = (Instant::now(), of_window("merge windows", &it.key));
            match span.cover(self.merge(&version, &it)).await {
                Ok(true) => {
                    metrics::took(Stage::Close, begun.elapsed());
                    is_any = true;
                }
                Ok(false) => {}
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => {
                    error!(%error, suite = it.key.suite, start = it.key.start, "a window cannot be closed");
                    self.put_off(&it.key);
                }
            }
        }
        Ok(is_any)
    }

    /// Whether the windows of a span were judged, while no other host does it.
    async fn merge(&self, version: &Arc<Version>, it: &Longer) -> Result<bool, store::Error> {
        let (plan, store) = (&version.loaded.plan, &self.app.store);
        if plan.segments.is_empty() && !plan.watches() {
            return self.merge_all(version, it).await;
        }
        let hold = if plan.watches() { store.hold_length(&it.key).await? } else { store.hold(&it.key).await? };
        let Some(hold) = hold else { return Ok(false) };
        let merged = self.merge_all(version, it).await;
        hold.release().await;
        merged
    }

    /// Judges the windows over the states of the shorter ones. They may change meanwhile; then they are not kept.
    async fn merge_all(&self, version: &Arc<Version>, it: &Longer) -> Result<bool, store::Error> {
        let (store, plan) = (&self.app.store, &version.loaded.plan);
        let key = &WindowKey { is_over: true, ..it.key.clone() };
        let Some(base) = plan.windows.named(&key.length).and_then(|of| plan.windows.base(of)) else {
            // The hash says which windows a version has, so this is a row of somebody else's.
            warn!(suite = key.suite, length = key.length, "the suite has no such windows");
            return store.keep_longer(it, &Pages::default(), true).await;
        };
        if plan.watches() && store.waits_earlier(key, Made::OfWindows, self.clock()).await? {
            return Ok(false);
        }
        let base = base.to_string();
        let sums = store.sums(key, &base).await?;
        let before: HashMap<_, _> =
            store.sums(key, &key.length).await?.into_iter().map(|it| (it.segment.clone(), it)).collect();
        if before
            .get("")
            .is_some_and(|before| !sums.iter().any(|it| it.segment.is_empty() && it.records >= before.records))
        {
            warn!(suite = key.suite, window = %key.id(), "a window stays as it is, since shorter ones of it are gone");
            return store.keep_longer(it, &Pages::default(), true).await;
        }
        let mut names: Vec<_> = sums.iter().filter(|it| has_changed(it, before.get(&it.segment))).collect();
        // The window of all records comes last, as when it is a shorter one.
        names.sort_by_key(|it| it.segment.is_empty());
        let mut beside = BTreeMap::new();
        for segment in Against::segments_of(version, true) {
            let (row, sum) = self.merged(version, &key.of_segment(&segment), &base).await?;
            if row.records > 0 {
                beside.insert(segment, sum);
            }
        }
        let against = Against::of_span(&self.app, version, true, beside).await?;
        let segments: Vec<_> = names.iter().map(|it| it.segment.as_str()).collect();
        let mut before = self.before(version, key, &segments).await?;
        let (mut together, mut pace) = (Together::default(), Pace::new(names.len() > 1));
        for of in &names {
            let key = key.of_segment(&of.segment);
            let (mut row, sum) = self.merged(version, &key, &base).await?;
            let most = self.settings.values(&of.segment);
            let compared = against.of_window(&self.app, version, &key, most, Some(sum.records())).await?;
            row.revision = 1 + store.kept(row.id).await?.map_or(0, |it| it.row.revision);
            block_in_place(|| {
                let before = before(&key);
                together.add(Judged::new(version, key, &compared, row, sum, before));
                pace.breathe();
            });
        }
        block_in_place(|| together.correct(version, self.settings.segment_passes));
        let longer = of(&plan.windows, key);
        let mut left = names.len();
        let mut kept = true;
        while kept && left > 0 {
            let n = left.min(WRITTEN);
            left -= n;
            let mut states = HashMap::new();
            for key in together.missing(n) {
                let (_, sum) = self.merged(version, &key, &base).await?;
                states.insert(key.segment.clone(), sum.state(&key.suite_hash));
            }
            let closed = block_in_place(|| {
                together.closed(version, n, |key| states.get(&key.segment).cloned().unwrap_or_default())
            });
            let longer = if left == 0 { longer.clone() } else { Vec::new() };
            let judged = Pages { closed, longer, ..Pages::default() };
            kept = store.keep_longer(it, &judged, left == 0).await?;
            if kept {
                Counted::of(&judged.closed).count();
                self.app.shelf.signals().judged(version, &judged.closed);
            }
        }
        debug!(suite = key.suite, start = key.start, length = key.length, kept, "longer windows were merged");
        Ok(kept)
    }

    /// The records of a longer window, merged anew of the shorter ones.
    async fn merged(&self, version: &Version, key: &WindowKey, base: &str) -> Result<(WindowRow, Sum), store::Error> {
        let plan = &version.loaded.plan;
        let most = self.settings.values(&key.segment);
        let (mut row, mut sum) = (new_row(key), Sum::new(plan));
        let mut from = key.start;
        loop {
            let page = self.app.store.shorter(key, base, from, PAGE).await?;
            let Some(last) = page.last() else { return Ok((row, sum)) };
            from = last.row.start.saturating_add(1);
            block_in_place(|| {
                for Kept { row: shorter, state } in page {
                    row.records += shorter.records;
                    row.unreadable += shorter.unreadable;
                    row.untimed += shorter.untimed;
                    row.late += shorter.late;
                    row.labels += shorter.labels;
                    row.message = row.message.take().or(shorter.message);
                    sum.add(plan, &key.suite_hash, &state.unwrap_or_default(), 1, most);
                }
            });
        }
    }
}

/// Whether shorter windows of a segment have changed since the longer one was judged; that of all records is judged
/// with any of them.
fn has_changed(now: &Sums, before: Option<&Sums>) -> bool {
    now.segment.is_empty()
        || before.is_none_or(|it| {
            now.records > it.records
                || now.late != it.late
                || now.judged_at > it.judged_at
                || it.unjudged > 0
                || now.unjudged > 0
        })
}
