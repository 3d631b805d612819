//! From cells to the columns that plugins take, and back.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::json::write_json;
use super::{Batch, Column, ColumnData, ColumnType, Texts};
use crate::time::Time;
use crate::types::Type;
use crate::value::Value;

/// Bytes that stand for the vectors of earlier records which have none. The first vector of a batch says how long all
/// are, and a long one behind many records without would ask for gigabytes.
const PADDING: usize = 4 << 20;

impl ColumnType {
    /// Whether every value of a declared type has a place in such a column.
    pub const fn fits(self, declared: Type) -> bool {
        match declared {
            Type::Int => {
                matches!(self, ColumnType::Integer | ColumnType::Number | ColumnType::Category | ColumnType::Json)
            }
            Type::Float | Type::Decimal => matches!(self, ColumnType::Number | ColumnType::Json),
            Type::Bool => matches!(self, ColumnType::Boolean | ColumnType::Category | ColumnType::Json),
            Type::String => matches!(self, ColumnType::Text | ColumnType::Category | ColumnType::Json),
            Type::Date | Type::Datetime => {
                matches!(self, ColumnType::Timestamp | ColumnType::Text | ColumnType::Json)
            }
        }
    }

    /// Whether a value has a place in such a column; null has one in each.
    pub fn takes(self, value: &Value) -> bool {
        match (self, value) {
            (_, Value::Missing | Value::Null) | (ColumnType::Json, _) => true,
            (ColumnType::Number, it) => !matches!(it, Value::Bool(_)) && it.is_number(),
            (ColumnType::Integer, it) => integer(it).is_some(),
            (ColumnType::Boolean, it) => matches!(it, Value::Bool(_)),
            (ColumnType::Text, it) => matches!(it, Value::Str(_) | Value::Time(_)),
            (ColumnType::Category, it) => {
                matches!(it, Value::Str(_) | Value::Bool(_) | Value::Int(_) | Value::Big(_))
            }
            (ColumnType::Timestamp, it) => time(it).is_some(),
            (ColumnType::Vector, it) => match it {
                Value::List(items) => items.iter().all(|it| !matches!(it, Value::Bool(_)) && it.is_number()),
                _ => false,
            },
        }
    }
}

/// A whole number that fits; floats beyond 2^53 stand for several.
fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Int(it) => Some(*it),
        Value::Num(it) if it.fract() == 0.0 && it.abs() <= 9_007_199_254_740_992.0 => Some(*it as i64),
        Value::Dec(it) if it.is_integer() => i64::try_from(it.mantissa() / 10_i128.pow(it.scale())).ok(),
        _ => None,
    }
}

fn time(value: &Value) -> Option<Time> {
    match value {
        Value::Time(it) => Some(*it),
        Value::Str(it) => Time::parse(it),
        _ => None,
    }
}

/// Columns that grow record by record; what they took in is kept from batch to batch.
#[derive(Clone, Debug)]
pub struct Filler {
    batch: Batch,
    /// Bitmaps that were not needed in the last batch.
    spare: Vec<Option<Vec<u8>>>,
    /// Of a column of categories: the code of each text.
    codes: Vec<HashMap<String, u32>>,
    /// Cells that a column holds in another form: row, column, value.
    kept: Option<Vec<(u32, u32, Value<'static>)>>,
    bytes: usize,
    scratch: String,
}

impl Filler {
    /// Empty columns. `restores`: whether [`Filler::value`] will be asked.
    pub fn new(types: impl Iterator<Item = ColumnType>, restores: bool) -> Self {
        let columns: Vec<_> = types.map(|it| Column { data: ColumnData::new(it), validity: None }).collect();
        Filler {
            spare: vec![None; columns.len()],
            codes: vec![HashMap::new(); columns.len()],
            kept: restores.then(Vec::new),
            batch: Batch { rows: 0, columns },
            bytes: 0,
            scratch: String::new(),
        }
    }

    /// What came in.
    pub const fn batch(&self) -> &Batch {
        &self.batch
    }

    /// Records that came in.
    pub const fn rows(&self) -> u32 {
        self.batch.rows
    }

    /// Bytes of text and vectors that came in.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Forgets what came in; the memory is kept.
    pub fn clear(&mut self) {
        self.batch.rows = 0;
        self.bytes = 0;
        for (column, spare) in self.batch.columns.iter_mut().zip(&mut self.spare) {
            column.data.clear();
            if let Some(mut bits) = column.validity.take() {
                bits.clear();
                *spare = Some(bits);
            }
        }
        self.codes.iter_mut().for_each(HashMap::clear);
        if let Some(kept) = &mut self.kept {
            kept.clear();
        }
    }

