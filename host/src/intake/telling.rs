//! What metrics are told: how what was taken in fared, and what waits for the store.

use std::sync::atomic::Ordering;

use uuid::Uuid;

use super::entry::PlanNote;
use super::{Counted, Intake};

/// What waits for the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Requests, or parts of them.
    pub requests: usize,
    /// Bytes in memory, about.
    pub memory: usize,
    /// Bytes in the journal.
    pub journal: u64,
    /// Segments of the journal, that which is written included.
    pub segments: u64,
    /// When the oldest segment that holds anything was begun, in milliseconds since 1970; 0: none does.
    pub oldest: u64,
}

/// The time of a UUID v7, in milliseconds since 1970; 0 of any other.
pub(super) fn millis(id: Uuid) -> u64 {
    id.get_timestamp().map_or(0, |it| {
        let (seconds, nanos) = it.to_unix();
        seconds * 1000 + u64::from(nanos) / 1_000_000
    })
}

impl Intake {
    /// How what was taken in since the start fared. What an earlier process has left is not counted again.
    pub fn counted(&self) -> Counted {
        let state = self.lock();
        let mut counted = state.counted.clone();
        state.shard.add_to(&mut counted);
        counted
    }

    /// Takes note of records that expectations, by their place in the plan, could not be judged with.
    pub fn troubled(&self, plan: &PlanNote, counts: impl Iterator<Item = (usize, u64)>) {
        self.lock().counted.troubled(plan, counts);
    }

    /// What waits for the store at this moment.
    pub fn waiting(&self) -> Waiting {
        let state = self.lock();
        let (backlog, oldest) =
            (self.counters.backlog.load(Ordering::Relaxed), self.counters.oldest.load(Ordering::Relaxed));
        let own = if state.shard.is_empty() { 0 } else { millis(state.segment.id) };
        Waiting {
            requests: state.shard.outcomes + state.outcomes_in_flight,
            memory: state.shard.bytes + state.in_flight,
            journal: state.segment.len() + self.counters.waiting.load(Ordering::Relaxed),
            segments: backlog + 1,
            oldest: if backlog > 0 && oldest > 0 { oldest } else { own },
        }
    }
}
