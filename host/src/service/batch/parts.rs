//! The parts of a batch as the journal takes them, and its end: what the expectations say of the whole.

use std::time::Instant;

use driftline_rules::report::{Status, Tally};
use driftline_rules::run;
use driftline_rules::value::Value;

use super::{Cut, Done, Ended, Work};
use crate::intake::Intake;
use crate::intake::entry::{Count, FindingNote, Origin, Request};
use crate::output::json_value::to_line;
use crate::service::version::verdict_of;
use crate::store::rows::{Labels, Verdict};

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
        let Some(intake) = intake else {
            self.failures.clear();
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
            let (sums, told) = (&self.sums, &self.told);
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
        let request = Request {
            plan: 0,
            id: batch.id,
            at: batch.at,
            origin,
            requests: u32::from(self.parts == 0),
            records: self.sums.records - self.told.records,
            failed: self.sums.failed - self.told.failed,
            warned: self.sums.warned - self.told.warned,
            unreadable: self.sums.unreadable - self.told.unreadable,
            verdict,
            duration_us: self.started.elapsed().as_micros() as u64,
            tallies,
            failures: std::mem::take(&mut self.failures),
            failures_left_out: std::mem::take(&mut self.n_left_out),
            findings,
            statistics: is_last.then_some(statistics),
            key: if is_last { batch.key.clone() } else { None },
        };
        let number = intake.request(&batch.version.note, Box::new(request)).map_err(Ended::Refused)?;
        self.parts += 1;
        self.told = self.sums;
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
        let version = &self.batch.version;
        let plan = &version.loaded.plan;
        let mut verdict = if cut.is_some() { Verdict::Fail } else { Verdict::Pass };
        let mut findings = Vec::new();
        let mut statistics = serde_json::Map::new();
        for finding in run::judge(plan, &self.fold, self.batch.at) {
            let expectation = &plan.expectations[finding.expectation];
            let judgement = finding.judgement;
            if matches!(judgement.status, Status::Fail | Status::Error) {
                verdict = verdict.max(verdict_of(expectation.severity));
            }
            if let Some(counts) = judgement.counts {
                let entry = serde_json::json!({
                    "elements": counts.elements, "missing": counts.missing, "unexpected": counts.unexpected,
                    "status": judgement.status.name(),
                });
                let title = expectation.title();
                let is_taken = statistics.contains_key(&title);
                let name = if is_taken { format!("{title} ({})", expectation.path) } else { title };
                statistics.insert(name, entry);
            }
            let open = if expectation.fields.is_empty() {
                version.privacy.keeps_all()
            } else {
                expectation.fields.iter().all(|it| version.privacy.keeps(it))
            };
            let has_value = !matches!(judgement.observed, Value::Missing | Value::Null);
            findings.push(FindingNote {
                check: finding.expectation as u32,
                status: judgement.status.name().to_owned(),
                observed: (has_value && open).then(|| to_line(&judgement.observed)),
                bound: judgement.bound,
                message: judgement.why.filter(|_| open).unwrap_or_default(),
                counts: judgement.counts.map(|it| (it.elements, it.unexpected)),
                error: judgement.error,
            });
        }
        let statistics = serde_json::Value::Object(statistics).to_string();
        let number = self.store(intake, Some(Judged { findings: findings.clone(), statistics, verdict }))?;
        self.answer(send)?;
        self.release(send)?;
        Ok(Done { sums: self.sums, findings, verdict, cut, number })
    }
}

/// Adds what changed from `before` to `now`.
pub(super) fn add(count: &mut Count, before: &Tally, now: &Tally) {
    count.seen += now.seen - before.seen;
    count.failed += (now.failed + now.mismatched) - (before.failed + before.mismatched);
    count.skipped += now.skipped - before.skipped;
}