    /// Whether these cells can stand in one batch with those that came in: its vectors are of one length.
    pub fn joins<'v, 'r: 'v>(&self, cells: impl Iterator<Item = &'v Value<'r>>) -> bool {
        self.batch.columns.iter().zip(cells).all(|(column, cell)| match (&column.data, cell) {
            (ColumnData::Vectors { dimension, .. }, Value::List(items)) => {
                let padding = || self.batch.rows as usize * items.len() * size_of::<f32>();
                match self.batch.rows {
                    0 => true,
                    _ if is_void(column) => padding() <= PADDING,
                    _ => items.len() == *dimension as usize,
                }
            }
            _ => true,
        })
    }

    /// Takes in the cells of a record, one a column, each of which [has a place](ColumnType::takes).
    pub fn push<'v, 'r: 'v>(&mut self, cells: impl Iterator<Item = &'v Value<'r>>) {
        let row = self.batch.rows;
        for (i, (column, cell)) in self.batch.columns.iter_mut().zip(cells).enumerate() {
            let was_void = matches!(column.data, ColumnData::Vectors { .. }) && (row == 0 || is_void(column));
            if let Some(bits) = &mut column.validity {
                push_bit(bits, row, !cell.is_null());
            } else if cell.is_null() {
                let mut bits = self.spare.get_mut(i).and_then(Option::take).unwrap_or_default();
                (0..row).for_each(|it| push_bit(&mut bits, it, true));
                push_bit(&mut bits, row, false);
                column.validity = Some(bits);
            }
            let (bytes, exact) = match (&mut column.data, self.codes.get_mut(i)) {
                (ColumnData::Categories { codes, dictionary }, Some(known)) => {
                    push_category(cell, codes, dictionary, known, &mut self.scratch)
                }
                (data, _) => data.push(cell, row, was_void),
            };
            self.bytes += bytes;
            if let Some(kept) = self.kept.as_mut().filter(|_| !exact) {
                // Only what is small is copied: numbers, times, booleans.
                let value = if matches!(cell, Value::Str(_)) { time(cell).map(Value::Time) } else { None };
                kept.push((row, i as u32, value.unwrap_or_else(|| cell.to_owned())));
            }
        }
        self.batch.rows += 1;
    }

    /// A cell that came in. Text that was read as a time comes back as the time, and the elements of a
    /// vector as the nearest short decimals.
    pub fn value(&self, row: u32, column: u32) -> Value<'static> {
        let Some(Column { data, validity }) = self.batch.columns.get(column as usize) else { return Value::Null };
        if row >= self.batch.rows || validity.as_ref().is_some_and(|it| !bit(it, row)) {
            return Value::Null;
        }
        let kept = self.kept.as_ref().and_then(|kept| {
            let at = kept.binary_search_by_key(&(row, column), |(row, column, _)| (*row, *column)).ok()?;
            kept.get(at)
        });
        kept.map_or_else(|| data.value(row), |(_, _, value)| value.clone())
    }
}

/// Whether no row of the column holds a value.
fn is_void(column: &Column) -> bool {
    column.validity.as_ref().is_some_and(|it| it.iter().all(|byte| *byte == 0))
}

/// Whether a bit is set; those beyond the end are not.
pub fn bit(bits: &[u8], at: u32) -> bool {
    bits.get(at as usize / 8).is_some_and(|it| it >> (at % 8) & 1 == 1)
}

fn push_bit(bits: &mut Vec<u8>, at: u32, is_set: bool) {
    if at.is_multiple_of(8) {
        bits.push(0);
    }
    if let Some(last) = bits.last_mut().filter(|_| is_set) {
        *last |= 1 << (at % 8);
    }
}

fn push_category(
    cell: &Value,
    codes: &mut Vec<u32>,
    dictionary: &mut Vec<String>,
    known: &mut HashMap<String, u32>,
    scratch: &mut String,
) -> (usize, bool) {
    scratch.clear();
    let text = match cell {
        Value::Str(it) => it.as_ref(),
        Value::Bool(_) | Value::Int(_) | Value::Big(_) => {
            write_json(cell, scratch);
            scratch.as_str()
        }
        _ => {
            // A row without a value has some code; an empty dictionary has none to give.
            if dictionary.is_empty() {
                dictionary.push(String::new());
                known.insert(String::new(), 0);
            }
            codes.push(0);
            return (4, true);
        }
    };
    let (code, bytes) = match known.get(text) {
        Some(code) => (*code, 0),
        None => {
            let code = dictionary.len() as u32;
            dictionary.push(text.to_owned());
            known.insert(text.to_owned(), code);
            (code, text.len())
        }
    };
    codes.push(code);
    (4 + bytes, matches!(cell, Value::Str(_)))
}

