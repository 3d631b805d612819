//! Conditions of triggers, from text to data.

use super::reading::Reader;
use super::{Bounds, Condition, Leaf, Quorum, Source, Test, Wanted};
use crate::report::Status;
use crate::suite::node::Node;
use crate::suite::problem::At;

const JOINS: [&str; 5] = ["all", "any", "at_least", "not", "trigger"];
const SOURCES: [&str; 4] = ["finding", "pass_rate", "watch", "drifted"];
const BESIDE: [&str; 9] =
    ["status", "below", "above", "clear_above", "clear_below", "length", "segment", "quorum", "min_records"];
const HINT: &str = "`finding: NAME`, `pass_rate: NAME`, `watch: NAME`, `drifted: {fields: 3}`, `trigger: NAME`, or \
                    `all: [..]`, `any: [..]`, `at_least: {n: 2, of: [..]}`, `not: ..` of those";

/// How deep conditions may be nested, and what one may read of windows.
const DEEPEST: usize = 16;
const MOST: usize = 100;

impl Reader<'_> {
    /// A condition; a list is `all` of it.
    pub(super) fn condition(&mut self, node: &Node, path: &str, depth: usize) -> Option<Condition> {
        if depth > DEEPEST {
            self.problem(node.at, path, format!("nested deeper than {DEEPEST}"), "");
            return None;
        }
        if node.items().is_some() {
            return Some(Condition::All(self.several(node, path, depth)?));
        }
        let known = || JOINS.into_iter().chain(SOURCES);
        let mut given = known().filter(|it| node.get(it).is_some());
        let (Some(word), None) = (given.next(), given.next()) else {
            let found = if node.is_mapping() { "none of these or several" } else { node.what() };
            self.problem(node.at, path, format!("expected a condition, found {found}"), HINT);
            return None;
        };
        let value = node.get(word)?;
        if SOURCES.contains(&word) {
            return self.leaf(node, word, value, path);
        }
        self.only(node, path, &[word]);
        match word {
            "all" => Some(Condition::All(self.several(value, path, depth)?)),
            "any" => Some(Condition::Any(self.several(value, path, depth)?)),
            "not" => Some(Condition::Not(Box::new(self.condition(value, path, depth + 1)?))),
            "trigger" => match value.text() {
                Some(name) => Some(Condition::Trigger(name.to_owned(), value.at)),
                None => {
                    self.problem(value.at, path, format!("expected a trigger's name, found {}", value.what()), "");
                    None
                }
            },
            _ => {
                self.only(value, path, &["n", "of"]);
                let (Some(n), Some(of)) = (value.get("n"), value.get("of")) else {
                    self.problem(value.at, path, "`at_least` takes `{n: 2, of: [..]}`", "");
                    return None;
                };
                let of = self.several(of, path, depth)?;
                let n = self.count(n, path, 1, of.len() as i64)?;
                Some(Condition::AtLeast(n as usize, of))
            }
        }
    }

    fn several(&mut self, node: &Node, path: &str, depth: usize) -> Option<Vec<Condition>> {
        let one = std::slice::from_ref(node);
        let items = node.items().unwrap_or(one);
        if items.is_empty() {
            self.problem(node.at, path, "expected conditions, found none", HINT);
            return None;
        }
        // All are read, so that all that is wrong is said.
        let read: Vec<_> = items.iter().map(|it| self.condition(it, path, depth + 1)).collect();
        read.into_iter().collect()
    }

    fn leaf(&mut self, node: &Node, word: &str, value: &Node, path: &str) -> Option<Condition> {
        let known: Vec<_> = BESIDE.into_iter().chain([word]).collect();
        self.only(node, path, &known);
        let mut bounds = Bounds::default();
        let (mut is_bounded, is_drift) = (false, word == "drifted");
        let numbers: [(&str, &mut Option<f64>); 4] = [
            ("below", &mut bounds.below),
            ("above", &mut bounds.above),
            ("clear_above", &mut bounds.clear_above),
            ("clear_below", &mut bounds.clear_below),
        ];
        for (name, to) in numbers {
            if let Some(it) = node.get(name).filter(|it| !it.is_null()) {
                is_bounded = true;
                *to = self.number(it, path);
            }
        }
        let statuses = [Status::Fail, Status::Error, Status::Skip, Status::Pass].map(|it| (it.name(), it));
        let status = self.word(node, "status", statuses);
        let source = if is_drift { self.drifted(value, path, &mut bounds)? } else { self.source(word, value, path)? };
        if is_drift && (is_bounded || status.is_some()) {
            let hint = "`drifted: {fields: 3}`: at least three fields; `{share: 0.3}`: at least that share of them";
            self.problem(node.at, path, "`drifted` says itself how many fields are too many", hint);
        }
        if is_drift && path == "verify" {
            self.problem(node.at, path, "name what is to be well again: an expectation, not `drifted`", "");
        }
        if is_bounded && status.is_some() {
            self.problem(
                node.at,
                path,
                "bounds are on the number that was observed, `status` is on the verdict",
                "say one",
            );
        }
        if word == "pass_rate" && !is_bounded {
            self.problem(node.at, path, "a pass rate needs a bound", "`below: 0.99`");
        }
        if is_bounded {
            self.fit(node.at, path, bounds);
        }
        let length = self.said(node, "length", path);
        let segment = self.said(node, "segment", path).map(|it| if it == "all" { String::new() } else { it });
        let min_records = node.get("min_records").and_then(|it| self.count(it, path, 0, i64::MAX)).unwrap_or(0);
        let quorum = node.get("quorum").map_or(Some(Quorum::ONE), |it| self.quorum(it, path))?;
        if self.leaves.len() >= MOST {
            self.problem(node.at, path, format!("a trigger reads at most {MOST} findings"), "");
            return None;
        }
        self.leaves.push(Leaf {
            at: node.at,
            path: if path.is_empty() { self.path.clone() } else { format!("{}.{path}", self.path) },
            source,
            test: if is_bounded || is_drift {
                Test::Bounds(bounds)
            } else {
                // What is verified is that all is well.
                Test::Status(status.unwrap_or(if path == "verify" { Status::Pass } else { Status::Fail }))
            },
            length,
            segment,
            quorum,
            min_records: min_records as u64,
            checks: Vec::new(),
        });
        Some(Condition::Leaf(self.leaves.len() - 1))
    }

    /// A member that is text.
    fn said(&mut self, node: &Node, member: &str, path: &str) -> Option<String> {
        let value = node.get(member).filter(|it| !it.is_null())?;
        if value.text().is_none() {
            self.problem(value.at, path, format!("`{member}` must be text, found {}", value.what()), "");
        }
        value.text().map(str::to_owned)
    }

    /// Bounds that do not contradict each other.
    fn fit(&mut self, at: At, path: &str, it: Bounds) {
        let Bounds { below, above, clear_above, clear_below } = it;
        let hint = "`below: 0.95, clear_above: 0.96`: bad below 0.95, good again from 0.96 on";
        if below.is_none() && above.is_none() {
            return self.problem(at, path, "it says when all is well again, and not when it is bad", hint);
        }
        if clear_above.is_some_and(|clear| below.is_none_or(|it| clear < it)) {
            self.problem(at, path, "`clear_above` stands beside a `below` that is not above it", hint);
        }
        if clear_below.is_some_and(|clear| above.is_none_or(|it| clear > it)) {
            self.problem(at, path, "`clear_below` stands beside an `above` that is not below it", hint);
        }
        let (low, high) = (clear_above.or(below), clear_below.or(above));
        if let (Some(low), Some(high)) = (low, high)
            && low > high
        {
            self.problem(at, path, "no number is within these bounds", hint);
        }
    }

    fn source(&mut self, word: &str, node: &Node, path: &str) -> Option<Source> {
        let mut wanted = Wanted::default();
        if let Some(name) = node.text() {
            wanted.name = Some(name.to_owned());
        } else if node.is_mapping() && !node.members().is_empty() {
            self.only(node, path, &["name", "kind", "field"]);
            let text = |name: &str| node.get(name).and_then(|it| it.text().map(str::to_owned));
            wanted = Wanted { name: text("name"), kind: text("kind"), field: text("field") };
        } else {
            let message = format!("expected an expectation, found {}", node.what());
            self.problem(node.at, path, message, "`finding: NAME` or `finding: {kind: stable, field: amount}`");
            return None;
        }
        Some(match word {
            "finding" => Source::Finding(wanted),
            "pass_rate" => Source::PassRate(wanted),
            _ => Source::Watch(wanted),
        })
    }

    /// `{fields: 3, of: [a, b, c]}` or `{share: 0.3}`: at least so many.
    fn drifted(&mut self, node: &Node, path: &str, bounds: &mut Bounds) -> Option<Source> {
        self.only(node, path, &["fields", "share", "of"]);
        let of = node.get("of").map(|it| self.names(it, path)).unwrap_or_default();
        match (node.get("fields"), node.get("share")) {
            (Some(it), None) => {
                let n = self.count(it, path, 1, 100_000)?;
                // Less than one field more would be one field less.
                bounds.above = Some(n as f64 - 0.5);
                Some(Source::Drifted(of))
            }
            (None, Some(it)) => {
                let share = self.number(it, path).filter(|it| *it > 0.0 && *it <= 1.0);
                if share.is_none() {
                    self.problem(it.at, path, "a share is above 0 and at most 1", "");
                }
                bounds.above = Some(share? - 1e-9);
                Some(Source::DriftedShare(of))
            }
            _ => {
                self.problem(node.at, path, "`drifted` takes `{fields: 3}` or `{share: 0.3}`", "");
                None
            }
        }
    }

    fn quorum(&mut self, node: &Node, path: &str) -> Option<Quorum> {
        self.only(node, path, &["failing", "of"]);
        let (Some(failing), Some(of)) = (node.get("failing"), node.get("of")) else {
            self.problem(node.at, path, "`quorum` takes `{failing: 3, of: 5}`", "");
            return None;
        };
        let of = self.count(of, path, 1, Quorum::MOST as i64)?;
        let failing = self.count(failing, path, 1, of)?;
        Some(Quorum { failing: failing as usize, of: of as usize })
    }
}
