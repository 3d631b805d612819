//! Typed views over the columns of a batch.

use crate::about::word;
use crate::bindings::types::{Batch, Binding};
use crate::values::{BooleanValues, JsonValues, NumberValues, TextValues, TimestampValues, Values, VectorValues, bit};
use crate::{Error, Result};

/// The inputs of a rule and the fields bound to them.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a>(pub(crate) &'a [Binding]);

impl<'a> Inputs<'a> {
    /// Whether a field is bound to the input.
    pub fn is_bound(&self, input: &str) -> bool {
        self.fields(input).next().is_some()
    }

    /// The fields bound to the input, as the suite names them.
    pub fn fields(&self, input: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |it| it.input == input).map(|it| it.field.as_str())
    }
}

/// Some records, in order; columns are asked for by the name of the input.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    bindings: &'a [Binding],
    batch: &'a Batch,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(bindings: &'a [Binding], batch: &'a Batch) -> Result<Rows<'a>> {
        if bindings.len() != batch.columns.len() {
            let (is, wanted) = (batch.columns.len(), bindings.len());
            return Err(Error::Input(format!("the batch has {is} columns, {wanted} are bound")));
        }
        Ok(Rows { bindings, batch })
    }

    /// How many records.
    pub fn len(&self) -> usize {
        self.batch.rows as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.batch.rows == 0
    }

    /// The columns bound to an input, in the order of the suite. The error: one has another type.
    pub fn all<T: Values<'a>>(&self, input: &str) -> Result<Vec<View<'a, T>>> {
        let bound = self.bindings.iter().enumerate().filter(|(_, it)| it.input == input);
        bound.map(|(at, _)| self.view(at)).collect()
    }

    /// The column bound to an input; none if no field is. The error: it has another type.
    pub fn find<T: Values<'a>>(&self, input: &str) -> Result<Option<View<'a, T>>> {
        match self.bindings.iter().position(|it| it.input == input) {
            Some(at) => self.view(at).map(Some),
            None => Ok(None),
        }
    }

    /// The column bound to an input. The error: no field is bound, or it has another type.
    pub fn column<T: Values<'a>>(&self, input: &str) -> Result<View<'a, T>> {
        self.find(input)?.ok_or_else(|| Error::Input(format!("the input `{input}` is bound to no field")))
    }

    /// Numbers; integers count as such.
    pub fn numbers(&self, input: &str) -> Result<Numbers<'a>> {
        self.column(input)
    }

    /// Integers.
    pub fn integers(&self, input: &str) -> Result<Integers<'a>> {
        self.column(input)
    }

    /// Booleans.
    pub fn booleans(&self, input: &str) -> Result<Booleans<'a>> {
        self.column(input)
    }

    /// Texts; categories count as such.
    pub fn texts(&self, input: &str) -> Result<Texts<'a>> {
        self.column(input)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn timestamps(&self, input: &str) -> Result<Timestamps<'a>> {
        self.column(input)
    }

    /// Vectors of one length.
    pub fn vectors(&self, input: &str) -> Result<Vectors<'a>> {
        self.column(input)
    }

    /// JSON documents, as text.
    pub fn json(&self, input: &str) -> Result<Json<'a>> {
        self.column(input)
    }

    fn view<T: Values<'a>>(&self, at: usize) -> Result<View<'a, T>> {
        let (binding, column) = (&self.bindings[at], &self.batch.columns[at]);
        let rows = self.len();
        let wrong = |what: &str| Error::Input(format!("the field `{}`: {what}", binding.field));
        let values = T::of(column).ok_or_else(|| {
            let found = word(binding.column_type);
            wrong(&format!("comes as {found}, but the plugin reads {} from `{}`", T::WHAT, binding.input))
        })?;
        let validity = column.validity.as_deref();
        if values.rows().is_some_and(|it| it < rows) || validity.is_some_and(|it| it.len() < rows.div_ceil(8)) {
            return Err(wrong(&format!("the column is shorter than its {rows} rows")));
        }
        Ok(View { values, validity, rows, column: at as u32, field: &binding.field })
    }
}

/// A column of which the type is known.
#[derive(Clone, Copy, Debug)]
pub struct View<'a, T> {
    values: T,
    validity: Option<&'a [u8]>,
    rows: usize,
    column: u32,
    field: &'a str,
}

impl<'a, T: Values<'a>> View<'a, T> {
    /// How many rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Its place among the columns, for findings.
    pub fn column(&self) -> u32 {
        self.column
    }

    /// The field that it holds, as the suite names it.
    pub fn field(&self) -> &'a str {
        self.field
    }

    /// The value of a row; none if the row holds none or is beyond the last.
    pub fn get(&self, row: usize) -> Option<T::Value> {
        (row < self.rows && self.validity.is_none_or(|it| bit(it, row))).then(|| self.values.value(row))
    }

    /// Every row's value, or none where it holds none.
    pub fn iter(&self) -> impl Iterator<Item = Option<T::Value>> + '_ {
        (0..self.rows).map(|row| self.get(row))
    }

    /// The values that are there.
    pub fn present(&self) -> impl Iterator<Item = T::Value> + '_ {
        self.iter().flatten()
    }
}

/// Numbers.
pub type Numbers<'a> = View<'a, NumberValues<'a>>;
/// Integers.
pub type Integers<'a> = View<'a, &'a [i64]>;
/// Booleans.
pub type Booleans<'a> = View<'a, BooleanValues<'a>>;
/// Texts.
pub type Texts<'a> = View<'a, TextValues<'a>>;
/// Microseconds since 1970-01-01T00:00:00Z.
pub type Timestamps<'a> = View<'a, TimestampValues<'a>>;
/// Vectors.
pub type Vectors<'a> = View<'a, VectorValues<'a>>;
/// JSON documents.
pub type Json<'a> = View<'a, JsonValues<'a>>;

impl<'a> Texts<'a> {
    /// The codes and what they mean, if the column came so: work on each different text need be done only once.
    pub fn dictionary(&self) -> Option<(&'a [u32], &'a [String])> {
        match self.values {
            TextValues::Categories { codes, dictionary } => Some((codes, dictionary)),
            TextValues::Texts(_) => None,
        }
    }
}

impl Vectors<'_> {
    /// The length of each.
    pub fn dimension(&self) -> usize {
        self.values.dimension
    }
}
