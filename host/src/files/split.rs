//! Cuts text into chunks of whole records, and counts them, without reading the records.
//!
//! A record ends at a newline; in CSV, at a newline outside quotes, where a quote opens only at the
//! start of a field, `""` within quotes is a quote, and any other quote is a character as others are
//! (the rules of the `csv` crate and of pandas).
//!
//! A record that is too long, or whose quote is never closed, is broken; it is taken to end at its
//! first newline, so that one stray quote does not swallow the rest of a file.

use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memchr2};

use super::EXCERPT;

/// What a [`Splitter`] cuts off at a time.
#[derive(Debug)]
pub(super) struct Piece {
    pub bytes: Vec<u8>,
    pub rows: u64,
    /// Line of the first byte, from 1.
    pub line: u64,
    pub offset: u64,
    /// Why the bytes, the beginning of one record, are broken.
    pub broken: Option<String>,
}

pub(super) struct Splitter {
    source: Box<dyn Read + Send>,
    /// The delimiter of CSV; `None` where quotes mean nothing.
    delimiter: Option<u8>,
    chunk: usize,
    max_record: usize,
    /// What was read and not yet given; it begins with a record.
    buffer: Vec<u8>,
    /// Where the record begins that is being looked through, and how many came before it.
    start: usize,
    rows: u64,
    /// How far it was looked through.
    scanned: usize,
    in_quotes: bool,
    ended: bool,
    error: Option<io::Error>,
    line: u64,
    offset: u64,
}

impl Splitter {
    pub fn new(
        source: Box<dyn Read + Send>,
        offset: u64,
        delimiter: Option<u8>,
        chunk: usize,
        max_record: usize,
    ) -> Self {
        Splitter {
            source,
            delimiter,
            chunk: chunk.max(1),
            max_record,
            buffer: Vec::new(),
            start: 0,
            rows: 0,
            scanned: 0,
            in_quotes: false,
            ended: false,
            error: None,
            line: 1,
            offset,
        }
    }

    /// The next records, at most `limit`, or the next broken one; `None` at the end of the file.
    /// An error comes after all whole records before it.
    pub fn next(&mut self, limit: u64) -> Option<io::Result<Piece>> {
        loop {
            let too_long = self.scan(limit) || self.buffer.len() - self.start > self.max_record;
            let whole = self.start > 0;
            if whole && (too_long || self.rows >= limit || self.buffer.len() >= self.chunk || self.ended) {
                // What holds no record need not be handed on.
                let piece = self.cut();
                if piece.rows > 0 {
                    return Some(Ok(piece));
                }
                continue;
            }
            if too_long {
                return Some(Ok(self.cut_broken(format!("is longer than {} bytes", self.max_record))));
            }
            if !self.ended {
                self.read();
                continue;
            }
            if let Some(error) = self.error.take() {
                self.buffer.clear();
                return Some(Err(error));
            }
            if self.buffer.is_empty() {
                return None;
            }
            if self.in_quotes {
                return Some(Ok(self.cut_broken("a quote is not closed".to_owned())));
            }
            // The last line has no newline.
            let bytes = std::mem::take(&mut self.buffer);
            if self.is_blank(&bytes) {
                return None;
            }
            return Some(Ok(Piece { bytes, rows: 1, line: self.line, offset: self.offset, broken: None }));
        }
    }

    /// Where the next piece begins.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Looks through the buffer; true when the record at `start` is whole and too long.
    fn scan(&mut self, limit: u64) -> bool {
        while self.rows < limit {
            let Some(end) = self.record_end() else { return false };
            let record = self.buffer.get(self.start..end - 1).unwrap_or_default();
            if record.len() > self.max_record {
                // It is looked at again once it stands first.
                self.scanned = self.start;
                return true;
            }
            self.rows += u64::from(!self.is_blank(record));
            self.start = end;
        }
        false
    }

