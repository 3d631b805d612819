//! The records that wait for plugins get their verdicts.

use super::Fold;
use super::explain::{Explanation, late};
use crate::kind::Check;
use crate::plan::Plan;
use crate::plugin::rule::{Verdict, Waiting};
use crate::report::{Outcome, Tally, Trouble};

/// What a plugin said of a record after the record was checked, unless it passed.
#[derive(Clone, Debug, PartialEq)]
pub struct Late {
    /// Which expectation, as an index into the plan.
    pub expectation: usize,
    /// The verdict, with the record's number as [`check`](super::check) was given it.
    pub verdict: Verdict,
}

impl Late {
    /// The verdict as [`explain`](super::explain()) would give it.
    pub fn explain(self, plan: &Plan) -> Explanation {
        late(plan, self.expectation, self.verdict)
    }
}

/// A place to wait for each rule of a plugin.
pub(super) fn waiting(plan: &Plan) -> Vec<Waiting> {
    let rules = plan.expectations.iter().enumerate();
    let rules = rules.filter_map(|(i, it)| match &it.check {
        Check::Batch(rule) => Some(Waiting::new(i, rule)),
        _ => None,
    });
    rules.collect()
}

/// Asks the plugins about the records that wait, and counts what they answer. What is given back is sorted by
/// record, then by expectation. May block, as plugins may.
pub fn flush(fold: &mut Fold) -> Vec<Late> {
    let mut all = Vec::new();
    for waiting in &mut fold.waiting {
        if waiting.is_empty() {
            continue;
        }
        let i = waiting.expectation;
        let tally = &mut fold.window.tallies[i];
        for verdict in waiting.flush() {
            if verdict.outcome == Outcome::Pass {
                continue;
            }
            count(tally, &verdict);
            if matches!(verdict.outcome, Outcome::Fail | Outcome::Mismatch) {
                fold.samples.add(i, verdict.number, || verdict.value.clone());
            }
            all.push(Late { expectation: i, verdict });
        }
    }
    all.sort_by_key(|it| (it.verdict.number, it.expectation));
    all
}

/// Counts a verdict.
pub(super) fn count(tally: &mut Tally, verdict: &Verdict) {
    match verdict.outcome {
        Outcome::Pass => {}
        Outcome::Skip => tally.skipped += 1,
        Outcome::Fail => tally.failed += 1,
        Outcome::Mismatch => tally.mismatch_at(verdict.number, verdict.misfit.unwrap_or("unknown")),
        Outcome::Error => {
            let why = verdict.why.clone().unwrap_or_default();
            tally.troubled(&Trouble { records: 1, row: verdict.number, why });
        }
    }
}
