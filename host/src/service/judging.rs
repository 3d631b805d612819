//! What the expectations say of records together, of a batch or a window, as far as it may be told.

use driftline_rules::baseline::number_json;
use driftline_rules::plan::Expectation;
use driftline_rules::report::Status;
use driftline_rules::run::Finding;
use driftline_rules::value::Value;
use serde_json::Value as Json;

use super::version::{Version, verdict_of};
use crate::intake::entry::FindingNote;
use crate::output::json_value::to_line;
use crate::store::rows::Verdict;

/// Bytes of the details of a finding.
const MOST_DETAILS: usize = 16 << 10;

/// What was found.
pub struct Judgements {
    /// By expectation, in the order of the plan.
    pub findings: Vec<FindingNote>,
    /// Counts by expectation.
    pub statistics: serde_json::Value,
    /// The worst finding.
    pub verdict: Verdict,
}

/// Findings of the engine, told as the version's privacy lets them be. What a stored window cannot answer, since its
/// suite's privacy kept it out, is skipped.
pub fn judgements(version: &Version, found: Vec<Finding>, of_window: bool) -> Judgements {
    let plan = &version.loaded.plan;
    let mut verdict = Verdict::Pass;
    let mut findings = Vec::new();
    let mut statistics = serde_json::Map::new();
    for finding in found {
        let expectation = &plan.expectations[finding.expectation];
        let judgement = finding.judgement;
        if let Some(why) = of_window.then(|| version.keeping.why_not(expectation)).flatten() {
            let check = finding.expectation as u32;
            let (status, bound) = (Status::Skip.name().to_owned(), judgement.bound);
            findings.push(FindingNote { check, status, bound, message: why, ..FindingNote::default() });
            continue;
        }
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
        let details = judgement.details;
        let details = open.then(|| told(&details, expectation)).flatten();
        let has_value = !matches!(judgement.observed, Value::Missing | Value::Null);
        findings.push(FindingNote {
            check: finding.expectation as u32,
            status: judgement.status.name().to_owned(),
            observed: (has_value && open).then(|| to_line(&judgement.observed)),
            bound: judgement.bound,
            message: judgement.why.filter(|_| open).unwrap_or_default(),
            counts: judgement.counts.map(|it| (it.elements, it.unexpected)),
            error: judgement.error,
            details,
        });
    }
    Judgements { findings, statistics: serde_json::Value::Object(statistics), verdict }
}

/// Details as they are journalled and stored; longer ones are left out.
pub fn told(details: &Value, expectation: &Expectation) -> Option<String> {
    let mut details = json(details);
    let members = details.as_object_mut()?;
    if members.contains_key("statistic") && !members.contains_key("detector") {
        // A drift test of a plugin has the name that the suite has for it.
        members.entry("test").or_insert_with(|| expectation.kind_name().into());
    }
    let text = details.to_string();
    (text.len() <= MOST_DETAILS).then_some(text)
}

/// A value as JSON, infinities as text.
fn json(value: &Value) -> Json {
    match value {
        Value::Num(it) => number_json(*it),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(members) => members.iter().map(|(name, it)| (name.to_string(), json(it))).collect(),
        it => it.to_json(),
    }
}
