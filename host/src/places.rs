//! Where rows stand: from a position over the whole run to a file and a line.

use std::collections::HashMap;

use crate::files::{Body, Chunk, Format};

/// A table of the chunks of a run.
#[derive(Clone, Debug, Default)]
pub struct Places {
    chunks: Vec<Place>,
    lines: HashMap<u64, u64>,
}

#[derive(Clone, Debug)]
struct Place {
    first_row: u64,
    file: usize,
    first_line: u64,
    /// Whether each of its records is one line.
    regular: bool,
}

impl Places {
    /// Notes a chunk; chunks come in order.
    pub fn add_chunk(&mut self, chunk: &Chunk) {
        let regular = match &chunk.body {
            Body::Lines(bytes) | Body::Csv(bytes) => {
                let ends = memchr::memchr_iter(b'\n', bytes).count() as u64;
                ends + u64::from(bytes.last().is_some_and(|it| *it != b'\n')) == chunk.rows
            }
            Body::Elements(..) => false,
            _ => true,
        };
        let file = chunk.file.index;
        // Chunks that go on where the last one ended need no entry of their own.
        if let Some(last) = self.chunks.last()
            && last.file == file
            && last.regular
            && regular
            && chunk.first_line - last.first_line == chunk.first_row - last.first_row
        {
            return;
        }
        self.chunks.push(Place { first_row: chunk.first_row, file, first_line: chunk.first_line, regular });
    }

    /// Notes the lines of single records.
    pub fn add_lines(&mut self, lines: HashMap<u64, u64>) {
        self.lines.extend(lines);
    }

    /// The file, as its number among the inputs, and the line of a row, where it is known.
    pub fn of(&self, row: u64) -> Option<(usize, Option<u64>)> {
        let at = self.chunks.partition_point(|it| it.first_row <= row).checked_sub(1)?;
        let place = self.chunks.get(at)?;
        let counted = place.regular.then(|| place.first_line + (row - place.first_row));
        Some((place.file, self.lines.get(&row).copied().or(counted)))
    }
}

impl Chunk {
    /// How much of its input it is, in bytes, or in rows of a Parquet file.
    pub fn weight(&self) -> u64 {
        match &self.body {
            Body::Lines(bytes) | Body::Csv(bytes) | Body::Elements(bytes, _) => bytes.len() as u64,
            _ if self.file.format() == Format::Parquet => self.rows,
            _ => 0,
        }
    }
}
