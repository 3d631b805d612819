//! The bounds on what a plugin's rule measures.

use std::collections::BTreeSet;

use super::super::compile::Compiler;
use super::outputs;
use crate::expectation::plugin::Bound;
use crate::plugin::{Capability, Task};
use crate::suite::Entry;
use crate::suite::node::{Member, Node};
use crate::suite::plugins::same_name;
use crate::suite::problem::did_you_mean;
use crate::value::Value;

impl Compiler<'_> {
    /// `expect:`
    pub(super) fn bounds(&mut self, entry: &Entry, capability: &Capability) -> Vec<Bound> {
        let Some(expect) = &entry.expect else { return Vec::new() };
        let outputs = outputs(capability);
        if capability.task == Task::RecordCheck {
            let message = format!("`{}` judges records; there is nothing measured to `expect`", entry.kind);
            self.wrong(expect.at, entry, message, "`mostly: 0.95` bounds the share of records that must hold");
            return Vec::new();
        }
        if expect.members().is_empty() {
            let message = format!("`expect` is a mapping of outputs to bounds, this is {}", expect.what());
            self.wrong(expect.at, entry, message, "`expect: { entropy: { min: 1, max: 3 } }`");
            return Vec::new();
        }
        let is_bound = |it: &Member| matches!(it.name.as_str(), "min" | "max") && !it.value.is_mapping();
        if expect.members().iter().all(is_bound) {
            return match outputs.as_slice() {
                [first, ..] if capability.task == Task::DriftTest => self.bound(entry, &first.name, expect),
                [only] => self.bound(entry, &only.name, expect),
                several => {
                    let names: Vec<_> = several.iter().map(|it| it.name.as_str()).collect();
                    let message = format!("`{}` measures several things; say which is bounded", entry.kind);
                    self.wrong(expect.at, entry, message, format!("its outputs are {}", names.join(", ")));
                    None
                }
            }
            .into_iter()
            .collect();
        }
        let mut bounds = Vec::new();
        let mut met = BTreeSet::new();
        for Member { name, at, value } in expect.members() {
            let Some(output) = outputs.iter().find(|it| same_name(&it.name, name)) else {
                let names = || outputs.iter().map(|it| it.name.as_str());
                let hint = did_you_mean(name, names())
                    .unwrap_or_else(|| format!("its outputs are {}", names().collect::<Vec<_>>().join(", ")));
                self.wrong(*at, entry, format!("`{}` measures no `{name}`", entry.kind), hint);
                continue;
            };
            if met.insert(output.name.clone()) {
                bounds.extend(self.bound(entry, &output.name, value));
            } else {
                self.wrong(*at, entry, format!("`{name}` is bounded twice"), "keep one");
            }
        }
        bounds
    }

    fn bound(&mut self, entry: &Entry, output: &str, node: &Node) -> Option<Bound> {
        let mut bound = Bound { output: output.to_owned(), min: None, max: None };
        let n_problems = self.problems.len();
        for Member { name, at, value } in node.members() {
            let side = match name.as_str() {
                "min" => &mut bound.min,
                "max" => &mut bound.max,
                _ => {
                    let hint = did_you_mean(name, ["min", "max"]).unwrap_or_else(|| "a bound has min and max".into());
                    self.wrong(*at, entry, format!("`expect.{output}` has no `{name}`"), hint);
                    continue;
                }
            };
            match value.to_value() {
                it @ (Value::Int(_) | Value::Big(_) | Value::Num(_)) if !it.is_nan() => *side = it.as_f64(),
                Value::Null => {}
                _ => {
                    let message = format!("`expect.{output}.{name}`: expected a number, found {}", value.what());
                    self.wrong(value.at, entry, message, "`{ min: 1, max: 3 }`");
                }
            }
        }
        match (bound.min, bound.max) {
            _ if self.problems.len() > n_problems => return None,
            (None, None) => {
                let message = format!("`expect.{output}` bounds nothing");
                self.wrong(node.at, entry, message, "`{ min: 1 }`, `{ max: 3 }` or both");
                return None;
            }
            (Some(min), Some(max)) if min > max => {
                let message = format!("`expect.{output}`: min {min} is above max {max}");
                self.wrong(node.at, entry, message, "no measurement could hold");
                return None;
            }
            _ => {}
        }
        Some(bound)
    }
}
