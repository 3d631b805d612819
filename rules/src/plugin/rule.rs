//! A plugin's rule bound to the cells of a plan, and the records that wait for its verdicts.

use std::fmt::{Display, Formatter};
use std::sync::Arc;

use super::columns::{Filler, bit};
use super::{Checker, ColumnType, Context, Fault, Note, Summarizer, Verdicts};
use crate::report::Outcome;
use crate::row::{Row, Slot};
use crate::value::Value;

/// Records that a plugin is called with at once, at most.
pub const BATCH: u32 = 1_024;
/// Records that a summary is handed at once, at most: each time an instance is opened and a state is saved, which costs
/// as much as some thousand records.
pub const SUMMARY_BATCH: u32 = 8_192;
/// Bytes after which a batch is handed over though it has fewer records.
pub const BATCH_BYTES: usize = 8 << 20;

/// Where a rule comes from: every result of it can name this.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// What the suite calls the plugin.
    pub plugin: String,
    /// The plugin's version.
    pub version: String,
    /// `sha256:` and the hexadecimal digits of the component's bytes.
    pub digest: String,
    /// The capability.
    pub capability: String,
}

/// ``plugin `language` 1.2.0, rule `language-is` ``
impl Display for Source {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "plugin `{}` {}, rule `{}`", self.plugin, self.version, self.capability)
    }
}

impl Source {
    /// What suites and reports call the rule: `language.language-is`.
    pub fn kind(&self) -> String {
        format!("{}.{}", self.plugin, self.capability)
    }

    /// A fault with the rule that it is of.
    pub fn say(&self, fault: &impl Display) -> String {
        format!("{self}: {fault}")
    }

    /// As data, for a report.
    pub fn to_value(&self) -> Value<'static> {
        let text = |it: &str| Value::Str(it.to_owned().into());
        Value::Map(vec![
            ("name".into(), text(&self.plugin)),
            ("version".into(), text(&self.version)),
            ("digest".into(), text(&self.digest)),
        ])
    }
}

/// The columns of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// The type of each.
    pub types: Vec<ColumnType>,
    /// Whether its input must be bound.
    pub required: Vec<bool>,
}

impl Shape {
    /// The type of the first value that has no place in its column.
    pub fn misfit<'v, 'r: 'v>(&self, cells: impl Iterator<Item = &'v Value<'r>>) -> Option<&'static str> {
        self.types.iter().zip(cells).find(|(ty, cell)| !ty.takes(cell)).map(|(_, cell)| cell.type_name())
    }

    /// Whether there is nothing to judge: what is required is all null, or everything where nothing is.
    fn is_empty<'v, 'r: 'v>(&self, cells: impl Iterator<Item = &'v Value<'r>>) -> bool {
        let none = !self.required.contains(&true);
        !self.required.is_empty() && self.required.iter().zip(cells).all(|(it, cell)| !(none || *it) || cell.is_null())
    }

    /// Empty columns.
    pub fn filler(&self, restores: bool) -> Filler {
        Filler::new(self.types.iter().copied(), restores)
    }
}

/// A rule on records.
#[derive(Debug)]
pub struct RecordRule {
    /// Where it comes from.
    pub source: Arc<Source>,
    /// The plugin's side.
    pub checker: Box<dyn Checker>,
    /// The cells that it reads.
    pub slots: Vec<Slot>,
    /// Their columns.
    pub shape: Shape,
    /// Their fields as the suite names them.
    pub fields: Vec<String>,
    /// The bound in words.
    pub bound: String,
    /// The same for all records: a verdict does not depend on the neighbours.
    pub context: Context,
}

/// A summary of windows by a plugin.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Where it comes from.
    pub source: Arc<Source>,
    /// The plugin's side.
    pub summarizer: Arc<dyn Summarizer>,
    /// The columns.
    pub shape: Shape,
    /// Equal for summaries that can share a state.
    pub key: String,
    /// Whether parts can be merged.
    pub mergeable: bool,
    /// Bytes that a state may have.
    pub max_state: usize,
}

impl PartialEq for Summary {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

/// What a plugin said of one record.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The record's number.
    pub number: u64,
    /// The verdict.
    pub outcome: Outcome,
    /// Of a mismatch: the type that does not fit.
    pub misfit: Option<&'static str>,
    /// The value it is about, where the record does not pass.
    pub value: Value<'static>,
    /// Why it does not pass, if there is more to say.
    pub why: Option<String>,
}

impl Verdict {
    const fn new(number: u64, outcome: Outcome) -> Self {
        Verdict { number, outcome, misfit: None, value: Value::Null, why: None }
    }
}

/// The records that wait for a rule's verdicts.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The rule's place in the plan.
    pub expectation: usize,
    /// The rule.
    pub rule: Arc<RecordRule>,
    filler: Filler,
    /// Whose cells are in the columns, in order of rows.
    asked: Vec<u64>,
    /// Those that are answered.
    done: Vec<Verdict>,
}

