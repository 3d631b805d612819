//! A record is checked, and folded into the counts and summaries of a window.

use super::{Fold, flush};
use crate::binder::{GuardId, Of, Side};
use crate::kind::Check;
use crate::plan::{Expectation, Plan};
use crate::report::Outcome;
use crate::row::Row;
use crate::sketch::Sketch;
use crate::time::Timestamp;
use crate::value::Value;
use crate::window::Window;

/// Checks one record and folds it in. Text in declared fields becomes what it means, in place.
/// The expectations it fails are left in `fold.failed`, in the order of the plan.
/// False: the plan's filter leaves the record out, and nothing is counted.
///
/// Rules of plugins are not judged yet: the record waits in the fold until [`flush`]. Whoever wants to
/// know which records failed asks for it when the fold [is full](Fold::is_full), and at the end.
pub fn check(plan: &Plan, cells: &mut [Value], number: u64, now: Timestamp, fold: &mut Fold) -> bool {
    fold.failed.clear();
    fold.skipped.clear();
    fold.mismatched.clear();
    if fold.is_full() {
        flush(fold);
    }
    if let Some(filter) = &plan.filter {
        // A text that is no such type is counted below, where the record is known to be wanted.
        convert_all(plan, cells);
        if !filter.holds(&Row { cells, number, now }) {
            return false;
        }
    }
    fold.window.rows += 1;
    convert(plan, cells, number, fold);
    let logged = plan.predictions.as_ref().filter(|it| it.keeps(cells));
    fold.window.logged += u64::from(logged.is_some());
    if !plan.labels_come_later {
        fold.window.waited = Timestamp::MAX;
    }
    let is_labelled = !plan.labels_come_later && logged.is_some_and(|it| it.is_labelled(cells));
    let row = Row { cells, number, now };
    fold.sides.clear();
    fold_in(plan, &row, Side::Record, fold);
    if is_labelled {
        fold.window.joined += 1;
        fold_in(plan, &row, Side::Label, fold);
        fold.failed.sort_unstable();
    }
    true
}

/// Folds in a record of the log of predictions whose label was joined, its cells as they were kept. Expectations on
/// labels see it, and no other.
pub fn join(plan: &Plan, cells: &mut [Value], number: u64, now: Timestamp, fold: &mut Fold) {
    fold.failed.clear();
    fold.skipped.clear();
    fold.mismatched.clear();
    if fold.is_full() {
        flush(fold);
    }
    convert_all(plan, cells);
    fold.window.joined += 1;
    fold.sides.clear();
    fold_in(plan, &Row { cells, number, now }, Side::Label, fold);
}

/// Folds a record into what is of one side.
fn fold_in(plan: &Plan, row: &Row, side: Side, fold: &mut Fold) {
    let number = row.number;
    fold.sides.push(side);
    for (held, cell) in fold.window.held.iter_mut().zip(row.cells) {
        held.note(cell);
    }
    for (holds, guard) in fold.guards.iter_mut().zip(&plan.guards) {
        *holds = guard.holds(row);
    }
    let lets = |guards: &[bool], guard: Option<GuardId>| guard.is_none_or(|it| guards[it.0 as usize]);
    // The first, `readable`, is counted where records are read.
    for (i, expectation) in plan.expectations.iter().enumerate().skip(1) {
        if expectation.side != side
            || matches!(expectation.check, Check::Converted(_))
            || !lets(&fold.guards, expectation.guard)
        {
            continue;
        }
        let tally = &mut fold.window.tallies[i];
        tally.seen += 1;
        match outcome(expectation, row) {
            None | Some(Outcome::Pass | Outcome::Error) => {}
            Some(Outcome::Skip) => {
                tally.skipped += 1;
                fold.skipped.push(i as u16);
            }
            Some(Outcome::Fail) => {
                tally.failed += 1;
                fold.samples.add(i, number, || expectation.subject_of(row));
                fold.failed.push(i as u16);
            }
            Some(Outcome::Mismatch) => {
                let misfit = type_of(expectation, row);
                tally.mismatch_at(number, misfit);
                fold.samples.add(i, number, || expectation.subject_of(row));
                fold.failed.push(i as u16);
                fold.mismatched.push((i as u16, misfit));
            }
        }
    }
    for waiting in &mut fold.waiting {
        let expectation = &plan.expectations[waiting.expectation];
        if expectation.side == side && lets(&fold.guards, expectation.guard) {
            waiting.push(row);
        }
    }
    summarize(plan, row, side, &fold.guards, &mut fold.window);
}

