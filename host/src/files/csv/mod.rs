//! CSV: the header, and cells straight from the fields into the slots that a caller wants.
//!
//! - A quote opens only at the start of a field; `""` within quotes is a quote; any other quote is a
//!   character as others are. Text behind a closing quote belongs to the field: `"a"b` is `ab`.
//! - A record with more or fewer fields than the header is broken.
//! - An empty field, quoted or not, is null. [`Nulls`] names other texts that are.
//! - A declared column is read by [`Type::convert`]; a cell that is unlike stays text and is told by
//!   [`Rows::unlike`]. An undeclared column has the [`Kind`] of all its cells.

mod fields;
mod header;
mod kinds;

use std::str;

use driftline_rules::types::Type;
use driftline_rules::value::Value;

use super::lines::NOT_UTF8;
use super::{Body, Broken, Chunk, FileInfo, Layout, excerpt};
use fields::{Field, split};
pub(super) use header::{header, sniff};
pub use kinds::{Kind, Kinds, Nulls, Widen};

/// Which fields of a file's records go into which slots, and how.
#[derive(Clone, Debug)]
pub struct CsvPlan {
    delimiter: u8,
    n_fields: usize,
    n_slots: usize,
    targets: Vec<Target>,
    names: Vec<String>,
    nulls: Nulls,
}

#[derive(Clone, Copy, Debug)]
struct Target {
    field: usize,
    slot: usize,
    reading: Reading,
}

#[derive(Clone, Copy, Debug)]
enum Reading {
    Declared(Type),
    Found(Kind),
}

impl CsvPlan {
    /// A plan for one file: slot `i` gets the column named `wanted[i].0`, literally or behind `$.`,
    /// of the declared type, else of what `kinds` says. A column that the file has not leaves its
    /// slot `Missing`. For a file that is not CSV the plan reads nothing.
    pub fn new(file: &FileInfo, wanted: &[(String, Option<Type>)], kinds: &Kinds, nulls: &Nulls) -> Self {
        let (header, delimiter) = match &file.layout {
            Layout::Csv { header, delimiter, .. } => (header.as_slice(), *delimiter),
            _ => (&[] as &[String], b','),
        };
        let place = |name: &str| header.iter().position(|it| it == name);
        let targets = wanted
            .iter()
            .enumerate()
            .filter_map(|(slot, (name, declared))| {
                let field = place(name).or_else(|| place(name.strip_prefix("$.")?))?;
                let found = || Reading::Found(header.get(field).map_or(Kind::Empty, |it| kinds.of(it)));
                Some(Target { field, slot, reading: declared.map_or_else(found, Reading::Declared) })
            })
            .collect();
        CsvPlan {
            delimiter,
            n_fields: header.len(),
            n_slots: wanted.len(),
            targets,
            names: header.to_vec(),
            nulls: nulls.clone(),
        }
    }

    /// The records of a CSV chunk of that file; none of other formats'.
    pub fn rows<'p, 'c>(&'p self, chunk: &'c Chunk) -> Rows<'p, 'c> {
        let bytes: &[u8] = if let Body::Csv(bytes) = &chunk.body { bytes } else { &[] };
        Rows {
            plan: self,
            chunk,
            bytes,
            whole: str::from_utf8(bytes).ok(),
            at: 0,
            row: chunk.first_row,
            line: chunk.first_line,
            fields: Vec::with_capacity(self.n_fields),
            unlike: Vec::new(),
            told: chunk.broken().is_none(),
        }
    }

    /// What kinds the undeclared columns have in this chunk, beside those that the plan knows.
    pub fn widened(&self, chunk: &Chunk) -> Vec<Widen> {
        let mut kinds: Vec<Kind> = self
            .targets
            .iter()
            .map(|it| if let Reading::Found(kind) = it.reading { kind } else { Kind::Text })
            .collect();
        let before = kinds.clone();
        let mut rows = self.rows(chunk);
        while let Some(record) = rows.step() {
            let Ok(record) = record else { continue };
            for (target, kind) in self.targets.iter().zip(&mut kinds) {
                if *kind != Kind::Text
                    && let Some(field) = rows.fields.get(target.field)
                {
                    *kind = kind.join(self.nulls.kind_of(&field.text(record.text, record.start)));
                }
            }
        }
        let changed = self.targets.iter().zip(kinds).zip(before).filter(|((_, kind), before)| kind != before);
        changed
            .filter_map(|((target, to), _)| Some(Widen { column: self.names.get(target.field)?.clone(), to }))
            .collect()
    }
}

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CsvRow<'c> {
    /// Ordinal over the whole run, from 0.
    pub row: u64,
    /// The line it starts on, from 1.
    pub line: u64,
    /// Where it starts in the decompressed file.
    pub offset: u64,
    /// The record without its line end.
    pub text: &'c str,
    start: usize,
}

