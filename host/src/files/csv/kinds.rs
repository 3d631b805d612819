//! What an undeclared CSV column holds: found from all of its cells, never from a sample.
//!
//! The kind of a column is the narrowest that fits every cell that is not null. It is guessed from
//! the first chunk; when a later cell does not fit, the run starts again with the wider kind. The
//! kinds form a lattice, so that neither chunks nor threads nor their order change what comes out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use driftline_rules::types::{Type, parse_int};
use driftline_rules::value::Value;

use super::{Chunk, CsvPlan};

/// The kind of an undeclared column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing but nulls.
    #[default]
    Empty,
    /// Integers within `i64` or `u64`.
    Int,
    /// Integers, some of them larger: kept as text, since floats would lose their digits.
    Huge,
    /// Numbers.
    Float,
    /// `true` and `false`, in any case.
    Bool,
    /// Anything else. Digits with a leading zero (`007`) are text too: they are identifiers and
    /// postal codes, whose zeros matter.
    Text,
}

impl Kind {
    /// The narrowest kind of one text, which is not null.
    pub fn of(text: &str) -> Self {
        let text = text.trim_ascii();
        if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
            return Kind::Bool;
        }
        if has_leading_zero(text) {
            return Kind::Text;
        }
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit()) {
            return if parse_int(text).is_some() { Kind::Int } else { Kind::Huge };
        }
        if text.parse::<f64>().is_ok() { Kind::Float } else { Kind::Text }
    }

    /// The narrowest kind that holds what both hold.
    #[must_use]
    pub const fn join(self, other: Self) -> Self {
        match (self.rank(), other.rank()) {
            (Some(a), Some(b)) => {
                if a < b {
                    other
                } else {
                    self
                }
            }
            // A boolean goes with booleans and nulls only.
            _ => match (self, other) {
                (Kind::Empty | Kind::Bool, Kind::Bool) | (Kind::Bool, Kind::Empty) => Kind::Bool,
                _ => Kind::Text,
            },
        }
    }

    /// Place in the chain of kinds; booleans stand beside it.
    const fn rank(self) -> Option<u8> {
        match self {
            Kind::Empty => Some(0),
            Kind::Int => Some(1),
            Kind::Huge => Some(2),
            Kind::Float => Some(3),
            Kind::Bool => None,
            Kind::Text => Some(4),
        }
    }

    /// The name for messages.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Empty => "empty",
            Kind::Int => "int",
            Kind::Float => "float",
            Kind::Bool => "bool",
            Kind::Huge | Kind::Text => "string",
        }
    }
}

fn has_leading_zero(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text).as_bytes();
    matches!(text, [b'0', second, ..] if second.is_ascii_digit())
}

/// The common case of an integer, fast: one to eighteen digits and nothing else.
#[inline]
fn digits(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.is_empty() || bytes.len() > 18 || (bytes.len() > 1 && bytes.starts_with(b"0")) {
        return None;
    }
    let mut number = 0_i64;
    for byte in bytes {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + i64::from(digit);
    }
    Some(number)
}

/// A float that begins with a digit or a sign, as all but the named ones do.
#[inline]
fn common_float(text: &str) -> Option<f64> {
    let begins = matches!(text.as_bytes(), [b'0'..=b'9' | b'-', ..]);
    if !begins || has_leading_zero(text) {
        return None;
    }
    text.parse().ok().filter(|it: &f64| !it.is_nan())
}

/// A column that is of a wider kind than was thought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widen {
    /// The column's name.
    pub column: String,
    /// Its kind, by what was seen.
    pub to: Kind,
}

/// The kinds of columns by name, over all files of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kinds(BTreeMap<String, Kind>);

impl Kinds {
    /// The kind of a column; [`Kind::Empty`] before anything is known.
    pub fn of(&self, column: &str) -> Kind {
        self.0.get(column).copied().unwrap_or_default()
    }

    /// Guesses from a file's first chunk those undeclared columns that no file had before.
    pub fn learn(&mut self, chunk: &Chunk, wanted: &[(String, Option<Type>)], nulls: &Nulls) {
        let found = CsvPlan::new(&chunk.file, wanted, &Kinds::default(), nulls).widened(chunk);
        for it in found {
            self.0.entry(it.column).or_insert(it.to);
        }
    }

