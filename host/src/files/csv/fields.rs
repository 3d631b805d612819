//! One CSV record into fields.

use std::borrow::Cow;

use memchr::memchr;

/// Where a field stands in the chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    start: usize,
    end: usize,
    /// The text is not a piece of the chunk: quotes have to be taken out of it, from the opening one on.
    rebuild: bool,
}

impl Field {
    /// The field's text, given that of the record and where the record starts.
    #[inline]
    pub fn text<'c>(&self, record: &'c str, at: usize) -> Cow<'c, str> {
        let raw = record.get(self.start.wrapping_sub(at)..self.end.wrapping_sub(at)).unwrap_or_default();
        if self.rebuild { Cow::Owned(unquote(raw)) } else { Cow::Borrowed(raw) }
    }
}

/// Where a record ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// Behind its last byte, the line end left out.
    pub end: usize,
    /// Where the next record starts.
    pub next: usize,
    /// Newlines passed.
    pub n_lines: u64,
}

/// Cuts the record that starts at `start`; a record without its newline ends with the bytes.
#[inline]
pub(super) fn split(bytes: &[u8], start: usize, delimiter: u8, fields: &mut Vec<Field>) -> Cut {
    fields.clear();
    let mut at = start;
    let mut n_lines = 0;
    loop {
        let (mut field, stop) = if bytes.get(at) == Some(&b'"') {
            quoted(bytes, at, delimiter, &mut n_lines)
        } else {
            let end = field_end(bytes, at, delimiter);
            (Field { start: at, end, rebuild: false }, end)
        };
        match bytes.get(stop) {
            Some(it) if *it == delimiter => {
                fields.push(field);
                at = stop + 1;
            }
            it => {
                let has_return = stop > at && bytes.get(stop - 1) == Some(&b'\r');
                let end = if has_return { stop - 1 } else { stop };
                field.end = field.end.min(end);
                fields.push(field);
                n_lines += u64::from(it.is_some());
                return Cut { end, next: (stop + 1).min(bytes.len()), n_lines };
            }
        }
    }
}

/// The field whose opening quote is at `at`, and the delimiter, newline or end behind it. The field
/// is what stands between its quotes, or all of it where it has to be rebuilt.
fn quoted(bytes: &[u8], at: usize, delimiter: u8, n_lines: &mut u64) -> (Field, usize) {
    let mut from = at + 1;
    let mut rebuild = false;
    let close = loop {
        let rest = bytes.get(from..).unwrap_or_default();
        let Some(quote) = memchr(b'"', rest) else { break None };
        if rest.get(quote + 1) != Some(&b'"') {
            break Some(from + quote);
        }
        rebuild = true;
        from += quote + 2;
    };
    let inner_end = close.unwrap_or(bytes.len());
    *n_lines += memchr::memchr_iter(b'\n', bytes.get(at + 1..inner_end).unwrap_or_default()).count() as u64;
    let Some(close) = close else { return (Field { start: at, end: bytes.len(), rebuild: true }, bytes.len()) };
    let stop = field_end(bytes, close + 1, delimiter);
    let behind = bytes.get(close + 1..stop).unwrap_or_default();
    let at_line_end = bytes.get(stop) != Some(&delimiter);
    if !rebuild && (behind.is_empty() || (behind == b"\r" && at_line_end)) {
        return (Field { start: at + 1, end: close, rebuild }, stop);
    }
    (Field { start: at, end: stop, rebuild: true }, stop)
}

/// Takes the quotes off a field that begins with one.
fn unquote(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw.strip_prefix('"').unwrap_or(raw);
    while let Some((before, behind)) = rest.split_once('"') {
        out.push_str(before);
        let Some(more) = behind.strip_prefix('"') else {
            rest = behind;
            break;
        };
        out.push('"');
        rest = more;
    }
    out.push_str(rest);
    out
}

/// The next delimiter or newline at or behind `at`, else the end; eight bytes at a time, since
/// fields are short.
#[inline]
fn field_end(bytes: &[u8], mut at: usize, delimiter: u8) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let delimiters = ONES * u64::from(delimiter);
    let newlines = ONES * u64::from(b'\n');
    // The lowest bit set belongs to the first byte that is zero; higher ones may be false.
    let zeros = |it: u64| it.wrapping_sub(ONES) & !it & (ONES << 7);
    while let Some(block) = bytes.get(at..).and_then(|it| it.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*block);
        let hits = zeros(word ^ delimiters) | zeros(word ^ newlines);
        if hits != 0 {
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|it| *it == delimiter || *it == b'\n').unwrap_or(rest.len())
}
