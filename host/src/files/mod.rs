//! Data files into chunks of records: a reader pulls [`Chunk`]s from a [`Source`], workers take the
//! records out of them. Rows, lines and offsets never depend on the size of the chunks.
//!
//! What is stated, and tested, for every text format: a byte order mark at the start is dropped;
//! `\r\n` ends a line as `\n` does, a lone `\r` does not; empty lines are counted as lines and are no
//! records; a last line without its newline is a line; a record that is not UTF-8, or is longer than
//! [`Options::max_record`], is one [`Broken`] record and its neighbours are read.

mod array;
mod arrow;
pub mod csv;
mod input;
mod lines;
mod open;
pub mod parquet;
mod source;
mod split;
pub mod writer;

use std::fmt;
use std::sync::Arc;

pub use input::{Input, expand};
pub use lines::Text;
pub use source::Source;

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON value a line.
    Ndjson,
    /// One JSON array, whose elements are the records.
    Json,
    /// A header line and records of as many fields.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// A stream of Apache Arrow record batches (IPC).
    Arrow,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 5] = [Format::Ndjson, Format::Json, Format::Csv, Format::Parquet, Format::Arrow];

    /// The name that a user gives it.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Ndjson => "ndjson",
            Format::Json => "json",
            Format::Csv => "csv",
            Format::Parquet => "parquet",
            Format::Arrow => "arrow",
        }
    }

    /// The format of that name; `None` when there is none.
    pub fn parse_name(name: &str) -> Option<Self> {
        Format::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// How files are read.
#[derive(Clone, Debug)]
pub struct Options {
    /// The format of all files; found by each file's extension, else its first bytes, when `None`.
    pub format: Option<Format>,
    /// The CSV delimiter; when `None` it is a comma, or what of `;`, tab and `|` splits the header
    /// into most columns where a comma does not split it at all.
    pub delimiter: Option<u8>,
    /// Bytes of text in a chunk, about; it decides memory and nothing else.
    pub chunk: usize,
    /// The longest record in bytes; a longer one is broken.
    pub max_record: usize,
    /// Rows of a Parquet file in a chunk, at most.
    pub chunk_rows: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { format: None, delimiter: None, chunk: 1 << 20, max_record: 16 << 20, chunk_rows: 1 << 16 }
    }
}

/// What is known of an open file.
#[derive(Debug)]
pub struct FileInfo {
    /// The path as the user gave it, `-` for standard input.
    pub name: String,
    /// Position among the inputs.
    pub index: usize,
    /// Its format and columns.
    pub layout: Layout,
}

impl FileInfo {
    /// The names of the columns in their order; `None` for JSON, whose records bring their own.
    pub fn columns(&self) -> Option<Vec<String>> {
        match &self.layout {
            Layout::Ndjson | Layout::Json => None,
            Layout::Csv { header, .. } => Some(header.clone()),
            Layout::Parquet(it) => Some(it.schema().fields().iter().map(|it| it.name().clone()).collect()),
            Layout::Arrow(it) => Some(it.fields().iter().map(|it| it.name().clone()).collect()),
        }
    }

    /// The format.
    pub const fn format(&self) -> Format {
        match self.layout {
            Layout::Ndjson => Format::Ndjson,
            Layout::Json => Format::Json,
            Layout::Csv { .. } => Format::Csv,
            Layout::Parquet(_) => Format::Parquet,
            Layout::Arrow(_) => Format::Arrow,
        }
    }
}

/// The format of a file and what it says of its columns.
#[derive(Debug)]
pub enum Layout {
    /// One JSON value a line.
    Ndjson,
    /// One JSON array.
    Json,
    /// CSV.
    Csv {
        /// Column names: an empty one is `Unnamed: 3` (its position), a repeated one `a.1`, as in pandas.
        header: Vec<String>,
        /// The header's bytes with its line end.
        raw: Vec<u8>,
        /// What stands between fields.
        delimiter: u8,
    },
    /// Parquet.
    Parquet(Box<parquet::ParquetFile>),
    /// An Arrow stream.
    Arrow(arrow_schema::SchemaRef),
}

/// Consecutive records of one file.
#[derive(Debug)]
pub struct Chunk {
    /// The file.
    pub file: Arc<FileInfo>,
    /// The ordinal of the first record over the whole run from 0; broken records count, empty lines do not.
    pub first_row: u64,
    /// How many records these are.
    pub rows: u64,
    /// The line of the first byte, from 1; of Parquet the number of the first row within the file, from 1.
    pub first_line: u64,
    /// Where the first byte stands in the decompressed file; 0 of Parquet.
    pub offset: u64,
    /// The records.
    pub body: Body,
}

impl Chunk {
    /// Bytes of its records, decompressed; of columns about.
    pub fn size(&self) -> u64 {
        match &self.body {
            Body::Lines(it) | Body::Elements(it, _) | Body::Csv(it) => it.len() as u64,
            Body::Rows(it) => it.n_rows as u64 * 8,
            Body::Batch(it) => it.get_array_memory_size() as u64,
            Body::Broken(_) => 0,
        }
    }
}

/// The records of a chunk.
#[derive(Debug)]
pub enum Body {
    /// Whole NDJSON lines: see [`Chunk::texts`].
    Lines(Vec<u8>),
    /// Elements of a JSON array: see [`Chunk::texts`].
    Elements(Vec<u8>, Vec<Element>),
    /// Whole CSV records: see [`csv::CsvPlan::rows`].
    Csv(Vec<u8>),
    /// Rows of a Parquet file: see [`parquet::ParquetPlan::batches`].
    Rows(parquet::RowRange),
    /// A record batch of an Arrow stream.
    Batch(arrow_array::RecordBatch),
    /// One record that could not be cut out.
    Broken(Box<Broken>),
}

/// An element of a JSON array within its chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// First byte.
    pub start: usize,
    /// Behind the last byte.
    pub end: usize,
    /// The line it starts on, from 1.
    pub line: u64,
}

/// A record that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Ordinal over the whole run, from 0.
    pub row: u64,
    /// The file.
    pub file: String,
    /// The line it starts on, from 1.
    pub line: u64,
    /// Where it starts in the decompressed file.
    pub offset: u64,
    /// What is wrong with it.
    pub reason: String,
    /// Its beginning, at most [`EXCERPT`] bytes of it.
    pub excerpt: String,
}

/// Bytes of a broken record that are kept.
pub const EXCERPT: usize = 200;

/// The beginning of a record for a message, what is not UTF-8 replaced.
pub fn excerpt(bytes: &[u8]) -> String {
    let cut = bytes.len().min(EXCERPT);
    String::from_utf8_lossy(bytes.get(..cut).unwrap_or_default()).into_owned()
}

/// Why a file, or the rest of one, could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The line, from 1, where it is known.
    pub line: Option<u64>,
    /// The offset in the decompressed file, where it is known.
    pub offset: Option<u64>,
    /// What happened.
    pub reason: String,
}

impl Fault {
    /// A fault of the file as a whole.
    pub fn new(file: &str, reason: impl fmt::Display) -> Self {
        Fault { file: file.to_owned(), line: None, offset: None, reason: reason.to_string() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.reason)?;
        match self.offset {
            Some(offset) => write!(f, " (at byte {offset})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests;