    /// Takes in what did not fit; true when a kind changed.
    pub fn widen(&mut self, found: &[Widen]) -> bool {
        let mut changed = false;
        for it in found {
            let kind = self.0.entry(it.column.clone()).or_default();
            let wider = kind.join(it.to);
            changed |= wider != *kind;
            *kind = wider;
        }
        changed
    }
}

/// Which texts mean null, beside the empty one.
#[derive(Clone, Debug)]
pub struct Nulls {
    texts: Vec<String>,
    everywhere: bool,
}

/// The texts that pandas reads as null (`pandas._libs.parsers.STR_NA_VALUES`).
const PANDAS: [&str; 18] = [
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL",
    "NaN", "None", "n/a", "nan", "null",
];

/// Those of pandas, in every column that is not text. In text only the empty field is null (pandas
/// reads the country code `NA` as null too).
impl Default for Nulls {
    fn default() -> Self {
        Nulls { texts: PANDAS.map(str::to_owned).to_vec(), everywhere: false }
    }
}

impl Nulls {
    /// Exactly these texts, in every column, text too.
    pub const fn stated(texts: Vec<String>) -> Self {
        Nulls { texts, everywhere: true }
    }

    fn names(&self, text: &str) -> bool {
        text.is_empty() || self.texts.iter().any(|it| it == text)
    }

    pub(super) fn kind_of(&self, text: &str) -> Kind {
        if self.names(text) { Kind::Empty } else { Kind::of(text) }
    }

    /// Writes the cell of an undeclared column, where it is of the common sort; gives the text back
    /// otherwise. Written in its place, for to move a value costs as much as to read it.
    #[inline]
    pub(super) fn read_common<'c>(&self, kind: Kind, text: Cow<'c, str>, cell: &mut Value<'c>) -> Option<Cow<'c, str>> {
        if text.is_empty() || self.everywhere {
            return Some(text);
        }
        match kind {
            Kind::Text => *cell = Value::Str(text),
            Kind::Int => match digits(&text) {
                Some(it) => *cell = Value::Int(it),
                None => return Some(text),
            },
            Kind::Float => match common_float(&text) {
                Some(it) => *cell = Value::Num(it),
                None => return Some(text),
            },
            Kind::Bool | Kind::Empty | Kind::Huge => return Some(text),
        }
        None
    }

    /// The cell of an undeclared column; `None` when it does not fit.
    #[inline]
    pub(super) fn read<'c>(&self, kind: Kind, text: Cow<'c, str>) -> Option<Value<'c>> {
        if text.is_empty() || (self.everywhere && self.names(&text)) {
            return Some(Value::Null);
        }
        let read = match kind {
            Kind::Text => return Some(Value::Str(text)),
            Kind::Int => digits(&text).map(Value::Int).or_else(|| {
                let text = text.trim_ascii();
                if has_leading_zero(text) { None } else { parse_int(text) }
            }),
            Kind::Float => {
                let text = text.trim_ascii();
                let it = if has_leading_zero(text) { None } else { text.parse().ok() };
                it.filter(|it: &f64| !it.is_nan()).map(Value::Num)
            }
            Kind::Bool => Type::Bool.convert(&text).filter(|_| Kind::of(&text) == Kind::Bool).map(Value::into_owned),
            Kind::Empty | Kind::Huge => None,
        };
        if read.is_some() {
            return read;
        }
        match self.kind_of(&text) {
            Kind::Empty => Some(Value::Null),
            Kind::Int | Kind::Huge if kind == Kind::Huge => Some(Value::Str(text)),
            Kind::Float if kind == Kind::Float => text.trim_ascii().parse().ok().map(Value::Num),
            _ => None,
        }
    }

    /// The cell of a declared column; the text when it is unlike.
    #[inline]
    pub(super) fn read_declared<'c>(&self, declared: Type, text: Cow<'c, str>) -> Result<Value<'c>, Cow<'c, str>> {
        if text.is_empty() || (self.everywhere && self.names(&text)) {
            return Ok(Value::Null);
        }
        if declared == Type::String {
            return Ok(Value::Str(text));
        }
        match declared.convert(&text).map(Value::into_owned) {
            Some(it) if !it.is_nan() => Ok(it),
            _ if self.names(&text) => Ok(Value::Null),
            Some(it) => Ok(it),
            None => Err(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn digits_read_fast_are_those_read_exactly(text in "[+-]?[0-9]{0,20}[.]?") {
            if let Some(it) = digits(&text) {
                prop_assert_eq!(Some(Value::Int(it)), parse_int(&text));
            }
        }
    }
}
