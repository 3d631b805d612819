//! One record, and what each expectation says of it.

use super::checking::outcome;
use crate::kind::Check;
use crate::plan::Plan;
use crate::plugin::rule::{Verdict, Waiting};
use crate::report::Outcome;
use crate::row::Row;
use crate::time::Timestamp;
use crate::value::Value;

/// What one expectation says of one record.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Which, as an index into the plan.
    pub expectation: usize,
    /// Whether its `when:` lets the record through.
    pub concerned: bool,
    /// The verdict; `None` for what is judged by window only.
    pub outcome: Option<Outcome>,
    /// The value it is about.
    pub value: Value<'static>,
    /// The bound in words.
    pub bound: String,
    /// Why it does not hold, if there is more to say.
    pub why: Option<String>,
}

/// Every check of one record, with values and reasons. `cells` are as [`check`] left them.
pub fn explain(plan: &Plan, cells: &[Value], now: Timestamp, failed: &[u16]) -> Vec<Explanation> {
    let row = Row { cells, number: 0, now };
    (0..plan.expectations.len()).map(|i| explained(plan, &row, i, failed)).collect()
}

/// The same of those checks only that the record failed, in their order.
pub fn reasons(plan: &Plan, cells: &[Value], now: Timestamp, failed: &[u16]) -> Vec<Explanation> {
    let row = Row { cells, number: 0, now };
    failed.iter().map(|i| explained(plan, &row, usize::from(*i), failed)).collect()
}

fn explained(plan: &Plan, row: &Row, i: usize, failed: &[u16]) -> Explanation {
    let expectation = &plan.expectations[i];
    let concerned = expectation.guard.is_none_or(|it| plan.guards[it.0 as usize].holds(row));
    if let Check::Batch(rule) = &expectation.check {
        let mut waiting = Waiting::new(i, rule);
        if concerned {
            waiting.push(row);
        }
        let verdict = waiting.flush().pop();
        let value = expectation.subject_of(row);
        return match verdict {
            Some(verdict) => Explanation { value, ..late(plan, i, verdict) },
            None => {
                Explanation { expectation: i, concerned, outcome: None, value, bound: rule.bound.clone(), why: None }
            }
        };
    }
    let implicit = (i < plan.n_implicit).then(|| Outcome::of(!failed.contains(&(i as u16))));
    let outcome = if concerned { implicit.or_else(|| outcome(expectation, row)) } else { None };
    let bad = matches!(outcome, Some(Outcome::Fail | Outcome::Mismatch));
    let value = expectation.slots.first().map_or(&Value::Missing, |it| row.at(*it));
    let (bound, why) = match &expectation.check {
        Check::Value(check) => (check.bound(), bad.then(|| check.why(value)).flatten()),
        Check::Row(check) => (check.bound(), bad.then(|| check.why(row)).flatten()),
        Check::Window(_) | Check::Batch(_) | Check::Watch(_) => (String::new(), None),
        Check::Converted(bound) => (bound.clone(), None),
        Check::Invalid(why) => (String::new(), Some(why.clone())),
    };
    Explanation { expectation: i, concerned, outcome, value: expectation.subject_of(row), bound, why }
}

/// A plugin's verdict as an explanation.
pub(super) fn late(plan: &Plan, expectation: usize, verdict: Verdict) -> Explanation {
    let bound = match plan.expectations.get(expectation).map(|it| &it.check) {
        Some(Check::Batch(rule)) => rule.bound.clone(),
        _ => String::new(),
    };
    let misfit = verdict.misfit.map(|it| format!("the rule cannot judge a value of type {it}"));
    Explanation {
        expectation,
        concerned: true,
        outcome: Some(verdict.outcome),
        value: verdict.value,
        bound,
        why: verdict.why.or(misfit),
    }
}
