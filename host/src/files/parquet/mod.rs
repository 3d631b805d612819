//! Parquet: ranges of rows, of which each is decoded by itself, and only the columns that are wanted.

mod cells;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_schema::{ArrowError, DataType, Fields, SchemaRef};
use driftline_rules::types::Type;
use driftline_rules::value::Value;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::PageIndexPolicy;
use tempfile::NamedTempFile;

use super::{Body, Chunk, Fault, FileInfo, Layout};
use cells::Reader;

/// Rows that are decoded at a time: what stays in a core's cache.
const BATCH: usize = 8192;

/// An open Parquet file.
#[derive(Debug)]
pub struct ParquetFile {
    place: Place,
    metadata: ArrowReaderMetadata,
}

/// Where the bytes are; a copy of what was compressed or came through a pipe goes with its last user.
#[derive(Debug)]
enum Place {
    Path(PathBuf),
    Copy(NamedTempFile),
}

impl ParquetFile {
    /// Reads the footer of a file.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Self::load(Place::Path(path.to_owned()))
    }

    /// Copies a stream to a temporary file, since Parquet is read from its end.
    pub(super) fn copy(mut bytes: impl Read) -> io::Result<Self> {
        let mut copy = NamedTempFile::new()?;
        io::copy(&mut bytes, &mut copy)?;
        Self::load(Place::Copy(copy))
    }

    fn load(place: Place) -> io::Result<Self> {
        let options = ArrowReaderOptions::new().with_offset_index_policy(PageIndexPolicy::Optional);
        let file = open(&place)?;
        let metadata = ArrowReaderMetadata::load(&file, options).map_err(io::Error::other)?;
        Ok(ParquetFile { place, metadata })
    }

    /// The columns with their Arrow types.
    pub fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    /// How many rows the footer states.
    pub fn n_rows(&self) -> u64 {
        u64::try_from(self.metadata.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    /// All rows in ranges of at most `most` that do not cross row groups.
    pub(super) fn ranges(&self, most: usize) -> Vec<RowRange> {
        let mut ranges = Vec::new();
        let mut first = 0;
        for (group, it) in self.metadata.metadata().row_groups().iter().enumerate() {
            let n = usize::try_from(it.num_rows()).unwrap_or(0);
            for offset in (0..n).step_by(most.max(1)) {
                let n_rows = most.max(1).min(n - offset);
                ranges.push(RowRange { group, offset, n_rows, first });
                first += n_rows as u64;
            }
        }
        ranges
    }
}

/// A file handle of its own: clones of one share their position, which threads must not.
fn open(place: &Place) -> io::Result<File> {
    match place {
        Place::Path(path) => File::open(path),
        Place::Copy(copy) => copy.reopen(),
    }
}

/// Consecutive rows of one row group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowRange {
    /// The row group.
    pub group: usize,
    /// The first row within the row group.
    pub offset: usize,
    /// How many.
    pub n_rows: usize,
    /// The first row within the file.
    pub first: u64,
}

/// Which columns of a file go into which slots.
#[derive(Clone, Debug)]
pub struct ParquetPlan {
    mask: ProjectionMask,
    slots: Vec<Slot>,
}

#[derive(Clone, Debug)]
struct Slot {
    /// Names from the top-level column down through structs; `None` when there is no such column.
    path: Option<Vec<String>>,
    declared: Option<Type>,
}

impl ParquetPlan {
    /// A plan for one file: slot `i` gets the column `wanted[i].0`, a name or a path through structs
    /// (`user.address.city`, a literal name with points in it winning over a path), read as the
    /// declared type. For a file that is not Parquet the plan reads nothing.
    pub fn new(file: &FileInfo, wanted: &[(String, Option<Type>)]) -> Self {
        let fields = match &file.layout {
            Layout::Parquet(file) => file.schema().fields(),
            Layout::Arrow(schema) => schema.fields(),
            _ => return ParquetPlan { mask: ProjectionMask::all(), slots: Vec::new() },
        };
        let slots: Vec<Slot> = wanted
            .iter()
            .map(|(name, declared)| {
                let path = resolve(fields, name).or_else(|| resolve(fields, name.strip_prefix("$.")?));
                Slot { path, declared: *declared }
            })
            .collect();
        let Layout::Parquet(file) = &file.layout else {
            return ParquetPlan { mask: ProjectionMask::all(), slots };
        };
        let leaves = file.metadata.parquet_schema();
        let wanted = leaves.columns().iter().enumerate().filter(|(_, leaf)| {
            slots.iter().any(|slot| slot.path.as_ref().is_some_and(|it| leaf.path().parts().starts_with(it)))
        });
        let mask = ProjectionMask::leaves(leaves, wanted.map(|(i, _)| i));
        ParquetPlan { mask, slots }
    }

    /// Decodes all columns, those of no slot too, so that [`Batch::records`] can be written out.
    #[must_use]
    pub fn keep_all(self) -> Self {
        ParquetPlan { mask: ProjectionMask::all(), ..self }
    }

