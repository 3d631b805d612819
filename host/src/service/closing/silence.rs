//! Suites that expect records to keep coming, and get none.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tracing::info;

use super::counted::Counted;
use super::together::{Judged, Together};
use super::{Closer, new_row};
use crate::service::app::now;
use crate::service::comparing::Compared;
use crate::service::sums::Sum;
use crate::service::version::Version;
use crate::store;
use crate::store::rows::Micros;
use crate::store::streams::StreamRow;
use crate::store::windows::WindowKey;

/// What the length of a window is called that no record came in.
const SILENCE: &str = "silence";

/// How long the store may take to be told what waits for it, before the silence is looked at again.
const PATIENCE: Duration = Duration::from_secs(1);

impl Closer {
    /// Judges the silence of each active suite that expects none, once for each.
    pub(super) async fn find_silence(&mut self) -> Result<(), store::Error> {
        let suites = self.app.shelf.now();
        let silence = |it: &Arc<Version>| {
            let plan = &it.loaded.plan;
            plan.windows.pane().and(plan.bindings.silence).map(|silence| (Arc::clone(it), silence))
        };
        let listening: Vec<_> = suites.active.values().filter_map(silence).collect();
        self.active.retain(|(suite, hash), _| listening.iter().any(|(it, _)| it.name == *suite && it.hash == *hash));
        // What an earlier process has taken in came, and is not stored yet.
        if listening.is_empty() || !self.app.intake.is_recovered() {
            return Ok(());
        }
        let streams = self.app.store.streams().await?;
        for (version, silence) in listening {
            // While the service was stopped nobody could send anything.
            let since = *self.active.entry((version.name.clone(), version.hash.clone())).or_insert_with(now);
            let Some(stream) = streams.iter().find(|it| it.suite == version.name && it.suite_hash == version.hash)
            else {
                self.app.store.begin_stream(&version.name, &version.hash, since).await?;
                continue;
            };
            let is_new = stream.silent_at != Some(stream.came_at);
            if !is_new || stream.came_at.max(since).saturating_add(silence) > now() {
                continue;
            }
            // What has come here and waits for the store ends the silence, and then it is not kept.
            if timeout(PATIENCE, self.app.intake.drained()).await.is_ok() {
                self.judge_silence(&version, stream, silence).await?;
            }
        }
        Ok(())
    }

    async fn judge_silence(&self, version: &Version, stream: &StreamRow, silence: Micros) -> Result<(), store::Error> {
        let key = WindowKey {
            suite: stream.suite.clone(),
            suite_hash: stream.suite_hash.clone(),
            start: stream.came_at,
            end: stream.came_at.saturating_add(silence),
            length: SILENCE.to_owned(),
            ..WindowKey::default()
        };
        let mut row = new_row(&key);
        row.revision = 1;
        let sum = Sum::new(&version.loaded.plan);
        let closed = tokio::task::block_in_place(|| {
            let mut together = Together::default();
            together.add(Judged::new(version, key.clone(), &Compared::default(), row, sum, None));
            together.correct(version, self.settings.segment_passes);
            together.closed(version, 1, |_| Vec::new()).pop().unwrap_or_default()
        });
        let counted = Counted::of(std::slice::from_ref(&closed));
        if self.app.store.keep_silence(stream, closed).await? {
            counted.count();
            info!(suite = key.suite, "no record came for long");
        }
        Ok(())
    }
}
