//! `predictions:`, the log that labels which come later are joined to.

use super::node::{Member, Node};
use super::problem::{Problem, did_you_mean};
use crate::path::Path;
use crate::value::Value;

/// The member of a joined record that holds its label, and the first step of every path into it.
pub const LABEL: &str = "label";

/// Which predictions a service keeps so that labels can be joined to them, and what of each.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// The share of ids that are kept, chosen by their hash.
    pub sample: f64,
    /// Fields that are kept beside those that expectations on labels read.
    pub keep: Vec<String>,
}

impl Default for Predictions {
    fn default() -> Self {
        Predictions { sample: 1.0, keep: Vec::new() }
    }
}

const MEMBERS: [&str; 2] = ["sample", "keep"];

impl Predictions {
    /// Reads `predictions: { sample: 0.1, keep: [country] }`.
    pub(super) fn read(node: &Node, problems: &mut Vec<Problem>) -> Option<Self> {
        match node.to_value() {
            Value::Bool(false) => return None,
            Value::Bool(true) => return Some(Predictions::default()),
            _ if node.text() == Some("off") => return None,
            _ => {}
        }
        if !node.is_mapping() && !node.is_null() {
            let message = format!("expected `{{sample: 0.1, keep: [FIELD]}}`, found {}", node.what());
            problems.push(Problem::new(node.at, message).within("predictions").hint("`{}` keeps all predictions"));
        }
        let mut found = Predictions::default();
        for Member { name, at, value } in node.members() {
            let mut problem = |message: String, hint: &str| {
                let path = format!("predictions.{name}");
                problems.push(Problem::new(value.at, message).within(&path).hint(hint));
            };
            match name.as_str() {
                _ if value.is_null() => {}
                "sample" => match value.to_value().as_f64().filter(|it| *it > 0.0 && *it <= 1.0) {
                    Some(it) => found.sample = it,
                    None => {
                        problem(format!("expected a share, found {}", value.what()), "0.1 keeps a tenth of all ids");
                    }
                },
                "keep" => {
                    let one = std::slice::from_ref(value);
                    for it in value.items().unwrap_or(one) {
                        match it.text().map(|text| (text, Path::parse(text))) {
                            Some((text, Ok(_))) => found.keep.push(text.to_owned()),
                            Some((_, Err(message))) => problem(message, "a field is written as in expectations"),
                            None => {
                                problem(format!("expected a field, found {}", it.what()), "`keep: [country, amount]`");
                            }
                        }
                    }
                }
                _ => {
                    let hint = did_you_mean(name, MEMBERS)
                        .unwrap_or_else(|| format!("`predictions` holds {}", MEMBERS.join(", ")));
                    let problem = Problem::new(*at, format!("unknown member `{name}`"));
                    problems.push(problem.within("predictions").hint(hint));
                }
            }
        }
        Some(found)
    }
}
