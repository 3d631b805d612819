//! The shortest windows of one span: parts are taken up page by page, and when the span is over, all its windows are
//! judged together.
//!
//! Pages are read and summed up outside of any transaction; the one that writes a page looks whether it is still the
//! same. The window of all records is written last, so that a span of which it is judged is judged as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::block_in_place;
use tracing::{debug, error};
use uuid::Uuid;

use super::counted::Counted;
use super::together::{Judged, Pace, Together};
use super::{Closer, longer, new_row};
use crate::service::comparing::Against;
use crate::service::sums::Sum;
use crate::service::version::Version;
use crate::store::due::Made;
use crate::store::labels::LabelDue;
use crate::store::panes::{self, Page, Taken, Waiting};
use crate::store::windows::{Closed, Kept, WindowKey, WindowPart, WindowRow};
use crate::store::{self, due};
use crate::telemetry::Span;

/// The windows of a page, by segment: what is kept, and the parts that came since.
type Windows<'p> = BTreeMap<&'p str, (Option<&'p Kept>, Vec<&'p WindowPart>)>;

impl Closer {
    /// Whether parts were taken up.
    pub(super) async fn close_span(&mut self, version: &Arc<Version>, key: &WindowKey) -> Result<bool, store::Error> {
        let (plan, store) = (&version.loaded.plan, &self.app.store);
        let closed = if plan.segments.is_empty() && !(plan.watches() && key.is_over) {
            // Of one page, the transaction that writes it is guard enough.
            self.take_up(version, key).await
        } else {
            // Detectors see windows one after the other, whichever host closes them.
            let hold =
                if plan.watches() && key.is_over { store.hold_length(key).await? } else { store.hold(key).await? };
            let Some(hold) = hold else { return Ok(false) };
            let closed = self.take_up(version, key).await;
            hold.release().await;
            closed
        };
        match closed {
            Ok(closed) => {
                debug!(suite = key.suite, start = key.start, closed, "windows were taken up");
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

    async fn take_up(&self, version: &Arc<Version>, key: &WindowKey) -> Result<bool, store::Error> {
        let store = &self.app.store;
        if self.is_too_late(key).await? {
            return self.leave_out(key).await;
        }
        let is_watched = version.loaded.plan.watches() && key.is_over;
        if is_watched && store.waits_earlier(key, Made::OfRecords, self.clock()).await? {
            return Ok(false);
        }
        let mut is_any = false;
        let mut waiting = store.waiting(key).await?;
        for it in &waiting {
            is_any |= self.add_up(version, key, *it).await?;
        }
        if !key.is_over {
            return Ok(is_any);
        }
        // The window of all records comes last.
        waiting.sort_unstable_by_key(|it| (it.bucket == 0, it.bucket));
        let span = Span::part("judge");
        Ok(span.cover(self.judge(version, key, &waiting)).await? || is_any)
    }

    /// Whether the span is older than windows are kept: earlier ones of this stream may be gone.
    async fn is_too_late(&self, key: &WindowKey) -> Result<bool, store::Error> {
        if self.kept_since(key).is_none_or(|it| key.end >= it) {
            return Ok(false);
        }
        let kept = self.app.store.kept(key.id()).await?;
        Ok(kept.is_none_or(|it| it.state.is_none()))
    }

    /// Counts records that are too late, and keeps nothing of them.
    async fn leave_out(&self, key: &WindowKey) -> Result<bool, store::Error> {
        let mut is_any = false;
        for it in self.app.store.waiting(key).await? {
            let page = self.app.store.page(key, it.bucket, i64::MAX).await?;
            // Those of segments are among all records.
            let too_late = if it.bucket == 0 { page.parts.iter().map(|it| it.records).sum() } else { 0 };
            let judged = panes::Judged { too_late, ..panes::Judged::default() };
            is_any |= self.app.store.close_page(key, &page.taken, &judged).await?;
        }
        Ok(is_any)
    }

    /// Takes up what is too much for one transaction, and much of what is not over, without judging it.
    async fn add_up(&self, version: &Version, key: &WindowKey, it: Waiting) -> Result<bool, store::Error> {
        let (many, much) = if key.is_over { (panes::PARTS as i64, panes::BYTES) } else { (due::MANY, due::MUCH) };
        let (mut left, mut is_any) = (it.parts, false);
        // The last part stays, so that the window is found when it is over.
        let last = if key.is_over { it.last } else { it.last - 1 };
        while left >= many || it.bytes >= much {
            let page = self.app.store.page(key, it.bucket, last).await?;
            left -= page.taken.ids.len() as i64;
            // The last parts make the windows whole, and are judged.
            if key.is_over && left <= 0 {
                break;
            }
            let closed = block_in_place(|| {
                let windows = windows_of(&page).into_iter();
                windows
                    .map(|(segment, (kept, parts))| self.open(version, &key.of_segment(segment), kept, &parts))
                    .collect()
            });
            let judged = panes::Judged { closed, ..panes::Judged::default() };
            if page.taken.ids.is_empty() || !self.app.store.close_page(key, &page.taken, &judged).await? {
                break;
            }
            is_any = true;
            if left <= 0 {
                break;
            }
        }
        Ok(is_any)
    }

    /// A window that is not whole, with more parts.
    fn open(&self, version: &Version, key: &WindowKey, kept: Option<&Kept>, parts: &[&WindowPart]) -> Closed {
        let mut row = row_of(key, kept, parts);
        let sum = self.sum_of(version, key, kept, parts);
        row.labels += sum.n_labels as i64;
        if let Some(problem) = &sum.problem {
            row.message.get_or_insert_with(|| format!("some of its records are missing, since {problem}"));
        }
        // What was judged before stays as it was judged until all is taken up.
        let before = kept.filter(|it| it.row.revision > 0).map(|it| &it.row);
        let (status, statistics, baseline) = before.map_or_else(
            || (row.status.clone(), None, None),
            |it| (it.status.clone(), it.statistics.clone(), it.baseline.clone()),
        );
        let row = WindowRow { status, statistics, baseline, ..row };
        let kept = Kept { row, state: Some(sum.state(&key.suite_hash)) };
        Closed { kept, is_unjudged: true, ..Closed::default() }
    }

    /// The records of a window.
    fn sum_of(&self, version: &Version, key: &WindowKey, kept: Option<&Kept>, parts: &[&WindowPart]) -> Sum {
        let (plan, hash, most) = (&version.loaded.plan, key.suite_hash.as_str(), self.settings.values(&key.segment));
        let mut sum = Sum::new(plan);
        if let Some(state) = kept.and_then(|it| it.state.as_ref()) {
            sum.add(plan, hash, state, 1, most);
        }
        for it in parts {
            sum.add_all(plan, hash, &it.state, most);
        }
        sum
    }

    /// Judges all windows of a span that is over and of which parts wait.
    async fn judge(&self, version: &Version, key: &WindowKey, waiting: &[Waiting]) -> Result<bool, store::Error> {
        let store = &self.app.store;
        // What comes meanwhile waits, so that all windows are of the same records.
        let last = waiting.iter().map(|it| it.last).max().unwrap_or_default();
        // Of some segments all parts may have been taken up.
        let segments = if version.loaded.plan.segments.is_empty() { Vec::new() } else { store.unjudged(key).await? };
        let mut beside = BTreeMap::new();
        for segment in Against::segments_of(version, key.is_over) {
            let (key, page) = (key.of_segment(&segment), store.page(key, panes::page_of(&segment), last).await?);
            let parts: Vec<_> = page.parts.iter().filter(|it| it.segment == segment).collect();
            let kept = store.kept(key.id()).await?;
            if kept.is_some() || !parts.is_empty() {
                beside.insert(segment, block_in_place(|| self.sum_of(version, &key, kept.as_ref(), &parts)));
            }
        }
        let against = Against::of_span(&self.app, version, key.is_over, beside).await?;
        let (mut together, mut pages): (_, Vec<(Taken, usize)>) = (Together::default(), Vec::new());
        for it in waiting {
            let page = store.page_with(key, it.bucket, last, &segments).await?;
            let windows = windows_of(&page);
            let names: Vec<_> = windows.keys().copied().collect();
            let mut before = self.before(version, key, &names).await?;
            let mut compared = Vec::with_capacity(windows.len());
            for (segment, (kept, parts)) in &windows {
                let key = key.of_segment(segment);
                let sum = || block_in_place(|| self.sum_of(version, &key, *kept, parts));
                let sum = against.asks_for_records().then(sum);
                let most = self.settings.values(segment);
                let window = sum.as_ref().map(Sum::records);
                compared.push(against.of_window(&self.app, version, &key, most, window).await?);
            }
            pages.push((page.taken.clone(), windows.len()));
            block_in_place(|| {
                let mut pace = Pace::new(waiting.len() > 1);
                for ((segment, (kept, parts)), compared) in windows.into_iter().zip(&compared) {
                    let key = key.of_segment(segment);
                    let mut row = row_of(&key, kept, &parts);
                    row.revision += 1;
                    let sum = self.sum_of(version, &key, kept, &parts);
                    let before = before(&key);
                    together.add(Judged::new(version, key, compared, row, sum, before));
                    pace.breathe();
                }
            });
        }
        block_in_place(|| together.correct(version, self.settings.segment_passes));
        let longer = longer::of(&version.loaded.plan.windows, key);
        let mut is_any = false;
        for (taken, n) in pages {
            let page = if together.holds(n) {
                Page::default()
            } else {
                store.page_with(key, taken.bucket, last, &segments).await?.only(&taken)
            };
            let closed = block_in_place(|| {
                let windows = windows_of(&page);
                together.closed(version, n, |key| {
                    let (kept, parts) = windows.get(key.segment.as_str()).cloned().unwrap_or_default();
                    self.sum_of(version, key, kept, &parts).state(&key.suite_hash)
                })
            });
            let waits = waits(version, key, &closed);
            let judged = panes::Judged { closed, longer: longer.clone(), waits, too_late: 0 };
            if !store.close_page(key, &taken, &judged).await? {
                // Another host is at it, and all records come last.
                return Ok(is_any);
            }
            Counted::of(&judged.closed).count();
            self.app.shelf.signals().judged(version, &judged.closed);
            is_any = true;
        }
        Ok(is_any)
    }
}

/// When a window that was judged for the first time is to be judged again, since labels have had time then.
fn waits(version: &Version, key: &WindowKey, closed: &[Closed]) -> Vec<LabelDue> {
    let is_first = closed.iter().any(|it| it.kept.row.segment.is_empty() && it.kept.row.revision == 1);
    let waits = version.loaded.plan.bindings.label_waits.iter().filter(|it| is_first && **it > 0);
    let due = |it: &i64| LabelDue {
        key: WindowKey { segment: String::new(), ..key.clone() },
        waited: *it,
        due: key.end.saturating_add(*it),
        mark: Uuid::now_v7(),
    };
    waits.map(due).collect()
}

/// The windows of a page.
fn windows_of(page: &Page) -> Windows<'_> {
    let mut windows = Windows::new();
    for it in &page.parts {
        windows.entry(it.segment.as_str()).or_default().1.push(it);
    }
    for it in &page.kept {
        windows.entry(it.row.segment.as_str()).or_default().0 = Some(it);
    }
    windows
}

/// A window with more parts, as one that is open.
fn row_of(key: &WindowKey, kept: Option<&Kept>, parts: &[&WindowPart]) -> WindowRow {
    let unknown = WindowRow::default();
    let before = kept.map_or(&unknown, |it| &it.row);
    let sum_of = |of: fn(&WindowPart) -> i64| parts.iter().map(|it| of(it)).sum::<i64>();
    WindowRow {
        records: before.records + sum_of(|it| it.records),
        unreadable: before.unreadable + sum_of(|it| it.unreadable),
        untimed: before.untimed + sum_of(|it| it.untimed),
        labels: before.labels,
        late: before.late + if before.revision > 0 { sum_of(|it| it.records) } else { 0 },
        // One of which nothing is kept yet may have waited; what was wrong then is over.
        message: before.message.clone().filter(|_| kept.is_some_and(|it| it.state.is_some())),
        revision: before.revision,
        ..new_row(key)
    }
}
