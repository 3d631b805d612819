//! The draft of a suite: fields of the profile in, expectations with their evidence out.

use driftline_rules::path::Path;
use driftline_rules::types::Type;
use driftline_rules::value::Value;

use super::bounds::grouped;
use super::profile::{Field, Profile, Sort};
use super::{guesses, names, values};
use crate::yaml;

/// A suite to be.
#[derive(Debug, Default)]
pub struct Draft {
    /// What is worth a remark and no expectation.
    pub remarks: Vec<String>,
    /// The `record:` block.
    pub roles: Vec<Role>,
    /// The `types:` block.
    pub types: Vec<Declared>,
    /// The expectations.
    pub rules: Vec<Rule>,
}

/// A line of the `record:` block.
#[derive(Debug)]
pub struct Role {
    /// The role.
    pub role: &'static str,
    /// The field, in the suite's notation.
    pub field: String,
}

/// A line of the `types:` block.
#[derive(Debug)]
pub struct Declared {
    /// The field, in the suite's notation.
    pub field: String,
    /// Its type.
    pub ty: Type,
    /// Why, where the data itself does not say so.
    pub why: Option<String>,
}

/// An expectation.
#[derive(Debug)]
pub struct Rule {
    /// The field, in the suite's notation; `None`: the records as a whole.
    pub field: Option<String>,
    /// The kind's short name.
    pub kind: &'static str,
    /// The parameters, in YAML's flow style.
    pub params: String,
    /// `mostly:`.
    pub mostly: Option<f64>,
    /// Whether it is about a window and guessed with slack, rather than seen of each record.
    pub guess: bool,
    /// The evidence.
    pub why: String,
}

/// A field that holds values.
pub struct Leaf<'p> {
    /// Where it lies.
    pub path: Path,
    /// What is known of it.
    pub field: &'p Field,
    /// The one type of its values.
    pub sort: Option<Sort>,
    /// The type to be declared.
    pub ty: Option<Type>,
    /// Whether it names records: no value occurs twice, and it looks like an id.
    pub unique: bool,
    /// Records in all.
    pub records: u64,
}

impl Leaf<'_> {
    /// The field in the suite's notation.
    pub fn name(&self) -> String {
        self.path.to_string()
    }

    /// Its last name in words.
    pub fn words(&self) -> String {
        self.path.segments().last().map(|it| names::words(it)).unwrap_or_default()
    }

    /// A rule on it.
    pub fn rule(&self, kind: &'static str, params: impl Into<String>, why: impl Into<String>) -> Rule {
        Rule { field: Some(self.name()), kind, params: params.into(), mostly: None, guess: false, why: why.into() }
    }
}

/// The fields that hold single values, in the suite's notation: not those that hold nothing but objects, arrays or
/// nulls.
pub fn columns(profile: &Profile) -> Vec<String> {
    let mut leaves = Vec::new();
    collect(&mut Vec::new(), &profile.root, profile.records, &mut leaves, &mut Vec::new());
    let is_single = |it: &&Leaf| it.field.types.keys().any(|it| !matches!(it, Sort::List | Sort::Map));
    leaves.iter().filter(is_single).map(Leaf::name).collect()
}

/// Draws the draft.
pub fn draft(profile: &Profile) -> Draft {
    let mut draft = Draft::default();
    let mut leaves = Vec::new();
    collect(&mut Vec::new(), &profile.root, profile.records, &mut leaves, &mut draft.remarks);
    if profile.unreadable > 0 {
        let n = grouped(profile.unreadable);
        draft.remarks.push(format!("{n} records could not be read; a check of the same data says which."));
    }
    let objects = profile.root.types.get(&Sort::Map).copied().unwrap_or(0);
    if objects < profile.records {
        draft.remarks.push(format!("{} records are no objects.", grouped(profile.records - objects)));
    }
    draft.roles = names::roles(&leaves);
    for leaf in &leaves {
        if let Some(ty) = leaf.ty {
            let from_text = leaf.sort == Some(Sort::Text) && ty != Type::String;
            let why = from_text.then(|| format!("each of {} texts is one", grouped(leaf.field.values())));
            draft.types.push(Declared { field: leaf.name(), ty, why });
        }
        draft.rules.extend(values::rules(leaf));
        if leaf.sort.is_none() && leaf.field.values() > 0 {
            let types = leaf.field.types.iter().map(|(sort, n)| format!("{} {}", grouped(*n), sort.noun()));
            let types = types.collect::<Vec<_>>().join(", ");
            draft.remarks.push(format!("{} holds values of several types: {types}.", leaf.name().escape_debug()));
        }
    }
    draft.rules.extend(table(profile));
    for leaf in &leaves {
        draft.rules.extend(guesses::rules(leaf));
    }
    // The order in which they are written.
    draft.rules.sort_by_key(|it| it.guess);
    draft
}

