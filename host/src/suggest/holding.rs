//! The draft put to the proof: what does not hold on the data it was drawn from is left out.

use driftline_rules::plan;
use driftline_rules::report::Status;
use driftline_rules::run;
use driftline_rules::samples::Keep;
use driftline_rules::suite;

use super::draft::{Draft, Rule};
use super::text;
use crate::files::csv::Nulls;
use crate::files::{self, Input};
use crate::scan::{self, scan};

/// What the draft was drawn from.
pub struct Data<'d> {
    /// The files; no pipes, which flow once.
    pub inputs: &'d [Input],
    /// How they are read.
    pub files: &'d files::Options,
    /// What means null in CSV.
    pub nulls: &'d Nulls,
    /// Workers.
    pub threads: usize,
}

/// Checks the draft on its data and leaves out what does not hold; returns what that was. Rules of thumb
/// look at values one by one, and the engine has the last word.
pub fn keep(draft: &mut Draft, data: &Data) -> Vec<Rule> {
    let mut out = Vec::new();
    // A type that goes changes what the rules see, so it is looked at once more.
    loop {
        let (suite, _) = suite::read(&text::write(draft, "draft", &[], "critical"));
        let (plan, _) = plan::compile(&suite, &plan::Options::default());
        let scanned = scan(
            &plan,
            data.inputs,
            &scan::Options {
                files: data.files.clone(),
                nulls: data.nulls.clone(),
                threads: data.threads,
                keep: Keep { values: 0, all_rows: false },
                now: 0,
                signals: false,
                progress: &|_| {},
            },
        );
        let findings = run::judge(&plan, &scanned.fold, 0);
        let failed = |i: usize| findings.iter().any(|it| it.expectation == i && it.judgement.status == Status::Fail);
        let implicit = plan.expectations.iter().take(plan.n_implicit).enumerate();
        let untyped: Vec<_> = implicit.filter(|(i, _)| failed(*i)).flat_map(|(_, it)| &it.fields).collect();
        let n_types = draft.types.len();
        draft.types.retain(|it| !untyped.contains(&&it.field));
        if draft.types.len() < n_types {
            continue;
        }
        let holds = |i: usize| {
            let at = plan.n_implicit + i;
            findings.iter().any(|it| it.expectation == at && it.judgement.status == Status::Pass)
        };
        let (kept, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut draft.rules).into_iter().enumerate().partition(|(i, _)| holds(*i));
        draft.rules = kept.into_iter().map(|(_, it)| it).collect();
        out.extend(left.into_iter().map(|(_, it)| it));
        return out;
    }
}
