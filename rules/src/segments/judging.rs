//! What the expectations say of an input: of all records, and of each segment of them.

use super::Segment;
use crate::baseline::Baseline;
use crate::plan::{Expectation, Plan};
use crate::plugin::Context;
use crate::report::{Severity, Status};
use crate::run::{self, Finding, Fold, References};
use crate::suite::Reference;
use crate::suite::problem::did_you_mean;
use crate::time::Timestamp;

/// What was found of a segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Its name.
    pub name: String,
    /// Its records.
    pub records: u64,
    /// One an expectation that is judged of segments, in the order of the plan.
    pub findings: Vec<Finding>,
}

impl Judged {
    /// Expectations with their findings: the suite's own, and those implicit ones that did not hold.
    pub fn shown<'j>(&'j self, plan: &'j Plan) -> impl Iterator<Item = (&'j Expectation, &'j Finding)> {
        let shown = self.findings.iter().filter_map(|it| Some((plan.expectations.get(it.expectation)?, it)));
        shown.filter(|(_, it)| it.expectation >= plan.n_implicit || it.judgement.status == Status::Fail)
    }

    /// The expectations that failed or could not be evaluated, the gravest first.
    pub fn wrong<'j>(&'j self, plan: &'j Plan) -> Vec<(&'j Expectation, &'j Finding)> {
        let is_wrong = |it: &Finding| matches!(it.judgement.status, Status::Fail | Status::Error);
        let mut wrong: Vec<_> = self.shown(plan).filter(|(_, it)| is_wrong(it)).collect();
        wrong.sort_by_key(|(expectation, _)| std::cmp::Reverse(expectation.severity));
        wrong
    }

    /// `error` when something could not be evaluated, else `fail` or `warn` by the gravest that failed, else `pass`.
    pub fn verdict(&self, plan: &Plan) -> &'static str {
        let wrong = self.wrong(plan);
        if wrong.iter().any(|(_, it)| it.judgement.status == Status::Error) {
            return "error";
        }
        match wrong.first().map(|(expectation, _)| expectation.severity) {
            Some(Severity::Critical) => "fail",
            Some(Severity::Warning) => "warn",
            Some(Severity::Info) | None => "pass",
        }
    }
}

/// Judges an input, and each of its segments, against the baseline, or, where none is given and the suite says so,
/// against one of the segments, which is not compared itself. Alarms of drift tests are held against chance all together.
pub fn judge(
    plan: &Plan,
    total: &Fold,
    segments: Vec<Segment>,
    baseline: Option<&Baseline>,
    now: Timestamp,
) -> (Vec<Finding>, Vec<Judged>) {
    let champion = match &plan.drift.reference {
        Reference::Segment(name) if baseline.is_none() => Some(name.as_str()),
        _ => None,
    };
    let found = segments.iter().find(|it| Some(it.name.as_str()) == champion);
    let window = found.map(|it| it.part.window.clone());
    let of_champion = window.as_ref().map(|it| Baseline::of_window(&plan.bindings, it));
    let absent = champion.filter(|_| found.is_none()).map(|it| lost(it, &segments));
    let wanted = plan.segments_beside();
    let there = segments.iter().filter(|it| wanted.contains(it.name.as_str()));
    let beside = there.map(|it| (it.name.clone(), it.part.window.clone())).collect();
    let references = References {
        window: window.as_ref(),
        baseline: baseline.or(of_champion.as_ref()),
        absent: absent.as_deref(),
        spends: None,
        segments: Some(&beside),
    };
    let mut findings = run::judge_uncorrected(plan, total, now, &Context::default(), references);
    let mut judged: Vec<Judged> = Vec::with_capacity(segments.len());
    for Segment { name, part } in segments {
        let records = part.window.rows;
        let context = Context { segment: Some(name.clone()), ..Context::default() };
        let itself = References { absent: Some(ITSELF), segments: Some(&beside), ..References::default() };
        let references = if Some(name.as_str()) == champion { itself } else { references };
        let fold = part.into_fold(plan, &total.window);
        let findings = run::judge_uncorrected(plan, &fold, now, &context, references);
        judged.push(Judged { name, records, findings });
    }
    let mut all: Vec<&mut [Finding]> = vec![&mut findings];
    all.extend(judged.iter_mut().map(|it| it.findings.as_mut_slice()));
    run::correct(plan, None, &mut all);
    (findings, judged)
}

const ITSELF: &str = "it is the segment that the others are compared with";

fn lost(name: &str, segments: &[Segment]) -> String {
    let near = did_you_mean(name, segments.iter().map(|it| it.name.as_str()));
    let near = near.map_or_else(String::new, |it| format!(" ({it})"));
    format!("there is no baseline: no record lies in the segment `{name}`, or it is among `(other)`{near}")
}
