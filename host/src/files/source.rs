//! All inputs as one run of chunks.

use std::sync::Arc;

use arrow_array::RecordBatch;

use super::array::{ArraySplitter, Elements};
use super::arrow::ArrowStream;
use super::open::{Opened, open};
use super::parquet::{ParquetFile, RowRange};
use super::split::{Piece, Splitter};
use super::{Body, Broken, Chunk, Fault, FileInfo, Format, Input, Layout, Options, csv, excerpt};

/// Chunks of all inputs in their order. After a fault the next input goes on.
///
/// Pulled by one thread; the chunks are for any number of others.
pub struct Source {
    inputs: std::vec::IntoIter<Input>,
    options: Options,
    current: Option<(Arc<FileInfo>, Cutter)>,
    n_opened: usize,
    row: u64,
    files: Vec<Arc<FileInfo>>,
}

enum Cutter {
    Text(Splitter),
    Array(ArraySplitter),
    Rows(std::vec::IntoIter<RowRange>),
    Arrow(ArrowStream),
}

impl Source {
    /// Reads `inputs` one after the other. Rows are numbered from 0.
    pub fn new(inputs: Vec<Input>, options: Options) -> Self {
        Source { inputs: inputs.into_iter(), options, current: None, n_opened: 0, row: 0, files: Vec::new() }
    }

    /// The files opened so far, those without records too.
    pub fn files(&self) -> &[Arc<FileInfo>] {
        &self.files
    }

    fn open(&mut self, input: &Input) -> Result<(Arc<FileInfo>, Cutter), Fault> {
        let name = input.name();
        let options = &self.options;
        let opened = open(input, options).map_err(|error| Fault::new(&name, error))?;
        let (layout, cutter) = match opened.format {
            Format::Ndjson => {
                input.forget();
                (Layout::Ndjson, Cutter::Text(splitter(opened, None, options)))
            }
            Format::Json => {
                input.forget();
                let it = ArraySplitter::new(opened.bytes, opened.mark, options.chunk, options.max_record);
                (Layout::Json, Cutter::Array(it))
            }
            Format::Csv => self.open_csv(&name, opened)?,
            Format::Parquet => {
                input.forget();
                let file = match input {
                    Input::File(path) if !opened.compressed => ParquetFile::open(path),
                    _ => ParquetFile::copy(opened.bytes),
                };
                let file = file.map_err(|error| Fault::new(&name, error))?;
                let ranges = file.ranges(options.chunk_rows);
                (Layout::Parquet(Box::new(file)), Cutter::Rows(ranges.into_iter()))
            }
            Format::Arrow => {
                input.forget();
                let (schema, stream) = ArrowStream::open(opened.bytes).map_err(|error| Fault::new(&name, error))?;
                (Layout::Arrow(schema), Cutter::Arrow(stream))
            }
        };
        let info = Arc::new(FileInfo { name, index: self.n_opened, layout });
        self.files.push(Arc::clone(&info));
        Ok((info, cutter))
    }

    fn open_csv(&self, name: &str, opened: Opened) -> Result<(Layout, Cutter), Fault> {
        let delimiter = self.options.delimiter.unwrap_or_else(|| csv::sniff(name, &opened.head));
        let mut splitter = splitter(opened, Some(delimiter), &self.options);
        let raw = match splitter.next(1) {
            None => Vec::new(),
            Some(Err(error)) => return Err(Fault::new(name, error)),
            Some(Ok(Piece { broken: Some(reason), line, offset, .. })) => {
                let reason = format!("the header {reason}");
                return Err(Fault { file: name.to_owned(), line: Some(line), offset: Some(offset), reason });
            }
            Some(Ok(piece)) => piece.bytes,
        };
        let header = csv::header(&raw, delimiter).map_err(|reason| Fault::new(name, reason))?;
        Ok((Layout::Csv { header, raw, delimiter }, Cutter::Text(splitter)))
    }
}

