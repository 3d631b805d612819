//! The parts of a batch as the journal takes them, and its end: what the expectations say of the whole.

use std::time::Instant;

use driftline_rules::plugin::Context;
use driftline_rules::report::Tally;
use driftline_rules::run::{self, Finding};

use super::pending::troubled;
use super::{Cut, Done, Ended, Work};
use crate::intake::Intake;
use crate::intake::entry::{Count, FindingNote, Origin, Request};
use crate::metrics::{self, Stage};
use crate::service::judging::{Judgements, judgements};
use crate::store::rows::{FindingRow, Labels, Verdict};
use crate::telemetry::Span;

/// What was found at the end of a batch.
#[derive(Default)]
pub(super) struct Judged {
    findings: Vec<FindingNote>,
    statistics: String,
    verdict: Verdict,
}

impl Work<'_> {
    /// Journals what came since the last part.
    pub(super) fn store(&mut self, intake: Option<&Intake>, judged: Option<Judged>) -> Result<u64, Ended> {
        self.settle(true);
        let Some(intake) = intake else {
            self.failures.clear();
            self.board.clear();
            return Ok(0);
        };
        let batch = self.batch;
        let mut tallies: Vec<_> = std::mem::take(&mut self.by_labels).into_iter().collect();
        if !self.has_labels {
            let mut counts = vec![Count::default(); batch.version.note.checks.len()];
            for ((before, now), count) in self.before.iter_mut().zip(&self.fold.window.tallies).zip(&mut counts) {
                add(count, before, now);
                before.clone_from(now);
            }
            // `readable` is not counted by the engine, since it is about what never comes there.
            // Nor are records as a whole, which stand behind all expectations.
            let (sums, told) = (&self.sums, &self.journalled);
            let seen = sums.records - told.records;
            if let [readable, .., whole] = counts.as_mut_slice() {
                *readable = Count { seen, failed: sums.unreadable - told.unreadable, skipped: 0 };
                *whole = Count { seen, failed: sums.failed - told.failed, skipped: 0 };
            }
            tallies.push((Labels::default(), counts));
        }
        // What judges windows has no counts by record.
        for (count, check) in tallies.iter_mut().flat_map(|it| it.1.iter_mut().zip(&batch.version.note.checks)) {
            if !check.by_record {
                *count = Count::default();
            }
        }
        let origin = match tallies.as_slice() {
            [(labels, _)] if self.parts == 0 => Origin { labels: labels.clone(), ..batch.origin.clone() },
            _ => batch.origin.clone(),
        };
        let is_last = judged.is_some();
        let Judged { findings, statistics, verdict } = judged.unwrap_or_default();
        let found: Vec<FindingRow> = findings
            .iter()
            .enumerate()
            .map(|(n, it)| batch.version.note.finding(batch.id, batch.at, "", n, it))
            .collect();
        let request = Request {
            plan: 0,
            id: batch.id,
            at: batch.at,
            origin,
            trace_id: batch.trace_id.clone(),
            requests: u32::from(self.parts == 0),
            records: self.sums.records - self.journalled.records,
            failed: self.sums.failed - self.journalled.failed,
            warned: self.sums.warned - self.journalled.warned,
            unreadable: self.sums.unreadable - self.journalled.unreadable,
            verdict,
            duration_us: self.started.elapsed().as_micros() as u64,
            tallies,
            failures: std::mem::take(&mut self.failures),
            failures_left_out: std::mem::take(&mut self.n_left_out),
            findings,
            statistics: is_last.then_some(statistics),
            key: if is_last { batch.key.clone() } else { None },
            predictions: std::mem::take(&mut self.predictions),
            windows: self.panes.take(&batch.version).into_iter().chain(self.apart.take(&batch.version)).collect(),
        };
        let (begun, span) = (Instant::now(), Span::part("journal"));
        let number = intake.request(&batch.version.note, Box::new(request)).map_err(Ended::Refused)?;
        metrics::took(Stage::Journal, begun.elapsed());
        drop(span);
        if is_last {
            let unjudged = self.fold.window.tallies.iter().map(troubled).enumerate();
            intake.troubled(&batch.version.note, unjudged);
        }
        let signals = batch.app.shelf.signals();
        signals.take_up(&batch.version, &self.board);
        signals.found(&batch.version, &found, true);
        self.board.clear();
        self.parts += 1;
        self.journalled = self.sums;
        self.started = Instant::now();
        Ok(number)
    }

    /// Judges the whole, and journals its last part.
    pub(super) fn finish(
        mut self,
        intake: Option<&Intake>,
        cut: Option<Cut>,
        send: &mut dyn FnMut(Vec<u8>) -> bool,
    ) -> Result<Done, Ended> {
        // While nothing was answered, the whole can still be refused.
        if let Some(cut) = cut.clone().filter(|_| !self.is_told) {
            return Err(Ended::Unread(cut));
        }
        self.settle(true);
        let version = &self.batch.version;
        let Judgements { findings, statistics, verdict } = judgements(version, self.judged(), false);
        let verdict = if cut.is_some() { Verdict::Fail } else { verdict };
        let statistics = statistics.to_string();
        // What is held is whole before it is journalled: nothing may fail between that and the key's being counted.
        if self.held.is_some() {
            self.answer(send)?;
        }
        let number = self.store(intake, Some(Judged { findings: findings.clone(), statistics, verdict }))?;
        let lost = self.answer(send).and_then(|()| self.release(send)).err();
        let cut = cut.or_else(|| lost.map(|_| Cut::unread("the verdicts that were held cannot be read back")));
        Ok(Done { sums: self.sums, findings, verdict, cut, number })
    }
}

impl Work<'_> {
    fn judged(&self) -> Vec<Finding> {
        let (plan, references) = (&self.batch.version.loaded.plan, self.batch.compared.references());
        run::judge_against(plan, &self.fold, self.batch.at, &Context::default(), references)
    }
}

/// Adds what changed from `before` to `now`.
pub(super) fn add(count: &mut Count, before: &Tally, now: &Tally) {
    // A record that could not be judged neither passed nor failed.
    count.seen += (now.seen - troubled(now)) - (before.seen - troubled(before));
    count.failed += (now.failed + now.mismatched) - (before.failed + before.mismatched);
    count.skipped += now.skipped - before.skipped;
}
