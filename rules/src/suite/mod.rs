//! What the user writes: a suite, read into plain data with the place of everything.
//!
//! Nothing is known here about kinds: names and parameters of expectations are resolved by
//! [`plan::compile`](crate::plan::compile). All problems are reported at once.

pub mod node;
pub mod problem;

use crate::report::Severity;
use crate::types::Type;
use crate::value::Value;
use node::{Data, Member, Node};
use problem::{At, Problem, did_you_mean};

/// A suite of expectations.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    /// Its name.
    pub name: Option<String>,
    /// GX's `id`, carried through.
    pub id: Option<String>,
    /// Notes, carried through.
    pub notes: Option<Value<'static>>,
    /// Free data, carried through.
    pub meta: Option<Value<'static>>,
    /// What text in a field means.
    pub types: Vec<Declared>,
    /// Where the well-known fields of a record lie.
    pub record: RecordFields,
    /// The JSON Schema of a record.
    pub schema: Option<SchemaSource>,
    /// The expectations.
    pub entries: Vec<Entry>,
    /// Records with the verdict that they must get.
    pub examples: Vec<Example>,
}

/// A field's declared type.
#[derive(Clone, Debug)]
pub struct Declared {
    /// The field, in the suite's notation.
    pub field: String,
    /// Its type.
    pub ty: Type,
    /// Where it stands.
    pub at: At,
}

