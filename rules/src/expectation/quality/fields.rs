//! The fields that a metric is measured on.

use crate::binder::{Binder, Ignore};
use crate::kind::{Args, SketchId};
use crate::quality::metric::{Metric, Needs};
use crate::sketch::Spec;

/// The fields of a metric, in the order in which its summary takes them.
pub(super) struct Fields {
    /// What is known later: the true class or number, or the outcome.
    truth: Option<String>,
    others: Vec<String>,
}

impl Fields {
    /// From the entry, or from the roles of the suite's `record:`; all that are missing are named at once.
    pub(super) fn find(args: &Args, binder: &Binder, metric: Metric, name: &str) -> Result<Self, String> {
        let needs = metric.needs();
        let groups = matches!(needs, Needs::Groups { .. });
        let is_outcome = matches!(needs, Needs::Outcomes | Needs::OutcomeClasses);
        let is_scored = matches!(needs, Needs::Scores | Needs::Rankings { .. });
        let wanted = [
            ("truth", Some("label"), needs != Needs::Groups { truth: false } && !is_outcome),
            ("prediction", Some("prediction"), !is_scored && !is_outcome),
            ("score", Some("score"), is_scored || needs == Needs::Confidences),
            ("group", None, groups),
            ("outcome", None, is_outcome),
        ];
        let (mut found, mut problems) = (Vec::new(), Vec::new());
        for (param, role, is_wanted) in wanted {
            let given = args.text(param);
            match given.or_else(|| role.and_then(|it| binder.record.role(it))) {
                _ if !is_wanted && given.is_none() => {}
                _ if !is_wanted => problems.push(format!("`{name}` takes no `{param}`")),
                Some(field) => found.push((param, field.to_owned())),
                None => problems.push(match role {
                    Some(role) => format!("`{name}` needs `{param}: FIELD`, here or as `record: {{ {role}: FIELD }}`"),
                    None => format!("`{name}` needs `{param}: FIELD`"),
                }),
            }
        }
        if !problems.is_empty() {
            return Err(problems.join("; "));
        }
        let is_known_later = |it: &&(&str, String)| matches!(it.0, "truth" | "outcome");
        let truth = found.iter().find(is_known_later).map(|it| it.1.clone());
        Ok(Fields { truth, others: found.into_iter().filter(|it| !is_known_later(&it)).map(|it| it.1).collect() })
    }

    /// All of them, in order.
    pub(super) fn names(&self) -> Vec<String> {
        self.truth.iter().chain(&self.others).cloned().collect()
    }

    /// Makes them the entry's own; gives how many records have a label.
    pub(super) fn own(&self, binder: &mut Binder) -> Result<Option<SketchId>, String> {
        let truth = self.truth.as_ref().map(|it| binder.own(it)).transpose()?;
        for field in &self.others {
            binder.own(field)?;
        }
        Ok(truth.map(|it| binder.sketch_of(vec![it], Spec::Presence)))
    }

    /// The summary of the entry's fields together. Classes are counted where all fields are there; the others say themselves what is not.
    pub(super) fn summary(binder: &mut Binder, spec: Spec) -> SketchId {
        let ignore = if matches!(spec, Spec::Counts { .. }) { Ignore::Any } else { Ignore::Never };
        binder.sketch_without(ignore, true, spec)
    }
}
