//! Cuts the elements out of a JSON array without reading them: brackets are counted and strings
//! stepped over, so that nesting of any depth costs nothing. What is between the elements must be
//! one comma and blanks; anything else ends the file, since nobody can tell where to go on.

use std::io::{self, Read};

use memchr::{memchr_iter, memchr2};

use super::{EXCERPT, Element};

/// What an [`ArraySplitter`] cuts off at a time.
#[derive(Debug)]
pub(super) struct Elements {
    pub bytes: Vec<u8>,
    pub found: Vec<Element>,
    /// Line of the first byte, from 1.
    pub line: u64,
    pub offset: u64,
    /// Why the bytes, the beginning of one element, are broken.
    pub broken: Option<String>,
}

/// Why the rest of the file cannot be read.
#[derive(Debug)]
pub(super) struct ArrayFault {
    pub line: u64,
    pub offset: u64,
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Before the array.
    Outside,
    /// Before an element; the array may end here only when nothing came before.
    Before { first: bool },
    /// Within an object, array or string: brackets open, and whether within a string.
    Nested { depth: u64, in_string: bool },
    /// Within a number or a word.
    Plain,
    /// Behind an element.
    After,
    /// Behind the array.
    Done,
}

pub(super) struct ArraySplitter {
    source: Box<dyn Read + Send>,
    chunk: usize,
    max_record: usize,
    buffer: Vec<u8>,
    /// Elements found in the buffer.
    elements: Vec<Element>,
    /// Where the element begins that is being looked through; how far the buffer was looked through.
    start: usize,
    at: usize,
    state: State,
    ended: bool,
    error: Option<io::Error>,
    fault: Option<ArrayFault>,
    /// Line and offset of the first byte of the buffer.
    line: u64,
    offset: u64,
    /// Lines are counted up to this byte of the buffer: it is on this line.
    counted: (usize, u64),
}

impl ArraySplitter {
    pub fn new(source: Box<dyn Read + Send>, offset: u64, chunk: usize, max_record: usize) -> Self {
        ArraySplitter {
            source,
            chunk: chunk.max(1),
            max_record,
            buffer: Vec::new(),
            elements: Vec::new(),
            start: 0,
            at: 0,
            state: State::Outside,
            ended: false,
            error: None,
            fault: None,
            line: 1,
            offset,
            counted: (0, 1),
        }
    }

    /// The next elements or the next broken one; `None` at the end of the file. A fault comes after
    /// all elements before it and is the last.
    pub fn next(&mut self) -> Option<Result<Elements, ArrayFault>> {
        loop {
            if self.fault.is_none() {
                self.scan();
            }
            let too_long = self.current_len() > self.max_record;
            let full = self.buffer.len() >= self.chunk || self.ended || self.fault.is_some() || too_long;
            if !self.elements.is_empty() && full {
                // One that is too long is not handed on with its neighbours.
                let long = self.elements.iter().position(|it| it.end - it.start > self.max_record);
                return Some(Ok(match long {
                    None => self.cut(self.elements.len()),
                    Some(0) => self.cut_long(),
                    Some(n) => self.cut(n),
                }));
            }
            if too_long {
                return Some(Ok(self.cut_current()));
            }
            if let Some(fault) = self.fault.take() {
                self.buffer.clear();
                (self.state, self.ended) = (State::Done, true);
                return Some(Err(fault));
            }
            if self.ended {
                return self.end();
            }
            if self.elements.is_empty() && !self.in_element() {
                self.drop_first(self.at);
            }
            self.read();
        }
    }

    /// What is left when the file has ended.
    fn end(&mut self) -> Option<Result<Elements, ArrayFault>> {
        if self.state == State::Done {
            return None;
        }
        let reason = match (self.error.take(), self.state) {
            (Some(error), _) => error.to_string(),
            (None, State::Outside) => return None,
            (None, _) if self.in_element() => {
                // A truncated element is a record still; what is missing behind it is told next.
                self.finish(self.buffer.len());
                return Some(Ok(self.cut(1)));
            }
            (None, _) => "the array is not closed".to_owned(),
        };
        let fault = self.fault_at(self.buffer.len(), reason);
        self.buffer.clear();
        self.state = State::Done;
        Some(Err(fault))
    }

    /// Looks through what was read.
    fn scan(&mut self) {
        while let Some(&byte) = self.buffer.get(self.at) {
            if !self.in_element() && byte.is_ascii_whitespace() {
                self.at += 1;
                continue;
            }
            match self.state {
                State::Nested { depth, in_string } => {
                    self.scan_nested(depth, in_string);
                    if self.in_element() {
                        return;
                    }
                    continue;
                }
                State::Plain => match byte {
                    b',' | b']' | b' ' | b'\t' | b'\r' | b'\n' => {
                        self.finish(self.at);
                        continue;
                    }
                    _ => {}
                },
                State::Outside if byte == b'[' => self.state = State::Before { first: true },
                State::Before { first: true } | State::After if byte == b']' => self.state = State::Done,
                State::After if byte == b',' => self.state = State::Before { first: false },
                State::Before { .. } if !matches!(byte, b',' | b']' | b'}' | b':') => {
                    self.start = self.at;
                    self.state = match byte {
                        b'{' | b'[' => State::Nested { depth: 1, in_string: false },
                        b'"' => State::Nested { depth: 0, in_string: true },
                        _ => State::Plain,
                    };
                }
                _ => {
                    let expected = match self.state {
                        State::Outside => "`[`",
                        State::Before { .. } => "an element",
                        State::After => "`,` or `]` behind an element",
                        _ => "nothing behind the array",
                    };
                    let found = char::from(byte).escape_default();
                    self.fault = Some(self.fault_at(self.at, format!("expected {expected}, found `{found}`")));
                    return;
                }
            }
            self.at += 1;
        }
    }