    /// Behind the newline that ends the record at `start`; `None` when it is not in the buffer.
    fn record_end(&mut self) -> Option<usize> {
        let bytes = self.buffer.as_slice();
        let Some(delimiter) = self.delimiter else {
            let found = memchr(b'\n', bytes.get(self.scanned..)?);
            self.scanned = found.map_or(bytes.len(), |it| self.scanned + it + 1);
            return found.map(|_| self.scanned);
        };
        loop {
            let rest = bytes.get(self.scanned..)?;
            let found = if self.in_quotes { memchr(b'"', rest) } else { memchr2(b'"', b'\n', rest) };
            let Some(at) = found.map(|it| self.scanned + it) else {
                self.scanned = bytes.len();
                return None;
            };
            let next = bytes.get(at + 1);
            self.scanned = at + 1;
            if self.in_quotes {
                if next.is_none() && !self.ended {
                    // Whether it closes is told by the byte behind it.
                    self.scanned = at;
                    return None;
                }
                if next == Some(&b'"') {
                    self.scanned = at + 2;
                } else {
                    self.in_quotes = false;
                }
            } else if bytes.get(at) == Some(&b'\n') {
                return Some(self.scanned);
            } else if at == self.start || bytes.get(at - 1) == Some(&delimiter) {
                self.in_quotes = true;
            }
        }
    }

    fn is_blank(&self, record: &[u8]) -> bool {
        match self.delimiter {
            Some(_) => matches!(record, b"" | b"\r"),
            None => record.trim_ascii_start().is_empty(),
        }
    }

    /// Takes the whole records off the buffer.
    fn cut(&mut self) -> Piece {
        let bytes = self.take(self.start);
        let n_lines = memchr_iter(b'\n', &bytes).count() as u64;
        let piece = Piece { rows: self.rows, line: self.line, offset: self.offset, bytes, broken: None };
        self.offset += piece.bytes.len() as u64;
        self.line += n_lines;
        self.rows = 0;
        piece
    }

    /// Takes the broken record off the buffer, to its first newline, which may be yet to come.
    fn cut_broken(&mut self, reason: String) -> Piece {
        let (line, offset) = (self.line, self.offset);
        let mut kept = Vec::new();
        loop {
            let end = memchr(b'\n', &self.buffer).map(|it| it + 1);
            let bytes = self.take(end.unwrap_or(self.buffer.len()));
            self.offset += bytes.len() as u64;
            if kept.is_empty() {
                kept = bytes;
                kept.truncate(EXCERPT);
            }
            if end.is_some() {
                self.line += 1;
                break;
            }
            if self.ended {
                break;
            }
            self.read();
        }
        let kept = kept.trim_ascii_end().to_vec();
        Piece { bytes: kept, rows: 1, line, offset, broken: Some(reason) }
    }

    /// Takes the first `n` bytes; what is left begins with a record and is looked at anew.
    fn take(&mut self, n: usize) -> Vec<u8> {
        let rest = self.buffer.get(n..).unwrap_or_default();
        // Nothing comes behind the end.
        let mut next = Vec::with_capacity(if self.ended { rest.len() } else { rest.len().max(self.chunk) + 1 });
        next.extend_from_slice(rest);
        self.buffer.truncate(n);
        self.scanned = if n == self.start { self.scanned.saturating_sub(n) } else { 0 };
        self.in_quotes &= n == self.start;
        self.start = 0;
        std::mem::replace(&mut self.buffer, next)
    }

    /// Fills the buffer up to a chunk, or by one when a record is longer than that.
    fn read(&mut self) {
        let wanted = if self.buffer.len() < self.chunk { self.chunk - self.buffer.len() } else { self.chunk.max(4096) };
        let before = self.buffer.len();
        // Growing step by step would copy what is there again and again.
        self.buffer.reserve(wanted + 1);
        match self.source.by_ref().take(wanted as u64).read_to_end(&mut self.buffer) {
            Ok(_) => self.ended = self.buffer.len() - before < wanted,
            Err(error) => {
                self.ended = true;
                self.error = Some(error);
            }
        }
    }
}
