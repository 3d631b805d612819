//! Columns for tests, written down by values.

use std::ops::Range;

use crate::{Batch, Binding, Column, ColumnData, ColumnType, TextData, VectorData};

/// Columns by the names of inputs. The field of each is called like its input.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    rows: Option<usize>,
    columns: Vec<(Binding, Cells)>,
}

#[derive(Clone, Debug)]
enum Cells {
    Numbers(Vec<Option<f64>>),
    Integers(Vec<Option<i64>>),
    Booleans(Vec<Option<bool>>),
    Texts(Vec<Option<String>>),
    Categories(Vec<Option<String>>),
    Timestamps(Vec<Option<i64>>),
    Vectors(Vec<Option<Vec<f32>>>),
    Json(Vec<Option<String>>),
}

impl Columns {
    /// None yet.
    pub fn new() -> Columns {
        Columns::default()
    }

    /// With numbers. An input that takes many fields may be named several times.
    #[must_use]
    pub fn numbers(self, input: &str, values: impl IntoIterator<Item = impl Into<Option<f64>>>) -> Columns {
        self.with(input, ColumnType::Number, Cells::Numbers(values.into_iter().map(Into::into).collect()))
    }

    /// With integers.
    #[must_use]
    pub fn integers(self, input: &str, values: impl IntoIterator<Item = impl Into<Option<i64>>>) -> Columns {
        self.with(input, ColumnType::Integer, Cells::Integers(values.into_iter().map(Into::into).collect()))
    }

    /// With booleans.
    #[must_use]
    pub fn booleans(self, input: &str, values: impl IntoIterator<Item = impl Into<Option<bool>>>) -> Columns {
        self.with(input, ColumnType::Boolean, Cells::Booleans(values.into_iter().map(Into::into).collect()))
    }

    /// With texts.
    #[must_use]
    pub fn texts<'t>(self, input: &str, values: impl IntoIterator<Item = impl Into<Option<&'t str>>>) -> Columns {
        self.with(input, ColumnType::Text, Cells::Texts(owned(values)))
    }

    /// With texts of which few are different.
    #[must_use]
    pub fn categories<'t>(self, input: &str, values: impl IntoIterator<Item = impl Into<Option<&'t str>>>) -> Columns {
        self.with(input, ColumnType::Category, Cells::Categories(owned(values)))
    }

    /// With microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn timestamps(self, input: &str, values: impl IntoIterator<Item = impl Into<Option<i64>>>) -> Columns {
        self.with(input, ColumnType::Timestamp, Cells::Timestamps(values.into_iter().map(Into::into).collect()))
    }

    /// With vectors, which must be of one length.
    #[must_use]
    pub fn vectors(self, input: &str, values: impl IntoIterator<Item = impl Into<Option<Vec<f32>>>>) -> Columns {
        self.with(input, ColumnType::Vector, Cells::Vectors(values.into_iter().map(Into::into).collect()))
    }

    /// With JSON documents.
    #[must_use]
    pub fn json<'t>(self, input: &str, values: impl IntoIterator<Item = impl Into<Option<&'t str>>>) -> Columns {
        self.with(input, ColumnType::Json, Cells::Json(owned(values)))
    }

    fn with(mut self, input: &str, column_type: ColumnType, cells: Cells) -> Columns {
        let rows = cells.len();
        assert!(self.rows.is_none_or(|it| it == rows), "the column `{input}` has {rows} rows, others have not");
        self.rows = Some(rows);
        let field = input.to_owned();
        self.columns.push((Binding { input: field.clone(), field, column_type }, cells));
        self
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.rows.unwrap_or(0)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Some of the rows.
    #[must_use]
    pub fn slice(&self, rows: Range<usize>) -> Columns {
        let columns = self.columns.iter().map(|(binding, cells)| (binding.clone(), cells.slice(rows.clone())));
        Columns { columns: columns.collect(), rows: Some(rows.len()) }
    }

    /// What `open` is told of them.
    pub fn bindings(&self) -> Vec<Binding> {
        self.columns.iter().map(|(binding, _)| binding.clone()).collect()
    }

    /// As they cross the border.
    pub fn batch(&self) -> Batch {
        Batch { rows: self.len() as u32, columns: self.columns.iter().map(|(_, cells)| cells.column()).collect() }
    }
}

