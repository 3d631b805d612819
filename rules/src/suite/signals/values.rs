//! What numbers and labels of signals are made of.

use super::reading::Reader;
use super::{Amount, Buckets, LabelOf, Number, OfFinding, OfModel, OfVerdict};
use crate::path::Path;
use crate::suite::node::{Data, Node};
use crate::suite::problem::did_you_mean;
use crate::value::Value;

const NUMBERS: [&str; 5] = ["length", "multiply", "sum", "subtract", "divide"];
const LABELS: [&str; 7] = ["value", "field", "bucketize", "verdict", "finding", "segment", "model"];
const NUMBER_HINT: &str = "a field, a number, or one of `{length: FIELD}`, `{multiply: [A, B]}`, `{sum: [A, B]}`, `{subtract: [A, B]}`, `{divide: [A, B]}`";
/// How deep numbers may be made of numbers, and of how many.
const DEPTH: usize = 8;
const PARTS: usize = 100;
/// Places at which numbers are divided.
const MOST_BUCKETS: usize = 200;

impl Reader<'_> {
    /// A field by its name.
    pub(super) fn field(&mut self, node: &Node, member: &str) -> Option<String> {
        match node.text().map(|it| (it, Path::parse(it))) {
            Some((text, Ok(_))) => Some(text.to_owned()),
            Some((_, Err(why))) => {
                self.problem(node.at, member, why, "");
                None
            }
            None => {
                let message = format!("expected the name of a field, found {}", node.what());
                self.problem(node.at, member, message, "");
                None
            }
        }
    }

    pub(super) fn number(&mut self, node: &Node, member: &str, depth: usize) -> Option<Number> {
        if depth > DEPTH {
            self.problem(node.at, member, format!("nested deeper than {DEPTH}"), "");
            return None;
        }
        match &node.data {
            Data::Scalar(Value::Str(_)) => self.field(node, member).map(|it| Number::Field(it, node.at)),
            Data::Scalar(Value::Int(_) | Value::Big(_) | Value::Num(_)) => {
                let found = node.to_value().as_f64().filter(|it| it.is_finite());
                if found.is_none() {
                    self.problem(node.at, member, "expected a finite number", "");
                }
                found.map(Number::Constant)
            }
            Data::Map(members) if members.len() == 1 => {
                let (name, value) = members.first().map(|it| (it.name.as_str(), &it.value))?;
                let path = format!("{member}.{name}");
                match name {
                    "length" => self.field(value, &path).map(|it| Number::Length(it, value.at)),
                    "multiply" => self.parts(value, &path, depth).map(Number::Product),
                    "sum" => self.parts(value, &path, depth).map(Number::Sum),
                    "subtract" | "divide" => {
                        let parts = self.parts(value, &path, depth)?;
                        let Ok([a, b]) = <[Number; 2]>::try_from(parts) else {
                            self.problem(value.at, &path, "expected two numbers", &format!("`{{{name}: [A, B]}}`"));
                            return None;
                        };
                        let pair = Box::new((a, b));
                        Some(if name == "divide" { Number::Quotient(pair) } else { Number::Difference(pair) })
                    }
                    _ => {
                        let hint = did_you_mean(name, NUMBERS).unwrap_or_else(|| NUMBER_HINT.to_owned());
                        self.problem(node.at, member, format!("`{name}` makes no number"), &hint);
                        None
                    }
                }
            }
            _ => {
                self.problem(
                    node.at,
                    member,
                    format!("expected a number of the record, found {}", node.what()),
                    NUMBER_HINT,
                );
                None
            }
        }
    }

    fn parts(&mut self, node: &Node, member: &str, depth: usize) -> Option<Vec<Number>> {
        let items = node.items().unwrap_or_default();
        if items.is_empty() || items.len() > PARTS {
            self.problem(node.at, member, format!("expected a list of 1 to {PARTS} numbers"), NUMBER_HINT);
            return None;
        }
        let all: Vec<_> = items.iter().map(|it| self.number(it, member, depth + 1)).collect();
        all.into_iter().collect()
    }

    pub(super) fn label(&mut self, node: &Node, member: &str) -> Option<LabelOf> {
        if node.text().is_some() {
            return self.field(node, member).map(|it| LabelOf::Field(it, node.at));
        }
        let hint = "a field, or `{value: CONSTANT}`, `{bucketize: FIELD, at: [..]}`, `{verdict: outcome}`, `{finding: segment}`, `{segment: FIELD}`, `{model: version}`";
        let kinds: Vec<&str> =
            node.members().iter().map(|it| it.name.as_str()).filter(|it| LABELS.contains(it)).collect();
        let [kind] = kinds.as_slice() else {
            let unknown = node.members().first().filter(|_| kinds.is_empty());
            let guess = unknown.and_then(|it| did_you_mean(&it.name, LABELS));
            self.problem(
                node.at,
                member,
                format!("expected what the label's value is, found {}", node.what()),
                guess.as_deref().unwrap_or(hint),
            );
            return None;
        };
        let value = node.get(kind)?;
        let path = format!("{member}.{kind}");
        let beside: &[&str] =
            if *kind == "bucketize" { &["bucketize", "at", "names"] } else { std::slice::from_ref(kind) };
        self.only(node, member, beside);
        match *kind {
            "value" => match &value.data {
                Data::Scalar(Value::Null) | Data::List(_) | Data::Map(_) => {
                    self.problem(value.at, &path, format!("expected text, found {}", value.what()), "");
                    None
                }
                Data::Scalar(it) => Some(LabelOf::Constant(crate::python::text(it).into_owned())),
            },
            "bucketize" => {
                let number = self.number(value, &path, 0);
                let buckets = self.buckets_named(node, member);
                Some(LabelOf::Bucket(number?, buckets?))
            }
            "verdict" => {
                let it = self.word(value, &path, &OfVerdict::ALL.map(|it| (it.name(), it)))?;
                Some(LabelOf::Verdict(it, node.at))
            }
            "finding" => {
                let it = self.word(value, &path, &OfFinding::ALL.map(|it| (it.name(), it)))?;
                Some(LabelOf::Finding(it, node.at))
            }
            "model" => {
                let it = self.word(value, &path, &OfModel::ALL.map(|it| (it.name(), it)))?;
                Some(LabelOf::Model(it, node.at))
            }
            "segment" => self.field(value, &path).map(|it| LabelOf::Segment(it, node.at)),
            _ => self.field(value, &path).map(|it| LabelOf::Field(it, value.at)),
        }
    }

    /// Numbers that rise.
    pub(super) fn rising(&mut self, node: &Node, member: &str) -> Option<Vec<f64>> {
        let items = node.items().unwrap_or_default();
        let found: Vec<f64> = items.iter().filter_map(|it| it.to_value().as_f64()).collect();
        let is_infinite = |it: &f64| *it == f64::INFINITY;
        let hint = if found.iter().any(is_infinite) {
            "the bucket of all others is there by itself"
        } else {
            "`[0.1, 0.5, 1]`"
        };
        if found.is_empty() || found.len() != items.len() || !found.iter().all(|it| it.is_finite()) {
            self.problem(node.at, member, "expected a list of finite numbers", hint);
            return None;
        }
        if found.len() > MOST_BUCKETS {
            self.problem(node.at, member, format!("more than {MOST_BUCKETS} buckets"), "each bucket is a series");
            return None;
        }
        let fallen = found.iter().zip(found.iter().skip(1)).position(|(a, b)| a >= b);
        if let Some(at) = fallen {
            let place = items.get(at + 1).map_or(node.at, |it| it.at);
            self.problem(place, member, "the numbers must rise", "from the least to the greatest, each once");
            return None;
        }
        Some(found)
    }

    fn buckets_named(&mut self, node: &Node, member: &str) -> Option<Buckets> {
        let Some(at) = node.get("at") else {
            let hint = "`{bucketize: confidence, at: [0.5, 0.9]}`";
            self.problem(node.at, member, "`at` is missing: where the numbers are divided", hint);
            return None;
        };
        let at = self.rising(at, &format!("{member}.at"))?;
        let Some(given) = node.get("names").filter(|it| !it.is_null()) else {
            return Some(Buckets { names: named(&at), at });
        };
        let texts: Vec<String> =
            given.items().unwrap_or_default().iter().filter_map(|it| it.text().map(str::to_owned)).collect();
        if texts.len() != at.len() + 1 {
            let message = format!("expected {} names, one more than the places in `at`", at.len() + 1);
            self.problem(given.at, &format!("{member}.names"), message, "`names: [low, middle, high]`, as text");
            return None;
        }
        Some(Buckets { at, names: texts })
    }

    /// `[a, b]`, each in a series of its own, or `{input: usage.input_tokens, output: usage.output_tokens}`.
    pub(super) fn each(&mut self, node: &Node, label: String) -> Option<Amount> {
        let mut all = Vec::new();
        match &node.data {
            Data::List(items) => {
                for it in items {
                    let field = self.field(it, "each")?;
                    all.push((field.clone(), Number::Field(field, it.at)));
                }
            }
            Data::Map(members) => {
                for it in members {
                    all.push((it.name.clone(), self.number(&it.value, &format!("each.{}", it.name), 0)?));
                }
            }
            Data::Scalar(_) => {}
        }
        if all.is_empty() || all.len() > 1000 {
            self.problem(
                node.at,
                "each",
                "expected 1 to 1000 fields",
                "`each: [features.age, features.income]`, or `each: {input: usage.input, output: usage.output}`",
            );
            return None;
        }
        let twice = all.iter().enumerate().find(|(i, it)| all.iter().take(*i).any(|before| before.0 == it.0));
        if let Some((_, (name, _))) = twice {
            self.problem(node.at, "each", format!("`{name}` stands twice"), "name it once");
            return None;
        }
        Some(Amount::Each(label, all))
    }
}

/// `<0.1`, `0.1-0.3`, `>=0.3`.
fn named(at: &[f64]) -> Vec<String> {
    let (Some(first), Some(last)) = (at.first(), at.last()) else { return Vec::new() };
    let within = at.iter().zip(at.iter().skip(1)).map(|(a, b)| format!("{a}-{b}"));
    std::iter::once(format!("<{first}")).chain(within).chain([format!(">={last}")]).collect()
}
