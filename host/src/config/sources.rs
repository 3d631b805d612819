//! Where settings come from: the file, the variables of the environment, the flags of the command line.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use driftline_rules::suite::node::{self, Data, Node};
use driftline_rules::suite::problem::{At, Problem as Unread, did_you_mean};
use driftline_rules::value::Value;
use serde_json::Value as Json;

use super::merge::{Merged, child};
use super::problem::{Origin, Problem, meant};
use super::schema::{allows, fields, find};
use crate::redact::HIDDEN;

/// The file that is read when none is named.
pub const FILE: &str = "driftline.yaml";

/// The variable that names the file.
const FILE_VARIABLE: &str = "DRIFTLINE_CONFIG";

/// Variables of the command line alone: where plugins are kept from run to run, and who asks a service.
const CLIENT_VARIABLES: [&str; 2] = ["DRIFTLINE_PLUGIN_CACHE", "DRIFTLINE_CLIENT_TOKEN"];

/// What every variable begins with.
const PREFIX: &str = "DRIFTLINE_";

/// A setting on the command line.
#[derive(Clone, PartialEq, Eq)]
pub struct Flag {
    /// The flag, as problems name it: `--listen`.
    pub name: String,
    /// The setting: `limits.body`.
    pub path: String,
    /// The value, as it would stand in the file.
    pub value: String,
}

/// The value may be a secret.
impl fmt::Debug for Flag {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} {}={HIDDEN}", self.name, self.path)
    }
}

/// Where settings come from; the values may be secrets, so they are not written by `Debug`.
#[derive(Clone, Default)]
pub struct Sources {
    /// The file that the command line names; `None`: that of `DRIFTLINE_CONFIG`, or `driftline.yaml` if it is there.
    pub file: Option<PathBuf>,
    /// Variables of the environment; those that do not begin with `DRIFTLINE_` are passed over.
    pub variables: Vec<(OsString, OsString)>,
    /// Settings on the command line; of two for the same, the later wins.
    pub flags: Vec<Flag>,
}

impl Sources {
    /// The environment of this process, with what its command line says.
    pub fn of_process(file: Option<PathBuf>, flags: Vec<Flag>) -> Self {
        Sources { file, variables: std::env::vars_os().collect(), flags }
    }

    /// All sources laid over each other, and the file that was read.
    pub(super) fn merged(&self, schema: &Json) -> (Merged, Option<PathBuf>) {
        let mut merged = Merged::new();
        let file = self.read_file(&mut merged, schema);
        let mut variables: Vec<_> = self.variables.iter().filter_map(|(name, value)| named(name, value)).collect();
        // A section before its members, and the same order on every machine.
        variables.sort();
        for (name, value) in variables {
            let origin = Origin::Variable(name.clone());
            let Some(value) = value else {
                merged.problems.push(Problem::new(origin, "", "the value is not UTF-8"));
                continue;
            };
            let path: Vec<_> = name[PREFIX.len()..].to_ascii_lowercase().split("__").map(ToOwned::to_owned).collect();
            if find(schema, &path).is_none() {
                let hint = meant_variable(schema, &name).unwrap_or_else(|| listed(schema, &path));
                merged.problems.push(Problem::new(origin, pointer(&path), "unknown setting").hint(hint));
                continue;
            }
            set(&mut merged, schema, &path, &value, &origin);
        }
        for flag in &self.flags {
            let path = segments(&flag.path);
            let origin = Origin::Flag(flag.name.clone());
            if find(schema, &path).is_none() {
                let hint = listed(schema, &path);
                merged.problems.push(Problem::new(origin, pointer(&path), "unknown setting").hint(hint));
                continue;
            }
            set(&mut merged, schema, &path, &flag.value, &origin);
        }
        (merged, file)
    }

    fn read_file(&self, merged: &mut Merged, schema: &Json) -> Option<PathBuf> {
        let variable = self.variables.iter().find(|(name, value)| name == FILE_VARIABLE && !value.is_empty());
        let (path, named_by) = match (&self.file, variable) {
            (Some(path), _) => (path.clone(), Some(Origin::Flag("--config".to_owned()))),
            (None, Some((name, path))) => {
                (PathBuf::from(path), Some(Origin::Variable(name.to_string_lossy().into_owned())))
            }
            (None, None) => (PathBuf::from(FILE), None),
        };
        if named_by.is_none() && !path.exists() {
            return None;
        }
        let text = match fs::read_to_string(&path) {
            Ok(it) => it,
            Err(error) => {
                let origin = named_by.unwrap_or_else(|| Origin::File(file_name(&path), At::START));
                merged.problems.push(Problem::new(origin, "", format!("`{}` cannot be read: {error}", path.display())));
                return None;
            }
        };
        let name = file_name(&path);
        // A file in which everything is commented out says nothing, and that is fine.
        if text.lines().all(|it| it.trim_start().is_empty() || it.trim_start().starts_with('#')) {
            return Some(path);
        }
        match node::parse(&text) {
            Ok(node) => {
                let _ = merged.lay(&[], &node, schema, &|at| Origin::File(Arc::clone(&name), at));
            }
            Err(unread) => merged.problems.push(not_yaml(&unread, Origin::File(name, unread.at), "")),
        }
        Some(path)
    }
}

