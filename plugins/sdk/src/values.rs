//! How each type of column holds its values.

use crate::bindings::types::{Column, ColumnData, TextData};

/// The values of a column, once the type is known.
pub trait Values<'a>: Sized {
    /// What a row holds.
    type Value;
    /// The word in messages.
    const WHAT: &'static str;

    /// The values of a column, if it has the type.
    fn of(column: &'a Column) -> Option<Self>;

    /// How many there are, if that is known.
    fn rows(&self) -> Option<usize>;

    /// The value of a row below `rows`.
    fn value(&self, row: usize) -> Self::Value;
}

/// Numbers or integers.
#[derive(Clone, Copy, Debug)]
pub enum NumberValues<'a> {
    /// As they are.
    Numbers(&'a [f64]),
    /// Each is converted when it is asked for.
    Integers(&'a [i64]),
}

impl<'a> Values<'a> for NumberValues<'a> {
    type Value = f64;
    const WHAT: &'static str = "numbers";

    fn of(column: &'a Column) -> Option<Self> {
        match &column.data {
            ColumnData::Numbers(it) => Some(NumberValues::Numbers(it)),
            ColumnData::Integers(it) => Some(NumberValues::Integers(it)),
            _ => None,
        }
    }

    fn rows(&self) -> Option<usize> {
        Some(match self {
            NumberValues::Numbers(it) => it.len(),
            NumberValues::Integers(it) => it.len(),
        })
    }

    fn value(&self, row: usize) -> f64 {
        match self {
            NumberValues::Numbers(it) => it[row],
            NumberValues::Integers(it) => it[row] as f64,
        }
    }
}

impl<'a> Values<'a> for &'a [i64] {
    type Value = i64;
    const WHAT: &'static str = "integers";

    fn of(column: &'a Column) -> Option<Self> {
        if let ColumnData::Integers(it) = &column.data { Some(it) } else { None }
    }

    fn rows(&self) -> Option<usize> {
        Some(self.len())
    }

    fn value(&self, row: usize) -> i64 {
        self[row]
    }
}

/// Booleans, a bit a row.
#[derive(Clone, Copy, Debug)]
pub struct BooleanValues<'a>(&'a [u8]);

impl<'a> Values<'a> for BooleanValues<'a> {
    type Value = bool;
    const WHAT: &'static str = "booleans";

    fn of(column: &'a Column) -> Option<Self> {
        if let ColumnData::Booleans(it) = &column.data { Some(BooleanValues(it)) } else { None }
    }

    fn rows(&self) -> Option<usize> {
        Some(self.0.len() * 8)
    }

    fn value(&self, row: usize) -> bool {
        bit(self.0, row)
    }
}

/// Texts, or codes and what they mean.
#[derive(Clone, Copy, Debug)]
pub enum TextValues<'a> {
    /// End to end.
    Texts(&'a TextData),
    /// Few different ones.
    Categories {
        /// An index into the dictionary for each row.
        codes: &'a [u32],
        /// The different texts.
        dictionary: &'a [String],
    },
}

impl<'a> Values<'a> for TextValues<'a> {
    type Value = &'a str;
    const WHAT: &'static str = "texts";

    fn of(column: &'a Column) -> Option<Self> {
        match &column.data {
            ColumnData::Texts(it) => Some(TextValues::Texts(it)),
            ColumnData::Categories(it) => Some(TextValues::Categories { codes: &it.codes, dictionary: &it.dictionary }),
            _ => None,
        }
    }

    fn rows(&self) -> Option<usize> {
        Some(match self {
            TextValues::Texts(it) => it.offsets.len().saturating_sub(1),
            TextValues::Categories { codes, .. } => codes.len(),
        })
    }

    fn value(&self, row: usize) -> &'a str {
        match *self {
            TextValues::Texts(it) => slice(it, row),
            TextValues::Categories { codes, dictionary } => {
                dictionary.get(codes[row] as usize).map_or("", String::as_str)
            }
        }
    }
}

/// Points in time.
#[derive(Clone, Copy, Debug)]
pub struct TimestampValues<'a>(&'a [i64]);

impl<'a> Values<'a> for TimestampValues<'a> {
    type Value = i64;
    const WHAT: &'static str = "timestamps";

    fn of(column: &'a Column) -> Option<Self> {
        if let ColumnData::Timestamps(it) = &column.data { Some(TimestampValues(it)) } else { None }
    }

    fn rows(&self) -> Option<usize> {
        Some(self.0.len())
    }

    fn value(&self, row: usize) -> i64 {
        self.0[row]
    }
}

/// Vectors of one length.
#[derive(Clone, Copy, Debug)]
pub struct VectorValues<'a> {
    pub(crate) dimension: usize,
    values: &'a [f32],
}

impl<'a> Values<'a> for VectorValues<'a> {
    type Value = &'a [f32];
    const WHAT: &'static str = "vectors";

    fn of(column: &'a Column) -> Option<Self> {
        match &column.data {
            ColumnData::Vectors(it) => Some(VectorValues { dimension: it.dimension as usize, values: &it.values }),
            _ => None,
        }
    }

    // Of vectors without length there may be any number.
    fn rows(&self) -> Option<usize> {
        self.values.len().checked_div(self.dimension)
    }

    fn value(&self, row: usize) -> &'a [f32] {
        &self.values[row * self.dimension..(row + 1) * self.dimension]
    }
}

/// JSON documents, as text.
#[derive(Clone, Copy, Debug)]
pub struct JsonValues<'a>(&'a TextData);

impl<'a> Values<'a> for JsonValues<'a> {
    type Value = &'a str;
    const WHAT: &'static str = "JSON";

    fn of(column: &'a Column) -> Option<Self> {
        if let ColumnData::Json(it) = &column.data { Some(JsonValues(it)) } else { None }
    }

    fn rows(&self) -> Option<usize> {
        Some(self.0.offsets.len().saturating_sub(1))
    }

    fn value(&self, row: usize) -> &'a str {
        slice(self.0, row)
    }
}

pub(crate) fn bit(bits: &[u8], row: usize) -> bool {
    bits[row / 8] >> (row % 8) & 1 == 1
}

fn slice(texts: &TextData, row: usize) -> &str {
    let (start, end) = (texts.offsets[row] as usize, texts.offsets[row + 1] as usize);
    texts.data.get(start..end).unwrap_or_default()
}