fn splitter(opened: Opened, delimiter: Option<u8>, options: &Options) -> Splitter {
    Splitter::new(opened.bytes, opened.mark, delimiter, options.chunk, options.max_record)
}

impl Iterator for Source {
    type Item = Result<Chunk, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some((file, cutter)) = &mut self.current else {
                let input = self.inputs.next()?;
                match self.open(&input) {
                    Ok(it) => self.current = Some(it),
                    Err(fault) => {
                        self.n_opened += 1;
                        return Some(Err(fault));
                    }
                }
                self.n_opened += 1;
                continue;
            };
            let row = self.row;
            let chunk = match cutter {
                Cutter::Text(it) => it.next(u64::MAX).map(|piece| {
                    piece
                        .map(|piece| text_chunk(file, row, piece))
                        .map_err(|error| Fault { offset: Some(it.offset()), ..Fault::new(&file.name, error) })
                }),
                Cutter::Array(it) => it.next().map(|piece| {
                    piece.map(|piece| array_chunk(file, row, piece)).map_err(|it| Fault {
                        line: Some(it.line),
                        offset: Some(it.offset),
                        ..Fault::new(&file.name, it.reason)
                    })
                }),
                Cutter::Rows(it) => it.next().map(|range| Ok(rows_chunk(file, row, range))),
                Cutter::Arrow(it) => it.next().map(|batch| {
                    let line = it.n_before() + 1;
                    batch
                        .map(|batch| batch_chunk(file, row, line, batch))
                        .map_err(|error| Fault::new(&file.name, error))
                }),
            };
            match chunk {
                Some(Ok(chunk)) => {
                    self.row += chunk.rows;
                    return Some(Ok(chunk));
                }
                Some(Err(fault)) => {
                    self.current = None;
                    return Some(Err(fault));
                }
                None => self.current = None,
            }
        }
    }
}

fn text_chunk(file: &Arc<FileInfo>, first_row: u64, piece: Piece) -> Chunk {
    let body = match piece.broken {
        Some(reason) => broken(file, first_row, (piece.line, piece.offset), reason, &piece.bytes),
        None if matches!(file.layout, Layout::Csv { .. }) => Body::Csv(piece.bytes),
        None => Body::Lines(piece.bytes),
    };
    let (rows, first_line, offset) = (piece.rows, piece.line, piece.offset);
    Chunk { file: Arc::clone(file), first_row, rows, first_line, offset, body }
}

fn array_chunk(file: &Arc<FileInfo>, first_row: u64, piece: Elements) -> Chunk {
    let rows = if piece.broken.is_some() { 1 } else { piece.found.len() as u64 };
    let body = match piece.broken {
        Some(reason) => broken(file, first_row, (piece.line, piece.offset), reason, &piece.bytes),
        None => Body::Elements(piece.bytes, piece.found),
    };
    Chunk { file: Arc::clone(file), first_row, rows, first_line: piece.line, offset: piece.offset, body }
}

fn rows_chunk(file: &Arc<FileInfo>, first_row: u64, range: RowRange) -> Chunk {
    let rows = range.n_rows as u64;
    Chunk { file: Arc::clone(file), first_row, rows, first_line: range.first + 1, offset: 0, body: Body::Rows(range) }
}

fn batch_chunk(file: &Arc<FileInfo>, first_row: u64, first_line: u64, batch: RecordBatch) -> Chunk {
    let rows = batch.num_rows() as u64;
    Chunk { file: Arc::clone(file), first_row, rows, first_line, offset: 0, body: Body::Batch(batch) }
}

fn broken(file: &FileInfo, row: u64, (line, offset): (u64, u64), reason: String, bytes: &[u8]) -> Body {
    let excerpt = excerpt(bytes);
    Body::Broken(Box::new(Broken { row, file: file.name.clone(), line, offset, reason, excerpt }))
}