fn owned<'t>(values: impl IntoIterator<Item = impl Into<Option<&'t str>>>) -> Vec<Option<String>> {
    values.into_iter().map(|it| it.into().map(str::to_owned)).collect()
}

impl Cells {
    fn len(&self) -> usize {
        match self {
            Cells::Numbers(it) => it.len(),
            Cells::Integers(it) | Cells::Timestamps(it) => it.len(),
            Cells::Booleans(it) => it.len(),
            Cells::Texts(it) | Cells::Categories(it) | Cells::Json(it) => it.len(),
            Cells::Vectors(it) => it.len(),
        }
    }

    fn slice(&self, rows: Range<usize>) -> Cells {
        match self {
            Cells::Numbers(it) => Cells::Numbers(it[rows].to_vec()),
            Cells::Integers(it) => Cells::Integers(it[rows].to_vec()),
            Cells::Booleans(it) => Cells::Booleans(it[rows].to_vec()),
            Cells::Texts(it) => Cells::Texts(it[rows].to_vec()),
            Cells::Categories(it) => Cells::Categories(it[rows].to_vec()),
            Cells::Timestamps(it) => Cells::Timestamps(it[rows].to_vec()),
            Cells::Vectors(it) => Cells::Vectors(it[rows].to_vec()),
            Cells::Json(it) => Cells::Json(it[rows].to_vec()),
        }
    }

    /// Rows without a value hold one that would be noticed if it were read.
    fn column(&self) -> Column {
        match self {
            Cells::Numbers(it) => Column {
                data: ColumnData::Numbers(it.iter().map(|it| it.unwrap_or(1e300)).collect()),
                validity: validity(it),
            },
            Cells::Integers(it) => Column { data: ColumnData::Integers(or_least(it)), validity: validity(it) },
            Cells::Timestamps(it) => Column { data: ColumnData::Timestamps(or_least(it)), validity: validity(it) },
            Cells::Booleans(it) => Column {
                data: ColumnData::Booleans(bitmap(it.iter().map(|it| it.unwrap_or(true)))),
                validity: validity(it),
            },
            Cells::Texts(it) => Column { data: ColumnData::Texts(text_data(it)), validity: validity(it) },
            Cells::Json(it) => Column { data: ColumnData::Json(text_data(it)), validity: validity(it) },
            Cells::Categories(it) => categories(it),
            Cells::Vectors(it) => {
                let dimension = it.iter().flatten().map(Vec::len).next().unwrap_or(0);
                let missing = vec![1e30; dimension];
                let rows = it.iter().map(|it| it.as_ref().unwrap_or(&missing));
                let values: Vec<f32> = rows.inspect(|it| assert_eq!(it.len(), dimension)).flatten().copied().collect();
                let data = VectorData { dimension: dimension as u32, values };
                Column { data: ColumnData::Vectors(data), validity: validity(it) }
            }
        }
    }
}

fn or_least(cells: &[Option<i64>]) -> Vec<i64> {
    cells.iter().map(|it| it.unwrap_or(i64::MIN)).collect()
}

fn text_data(cells: &[Option<String>]) -> TextData {
    let mut texts = TextData { offsets: vec![0], data: String::new() };
    for cell in cells {
        texts.data.push_str(cell.as_deref().unwrap_or("(no value)"));
        texts.offsets.push(texts.data.len() as u32);
    }
    texts
}

fn categories(cells: &[Option<String>]) -> Column {
    let mut dictionary: Vec<String> = vec!["(no value)".to_owned()];
    let mut codes = Vec::new();
    for cell in cells {
        let text = cell.as_deref().unwrap_or("(no value)");
        let known = dictionary.iter().position(|it| it == text);
        codes.push(known.unwrap_or(dictionary.len()) as u32);
        if known.is_none() {
            dictionary.push(text.to_owned());
        }
    }
    Column { data: ColumnData::Categories(crate::CategoryData { codes, dictionary }), validity: validity(cells) }
}

fn validity<T>(cells: &[Option<T>]) -> Option<Vec<u8>> {
    cells.iter().any(Option::is_none).then(|| bitmap(cells.iter().map(Option::is_some)))
}

fn bitmap(bits: impl Iterator<Item = bool>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (row, bit) in bits.enumerate() {
        if row % 8 == 0 {
            bytes.push(0);
        }
        if let Some(last) = bytes.last_mut() {
            *last |= u8::from(bit) << (row % 8);
        }
    }
    bytes
}