impl Waiting {
    /// Nobody waits yet.
    pub fn new(expectation: usize, rule: &Arc<RecordRule>) -> Self {
        let filler = rule.shape.filler(true);
        Waiting { expectation, rule: Arc::clone(rule), filler, asked: Vec::new(), done: Vec::new() }
    }

    /// Whether nobody waits.
    pub const fn is_empty(&self) -> bool {
        self.asked.is_empty() && self.done.is_empty()
    }

    /// Whether it is time to ask.
    pub const fn is_full(&self) -> bool {
        self.asked.len() + self.done.len() >= BATCH as usize || self.filler.bytes() >= BATCH_BYTES
    }

    /// Takes in a record.
    pub fn push(&mut self, row: &Row) {
        let rule = Arc::clone(&self.rule);
        let cells = || rule.slots.iter().map(|it| row.at(*it));
        if let Some(misfit) = rule.shape.misfit(cells()) {
            let value = subject(&rule.fields, cells().map(Value::to_owned));
            self.done.push(Verdict { misfit: Some(misfit), value, ..Verdict::new(row.number, Outcome::Mismatch) });
        } else if rule.shape.is_empty(cells()) {
            self.done.push(Verdict::new(row.number, Outcome::Skip));
        } else {
            if !self.filler.joins(cells()) {
                self.ask();
            }
            self.filler.push(cells());
            self.asked.push(row.number);
        }
    }

    /// Asks the plugin about those who wait; their verdicts, in order of records.
    pub fn flush(&mut self) -> Vec<Verdict> {
        self.ask();
        let mut done = std::mem::take(&mut self.done);
        done.sort_by_key(|it| it.number);
        done
    }

    fn ask(&mut self) {
        if self.asked.is_empty() {
            return;
        }
        let Waiting { rule, filler, asked, done, .. } = self;
        let rows = filler.rows();
        let answer = rule.checker.check(&rule.context, filler.batch(), rows);
        let answer = answer.and_then(|it| honest(it, rows));
        let mut notes: &[Note] = answer.as_ref().map_or(&[], |it| &it.notes);
        for (row, number) in (0_u32..).zip(asked.drain(..)) {
            let verdict = match &answer {
                Ok(it) if it.skipped.as_ref().is_some_and(|it| bit(it, row)) => Verdict::new(number, Outcome::Skip),
                Ok(it) if bit(&it.passed, row) => Verdict::new(number, Outcome::Pass),
                Ok(_) => {
                    let ahead = notes.iter().take_while(|it| it.row < row).count();
                    notes = notes.get(ahead..).unwrap_or_default();
                    let why = notes.first().filter(|it| it.row == row).map(|it| words(it, &rule.fields));
                    let cells = (0..rule.slots.len() as u32).map(|it| filler.value(row, it));
                    let value = subject(&rule.fields, cells);
                    Verdict { value, why, ..Verdict::new(number, Outcome::Fail) }
                }
                Err(Fault::TooLittle(why)) => Verdict { why: Some(why.clone()), ..Verdict::new(number, Outcome::Skip) },
                Err(fault) => Verdict { why: Some(rule.source.say(fault)), ..Verdict::new(number, Outcome::Error) },
            };
            done.push(verdict);
        }
        filler.clear();
    }
}

/// A bitmap that is too short would fail records that nobody judged.
fn honest(it: Verdicts, rows: u32) -> Result<Verdicts, Fault> {
    let least = (rows as usize).div_ceil(8);
    if it.passed.len() < least || it.skipped.as_ref().is_some_and(|it| it.len() < least) {
        return Err(Fault::Failed(format!("answered with verdicts on fewer than the {rows} records that were asked")));
    }
    Ok(it)
}

fn words(note: &Note, fields: &[String]) -> String {
    let column = note.column.and_then(|it| fields.get(it as usize)).filter(|_| fields.len() > 1);
    let column = column.map_or_else(String::new, |it| format!("{it}: "));
    match (note.message.as_str(), note.code.as_str()) {
        ("", code) => format!("{column}{code}"),
        (message, "") => format!("{column}{message}"),
        (message, code) => format!("{column}{message} ({code})"),
    }
}

/// The value that a report shows: the cell, or the fields by name.
fn subject(fields: &[String], mut cells: impl Iterator<Item = Value<'static>>) -> Value<'static> {
    let whole = |it: Value<'static>| if it.is_null() { Value::Null } else { it };
    match fields {
        [_] => cells.next().map_or(Value::Null, whole),
        fields => Value::Map(fields.iter().zip(cells).map(|(name, it)| (name.clone().into(), whole(it))).collect()),
    }
}
