//! Records on their way to their verdict: where rules are plugins', they are answered some at a time.

use driftline_rules::report::{Outcome, Tally};
use driftline_rules::run::{self, Late};
use driftline_rules::signal::Moment;
use driftline_rules::value::Value;

use super::{Wanted, Work, parts};
use crate::intake::entry::{Count, FailureNote};
use crate::service::version::Who;
use crate::store::rows::{Labels, Verdict};
use crate::telemetry::Span;

/// A record whose verdict is not answered yet.
pub(super) struct Pending {
    /// Its ordinal.
    pub n: u64,
    /// Its ordinal within the part of the batch that it came with.
    pub within: u64,
    /// The line it starts on.
    pub line: Option<u64>,
    /// Its id and labels.
    pub who: Who,
    /// The expectations that it failed.
    pub failed: Vec<u16>,
    /// Why; fewer than it failed where nobody wants to know.
    pub notes: Vec<FailureNote>,
    /// What could not judge it.
    pub errors: Vec<FailureNote>,
    /// The window of its segments, and its ordinal there; `None`: it waits for nothing.
    pub apart: Option<(usize, u64)>,
    /// Its cells, where signals wait for what plugins say.
    pub cells: Option<Vec<Value<'static>>>,
}

impl Work<'_> {
    /// Whether anyone wants to know why records fail.
    pub(super) fn wants_notes(&self) -> bool {
        self.n_failures < self.batch.limits.failures || self.batch.wanted != Wanted::None
    }

    /// Adds what a record adds to signals.
    pub(super) fn note(&mut self, n: u64, cells: Option<&[Value]>, failed: &[u16]) {
        if self.board.is_empty() {
            return;
        }
        self.noted.clear();
        self.batch.version.note_signals(cells, self.batch.at, failed, &mut self.noted);
        let moment = Moment { at: self.batch.at, number: n };
        self.board.apply(&self.batch.version.loaded.plan.signals, &self.noted, moment);
    }

    /// A record that was checked.
    pub(super) fn pend(&mut self, pending: Pending, lines: bool) {
        if self.part.waiting.is_empty() {
            self.conclude(&pending, lines);
            return;
        }
        self.pending.push(pending);
        if self.part.is_full() {
            self.conclude_pending(lines);
        }
    }

    /// Asks the plugins, and writes the verdicts of all records that wait for them.
    pub(super) fn conclude_pending(&mut self, lines: bool) {
        if self.pending.is_empty() {
            return;
        }
        let version = &self.batch.version;
        let plan = &version.loaded.plan;
        let mut late = Span::part("plugins").run(|| run::flush(&mut self.part)).into_iter().peekable();
        for mut pending in std::mem::take(&mut self.pending) {
            let mut told = Vec::new();
            while let Some(it) = late.next_if(|it| it.verdict.number == pending.within) {
                self.count(&pending.who.labels, &it);
                if let Some(at) = pending.apart {
                    self.apart.fold_late(at, &it);
                }
                match it.verdict.outcome {
                    Outcome::Fail | Outcome::Mismatch => pending.failed.push(it.expectation as u16),
                    Outcome::Error => {}
                    Outcome::Pass | Outcome::Skip => continue,
                }
                told.push(it);
            }
            if self.wants_notes() && !told.is_empty() {
                let (errors, failures) = told.into_iter().partition(|it| it.verdict.outcome == Outcome::Error);
                let explain = |all: Vec<Late>| all.into_iter().map(|it| it.explain(plan)).collect();
                pending.notes.extend(version.notes(&pending.who, explain(failures)));
                pending.errors = version.notes(&pending.who, explain(errors));
                pending.notes.sort_by_key(|it| it.check);
            }
            self.conclude(&pending, lines);
        }
        // What was counted by labels here is not counted again with the next record.
        for waiting in &self.part.waiting {
            if let (true, Some(before), Some(now)) = (
                self.has_labels,
                self.before.get_mut(waiting.expectation),
                self.part.window.tallies.get(waiting.expectation),
            ) {
                before.clone_from(now);
            }
        }
    }

    /// Counts a plugin's verdict for the labels of its record, which was counted as seen before.
    fn count(&mut self, labels: &Labels, late: &Late) {
        if !self.has_labels {
            return;
        }
        let Some(count) = self.group_of(labels).get_mut(late.expectation) else { return };
        match late.verdict.outcome {
            Outcome::Pass => {}
            Outcome::Skip => count.skipped += 1,
            Outcome::Fail | Outcome::Mismatch => count.failed += 1,
            Outcome::Error => count.seen = count.seen.saturating_sub(1),
        }
    }

    /// Adds what the last record changed to the counts of its labels, which are returned.
    pub(super) fn by_labels(&mut self, cells: &[Value]) -> Labels {
        let labels = self.batch.version.labels(cells);
        let mut before = std::mem::take(&mut self.before);
        let mut counts = std::mem::take(self.group_of(&labels));
        for ((before, now), count) in before.iter_mut().zip(&self.part.window.tallies).zip(&mut counts) {
            parts::add(count, before, now);
            before.clone_from(now);
        }
        if let Some(readable) = counts.first_mut() {
            readable.seen += 1;
        }
        self.before = before;
        *self.group_of(&labels) = counts;
        labels
    }

    /// The counts of a record's labels. So many combinations are hardly labels; the rest is counted together.
    fn group_of(&mut self, labels: &Labels) -> &mut Vec<Count> {
        let is_known = self.by_labels.len() < 1000 || self.by_labels.contains_key(labels);
        self.counts_of(if is_known { labels.clone() } else { Labels::default() })
    }

    pub(super) fn counts_of(&mut self, labels: Labels) -> &mut Vec<Count> {
        let n = self.batch.version.note.checks.len();
        self.by_labels.entry(labels).or_insert_with(|| vec![Count::default(); n])
    }

    fn conclude(&mut self, pending: &Pending, lines: bool) {
        if let Some(cells) = &pending.cells {
            self.note(pending.n, Some(cells), &pending.failed);
        }
        let verdict = self.batch.version.verdict(&pending.failed);
        self.sums.failed += u64::from(verdict == Verdict::Fail);
        self.sums.warned += u64::from(verdict == Verdict::Warn);
        // Records as a whole are counted behind all expectations.
        if self.has_labels
            && let Some(whole) = self.group_of(&pending.who.labels).last_mut()
        {
            whole.seen += 1;
            whole.failed += u64::from(verdict == Verdict::Fail);
        }
        self.tell(pending, verdict, lines);
        let untold = pending.failed.len().saturating_sub(pending.notes.len()) as u64;
        self.n_failures += untold;
        self.n_left_out += untold;
    }
}

/// Records that a plugin could not judge.
pub(super) fn troubled(tally: &Tally) -> u64 {
    tally.trouble.as_ref().map_or(0, |it| it.records)
}
