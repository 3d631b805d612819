//! Longer windows: merges of shorter ones, judged when they are over and again when a shorter one was.

use std::sync::Arc;
use std::time::Instant;

use driftline_rules::suite::{Of, Windows};
use tracing::{debug, error, warn};

use super::{Closer, judged, new_row};
use crate::service::comparing::Compared;
use crate::service::version::Version;
use crate::service::windows::Sum;
use crate::store;
use crate::store::due::Longer;
use crate::store::rows::Micros;
use crate::store::windows::{Kept, WindowKey};

/// Shorter windows that are read at once.
const PAGE: u32 = 32;

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
            match self.merge(&version, &it).await {
                Ok(done) => is_any |= done,
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => {
                    error!(%error, suite = it.key.suite, start = it.key.start, "a window cannot be closed");
                    self.put_off(&it.key);
                }
            }
        }
        Ok(is_any)
    }

    /// Judges the window over the states of the shorter ones. They may change meanwhile; then it is not kept.
    async fn merge(&self, version: &Arc<Version>, it: &Longer) -> Result<bool, store::Error> {
        let Longer { key, .. } = it;
        let plan = &version.loaded.plan;
        let Some(base) = plan.windows.named(&key.length).and_then(|of| plan.windows.base(of)) else {
            // The hash says which windows a version has, so this is a row of somebody else's.
            warn!(suite = key.suite, length = key.length, "the suite has no such windows");
            return self.app.store.keep_longer(it, None).await;
        };
        let base = base.to_string();
        let before = self.app.store.kept(key.id()).await?.unwrap_or_default().row;
        let mut row = new_row(key);
        row.revision = before.revision + 1;
        let mut sum = Sum::new(plan);
        let mut from = key.start;
        loop {
            let page = self.app.store.shorter(key, &base, from, PAGE).await?;
            let Some(last) = page.last() else { break };
            from = last.row.start.saturating_add(1);
            tokio::task::block_in_place(|| {
                for Kept { row: shorter, state } in page {
                    row.records += shorter.records;
                    row.unreadable += shorter.unreadable;
                    row.untimed += shorter.untimed;
                    row.late += shorter.late;
                    row.message = row.message.take().or(shorter.message);
                    sum.add(plan, &key.suite_hash, &state.unwrap_or_default(), 1, self.settings.exact_values);
                }
            });
        }
        if row.records < before.records {
            warn!(suite = key.suite, window = %row.id, "a window stays as it is, since shorter ones of it are gone");
            return self.app.store.keep_longer(it, None).await;
        }
        if let Some(problem) = &sum.problem {
            row.message.get_or_insert_with(|| format!("some of its records are missing, since {problem}"));
        }
        let whole = WindowKey { is_over: true, ..key.clone() };
        let compared = Compared::of_window(&self.app, version, &whole, self.settings.exact_values).await?;
        let closed = tokio::task::block_in_place(|| judged(version, key, &compared, row, sum));
        let kept = self.app.store.keep_longer(it, Some(closed)).await?;
        debug!(suite = key.suite, start = key.start, length = key.length, kept, "a longer window was merged");
        Ok(kept)
    }
}
