//! The task that commits: segments that an earlier process left first, then what comes in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tracing::{error, info, warn};
use uuid::Uuid;

use super::shard::Shard;
use super::telling::millis;
use super::{Intake, SumUp, Sync, journal};
use crate::metrics::{self, Stage};
use crate::store::rows::Batch;
use crate::store::{Committed, Store};
use crate::telemetry::{Begun, Span};

/// The longest pause between two tries of one transaction.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub(super) async fn run(intake: &Intake, store: &Store, sum_up: &SumUp) {
    let own = intake.lock().segment.path().to_owned();
    let left = match intake.journal.left() {
        Ok(it) => it.into_iter().filter(|it| *it != own).collect(),
        Err(error) => {
            error!(%error, "the journal cannot be listed");
            Vec::new()
        }
    };
    recover(intake, store, sum_up, left).await;
    intake.recovered.store(true, Ordering::Release);
    let (mut synced, mut flushed) = (Instant::now(), Instant::now());
    loop {
        let period = match intake.limits.sync {
            Sync::Every(it) => it.min(intake.limits.flush_every),
            _ => intake.limits.flush_every,
        };
        let woken = timeout(period, intake.wake.notified()).await.is_ok();
        if let Sync::Every(period) = intake.limits.sync
            && synced.elapsed() >= period
        {
            sync(intake).await;
            synced = Instant::now();
        }
        let stopping = intake.lock().stopping;
        if !woken && !stopping && flushed.elapsed() < intake.limits.flush_every {
            continue;
        }
        flushed = Instant::now();
        if !flush(intake, store, sum_up).await {
            if stopping {
                warn!("stopping while the store cannot be reached: the journal keeps what waits");
                return;
            }
            continue;
        }
        if stopping && intake.lock().shard.is_empty() {
            let segment = intake.lock().segment.path().to_owned();
            remove(&segment);
            return;
        }
    }
}

/// Writes what is in the operating system's memory to the disk, outside of the lock.
async fn sync(intake: &Intake) {
    let file = {
        let state = intake.lock();
        if state.segment.is_empty() {
            return;
        }
        state.segment.file()
    };
    let done = tokio::task::spawn_blocking(move || file.sync_data()).await;
    if let Ok(Err(error)) = done {
        error!(%error, "the journal cannot be synchronised with the disk");
    }
}

/// Commits what waits. False when the store cannot be reached and the service is stopping.
async fn flush(intake: &Intake, store: &Store, sum_up: &SumUp) -> bool {
    {
        let mut state = intake.lock();
        state.write(intake.syncs_each());
        // A torn segment takes nothing more, so it is replaced even when there is nothing to store.
        if state.shard.is_empty() && !state.segment.is_torn() {
            return true;
        }
    }
    // The next segment is made before the lock is taken again, since a file takes its time.
    let next = match intake.journal.begin() {
        Ok(it) => it,
        Err(error) => {
            error!(%error, "no new journal segment can be made");
            sleep(Duration::from_millis(200)).await;
            return true;
        }
    };
    let (segment, shard, number) = {
        let mut state = intake.lock();
        state.write(intake.syncs_each());
        let segment = std::mem::replace(&mut state.segment, next);
        let shard = std::mem::take(&mut state.shard);
        state.in_flight = shard.bytes;
        state.outcomes_in_flight = shard.outcomes;
        // Under the lock, so that nobody sees less than before.
        shard.add_to(&mut state.counted);
        let number = state.number;
        state.number += 1;
        (segment, shard, number)
    };
    let path = segment.path().to_owned();
    if shard.is_empty() {
        remove(&path);
        intake.committed.send_replace(number);
        return true;
    }
    intake.counters.waiting.fetch_add(segment.len(), Ordering::Relaxed);
    intake.counters.backlog.fetch_add(1, Ordering::Relaxed);
    intake.counters.oldest.store(millis(segment.id), Ordering::Relaxed);
    let span = Span::of_task(|| {
        let notes = vec![
            ("driftline.requests", (shard.outcomes as i64).into()),
            ("driftline.bytes", (segment.len() as i64).into()),
        ];
        Begun { name: "flush".into(), notes, causes: Vec::new() }
    });
    let batch = batch_of(shard, segment.id, sum_up).await;
    let stored = span.cover(commit(intake, store, &batch, &path)).await;
    if stored != Ended::Stored {
        span.fail("not_stored", "the store did not take it");
    }
    drop(span);
    intake.counters.waiting.fetch_sub(segment.len(), Ordering::Relaxed);
    intake.counters.backlog.fetch_sub(1, Ordering::Relaxed);
    {
        let mut state = intake.lock();
        state.in_flight = 0;
        state.outcomes_in_flight = 0;
    }
    match stored {
        Ended::Away => return false,
        Ended::Stored => {}
        Ended::PutAside => intake.lock().put_aside.push(number),
    }
    intake.committed.send_replace(number);
    true
}

