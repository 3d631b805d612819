//! Where rows stand: from a position over the whole run to a file and a line.

use std::collections::HashMap;

use crate::files::{Body, Chunk, Format};

/// A table of the chunks of a run.
#[derive(Clone, Debug, Default)]
pub struct Places {
    chunks: Vec<Place>,
    /// By the first row of a chunk.
    jumps: HashMap<u64, Jumps>,
}

#[derive(Clone, Debug)]
struct Place {
    first_row: u64,
    file: usize,
    first_line: u64,
    /// Whether each of its records is one line.
    regular: bool,
}

/// The lines of a chunk's records where they do not follow each other: for each record how far its
/// line is from the one behind the last record's, mostly one byte.
#[derive(Clone, Debug)]
pub struct Jumps {
    n_records: usize,
    expected: u64,
    coded: Vec<u8>,
}

impl Jumps {
    /// Of the records of a chunk, none noted yet.
    pub const fn new(first_line: u64) -> Self {
        Jumps { n_records: 0, expected: first_line, coded: Vec::new() }
    }

    /// Notes the line of the next record.
    pub fn note(&mut self, line: u64) {
        if line != self.expected || !self.coded.is_empty() {
            // A record on the expected line is a zero byte; until the first jump there is no table.
            if self.coded.is_empty() {
                self.coded.resize(self.n_records, 0);
            }
            let jump = line.wrapping_sub(self.expected) as i64;
            // Small numbers of either sign become small, then seven bits a byte.
            let mut rest = ((jump << 1) ^ (jump >> 63)) as u64;
            while rest > 0x7f {
                self.coded.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            self.coded.push(rest as u8);
        }
        self.n_records += 1;
        self.expected = line + 1;
    }

    /// Whether there is anything to remember.
    pub const fn is_needed(&self) -> bool {
        !self.coded.is_empty()
    }

    /// How far the line of a record, counted within the chunk, is from where it would be if each
    /// record were one line.
    fn shift(&self, record: u64) -> i64 {
        let (mut shift, mut seen) = (0i64, 0);
        let (mut value, mut bits) = (0u64, 0);
        for byte in &self.coded {
            value |= u64::from(byte & 0x7f).checked_shl(bits).unwrap_or(0);
            bits += 7;
            if byte & 0x80 == 0 {
                shift = shift.wrapping_add((value >> 1) as i64 ^ -((value & 1) as i64));
                (value, bits) = (0, 0);
                if seen == record {
                    break;
                }
                seen += 1;
            }
        }
        shift
    }
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

    /// Notes where records do not stand line by line, by the first row of their chunk.
    pub fn add_jumps(&mut self, jumps: impl IntoIterator<Item = (u64, Jumps)>) {
        self.jumps.extend(jumps);
    }

    /// The file, as its number among the inputs, and the line of a row.
    pub fn of(&self, row: u64) -> Option<(usize, u64)> {
        let at = self.chunks.partition_point(|it| it.first_row <= row).checked_sub(1)?;
        let place = self.chunks.get(at)?;
        let nth = row - place.first_row;
        let shift = self.jumps.get(&place.first_row).map_or(0, |it| it.shift(nth));
        Some((place.file, (place.first_line + nth).saturating_add_signed(shift)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_jump_are_found_again() {
        let lines = [5, 6, 9, 9, 9, 400, 401, 70_000, 70_001];
        let mut jumps = Jumps::new(4);
        for it in lines {
            jumps.note(it);
        }
        let found: Vec<_> = (0..9).map(|it| (4 + it as u64).saturating_add_signed(jumps.shift(it as u64))).collect();
        assert_eq!(found, lines);
    }

    #[test]
    fn consecutive_lines_need_no_table() {
        let mut jumps = Jumps::new(2);
        for it in 2..1_000 {
            jumps.note(it);
        }
        assert!(!jumps.is_needed());
    }
}