fn file_name(path: &Path) -> Arc<str> {
    path.display().to_string().into()
}

/// A variable of ours, with its value if that is text; an empty one counts as not set.
fn named(name: &OsString, value: &OsString) -> Option<(String, Option<String>)> {
    let name =
        name.to_str().filter(|it| it.starts_with(PREFIX) && *it != FILE_VARIABLE && !CLIENT_VARIABLES.contains(it))?;
    let value = value.to_str().map(ToOwned::to_owned);
    let passed_over = value.as_deref().is_some_and(|it| it.is_empty() || is_service_link(name, it));
    (!passed_over).then(|| (name.to_owned(), value))
}

/// Whether Kubernetes set the variable: it describes every service that is called `driftline...` in such variables.
fn is_service_link(name: &str, value: &str) -> bool {
    let address = ["tcp://", "udp://", "sctp://"].iter().any(|it| value.starts_with(it));
    let port = name.rsplit_once("_PORT_").is_some_and(|(_, rest)| rest.starts_with(|it: char| it.is_ascii_digit()));
    name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT") || name.ends_with("_PORT") && address || port
}

/// `tokens[0].name` or `tokens.0.name`
fn segments(path: &str) -> Vec<String> {
    path.replace('[', ".").replace(']', "").split('.').map(ToOwned::to_owned).collect()
}

fn pointer(path: &[String]) -> String {
    path.iter().fold(String::new(), |pointer, it| child(&pointer, it))
}

fn listed(schema: &Json, path: &[String]) -> String {
    let (name, above) = path.split_last().map_or(("", &[][..]), |(name, above)| (name.as_str(), above));
    let here = find(schema, above).unwrap_or(schema);
    meant(schema, here, name).unwrap_or_else(|| "`driftline schema config` lists all settings".to_owned())
}

/// The variable that was probably meant; one underscore where two belong is the likeliest slip.
fn meant_variable(schema: &Json, name: &str) -> Option<String> {
    let of = |path: &str| format!("{PREFIX}{}", path.replace("[].", "__0__").replace('.', "__").to_ascii_uppercase());
    let all: Vec<_> = fields(schema).iter().map(|it| of(&it.path)).collect();
    let flat = |it: &str| it.replace("__", "_");
    let same = all.iter().find(|it| flat(it) == flat(name));
    let elsewhere = || all.iter().find(|it| it.rsplit("__").next() == name.strip_prefix(PREFIX));
    same.or_else(elsewhere)
        .map(|it| format!("did you mean `{it}`?"))
        .or_else(|| did_you_mean(name, all.iter().map(String::as_str)))
}

/// Sets one value that is given as text: as it stands where text belongs, else as YAML.
fn set(merged: &mut Merged, schema: &Json, path: &[String], value: &str, origin: &Origin) {
    let is_text = find(schema, path).is_some_and(|it| allows(it, "string"));
    let may_be_null = find(schema, path).is_some_and(|it| allows(it, "null"));
    let node = if may_be_null && value == "null" {
        Ok(Node { at: At::START, data: Data::Scalar(Value::Null) })
    } else if is_text {
        Ok(Node { at: At::START, data: Data::Scalar(Value::Str(value.to_owned().into())) })
    } else {
        node::parse(value)
    };
    match node {
        Ok(node) => {
            if !merged.lay(path, &node, schema, &|_| origin.clone()) {
                let message = "there is no such place: the items of a list are counted from 0, without a gap";
                merged.problems.push(Problem::new(origin.clone(), pointer(path), message));
            }
        }
        Err(unread) => merged.problems.push(not_yaml(&unread, origin.clone(), &pointer(path))),
    }
}

fn not_yaml(unread: &Unread, origin: Origin, pointer: &str) -> Problem {
    let problem = Problem::new(origin, pointer, unread.message.clone());
    // The reader is that of suites, and some of its hints are about them.
    match unread.hint.as_ref().filter(|it| !it.contains("suite")) {
        Some(hint) => problem.hint(hint.clone()),
        None => problem,
    }
}
