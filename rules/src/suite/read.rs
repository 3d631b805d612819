//! From the text of a suite to its data.

mod record;

use super::node::{self, Data, Member, Node};
use super::problem::{At, Problem, did_you_mean};
use super::signals::Signal;
use super::triggers::Trigger;
use super::{
    Bound, Declared, Drift, Entry, Example, Form, OnFail, Over, Predictions, Privacy, RunsOf, SchemaSource, Segments,
    Suite, Telling, Windows,
};
use crate::path::Path;
use crate::report::Severity;
use crate::types::Type;
use crate::value::Value;

/// Reads a suite, YAML or JSON, of Driftline's or of Great Expectations' form.
/// What could be read is there even when there are problems.
pub fn read(text: &str) -> (Suite, Vec<Problem>) {
    let mut suite = Suite::default();
    let mut problems = Vec::new();
    match node::parse(text) {
        Ok(node) => Reader { problems: &mut problems }.suite(&node, &mut suite),
        Err(problem) => problems.push(problem),
    }
    (suite, problems)
}

const MEMBERS: [&str; 19] = [
    "name",
    "id",
    "notes",
    "meta",
    "types",
    "record",
    "predictions",
    "runs_of",
    "on_fail",
    "windows",
    "segments",
    "drift",
    "privacy",
    "schema",
    "plugins",
    "expectations",
    "triggers",
    "signals",
    "examples",
];
/// What suites saved by any version of GX may hold beside, and which says nothing about data.
const GX_MEMBERS: [&str; 7] = [
    "expectation_suite_name",
    "ge_cloud_id",
    "data_asset_type",
    "evaluation_parameters",
    "suite_parameters",
    "$schema",
    "success",
];
const ENTRY_MEMBERS: [&str; 12] =
    ["field", "fields", "mostly", "when", "severity", "segments", "watch", "name", "notes", "id", "meta", "expect"];
const GX_ENTRY_MEMBERS: [&str; 10] = [
    "type",
    "expectation_type",
    "kwargs",
    "meta",
    "id",
    "ge_cloud_id",
    "severity",
    "notes",
    "description",
    "rendered_content",
];

struct Reader<'p> {
    problems: &'p mut Vec<Problem>,
}

