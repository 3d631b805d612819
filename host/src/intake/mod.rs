//! Between the answers and the store: what was checked is journalled, summed up, and committed by one
//! task, in one transaction a flush. A verdict never waits for the store.
//!
//! The journal's segment and the shard in memory hold the same, always: entries are written to the
//! one and folded into the other under one lock, and both are swapped together. A segment's id goes
//! into its transaction, so that whatever is committed twice counts once.

pub mod entry;
mod flush;
pub mod journal;
mod shard;
mod telling;
#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::store::Store;
use crate::store::rows::Batch;
use entry::{Entry, Origin, PlanNote, Request, Single};
use journal::{Journal, Segment};
use shard::Shard;
pub use shard::{CheckCounts, Counted, RecordCounts, SuiteCounts};
pub use telling::Waiting;

/// Makes one encoded window of several that lie one behind the other; what it cannot read it leaves.
pub type SumUp = Arc<dyn Fn(&mut Batch) + Send + std::marker::Sync>;

/// How much may wait, and how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time between flushes.
    pub flush_every: Duration,
    /// Requests that are flushed at once.
    pub flush_outcomes: usize,
    /// Bytes that wait in memory, about.
    pub pending: usize,
    /// Bytes of the journal.
    pub journal: u64,
    /// Bytes of a segment, beyond which it is flushed at once.
    pub segment: u64,
    /// Combinations of model, version, segment and source that a flush tells apart.
    pub labels: usize,
    /// When the journal is synchronised with the disk.
    pub sync: Sync,
}

/// When the journal is synchronised with the disk. A killed process loses nothing in any case; a
/// machine that loses its power loses what was not synchronised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// The operating system decides.
    Never,
    /// As often as this.
    Every(Duration),
    /// Before each answer.
    Each,
}

/// Why a request is not taken in.
#[derive(Debug)]
pub enum Refused {
    /// As much waits for the store as may.
    Full,
    /// The journal cannot be written.
    Journal(io::Error),
    /// The service is stopping.
    Stopping,
}

/// Where results wait for the store.
pub struct Intake {
    state: Mutex<State>,
    journal: Journal,
    limits: Limits,
    wake: Notify,
    committed: watch::Sender<u64>,
    recovered: AtomicBool,
    /// What was counted since the start.
    pub counters: Counters,
}

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Requests taken in.
    pub accepted: AtomicU64,
    /// Requests refused.
    pub refused: AtomicU64,
    /// Transactions committed.
    pub flushed: AtomicU64,
    /// Transactions that failed and are tried again.
    pub retried: AtomicU64,
    /// Segments that the store refuses, put aside.
    pub put_aside: AtomicU64,
    /// Bytes of segments that wait to be committed.
    pub waiting: AtomicU64,
    /// Segments that wait to be committed.
    pub backlog: AtomicU64,
    /// When the oldest of them was begun, in milliseconds since 1970; 0 while none waits.
    pub oldest: AtomicU64,
}

struct State {
    segment: Segment,
    shard: Shard,
    /// What is written to the segment next, and folded into the shard then.
    group: Group,
    /// Number of the segment, counted from 1.
    number: u64,
    stopping: bool,
    /// Bytes held by the shard that is being committed.
    in_flight: usize,
    /// Requests in that shard.
    outcomes_in_flight: usize,
    /// What shards that were taken to be committed held.
    counted: Counted,
    /// Numbers of segments that the store refuses; each is a defect, so they are few.
    put_aside: Vec<u64>,
}

/// Entries that are written with one write: a call of the system for each would be a tenth of all that a record costs.
#[derive(Default)]
struct Group {
    entries: Vec<Entry>,
    fate: Arc<Fate>,
}

/// Once a group was written, the number that [`Intake::stored`] waits for; or why it could not be.
type Fate = OnceLock<Result<u64, io::Error>>;

/// Bytes of a group that waits for no further entry.
const GROUP: usize = 64 << 10;

