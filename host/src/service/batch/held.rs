//! Records on their way to their verdict: where rules are plugins', they are answered some at a time.

use driftline_rules::report::{Outcome, Tally};
use driftline_rules::run::{self, Late};
use driftline_rules::value::Value;

use super::{Wanted, Work, parts};
use crate::intake::entry::{Count, FailureNote};
use crate::service::version::Who;
use crate::store::rows::{Labels, Verdict};

/// A record whose verdict is not answered yet.
pub(super) struct Held {
    /// Its ordinal.
    pub n: u64,
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
}

impl Work<'_> {
    /// Whether anyone wants to know why records fail.
    pub(super) fn wants_notes(&self) -> bool {
        self.n_failures < self.batch.limits.failures || self.batch.wanted != Wanted::None
    }

    /// A record that was checked.
    pub(super) fn held(&mut self, held: Held, lines: bool) {
        if self.fold.waiting.is_empty() {
            self.answer(&held, lines);
            return;
        }
        self.held.push(held);
        if self.fold.is_full() {
            self.settle(lines);
        }
    }

    /// Answers all records that wait for plugins.
    pub(super) fn settle(&mut self, lines: bool) {
        if self.held.is_empty() {
            return;
        }
        let version = &self.batch.version;
        let plan = &version.loaded.plan;
        let mut late = run::flush(&mut self.fold).into_iter().peekable();
        for mut held in std::mem::take(&mut self.held) {
            let mut told = Vec::new();
            while let Some(it) = late.next_if(|it| it.verdict.number == held.n) {
                self.count(&held.who.labels, &it);
                match it.verdict.outcome {
                    Outcome::Fail | Outcome::Mismatch => held.failed.push(it.expectation as u16),
                    Outcome::Error => {}
                    Outcome::Pass | Outcome::Skip => continue,
                }
                told.push(it);
            }
            if self.wants_notes() && !told.is_empty() {
                let (errors, failures) = told.into_iter().partition(|it| it.verdict.outcome == Outcome::Error);
                let explain = |all: Vec<Late>| all.into_iter().map(|it| it.explain(plan)).collect();
                held.notes.extend(version.notes(&held.who, explain(failures)));
                held.errors = version.notes(&held.who, explain(errors));
                held.notes.sort_by_key(|it| it.check);
            }
            self.answer(&held, lines);
        }
        // What was counted by labels here is not counted again with the next record.
        for waiting in &self.fold.waiting {
            if let (true, Some(before), Some(now)) = (
                self.has_labels,
                self.before.get_mut(waiting.expectation),
                self.fold.window.tallies.get(waiting.expectation),
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
        // Beyond so many combinations all are counted together, as when they are first seen.
        let labels = if self.by_labels.contains_key(labels) { labels.clone() } else { Labels::default() };
        let n = self.before.len();
        let counts = self.by_labels.entry(labels).or_insert_with(|| vec![Count::default(); n]);
        let Some(count) = counts.get_mut(late.expectation) else { return };
        match late.verdict.outcome {
            Outcome::Pass => {}
            Outcome::Skip => count.skipped += 1,
            Outcome::Fail | Outcome::Mismatch => count.failed += 1,
            Outcome::Error => count.seen = count.seen.saturating_sub(1),
        }
    }

    /// Adds what the last record changed to the counts of its labels.
    pub(super) fn by_labels(&mut self, cells: &[Value]) {
        let labels = self.batch.version.labels(cells);
        let n = self.before.len();
        // So many combinations are hardly labels; the rest is counted together.
        let labels = if self.by_labels.len() < 1000 || self.by_labels.contains_key(&labels) {
            labels
        } else {
            Labels::default()
        };
        let counts = self.by_labels.entry(labels).or_insert_with(|| vec![Count::default(); n]);
        for ((before, now), count) in self.before.iter_mut().zip(&self.fold.window.tallies).zip(counts) {
            parts::add(count, before, now);
            before.clone_from(now);
        }
    }

    fn answer(&mut self, held: &Held, lines: bool) {
        let verdict = self.batch.version.verdict(&held.failed);
        self.sums.failed += u64::from(verdict == Verdict::Fail);
        self.sums.warned += u64::from(verdict == Verdict::Warn);
        self.tell(held, verdict, lines);
        let untold = held.failed.len().saturating_sub(held.notes.len()) as u64;
        self.n_failures += untold;
        self.n_left_out += untold;
    }
}

/// Records that a plugin could not judge.
pub(super) fn troubled(tally: &Tally) -> u64 {
    tally.trouble.as_ref().map_or(0, |it| it.records)
}