/// The rows of a shard, its windows summed up, on a thread that may take its time.
async fn batch_of(shard: Shard, segment: Uuid, sum_up: &SumUp) -> Batch {
    let sum_up = Arc::clone(sum_up);
    let made = tokio::task::spawn_blocking(move || {
        let mut batch = shard.into_batch(segment);
        sum_up(&mut batch);
        batch
    });
    made.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// How the committing of a segment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// The store has it.
    Stored,
    /// The store refuses it for good.
    PutAside,
    /// The service is stopping, and the store cannot be reached.
    Away,
}

/// Tries until the store has the batch, or refuses it for good, or the service is stopping and the
/// store cannot be reached.
async fn commit(intake: &Intake, store: &Store, batch: &Batch, path: &Path) -> Ended {
    let mut pause = Duration::from_millis(50);
    loop {
        let started = Instant::now();
        match store.commit(batch).await {
            Ok(Committed::Now | Committed::Before) => {
                metrics::took(Stage::Flush, started.elapsed());
                intake.counters.flushed.fetch_add(1, Ordering::Relaxed);
                remove(path);
                return Ended::Stored;
            }
            Err(error) if error.is_transient() => {
                intake.counters.retried.fetch_add(1, Ordering::Relaxed);
                warn!(%error, pause_ms = pause.as_millis() as u64, "the store cannot be reached; trying again");
                if intake.lock().stopping && pause > Duration::from_secs(1) {
                    return Ended::Away;
                }
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) => {
                intake.counters.put_aside.fetch_add(1, Ordering::Relaxed);
                match intake.journal.put_aside(path) {
                    Ok(to) => error!(%error, kept = %to.display(), "the store refuses a segment, which is put aside"),
                    Err(io) => error!(%error, %io, "the store refuses a segment, which cannot be put aside"),
                }
                return Ended::PutAside;
            }
        }
    }
}

/// Commits what an earlier process has left.
async fn recover(intake: &Intake, store: &Store, sum_up: &SumUp, left: Vec<PathBuf>) {
    let waiting = &intake.counters.waiting;
    let left: Vec<_> = left.into_iter().map(|it| (fs::metadata(&it).map_or(0, |it| it.len()), it)).collect();
    waiting.fetch_add(left.iter().map(|it| it.0).sum(), Ordering::Relaxed);
    intake.counters.backlog.fetch_add(left.len() as u64, Ordering::Relaxed);
    for (bytes, path) in left {
        let ended = recover_one(intake, store, sum_up, &path).await;
        waiting.fetch_sub(bytes, Ordering::Relaxed);
        intake.counters.backlog.fetch_sub(1, Ordering::Relaxed);
        if ended == Some(Ended::Away) {
            return;
        }
    }
}

/// `None` when the segment could not be read, or held nothing.
async fn recover_one(intake: &Intake, store: &Store, sum_up: &SumUp, path: &Path) -> Option<Ended> {
    let read = tokio::task::spawn_blocking({
        let path = path.to_owned();
        move || {
            journal::read(&path).map(|found| {
                let mut shard = Shard::default();
                found.entries.iter().for_each(|it| shard.apply(it));
                (found.id, found.torn, shard)
            })
        }
    });
    let (id, torn, shard) = match read.await.map_err(io::Error::other).flatten() {
        Ok(it) => it,
        Err(error) => {
            error!(%error, segment = %path.display(), "a journal segment cannot be read; it is left as it is");
            return None;
        }
    };
    if shard.is_empty() {
        remove(path);
        return None;
    }
    let requests = shard.outcomes;
    intake.counters.oldest.store(millis(id), Ordering::Relaxed);
    let batch = batch_of(shard, id, sum_up).await;
    let ended = commit(intake, store, &batch, path).await;
    if ended == Ended::Stored {
        info!(segment = %id, requests, torn_bytes = torn, "recovered what an earlier process had answered");
    }
    Some(ended)
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        error!(%error, segment = %path.display(), "a committed journal segment cannot be removed; it is known to the store and counts once");
    }
}