/// Where the well-known fields of a record lie: the `record:` block.
#[derive(Clone, Debug, Default)]
pub struct RecordFields {
    /// Field by role; each role is one of [`RecordFields::ROLES`].
    pub roles: Vec<(&'static str, String)>,
    /// Fields whose values divide the records into segments.
    pub segments: Vec<String>,
}

impl RecordFields {
    /// The roles a field can have.
    pub const ROLES: [&'static str; 8] = ["id", "time", "model", "version", "prediction", "score", "label", "segment"];

    /// The field that has a role.
    pub fn role(&self, role: &str) -> Option<&str> {
        self.roles.iter().find(|(it, _)| *it == role).map(|(_, field)| field.as_str())
    }
}

/// How an entry of a suite is written, which decides how its parameters are converted and how
/// values of a wrong type count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Driftline's short form.
    Short,
    /// Great Expectations' `type` and `kwargs`: everything as GX 1.24 does it.
    Gx,
}

/// The JSON Schema of a record.
#[derive(Clone, Debug)]
pub enum SchemaSource {
    /// Written in the suite.
    Inline(Value<'static>, At),
    /// In a file beside the suite.
    File(String, At),
}

/// One expectation as it is written.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it stands.
    pub at: At,
    /// Its path: `expectations[2]`.
    pub path: String,
    /// How it is written.
    pub form: Form,
    /// The name of its kind, short or GX.
    pub kind: String,
    /// Where the name stands.
    pub kind_at: At,
    /// `field:` and `fields:`, in order, of the short form.
    pub fields: Vec<(String, At)>,
    /// The parameters: the mapping after the kind's name, or GX's `kwargs`.
    pub params: Vec<Member>,
    /// The parameter that stands alone after the kind's name.
    pub alone: Option<Node>,
    /// `mostly:`.
    pub mostly: Option<Node>,
    /// `when:`, in GX `row_condition`.
    pub when: Option<Node>,
    /// GX's `condition_parser`.
    pub condition_parser: Option<String>,
    /// How much it matters.
    pub severity: Severity,
    /// A name of its own.
    pub name: Option<String>,
    /// GX's `id`, carried through.
    pub id: Option<String>,
    /// Notes, carried through.
    pub notes: Option<Value<'static>>,
    /// GX's `description`, carried through.
    pub description: Option<Value<'static>>,
    /// Free data, carried through.
    pub meta: Option<Value<'static>>,
}

/// A record with the verdict that it must get.
#[derive(Clone, Debug)]
pub struct Example {
    /// Where it stands.
    pub at: At,
    /// A name of its own.
    pub name: Option<String>,
    /// The record.
    pub record: Value<'static>,
    /// Names or kinds of the expectations that must fail; empty: the record passes.
    pub fails: Vec<String>,
}

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

const MEMBERS: [&str; 9] = ["name", "id", "notes", "meta", "types", "record", "schema", "expectations", "examples"];
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
const ENTRY_MEMBERS: [&str; 9] = ["field", "fields", "mostly", "when", "severity", "name", "notes", "id", "meta"];
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
                "notes" => suite.notes = given(value),
                "meta" => suite.meta = given(value),
                "types" => suite.types = self.types(value),
                "record" => suite.record = self.record(value),
                "schema" => suite.schema = self.schema(value),
                "expectations" => match value.items() {
                    Some(items) => suite.entries = self.entries(items, "expectations"),
                    None if value.is_null() => {}
                    None => self.problem(value.at, name, format!("expected a list, found {}", value.what())),
                },
                "examples" => suite.examples = self.examples(value),
                _ if GX_MEMBERS.contains(&name.as_str()) || name.starts_with("x-") => {}
                _ => {
                    let hint =
                        did_you_mean(name, MEMBERS).unwrap_or_else(|| format!("a suite holds {}", MEMBERS.join(", ")));
                    self.problems.push(Problem::new(*at, format!("unknown member `{name}`")).hint(hint));
                }
            }
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
        if node.members().is_empty() && !node.is_null() {
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

    fn record(&mut self, node: &Node) -> RecordFields {
        let mut fields = RecordFields::default();
        for Member { name, at, value } in node.members() {
            let path = format!("record.{name}");
            if name == "segments" {
                fields.segments = self.texts(value, &path).into_iter().map(|(it, _)| it).collect();
                continue;
            }
            let Some(role) = RecordFields::ROLES.iter().find(|it| *it == name) else {
                let hint = did_you_mean(name, RecordFields::ROLES)
                    .unwrap_or_else(|| format!("the roles are {}, segments", RecordFields::ROLES.join(", ")));
                self.problems.push(Problem::new(*at, format!("unknown role `{name}`")).within("record").hint(hint));
                continue;
            };
            if let Some(field) = self.text(value, &path) {
                if let Err(message) = crate::path::Path::parse(&field) {
                    self.problem(value.at, &path, message);
                }
                fields.roles.push((role, field));
            }
        }
        if node.members().is_empty() && !node.is_null() {
            self.problem(node.at, "record", format!("expected a mapping, found {}", node.what()));
        }
        fields
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
        entry.meta = node.get("meta").and_then(given);
        entry.notes = node.get("notes").and_then(given);
        entry.description = node.get("description").and_then(given);
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
            "field" | "fields" => entry.fields.extend(reader.texts(value, path)),
            "mostly" => entry.mostly = Some(value.clone()),
            "when" => entry.when = Some(value.clone()).filter(|it| !it.is_null()),
            "severity" => entry.severity = reader.severity(value, path),
            "name" => entry.name = reader.text(value, path),
            "notes" => entry.notes = given(value),
            "id" => entry.id = reader.text(value, path),
            "meta" => entry.meta = given(value),
            _ => {}
        }
    }
    Some(entry)
}

impl Entry {
    fn new(at: At, path: &str, form: Form, kind: &str, kind_at: At) -> Self {
        Entry {
            at,
            path: path.to_owned(),
            form,
            kind: kind.to_owned(),
            kind_at,
            fields: Vec::new(),
            params: Vec::new(),
            alone: None,
            mostly: None,
            when: None,
            condition_parser: None,
            severity: Severity::default(),
            name: None,
            id: None,
            notes: None,
            description: None,
            meta: None,
        }
    }
}

fn given(node: &Node) -> Option<Value<'static>> {
    (!node.is_null()).then(|| node.to_value())
}
