//! Parameters and fields of a plugin's rule.

use super::super::compile::Compiler;
use crate::path::Path;
use crate::plugin::{Capability, ColumnType, Input};
use crate::row::Slot;
use crate::schema::Schema;
use crate::suite::Entry;
use crate::suite::node::Member;
use crate::suite::plugins::same_name;
use crate::suite::problem::{At, did_you_mean};
use crate::value::Value;

/// A field with the input that it is bound to.
pub(super) struct Column {
    pub input: usize,
    pub field: String,
    pub slot: Slot,
    pub ty: ColumnType,
}

impl Compiler<'_> {
    /// The parameters, checked against the capability's schema.
    pub(super) fn params(&mut self, entry: &Entry, capability: &Capability) -> Value<'static> {
        let members = entry.params.iter().map(|it| (it.name.clone().into(), it.value.to_value()));
        let params = Value::Map(members.collect());
        if let Some(alone) = &entry.alone {
            let message = format!("`{}` takes a mapping of parameters, found {}", entry.kind, alone.what());
            self.wrong(alone.at, entry, message, format!("`{}: {{ ... }}`", entry.kind));
            return params;
        }
        let schema = match Schema::compile(&capability.params, &[]) {
            Ok(it) => it,
            Err(errors) => {
                let why: Vec<_> = errors.iter().map(|it| format!("{}: {}", it.path, it.message)).collect();
                let message = format!("the schema of the parameters of `{}` is broken: {}", entry.kind, why.join("; "));
                self.wrong(entry.kind_at, entry, message, "tell the plugin's author");
                return params;
            }
        };
        let names = capability.params.get("properties").and_then(|it| it.as_object());
        let names: Vec<&str> = names.into_iter().flat_map(|it| it.keys().map(String::as_str)).collect();
        for failure in schema.failures(&params, 20) {
            let place = Path::parse(&failure.path).ok().and_then(|it| place(&entry.params, it.segments()));
            let unknown = entry
                .params
                .iter()
                .find(|it| failure.keyword == "additionalProperties" && !names.contains(&it.name.as_str()));
            let at = unknown.map(|it| it.at).or(place).unwrap_or(entry.kind_at);
            let guess = unknown.and_then(|it| did_you_mean(&it.name, names.iter().copied()));
            let hint = guess.unwrap_or_else(|| match names.as_slice() {
                [] => "it has no parameters".to_owned(),
                names => format!("its parameters are {}", names.join(", ")),
            });
            let message = match failure.path.as_str() {
                "" | "$" => format!("`{}`: {}", entry.kind, failure.message),
                path => format!("`{}`: `{path}`: {}", entry.kind, failure.message),
            };
            self.wrong(at, entry, message, hint);
        }
        params
    }

    /// The entry's fields, bound to the capability's inputs.
    pub(super) fn columns(&mut self, entry: &Entry, capability: &Capability) -> Vec<Column> {
        let inputs = &capability.inputs;
        let n_problems = self.problems.len();
        let mut bound: Vec<(usize, String, At)> = Vec::new();
        for given in &entry.inputs {
            let Some(at) = inputs.iter().position(|it| same_name(&it.name, &given.input)) else {
                let hint = did_you_mean(&given.input, inputs.iter().map(|it| it.name.as_str()))
                    .unwrap_or_else(|| takes(inputs));
                self.wrong(given.at, entry, format!("`{}` has no input `{}`", entry.kind, given.input), hint);
                continue;
            };
            if given.fields.len() > 1 && !inputs[at].many {
                let message = format!("the input `{}` of `{}` takes one field", given.input, entry.kind);
                self.wrong(given.at, entry, message, takes(inputs));
            }
            bound.extend(given.fields.iter().map(|(field, place)| (at, field.clone(), *place)));
        }
        for (i, (field, place)) in entry.fields.iter().enumerate() {
            let last_takes_many = inputs.last().is_some_and(|it| it.many);
            if i < inputs.len() || last_takes_many {
                bound.push((i.min(inputs.len() - 1), field.clone(), *place));
            } else {
                let message = format!("`{}` has no input for the field `{field}`", entry.kind);
                self.wrong(*place, entry, message, takes(inputs));
            }
        }
        for (i, input) in inputs.iter().enumerate() {
            if input.required && !bound.iter().any(|it| it.0 == i) && self.problems.len() == n_problems {
                let message = format!("`{}` needs a field for its input `{}`", entry.kind, input.name);
                self.wrong(entry.at, entry, message, takes(inputs));
            }
        }
        // In the order of the inputs, whichever way they were written.
        bound.sort_by_key(|it| it.0);
        let columns = bound.into_iter().filter_map(|(input, field, at)| match Path::parse(&field) {
            Ok(path) => {
                let declared = self.declared.iter().find(|it| Path::parse(&it.field).is_ok_and(|it| it == path));
                let accepts = &inputs[input].accepts;
                let fits = |it: &&ColumnType| declared.is_some_and(|declared| it.fits(declared.ty));
                let Some(ty) = accepts.iter().find(fits).or(accepts.first()) else {
                    let message = format!("the input `{}` of `{}` accepts no type", inputs[input].name, entry.kind);
                    self.wrong(at, entry, message, "tell the plugin's author");
                    return None;
                };
                if let Some(declared) = declared.filter(|it| !ty.fits(it.ty)) {
                    let accepted: Vec<_> = accepts.iter().map(|it| it.name()).collect();
                    let message = format!(
                        "`{field}` is declared as {}, and the input `{}` of `{}` takes {}",
                        declared.ty.name(),
                        inputs[input].name,
                        entry.kind,
                        accepted.join(" or ")
                    );
                    self.wrong(at, entry, message, "bind another field, or declare it otherwise under `types:`");
                }
                Some(Column { input, slot: self.bindings.slot(&path), field, ty: *ty })
            }
            Err(message) => {
                self.problem(at, message, &entry.path);
                None
            }
        });
        columns.collect()
    }
}

/// The inputs in words.
fn takes(inputs: &[Input]) -> String {
    let word = |it: &Input| {
        let many = if it.many { ", any number" } else { "" };
        let optional = if it.required { "" } else { ", optional" };
        let accepts: Vec<_> = it.accepts.iter().map(|it| it.name()).collect();
        format!("{} ({}{many}{optional})", it.name, accepts.join(" or "))
    };
    match inputs {
        [] => "it reads no field".to_owned(),
        inputs => format!("its inputs are {}", inputs.iter().map(word).collect::<Vec<_>>().join(", ")),
    }
}

/// Where a parameter stands.
fn place(members: &[Member], path: &[String]) -> Option<At> {
    let (first, rest) = path.split_first()?;
    let member = members.iter().find(|it| it.name == *first)?;
    if rest.is_empty() {
        return Some(member.value.at);
    }
    let inner = match member.value.items() {
        Some(items) => rest.first()?.parse::<usize>().ok().and_then(|it| items.get(it)).map(|it| it.at),
        None => place(member.value.members(), rest),
    };
    Some(inner.unwrap_or(member.value.at))
}
