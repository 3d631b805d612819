//! A record that was checked once is folded into further windows: those of its segments.

use super::checking::summarize;
use super::flush::count;
use super::{Fold, Late};
use crate::binder::Side;
use crate::kind::Check;
use crate::plan::Plan;
use crate::report::Outcome;
use crate::row::Row;
use crate::samples::Samples;
use crate::time::Timestamp;
use crate::value::Value;
use crate::window::Window;

/// Folds the record that `from` was given last, in a call of [`check`](super::check) that was true, into another
/// window of the plan and its samples, without checking it again. `cells` are as the check left them, `number` and
/// `now` those that it was given.
///
/// What rules of plugins say of the record is not known yet: give each [`Late`] that a flush of `from` answers with to
/// [`fold_late`] for the windows that the record lies in.
pub fn fold_again(
    plan: &Plan,
    cells: &[Value],
    number: u64,
    now: Timestamp,
    from: &Fold,
    window: &mut Window,
    samples: &mut Samples,
) {
    let row = Row { cells, number, now };
    let of = |side| from.sides.contains(&side);
    if of(Side::Record) {
        window.rows += 1;
        window.waited = window.waited.max(from.window.waited);
        window.logged += u64::from(plan.predictions.as_ref().is_some_and(|it| it.keeps(cells)));
    }
    window.joined += u64::from(of(Side::Label));
    for (held, cell) in window.held.iter_mut().zip(cells) {
        held.note(cell);
    }
    // The first, `readable`, is counted where records are read.
    for (tally, expectation) in window.tallies.iter_mut().zip(&plan.expectations).skip(1) {
        let lets = expectation.guard.is_none_or(|it| from.guards.get(usize::from(it.0)) == Some(&true));
        tally.seen += u64::from(lets && (of(expectation.side) || matches!(expectation.check, Check::Converted(_))));
    }
    for i in &from.skipped {
        if let Some(tally) = window.tallies.get_mut(usize::from(*i)) {
            tally.skipped += 1;
        }
    }
    let mut mismatched = from.mismatched.iter().peekable();
    for i in &from.failed {
        let at = usize::from(*i);
        let (Some(tally), Some(expectation)) = (window.tallies.get_mut(at), plan.expectations.get(at)) else {
            continue;
        };
        match mismatched.next_if(|it| it.0 == *i) {
            Some((_, misfit)) => tally.mismatch_at(number, misfit),
            None => tally.failed += 1,
        }
        samples.add(at, number, || expectation.subject_of(&row));
    }
    for side in &from.sides {
        summarize(plan, &row, *side, &from.guards, window);
    }
}

/// Counts what a plugin said of a record after it was folded into this window.
pub fn fold_late(late: &Late, window: &mut Window, samples: &mut Samples) {
    let (i, verdict) = (late.expectation, &late.verdict);
    if let Some(tally) = window.tallies.get_mut(i) {
        count(tally, verdict);
    }
    if matches!(verdict.outcome, Outcome::Fail | Outcome::Mismatch) {
        samples.add(i, verdict.number, || verdict.value.clone());
    }
}
