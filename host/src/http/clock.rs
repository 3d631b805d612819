//! The clock of connections: a deadline for the head of every request, at little cost.
//!
//! Entering a deadline in the runtime's wheel and taking it out again, for each request, costs as much as checking a
//! small record. So an entry is handed on to the next request as it stands, and moved only when its time has come.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use tokio::time::sleep_until;

type Entry = Pin<Box<tokio::time::Sleep>>;

/// Entries that are kept for the next request.
const KEPT: usize = 256;

/// Makes deadlines, all of one runtime.
#[derive(Clone, Default)]
pub struct Clock(Arc<Mutex<Vec<Entry>>>);

/// A deadline.
struct Deadline {
    until: Instant,
    /// Never later than the deadline, but it may be earlier.
    entry: Option<Entry>,
    clock: Clock,
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Clock")
    }
}

impl Clock {
    fn entries(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Timer for Clock {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, until: Instant) -> Pin<Box<dyn Sleep>> {
        let kept = self.entries().pop();
        let mut entry = kept.unwrap_or_else(|| Box::pin(sleep_until(until.into())));
        if entry.deadline() > until.into() {
            entry.as_mut().reset(until.into());
        }
        Box::pin(Deadline { until, entry: Some(entry), clock: self.clone() })
    }

    fn now(&self) -> Instant {
        // The runtime's, which a test may have stopped.
        tokio::time::Instant::now().into()
    }
}

impl Future for Deadline {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context) -> Poll<()> {
        let until = self.until.into();
        while let Some(entry) = &mut self.entry {
            ready!(entry.as_mut().poll(context));
            if entry.deadline() >= until {
                break;
            }
            entry.as_mut().reset(until);
        }
        Poll::Ready(())
    }
}

impl Sleep for Deadline {}

impl Drop for Deadline {
    fn drop(&mut self) {
        let Some(entry) = self.entry.take() else { return };
        let mut entries = self.clock.entries();
        if entries.len() < KEPT {
            entries.push(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

    use super::*;

    #[test]
    fn a_deadline_holds_whatever_entry_it_was_given() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (clock, bit) = (Clock::default(), Duration::from_millis(5));
            let mut first = clock.sleep(bit * 6);
            assert!(futures_util::poll!(first.as_mut()).is_pending());
            drop(first);
            assert_eq!(clock.entries().len(), 1);
            // Of an entry that is too late, of one whose time has come, and of one that is too early.
            for pause in [2, 9, 1] {
                let begun = clock.now();
                clock.sleep(bit * pause).await;
                assert!(begun.elapsed() >= bit * pause);
                assert_eq!(clock.entries().len(), 1);
                drop(clock.sleep(bit * 3));
            }
            let both = (clock.sleep(bit), clock.sleep(bit * 2));
            both.1.await;
            both.0.await;
            assert_eq!(clock.entries().len(), 2);
        });
    }
}
