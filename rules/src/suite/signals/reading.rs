//! From the text of a `signals:` block to its data.

use super::names::{why_no_label, why_not};
use super::{Amount, Keep, LabelOf, Number, On, Signal};
use crate::family::FamilyType;
use crate::suite::node::{Data, Node};
use crate::suite::problem::{At, Problem, did_you_mean};
use crate::suite::triggers::Wanted;
use crate::time::{Timestamp, seconds};
use crate::value::Value;

/// Entries of a suite.
const MOST: usize = 200;
/// Labels of a family.
const LABELS: usize = 30;
const DAY: f64 = 86_400.0;

pub(super) struct Reader<'p> {
    problems: &'p mut Vec<Problem>,
    path: String,
}

impl Signal {
    /// Reads `signals:`, a list.
    pub(in crate::suite) fn read_all(node: &Node, problems: &mut Vec<Problem>) -> Vec<Signal> {
        let Some(items) = node.items() else {
            if !node.is_null() {
                let message = format!("expected a list of signals, found {}", node.what());
                problems.push(Problem::new(node.at, message).within("signals").hint("`- counter: requests_total`"));
            }
            return Vec::new();
        };
        if items.len() > MOST {
            problems.push(Problem::new(node.at, format!("more than {MOST} signals")).within("signals"));
        }
        let items = items.iter().take(MOST).enumerate();
        items.filter_map(|(i, it)| Reader { problems, path: format!("signals[{i}]") }.signal(it)).collect()
    }
}

