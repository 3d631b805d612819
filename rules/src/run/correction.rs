//! Alarms of many tests are held against chance together.

use super::Finding;
use crate::plan::Plan;
use crate::report::Status;

/// Of the alarms of many tests, leaves those that are no chance for all tests together, as `drift.correction` says.
/// `findings` are those of one window, or of several that are judged together: the total and its segments. Each is
/// given once, as [`judge_uncorrected`](super::judge_uncorrected) made it.
pub fn correct(plan: &Plan, findings: &mut [&mut [Finding]]) {
    let Some(correction) = plan.drift.correction else { return };
    let all = || findings.iter().flat_map(|it| it.iter());
    let ps: Vec<f64> = all().filter_map(|it| it.judgement.chance).map(|it| it.p).collect();
    if ps.len() < 2 {
        return;
    }
    let adjusted = correction.adjust(&ps);
    let all = findings.iter_mut().flat_map(|it| it.iter_mut());
    let judged = all.map(|it| &mut it.judgement).filter(|it| it.chance.is_some());
    for (judgement, adjusted) in judged.zip(adjusted) {
        let Some(chance) = judgement.chance else { continue };
        if judgement.status == Status::Fail && adjusted >= chance.alpha {
            judgement.status = Status::Pass;
            let why = judgement.why.take().unwrap_or_default();
            judgement.why = Some(format!(
                "{why}; likely chance among {} tests (p {:.2e}, corrected {adjusted:.2e})",
                ps.len(),
                chance.p
            ));
        }
    }
}
