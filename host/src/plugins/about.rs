//! Whether what a plugin says of itself can be true.

use std::collections::BTreeSet;

use driftline_rules::plugin::{About, Capability, Task};
use driftline_rules::schema::Schema;

/// All that is wrong; `can` tells which tasks the component has an interface for.
pub(super) fn problems(about: &About, can: impl Fn(Task) -> bool) -> Vec<String> {
    let mut wrong = Vec::new();
    if !is_word(&about.name, "-") {
        wrong.push(format!("its name `{}` is not made of lower-case letters, digits and hyphens", about.name));
    }
    if let Err(error) = semver::Version::parse(&about.version) {
        wrong.push(format!("its version `{}` is no semantic version: {error}", about.version));
    }
    if about.capabilities.is_empty() {
        wrong.push("it has no capabilities".to_owned());
    }
    for id in doubled(about.capabilities.iter().map(|it| it.id.as_str())) {
        wrong.push(format!("two of its capabilities have the id `{id}`"));
    }
    for it in &about.capabilities {
        let (id, interface) = (&it.id, interface(it.task));
        if !can(it.task) {
            wrong.push(format!("capability `{id}` needs the interface `{interface}`, which it does not export"));
        }
        capability(it, &mut wrong);
    }
    wrong
}

/// The interface that a task is done by.
pub(super) fn interface(task: Task) -> &'static str {
    match task {
        Task::RecordCheck => "record-check",
        Task::DriftTest => "drift-test",
        Task::Metric => "metric",
    }
}

fn capability(it: &Capability, wrong: &mut Vec<String>) {
    let id = &it.id;
    if !is_word(id, "-_") {
        wrong.push(format!(
            "the id `{id}` of a capability is not made of lower-case letters, digits, hyphens and underscores"
        ));
    }
    let kind = it.params.get("type").and_then(|it| it.as_str());
    if !it.params.is_object() {
        wrong.push(format!("the schema of the parameters of `{id}` is no JSON object: {}", it.params));
    } else if kind.is_some_and(|it| it != "object") {
        wrong.push(format!("the schema of the parameters of `{id}` does not ask for an object"));
    } else if let Err(errors) = Schema::compile(&it.params, &[]) {
        for error in errors {
            wrong.push(format!("the schema of the parameters of `{id}` at `{}`: {}", error.path, error.message));
        }
    }
    for name in doubled(it.inputs.iter().map(|it| it.name.as_str())) {
        wrong.push(format!("two inputs of `{id}` are called `{name}`"));
    }
    for input in it.inputs.iter().filter(|it| it.accepts.is_empty()) {
        wrong.push(format!("the input `{}` of `{id}` accepts no type", input.name));
    }
    for input in it.inputs.iter().filter(|it| it.name.is_empty()) {
        wrong.push(format!("an input of `{id}` has no name: {:?}", input.description));
    }
    for name in doubled(it.outputs.iter().map(|it| it.name.as_str())) {
        wrong.push(format!("two outputs of `{id}` are called `{name}`"));
    }
}

fn is_word(text: &str, more: &str) -> bool {
    let inside = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || more.contains(it);
    text.starts_with(|it: char| it.is_ascii_lowercase()) && text.chars().all(inside)
}

fn doubled<'a>(names: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    names.filter(|it| !seen.insert(*it)).collect()
}