impl Reader<'_> {
    fn suite(&mut self, node: &Node, suite: &mut Suite) {
        if let Some(items) = node.items() {
            // A bare list of expectations.
            suite.entries = self.entries(items, "");
            return;
        }
        if node.members().is_empty() {
            self.problem(node.at, "", format!("a suite is a mapping with `expectations:`, this is {}", node.what()));
            return;
        }
        for Member { name, at, value } in node.members() {
            match name.as_str() {
                "name" | "expectation_suite_name" => suite.name = self.text(value, name),
                "id" | "ge_cloud_id" => suite.id = value.text().map(str::to_owned),
                "notes" => suite.notes = value.given(),
                "meta" => suite.meta = value.given(),
                "types" => suite.types = self.types(value),
                "record" => suite.record = self.record(value),
                "predictions" => suite.predictions = Predictions::read(value, self.problems),
                "runs_of" => suite.runs_of = RunsOf::read(value, self.problems),
                "on_fail" => {
                    suite.on_fail = self.word(value, name, OnFail::ALL.map(OnFail::name), OnFail::parse_name);
                }
                "windows" => suite.windows = Windows::read(value, self.problems),
                "segments" => suite.segments = Segments::read(value, self.problems),
                "drift" => suite.drift = Drift::read(value, self.problems),
                "privacy" => suite.privacy = self.privacy(value),
                "schema" => suite.schema = self.schema(value),
                "plugins" => suite.plugins = super::plugins::read(value, self.problems),
                "expectations" => match value.items() {
                    Some(items) => suite.entries = self.entries(items, "expectations"),
                    None if value.is_null() => {}
                    None => self.problem(value.at, name, format!("expected a list, found {}", value.what())),
                },
                "triggers" => suite.triggers = Trigger::read_all(value, self.problems),
                "signals" => suite.signals = Signal::read_all(value, self.problems),
                "examples" => suite.examples = self.examples(value),
                _ if GX_MEMBERS.contains(&name.as_str()) || name.starts_with("x-") => {}
                _ => {
                    let hint =
                        did_you_mean(name, MEMBERS).unwrap_or_else(|| format!("a suite holds {}", MEMBERS.join(", ")));
                    self.problems.push(Problem::new(*at, format!("unknown member `{name}`")).hint(hint));
                }
            }
        }
        if suite.runs_of.is_some() {
            suite.record.be_of_runs();
        }
    }

    fn problem(&mut self, at: At, path: &str, message: impl Into<String>) {
        self.problems.push(Problem::new(at, message).within(path));
    }

    fn text(&mut self, node: &Node, path: &str) -> Option<String> {
        if node.is_null() {
            return None;
        }
        match &node.data {
            Data::Scalar(it) => Some(crate::python::text(it).into_owned()),
            _ => {
                self.problem(node.at, path, format!("expected text, found {}", node.what()));
                None
            }
        }
    }

    fn types(&mut self, node: &Node) -> Vec<Declared> {
        if !node.is_mapping() && !node.is_null() {
            self.problem(node.at, "types", "expected a mapping of fields to types");
        }
        let mut types = Vec::new();
        for Member { name, value, .. } in node.members() {
            let path = format!("types.{name}");
            match value.text().and_then(Type::parse_name) {
                Some(ty) => types.push(Declared { field: name.clone(), ty, at: value.at }),
                None => {
                    let given = value.text().unwrap_or_else(|| value.what());
                    let hint = did_you_mean(given, Type::ALL.map(Type::name))
                        .unwrap_or_else(|| format!("the types are {}", Type::ALL.map(Type::name).join(", ")));
                    self.problems
                        .push(Problem::new(value.at, format!("unknown type `{given}`")).within(&path).hint(hint));
                }
            }
        }
        types
    }

    /// One of a few words; the first of them for null.
    fn word<T: Default, const N: usize>(
        &mut self,
        node: &Node,
        path: &str,
        words: [&'static str; N],
        parse: impl Fn(&str) -> Option<T>,
    ) -> T {
        if node.is_null() {
            return T::default();
        }
        let given = node.text().unwrap_or_else(|| node.what());
        parse(given).unwrap_or_else(|| {
            let hint = did_you_mean(given, words).unwrap_or_else(|| format!("it is one of {}", words.join(", ")));
            self.problems.push(Problem::new(node.at, format!("unknown word `{given}`")).within(path).hint(hint));
            T::default()
        })
    }

    fn privacy(&mut self, node: &Node) -> Privacy {
        let mut privacy = Privacy::default();
        if !node.is_mapping() && !node.is_null() {
            self.problem(node.at, "privacy", "expected a mapping of fields to keep, mask, hash or drop");
        }
        for Member { name, at, value } in node.members() {
            let path = format!("privacy.{name}");
            let telling = self.word(value, &path, Telling::ALL.map(Telling::name), Telling::parse_name);
            if name == "*" {
                privacy.others = Some(telling);
                continue;
            }
            match Path::parse(name) {
                Ok(field) => privacy.fields.push((field, telling)),
                Err(message) => self.problem(*at, &path, message),
            }
        }
        privacy
    }

    fn schema(&mut self, node: &Node) -> Option<SchemaSource> {
        match &node.data {
            Data::Scalar(Value::Null) => None,
            Data::Scalar(Value::Str(file)) => Some(SchemaSource::File(file.to_string(), node.at)),
            Data::Map(_) | Data::Scalar(Value::Bool(_)) => Some(SchemaSource::Inline(node.to_value(), node.at)),
            _ => {
                self.problem(
                    node.at,
                    "schema",
                    format!("expected a JSON Schema or a file's name, found {}", node.what()),
                );
                None
            }
        }
    }

    fn texts(&mut self, node: &Node, path: &str) -> Vec<(String, At)> {
        match (&node.data, node.text()) {
            (_, Some(text)) => vec![(text.to_owned(), node.at)],
            (Data::List(items), _) => {
                items.iter().filter_map(|it| self.text(it, path).map(|text| (text, it.at))).collect()
            }
            _ => {
                self.problem(node.at, path, format!("expected a list of names, found {}", node.what()));
                Vec::new()
            }
        }
    }

    fn bound(&mut self, member: &Member, path: &str) -> Bound {
        Bound { input: member.name.clone(), at: member.at, fields: self.texts(&member.value, path) }
    }

    fn entries(&mut self, items: &[Node], parent: &str) -> Vec<Entry> {
        items.iter().enumerate().filter_map(|(i, it)| self.entry(it, &format!("{parent}[{i}]"))).collect()
    }

    fn entry(&mut self, node: &Node, path: &str) -> Option<Entry> {
        let n_problems = self.problems.len();
        let entry = if node.get("type").or_else(|| node.get("expectation_type")).is_some() {
            self.gx_entry(node, path)
        } else {
            read_entry(node, path, self.problems)
        };
        // Everything that was found belongs to this entry, and says so.
        for problem in &mut self.problems[n_problems..] {
            if problem.path.is_empty() {
                path.clone_into(&mut problem.path);
            }
        }
        entry
    }

    fn gx_entry(&mut self, node: &Node, path: &str) -> Option<Entry> {
        let name = node.get("type").or_else(|| node.get("expectation_type"))?;
        let Some(kind) = name.text() else {
            self.problem(name.at, path, "`type` must be the name of an expectation");
            return None;
        };
        for Member { name, at, .. } in node.members() {
            if !GX_ENTRY_MEMBERS.contains(&name.as_str()) && !name.starts_with("success_on_last_run") {
                let hint =
                    did_you_mean(name, GX_ENTRY_MEMBERS).unwrap_or_else(|| "parameters belong into `kwargs`".into());
                self.problems.push(Problem::new(*at, format!("unknown member `{name}`")).within(path).hint(hint));
            }
        }
        let mut entry = Entry::new(node.at, path, Form::Gx, kind, name.at);
        if let Some(kwargs) = node.get("kwargs").filter(|it| !it.is_null()) {
            if kwargs.members().is_empty() && !matches!(kwargs.data, Data::Map(_)) {
                self.problem(kwargs.at, path, format!("`kwargs` must be a mapping, this is {}", kwargs.what()));
            }
            entry.params = kwargs.members().to_vec();
        }
        let mut take = |name: &str| {
            let at = entry.params.iter().position(|it| it.name == name)?;
            Some(entry.params.remove(at).value)
        };
        entry.mostly = take("mostly");
        entry.when = take("row_condition").filter(|it| !it.is_null());
        entry.condition_parser = take("condition_parser").and_then(|it| it.text().map(str::to_owned));
        // How a run reports is the run's, not the suite's, to say.
        let _ = (take("result_format"), take("catch_exceptions"), take("include_config"), take("batch_id"));
        let severity = take("severity");
        if let Some(severity) = node.get("severity").or(severity.as_ref()).filter(|it| !it.is_null()) {
            entry.severity = self.severity(severity, path);
        }
        entry.meta = node.get("meta").and_then(Node::given);
        entry.notes = node.get("notes").and_then(Node::given);
        entry.description = node.get("description").and_then(Node::given);
        entry.id = node.get("id").or_else(|| node.get("ge_cloud_id")).and_then(|it| it.text().map(str::to_owned));
        Some(entry)
    }

    fn severity(&mut self, node: &Node, path: &str) -> Severity {
        let names = Severity::ALL.map(Severity::name);
        let given = node.text().unwrap_or_else(|| node.what());
        let found = Severity::ALL.into_iter().find(|it| it.name() == given);
        if found.is_none() {
            let hint = did_you_mean(given, names).unwrap_or_else(|| format!("the severities are {}", names.join(", ")));
            self.problems.push(Problem::new(node.at, format!("unknown severity `{given}`")).within(path).hint(hint));
        }
        found.unwrap_or_default()
    }

    fn examples(&mut self, node: &Node) -> Vec<Example> {
        let Some(items) = node.items() else {
            if !node.is_null() {
                self.problem(node.at, "examples", format!("expected a list, found {}", node.what()));
            }
            return Vec::new();
        };
        let mut examples = Vec::new();
        for (i, it) in items.iter().enumerate() {
            let path = format!("examples[{i}]");
            for member in it.members() {
                if !["name", "record", "fails", "passes"].contains(&member.name.as_str()) {
                    let hint = "an example holds record, and fails: [names] or passes: true";
                    let problem = Problem::new(member.at, format!("unknown member `{}`", member.name));
                    self.problems.push(problem.within(&path).hint(hint));
                }
            }
            let Some(record) = it.get("record") else {
                self.problem(it.at, &path, "an example needs `record:`");
                continue;
            };
            let fails = it.get("fails").map(|it| self.texts(it, &path)).unwrap_or_default();
            examples.push(Example {
                at: it.at,
                name: it.get("name").and_then(|it| self.text(it, &path)),
                record: record.to_value(),
                fails: fails.into_iter().map(|(it, _)| it).collect(),
            });
        }
        examples
    }
}

