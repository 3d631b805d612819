//! The columns of files, as drift tests compare them.

use std::collections::BTreeMap;

use driftline_rules::value::Value;

use crate::files::csv::Nulls;
use crate::files::{self, Input};
use crate::passes::{Pass, each_record};

/// Objects within objects whose members are still columns.
const DEPTH: usize = 8;
/// Columns of an input; an object with more members is a dictionary.
const MOST_COLUMNS: usize = 10_000;

/// All columns of an input.
#[derive(Debug, Default)]
pub struct Table {
    root: Field,
    n_columns: usize,
    /// Whether there were more columns than are kept.
    pub crowded: bool,
    /// Why rows cannot be weighted: the first weight that is none.
    pub bad_weight: Option<String>,
}

/// A column, and the columns of its members where it holds objects.
#[derive(Debug, Default)]
struct Field {
    column: Column,
    members: Vec<(String, Field)>,
}

/// The values of a column, of each type apart. Weights count a row as several, or as none.
#[derive(Debug, Default)]
pub struct Column {
    /// Numbers in the order of the rows; no NaN.
    pub numbers: Vec<f64>,
    /// How many rows each number stands for; empty where each stands for one.
    pub weights: Vec<u64>,
    /// Whether some number is not an integer by type.
    pub fractions: bool,
    /// Counts of false and true.
    pub booleans: [u64; 2],
    /// Each text with its count and its number.
    pub texts: BTreeMap<String, (u64, u32)>,
    /// The numbers of the texts in the order of the rows; kept where rows are not weighted.
    pub order: Vec<u32>,
    /// Lists of numbers.
    pub lists: Vec<Vec<f64>>,
    /// Nulls.
    pub nulls: u64,
    /// Numbers that are NaN.
    pub nan: u64,
    /// A type that is not compared, with its count.
    pub other: Option<(&'static str, u64)>,
    /// Objects; their members are columns of their own.
    pub objects: u64,
}

impl Table {
    /// Reads all inputs; `weights` names a column that says how many rows each row stands for.
    pub fn read(inputs: &[Input], options: &files::Options, nulls: &Nulls, weights: Option<&str>) -> Pass<Self> {
        let mut pass = each_record(inputs, options, nulls, Table::default, |table: &mut Table, row, record| {
            let weight = match weights.map(|name| (name, record.get(name))) {
                None => Some(1),
                Some((name, given)) => {
                    let whole = given.and_then(whole);
                    if whole.is_none() {
                        let given = given.map_or_else(|| "missing".to_owned(), |it| it.to_json().to_string());
                        let why = || format!("row {row}: the weight `{name}` is {given}, not a count");
                        table.bad_weight.get_or_insert_with(why);
                    }
                    whole
                }
            };
            if let Some(weight) = weight {
                let Table { root, n_columns, crowded, .. } = table;
                add(root, record, weight, weights.is_some(), 0, &mut |new| {
                    *n_columns += usize::from(new && *n_columns < MOST_COLUMNS);
                    *crowded |= *n_columns >= MOST_COLUMNS;
                    !*crowded
                });
            }
        });
        settle(&mut pass.seen.root);
        pass
    }

