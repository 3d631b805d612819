//! The verdicts of a batch on their way to whoever asked.

use std::io::{Read as _, Seek as _, Write as _};

use super::pending::Pending;
use super::{Batch, Done, Ended, Wanted, Work};
use crate::intake::entry::FailureNote;
use crate::store::rows::Verdict;
use crate::wire::{Failure, Finding, RecordVerdict, Summary, Word};

impl Work<'_> {
    /// Writes a record's verdict, and keeps its failures.
    pub(super) fn tell(&mut self, pending: &Pending, verdict: Verdict, lines: bool) {
        let batch = self.batch;
        let Pending { n, line, who, notes, errors, .. } = pending;
        let is_wanted = match batch.wanted {
            Wanted::All => true,
            Wanted::Failed => !notes.is_empty() || !errors.is_empty(),
            Wanted::None => false,
        };
        if is_wanted {
            let answer = RecordVerdict {
                record: *n,
                line: *line,
                record_id: who.record_id.as_deref(),
                valid: verdict != Verdict::Fail,
                verdict: Word(verdict),
                action: if verdict == Verdict::Fail { batch.action } else { "accept" },
                failures: Failure::all(&batch.version.note, notes),
                errors: Failure::all(&batch.version.note, errors),
            };
            if self.n_out > 0 && !lines {
                self.out.push(b',');
            }
            self.n_out += 1;
            // Writing to memory does not fail, and nothing in it cannot be JSON.
            let _ = serde_json::to_writer(&mut self.out, &answer);
            if lines {
                self.out.push(b'\n');
            }
        }
        for note in notes {
            if self.n_failures < batch.limits.failures {
                self.failures.push(FailureNote { n: self.n_failures, record: *n, ..note.clone() });
            } else {
                self.n_left_out += 1;
            }
            self.n_failures += 1;
        }
    }

    /// Sends the verdicts that were written, or holds them.
    pub(super) fn answer(&mut self, send: &mut dyn FnMut(Vec<u8>) -> bool) -> Result<(), Ended> {
        let out = std::mem::take(&mut self.out);
        match &mut self.held {
            Some(file) => file.write_all(&out).map_err(Ended::Held)?,
            None if self.is_read && !out.is_empty() => self.is_read = send(out),
            None => {}
        }
        Ok(())
    }

    /// Sends what was held.
    pub(super) fn release(&mut self, send: &mut dyn FnMut(Vec<u8>) -> bool) -> Result<(), Ended> {
        let Some(mut file) = self.held.take() else { return Ok(()) };
        file.rewind().map_err(Ended::Held)?;
        loop {
            let mut block = Vec::with_capacity(64 << 10);
            (&file).take(64 << 10).read_to_end(&mut block).map_err(Ended::Held)?;
            if block.is_empty() || !send(block) {
                return Ok(());
            }
        }
    }
}

impl Done {
    /// What is answered behind the verdicts.
    pub fn summary<'d>(&'d self, batch: &'d Batch, repeated: bool) -> Summary<'d> {
        Summary {
            result_id: batch.id,
            suite: &batch.version.name,
            suite_hash: &batch.version.hash,
            verdict: Word(self.verdict),
            records: self.sums.records,
            failed: self.sums.failed,
            warned: self.sums.warned,
            unreadable: self.sums.unreadable,
            findings: self.findings.iter().filter_map(|it| Finding::new(&batch.version.note, it)).collect(),
            repeated,
            error: self.cut.as_ref().map(|it| it.why.clone()),
        }
    }
}