    /// Decodes the rows of a Parquet chunk of that file, or takes those of an Arrow stream; a fault ends them.
    pub fn batches(&self, chunk: &Chunk) -> Result<Batches, Fault> {
        let name = chunk.file.name.clone();
        if let Body::Batch(records) = &chunk.body {
            let reader = Decoder::Arrow(Some(records.clone()));
            return Ok(Batches { reader, name, row: chunk.first_row, line: chunk.first_line });
        }
        let (Layout::Parquet(file), Body::Rows(range)) = (&chunk.file.layout, &chunk.body) else {
            return Err(Fault::new(&chunk.file.name, "is not a Parquet file"));
        };
        let fault = |error: &dyn std::fmt::Display| Fault::new(&chunk.file.name, error);
        let handle = open(&file.place).map_err(|it| fault(&it))?;
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(handle, file.metadata.clone())
            .with_projection(self.mask.clone())
            .with_row_groups(vec![range.group])
            .with_offset(range.offset)
            .with_limit(range.n_rows)
            .with_batch_size(BATCH.min(range.n_rows))
            .build()
            .map_err(|it| fault(&it))?;
        let reader = Decoder::Parquet(Box::new(reader));
        Ok(Batches { reader, name, row: chunk.first_row, line: chunk.first_line })
    }

    /// The columns of a batch, ready to be read row by row.
    pub fn columns<'b>(&self, batch: &'b Batch) -> Columns<'b> {
        let readers = self.slots.iter().map(|slot| {
            let column = slot.path.as_ref().and_then(|path| find(&batch.records, path));
            (column.map(|(array, above)| (cells::reader(array), above)), slot.declared)
        });
        Columns { readers: readers.collect(), unlike: Vec::new() }
    }
}

/// The names of a path: a prefix of it, up to some point, names a column; the rest a member of it.
fn resolve(fields: &Fields, path: &str) -> Option<Vec<String>> {
    if fields.iter().any(|it| it.name() == path) {
        return Some(vec![path.to_owned()]);
    }
    path.match_indices('.').find_map(|(point, _)| {
        let (name, rest) = (path.get(..point)?, path.get(point + 1..)?);
        let field = fields.iter().find(|it| it.name() == name)?;
        let DataType::Struct(members) = field.data_type() else { return None };
        let mut names = resolve(members, rest)?;
        names.insert(0, name.to_owned());
        Some(names)
    })
}

/// The array of a path, and the structs above it, whose nulls are its nulls.
fn find<'b>(records: &'b RecordBatch, path: &[String]) -> Option<(&'b dyn Array, Vec<&'b dyn Array>)> {
    let (first, rest) = path.split_first()?;
    let mut array = records.column_by_name(first)?.as_ref();
    let mut above = Vec::new();
    for name in rest {
        let it = array.as_struct_opt()?;
        if array.null_count() > 0 {
            above.push(array);
        }
        array = it.column_by_name(name)?.as_ref();
    }
    Some((array, above))
}

/// The rows of a chunk, some thousands at a time.
pub struct Batches {
    reader: Decoder,
    name: String,
    row: u64,
    line: u64,
}

enum Decoder {
    Parquet(Box<ParquetRecordBatchReader>),
    Arrow(Option<RecordBatch>),
}

impl Decoder {
    fn next(&mut self) -> Option<Result<RecordBatch, ArrowError>> {
        match self {
            Decoder::Parquet(it) => it.next(),
            Decoder::Arrow(it) => it.take().map(Ok),
        }
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let fault = |error: ArrowError| Fault { line: Some(self.line), ..Fault::new(&self.name, error) };
        match self.reader.next()? {
            Ok(records) => {
                let batch = Batch { first_row: self.row, first_line: self.line, records };
                self.row += batch.n_rows() as u64;
                self.line += batch.n_rows() as u64;
                Some(Ok(batch))
            }
            Err(error) => Some(Err(fault(error))),
        }
    }
}

/// Decoded rows.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Ordinal of the first row over the whole run, from 0.
    pub first_row: u64,
    /// Number of the first row within its file, from 1.
    pub first_line: u64,
    /// The columns that the plan wants, all of them with [`ParquetPlan::keep_all`].
    pub records: RecordBatch,
}

impl Batch {
    /// How many rows.
    pub fn n_rows(&self) -> usize {
        self.records.num_rows()
    }
}

/// One reader for each slot, with the structs above it and the declared type.
type SlotReader<'b> = (Option<(Reader<'b>, Vec<&'b dyn Array>)>, Option<Type>);

/// The columns of a batch.
pub struct Columns<'b> {
    readers: Vec<SlotReader<'b>>,
    unlike: Vec<usize>,
}

impl<'b> Columns<'b> {
    /// Reads row `i` of the batch, below [`Batch::n_rows`], into `cells`, one for each slot.
    pub fn fill_row(&mut self, i: usize, cells: &mut Vec<Value<'b>>) {
        cells.clear();
        cells.resize_with(self.readers.len(), Value::default);
        self.unlike.clear();
        for ((slot, (column, declared)), cell) in self.readers.iter().enumerate().zip(cells) {
            match column {
                None => {}
                Some((_, above)) if above.iter().any(|it| it.is_null(i)) => *cell = Value::Null,
                Some((read, _)) => read(i, cell),
            }
            if let Some(declared) = declared
                && !declared.convert_in_place(cell)
            {
                self.unlike.push(slot);
            }
        }
    }

    /// The slots whose value, in the row read last, is not of the declared type.
    pub fn unlike(&self) -> &[usize] {
        &self.unlike
    }
}

#[cfg(test)]
mod tests;