    /// The columns with their names, `a.b` for members of objects, in the order of their first appearance.
    pub fn columns(&self) -> Vec<(String, &Column)> {
        let mut out = Vec::new();
        list(&self.root, "", &mut out);
        out
    }
}

/// The floats that JSON cannot write, as programs write them in its place.
fn spelled(text: &str) -> Option<f64> {
    match text {
        "NaN" | "nan" => Some(f64::NAN),
        "Infinity" | "inf" | "+Infinity" | "+inf" => Some(f64::INFINITY),
        "-Infinity" | "-inf" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// Where all else is numbers, texts that spell floats are floats.
fn settle(field: &mut Field) {
    field.members.iter_mut().for_each(|it| settle(&mut it.1));
    let column = &mut field.column;
    let is_numbers = !column.numbers.is_empty() && column.booleans == [0, 0] && column.weights.is_empty();
    if !is_numbers || column.texts.is_empty() || column.texts.keys().any(|it| spelled(it).is_none()) {
        return;
    }
    for (text, (count, _)) in std::mem::take(&mut column.texts) {
        match spelled(&text) {
            Some(it) if !it.is_nan() => column.numbers.extend(std::iter::repeat_n(it, count as usize)),
            _ => column.nan += count,
        }
    }
    column.order.clear();
    column.fractions = true;
}

/// A count; text of digits too, since CSV may hold it.
fn whole(it: &Value) -> Option<u64> {
    let number = it.as_f64().filter(|_| !matches!(it, Value::Bool(_)))?;
    (number >= 0.0 && number.fract() == 0.0 && number <= 2_f64.powi(48)).then_some(number as u64)
}

fn list<'t>(field: &'t Field, prefix: &str, out: &mut Vec<(String, &'t Column)>) {
    for (name, member) in &field.members {
        let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        if member.members.is_empty() || member.column.n() > 0 {
            out.push((name.clone(), &member.column));
        }
        list(member, &name, out);
    }
}

/// Adds the members of an object; `room` is asked whether there is room for a new column.
fn add(
    field: &mut Field,
    record: &Value,
    weight: u64,
    weighted: bool,
    depth: usize,
    room: &mut impl FnMut(bool) -> bool,
) {
    let Value::Map(members) = record else { return };
    for (i, (name, value)) in members.iter().enumerate() {
        // Records of one source have their members in one order.
        let at = match field.members.get(i) {
            Some((it, _)) if it == name => Some(i),
            _ => field.members.iter().position(|(it, _)| it == name),
        };
        let at = match at {
            Some(it) => it,
            None if room(true) => {
                field.members.push((name.to_string(), Field::default()));
                field.members.len() - 1
            }
            None => continue,
        };
        let Some((_, member)) = field.members.get_mut(at) else { continue };
        match value {
            Value::Map(_) if depth < DEPTH => {
                member.column.objects += weight;
                add(member, value, weight, weighted, depth + 1, room);
            }
            _ => member.column.add(value, weight, weighted),
        }
    }
}

impl Column {
    fn add(&mut self, value: &Value, weight: u64, weighted: bool) {
        match value {
            Value::Missing | Value::Null => self.nulls += weight,
            Value::Bool(it) => self.booleans[usize::from(*it)] += weight,
            Value::Int(_) | Value::Big(_) | Value::Num(_) | Value::Dec(_) => {
                let number = value.as_f64().unwrap_or(f64::NAN);
                if number.is_nan() {
                    self.nan += weight;
                    return;
                }
                self.fractions |= matches!(value, Value::Num(_) | Value::Dec(_));
                self.numbers.push(number);
                if weighted {
                    self.weights.push(weight);
                }
            }
            Value::Str(it) => {
                let next = self.texts.len() as u32;
                let entry = match self.texts.get_mut(it.as_ref()) {
                    Some(entry) => entry,
                    None => self.texts.entry(it.to_string()).or_insert((0, next)),
                };
                entry.0 += weight;
                if !weighted {
                    self.order.push(entry.1);
                }
            }
            Value::List(items) => {
                let numbers: Option<Vec<f64>> =
                    items.iter().map(|it| it.as_f64().filter(|_| !matches!(it, Value::Bool(_)))).collect();
                match numbers {
                    // A vector stands for as many rows as its weight says only where that is one.
                    Some(it) if weight == 1 => self.lists.push(it),
                    _ => self.see("lists", weight),
                }
            }
            Value::Time(_) => self.see("times", weight),
            Value::Map(_) => self.see("objects", weight),
        }
    }

    fn see(&mut self, what: &'static str, weight: u64) {
        self.other.get_or_insert((what, 0)).1 += weight;
    }

    /// How many of its values are numbers.
    pub fn n_numbers(&self) -> u64 {
        if self.weights.is_empty() { self.numbers.len() as u64 } else { self.weights.iter().sum() }
    }

    /// How many are texts.
    pub fn n_texts(&self) -> u64 {
        self.texts.values().map(|it| it.0).sum()
    }

    /// Values that are not missing and not NaN.
    pub fn n(&self) -> u64 {
        let other = self.other.map_or(0, |it| it.1);
        self.n_numbers() + self.n_texts() + self.booleans[0] + self.booleans[1] + self.lists.len() as u64 + other
    }
}
