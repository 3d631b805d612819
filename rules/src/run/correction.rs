//! Alarms of many tests are held against chance together.

use super::Finding;
use crate::plan::Plan;
use crate::report::Status;
use crate::value::Value;

/// Of the alarms of many tests, leaves those that are no chance for all tests together, as `drift.correction` says; and
/// of many windows that are watched together, those that are none for all windows. `findings` are those of one window,
/// or of several that are judged together: the total and its segments. Each is given once, as
/// [`judge_uncorrected`](super::judge_uncorrected) made it. `spends` is the share of the level that windows of this time
/// may spend, [`References::spends`](super::References::spends).
pub fn correct(plan: &Plan, spends: Option<f64>, findings: &mut [&mut [Finding]]) {
    let all = || findings.iter().flat_map(|it| it.iter());
    let ps: Vec<f64> = all().filter_map(|it| it.judgement.chance).map(|it| it.p).collect();
    let correction = plan.drift.correction.filter(|_| ps.len() > 1);
    if correction.is_none() && spends.is_none() {
        return;
    }
    let adjusted = correction.map_or_else(|| ps.clone(), |it| it.adjust(&ps));
    let all = findings.iter_mut().flat_map(|it| it.iter_mut());
    let judged = all.map(|it| &mut it.judgement).filter(|it| it.chance.is_some());
    for (judgement, adjusted) in judged.zip(adjusted) {
        let Some(chance) = judgement.chance else { continue };
        let level = chance.alpha * spends.unwrap_or(1.0);
        if let (Some(_), Value::Map(details)) = (spends, &mut judgement.details) {
            details.push(("level".into(), Value::Num(level)));
        }
        if judgement.status != Status::Fail || adjusted < level {
            continue;
        }
        judgement.status = Status::Pass;
        let why = judgement.why.take().unwrap_or_default();
        let among = if adjusted < chance.alpha {
            format!("likely chance among all windows (p {adjusted:.2e}, level of this one {level:.2e})")
        } else {
            format!("likely chance among {} tests (p {:.2e}, corrected {adjusted:.2e})", ps.len(), chance.p)
        };
        judgement.why = Some(format!("{why}; {among}"));
    }
}