impl State {
    /// Writes the group, all of it or nothing, and folds it into the shard.
    fn write(&mut self, synced: bool) {
        if self.group.entries.is_empty() {
            return;
        }
        let Group { entries, fate } = std::mem::take(&mut self.group);
        let written = self.segment.write(synced);
        if written.is_ok() {
            for it in &entries {
                self.shard.apply(it);
            }
        }
        // Nobody else sets it: the group is gone.
        let _ = fate.set(written.map(|()| self.number));
    }
}

impl Intake {
    /// Opens the journal, and finds what an earlier process left in it.
    pub fn open(folder: &Path, limits: Limits) -> io::Result<Arc<Self>> {
        let journal = Journal::open(folder)?;
        let segment = journal.begin()?;
        let state = State {
            segment,
            shard: Shard::default(),
            group: Group::default(),
            number: 1,
            stopping: false,
            in_flight: 0,
            outcomes_in_flight: 0,
            counted: Counted::default(),
            put_aside: Vec::new(),
        };
        Ok(Arc::new(Intake {
            state: Mutex::new(state),
            journal,
            limits,
            wake: Notify::new(),
            committed: watch::Sender::new(0),
            recovered: AtomicBool::new(false),
            counters: Counters::default(),
        }))
    }

    /// Takes in a request of one record that is summed up; `single.plan` is set here. The number that
    /// [`Intake::stored`] waits for.
    ///
    /// Requests that come at the same time are written together, by the first whose turn it is again.
    pub async fn single(&self, plan: &Arc<PlanNote>, single: Single) -> Result<u64, Refused> {
        let taken = match self.put(plan, single) {
            Err(refused) => Err(refused),
            Ok(fate) => {
                if fate.get().is_none() {
                    tokio::task::yield_now().await;
                }
                if fate.get().is_none() {
                    let mut state = self.lock();
                    // Who came first meanwhile may have written it, and the group may be the next.
                    if fate.get().is_none() {
                        state.write(self.syncs_each());
                    }
                }
                match fate.get() {
                    Some(Ok(number)) => Ok(*number),
                    Some(Err(error)) => Err(Refused::Journal(io::Error::new(error.kind(), error.to_string()))),
                    None => Err(Refused::Journal(io::Error::other("the journal did not take it"))),
                }
            }
        };
        self.count(taken.is_ok());
        taken
    }

    /// Puts a request with those that are written next.
    fn put(&self, plan: &Arc<PlanNote>, mut single: Single) -> Result<Arc<Fate>, Refused> {
        let mut state = self.lock();
        single.plan = self.begin(&mut state, plan)?;
        let mut is_known = state.shard.knows(single.plan, single.at, &single.origin);
        if !is_known && state.shard.is_full_of(self.limits.labels) {
            bundle(&mut single.origin);
            is_known = state.shard.knows(single.plan, single.at, &single.origin);
        }
        let entry = Entry::Single(single);
        state.segment.put(&entry).map_err(Refused::Journal)?;
        let fate = Arc::clone(&state.group.fate);
        state.group.entries.push(entry);
        // What the shard must know before the next comes, and what is long enough, waits for nothing.
        if !is_known || state.segment.put_off() >= GROUP {
            state.write(self.syncs_each());
        }
        self.wake_if_full(&state);
        Ok(fate)
    }

    /// Takes in another request, or a part of one; `request.plan` is set here.
    pub fn request(&self, plan: &Arc<PlanNote>, request: Box<Request>) -> Result<u64, Refused> {
        let taken = self.take(&mut self.lock(), plan, request);
        self.count(taken.is_ok());
        taken
    }

