//! The parts of a batch as the journal takes them, and its end: what the expectations say of the whole.

use std::time::Instant;

use driftline_rules::report::{Status, Tally};
use driftline_rules::run;
use driftline_rules::value::Value;

use super::held::troubled;
use super::{Done, Ended, Work};
use crate::intake::Intake;
use crate::intake::entry::{Count, FindingNote, Origin, Request};
use crate::output::json_value::to_line;
use crate::service::version::verdict_of;
use crate::store::rows::{Labels, Verdict};

impl Work<'_> {
    /// Journals what came since the last part.
    pub(super) fn store(
        &mut self,
        intake: Option<&Intake>,
        findings: Vec<FindingNote>,
        statistics: Option<String>,
        verdict: Verdict,
    ) -> Result<u64, Ended> {
        let Some(intake) = intake else {
            self.failures.clear();
            return Ok(0);
        };
        let batch = self.batch;
        let mut tallies: Vec<_> = std::mem::take(&mut self.by_labels).into_iter().collect();
        if !self.has_labels {
            let mut counts = vec![Count::default(); self.before.len()];
            for ((before, now), count) in self.before.iter_mut().zip(&self.fold.window.tallies).zip(&mut counts) {
                add(count, before, now);
                before.clone_from(now);
            }
            tallies.push((Labels::default(), counts));
        }
        // What judges windows has no counts by record; `readable` is counted here.
        let read = Count {
            seen: self.sums.records - self.told.records,
            failed: self.sums.unreadable - self.told.unreadable,
            skipped: 0,
        };
        for (i, (_, counts)) in tallies.iter_mut().enumerate() {
            for (count, check) in counts.iter_mut().zip(&batch.version.note.checks) {
                if !check.by_record {
                    *count = Count::default();
                }
            }
            if let Some(first) = counts.first_mut().filter(|_| i == 0) {
                *first = read;
            }
        }
        let origin = match tallies.as_slice() {
            [(labels, _)] if self.parts == 0 => Origin { labels: labels.clone(), ..batch.origin.clone() },
            _ => batch.origin.clone(),
        };
        let is_last = statistics.is_some();
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
            statistics,
            key: if is_last { batch.key.clone() } else { None },
        };
        let number = intake.request(&batch.version.note, Box::new(request)).map_err(Ended::Refused)?;
        self.parts += 1;
        self.told = self.sums;
        self.started = Instant::now();
        Ok(number)
    }

    /// Judges the whole, and journals its last part.
    pub(super) fn finish(mut self, intake: Option<&Intake>, error: Option<String>) -> Result<Done, Ended> {
        let version = &self.batch.version;
        let plan = &version.loaded.plan;
        let mut verdict = Verdict::Pass;
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
                statistics.insert(expectation.title(), entry);
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
        let number = self.store(intake, findings.clone(), Some(statistics), verdict)?;
        Ok(Done { sums: self.sums, findings, verdict, error, number })
    }
}

/// Adds what changed from `before` to `now`.
pub(super) fn add(count: &mut Count, before: &Tally, now: &Tally) {
    // A record that could not be judged neither passed nor failed.
    count.seen += (now.seen - troubled(now)) - (before.seen - troubled(before));
    count.failed += (now.failed + now.mismatched) - (before.failed + before.mismatched);
    count.skipped += now.skipped - before.skipped;
}