/// Why a record could not be read.
#[derive(Clone, Debug, PartialEq)]
pub enum Trouble {
    /// It is broken; the next one can be read.
    Broken(Broken),
    /// Undeclared columns are of a wider kind than the plan knows: give it to [`Kinds::widen`] and
    /// start the run again.
    Widen(Vec<Widen>),
}

/// The records of one chunk.
#[derive(Debug)]
pub struct Rows<'p, 'c> {
    plan: &'p CsvPlan,
    chunk: &'c Chunk,
    bytes: &'c [u8],
    /// The bytes as text, when all of them are.
    whole: Option<&'c str>,
    at: usize,
    row: u64,
    line: u64,
    fields: Vec<Field>,
    unlike: Vec<usize>,
    told: bool,
}

impl<'c> Rows<'_, 'c> {
    /// Reads the next record into `cells`, one for each slot; `None` behind the last one.
    pub fn next_into(&mut self, cells: &mut Vec<Value<'c>>) -> Option<Result<CsvRow<'c>, Trouble>> {
        cells.clear();
        self.unlike.clear();
        let record = match self.step()? {
            Ok(it) => it,
            Err(broken) => return Some(Err(Trouble::Broken(*broken))),
        };
        cells.resize_with(self.plan.n_slots, Value::default);
        for target in &self.plan.targets {
            let (Some(field), Some(cell)) = (self.fields.get(target.field), cells.get_mut(target.slot)) else {
                continue;
            };
            let mut text = field.text(record.text, record.start);
            if let Reading::Found(kind) = target.reading {
                match self.plan.nulls.read_common(kind, text, cell) {
                    None => continue,
                    Some(it) => text = it,
                }
            }
            *cell = match target.reading {
                Reading::Declared(declared) => self.plan.nulls.read_declared(declared, text).unwrap_or_else(|text| {
                    self.unlike.push(target.slot);
                    Value::Str(text)
                }),
                Reading::Found(kind) => match self.plan.nulls.read(kind, text) {
                    Some(it) => it,
                    None => return Some(Err(Trouble::Widen(self.plan.widened(self.chunk)))),
                },
            };
        }
        Some(Ok(record))
    }

    /// The slots whose text, in the record read last, is not of the declared type.
    pub fn unlike(&self) -> &[usize] {
        &self.unlike
    }

    /// Cuts the next record into fields.
    fn step(&mut self) -> Option<Result<CsvRow<'c>, Box<Broken>>> {
        if !self.told {
            self.told = true;
            return self.chunk.broken().map(|it| Err(Box::new(it.clone())));
        }
        loop {
            if self.at >= self.bytes.len() {
                return None;
            }
            let (start, line) = (self.at, self.line);
            let cut = split(self.bytes, start, self.plan.delimiter, &mut self.fields);
            self.at = cut.next;
            self.line += cut.n_lines;
            if cut.end == start {
                continue;
            }
            let row = self.row;
            self.row += 1;
            let offset = self.chunk.offset + start as u64;
            let bytes = self.bytes.get(start..cut.end).unwrap_or_default();
            let broken = |reason: String| {
                let file = self.chunk.file.name.clone();
                Box::new(Broken { row, file, line, offset, reason, excerpt: excerpt(bytes) })
            };
            let text = match self.whole {
                Some(it) => it.get(start..cut.end),
                None => str::from_utf8(bytes).ok(),
            };
            let Some(text) = text else { return Some(Err(broken(NOT_UTF8.to_owned()))) };
            let (n, expected) = (self.fields.len(), self.plan.n_fields);
            if n != expected {
                let s = if n == 1 { "" } else { "s" };
                return Some(Err(broken(format!("has {n} field{s} where the header has {expected}"))));
            }
            return Some(Ok(CsvRow { row, line, offset, text, start }));
        }
    }
}

#[cfg(test)]
mod tests;
