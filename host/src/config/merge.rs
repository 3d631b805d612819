//! What all sources say together, and which of them said what.

use std::collections::BTreeMap;

use driftline_rules::suite::node::{Data, Node};
use driftline_rules::suite::problem::At;
use driftline_rules::value::Value;
use serde_json::{Map, Value as Json};

use super::problem::{Origin, Problem};
use super::schema::{allows, find};

/// Several sources laid over each other; secrets are as they were given.
#[derive(Default)]
pub struct Merged {
    /// What they say; defaults are not in it.
    pub json: Json,
    /// What could not even be read.
    pub problems: Vec<Problem>,
    /// Where each value was set, by JSON pointer.
    values: BTreeMap<String, Origin>,
    /// Where the name before each value stands.
    names: BTreeMap<String, Origin>,
}

/// The JSON pointer of a member.
pub(super) fn child(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The names and numbers of a JSON pointer.
pub(super) fn segments(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|it| it.replace("~1", "/").replace("~0", "~")).collect()
}

/// A JSON pointer as people write it: `tokens[0].name`.
pub(super) fn dotted(pointer: &str) -> String {
    segments(pointer).iter().fold(String::new(), |path, it| match it.parse::<usize>() {
        Ok(i) => format!("{path}[{i}]"),
        Err(_) if path.is_empty() => it.clone(),
        Err(_) => format!("{path}.{it}"),
    })
}

impl Merged {
    /// Nothing said yet.
    pub(super) fn new() -> Self {
        Merged { json: Json::Object(Map::new()), ..Merged::default() }
    }

    /// Where a value was set: itself, or what holds it.
    pub(super) fn origin(&self, pointer: &str) -> Origin {
        let mut at = pointer;
        loop {
            match (self.values.get(at), at.rfind('/')) {
                (Some(it), _) => return it.clone(),
                (None, Some(end)) => at = &at[..end],
                (None, None) => return Origin::Default,
            }
        }
    }

    /// Where the name before a value stands.
    pub(super) fn named(&self, pointer: &str) -> Origin {
        self.names.get(pointer).cloned().unwrap_or_else(|| self.origin(pointer))
    }

    /// Where exactly this value was set.
    pub(super) fn set_by(&self, pointer: &str) -> Origin {
        self.values.get(pointer).cloned().unwrap_or(Origin::Default)
    }

    /// Lays a document over what there is: mappings are merged, everything else is replaced. `false`: the path
    /// leads through something that holds no such place.
    #[must_use]
    pub(super) fn lay(&mut self, path: &[String], node: &Node, schema: &Json, origin: &dyn Fn(At) -> Origin) -> bool {
        let mut json = std::mem::take(&mut self.json);
        let mut pointer = String::new();
        let mut target = Some(&mut json);
        for segment in path {
            self.values.entry(pointer.clone()).or_insert_with(|| origin(node.at));
            pointer = child(&pointer, segment);
            self.names.insert(pointer.clone(), origin(node.at));
            target = target.and_then(|it| below(it, segment));
        }
        let reached = match (target, find(schema, path)) {
            (Some(target), Some(schema)) => {
                self.overlay(target, node, schema, &pointer, origin);
                true
            }
            _ => false,
        };
        self.json = json;
        reached
    }

    fn overlay(&mut self, target: &mut Json, node: &Node, schema: &Json, pointer: &str, origin: &dyn Fn(At) -> Origin) {
        // A section whose members are all commented out is no value of its own.
        let emptied = node.is_null() && allows(schema, "object");
        let merges = target.is_object() && node.is_mapping();
        if !emptied && !merges {
            let inside = format!("{pointer}/");
            self.values.retain(|it, _| !it.starts_with(&inside));
            self.names.retain(|it, _| !it.starts_with(&inside));
        }
        self.values.insert(pointer.to_owned(), origin(node.at));
        match &node.data {
            Data::Scalar(_) if emptied => {
                if target.is_null() {
                    *target = Json::Object(Map::new());
                }
            }
            Data::Scalar(value) => *target = scalar(value),
            Data::List(items) => {
                *target = Json::Array(vec![Json::Null; items.len()]);
                for (i, item) in items.iter().enumerate() {
                    let segment = i.to_string();
                    let schema = find(schema, std::slice::from_ref(&segment)).unwrap_or(&Json::Null);
                    self.overlay(&mut target[i], item, schema, &child(pointer, &segment), origin);
                }
            }
            Data::Map(members) => {
                if !target.is_object() {
                    *target = Json::Object(Map::new());
                }
                for member in members {
                    let schema = find(schema, std::slice::from_ref(&member.name)).unwrap_or(&Json::Null);
                    let pointer = child(pointer, &member.name);
                    self.names.insert(pointer.clone(), origin(member.at));
                    let target = &mut target[member.name.as_str()];
                    self.overlay(target, &member.value, schema, &pointer, origin);
                }
            }
        }
    }
}

/// The member or item, made if it is the next.
fn below<'j>(json: &'j mut Json, segment: &str) -> Option<&'j mut Json> {
    if json.is_null() {
        *json = if segment.parse::<usize>().is_ok() { Json::Array(Vec::new()) } else { Json::Object(Map::new()) };
    }
    match json {
        Json::Object(members) => Some(members.entry(segment).or_insert(Json::Null)),
        Json::Array(items) => {
            let i: usize = segment.parse().ok()?;
            if i == items.len() {
                items.push(Json::Null);
            }
            items.get_mut(i)
        }
        _ => None,
    }
}

/// A scalar; `1.0` is the whole number 1, as in JSON Schema.
fn scalar(value: &Value) -> Json {
    match value {
        Value::Num(it) if it.fract() == 0.0 && it.abs() < 9e15 => Json::from(*it as i64),
        other => other.to_json(),
    }
}
