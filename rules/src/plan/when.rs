//! From `when:`, GX's `row_condition` and `--where` to guards.

use super::compile::Compiler;
use super::guard::Guard;
use crate::args::Form;
use crate::binder::GuardId;
use crate::condition::{Condition, Dialect};
use crate::kind::Check;
use crate::path::Path;
use crate::suite::Entry;
use crate::suite::node::{Member, Node};
use crate::suite::problem::At;

impl Compiler<'_> {
    /// The guard of a `when:` or a `row_condition`; equal ones are evaluated once.
    pub(super) fn guard(&mut self, node: &Node, entry: &Entry) -> Option<GuardId> {
        let key = format!("{:?} {:?} {:?}", entry.form, entry.condition_parser, node.to_value());
        if let Some(at) = self.keys.iter().position(|it| *it == key) {
            self.bindings.touched.extend(self.read_by.get(at).into_iter().flatten());
            return Some(GuardId(at as u16));
        }
        let before = std::mem::take(&mut self.bindings.touched);
        let guard = match entry.form {
            Form::Short => self.short_guard(node, entry),
            Form::Gx => self.gx_guard(node, entry),
        };
        let read = std::mem::replace(&mut self.bindings.touched, before);
        self.bindings.touched.extend(&read);
        let guard = guard?;
        self.read_by.push(read);
        self.keys.push(key);
        self.guards.push(guard);
        Some(GuardId((self.guards.len() - 1) as u16))
    }

    fn gx_guard(&mut self, node: &Node, entry: &Entry) -> Option<Guard> {
        let condition = match (node.text(), entry.condition_parser.as_deref()) {
            (Some(text), Some("great_expectations" | "great_expectations__experimental__")) => {
                Condition::from_text(text, Dialect::GreatExpectations).map_err(|it| vec![it])
            }
            (Some(text), Some("pandas")) => Condition::from_text(text, Dialect::Pandas).map_err(|it| vec![it]),
            (Some(_), Some(parser)) => Err(vec![format!("condition_parser `{parser}` is not known here; use pandas")]),
            (Some(_), None) => Err(vec!["a row_condition written as text needs a condition_parser".to_owned()]),
            (None, _) => Condition::from_json(&node.to_value().to_json()),
        };
        match condition {
            Ok(condition) => {
                let bindings = &mut self.bindings;
                Some(Guard::Condition(condition.bind(&mut |name| bindings.slot(&Path::literal(name)))))
            }
            Err(messages) => {
                for message in messages {
                    self.problem(node.at, format!("row_condition: {message}"), &entry.path);
                }
                None
            }
        }
    }

    /// The filter of a run.
    pub(super) fn filter(&mut self, text: &str) -> Option<Guard> {
        match self.text_guard(text) {
            Ok(guard) => Some(guard),
            Err(message) => {
                self.problem(At::START, format!("the filter `{text}`: {message}"), "");
                None
            }
        }
    }

    /// A condition in the short dialect.
    fn text_guard(&mut self, text: &str) -> Result<Guard, String> {
        let condition = Condition::from_text(text, Dialect::Short)?;
        for name in condition.columns() {
            Path::parse(name)?;
        }
        let bindings = &mut self.bindings;
        Ok(Guard::Condition(
            condition.bind(&mut |name| bindings.slot(&Path::parse(name).unwrap_or_else(|_| Path::literal(name)))),
        ))
    }

    /// Text, or a record expectation, or `all:`, `any:`, `not:` of those.
    pub(super) fn short_guard(&mut self, node: &Node, entry: &Entry) -> Option<Guard> {
        if let Some(text) = node.text() {
            return match self.text_guard(text) {
                Ok(guard) => Some(guard),
                Err(message) => {
                    self.problem(node.at, format!("`when`: {message}"), &entry.path);
                    None
                }
            };
        }
        if let [Member { name, value, .. }] = node.members() {
            let several = |compiler: &mut Self| -> Option<Vec<Guard>> {
                let items = value.items().unwrap_or(std::slice::from_ref(value));
                items.iter().map(|it| compiler.short_guard(it, entry)).collect()
            };
            match name.as_str() {
                "all" => return several(self).map(Guard::All),
                "any" => return several(self).map(Guard::Any),
                "not" => return self.short_guard(value, entry).map(|it| Guard::Not(Box::new(it))),
                _ => {}
            }
        }
        let n_problems = self.problems.len();
        let inner = crate::suite::read_entry(node, &format!("{}.when", entry.path), &mut self.problems)?;
        let guard = self.entry(&inner);
        if self.problems.len() > n_problems {
            return None;
        }
        if !matches!(guard.check, Check::Value(_) | Check::Row(_)) {
            let what = if matches!(guard.check, Check::Batch(_)) { "asks a plugin" } else { "is about windows" };
            let message = format!("`{}` {what}; a `when` is about one record, and answered at once", inner.kind);
            self.problem(inner.kind_at, message, &inner.path);
            return None;
        }
        Some(Guard::Holds(guard.check, guard.slots))
    }
}

/// A condition as it was written, in one line.
pub(super) fn describe(node: &Node) -> String {
    match node.text() {
        Some(text) => text.to_owned(),
        None => match Condition::from_json(&node.to_value().to_json()) {
            Ok(condition) => condition.to_string(),
            Err(_) => node.to_value().to_json().to_string(),
        },
    }
}
