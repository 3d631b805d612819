//! Instances that wait, opened, for the next batch of their rule, and how they make room for others.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::guest::Live;
use super::v0_1::Checker;

/// An instance with an open record check.
pub(super) struct Warm {
    pub live: Live,
    pub checker: Checker,
}

impl std::fmt::Debug for Warm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.live.fmt(f)
    }
}

/// The instances of one rule that nothing calls now.
#[derive(Debug, Default)]
pub(super) struct Idle(Mutex<Vec<Warm>>);

impl Idle {
    /// One of them.
    pub fn take(&self) -> Option<Warm> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Keeps one unless there are `most` already.
    pub fn keep(&self, it: Warm, most: usize) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < most {
            waiting.push(it);
        }
    }

    fn give_up(&self) {
        let waiting = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        drop(waiting);
    }
}

/// The idle instances of all rules of an engine.
#[derive(Debug, Default)]
pub(super) struct AllIdle(Mutex<Vec<Weak<Idle>>>);

impl AllIdle {
    /// A place for the idle instances of another rule.
    pub fn place(&self) -> Arc<Idle> {
        let it = Arc::new(Idle::default());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|it| it.strong_count() > 0);
        all.push(Arc::downgrade(&it));
        it
    }

    /// Ends all that nothing calls now. When it returns their room is free, also if somebody else asked first.
    pub fn make_room(&self) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter_map(Weak::upgrade).for_each(|it| it.give_up());
    }
}