/// Reads one entry of the short form; also used for the guards of `when:`.
pub fn read_entry(node: &Node, path: &str, problems: &mut Vec<Problem>) -> Option<Entry> {
    let mut reader = Reader { problems };
    let mut kinds = node.members().iter().filter(|it| !ENTRY_MEMBERS.contains(&it.name.as_str()));
    let Some(kind) = kinds.next() else {
        let message = if node.members().is_empty() {
            format!(
                "an expectation is a mapping such as `{{ field: age, between: {{ min: 0 }} }}`, this is {}",
                node.what()
            )
        } else {
            "no kind of expectation is named".to_owned()
        };
        reader.problems.push(Problem::new(node.at, message).within(path).hint("`driftline kinds` lists them"));
        return None;
    };
    let mut entry = Entry::new(node.at, path, Form::Short, &kind.name, kind.at);
    for other in kinds {
        let hint = did_you_mean(&other.name, ENTRY_MEMBERS)
            .unwrap_or_else(|| "an entry names one kind; write a second entry for a second kind".to_owned());
        let message = format!("`{}` stands beside `{}`", other.name, kind.name);
        reader.problems.push(Problem::new(other.at, message).within(path).hint(hint));
    }
    match &kind.value.data {
        Data::Map(members) => entry.params.clone_from(members),
        Data::Scalar(Value::Null | Value::Bool(true)) => {}
        _ => entry.alone = Some(kind.value.clone()),
    }
    for Member { name, value, .. } in node.members() {
        match name.as_str() {
            "fields" if value.is_mapping() => {
                entry.inputs = value.members().iter().map(|it| reader.bound(it, path)).collect();
            }
            "field" | "fields" => entry.fields.extend(reader.texts(value, path)),
            "expect" => entry.expect = Some(value.clone()).filter(|it| !it.is_null()),
            "mostly" => entry.mostly = Some(value.clone()),
            "when" => entry.when = Some(value.clone()).filter(|it| !it.is_null()),
            "severity" => entry.severity = reader.severity(value, path),
            "segments" => entry.over = reader.word(value, path, Over::ALL.map(Over::name), Over::parse_name),
            "watch" => entry.watch = Some(value.clone()).filter(|it| !it.is_null()),
            "name" => entry.name = reader.text(value, path),
            "notes" => entry.notes = value.given(),
            "id" => entry.id = reader.text(value, path),
            "meta" => entry.meta = value.given(),
            _ => {}
        }
    }
    Some(entry)
}