impl Reader<'_> {
    pub(super) fn problem(&mut self, at: At, member: &str, message: impl Into<String>, hint: &str) {
        let path = if member.is_empty() { self.path.clone() } else { format!("{}.{member}", self.path) };
        let problem = Problem::new(at, message).within(&path);
        self.problems.push(if hint.is_empty() { problem } else { problem.hint(hint) });
    }

    /// Says what is not among the members that there are.
    pub(super) fn only(&mut self, node: &Node, member: &str, known: &[&str]) {
        for it in node.members() {
            if !known.contains(&it.name.as_str()) {
                let hint = did_you_mean(&it.name, known.iter().copied())
                    .unwrap_or_else(|| format!("it holds {}", known.join(", ")));
                self.problem(it.at, member, format!("unknown member `{}`", it.name), &hint);
            }
        }
    }

    pub(super) fn word<T: Copy>(&mut self, value: &Node, member: &str, words: &[(&'static str, T)]) -> Option<T> {
        let given = value.text().unwrap_or_else(|| value.what());
        let found = words.iter().find(|it| it.0 == given).map(|it| it.1);
        if found.is_none() {
            let names: Vec<_> = words.iter().map(|it| it.0).collect();
            let hint = did_you_mean(given, names.iter().copied())
                .unwrap_or_else(|| format!("it is one of {}", names.join(", ")));
            self.problem(value.at, member, format!("unknown word `{given}`"), &hint);
        }
        found
    }

    fn signal(mut self, node: &Node) -> Option<Signal> {
        let given: Vec<FamilyType> = FamilyType::ALL.into_iter().filter(|it| node.get(it.name()).is_some()).collect();
        let [kind] = given.as_slice() else {
            let message = match given.as_slice() {
                [] => format!(
                    "expected a signal, found {}",
                    if node.is_mapping() { "none of its kinds" } else { node.what() }
                ),
                several => format!(
                    "`{}` stand side by side",
                    several.iter().map(|it| it.name()).collect::<Vec<_>>().join("` and `")
                ),
            };
            let unknown =
                node.members().iter().find_map(|it| did_you_mean(&it.name, FamilyType::ALL.map(FamilyType::name)));
            let hint = unknown
                .unwrap_or_else(|| "one of `counter: NAME`, `gauge: NAME`, `histogram: NAME`, `info: NAME`".into());
            self.problem(node.at, "", message, &hint);
            return None;
        };
        let kind = *kind;
        let own: &[&str] = match kind {
            FamilyType::Counter => &["add", "each", "as", "finding", "length"],
            FamilyType::Gauge => &["of", "each", "as", "finding", "length", "keep", "span"],
            FamilyType::Histogram => &["of", "each", "as", "buckets"],
            FamilyType::Info => &["span", "of"],
        };
        self.only(node, "", &[&[kind.name(), "help", "labels", "when", "on", "max_series"], own].concat());
        let there = |name: &str| node.get(name).filter(|it| !it.is_null() && own.contains(&name));
        let name_node = node.get(kind.name())?;
        let name = name_node.text().unwrap_or_default().to_owned();
        if name_node.text().is_none() {
            let message = format!("expected the name of a metric, found {}", name_node.what());
            self.problem(name_node.at, kind.name(), message, "letters, digits and `_`");
        } else if let Some((message, hint)) = why_not(&name, kind) {
            self.problem(name_node.at, kind.name(), message, &hint);
        }
        let n_problems = self.problems.len();
        let help = node.get("help").filter(|it| !it.is_null()).and_then(|it| match it.text() {
            Some(text) => Some(text.split_whitespace().collect::<Vec<_>>().join(" ")),
            None => {
                self.problem(it.at, "help", format!("expected text, found {}", it.what()), "");
                None
            }
        });
        let mut labels = self.labels(node);
        let on = node.get("on").filter(|it| !it.is_null());
        let on = on.and_then(|it| self.word(it, "on", &On::ALL.map(|it| (it.name(), it))));
        let amount = self.amount(node, kind, on, &labels);
        if let Some(Amount::Each(label, _)) = &amount
            && labels.iter().any(|it| it.0 == *label)
        {
            self.problem(
                node.at,
                "labels",
                format!("the label `{label}` is given by `each` already"),
                "`as: NAME` calls it otherwise",
            );
        }
        labels.truncate(LABELS);
        let buckets = match there("buckets") {
            Some(it) => self.rising(it, "buckets").unwrap_or_default(),
            None if kind == FamilyType::Histogram => Signal::BUCKETS.to_vec(),
            None => Vec::new(),
        };
        let keep = there("keep")
            .and_then(|it| self.word(it, "keep", &Keep::ALL.map(|it| (it.name(), it))))
            .unwrap_or_default();
        let span = there("span").and_then(|it| self.span(it)).or((keep != Keep::Last).then_some(Signal::SPAN));
        let most = node.get("max_series").filter(|it| !it.is_null()).and_then(|it| self.most(it));
        let is_whole = self.problems.len() == n_problems;
        Some(Signal {
            at: node.at,
            path: self.path,
            kind,
            name,
            help,
            labels,
            when: node.get("when").filter(|it| !it.is_null()).cloned(),
            on,
            amount: amount.filter(|_| is_whole)?,
            buckets,
            keep,
            span,
            most,
        })
    }

    fn labels(&mut self, node: &Node) -> Vec<(String, LabelOf)> {
        let Some(node) = node.get("labels").filter(|it| !it.is_null()) else { return Vec::new() };
        if !node.is_mapping() {
            let message = format!("expected a mapping of labels to what their values are, found {}", node.what());
            self.problem(node.at, "labels", message, "`labels: {intent: intent}`");
        }
        if node.members().len() > LABELS {
            self.problem(node.at, "labels", format!("more than {LABELS} labels"), "");
        }
        let mut found: Vec<(String, LabelOf)> = Vec::new();
        for it in node.members() {
            let path = format!("labels.{}", it.name);
            if let Some((message, hint)) = why_no_label(&it.name) {
                self.problem(it.at, "labels", message, &hint);
            }
            if let Some(of) = self.label(&it.value, &path) {
                found.push((it.name.clone(), of));
            }
        }
        found
    }

    fn amount(
        &mut self,
        node: &Node,
        kind: FamilyType,
        on: Option<On>,
        labels: &[(String, LabelOf)],
    ) -> Option<Amount> {
        let length = node.get("length").filter(|it| !it.is_null());
        let length = length.and_then(|it| match it.text() {
            Some(text) => Some(text.to_owned()),
            None => {
                self.problem(it.at, "length", format!("expected a length of windows, found {}", it.what()), "`1h`");
                None
            }
        });
        let names: &[&str] = match kind {
            FamilyType::Counter => &["add", "each", "finding"],
            FamilyType::Gauge => &["of", "each", "finding"],
            FamilyType::Histogram => &["of", "each"],
            FamilyType::Info => &["of"],
        };
        let given: Vec<&str> =
            names.iter().copied().filter(|it| node.get(it).is_some_and(|it| !it.is_null())).collect();
        if given.len() > 1 {
            self.problem(node.at, "", format!("`{}` stand side by side", given.join("` and `")), "say one");
            return None;
        }
        if let Some(it) = node.get("as").filter(|_| given.first() != Some(&"each")) {
            self.problem(it.at, "as", "it names the label of `each`", "`each: [features.age, features.income]`");
        }
        if let Some(it) = node.get("length").filter(|it| !it.is_null())
            && given.first() != Some(&"finding")
            && on != Some(On::Findings)
        {
            self.problem(it.at, "length", "only findings are of windows", "");
        }
        let of_models = labels.iter().any(|it| matches!(it.1, LabelOf::Model(..)));
        let Some(given) = given.first() else {
            return match kind {
                FamilyType::Counter if on == Some(On::Findings) => Some(Amount::Findings(None, length)),
                FamilyType::Counter => Some(Amount::Event),
                FamilyType::Info if of_models => Some(Amount::Deployed(None)),
                FamilyType::Info => Some(Amount::Event),
                FamilyType::Gauge | FamilyType::Histogram => {
                    let hint = format!("`{}: FIELD`", names.first().copied().unwrap_or_default());
                    self.problem(
                        node.at,
                        "",
                        format!("a {} needs one of `{}`", kind.name(), names.join("`, `")),
                        &hint,
                    );
                    None
                }
            };
        };
        let value = node.get(given)?;
        match *given {
            "each" => {
                let label = node.get("as").map_or(Some("feature"), Node::text);
                let label = label.filter(|it| why_no_label(it).is_none());
                if label.is_none() {
                    self.problem(node.at, "as", "expected the name of a label", "");
                }
                self.each(value, label?.to_owned())
            }
            "finding" => {
                let wanted = self.wanted(value)?;
                Some(if kind == FamilyType::Counter {
                    Amount::Findings(Some(wanted), length)
                } else {
                    Amount::Finding(wanted, length)
                })
            }
            _ if value.get("model").is_some() => {
                self.only(value, given, &["model", "name"]);
                let name = value.get("name").and_then(Node::text).map(str::to_owned);
                let words =
                    [("deployed_at", Amount::DeployedAt as fn(_) -> _), ("deployed", Amount::Deployed as fn(_) -> _)];
                let allowed = if kind == FamilyType::Info { &words[1..] } else { &words[..] };
                if kind == FamilyType::Histogram {
                    self.problem(value.at, given, "the registry of models has no values to count", "`gauge:`");
                    return None;
                }
                self.word(value.get("model")?, &format!("{given}.model"), allowed).map(|it| it(name))
            }
            _ if kind == FamilyType::Info => {
                self.problem(
                    value.at,
                    "of",
                    "an info is always 1; what it tells is in its labels",
                    "`of: {model: deployed}`, or leave it out",
                );
                None
            }
            _ => {
                let number = self.number(value, given, 0)?;
                if let Number::Constant(it) = number
                    && it < 0.0
                    && kind == FamilyType::Counter
                {
                    self.problem(value.at, given, "a counter only grows", "a number from 0 on");
                }
                Some(Amount::Of(number))
            }
        }
    }

    /// An expectation: `accuracy`, or `{kind: accuracy, field: score}`.
    fn wanted(&mut self, node: &Node) -> Option<Wanted> {
        if let Some(text) = node.text() {
            return Some(Wanted { name: Some(text.to_owned()), ..Wanted::default() });
        }
        self.only(node, "finding", &["name", "kind", "field"]);
        let text = |name: &str| node.get(name).and_then(|it| it.text().map(str::to_owned));
        let wanted = Wanted { name: text("name"), kind: text("kind"), field: text("field") };
        if wanted == Wanted::default() {
            let hint = "`finding: accuracy`, or `finding: {kind: stable, field: amount}`";
            self.problem(node.at, "finding", format!("expected an expectation, found {}", node.what()), hint);
            return None;
        }
        Some(wanted)
    }

    fn span(&mut self, node: &Node) -> Option<Timestamp> {
        let found = node.text().and_then(seconds).filter(|it| (1.0..=366.0 * DAY).contains(it));
        if found.is_none() {
            self.problem(node.at, "span", "expected a length of time from 1s to 366d", "`5m`");
        }
        found.map(|it| (it * 1e6).round() as Timestamp)
    }

    fn most(&mut self, node: &Node) -> Option<usize> {
        match node.data {
            Data::Scalar(Value::Int(it)) if (1..=Signal::MOST_OF_ALL as i64).contains(&it) => Some(it as usize),
            _ => {
                let message = format!("expected a whole number from 1 to {}", Signal::MOST_OF_ALL);
                let hint = "so many series are kept apart; all others are counted together";
                self.problem(node.at, "max_series", message, hint);
                None
            }
        }
    }
}
