//! Requests that come at the same time: the journal has them all, each once, and each is told what became of it.
#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use futures_util::future::join_all;

use super::*;
use crate::store::rows::Labels;

const LIMITS: Limits = Limits {
    flush_every: Duration::from_mins(1),
    flush_outcomes: 1_000_000,
    pending: 1 << 20,
    journal: 1 << 20,
    segment: 1 << 20,
    labels: 3,
    sync: Sync::Never,
};

fn plan() -> Arc<PlanNote> {
    Arc::new(PlanNote { suite: "s".into(), hash: "h".into(), checks: vec![] })
}

fn of_model(model: usize, duration_us: u32) -> Single {
    let labels = Labels { model: Some(format!("m{model}")), ..Labels::default() };
    Single { duration_us, origin: Origin { labels, ..Origin::default() }, ..Single::default() }
}

/// What the file of the segment holds.
fn written(intake: &Intake) -> Vec<Single> {
    let entries = journal::read(intake.lock().segment.path()).unwrap().entries;
    entries.into_iter().filter_map(|it| if let Entry::Single(it) = it { Some(it) } else { None }).collect()
}

fn begun<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn requests_of_one_time_are_written_together_by_the_first_that_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (intake, plan) = (Intake::open(folder.path(), LIMITS).unwrap(), plan());
    // The first of its kind waits for nothing: what is told apart is known before the next comes.
    assert!(matches!(begun(pin!(intake.single(&plan, of_model(0, 0)))), Poll::Ready(Ok(1))));
    let mut waiting: Vec<_> = (1..=5).map(|it| Box::pin(intake.single(&plan, of_model(0, it)))).collect();
    assert!(waiting.iter_mut().all(|it| begun(it.as_mut()).is_pending()));
    // Whoever hung up was taken in all the same.
    drop(waiting.remove(1));
    assert_eq!((written(&intake).len(), intake.lock().shard.outcomes), (1, 1));
    for it in &mut waiting {
        assert!(matches!(begun(it.as_mut()), Poll::Ready(Ok(1))));
        assert_eq!((written(&intake).len(), intake.lock().shard.outcomes), (6, 6));
    }
    assert_eq!(written(&intake).iter().map(|it| it.duration_us).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(intake.counters.accepted.load(Ordering::Relaxed), 5);
}

#[test]
fn a_request_that_waits_for_nothing_takes_with_it_what_waits() {
    let folder = tempfile::tempdir().unwrap();
    let (intake, plan) = (Intake::open(folder.path(), LIMITS).unwrap(), plan());
    let _ = begun(pin!(intake.single(&plan, of_model(0, 0))));
    let mut waiting = pin!(intake.single(&plan, of_model(0, 1)));
    assert!(begun(waiting.as_mut()).is_pending());
    intake.request(&plan, Box::default()).unwrap();
    let entries = journal::read(intake.lock().segment.path()).unwrap().entries;
    assert!(matches!(entries[..], [Entry::Plan(_), Entry::Single(_), Entry::Single(_), Entry::Request(_)]));
    intake.stop();
    assert!(matches!(begun(waiting), Poll::Ready(Ok(1))));
    assert!(matches!(begun(pin!(intake.single(&plan, of_model(0, 2)))), Poll::Ready(Err(Refused::Stopping))));
}

#[test]
fn combinations_beyond_the_bound_are_one_however_many_come_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (intake, plan) = (Intake::open(folder.path(), LIMITS).unwrap(), plan());
    let mut all = pin!(join_all((0..20).map(|it| intake.single(&plan, of_model(it, 0)))));
    assert!(begun(all.as_mut()).is_pending());
    assert!(begun(all).is_ready());
    let models: std::collections::BTreeSet<_> = written(&intake).into_iter().map(|it| it.origin.labels.model).collect();
    assert_eq!(models.into_iter().flatten().collect::<Vec<_>>(), ["m0", "m1", "m2", "other"]);
    assert_eq!(intake.lock().shard.outcomes, 20);
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_refused_whole_and_counted_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let (intake, plan) = (Intake::open(folder.path(), LIMITS).unwrap(), plan());
    let _ = begun(pin!(intake.single(&plan, of_model(0, 0))));
    let mut waiting: Vec<_> = (1..=3).map(|it| Box::pin(intake.single(&plan, of_model(0, it)))).collect();
    assert!(waiting.iter_mut().all(|it| begun(it.as_mut()).is_pending()));
    intake.lock().segment.fill();
    for it in &mut waiting {
        assert!(matches!(begun(it.as_mut()), Poll::Ready(Err(Refused::Journal(_)))));
    }
    assert_eq!(intake.lock().shard.outcomes, 1);
    assert_eq!(intake.counters.refused.load(Ordering::Relaxed), 3);
}
