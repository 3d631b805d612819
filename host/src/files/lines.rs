//! The records of a chunk of JSON text.

use std::str;

use memchr::memchr_iter;

use super::{Body, Broken, Chunk, excerpt};

/// One record's text and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'c> {
    /// Ordinal over the whole run, from 0.
    pub row: u64,
    /// Line it starts on, from 1.
    pub line: u64,
    /// Where it starts in the decompressed file.
    pub offset: u64,
    /// The text, without line end; the reason when it cannot be had.
    pub text: Result<&'c str, &'c str>,
    /// The bytes, whatever they are.
    pub bytes: &'c [u8],
}

impl Text<'_> {
    /// The record as a broken one, for a reason of the caller.
    pub fn broken(&self, file: &str, reason: impl Into<String>) -> Broken {
        Broken {
            row: self.row,
            file: file.to_owned(),
            line: self.line,
            offset: self.offset,
            reason: reason.into(),
            excerpt: excerpt(self.bytes),
        }
    }
}

/// What is said of a record that is not text.
pub(super) const NOT_UTF8: &str = "is not valid UTF-8";

impl Chunk {
    /// The records of an NDJSON or JSON chunk in their order, broken ones too; none of other formats'.
    pub fn texts(&self) -> impl Iterator<Item = Text<'_>> {
        let (lines, elements): (&[u8], _) = match &self.body {
            Body::Lines(bytes) => (bytes, None),
            Body::Elements(bytes, elements) => (&[], Some((bytes.as_slice(), elements.as_slice()))),
            _ => (&[], None),
        };
        let whole = str::from_utf8(lines).ok();
        let lines = cut_lines(lines).zip(self.first_line..).filter_map(move |((start, bytes), line)| {
            let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
            if bytes.trim_ascii_start().is_empty() {
                return None;
            }
            let text = match whole {
                Some(it) => it.get(start..start + bytes.len()),
                None => str::from_utf8(bytes).ok(),
            };
            Some((line, start, bytes, text))
        });
        let elements = elements.into_iter().flat_map(|(all, elements)| {
            elements.iter().map(|it| {
                let bytes = all.get(it.start..it.end).unwrap_or_default();
                (it.line, it.start, bytes, str::from_utf8(bytes).ok())
            })
        });
        let broken = self.broken().map(|it| Text {
            row: it.row,
            line: it.line,
            offset: it.offset,
            text: Err(it.reason.as_str()),
            bytes: it.excerpt.as_bytes(),
        });
        lines
            .chain(elements)
            .zip(self.first_row..)
            .map(|((line, start, bytes, text), row)| Text {
                row,
                line,
                offset: self.offset + start as u64,
                text: text.ok_or(NOT_UTF8),
                bytes,
            })
            .chain(broken)
    }

    /// The one broken record that this chunk is, of any format.
    pub fn broken(&self) -> Option<&Broken> {
        match &self.body {
            Body::Broken(it) => Some(it),
            _ => None,
        }
    }
}

/// Each line without its newline and where it starts.
fn cut_lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let ends = memchr_iter(b'\n', bytes).chain((bytes.last().is_some_and(|it| *it != b'\n')).then_some(bytes.len()));
    ends.scan(0, move |start, end| {
        let line = (*start, bytes.get(*start..end)?);
        *start = end + 1;
        Some(line)
    })
}
