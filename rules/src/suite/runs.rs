//! `runs_of:`, the suites whose records are the retraining runs of a model.

use super::RecordFields;
use super::node::{Member, Node};
use super::problem::{Problem, did_you_mean};
use crate::time::{Timestamp, seconds};
use crate::value::Value;

/// Whose retraining runs the records of a suite are, and what is derived for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunsOf {
    /// The model; `None`: any.
    pub model: Option<String>,
    /// How many microseconds nothing must have been told of a run that has ended before it is checked.
    pub settle: Timestamp,
    /// Successful runs that a trend looks at, the run itself included.
    pub trend: usize,
    /// Metrics of which less is better; `None`: those whose name says so.
    pub lower_is_better: Option<Vec<String>>,
}

const MEMBERS: [&str; 4] = ["model", "settle", "trend", "lower_is_better"];

impl RunsOf {
    /// Successful runs that a trend looks at where the suite does not say.
    pub const TREND: usize = 10;
    /// The least and the most of them.
    pub const TRENDS: std::ops::RangeInclusive<usize> = 4..=100;

    /// Whether a run of this model is a record of the suite.
    pub fn is_of(&self, model: &str) -> bool {
        self.model.as_deref().is_none_or(|it| it == model)
    }

    /// Reads `runs_of: intents` or `runs_of: { model: intents, settle: 10m, trend: 10 }`.
    pub(super) fn read(node: &Node, problems: &mut Vec<Problem>) -> Option<Self> {
        let mut runs = RunsOf { model: None, settle: 0, trend: RunsOf::TREND, lower_is_better: None };
        let mut wrong = |node: &Node, member: &str, expected: &str| {
            let path = if member.is_empty() { "runs_of".to_owned() } else { format!("runs_of.{member}") };
            let message = format!("expected {expected}, found {}", node.what());
            problems.push(Problem::new(node.at, message).within(&path));
        };
        if node.is_null() {
            return None;
        }
        if !node.is_mapping() {
            match node.text().filter(|it| !it.is_empty()) {
                Some(it) => runs.model = model(it),
                None => wrong(node, "", "the name of a model, `*`, or `{model: NAME, settle: 10m}`"),
            }
            return Some(runs);
        }
        let mut unknown = Vec::new();
        for Member { name, at, value } in node.members() {
            match name.as_str() {
                "model" => match value.text().filter(|it| !it.is_empty()) {
                    Some(it) => runs.model = model(it),
                    None => wrong(value, name, "the name of a model, or `*`"),
                },
                "settle" => match value.text().and_then(seconds).filter(|it| (0.0..=7.0 * 86_400.0).contains(it)) {
                    Some(it) => runs.settle = (it * 1e6) as Timestamp,
                    None => wrong(value, name, "a length of time up to 7d"),
                },
                "trend" => match value.to_value() {
                    Value::Int(it) if (4..=100).contains(&it) => runs.trend = it.unsigned_abs() as usize,
                    _ => wrong(value, name, "a number of runs from 4 to 100"),
                },
                "lower_is_better" => {
                    let names = value.items().map(|items| items.iter().filter_map(Node::text).map(str::to_owned));
                    let names: Option<Vec<_>> = names.map(Iterator::collect);
                    match names.filter(|it| Some(it.len()) == value.items().map(<[Node]>::len)) {
                        Some(it) => runs.lower_is_better = Some(it),
                        None => wrong(value, name, "a list of metrics"),
                    }
                }
                _ => unknown.push((name.clone(), *at)),
            }
        }
        for (name, at) in unknown {
            let hint =
                did_you_mean(&name, MEMBERS).unwrap_or_else(|| format!("`runs_of` holds {}", MEMBERS.join(", ")));
            problems.push(Problem::new(at, format!("unknown member `{name}`")).within("runs_of").hint(hint));
        }
        if node.get("model").is_none() {
            let problem = Problem::new(node.at, "it says of no model").within("runs_of");
            problems.push(problem.hint("`model: NAME`, or `model: \"*\"` for all"));
        }
        Some(runs)
    }
}

fn model(name: &str) -> Option<String> {
    (name != "*").then(|| name.to_owned())
}

impl RecordFields {
    /// The roles of a run's own members, where the suite gives them to no field.
    pub(super) fn be_of_runs(&mut self) {
        for role in ["id", "model", "version"] {
            if self.role(role).is_none() {
                self.roles.push((role, role.to_owned()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::read;

    #[test]
    fn a_suite_says_whose_runs_its_records_are() {
        let runs = |text: &str| {
            let (suite, problems) = read(text);
            assert_eq!(problems, [], "{text}");
            (suite.runs_of, suite.record)
        };
        let plain = RunsOf { model: Some("intents".into()), settle: 0, trend: 10, lower_is_better: None };
        let (of, record) = runs("runs_of: intents");
        assert_eq!((of, record.role("id"), record.role("version")), (Some(plain.clone()), Some("id"), Some("version")));
        assert_eq!(runs("runs_of: '*'").0, Some(RunsOf { model: None, ..plain.clone() }));
        assert_eq!(runs("{runs_of: null, record: {id: x}}").1.role("model"), None);
        let (of, record) = runs(
            "{record: {id: run}, runs_of: {model: intents, settle: 10m, trend: 6, lower_is_better: [latency_ms]}}",
        );
        let lower_is_better = Some(vec!["latency_ms".to_owned()]);
        assert_eq!(of, Some(RunsOf { settle: 600_000_000, trend: 6, lower_is_better, ..plain }));
        assert_eq!(record.role("id"), Some("run"));
        for text in [
            "runs_of: [a]",
            "runs_of: {settle: 1m}",
            "runs_of: {model: a, settle: 8d}",
            "runs_of: {model: a, trend: 3}",
            "runs_of: {model: a, trend: 101}",
            "runs_of: {model: a, lower_is_better: loss}",
            "runs_of: {model: a, lower_is_beter: [loss]}",
        ] {
            assert_eq!(read(text).1.len(), 1, "{text}");
        }
    }
}