impl ColumnData {
    /// No values.
    fn new(of: ColumnType) -> Self {
        match of {
            ColumnType::Number => ColumnData::Numbers(Vec::new()),
            ColumnType::Integer => ColumnData::Integers(Vec::new()),
            ColumnType::Boolean => ColumnData::Booleans(Vec::new()),
            ColumnType::Text => ColumnData::Texts(Texts::default()),
            ColumnType::Category => ColumnData::Categories { codes: Vec::new(), dictionary: Vec::new() },
            ColumnType::Timestamp => ColumnData::Timestamps(Vec::new()),
            ColumnType::Vector => ColumnData::Vectors { dimension: 0, values: Vec::new() },
            ColumnType::Json => ColumnData::Json(Texts::default()),
        }
    }

    fn clear(&mut self) {
        match self {
            ColumnData::Numbers(it) => it.clear(),
            ColumnData::Integers(it) | ColumnData::Timestamps(it) => it.clear(),
            ColumnData::Booleans(it) => it.clear(),
            ColumnData::Texts(it) | ColumnData::Json(it) => it.clear(),
            ColumnData::Categories { codes, dictionary } => {
                codes.clear();
                dictionary.clear();
            }
            ColumnData::Vectors { dimension, values } => {
                *dimension = 0;
                values.clear();
            }
        }
    }

    /// Adds a cell, or something that means nothing. The bytes beyond a fixed size, and whether the
    /// column gives the cell back as it was.
    fn push(&mut self, cell: &Value, row: u32, was_void: bool) -> (usize, bool) {
        match self {
            ColumnData::Numbers(it) => {
                it.push(cell.as_f64().unwrap_or_default());
                (8, cell.is_null() || matches!(cell, Value::Num(_)))
            }
            ColumnData::Integers(it) => {
                it.push(integer(cell).unwrap_or_default());
                (8, cell.is_null() || matches!(cell, Value::Int(_)))
            }
            ColumnData::Booleans(it) => {
                push_bit(it, row, *cell == Value::Bool(true));
                (1, true)
            }
            ColumnData::Texts(it) => {
                let before = it.data.len();
                match cell {
                    Value::Str(text) => it.data.push_str(text),
                    Value::Time(time) => {
                        // Writing to a string does not fail.
                        let _ = write!(it.data, "{time}");
                    }
                    _ => {}
                }
                it.close();
                (it.data.len() - before, !matches!(cell, Value::Time(_)))
            }
            ColumnData::Json(it) => {
                let before = it.data.len();
                write_json(cell, &mut it.data);
                it.close();
                (it.data.len() - before, true)
            }
            ColumnData::Timestamps(it) => {
                it.push(time(cell).map_or(0, |it| it.micros));
                (8, cell.is_null())
            }
            ColumnData::Vectors { dimension, values } => {
                let n = *dimension as usize;
                match cell {
                    Value::List(items) => {
                        if was_void {
                            *dimension = items.len() as u32;
                            values.resize(row as usize * items.len(), 0.0);
                        }
                        let before = if was_void { 0 } else { values.len() };
                        values.extend(items.iter().map(|it| it.as_f64().unwrap_or_default() as f32));
                        ((values.len() - before) * size_of::<f32>(), true)
                    }
                    _ => {
                        values.extend(std::iter::repeat_n(0.0, n));
                        (n * 4, true)
                    }
                }
            }
            // Pushed with their dictionary.
            ColumnData::Categories { .. } => (0, true),
        }
    }

    /// The value of a row that holds one.
    fn value(&self, row: u32) -> Value<'static> {
        let at = row as usize;
        let text = |it: &str| Value::Str(it.to_owned().into());
        let found = match self {
            ColumnData::Numbers(it) => it.get(at).map(|it| Value::Num(*it)),
            ColumnData::Integers(it) | ColumnData::Timestamps(it) => it.get(at).map(|it| Value::Int(*it)),
            ColumnData::Booleans(it) => Some(Value::Bool(bit(it, row))),
            ColumnData::Texts(it) => it.get(at).map(text),
            ColumnData::Categories { codes, dictionary } => {
                codes.get(at).and_then(|it| dictionary.get(*it as usize)).map(|it| text(it))
            }
            ColumnData::Vectors { dimension, values } => {
                let n = *dimension as usize;
                let short = |it: &f32| Value::Num(it.to_string().parse().unwrap_or_else(|_| f64::from(*it)));
                values.get(at * n..(at + 1) * n).map(|it| Value::List(it.iter().map(short).collect()))
            }
            ColumnData::Json(it) => it.get(at).and_then(|it| serde_json::from_str(it).ok()).map(Value::from_json),
        };
        found.unwrap_or(Value::Null)
    }
}

impl Default for Texts {
    fn default() -> Self {
        Texts { offsets: vec![0], data: String::new() }
    }
}

impl Texts {
    /// The text of a row.
    pub fn get(&self, row: usize) -> Option<&str> {
        self.data.get(*self.offsets.get(row)? as usize..*self.offsets.get(row + 1)? as usize)
    }

    fn close(&mut self) {
        self.offsets.push(self.data.len() as u32);
    }

    fn clear(&mut self) {
        self.data.clear();
        self.offsets.truncate(1);
    }
}