    /// Looks for the end of an object, array or string.
    fn scan_nested(&mut self, mut depth: u64, mut in_string: bool) {
        while let Some(&byte) = self.buffer.get(self.at) {
            if in_string {
                let rest = self.buffer.get(self.at..).unwrap_or_default();
                let Some(found) = memchr2(b'"', b'\\', rest) else {
                    self.at = self.buffer.len();
                    break;
                };
                self.at += found;
                if rest.get(found) == Some(&b'\\') {
                    if self.at + 1 == self.buffer.len() && !self.ended {
                        // The escaped byte is yet to come.
                        break;
                    }
                    self.at = (self.at + 2).min(self.buffer.len());
                    continue;
                }
                in_string = false;
            } else {
                match byte {
                    b'"' => in_string = true,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
            }
            self.at += 1;
            if depth == 0 && !in_string {
                self.finish(self.at);
                return;
            }
        }
        self.state = State::Nested { depth, in_string };
    }

    const fn in_element(&self) -> bool {
        matches!(self.state, State::Nested { .. } | State::Plain)
    }

    const fn current_len(&self) -> usize {
        if self.in_element() { self.at - self.start } else { 0 }
    }

    /// The element ends before `end`.
    fn finish(&mut self, end: usize) {
        let line = self.line_of(self.start);
        self.elements.push(Element { start: self.start, end, line });
        self.state = State::After;
    }

    /// The line of a byte that is not before those asked for earlier.
    fn line_of(&mut self, at: usize) -> u64 {
        let (from, line) = self.counted;
        let between = self.buffer.get(from..at).unwrap_or_default();
        self.counted = (at, line + memchr_iter(b'\n', between).count() as u64);
        self.counted.1
    }

    fn fault_at(&mut self, at: usize, reason: String) -> ArrayFault {
        ArrayFault { line: self.line_of(at), offset: self.offset + at as u64, reason }
    }

    /// Takes the first `n` elements, and nothing of the next one.
    fn cut(&mut self, n: usize) -> Elements {
        let n_bytes = n.checked_sub(1).and_then(|it| self.elements.get(it)).map_or(0, |it| it.end);
        let rest = self.elements.split_off(n.min(self.elements.len()));
        let found = std::mem::replace(&mut self.elements, rest);
        let (line, offset) = (self.line, self.offset);
        let bytes = self.drop_first(n_bytes);
        Elements { bytes, found, line, offset, broken: None }
    }

    fn too_long(&self) -> String {
        format!("is longer than {} bytes", self.max_record)
    }

    /// Takes the first element, which is too long.
    fn cut_long(&mut self) -> Elements {
        let mut it = self.cut(1);
        if let Some(first) = it.found.pop() {
            it.offset += first.start as u64;
            it.line = first.line;
            it.bytes.drain(..first.start);
            it.bytes.truncate(EXCERPT);
        }
        it.broken = Some(self.too_long());
        it
    }

    /// Takes the element that is being looked through, which is too long already, to its end.
    fn cut_current(&mut self) -> Elements {
        let line = self.line_of(self.start);
        self.drop_first(self.start);
        let offset = self.offset;
        let bytes = self.buffer.get(..EXCERPT.min(self.buffer.len())).unwrap_or_default().to_vec();
        while self.elements.is_empty() && !(self.ended && self.at >= self.buffer.len()) {
            self.start = self.at;
            self.drop_first(self.at);
            self.read();
            self.scan();
        }
        if self.elements.is_empty() {
            // The file ended within it.
            self.state = State::After;
        } else {
            // What was found first is the end of it.
            self.elements.remove(0);
        }
        Elements { bytes, found: Vec::new(), line, offset, broken: Some(self.too_long()) }
    }

    /// Takes the first `n` bytes off the buffer, which no element that is kept stands in.
    fn drop_first(&mut self, n: usize) -> Vec<u8> {
        let n = n.min(self.buffer.len());
        self.line_up_to(n);
        let rest = self.buffer.split_off(n);
        for it in &mut self.elements {
            (it.start, it.end) = (it.start.saturating_sub(n), it.end.saturating_sub(n));
        }
        self.start = self.start.saturating_sub(n);
        self.at = self.at.saturating_sub(n);
        self.offset += n as u64;
        std::mem::replace(&mut self.buffer, rest)
    }

    /// Moves the count of lines to byte `n`, which becomes the first.
    fn line_up_to(&mut self, n: usize) {
        let (counted, line) = self.counted;
        if counted <= n {
            self.line = self.line_of(n);
            self.counted = (0, self.line);
        } else {
            let between = self.buffer.get(n..counted).unwrap_or_default();
            self.line = line - memchr_iter(b'\n', between).count() as u64;
            self.counted = (counted - n, line);
        }
    }

    fn read(&mut self) {
        let wanted = self.chunk.saturating_sub(self.buffer.len()).max(1).max(self.chunk.min(4096));
        let before = self.buffer.len();
        match self.source.by_ref().take(wanted as u64).read_to_end(&mut self.buffer) {
            Ok(_) => self.ended = self.buffer.len() - before < wanted,
            Err(error) => {
                self.ended = true;
                self.error = Some(error);
            }
        }
    }
}