    fn take(&self, state: &mut State, plan: &Arc<PlanNote>, mut request: Box<Request>) -> Result<u64, Refused> {
        request.plan = self.begin(state, plan)?;
        // Entries lie in the segment in the order in which they are folded.
        state.write(self.syncs_each());
        if !state.shard.knows(request.plan, request.at, &request.origin) && state.shard.is_full_of(self.limits.labels) {
            bundle(&mut request.origin);
        }
        let entry = Entry::Request(request);
        state.segment.append(&entry, self.syncs_each()).map_err(Refused::Journal)?;
        state.shard.apply(&entry);
        self.wake_if_full(state);
        Ok(state.number)
    }

    /// Whether there is room for an entry, and the number under which it names its plan.
    fn begin(&self, state: &mut State, plan: &Arc<PlanNote>) -> Result<u32, Refused> {
        if state.stopping {
            return Err(Refused::Stopping);
        }
        if state.shard.bytes + state.segment.put_off() + state.in_flight > self.limits.pending
            || state.segment.len() + self.counters.waiting.load(Ordering::Relaxed) > self.limits.journal
        {
            return Err(Refused::Full);
        }
        if let Some(number) = state.shard.plan(plan) {
            return Ok(number);
        }
        state.write(self.syncs_each());
        let note = Entry::Plan((**plan).clone());
        state.segment.append(&note, false).map_err(Refused::Journal)?;
        Ok(state.shard.note(Arc::clone(plan)))
    }

    fn syncs_each(&self) -> bool {
        self.limits.sync == Sync::Each
    }

    fn count(&self, taken: bool) {
        let counter = if taken { &self.counters.accepted } else { &self.counters.refused };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn wake_if_full(&self, state: &State) {
        let outcomes = state.shard.outcomes + state.group.entries.len();
        if outcomes >= self.limits.flush_outcomes || state.segment.len() >= self.limits.segment {
            self.wake.notify_one();
        }
    }

    /// Waits until what was taken in under this number is committed; false when the store refuses it.
    pub async fn stored(&self, number: u64) -> bool {
        let mut committed = self.committed.subscribe();
        self.wake.notify_one();
        // The sender lives as long as `self`.
        let _ = committed.wait_for(|it| *it >= number).await;
        !self.lock().put_aside.contains(&number)
    }

    /// Waits until all that is taken in by now is committed, or put aside.
    pub async fn drained(&self) {
        let number = {
            let state = self.lock();
            if state.shard.is_empty() { state.number - 1 } else { state.number }
        };
        let mut committed = self.committed.subscribe();
        // The sender lives as long as `self`.
        let _ = committed.wait_for(|it| *it >= number).await;
    }

    /// The number up to which all that was taken in is committed, or put aside.
    pub fn committed(&self) -> u64 {
        *self.committed.borrow()
    }

    /// Whether the store knows all that an earlier process had answered.
    pub fn is_recovered(&self) -> bool {
        self.recovered.load(Ordering::Acquire)
    }

    /// Whether the journal can be written.
    pub fn is_writable(&self) -> io::Result<()> {
        self.journal.is_writable()
    }

    /// Bytes that wait in memory, about.
    pub fn pending(&self) -> usize {
        let state = self.lock();
        state.shard.bytes + state.in_flight
    }

    /// Takes nothing more in.
    pub fn stop(&self) {
        self.lock().stopping = true;
        self.wake.notify_one();
    }

    /// Commits what waits, for as long as the service lives. Ends when [`Intake::stop`] was called and
    /// all is committed, or the store cannot be reached; then the journal keeps the rest.
    /// `sum_up` makes one window of those that a batch adds to it one after the other, where it can.
    pub async fn run(self: Arc<Self>, store: Store, sum_up: SumUp) {
        flush::run(&self, &store, &sum_up).await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A thread that panicked left a segment and a shard that agree: each is changed in one step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Too many combinations: what the record says of itself is not told apart any more.
fn bundle(origin: &mut Origin) {
    let labels = &mut origin.labels;
    for it in [&mut labels.model, &mut labels.version, &mut labels.segment] {
        if it.is_some() {
            *it = Some("other".to_owned());
        }
    }
}