/// Folds a record into the summaries of a window.
pub(super) fn summarize(plan: &Plan, row: &Row, side: Side, guards: &[bool], window: &mut Window) {
    let lets = |guard: Option<GuardId>| guard.is_none_or(|it| guards.get(usize::from(it.0)) == Some(&true));
    for (sketch, plan) in window.sketches.iter_mut().zip(&plan.bindings.sketches) {
        if plan.side != side {
            continue;
        }
        if !lets(plan.guard) || plan.ignore.leaves_out(&plan.slots, row, plan.nan_is_null) {
            pass_over(sketch, row.number);
            continue;
        }
        match plan.slots.as_slice() {
            [slot] if plan.of == Of::Length => sketch.update(&Of::length(row.at(*slot)), row.number),
            [slot] => sketch.update(row.at(*slot), row.number),
            slots => sketch.update_many(slots.iter().map(|it| row.at(*it)), row.number),
        }
    }
}

/// Folds one record, as [`check`] left its cells, into one summary of the plan, with `told` in place of
/// the values: for a host that may not keep them. Which records the summary sees, the values say.
pub fn fold_told(plan: &Plan, which: usize, cells: &[Value], told: &[Value], number: u64, sketch: &mut Sketch) {
    let Some(it) = plan.bindings.sketches.get(which) else { return };
    let row = Row { cells, number, now: 0 };
    let is_seen = it.guard.is_none_or(|guard| plan.guards.get(usize::from(guard.0)).is_some_and(|it| it.holds(&row)));
    if !is_seen || it.ignore.leaves_out(&it.slots, &row, it.nan_is_null) {
        return pass_over(sketch, number);
    }
    match told {
        // The length of a hash is nobody's.
        [_] if it.of == Of::Length => {}
        [value] => sketch.update(value, number),
        values => sketch.update_many(values.iter(), number),
    }
}

/// A row that a summary is not concerned with. One of row by row order is told, so that the rows
/// around it stay together; the others keep nothing of it.
fn pass_over(sketch: &mut Sketch, number: u64) {
    if let Sketch::Runs(_) = sketch {
        sketch.update(&Value::Missing, number);
    }
}

/// Counts a record that could not be read.
pub fn unreadable(reason: &str, number: u64, fold: &mut Fold) {
    fold.failed.clear();
    fold.failed.push(0);
    fold.window.rows += 1;
    fold.window.unreadable += 1;
    fold.window.sketches.iter_mut().for_each(|it| pass_over(it, number));
    fold.samples.add(0, number, || Value::Str(reason.to_owned().into()));
}

/// Text in declared fields becomes what the suite says it means; nothing is counted.
pub fn convert_all(plan: &Plan, cells: &mut [Value]) {
    for (slot, ty, _) in &plan.typed {
        let _ = cells.get_mut(slot.0 as usize).is_some_and(|it| ty.convert_in_place(it));
    }
}

/// Text in a declared field becomes what the suite says it means.
fn convert(plan: &Plan, cells: &mut [Value], number: u64, fold: &mut Fold) {
    for (slot, ty, expectation) in &plan.typed {
        let Some(cell) = cells.get_mut(slot.0 as usize) else { continue };
        let at = *expectation as usize;
        let tally = &mut fold.window.tallies[at];
        tally.seen += 1;
        if cell.is_null() {
            tally.skipped += 1;
            fold.skipped.push(*expectation);
        } else if !ty.convert_in_place(cell) {
            tally.failed += 1;
            fold.samples.add(at, number, || cell.to_owned());
            fold.failed.push(*expectation);
        }
    }
}

/// `None` for what is judged by window only.
pub(super) fn outcome(expectation: &Expectation, row: &Row) -> Option<Outcome> {
    match &expectation.check {
        Check::Value(check) => {
            let value = expectation.slots.first().map_or(&Value::Missing, |it| row.at(*it));
            Some(if expectation.is_null(value) { Outcome::Skip } else { check.check(value) })
        }
        Check::Row(check) => Some(if expectation.ignores(row) { Outcome::Skip } else { check.check(row) }),
        Check::Window(_) | Check::Batch(_) | Check::Converted(_) | Check::Watch(_) | Check::Invalid(_) => None,
    }
}

fn type_of(expectation: &Expectation, row: &Row) -> &'static str {
    let values = || expectation.slots.iter().map(|it| row.at(*it)).filter(|it| !expectation.is_null(it));
    // Of several values the text is the likelier culprit: most rules want numbers.
    values().find(|it| it.as_str().is_some()).or_else(|| values().next()).map_or("null", Value::type_name)
}