fn collect<'p>(
    path: &mut Vec<String>,
    field: &'p Field,
    records: u64,
    leaves: &mut Vec<Leaf<'p>>,
    remarks: &mut Vec<String>,
) {
    if field.crowded {
        let it = Path::from_segments(path.clone());
        remarks
            .push(format!("{} has too many members to be fields; none is looked at.", it.to_string().escape_debug()));
        return;
    }
    for (name, member) in &field.members {
        path.push(name.clone());
        let it = Path::from_segments(path.clone());
        collect(path, member, records, leaves, remarks);
        path.pop();
        if member.types.keys().any(|it| *it != Sort::Map) {
            leaves.push(Leaf::new(it, member, records));
        } else if member.values() == 0 {
            remarks.push(format!("{} is always null.", it.to_string().escape_debug()));
        }
    }
}

impl<'p> Leaf<'p> {
    fn new(path: Path, field: &'p Field, records: u64) -> Self {
        let sort = field.sort();
        let ty = sort.and_then(|it| declared(it, field));
        let mut leaf = Leaf { path, field, sort, ty, unique: false, records };
        leaf.unique = values::names_records(&leaf);
        leaf
    }
}

fn declared(sort: Sort, field: &Field) -> Option<Type> {
    match (sort, &field.texts) {
        (Sort::Bool, _) => Some(Type::Bool),
        (Sort::Int, _) => Some(Type::Int),
        (Sort::Float, _) => Some(Type::Float),
        (Sort::Decimal, _) => Some(Type::Decimal),
        (Sort::Date, _) => Some(Type::Date),
        (Sort::Datetime, _) => Some(Type::Datetime),
        (Sort::Text, Some(it)) if it.dates == field.values() => Some(Type::Date),
        (Sort::Text, Some(it)) if it.dates + it.datetimes == field.values() => Some(Type::Datetime),
        (Sort::Text, _) => Some(Type::String),
        (Sort::List | Sort::Map, _) => None,
    }
}

impl Sort {
    fn noun(self) -> &'static str {
        match self {
            Sort::Bool => "booleans",
            Sort::Int => "integers",
            Sort::Float => "numbers",
            Sort::Decimal => "decimals",
            Sort::Text => "texts",
            Sort::Date => "dates",
            Sort::Datetime => "datetimes",
            Sort::List => "arrays",
            Sort::Map => "objects",
        }
    }
}

/// Rules about the records as a whole.
fn table(profile: &Profile) -> Vec<Rule> {
    let rule = |kind, params, why| Rule { field: None, kind, params, mostly: None, guess: true, why };
    let mut rules = vec![rule(
        "row_count_between",
        "{ min: 1 }".to_owned(),
        format!("{} records; raise it to what a delivery must have.", grouped(profile.records + profile.unreadable)),
    )];
    let columns = &profile.root.members;
    let always: Vec<_> = columns.iter().filter(|(_, it)| it.present == profile.records).collect();
    let all = always.len() == columns.len();
    let names = always.iter().map(|(name, _)| Value::text(name)).collect::<Vec<_>>();
    if !names.is_empty() {
        let (n, names) = (names.len(), yaml::scalar(&Value::List(names)));
        rules.push(if all {
            rule("columns_match_set", names, format!("All records have the same {n} fields at the top."))
        } else {
            let why = format!("{n} of {} fields at the top are in each record.", columns.len());
            rule("columns_match_set", format!("{{ columns: {names}, exact_match: false }}"), why)
        });
    }
    rules
}
